// SPDX-License-Identifier: Apache-2.0
//! What counts with a login that a credential helper gave in place of a refused one, when it is asked for one, and what was
//! sent for other repositories of the host.

use serde_json::json;

use crate::registry::helpers::{new_each_time, Place};
use crate::registry::logins::{auths, PASSWORD, USER};
use crate::registry::town::{answers, Town};
use crate::support::hub::{Answer, Body, Guard, Hub};
use crate::support::images::base64;
use crate::support::program::Outcome;
use crate::support::secrets::assert_hidden;

/// The repositories `ns/NAME`, each with the end of the only password that is good there.
fn each(place: &Place, ends: &[(&'static str, &str)]) {
    for (path, _) in ends.iter().filter(|(path, _)| !matches!(*path, "ns/app" | "ns/other")) {
        place.hub.store(|store| store.repository(path).image("v1", path));
    }
    let passwords = ends.iter().map(|(path, end)| (*path, format!("{PASSWORD}-{end}")));
    place.hub.guard(Guard::Each(USER.to_owned(), passwords.collect()));
}

/// Verifies these images as well; how often the helper was asked.
fn run(place: &Place, more: &[&str], status: i32) -> (Outcome, usize) {
    let mut command = place.command();
    command.args(
        more.iter()
            .map(|path| format!("docker://{}/{path}:v1", place.hub.host())),
    );
    let outcome = place.town.sandbox.finish(&mut command, b"").expect(status);
    let asked = std::fs::read_to_string(place.town.sandbox.path("asked")).unwrap();
    (outcome, asked.lines().count())
}

fn verdicts(outcome: &Outcome) -> Vec<String> {
    let items = outcome.json()["items"].clone();
    let items = items.as_array().cloned().unwrap_or_default();
    items
        .iter()
        .map(|item| item["verdict"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// What is asked for at the tag of sigstore signatures is refused to the first login, and not there for another one.
fn hidden() -> Place {
    let place = Place::new(&new_each_time(""));
    let lookaside = format!("file://{}", place.town.sandbox.path("lookaside").display());
    place.town.stores(&format!(
        "default-docker:\n  use-sigstore-attachments: true\n  lookaside: {lookaside}\n"
    ));
    let digest = place
        .hub
        .store(|store| store.repository("ns/other").image("v1", "other"));
    let tag = format!("/v2/ns/other/manifests/{}.sig", digest.replace(':', "-"));
    place.hub.answers(&tag, [Answer::status(403), Answer::status(404)]);
    place
}

/// Registries hide from a login what it may not see: signatures would be missing that are there.
#[test]
fn what_is_not_there_for_another_login_is_unknown_unless_that_may_read_the_repository() {
    for (is_good, expected) in [(false, "attachment forbidden 0"), (true, "attachment absent 0")] {
        let place = hidden();
        match is_good {
            true => place.hub.guard(Guard::Open),
            false => each(&place, &[("ns/app", "1"), ("ns/other", "1")]),
        }
        let (outcome, asked) = run(&place, &[], if is_good { 1 } else { 3 });
        assert_eq!(asked, 2, "{outcome:#?}");
        let item = outcome.json()["items"][1].clone();
        assert_eq!(answers(&item)[1], expected, "{item}");
        let verdict = if is_good { "Unsigned" } else { "Unchecked" };
        assert_eq!(item["verdict"], verdict, "{item}");
    }
}

/// Whoever owns a repository can forbid it.
#[test]
fn a_repository_that_is_forbidden_does_not_stop_the_renewal_of_a_login_that_ends() {
    let place = Place::new(&new_each_time("[ $n != 2 ] || n=1"));
    let (media_type, manifest) = place.hub.store(|store| store.repository("ns/app").manifest("v1"));
    let given = Answer::ok(&media_type, manifest);
    let ended = Answer::challenge("Basic realm=\"registry\"");
    place.hub.answers("/v2/ns/app/manifests/v1", [given, ended]);
    each(
        &place,
        &[
            ("ns/app", "1"),
            ("ns/other", "never"),
            ("ns/third", "3"),
            ("ns/fourth", "3"),
        ],
    );
    let (outcome, asked) = run(&place, &["ns/third", "ns/fourth"], 3);
    assert_eq!(verdicts(&outcome), ["Verified", "Unchecked", "Unsigned", "Unsigned"]);
    assert_eq!(asked, 3);
}

/// What is not there, or forbidden, says nothing against a login that is given in place of one that has ended.
#[test]
fn images_that_are_missing_take_no_new_login_from_those_that_follow() {
    for is_forbidden in [false, true] {
        let place = Place::new(&new_each_time("[ $n != 3 ] || n=2"));
        let (media_type, manifest) = place.hub.store(|store| store.repository("ns/app").manifest("v1"));
        let given = Answer::ok(&media_type, manifest);
        let ended = Answer::challenge("Basic realm=\"registry\"");
        place.hub.answers("/v2/ns/app/manifests/v1", [given, ended]);
        let (missing, honest) = (["ns/gone-1", "ns/gone-2", "ns/gone-3"], ["ns/third", "ns/fourth"]);
        let end = if is_forbidden { "never" } else { "2" };
        let mut ends = vec![("ns/app", "1"), ("ns/other", "never")];
        ends.extend(honest.map(|path| (path, "2")));
        each(&place, &ends);
        for path in missing {
            place.hub.store(|store| store.repository(path).image("v2", path));
        }
        ends.extend(missing.map(|path| (path, end)));
        let ends = ends.into_iter().map(|(path, end)| (path, format!("{PASSWORD}-{end}")));
        place.hub.guard(Guard::Each(USER.to_owned(), ends.collect()));
        let (outcome, _) = run(&place, &[&missing[..], &honest].concat(), 3);
        let found = verdicts(&outcome);
        assert_eq!(found[..2], ["Verified", "Unchecked"], "{is_forbidden} {outcome:#?}");
        assert_eq!(found[2..5], ["Unchecked"; 3], "{is_forbidden} {outcome:#?}");
        assert_eq!(found[5..], ["Unsigned"; 2], "{is_forbidden} {outcome:#?}");
    }
}

/// Each time may be a question to the user.
#[test]
fn a_helper_is_asked_once_for_repositories_that_are_forbidden_while_the_login_is_good() {
    let place = Place::new(&new_each_time("n=1"));
    let ends = ["never"; 3].into_iter().zip(["ns/other", "ns/third", "ns/fourth"]);
    let mut ends: Vec<_> = ends.map(|(end, path)| (path, end)).collect();
    ends.push(("ns/app", "1"));
    each(&place, &ends);
    let (outcome, asked) = run(&place, &["ns/third", "ns/fourth"], 3);
    assert_eq!(verdicts(&outcome), ["Verified", "Unchecked", "Unchecked", "Unchecked"]);
    assert_eq!(asked, 2);
}

/// Each worker, for one, asks a registry anew how it wants to be asked.
#[test]
fn a_login_that_another_session_has_sent_is_in_no_words_of_a_registry() {
    let (town, hub) = (Town::new(), Hub::tls());
    let host = hub.host();
    // Two ways to reach one host.
    town.conf(&format!(
        "[[registry]]\nlocation = \"{host}/ns/app\"\ninsecure = true\n[[registry]]\nlocation = \"{host}/ns/other\"\n"
    ));
    let images = ["app", "other"].map(|name| {
        hub.store(|store| store.repository(&format!("ns/{name}")).image("v1", name));
        format!("docker://{host}/ns/{name}:v1")
    });
    hub.guard(Guard::Basic(USER.into(), PASSWORD.into()));
    let ca = town.sandbox.file("ca.pem", hub.ca_pem()).display().to_string();
    let file = town.sandbox.file("auth.json", auths(&host)).display().to_string();
    let words = json!({"errors": [{"code": "DENIED", "message": format!("you sent {PASSWORD}")}]}).to_string();
    let refusal = Answer::status(403).body(Body::Bytes(words.into_bytes()));
    hub.answers("/v2/", [Answer::challenge("Basic realm=\"registry\""), refusal]);
    let [app, other] = &images;
    let call = [app, other, "--authfile", &file, "--registry-ca", &ca];
    let outcome = town.verify_json(&call).expect(3);
    assert_eq!(verdicts(&outcome), ["Unsigned", "Unchecked"], "{outcome:#?}");
    assert_hidden(&format!("{}{}", outcome.stdout, outcome.stderr), &[PASSWORD.as_bytes()]);
    let pings = hub.lines().iter().filter(|line| *line == "GET /v2/").count();
    assert_eq!(pings, 2, "{outcome:#?}");
}

/// The password of one repository may be a word that is in the URLs of all.
#[test]
fn a_word_that_is_a_password_for_one_repository_refuses_redirects_of_this_one_only() {
    let (town, hub, other) = (Town::new(), Hub::plain(), Hub::plain());
    let host = hub.host();
    town.insecure(&[&host]);
    town.store_on_disk();
    let mut entries = json!({});
    for (name, password) in [("word", "registry"), ("app", "Xyzzy.pass.1")] {
        let path = format!("ns/{name}");
        let digest = hub.store(|store| store.repository(&path).image("v1", name));
        let (media_type, manifest) = hub.store(|store| store.repository(&path).manifest(&digest));
        let target = format!("/docker/registry/v2/{name}");
        other.answer(&target, Answer::ok(&media_type, manifest));
        let there = Answer::redirect(&format!("{}{target}", other.url()));
        hub.answer(&format!("/v2/{path}/manifests/v1"), there);
        entries[format!("{host}/{path}")] = json!({"auth": base64(format!("{USER}:{password}").as_bytes())});
    }
    hub.guard(Guard::Each(
        USER.into(),
        vec![("ns/word", "registry".into()), ("ns/app", "Xyzzy.pass.1".into())],
    ));
    let file = town.sandbox.file("auth.json", json!({ "auths": entries }).to_string());
    let [word, app] = ["word", "app"].map(|name| format!("docker://{host}/ns/{name}:v1"));
    let outcome = town
        .verify_json(&[&word, &app, "--authfile", file.to_str().unwrap()])
        .expect(3);
    assert_eq!(verdicts(&outcome), ["Unchecked", "Unsigned"], "{outcome:#?}");
    let said = outcome.json()["items"][0]["message"].to_string();
    assert!(
        said.contains("it redirects to a URL that has the login in it"),
        "{said}"
    );
    // What goes wrong there is told without the word.
    other.answer("/docker/registry/v2/app", Answer::redirect("ftp://x/"));
    let outcome = town
        .verify_json(&[&word, &app, "--authfile", file.to_str().unwrap()])
        .expect(3);
    let said = outcome.json()["items"][1]["message"].to_string();
    assert!(said.contains("it redirects to a server that cannot be asked"), "{said}");
    assert!(!said.contains("docker/registry"), "{said}");
}
