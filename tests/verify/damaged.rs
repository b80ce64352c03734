// SPDX-License-Identifier: Apache-2.0
//! `-f`: files, objects and signatures that are damaged hide no others.

use serde_json::json;

use super::files::{OK, UNREADABLE};
use crate::support::images::{list, D1, D2};
use crate::verify::{words, Desk};

#[test]
fn files_that_cannot_be_read_do_not_hide_the_others() {
    let desk = Desk::new();
    desk.put("good.json", desk.signed().to_string());
    desk.put(
        "bad-utf8.json",
        b"{\"kind\":\"Image\",\"metadata\":{\"name\":\"\xff\"}}",
    );
    for (name, content) in [
        ("cut.json", "{\"kind\":\"Image\",\"meta"),
        ("trailing.json", "{\"kind\":\"Image\",\"metadata\":{\"name\":\"x\"}} {}"),
        ("array.json", "[]"),
        ("nul.json", "{\"kind\":\"Image\"\0}"),
        ("kind.json", "{\"a\":1}"),
        ("two-kinds.json", "{\"kind\":\"Image\",\"kind\":\"List\"}"),
        ("items.json", "{\"kind\":\"List\",\"items\":{}}"),
        ("bad.yaml", "a: [b\n"),
        ("tab.yaml", "kind: Image\n\tmetadata: {}\n"),
    ] {
        desk.put(name, content);
        let outcome = desk.files(&[name, "good.json"]).expect(3);
        assert_eq!(words(&outcome), [UNREADABLE, OK], "{name}: {outcome:?}");
        let message = outcome.item()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(name), "{message}");
    }
    let missing = desk.files(&["absent.json", "good.json"]).expect(3);
    assert_eq!(words(&missing), [UNREADABLE, OK]);
    desk.file("bad-utf8.json").expect(3);
}

#[test]
fn a_damaged_object_does_not_hide_the_others_of_its_list() {
    let desk = Desk::new();
    let good = desk.signed();
    for (bad, verdict) in [
        (
            json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p"}}),
            UNREADABLE,
        ),
        (json!({"kind": "Image", "metadata": {"name": 7}}), UNREADABLE),
        (
            json!({"kind": "Image", "metadata": {"name": D2}, "signatures": {}}),
            UNREADABLE,
        ),
        (
            json!({"kind": "Image", "metadata": {"name": "latest"}, "signatures": []}),
            "Rejected/MalformedImage",
        ),
        (
            json!({"kind": "Image", "metadata": {"name": D2.to_uppercase()}, "signatures": []}),
            "Rejected/MalformedImage",
        ),
        (json!(7), UNREADABLE),
    ] {
        desk.put("list.json", list(&[bad.clone(), good.clone()]).to_string());
        let outcome = desk.file("list.json");
        assert_eq!(words(&outcome), [verdict, OK], "{bad}");
        assert_eq!(outcome.status, if verdict == UNREADABLE { 3 } else { 1 });
    }
    let twice = format!(
        "{{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[{{\"kind\":\"Image\",\"metadata\":{{\"name\":\"{D2}\"}},\"x\":1,\"x\":2}},{good}]}}"
    );
    desk.put("list.json", twice);
    let outcome = desk.file("list.json").expect(3);
    assert_eq!(words(&outcome), [UNREADABLE, OK]);
}

#[test]
fn damaged_signatures_of_an_object_do_not_hide_a_good_one() {
    let desk = Desk::new();
    let mut object = desk.signed();
    let good = object["signatures"][0].clone();
    let named = |name: &str, content: &str| json!({"metadata": {"name": name}, "type": "atomic", "content": content});
    let damaged = [
        json!({}),
        named("", "eA=="),
        named(&format!("{D1}@x"), ""),
        named(&format!("{D1}@x"), "%%%"),
        named(&format!("{D1}@x"), "eA"),
        json!({"metadata": {"name": format!("{D1}@x")}, "type": "", "content": "eA=="}),
    ];
    for entry in &damaged {
        object["signatures"] = json!([entry]);
        desk.put("image.json", object.to_string());
        let outcome = desk.file("image.json").expect_verdict(1, "Rejected/MalformedImage");
        assert_eq!(outcome.item()["signatures"][0]["reason"], "MalformedImage");
    }
    let mut all = damaged.to_vec();
    all.push(good);
    object["signatures"] = all.into();
    desk.put("image.json", object.to_string());
    desk.file("image.json").expect_verdict(0, OK);
}
