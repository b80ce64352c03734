// SPDX-License-Identifier: Apache-2.0
//! Many images that are used: in a cluster of the test server, or in a file, each with a tag of a stream.

#![allow(dead_code)]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use serde_json::{json, Value};

use crate::support::cluster::Scene;
use crate::support::images::signature;

/// Tags of a stream.
const TAGS: usize = 10;
/// Namespaces that the streams are in.
const NAMESPACES: usize = 40;

/// An image: its digest, the reference that it is signed for, and the signature.
pub type Signed = (String, String, Vec<u8>);

fn image((digest, reference, blob): &Signed) -> Value {
    json!({
        "kind": "Image", "apiVersion": "image.openshift.io/v1", "metadata": {"name": digest},
        "dockerImageReference": reference, "signatures": [signature(digest, "s", blob)],
    })
}

/// Namespace, name and content of each stream that is needed.
fn streams(images: &[Signed]) -> impl Iterator<Item = (String, String, Value)> + '_ {
    images.chunks(TAGS).enumerate().map(|(number, images)| {
        let tags = images.iter().enumerate();
        let (spec, status): (Vec<Value>, Vec<Value>) = tags
            .map(|(n, (digest, reference, _))| {
                let tag = format!("v{}", number * TAGS + n);
                (
                    json!({"name": tag, "from": {"kind": "DockerImage", "name": reference}}),
                    json!({"tag": tag, "items": [{"image": digest}]}),
                )
            })
            .unzip();
        let content = json!({"spec": {"tags": spec}, "status": {"tags": status}});
        (
            format!("team-{}", number % NAMESPACES),
            format!("app-{number}"),
            content,
        )
    })
}

/// A cluster that has them, and an auditor who may list what an audit needs.
pub fn cluster(images: &[Signed]) -> Scene {
    let scene = Scene::new();
    for resource in ["imagestreams", "pods"] {
        scene.server.grant("alice", &["get", "list"], resource);
    }
    scene.server.grant("alice", &["get"], "clusterversions");
    scene.server.objects(|objects| {
        for own in images {
            objects.put_image(image(own));
        }
        for (namespace, name, content) in streams(images) {
            objects.put_stream(&namespace, &name, content);
        }
    });
    scene
}

/// A file that has the same.
pub fn file(path: &Path, images: &[Signed]) {
    let mut out = BufWriter::new(File::create(path).unwrap());
    writeln!(out, "{{\"kind\": \"List\", \"apiVersion\": \"v1\", \"items\": [").unwrap();
    for (namespace, name, mut stream) in streams(images) {
        stream["kind"] = json!("ImageStream");
        stream["apiVersion"] = json!("image.openshift.io/v1");
        stream["metadata"] = json!({"namespace": namespace, "name": name});
        writeln!(out, "{stream},").unwrap();
    }
    for (n, own) in images.iter().enumerate() {
        let comma = if n == 0 { "" } else { "," };
        writeln!(out, "{comma}{}", image(own)).unwrap();
    }
    writeln!(out, "]}}").unwrap();
    out.flush().unwrap();
}
