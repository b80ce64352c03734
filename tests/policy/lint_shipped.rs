// SPDX-License-Identifier: Apache-2.0
//! `policy lint` of the policies that Fedora, RHEL and OpenShift ship, each with the configuration that comes with it: what is
//! true of them is said in notes, and nothing alarms.

use serde_json::{json, Value};

use super::lint::object;
use super::lint_machine::public_key;
use super::shipped::{coreos, COREOS_STORE, FEDORA};
use super::why::desk;
use super::why_objects::openshift;
use crate::support::program::Sandbox;
use crate::support::vectors::{data, text, Table};

fn accept() -> Value {
    json!([{"type": "insecureAcceptAnything"}])
}

/// The findings on these files with `registries.conf` and the directory `d` of the sandbox, each as code, severity and path.
fn findings(sandbox: &Sandbox, files: &[&str]) -> Vec<String> {
    let options = [
        "--registries-conf",
        "registries.conf",
        "--registries.d",
        "d",
        "-o",
        "json",
    ];
    let outcome = sandbox.run([&["policy", "lint"], files, &options].concat());
    let document = outcome.json();
    let items = document["items"].as_array().unwrap();
    let is_alarm = items.iter().any(|item| item["severity"] != "note");
    assert_eq!(outcome.status, i32::from(is_alarm), "{outcome:?}");
    let told = |item: &Value| {
        let words = ["/code", "/severity", "/place/path"].map(|at| item.pointer(at).and_then(Value::as_str));
        words.map(Option::unwrap).join(" ")
    };
    items.iter().map(told).collect()
}

/// A desk with this policy, and with these texts as the files of its registries.d.
fn shipped(policy: &Value, registries_d: &[&str]) -> Sandbox {
    let sandbox = desk();
    sandbox.file("policy.json", serde_json::to_string_pretty(policy).unwrap());
    sandbox.file("d/none.yaml", "");
    for (number, text) in registries_d.iter().enumerate() {
        sandbox.file(&format!("d/{number}.yaml"), text);
    }
    sandbox
}

const DEFAULT: &str = "DefaultAccepts note default";

/// The stores of Red Hat's registries by the name that the member had, as RHEL and Fedora have them; and by the new one.
const RED_HAT: [&str; 2] = [
    "docker:\n     registry.redhat.io:\n         sigstore: https://registry.redhat.io/containers/sigstore\n",
    "docker:\n     registry.access.redhat.com:\n         lookaside: https://access.redhat.com/webassets/docker/content/sigstore\n",
];

const OLD_NAME: &str = "OldMemberName note docker[\"registry.redhat.io\"].sigstore";

#[test]
fn fedora() {
    let policy: Value = serde_json::from_str(FEDORA).unwrap();
    assert_eq!(findings(&shipped(&policy, &[]), &["policy.json"]), [DEFAULT]);
    let found = findings(&shipped(&policy, &RED_HAT), &["policy.json"]);
    assert_eq!(found, [OLD_NAME, DEFAULT]);
    // Of Fedora 45: sigstore signatures of Red Hat's registries, which are looked for.
    let sandbox = desk();
    sandbox.file("sigstore.pub", public_key());
    let key = json!([{"type": "sigstoreSigned", "keyPath": sandbox.path("sigstore.pub")}]);
    let newer = json!({
        "default": accept(),
        "transports": {
            "docker": {"registry.access.redhat.com": key, "registry.redhat.io": key},
            "docker-daemon": {"": accept()},
        },
    });
    sandbox.file("policy.json", newer.to_string());
    sandbox.file(
        "d/a.yaml",
        "docker: {registry.redhat.io: {use-sigstore-attachments: true}}\n",
    );
    sandbox.file(
        "d/b.yaml",
        "docker: {registry.access.redhat.com: {use-sigstore-attachments: true}}\n",
    );
    assert_eq!(findings(&sandbox, &["policy.json"]), [DEFAULT]);
    // Without that file none is looked for.
    sandbox.file("d/b.yaml", "");
    let lost = "AttachmentsNotRead error transports.docker[\"registry.access.redhat.com\"][0]";
    assert_eq!(findings(&sandbox, &["policy.json"]), [DEFAULT, lost]);
}

/// The default refuses, and the scope of all images of transport docker takes its place: they are accepted, which is all that
/// there is to say.
#[test]
fn fedora_coreos() {
    let note = "DefaultAccepts note transports.docker[\"\"]";
    let sandbox = desk();
    let keys = [(); 3].map(|()| sandbox.path("release-key.asc"));
    sandbox.file("policy.json", coreos(&keys.map(|key| key.display().to_string())));
    sandbox.file("d/fedora-coreos.yaml", COREOS_STORE);
    assert_eq!(findings(&sandbox, &["policy.json"]), [note]);
    let outcome = sandbox.run(["policy", "lint", "policy.json"]).expect(0);
    let said = "images of registries in no other scope are accepted, signed or not: this scope takes the place of the default, which refuses them";
    assert!(outcome.stdout.contains(said), "{outcome:?}");
}

#[test]
fn rhel() {
    let with = |keys: Value| {
        let mut requirement = json!({"type": "signedBy", "keyType": "GPGKeys"});
        let members = requirement.as_object_mut().unwrap();
        members.extend(keys.as_object().unwrap().clone());
        let own = json!([requirement]);
        json!({
            "default": accept(),
            "transports": {
                "docker": {"registry.access.redhat.com": own, "registry.redhat.io": own},
                "docker-daemon": {"": accept()},
            },
        })
    };
    let key = data("example/release-key.asc");
    for policy in [with(json!({"keyPath": key})), with(json!({"keyPaths": [key, key]}))] {
        let found = findings(&shipped(&policy, &RED_HAT), &["policy.json"]);
        assert_eq!(found, [OLD_NAME, DEFAULT]);
    }
}

/// What the machine config operator writes to nodes for objects: the policy of the cluster, those of its namespaces, the mirrors,
/// and where signatures are looked for; with what RHEL CoreOS has in its registries.d. The object beside it changes nothing.
#[test]
fn openshift_nodes() {
    let mut seen = 0;
    Table::load("mirrors.json", &[]).of("image-policy").run(|case| {
        let namespaced = case["namespaced_policy_json"].as_object();
        let namespaced = namespaced.into_iter().flatten();
        let policies = namespaced.map(|(namespace, policy)| (Some(namespace.as_str()), policy));
        for (namespace, policy) in policies.chain([(None, &case["policy_json"])]) {
            seen += 1;
            let sigstore = text(case, "sigstore_registries_yaml");
            let sandbox = shipped(policy, &[&RED_HAT[..], &[sigstore]].concat());
            sandbox.file("registries.conf", case["registries_conf"].as_str().unwrap_or_default());
            let list = json!({"apiVersion": "v1", "kind": "List", "items": case["objects"]});
            sandbox.file("objects.json", list.to_string());
            let beside = ["policy.json", "objects.json", "-n", namespace.unwrap_or("none")];
            for files in [&beside[..1], &beside] {
                let found = findings(&sandbox, files);
                // Nodes drop a scope of a namespace that is the cluster's already: so the object says, not the file.
                let may_be = |own: &String| {
                    own.contains(" note ") || files.len() > 1 && own.starts_with("ScopeLeftOut warning ImagePolicy/")
                };
                if !found.contains(&DEFAULT.to_owned()) || !found.iter().all(may_be) {
                    return Some(Err(format!("{namespace:?} {files:?}: {found:#?}")));
                }
            }
        }
        Some(Ok(()))
    });
    println!("mirrors.json: {seen} policies of nodes");
    assert!(seen > 15);
}

/// With lists of registries that are allowed, or blocked, in the cluster's configuration of images.
#[test]
fn openshift_nodes_with_allowed_or_blocked_registries() {
    let sandbox = desk();
    let release = object("openshift", &["quay.io/openshift-release-dev/ocp-release"], None);
    let data = &release["spec"]["policy"]["rootOfTrust"]["publicKey"]["keyData"];
    let signed = json!([{
        "type": "sigstoreSigned", "keyData": data,
        "signedIdentity": {"type": "matchRepoDigestOrExact"},
    }]);
    sandbox.file("cip.json", release.to_string());
    sandbox.file(
        "d/sigstore-registries.yaml",
        "docker:\n  quay.io/openshift-release-dev/ocp-release:\n    use-sigstore-attachments: true\n",
    );
    let with = |default: &Value, hosts: Value| {
        let mut hosts = hosts;
        hosts["quay.io/openshift-release-dev/ocp-release"] = signed.clone();
        let policy = json!({
            "default": default,
            "transports": {"atomic": hosts, "docker": hosts, "docker-daemon": {"": accept()}},
        });
        sandbox.file("policy.json", policy.to_string());
        let alone = findings(&sandbox, &["policy.json"]);
        assert_eq!(findings(&sandbox, &["policy.json", "cip.json"]), alone);
        alone
    };
    let reject = json!([{"type": "reject"}]);
    let allowed = with(&reject, json!({"quay.io": accept(), "registry.redhat.io": accept()}));
    assert!(allowed.is_empty(), "{allowed:?}");
    assert_eq!(
        with(&accept(), json!({"bad.example": reject, "docker.io/ns": reject})),
        [DEFAULT, "ScopeNeverMatches note transports.docker[\"docker.io/ns\"]"]
    );
    // The object alone, and the file of a node that has none.
    assert!(findings(&sandbox, &["cip.json"]).is_empty());
    sandbox.file("cip.json", openshift().to_string());
    sandbox.file("policy.json", FEDORA);
    assert_eq!(findings(&sandbox, &["policy.json", "cip.json"]), [DEFAULT]);
}
