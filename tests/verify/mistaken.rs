// SPDX-License-Identifier: Apache-2.0
//! What people name in place of an image: what it is told as, and advice that works when it is copied.

use std::fs;

use crate::support::images::{payload, D1};
use crate::support::program::{Outcome, Sandbox};
use crate::verify::{Desk, IDENTITY};

const MANIFEST: &str =
    r#"{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","n":3}"#;

/// The bytes of a tar archive with one empty file, as far as they tell one.
fn tar() -> Vec<u8> {
    let mut bytes = vec![0; 1024];
    bytes[..13].copy_from_slice(b"manifest.json");
    bytes[257..262].copy_from_slice(b"ustar");
    bytes.push(0xff);
    bytes
}

/// A directory with an image, signed.
fn directory(name: &str) -> Desk {
    let desk = Desk::new();
    let digest = image_signature::digest::Digest::of_manifest(MANIFEST.as_bytes()).unwrap();
    desk.put(&format!("{name}/manifest.json"), MANIFEST);
    let signature = desk.signer.sign(&desk.key, &payload(digest.as_str(), IDENTITY));
    desk.put(&format!("{name}/signature-1"), signature);
    desk
}

fn verify(desk: &Desk, image: &str) -> Outcome {
    desk.run(&[image, "--expected-identity", IDENTITY])
}

fn said(outcome: &Outcome) -> String {
    let text = format!("{} {}", outcome.stdout, outcome.stderr);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn assert_said(outcome: &Outcome, words: &str) {
    let text = said(outcome);
    assert!(text.contains(words), "no {words:?} in {text:?}");
}

/// Layers are not read; who reads them next checks them.
#[test]
fn what_is_verified_of_a_directory_is_its_manifest() {
    let desk = directory("d");
    desk.put("d/0123456789", "no layer of this image");
    let explained = desk
        .run(&["dir:d", "--expected-identity", IDENTITY, "--explain"])
        .expect(0);
    assert_said(
        &explained,
        "Next: nothing; what was verified is the manifest. No layer was read: skopeo and podman check",
    );
    assert!(
        !said(&explained).contains("use the image by its digest"),
        "{explained:?}"
    );
    // An object is named by its digest.
    desk.put("image.json", desk.signed().to_string());
    let explained = desk
        .run(&["-f", "image.json", "--expected-identity", IDENTITY, "--explain"])
        .expect(0);
    assert_said(
        &explained,
        "Next: nothing; use the image by its digest, which is what was verified.",
    );
}

/// A shell replaces a tilde at the beginning of a word only.
#[test]
fn a_tilde_that_no_shell_replaced() {
    let desk = directory("home/d");
    for (option, file) in [
        ("--public-key=", "~/k.asc"),
        ("-f", "~/i.json"),
        ("-f=", "~/i.json"),
        ("--policy=", "~/p 1"),
        ("--policy=", "~"),
    ] {
        let outcome = desk.sandbox.run([
            "verify",
            "dir:home/d",
            "--expected-identity",
            IDENTITY,
            &format!("{option}{file}"),
        ]);
        let whole = match file.rsplit_once(' ') {
            Some(_) => "\"$HOME\"/'p 1'".to_owned(),
            None => file.replace('~', "$HOME"),
        };
        outcome.expect_usage(&format!(
            "the shell does not replace ~ after {option}: write {option}{whole}"
        ));
    }
    for report in [&["--report=jsonl=~/x"][..], &["--report", "jsonl=~/x"]] {
        let outcome = desk
            .sandbox
            .run([&["audit", "dir:home/d", "--policy=p"], report].concat());
        outcome.expect_usage("the shell did not replace ~: write --report jsonl=$HOME/x");
    }
    let outcome = verify(&desk, "dir:~/d").expect(3);
    assert_said(
        &outcome,
        "there is no directory ~/d; the shell did not replace ~: write dir:$HOME/d",
    );
    desk.sandbox.run(["inspect", "~/s"]).expect(3);
    // What follows the options is no option, and a directory may be called so.
    let identity = format!("--expected-identity={IDENTITY}");
    let outcome = desk.run(&[&identity, "--", "--x=~/d"]);
    assert!(!outcome.stderr.contains("does not replace"), "{outcome:?}");
    desk.put("~/k.asc", fs::read(desk.sandbox.path("key.gpg")).unwrap());
    desk.sandbox
        .run([
            "verify",
            "dir:home/d",
            "--expected-identity",
            IDENTITY,
            "--public-key=~/k.asc",
        ])
        .expect(0);
}

/// A tilde is a letter of tokens (RFC 6750) and of passwords.
#[test]
fn what_is_no_path_may_begin_with_a_tilde_and_is_not_shown() {
    let desk = directory("home/d");
    let image = "docker://127.0.0.1:1/ns/app:v1";
    for value in [
        "--token=~/s3cret",
        "--creds=~/u:s3cret",
        "-s~/s3cret",
        "--as-user-extra=~/s3cret",
    ] {
        let outcome = desk.run(&[image, value]);
        let all = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(!all.contains("does not replace"), "{all}");
        assert!(!all.contains("s3cret"), "{all}");
    }
}

/// As gpg does, so that the same words name the same keyring.
#[test]
fn a_tilde_before_a_gnupg_home_is_the_home_directory() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.path("~/ring")).unwrap();
    let home = sandbox.path("home/ring");
    let missing = format!("{} does not exist", home.display());
    let by_option = sandbox.run(["keys", "--homedir=~/ring"]);
    let by_variable = sandbox.finish(sandbox.command().arg("keys").env("GNUPGHOME", "~/ring"), b"");
    for outcome in [by_option, by_variable] {
        assert_said(&outcome, &missing);
        assert_said(&outcome, &format!("gpg --homedir {} --import FILE", home.display()));
    }
    assert!(!home.exists());
    // That of another user is not looked up.
    let outcome = sandbox.run(["keys", "--homedir", "~ring"]);
    assert_said(&outcome, "the home of another user is not looked up");
}

#[test]
fn a_directory_with_a_blank_in_its_name_is_told_as_one_word() {
    let desk = directory("a b");
    for command in ["verify", "audit"] {
        let identity: &[&str] = if command == "verify" {
            &["--expected-identity", IDENTITY]
        } else {
            &[]
        };
        let outcome = desk.sandbox.run([&[command, "a b"], identity].concat());
        outcome.expect_usage("a b: it is a directory with an image; write 'dir:a b'");
    }
    desk.sandbox
        .run(["describe", "a b"])
        .expect_usage("write: image-signature inspect 'a b'");
    let file = ["verify", "a b/manifest.json", "--expected-identity", IDENTITY];
    desk.sandbox
        .run(file)
        .expect_usage("with --manifest 'a b/manifest.json' and");
    let outcome = desk.run(&["-f", "a b/manifest.json", "--expected-identity", IDENTITY]);
    assert_said(&outcome, "take 'dir:a b', and image-signature inspect 'a b'");
    for (name, told) in [
        ("oci:/tmp/a b", "oci: is a transport"),
        ("DIR:/a b/c", "small letters: 'dir:/a b/c'"),
    ] {
        verify(&desk, name).expect_usage(told);
    }
    // What is not there, or cannot be seen, is no file.
    for name in ["a c", "a b\u{200b}"] {
        verify(&desk, name).expect_usage("white space or an invisible character");
    }
}

#[test]
fn layouts_and_archives_without_signatures_are_told_as_such() {
    let desk = Desk::new();
    desk.put("o/oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#);
    desk.put("o/index.json", "{}");
    desk.put("n/other", "x");
    desk.put("a.tar", tar());
    desk.put("i/manifest.json", MANIFEST);
    let signed = "where its signatures are: docker://REFERENCE";
    for image in ["o", "dir:o"] {
        let text = said(&verify(&desk, image));
        assert!(
            text.contains("an OCI layout, which is not supported here") && text.contains(signed),
            "{text}"
        );
    }
    let archive = "a tar archive; unpack it first, unless it is an image (docker-archive, oci-archive): skopeo and podman save no signatures with it";
    for image in ["a.tar", "dir:a.tar"] {
        assert_said(&verify(&desk, image), archive);
    }
    assert_said(&desk.run(&["-f", "a.tar", "--expected-identity", IDENTITY]), archive);
    assert_said(&desk.sandbox.run(["inspect", "a.tar"]), archive);
    let wanted = "dir: takes a directory as skopeo copy docker://REFERENCE dir:PATH writes it";
    let outcome = verify(&desk, "dir:n").expect(3);
    assert_said(
        &outcome,
        &format!("ManifestUnavailable: there is no manifest.json in n; {wanted}"),
    );
    assert_said(
        &verify(&desk, "dir:key.gpg"),
        &format!("key.gpg is not a directory; {wanted}"),
    );
    assert_said(
        &verify(&desk, "dir:i/manifest.json"),
        "i/manifest.json is not a directory; write dir:i",
    );
}

/// It would be asked for in the repository docker.io/library/sha256, with the digest for a tag.
#[test]
fn a_digest_alone_is_no_image_of_a_registry() {
    let sandbox = Sandbox::new();
    let place = format!("write docker://REGISTRY/NAME@{D1}");
    let outcome = sandbox.run(["inspect", D1]).expect(3);
    assert_said(&outcome, &place);
    assert_said(&outcome, &format!("image-signature describe {D1}"));
    assert!(!said(&outcome).contains(&format!("docker://{D1}")), "{outcome:?}");
    let image = format!("docker://{D1}");
    for command in ["inspect", "verify", "audit"] {
        sandbox.run([command, &image]).expect_usage(&place);
    }
}

#[test]
fn a_name_that_is_none_is_not_proposed_with_a_tag() {
    let desk = directory("d");
    verify(&desk, "-").expect_usage(
        "-: standard input is not an image: write --filename - for API objects, --images-from - for a list",
    );
    verify(&desk, "*").expect_usage("*: patterns are not supported");
    let outcome = verify(&desk, "Nonsense_").expect_usage("Nonsense_: expected sha256:DIGEST");
    assert!(!outcome.stderr.contains("tag latest"), "{outcome:?}");
    verify(&desk, "busybox").expect_usage(
        "write busybox:latest; busybox alone is taken for an image stream of a cluster; write docker://busybox:latest",
    );
    verify(&desk, "DIR:a b").expect_usage("invisible");
    verify(&desk, "DIR:d").expect_usage("this is written in small letters: dir:d");
    desk.run(&["dir:d=v1"])
        .expect_usage("if v1 is the tag, write the whole reference: REGISTRY/NAMESPACE/NAME:v1");
    let outcome = desk
        .run(&["dir:d=quay.io/ns/app"])
        .expect_usage("write quay.io/ns/app:latest");
    assert!(!outcome.stderr.contains("is the tag"), "{outcome:?}");
    desk.sandbox
        .run(["d"])
        .expect_usage("\"d\" is not a command; to verify an image write: image-signature verify --expected-identity REF IMAGE; d: it is a directory with an image; write dir:d");
}

#[test]
fn with_files_a_reference_is_what_an_object_is_signed_as() {
    let desk = Desk::new();
    desk.put("image.json", desk.signed().to_string());
    let key = desk.sandbox.path("key.gpg").display().to_string();
    let audit = |image: &str| {
        desk.sandbox
            .run(["audit", "-f", "image.json", image, "--public-key", &key])
    };
    let written = format!("is written after its name: sha256:DIGEST={IDENTITY}");
    audit(IDENTITY).expect_usage(&written);
    audit(&format!("docker://{IDENTITY}")).expect_usage(&written);
    audit(&format!("{D1}={IDENTITY}")).expect(0);
}

#[test]
fn lists_and_parts_say_what_else_to_write() {
    let desk = directory("d");
    desk.put("list", format!("{IDENTITY}\n"));
    let line = format!("line 1: expected an image and its identity, with white space between them; an image in a registry needs none where it is written docker://{IDENTITY}");
    desk.run(&["--images-from", "list"]).expect_usage(&line);
    for command in ["verify", "audit"] {
        desk.sandbox
            .run([command, "--images-from", "-"])
            .expect_usage("error: standard input: it names no image");
    }
    let parts = ["--signature-file", "d/signature-1", "--expected-identity", IDENTITY];
    desk.run(&parts)
        .expect_usage("its digest as IMAGE and in --expected-digest: sha256:DIGEST --expected-digest sha256:DIGEST");
    let outcome = desk.run(&[&parts[..], &["--manifest", "-"]].concat()).expect(3);
    assert_said(&outcome, "ManifestUnavailable: standard input is empty");
}

/// The file is in it, or it is an image itself.
#[test]
fn a_directory_in_place_of_a_file() {
    let desk = directory("d");
    desk.put("plain/x", "x");
    let image = "Is a directory with an image; as an IMAGE it is written dir:d";
    let parts = |manifest: &str, signature: &str| {
        desk.run(&[
            "--manifest",
            manifest,
            "--signature-file",
            signature,
            "--expected-identity",
            IDENTITY,
        ])
        .expect(3)
    };
    assert_said(&parts("d", "d/signature-1"), &format!("reading d: {image}"));
    assert_said(&parts("d/manifest.json", "d"), &format!("reading d: {image}"));
    for args in [
        &["policy", "lint", "plain"][..],
        &["audit", "merge", "plain"],
        &["keys", "--public-key", "plain"],
    ] {
        assert_said(&desk.sandbox.run(args), "Is a directory; name a file in it");
    }
}

#[test]
fn an_expected_identity_without_a_registry_is_told_what_it_stands_for() {
    let desk = directory("d");
    let warning = "warning: expected identity ns/app:v1 names no registry, and docker.io is taken for it: write docker.io/ns/app:v1";
    assert_said(
        &desk.run(&["dir:d", "--expected-identity", "ns/app:v1"]).expect(1),
        warning,
    );
    assert_said(&desk.run(&["dir:d=ns/app:v1"]).expect(1), warning);
    for whole in ["docker.io/ns/app:v1", IDENTITY] {
        let outcome = desk.run(&["dir:d", "--expected-identity", whole]);
        assert!(!outcome.stderr.contains("names no registry"), "{outcome:?}");
    }
}
