// SPDX-License-Identifier: Apache-2.0
//! Who the user is, as the server says: it stands in what is recorded.

use serde_json::{json, Value};

use super::api::{Api, ApiError};

const REVIEWS: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
const OWN_USER: &str = "/apis/user.openshift.io/v1/users/~";

/// The user's name; with a note where only the configuration says so.
///
/// # Errors
/// When the server is not reached, refuses the login, or answers something else.
pub fn who_am_i(api: &mut Api) -> Result<String, ApiError> {
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    // Kubernetes 1.28 and later.
    if let Some(answer) = if_there(api.post(REVIEWS, &review))? {
        return name(
            api,
            &answer,
            "SelfSubjectReview",
            &answer["status"]["userInfo"]["username"],
        );
    }
    // OpenShift with its own OAuth server.
    if let Some(answer) = if_there(api.get(OWN_USER))? {
        return name(api, &answer, "User", &answer["metadata"]["name"]);
    }
    let hint = api.access().user_hint.as_deref().unwrap_or("unknown user");
    Ok(format!("{hint} (unconfirmed)"))
}

/// Servers without the resource say so in several ways; older ones forbid what they do not know.
fn if_there(answer: Result<Value, ApiError>) -> Result<Option<Value>, ApiError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(ApiError::Status(status)) if status.is_absent() || status.code == 403 => Ok(None),
        Err(error) => Err(error),
    }
}

fn name(api: &Api, answer: &Value, kind: &str, value: &Value) -> Result<String, ApiError> {
    match value.as_str() {
        Some(name) if !name.is_empty() && answer["kind"] == kind => Ok(name.to_owned()),
        _ => Err(api.nonsense(&format!("it names no user: expected a {kind}"))),
    }
}
