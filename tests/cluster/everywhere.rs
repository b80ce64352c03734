// SPDX-License-Identifier: Apache-2.0
//! One fault after the other at each request of a run that records a verdict or takes a record back: the verdict is the true one or none, and the
//! record the old one or the right new one.

use serde_json::{json, Value};

use crate::cluster::{record_trusted, statuses, stored, USER};
use crate::support::api::Fault;
use crate::support::cluster::{Scene, IDENTITY};
use crate::support::images::{image, D1};
use crate::support::program::Outcome;

/// A run, and the record that it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    /// What was recorded, although it is not a signature, is taken back.
    TakenBack,
    /// A good signature is recorded for the first time.
    Recorded,
    /// The same by a policy in place of a key.
    ByPolicy,
}

impl Case {
    /// The statuses before, and those that are right.
    fn records(self) -> [&'static [&'static str]; 2] {
        match self {
            Case::TakenBack => [
                &["Trusted=True", "ForImage=True"],
                &["Trusted=False", "ForImage=Unknown"],
            ],
            Case::Recorded | Case::ByPolicy => [&[], &["Trusted=True", "ForImage=True"]],
        }
    }

    /// Exit status, verdict and reason where nothing goes wrong.
    fn truth(self) -> (i32, &'static str, &'static str) {
        match self {
            Case::TakenBack => (1, "Rejected", "NotASignature"),
            Case::Recorded | Case::ByPolicy => (0, "Verified", "Verified"),
        }
    }

    /// The image as it is before.
    fn image(self, scene: &Scene) -> Value {
        match self {
            Case::TakenBack => {
                let mut image = image(D1, &[b"no signature"]);
                record_trusted(
                    &mut image["signatures"][0],
                    IDENTITY,
                    "0123456789ABCDEF0123456789ABCDEF01234567",
                );
                image
            }
            Case::Recorded | Case::ByPolicy => image(D1, &[&scene.sign(D1, IDENTITY)]),
        }
    }

    fn scene(self) -> (Scene, Value) {
        let scene = Scene::new();
        let image = self.image(&scene);
        scene.server.image(image.clone());
        let rule = json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": scene.key_file.to_str().unwrap()});
        scene
            .sandbox
            .file("policy.json", json!({"default": [rule]}).to_string());
        (scene, image)
    }

    fn run(self, scene: &Scene) -> Outcome {
        let more = ["--confirm", "-o", "json", "--request-timeout", "2s"];
        if self != Case::ByPolicy {
            return scene.run_verify(D1, &more);
        }
        let own = ["verify", D1, "--expected-identity", IDENTITY, "--policy", "policy.json"];
        scene.run(&[&own[..], &more].concat())
    }
}

/// The requests of a run in which nothing goes wrong.
fn requests(case: Case) -> Vec<(String, String)> {
    let (scene, _) = case.scene();
    let (status, verdict, reason) = case.truth();
    let outcome = case.run(&scene).expect_verdict(status, &format!("{verdict}/{reason}"));
    assert_eq!(outcome.item()["recorded"], "yes");
    assert_eq!(statuses(&stored(&scene.server)), case.records()[1]);
    let lines = scene.server.lines();
    assert!(lines.contains(&USER.to_owned()), "{lines:?}");
    let split = |line: &String| {
        let (method, path) = line.split_once(' ').unwrap();
        (method.to_owned(), path.to_owned())
    };
    lines.iter().map(split).collect()
}

/// Whether the run said what it knows: otherwise, that it knows nothing.
#[track_caller]
fn judge(case: Case, scene: &Scene, outcome: &Outcome, fault: &str) -> bool {
    let stored: Value = stored(&scene.server);
    let statuses = statuses(&stored);
    let item = outcome.item();
    let said = item["verdict"].as_str().unwrap();
    let ([old, new], (status, verdict, reason)) = (case.records(), case.truth());
    assert!(statuses == old || statuses == new, "{fault}: {statuses:?}");
    // Whatever made it look verified goes together with the status.
    let whole = statuses.first().is_some_and(|first| first == "Trusted=True");
    assert_eq!(stored["issuedBy"].is_object(), whole, "{fault}: {stored}");
    assert_eq!(stored["imageIdentity"].is_string(), whole, "{fault}: {stored}");
    if outcome.status == status {
        assert_eq!(said, verdict, "{fault}: {outcome:?}");
        assert_eq!(statuses, new, "{fault}: {outcome:?}");
        return true;
    }
    assert_eq!(outcome.status, 3, "{fault}: {outcome:?}");
    let is_known = said == verdict && item["reason"] == reason;
    assert!(is_known || said == "Unchecked", "{fault}: {outcome:?}");
    // A record that came about all the same is told, or it is said that nobody knows.
    assert_ne!(item["recorded"], "yes", "{fault}: {outcome:?}");
    false
}

/// Tries faults at one request after the other, those of each in a thread with a server of its own; how many runs gave the
/// true outcome, and how many none.
fn everywhere(case: Case, faults: impl Fn(usize, &str) -> Vec<(String, Fault)> + Sync) -> [usize; 2] {
    let requests = requests(case);
    let (requests, faults) = (&requests, &faults);
    let counts = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..requests.len())
            .map(|at| {
                scope.spawn(move || {
                    let (method, path) = &requests[at];
                    // The same request may have come before.
                    let before = requests[..at].iter().filter(|other| **other == requests[at]).count();
                    let (scene, image) = case.scene();
                    let mut counts = [0, 0];
                    for (name, fault) in faults(at, method) {
                        scene.server.image(image.clone());
                        scene.server.fault(fault.on(method, &format!("{path}$")).after(before));
                        let outcome = case.run(&scene);
                        let known = judge(case, &scene, &outcome, &format!("{method} {path}: {name}"));
                        counts[usize::from(!known)] += 1;
                        scene.server.heal();
                    }
                    counts
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .fold([0, 0], |sum, counts| [sum[0] + counts[0], sum[1] + counts[1]])
    });
    println!("{case:?}: {requests:?}: {counts:?}");
    counts
}

/// Once, and each time.
#[test]
fn every_status_at_every_request_leaves_the_old_or_the_right_record() {
    const STATUSES: [u16; 49] = [
        201, 202, 203, 204, 205, 206, 207, 226, 299, 300, 301, 302, 303, 304, 305, 307, 308, 400, 401, 402, 403, 404,
        405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423, 425, 426, 428, 431, 451,
        500, 501, 502, 505, 599,
    ];
    // Those that are tried again after a while.
    const PATIENT: [u16; 3] = [429, 503, 504];
    for case in [Case::TakenBack, Case::Recorded] {
        let [known, unknown] = everywhere(case, |_, _| {
            let once = STATUSES.iter().chain(&PATIENT);
            let once = once.map(|status| (format!("{status} once"), Fault::status(*status).once()));
            let always = STATUSES
                .iter()
                .map(|status| (format!("{status}"), Fault::status(*status)));
            once.chain(always).collect()
        });
        assert!(known > 10 && unknown > 300, "{case:?}: {known} {unknown}");
    }
}

/// One of each class that is told apart.
#[test]
fn statuses_at_every_request_of_a_run_by_a_policy_leave_the_old_or_the_right_record() {
    const STATUSES: [u16; 12] = [204, 206, 302, 304, 400, 401, 403, 404, 409, 422, 500, 599];
    let [known, unknown] = everywhere(Case::ByPolicy, |_, _| {
        let fault = |status: &u16| (format!("{status}"), Fault::status(*status));
        STATUSES.iter().map(fault).collect()
    });
    assert!(unknown > 30, "{known} {unknown}");
}

/// The answer ends after so many bytes of its body, and the connection in good order, or not. Each byte of every answer is
/// in `cuts`: what is written matters most here.
#[test]
fn a_cut_at_every_byte_of_an_answer_leaves_the_old_or_the_right_record() {
    let (scene, _) = Case::TakenBack.scene();
    let length = scene.server.stored(D1).to_string().len() + 300;
    let [known, unknown] = everywhere(Case::TakenBack, |_, method| {
        // A read is tried again: its first answer alone is cut.
        let step = match method {
            "PATCH" => 1,
            "GET" => 11,
            _ => 37,
        };
        (0..length)
            .step_by(step)
            .map(|bytes| {
                let fault = if bytes % 2 == 0 {
                    Fault::cut(bytes)
                } else {
                    Fault::reset(bytes)
                };
                (format!("cut at {bytes}"), fault.once())
            })
            .collect()
    });
    assert!(known > length, "{known} {unknown}");
}
