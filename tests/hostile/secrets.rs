// SPDX-License-Identifier: Apache-2.0
//! No secret for a registry is logged or printed: at no level, in no encoding, whatever
//! `RUST_LOG` says (docs/contract.md 4).

use serde_json::json;

use crate::hostile::site::{reference, Place, Site, HOST};
use crate::hostile::{PASSWORD, USER};
use crate::support::hub::{Answer, Guard};
use crate::support::images::base64;
use crate::support::program::Outcome;
use crate::support::secrets::assert_hidden;

const TOKEN: &str = "Plugh_token_4432_qqv";

/// Levels of `-v`, and values of `RUST_LOG` that ask for libraries.
const LEVELS: [&str; 8] = ["-v", "-v=2", "-v=3", "-v=4", "-v=6", "--v=8", "-v=9", "-v=10"];
const VARIABLES: [&str; 3] = [
    "trace",
    "ureq=trace,ureq_proto=trace",
    "off,ureq_proto::util=trace,image_signature=trace",
];

fn run(site: &Site, level: Option<&str>, variable: Option<&str>) -> Outcome {
    let image = format!("docker://{}", reference());
    let mut command = site.command(&["verify", "-o", "json", &image]);
    command.args(level).envs(variable.map(|value| ("RUST_LOG", value)));
    let outcome = site.town.sandbox.finish(&mut command, b"");
    for text in [&outcome.stdout, &outcome.stderr] {
        assert_hidden(text, &[PASSWORD.as_bytes(), TOKEN.as_bytes()]);
    }
    outcome
}

/// Runs `verify` at every level; what it logs comes in, and none of the secrets does.
#[track_caller]
fn hides(site: &Site) {
    for level in LEVELS {
        site.registry.take_seen();
        let outcome = run(site, Some(level), None).expect_verdict(0, "Verified/Verified");
        let requests = site.registry.lines();
        assert!(!requests.is_empty());
        for request in requests {
            let (method, target) = request.split_once(' ').unwrap();
            let path = target.split('?').next().unwrap();
            let begin = format!("{method} https://{HOST}{path}");
            let is_of_it = |line: &str| line.contains(&begin) && line.contains(" in ") && line.ends_with(" bytes");
            assert!(
                outcome.stderr.lines().any(is_of_it),
                "{level}: {request} is not logged with its answer: {outcome:?}"
            );
        }
        assert!(outcome.stderr.contains(": 200 in "), "{level}: {outcome:?}");
    }
    for variable in VARIABLES {
        let outcome = run(site, None, Some(variable)).expect_verdict(0, "Verified/Verified");
        assert!(
            !outcome.stderr.contains("ureq"),
            "a library is logged: {}",
            outcome.stderr
        );
    }
}

/// Whether a server was shown a text.
fn has_seen(hub: &crate::support::hub::Hub, text: &str) -> bool {
    hub.seen().iter().any(|seen| seen.text().contains(text))
}

#[test]
fn a_password() {
    let site = Site::new();
    site.sign();
    site.registry.guard(Guard::Basic(USER.into(), PASSWORD.into()));
    hides(&site);
    let pair = base64(format!("{USER}:{PASSWORD}").as_bytes());
    assert!(has_seen(&site.registry, &pair), "there was something to hide");
    // Nor where something goes wrong, or the registry says it back.
    let page = format!("<html>{PASSWORD} {pair}</html>");
    for answer in [
        Answer::status(500),
        Answer::status(403).header("X-Login", PASSWORD),
        Answer::challenge(&format!("Basic realm=\"{PASSWORD}\"")),
        Answer::ok("text/html", page.clone()),
        Answer::ok("application/json", page),
        Answer::redirect(&format!("https://cdn.example.test/{PASSWORD}")),
        Answer::redirect(&format!("/{PASSWORD}/{pair}")),
    ] {
        site.registry.answer(&site.path(Place::Manifest), answer.clone());
        let outcome = run(&site, Some("-v=10"), None);
        assert_ne!(outcome.status, 0, "{answer:?}");
    }
}

#[test]
fn a_token_and_the_password_for_it() {
    let site = Site::new();
    site.sign();
    site.registry
        .guard(Guard::bearer("https://auth.example.test/token", TOKEN));
    site.other.answer("/token", Answer::token(TOKEN));
    hides(&site);
    assert!(has_seen(&site.registry, TOKEN), "there was something to hide");
    for answer in [
        Answer::status(500),
        Answer::ok("application/json", format!("{{\"token\": \"{TOKEN}\"")),
        Answer::ok("application/json", format!("{{\"token\": [\"{TOKEN}\"]}}")),
        Answer::ok("application/json", format!("{{\"{TOKEN}\": 1, \"{TOKEN}\": 2}}")),
        Answer::redirect(&format!("https://cdn.example.test/x?password={PASSWORD}")),
    ] {
        site.other.answer("/token", answer);
        run(&site, Some("-v=10"), None).expect(3);
    }
    assert!(!site.other.lines().iter().any(|line| line.starts_with("GET /x")));
}

#[test]
fn an_identity_token() {
    let site = Site::new();
    site.sign();
    site.registry
        .guard(Guard::bearer("https://auth.example.test/token", TOKEN));
    site.other.answer("/token", Answer::token(TOKEN));
    let auths = json!({"auths": {HOST: {"auth": base64(format!("{USER}:").as_bytes()), "identitytoken": PASSWORD}}});
    site.town.sandbox.file("logins.json", auths.to_string());
    for level in ["-v", "-v=6", "-v=10"] {
        let outcome = run(&site, Some(level), None).expect_verdict(0, "Verified/Verified");
        assert!(
            outcome.stderr.contains("POST https://auth.example.test/token"),
            "{}",
            outcome.stderr
        );
    }
    run(&site, None, Some("trace")).expect_verdict(0, "Verified/Verified");
    assert!(has_seen(&site.other, PASSWORD), "there was something to hide");
}

/// A file with logins that is damaged is not quoted.
#[test]
fn a_damaged_file_with_logins() {
    let site = Site::new();
    let pair = base64(format!("{USER}:{PASSWORD}").as_bytes());
    for text in [
        format!("{{\"auths\": {{\"{HOST}\": {{\"auth\": \"{pair}\"}}"),
        format!("{{\"auths\": {{\"{HOST}\": {{\"auth\": [\"{pair}\"]}}}}}}"),
        format!("{{\"auths\": {{\"{HOST}\": \"{PASSWORD}\"}}}}"),
        format!("{{\"{PASSWORD}\": 1, \"{PASSWORD}\": 2}}"),
    ] {
        site.town.sandbox.file("logins.json", text);
        run(&site, Some("-v=10"), None).expect(2);
    }
}
