// SPDX-License-Identifier: Apache-2.0
//! `policy why --mirrors`: of what is printed for a mirror no more is said than is so once it stands in the policy.

use serde_json::{json, Value};

use super::mirrors::{desk, signed_by, stanza};
use crate::support::cosign::Cosign;
use crate::support::desk::Desk;
use crate::support::images::{image, D1};

const ASKED: &str = "quay.io/ns/app:v1";
const MIRROR: &str = "m.example/ns/app:v1";

fn put(desk: &Desk, scopes: &Value) {
    let policy = json!({"default": [{"type": "reject"}], "transports": {"docker": scopes}});
    desk.put("policy.json", policy.to_string());
}

/// The scopes of a stanza.
fn scopes_of(stanza: &Value) -> Value {
    serde_json::from_str(&format!("{{{}}}", stanza["stanza"].as_str().unwrap())).unwrap()
}

/// The verdict of `verify` on an image that is asked for by the mirror's name, and signed as these.
fn verdict(desk: &Desk, signed: &[&str]) -> String {
    let blobs: Vec<Vec<u8>> = signed.iter().map(|name| desk.sign(D1, name)).collect();
    let blobs: Vec<&[u8]> = blobs.iter().map(Vec::as_slice).collect();
    desk.put("image.json", image(D1, &blobs).to_string());
    let args = ["verify", "-f", "image.json", "--policy", "policy.json", "-o", "json"];
    let outcome = desk.sandbox.run([&args[..], &["--expected-identity", MIRROR]].concat());
    outcome.item()["verdict"].as_str().unwrap().to_owned()
}

fn text(desk: &Desk) -> String {
    let conf = ["--registries-conf", "registries.conf", "--registries.d", "registries.d"];
    let args = ["policy", "why", ASKED, "policy.json", "--mirrors"];
    desk.sandbox.run([&args[..], &conf].concat()).expect(0).words()
}

#[test]
fn each_requirement_wants_its_own_name() {
    let desk = desk();
    let exact = |name: &str| signed_by(&json!({"type": "exactRepository", "dockerRepository": name}));
    put(
        &desk,
        &json!({"quay.io": [signed_by(&Value::Null), exact("up.example/a")]}),
    );
    let found = stanza(&desk, "policy.json", ASKED);
    assert_eq!(found["accepted"], true, "{found}");
    let note = "no one name is accepted by each requirement: the image needs a signature for each of quay.io/ns/app:v1, up.example/a";
    assert_eq!(found["notes"], json!([note]));
    let words = text(&desk);
    let said = format!("{MIRROR} signed as quay.io/ns/app:v1 and as up.example/a is accepted.");
    assert!(words.contains(&said), "{words}");
    put(&desk, &scopes_of(&found));
    assert_eq!(verdict(&desk, &["up.example/a:v1"]), "Rejected");
    assert_eq!(verdict(&desk, &["quay.io/ns/app:v1"]), "Rejected");
    assert_eq!(verdict(&desk, &["quay.io/ns/app:v1", "up.example/a:v1"]), "Verified");

    // One name may be what each of them takes, in either order.
    for requirements in [
        json!([signed_by(&Value::Null), exact("quay.io/ns/app")]),
        json!([exact("quay.io/ns/app"), signed_by(&Value::Null)]),
    ] {
        put(&desk, &json!({"quay.io": requirements}));
        let found = stanza(&desk, "policy.json", ASKED);
        assert_eq!(
            (&found["accepted"], &found["signedAs"]),
            (&true.into(), &ASKED.into()),
            "{found}"
        );
        assert_eq!(found["notes"], json!([]), "{found}");
        put(&desk, &scopes_of(&found));
        assert_eq!(verdict(&desk, &[ASKED]), "Verified");
    }
}

/// What no image gets by the source's name it does not get by the mirror's either.
#[test]
fn what_is_refused_by_any_name_is_not_accepted() {
    let desk = desk();
    for (other, best) in [
        (json!({"type": "reject"}), "Rejected"),
        (
            json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": "absent.gpg"}),
            "Rejected",
        ),
        (
            json!({"type": "sigstoreSigned", "pki": {"caRootsData": "YWJj", "subjectEmail": "a@example.com"}}),
            "Unsupported",
        ),
    ] {
        put(&desk, &json!({"quay.io": [signed_by(&Value::Null), other]}));
        let found = stanza(&desk, "policy.json", ASKED);
        assert_eq!(found["accepted"], false, "{found}");
        let note = format!("an image here is {best} at best, by this name too");
        assert_eq!(found["notes"], json!([note]), "{found}");
    }
}

#[test]
fn scopes_that_decide_by_the_mirrors_name_already() {
    let desk = desk();
    for (own, verdict_there) in [
        (json!([{"type": "reject"}]), "Rejected"),
        (json!([{"type": "insecureAcceptAnything"}]), "Allowed"),
    ] {
        put(&desk, &json!({"quay.io": [signed_by(&Value::Null)], MIRROR: own}));
        let found = stanza(&desk, "policy.json", ASKED);
        assert_eq!(found["accepted"], false, "{found}");
        let note = format!("scope {MIRROR} of the policy (policy.json, line 1) still decides for {MIRROR}");
        assert_eq!(found["notes"], json!([note]), "{found}");
        assert!(text(&desk).contains(&format!("{MIRROR} signed as {ASKED} is not accepted.")));
        let mut both = scopes_of(&found);
        both[MIRROR] = own;
        put(&desk, &both);
        assert_eq!(verdict(&desk, &[ASKED]), verdict_there);
    }
    // One that is for other names is named, and does not change what is said of this one.
    let other = json!([{"type": "reject"}]);
    put(
        &desk,
        &json!({"quay.io": [signed_by(&Value::Null)], "m.example/other": other, "m.example2": other}),
    );
    let found = stanza(&desk, "policy.json", ASKED);
    assert_eq!(found["accepted"], true, "{found}");
    let note = "the policy has narrower scopes inside m.example, which decide for what they are for: m.example/other";
    assert_eq!(found["notes"], json!([note]));
    // A wider one gives way.
    put(
        &desk,
        &json!({"quay.io/ns": [signed_by(&Value::Null)], "m.example": other}),
    );
    let found = stanza(&desk, "policy.json", ASKED);
    assert_eq!(found["accepted"], true, "{found}");
    let mut both = scopes_of(&found);
    both["m.example"] = other;
    put(&desk, &both);
    assert_eq!(verdict(&desk, &[ASKED]), "Verified");
}

#[test]
fn a_scope_of_the_same_name_is_not_to_be_there_twice() {
    let desk = desk();
    let own = json!([signed_by(&Value::Null)]);
    put(&desk, &json!({"quay.io": own, "m.example": [{"type": "reject"}]}));
    let found = stanza(&desk, "policy.json", ASKED);
    assert_eq!(found["accepted"], true, "{found}");
    let note = "to be put in place of scope m.example, which is there already (policy.json, line 1): a policy with two of one name is refused";
    assert_eq!(found["notes"], json!([note]));
    let mut both = scopes_of(&found);
    both["quay.io"] = own;
    put(&desk, &both);
    assert_eq!(verdict(&desk, &[ASKED]), "Verified");
    // Put there, it is not missing.
    let again = stanza(&desk, "policy.json", ASKED);
    assert_eq!(again["accepted"], true, "{again}");
    assert_eq!(
        again["notes"],
        json!(["the policy has this already: policy.json, line 1"])
    );
}

fn object(name: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": "config.openshift.io/v1", "kind": "ClusterImagePolicy", "metadata": {"name": name}, "spec": spec,
    })
}

#[test]
fn objects_under_the_mirrors_name_are_required_too() {
    let desk = desk();
    let (key, other) = (Cosign::new(), Cosign::new());
    let with = |objects: &[Value]| {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        desk.put("objects.json", list.to_string());
        stanza(&desk, "objects.json", ASKED)
    };
    let source = object("own", &key.policy_spec(&["quay.io"]));
    assert_eq!(with(std::slice::from_ref(&source))["accepted"], true);
    // A narrower one decides.
    let narrower = object("other", &other.policy_spec(&["m.example/ns"]));
    let found = with(&[source.clone(), narrower]);
    assert_eq!(found["accepted"], false, "{found}");
    let note = found["notes"][0].as_str().unwrap();
    assert!(
        note.starts_with("scope m.example/ns of the policy (objects.json, line 1) still decides"),
        "{found}"
    );
    // Another one of the same scope is required beside it.
    let same = object("other", &other.policy_spec(&["m.example"]));
    let found = with(&[source.clone(), same]);
    assert_eq!(found["accepted"], false, "{found}");
    let note = "scope m.example is there already (objects.json, line 1): what it requires is required beside this";
    assert_eq!(found["notes"], json!([note]));
    // The very object is there.
    let mut spec = key.policy_spec(&["m.example"]);
    spec["policy"]["signedIdentity"] =
        json!({"matchPolicy": "RemapIdentity", "remapIdentity": {"prefix": "m.example", "signedPrefix": "quay.io"}});
    let found = with(&[source, object("mirror", &spec)]);
    assert_eq!(found["accepted"], true, "{found}");
    assert_eq!(
        found["notes"],
        json!(["the policy has this already: objects.json, line 1"])
    );
}

/// The usual identity of what cosign signs, which has no tag.
#[test]
fn what_stands_for_match_repository_is_said_in_the_words_of_its_format() {
    let desk = desk();
    let key = Cosign::new();
    let mut spec = key.policy_spec(&["quay.io"]);
    spec["policy"]["signedIdentity"] = json!({"matchPolicy": "MatchRepository"});
    desk.put("object.json", object("own", &spec).to_string());
    let note = |file: &str| stanza(&desk, file, ASKED)["notes"][0].as_str().unwrap().to_owned();
    let of_object = r#"in place of MatchRepository: RemapIdentity accepts only the requested tag, or any tag or digest if the image is asked for by digest, and never a name without a tag as cosign signs it; for this one repository, in scope m.example/ns/app and no wider one, {"matchPolicy":"ExactRepository","exactRepository":{"repository":"quay.io/ns/app"}} accepts any tag or none"#;
    assert_eq!(note("object.json"), of_object);
    put(
        &desk,
        &json!({"quay.io": [signed_by(&json!({"type": "matchRepository"}))]}),
    );
    let of_file = r#"in place of matchRepository: remapIdentity accepts only the requested tag, or any tag or digest if the image is asked for by digest, and never a name without a tag as cosign signs it; for this one repository, in scope m.example/ns/app and no wider one, {"type":"exactRepository","dockerRepository":"quay.io/ns/app"} accepts any tag or none"#;
    assert_eq!(note("policy.json"), of_file);
}

/// Both kinds in one scope, and a policy with an object: each has its part of what is printed.
#[test]
fn requirements_of_both_kinds_and_of_a_file_and_an_object() {
    let desk = desk();
    let key = Cosign::new();
    desk.put("cosign.pub", key.pem());
    let sigstore = json!({"type": "sigstoreSigned", "keyPath": "cosign.pub"});
    put(&desk, &json!({"quay.io": [signed_by(&Value::Null), sigstore]}));
    let found = stanza(&desk, "policy.json", ASKED);
    assert_eq!(
        (&found["accepted"], &found["signedAs"]),
        (&true.into(), &ASKED.into()),
        "{found}"
    );
    let new = scopes_of(&found);
    let remap = json!({"type": "remapIdentity", "prefix": "m.example", "signedPrefix": "quay.io"});
    assert_eq!(new["m.example"][0]["signedIdentity"], remap, "{found}");
    assert_eq!(new["m.example"][1]["signedIdentity"], remap, "{found}");
    put(&desk, &new);
    let manifest = r#"{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","n":2}"#;
    let digest = image_signature::digest::Digest::of_manifest(manifest.as_bytes()).unwrap();
    desk.put("layout/manifest.json", manifest);
    desk.put("layout/signature-1", desk.sign(digest.as_str(), ASKED));
    desk.put("layout/signature-2", key.file(digest.as_str(), ASKED));
    let args = [
        "verify",
        "dir:layout",
        "--policy",
        "policy.json",
        "--expected-identity",
        MIRROR,
    ];
    let args = [&args[..], &["-o", "json"]].concat();
    desk.sandbox.run(args).expect_verdict(0, "Verified/Verified");

    let object = object("own", &key.policy_spec(&["quay.io"]));
    desk.put("object.json", object.to_string());
    put(&desk, &json!({"quay.io": [signed_by(&Value::Null)]}));
    let conf = ["--registries-conf", "registries.conf", "--registries.d", "registries.d"];
    let args = [
        "policy",
        "why",
        ASKED,
        "policy.json",
        "object.json",
        "--mirrors",
        "-o",
        "json",
    ];
    let found = desk.sandbox.run([&args[..], &conf].concat()).expect(0).item()["mirrors"][0].clone();
    assert_eq!(
        (&found["accepted"], &found["signedAs"]),
        (&true.into(), &ASKED.into()),
        "{found}"
    );
    let text = found["stanza"].as_str().unwrap();
    let (of_file, of_object) = text
        .split_once(
            "\n# an object of its own: add apiVersion, kind, metadata, and the rootOfTrust of ClusterImagePolicy/own\n",
        )
        .unwrap();
    let of_file: Value = serde_json::from_str(&format!("{{{of_file}}}")).unwrap();
    assert_eq!(of_file["m.example"].as_array().unwrap().len(), 1, "{found}");
    assert!(of_object.contains("matchPolicy: RemapIdentity"), "{found}");
}

/// The image is never fetched by a name that is blocked, whatever the policy says of it.
#[test]
fn a_mirror_that_is_blocked_by_its_own_name() {
    let desk = desk();
    put(&desk, &json!({"quay.io": [signed_by(&Value::Null)]}));
    let note = format!("{MIRROR} is blocked: that place is never contacted");
    assert_eq!(stanza(&desk, "policy.json", ASKED)["notes"], json!([]));
    let own = "[[registry]]\nlocation = \"m.example\"\nblocked = true\n";
    for digest_only in [false, true] {
        let mirror = format!(
            "[[registry.mirror]]\nlocation = \"m.example\"\npull-from-mirror = \"{}\"\n",
            if digest_only { "digest-only" } else { "all" }
        );
        desk.put(
            "registries.conf",
            format!("[[registry]]\nlocation = \"quay.io\"\n{mirror}{own}"),
        );
        assert_eq!(stanza(&desk, "policy.json", ASKED)["notes"], json!([note]));
    }
}

/// What the words of the note say holds of the stanza and of what is to stand for it.
#[test]
fn what_stands_for_match_repository_accepts_what_the_note_says() {
    let desk = desk();
    put(
        &desk,
        &json!({"quay.io": [signed_by(&json!({"type": "matchRepository"}))]}),
    );
    let found = stanza(&desk, "policy.json", ASKED);
    put(&desk, &scopes_of(&found));
    let by = |asked: &str, signed: &str| {
        desk.put("image.json", image(D1, &[&desk.sign(D1, signed)]).to_string());
        let args = ["verify", "-f", "image.json", "--policy", "policy.json", "-o", "json"];
        let outcome = desk.sandbox.run([&args[..], &["--expected-identity", asked]].concat());
        outcome.item()["verdict"].as_str().unwrap().to_owned()
    };
    let digest = format!("m.example/ns/app@{D1}");
    for (asked, signed, verdict) in [
        (MIRROR, ASKED, "Verified"),
        (MIRROR, "quay.io/ns/app:other", "Rejected"),
        (MIRROR, "quay.io/ns/app", "Rejected"),
        (&digest, "quay.io/ns/app:other", "Verified"),
        (&digest, "quay.io/ns/app", "Rejected"),
    ] {
        assert_eq!(by(asked, signed), verdict, "{asked} {signed}");
    }
    let exact = json!({"type": "exactRepository", "dockerRepository": "quay.io/ns/app"});
    put(&desk, &json!({"m.example/ns/app": [signed_by(&exact)]}));
    for signed in [ASKED, "quay.io/ns/app:other", "quay.io/ns/app"] {
        assert_eq!(by(MIRROR, signed), "Verified", "{signed}");
    }
    assert_eq!(by("m.example/ns/evil:v1", "quay.io/ns/app"), "Rejected");
}
