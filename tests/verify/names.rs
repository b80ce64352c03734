// SPDX-License-Identifier: Apache-2.0
//! IMAGE arguments as people write and paste them: TYPE/NAME as oc and `-o name` print it, and what is not the name of an
//! image in this version or at all, with what to type instead.

use serde_json::{json, Value};

use crate::support::images::{image, list, D1, D2};
use crate::support::program::Sandbox;
use crate::verify::{Desk, IDENTITY};

const OK: &str = "Verified/Verified";

fn view(kind: &str, namespace: &str, name: &str, image: &Value) -> Value {
    json!({
        "apiVersion": "image.openshift.io/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "image": image,
    })
}

/// D1 is signed; tags of two namespaces, one of which is called as a type is, and an image of a stream.
fn desk() -> Desk {
    let desk = Desk::new();
    let signed = desk.signed();
    let unsigned = image(D2, &[]);
    let objects = [
        signed.clone(),
        view("ImageStreamTag", "istag", "app:v1", &signed),
        view("ImageStreamTag", "team", "app:v1", &unsigned),
        view("ImageStreamTag", "team", "other:v1", &signed),
        view("ImageStreamImage", "team", &format!("app@{D1}"), &signed),
    ];
    desk.put("list.json", list(&objects).to_string());
    desk
}

#[test]
fn type_and_name_are_an_image_in_files() {
    let desk = desk();
    let fixed = ["-f", "list.json", "-o", "json", "--expected-identity", IDENTITY];
    let stream_image = format!("app@{D1}");
    for (word, name) in [
        ("image", D1),
        ("images", D1),
        ("Image", D1),
        ("image.image.openshift.io", D1),
        ("images.v1.image.openshift.io", D1),
        ("istag", "other:v1"),
        ("imagestreamtag", "other:v1"),
        ("imagestreamtags", "other:v1"),
        ("imagestreamtag.image.openshift.io", "other:v1"),
        ("isimage", &stream_image),
        ("imagestreamimage", &stream_image),
        ("imagestreamimage.image.openshift.io", &stream_image),
    ] {
        let name = format!("{word}/{name}");
        let outcome = desk.run(&[&fixed[..], &[&name]].concat());
        assert_eq!(outcome.verdict(), OK, "{name}: {outcome:?}");
        desk.run(&["-f", "list.json", "-o", "json", &format!("{name}={IDENTITY}")])
            .expect_verdict(0, OK);
        for command in ["describe", "remove"] {
            let outcome = desk.sandbox.run([command, "-f", "list.json", &name]).expect(0);
            assert!(outcome.stdout.contains(D1), "{name}: {outcome:?}");
        }
    }
    // What -o name prints is what is asked for next.
    let printed = desk.run(&["-f", "list.json", "-o", "name", "--expected-identity", IDENTITY, D1]);
    let name = printed.expect(0).stdout.trim().to_owned();
    assert!(name.starts_with("image.image.openshift.io/"), "{name}");
    desk.run(&[&fixed[..], &[&name]].concat()).expect_verdict(0, OK);
}

#[test]
fn a_type_wins_over_a_namespace_which_is_named_by_its_option() {
    let desk = desk();
    let fixed = ["-f", "list.json", "-o", "json", "--expected-identity", IDENTITY];
    // Without a namespace it is not known which of the two is meant.
    let outcome = desk.run(&[&fixed[..], &["istag/app:v1"]].concat()).expect(3);
    assert!(outcome.stdout.contains("NAMESPACE/NAME"), "{outcome:?}");
    for name in ["app:v1", "istag/app:v1"] {
        desk.run(&[&fixed[..], &["-n", "istag", name]].concat())
            .expect_verdict(0, OK);
        desk.run(&[&fixed[..], &["-n", "team", name]].concat())
            .expect_verdict(1, "Unsigned/NoSignature");
        desk.run(&[&fixed[..], &["-n", "elsewhere", name]].concat())
            .expect_verdict(3, "Unchecked/NotFound");
    }
    desk.run(&[&fixed[..], &["team/app:v1"]].concat())
        .expect_verdict(1, "Unsigned/NoSignature");
    // Images have no namespace.
    for name in [D1, &format!("image/{D1}")] {
        desk.run(&[&fixed[..], &["-n", "elsewhere", name]].concat())
            .expect_verdict(0, OK);
    }
}

/// That these arguments are usage errors of every command, each with these words in its message.
#[track_caller]
fn assert_told(cases: &[(&str, &[&str])]) {
    let sandbox = Sandbox::new();
    sandbox.file("objects/image.json", "{}");
    sandbox.file("image.json", "{}");
    sandbox.file("plain", "x");
    for (name, words) in cases {
        for args in [
            &["verify", "--expected-identity", IDENTITY, name][..],
            &["verify", "-f", "image.json", "--expected-identity", IDENTITY, name],
            &["verify", &format!("{name}={IDENTITY}")],
            &["describe", name],
            &["remove", "-f", "image.json", name],
        ] {
            let outcome = sandbox.run(args).expect_usage("error: ");
            for word in *words {
                assert!(outcome.stderr.contains(word), "{args:?}, {word}: {outcome:?}");
            }
            assert!(!outcome.stderr.contains("\\\\u"), "escaped twice: {outcome:?}");
        }
    }
}

#[test]
fn types_are_followed_by_a_name_of_theirs() {
    assert_told(&[
        ("image/app:v1", &["sha256: and 64", "write app:v1 -n image"]),
        (
            "image.image.openshift.io/app:v1",
            &["must be followed by", "sha256: and 64"],
        ),
        ("image/sha256:12", &["sha256: and 64"]),
        ("istag/app", &["STREAM:TAG", "write app -n istag"]),
        (&format!("istag/app@{D1}"), &["STREAM:TAG"]),
        ("isimage/app:v1", &["STREAM@sha256:DIGEST"]),
        ("istag/team/app:v1", &["-n", "NAMESPACE/STREAM:TAG"]),
    ]);
}

#[test]
fn images_in_registries_say_how_they_are_written() {
    assert_told(&[
        ("docker://quay.io/foo/bar", &["docker://quay.io/foo/bar:latest"]),
        ("docker:foo", &["docker://foo:latest"]),
        (
            "registry.local:5000/ns/app:v1",
            &["in a registry", "docker://registry.local:5000/ns/app:v1", "STREAM:TAG"],
        ),
        ("quay.io/app:v1", &["in a registry"]),
        ("localhost/app:v1", &["in a registry"]),
        ("some/where/app:v1", &["in a registry"]),
        ("https://quay.io/foo/bar", &["URL"]),
    ]);
}

#[test]
fn other_transports_of_skopeo_are_named() {
    assert_told(&[
        (
            "oci:/srv/layout",
            &["oci: is a transport of skopeo", "docker://REFERENCE"],
        ),
        ("oci:layout:v1", &["oci: is a transport of skopeo"]),
        ("oci:latest", &["NAMESPACE/oci:latest"]),
        ("docker-archive:image.tar", &["docker-archive: is a transport"]),
        ("oci-archive:a/b.tar:x", &["oci-archive: is a transport"]),
        ("docker-daemon:app:v1", &["docker-daemon: is a transport"]),
        ("containers-storage:app:v1", &["containers-storage: is a transport"]),
    ]);
}

#[test]
fn an_image_id_of_a_pod_is_told_by_its_look_with_every_source() {
    let pullable = format!("docker-pullable://registry.local:5000/foo/bar@{D1}");
    assert_told(&[
        (&pullable, &["imageID", "of a pod", &format!("write {D1}")]),
        ("docker-pullable://foo/bar:v1", &["docker-pullable://", "STREAM:TAG"]),
        ("containerd://x", &["containerd://", "sha256:DIGEST"]),
    ]);
}

#[test]
fn paths_say_which_option_takes_them() {
    assert_told(&[
        ("image.json", &["it is a file", "--filename image.json"]),
        ("./image.json", &["--filename ./image.json", "--manifest"]),
        (
            "absent.yaml",
            &["looks like the path of a file", "--filename absent.yaml"],
        ),
        (
            "/nowhere/signature-1",
            &["looks like the path of a file", "--signature-file"],
        ),
        ("objects", &["it is a directory", "--filename objects"]),
        ("nowhere/", &["looks like the path of a directory", "dir:nowhere/"]),
        ("plain", &["it is a file"]),
        (".", &["it is a directory"]),
    ]);
    let sandbox = Sandbox::new();
    sandbox.file("there/manifest.json", "{}");
    for name in ["there", "there/"] {
        sandbox
            .run(["verify", "--expected-identity", IDENTITY, name])
            .expect_usage(&format!("it is a directory with an image; write dir:{name}"));
        sandbox
            .run(["remove", "-f", "image.json", name])
            .expect_usage("a directory has no records");
    }
}

#[test]
fn digests_and_white_space_as_they_are_pasted() {
    let hex = "ab".repeat(32);
    let upper = format!("SHA256:{}", hex.to_uppercase());
    assert_told(&[
        (&hex, &[&format!("sha256:{hex}")]),
        (&upper, &["lower case", &format!("sha256:{hex}")]),
        ("sha256:12", &["64 hexadecimal digits"]),
        (&format!("{D1}\r"), &["white space", "after it", &format!("write {D1}")]),
        (&format!("\u{a0}{D1}"), &["before it", &format!("write {D1}")]),
        ("ns/app:v1\u{200b}", &["invisible", "write ns/app:v1"]),
        ("ns/a pp:v1", &["white space"]),
    ]);
}

#[test]
fn a_stream_that_is_called_like_something_else_is_written_with_its_namespace() {
    let desk = Desk::new();
    let signed = desk.signed();
    let objects = ["oci:v1", "dir:v1", "docker:v1"].map(|name| view("ImageStreamTag", "team", name, &signed));
    desk.put("list.json", list(&objects).to_string());
    for name in [
        "team/oci:v1",
        "team/dir:v1",
        "team/docker:v1",
        "istag/oci:v1",
        "istag/dir:v1",
    ] {
        desk.run(&["-f", "list.json", "-o", "json", "--expected-identity", IDENTITY, name])
            .expect_verdict(0, OK);
    }
}

/// As in `oc describe image NAME`: a type alone is not a name, and no directory that is called so helps.
#[test]
fn a_type_alone_is_told_what_follows_it() {
    let sandbox = Sandbox::new();
    for is_there in [false, true] {
        for (word, whole) in [
            ("image", "image/sha256:DIGEST"),
            ("istag", "istag/STREAM:TAG"),
            ("isimage", "isimage/STREAM@sha256:DIGEST"),
        ] {
            let message = format!("{word}: a type must be followed by a slash and a name: {whole}");
            for command in ["describe", "remove"] {
                let outcome = sandbox.run([command, word, "x"]).expect_usage(&message);
                assert!(!outcome.stderr.contains("dir:"), "{outcome:?}");
            }
            if !is_there {
                sandbox.run(["audit", word]).expect_usage(&message);
                sandbox
                    .run(["verify", word, "--expected-identity", IDENTITY])
                    .expect_usage(&message);
            }
        }
        sandbox.file("image/manifest.json", "{}");
        sandbox.file("set/manifest.json", "{}");
    }
    let outcome = sandbox.run(["describe", "set"]).expect_usage(
        "set: a directory has no records; to see what its signatures claim write: image-signature inspect set",
    );
    assert!(!outcome.stderr.contains("dir:"), "{outcome:?}");
    // A digest is no stream of a namespace.
    let outcome = sandbox
        .run(["describe", "image/sha256:abc"])
        .expect_usage("image/ must be followed by sha256: and 64 hexadecimal digits");
    assert!(!outcome.stderr.contains("-n image"), "{outcome:?}");
}
