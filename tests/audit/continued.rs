// SPDX-License-Identifier: Apache-2.0
//! `--resume`: what was Verified, and would not be any more, is judged again.

use std::fs;

use serde_json::{json, Value};

use super::bench::{digest, Bench, Report, PLACE, SIGNED};
use super::elsewhere::Town;
use super::fleet::{pod, Fleet};
use crate::support::cosign::Cosign;
use crate::support::images::{list, payload};
use crate::support::program::{binary, Outcome};

/// A report without its end.
fn unfinished(report: &Report) -> String {
    let lines = [&report.head].into_iter().chain(&report.entries);
    lines.map(|line| format!("{line}\n")).collect()
}

/// A stream that imports image 1 from a place; it is known by the name of its repository too, if it has one.
fn stream(name: &str, from: &str, repository: Option<&str>) -> Value {
    let mut stream = json!({
        "apiVersion": "image.openshift.io/v1", "kind": "ImageStream", "metadata": {"namespace": "shop", "name": name},
        "spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": from}}]},
        "status": {"tags": [{"tag": "v1", "items": [{"image": digest(1)}]}]},
    });
    if let Some(repository) = repository {
        stream["status"]["dockerImageRepository"] = json!(repository);
    }
    stream
}

/// All uses together expect the same as before, and one of them expects what the image is not signed as.
#[test]
fn an_image_of_which_one_use_demands_something_else_now_is_judged_again() {
    let bench = Bench::new();
    let other = "other.local:5000/shop/web";
    let one = stream("web", &format!("{SIGNED}:v1"), Some(other));
    let two = stream("two", &format!("{other}:v1"), None);
    let put = |objects: &[Value]| bench.desk.put("all.json", list(objects).to_string());
    put(&[bench.good(1), one.clone()]);
    bench
        .run(&["-f", "all.json", "--report", "jsonl=audit.jsonl"])
        .expect(0);
    let before = bench.report("audit.jsonl");
    assert_eq!(before.words(), ["Verified/Verified"]);
    put(&[bench.good(1), one, two]);
    let fresh = bench.lines(&["-f", "all.json"], 1);
    assert_eq!(fresh.words(), ["Rejected/IdentityMismatch"]);
    assert_eq!(fresh.entry()["expected"], before.entry()["expected"]);
    bench.desk.put("audit.jsonl", unfinished(&before));
    let resume = ["-f", "all.json", "--resume", "audit.jsonl"];
    bench.run(&resume).expect(1);
    assert_eq!(bench.report("audit.jsonl").entries, fresh.entries);
    // The same where the run that judged it again was killed before it could leave the first line out.
    let killed = format!("{}{}\n", unfinished(&before), fresh.entry());
    bench.desk.put("audit.jsonl", killed);
    bench.run(&resume).expect(1);
    assert_eq!(bench.report("audit.jsonl").entries, fresh.entries);
}

/// What nothing names, and what has no object, may be expected to be signed as anything.
#[test]
fn an_image_that_is_not_at_hand_and_of_which_nothing_is_known_to_be_expected_is_judged_again() {
    let town = Town::new();
    let own = town.image("v1", false);
    let place = format!("{}/ns/app", town.hub.host());
    let (tag, name) = (format!("{place}:v1"), format!("{place}@{own}"));
    town.sign(&own, "v1");
    let run = |args: &[&str]| town.run(&[&["--registry-url", "auto"], args].concat());
    let pods = |asked: &str| town.fleet.server().pod("shop", "web", pod("Running", asked, &name));
    pods(&name);
    let file = town.fleet.scene.sandbox.path("audit.jsonl");
    let report = || Report::read(&fs::read_to_string(&file).unwrap());
    run(&["--report", "jsonl=audit.jsonl"]).expect(0);
    let before = report();
    assert_eq!(before.words(), ["Verified/Verified"]);
    pods(&tag);
    let fresh = Report::read(&run(&[]).expect(1).stdout);
    assert_ne!(fresh.words(), before.words());
    for begun in [
        unfinished(&before),
        format!("{}{}\n", unfinished(&before), before.entry()),
    ] {
        fs::write(&file, begun).unwrap();
        run(&["--resume", "audit.jsonl"]).expect(1);
        assert_eq!(report().words(), fresh.words());
    }
}

/// As a report says it that was begun while the key was valid.
#[test]
fn an_image_that_was_verified_by_a_key_that_has_expired_since_is_judged_again() {
    let bench = Bench::new();
    bench.desk.put("all.json", bench.good(1).to_string());
    let report = ["-f", "all.json", "--report", "jsonl=audit.jsonl"];
    bench.run(&report).expect(0);
    let before = bench.report("audit.jsonl");
    // Later than what is told as expiring soon.
    let later = before.head["started"].as_i64().unwrap() + 365 * 24 * 60 * 60;
    for (expires, is_judged_again) in [(later, false), (1_500_000_000, true)] {
        let mut begun = before.clone();
        begun.entries[0]["message"] = json!("as before");
        begun.entries[0]["signatures"][0]["signer"]["expires"] = json!(expires);
        bench.desk.put("audit.jsonl", unfinished(&begun));
        bench.run(&["-f", "all.json", "--resume", "audit.jsonl"]).expect(0);
        let after = bench.report("audit.jsonl");
        assert_eq!(after.entry()["message"] != "as before", is_judged_again, "{expires}");
    }
}

/// Reports that were made by different keys would be taken for parts of one.
#[test]
fn keys_out_of_a_pipe_are_refused_where_the_report_must_tell_by_which_keys_it_was_made() {
    let bench = Bench::new();
    let sandbox = &bench.desk.sandbox;
    bench.desk.put("all.json", bench.good(1).to_string());
    let sigstore = Cosign::new();
    sandbox.file("sigstore.pub", sigstore.pem());
    let key = bench.desk.key_file.to_str().unwrap();
    let signed = json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": "/dev/fd/7",
        "signedIdentity": {"type": "matchRepository"}});
    bench.desk.put("policy.json", json!({"default": [signed]}).to_string());
    let run = |keys: &str, more: &str| -> Outcome {
        let script = format!("\"$0\" audit -f all.json --expected-identity-map map {keys} {more}");
        let mut command = sandbox.command_of(std::path::Path::new("/bin/bash"));
        command.args(["-c", &script]).arg(binary());
        sandbox.finish(&mut command, b"")
    };
    let pipe = format!("--public-key <(cat {key})");
    bench
        .run(&["-f", "all.json", "--report", "jsonl=begun.jsonl"])
        .expect(0);
    let begun = unfinished(&bench.report("begun.jsonl"));
    bench.desk.put("begun.jsonl", begun);
    let all = [
        (&*pipe, "--public-key /dev/fd/"),
        ("--sigstore-key <(cat sigstore.pub)", "--sigstore-key /dev/fd/"),
        (&format!("--policy policy.json 7< <(cat {key})"), "/dev/fd/7"),
    ];
    for (keys, named) in all {
        for more in [
            "-o jsonl",
            "--report jsonl=new.jsonl",
            "--resume begun.jsonl",
            "--shard 0/2",
        ] {
            let outcome = run(keys, more).expect_usage("it is not a regular file");
            assert!(outcome.stderr.contains(named), "{outcome:#?}");
            assert!(!sandbox.path("new.jsonl").exists());
        }
    }
    // Others need not tell it, and a regular file under such a name can be hashed; but each thread reads them.
    run(&pipe, "-o json --workers 1").expect(0);
    let outcome = run(&pipe, "-o json --workers 2").expect_usage("each thread that judges reads the key files");
    assert!(!outcome.stderr.contains("empty"), "{outcome:#?}");
    let regular = format!("--public-key /dev/stdin < {key}");
    run(&regular, "-o jsonl").expect(0);
}

/// Image, reason and message of each entry, in the order of their images.
fn found(report: &Report) -> Vec<String> {
    let each = report.entries.iter();
    let mut found: Vec<String> = each
        .map(|own| format!("{} {} {}", own["image"], own["reason"], own["message"]))
        .collect();
    found.sort();
    found
}

/// A file that is written anew between two runs, or an image that others have changed, is not what was judged.
#[test]
fn an_image_whose_object_has_changed_since_is_judged_again() {
    for confirm in [&[][..], &["--confirm"]] {
        let bench = Bench::new();
        let put = |objects: &[Value]| bench.desk.put("all.json", list(objects).to_string());
        let (good, bare) = (|n| bench.good(n), |n| bench.image(n, &[]));
        let same = good(3);
        put(&[good(1), bare(2), same.clone(), bare(4)]);
        let args = [&["-f", "all.json"][..], confirm].concat();
        bench
            .run(&[&args[..], &["--report", "jsonl=audit.jsonl"]].concat())
            .expect(1);
        let mut before = bench.report("audit.jsonl");
        // What is taken over is told apart from what is judged.
        for entry in &mut before.entries {
            entry["message"] = json!("as before");
        }
        bench.desk.put("audit.jsonl", unfinished(&before));
        put(&[bare(1), good(2), same, bare(4)]);
        bench.run(&[&args[..], &["--resume", "audit.jsonl"]].concat()).expect(1);
        let after = bench.report("audit.jsonl");
        let mut words = found(&after);
        words.iter_mut().for_each(|own| *own = own[66..].to_owned());
        let is = |n: usize, reason: &str, is_new: bool| {
            let own = &words[n - 1];
            assert!(
                own.contains(reason) && own.contains("as before") != is_new,
                "{words:#?}"
            );
        };
        is(1, "NoSignature", true);
        is(2, "Verified", true);
        // With the file that is written anew the record is gone as well.
        is(3, "Verified", !confirm.is_empty());
        is(4, "NoSignature", false);
        // The same where the run that judged them again was killed before it could leave the first lines out.
        let changed: Vec<&Value> = after
            .entries
            .iter()
            .filter(|own| own["message"] != "as before")
            .collect();
        let killed: String = changed.iter().map(|own| format!("{own}\n")).collect();
        bench.desk.put("audit.jsonl", unfinished(&before) + &killed);
        bench.run(&[&args[..], &["--resume", "audit.jsonl"]].concat()).expect(1);
        assert_eq!(found(&bench.report("audit.jsonl")), found(&after));
    }
}

#[test]
fn an_image_of_a_cluster_whose_signature_is_gone_since_is_judged_again() {
    for range in [&[][..], &["-n", "shop"]] {
        let fleet = Fleet::empty();
        let own = fleet.signed_in_a_stream();
        let file = fleet.scene.sandbox.path("audit.jsonl");
        fleet
            .run(&[range, &["--report", "jsonl=audit.jsonl"]].concat())
            .expect(0);
        let before = Report::read(&fs::read_to_string(&file).unwrap());
        fs::write(&file, unfinished(&before)).unwrap();
        fleet.server().objects(|objects| {
            objects.edit_image(&own, |image| image["signatures"] = json!([]));
        });
        fleet.run(&[range, &["--resume", "audit.jsonl"]].concat()).expect(1);
        let after = Report::read(&fs::read_to_string(&file).unwrap());
        assert_eq!(after.words(), ["Unsigned/NoSignature"], "{range:?}");
    }
}

#[test]
fn an_image_that_was_verified_by_a_signature_that_has_expired_since_is_judged_again() {
    let bench = Bench::new();
    let claim = payload(&digest(1), &format!("{SIGNED}:v1"));
    let options = ["--default-sig-expire", "2d"];
    let blob = bench.desk.signer.sign_with(&bench.desk.key, &options, &claim);
    bench.desk.put("all.json", bench.image(1, &[&blob]).to_string());
    bench
        .run(&["-f", "all.json", "--report", "jsonl=audit.jsonl"])
        .expect(0);
    let mut begun = bench.report("audit.jsonl");
    let signature = begun.entry()["signatures"][0].clone();
    let (made, expires) = (&signature["signer"]["created"], &signature["expires"]);
    assert_eq!(expires.as_i64().unwrap() - made.as_i64().unwrap(), 2 * 24 * 60 * 60);
    begun.entries[0]["message"] = json!("as before");
    for (expires, is_judged_again) in [(expires.clone(), false), (json!(1_500_000_000), true)] {
        begun.entries[0]["signatures"][0]["expires"] = expires;
        bench.desk.put("audit.jsonl", unfinished(&begun));
        bench.run(&["-f", "all.json", "--resume", "audit.jsonl"]).expect(0);
        let after = bench.report("audit.jsonl");
        assert_eq!(after.entry()["message"] != "as before", is_judged_again);
    }
}

/// What runs it now is told, and that it has no signature while it is in use.
#[test]
fn an_image_that_is_used_elsewhere_since_is_judged_again() {
    let bench = Bench::new();
    let put = |pods: &[Value]| {
        let objects = [&[bench.image(1, &[])], pods].concat();
        bench.desk.put("all.json", list(&objects).to_string());
    };
    let running = |namespace: &str, name: &str| {
        let mut pod = pod("Running", &format!("{PLACE}:v1"), &format!("{PLACE}@{}", digest(1)));
        pod["apiVersion"] = json!("v1");
        pod["kind"] = json!("Pod");
        pod["metadata"] = json!({"namespace": namespace, "name": name});
        pod
    };
    let args = ["-f", "all.json", "--report", "jsonl=audit.jsonl"];
    put(&[]);
    bench.run(&args).expect(1);
    for (pods, is_judged_again) in [
        (&[running("shop", "web-1")][..], true),
        // A pod of another name is the same use.
        (&[running("shop", "web-2")], false),
        (&[running("shop", "web-2"), running("more", "web")], true),
    ] {
        let before = bench.report("audit.jsonl");
        bench.desk.put("audit.jsonl", unfinished(&before));
        put(pods);
        bench.run(&["-f", "all.json", "--resume", "audit.jsonl"]).expect(1);
        let after = bench.report("audit.jsonl");
        assert_eq!(after.entry()["findings"][0]["kind"], "unsignedInUse");
        assert_eq!(after.entry() != before.entry(), is_judged_again, "{after:#?}");
    }
}

/// What could not be reached, and a record that was not written, need not be so the next time.
#[test]
fn what_was_in_the_way_of_the_first_run_is_not_taken_over() {
    let bench = Bench::new();
    bench.desk.put("all.json", bench.good(1).to_string());
    let confirm = ["-f", "all.json", "--confirm"];
    bench
        .run(&[&confirm[..], &["--report", "jsonl=audit.jsonl"]].concat())
        .expect(0);
    let whole = bench.report("audit.jsonl");
    let mut unwritten = whole.clone();
    unwritten.entries[0]["recorded"] = json!("failed");
    let mut unchecked = whole.clone();
    let entry = unchecked.entries[0].as_object_mut().unwrap();
    for member in ["matched", "signatures", "restsOn"] {
        entry.remove(member);
    }
    entry.insert("verdict".to_owned(), json!("Unchecked"));
    entry.insert("reason".to_owned(), json!("EngineFailed"));
    for begun in [unwritten, unchecked] {
        bench.desk.put("all.json", bench.good(1).to_string());
        for again in [unfinished(&begun), format!("{}{}\n", unfinished(&begun), begun.entry())] {
            bench.desk.put("audit.jsonl", again);
            bench
                .run(&[&confirm[..], &["--resume", "audit.jsonl"]].concat())
                .expect(0);
            assert_eq!(bench.report("audit.jsonl").words(), ["Verified/Verified"]);
        }
        let text = fs::read_to_string(bench.desk.sandbox.path("all.json")).unwrap();
        assert!(text.contains("Trusted"), "{text}");
    }
}
