// SPDX-License-Identifier: Apache-2.0
//! How it ends: verdicts of images out of those of their signatures, exit status, closed and full outputs.

use std::process::{Command, Stdio};

use crate::support::calls::verify_image;
use crate::support::formats;
use crate::support::gpg::Signer;
use crate::support::images::{image, list, payload, D1, D2, D3};
use crate::support::program::binary;
use crate::verify::{words, Desk, IDENTITY, OTHER};

#[test]
fn the_reason_is_that_of_the_signature_that_got_furthest() {
    let desk = Desk::new();
    let stranger = Signer::new();
    let unknown = stranger.simple_key("Stranger <s@example.com>");
    let garbage: &[u8] = b"\x90x";
    let foreign = stranger.sign(&unknown, &payload(D1, IDENTITY));
    let malformed = desk.signer.sign(&desk.key, b"{}");
    let (digest, identity) = (desk.sign(D2, IDENTITY), desk.sign(D1, OTHER));
    let armoured = desk.signer.sign_with(&desk.key, &["--armor"], &payload(D1, IDENTITY));
    for (blobs, expected) in [
        (vec![garbage, &foreign], "Rejected/NotASignature"),
        (vec![&foreign, garbage], "Rejected/UnknownKey"),
        (vec![garbage, &malformed], "Rejected/MalformedPayload"),
        (vec![&digest, &malformed], "Rejected/DigestMismatch"),
        (vec![&identity, &digest], "Rejected/IdentityMismatch"),
        (vec![garbage, &digest, &identity, &foreign], "Rejected/IdentityMismatch"),
        (vec![&armoured[..], garbage], "Rejected/NotASignature"),
        (vec![&armoured[..], &armoured], "Unsupported/UnsupportedSignature"),
    ] {
        desk.put("image.json", image(D1, &blobs).to_string());
        assert_eq!(desk.file("image.json").expect(1).verdict(), expected);
    }
}

#[test]
fn an_unsupported_signature_never_spoils_a_verified_image() {
    let desk = Desk::new();
    let armoured = desk.signer.sign_with(&desk.key, &["--armor"], &payload(D1, IDENTITY));
    desk.put(
        "image.json",
        image(D1, &[&armoured, &desk.sign(D1, IDENTITY)]).to_string(),
    );
    desk.file("image.json").expect_verdict(0, "Verified/Verified");
}

#[test]
fn exit_status() {
    let desk = Desk::new();
    let good = desk.signed();
    let (unsigned, rejected) = (image(D2, &[]), image(D3, &[b"x"]));
    let unreadable = serde_json::json!({"kind": "Pod", "metadata": {"name": "p"}});
    for (items, status) in [
        (vec![&good], 0),
        (vec![&good, &unsigned], 1),
        (vec![&good, &rejected], 1),
        (vec![&unreadable, &good], 3),
        (vec![&unreadable, &rejected], 3),
    ] {
        let items: Vec<_> = items.into_iter().cloned().collect();
        desk.put("list.json", list(&items).to_string());
        let outcome = desk.file("list.json").expect(status);
        assert_eq!(words(&outcome).len(), items.len());
    }
}

#[test]
fn a_reader_who_leaves_does_not_change_the_verdict() {
    let desk = Desk::new();
    for (object, status) in [(desk.signed(), 0), (image(D1, &[b"x"]), 1)] {
        desk.put("image.json", object.to_string());
        for format in formats("verify") {
            let mut child = desk
                .sandbox
                .command()
                .args(verify_image(IDENTITY))
                .args(["-o", &format, "--public-key"])
                .arg(&desk.key_file)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            drop(child.stdout.take());
            let output = child.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(status), "{output:?}");
            assert!(
                !String::from_utf8_lossy(&output.stderr).contains("panicked"),
                "{output:?}"
            );
        }
    }
}

#[test]
fn an_output_that_is_full_is_trouble() {
    let desk = Desk::new();
    desk.put("image.json", desk.signed().to_string());
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = desk
        .sandbox
        .command()
        .args(verify_image(IDENTITY))
        .arg("--public-key")
        .arg(&desk.key_file)
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("writing standard output"), "{stderr}");
}

#[test]
fn recording_goes_on_where_nobody_reads_the_output() {
    let desk = Desk::new();
    desk.put("image.json", desk.signed().to_string());
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let status = desk
        .sandbox
        .command()
        .args(verify_image(IDENTITY))
        .args(["--confirm", "--public-key"])
        .arg(&desk.key_file)
        .stdout(full)
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(3));
    let text = std::fs::read_to_string(desk.sandbox.path("image.json")).unwrap();
    assert!(text.contains("\"Trusted\""), "{text}");
}

#[test]
fn version_and_build_date() {
    let output = Command::new(binary()).arg("--version").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let rest = text
        .strip_prefix(concat!("image-signature ", env!("CARGO_PKG_VERSION"), " ("))
        .unwrap();
    let date = rest.strip_suffix(")\n").unwrap();
    date.parse::<jiff::civil::Date>().unwrap();
}
