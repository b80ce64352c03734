// SPDX-License-Identifier: Apache-2.0
//! The registry of a cluster: under which hosts the cluster itself lists it (docs/openshift-api.md 8.1). A token of the
//! cluster goes to these and to no other.

use serde_json::Value;

use super::api::{Api, ApiError};
use super::pages::{List, Pages};
use crate::json::select::Keep;
use crate::reason::{Reason, Refusal};
use crate::reference::Reference;
use crate::text::quoted;

/// The cluster's own configuration of images, which has nothing to do with Image objects but the name.
const CONFIGURATION: &str = "/apis/config.openshift.io/v1/images/cluster";

/// The route that the registry's operator makes where it is asked to.
const ROUTE: &str = "/apis/route.openshift.io/v1/namespaces/openshift-image-registry/routes/default-route";

/// Streams of a namespace that are asked for at first: the first one mostly says it.
const STREAMS: u32 = 20;

/// Streams of a namespace that are looked at. Those that name a registry of their author's say nothing, and may come first.
const MAX_STREAMS: usize = 1000;

/// What is kept of a stream.
const STREAM: Keep = Keep::Members(&[
    ("apiVersion", Keep::All),
    ("kind", Keep::All),
    ("metadata", Keep::Members(&[("name", Keep::All), ("uid", Keep::All)])),
    ("spec", Keep::Members(&[("dockerImageRepository", Keep::All)])),
    (
        "status",
        Keep::Members(&[
            ("dockerImageRepository", Keep::All),
            ("publicDockerImageRepository", Keep::All),
        ]),
    ),
]);

/// What a cluster says about registries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Configuration {
    /// Host and port of its own registry, within the cluster.
    pub internal: Option<String>,
    /// Hosts of its own registry, from outside.
    pub external: Vec<String>,
    /// Registries whose certificates need not be verified.
    pub insecure: Vec<String>,
    /// Registries that nodes must not contact.
    pub blocked: Vec<String>,
}

/// The hosts of a cluster's own registry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Own {
    /// Within the cluster, `HOST[:PORT]`.
    pub internal: Vec<String>,
    /// From outside the cluster, `HOST[:PORT]`.
    pub external: Vec<String>,
}

impl Own {
    /// All of them, those from outside first: they are reached from everywhere.
    pub fn hosts(&self) -> impl Iterator<Item = &String> {
        self.external.iter().chain(&self.internal)
    }

    /// Whether a host is one of them, port included.
    #[must_use]
    pub fn has(&self, host: &str) -> bool {
        let mut all = self.internal.iter().chain(&self.external);
        all.any(|own| own.eq_ignore_ascii_case(host))
    }
}

/// The configuration; `None` where the cluster has none.
///
/// # Errors
/// When it cannot be read, or is not what it should be.
pub fn configuration(api: &mut Api) -> Result<Option<Configuration>, Refusal> {
    let what = "reading the image configuration of the cluster (images.config.openshift.io/cluster)";
    let object = match api.get(CONFIGURATION) {
        Ok(object) => object,
        Err(ApiError::Status(status)) if status.is_absent() => return Ok(None),
        Err(error) => return Err(error.refusal(what)),
    };
    if object["kind"] != "Image" || object["metadata"]["name"] != "cluster" {
        return Err(api
            .nonsense("expected the Image cluster of config.openshift.io")
            .refusal(what));
    }
    let list = |value: &Value, member: &str| -> Result<Vec<String>, Refusal> {
        let texts = match value {
            Value::Null => Some(Vec::new()),
            Value::Array(list) => list.iter().map(|one| one.as_str().map(str::to_owned)).collect(),
            _ => None,
        };
        let wrong = || {
            Refusal::new(
                Reason::SourceUnavailable,
                format!("{what}: {member}: expected a list of text"),
            )
        };
        texts.ok_or_else(wrong)
    };
    let (spec, status) = (&object["spec"]["registrySources"], &object["status"]);
    let internal = status["internalRegistryHostname"]
        .as_str()
        .filter(|host| !host.is_empty());
    Ok(Some(Configuration {
        internal: internal.map(str::to_owned),
        external: list(&status["externalRegistryHostnames"], "status.externalRegistryHostnames")?,
        insecure: list(&spec["insecureRegistries"], "spec.registrySources.insecureRegistries")?,
        blocked: list(&spec["blockedRegistries"], "spec.registrySources.blockedRegistries")?,
    }))
}

/// The hosts of the cluster's own registry: by its configuration, by the route, and, for users who may read neither, by
/// what the server says of image streams in the user's namespace or in `openshift`.
///
/// There are none where the cluster names none.
///
/// # Errors
/// When none can be found out.
pub fn own(api: &mut Api) -> Result<Own, Refusal> {
    let mut own = Own::default();
    let mut trouble = None;
    match configuration(api) {
        Ok(Some(configuration)) => {
            own.internal.extend(configuration.internal);
            own.external = configuration.external;
        }
        Ok(None) => {}
        Err(refusal) => trouble = Some(refusal),
    }
    match api.get(ROUTE) {
        Ok(route) => own.external.extend(admitted(&route)),
        Err(ApiError::Status(status)) if status.is_absent() => {}
        Err(error) => {
            trouble = trouble.or(Some(
                error.refusal("reading the route default-route of the cluster's registry"),
            ))
        }
    }
    if own.internal.is_empty() && own.external.is_empty() {
        let further = by_streams(api, &mut own);
        trouble = match (trouble, further) {
            (Some(first), Some(further)) => Some(Refusal {
                message: format!("{}; {}", first.message, further.message),
                ..first
            }),
            (first, further) => first.or(further),
        };
    }
    own.external.dedup();
    let is_none = own.internal.is_empty() && own.external.is_empty();
    match trouble {
        Some(refusal) if is_none => Err(refusal),
        _ => Ok(own),
    }
}

/// What is said where a registry of the cluster is asked for and there is none.
#[must_use]
pub fn names_none() -> Refusal {
    Refusal::new(
        Reason::SourceUnavailable,
        "the cluster names no registry of its own: neither its image configuration nor the route default-route nor an image stream has a host",
    )
}

/// Hosts of a route that the router has admitted: another route may have claimed the one that is asked for.
fn admitted(route: &Value) -> Vec<String> {
    if route["kind"] != "Route" || route["metadata"]["name"] != "default-route" {
        return Vec::new();
    }
    let is_admitted = |ingress: &&Value| {
        let mut conditions = ingress["conditions"].as_array().into_iter().flatten();
        conditions.any(|condition| condition["type"] == "Admitted" && condition["status"] == "True")
    };
    let ingresses = route["status"]["ingress"].as_array().into_iter().flatten();
    let hosts = ingresses
        .filter(is_admitted)
        .filter_map(|ingress| ingress["host"].as_str());
    hosts.filter(|host| !host.is_empty()).map(str::to_owned).collect()
}

/// Asks streams, of which those that the server itself gives a host agree.
fn by_streams(api: &mut Api, own: &mut Own) -> Option<Refusal> {
    let mut trouble = None;
    let namespace = api.access().namespace.clone();
    for namespace in [namespace.as_str(), "openshift"] {
        let mut pages = Pages::new(List {
            path: format!("/apis/image.openshift.io/v1/namespaces/{namespace}/imagestreams"),
            api_version: "image.openshift.io/v1",
            kind: "ImageStream",
            selector: String::new(),
            keep: STREAM,
            first: STREAMS,
        });
        for _ in 0..MAX_STREAMS {
            let stream = match pages.next(api) {
                Ok(Some(stream)) => stream,
                Ok(None) => break,
                Err(error) => {
                    // Whoever may not read streams there is told what else could not be read.
                    if !error
                        .status()
                        .is_some_and(|status| status.code == 403 || status.is_absent())
                    {
                        let what = format!("reading the image streams of {}", quoted(namespace));
                        trouble = trouble.or(Some(error.refusal(&what)));
                    }
                    break;
                }
            };
            own.internal
                .extend(host_of(&stream, namespace, "dockerImageRepository"));
            own.external
                .extend(host_of(&stream, namespace, "publicDockerImageRepository"));
            if !own.internal.is_empty() || !own.external.is_empty() {
                return None;
            }
        }
    }
    trouble
}

/// The host of the registry in the status of a stream, where only the server can have written it: on a cluster without a
/// registry the status repeats what the author of the stream has in its spec.
fn host_of(stream: &Value, namespace: &str, member: &str) -> Option<String> {
    let spec = &stream["spec"]["dockerImageRepository"];
    if !spec.is_null() && spec != "" {
        return None;
    }
    let text = stream["status"][member].as_str()?;
    let own = format!("/{namespace}/{}", stream["metadata"]["name"].as_str()?);
    let host = text.strip_suffix(&own)?;
    let repository = Reference::parse(text).ok()?;
    (repository.domain() == host).then(|| host.to_owned())
}
