// SPDX-License-Identifier: Apache-2.0
//! One status after the other at each request to the cluster of a run with `--attach`: the verdict is the true one or none, and
//! nothing is added or recorded but what is right.

use crate::attach::Town;
use crate::support::api::Fault;
use crate::support::cosign::Cosign;
use crate::support::program::Outcome;

/// One of each class that is told apart.
const STATUSES: [u16; 6] = [204, 302, 403, 404, 409, 500];

/// A town whose registry has a good signature, which the Image lacks.
fn town() -> (Town, Vec<u8>) {
    let town = super::posting::town();
    town.scene.sandbox.file("cosign.pub", Cosign::new().pem());
    let blob = town.sign();
    town.offer("a", &blob);
    (town, blob)
}

/// A sigstore key, by which there is no signature, has the registry asked for more.
fn attach(town: &Town) -> Outcome {
    let confirm = ["--confirm", "--attach", "-o", "json", "--request-timeout", "2s"];
    let places = ["--registry-url", "auto", "--sigstore-key", "cosign.pub"];
    town.verify(&[&confirm[..], &places].concat())
}

/// Whether the run came to the true verdict, and added and recorded it.
fn judge(town: &Town, blob: &[u8], what: &str) -> bool {
    let outcome = attach(town);
    let item = outcome.item();
    let stored = town.scene.server.stored(&town.digest);
    let names = town.names();
    assert!(names.is_empty() || names == [town.name(blob)], "{what}: {stored:#}");
    let trusted = &stored["signatures"][0]["conditions"][0]["status"];
    let is_recorded = trusted == "True";
    assert!(trusted.is_null() || is_recorded, "{what}: {stored:#}");
    match outcome.status {
        0 => {
            assert_eq!(item["verdict"], "Verified", "{what}: {outcome:#?}");
            assert!(is_recorded, "{what}: {outcome:#?}");
        }
        3 => {
            let verdict = item["verdict"].as_str().unwrap();
            assert!(["Verified", "Unchecked"].contains(&verdict), "{what}: {outcome:#?}");
            assert_ne!(item["recorded"], "yes", "{what}: {outcome:#?}");
        }
        other => panic!("{what}: exit status {other}: {outcome:#?}"),
    }
    outcome.status == 0
}

#[test]
fn statuses_at_every_request_add_and_record_nothing_but_what_is_right() {
    let (first, blob) = town();
    assert!(judge(&first, &blob, "no fault"));
    let requests = first.scene.server.lines();
    assert!(requests.iter().any(|line| line.starts_with("PATCH ")), "{requests:#?}");
    let requests = &requests;
    let known: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..requests.len())
            .map(|at| {
                scope.spawn(move || {
                    let request = &requests[at];
                    let before = requests[..at].iter().filter(|own| *own == request).count();
                    let (method, path) = request.split_once(' ').unwrap();
                    let (town, blob) = town();
                    let one = |status: &u16| {
                        town.store(&[], &town.hub.host(), false);
                        let fault = Fault::status(*status).on(method, &format!("{path}$"));
                        town.scene.server.fault(fault.after(before));
                        let known = judge(&town, &blob, &format!("{request} ({before}): {status}"));
                        town.scene.server.heal();
                        usize::from(known)
                    };
                    STATUSES.iter().map(one).sum::<usize>()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    let all = requests.len() * STATUSES.len();
    println!("{requests:#?}: {known} of {all}");
    assert!(known < all / 2, "{known} of {all}");
}
