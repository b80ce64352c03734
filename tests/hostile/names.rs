// SPDX-License-Identifier: Apache-2.0
//! Names that the resolver knows, and that lead to this machine: what a registry may name is judged by the address that is
//! found, too. The program runs in a system whose `/etc/hosts` has the names.

use serde_json::json;

use crate::hostile::site::{HOST, WAITING};
use crate::hostile::{PASSWORD, REPOSITORY, USER};
use crate::registry::town::Town;
use crate::support::hub::{Answer, Guard, Hub, NAMES};
use crate::support::images::base64;
use crate::support::program::Outcome;
use crate::support::secrets::assert_hidden;
use crate::support::skipped;
use crate::support::system::{mounts_are_permitted, why_not, System};

const TOKEN: &str = "Plugh_token_4432_qqv";

/// A registry with a signed image, and a second server, both under names of this machine.
struct Street {
    town: Town,
    registry: Hub,
    other: Hub,
    system: System,
}

impl Street {
    fn new() -> Self {
        let (town, registry, other) = (Town::new(), Hub::tls(), Hub::tls());
        let hosts = town
            .sandbox
            .file("hosts", format!("127.0.0.1 localhost {}\n", NAMES.join(" ")));
        let ca = format!("{}{}", registry.ca_pem(), other.ca_pem());
        town.sandbox.file("ca.pem", ca);
        let street = Self {
            system: System::new().replace("/etc/hosts", &hosts),
            town,
            registry,
            other,
        };
        let login = |user: &str, password: &str| json!({"auth": base64(format!("{user}:{password}").as_bytes())});
        let auths = json!({"auths": {
            street.host(): login(USER, PASSWORD),
            street.other_at("cdn.example.test"): login("waiting", WAITING),
        }});
        street.town.sandbox.file("logins.json", auths.to_string());
        let reference = street.reference();
        street.registry.store(|store| {
            store.has_extension = true;
            let repository = store.repository(REPOSITORY);
            let digest = repository.image("v1", "named");
            repository.sign(&digest, "good", &street.town.sign(&digest, &reference));
        });
        street.registry.guard(Guard::Basic(USER.into(), PASSWORD.into()));
        street
    }

    fn host(&self) -> String {
        format!("{HOST}:{}", self.registry.address().port())
    }

    fn reference(&self) -> String {
        format!("{}/{REPOSITORY}:v1", self.host())
    }

    /// The second server under a name.
    fn other_at(&self, name: &str) -> String {
        format!("{name}:{}", self.other.address().port())
    }

    /// `verify` of the image, with all logins at hand.
    fn judged(&self) -> Outcome {
        let path = |name: &str| self.town.sandbox.path(name);
        let mut command = self.system.command(&self.town.sandbox);
        command.args(["verify", "-o", "json", &format!("docker://{}", self.reference())]);
        for (option, file) in [
            ("--public-key", "key.gpg"),
            ("--registries.d", "registries.d"),
            ("--registries-conf", "registries.conf"),
            ("--registry-ca", "ca.pem"),
            ("--authfile", "logins.json"),
        ] {
            command.arg(option).arg(path(file));
        }
        let outcome = self.town.sandbox.finish(&mut command, b"");
        let said = format!("{}{}", outcome.stdout, outcome.stderr);
        assert_hidden(&said, &[PASSWORD, WAITING, TOKEN].map(str::as_bytes));
        outcome
    }

    /// The image is Unchecked because of where a name leads, and nobody is there.
    #[track_caller]
    fn leads_here(&self) {
        let item = self.judged().expect_verdict(3, "Unchecked/SourceUnavailable").item();
        let message = item["message"].as_str().unwrap();
        let why = "its name resolves to a loopback or link-local address; redirects to such addresses are refused";
        assert!(message.contains(why), "{message}");
        assert_eq!(self.other.connections(), 0);
    }
}

#[test]
fn a_registry_whose_name_is_elsewhere_sends_nobody_to_a_name_of_this_machine() {
    if !mounts_are_permitted() {
        return skipped("names that lead to this machine", why_not());
    }
    let street = Street::new();
    // Whoever names a registry may have it on this machine.
    street.judged().expect_verdict(0, "Verified/Verified");
    let (kind, bytes) = street
        .registry
        .store(|store| store.repository(REPOSITORY).manifest("v1"));
    street.other.answer("/x", Answer::ok(&kind, bytes));
    street.other.answer("/token", Answer::token(TOKEN));
    // A token server.
    let realm = format!("https://{}/token", street.other_at("auth.example.test"));
    street.registry.guard(Guard::bearer(&realm, TOKEN));
    street.leads_here();
    street.registry.guard(Guard::Basic(USER.into(), PASSWORD.into()));
    // A redirect.
    let path = format!("/v2/{REPOSITORY}/manifests/v1");
    let to = |name: &str| Answer::redirect(&format!("https://{}/x", street.other_at(name)));
    street.registry.answer(&path, to("cdn.example.test"));
    street.leads_here();
    // To where its own name leads it may send us, without the login.
    street.registry.answer(&path, to(HOST));
    street.judged().expect_verdict(0, "Verified/Verified");
    assert_eq!(street.other.lines(), ["GET /x"]);
    assert_eq!(street.other.seen()[0].authorization(), "");
}
