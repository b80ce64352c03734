// SPDX-License-Identifier: Apache-2.0
//! Lists of images in registries.

use serde_json::json;

use crate::support::hub::Hub;
use crate::support::images::payload;

use super::bench::{Bench, Report};

/// A registry over plain http with images v1 (signed for that), v2 (signed for v1) and v3 (not signed).
fn town() -> (Bench, Hub, Vec<String>) {
    let (bench, hub) = (Bench::new(), Hub::plain());
    let host = hub.host();
    bench.desk.put(
        "registries.conf",
        format!("[[registry]]\nlocation = \"{host}\"\ninsecure = true\n"),
    );
    let store = format!("file://{}", bench.desk.sandbox.path("lookaside").display());
    bench.desk.put(
        "registries.d/test.yaml",
        format!("default-docker:\n  lookaside: {store}\n"),
    );
    let mut digests = Vec::new();
    for tag in ["v1", "v2", "v3"] {
        let digest = hub.store(|store| store.repository("ns/app").image(tag, tag));
        if tag != "v3" {
            let blob = bench
                .desk
                .signer
                .sign(&bench.desk.key, &payload(&digest, &format!("{host}/ns/app:v1")));
            let place = format!("lookaside/ns/app@{}/signature-1", digest.replace(':', "="));
            bench.desk.put(&place, &blob);
        }
        digests.push(digest);
    }
    (bench, hub, digests)
}

fn run(bench: &Bench, args: &[&str]) -> crate::support::program::Outcome {
    let configuration = ["--registries-conf", "registries.conf", "--registries.d", "registries.d"];
    bench.run(&[&["-o", "jsonl"], &configuration[..], args].concat())
}

#[test]
fn a_list_of_references_is_judged_by_what_each_is_asked_for_by() {
    let (bench, hub, digests) = town();
    let host = hub.host();
    let list: String = ["v1", "v2", "v3", "v4"]
        .iter()
        .map(|tag| format!("docker://{host}/ns/app:{tag}\n"))
        .collect();
    bench.desk.put(
        "list",
        format!("{list}docker://{host}/ns/app@{} {host}/ns/app:v1\n", digests[1]),
    );
    let outcome = run(&bench, &["--images-from", "list", "--workers", "3"]).expect(1);
    let report = Report::read(&outcome.stdout);
    assert_eq!(
        report.words(),
        [
            "Verified/Verified",
            "Rejected/IdentityMismatch",
            "Unsigned/NoSignature",
            "Unchecked/NotFound",
            "Verified/Verified"
        ],
        "{outcome:#?}"
    );
    assert_eq!(report.entries[0]["image"], digests[0].as_str());
    assert_eq!(report.entries[0]["source"], format!("docker://{host}/ns/app:v1"));
    assert_eq!(report.entries[0]["identitySource"], "reference");
    assert_eq!(report.entries[3]["image"], format!("docker://{host}/ns/app:v4"));
    assert_eq!(report.entries[4]["identitySource"], "user");
    let mut seen = 0;
    for index in 0..2 {
        let outcome = run(&bench, &["--images-from", "list", "--shard", &format!("{index}/2")]);
        seen += Report::read(&outcome.stdout).entries.len();
    }
    assert_eq!(seen, 5);
}

#[test]
fn the_map_says_how_a_mirror_is_signed() {
    let (bench, hub, _) = town();
    let host = hub.host();
    bench.desk.put("map", format!("{host}/ns {host}/elsewhere\n"));
    let image = format!("docker://{host}/ns/app:v1");
    let report = Report::read(&run(&bench, &[&image]).expect(1).stdout);
    assert_eq!(report.entry()["expected"][0], format!("{host}/elsewhere/app:v1"));
    assert_eq!(report.entry()["identitySource"], "map");
    assert_eq!(report.words(), ["Rejected/IdentityMismatch"]);
}

/// What a registry has of an image may be otherwise by now, and only asking tells.
#[test]
fn an_image_in_a_registry_is_asked_for_again_when_a_report_is_gone_on_from() {
    let (bench, hub, digests) = town();
    let image = format!("docker://{}/ns/app:v1", hub.host());
    run(&bench, &[&image, "--report", "jsonl=audit.jsonl"]).expect(0);
    let whole = std::fs::read_to_string(bench.desk.sandbox.path("audit.jsonl")).unwrap();
    let begun: String = whole.split_inclusive('\n').take(2).collect();
    bench.desk.put("audit.jsonl", &begun);
    run(&bench, &[&image, "--resume", "audit.jsonl"]).expect(0);
    assert_eq!(bench.report("audit.jsonl").entries.len(), 1);
    let store = format!("lookaside/ns/app@{}", digests[0].replace(':', "="));
    std::fs::remove_dir_all(bench.desk.sandbox.path(&store)).unwrap();
    // The same where a run was killed that had asked again.
    let entry = begun.lines().nth(1).unwrap();
    for begun in [begun.clone(), format!("{begun}{entry}\n")] {
        bench.desk.put("audit.jsonl", begun);
        run(&bench, &[&image, "--resume", "audit.jsonl"]).expect(1);
        assert_eq!(bench.report("audit.jsonl").words(), ["Unsigned/NoSignature"]);
    }
    bench
        .run(&["-f", "x.json", "--creds", "a:b"])
        .expect_usage("--creds applies only to images in registries");
}

/// Where signatures are kept, and what stands for a registry, is in files that may change under their names.
#[test]
fn what_the_configuration_of_registries_says_belongs_to_the_report() {
    let (bench, hub, _) = town();
    let image = format!("docker://{}/ns/app:v1", hub.host());
    let half = |shard: &str, more: &str| {
        run(
            &bench,
            &[&image, "--shard", shard, more, &format!("jsonl=part{}", &shard[..1])],
        )
    };
    half("0/2", "--report");
    let whole = run(&bench, &[&image, "--report", "jsonl=audit.jsonl"]).expect(0);
    assert!(whole.stdout.contains("Verified"));
    let text = std::fs::read_to_string(bench.desk.sandbox.path("audit.jsonl")).unwrap();
    let begun: String = text.split_inclusive('\n').take(2).collect();
    bench.desk.put("audit.jsonl", begun);
    let conf = std::fs::read_to_string(bench.desk.sandbox.path("registries.conf")).unwrap();
    for (file, text) in [
        (
            "registries.d/test.yaml",
            "default-docker:\n  lookaside: file:///nowhere\n".to_owned(),
        ),
        (
            "registries.conf",
            format!("{conf}[[registry]]\nlocation = \"x.example\"\nblocked = true\n"),
        ),
    ] {
        let before = std::fs::read_to_string(bench.desk.sandbox.path(file)).unwrap();
        bench.desk.put(file, text);
        run(&bench, &[&image, "--resume", "audit.jsonl"]).expect_usage("the options");
        half("1/2", "--report");
        let merged = bench.desk.sandbox.run(["audit", "merge", "part0", "part1"]).expect(3);
        assert!(merged.stderr.contains("the options"), "{file}: {merged:#?}");
        bench.desk.put(file, before);
    }
    half("1/2", "--report");
    bench.desk.sandbox.run(["audit", "merge", "part0", "part1"]).expect(0);
}

#[test]
fn a_key_that_is_in_no_keyring_is_named_as_claimed_for_an_image_in_a_registry_too() {
    let (bench, hub, digests) = town();
    let host = hub.host();
    let other = bench.desk.signer.simple_key("Other <o@example.com>");
    let blob = bench
        .desk
        .signer
        .sign(&other, &payload(&digests[2], &format!("{host}/ns/app:v3")));
    let place = format!("lookaside/ns/app@{}/signature-1", digests[2].replace(':', "="));
    bench.desk.put(&place, &blob);
    let report = Report::read(&run(&bench, &[&format!("docker://{host}/ns/app:v3")]).expect(1).stdout);
    assert_eq!(report.words(), ["Rejected/UnknownKey"]);
    let claimed = report.entry()["signatures"][0]["claimedKey"].as_str().unwrap();
    assert!(other.ends_with(claimed), "{claimed}");
}

/// A list that only its instances are signed for: whose keys verify it is told, and what each instance has.
#[test]
fn the_keys_of_a_lists_instances_are_those_of_the_list() {
    let (bench, hub, digests) = town();
    let host = hub.host();
    let old = bench.desk.signer.key("Old <old@example.com>", "rsa2048", "sign", "10d");
    let both = bench.desk.sandbox.path("both.gpg");
    bench.desk.signer.export(&[&bench.desk.key, &old], &both);
    let manifests: Vec<_> = [(0, "amd64"), (1, "arm64")]
        .into_iter()
        .map(|(n, architecture)| {
            let size = hub.store(|store| store.repository("ns/app").manifest(&digests[n]).1.len());
            json!({"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digests[n], "size": size,
                "platform": {"os": "linux", "architecture": architecture}})
        })
        .collect();
    let index = "application/vnd.oci.image.index.v1+json";
    let list = json!({"schemaVersion": 2, "mediaType": index, "manifests": manifests}).to_string();
    hub.store(|store| store.repository("ns/app").push("multi", index, list.as_bytes()));
    let reference = format!("{host}/ns/app:multi");
    for (digest, key) in [(&digests[0], &bench.desk.key), (&digests[1], &old)] {
        let blob = bench.desk.signer.sign(key, &payload(digest, &reference));
        let place = format!("lookaside/ns/app@{}/signature-1", digest.replace(':', "="));
        bench.desk.put(&place, &blob);
    }
    let image = format!("docker://{reference}");
    let keys = ["--public-key", both.to_str().unwrap()];
    let args = [
        &[image.as_str()][..],
        &keys,
        &["--fail-on", "expiring", "--report", "json=all.json"],
    ]
    .concat();
    let report = Report::read(&run(&bench, &args).expect(1).stdout);
    assert_eq!(report.words(), ["Verified/Verified"]);
    let entry = report.entry();
    let signed = entry["signatures"].as_array().unwrap();
    let signed: Vec<_> = signed
        .iter()
        .map(|own| (&own["instance"], &own["signer"]["primary"]))
        .collect();
    assert_eq!(
        signed,
        [
            (&json!(digests[0]), &json!(bench.desk.key)),
            (&json!(digests[1]), &json!(old))
        ]
    );
    // One of the instances is verified by that key only, and so is the list.
    assert_eq!(entry["findings"][0]["kind"], "expiring");
    let text = std::fs::read_to_string(bench.desk.sandbox.path("all.json")).unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    crate::support::schema::assert_valid(&document);
    for key in document["totals"]["keys"].as_array().unwrap() {
        assert_eq!((&key["images"], &key["alone"]), (&json!(1), &json!(1)), "{document}");
    }
    bench.desk.put("sum.jsonl", run(&bench, &args).stdout);
    bench.desk.sandbox.run(["audit", "merge", "sum.jsonl"]).expect(0);
}

/// Which places and instances were looked at stands in the text too: it is not told by the reason.
#[test]
fn the_text_says_where_no_signature_was_found() {
    let (bench, hub, _) = town();
    let image = format!("docker://{}/ns/app:v3", hub.host());
    let configuration = ["--registries-conf", "registries.conf", "--registries.d", "registries.d"];
    for format in ["text", "html"] {
        let args = [&[&*image, "-o", format], &configuration[..]].concat();
        let text = bench.run(&args).expect(1).words();
        assert!(text.contains("there is no signature in lookaside file:"), "{format}");
    }
    // Of an object it is.
    bench.desk.put("image.json", bench.image(9, &[]).to_string());
    let text = bench.run(&["-f", "image.json"]).expect(1).words();
    assert!(
        text.contains("NoSignature") && !text.contains("there is no signature"),
        "{text}"
    );
}

/// An image that mirrors stand for by tag and by digest lacks a signature there once.
#[test]
fn a_signature_that_a_mirror_lacks_is_one_gap() {
    let (bench, hub, digests) = town();
    let (host, mirror) = (hub.host(), Hub::plain());
    mirror.store(|store| store.repository("m/app").image("v1", "v1"));
    let conf = format!(
        "[[registry]]\nlocation = \"{host}/ns\"\ninsecure = true\n[[registry.mirror]]\nlocation = \"{}/m\"\ninsecure = true\n",
        mirror.host()
    );
    bench.desk.put("registries.conf", conf);
    std::fs::create_dir(bench.desk.sandbox.path("none")).unwrap();
    let store = |name: &str| format!("file://{}", bench.desk.sandbox.path(name).display());
    let stores = format!(
        "docker:\n  {host}:\n    lookaside: {}\n  {}:\n    lookaside: {}\n",
        store("lookaside"),
        mirror.host(),
        store("none")
    );
    bench.desk.put("registries.d/test.yaml", stores);
    let image = format!("docker://{host}/ns/app:v1");
    let report = Report::read(&run(&bench, &[&image, "--mirrors"]).stdout);
    let findings = report.entry()["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{findings:#?}");
    // As the places are configured, so is skopeo to ask them.
    let command = findings[0]["command"].as_str().unwrap();
    let end = format!(
        " copy --all --preserve-digests --src-tls-verify=false --dest-tls-verify=false docker://{host}/ns/app@{0} docker://{1}/m/app@{0}",
        digests[0],
        mirror.host()
    );
    assert!(command.ends_with(&end), "{command}");
}

/// The lines of a list are compared with the options, and who looks at his options finds no difference.
#[test]
fn a_list_that_has_grown_is_named() {
    let (bench, hub, _) = town();
    let line = |tag: &str| format!("docker://{}/ns/app:{tag}\n", hub.host());
    let args = ["--images-from", "list"];
    bench.desk.put("list", line("v1"));
    run(&bench, &[&args[..], &["--report", "jsonl=old.jsonl"]].concat()).expect(0);
    bench.desk.put("list", format!("{}{}", line("v1"), line("v3")));
    let said = "the options or the lines of the list of images";
    run(&bench, &[&args[..], &["--resume", "old.jsonl"]].concat()).expect_usage(said);
    run(&bench, &[&args[..], &["--report", "jsonl=new.jsonl"]].concat()).expect(1);
    let diff = |args: &[&str]| bench.desk.sandbox.run([&["audit", "diff"], args].concat()).stdout;
    let told = diff(&["old.jsonl", "new.jsonl"]);
    assert!(told.contains(&format!("The audits differ in: {said}\n")), "{told}");
    assert!(!diff(&["old.jsonl", "old.jsonl"]).contains("differ in"));
}

/// As verify does, and a registry is not taken for an image of docker.io.
#[test]
fn names_without_a_registry() {
    let (bench, _, _) = town();
    bench.desk.put(
        "registries.conf",
        "[[registry]]\nprefix = \"docker.io\"\nlocation = \"registry.invalid\"\n",
    );
    let warning = "docker://busybox:1 names no registry, and docker.io is taken for it";
    let outcome = run(&bench, &["docker://busybox:1"]);
    assert!(outcome.stderr.contains(warning), "{outcome:?}");
    let outcome = run(&bench, &["docker://docker.io/library/busybox:1"]);
    assert!(!outcome.stderr.contains("names no registry"), "{outcome:?}");
}
