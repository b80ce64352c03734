// SPDX-License-Identifier: Apache-2.0
//! Lists of mirror sets that are not what they should be: they may forbid the source, so that nobody is asked.

use serde_json::{json, Value};

use crate::attach::Town;
use crate::support::api::Fault;

const PATH: &str = "/apis/config.openshift.io/v1/imagedigestmirrorsets";

/// The image is verified by a signature at the source, unless the list forbids to ask it.
fn town() -> Town {
    let town = Town::founded();
    town.offer("a", &town.sign());
    town
}

fn auto(town: &Town) -> crate::support::program::Outcome {
    town.verify(&["--registry-url", "auto", "-o", "json"])
}

#[test]
fn a_list_that_is_not_whole_or_that_has_other_things_in_it_lets_nobody_be_asked() {
    let town = town();
    let entry = json!({"source": "r.example", "mirrors": ["m.example"]});
    let good = json!({
        "kind": "ImageDigestMirrorSetList", "apiVersion": "config.openshift.io/v1", "metadata": {"resourceVersion": "1"},
        "items": [{"metadata": {"name": "a", "uid": "1"}, "spec": {"imageDigestMirrors": [entry]}}],
    });
    town.scene.server.document(PATH, good.clone());
    auto(&town).expect_verdict(0, "Verified/Verified");
    let asked = town.hub.connections();
    let forbidding =
        json!({"source": "r.example", "mirrors": ["m.example"], "mirrorSourcePolicyy": "NeverContactSource"});
    for (place, value) in [
        ("/kind", json!("ConfigMapList")),
        ("/apiVersion", json!("config.openshift.io/v2")),
        ("/metadata", Value::Null),
        ("/metadata", json!({"continue": 5})),
        ("/metadata", json!({"continue": true})),
        ("/metadata", json!({"continue": "more"})),
        ("/metadata", json!({"remainingItemCount": 1})),
        ("/metadata", json!({"remainingItemCount": "3"})),
        ("/metadata", json!({"remainingItemCount": -3})),
        ("/metadata", json!({"remainingItemCount": 3.5})),
        ("/items", json!("text")),
        ("/items/0/spec", Value::Null),
        ("/items/0/spec", json!("text")),
        ("/items/0/spec", json!({"imageDigestMirrorss": []})),
        ("/items/0/spec/imageDigestMirrors", json!(1)),
        ("/items/0/spec/imageDigestMirrors/0", forbidding),
        ("/items/0/spec/imageDigestMirrors/0", json!("text")),
    ] {
        let mut list = good.clone();
        *list.pointer_mut(place).unwrap() = value;
        town.scene.server.document(PATH, list.clone());
        let outcome = auto(&town).expect_verdict(3, "Unchecked/SourceUnavailable");
        let said = outcome.item().to_string();
        assert!(said.contains("ImageDigestMirrorSet"), "{list}: {said}");
        assert_eq!(town.hub.connections(), asked, "{list}");
    }
    // A list that goes on is read to its end.
    let mut first = good.clone();
    first["metadata"]["continue"] = "more".into();
    let fault = Fault::body("application/json", first.to_string());
    town.scene.server.document(PATH, good.clone());
    town.scene.server.fault(fault.on("GET", PATH).once());
    auto(&town).expect_verdict(3, "Unchecked/SourceUnavailable");
    let mut rest = good;
    rest["items"][0]["metadata"] = json!({"name": "b", "uid": "2"});
    town.scene.server.document(PATH, rest);
    let fault = Fault::body("application/json", first.to_string());
    town.scene.server.fault(fault.on("GET", PATH).once());
    auto(&town).expect_verdict(0, "Verified/Verified");
}

/// A kind that the server does not have has no objects. What a proxy says of a path is not a word of the server.
#[test]
fn a_page_of_a_proxy_that_is_not_there_does_not_stand_for_a_kind_that_is_not() {
    let town = town();

    let page = "<html>404 Not Found</html>";
    for fault in [Fault::status(404).text("text/html", page), Fault::status(500)] {
        let fault = fault.on("GET", PATH);
        town.scene.server.fault(fault);
        auto(&town).expect_verdict(3, "Unchecked/SourceUnavailable");
        assert_eq!(town.hub.connections(), 0);
        town.scene.server.heal();
    }
    town.scene.server.fault(Fault::status(404).on("GET", PATH));
    auto(&town).expect_verdict(0, "Verified/Verified");
    town.scene.server.heal();
    auto(&town).expect_verdict(0, "Verified/Verified");
}
