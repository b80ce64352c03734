// SPDX-License-Identifier: Apache-2.0
//! The rights that packages bring: all that an audit asks a cluster for, and nothing that none asks for.

use std::collections::BTreeSet;

use serde_json::{json, Value};

use super::bench::{digest, Report};
use super::components_scene::{archive, gzip, references, store};
use super::elsewhere::Town;
use super::fleet::{pod, stored};
use crate::support::api::log::Request;
use crate::support::api::Rule;
use crate::support::deployment::{command, objects, shown, shown_options, templates};
use crate::support::program::Outcome;

/// A verb on a resource of a group: in one namespace or in all, of one object or of all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Right {
    verb: String,
    group: String,
    resource: String,
    namespace: Option<String>,
    name: Option<String>,
}

fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().into_iter().flatten();
    list.map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// The rights in rbac.yaml: to look, or to record.
fn rights(of: &str) -> BTreeSet<Right> {
    let mut found = BTreeSet::new();
    for role in objects("rbac.yaml") {
        let is_role = role["kind"] == "ClusterRole" || role["kind"] == "Role";
        if !is_role || role["metadata"]["name"] != of {
            continue;
        }
        for rule in role["rules"].as_array().unwrap() {
            let names = texts(&rule["resourceNames"]);
            assert!(names.len() < 2, "{rule}");
            for (resource, verb) in texts(&rule["resources"])
                .iter()
                .flat_map(|resource| texts(&rule["verbs"]).into_iter().map(move |verb| (resource, verb)))
            {
                found.insert(Right {
                    verb,
                    group: rule["apiGroups"][0].as_str().unwrap().to_owned(),
                    resource: resource.clone(),
                    namespace: role["metadata"]["namespace"].as_str().map(str::to_owned),
                    name: names.first().cloned(),
                });
            }
        }
    }
    found
}

/// Whether a right is one that a request needs.
fn is_for(right: &Right, request: &Request) -> bool {
    let mut parts: Vec<&str> = request.path.split('/').filter(|part| !part.is_empty()).collect();
    let group = if parts[0] == "api" { "" } else { parts.remove(1) };
    parts.drain(..2);
    let mut namespace = None;
    if parts[0] == "namespaces" {
        namespace = Some(parts[1]);
        parts.drain(..2);
    }
    let name = parts.get(1).copied();
    let verb = match (request.method.as_str(), name) {
        ("GET", Some(_)) => "get",
        ("GET", None) => "list",
        ("PATCH", _) => "patch",
        (other, _) => panic!("{other} {}", request.path),
    };
    right.verb == verb
        && right.group == group
        && right.resource == parts[0]
        && right.namespace.as_deref().is_none_or(|own| namespace == Some(own))
        && right.name.as_deref().is_none_or(|own| name == Some(own))
}

/// A cluster with something of everything that an audit looks at, whose user has these rights and no others.
fn town(rights: &BTreeSet<Right>) -> Town {
    let town = Town::new();
    let server = town.fleet.server();
    let component = format!("{}/ns/app@{}", town.hub.host(), digest(1));
    let layer = gzip(&archive(&references(&[("cli", &component)])));
    let own = store(&town.hub, ("ns/app", "v1"), &layer, &|_| {});
    town.sign(&own, "v1");
    let blob = town.fleet.sign(&own, &format!("{}/ns/app:v1", town.hub.host()));
    let mut image = stored(&own, &[&blob]);
    image["dockerImageReference"] = json!(format!("{}/ns/app@{own}", town.hub.host()));
    server.image(image);
    town.stream(&[("v1", &own)]);
    let name = format!("{}/ns/app@{own}", town.hub.host());
    server.pod("shop", "web", pod("Running", &name, &name));
    let version = json!({
        "kind": "ClusterVersion", "apiVersion": "config.openshift.io/v1", "metadata": {"name": "version"},
        "status": {"history": [{"state": "Completed", "version": "4.21.3", "image": name}]},
    });
    server.document("/apis/config.openshift.io/v1/clusterversions/version", version);
    for (path, kind) in [
        (
            "/api/v1/namespaces/openshift-config-managed/configmaps",
            "ConfigMapList",
        ),
        (
            "/apis/config.openshift.io/v1/imagedigestmirrorsets",
            "ImageDigestMirrorSetList",
        ),
        (
            "/apis/config.openshift.io/v1/imagetagmirrorsets",
            "ImageTagMirrorSetList",
        ),
        (
            "/apis/operator.openshift.io/v1alpha1/imagecontentsourcepolicies",
            "ImageContentSourcePolicyList",
        ),
    ] {
        let version = match kind {
            "ConfigMapList" => "v1",
            "ImageContentSourcePolicyList" => "operator.openshift.io/v1alpha1",
            _ => "config.openshift.io/v1",
        };
        let list = json!({"kind": kind, "apiVersion": version, "metadata": {}, "items": []});
        server.document(path, list);
    }
    // Records need a line for each name that the image may be signed as, that of the release included.
    let map = format!("{0} {0}\nquay.io quay.io\n", town.hub.host());
    town.fleet.scene.sandbox.file("map", map);
    server.revoke_all();
    for right in rights {
        let mut rule = Rule::new("alice", &[&right.verb], "images").api_group(&right.group, &right.resource);
        if let Some(namespace) = &right.namespace {
            rule = rule.namespace(namespace);
        }
        if let Some(name) = &right.name {
            rule = rule.named(name);
        }
        server.allow(rule);
    }
    server.forget_requests();
    town
}

/// An audit, with what it needs to know of registries if one is to be asked.
fn run(town: &Town, args: &[&str]) -> Outcome {
    match args.iter().any(|arg| ["--registry-url", "--mirrors"].contains(arg)) {
        true => town.run(args),
        false => town.fleet.run(&[&["-o", "jsonl"], args].concat()),
    }
}

/// Requests about one's own rights and name, which everybody may make.
fn is_about_oneself(request: &Request) -> bool {
    request.path.ends_with("/selfsubjectaccessreviews") || request.path.ends_with("/selfsubjectreviews")
}

#[test]
fn the_rights_that_packages_bring_are_those_that_audits_use() {
    let looking = rights("image-signature-audit");
    let town = town(&looking);
    for args in [
        &[][..],
        &["-n", "shop"],
        &["-A"],
        &["--mirrors"],
        &["--registry-url", "auto"],
        &["shop/app:v1"],
    ] {
        let outcome = run(&town, args).expect(0);
        let report = Report::read(&outcome.stdout);
        assert_eq!(report.tail.get("incomplete"), None, "{args:?}: {outcome:#?}");
        assert!(!outcome.stderr.contains("forbidden"), "{args:?}: {outcome:#?}");
    }
    // Who decides is not what is tested here.
    let policies = ["audit", "-n", "shop", "--cluster-policy", "-o", "jsonl"];
    let outcome = town.fleet.scene.run(&policies).expect(1);
    assert!(!outcome.stdout.contains("Forbidden"), "{outcome:#?}");
    let requests = town.fleet.server().requests();
    let refused: Vec<&Request> = requests.iter().filter(|request| request.status == 403).collect();
    assert!(refused.is_empty(), "{refused:#?}");
    let unused: Vec<&Right> = looking
        .iter()
        .filter(|right| !requests.iter().any(|request| is_for(right, request)))
        .collect();
    // This one the cluster's registry asks for when it is asked for a manifest.
    assert_eq!(unused.len(), 1, "{unused:#?}");
    assert_eq!(unused[0].resource, "imagestreams/layers");
    assert!(requests
        .iter()
        .all(|request| looking.iter().any(|right| is_for(right, request))));
}

#[test]
fn who_records_needs_one_right_more() {
    let both = &rights("image-signature-audit") | &rights("image-signature-record");
    let town = town(&both);
    let outcome = run(&town, &["--confirm", "--expected-identity-map", "map"]).expect(0);
    let report = Report::read(&outcome.stdout);
    assert_eq!(report.entry()["recorded"], "yes", "{outcome:#?}");
    let requests = town.fleet.server().requests();
    let rest = requests.iter().filter(|request| !is_about_oneself(request));
    let writes: Vec<&Request> = rest.filter(|request| request.is_write()).collect();
    let recording = rights("image-signature-record");
    assert_eq!((writes.len(), recording.len()), (1, 1));
    assert!(is_for(recording.first().unwrap(), writes[0]));
    // Who only looks cannot.
    let town = self::town(&rights("image-signature-audit"));
    run(&town, &["--confirm", "--expected-identity-map", "map"]).expect(3);
}

/// What the comments of the manifest and of the unit say is all that it takes, and without it nothing is written.
#[test]
fn what_is_run_each_day_records_with_what_its_comment_says() {
    let unit = "image-signature-audit.service";
    let daily = texts(&templates("cronjob.yaml")[0]["containers"][0]["args"]);
    for (args, more) in [(daily, shown("cronjob.yaml")), (command(unit), shown_options(unit))] {
        let town = town(&(&rights("image-signature-audit") | &rights("image-signature-record")));
        let sandbox = &town.fleet.scene.sandbox;
        let run = |args: &[String]| {
            let places = [
                ("/etc/image-signature/keys/release-key.asc", town.fleet.key_file.clone()),
                ("${CREDENTIALS_DIRECTORY}/release-key.asc", town.fleet.key_file.clone()),
                ("${CREDENTIALS_DIRECTORY}/kubeconfig", "home/.kube/config".to_owned()),
                ("/etc/image-signature/keys/map", "map".to_owned()),
                ("/etc/image-signature/map", "map".to_owned()),
                ("/var/lib/image-signature/", String::new()),
                ("${STATE_DIRECTORY}/", String::new()),
            ];
            let args = args.iter().map(|arg| {
                let begun = arg.to_owned();
                places.iter().fold(begun, |arg, (place, own)| arg.replace(place, own))
            });
            let args: Vec<String> = args.collect();
            town.fleet.scene.run(&args).expect(0);
            let report = std::fs::read_to_string(sandbox.path("audit.json")).unwrap();
            let report: Value = serde_json::from_str(&report).unwrap();
            report["items"][0]["recorded"].clone()
        };
        assert_ne!(run(&args), "yes");
        assert!(!town
            .fleet
            .server()
            .requests()
            .iter()
            .any(|r| r.is_write() && !is_about_oneself(r)));
        assert_eq!(run(&[args, more].concat()), "yes");
    }
}
