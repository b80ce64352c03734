// SPDX-License-Identifier: Apache-2.0
//! What people hand over in place of a file with API objects, and of the name of an object in it.

use crate::verify::{Desk, IDENTITY};

#[test]
fn a_file_that_looks_like_something_known() {
    let desk = Desk::new();
    let armoured = desk.signer.gpg(&["--armor", "--export", &desk.key], b"");
    let binary = std::fs::read(&desk.key_file).unwrap();
    let table = "NAME                      IMAGE REFERENCE\nsha256:7a6b   registry.local:5000/foo/bar\n";
    for (name, content, said) in [
        (
            "table.txt",
            table.as_bytes(),
            "it looks like the table that oc prints: add -o json",
        ),
        (
            "error.txt",
            b"Error from server (NotFound): images \"x\" not found\n",
            "it looks like an error message of the command that wrote it",
        ),
        ("key.asc", &armoured, "it has OpenPGP keys: --public-key key.asc"),
        (
            "signature-1",
            &binary,
            "image-signature inspect signature-1 shows a signature",
        ),
        (
            "cosign.pub",
            b"-----BEGIN PUBLIC KEY-----\nAAAA\n",
            "--sigstore-key cosign.pub",
        ),
    ] {
        desk.put(name, content);
        let item = desk.file(name).expect_verdict(3, "Unchecked/SourceUnavailable").item();
        let message = item["message"].as_str().unwrap();
        assert!(
            message.contains("is not a file of API objects") && message.contains(said),
            "{message}"
        );
    }
    // A command that failed before the pipe writes nothing.
    let mut command = desk.sandbox.command();
    command.args(["verify", "-f", "-", "--expected-identity", IDENTITY]);
    let outcome = desk.sandbox.finish(&mut command, b"").expect(3);
    assert!(
        outcome.words().contains("did the command before the pipe fail?"),
        "{outcome:?}"
    );
    // What looks like nothing known is told as it was.
    desk.put("other.yaml", "a: b\n");
    let message = desk.file("other.yaml").item()["message"].as_str().unwrap().to_owned();
    assert!(message.ends_with("it has no kind"), "{message}");
}

/// As `oc adm verify-image-signature` is called, with the reference beside the image.
#[test]
fn the_reference_as_the_second_word() {
    let desk = Desk::new();
    desk.put("image.json", desk.signed().to_string());
    let outcome = desk.run(&["-f", "image.json", IDENTITY]).expect_usage(&format!(
        "with --filename, IMAGE names an object in the files; if that is what the image must be signed as, write --expected-identity {IDENTITY}"
    ));
    assert!(!outcome.stderr.contains("docker://"), "{outcome:?}");
    desk.run(&["-f", "image.json", "--expected-identity", IDENTITY])
        .expect(0);
    desk.run(&["-f", "image.json"])
        .expect_usage("write --expected-identity REGISTRY/NAME:TAG");
}
