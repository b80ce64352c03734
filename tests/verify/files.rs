// SPDX-License-Identifier: Apache-2.0
//! `-f`: all kinds of objects and lists, and files that are damaged.

use serde_json::json;

use crate::support::images::{base64, image, list, D1, D2, D3};
use crate::verify::{words, Desk, IDENTITY};

pub(super) const OK: &str = "Verified/Verified";

pub(super) const UNREADABLE: &str = "Unchecked/SourceUnavailable";

#[test]
fn an_image_in_json_and_in_yaml() {
    let desk = Desk::new();
    desk.put("image.json", desk.signed().to_string());
    desk.file("image.json").expect_verdict(0, OK);
    let content = base64(&desk.sign(D1, IDENTITY));
    let yaml = format!(
        "apiVersion: image.openshift.io/v1\nkind: Image\nmetadata:\n  name: {D1}\nsignatures:\n- content: {content}\n  \
         metadata:\n    name: {D1}@s1\n  type: atomic\n"
    );
    desk.put("image.yaml", &yaml);
    desk.file("image.yaml").expect_verdict(0, OK);
    desk.put("both.yaml", format!("{yaml}---\n{}", yaml.replace(D1, D2)));
    let outcome = desk.file("both.yaml").expect(1);
    assert_eq!(words(&outcome), [OK, "Rejected/DigestMismatch"]);
}

#[test]
fn lists_whose_items_name_their_kind_or_not() {
    let desk = Desk::new();
    let (mut first, mut second) = (desk.signed(), image(D2, &[&desk.sign(D2, IDENTITY)]));
    desk.put("list.json", list(&[first.clone(), second.clone()]).to_string());
    assert_eq!(words(&desk.file("list.json").expect(0)), [OK, OK]);
    for object in [&mut first, &mut second] {
        object.as_object_mut().unwrap().remove("kind");
        object.as_object_mut().unwrap().remove("apiVersion");
    }
    let image_list = json!({"kind": "ImageList", "apiVersion": "image.openshift.io/v1", "items": [first, second]});
    desk.put("list.json", image_list.to_string());
    assert_eq!(words(&desk.file("list.json").expect(0)), [OK, OK]);
}

#[test]
fn views_of_images_are_judged_too() {
    let desk = Desk::new();
    for (kind, name) in [
        ("ImageStreamTag", "app:v1".to_owned()),
        ("ImageStreamImage", format!("app@{D1}")),
    ] {
        let view = json!({
            "kind": kind, "apiVersion": "image.openshift.io/v1",
            "metadata": {"name": name, "namespace": "ns"}, "image": desk.signed(),
        });
        desk.put("view.json", view.to_string());
        let outcome = desk.file("view.json").expect_verdict(0, OK);
        assert_eq!(outcome.item()["image"], D1);
        for wanted in [name.clone(), format!("ns/{name}"), D1.to_owned()] {
            desk.run(&[
                "-o",
                "json",
                "-f",
                "view.json",
                "--expected-identity",
                IDENTITY,
                &wanted,
            ])
            .expect_verdict(0, OK);
        }
    }
}

#[test]
fn stubs_in_lists_of_tags_are_not_taken_for_unsigned() {
    let desk = Desk::new();
    let bare = json!({"metadata": {"name": D1}, "dockerImageReference": "a/b:c"});
    // As a server sends it: defaulted members although nothing of the image is there.
    let mut defaulted = bare.clone();
    defaulted["dockerImageMetadata"] =
        json!({"kind": "DockerImage", "apiVersion": "image.openshift.io/1.0", "Id": "", "Created": null});
    defaulted["dockerImageMetadataVersion"] = "1.0".into();
    for image in [bare, defaulted] {
        let mut tag = json!({"kind": "ImageStreamTag", "apiVersion": "image.openshift.io/v1",
                             "metadata": {"name": "app:v1", "namespace": "ns", "uid": "u", "resourceVersion": "1"}, "image": image});
        let single = tag.to_string();
        let list = json!({"kind": "List", "apiVersion": "v1", "items": [tag]}).to_string();
        tag.as_object_mut().unwrap().remove("kind");
        let typed = json!({"kind": "ImageStreamTagList", "apiVersion": "image.openshift.io/v1", "items": [tag]});
        for text in [single, list, typed.to_string()] {
            desk.put("tags.json", text);
            let outcome = desk.file("tags.json").expect_verdict(3, UNREADABLE);
            let message = outcome.item()["message"].as_str().unwrap().to_owned();
            assert!(message.contains("lists of tags omit signatures"), "{message}");
        }
    }
    // An image without signatures is no stub: it is what the server has of it.
    let whole = json!({"kind": "ImageStreamTag", "apiVersion": "image.openshift.io/v1",
                       "metadata": {"name": "app:v1", "namespace": "ns"},
                       "image": {"metadata": {"name": D1, "uid": "u", "resourceVersion": "1"}, "dockerImageReference": "a/b:c"}});
    desk.put("tags.json", whole.to_string());
    desk.file("tags.json").expect_verdict(1, "Unsigned/NoSignature");
}

#[test]
fn a_directory_of_files_in_order_and_without_those_below_it() {
    let desk = Desk::new();
    desk.put("d/b.yaml", image(D2, &[]).to_string());
    desk.put("d/a.json", desk.signed().to_string());
    desk.put("d/notes.txt", "no object");
    desk.put("d/sub/c.json", image(D3, &[]).to_string());
    assert_eq!(words(&desk.file("d").expect(1)), [OK, "Unsigned/NoSignature"]);
}

#[test]
fn standard_input() {
    let desk = Desk::new();
    let key = desk.key_file.to_str().unwrap();
    let args = [
        "verify",
        "-f",
        "-",
        "--public-key",
        key,
        "--expected-identity",
        IDENTITY,
        "-o",
        "json",
    ];
    let outcome = desk.sandbox.run_with_input(args, desk.signed().to_string().as_bytes());
    assert_eq!(outcome.expect_verdict(0, OK).item()["source"], "file:-");
    desk.run(&["-f", "-", "-f", "-", "--expected-identity", IDENTITY])
        .expect_usage("standard input can be read once");
}

#[test]
fn nothing_to_judge_is_no_success() {
    let desk = Desk::new();
    std::fs::create_dir(desk.sandbox.path("empty")).unwrap();
    desk.put("list.json", list(&[]).to_string());
    desk.put("null.json", r#"{"kind":"List","apiVersion":"v1","items":null}"#);
    desk.put("list.yaml", "kind: List\nitems: []\n");
    for name in ["empty", "list.json", "null.json", "list.yaml"] {
        let outcome = desk.file(name).expect_verdict(3, "Unchecked/NotFound");
        assert!(
            outcome.item()["message"]
                .as_str()
                .unwrap()
                .contains("there is no image in"),
            "{outcome:?}"
        );
        assert_ne!(outcome.item()["image"], "");
    }
    desk.put("nothing.json", "");
    desk.file("nothing.json").expect_verdict(3, UNREADABLE);
}

/// What directories hold is told where nothing is read from them.
#[test]
fn directories_below_that_are_not_read_are_told() {
    let desk = Desk::new();
    desk.put("sub/s/image.json", desk.signed().to_string());
    desk.put("copies/foo/manifest.json", "{}");
    desk.put("copies/a/notes.txt", "");
    for (name, meant) in [
        ("sub", "sub has directories, which are read with --recursive"),
        (
            "copies",
            "copies/foo looks like an image that skopeo wrote: verify and audit take dir:copies/foo",
        ),
    ] {
        let outcome = desk.file(name).expect_verdict(3, "Unchecked/NotFound");
        let item = outcome.item();
        assert!(item["message"].as_str().unwrap().ends_with(meant), "{item}");
        let key = desk.sandbox.path("key.gpg");
        let outcome = desk
            .sandbox
            .run(["audit", "-f", name, "--public-key", key.to_str().unwrap()])
            .expect(3);
        let said = format!("there is no image in the files; {meant}");
        assert!(outcome.words().contains(&said), "{outcome:?}");
    }
}

#[test]
fn an_image_that_is_not_in_the_files_is_not_found() {
    let desk = Desk::new();
    desk.put("image.json", desk.signed().to_string());
    let outcome = desk
        .run(&[
            "-o",
            "json",
            "-f",
            "image.json",
            "--expected-identity",
            IDENTITY,
            D2,
            D1,
        ])
        .expect(3);
    assert_eq!(words(&outcome), ["Unchecked/NotFound", OK]);
}

#[test]
fn two_objects_of_one_name_are_neither_verified() {
    let desk = Desk::new();
    desk.put("a.json", desk.signed().to_string());
    desk.put("b.json", image(D1, &[]).to_string());
    let outcome = desk
        .run(&[
            "-o",
            "json",
            "--expected-identity",
            IDENTITY,
            "-f",
            "a.json",
            "-f",
            "b.json",
        ])
        .expect(3);
    assert!(words(&outcome).iter().all(|word| word == UNREADABLE), "{outcome:?}");
    assert!(
        outcome.item()["message"].as_str().unwrap().contains("2 times"),
        "{outcome:?}"
    );
}

#[test]
fn the_manifest_in_an_object_must_hash_to_its_name() {
    let desk = Desk::new();
    let manifest = r#"{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json"}"#;
    let digest = image_signature::digest::Digest::of_manifest(manifest.as_bytes()).unwrap();
    let mut object = image(digest.as_str(), &[&desk.sign(digest.as_str(), IDENTITY)]);
    object["dockerImageManifest"] = manifest.into();
    desk.put("image.json", object.to_string());
    let outcome = desk.file("image.json").expect_verdict(0, OK);
    assert!(outcome.words().contains("its manifest are"), "{outcome:?}");
    object["dockerImageManifest"] = format!("{manifest} ").into();
    desk.put("image.json", object.to_string());
    desk.file("image.json").expect_verdict(1, "Rejected/ManifestMismatch");
    object["dockerImageManifest"] = "".into();
    desk.put("image.json", object.to_string());
    desk.file("image.json").expect_verdict(0, OK);
}

#[test]
fn files_contact_no_server_even_where_flags_name_one() {
    let desk = Desk::new();
    desk.put("image.json", desk.signed().to_string());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    desk.run(&["-f", "image.json", "--expected-identity", IDENTITY, "--server", &url])
        .expect(0);
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn a_name_that_two_namespaces_have_is_refused_and_not_guessed() {
    let desk = Desk::new();
    let view = |namespace: &str, image: serde_json::Value| {
        json!({"kind": "ImageStreamTag", "apiVersion": "image.openshift.io/v1",
               "metadata": {"name": "app:v1", "namespace": namespace}, "image": image})
    };
    let (good, other) = (view("ns1", desk.signed()), view("ns2", image(D2, &[])));
    desk.put("views.json", list(&[good.clone(), other]).to_string());
    let run = |name: &str| desk.run(&["-o", "json", "-f", "views.json", "--expected-identity", IDENTITY, name]);
    let outcome = run("app:v1").expect_verdict(3, UNREADABLE);
    assert!(
        outcome.item()["message"].as_str().unwrap().contains("NAMESPACE/NAME"),
        "{outcome:?}"
    );
    run("ns1/app:v1").expect_verdict(0, OK);
    run("ns2/app:v1").expect(1);
    // Of one image it does not matter which view is taken.
    desk.put("views.json", list(&[good, view("ns2", desk.signed())]).to_string());
    run("app:v1").expect_verdict(0, OK);
}

#[test]
fn a_namespace_written_into_an_image_does_not_hide_that_it_stands_there_twice() {
    let desk = Desk::new();
    let mut again = image(D1, &[]);
    again["metadata"]["namespace"] = "somewhere".into();
    desk.put("list.json", list(&[desk.signed(), again]).to_string());
    for more in [&[][..], &[D1]] {
        let args = [
            &["-o", "json", "-f", "list.json", "--expected-identity", IDENTITY][..],
            more,
        ]
        .concat();
        let outcome = desk.run(&args).expect(3);
        assert!(words(&outcome).iter().all(|word| word == UNREADABLE), "{outcome:?}");
    }
}
