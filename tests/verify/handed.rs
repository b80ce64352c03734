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
            "to see what a signature claims: image-signature inspect signature-1",
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

#[test]
fn what_is_not_the_name_of_a_key_file() {
    let desk = Desk::new();
    desk.put("image.json", desk.signed().to_string());
    for (given, said) in [
        (
            desk.key.as_str(),
            "there is no such file, and it looks like a fingerprint: --signed-by FINGERPRINT",
        ),
        (
            "https://x.example/key.asc",
            "it is a URL, and none is read here: download the key",
        ),
        ("-", "expected a file; standard input is /dev/stdin"),
    ] {
        let args = ["verify", "-f", "image.json", "--expected-identity", IDENTITY];
        let outcome = desk.sandbox.run([&args[..], &["--public-key", given]].concat());
        outcome.expect_usage(&format!("--public-key {given}: {said}"));
    }
    let outcome = desk
        .sandbox
        .run(["keys", "--public-key", "key.gpg", "--signed-by", "release@example.com"]);
    outcome.expect_usage("those of the accepted keys are shown by image-signature keys --public-key key.gpg");
}

#[test]
fn names_that_are_nearly_right() {
    let desk = Desk::new();
    let object = desk.signed();
    desk.put("image.json", object.to_string());
    desk.run(&["DOCKER://registry.example/ns/app:v1"])
        .expect_usage("this is written in small letters: docker://registry.example/ns/app:v1");
    let other = format!("sha256:{}", "9".repeat(64));
    let args = ["-f", "image.json", &other, "--expected-identity", IDENTITY];
    let message = desk.run(&args).expect(3).words();
    let name = object["metadata"]["name"].as_str().unwrap();
    assert!(
        message.contains(&format!("is in image.json, which has {name} alone")),
        "{message}"
    );
    desk.put("list.txt", "apiVersion: image.openshift.io/v1\nkind: Image\n");
    for list in ["image.json", "list.txt"] {
        desk.run(&["--images-from", list])
            .expect_usage("it looks like a file of API objects, and a list has the name of an image on each line");
    }
    desk.put("key.asc", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n");
    let outcome = desk.sandbox.run(["policy", "lint", "key.asc"]).expect(1);
    let said = "key.asc:1:1: error: InvalidPolicy: expected a policy in JSON, and the file looks like a key: a policy names it in keyPath";
    assert!(outcome.stdout.contains(said), "{outcome:?}");
}

/// The name of the image stands in the path that is told, and is said all the same.
#[test]
fn the_image_is_named_where_its_name_begins_a_path() {
    let desk = Desk::new();
    desk.put("image/manifest.json", "{}");
    let outcome = desk.run(&["dir:.", "--expected-identity", IDENTITY]).expect(3);
    assert!(
        outcome.words().contains("dir:./image") && outcome.stdout.contains("\n  image      dir:.\n"),
        "{outcome:?}"
    );
}
