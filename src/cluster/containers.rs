// SPDX-License-Identifier: Apache-2.0
//! Which images pods run (docs/openshift-api.md 9).
//!
//! What runs is told by `imageID` of a container's status, and what was asked for by `image` of its specification. Only the
//! latter is somebody's word for what the image should be, and only where it names a digest: what a tag stood for when the
//! pod began is not an expectation.

use std::collections::HashMap;

use serde_json::Value;

use super::members;
use crate::digest::{Algorithm, Digest};
use crate::reference::Reference;
use crate::text::quoted;

/// Containers of a pod and their statuses, by the members that hold them.
const KINDS: [(&str, &str); 3] = [
    ("initContainers", "initContainerStatuses"),
    ("containers", "containerStatuses"),
    ("ephemeralContainers", "ephemeralContainerStatuses"),
];

/// A container that runs, or has run in a pod that does; or an image that such a pod mounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Namespace of its pod.
    pub namespace: String,
    /// `POD/CONTAINER` or `POD/volume VOLUME`, as it is shown.
    pub name: String,
    /// The digest of the manifest that it runs.
    pub runs: Digest,
    /// What it was asked to run, if that is a reference.
    pub asked: Option<Reference>,
}

/// What cannot be read of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The images that more may be expected of than is known; none where it may be any of them.
    pub images: Option<Vec<Digest>>,
    /// What is wrong, in a sentence that is safe to print.
    pub what: String,
}

/// The containers of a pod that have an image, and the images that it mounts; with what of it cannot be read. Pods that have ended run nothing; in all others everything counts that was started, init
/// containers that are done too: they run again with the pod.
#[must_use]
pub fn of(pod: &Value) -> (Vec<Container>, Vec<Trouble>) {
    let name = pod["metadata"]["name"].as_str().unwrap_or_default();
    let namespace = pod["metadata"]["namespace"].as_str().unwrap_or_default();
    if name.is_empty() || namespace.is_empty() {
        let what = "a pod has no name or no namespace".to_owned();
        return (Vec::new(), vec![Trouble { images: None, what }]);
    }
    let mut reading = Reading {
        pod,
        namespace,
        name,
        is_running: false,
        found: Vec::new(),
        troubles: Vec::new(),
    };
    match pod["status"]["phase"].as_str() {
        Some("Succeeded" | "Failed") => return (Vec::new(), Vec::new()),
        // Init containers run before the phase is Running.
        Some("Pending") => {}
        // On a node that is out of reach pods may run on.
        Some("Running" | "Unknown") => reading.is_running = true,
        other => {
            reading.complain(&format!("its phase is {}", quoted(other.unwrap_or_default())));
            return (Vec::new(), reading.troubles);
        }
    }
    if pod.get("spec").is_none_or(Value::is_object) && pod["spec"]["containers"].is_null() {
        reading.complain("spec.containers: expected an array, and there is none");
    }
    for (specified, told) in KINDS {
        reading.containers(&format!("spec.{specified}"), &format!("status.{told}"));
    }
    reading.volumes();
    (reading.found, reading.troubles)
}

/// A pod as far as it was read.
struct Reading<'p> {
    pod: &'p Value,
    namespace: &'p str,
    name: &'p str,
    is_running: bool,
    found: Vec<Container>,
    troubles: Vec<Trouble>,
}

impl<'p> Reading<'p> {
    fn complain(&mut self, what: &str) {
        self.complain_of(None, what);
    }

    /// Notes a trouble that concerns these images only; with none of them, one that keeps no record from being made.
    fn complain_of(&mut self, images: Option<Vec<Digest>>, what: &str) {
        let pod = quoted(&format!("{}/{}", self.namespace, self.name));
        let what = format!("pod {pod}: {what}");
        let trouble = Trouble { images, what };
        // What stands in the way of one list may stand in the way of others.
        if !self.troubles.contains(&trouble) {
            self.troubles.push(trouble);
        }
    }

    /// What was read; nothing, and a trouble, where it could not be.
    fn some<T: Default>(&mut self, of: &str, read: Result<T, String>) -> T {
        read.unwrap_or_else(|what| {
            self.complain(&format!("{of}{what}; what it runs is unknown"));
            T::default()
        })
    }

    /// The elements of a list with their names; `member` is what else is read of each.
    fn named(&mut self, path: &str, member: &str) -> Vec<(&'p str, &'p Value, &'p str)> {
        let elements = members::list(self.pod, path);
        let elements = self.some("", elements);
        let mut all = Vec::with_capacity(elements.len());
        for element in elements {
            let name = self.some(&format!("{path}: "), members::text(element, "name"));
            let own = self.some(&format!("{path}: {}: ", quoted(name)), members::text(element, member));
            all.push((name, element, own));
        }
        all
    }

    /// The containers at one place of the specification, with what the status says at another one.
    fn containers(&mut self, specified: &str, told: &str) {
        let mut statuses: HashMap<&str, Vec<(&Value, &str)>> = HashMap::new();
        let told = self.named(told, "imageID");
        for (own, status, id) in &told {
            statuses.entry(own).or_default().push((status, id));
        }
        for (own, container, text) in self.named(specified, "image") {
            if text.is_empty() && container.is_object() && container.get("image").is_none_or(Value::is_string) {
                self.complain(&format!("container {}: it names no image", quoted(own)));
            }
            match statuses.remove(own) {
                Some(all) => all.into_iter().for_each(|status| self.container(own, status, text)),
                // A container for debugging is begun in a pod that runs.
                None if specified.starts_with("spec.ephemeral") && !text.contains('@') => {}
                // One that the status leaves out may run anything.
                None if self.is_running => self.container_that_runs(own, "", text),
                None => {}
            }
        }
        for (own, status, id) in told {
            // What the specification does not have runs all the same.
            if statuses.contains_key(own) {
                self.container(own, (status, id), "");
            }
        }
    }

    /// A container with its status and the image in that. One that waits for its image runs nothing, and expects nothing.
    fn container(&mut self, own: &str, (status, id): (&Value, &str), text: &str) {
        if !id.is_empty() || status["state"]["running"].is_object() {
            self.container_that_runs(own, id, text);
        }
    }

    fn container_that_runs(&mut self, own: &str, id: &str, text: &str) {
        let what = format!("container {}", quoted(own));
        // A runtime that does not say it has pulled what was named.
        let named = named(text);
        let runs = manifest(id).or_else(|| named.clone());
        let asked = self.asked(&what, text, [runs.clone(), named]);
        match runs {
            Some(runs) => self.find(own, runs, asked),
            None => {
                let what = format!("{what}: imageID {} names no manifest", quoted(id));
                self.complain_of(Some(Vec::new()), &what);
            }
        }
    }

    fn find(&mut self, own: &str, runs: Digest, asked: Option<Reference>) {
        self.found.push(Container {
            namespace: self.namespace.to_owned(),
            name: format!("{}/{own}", self.name),
            runs,
            asked,
        });
    }

    /// The reference that something of the pod names; a trouble where it names none, with the images that it may be about:
    /// what runs is used all the same.
    fn asked(&mut self, what: &str, text: &str, images: [Option<Digest>; 2]) -> Option<Reference> {
        let asked = Reference::parse(text).ok();
        if asked.is_none() && !text.is_empty() {
            let text = quoted(text);
            let what = format!("{what}: image {text} is not a valid reference; what it expects is unknown");
            self.complain_of(Some(images.into_iter().flatten().collect()), &what);
        }
        asked
    }

    /// The images that volumes are of. Which one is mounted that is named by a tag, the status does not say.
    fn volumes(&mut self) {
        let volumes = members::list(self.pod, "spec.volumes");
        for volume in self.some("", volumes) {
            let name = self.some("spec.volumes: ", members::text(volume, "name"));
            if volume["image"].is_null() {
                continue;
            }
            let what = format!("volume {}", quoted(name));
            let text = self.some(&format!("{what}: "), members::text(volume, "image.reference"));
            let runs = named(text);
            // What is no reference is never mounted.
            let is_open = runs.is_none() || Reference::parse(text).is_err();
            if !self.is_running && is_open && !text.is_empty() {
                continue;
            }
            let asked = self.asked(&what, text, [runs.clone(), None]);
            match runs {
                Some(runs) => self.find(&format!("volume {name}"), runs, asked),
                None => {
                    let text = quoted(text);
                    let what = format!("{what}: image {text} has no digest; which image is mounted is unknown");
                    self.complain_of(Some(Vec::new()), &what);
                }
            }
        }
    }
}

/// The digest of a manifest by which an image is named, also where the rest is not a reference.
fn named(text: &str) -> Option<Digest> {
    sha256(&Digest::parse(text.rsplit_once('@')?.1).ok()?)
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

    /// The digests that a pod runs, or the one trouble with it.
    fn runs(phase: &str, id: &str, image: &str) -> Result<Vec<String>, String> {
        let (found, mut troubles) = of(&pod(phase, id, image));
        match troubles.pop() {
            Some(trouble) => Err(trouble.what),
            None => Ok(found.into_iter().map(|own| own.runs.to_string()).collect()),
        }
    }

    #[test]
    fn the_forms_of_image_ids() {
        let (a, b) = (hex('a'), hex('b'));
        for id in [
            format!("quay.io/x/app@{a}"),
            format!("docker-pullable://quay.io/x/app@{a}"),
            format!("docker.io/library/app@{a}"),
        ] {
            assert_eq!(runs("Running", &id, "app:1").unwrap(), std::slice::from_ref(&a), "{id}");
        }
        // These are digests of configurations, which name no manifest.
        for id in [
            format!("docker://{b}"),
            b.clone(),
            hex('c')[7..].to_owned(),
            format!("@{b}"),
        ] {
            assert!(runs("Running", &id, "app:1").is_err(), "{id}");
            let named = format!("quay.io/x/app@{a}");
            assert_eq!(runs("Running", &id, &named).unwrap(), std::slice::from_ref(&a), "{id}");
        }
    }

    #[test]
    fn pods_that_have_ended_run_nothing_and_those_that_begin_do() {
        let id = format!("quay.io/x/app@{}", hex('a'));
        for phase in ["Running", "Pending", "Unknown"] {
            assert_eq!(runs(phase, &id, "app:1").unwrap().len(), 1, "{phase}");
        }
        for phase in ["Succeeded", "Failed"] {
            assert_eq!(runs(phase, &id, "app:1").unwrap().len(), 0, "{phase}");
        }
        assert!(runs("", &id, "app:1").is_err());
        assert_eq!(runs("Pending", "", "app:1").unwrap().len(), 0);
        // A container that waits for its image says so; of one that runs it must be known what.
        let mut waiting = pod("Running", "", "app:1");
        waiting["status"]["containerStatuses"][0]["state"] = json!({"waiting": {"reason": "ImagePullBackOff"}});
        assert_eq!(of(&waiting), (Vec::new(), Vec::new()));
        waiting["status"]["containerStatuses"][0]["state"] = json!({"running": {}});
        let (found, troubles) = of(&waiting);
        assert_eq!((found.len(), troubles.len()), (0, 1), "{troubles:?}");
        let mut silent = pod("Running", &id, "app:1");
        silent["status"]["containerStatuses"] = json!([]);
        let (found, troubles) = of(&silent);
        assert_eq!((found.len(), troubles.len()), (0, 1), "{troubles:?}");
        silent["status"]["phase"] = "Pending".into();
        assert_eq!(of(&silent), (Vec::new(), Vec::new()));
    }

    #[test]
    fn init_and_ephemeral_containers_count() {
        let mut pod = pod("Running", &format!("x/app@{}", hex('a')), "x/app:1");
        for (kind, c) in [("init", 'b'), ("ephemeral", 'c')] {
            pod["spec"][format!("{kind}Containers")] = json!([{"name": kind, "image": "x/app:1"}]);
            let status = json!([{"name": kind, "imageID": format!("x/app@{}", hex(c))}]);
            pod["status"][format!("{kind}ContainerStatuses")] = status;
        }
        let (found, troubles) = of(&pod);
        assert_eq!(troubles.len(), 0, "{troubles:?}");
        let names: Vec<&str> = found.iter().map(|container| &*container.name).collect();
        assert_eq!(names, ["web/init", "web/main", "web/ephemeral"]);
    }

    #[test]
    fn what_was_asked_for_and_cannot_be_read_is_told_beside_what_runs() {
        let id = format!("x/app@{}", hex('a'));
        let (found, troubles) = of(&pod("Running", &id, "[::1]:5000/app:1"));
        assert_eq!((found.len(), troubles.len()), (1, 1), "{found:?} {troubles:?}");
        assert_eq!(troubles[0].images.as_deref(), Some(&[found[0].runs.clone()][..]));
        // What never runs expects nothing.
        let (found, troubles) = of(&pod("Pending", "", "MyApp:latest"));
        assert_eq!((found.len(), troubles.len()), (0, 0), "{found:?} {troubles:?}");
    }
}
