// SPDX-License-Identifier: Apache-2.0
//! Which images pods run (docs/openshift-api.md 9).
//!
//! What runs is told by `imageID` of a container's status, and what was asked for by `image` of its specification. Only the
//! latter is somebody's word for what the image should be, and only where it names a digest: what a tag stood for when the
//! pod began is no expectation.

use serde_json::Value;

use super::pages::List;
use crate::digest::{Algorithm, Digest};
use crate::json::select::Keep;
use crate::reference::Reference;
use crate::text::quoted;

/// What is kept of a pod.
const POD: Keep = Keep::Members(&[
    ("apiVersion", Keep::All),
    ("kind", Keep::All),
    (
        "metadata",
        Keep::Members(&[("name", Keep::All), ("namespace", Keep::All), ("uid", Keep::All)]),
    ),
    (
        "spec",
        Keep::Members(&[
            ("initContainers", CONTAINERS),
            ("containers", CONTAINERS),
            ("ephemeralContainers", CONTAINERS),
        ]),
    ),
    (
        "status",
        Keep::Members(&[
            ("phase", Keep::All),
            ("initContainerStatuses", STATUSES),
            ("containerStatuses", STATUSES),
            ("ephemeralContainerStatuses", STATUSES),
        ]),
    ),
]);

const CONTAINERS: Keep = Keep::Elements(&Keep::Members(&[("name", Keep::All), ("image", Keep::All)]));

const STATUSES: Keep = Keep::Elements(&Keep::Members(&[("name", Keep::All), ("imageID", Keep::All)]));

/// Containers of a pod and their statuses, by the members that hold them.
const KINDS: [(&str, &str); 3] = [
    ("initContainers", "initContainerStatuses"),
    ("containers", "containerStatuses"),
    ("ephemeralContainers", "ephemeralContainerStatuses"),
];

/// A container that runs, or has run in a pod that does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Namespace of its pod.
    pub namespace: String,
    /// `POD/CONTAINER`, as it is shown.
    pub name: String,
    /// The digest of the manifest that it runs, or why that is not known.
    pub runs: Result<Digest, String>,
    /// What it was asked to run, if that is a reference.
    pub asked: Option<Reference>,
}

/// The list of pods, of one namespace or all.
#[must_use]
pub fn list(namespace: Option<&str>, selector: &str) -> List {
    List {
        path: match namespace {
            Some(namespace) => format!("/api/v1/namespaces/{namespace}/pods"),
            None => "/api/v1/pods".to_owned(),
        },
        api_version: "v1",
        kind: "Pod",
        selector: selector.to_owned(),
        keep: POD,
    }
}

/// The containers of a pod that have an image. Pods that have ended run nothing; in all others everything counts that was
/// started, init containers that are done too: they run again with the pod.
///
/// # Errors
/// When the object does not say whether it runs.
pub fn containers(pod: &Value) -> Result<Vec<Container>, String> {
    let name = pod["metadata"]["name"].as_str().unwrap_or_default();
    let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
    if name.is_empty() || namespace.is_empty() {
        return Err("a pod has no name or no namespace".to_owned());
    }
    let wrong = |what: String| format!("pod {}: {what}", quoted(&format!("{namespace}/{name}")));
    let is_running = match pod["status"]["phase"].as_str() {
        Some("Succeeded" | "Failed") => return Ok(Vec::new()),
        // Init containers run before the phase is Running.
        Some("Pending") => false,
        // On a node that is out of reach pods may run on.
        Some("Running" | "Unknown") => true,
        other => return Err(wrong(format!("its phase is {}", quoted(other.unwrap_or_default())))),
    };
    let mut found = Vec::new();
    for (specified, told) in KINDS {
        let (specified, told) = (entries(&pod["spec"][specified]), entries(&pod["status"][told]));
        for container in specified {
            let own = container["name"].as_str().unwrap_or_default();
            let status = told.iter().find(|status| status["name"] == own);
            let id = status.and_then(|status| status["imageID"].as_str()).unwrap_or_default();
            let text = container["image"].as_str().unwrap_or_default();
            let asked = Reference::parse(text).ok();
            if asked.is_none() && !text.is_empty() {
                // What runs is used all the same.
                found.push(Container {
                    namespace: namespace.to_owned(),
                    name: format!("{name}/{own}"),
                    runs: Err(wrong(format!(
                        "container {}: image {} is no reference, so that what it expects is not known",
                        quoted(own),
                        quoted(text)
                    ))),
                    asked: None,
                });
            }
            // A container that waits for its image runs nothing; one that the status leaves out may run anything.
            if id.is_empty() && (status.is_some() || !is_running) {
                continue;
            }
            let runs = manifest(id)
                // A runtime that does not say it has pulled what was named.
                .or_else(|| sha256(asked.as_ref()?.digest()?))
                .ok_or_else(|| {
                    wrong(format!(
                        "container {}: imageID {} names no manifest",
                        quoted(own),
                        quoted(id)
                    ))
                });
            found.push(Container {
                namespace: namespace.to_owned(),
                name: format!("{name}/{own}"),
                runs,
                asked,
            });
        }
    }
    Ok(found)
}

/// The digest of the manifest that an `imageID` names: `REPOSITORY@sha256:...` from CRI-O and containerd,
/// `docker-pullable://REPOSITORY@sha256:...` from Docker. A digest without a repository is that of the configuration, which
/// is another one.
fn manifest(id: &str) -> Option<Digest> {
    let text = id.split_once("://").map_or(id, |(_, rest)| rest);
    let (repository, digest) = text.split_once('@')?;
    if repository.is_empty() {
        return None;
    }
    sha256(&Digest::parse(digest).ok()?)
}

fn sha256(digest: &Digest) -> Option<Digest> {
    (digest.algorithm() == Algorithm::Sha256).then(|| digest.clone())
}

fn entries(list: &Value) -> &[Value] {
    list.as_array().map_or(&[][..], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn hex(c: char) -> String {
        format!("sha256:{}", c.to_string().repeat(64))
    }

    fn pod(phase: &str, id: &str, image: &str) -> Value {
        json!({"metadata": {"name": "web", "namespace": "shop"},
               "spec": {"containers": [{"name": "main", "image": image}]},
               "status": {"phase": phase, "containerStatuses": [{"name": "main", "imageID": id}]}})
    }

    fn runs(phase: &str, id: &str, image: &str) -> Result<Vec<Result<String, String>>, String> {
        let found = containers(&pod(phase, id, image))?;
        let digest = |container: Container| container.runs.map(|digest| digest.to_string());
        Ok(found.into_iter().map(digest).collect())
    }

    #[test]
    fn the_forms_of_image_ids() {
        let (a, b) = (hex('a'), hex('b'));
        for id in [
            format!("quay.io/x/app@{a}"),
            format!("docker-pullable://quay.io/x/app@{a}"),
            format!("docker.io/library/app@{a}"),
        ] {
            assert_eq!(runs("Running", &id, "app:1").unwrap(), [Ok(a.clone())], "{id}");
        }
        // These are digests of configurations, which name no manifest.
        for id in [
            format!("docker://{b}"),
            b.clone(),
            hex('c')[7..].to_owned(),
            format!("@{b}"),
        ] {
            assert!(runs("Running", &id, "app:1").unwrap()[0].is_err(), "{id}");
            let named = format!("quay.io/x/app@{a}");
            assert_eq!(runs("Running", &id, &named).unwrap(), [Ok(a.clone())], "{id}");
        }
    }

    #[test]
    fn pods_that_have_ended_run_nothing_and_those_that_begin_do() {
        let id = format!("quay.io/x/app@{}", hex('a'));
        for phase in ["Running", "Pending", "Unknown"] {
            assert_eq!(runs(phase, &id, "app:1").unwrap().len(), 1, "{phase}");
        }
        for phase in ["Succeeded", "Failed"] {
            assert_eq!(runs(phase, &id, "app:1").unwrap(), [], "{phase}");
        }
        assert!(runs("", &id, "app:1").is_err());
        assert_eq!(runs("Pending", "", "app:1").unwrap(), []);
        let mut silent = pod("Running", &id, "app:1");
        silent["status"]["containerStatuses"] = json!([]);
        assert!(containers(&silent).unwrap()[0].runs.is_err());
        silent["status"]["phase"] = "Pending".into();
        assert_eq!(containers(&silent).unwrap(), []);
    }

    #[test]
    fn init_and_ephemeral_containers_count() {
        let mut pod = pod("Running", &format!("x/app@{}", hex('a')), "x/app:1");
        for (kind, c) in [("init", 'b'), ("ephemeral", 'c')] {
            pod["spec"][format!("{kind}Containers")] = json!([{"name": kind, "image": "x/app:1"}]);
            let status = json!([{"name": kind, "imageID": format!("x/app@{}", hex(c))}]);
            pod["status"][format!("{kind}ContainerStatuses")] = status;
        }
        let found = containers(&pod).unwrap();
        let names: Vec<&str> = found.iter().map(|container| &*container.name).collect();
        assert_eq!(names, ["web/init", "web/main", "web/ephemeral"]);
    }

    #[test]
    fn what_was_asked_for_and_cannot_be_read_is_told_beside_what_runs() {
        let id = format!("x/app@{}", hex('a'));
        let found = runs("Running", &id, "[::1]:5000/app:1").unwrap();
        assert_eq!((found.len(), found[0].is_err()), (2, true), "{found:?}");
        assert!(found[1].is_ok(), "{found:?}");
    }
}
