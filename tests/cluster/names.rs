// SPDX-License-Identifier: Apache-2.0
//! What an IMAGE argument may be, and what is asked of whom for it.

use std::net::TcpListener;

use crate::cluster::{line, RIGHT, USER};
use crate::support::cluster::{Scene, IDENTITY};
use crate::support::images::{image, payload, D1, D2};

#[test]
fn one_image_in_four_requests() {
    let scene = Scene::signed();
    let outcome = scene
        .run_verify(D1, &["-o", "json", "--confirm"])
        .expect_verdict(0, "Verified/Verified");
    assert_eq!(outcome.item()["recorded"], "yes");
    assert_eq!(outcome.item()["source"], "cluster");
    assert_eq!(
        scene.server.lines(),
        [RIGHT.to_owned(), line("GET", D1), USER.to_owned(), line("PATCH", D1)]
    );
}

#[test]
fn without_confirm_the_image_is_read_and_nothing_else_is_asked() {
    let scene = Scene::signed();
    let before = scene.server.stored(D1);
    let given = &["-o", "json", "--confirm", "--dry-run=client"];
    for (more, how) in [(&given[..2], "with --confirm"), (&given[..], "without --dry-run")] {
        scene.server.forget_requests();
        let outcome = scene.run_verify(D1, more).expect_verdict(0, "Verified/Verified");
        assert_eq!(scene.server.lines(), [line("GET", D1)], "{more:?}");
        assert_eq!(outcome.item()["recorded"], "no");
        let told = format!("{D1}@s1: would record: Trusted: none -> True (Verified), ForImage: none -> True\n");
        assert!(outcome.stderr.starts_with(&told), "{outcome:?}");
        let last = outcome.stderr.lines().last().unwrap();
        assert!(last.contains("nothing was written") && last.contains(how), "{last}");
    }
    assert_eq!(scene.server.stored(D1), before);
}

#[test]
fn an_image_that_is_not_there() {
    let scene = Scene::signed();
    let outcome = scene
        .run_verify(D2, &["-o", "json"])
        .expect_verdict(3, "Unchecked/NotFound");
    let message = outcome.item()["message"].as_str().unwrap().to_owned();
    assert!(
        message.contains(&format!("images.image.openshift.io \"{D2}\" not found")),
        "{message}"
    );
}

#[test]
fn an_image_that_may_not_be_read_names_the_role_that_may() {
    let scene = Scene::signed();
    scene.server.revoke_all();
    let outcome = scene
        .run_verify(D1, &["-o", "json"])
        .expect_verdict(3, "Unchecked/Forbidden");
    let message = outcome.item()["message"].as_str().unwrap().to_owned();
    for part in ["alice", "cannot get", "system:image-auditor"] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[test]
fn a_server_without_images_is_asked_whether_it_is_openshift() {
    let scene = Scene::signed();
    scene.server.under("/elsewhere");
    let outcome = scene
        .run_verify(
            D1,
            &["-o", "json", "--server", &format!("https://{}", scene.server.address())],
        )
        .expect_verdict(3, "Unchecked/SourceUnavailable");
    assert!(outcome.words().contains("is this an OpenShift cluster?"), "{outcome:?}");
}

#[test]
fn names_that_could_mean_something_else_in_a_url_are_refused_before_anything_is_contacted() {
    let scene = Scene::signed();
    let upper = D1.replace('1', "A");
    for name in [
        "ns/../x:v1",
        "../../images/x:v1",
        "ns/app:v1/../../x",
        "ns/app:..",
        "..:v1",
        "ns/..:v1",
        "ns/app%2f..:v1",
        "ns/app:v1?dryRun=All",
        "ns/app:v1#x",
        "ns%2fapp:v1",
        "app:v1 ",
        "ns/app:v\u{1b}[2J1",
        "a/b/c:v1",
        "sha256:1234",
        &format!("sha512:{}", "1".repeat(128)),
        "ruby",
        &upper,
        &D1.to_uppercase(),
        &format!("ns/app@{upper}"),
        &format!("ns/app:v1@{D1}"),
        &format!("{D1}/../x"),
        &format!("{D1}?x"),
    ] {
        let outcome = scene.run_verify(name, &[]).expect_usage("error: ");
        assert!(!outcome.stderr.contains('\u{1b}'), "{outcome:?}");
        for command in ["describe", "remove"] {
            scene.run(&[command, name]).expect_usage("error: ");
        }
    }
    assert_eq!(scene.server.connections(), 0);
}

#[test]
fn a_digest_in_upper_case_is_a_usage_error_that_says_so() {
    let scene = Scene::signed();
    let outcome = scene.run_verify(&D1.replace('1', "A"), &[]);
    outcome.expect_usage("lower case");
}

#[test]
fn an_image_in_a_registry_is_not_asked_of_the_cluster() {
    let scene = Scene::signed();
    let name = "docker://registry.local:5000/foo/bar:v1";
    scene.run_verify(name, &["--confirm"]).expect_usage("registry");
    assert_eq!(scene.server.connections(), 0);
}

#[test]
fn a_directory_never_touches_the_cluster() {
    let scene = Scene::signed();
    let manifest = br#"{"schemaVersion":2}"#;
    let digest = {
        use sha2::Digest as _;
        let hash = sha2::Sha256::digest(manifest);
        hash.iter().fold("sha256:".to_owned(), |t, b| format!("{t}{b:02x}"))
    };
    scene.sandbox.file("image/manifest.json", manifest);
    let blob = scene.signer.sign(&scene.key, &payload(&digest, IDENTITY));
    scene.sandbox.file("image/signature-1", blob);
    scene
        .run_verify("dir:image", &["-o", "json"])
        .expect_verdict(0, "Verified/Verified");
    scene
        .run_verify("dir:image", &["--confirm"])
        .expect_usage("cannot store a record");
    // Beside an image of the cluster too: half of a call would be recorded.
    let mut args = scene.verify("dir:image");
    args.extend([D1.to_owned(), "--confirm".to_owned()]);
    scene.run(&args).expect_usage("cannot store a record");
    assert_eq!(scene.server.connections(), 0);
}

#[test]
fn files_never_touch_the_cluster() {
    let scene = Scene::signed();
    let file = scene.sandbox.file("image.json", scene.server.stored(D1).to_string());
    scene
        .run_verify(D1, &["-o", "json", "--confirm", "-f", file.to_str().unwrap()])
        .expect_verdict(0, "Verified/Verified");
    assert_eq!(scene.server.connections(), 0);
}

#[test]
fn no_expected_identity_is_a_usage_error_whatever_the_image_says_of_itself() {
    let scene = Scene::signed();
    let key = scene.key_file.to_str().unwrap();
    for name in [D1, "app:v1", &format!("app@{D1}")] {
        let outcome = scene.run(&["verify", name, "--public-key", key]);
        outcome.expect_usage("no expected identity");
    }
    assert_eq!(scene.server.connections(), 0);
}

#[test]
fn the_digest_asked_for_must_be_the_digest_found_and_nothing_is_recorded_otherwise() {
    let scene = Scene::signed();
    let before = scene.server.stored(D1);
    let outcome = scene
        .run_verify(D1, &["-o", "json", "--confirm", "--expected-digest", D2])
        .expect_verdict(1, "Rejected/DigestMismatch");
    assert_eq!(outcome.item()["recorded"], "no");
    assert_eq!(scene.server.stored(D1), before);
    let outcome = scene.run_verify(D1, &["--expected-digest", D2]).expect(1);
    assert_eq!(outcome.stderr, "", "there is nothing to record");
    scene
        .run_verify(D1, &["-o", "json", "--confirm", "--expected-digest", D1])
        .expect_verdict(0, "Verified/Verified");
}

#[test]
fn the_host_in_the_reference_of_an_image_is_never_contacted() {
    let scene = Scene::new();
    // Whoever is named there must not see so much as a connection.
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let host = elsewhere.local_addr().unwrap();
    let blob = scene.sign(D1, IDENTITY);
    let mut object = image(D1, &[&blob]);
    object["dockerImageReference"] = format!("{host}/foo/bar@{D1}").into();
    scene.server.image(object);
    scene
        .run_verify(D1, &["-o", "json", "--confirm"])
        .expect_verdict(0, "Verified/Verified");
    scene.run(&["describe", D1]).expect(0);
    scene.run(&["remove", D1, "--confirm"]).expect(0);
    let error = elsewhere.accept().expect_err("somebody connected");
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
}

/// What is wrong with a file that the user names is told before anybody is contacted.
#[test]
fn files_of_no_use_are_told_before_anything_is_contacted() {
    let scene = Scene::signed();
    scene.sandbox.file("text", "not a key");
    scene.sandbox.file("list", format!("{D1} {IDENTITY}\n{D1} sha256:12\n"));
    let identity = ["--expected-identity", IDENTITY];
    for (args, message) in [
        (&["--public-key", "absent", D1][..], "absent"),
        (&["--public-key", "text", D1], "text"),
        (&["--kubeconfig", "absent", D1], "absent"),
    ] {
        scene
            .run(&[&["verify"][..], &identity, args].concat())
            .expect_usage(message);
    }
    scene
        .run(&["verify", "--images-from", "list"])
        .expect_usage("list, line 2: expected identity");
    scene
        .run(&["verify", "--images-from", "absent"])
        .expect_usage("reading absent");
    assert_eq!(scene.server.connections(), 0);
}
