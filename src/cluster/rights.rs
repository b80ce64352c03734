// SPDX-License-Identifier: Apache-2.0
//! Whether the user may write, asked before work is done (SelfSubjectAccessReview).

use serde_json::json;

use super::api::{Api, Error};
use super::images::AUDITOR;
use crate::reason::{Reason, Refusal};

const REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

/// Asks whether images, or one of this name, may be patched. `None` where the server does not answer such questions.
///
/// # Errors
/// When the server is not reached or refuses the login.
pub fn may_patch(api: &mut Api, image: Option<&str>) -> Result<Option<bool>, Error> {
    let mut attributes = json!({"group": "image.openshift.io", "resource": "images", "verb": "patch"});
    if let Some(name) = image {
        attributes["name"] = name.into();
    }
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    });
    match api.post(REVIEWS, &review) {
        Ok(answer) => match answer["status"]["allowed"].as_bool() {
            Some(allowed) => Ok(Some(allowed)),
            None => Err(api.nonsense("expected status.allowed to be true or false")),
        },
        Err(Error::Status(status)) if status.is_absent() || status.code == 403 => Ok(None),
        Err(error) => Err(error),
    }
}

/// What is said where the right is missing.
#[must_use]
pub fn missing(image: &str) -> Refusal {
    Refusal::new(
        Reason::Forbidden,
        format!(
            "changing records of image {image} needs the right to patch images, which this user does not have; the cluster role {AUDITOR} has it (oc adm policy add-cluster-role-to-user {AUDITOR} USER); nothing was done"
        ),
    )
}
