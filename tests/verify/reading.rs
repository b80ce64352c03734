// SPDX-License-Identifier: Apache-2.0
//! Files are read as `kubectl` reads them: encodings, documents one after the other, directories, copies.

use serde_json::{json, Value};

use crate::support::calls::verify_image_json;
use crate::support::images::{base64, image, list, D1, D2, D3};
use crate::verify::{words, Desk, IDENTITY};

pub(super) const OK: &str = "Verified/Verified";

pub(super) const UNREADABLE: &str = "Unchecked/SourceUnavailable";

pub(super) const UNSIGNED: &str = "Unsigned/NoSignature";

/// UTF-16 with its mark.
fn utf16(text: &str, is_big: bool) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    let bytes = |unit: u16| if is_big { unit.to_be_bytes() } else { unit.to_le_bytes() };
    units.flat_map(bytes).collect()
}

fn marked(text: &str) -> Vec<u8> {
    [b"\xef\xbb\xbf", text.as_bytes()].concat()
}

pub(super) fn message(item: &Value) -> &str {
    item["message"].as_str().unwrap()
}

/// An object as YAML in block style.
fn yaml(object: &Value) -> String {
    image_signature::yaml::emit::document(object)
}

/// kubectl takes what begins with a brace for JSON: where that goes wrong, and what to write, is said.
#[test]
fn yaml_in_braces_needs_a_line_before_it() {
    let desk = Desk::new();
    let object = desk.signed().to_string();
    let braces = format!("{},\n}}\n", object.strip_suffix('}').unwrap());
    let path = desk.put("image.yaml", &braces);
    let item = desk
        .file("image.yaml")
        .expect_verdict(3, "Unchecked/SourceUnavailable")
        .item();
    let message = item["message"].as_str().unwrap();
    let place = "image.yaml is not a file of API objects: line 2, column 1: ";
    assert!(message.starts_with(place), "{message}");
    assert!(message.ends_with("what begins with a brace or a bracket is read as JSON, as kubectl reads it: write JSON there, or a line --- before YAML"), "{message}");
    let yaml = format!("---\n{braces}");
    desk.put("image.yaml", &yaml);
    let args = ["-f", "image.yaml", "--expected-identity", IDENTITY, "--confirm"];
    desk.run(&args).expect(0);
    let after = std::fs::read_to_string(path).unwrap();
    assert!(after.starts_with("---\n{") && after.ends_with(",\n}\n"), "{after}");
    assert!(after.contains("Trusted"), "{after}");
}

#[test]
fn every_encoding_that_powershell_writes() {
    let desk = Desk::new();
    let (json, yaml) = (desk.signed().to_string(), yaml(&desk.signed()));
    for text in [&json, &yaml, &yaml.replace('\n', "\r\n")] {
        for bytes in [
            utf16(text, false),
            utf16(text, true),
            marked(text),
            text.clone().into_bytes(),
        ] {
            desk.put("image", bytes);
            desk.file("image").expect_verdict(0, OK);
        }
    }
}

#[test]
fn what_is_no_text_is_named_with_its_place() {
    let desk = Desk::new();
    let text = desk.signed().to_string();
    let unmarked: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut cut = utf16(&text, false);
    cut.pop();
    let mut lone = utf16(&text, true);
    lone.extend([0xd8, 0]);
    for (bytes, wanted) in [
        (unmarked, "UTF-16 without a byte order mark"),
        (cut, "UTF-16"),
        (lone, "UTF-16"),
    ] {
        desk.put("image.json", bytes);
        let outcome = desk.file("image.json").expect_verdict(3, UNREADABLE);
        assert!(message(&outcome.item()).contains(wanted), "{outcome:?}");
        assert!(message(&outcome.item()).contains("image.json"), "{outcome:?}");
    }
}

#[test]
fn key_files_lists_and_names_may_have_a_mark() {
    let desk = Desk::new();
    desk.put("image.json", desk.signed().to_string());
    let digits = base64(&std::fs::read(&desk.key_file).unwrap());
    let lines: Vec<&str> = digits
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    let armored = format!(
        "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{}\n-----END PGP PUBLIC KEY BLOCK-----\n",
        lines.join("\n")
    );
    for (name, bytes) in [("one.asc", utf16(&armored, false)), ("two.asc", marked(&armored))] {
        let key = desk.put(name, bytes);
        let args = verify_image_json(IDENTITY);
        desk.sandbox
            .run([&args[..], &["--public-key", key.to_str().unwrap()]].concat())
            .expect_verdict(0, OK);
    }
    for bytes in [
        utf16(&format!("{D1} {IDENTITY}\r\n"), true),
        marked(&format!("{D1} {IDENTITY}\n")),
    ] {
        desk.put("list", bytes);
        desk.run(&["-o", "json", "-f", "image.json", "--images-from", "list"])
            .expect_verdict(0, OK);
    }
}

#[test]
fn json_documents_one_after_the_other() {
    let desk = Desk::new();
    let (one, other) = (desk.signed(), image(D2, &[]));
    let listed = list(&[image(D3, &[])]);
    for text in [
        format!("{one}{other}"),
        format!("{one}\n{other}\n"),
        format!("{one:#}\n\n{other:#}"),
        format!("{one}\r\n---\r\n{other}"),
        format!("---\n{one}\n---\n# nothing\n---\n{other}\n"),
    ] {
        desk.put("all.json", &text);
        assert_eq!(words(&desk.file("all.json").expect(1)), [OK, UNSIGNED], "{text}");
    }
    desk.put("all.json", format!("{one} {listed} {other}"));
    assert_eq!(words(&desk.file("all.json").expect(1)), [OK, UNSIGNED, UNSIGNED]);
    let found = desk
        .run(&["-o", "json", "-f", "all.json", "--expected-identity", IDENTITY, D3])
        .expect(1);
    assert_eq!(found.item()["image"], D3);
    for broken in [
        format!("{one}{{"),
        format!("{one}]"),
        format!("{one},{other}"),
        format!("{one} 7"),
    ] {
        desk.put("all.json", broken);
        desk.file("all.json").expect_verdict(3, UNREADABLE);
    }
}

#[test]
fn empty_documents_of_yaml_are_passed_over() {
    let desk = Desk::new();
    let text = yaml(&desk.signed());
    for stream in [
        format!("---\n---\n{text}"),
        format!("# a chart\n---\n{text}---\n# the end\n"),
        format!("{text}---\n"),
        format!("---\nnull\n---\n{text}...\n---\n~\n"),
        format!("--- # one\n{text}"),
        format!("%YAML 1.2\n---\n{text}"),
        format!("\n\n  \n---\n{text}"),
    ] {
        desk.put("image.yaml", &stream);
        desk.file("image.yaml").expect_verdict(0, OK);
    }
    for nothing in ["# nothing\n", "---\n---\n", "null\n", "\n"] {
        desk.put("image.yaml", nothing);
        let outcome = desk.file("image.yaml").expect_verdict(3, UNREADABLE);
        assert!(message(&outcome.item()).contains("empty"), "{outcome:?}");
    }
}

#[test]
fn anchors_merge_keys_and_binary_values_mean_what_they_do_elsewhere() {
    let desk = Desk::new();
    let object = desk.signed();
    let content = object["signatures"][0]["content"].as_str().unwrap();
    let binary = base64(content.as_bytes());
    let text = format!(
        "kind: Image\nmetadata: &m\n  name: &n {D1}\nx: *m\nbase: &b\n  type: atomic\nsignatures:\n\
         - <<: *b\n  metadata:\n    name: {D1}@s\n  content: !!binary |\n    {binary}\n"
    );
    desk.put("image.yaml", text);
    desk.file("image.yaml").expect_verdict(0, OK);
}

#[test]
fn copies_of_one_object_are_judged_once() {
    let desk = Desk::new();
    let object = desk.signed();
    let mut other = object.clone();
    other["note"] = json!({"a": 1});
    desk.put("one.json", object.to_string());
    desk.put("two.yaml", yaml(&object));
    desk.put("pretty.json", format!("{object:#}"));
    desk.put("other.json", other.to_string());
    desk.put(
        "list.json",
        list(&[object.clone(), image(D2, &[]), object.clone()]).to_string(),
    );
    let run = |files: &[&str], more: &[&str]| {
        let files = files.iter().flat_map(|file| ["-f", file]).collect::<Vec<_>>();
        desk.run(&[&["-o", "json", "--expected-identity", IDENTITY], &files[..], more].concat())
    };
    for more in [&[][..], &[D1]] {
        run(&["one.json", "two.yaml"], more).expect_verdict(0, OK);
        run(&["pretty.json", "one.json", "two.yaml"], more).expect_verdict(0, OK);
        // The same file by two names is one file.
        run(&["one.json", "./one.json"], more).expect_verdict(0, OK);
        let outcome = run(&["one.json", "two.yaml", "other.json"], more).expect_verdict(3, UNREADABLE);
        let item = outcome.item();
        assert!(
            message(&item).contains("one.json") && message(&item).contains("other.json"),
            "{item}"
        );
    }
    assert_eq!(words(&run(&["list.json"], &[]).expect(1)), [OK, UNSIGNED]);
    desk.put("list.json", list(&[object.clone(), image(D2, &[]), other]).to_string());
    let outcome = run(&["list.json"], &[]).expect(3);
    assert_eq!(words(&outcome), [UNREADABLE, UNSIGNED]);
    let item = outcome.item();
    assert!(
        message(&item).contains("(object 1)") && message(&item).contains("(object 3)"),
        "{item}"
    );
}

#[test]
fn a_view_is_no_copy_of_the_object() {
    let desk = Desk::new();
    let mut object = desk.signed();
    let view = json!({"kind": "ImageStreamTag", "metadata": {"name": "app:v1", "namespace": "ns"}, "image": object});
    object["note"] = "differs from what the view has".into();
    desk.put("all.json", list(&[view, object]).to_string());
    let outcome = desk.run(&["-o", "json", "-f", "all.json", "--expected-identity", IDENTITY, D1]);
    outcome.expect_verdict(0, OK);
}

#[test]
fn a_manifest_in_an_object_has_the_limit_of_any_manifest() {
    let desk = Desk::new();
    let manifest = |size: usize| {
        let mut object = image(D1, &[&desk.sign(D1, IDENTITY)]);
        let text = format!("{{\"schemaVersion\":2,\"x\":\"{}\"}}", "x".repeat(size));
        let digest = image_signature::digest::Digest::of_manifest(text.as_bytes()).unwrap();
        object["metadata"]["name"] = digest.as_str().into();
        object["signatures"][0]["content"] = base64(&desk.sign(digest.as_str(), IDENTITY)).into();
        object["dockerImageManifest"] = text.into();
        object.to_string()
    };
    desk.put("image.json", manifest(4_000_000));
    desk.file("image.json").expect_verdict(0, OK);
    desk.put("image.json", manifest(5_000_000));
    let outcome = desk
        .file("image.json")
        .expect_verdict(3, "Unchecked/ManifestUnavailable");
    assert!(message(&outcome.item()).contains("4194304"), "{outcome:?}");
}
