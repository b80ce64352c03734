// SPDX-License-Identifier: Apache-2.0
//! YAML in every shape that people write it in: after a run it is the same document but for what is recorded, or it was
//! refused and is unchanged.

use std::fs;

use image_signature::edit::MEMBERS;
use image_signature::yaml;
use serde_json::Value;

use crate::record::{conditions, record_trusted, Desk, Records, IDENTITY};
use crate::support::images::{base64, D1, D2};

/// All documents of a stream.
fn documents(text: &str) -> Vec<Value> {
    let stream = yaml::parse(text).unwrap_or_else(|error| panic!("{error}:\n{text}"));
    stream.documents.iter().map(yaml::Node::value).collect()
}

/// The entries of `signatures` of all objects and elements of lists.
fn entries(documents: &mut [Value]) -> Vec<&mut Value> {
    let mut found = Vec::new();
    for document in documents {
        let Value::Object(members) = document else { continue };
        for (name, value) in members {
            match (name.as_str(), value) {
                ("signatures", Value::Array(entries)) => found.extend(entries),
                ("items", Value::Array(items)) => {
                    for item in items {
                        found.extend(
                            item.get_mut("signatures")
                                .and_then(Value::as_array_mut)
                                .into_iter()
                                .flatten(),
                        );
                    }
                }
                _ => {}
            }
        }
    }
    found
}

fn without_records(text: &str) -> Vec<Value> {
    let mut documents = documents(text);
    for entry in entries(&mut documents) {
        if let Value::Object(members) = entry {
            members.retain(|name, _| !MEMBERS.contains(&name.as_str()));
        }
    }
    documents
}

/// Records on `text`; `may_refuse`: exit status 3 with the file as it was is right too.
fn check(desk: &Desk, text: &str, may_refuse: bool) {
    let path = desk.put("image.yaml", text);
    let before = without_records(text);
    let command = ["-f", "image.yaml", "--expected-identity", IDENTITY, "--confirm", D1];
    let outcome = desk.run(&command);
    let after = fs::read_to_string(&path).unwrap();
    if outcome.status == 3 && may_refuse {
        assert_eq!(after, text, "{outcome:?}");
        assert!(outcome.stderr.contains("error: recording in image.yaml"), "{outcome:?}");
        return;
    }
    assert_eq!(outcome.status, 0, "{outcome:?}\n{text}");
    assert_eq!(without_records(&after), before, "{text}\nbecame\n{after}");
    let mut recorded = documents(&after);
    let trusted = |entry: &Value| conditions(entry).first().map(String::as_str) == Some("Trusted=True(Verified)");
    assert!(entries(&mut recorded).iter().any(|entry| trusted(entry)), "{after}");
    // What is recorded is replaced by the next run, and taken away by remove: the document is what it was.
    desk.run(&command).expect(0);
    let again = fs::read_to_string(&path).unwrap();
    assert_eq!(without_records(&again), before, "{again}");
    assert_eq!(again.lines().count(), after.lines().count(), "{after}\nbecame\n{again}");
    let outcome = desk.sandbox.run(["remove", "-f", "image.yaml", "--confirm", D1]);
    assert_eq!(outcome.status, 0, "{outcome:?}\n{again}");
    let removed = fs::read_to_string(&path).unwrap();
    assert_eq!(without_records(&removed), before, "{removed}");
    assert!(!removed.contains("Trusted"), "{removed}");
}

#[test]
fn what_stands_around_a_record_stays_what_it_is() {
    let desk = Desk::new();
    let content = base64(&desk.sign(D1, IDENTITY));
    let head = format!("kind: Image\nmetadata:\n  name: {D1}\nsignatures:\n");
    let meta = format!("- metadata:\n    name: {D1}@s1\n  type: atomic\n");
    let body = format!("{meta}  content: {content}\n");
    let other = body.replace("@s1", "@s2");
    let flow = format!("metadata: {{name: \"{D1}@s1\"}}, type: atomic, content: \"{content}\"");
    for text in [
        format!("{head}{body}"),
        format!("{head}{body}").trim_end().to_owned(),
        format!("{head}{body}  note:\nextra: true\n"),
        format!("{head}{body}  note:\n"),
        format!("{head}{body}  note:"),
        format!("{head}{body}  note: # a comment\n# another\nextra: true\n"),
        format!("{head}- type: atomic\n  content: {content}\n  metadata:\n    name: {D1}@s1\n    creationTimestamp:\nextra: true\n"),
        format!("{head}{body}  conditions:\nextra: true\n"),
        format!("{head}{body}  conditions: []\n  issuedBy:\nextra: true\n"),
        format!("{head}{body}  note:\n{other}extra: true\n"),
        format!("{head}{meta}  ? other\n  : value\n  content: {content}\n"),
        format!("{head}{body}  ? last\n  : value\nextra: true\n"),
        format!("{head}{body}  ? last\nextra: true\n"),
        format!("{head}- {{{flow}}}\nextra: true\n"),
        format!("{head}- {{{flow},}}\nextra: true\n"),
        format!("{head}- {{{flow},\n  }}\nextra: true\n"),
        format!("{head}- {{\n    {flow}\n  }}\nextra: true\n"),
        format!("{head}- !!map {{{flow}}}\nextra: true\n"),
        format!("{head}- {{note, {flow}}}\nextra: true\n"),
        format!("{head}- {{{flow} # comment\n  }}\nextra: true\n"),
        format!("{head}- {{{flow}, note: 'it''s' # comment\n  }}\nextra: true\n"),
        format!("{head}- {{{flow}, note}}\n"),
        format!("{head}- {{{flow}, note: }}\n"),
        format!("{head}- {{{flow}, ? note : x}}\n"),
        format!("{{kind: Image, metadata: {{name: \"{D1}\"}}, signatures: [{{{flow}}}], extra: [true]}}\n").replace("{kind", "--- {kind"),
        format!("{head}{meta}  note: |+\n    hello\n\n\n  content: {content}\n"),
        format!("{head}{body}  note: |+\n    hello\n\n    world\n\n\n"),
        format!("{head}{body}  note: |+\n    hello\n\n\n---\napiVersion: v1\nkind: Other\n"),
        format!("{head}{body}  note: >-\n    folded\n    text\n\nextra: |\n  block\n"),
        format!("{head}{body}  note: |2\n      indented\nextra: true\n"),
        format!("{head}{body}  note: \"two\n    lines\"\nextra: true\n"),
        format!("{head}{body}  note: plain\n    over lines\nextra: true\n"),
        format!("{head}{body}  note:\n  - a\n  - b:\n    c: [d, {{e: f}}]\nextra: true\n"),
        format!("{head}-\n  type: atomic\n  metadata:\n    name: {D1}@s1\n  content: {content}\nextra: true\n"),
        format!("{head}- # first\n  type: atomic # t\n  metadata: # m\n    name: {D1}@s1\n  # between\n  content: {content} # c\n  # after\nextra: true\n"),
        format!("{head}-   type: atomic\n    metadata:\n      name: {D1}@s1\n    content: {content}\n"),
        format!("{head}  - type: atomic\n    metadata: {{name: {D1}@s1}}\n    content: >\n      {content}\n"),
        format!("{head}- \"type\": atomic\n  'metadata':\n    name: {D1}@s1\n  content: {content}\n"),
        format!("{head}- type: atomic\n  metadata:\n    name: {D1}@s1\n  content: {content}\n  \"é ☃\": \"🐳\" # ü\nextra: ☃\n"),
        format!("---\n# first\n{head}{body}...\n---\nkind: Other\nx: |+\n  text\n\n"),
        format!("# 🐳\nx: ☃\n{head}{body}"),
        format!("kind: List\nitems:\n- kind: Image\n  metadata: {{name: {D1}}}\n  signatures:\n  - content: {content}\n    metadata: {{name: {D1}@s}}\n    type: atomic\n- kind: Image\n  metadata: {{name: {D2}}}\n  signatures:\n  - content: {content}\n    note:\nmetadata: {{}}\n"),
    ] {
        check(&desk, &text, false);
        check(&desk, &text.replace('\n', "\r\n"), text.contains('|') || text.contains('>'));
    }
}

#[test]
fn what_cannot_be_changed_in_place_is_refused_and_stays() {
    let desk = Desk::new();
    let content = base64(&desk.sign(D1, IDENTITY));
    let head = format!("kind: Image\nmetadata:\n  name: {D1}\nsignatures:\n");
    let meta = format!("- metadata:\n    name: {D1}@s1\n  type: atomic\n");
    for text in [
        format!("{head}- &a\n  metadata:\n    name: {D1}@s1\n  type: atomic\n  content: {content}\n"),
        format!("x: &t atomic\n{head}- metadata:\n    name: {D1}@s1\n  type: *t\n  content: {content}\n"),
        format!("x: &t {{type: atomic}}\n{head}- <<: *t\n  metadata:\n    name: {D1}@s1\n  content: {content}\n"),
        format!("{head}{meta}  content: {content}\n  ? conditions\n  : []\n"),
        format!("{head}- ? metadata\n  : name: {D1}@s1\n  type: atomic\n  content: |\n    {content}\n"),
    ] {
        let path = desk.put("image.yaml", &text);
        let outcome = desk.record_file("image.yaml");
        assert_eq!(outcome.status, 3, "{text}{outcome:?}");
        assert_eq!(outcome.item()["recorded"], "failed");
        assert_eq!(outcome.item()["verdict"], "Verified");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn an_object_that_cannot_be_changed_does_not_hold_back_the_others_of_its_file() {
    let desk = Desk::new();
    let content = base64(&desk.sign(D1, IDENTITY));
    let good = format!("kind: Image\nmetadata:\n  name: {D1}\nsignatures:\n- metadata:\n    name: {D1}@s1\n  type: atomic\n  content: {content}\n");
    let bad = good.replace("type: atomic", "type: &t atomic").replace(D1, D2);
    let path = desk.put("image.yaml", format!("{bad}---\n{good}"));
    let outcome = desk.record_file("image.yaml").expect(3);
    let items = outcome.json()["items"].clone();
    assert_eq!([&items[0]["recorded"], &items[1]["recorded"]], ["failed", "yes"]);
    let after = fs::read_to_string(&path).unwrap();
    assert!(after.starts_with(format!("{bad}---\n{good}").trim_end()), "{after}");
    assert!(
        after.contains("status: \"True\"") && !after.contains("status: \"False\""),
        "{after}"
    );
}

#[test]
fn a_file_comes_back_in_the_encoding_and_with_the_mark_that_it_came_in() {
    let desk = Desk::new();
    let json = format!("{:#}\n", desk.signed()).replace('\n', "\r\n");
    let yaml = yaml::emit::document(&desk.signed());
    type Encode = fn(&str) -> Vec<u8>;
    type Decode = fn(&[u8]) -> Option<String>;
    fn units(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
        let units: Vec<u16> = bytes.chunks(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16(&units)
            .ok()?
            .strip_prefix('\u{feff}')
            .map(str::to_owned)
    }
    let encodings: [(Encode, Decode); 4] = [
        (
            |text| text.as_bytes().to_vec(),
            |bytes| {
                String::from_utf8(bytes.to_vec())
                    .ok()
                    .filter(|text| !text.starts_with('\u{feff}'))
            },
        ),
        (
            |text| [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            |bytes| {
                String::from_utf8(bytes.to_vec())
                    .ok()?
                    .strip_prefix('\u{feff}')
                    .map(str::to_owned)
            },
        ),
        (
            |text| {
                format!("\u{feff}{text}")
                    .encode_utf16()
                    .flat_map(u16::to_le_bytes)
                    .collect()
            },
            |bytes| units(bytes, u16::from_le_bytes),
        ),
        (
            |text| {
                format!("\u{feff}{text}")
                    .encode_utf16()
                    .flat_map(u16::to_be_bytes)
                    .collect()
            },
            |bytes| units(bytes, u16::from_be_bytes),
        ),
    ];
    for (encode, decode) in encodings {
        for text in [
            &json,
            &yaml,
            &yaml.replace('\n', "\r\n"),
            &format!("{yaml}note: ☃ 🐳\n"),
        ] {
            let path = desk.put("image", encode(text));
            desk.run(&["-f", "image", "--expected-identity", IDENTITY, "--confirm"])
                .expect(0);
            let after = decode(&fs::read(&path).unwrap()).expect("the encoding is another one");
            assert!(after.contains("Trusted"), "{after}");
            assert_eq!(without_records(&after), without_records(text));
            let bare = after.replace("\r\n", "");
            assert!(
                !text.contains("\r\n") || !bare.contains('\n'),
                "mixed line ends: {after:?}"
            );
            // Removed again, it is the same file, byte for byte.
            desk.sandbox.run(["remove", "-f", "image", "--confirm"]).expect(0);
            assert_eq!(decode(&fs::read(&path).unwrap()).as_ref(), Some(text));
        }
    }
}

#[test]
fn all_copies_of_an_object_are_written_or_none() {
    let desk = Desk::new();
    let mut object = desk.signed();
    record_trusted(&mut object["signatures"][0], "registry.local:5000/other:v1", &desk.key);
    let json = desk.put("one.json", object.to_string());
    let yaml = desk.put("two.yaml", yaml::emit::document(&object));
    let args = [
        "-f",
        "one.json",
        "-f",
        "two.yaml",
        "--expected-identity",
        IDENTITY,
        "--confirm",
        "-o",
        "json",
    ];
    let outcome = desk.run(&args).expect_verdict(0, "Verified/Verified");
    assert_eq!(outcome.item()["recorded"], "yes");
    let read = |path: &std::path::Path| documents(&fs::read_to_string(path).unwrap())[0].clone();
    assert_eq!(read(&json), read(&yaml));
    assert_eq!(read(&json)["signatures"][0]["imageIdentity"], IDENTITY);
    // A copy that cannot be changed: neither is.
    for second in [
        yaml::emit::document(&object).replace("kind: Image", "kind: &k Image"),
        yaml::emit::document(&object),
    ] {
        let json = desk.put("one.json", object.to_string());
        let yaml = desk.put("two.yaml", &second);
        let is_linked = !second.contains("&k");
        if is_linked {
            fs::hard_link(&yaml, desk.sandbox.path("three.yaml")).unwrap();
        }
        let outcome = desk.run(&args).expect(3);
        assert_eq!(outcome.item()["recorded"], "failed", "{outcome:?}");
        assert_eq!(fs::read_to_string(&json).unwrap(), object.to_string());
        assert_eq!(fs::read_to_string(&yaml).unwrap(), second);
    }
}
