// SPDX-License-Identifier: Apache-2.0
//! User names and passwords in the URLs of lookaside stores: to whom they go, in which form, and that they are not shown.

use crate::registry::logins::{PASSWORD, USER};
use crate::registry::town::Town;
use crate::support::hub::{Answer, Hub};
use crate::support::images::base64;
use crate::support::program::Outcome;
use crate::support::secrets::assert_hidden;

/// A registry with an image, and a store that has its signature, below `/s`.
struct Place {
    town: Town,
    store: Hub,
    image: String,
    file: String,
    _hub: Hub,
}

impl Place {
    fn new() -> Self {
        let (town, hub, store) = (Town::new(), Hub::plain(), Hub::plain());
        town.insecure(&[&hub.host()]);
        let digest = hub.store(|store| store.repository("ns/app").image("v1", "stored"));
        let reference = format!("{}/ns/app:v1", hub.host());
        let file = format!("/ns/app@{}/signature-1", digest.replace(':', "="));
        let signature = Answer::ok("application/octet-stream", town.sign(&digest, &reference));
        for begin in ["/s", "/s/t"] {
            store.answer(&format!("{begin}{file}"), signature.clone());
        }
        Self {
            town,
            store,
            image: format!("docker://{reference}"),
            file,
            _hub: hub,
        }
    }

    fn run(&self, base: &str) -> Outcome {
        self.town.stores(&format!("default-docker:\n  lookaside: \"{base}\"\n"));
        self.store.take_seen();
        let outcome = self.town.verify_json(&[&self.image, "-v=9"]);
        let secrets: [&[u8]; 2] = [PASSWORD.as_bytes(), b"hunter%2F22"];
        assert_hidden(&(outcome.stdout.clone() + &outcome.stderr), &secrets);
        outcome
    }
}

/// Go takes percent-encoding off, and sends a colon also where there is no password.
#[test]
fn a_login_for_a_store_is_sent_as_skopeo_sends_it() {
    let place = Place::new();
    let other = Hub::plain();
    let host = place.store.host();
    let encoded = PASSWORD.replace('.', "%2F");
    let decoded = PASSWORD.replace('.', "/");
    for (login, path, sent) in [
        (format!("{USER}:{encoded}"), "/s", format!("{USER}:{decoded}")),
        (format!("a%40x.org:{PASSWORD}%21"), "/s", format!("a@x.org:{PASSWORD}!")),
        (format!("{USER}:{PASSWORD}:%3a"), "/s", format!("{USER}:{PASSWORD}::")),
        (encoded.clone(), "/s", format!("{decoded}:")),
        (PASSWORD.to_owned(), "/s", format!("{PASSWORD}:")),
        // A slash made of these would end the host before the password.
        (
            format!("{}%2F{PASSWORD}", other.host()),
            "/s",
            format!("{}/{PASSWORD}", other.host()),
        ),
        (
            format!("localhost%2f{PASSWORD}"),
            "/s",
            format!("localhost/{PASSWORD}:"),
        ),
        (format!("a@b:{PASSWORD}"), "/s%2Ft", format!("a@b:{PASSWORD}")),
    ] {
        let outcome = place.run(&format!("http://{login}@{host}{path}"));
        assert_eq!(outcome.verdict(), "Verified/Verified", "{login}: {outcome:#?}");
        let warning = format!("the login that registries.d has for {host} is sent over plain http");
        assert!(outcome.stderr.contains(&warning), "{}", outcome.stderr);
        let pair = format!("Basic {}", base64(sent.as_bytes()));
        assert!(
            place.store.seen().iter().all(|seen| seen.authorization() == pair),
            "{login}"
        );
    }
    assert_eq!(other.lines(), [""; 0]);
}

/// Go refuses it, too.
#[test]
fn a_login_for_a_store_that_is_badly_encoded_is_told_with_its_file() {
    let place = Place::new();
    let host = place.store.host();
    for login in [
        format!("{USER}:{PASSWORD}%"),
        format!("{USER}%zz:{PASSWORD}"),
        format!("{PASSWORD}%1"),
    ] {
        let outcome = place
            .run(&format!("http://{login}@{host}/s"))
            .expect_verdict(3, "Unchecked/SourceUnavailable");
        let message = outcome.item()["message"].as_str().unwrap().to_owned();
        let told = format!("the lookaside URL \"http://{host}/s\" has a user name or password with a %");
        assert!(
            message.contains(&told) && message.contains("registries.d/test.yaml: line 2"),
            "{message}"
        );
        assert_eq!(place.store.lines(), [""; 0]);
    }
}

/// As with the login of a registry.
#[test]
fn a_redirect_that_has_the_login_of_the_store_in_it_is_not_followed() {
    let place = Place::new();
    let other = Hub::plain();
    let pair = base64(format!("{USER}:{PASSWORD}").as_bytes());
    let base = format!("http://{USER}:{PASSWORD}@{}/s", place.store.host());
    let file = format!("/s{}", place.file);
    for (end, is_followed) in [(PASSWORD, false), (&*pair, false), ("x", true)] {
        place
            .store
            .answer(&file, Answer::redirect(&format!("{}/x?old={end}", other.url())));
        let outcome = place.run(&base);
        let said = "it redirects to a URL that has the login in it";
        assert_eq!(outcome.stdout.contains(said), !is_followed, "{outcome:#?}");
        assert_eq!(other.lines().is_empty(), !is_followed, "{end}");
    }
    assert!(other.seen().iter().all(|seen| seen.authorization().is_empty()));
}
