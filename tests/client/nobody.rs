// SPDX-License-Identifier: Apache-2.0
//! An API that is down: the run gives up after the first image for which nobody was reached, and says what it waits for.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use crate::support::api::Fault;
use crate::support::cluster::Scene;
use crate::support::images::{image, D1, D2, D3};
use crate::support::program::{word, Outcome};

/// `verify` of three images.
fn three(scene: &Scene, more: &[&str]) -> Outcome {
    let mut args = scene.verify(D1);
    args.extend([&[D2, D3, "-o", "json"], more].concat().into_iter().map(str::to_owned));
    scene.run(&args).expect(3)
}

/// The first has this in its message, the others were not asked for.
fn given_up(outcome: &Outcome, words: &str) {
    let document = outcome.json();
    let items = document["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    for (n, item) in items.iter().enumerate() {
        assert_eq!(word(item), "Unchecked/SourceUnavailable");
        let message = item["message"].as_str().unwrap();
        assert!(message.contains(words), "{words}: {message}");
        assert_eq!(message.contains("was not asked again"), n > 0, "{message}");
    }
}

fn reads(scene: &Scene) -> usize {
    scene.server.requests().iter().filter(|r| r.method == "GET").count()
}

#[test]
fn a_service_that_is_unavailable_is_waited_for_once_and_aloud() {
    let scene = Scene::signed();
    scene.server.fault(Fault::status(503).on("GET", "/images/"));
    let outcome = three(&scene, &[]);
    given_up(&outcome, "the server is currently unable to handle the request");
    assert_eq!(reads(&scene), 5, "of the first image alone");
    assert!(
        outcome.stderr.contains("status 503; once more in 4000 ms"),
        "{outcome:?}"
    );
    // The other commands likewise.
    scene.server.forget_requests();
    scene.run(&["describe", D1, D2, D3]).expect(3);
    assert_eq!(reads(&scene), 5);
}

#[test]
fn nobody_who_listens() {
    let scene = Scene::signed();
    for more in [&[][..], &["--confirm"]] {
        let outcome = three(&scene, &[&["--server", "https://127.0.0.1:1"], more].concat());
        given_up(&outcome, "127.0.0.1:1 was refused");
        let outcome = three(&scene, &[&["--server", "https://no-such-host.invalid"], more].concat());
        given_up(&outcome, "Unable to connect to the server: no-such-host.invalid:443: ");
    }
}

#[test]
fn a_balancer_without_a_server_behind_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let accepted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&accepted);
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            count.fetch_add(1, Ordering::SeqCst);
            drop(connection);
        }
    });
    let scene = Scene::signed();
    let outcome = three(&scene, &["--server", &url]);
    given_up(&outcome, "in the TLS handshake");
    assert_eq!(accepted.load(Ordering::SeqCst), 5, "of the first image alone");
}

#[test]
fn trouble_with_one_image_is_none_with_the_server() {
    for fault in [Fault::status(500), Fault::status(504), Fault::lost(), Fault::cut(10)] {
        let scene = Scene::signed();
        scene.server.image(image(D2, &[]));
        scene.server.fault(fault.on("GET", D1));
        let outcome = three(&scene, &[]);
        let items = outcome.json()["items"].clone();
        let words: Vec<String> = items.as_array().unwrap().iter().map(word).collect();
        assert_eq!(
            words,
            [
                "Unchecked/SourceUnavailable",
                "Unsigned/NoSignature",
                "Unchecked/NotFound"
            ]
        );
    }
}

#[test]
fn what_became_of_a_write_is_asked_for_although_nobody_took_it() {
    let scene = Scene::signed();
    scene.server.fault(Fault::status(503).on("PATCH", "/images/"));
    let outcome = scene.run_verify(D1, &["--confirm"]).expect(3);
    assert!(
        outcome.stderr.contains("is unchanged: nothing is recorded"),
        "{outcome:?}"
    );
    assert_eq!(reads(&scene), 2);
}
