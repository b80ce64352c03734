// SPDX-License-Identifier: Apache-2.0
//! What goes over the wire, and trouble there: time, size, lost connections, and a server that asks to come again.

use std::io::{Read, Write};
use std::time::Duration;

use serde_json::json;

use crate::client::{only_request, unchecked, works};
use crate::support::api::{Fault, Server};
use crate::support::cluster::{Scene, TOKEN};
use crate::support::images::D1;
use crate::support::secrets::assert_hidden;

pub(super) fn count(scene: &Scene, method: &str) -> usize {
    scene.server.requests().iter().filter(|r| r.method == method).count()
}

#[test]
fn the_client_says_who_it_is_and_what_it_takes() {
    let scene = Scene::signed();
    works(&scene, &[]);
    let request = only_request(&scene);
    let agent = request.header("user-agent").unwrap();
    let (system, architecture) = (std::env::consts::OS, std::env::consts::ARCH);
    assert_eq!(
        agent,
        format!(
            "image-signature/{} ({system}/{architecture})",
            env!("CARGO_PKG_VERSION")
        )
    );
    assert_eq!(request.header("accept"), Some("application/json"));
}

#[test]
fn compressed_answers_are_read() {
    let scene = Scene::signed();
    scene.server.gzip_over(10);
    works(&scene, &[]);
}

#[test]
fn a_slow_answer_ends_with_the_time_for_the_request() {
    for fault in [
        Fault::delay(Duration::from_secs(20)),
        Fault::trickle(1, Duration::from_millis(400)),
    ] {
        let scene = Scene::signed();
        scene.server.fault(fault.on("GET", "/images/"));
        let started = std::time::Instant::now();
        let message = unchecked(&scene, &["--request-timeout", "1s"], "SourceUnavailable");
        assert!(message.contains("took longer than 1 s"), "{message}");
        // Not how long exactly, but that it is not the server who decides.
        assert!(started.elapsed() < Duration::from_secs(15));
        scene.server.hang_up();
    }
}

#[test]
fn a_server_that_never_speaks_ends_with_the_time_for_the_request() {
    // A listener that accepts and says nothing: the TLS handshake never ends.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let scene = Scene::signed();
    let url = format!("https://{}", silent.local_addr().unwrap());
    let message = unchecked(
        &scene,
        &["--server", &url, "--request-timeout", "1s"],
        "SourceUnavailable",
    );
    assert!(message.contains("took longer than 1 s"), "{message}");
}

#[test]
fn an_answer_has_a_largest_size_packed_or_not() {
    for (name, fault) in [
        ("huge", Fault::huge(70)),
        ("bomb", Fault::bomb(70)),
        ("garbage", Fault::garbage(70)),
    ] {
        let scene = Scene::signed();
        // What the fault has packed is not packed twice.
        scene.server.gzip_over(usize::MAX);
        scene.server.fault(fault.on("GET", "/images/"));
        let message = unchecked(&scene, &[], "SourceUnavailable");
        assert!(message.contains("more than"), "{name}: {message}");
    }
}

#[test]
fn refusals_are_told_in_the_words_of_oc() {
    for (fault, words) in [
        (Fault::status(401), "You must be logged in to the server (Unauthorized)"),
        (Fault::status(500), "Error from server"),
        (
            Fault::status(404).text("text/plain", "404 page not found"),
            "the server could not find the requested resource (get ",
        ),
        (
            Fault::status(429).text("text/plain", "slow"),
            "the server has received too many requests and has asked us to try again later",
        ),
        (
            Fault::status(504).text("text/html", "<html>"),
            "the server was unable to return a response in the time allotted",
        ),
        (
            Fault::status(500).text("text/plain", "boom\u{1b}[2J"),
            "an error on the server (",
        ),
    ] {
        let scene = Scene::signed();
        scene.server.fault(fault.on("GET", "/images/"));
        let outcome = scene.run_verify(D1, &["-o", "json"]).expect(3);
        let message = outcome.item()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(words), "{words}: {message}");
        assert!(!message.chars().any(image_signature::text::is_unsafe), "{message:?}");
    }
}

#[test]
fn a_server_that_is_not_there() {
    let scene = Scene::signed();
    let message = unchecked(&scene, &["--server", "https://127.0.0.1:1"], "SourceUnavailable");
    assert!(
        message
            .contains("The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?"),
        "{message}"
    );
    let message = unchecked(
        &scene,
        &["--server", "https://no-such-host.invalid"],
        "SourceUnavailable",
    );
    assert!(
        message.contains("Unable to connect to the server: no-such-host.invalid:443"),
        "{message}"
    );
}

#[test]
fn a_redirect_takes_no_credential_to_another_host() {
    let (scene, elsewhere) = (Scene::signed(), Server::start());
    let location = format!("{}/apis/image.openshift.io/v1/images/{D1}", elsewhere.url());
    for code in [301, 302, 307, 308] {
        scene.server.heal();
        scene.server.fault(
            Fault::status(code)
                .text("text/plain", "")
                .header("Location", &location)
                .on("GET", "/images/"),
        );
        let message = unchecked(&scene, &[], "SourceUnavailable");
        assert!(message.contains("redirect"), "{message}");
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[test]
fn warnings_are_told_once_and_only_those_of_kubernetes() {
    let scene = Scene::signed();
    scene.server.fault(Fault::warning("299 - \"do not do this\""));
    let outcome = works(&scene, &["--confirm"]);
    let told = outcome
        .stderr
        .lines()
        .filter(|line| line.starts_with("Warning: "))
        .count();
    assert_eq!(told, 1, "of four answers: {outcome:?}");
    let scene = Scene::signed();
    scene.server.fault(Fault::warning("199 - \"nothing\""));
    let outcome = works(&scene, &[]);
    assert!(!outcome.stderr.contains("nothing\""), "{outcome:?}");
    assert!(!outcome.stderr.contains("Warning: nothing"), "{outcome:?}");
}

#[test]
fn urls_that_are_none() {
    for url in [
        "https://",
        "ftp://x",
        "https://user:top-secret@host",
        "https://h:99999",
        "https://a b",
    ] {
        let scene = Scene::signed();
        let outcome = scene.run_verify(D1, &["--server", url]);
        assert_eq!((outcome.status, outcome.stdout.as_str()), (2, ""), "{url}: {outcome:?}");
        assert!(outcome.stderr.contains("server"), "{outcome:?}");
        assert!(!outcome.stderr.contains("top-secret"), "{outcome:?}");
    }
}

/// A server without TLS that answers every request with this and closes the connection.
fn answers(answer: Vec<u8>) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n == 1) {
                request.push(byte[0]);
            }
            let _ = stream.write_all(&answer);
        }
    });
    url
}

#[test]
fn an_answer_counts_only_if_the_whole_of_it_arrived() {
    let scene = Scene::signed();
    let body = scene.server.stored(D1).to_string();
    let length = body.len();
    let whole = |headers: &str, body: &str| {
        format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{headers}\r\n{body}").into_bytes()
    };
    let chunked = "Transfer-Encoding: chunked\r\n";
    let lengths = |n: usize| format!("Content-Length: {n}\r\n");
    for good in [
        whole(&lengths(length), &body),
        whole(chunked, &format!("{length:x}\r\n{body}\r\n0\r\n\r\n")),
        whole("Connection: close\r\n", &body),
    ] {
        works(&scene, &["--server", &answers(good)]);
    }
    for bad in [
        // The object is there, but not the end of the answer.
        whole(&lengths(length + 1), &body),
        whole(chunked, &format!("{length:x}\r\n{body}\r\n")),
        whole(chunked, &format!("{length:x}\r\n{body}")),
        // The end is there, but not the object.
        whole(&lengths(length - 1), &body),
        whole("Connection: close\r\n", &body[..length - 1]),
        whole(
            chunked,
            &format!("{:x}\r\n{}\r\n0\r\n\r\n", length - 1, &body[..length - 1]),
        ),
        whole(&lengths(0), ""),
        whole("Connection: close\r\n", ""),
        // Two ends.
        whole(&format!("{}{}", lengths(length), lengths(length - 1)), &body),
    ] {
        let shown = String::from_utf8_lossy(&bad[..bad.len().min(100)]).into_owned();
        let outcome = scene.run_verify(D1, &["-o", "json", "--server", &answers(bad)]);
        assert_eq!(outcome.verdict(), "Unchecked/SourceUnavailable", "{shown}: {outcome:?}");
        assert_eq!(outcome.status, 3);
    }
}

#[test]
fn what_a_server_sends_back_of_a_secret_is_not_shown() {
    let scene = Scene::signed();
    let page = format!("400 Bad Request\nauthorization: Bearer {TOKEN}\n");
    let status = format!("{{\"kind\":\"Status\",\"reason\":\"{TOKEN}\",\"message\":\"what is {TOKEN}?\"}}");
    for fault in [
        Fault::status(400).text("text/plain", &page),
        Fault::status(500).text("text/plain", &page),
        Fault::status(403).text("application/json", &status),
        Fault::body(&format!("text/{TOKEN}"), ""),
        Fault::warning(&format!("299 - \"{TOKEN}\"")),
    ] {
        scene.server.heal();
        scene.server.fault(fault);
        // Scene::run looks for the token in all that is printed.
        for more in [&["-v=10", "--confirm"][..], &["-o", "json"]] {
            scene.run_verify(D1, more);
        }
    }
    scene.kubeconfig(json!({"username": "u", "password": "hunter2-of-nobody"}));
    scene.server.heal();
    let page = "what is hunter2-of-nobody?";
    scene.server.fault(Fault::status(400).text("text/plain", page));
    let outcome = scene.run_verify(D1, &["-v=10"]);
    assert_hidden(
        &format!("{}{}", outcome.stdout, outcome.stderr),
        &[b"hunter2-of-nobody"],
    );
}
