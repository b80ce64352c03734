// SPDX-License-Identifier: Apache-2.0
//! Sigstore signatures at the `.sig` tag, as containers/image was recorded to read them.

use std::collections::BTreeMap;

use base64::Engine as _;
use image_signature::clock::Clock;
use image_signature::digest::Digest;
use image_signature::openpgp::framing::lost::no_message;
use image_signature::reason::Reason;
use image_signature::reference::Reference;
use image_signature::registry::configuration::Configuration;
use image_signature::registry::registries_conf::RegistriesConf;
use image_signature::registry::registries_d::RegistriesD;
use image_signature::source::registry::Registries;
use image_signature::subject::{Content, SourceKind};
use serde_json::{json, Value};

use crate::registry::town::{answers, Town};
use crate::support::hub::{Answer, Hub};
use crate::support::images::base64;
use crate::support::vectors::{same, text, Table};

/// A registry that answers as a case says.
fn hub(case: &Value) -> Hub {
    let hub = Hub::plain();
    for (path, route) in case["routes"].as_object().unwrap() {
        let body = base64::engine::general_purpose::STANDARD
            .decode(route["body_base64"].as_str().unwrap_or_default())
            .unwrap();
        let mut body = match String::from_utf8(body) {
            Ok(text) => text.replace("HOST", &hub.host()).into_bytes(),
            Err(error) => error.into_bytes(),
        };
        if let Some(length) = route["pad_to"].as_u64() {
            body.resize(usize::try_from(length).unwrap().max(body.len()), b' ');
        }
        let status = u16::try_from(route["status"].as_u64().unwrap()).unwrap();
        let mut answer = Answer::status(status).body(crate::support::hub::Body::Bytes(body));
        if let Some(kind) = route["content_type"].as_str().filter(|kind| !kind.is_empty()) {
            answer = answer.header("Content-Type", kind);
        }
        hub.answer(path, answer);
    }
    hub
}

/// A payload with its annotations.
type Attached = (Vec<u8>, BTreeMap<String, String>);

/// What is read, or that the place is in trouble.
fn read(case: &Value) -> Result<Vec<Attached>, String> {
    let hub = hub(case);
    let at_home = |member: &str| text(case, member).replace("HOST", &hub.host());
    let conf = format!("[[registry]]\nlocation = \"{}\"\ninsecure = true\n", hub.host());
    let stores = [("test.yaml".into(), at_home("registries_d"))];
    let configuration = Configuration {
        mirrors: RegistriesConf::parse(&[("registries.conf".into(), conf)]).unwrap(),
        stores: RegistriesD::parse(&stores).map_err(|error| error.to_string())?,
        default_store: "file:///nonexistent".to_owned(),
        ..Configuration::default()
    };
    let mut registries = Registries::new(&configuration, Clock::starting_at(1_800_000_000), no_message);
    let reference = Reference::parse(&at_home("image")).unwrap();
    let taken = registries.resolve(&reference).map_err(|refusal| refusal.to_string())?;
    let digest = case["instance"]
        .as_str()
        .map(|instance| Digest::parse(instance).unwrap());
    let gathered = registries.signatures(&taken, &digest.unwrap_or_else(|| taken.digest.clone()));
    if let Some(source) = gathered
        .sources
        .iter()
        .find(|source| source.kind == SourceKind::Attachment)
    {
        if let Some(trouble) = source.answer.trouble() {
            return Err(trouble.message);
        }
    }
    let mut found = Vec::new();
    for blob in gathered.signatures {
        match blob.content {
            Content::Sigstore(Ok(attachment)) => found.push((attachment.payload, attachment.annotations)),
            // A layer of a type that is not known is named, and is no signature that the reference reads.
            Content::Sigstore(Err(refusal)) if refusal.reason == Reason::UnsupportedSignature => {}
            Content::Sigstore(Err(refusal)) => return Err(refusal.to_string()),
            Content::Gpg(_) | Content::Other(_) => {}
        }
    }
    Ok(found)
}

/// What the reference reads of signature layers; attachments of other types are not fetched here.
fn recorded(case: &Value) -> Vec<(Vec<u8>, BTreeMap<String, String>)> {
    let mut found = Vec::new();
    for signature in case["signatures"].as_array().into_iter().flatten() {
        if signature["mime_type"] != "application/vnd.dev.cosign.simplesigning.v1+json" {
            continue;
        }
        let payload = base64::engine::general_purpose::STANDARD
            .decode(signature["payload_base64"].as_str().unwrap())
            .unwrap();
        let annotations = signature["annotations"].as_object().into_iter().flatten();
        let annotations = annotations.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
        found.push((payload, annotations.collect()));
    }
    found
}

#[test]
fn attachments_as_they_are_recorded() {
    const STATUS: &str = "401 and 403 say nothing about what is there (docs/contract.md 8)";
    const NO_MANIFEST: &str = "what is no manifest is trouble of the place";
    const EXACT: &str = "member names are exact, and none stands there twice";
    const LAYER: &str = "a layer that is not what it says spoils itself";
    let exempt = [
        ("absent/403-manifest-unknown", STATUS),
        ("manifest/null", NO_MANIFEST),
        ("manifest/empty-object", NO_MANIFEST),
        ("manifest/duplicate-layers", EXACT),
        ("manifest/layers-capital", EXACT),
        ("manifest/annotation-twice", EXACT),
        ("manifest/annotation-twice-last-wrong", EXACT),
        ("manifest/annotation-null", LAYER),
        ("layer/size-too-small", LAYER),
        ("layer/size-too-large", LAYER),
        ("layer/size-absent", LAYER),
        ("layer/payload-4-MiB", "a signature has at most 1 MiB"),
        ("layer/300-layers", "128 signatures of an image are judged"),
        ("absent/404-name-unknown", "404 is absent, whatever the body says"),
        (
            "layer/urls-same-host",
            "nothing is fetched from other places than the repository",
        ),
    ];
    Table::load("sigstore-attachment.json", &exempt).run(|case| {
        let is_whole = !case["signatures"].is_null();
        let found = read(case);
        Some(match (case["read_ok"].as_bool().unwrap(), found) {
            (true, Ok(found)) if is_whole => same("signatures", recorded(case), found),
            (true, Ok(found)) => same("count", case["signature_count"].as_u64(), Some(found.len() as u64)),
            (false, Err(_)) => Ok(()),
            (ok, found) => Err(format!("read_ok {ok}, found {:?}", found.map(|found| found.len()))),
        })
    });
}

/// Puts a manifest with one signature under a tag, whose layer is said to have a size.
fn attach_layer(hub: &Hub, tag: &str, (layer, size): (&str, usize), signature: &str) {
    let manifest = json!({
        "schemaVersion": 2,
        "layers": [{
            "mediaType": "application/vnd.dev.cosign.simplesigning.v1+json", "size": size, "digest": layer,
            "annotations": {"dev.cosignproject.cosign/signature": signature},
        }],
    });
    let manifest = manifest.to_string();
    let kind = "application/vnd.oci.image.manifest.v1+json";
    hub.store(|store| drop(store.repository("ns/app").push(tag, kind, manifest.as_bytes())));
}

/// By default nobody asks for them; where the configuration says so they are found, and another place still counts.
#[test]
fn attachments_are_asked_for_where_the_configuration_says_so() {
    let (town, hub) = (Town::new(), Hub::plain());
    town.insecure(&[&hub.host()]);
    let store = town.store_on_disk();
    let digest = hub.store(|store| store.repository("ns/app").image("v1", "attached"));
    let reference = format!("{}/ns/app:v1", hub.host());
    let image = format!("docker://{reference}");
    let payload = b"{}";
    let layer = hub.store(|store| store.repository("ns/app").blob(payload));
    let tag = format!("{}.sig", digest.replace(':', "-"));
    attach_layer(&hub, &tag, (&layer, payload.len()), "AAAA");
    let item = town
        .verify_json(&[&image])
        .expect_verdict(1, "Unsigned/NoSignature")
        .item();
    assert_eq!(answers(&item), ["lookaside absent 0", "referrers absent 0"]);
    let left_out = item["sources"]
        .as_array()
        .unwrap()
        .iter()
        .find(|s| s["kind"] == "attachment")
        .unwrap();
    assert_eq!(
        (&left_out["answer"], &left_out["signatures"]),
        (&json!("notAsked"), &json!(0))
    );
    let why = format!(
        "use-sigstore-attachments is not set for {}/ns/app in registries.d",
        hub.host()
    );
    assert_eq!(left_out["note"], why);
    for more in [&[][..], &["--explain"]] {
        let words = town.verify(&[&[image.as_str()], more].concat()).expect(1).words();
        assert!(words.contains("attachment") && words.contains("not asked"), "{words}");
        assert!(words.contains(&why), "{words}");
    }
    assert!(!hub.lines().iter().any(|line| line.contains(".sig")));
    let on = format!(
        "default-docker:\n  use-sigstore-attachments: true\n  lookaside: file://{}\n",
        store.display()
    );
    town.stores(&on);
    let outcome = town
        .verify_json(&[&image])
        .expect_verdict(1, "Unsupported/UnsupportedSignature");
    let item = outcome.item();
    assert_eq!(answers(&item), ["lookaside absent 0", "attachment found 1"]);
    assert_eq!(item["signatures"][0]["kind"], "sigstore");
    assert!(
        item["message"].as_str().unwrap().contains("present, not checked"),
        "{item}"
    );
    town.keep("ns/app", &digest, 1, &town.sign(&digest, &reference));
    let item = town
        .verify_json(&[&image])
        .expect_verdict(0, "Verified/Verified")
        .item();
    assert_eq!(answers(&item), ["lookaside found 1", "attachment found 1"]);
    // A repository that does not say whether there is something at the tag spoils nothing that is verified.
    hub.answer(&format!("/v2/ns/app/manifests/{tag}"), Answer::status(403));
    let item = town
        .verify_json(&[&image])
        .expect_verdict(0, "Verified/Verified")
        .item();
    assert_eq!(answers(&item)[1], "attachment forbidden 0");
}

/// A payload beyond the limit is not fetched, and one that is said to be smaller than it is not to its end.
#[test]
fn payloads_that_are_too_large() {
    let (town, hub) = (Town::new(), Hub::plain());
    town.insecure(&[&hub.host()]);
    town.store_on_disk();
    let digest = hub.store(|store| store.repository("ns/app").image("v1", "large"));
    let image = format!("docker://{}/ns/app:v1", hub.host());
    let key = crate::support::cosign::Cosign::new();
    let file = town.sandbox.file("cosign.pub", key.pem());
    let payload = vec![b' '; (64 << 10) + 1];
    let layer = hub.store(|store| store.repository("ns/app").blob(&payload));
    let tag = format!("{}.sig", digest.replace(':', "-"));
    for (size, is_asked_for) in [(payload.len(), false), (100, true)] {
        attach_layer(&hub, &tag, (&layer, size), &base64(&key.sign(&payload)));
        hub.take_seen();
        let item = town
            .verify_json(&["--sigstore-key", file.to_str().unwrap(), &image])
            .expect_verdict(1, "Rejected/LimitExceeded")
            .item();
        let message = item["signatures"][0]["message"].as_str().unwrap();
        assert!(message.contains("more than 65536"), "{message}");
        let is_seen = hub.lines().iter().any(|line| line.contains("/blobs/"));
        assert_eq!(is_seen, is_asked_for, "{:?}", hub.lines());
    }
}

/// Somebody has hung it there: an image with a signature of a type that is not known is not unsigned.
#[test]
fn what_else_hangs_at_the_tag_of_signatures_is_said() {
    let (town, hub) = (Town::new(), Hub::plain());
    town.insecure(&[&hub.host()]);
    let store = town.store_on_disk();
    town.stores(&format!(
        "default-docker:\n  use-sigstore-attachments: true\n  lookaside: file://{}\n",
        store.display()
    ));
    let digest = hub.store(|store| store.repository("ns/app").image("v1", "hanging"));
    let reference = format!("{}/ns/app:v1", hub.host());
    let image = format!("docker://{reference}");
    let key = crate::support::cosign::Cosign::new();
    let file = town.sandbox.file("cosign.pub", key.pem());
    let payload = crate::support::cosign::payload(&digest, &reference);
    let layer = hub.store(|store| store.repository("ns/app").blob(&payload));
    let tag = format!("{}.sig", digest.replace(':', "-"));
    let of_type = |kind: &str| {
        json!({"mediaType": kind, "size": payload.len(), "digest": layer,
            "annotations": {"dev.cosignproject.cosign/signature": base64(&key.sign(&payload))}})
    };
    let judged = |manifest: Value| {
        let kind = "application/vnd.oci.image.manifest.v1+json";
        let manifest = manifest.to_string();
        hub.store(|store| drop(store.repository("ns/app").push(&tag, kind, manifest.as_bytes())));
        town.verify_json(&["--sigstore-key", file.to_str().unwrap(), &image])
    };
    let with = |layers: &[&Value]| json!({"schemaVersion": 2, "config": {}, "layers": layers});
    let good = of_type("application/vnd.dev.cosign.simplesigning.v1+json");
    for kind in [
        "application/vnd.dev.cosign.simplesigning.v2+json",
        "application/vnd.dev.cosign.simpleSigning.v1+json",
    ] {
        let other = of_type(kind);
        let item = judged(with(&[&other]))
            .expect_verdict(1, "Unsupported/UnsupportedSignature")
            .item();
        assert!(item["message"].as_str().unwrap().contains(kind), "{item}");
        assert_eq!(item["signatures"][0]["kind"], "sigstore");
        judged(with(&[&other, &good])).expect_verdict(0, "Verified/Verified");
    }
    // What is no signature is named.
    let statement = of_type("application/vnd.dsse.envelope.v1+json");
    let item = judged(with(&[&statement]))
        .expect_verdict(1, "Unsigned/NoSignature")
        .item();
    assert_eq!(answers(&item)[1], "attachment absent 0");
    let note = "a layer of another type hangs there, \"application/vnd.dsse.envelope.v1+json\"";
    assert_eq!(item["sources"][1]["note"], note, "{item}");
    let item = judged(with(&[&statement, &good, &json!({})]))
        .expect_verdict(0, "Verified/Verified")
        .item();
    let note = "2 layers of other types hang there, the first \"application/vnd.dsse.envelope.v1+json\"";
    assert_eq!(item["sources"][1]["note"], note, "{item}");
    // An error under 200 is no manifest; one without signatures is.
    for error in [json!({"schemaVersion": 2, "errors": []}), json!({"schemaVersion": 2})] {
        let item = judged(error).expect_verdict(3, "Unchecked/SourceUnavailable").item();
        assert_eq!(answers(&item)[1], "attachment unusable 0");
        town.keep("ns/app", &digest, 1, &town.sign(&digest, &reference));
        town.verify(&[&image]).expect(0);
        std::fs::remove_dir_all(store.join(format!("ns/app@{}", digest.replace(':', "=")))).unwrap();
    }
    for none in [json!({"schemaVersion": 2, "config": {}}), with(&[])] {
        judged(none).expect_verdict(1, "Unsigned/NoSignature");
    }
    judged(json!({"schemaVersion": 2, "layers": []})).expect_verdict(1, "Unsigned/NoSignature");
}
