// SPDX-License-Identifier: Apache-2.0
//! Images of a cluster and the registries that they come from: which ones the cluster names.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs)]

mod support;

#[path = "attach/hosts.rs"]
mod hosts;
#[path = "attach/vectors.rs"]
mod vectors;

use serde_json::{json, Value};
use support::api::{Rule, Server};

/// Grants the user what the role `cluster-reader` has of a cluster's configuration of images.
pub fn allow_configuration(server: &Server, user: &str) {
    for (group, resources) in [
        (
            "config.openshift.io",
            vec!["images", "imagedigestmirrorsets", "imagetagmirrorsets"],
        ),
        ("operator.openshift.io", vec!["imagecontentsourcepolicies"]),
        ("route.openshift.io", vec!["routes"]),
    ] {
        for resource in resources {
            let rule = Rule::new(user, &["get", "list"], "images");
            server.allow(rule.api_group(group, resource));
        }
    }
}

/// The image configuration of a cluster.
pub fn configuration(server: &Server, sources: &Value, status: &Value) {
    server.document(
        "/apis/config.openshift.io/v1/images/cluster",
        json!({"apiVersion": "config.openshift.io/v1", "kind": "Image", "metadata": {"name": "cluster"},
               "spec": {"registrySources": sources}, "status": status}),
    );
}

/// Stores the mirror sets of one kind.
pub fn mirror_sets(server: &Server, kind: &str, sets: &[(&str, Value)]) {
    let (version, resource, member) = match kind {
        "ImageDigestMirrorSet" => ("config.openshift.io/v1", "imagedigestmirrorsets", "imageDigestMirrors"),
        "ImageTagMirrorSet" => ("config.openshift.io/v1", "imagetagmirrorsets", "imageTagMirrors"),
        _ => (
            "operator.openshift.io/v1alpha1",
            "imagecontentsourcepolicies",
            "repositoryDigestMirrors",
        ),
    };
    let items: Vec<Value> = sets
        .iter()
        .map(|(name, entries)| {
            json!({"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": {member: entries}})
        })
        .collect();
    let list =
        json!({"apiVersion": version, "kind": format!("{kind}List"), "metadata": {"continue": ""}, "items": items});
    server.document(&format!("/apis/{version}/{resource}"), list);
}

/// Stores the route of the registry, admitted or not.
pub fn route(server: &Server, host: &str, admitted: &str) {
    server.document(
        "/apis/route.openshift.io/v1/namespaces/openshift-image-registry/routes/default-route",
        json!({"apiVersion": "route.openshift.io/v1", "kind": "Route",
               "metadata": {"name": "default-route", "namespace": "openshift-image-registry"},
               "spec": {"host": host},
               "status": {"ingress": [{"host": host, "conditions": [{"type": "Admitted", "status": admitted}]}]}}),
    );
}
