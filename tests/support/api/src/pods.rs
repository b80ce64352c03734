// SPDX-License-Identifier: Apache-2.0
//! Pods: read and list.

use serde_json::json;

use super::http::HttpRequest;
use super::list::page;
use super::objects::Resource;
use super::route::Target;
use super::state::State;
use super::status::{method_not_allowed, not_found, not_played, unknown_resource, Answer, Failure};

/// Serves requests for `pods`, which are only read.
pub fn serve(state: &mut State, request: &HttpRequest, target: &Target) -> Result<Answer, Failure> {
    match (target.verb.as_str(), target.subresource.as_str()) {
        ("get", "") if target.namespace.is_empty() => Err(unknown_resource()),
        ("get", "") => {
            let pod = state.objects.pod(&target.namespace, &target.name);
            pod.map(|pod| Answer::json(200, pod))
                .ok_or_else(|| not_found("pods", "", &target.name))
        }
        ("list", "") => {
            let resume = state.settings.resume_expired;
            let page = page(&mut state.objects, Resource::Pods, request, &target.namespace, resume)?;
            let list = json!({
                "kind": "PodList", "apiVersion": "v1", "metadata": page.metadata, "items": page.items,
            });
            Ok(Answer::json(200, list))
        }
        (verb, "") => Err(not_played(&format!("{verb} of pods"))),
        _ => Err(method_not_allowed()),
    }
}
