// SPDX-License-Identifier: Apache-2.0
//! A registry, and a second server for everything else, under names that only a proxy knows: neither is at an address of this
//! machine. The program is run as people run it.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::hostile::{PASSWORD, REPOSITORY, USER};
use crate::registry::town::Town;
use crate::support::api::HttpProxy;
use crate::support::hub::Hub;
use crate::support::images::base64;
use crate::support::program::Outcome;

/// The registry's name in references to images and in logins.
pub const HOST: &str = "registry.example.test";

/// Longest time for a run.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is stored for the other server, and nobody asks for on its behalf.
pub const WAITING: &str = "Frobozz.waits.5521.here";

/// The places that are asked about an image, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Ping,
    Manifest,
    Extension,
    Lookaside,
    Attachment,
    Blob,
    Referrers,
}

pub const PLACES: [Place; 7] = [
    Place::Ping,
    Place::Manifest,
    Place::Extension,
    Place::Lookaside,
    Place::Attachment,
    Place::Blob,
    Place::Referrers,
];

/// An image in a registry, and the other servers that it may send the program to.
#[derive(Debug)]
pub struct Site {
    pub town: Town,
    pub registry: Hub,
    /// A token server, a store of blobs and a lookaside store.
    pub other: Hub,
    pub proxy: HttpProxy,
    pub digest: String,
    /// The digest of a payload that hangs at the image's tag.
    pub payload: String,
}

impl Site {
    /// An image without a signature.
    pub fn new() -> Self {
        let (town, registry, other, proxy) = (Town::new(), Hub::tls(), Hub::tls(), HttpProxy::start());
        proxy.route("registry.example.test:443", registry.address());
        for name in ["cdn.example.test:443", "auth.example.test:443"] {
            proxy.route(name, other.address());
        }
        let digest = registry.store(|store| {
            store.has_extension = true;
            store.repository(REPOSITORY).image("v1", "hostile")
        });
        town.stores("default-docker:\n  lookaside: https://cdn.example.test/store\n  use-sigstore-attachments: true\n");
        town.sandbox
            .file("ca.pem", format!("{}{}", registry.ca_pem(), other.ca_pem()));
        let login = |user: &str, password: &str| json!({"auth": base64(format!("{user}:{password}").as_bytes())});
        let auths = json!({"auths": {
            HOST: login(USER, PASSWORD),
            "cdn.example.test": login("waiting", WAITING),
            "auth.example.test": login("waiting", WAITING),
        }});
        town.sandbox.file("logins.json", auths.to_string());
        Self {
            town,
            registry,
            other,
            proxy,
            digest,
            payload: String::new(),
        }
    }

    /// The same with a sigstore signature by a key that nobody names.
    pub fn attached() -> Self {
        let mut site = Self::new();
        let payload = crate::support::cosign::payload(&site.digest, &reference());
        let signature = crate::support::cosign::Cosign::new().sign(&payload);
        site.payload = site.registry.store(|store| {
            let repository = store.repository(REPOSITORY);
            repository.attach(&site.digest, &[(&payload, &signature)]);
            repository.blob(&payload)
        });
        site
    }

    /// The path of a place.
    pub fn path(&self, place: Place) -> String {
        let digest = &self.digest;
        match place {
            Place::Ping => "/v2/".to_owned(),
            Place::Manifest => format!("/v2/{REPOSITORY}/manifests/v1"),
            Place::Extension => format!("/extensions/v2/{REPOSITORY}/signatures/{digest}"),
            Place::Lookaside => format!("/store/{REPOSITORY}@{}/signature-1", digest.replace(':', "=")),
            Place::Attachment => format!("/v2/{REPOSITORY}/manifests/{}.sig", digest.replace(':', "-")),
            Place::Blob => format!("/v2/{REPOSITORY}/blobs/{}", self.payload),
            Place::Referrers => format!("/v2/{REPOSITORY}/referrers/{digest}"),
        }
    }

    /// The server of a place.
    pub fn server(&self, place: Place) -> &Hub {
        match place {
            Place::Lookaside => &self.other,
            _ => &self.registry,
        }
    }

    /// Offers a good signature by the extension.
    pub fn sign(&self) {
        let signature = self.town.sign(&self.digest, &reference());
        self.registry
            .store(|store| store.repository(REPOSITORY).sign(&self.digest, "good", &signature));
    }

    /// The program, with all logins at hand.
    pub fn command(&self, args: &[&str]) -> Command {
        let path = |name: &str| self.town.sandbox.path(name).to_str().unwrap().to_owned();
        let mut command = self.town.command(args);
        command
            .args(["--registry-ca", &path("ca.pem"), "--authfile", &path("logins.json")])
            .env("HTTPS_PROXY", self.proxy.url())
            .env("HTTP_PROXY", self.proxy.url());
        command
    }

    /// `verify` of the image by its tag, which ends in a time that people wait and shows no password.
    pub fn verify(&self, more: &[&str]) -> Outcome {
        let image = format!("docker://{}", reference());
        let mut command = self.command(&[&["verify", &image], more].concat());
        let begin = Instant::now();
        let outcome = self.town.sandbox.finish(&mut command, b"");
        assert!(begin.elapsed() < PATIENCE, "{:?}", begin.elapsed());
        let secrets = [PASSWORD.as_bytes(), WAITING.as_bytes()];
        for text in [&outcome.stdout, &outcome.stderr] {
            crate::support::secrets::assert_hidden(text, &secrets);
        }
        outcome
    }

    /// The same as JSON.
    pub fn judged(&self, more: &[&str]) -> Outcome {
        self.verify(&[&["-o", "json"], more].concat())
    }
}

/// What the image is called.
pub fn reference() -> String {
    format!("{HOST}/{REPOSITORY}:v1")
}
