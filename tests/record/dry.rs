// SPDX-License-Identifier: Apache-2.0
//! Nothing is written unasked, and what would be written is named.

use std::fs;

use crate::record::{record_trusted, recorded, view_of, Desk, Records, IDENTITY, OTHER};
use crate::support::gpg::Signer;
use crate::support::images::{image, payload, D1};

#[test]
fn each_change_is_named_and_the_last_line_says_how_to_record() {
    let desk = Desk::new();
    let stranger = Signer::new();
    let unknown = stranger.simple_key("Stranger <s@example.com>");
    let mut before = image(
        D1,
        &[
            &stranger.sign(&unknown, &payload(D1, IDENTITY)),
            &desk.sign(D1, IDENTITY),
        ],
    );
    record_trusted(&mut before["signatures"][0], IDENTITY, &unknown);
    let path = desk.store(&before);
    let text = fs::read_to_string(&path).unwrap();
    for (more, how) in [
        (&[][..], "with --confirm"),
        (&["--dry-run=client"], "with --confirm"),
        (&["--confirm", "--dry-run=client"], "without --dry-run"),
    ] {
        let outcome = desk.verify(more).expect(0);
        let lines: Vec<&str> = outcome.stderr.lines().collect();
        assert!(
            lines[0].starts_with(&format!("{D1}@s1: would record: Trusted: True -> False (UnknownKey)")),
            "{outcome:?}"
        );
        assert!(
            lines[1].starts_with(&format!("{D1}@s2: would record: Trusted: none -> True (Verified)")),
            "{outcome:?}"
        );
        assert!(lines.last().unwrap().contains(how), "{outcome:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn each_change_that_is_made_is_said() {
    let desk = Desk::new();
    let stranger = Signer::new();
    let unknown = stranger.simple_key("Stranger <s@example.com>");
    let before = recorded(&stranger.sign(&unknown, &payload(D1, IDENTITY)), IDENTITY, &unknown);
    desk.store(&before);
    let outcome = desk.verify(&["--confirm"]).expect(1);
    let said = format!("{D1}@s1: recorded: Trusted: True -> False (UnknownKey), ForImage: True -> Unknown\n");
    assert_eq!(outcome.stderr, said);
}

#[test]
fn what_stays_is_no_change() {
    let desk = Desk::new();
    desk.store(&desk.signed());
    desk.verify(&["--confirm"]).expect(0);
    for more in [&[][..], &["--confirm"]] {
        let outcome = desk.verify(more).expect(0);
        let said = match more {
            [] => String::new(),
            _ => format!("{D1}@s1: already recorded\n"),
        };
        assert_eq!(outcome.stderr, said, "neither status nor reason changes: {more:?}");
    }
    // It is written all the same: the last run is the one that is recorded.
    let item = desk.verify(&["--confirm", "-o", "json"]).expect(0).item();
    assert_eq!(item["recorded"], "yes");
    // The same for a rejection; another reason is a change.
    desk.verify(&["--confirm", "--require", "2"]).expect(1);
    assert_eq!(desk.verify(&["--require", "2"]).expect(1).stderr, "");
    desk.store(&{
        let mut object = desk.read();
        object["signatures"][0]["content"] = crate::support::images::base64(&desk.sign(D1, OTHER)).into();
        object
    });
    let outcome = desk.verify(&[]).expect(1);
    let first = outcome.stderr.lines().next().unwrap();
    assert_eq!(
        first,
        format!("{D1}@s1: would record: Trusted: False, reason ThresholdNotReached -> IdentityMismatch")
    );
}

#[test]
fn a_record_of_the_ancestor_gets_a_reason_and_stays_true() {
    let desk = Desk::new();
    let mut before = desk.signed();
    record_trusted(&mut before["signatures"][0], IDENTITY, &desk.key);
    let conditions = &mut before["signatures"][0]["conditions"];
    conditions[0]["reason"] = "manually verified".into();
    conditions[1].as_object_mut().unwrap().remove("reason");
    desk.store(&before);
    let outcome = desk.verify(&["--confirm"]).expect(0);
    let said = format!("{D1}@s1: recorded: Trusted: True, reason manually verified -> Verified\n");
    assert_eq!(outcome.stderr, said);
    assert!(!outcome.stderr.contains("True -> True"), "{outcome:?}");
}

/// What `--confirm` would refuse is not promised.
#[test]
fn nothing_is_promised_of_an_object_that_cannot_be_recorded_on() {
    let desk = Desk::new();
    let view = view_of(&desk);
    desk.store(&view);
    let outcome = desk.verify(&[]).expect(0);
    assert!(
        outcome.stderr.starts_with("note: ") && outcome.stderr.contains("only a view"),
        "{outcome:?}"
    );
    for promise in ["would record", "run the command again"] {
        assert!(!outcome.stderr.contains(promise), "{outcome:?}");
    }
    // A pipe can be read, and not written back.
    let script = r#"exec "$0" "$@" -f <(cat image.json)"#;
    for (more, status, said) in [(&[][..], 0, "note: "), (&["--confirm"], 3, "error: ")] {
        desk.store(&desk.signed());
        let mut command = desk.sandbox.command_of(std::path::Path::new("/bin/bash"));
        command.args(["-c", script]).arg(crate::support::program::binary());
        command.args(["verify", "--expected-identity", IDENTITY, "--public-key"]);
        command.arg(&desk.key_file).args(more);
        let outcome = desk.sandbox.finish(&mut command, b"").expect(status);
        assert!(
            outcome.stderr.starts_with(said) && outcome.stderr.contains("not a regular file"),
            "{outcome:?}"
        );
        assert!(!outcome.stderr.contains("record: "), "{outcome:?}");
    }
}

/// Files that cannot be replaced, and text that cannot be changed in one place only.
#[test]
fn nothing_is_promised_of_a_file_that_cannot_be_rewritten() {
    let desk = Desk::new();
    let content = crate::support::images::base64(&desk.sign(D1, IDENTITY));
    let document = |anchor: &str, alias: &str| {
        format!(
            "kind: Image\nmetadata:\n  name: {anchor}{D1}\nother: {alias}\nsignatures:\n- content: {content}\n  metadata:\n    name: {D1}@s1\n  type: atomic\n"
        )
    };
    let run = |name: &str, more: &[&str]| {
        let fixed = ["-f", name, "--expected-identity", IDENTITY];
        desk.run(&[&fixed[..], more].concat())
    };
    desk.put("anchors.yaml", document("&n ", "*n"));
    // Only the document with the anchor is beyond change.
    let other = "kind: Image\nmetadata: &m\n  name: other\nlabels: *m\n";
    desk.put(
        "plain.yaml",
        format!("---\n# nothing\n---\n{}---\n{other}", document("", "x")),
    );
    desk.put("linked.json", desk.signed().to_string());
    fs::hard_link(desk.sandbox.path("linked.json"), desk.sandbox.path("second.json")).unwrap();
    for (name, why) in [("anchors.yaml", "anchors"), ("linked.json", "hard links")] {
        let outcome = run(name, &[]).expect(0);
        assert!(
            outcome.stderr.starts_with("note: ") && outcome.stderr.contains(why),
            "{outcome:?}"
        );
        assert_eq!(outcome.stderr.lines().count(), 1, "{outcome:?}");
        let outcome = run(name, &["--confirm"]).expect(3);
        assert!(outcome.stderr.contains(why), "{outcome:?}");
    }
    let outcome = run("plain.yaml", &[D1]).expect(0);
    assert!(outcome.stderr.contains("would record: Trusted"), "{outcome:?}");
    run("plain.yaml", &["--confirm", D1]).expect(0);
}

#[test]
fn what_could_not_be_written_is_not_said_to_be_recorded() {
    let desk = Desk::new();
    let content = crate::support::images::base64(&desk.sign(D1, IDENTITY));
    // An anchor: the record could not be changed in one place only.
    desk.put(
        "image.yaml",
        format!(
            "kind: Image\nmetadata:\n  name: &n {D1}\nother: *n\nsignatures:\n- content: {content}\n  metadata:\n    name: {D1}@s1\n  type: atomic\n"
        ),
    );
    let outcome = desk
        .run(&["-f", "image.yaml", "--confirm", "--expected-identity", IDENTITY])
        .expect(3);
    assert!(outcome.stderr.contains("error: recording in image.yaml"), "{outcome:?}");
    assert!(!outcome.stderr.contains("recorded: "), "{outcome:?}");
}

#[test]
fn json_says_that_nothing_was_recorded() {
    let desk = Desk::new();
    desk.store(&desk.signed());
    let item = desk.verify(&["-o", "json"]).expect(0).item();
    assert_eq!(item["recorded"], "no");
    assert_eq!(item["signatures"][0]["recorded"], "no");
    let item = desk.verify(&["-o", "json", "--confirm"]).expect(0).item();
    assert_eq!(item["recorded"], "yes");
    assert_eq!(item["signatures"][0]["recorded"], "yes");
}

#[test]
fn a_trial_at_the_server_needs_a_server() {
    let desk = Desk::new();
    desk.store(&desk.signed());
    desk.verify(&["--dry-run=server"]).expect_usage("--dry-run=server");
    desk.sandbox
        .run(["remove", "-f", "image.json", "--dry-run=server"])
        .expect_usage("--dry-run=server");
}

#[test]
fn nothing_of_a_directory_or_of_parts_is_recorded() {
    let desk = Desk::new();
    fs::create_dir(desk.sandbox.path("d")).unwrap();
    let key = desk.key_file.to_str().unwrap();
    let fixed = [
        "verify",
        "--expected-identity",
        IDENTITY,
        "--public-key",
        key,
        "--confirm",
    ];
    desk.sandbox
        .run([&fixed[..], &["dir:d"]].concat())
        .expect_usage("--confirm");
    desk.sandbox
        .run([&fixed[..], &["--manifest", "m", "--signature-file", "s"]].concat())
        .expect_usage("--confirm");
}
