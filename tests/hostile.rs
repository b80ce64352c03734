// SPDX-License-Identifier: Apache-2.0
//! Registries, token servers and stores that want more than they should get, or give more than anybody can take.

#[path = "hostile/answers.rs"]
mod answers;
#[path = "hostile/cuts.rs"]
mod cuts;
#[path = "hostile/logins.rs"]
mod logins;
#[path = "hostile/names.rs"]
mod names;
#[path = "hostile/program.rs"]
mod program;
#[path = "hostile/redirects.rs"]
mod redirects;
#[path = "hostile/secrets.rs"]
mod secrets;
#[path = "hostile/site.rs"]
mod site;
#[path = "hostile/statuses.rs"]
mod statuses;
#[path = "hostile/stores.rs"]
mod stores;
#[path = "hostile/strangers.rs"]
mod strangers;

use std::sync::Arc;
use std::time::Duration;

use crate::support::api::HttpProxy;
use crate::support::hub::Hub;
use image_signature::clock::Clock;
use image_signature::digest::Digest;
use image_signature::http::secret::Secret;
use image_signature::http::tls::certificates;
use image_signature::registry::access::{self, StoredLogin};
use image_signature::registry::budget::Budget;
use image_signature::registry::extension::Entry;
use image_signature::registry::login::Login;
use image_signature::registry::network::Network;
use image_signature::registry::registries_conf::Origin;
use image_signature::registry::session::{Fetched, Session};
use image_signature::registry::trouble::Trouble;
use image_signature::registry::Repository;

/// The repository that is asked about.
pub const REPOSITORY: &str = "ns/app";

/// The password, which nobody else may see.
pub const PASSWORD: &str = "Xyzzy.pass.9917.word";

/// The user that logins with [`PASSWORD`] name.
pub const USER: &str = "reader";

/// How the tests reach servers: these authorities vouch for them, and every request ends in time.
#[derive(Debug, Clone)]
pub struct Net(Network);

impl Net {
    /// A network in which these servers are trusted.
    pub fn of(hubs: &[&Hub]) -> Self {
        let authorities = hubs
            .iter()
            .flat_map(|hub| certificates(hub.ca_pem().as_bytes()).unwrap());
        Self(Network {
            authorities: authorities.collect(),
            timeout: Some(Duration::from_secs(20)),
            ..Network::default()
        })
    }

    /// The same through a proxy, which knows the names of servers.
    pub fn through(mut self, proxy: &HttpProxy) -> Self {
        for name in ["HTTPS_PROXY", "HTTP_PROXY"] {
            self.0.proxies.insert(name.to_owned(), proxy.url());
        }
        self
    }

    /// The same with another limit of time.
    pub fn within(mut self, limit: Duration) -> Self {
        self.0.timeout = Some(limit);
        self
    }
}

/// A registry, and the login that is stored for it.
#[derive(Debug, Clone)]
pub struct Access {
    pub host: String,
    pub unverified: bool,
    pub plain_http: bool,
    pub http_only: bool,
    pub login: Option<Login>,
}

/// A session about the repository.
#[derive(Debug)]
pub struct Opened<'n> {
    session: Session<'n>,
    repository: Repository,
}

impl Opened<'_> {
    pub fn manifest(&mut self, reference: &str) -> Result<Fetched, Trouble> {
        self.session.manifest(&self.repository, reference)
    }

    pub fn blob(&mut self, digest: &Digest) -> Result<Vec<u8>, Trouble> {
        self.session.blob(&self.repository, digest)
    }

    pub fn extension(&mut self, image: &Digest) -> Result<Vec<Entry>, Trouble> {
        self.session.extension(&self.repository, image)
    }

    pub fn take_warnings(&mut self) -> Vec<String> {
        self.session.take_warnings()
    }
}

/// A registry by https, without a login.
pub fn access(host: &str) -> Access {
    Access {
        host: host.to_owned(),
        unverified: false,
        plain_http: false,
        http_only: false,
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
        http_only: true,
        ..access
    }
}

/// Opens a session with a registry, as every command does before it asks for anything.
pub fn open(net: &Net, access: Access) -> Result<Opened<'_>, Trouble> {
    let registry = access::Access {
        host: access.host.clone(),
        unverified: access.unverified,
        plain_http: access.plain_http,
        http_only: access.http_only,
        origin: Origin::Machine,
    };
    let budget = Arc::new(Budget::new(None));
    let session = Session::open(&net.0, budget, registry, Clock::starting_at(1_800_000_000))?;
    let stored_for = access.host;
    let repository = Repository {
        path: REPOSITORY.to_owned(),
        login: access.login.map(|login| StoredLogin {
            login,
            stored_for,
            renewal: "the login is that of the test".to_owned(),
            stays: false,
            helper: None,
        }),
        advice: String::new(),
        skopeo: Default::default(),
    };
    Ok(Opened { session, repository })
}

/// The trouble in fetching the tag `v1`, whose text shows no secret.
#[track_caller]
pub fn trouble(net: &Net, access: Access) -> Trouble {
    let result = open(net, access).and_then(|mut session| session.manifest("v1"));
    let trouble = result.expect_err("there is trouble");
    crate::support::secrets::assert_hidden(&format!("{trouble} {trouble:?}"), &[PASSWORD.as_bytes()]);
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
