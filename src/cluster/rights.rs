// SPDX-License-Identifier: Apache-2.0
//! Whether the user may write, asked before work is done (SelfSubjectAccessReview).

use serde_json::{json, Value};

use super::advice::{self, AUDITOR};
use super::api::{Api, ApiError};
use crate::reason::{Reason, Refusal};

const REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

/// Asks whether images, or one of this name, may be patched. `None` where the server does not answer such questions.
///
/// # Errors
/// When the server is not reached or refuses the login.
pub(crate) fn may_patch(api: &mut Api, image: Option<&str>) -> Result<Option<bool>, ApiError> {
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
            // An answer to another question is no permission.
            Some(allowed) if answer["kind"] == "SelfSubjectAccessReview" && answers(&answer, &review) => {
                Ok(Some(allowed))
            }
            Some(_) => Err(api.nonsense("expected the SelfSubjectAccessReview that was asked")),
            None => Err(api.nonsense("expected status.allowed to be true or false")),
        },
        Err(ApiError::Status(status)) if status.is_absent() || status.code == 403 => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether an answer is about what was asked: servers send the question back.
fn answers(answer: &Value, question: &Value) -> bool {
    let asked = &question["spec"]["resourceAttributes"];
    let answered = &answer["spec"]["resourceAttributes"];
    ["group", "resource", "verb", "name"]
        .iter()
        .all(|member| answered[*member] == asked[*member])
}

/// What is said where the right is missing.
#[must_use]
pub fn missing(api: &Api, image: &str) -> Refusal {
    let access = api.access();
    let who = match access.act_as.user.as_str() {
        "" => "this user".to_owned(),
        user => format!("{}, whom --as names,", crate::text::quoted(user)),
    };
    let remedy = if access.is_anonymous() && access.act_as.user.is_empty() {
        advice::anonymous(access)
    } else {
        format!("the cluster role {AUDITOR} has it (oc adm policy add-cluster-role-to-user {AUDITOR} USER)")
    };
    Refusal::new(
        Reason::Forbidden,
        format!(
            "changing records of image {image} needs the right to patch images, which {who} does not have; {remedy}; nothing was done"
        ),
    )
}
