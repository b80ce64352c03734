// SPDX-License-Identifier: Apache-2.0
//! Images in files and directories: each once, in order, whatever the number of threads.

use serde_json::{json, Value};

use crate::audit::bench::{digest, Bench, Report, PLACE, SIGNED};
use crate::support::images::{image, list};

#[test]
fn every_image_of_a_folder_is_in_the_report_once_and_in_order() {
    let bench = Bench::new();
    bench.mixed("folder/one.json", 30);
    bench.desk.put("folder/two.json", bench.good(100).to_string());
    bench.desk.put("folder/deep/three.json", bench.good(101).to_string());
    let first = bench.lines(&["-f", "folder", "--workers", "1"], 1);
    assert_eq!(first.entries.len(), 31);
    let words = first.words();
    for (n, word) in words.iter().take(30).enumerate() {
        let wanted = match n % 10 {
            7 => "Rejected/IdentityMismatch",
            8 => "Rejected/NotASignature",
            9 => "Unsigned/NoSignature",
            _ => "Verified/Verified",
        };
        assert_eq!(*word, wanted, "{n}");
        assert_eq!(first.entries[n]["image"], digest(n));
        assert_eq!(first.entries[n]["source"], "file:folder/one.json");
    }
    assert_eq!(first.entries[0]["expected"], json!([format!("{SIGNED}:v1")]));
    assert_eq!(first.entries[0]["identitySource"], "map");
    assert_eq!(first.entries[0]["signatures"][0]["signer"]["primary"], bench.desk.key);
    for workers in ["2", "7"] {
        let other = bench.lines(&["-f", "folder", "--workers", workers], 1);
        assert_eq!(other.entries, first.entries);
    }
    let deep = bench.lines(&["-f", "folder", "-R"], 1);
    assert_eq!(deep.entries.len(), 32);
}

#[test]
fn engines_agree() {
    let bench = Bench::new();
    bench.mixed("images.json", 40);
    let reports: Vec<Report> = ["gpgme", "batch", "auto"]
        .iter()
        .map(|engine| bench.lines(&["-f", "images.json", "--engine", engine], 1))
        .collect();
    for report in &reports {
        assert_eq!(report.entries, reports[0].entries);
        // Where GnuPG is asked in another way, nothing else is found: one may go on from the other.
        assert_eq!(report.head["options"], reports[0].head["options"]);
    }
}

/// Where many images are known to come, gpgme has none of the good signatures to check.
#[test]
fn workers_check_from_the_first_signature_on_where_there_are_many_images() {
    let bench = Bench::new();
    bench.mixed("many.json", 40);
    bench.mixed("few.json", 10);
    // Of ten, eight have a signature that is good, for whatever image.
    for (file, engine, expected) in [
        ("many.json", "auto", [1, 32, 0]),
        ("few.json", "auto", [0, 0, 8]),
        ("few.json", "batch", [1, 8, 0]),
    ] {
        let outcome = bench.run(&["-v", "-f", file, "--engine", engine, "--workers", "1"]);
        assert_eq!(outcome.expect(1).workers(), expected, "{file}, {engine}");
    }
    let key = bench.desk.key_file.to_str().unwrap();
    let identity = format!("{SIGNED}:v1");
    let common = [
        "verify",
        "-v",
        "--public-key",
        key,
        "--expected-identity",
        &identity,
        "-f",
    ];
    for (file, expected) in [("many.json", [1, 32, 0]), ("few.json", [0, 0, 8])] {
        let args = [&common[..], &[file]].concat();
        assert_eq!(bench.desk.sandbox.run(args).expect(1).workers(), expected, "{file}");
    }
}

#[test]
fn the_summary_counts_verdicts() {
    let bench = Bench::new();
    bench.mixed("images.json", 10);
    let outcome = bench.run(&["-f", "images.json"]).expect(1);
    assert!(outcome.stdout.contains("10 images"), "{outcome:#?}");
    assert!(outcome.words().contains("7 Verified"), "{outcome:#?}");
}

#[test]
fn a_file_that_cannot_be_read_spoils_no_other_and_leaves_the_audit_incomplete() {
    let bench = Bench::new();
    bench.desk.put("folder/bad.json", "{");
    bench.desk.put("folder/good.json", bench.good(1).to_string());
    let report = bench.lines(&["-f", "folder"], 3);
    assert_eq!(report.words(), ["Unchecked/SourceUnavailable", "Verified/Verified"]);
    assert!(report.tail["incomplete"][0].as_str().unwrap().contains("bad.json"));
}

#[test]
fn nothing_to_judge_is_no_success() {
    let bench = Bench::new();
    bench.desk.put("folder/readme.txt", "");
    let report = bench.lines(&["-f", "folder"], 3);
    assert_eq!(report.entries.len(), 0);
    let others = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}});
    bench.desk.put("folder/map.json", others.to_string());
    let outcome = bench.run(&["-f", "folder"]).expect(3);
    assert!(
        outcome.stderr.contains("1 object of another kind is left out"),
        "{outcome:#?}"
    );
    assert!(outcome.stderr.contains("there is no image"), "{outcome:#?}");
}

#[test]
fn views_are_judged_where_the_image_is_not_there_itself() {
    let bench = Bench::new();
    let view = |name: &str, n: usize| {
        json!({
            "kind": "ImageStreamTag", "apiVersion": "image.openshift.io/v1",
            "metadata": {"name": name, "namespace": "ns"}, "image": bench.good(n),
        })
    };
    let objects = [view("app:v1", 1), view("app:v2", 1), view("app:v3", 2), bench.good(2)];
    bench.desk.put("all.json", list(&objects).to_string());
    let report = bench.lines(&["-f", "all.json"], 0);
    let images: Vec<&str> = report
        .entries
        .iter()
        .map(|entry| entry["image"].as_str().unwrap())
        .collect();
    assert_eq!(images, [digest(1), digest(2)]);
}

#[test]
fn objects_that_differ_under_one_name_are_not_judged() {
    let bench = Bench::new();
    let mut other = bench.good(1);
    other["metadata"]["resourceVersion"] = json!("8");
    let objects = [bench.good(1), other, bench.good(2), bench.good(2)];
    bench.desk.put("all.json", list(&objects).to_string());
    let report = bench.lines(&["-f", "all.json"], 1);
    assert_eq!(report.words(), ["Unchecked/SourceUnavailable", "Verified/Verified"]);
}

#[test]
fn a_directory_is_judged_by_the_digest_of_its_manifest() {
    let bench = Bench::new();
    let manifest = b"{\"schemaVersion\": 2}\n";
    let digest = image_signature::digest::Digest::of_bytes(manifest);
    bench.desk.put("image/manifest.json", manifest);
    bench.desk.put(
        "image/signature-1",
        bench.desk.sign(digest.as_str(), &format!("{SIGNED}:v1")),
    );
    let report = bench.lines(&[&format!("dir:image={SIGNED}:v1")], 0);
    assert_eq!(report.entry()["image"], digest.as_str());
    assert_eq!(report.entry()["source"], "dir:image");
    assert_eq!(report.entry()["identitySource"], "user");
    bench.desk.put("list", "# all\n\ndir:image\n");
    let report = bench.lines(&["--images-from", "list"], 1);
    assert_eq!(report.words(), ["Unchecked/NoExpectedIdentity"]);
}

#[test]
fn a_key_that_is_in_no_keyring_is_named_as_claimed() {
    let bench = Bench::new();
    let stranger = bench.desk.signer.simple_key("Stranger <s@example.com>");
    let payload = crate::support::images::payload(&digest(1), &format!("{SIGNED}:v1"));
    let blob = bench.desk.signer.sign(&stranger, &payload);
    bench.desk.put("image.json", bench.image(1, &[&blob]).to_string());
    let report = bench.lines(&["-f", "image.json"], 1);
    let signature = &report.entry()["signatures"][0];
    assert_eq!(signature["reason"], "UnknownKey");
    let claimed = signature["claimedKey"].as_str().unwrap();
    assert!(stranger.ends_with(claimed), "{claimed}");
    assert_eq!(signature.get("signer"), None);
}

#[test]
fn an_object_without_a_tag_in_its_place_is_not_judged_by_its_digest() {
    let bench = Bench::new();
    let d = digest(1);
    let blob = bench.desk.sign(&d, &format!("{SIGNED}:v1"));
    // image() says where it is by digest, at a place that no line of the map is for.
    bench.desk.put("image.json", image(&d, &[&blob]).to_string());
    let report = bench.lines(&["-f", "image.json"], 1);
    assert_eq!(report.words(), ["Unchecked/NoExpectedIdentity"]);
    assert_eq!(report.entry()["expected"], json!([]));
    // At one that a line is for, any tag of the repository will do, and the digest must be the image's.
    let mut mapped = image(&d, &[&blob]);
    mapped["dockerImageReference"] = json!(format!("{PLACE}@{d}"));
    bench.desk.put("image.json", mapped.to_string());
    let report = bench.lines(&["-f", "image.json"], 0);
    assert_eq!(report.entry()["expected"], json!([format!("{SIGNED}@{d}")]));
    mapped["dockerImageReference"] = json!(format!("{PLACE}@{}", digest(2)));
    bench.desk.put("image.json", mapped.to_string());
    let report = bench.lines(&["-f", "image.json"], 1);
    assert_eq!(report.words(), ["Rejected/IdentityMismatch"]);
}

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
            outcome.stderr.contains("error: all.data: a list in it goes on"),
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
            outcome.stderr.contains("warning: all.data: a list in it goes on"),
            "{outcome:#?}"
        );
        let outcome = bench.desk.sandbox.run([&verify[..], &[&digest(1)]].concat()).expect(0);
        assert!(!outcome.stderr.contains("goes on"), "{outcome:#?}");
        let outcome = bench.desk.sandbox.run(["describe", "-f", "all.data"]);
        assert!(outcome.stderr.contains("goes on"), "{outcome:#?}");
    }
    bench
        .desk
        .put("all.data", whole("ImageList", std::slice::from_ref(&good)).to_string());
    bench.run(&["-f", "all.data"]).expect(0);
}
