// SPDX-License-Identifier: Apache-2.0
//! `--cluster-policy`: a list of policies that expires between two pages is read anew, and nothing of before counts.

use super::cluster_policy::Place;
use crate::support::api::Fault;
use crate::support::cosign::Cosign;

/// Of the policies of before and those of now a mix accepts what neither accepts.
#[test]
fn a_policy_that_changes_while_the_list_begins_again_counts_as_it_is_now() {
    let place = Place::new();
    let other = Cosign::new();
    for n in 0..600 {
        place.cluster(&format!("b{n:03}"), &[&format!("r{n}.example")], &place.cosign);
    }
    // On the first page, for the host; on the last page, for the repository.
    place.cluster("a", &["registry.local:5000"], &place.cosign);
    place.cluster("z", &["registry.local:5000/foo/bar"], &other);
    place.verify(&[]).expect_verdict(1, "Rejected/BadSignature");
    let (now, elsewhere) = (
        other.policy_spec(&["registry.local:5000"]),
        other.policy_spec(&["q.example"]),
    );
    let mut pages = 0;
    place
        .scene
        .server
        .before_every("GET", "/clusterimagepolicies$", move |objects| {
            pages += 1;
            if pages == 2 {
                objects.put_policy(None, "a", now.clone());
                objects.put_policy(None, "z", elsewhere.clone());
                objects.compact();
            }
        });
    let outcome = place.verify(&[]);
    let asked = place.scene.server.requests();
    assert!(asked.iter().any(|request| request.status == 410), "{outcome:#?}");
    outcome.expect_verdict(1, "Rejected/BadSignature");
    place.verify(&[]).expect_verdict(1, "Rejected/BadSignature");
}

/// What stands between us and the server does not know which kinds the server has.
#[test]
fn a_page_of_a_proxy_is_not_called_a_server_without_the_kind() {
    let place = Place::new();
    let fault = Fault::status(404).text("text/html", "<html>404</html>");
    place.scene.server.fault(fault.on("GET", "/clusterimagepolicies"));
    let outcome = place.verify(&[]).expect_verdict(3, "Unchecked/SourceUnavailable");
    let message = outcome.item()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("is it an API server?"), "{message}");
    assert!(!message.contains("does not have the kind"), "{message}");
}
