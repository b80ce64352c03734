// SPDX-License-Identifier: Apache-2.0
//! What streams, pods and lists in files say of the images beside them.

use serde_json::{json, Value};

use crate::audit::bench::{digest, Bench, PLACE, SIGNED};
use crate::support::images::{image, list};

/// As `oc get images,imagestreams,pods -A -o json` has them.
#[test]
fn streams_and_pods_in_files_say_what_images_are_expected_to_be_signed_as() {
    let bench = Bench::new();
    let (by_tag, by_digest, moved, other) = (digest(1), digest(2), digest(3), digest(4));
    let sign = |d: &str, tag: &str| bench.desk.sign(d, &format!("quay.io/shop/web:{tag}"));
    let images = [
        image(&by_tag, &[&sign(&by_tag, "v1")]),
        image(&by_digest, &[&sign(&by_digest, "v7")]),
        image(&moved, &[&sign(&moved, "v1")]),
        image(&other, &[&sign(&other, "v1")]),
    ];
    let tag = |name: &str, from: &str| json!({"name": name, "from": {"kind": "DockerImage", "name": format!("quay.io/shop/web:{from}")}});
    let now = |name: &str, d: &str| {
        json!({"tag": name, "items": [{"created": "2026-02-02T00:00:00Z", "generation": 1, "image": d,
            "dockerImageReference": format!("quay.io/shop/web@{d}")}]})
    };
    let stream = json!({
        "apiVersion": "image.openshift.io/v1", "kind": "ImageStream", "metadata": {"namespace": "shop", "name": "web"},
        "spec": {"tags": [tag("latest", "v1"), tag("next", "v2")]},
        "status": {"tags": [now("latest", &by_tag), now("next", &moved)]},
    });
    let reference = format!("quay.io/shop/web@{by_digest}");
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop", "name": "web-1"},
        "spec": {"containers": [{"name": "main", "image": reference}]},
        "status": {"phase": "Running", "containerStatuses": [
            {"name": "main", "image": reference, "imageID": reference, "state": {"running": {}}}]},
    });
    let mut objects = images.to_vec();
    objects.extend([stream, pod]);
    bench.desk.put("dump.json", list(&objects).to_string());
    let report = bench.lines(&["-f", "dump.json"], 1);
    assert_eq!(
        report.words(),
        [
            "Verified/Verified",
            "Verified/Verified",
            "Rejected/IdentityMismatch",
            "Unchecked/NoExpectedIdentity"
        ]
    );
    assert_eq!(report.entries[0]["uses"][0]["name"], "web:latest");
    assert_eq!(report.entries[0]["identitySource"], "stream");
    assert_eq!(report.entries[1]["identitySource"], "named");
    assert_eq!(
        report.entries[1]["uses"][0],
        json!({"kind": "pod", "namespace": "shop", "name": "web-1/main"})
    );
}

#[test]
fn instances_in_files_are_expected_to_be_signed_as_the_tags_of_their_lists_too() {
    let bench = Bench::new();
    let (outer, inner, instance, evil) = (digest(3), digest(1), digest(2), "quay.io/evil/x:1");
    let manifests = |own: &str, below: &str| {
        let mut object = image(own, &[]);
        object["dockerImageManifests"] = json!([{"digest": below, "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifestSize": 1, "architecture": "amd64", "os": "linux"}]);
        object
    };
    let stream = |namespace: &str, from: &str, own: &str| {
        json!({
            "apiVersion": "image.openshift.io/v1", "kind": "ImageStream",
            "metadata": {"namespace": namespace, "name": "web"},
            "spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": from}}]},
            "status": {"tags": [{"tag": "v1", "items": [{"image": own}]}]},
        })
    };
    let (as_evil, as_shop) = (
        bench.desk.sign(&instance, evil),
        bench.desk.sign(&instance, "quay.io/shop/web:v1"),
    );
    for (blobs, word) in [
        (&[&as_evil[..]][..], "Rejected/IdentityMismatch"),
        (&[&as_shop[..]], "Rejected/IdentityMismatch"),
        (&[&as_evil[..], &as_shop[..]], "Verified/Verified"),
    ] {
        let objects = [
            image(&instance, blobs),
            manifests(&outer, &inner),
            manifests(&inner, &instance),
            stream("evil", evil, &instance),
            stream("shop", "quay.io/shop/web:v1", &outer),
        ];
        bench.desk.put("dump.json", list(&objects).to_string());
        let report = bench.lines(&["-f", "dump.json"], 1);
        assert_eq!(report.entries[0]["image"], instance);
        assert_eq!(report.words()[0], word, "{report:#?}");
        assert_eq!(report.entries[0]["uses"][1], json!({"kind": "list", "name": inner}));
    }
}

#[test]
fn objects_that_may_name_images_and_are_not_read_make_the_audit_incomplete() {
    let bench = Bench::new();
    let stream = json!({
        "apiVersion": "image.openshift.io/v1",
        "kind": "ImageStream",
        "metadata": {"name": "app", "namespace": "ns"},
        "spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": "elsewhere.local/app:v1"}}]},
        "status": {"tags": [{"tag": "v1", "items": [{"image": digest(1)}]}]},
    });
    let mut bare = stream.clone();
    bare.as_object_mut().unwrap().remove("kind");
    let mut deep = stream;
    for _ in 0..6 {
        deep = list(&[deep]);
    }
    for (what, other) in [
        (
            "without a kind",
            json!({"apiVersion": "v1", "kind": "List", "items": [bare]}),
        ),
        ("of kind List", deep),
        (
            "of kind Status",
            json!({"apiVersion": "v1", "kind": "Status", "status": "Failure"}),
        ),
    ] {
        bench.desk.put("inventory/images.json", bench.good(1).to_string());
        bench.desk.put("inventory/other.json", other.to_string());
        let outcome = bench.run(&["-f", "inventory"]).expect(3);
        assert!(outcome.stderr.contains(what), "{what}: {outcome:#?}");
        assert!(outcome.stderr.contains("other.json"), "{outcome:#?}");
    }
    // Other kinds name no images that are judged.
    let other = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}});
    bench.desk.put("inventory/other.json", other.to_string());
    bench.run(&["-f", "inventory"]).expect(0);
}

/// What streams and pods in the files use is used whether or not its object is there: a cluster that has it not says so too.
#[test]
fn an_image_that_is_used_and_is_not_in_the_files_is_not_judged_and_said_to_be_so() {
    let bench = Bench::new();
    let stream = |n: usize| {
        json!({
            "apiVersion": "image.openshift.io/v1",
            "kind": "ImageStream",
            "metadata": {"name": "app", "namespace": "ns"},
            "spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": format!("{PLACE}:v1")}}]},
            "status": {"tags": [{"tag": "v1", "items": [{"image": digest(n)}]}]},
        })
    };
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-1", "namespace": "prod"},
        "spec": {"containers": [{"name": "app", "image": format!("{PLACE}@{}", digest(3))}]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "app", "image": "x",
            "imageID": format!("{PLACE}@{}", digest(3))}]}});
    bench
        .desk
        .put("all.json", list(&[bench.good(1), stream(2), pod]).to_string());
    let report = bench.lines(&["-f", "all.json"], 1);
    assert_eq!(
        report.words(),
        ["Verified/Verified", "Unchecked/NotFound", "Unchecked/NotFound"]
    );
    let images: Vec<_> = report.entries.iter().map(|entry| &entry["image"]).collect();
    assert_eq!(images, [&json!(digest(1)), &json!(digest(2)), &json!(digest(3))]);
    assert_eq!(report.entries[1]["uses"][0]["name"], "app:v1");
    assert_eq!(report.entries[2]["uses"][0]["namespace"], "prod");
    assert_eq!(report.entries[1]["source"], "file:all.json");
    // Who names the images asks for these, and for no others.
    let named = format!("{}={SIGNED}:v1", digest(1));
    bench.run(&["-f", "all.json", &named]).expect(0);
    // Once it is there it is judged as its uses expect.
    bench
        .desk
        .put("all.json", list(&[bench.good(1), stream(1)]).to_string());
    let report = bench.lines(&["-f", "all.json"], 0);
    assert_eq!(report.words(), ["Verified/Verified"]);
    // Where none is there, the files have no image.
    bench.desk.put("all.json", list(&[stream(1)]).to_string());
    let report = bench.lines(&["-f", "all.json"], 3);
    assert_eq!(report.words(), ["Unchecked/NotFound"]);
}

/// A list with `metadata.continue` is what a server gives out of a longer one.
#[test]
fn a_part_of_a_list_in_a_file_is_not_taken_for_the_whole() {
    let bench = Bench::new();
    let part = |kind: &str, items: &[Value]| {
        json!({"apiVersion": "image.openshift.io/v1", "items": items, "kind": kind,
            "metadata": {"resourceVersion": "7", "continue": "eyJ2IjoibWV0YS5rOHMuaW8vdjEi", "remainingItemCount": 3}})
    };
    let whole = |kind: &str, items: &[Value]| {
        let mut list = part(kind, items);
        list["metadata"]["continue"] = json!("");
        list["metadata"]["remainingItemCount"] = json!(0);
        list
    };
    let stream = json!({"apiVersion": "image.openshift.io/v1", "kind": "ImageStream",
        "metadata": {"name": "app", "namespace": "ns"}, "spec": {}, "status": {}});
    let good = bench.good(1);
    let yaml = format!("kind: ImageList\nitems:\n- {good}\nmetadata:\n  continue: abc\n");
    for text in [
        part("ImageList", std::slice::from_ref(&good)).to_string(),
        part("ImageList", std::slice::from_ref(&good))
            .to_string()
            .replace("\"continue\"", "\"other\""),
        part("List", &[good.clone(), stream.clone()]).to_string(),
        format!("{good}{}", part("ImageStreamList", std::slice::from_ref(&stream))),
        yaml,
    ] {
        bench.desk.put("all.data", &text);
        let outcome = bench.run(&["-f", "all.data", "-o", "json"]).expect(3);
        let document = outcome.json();
        assert_eq!(document["items"][0]["verdict"], "Verified", "{text}");
        assert_eq!(document["complete"], false);
        assert!(
            outcome.stderr.contains("error: all.data: a list in it continues"),
            "{outcome:#?}"
        );
        // Of an image that is named it does not matter what else there is.
        let key = bench.desk.key_file.to_str().unwrap();
        let signed = format!("{SIGNED}:v1");
        let verify = [
            "verify",
            "-f",
            "all.data",
            "--public-key",
            key,
            "--expected-identity",
            &signed,
        ];
        let outcome = bench.desk.sandbox.run(verify);
        assert!(
            outcome.stderr.contains("warning: all.data: a list in it continues"),
            "{outcome:#?}"
        );
        let outcome = bench.desk.sandbox.run([&verify[..], &[&digest(1)]].concat()).expect(0);
        assert!(!outcome.stderr.contains("continues"), "{outcome:#?}");
        let outcome = bench.desk.sandbox.run(["describe", "-f", "all.data"]);
        assert!(outcome.stderr.contains("continues"), "{outcome:#?}");
    }
    bench
        .desk
        .put("all.data", whole("ImageList", std::slice::from_ref(&good)).to_string());
    bench.run(&["-f", "all.data"]).expect(0);
}

/// What other readers may take for a stream or a pod is not left out as something else.
#[test]
fn what_may_be_a_stream_or_a_pod_is_not_left_out_as_another_kind() {
    let bench = Bench::new();
    bench.desk.put("map", format!("{SIGNED} {SIGNED}\n"));
    let from = |from: &str| json!({"name": "v1", "from": {"kind": "DockerImage", "name": from}});
    let stream = |namespace: &str, place: &str| {
        json!({"apiVersion": "image.openshift.io/v1", "kind": "ImageStream",
            "metadata": {"name": "app", "namespace": namespace}, "spec": {"tags": [from(place)]},
            "status": {"tags": [{"tag": "v1", "items": [{"image": digest(1)}]}]}})
    };
    let (own, evil) = (
        stream("shop", &format!("{SIGNED}:v1")),
        stream("evil", "quay.io/evil/x:1"),
    );
    let place = format!("quay.io/evil/x@{}", digest(1));
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "evil"},
        "spec": {"containers": [{"name": "app", "image": place}]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "app", "image": "x", "imageID": place}]}});
    let recorded = |objects: &[String], status: i32| {
        let items = [&[bench.good(1).to_string(), own.to_string()], objects]
            .concat()
            .join(",");
        let all = format!("{{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{items}]}}");
        bench.desk.put("all.json", all);
        let outcome = bench.run(&["-f", "all.json", "--confirm"]).expect(status);
        let after = std::fs::read_to_string(bench.desk.sandbox.path("all.json")).unwrap();
        (after.contains("\"True\""), outcome.stderr)
    };
    assert!(recorded(&[], 0).0);
    // An empty version is read as one that is missing is.
    for mut other in [evil.clone(), pod] {
        other["apiVersion"] = json!("");
        let (is_recorded, told) = recorded(&[other.to_string()], 1);
        assert!(!is_recorded, "{other}: {told}");
    }
    // Readers differ in which of two members they take.
    let text = evil.to_string();
    let last = |member: &str| format!("{},{member}}}", text.strip_suffix('}').unwrap());
    let within = |kinds: &str| format!("{{{kinds},\"apiVersion\":\"v1\",\"items\":[{text}]}}");
    let bare = text.replace("\"kind\":\"ImageStream\",", "");
    for other in [
        last("\"kind\":\"Secret\""),
        last("\"apiVersion\":\"apps/v1\""),
        within("\"kind\":\"List\",\"kind\":\"Secret\""),
        format!("{{\"kind\":\"ImageStreamList\",\"items\":[{bare}],\"apiVersion\":\"image.openshift.io/v1\",\"kind\":\"EventList\"}}"),
        format!("{{\"kind\":\"ImageStreamList\",\"items\":[{bare}],\"items\":[]}}"),
    ] {
        let (is_recorded, told) = recorded(std::slice::from_ref(&other), 3);
        assert!(!is_recorded && told.contains("all.json"), "{other}: {told}");
    }
    // Other groups have kinds that are called as an answer of a server is, and these name no image.
    for (version, kind) in [
        ("dynamodb.example.com/v1alpha1", "Table"),
        ("example.com/v1", "Status"),
        ("example.com/v1", "PartialObjectMetadata"),
    ] {
        let other = json!({"apiVersion": version, "kind": kind, "metadata": {"name": "s"}});
        let (is_recorded, told) = recorded(&[other.to_string()], 0);
        assert!(is_recorded, "{kind}: {told}");
    }
    let other = json!({"apiVersion": "v1", "kind": "Status", "status": "Failure"});
    assert!(!recorded(&[other.to_string()], 3).0);
}
