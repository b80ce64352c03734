// SPDX-License-Identifier: Apache-2.0
//! Answers of an API server that end behind any of their bytes: nothing is made of what came.

use image_signature::cluster::api::{Api, ApiError};
use serde_json::{json, Value};

use crate::attach::{api, TOKEN};
use crate::cluster::{line, RIGHT, USER};
use crate::support::api::{Fault, Server, User};
use crate::support::images::{image, D1};

/// How many servers have the cuts of one answer among them.
const LANES: usize = 6;

/// A server with an auditor and an image.
fn server() -> Server {
    let server = Server::start();
    server.user(TOKEN, User::new("alice"));
    server.allow_auditor("alice");
    server.image(image(D1, &[b"no signature"]));
    server
}

/// Cuts what is answered to a request behind each of its bytes. A read is tried again, and then has the whole; of a question
/// that was posted nothing is known.
fn cut_everywhere(request: &str, ask: impl Fn(&mut Api) -> Result<Value, ApiError> + Sync) {
    let (method, path) = request.split_once(' ').unwrap();
    let path = path.split('?').next().unwrap();
    let ask = &ask;
    std::thread::scope(|scope| {
        for lane in 0..LANES {
            scope.spawn(move || {
                let server = server();
                let mut api = api(&server);
                let known = ask(&mut api).unwrap();
                let length = known.to_string().len();
                assert!((1..4096).contains(&length), "{request}: {length}");
                for at in (0..length).skip(lane).step_by(LANES) {
                    let fault = if at % 2 == 0 { Fault::cut(at) } else { Fault::reset(at) };
                    server.heal();
                    server.fault(fault.on(method, &format!("{path}$")).once());
                    let answer = ask(&mut api);
                    match method {
                        "GET" => assert_eq!(answer.unwrap(), known, "{request} {at}"),
                        _ => assert!(answer.is_err(), "{request} {at}: {answer:?}"),
                    }
                }
            });
        }
    });
}

#[test]
fn a_cut_at_any_byte_of_an_object_a_list_and_a_review_gives_nothing() {
    std::thread::scope(|scope| {
        let image = line("GET", D1);
        scope.spawn(move || cut_everywhere(&image, |api| api.get(image.split_once(' ').unwrap().1)));
        scope.spawn(|| {
            let path = format!("{}?limit=500", crate::cluster::IMAGES);
            cut_everywhere(&format!("GET {path}"), |api| {
                let page = api.page(&path)?;
                Ok(serde_json::from_slice(&page).unwrap())
            });
        });
        for (request, kind, spec) in [
            (
                RIGHT,
                "authorization.k8s.io/v1 SelfSubjectAccessReview",
                json!({"resourceAttributes": {"group": "image.openshift.io", "resource": "images", "verb": "patch"}}),
            ),
            (USER, "authentication.k8s.io/v1 SelfSubjectReview", json!({})),
        ] {
            scope.spawn(move || {
                let (version, kind) = kind.split_once(' ').unwrap();
                let question = json!({"apiVersion": version, "kind": kind, "spec": spec});
                cut_everywhere(request, |api| api.post(request.split_once(' ').unwrap().1, &question));
            });
        }
    });
}
