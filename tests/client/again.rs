// SPDX-License-Identifier: Apache-2.0
//! Requests that are sent again, and those that are not.

use super::wire::count;
use crate::client::{unchecked, works};
use crate::support::api::Fault;
use crate::support::cluster::Scene;

#[test]
fn a_lost_connection_is_tried_again_for_reads() {
    for fault in [
        Fault::lost(),
        Fault::reset(0),
        Fault::reset(30),
        Fault::cut(0),
        Fault::cut(30),
    ] {
        let scene = Scene::signed();
        scene.server.fault(fault.on("GET", "/images/").times(2));
        works(&scene, &[]);
        assert_eq!(count(&scene, "GET"), 3);
    }
}

#[test]
fn a_connection_that_is_lost_each_time_is_given_up() {
    let scene = Scene::signed();
    scene.server.fault(Fault::lost().on("GET", "/images/"));
    let message = unchecked(&scene, &[], "SourceUnavailable");
    assert!(message.contains("Unable to connect to the server"), "{message}");
    assert!((2..10).contains(&count(&scene, "GET")), "{}", count(&scene, "GET"));
}

#[test]
fn questions_are_not_sent_twice_blindly() {
    let scene = Scene::signed();
    scene.server.fault(Fault::lost().on("POST", "selfsubjectaccessreviews"));
    unchecked(&scene, &["--confirm"], "SourceUnavailable");
    assert_eq!(count(&scene, "POST"), 1);
}

#[test]
fn a_server_that_says_when_to_come_again_is_obeyed() {
    for code in [429, 500, 503] {
        let scene = Scene::signed();
        scene
            .server
            .fault(Fault::status(code).retry_after(0).on("GET", "/images/").times(3));
        works(&scene, &[]);
        assert_eq!(count(&scene, "GET"), 4);
    }
    // Also where it concerns a write: the server says that it has not done it.
    let scene = Scene::signed();
    scene
        .server
        .fault(Fault::status(429).retry_after(0).on("PATCH", "/images/").times(2));
    let outcome = works(&scene, &["--confirm"]);
    assert_eq!(outcome.item()["recorded"], "yes");
    assert_eq!(count(&scene, "PATCH"), 3);
}

#[test]
fn it_is_not_obeyed_for_ever() {
    let scene = Scene::signed();
    scene
        .server
        .fault(Fault::status(429).retry_after(0).on("GET", "/images/"));
    let message = unchecked(&scene, &[], "SourceUnavailable");
    assert_eq!(count(&scene, "GET"), 11, "once and ten times again");
    assert!(
        message.contains("too many requests") || message.contains("TooManyRequests"),
        "{message}"
    );
}

#[test]
fn without_saying_when_only_overload_is_read_again() {
    for (code, requests) in [(500, 1), (502, 1), (504, 1)] {
        let scene = Scene::signed();
        scene.server.fault(Fault::status(code).on("GET", "/images/"));
        unchecked(&scene, &[], "SourceUnavailable");
        assert_eq!(count(&scene, "GET"), requests, "{code}");
    }
    // While the image API rolls out it is not there for a moment.
    for code in [429, 503] {
        let scene = Scene::signed();
        scene.server.fault(Fault::status(code).on("GET", "/images/").once());
        works(&scene, &[]);
        assert_eq!(count(&scene, "GET"), 2, "{code}");
    }
}

#[test]
fn a_date_instead_of_seconds_is_no_time_to_wait() {
    let scene = Scene::signed();
    let fault = Fault::status(500).retry_after_text("Wed, 21 Oct 2999 07:28:00 GMT");
    scene.server.fault(fault.on("GET", "/images/"));
    unchecked(&scene, &[], "SourceUnavailable");
    assert_eq!(count(&scene, "GET"), 1);
}
