// SPDX-License-Identifier: Apache-2.0
//! The shipped program with logins at hand, and a registry that sends it elsewhere: by redirects and by token servers.

use serde_json::json;

use crate::hostile::site::{reference, Place, Site, PLACES};
use crate::hostile::{PASSWORD, REPOSITORY, USER};
use crate::support::cosign::{payload, Cosign};
use crate::support::hub::{sha256, Answer, Guard, Hub, Seen, LIST};
use crate::support::images::base64;
use crate::support::secrets::assert_hidden;

const TOKEN: &str = "Plugh_token_4432_qqv";

/// An image that is signed, in a registry that wants the password.
fn guarded() -> Site {
    let site = Site::new();
    site.sign();
    site.registry.guard(Guard::Basic(USER.into(), PASSWORD.into()));
    site
}

/// The other server has seen no login at all, neither the registry's nor its own.
#[track_caller]
fn nothing_was_shown(hub: &Hub) {
    for seen in hub.seen() {
        assert_eq!(seen.authorization(), "", "{}", seen.text());
        assert_hidden(
            &seen.text(),
            &[PASSWORD.as_bytes(), crate::hostile::site::WAITING.as_bytes()],
        );
    }
}

#[test]
fn a_redirect_to_another_host_takes_no_login_along() {
    let site = guarded();
    site.judged(&[]).expect_verdict(0, "Verified/Verified");
    let (kind, bytes) = site.registry.store(|store| store.repository(REPOSITORY).manifest("v1"));
    let to = "https://cdn.example.test/blob?key=presigned";
    site.registry.answer(&site.path(Place::Manifest), Answer::redirect(to));
    site.other.answer("/blob", Answer::ok(&kind, bytes));
    site.judged(&[]).expect_verdict(0, "Verified/Verified");
    nothing_was_shown(&site.other);
    // Nor where it asks for one, although one is stored for it.
    site.other
        .answer("/blob", Answer::challenge("Basic realm=\"give me what you have\""));
    site.judged(&[]).expect_verdict(3, "Unchecked/Forbidden");
    let bearer = "Bearer realm=\"https://auth.example.test/token\"";
    site.other.answer("/blob", Answer::challenge(bearer));
    site.judged(&[]).expect_verdict(3, "Unchecked/Forbidden");
    assert!(site.other.lines().contains(&"GET /blob?key=presigned".to_owned()));
    assert!(!site.other.lines().iter().any(|line| line.contains("/token")));
    nothing_was_shown(&site.other);
}

#[test]
fn redirects_to_this_machine_its_link_and_plain_http() {
    let site = guarded();
    let port = site.other.address().port();
    let ping = Answer::ok("application/json", "{}").header("X-Registry-Supports-Signatures", "1");
    for place in [Place::Ping, Place::Manifest, Place::Extension] {
        for to in [
            format!("https://127.0.0.1:{port}/x"),
            format!("https://localhost:{port}/x"),
            format!("https://[::1]:{port}/x"),
            format!("https://2130706433:{port}/x"),
            "https://169.254.169.254/latest/meta-data".to_owned(),
            "http://169.254.169.254/latest/meta-data".to_owned(),
            "https://[fe80::1]/x".to_owned(),
            "http://cdn.example.test/x".to_owned(),
            "HTTP://cdn.example.test/x".to_owned(),
            format!("//127.0.0.1:{port}/x"),
            format!("HTTPS://localhost:{port}/x"),
            "//user:word@cdn.example.test/x".to_owned(),
            "file:///etc/passwd".to_owned(),
        ] {
            site.registry.answer(&site.path(place), Answer::redirect(&to));
            site.judged(&[]).expect_verdict(3, "Unchecked/SourceUnavailable");
        }
        site.registry.answer(&site.path(Place::Ping), ping.clone());
        site.registry.answer(&site.path(Place::Manifest), manifest(&site));
    }
    // The lookaside store too: it is on another host, and may not send us here either.
    site.registry.answer(&site.path(Place::Extension), Answer::status(404));
    site.other.answer(
        &site.path(Place::Lookaside),
        Answer::redirect("https://169.254.169.254/latest/meta-data"),
    );
    site.judged(&[]).expect_verdict(3, "Unchecked/SourceUnavailable");
    let targets = site.proxy.targets();
    let known = ["registry.example.test:443", "cdn.example.test:443"];
    assert!(
        targets.iter().all(|target| known.contains(&target.as_str())),
        "{targets:?}"
    );
    nothing_was_shown(&site.other);
}

/// How to log in the registry itself has to say, and not the server that it sends us to first.
#[test]
fn what_another_server_says_of_logins_is_not_asked() {
    let site = guarded();
    site.registry.answer(
        &site.path(Place::Ping),
        Answer::redirect("https://cdn.example.test/v2/"),
    );
    for challenge in [
        "Basic realm=\"give me what you have\"",
        "Bearer realm=\"https://auth.example.test/token\"",
    ] {
        let asks = Answer::challenge(challenge).header("X-Registry-Supports-Signatures", "1");
        site.other.answer("/v2/", asks);
        site.other.take_seen();
        site.judged(&[]).expect_verdict(0, "Verified/Verified");
        assert_eq!(site.other.lines()[0], "GET /v2/");
        assert!(!site.other.lines().iter().any(|line| line.contains("/token")));
        nothing_was_shown(&site.other);
    }
    // What is no answer of a registry is none there either.
    for (answer, verdict) in [
        (Answer::page(), "Unchecked/SourceUnavailable"),
        (Answer::status(404), "Unchecked/SourceUnavailable"),
        (Answer::status(403), "Unchecked/Forbidden"),
    ] {
        site.other.answer("/v2/", answer);
        site.judged(&[]).expect_verdict(3, verdict);
    }
}

/// An image that is signed in one place, and what a server answers there. What refers to an image is looked for only where
/// there is no signature.
fn signed_at(place: Place) -> (Site, Answer) {
    let mut site = Site::new();
    let octets = |bytes: &[u8]| Answer::ok("application/octet-stream", bytes);
    let signature = site.town.sign(&site.digest, &reference());
    let (key, signed) = (Cosign::new(), payload(&site.digest, &reference()));
    site.town.sandbox.file("cosign.pub", key.pem());
    match place {
        Place::Lookaside => site.other.answer(&site.path(place), octets(&signature)),
        Place::Attachment | Place::Blob => {
            site.payload = sha256(&signed);
            let layers: [(&[u8], &[u8]); 1] = [(&signed, &key.sign(&signed))];
            site.registry
                .store(|store| store.repository(REPOSITORY).attach(&site.digest, &layers));
        }
        Place::Referrers => {}
        Place::Ping | Place::Manifest | Place::Extension => site.sign(),
    }
    let honest = match place {
        Place::Ping => Answer::ok("application/json", "{}").header("X-Registry-Supports-Signatures", "1"),
        Place::Manifest => manifest(&site),
        Place::Extension => {
            let entry = json!({"schemaVersion": 2, "name": "good", "type": "atomic", "content": base64(&signature)});
            Answer::ok("application/json", json!({"signatures": [entry]}).to_string())
        }
        Place::Lookaside => octets(&signature),
        Place::Attachment => {
            let tag = format!("{}.sig", site.digest.replace(':', "-"));
            let (kind, bytes) = site.registry.store(|store| store.repository(REPOSITORY).manifest(&tag));
            Answer::ok(&kind, bytes)
        }
        Place::Blob => octets(&signed),
        Place::Referrers => Answer::ok(LIST, json!({"schemaVersion": 2, "manifests": []}).to_string()),
    };
    site.registry.guard(Guard::Basic(USER.into(), PASSWORD.into()));
    (site, honest)
}

/// Real registries keep blobs on other hosts; nothing is shown there, whatever place it is about.
#[test]
fn a_redirect_of_any_place_takes_no_login_along() {
    for place in PLACES {
        let (site, honest) = signed_at(place);
        let (path, key) = (site.path(place), site.town.sandbox.path("cosign.pub"));
        let judged = || site.judged(&["--sigstore-key", key.to_str().unwrap()]);
        let (status, verdict) = match place {
            Place::Referrers => (1, "Unsigned/NoSignature"),
            _ => (0, "Verified/Verified"),
        };
        judged().expect_verdict(status, verdict);
        site.other.answer("/moved", honest);
        let redirect = |to: &str| site.server(place).answer(&path, Answer::redirect(to));
        redirect("https://auth.example.test/moved?key=presigned");
        site.registry.take_seen();
        site.other.take_seen();
        judged().expect_verdict(status, verdict);
        let moved = "GET /moved?key=presigned".to_owned();
        assert!(
            site.other.lines().contains(&moved),
            "{place:?}: {:?}",
            site.other.lines()
        );
        if !matches!(place, Place::Ping | Place::Lookaside) {
            let seen = site.registry.seen();
            let is_shown = |seen: &Seen| seen.target == path && seen.authorization().starts_with("Basic ");
            assert!(seen.iter().any(is_shown), "{place:?}: {seen:?}");
        }
        nothing_was_shown(&site.other);
        redirect("https://169.254.169.254/latest/meta-data");
        judged().expect_verdict(3, "Unchecked/SourceUnavailable");
        let targets = site.proxy.targets();
        assert!(
            !targets.iter().any(|target| target.contains("169.254")),
            "{place:?}: {targets:?}"
        );
        nothing_was_shown(&site.other);
    }
}

fn manifest(site: &Site) -> Answer {
    let (kind, bytes) = site.registry.store(|store| store.repository(REPOSITORY).manifest("v1"));
    Answer::ok(&kind, bytes)
}

#[test]
fn a_token_server_on_another_host_over_verified_https() {
    let site = guarded();
    site.registry
        .guard(Guard::bearer("https://auth.example.test/token", TOKEN));
    site.other.answer("/token", Answer::token(TOKEN));
    let outcome = site.judged(&["-v=9"]).expect_verdict(0, "Verified/Verified");
    assert_hidden(&outcome.stderr, &[TOKEN.as_bytes()]);
    let pair = format!("Basic {}", base64(format!("{USER}:{PASSWORD}").as_bytes()));
    let asked: Vec<_> = site
        .other
        .seen()
        .into_iter()
        .filter(|seen| seen.target.starts_with("/token"))
        .collect();
    // What is stored for the registry that named it, and not what is stored for the token server itself.
    assert_eq!((asked.len(), asked[0].authorization()), (1, pair.as_str()));
    for seen in site.registry.seen() {
        assert_hidden(&seen.text(), &[PASSWORD.as_bytes()]);
    }
    // Without verified TLS it gets nothing.
    site.other.take_seen();
    let outcome = site
        .judged(&["--insecure"])
        .expect_verdict(3, "Unchecked/SourceUnavailable");
    let message = outcome.item()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("token server on another host"), "{message}");
    assert!(!site.other.lines().iter().any(|line| line.contains("/token")));
}

#[test]
fn token_servers_where_no_server_may_send_us() {
    let site = guarded();
    let port = site.other.address().port();
    for realm in [
        "http://auth.example.test/token".to_owned(),
        format!("https://127.0.0.1:{port}/token"),
        format!("https://localhost:{port}/token"),
        "https://169.254.169.254/token".to_owned(),
        "https://user:word@auth.example.test/token".to_owned(),
        "/token".to_owned(),
    ] {
        site.registry.guard(Guard::bearer(&realm, TOKEN));
        site.judged(&[]).expect_verdict(3, "Unchecked/SourceUnavailable");
    }
    assert_eq!(site.other.connections(), 0);
}

#[test]
fn token_servers_that_answer_something_else() {
    let site = guarded();
    site.registry
        .guard(Guard::bearer("https://auth.example.test/token", TOKEN));
    for (answer, verdict) in [
        (Answer::status(401), "Unchecked/Forbidden"),
        (Answer::status(403), "Unchecked/Forbidden"),
        (Answer::status(404), "Unchecked/SourceUnavailable"),
        (Answer::status(410), "Unchecked/SourceUnavailable"),
        (Answer::status(500), "Unchecked/SourceUnavailable"),
        (Answer::page(), "Unchecked/SourceUnavailable"),
        (Answer::ok("application/json", "[]"), "Unchecked/SourceUnavailable"),
        (Answer::token("another-token"), "Unchecked/Forbidden"),
        (
            Answer::redirect("https://169.254.169.254/x"),
            "Unchecked/SourceUnavailable",
        ),
    ] {
        site.other.answer("/token", answer.clone());
        let outcome = site.judged(&[]);
        assert_eq!(outcome.verdict(), verdict, "{answer:?}");
        outcome.expect(3);
    }
    // A redirect elsewhere goes without the login, and what comes from there is a token like any other.
    site.other
        .answer("/token", Answer::redirect("https://cdn.example.test/moved"));
    site.other.answer("/moved", Answer::token(TOKEN));
    site.other.take_seen();
    site.judged(&[]).expect_verdict(0, "Verified/Verified");
    let moved = site
        .other
        .seen()
        .into_iter()
        .find(|seen| seen.target == "/moved")
        .unwrap();
    assert_eq!(moved.authorization(), "");
}
