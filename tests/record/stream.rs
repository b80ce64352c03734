// SPDX-License-Identifier: Apache-2.0
//! `-f -`: the document goes through, the report beside it.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::record::{conditions, Desk, IDENTITY};
use crate::support::images::{image, list, D1, D2};
use crate::support::program::binary;

/// `verify` of what comes on standard input.
fn piped(desk: &Desk) -> [&str; 7] {
    [
        "verify",
        "-f",
        "-",
        "--public-key",
        desk.key_file.to_str().unwrap(),
        "--expected-identity",
        IDENTITY,
    ]
}

fn through(desk: &Desk, more: &[&str], input: &str) -> crate::support::program::Outcome {
    desk.sandbox
        .run_with_input([&piped(desk)[..], more].concat(), input.as_bytes())
}

#[test]
fn the_document_is_printed_with_the_record_and_the_report_goes_to_standard_error() {
    let desk = Desk::new();
    let before = list(&[image(D2, &[]), desk.signed()]);
    let outcome = through(&desk, &["--confirm", D1], &before.to_string()).expect(0);
    let after = outcome.json();
    assert_eq!(
        conditions(&after["items"][1]["signatures"][0])[0],
        "Trusted=True(Verified)"
    );
    assert_eq!(after["items"][0], before["items"][0]);
    assert!(
        outcome
            .stderr
            .contains(&format!("Verified: {IDENTITY}\n  image      {D1}\n")),
        "{outcome:?}"
    );
}

#[test]
fn objects_that_do_not_change_come_as_they_came() {
    let desk = Desk::new();
    let text = format!("{{ \"kind\" : \"Image\",\"metadata\":{{\"name\":\"{D1}\"}},\"n\":1.50 }}\n");
    let outcome = through(&desk, &["--confirm"], &text).expect(1);
    assert_eq!(outcome.stdout, text);
}

#[test]
fn an_output_format_beside_the_document_is_refused() {
    let desk = Desk::new();
    for format in crate::support::formats("verify")
        .iter()
        .filter(|format| *format != "text")
    {
        through(&desk, &["--confirm", "-o", format], &desk.signed().to_string()).expect_usage("-o");
    }
}

#[test]
fn nothing_is_printed_where_the_document_cannot_be_read() {
    let desk = Desk::new();
    for broken in ["", "{\"kind\":\"Image\"", "[1]", "no: [yaml"] {
        let outcome = through(&desk, &["--confirm"], broken).expect(3);
        assert_eq!(outcome.stdout, "", "{broken:?}");
        assert_ne!(outcome.stderr, "");
    }
}

#[test]
fn without_confirm_the_report_is_on_standard_output() {
    let desk = Desk::new();
    let outcome = through(&desk, &[], &desk.signed().to_string()).expect(0);
    assert!(outcome.stdout.starts_with("Verified: "), "{outcome:?}");
}

#[test]
fn yaml_goes_through_as_yaml() {
    let desk = Desk::new();
    let content = crate::support::images::base64(&desk.sign(D1, IDENTITY));
    let before = format!(
        "kind: Image\nmetadata:\n  name: {D1}\nsignatures:\n- content: {content}\n  metadata:\n    name: {D1}@s1\n  type: atomic\n"
    );
    let outcome = through(&desk, &["--confirm"], &before).expect(0);
    assert!(outcome.stdout.starts_with(before.trim_end()), "{outcome:?}");
    assert!(outcome.words().contains("type: Trusted"), "{outcome:?}");
}

#[test]
fn remove_goes_through_likewise() {
    let desk = Desk::new();
    let before = desk.signed();
    let recorded = through(&desk, &["--confirm"], &before.to_string()).expect(0);
    let outcome = desk
        .sandbox
        .run_with_input(["remove", "-f", "-", "--confirm"], recorded.stdout.as_bytes())
        .expect(0);
    assert_eq!(outcome.json(), before);
}

/// Runs a command with the document on standard input and standard output where `out` says; gives the exit status and
/// what is on standard error.
fn into(desk: &Desk, args: &[&str], input: &str, out: Stdio, leave: bool) -> (Option<i32>, String) {
    feed(desk, desk.sandbox.command().args(args), input, out, leave)
}

/// The same through a shell, which redirects its standard output.
fn redirected(desk: &Desk, args: &[&str], input: &str, how: &str) -> (Option<i32>, String) {
    let mut shell = desk.sandbox.command_of(Path::new("/bin/sh"));
    shell.arg("-c").arg(format!("exec \"$0\" \"$@\" {how}"));
    shell.arg(binary()).args(args);
    feed(desk, &mut shell, input, Stdio::null(), false)
}

fn feed(desk: &Desk, command: &mut Command, input: &str, out: Stdio, leave: bool) -> (Option<i32>, String) {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(out)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    if leave {
        drop(child.stdout.take());
    }
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    desk.sandbox.assert_clean();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// Nobody has the records then, nor the rest of the document.
#[test]
fn a_document_that_is_lost_is_trouble() {
    let desk = Desk::new();
    let verify = piped(&desk);
    let signed = desk.signed();
    let recorded = through(&desk, &["--confirm"], &signed.to_string()).expect(0).stdout;
    let unsigned = image(D2, &[]).to_string();
    let full = || Stdio::from(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    for (args, input) in [
        (&verify[..], recorded.as_str()),
        (&verify[..], &signed.to_string()),
        // Nothing changes, and yet the document was to come through.
        (&verify[..], &unsigned),
        (&["remove", "-f", "-"], &recorded),
        (&["remove", "-f", "-"], &unsigned),
    ] {
        let args = [args, &["--confirm"]].concat();
        for (out, leave) in [(Stdio::piped(), true), (full(), false)] {
            let (status, stderr) = into(&desk, &args, input, out, leave);
            assert_eq!(status, Some(3), "{args:?}: {stderr}");
            assert!(stderr.contains("printing the document"), "{args:?}: {stderr}");
            assert!(!stderr.contains("recorded: "), "{args:?}: {stderr}");
        }
        let (status, stderr) = redirected(&desk, &args, input, ">&-");
        assert_eq!(status, Some(3), "{args:?}: {stderr}");
        assert!(stderr.contains("printing the document"), "{args:?}: {stderr}");
        // That is what was asked for.
        let (status, stderr) = redirected(&desk, &args, input, ">/dev/null");
        assert!(!stderr.contains("printing the document"), "{args:?}: {stderr}");
        assert_ne!(status, Some(3), "{args:?}: {stderr}");
    }
}

/// The report by itself is not what was asked to be kept.
#[test]
fn a_report_that_nobody_reads_does_not_change_the_verdict() {
    let desk = Desk::new();
    let verify = piped(&desk);
    for (object, expected) in [(desk.signed(), 0), (image(D2, &[]), 1)] {
        let (status, stderr) = into(&desk, &verify, &object.to_string(), Stdio::piped(), true);
        assert_eq!(status, Some(expected), "{stderr}");
        let (status, stderr) = redirected(&desk, &verify, &object.to_string(), ">&-");
        assert_eq!(status, Some(expected), "{stderr}");
    }
}
