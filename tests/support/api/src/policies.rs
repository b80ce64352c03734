// SPDX-License-Identifier: Apache-2.0
//! The resources `clusterimagepolicies` and `imagepolicies`, which are custom resources: read one by one and in lists.

use serde_json::{json, Value};

use super::http::HttpRequest;
use super::list::page;
use super::objects::{with_type, Resource};
use super::route::Target;
use super::state::State;
use super::status::{not_found, not_played, unknown_resource, Answer, Failure};

/// The API group of both kinds of policies.
pub const CONFIG_GROUP: &str = "config.openshift.io";

/// Serves a request for policies of the cluster or of namespaces.
pub fn serve(state: &mut State, request: &HttpRequest, target: &Target, resource: Resource) -> Result<Answer, Failure> {
    let is_namespaced = resource == Resource::Policies;
    if !target.subresource.is_empty() || !is_namespaced && !target.namespace.is_empty() {
        return Err(unknown_resource());
    }
    let (kind, version) = (resource.kind(), format!("{CONFIG_GROUP}/v1"));
    match target.verb.as_str() {
        "get" if is_namespaced && target.namespace.is_empty() => Err(unknown_resource()),
        "get" => {
            let key = match target.namespace.as_str() {
                "" => target.name.clone(),
                namespace => format!("{namespace}/{}", target.name),
            };
            let found = state.objects.table(resource).get(&key);
            let found = found.ok_or_else(|| not_found(&target.resource, CONFIG_GROUP, &target.name))?;
            Ok(Answer::json(200, with_type(kind, &version, found)))
        }
        "list" => {
            let resume = state.settings.resume_expired;
            let page = page(&mut state.objects, resource, request, &target.namespace, resume)?;
            // Unlike those of built-in kinds, items of custom resources carry their type.
            let items: Vec<Value> = page.items.iter().map(|item| with_type(kind, &version, item)).collect();
            let list = json!({
                "kind": format!("{kind}List"), "apiVersion": version, "metadata": page.metadata, "items": items,
            });
            Ok(Answer::json(200, list))
        }
        verb => Err(not_played(&format!("{verb} of {}", target.resource))),
    }
}
