// SPDX-License-Identifier: Apache-2.0
//! What images are expected to be signed as: the map of prefixes, lists, and where nothing is known.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::audit::bench::{digest, Bench, Report, PLACE, SIGNED};

#[test]
fn the_longest_prefix_that_ends_at_a_slash_decides_and_others_expect_their_own_name() {
    let bench = Bench::new();
    bench.desk.put(
        "map",
        "# where, as what\nmirror.local:5000 wrong.example\nmirror.local:5000/ns\tregistry.local:5000/other\n\
         mirror.local:5000/ns/app registry.local:5000/foo/bar\n",
    );
    let mut objects = Vec::new();
    for (n, (place, _)) in PLACES.iter().enumerate() {
        let mut object = bench.good(n);
        object["dockerImageReference"] = json!(place);
        objects.push(object);
    }
    bench
        .desk
        .put("all.json", crate::support::images::list(&objects).to_string());
    let report = bench.lines(&["-f", "all.json"], 1);
    for (entry, (place, wanted)) in report.entries.iter().zip(PLACES) {
        assert_eq!(entry["expected"], json!([wanted]), "{place}");
    }
    assert_eq!(report.words()[0], "Verified/Verified");
    assert_eq!(report.entries[4]["identitySource"], "reference");
}

/// Where an image is, and what it is expected to be signed as.
const PLACES: [(&str, &str); 5] = [
    ("mirror.local:5000/ns/app:v1", "registry.local:5000/foo/bar:v1"),
    ("mirror.local:5000/ns/app2:v1", "registry.local:5000/other/app2:v1"),
    ("mirror.local:5000/ns2/app:v1", "wrong.example/ns2/app:v1"),
    ("mirror.local:5000/ns/app/x:v1", "registry.local:5000/foo/bar/x:v1"),
    ("elsewhere.example/ns/app:v1", "elsewhere.example/ns/app:v1"),
];

#[test]
fn a_map_that_everybody_can_write_is_warned_of() {
    let bench = Bench::new();
    bench.desk.put("all.json", bench.good(1).to_string());
    let map = bench.desk.sandbox.path("map");
    for (mode, count) in [(0o664, 0), (0o666, 1)] {
        fs::set_permissions(&map, fs::Permissions::from_mode(mode)).unwrap();
        let outcome = bench.run(&["-f", "all.json"]).expect(0);
        let wanted = "every user of this machine can write to the identity map map (mode 0666)";
        assert_eq!(outcome.stderr.matches(wanted).count(), count, "{outcome:#?}");
    }
}

#[test]
fn maps_that_contradict_themselves_or_are_malformed_are_usage_errors() {
    let bench = Bench::new();
    bench.desk.put("all.json", bench.good(1).to_string());
    let long = "a.example b.example\n".repeat(2);
    let many: String = (0..10_002).map(|n| format!("a.example/{n} b.example\n")).collect();
    for (map, message) in [
        ("", "it names no prefix"),
        ("# nothing\n", "it names no prefix"),
        (long.as_str(), "line 2: prefix a.example is already on line 1"),
        ("a.example\n", "line 1: expected two prefixes"),
        ("a.example b.example c.example\n", "line 1: expected two prefixes"),
        (
            "a.example b.example\na.example/x:v1 b.example\n",
            "line 2: \"a.example/x:v1\" is not a host",
        ),
        ("a.example/\u{202e} b.example\n", "line 1"),
        ("a.example/ b.example\n", "line 1"),
        (many.as_str(), "more than 10000 prefixes"),
    ] {
        bench.desk.put("map", map);
        let outcome = bench.run(&["-f", "all.json"]).expect_usage(message);
        assert!(outcome.stderr.contains("--expected-identity-map map"), "{outcome:#?}");
        assert!(!outcome.stderr.contains('\u{202e}'), "{outcome:#?}");
    }
    bench.desk.put("map", vec![b'#'; (8 << 20) + 1]);
    bench.run(&["-f", "all.json"]).expect_usage("more than 8388608 bytes");
    bench.desk.put("map", b"a.example \xff\n");
    bench.run(&["-f", "all.json"]).expect_usage("it is not text");
    // UTF-16 is read as everywhere.
    let utf16: Vec<u8> = format!("\u{feff}{PLACE} {SIGNED}\r\n")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    bench.desk.put("map", utf16);
    bench.run(&["-f", "all.json"]).expect(0);
}

#[test]
fn a_name_that_the_map_makes_too_long_is_no_expectation() {
    let bench = Bench::new();
    bench.desk.put("map", format!("{PLACE} {SIGNED}/{}\n", "n".repeat(228)));
    let mut object = bench.good(1);
    object["dockerImageReference"] = json!(format!("{PLACE}/application:v1"));
    bench.desk.put("all.json", object.to_string());
    let report = bench.lines(&["-f", "all.json"], 1);
    assert_eq!(report.words(), ["Unchecked/NoExpectedIdentity"]);
    assert!(report.entry()["message"]
        .as_str()
        .unwrap()
        .contains("line 1 of the map"));
}

#[test]
fn a_list_names_objects_in_files_and_what_is_expected_of_them() {
    let bench = Bench::new();
    bench.mixed("all.json", 10);
    let list = format!(
        "{} {SIGNED}:v2\n{} {SIGNED}:v1\n{}\n{} {SIGNED}:v1\n",
        digest(7),
        digest(0),
        digest(1),
        digest(77)
    );
    bench.desk.put("list", list);
    let report = bench.lines(&["-f", "all.json", "--images-from", "list"], 1);
    assert_eq!(
        report.words(),
        [
            "Verified/Verified",
            "Verified/Verified",
            "Verified/Verified",
            "Unchecked/NotFound"
        ]
    );
    let sources: Vec<&str> = report
        .entries
        .iter()
        .map(|entry| entry["identitySource"].as_str().unwrap())
        .collect();
    assert_eq!(sources[..3], ["user", "user", "map"]);
    let one = bench.lines(&["-f", "all.json", &format!("{}={SIGNED}:v2", digest(7))], 0);
    assert_eq!(one.entries.len(), 1);
}

#[test]
fn hostile_lists_are_usage_errors() {
    let bench = Bench::new();
    bench.desk.put("all.json", bench.good(1).to_string());
    for (list, message) in [
        ("", "it names no image"),
        ("sha256:zz registry.local/a:b\n", "list, line 1"),
        ("dir:x registry.local/a\n", "list, line 1"),
        ("\u{1b}[2J\n", "list, line 1"),
    ] {
        bench.desk.put("list", list);
        let outcome = bench.run(&["--images-from", "list"]).expect_usage(message);
        assert!(!outcome.stderr.contains('\u{1b}'), "{outcome:#?}");
    }
    bench.desk.put("list", vec![b'#'; (64 << 20) + 1]);
    bench
        .run(&["--images-from", "list"])
        .expect_usage("more than 67108864 bytes");
    bench
        .run(&["--images-from", "list", "dir:x"])
        .expect_usage("cannot be used with IMAGE");
    bench.run(&[]).expect_usage("no cluster configured");
    bench
        .run(&["-f", "-", "--images-from", "-"])
        .expect_usage("`-` may be given only once");
}

#[test]
fn the_policy_of_the_system_decides_where_it_is_asked_for() {
    let bench = Bench::new();
    let mut object = bench.good(1);
    object["dockerImageReference"] = json!(format!("{SIGNED}:v1"));
    bench.desk.put("all.json", object.to_string());
    let run = |requirement: serde_json::Value| {
        let policy = json!({"default": [requirement]}).to_string();
        let file = bench.desk.put("policy.json", policy);
        let mut command = bench.desk.sandbox.command();
        command
            .args(["audit", "--system-policy", "-f", "all.json", "-o", "jsonl"])
            .env("CONTAINERS_POLICY_JSON", file);
        let outcome = bench.desk.sandbox.finish(&mut command, b"");
        Report::read(&outcome.stdout).words()
    };
    let key = json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": bench.desk.key_file});
    assert_eq!(run(key), ["Verified/Verified"]);
    assert_eq!(run(json!({"type": "reject"})), ["Rejected/PolicyRejected"]);
    let accept = json!({"type": "insecureAcceptAnything"});
    assert_eq!(run(accept), ["Allowed/Allowed"]);
    let mut command = bench.desk.sandbox.command();
    let absent = bench.desk.sandbox.path("absent.json");
    command
        .args(["audit", "--system-policy", "-f", "all.json"])
        .env("CONTAINERS_POLICY_JSON", absent);
    bench.desk.sandbox.finish(&mut command, b"").expect_usage("absent.json");
}
