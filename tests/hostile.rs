// SPDX-License-Identifier: Apache-2.0
//! Registries, token servers and stores that want more than they should get, or give more than anybody can take.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

mod support;

#[path = "hostile/answers.rs"]
mod answers;
#[path = "hostile/logins.rs"]
mod logins;
#[path = "hostile/redirects.rs"]
mod redirects;
#[path = "hostile/stores.rs"]
mod stores;

use std::time::Duration;

use image_signature::clock::Clock;
use image_signature::http::proxy;
use image_signature::http::secret::Secret;
use image_signature::http::tls::{certificates, Roots, Tls};
use image_signature::http::url::Url;
use image_signature::http::Settings;
use image_signature::registry::login::Login;
use image_signature::registry::session::{Access, Network, Session};
use image_signature::registry::trouble::Trouble;
use support::api::HttpProxy;
use support::hub::Hub;

/// The repository that is asked about.
pub const REPOSITORY: &str = "ns/app";

/// The password, which nobody else may see.
pub const PASSWORD: &str = "Xyzzy.pass.9917.word";

/// The user.
pub const USER: &str = "reader";

/// How the tests reach servers: these authorities vouch for them, and every request ends in time.
#[derive(Debug, Clone)]
pub struct Net {
    settings: Settings,
}

impl Net {
    /// A network in which these servers are trusted.
    pub fn of(hubs: &[&Hub]) -> Self {
        let roots = hubs
            .iter()
            .flat_map(|hub| certificates(hub.ca_pem().as_bytes()).unwrap());
        let tls = Tls {
            roots: Roots::Only(roots.collect()),
            ..Tls::default()
        };
        Self {
            settings: Settings {
                tls,
                timeout: Some(Duration::from_secs(20)),
                compression: true,
                ..Settings::default()
            },
        }
    }

    /// The same through a proxy, which knows the names of servers.
    pub fn through(mut self, proxy: &HttpProxy) -> Self {
        self.settings.proxy = Some(proxy::parse(&proxy.url(), "the test").unwrap());
        self
    }

    /// The same with another limit of time.
    pub fn within(mut self, limit: Duration) -> Self {
        self.settings.timeout = Some(limit);
        self
    }
}

impl Network for Net {
    fn settings(&self, _: &Url) -> Result<Settings, String> {
        Ok(self.settings.clone())
    }
}

/// A registry by https, without a login.
pub fn access(host: &str) -> Access {
    Access {
        host: host.to_owned(),
        unverified: false,
        plain_http: false,
        http_first: false,
        login: None,
    }
}

/// The same with the login.
pub fn with_login(host: &str) -> Access {
    Access {
        login: Some(Login::Password {
            user: USER.into(),
            password: Secret::new(PASSWORD),
        }),
        ..access(host)
    }
}

/// By plain http, as the user wrote it.
pub fn plainly(access: Access) -> Access {
    Access {
        http_first: true,
        ..access
    }
}

/// Opens a session.
pub fn open(net: &Net, access: Access) -> Result<Session<'_>, Trouble> {
    Session::open(net, access, REPOSITORY, Clock::starting_at(1_800_000_000))
}

/// The trouble in fetching the tag `v1`, whose text shows no secret.
#[track_caller]
pub fn trouble(net: &Net, access: Access) -> Trouble {
    let result = open(net, access).and_then(|mut session| session.manifest("v1"));
    let trouble = result.expect_err("there is trouble");
    support::secrets::assert_hidden(&format!("{trouble} {trouble:?}"), &[PASSWORD.as_bytes()]);
    trouble
}

/// A server by https with the tag `v1` in the repository, and the digest of its manifest.
pub fn honest() -> (Hub, String) {
    let hub = Hub::tls();
    let digest = hub.store(|store| store.repository(REPOSITORY).image("v1", "honest"));
    (hub, digest)
}

/// Where the tag `v1` is asked for.
pub fn tag_path() -> String {
    format!("/v2/{REPOSITORY}/manifests/v1")
}
