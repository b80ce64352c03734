// SPDX-License-Identifier: Apache-2.0
//! What is stored: images, image streams and pods with their resource versions, and the lists that clients page through.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde_json::{json, Value};

use super::schema::{canonical, IMAGE};

/// When everything that tests put into the store was made.
const CREATED: &str = "2026-01-02T03:04:05Z";

/// Objects of one resource by their key.
pub type Table = BTreeMap<String, Arc<Value>>;

/// A resource that is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    Images,
    /// Image streams, which are keyed `namespace/name`.
    Streams,
    /// Pods, which are keyed `namespace/name`.
    Pods,
    ClusterPolicies,
    /// ImagePolicies, which are keyed `namespace/name`.
    Policies,
}

impl Resource {
    /// The kind of its objects.
    pub fn kind(self) -> &'static str {
        match self {
            Resource::Images => "Image",
            Resource::Streams => "ImageStream",
            Resource::Pods => "Pod",
            Resource::ClusterPolicies => "ClusterImagePolicy",
            Resource::Policies => "ImagePolicy",
        }
    }
}

/// The store. Hooks get it to change what a client has read.
#[derive(Debug)]
pub struct Objects {
    images: Table,
    streams: Table,
    pods: Table,
    cluster_policies: Table,
    policies: Table,
    version: u64,
    made: u64,
    uids: HashSet<String>,
    snapshots: BTreeMap<(Resource, u64), Table>,
}

impl Default for Objects {
    fn default() -> Self {
        Self {
            images: Table::new(),
            streams: Table::new(),
            pods: Table::new(),
            cluster_policies: Table::new(),
            policies: Table::new(),
            version: 1000,
            made: 0,
            uids: HashSet::new(),
            snapshots: BTreeMap::new(),
        }
    }
}

impl Objects {
    /// An image as a client would get it.
    pub fn image(&self, name: &str) -> Option<Value> {
        let stored = self.images.get(name)?;
        Some(with_type("Image", "image.openshift.io/v1", stored))
    }

    /// Stores an image whatever it holds, as an older server may have done: nothing is validated. It gets a new resource
    /// version, and what is missing of uid, time of creation and metadata.
    pub fn put_image(&mut self, image: Value) {
        let mut image = canonical(&image, &IMAGE);
        let name = image["metadata"]["name"].as_str().unwrap().to_owned();
        self.fill(&mut image, self.images.get(&name).cloned().as_deref());
        fill_metadata(&mut image);
        let image = canonical(&untyped(image), &IMAGE);
        self.images.insert(name, Arc::new(image));
    }

    /// Changes an image the way another writer does, so that its resource version moves on.
    pub fn edit_image(&mut self, name: &str, edit: impl FnOnce(&mut Value)) {
        let mut image = self.image(name).unwrap();
        edit(&mut image);
        self.put_image(image);
    }

    /// Removes an image, which counts as a change.
    pub fn remove_image(&mut self, name: &str) {
        self.version += 1;
        self.images.remove(name);
    }

    /// An image stream as a client would get it.
    pub fn stream(&self, namespace: &str, name: &str) -> Option<Value> {
        let stored = self.streams.get(&format!("{namespace}/{name}"))?;
        Some(with_type("ImageStream", "image.openshift.io/v1", stored))
    }

    /// Stores an image stream; `metadata` need not be there.
    pub fn put_stream(&mut self, namespace: &str, name: &str, mut stream: Value) {
        if stream["metadata"].is_null() {
            stream["metadata"] = json!({});
        }
        stream["metadata"]["namespace"] = namespace.into();
        stream["metadata"]["name"] = name.into();
        let key = format!("{namespace}/{name}");
        self.fill(&mut stream, self.streams.get(&key).cloned().as_deref());
        self.streams.insert(key, Arc::new(untyped(stream)));
    }

    /// Changes an image stream the way another writer does.
    pub fn edit_stream(&mut self, namespace: &str, name: &str, edit: impl FnOnce(&mut Value)) {
        let mut stream = self.stream(namespace, name).unwrap();
        edit(&mut stream);
        self.put_stream(namespace, name, stream);
    }

    /// A pod as a client would get it.
    pub fn pod(&self, namespace: &str, name: &str) -> Option<Value> {
        let stored = self.pods.get(&format!("{namespace}/{name}"))?;
        Some(with_type("Pod", "v1", stored))
    }

    /// Stores a pod; `metadata` need not be there.
    pub fn put_pod(&mut self, namespace: &str, name: &str, mut pod: Value) {
        if pod["metadata"].is_null() {
            pod["metadata"] = json!({});
        }
        pod["metadata"]["namespace"] = namespace.into();
        pod["metadata"]["name"] = name.into();
        let key = format!("{namespace}/{name}");
        self.fill(&mut pod, self.pods.get(&key).cloned().as_deref());
        self.pods.insert(key, Arc::new(untyped(pod)));
    }

    /// Stores a policy of the cluster, or of a namespace, whatever its `spec` holds.
    pub fn put_policy(&mut self, namespace: Option<&str>, name: &str, spec: Value) {
        let mut policy = json!({"metadata": {"name": name}, "spec": spec});
        let key = match namespace {
            Some(namespace) => {
                policy["metadata"]["namespace"] = namespace.into();
                format!("{namespace}/{name}")
            }
            None => name.to_owned(),
        };
        let (old, is_namespaced) = match namespace {
            Some(_) => (self.policies.get(&key).cloned(), true),
            None => (self.cluster_policies.get(&key).cloned(), false),
        };
        self.fill(&mut policy, old.as_deref());
        let table = match is_namespaced {
            true => &mut self.policies,
            false => &mut self.cluster_policies,
        };
        table.insert(key, Arc::new(policy));
    }

    /// All objects of a resource.
    pub fn table(&self, resource: Resource) -> &Table {
        match resource {
            Resource::Images => &self.images,
            Resource::Streams => &self.streams,
            Resource::Pods => &self.pods,
            Resource::ClusterPolicies => &self.cluster_policies,
            Resource::Policies => &self.policies,
        }
    }

    /// The resource version of the whole store.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Keeps a resource as it is now for the later pages of a list.
    pub fn keep_snapshot(&mut self, resource: Resource) {
        let table = self.table(resource).clone();
        self.snapshots.insert((resource, self.version), table);
    }

    /// A resource as it was at a version.
    pub fn snapshot(&self, resource: Resource, version: u64) -> Option<&Table> {
        self.snapshots.get(&(resource, version))
    }

    /// Forgets all earlier states, as compaction does.
    pub fn compact(&mut self) {
        self.snapshots.clear();
    }

    /// Stores an image that the server itself has checked and written; gives it as stored.
    pub fn commit_image(&mut self, mut image: Value) -> Value {
        let name = image["metadata"]["name"].as_str().unwrap().to_owned();
        self.version += 1;
        image["metadata"]["resourceVersion"] = self.version.to_string().into();
        let image = canonical(&untyped(image), &IMAGE);
        self.images.insert(name.clone(), Arc::new(image));
        self.image(&name).unwrap()
    }

    /// A UID that no object has.
    pub fn new_uid(&mut self) -> String {
        self.made += 1;
        format!("00000000-0000-4000-8000-{:012x}", self.made)
    }

    fn fill(&mut self, object: &mut Value, old: Option<&Value>) {
        self.version += 1;
        let uid = match old {
            Some(old) => old["metadata"]["uid"].as_str().unwrap().to_owned(),
            None => self.new_uid(),
        };
        let metadata = &mut object["metadata"];
        metadata["resourceVersion"] = self.version.to_string().into();
        if metadata["uid"].is_null() {
            metadata["uid"] = uid.as_str().into();
        }
        // Tests copy objects; no two that are stored are the same one.
        let own = metadata["uid"].as_str().unwrap().to_owned();
        if !self.uids.insert(own) && old.is_none() {
            metadata["uid"] = uid.into();
        }
        if metadata["creationTimestamp"].is_null() {
            metadata["creationTimestamp"] = CREATED.into();
        }
    }
}

/// Gives an image the metadata that the server stores where a client leaves it out.
pub fn fill_metadata(image: &mut Value) {
    for (member, value) in [
        (
            "dockerImageMetadata",
            json!({"kind": "DockerImage", "apiVersion": "image.openshift.io/1.0"}),
        ),
        ("dockerImageMetadataVersion", json!("1.0")),
    ] {
        if image[member].is_null() {
            image[member] = value;
        }
    }
}

/// An object without its type, as it is stored and as lists carry it.
pub fn untyped(mut object: Value) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.shift_remove("kind");
        members.shift_remove("apiVersion");
    }
    object
}

/// An object with its type in front.
pub fn with_type(kind: &str, version: &str, object: &Value) -> Value {
    let mut typed = json!({"kind": kind, "apiVersion": version});
    if let (Some(typed), Some(members)) = (typed.as_object_mut(), object.as_object()) {
        typed.extend(members.clone());
    }
    typed
}
