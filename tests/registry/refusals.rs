// SPDX-License-Identifier: Apache-2.0
//! What is said where a registry refuses, has not what is asked for, or is not reached: its own words, and what to do.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

use serde_json::{json, Value};

use crate::registry::town::Town;
use crate::support::hub::{Answer, Guard, Hub};
use crate::support::images::base64;
use crate::support::secrets::assert_hidden;

const PASSWORD: &str = "Xyzzy.pass.9917.word";

fn message(town: &Town, verdict: &str, args: &[&str]) -> String {
    let outcome = town.verify_json(&[args, &["-v=9"]].concat()).expect_verdict(3, verdict);
    let shown = format!("{}{}", outcome.stdout, outcome.stderr);
    let pair = base64(format!("reader:{PASSWORD}").as_bytes());
    assert_hidden(&shown, &[PASSWORD.as_bytes(), pair.as_bytes()]);
    outcome.item()["message"].as_str().unwrap().to_owned()
}

fn errors(status: u16, errors: &Value) -> Answer {
    let answer = Answer::ok("application/json", json!({ "errors": errors }).to_string());
    Answer { status, ..answer }
}

/// A registry over plain http that wants another password.
fn guarded() -> (Town, Hub, String) {
    let (town, hub) = (Town::new(), Hub::plain());
    town.insecure(&[&hub.host()]);
    town.store_on_disk();
    hub.store(|store| store.repository("ns/app").image("v1", "guarded"));
    hub.guard(Guard::Basic("reader".into(), "another".into()));
    let image = format!("docker://{}/ns/app:v1", hub.host());
    (town, hub, image)
}

#[test]
fn a_password_that_is_not_accepted() {
    let (town, hub, image) = guarded();
    let host = hub.host();
    let said = message(
        &town,
        "Unchecked/Forbidden",
        &[&image, "--creds", &format!("reader:{PASSWORD}")],
    );
    let wrong = "(401); the user name or the password is not accepted; the login is";
    assert!(said.ends_with(&format!("{wrong} that of --creds")), "{said}");
    let pair = base64(format!("reader:{PASSWORD}").as_bytes());
    let conf = town.sandbox.path("registries.conf");
    // The key that is nearest is the one that must be renewed.
    for key in [host.clone(), format!("{host}/ns")] {
        let file = town
            .sandbox
            .file("auth.json", json!({"auths": {&key: {"auth": pair}}}).to_string());
        let file = file.to_str().unwrap();
        let said = message(&town, "Unchecked/Forbidden", &[&image, "--authfile", file]);
        let renewal = format!(
            "from {file}; log in again: skopeo --registries-conf {} login --authfile {file} --tls-verify=false {key}",
            conf.display()
        );
        assert!(said.ends_with(&format!("{wrong} {renewal}")), "{said}");
    }
    // One that is stored for another spelling of the host is not sent over plain http.
    let other = json!({"auths": {format!("http://{host}"): {"auth": pair}}}).to_string();
    let file = town.sandbox.file("auth.json", other);
    let said = message(
        &town,
        "Unchecked/Forbidden",
        &[&image, "--authfile", file.to_str().unwrap()],
    );
    assert!(said.ends_with("was not sent"), "{said}");
    assert!(!said.contains("not accepted"), "{said}");
}

#[test]
fn a_token_server_that_does_not_accept_a_password() {
    let (town, hub, image) = guarded();
    hub.guard(Guard::bearer(&format!("{}/token", hub.url()), "t"));
    let code = json!([{"code": "UNAUTHORIZED", "message": "incorrect username or password"}]);
    hub.answer("/token", errors(401, &code));
    let creds = format!("reader:{PASSWORD}");
    let said = message(&town, "Unchecked/Forbidden", &[&image, "--creds", &creds]);
    let words =
        "(401); the server says \"UNAUTHORIZED: incorrect username or password\"; the user name or the password";
    assert!(said.contains(words), "{said}");
    // Where it gives a token that the registry does not take, the password is right.
    hub.answer("/token", Answer::token("of another repository"));
    let said = message(&town, "Unchecked/Forbidden", &[&image, "--creds", &creds]);
    assert!(
        said.ends_with(&format!("(401); the login for {} does not allow it", hub.host())),
        "{said}"
    );
}

/// Bounded and safe, and nothing of the login that the server repeats.
#[test]
fn the_words_of_a_registry() {
    let (town, hub, image) = guarded();
    hub.guard(Guard::Open);
    let path = "/v2/ns/app/manifests/v1";
    for (status, code, words, verdict) in [
        (403, "DENIED", "quota exceeded for project x", "Unchecked/Forbidden"),
        (
            503,
            "UNAVAILABLE",
            "maintenance until 14:00",
            "Unchecked/SourceUnavailable",
        ),
        (404, "NAME_UNKNOWN", "repository name not known", "Unchecked/NotFound"),
    ] {
        hub.answer(path, errors(status, &json!([{"code": code, "message": words}])));
        let said = message(&town, verdict, &[&image, "--request-timeout", "20s"]);
        let words = format!("({status}); the server says \"{code}: {words}\"");
        assert!(said.replace("status 503", "(503)").contains(&words), "{said}");
    }
    let long = format!("\u{1b}[2J\u{202e}{}", "long ".repeat(1000));
    hub.answer(path, errors(403, &json!([{"code": "DENIED", "message": long}])));
    let said = message(&town, "Unchecked/Forbidden", &[&image]);
    assert!(said.len() < 1000 && !said.contains(['\u{1b}', '\u{202e}']), "{said}");
    hub.guard(Guard::Basic("reader".into(), PASSWORD.into()));
    let pair = base64(format!("reader:{PASSWORD}").as_bytes());
    for repeated in [PASSWORD, pair.as_str(), "https://reader:Xyzzy.pass.9917.word@h/"] {
        hub.answer(
            path,
            errors(403, &json!([{"code": "DENIED", "message": format!("no {repeated}")}])),
        );
        let said = message(
            &town,
            "Unchecked/Forbidden",
            &[&image, "--creds", &format!("reader:{PASSWORD}")],
        );
        assert!(!said.contains("the server says"), "{said}");
    }
}

#[test]
fn a_tag_that_is_not_there() {
    let (town, hub, _) = guarded();
    hub.guard(Guard::Open);
    let name = format!("{}/ns/app", hub.host());
    let said = message(&town, "Unchecked/NotFound", &[&format!("docker://{name}:v9")]);
    let step = "look at the spelling of repository and tag; to see its tags";
    // Over plain http skopeo needs to be told that it is allowed.
    let conf = town.sandbox.path("registries.conf");
    let skopeo = format!("skopeo --registries-conf {}", conf.display());
    let plainly = format!("{step}: {skopeo} list-tags --tls-verify=false docker://{name}");
    assert!(said.ends_with(&plainly), "{said}");
    let tls = Hub::tls();
    tls.store(|store| store.repository("ns/app").image("v1", "tags"));
    let other = format!("{}/ns/app", tls.host());
    let authority = town.sandbox.file("ca.pem", tls.ca_pem());
    let args = [
        &format!("docker://{other}:v9"),
        "--registry-ca",
        authority.to_str().unwrap(),
    ];
    let said = message(&town, "Unchecked/NotFound", &args);
    assert!(
        said.ends_with(&format!(
            "{step} (DIR is a directory with the CA certificate as ca.crt): {skopeo} list-tags --cert-dir DIR docker://{other}"
        )),
        "{said}"
    );
    // A digest is no tag.
    let absent = format!("docker://{name}@{}", crate::support::images::D1);
    let said = message(&town, "Unchecked/NotFound", &[&absent]);
    assert!(!said.contains("list-tags"), "{said}");
}

#[test]
fn a_host_that_is_not_reached() {
    let town = Town::new();
    let unknown = message(
        &town,
        "Unchecked/SourceUnavailable",
        &["docker://no-such-host.invalid/ns/app:v1"],
    );
    assert!(
        unknown.contains("; look at the spelling of the host, and at DNS"),
        "{unknown}"
    );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap();
    drop(listener);
    let refused = message(
        &town,
        "Unchecked/SourceUnavailable",
        &[&format!("docker://{host}/ns/app:v1")],
    );
    let step = "connection refused; check the host and the port, and that the server is running";
    assert!(refused.ends_with(step), "{refused}");
}

#[test]
fn a_proxy_that_does_not_connect() {
    let town = Town::new();
    for (status, words) in [
        (
            407,
            "it requires authentication (407): put USER:PASSWORD@ before the host",
        ),
        (503, "it answers with status 503"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // The program may ask again.
        let is_over = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&is_over);
        let proxy = std::thread::spawn(move || {
            while let Ok((mut client, _)) = listener.accept() {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                // All of the request, whose end comes last: what is not read when a connection is closed resets it.
                let mut request = Vec::new();
                let mut part = [0; 4096];
                while !request.ends_with(b"\r\n\r\n") {
                    match client.read(&mut part) {
                        Ok(length @ 1..) => request.extend_from_slice(&part[..length]),
                        _ => break,
                    }
                }
                let _ = write!(client, "HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n");
            }
        });
        let mut command = town.command(&["verify", "-o", "json", "docker://registry.example/ns/app:v1"]);
        command.env("HTTPS_PROXY", format!("http://user:{PASSWORD}@{address}"));
        let outcome = town.sandbox.finish(&mut command, b"");
        is_over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(address).unwrap());
        proxy.join().unwrap();
        assert_hidden(&(outcome.stdout.clone() + &outcome.stderr), &[PASSWORD.as_bytes()]);
        let item = outcome.expect_verdict(3, "Unchecked/SourceUnavailable").item();
        let said = item["message"].as_str().unwrap();
        assert!(said.contains(&format!("the proxy {address} (HTTPS_PROXY)")), "{said}");
        assert!(said.contains(words), "{said}");
        assert!(!said.contains(&format!("{status}/{status}")), "{said}");
    }
}

/// The line, and one cause.
#[test]
fn files_that_break_their_format() {
    let (town, _hub, image) = guarded();
    for (text, words) in [
        ("{\n  \"auths\": {\n", "line 3: it is not JSON"),
        (
            "{\"auths\": {},\n \"auths\": {}}",
            "line 2: a member occurs twice in an object",
        ),
        (
            "{\"auths\": {\"a.example\": {\"auth\": 1}}}",
            "auths, the entry for a.example: auth: expected a string",
        ),
    ] {
        let file = town.sandbox.file("broken.json", text);
        town.verify(&[&image, "--authfile", file.to_str().unwrap()])
            .expect_usage(words);
    }
    let good = "[[registry]]\nlocation = \"a.example\"\n\n";
    for (text, words) in [
        ("[[registry]\n", "line 4, column 12: "),
        (
            "[[registry]] # other\nlocation = \"b.example\"\nblocked = \"yes\"\n",
            "[[registry]] (location = \"b.example\"): blocked: expected",
        ),
        (
            "[[registry]]\nprefix = \"c.example\"\n",
            "[[registry]] (prefix = \"c.example\"): prefix \"c.example\": location is missing",
        ),
    ] {
        town.conf(&format!("{good}{text}"));
        town.verify(&[&image]).expect_usage(words);
    }
}
