// SPDX-License-Identifier: Apache-2.0
//! Work against a cluster: the images it holds, and the records on them.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use support::cluster::Scene;
use support::images::D1;

#[test]
fn one_image_in_four_requests() {
    let scene = Scene::signed();
    let outcome = scene
        .run_verify(D1, &["-o", "json", "--confirm"])
        .expect_verdict(0, "Verified/Verified");
    assert_eq!(outcome.item()["recorded"], "yes");
    let image = format!("/apis/image.openshift.io/v1/images/{D1}");
    assert_eq!(
        scene.server.lines(),
        [
            "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews".to_owned(),
            format!("GET {image}"),
            "POST /apis/authentication.k8s.io/v1/selfsubjectreviews".to_owned(),
            format!("PATCH {image}"),
        ]
    );
}
