// SPDX-License-Identifier: Apache-2.0
//! The same files given to `kubectl` and to us: the same objects in the same order, with the same values.

use std::path::PathBuf;
use std::process::Command;

use image_signature::yaml::convert;
use serde_json::{Deserializer, Value};

use crate::support::images::{image, list, D1, D2, D3};
use crate::support::skipped;
use crate::verify::{Desk, IDENTITY};

/// `KUBECTL` names another one than that of the system.
fn program() -> PathBuf {
    std::env::var_os("KUBECTL").map_or_else(|| "/usr/bin/kubectl".into(), PathBuf::from)
}

/// The objects that kubectl reads from a file; nothing where it refuses the file. It contacts no server for this.
fn kubectl(desk: &Desk, more: &[&str], file: &str) -> Option<Vec<Value>> {
    let mut command = desk.sandbox.command_of(&program());
    command
        .args(["annotate", "--local", "-o", "json", "read=yes", "-f", file])
        .args(more);
    let output = command.output().unwrap();
    let objects: Vec<Value> = Deserializer::from_slice(&output.stdout)
        .into_iter()
        .collect::<Result<_, _>>()
        .unwrap();
    let without_annotation = |mut object: Value| {
        let metadata = object["metadata"].as_object_mut().unwrap();
        let annotations = metadata["annotations"].as_object_mut().unwrap();
        annotations.remove("read");
        if annotations.is_empty() {
            metadata.remove("annotations");
        }
        object
    };
    output
        .status
        .success()
        .then(|| objects.into_iter().map(without_annotation).collect())
}

fn names(objects: &[Value]) -> Vec<String> {
    objects
        .iter()
        .map(|object| object["metadata"]["name"].as_str().unwrap().to_owned())
        .collect()
}

/// The images that we find in a file; nothing where we refuse the file.
fn ours(desk: &Desk, more: &[&str], file: &str) -> Option<Vec<String>> {
    let outcome = desk.run(&[&["-o", "json", "--expected-identity", IDENTITY, "-f", file], more].concat());
    let items = outcome.json()["items"].as_array().unwrap().clone();
    let is_refused = items
        .iter()
        .any(|item| item["reason"] == "SourceUnavailable" || item["reason"] == "NotFound");
    (!is_refused).then(|| {
        items
            .iter()
            .map(|item| item["image"].as_str().unwrap().to_owned())
            .collect()
    })
}

/// Whether there is a kubectl here that reads files without a server.
fn is_there(desk: &Desk) -> bool {
    desk.put("plain.json", image(D1, &[]).to_string());
    let is_there = program().exists() && kubectl(desk, &[], "plain.json").is_some();
    if !is_there {
        skipped("what kubectl reads", "kubectl (kubernetes-client) is not installed");
    }
    is_there
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    format!("\u{feff}{text}").encode_utf16().flat_map(unit).collect()
}

#[test]
fn the_same_objects_in_the_same_order() {
    let desk = Desk::new();
    if !is_there(&desk) {
        return;
    }
    let (one, two, three) = (image(D1, &[]), image(D2, &[]), image(D3, &[]));
    let yaml = image_signature::yaml::emit::document;
    let texts = [
        one.to_string(),
        format!("\n \t{one:#}\n"),
        format!("{one}{two}"),
        format!("{one}\n{two:#}\r\n{three}\n"),
        list(&[one.clone(), two.clone()]).to_string(),
        format!("{}{three}", list(&[one.clone(), two.clone()])),
        yaml(&one),
        yaml(&one).replace('\n', "\r\n"),
        format!("---\n{}---\n{}", yaml(&one), yaml(&two)),
        format!("# c\n---\n---\n# d\n\n---\n{}---\n", yaml(&two)),
        format!("{}--- \n{}---\t\n", yaml(&two), yaml(&one)),
        format!("{}---\nnull\n---\n{}", yaml(&one), yaml(&three)),
        yaml(&list(&[one.clone(), two.clone(), three.clone()])),
        format!("---\n{one}\n---\n{two:#}\n"),
        format!("a: &n {D1}\nkind: Image\napiVersion: image.openshift.io/v1\nmetadata: {{name: *n}}\n"),
        format!("b: &b {{kind: Image, apiVersion: image.openshift.io/v1}}\n<<: *b\nmetadata: {{name: \"{D2}\"}}\n"),
        format!(
            "kind: Image\napiVersion: image.openshift.io/v1\nmetadata:\n  name: !!binary {}\n",
            crate::support::images::base64(D3.as_bytes())
        ),
        format!("{one}}}"),
        format!("{one},{two}"),
        "kind: [\n".to_owned(),
    ];
    let mut refused = 0;
    for text in &texts {
        for (name, bytes) in [
            ("plain", text.clone().into_bytes()),
            ("marked", [b"\xef\xbb\xbf", text.as_bytes()].concat()),
            ("little", utf16(text, u16::to_le_bytes)),
            ("big", utf16(text, u16::to_be_bytes)),
        ] {
            desk.put("objects", bytes);
            let theirs = kubectl(&desk, &[], "objects").map(|objects| names(&objects));
            refused += usize::from(theirs.is_none());
            assert_eq!(ours(&desk, &[], "objects"), theirs, "{name}: {text}");
        }
    }
    assert!((4..20).contains(&refused), "{refused} files are refused");
}

#[test]
fn the_same_files_of_directories() {
    let desk = Desk::new();
    if !is_there(&desk) {
        return;
    }
    for (n, path) in [
        "b.json",
        "a.yaml",
        "c.yml",
        "skip.txt",
        "sub/d.json",
        "sub/z/e.json",
        "sub.json",
        "Z.json",
    ]
    .iter()
    .enumerate()
    {
        desk.put(
            &format!("d/{path}"),
            image(&format!("sha256:{n:064x}"), &[]).to_string(),
        );
    }
    desk.put("elsewhere/x.json", image(D3, &[]).to_string());
    std::os::unix::fs::symlink("../elsewhere", desk.sandbox.path("d/link")).unwrap();
    std::os::unix::fs::symlink("../elsewhere/x.json", desk.sandbox.path("d/y.json")).unwrap();
    for more in [&[][..], &["-R"]] {
        let theirs = kubectl(&desk, more, "d").map(|objects| names(&objects));
        assert!(theirs.is_some());
        assert_eq!(ours(&desk, more, "d"), theirs, "{more:?}");
    }
}

#[test]
fn the_same_values() {
    let desk = Desk::new();
    if !is_there(&desk) {
        return;
    }
    let head = "apiVersion: v1\nkind: Other\nmetadata: {name: x}\n";
    for values in [
        "a: [0123, 1_000, yes, No, on, OFF, y, n, 0x10, 0o17, 0b11, 2020-01-01, 1e3, 1:20, 1., +12, -0x1, .5, TRUE, ~, Null]",
        "a: ['0123', \"yes\", ! 12, !!str 12, !!int \"3\", !!float 1, !!bool 'true', !!null '']",
        "a: |\n  text\n\nb: |+\n  text\n\n\nc: >-\n  two\n  lines\nd: >\n  a\n\n  b\n",
        "a: {b: , c, ? d : e, \"f\": [g, {h: i}]}",
        "a: plain\n  text\nb: \"two\n  lines\\x41\\u00e9\"\nc: 'it''s'",
        "a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}\ne: {<<: [{z: 1}, *x]}\nf: *x",
        "a:\n- - b\n  - c\n- d: e\n  f:\n- \n",
        "? a\n: b\nc: # comment\n  d #no comment\n",
        "a: !!binary aGVsbG8=\nb: \"☃ 🐳\"\nc: '#'\nd: a#b\ne: 9007199254740991",
        "1: x\n2.5: x\nkey with space: x\n\"\": x",
    ] {
        let text = format!("{head}{values}\n");
        desk.put("values.yaml", &text);
        let theirs = kubectl(&desk, &[], "values.yaml").unwrap_or_else(|| panic!("kubectl refuses {text}"));
        let mut json = Vec::new();
        convert::to_json(&text, &mut json).unwrap();
        let ours: Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(with_plain_numbers(ours), with_plain_numbers(theirs[0].clone()), "{text}");
    }
}

/// Whole numbers in one spelling: kubectl prints 1000 for 1e3.
fn with_plain_numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().map_or(Value::Null, Value::from),
        Value::Array(elements) => elements.into_iter().map(with_plain_numbers).collect(),
        Value::Object(members) => {
            let members = members
                .into_iter()
                .map(|(name, value)| (name, with_plain_numbers(value)));
            Value::Object(members.collect())
        }
        other => other,
    }
}

#[test]
fn a_kubeconfig_that_kubectl_takes() {
    let desk = Desk::new();
    if !program().exists() {
        return skipped("what kubectl reads", "kubectl (kubernetes-client) is not installed");
    }
    let text = "base: &b\n  server: https://127.0.0.1:1\nclusters:\n- name: c\n  cluster:\n    <<: *b\n    insecure-skip-tls-verify: yes\n\
                contexts:\n- {name: x, context: {cluster: c, user: u}}\nusers:\n- name: u\n  user:\n    token: !!binary c2VjcmV0\n\
                current-context: x\n";
    for bytes in [
        text.as_bytes().to_vec(),
        utf16(text, u16::to_le_bytes),
        [b"\xef\xbb\xbf", text.as_bytes()].concat(),
    ] {
        desk.put("kubeconfig", bytes);
        let mut command = desk.sandbox.command_of(&program());
        command.args(["config", "view", "--minify", "-o", "json", "--kubeconfig", "kubeconfig"]);
        let output = Command::output(&mut command).unwrap();
        let is_taken = output.status.success();
        let outcome = desk.run(&["--kubeconfig", "kubeconfig", "--expected-identity", IDENTITY, D1]);
        // Nobody listens there.
        assert_eq!(
            outcome.status == 3,
            is_taken,
            "{outcome:?} {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
