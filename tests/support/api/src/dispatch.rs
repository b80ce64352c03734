// SPDX-License-Identifier: Apache-2.0
//! From a request to its answer: who asks, whether they may, and which resource serves them.

use serde_json::{json, Value};

use super::certificates::Authority;
use super::fault::{Effects, ENDLESS};
use super::http::HttpRequest;
use super::identity::{authenticate, impersonate, Peer};
use super::log::Request;
use super::objects::Resource;
use super::policies::CONFIG_GROUP;
use super::rbac::{allowed, User};
use super::route::Target;
use super::state::State;
use super::status::{
    forbidden, not_acceptable, page_not_found, unknown_resource, Answer, Content, Failure, IMAGE_GROUP,
};
use super::{images, pods, policies, reviews, signatures, streams};

/// Answers a request and writes it into the log.
pub fn answer(
    state: &mut State,
    authority: &Authority,
    request: &HttpRequest,
    peer: &Peer,
    effects: &Effects,
) -> Answer {
    let mut entry = Request::new(request, peer);
    let mut answer = match effects.replacement() {
        Some(answer) => answer,
        None => {
            let mut request = request.clone();
            if effects.endless {
                // Tokens that lead in circles are no tokens of the list.
                request
                    .query
                    .retain(|(n, v)| n != "continue" || !v.starts_with(ENDLESS));
            }
            let served = serve(state, authority, &mut request, peer, &mut entry);
            let mut answer = served.unwrap_or_else(|failure| *failure);
            let asked = state.log.len();
            effects.change(&mut answer, asked, |name| state.objects.image(name));
            answer
        }
    };
    effects.add_headers(&mut answer);
    entry.status = answer.status;
    state.log.push(entry);
    answer
}

/// Writes a request into the log that gets no answer; its status is 0.
pub fn lose(state: &mut State, request: &HttpRequest, peer: &Peer) {
    state.log.push(Request::new(request, peer));
}

fn serve(
    state: &mut State,
    authority: &Authority,
    request: &mut HttpRequest,
    peer: &Peer,
    entry: &mut Request,
) -> Result<Answer, Failure> {
    if !state.settings.prefix.is_empty() {
        match request.path.strip_prefix(&state.settings.prefix) {
            Some(rest) if rest.starts_with('/') => request.path = rest.to_owned(),
            _ => return Err(page_not_found()),
        }
    }
    let user = authenticate(state, authority, request, peer)?;
    entry.authenticated.clone_from(&user.name);
    let user = impersonate(state, request, user)?;
    entry.user.clone_from(&user.name);
    let target = Target::of(request);
    if !allowed(&state.rules, &user, &target) {
        return Err(forbidden(&user.name, &target));
    }
    let form = Form::of(request)?;
    state.run_hooks(request);
    let mut answer = route(state, request, &target, &user)?;
    if form == Form::Metadata {
        reduce(&mut answer);
    }
    Ok(answer)
}

fn route(state: &mut State, request: &HttpRequest, target: &Target, user: &User) -> Result<Answer, Failure> {
    if !target.is_resource {
        return match target.path.as_str() {
            "/version" => Ok(Answer::json(
                200,
                json!({"major": "1", "minor": "34", "gitVersion": "v1.34.0", "platform": "linux/amd64"}),
            )),
            "/healthz" => Ok(Answer::text(200, "ok")),
            _ => Err(page_not_found()),
        };
    }
    if let Some(document) = state.documents.get(&target.path) {
        return Ok(Answer::json(200, document.clone()));
    }
    match (target.group.as_str(), target.version.as_str(), target.resource.as_str()) {
        (IMAGE_GROUP, "v1", "images") => images::serve(state, request, target),
        (IMAGE_GROUP, "v1", "imagestreams") => streams::serve(state, request, target),
        (IMAGE_GROUP, "v1", "imagestreamtags") => streams::serve_tags(state, request, target),
        (IMAGE_GROUP, "v1", "imagestreamimages") => streams::serve_images(state, target),
        ("", "v1", "pods") => pods::serve(state, request, target),
        (IMAGE_GROUP, "v1", "imagesignatures") => signatures::serve(state, request, target),
        (CONFIG_GROUP, "v1", "clusterimagepolicies") if state.settings.policies => {
            policies::serve(state, request, target, Resource::ClusterPolicies)
        }
        (CONFIG_GROUP, "v1", "imagepolicies") if state.settings.policies => {
            policies::serve(state, request, target, Resource::Policies)
        }
        ("authentication.k8s.io", "v1", "selfsubjectreviews") if state.settings.self_subject_review => {
            reviews::who_am_i(request, target, user)
        }
        ("authorization.k8s.io", "v1", "selfsubjectaccessreviews") => reviews::may_i(state, request, target, user),
        ("user.openshift.io", "v1", "users") if state.settings.user_api => reviews::user(target, user),
        // Groups that are served know their resources; of other groups there is not even a page.
        ("" | IMAGE_GROUP | "authentication.k8s.io" | "authorization.k8s.io", "v1", _) => Err(unknown_resource()),
        _ => Err(page_not_found()),
    }
}

/// In which form objects are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Whole,
    Metadata,
}

impl Form {
    /// The first form that the client accepts and that is played.
    fn of(request: &HttpRequest) -> Result<Self, Failure> {
        let accept: Vec<&str> = request.headers("accept").flat_map(|value| value.split(',')).collect();
        if accept.is_empty() {
            return Ok(Form::Whole);
        }
        let form = accept.iter().find_map(|clause| {
            let mut parts = clause.split(';').map(str::trim);
            let media_type = parts.next()?;
            if !matches!(media_type, "application/json" | "application/*" | "*/*") {
                return None;
            }
            match parts.find_map(|part| part.strip_prefix("as=")) {
                None => Some(Form::Whole),
                Some("PartialObjectMetadata" | "PartialObjectMetadataList") => Some(Form::Metadata),
                Some(_) => None,
            }
        });
        form.ok_or_else(not_acceptable)
    }
}

/// Leaves of objects their metadata alone.
fn reduce(answer: &mut Answer) {
    let Content::Json(value) = &mut answer.body else {
        return;
    };
    let part = |value: &Value| json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": value["metadata"]});
    *value = match value["items"].as_array() {
        Some(items) => json!({
            "kind": "PartialObjectMetadataList",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": value["metadata"],
            "items": items.iter().map(part).collect::<Vec<_>>(),
        }),
        None => part(value),
    };
}
