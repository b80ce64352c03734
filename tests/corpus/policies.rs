// SPDX-License-Identifier: Apache-2.0
//! Recorded judgements by policies, made by the program: `verify --policy FILE dir:PATH`.

use serde_json::{json, Value};

use crate::support::calls::verify_place_by_policy;
use crate::support::program::Sandbox;
use crate::support::vectors::{bytes, data, fixture, same, text, Table, SIGSTORE_OTHERWISE, STORED_OTHERWISE};

/// What the program says with a policy: whether the image is accepted. An image that is only Allowed is told apart by its
/// verdict; files of no use are usage errors.
fn accepts(sandbox: &Sandbox, image: &str, directory: &str, allowed_will_do: bool) -> Result<bool, String> {
    let place = format!("dir:{directory}");
    let outcome = sandbox.run(verify_place_by_policy(image, &place));
    match outcome.status {
        2 => Ok(false),
        0 => Ok(true),
        1 | 3 => Ok(allowed_will_do && outcome.item()["verdict"] == "Allowed"),
        status => Err(format!("status {status}: {outcome:?}")),
    }
}

#[test]
fn images_in_directories() {
    let sandbox = Sandbox::new();
    Table::load(
        "policy-eval.json",
        &[
            &STORED_OTHERWISE[..],
            &[(
                "digestref/83",
                "an image that has not the digest asked for is not Allowed either",
            )],
        ]
        .concat(),
    )
    .run(|case| {
        let directory = fixture(text(case, "dir"))?;
        let mut policy = case["policy"].to_string();
        for part in ["extra", "upstream"] {
            if policy.contains(&format!("FIXTURES/{part}/")) {
                let own = fixture(part)?;
                policy = policy.replace(&format!("FIXTURES/{part}/"), &format!("{}/", own.display()));
            }
        }
        sandbox.file("policy.json", policy);
        // A wish of the caller's: then Allowed is not enough.
        let needs_signature = case["require_signature_verification"].as_bool() == Some(true);
        let found = accepts(
            &sandbox,
            text(case, "image"),
            directory.to_str().unwrap(),
            !needs_signature,
        );
        Some(found.and_then(|found| same("allowed", case["allowed"].as_bool().unwrap(), found)))
    });
}

fn decoded(text: &Value) -> Vec<u8> {
    bytes(&json!({"text": text}), "text")
}

#[test]
fn sigstore_judgements() {
    let document = std::fs::read_to_string(data("vectors").join("sigstore-verify.json")).unwrap();
    let document: Value = serde_json::from_str(&document).unwrap();
    let sandbox = Sandbox::new();
    let mut number = 0;
    const LIST: &str = "a digest that is expected is that of the image; a directory does not know its list";
    Table::load(
        "sigstore-verify.json",
        &[
            &SIGSTORE_OTHERWISE[..],
            &[
                (
                    "identity/default/signed-other-digest/asked-digest",
                    "a digest in the signed reference is that of the image",
                ),
                ("lists/asked-list-digest/signed-own-digest", LIST),
                ("lists/asked-list-digest/signed-list-digest-name", LIST),
                ("lists/asked-list-digest/signed-tag", LIST),
            ],
        ]
        .concat(),
    )
    .leave_out("they run in tests/policy.rs and tests/sigstore.rs", |case| {
        ["grammar", "blob"].contains(&text(case, "category"))
    })
    .run(|case| {
        number += 1;
        let directory = format!("d{number}");
        let manifest = decoded(&document["manifests"][text(case, "manifest")]);
        sandbox.file(&format!("{directory}/manifest.json"), manifest);
        for (n, signature) in case["signatures"].as_array().unwrap().iter().enumerate() {
            let blob = if signature["blob_base64"].is_string() {
                bytes(signature, "blob_base64")
            } else {
                let stored = json!({
                    "mimeType": signature["mime_type"],
                    "payload": signature["payload_base64"],
                    "annotations": signature.get("annotations").filter(|own| own.is_object()).unwrap_or(&json!({})),
                });
                [b"\0sigstore-json\n", stored.to_string().as_bytes()].concat()
            };
            sandbox.file(&format!("{directory}/signature-{}", n + 1), blob);
        }
        sandbox.file("policy.json", policy(&sandbox, case, &document).to_string());
        // A name alone stands for the tag that podman adds.
        let image = match text(case, "image") {
            image if image.rsplit('/').next().unwrap().contains([':', '@']) => image.to_owned(),
            image => format!("{image}:latest"),
        };
        let found = accepts(&sandbox, &image, &directory, true);
        Some(found.and_then(|found| same("allowed", case["allowed"].as_bool().unwrap(), found)))
    });
}

/// The policy that a case stands for.
fn policy(sandbox: &Sandbox, case: &Value, document: &Value) -> Value {
    if case["policy_requirements"].is_array() {
        return json!({"default": case["policy_requirements"]});
    }
    let mut requirement = json!({"type": "sigstoreSigned"});
    if let Some(members) = case["policy_members"].as_object() {
        for (name, value) in members {
            requirement[name] = value.clone();
        }
    }
    let keys: Vec<&str> = case["keys"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let data = |name: &&str| document["keys"][*name].clone();
    let path = |name: &&str| {
        let path = sandbox.path(name);
        if document["keys"][*name].is_string() {
            std::fs::write(&path, decoded(&document["keys"][*name])).unwrap();
        }
        Value::from(path.to_str().unwrap())
    };
    match (case["key_source"].as_str(), keys.as_slice()) {
        (_, []) => {}
        (Some("keyPaths"), keys) => requirement["keyPaths"] = keys.iter().map(path).collect(),
        (Some("keyPath"), [key]) => requirement["keyPath"] = path(key),
        (Some("keyData"), [key]) if document["keys"][*key].is_string() => requirement["keyData"] = data(key),
        (_, [key]) => requirement["keyPath"] = path(key),
        (_, keys) if keys.iter().all(|key| document["keys"][*key].is_string()) => {
            requirement["keyDatas"] = keys.iter().map(data).collect();
        }
        (_, keys) => requirement["keyPaths"] = keys.iter().map(path).collect(),
    }
    if case["signed_identity"].is_object() {
        requirement["signedIdentity"] = case["signed_identity"].clone();
    }
    json!({"default": [requirement]})
}
