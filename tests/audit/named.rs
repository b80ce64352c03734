// SPDX-License-Identifier: Apache-2.0
//! Images of a cluster that a list or arguments name one by one.

use serde_json::{json, Value};

use super::bench::{digest, Bench, Report, PLACE, SIGNED};
use super::fleet::{stored, tag, Fleet, SOURCE};
use crate::support::api::{Fault, Rule};

/// Streams `a` with tags v1 and v2 of images 1 and 2, of which the first is what its tag says.
fn fleet() -> Fleet {
    let fleet = Fleet::empty();
    fleet.server().grant("alice", &["get"], "imagestreamtags");
    for (n, signed) in [(1, tag(1)), (2, format!("{SOURCE}/app:other")), (3, tag(3))] {
        let blob = fleet.sign(&digest(n), &signed);
        fleet.server().image(stored(&digest(n), &[&blob]));
    }
    let tags = [1, 2].map(|n| (format!("v{n}"), tag(n), digest(n)));
    let spec = tags
        .iter()
        .map(|(name, from, _)| json!({"name": name, "from": {"kind": "DockerImage", "name": from}}));
    let status = tags
        .iter()
        .map(|(name, _, own)| json!({"tag": name, "items": [{"image": own}]}));
    let (spec, status): (Vec<Value>, Vec<Value>) = (spec.collect(), status.collect());
    let stream = json!({"spec": {"tags": spec}, "status": {"tags": status}});
    fleet.server().stream("shop", "a", stream.clone());
    fleet.server().stream("myproject", "own", stream);
    fleet
}

fn rows(report: &Report) -> Vec<(String, String)> {
    let images = report
        .entries
        .iter()
        .map(|entry| entry["image"].as_str().unwrap().to_owned());
    images.zip(report.words()).collect()
}

#[test]
fn a_list_names_images_of_the_cluster_in_every_way() {
    let fleet = fleet();
    fleet.scene.sandbox.file(
        "list",
        format!(
            "# by stream and tag, by stream and digest, by digest alone\nshop/a:v1\n\nown@{}\nimage/{} {}\n{}\n",
            digest(2),
            digest(3),
            tag(3),
            digest(9),
        ),
    );
    let (report, outcome) = fleet.lines(&["--images-from", "list"], 1);
    assert_eq!(
        rows(&report),
        [
            (digest(1), "Verified/Verified".to_owned()),
            (digest(2), "Rejected/IdentityMismatch".to_owned()),
            (digest(3), "Verified/Verified".to_owned()),
            (digest(9), "Unchecked/NotFound".to_owned()),
        ],
        "{outcome:#?}"
    );
    let sources: Vec<&Value> = report.entries.iter().map(|entry| &entry["identitySource"]).collect();
    assert_eq!(sources, ["stream", "stream", "user", "none"]);
    assert_eq!(
        report.entries[0]["uses"],
        json!([{"kind": "tag", "namespace": "shop", "name": "a:v1"}])
    );
    assert!(
        report.head["source"].as_str().unwrap().ends_with(", list list"),
        "{}",
        report.head
    );
    // Only what is named is asked for.
    let asked = fleet.asked();
    assert!(
        asked
            .keys()
            .all(|line| line.contains("/images/") || line.contains("/imagestream")),
        "{asked:?}"
    );
    // The same on standard input, and as arguments.
    let mut command = fleet.command(&["-o", "jsonl", "--images-from", "-"]);
    let outcome = fleet
        .scene
        .sandbox
        .finish(&mut command, b"shop/a:v1\nistag/own:v2\n")
        .expect(1);
    assert_eq!(
        Report::read(&outcome.stdout).words(),
        ["Verified/Verified", "Rejected/IdentityMismatch"]
    );
    let (report, _) = fleet.lines(&["shop/a:v1"], 0);
    assert_eq!(report.words(), ["Verified/Verified"]);
    let (report, _) = fleet.lines(&["a:v1", "-n", "shop"], 0);
    assert_eq!(report.words(), ["Verified/Verified"]);
}

#[test]
fn an_image_that_is_named_twice_is_judged_once_by_what_each_name_expects() {
    let fleet = fleet();
    fleet.server().stream(
        "evil",
        "a",
        json!({"spec": {"tags": [{"name": "v1", "from": {"kind": "DockerImage", "name": format!("{SOURCE}/evil:1")}}]},
               "status": {"tags": [{"tag": "v1", "items": [{"image": digest(1)}]}]}}),
    );
    let (report, _) = fleet.lines(&["shop/a:v1", "evil/a:v1"], 1);
    assert_eq!(report.words(), ["Rejected/IdentityMismatch"]);
    let message = report.entry()["message"].as_str().unwrap();
    assert!(message.contains("evil/a:v1"), "{message}");
    // What the user says of it does not vouch for what a stream calls it.
    let own = format!("{}={}", digest(1), tag(1));
    let (report, _) = fleet.lines(&[&own, "shop/a:v1"], 0);
    assert_eq!(report.words(), ["Verified/Verified"]);
    let (report, _) = fleet.lines(&[&own, "evil/a:v1"], 1);
    assert_eq!(report.words(), ["Rejected/IdentityMismatch"]);
}

#[test]
fn a_digest_alone_is_no_expectation_and_the_map_gives_one() {
    let fleet = fleet();
    let (report, _) = fleet.lines(&[&digest(3)], 1);
    assert_eq!(report.words(), ["Unchecked/NoExpectedIdentity"]);
    fleet.scene.sandbox.file("map", format!("{SOURCE} {SOURCE}\n"));
    let (report, _) = fleet.lines(&[&digest(3), "--expected-identity-map", "map"], 0);
    assert_eq!(report.words(), ["Verified/Verified"]);
}

#[test]
fn names_that_stand_for_nothing_are_unchecked_and_spoil_no_other() {
    let fleet = fleet();
    let args = ["shop/a:v1", "shop/a:gone", "nowhere/b:v1", "nowhere/b:v1=quay.io/x/y:1"];
    let (report, _) = fleet.lines(&args[..3], 1);
    assert_eq!(
        report.words(),
        ["Verified/Verified", "Unchecked/NotFound", "Unchecked/NotFound"]
    );
    assert_eq!(report.entries[1]["image"], "shop/a:gone");
}

#[test]
fn a_name_that_no_object_can_have_is_a_usage_error_before_anything_is_contacted() {
    let fleet = fleet();
    fleet.scene.sandbox.file("list", "shop/a:v1\nBAD_/x:1\n");
    let before = fleet.server().connections();
    fleet
        .run(&["--images-from", "list"])
        .expect_usage("not a valid namespace name");
    fleet.run(&["shop/a"]).expect_usage("shop/a:latest");
    fleet
        .run(&["shop/a"])
        .expect_usage("or docker://REFERENCE, dir:PATH=REF");
    // The line is named, and what else can stand there.
    for list in [
        "shop/a:v1\nbla\n",
        "# bla\nbla quay.io/shop/a:v1\nbla\n",
        "blabla:v1\n bla=quay.io/shop/a:v1\n",
    ] {
        fleet.scene.sandbox.file("l2", list);
        let outcome = fleet.run(&["--images-from", "l2"]);
        outcome.expect_usage("l2, line 2: bla: expected sha256:DIGEST, ");
        fleet
            .run(&["--images-from", "l2"])
            .expect_usage("or docker://REFERENCE, dir:PATH REF");
    }
    fleet
        .run(&["shop/a:v1", "-A"])
        .expect_usage("--all-namespaces cannot be used");
    fleet
        .run(&["dir:x", "shop/a:v1", "--confirm"])
        .expect_usage("cannot store a record");
    assert_eq!(fleet.server().connections(), before);
}

#[test]
fn records_are_written_of_what_the_user_says_about_a_named_image() {
    let fleet = fleet();
    let status = |n: usize| fleet.server().stored(&digest(n))["signatures"][0]["conditions"][0]["status"].clone();
    let (report, _) = fleet.lines(&["shop/a:v1", "--confirm"], 0);
    assert_eq!((&report.entry()["recorded"], status(1)), (&json!("no"), Value::Null));
    let own = format!("shop/a:v1={}", tag(1));
    let (report, _) = fleet.lines(&[&own, "--confirm"], 0);
    assert_eq!((&report.entry()["recorded"], status(1)), (&json!("yes"), json!("True")));
}

#[test]
fn users_who_may_use_a_stream_only_see_its_images() {
    let fleet = fleet();
    fleet.server().revoke_all();
    for resource in ["imagestreams", "imagestreamtags", "imagestreamimages"] {
        fleet
            .server()
            .allow(Rule::new("alice", &["get"], resource).namespace("shop"));
    }
    let by_digest = format!("shop/a@{}", digest(2));
    let (report, outcome) = fleet.lines(&["shop/a:v1", &by_digest], 1);
    assert_eq!(
        report.words(),
        ["Verified/Verified", "Rejected/IdentityMismatch"],
        "{outcome:#?}"
    );
}

/// What is not in the cluster belongs to a continued run as well as what is: each image is in its report once.
#[test]
fn places_beside_images_of_the_cluster_are_in_a_continued_report_once() {
    let fleet = fleet();
    let list = format!("shop/a:v1\ndir:nowhere {}\n", tag(7));
    fleet.scene.sandbox.file("list", list);
    let named = ["--images-from", "list"];
    let report = [&named[..], &["--report", "jsonl=audit.jsonl"]].concat();
    fleet.run(&report).expect(1);
    let path = fleet.scene.sandbox.path("audit.jsonl");
    let whole = std::fs::read_to_string(&path).unwrap();
    for lines in [1, 2, 3] {
        let torn: Vec<&str> = whole.split_inclusive('\n').take(lines).collect();
        std::fs::write(&path, torn.concat()).unwrap();
        fleet
            .run(&[&named[..], &["--resume", "audit.jsonl"]].concat())
            .expect(1);
        let again = Report::read(&std::fs::read_to_string(&path).unwrap());
        assert_eq!(again.words().len(), 2, "{lines}: {:#?}", again.entries);
        assert_eq!(again.tail["images"], 2, "{lines}");
    }
    // What it has is not judged again, but what was not there may be by now.
    let torn: Vec<&str> = whole.split_inclusive('\n').take(3).collect();
    let torn = torn.concat().replace("\"message\":\"", "\"message\":\"as before: ");
    std::fs::write(&path, torn).unwrap();
    fleet
        .run(&[&named[..], &["--resume", "audit.jsonl"]].concat())
        .expect(1);
    let again = Report::read(&std::fs::read_to_string(&path).unwrap());
    assert_eq!(again.entries.len(), 2);
    for entry in &again.entries {
        let message = entry["message"].as_str().unwrap();
        let is_there = entry["source"] == "cluster";
        assert_eq!(message.starts_with("as before: "), is_there, "{message}");
    }
}

/// An image that is named twice, by its digest and through a stream that may not be read, or twice through that one: what the
/// stream expects of it is not known, and the image is in the report once.
#[test]
fn an_image_that_is_found_by_one_of_its_names_only_is_in_the_report_once() {
    let fleet = fleet();
    let own = digest(1);
    let (by_digest, by_stream) = (format!("{own}={}", tag(1)), format!("shop/a@{own}"));
    let lost = [by_stream.clone(), format!("shop/b@{own}")];
    fleet.lines(&[&by_digest], 0);
    fleet.server().fault(Fault::status(403).on("GET", "/imagestreams/"));
    for names in [[&by_digest, &by_stream], [&lost[0], &lost[1]]] {
        let args = [names[0].as_str(), names[1]];
        let (report, outcome) = fleet.lines(&args, 1);
        assert_eq!(report.words(), ["Unchecked/Forbidden"], "{outcome:#?}");
        assert_eq!(report.entry()["image"], own.as_str());
        fleet.scene.sandbox.file("sum.jsonl", outcome.stdout);
        fleet.scene.sandbox.run(["audit", "merge", "sum.jsonl"]).expect(1);
        // What was not to be known is asked for again.
        let report = [&args[..], &["--report", "jsonl=audit.jsonl"]].concat();
        fleet.run(&report).expect(1);
        let again = [&args[..], &["--resume", "audit.jsonl"]].concat();
        fleet.run(&again).expect(1);
        std::fs::remove_file(fleet.scene.sandbox.path("audit.jsonl")).unwrap();
    }
    // What is certain is so whatever else is expected, and nothing is recorded.
    let wrong = format!("{own}={}", tag(9));
    let (report, _) = fleet.lines(&[&wrong, &by_stream, "--confirm"], 3);
    assert_eq!(
        (report.words(), &report.entry()["recorded"]),
        (vec!["Rejected/IdentityMismatch".to_owned()], &json!("no"))
    );
}

/// What a tag stands for may change between the runs of two shards, and neither would judge it.
#[test]
fn tags_are_not_shared_out_to_shards() {
    let fleet = fleet();
    fleet
        .run(&["shop/a:v1", "--shard", "0/2"])
        .expect_usage("--shard cannot be used with images of a cluster that are named STREAM:TAG");
    // Each shard has the same lost names, each of them in the shard that it would be in if it were found.
    let names = [1, 5, 6].map(|n| format!("{}@{}", if n == 1 { "shop/a" } else { "nowhere/b" }, digest(n)));
    let words = ["0/2", "1/2"].map(|shard| {
        let args = [&names[0], &names[1], &names[2], "--shard", shard, "-o", "jsonl"];
        Report::read(&fleet.run(&args).stdout).words()
    });
    let mut words = words.concat();
    words.sort();
    assert_eq!(words, ["Unchecked/NotFound", "Unchecked/NotFound", "Verified/Verified"]);
}

/// Where a carriage return ends a line, the second image is in a line of its own; where it does not, in a comment.
#[test]
fn a_line_that_a_carriage_return_hides_is_refused() {
    let bench = Bench::new();
    let own = format!("{} {SIGNED}:v1", digest(1));
    bench.desk.put("all.json", bench.good(1).to_string());
    bench.desk.put("list", format!("# all\r\n{own}\r\n"));
    bench.lines(&["-f", "all.json", "--images-from", "list"], 0);
    bench.desk.put("list", format!("{own}\n# more:\r{own}\n"));
    let outcome = bench.run(&["-f", "all.json", "--images-from", "list"]);
    outcome.expect_usage("line 2: there is a carriage return in it");
    bench
        .desk
        .put("map", format!("# from\ra.example b.example\n{PLACE} {SIGNED}\n"));
    let outcome = bench.run(&["-f", "all.json"]);
    outcome.expect_usage("line 1: there is a carriage return in it");
}

/// The user says of one name what to expect, and what its stream expects of another name of the same image is not known.
#[test]
fn what_a_name_expects_that_cannot_be_looked_up_leaves_the_image_open() {
    let fleet = fleet();
    let own = digest(1);
    let by_stream = format!("shop/a@{own}");
    let expected = format!("{by_stream}={}", tag(1));
    let by_digest = format!("{own}={}", tag(1));
    fleet.server().fault(Fault::status(403).on("GET", "/imagestreams/"));
    for names in [
        [&expected, &by_stream],
        [&by_stream, &expected],
        [&by_digest, &by_stream],
    ] {
        let (report, outcome) = fleet.lines(&[names[0], names[1], "--confirm"], 3);
        assert_eq!(report.words(), ["Unchecked/Forbidden"], "{names:?} {outcome:#?}");
        let record = &fleet.server().stored(&own)["signatures"][0]["conditions"];
        assert_eq!(*record, Value::Null, "{names:?} {outcome:#?}");
    }
    fleet.server().heal();
    let (report, _) = fleet.lines(&[&expected, &by_stream, "--confirm"], 0);
    assert_eq!(report.words(), ["Verified/Verified"]);
}
