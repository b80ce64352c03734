// SPDX-License-Identifier: Apache-2.0
//! Work against a cluster: the images it holds, and the records on them.

#[path = "cluster/clock.rs"]
mod clock;
#[path = "cluster/cluster_policy.rs"]
mod cluster_policy;
#[path = "cluster/cuts.rs"]
mod cuts;
#[path = "cluster/damage.rs"]
mod damage;
#[path = "cluster/describe.rs"]
mod describe;
#[path = "cluster/everywhere.rs"]
mod everywhere;
#[path = "cluster/hostile.rs"]
mod hostile;
#[path = "cluster/lists.rs"]
mod lists;
#[path = "cluster/many.rs"]
mod many;
#[path = "cluster/names.rs"]
mod names;
#[path = "cluster/network.rs"]
mod network;
#[path = "cluster/policies.rs"]
mod policies;
#[path = "cluster/policy_objects.rs"]
mod policy_objects;
#[path = "cluster/policy_pages.rs"]
mod policy_pages;
#[path = "cluster/policy_records.rs"]
mod policy_records;
#[path = "cluster/races.rs"]
mod races;
#[path = "cluster/recording.rs"]
mod recording;
#[path = "cluster/refusals.rs"]
mod refusals;
#[path = "cluster/remove.rs"]
mod remove;
#[path = "cluster/rights.rs"]
mod rights;
#[path = "cluster/stream_owners.rs"]
mod stream_owners;
#[path = "cluster/streams.rs"]
mod streams;
#[path = "cluster/trouble.rs"]
mod trouble;
#[path = "cluster/user.rs"]
mod user;
#[path = "cluster/writing.rs"]
mod writing;

use crate::support::api::Server;
use crate::support::images::D1;
use serde_json::{json, Value};

pub const IMAGES: &str = "/apis/image.openshift.io/v1/images";
pub const RIGHT: &str = "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
pub const USER: &str = "POST /apis/authentication.k8s.io/v1/selfsubjectreviews";

/// `METHOD /path` of an image.
pub fn line(method: &str, image: &str) -> String {
    format!("{method} {IMAGES}/{image}")
}

/// The first signature of D1 as it is stored now.
pub fn stored(server: &Server) -> Value {
    server.stored(D1)["signatures"][0].clone()
}

/// The statuses of the conditions of a stored signature, in order.
pub fn statuses(signature: &Value) -> Vec<String> {
    let conditions = signature["conditions"].as_array().cloned().unwrap_or_default();
    conditions
        .iter()
        .map(|c| format!("{}={}", c["type"].as_str().unwrap(), c["status"].as_str().unwrap()))
        .collect()
}

/// What an earlier run has recorded: trusted for a reference, by a key.
pub fn record_trusted(signature: &mut Value, identity: &str, fingerprint: &str) {
    let condition = |kind: &str| {
        json!({"type": kind, "status": "True", "lastProbeTime": "2026-01-01T00:00:00Z",
               "lastTransitionTime": "2026-01-01T00:00:00Z", "reason": "Verified", "message": "verified by bob: long ago"})
    };
    signature["conditions"] = json!([condition("Trusted"), condition("ForImage")]);
    signature["imageIdentity"] = identity.into();
    signature["signedClaims"] = json!({"critical.identity.docker-reference": identity});
    signature["issuedBy"] = json!({"commonName": "somebody"});
    signature["issuedTo"] = json!({"publicKeyID": fingerprint});
}
