// SPDX-License-Identifier: Apache-2.0
//! `policy why` of OpenShift's objects: policies of images, and mirror sets beside them.

use super::why::{desk, policy, run, SIGNED_BY};
use crate::support::vectors::data;

/// SHA-256 of the key of that object, by `openssl pkey -pubin -outform DER`.
const OPENSHIFT: &str = "1f457ca52f133893a8bb7d88f749197f3b1cb8549eb81e267d1bf661b8565850";

/// The ClusterImagePolicy that OpenShift ships.
pub fn openshift() -> serde_json::Value {
    let text = std::fs::read_to_string(data("vectors/mirrors.json")).unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let cases = document["cases"].as_array().unwrap();
    let case = cases.iter().find(|case| case["name"] == "image-policy/idms").unwrap();
    case["objects"][0].clone()
}

#[test]
fn objects_of_openshift_and_their_mirrors() {
    let sandbox = desk();
    sandbox.file("cip.json", openshift().to_string());
    sandbox.file(
        "idms.yaml",
        "apiVersion: config.openshift.io/v1\nkind: ImageDigestMirrorSet\nmetadata: {name: release}\nspec:\n  imageDigestMirrors:\n  - source: quay.io/openshift-release-dev\n    mirrors: [mirror.corp.example:8443/ocp]\n",
    );
    let digest = "a".repeat(64);
    let reference = format!("quay.io/openshift-release-dev/ocp-release@sha256:{digest}");
    let outcome = run(&sandbox, &["why", &reference, "cip.json", "idms.yaml", "--mirrors"]).expect(0);
    let expected = format!(
        "\
Reference: {reference}
Files: cip.json, idms.yaml
Scopes of transport docker, in the order in which they are tried:
  {reference}:
      not there
  quay.io/openshift-release-dev/ocp-release: applies: cip.json, line 1, column
      306
  quay.io/openshift-release-dev: not there
  quay.io: not there
  *.io: not there
  \"\": not there
  default: not reached
"
    );
    let (scopes, rest) = outcome.stdout.split_once("Required by").unwrap();
    let normal = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let without_column = |text: &str| {
        let (before, after) = normal(text)
            .split_once("column ")
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        format!("{before}{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
    };
    assert_eq!(without_column(scopes), without_column(&expected));
    assert!(
        rest.contains(&format!("sha256:{OPENSHIFT}\n         rsa4096\n")),
        "{rest}"
    );
    assert!(rest.contains("signed as (matchRepoDigestOrExact):\n       quay.io/openshift-release-dev/ocp-release with any tag or digest\n"), "{rest}");
    assert!(rest.contains("At best an image here is Verified."), "{rest}");
    let mirror = format!("mirror.corp.example:8443/ocp/ocp-release@sha256:{digest}");
    assert!(
        rest.contains(&format!("  {mirror}:\n      mirror, ImageDigestMirrorSet/release\n")),
        "{rest}"
    );
    let stanza = "\
For images asked for by the name of mirror mirror.corp.example:8443/ocp (ImageDigestMirrorSet/release):
  # an object of its own: add apiVersion, kind, metadata, and the rootOfTrust of ClusterImagePolicy/openshift
  spec:
    scopes:
    - \"mirror.corp.example:8443/ocp/ocp-release\"
    policy:
      signedIdentity:
        matchPolicy: RemapIdentity
        remapIdentity:
          prefix: \"mirror.corp.example:8443/ocp/ocp-release\"
          signedPrefix: quay.io/openshift-release-dev/ocp-release
";
    assert!(rest.contains(stanza), "{rest}");
    assert!(rest.contains("is accepted."), "{rest}");

    let other = run(&sandbox, &["why", "quay.io/other/app:v1", "cip.json"])
        .expect(0)
        .stdout;
    assert!(
        other.contains("  default: applies: none of the objects has a scope for it\n"),
        "{other}"
    );
    assert!(other.contains("At best an image here is Rejected.\n"), "{other}");
    assert!(
        other.contains("Required by the default:\n  every image is refused, by this program (see the note below)\n"),
        "{other}"
    );
    let said = "Note: no scope of these objects applies: this program refuses the reference, because the objects do not say what nodes do then;";
    assert!(normal(&other).contains(said), "{other}");
}

/// What is printed for a mirror does what it says, once it stands in the policy.
#[test]
fn a_stanza_for_a_mirror_makes_its_names_accepted() {
    let sandbox = desk();
    sandbox.file(
        "registries.conf",
        "[[registry]]\nprefix = \"*.local\"\n[[registry.mirror]]\nlocation = \"m.example/cache\"\n[[registry]]\nlocation = \"quay.io/ns\"\n[[registry.mirror]]\nlocation = \"m.example/q\"\n",
    );
    let identities = [
        ("", "quay.io/ns/app:v1"),
        (r#", "signedIdentity": {"type": "matchExact"}"#, "quay.io/ns/app:v1"),
        (
            r#", "signedIdentity": {"type": "matchRepository"}"#,
            "quay.io/ns/app:v1",
        ),
        (
            r#", "signedIdentity": {"type": "exactRepository", "dockerRepository": "up.example/app"}"#,
            "up.example/app",
        ),
        (
            r#", "signedIdentity": {"type": "remapIdentity", "prefix": "quay.io", "signedPrefix": "up.example/q"}"#,
            "up.example/q/ns/app:v1",
        ),
    ];
    for (identity, signed) in identities {
        let requirement = format!("{}{identity}}}", SIGNED_BY.trim_end_matches('}'));
        sandbox.file("policy.json", policy(&format!("      \"quay.io\": [{requirement}]")));
        let args = ["why", "quay.io/ns/app:v1", "policy.json", "--mirrors", "-o", "json"];
        let document = run(&sandbox, &args).expect(0).json();
        let mirrors = document["items"][0]["mirrors"].as_array().unwrap();
        assert_eq!(mirrors.len(), 1, "{document}");
        assert_eq!(
            (mirrors[0]["accepted"].clone(), mirrors[0]["signedAs"].as_str()),
            (true.into(), Some(signed))
        );
        let stanza = mirrors[0]["stanza"].as_str().unwrap();
        sandbox.file("new.json", policy(stanza));
        let document = run(&sandbox, &["why", "m.example/q/app:v1", "new.json", "-o", "json"])
            .expect(0)
            .json();
        assert_eq!(document["items"][0]["scope"], "m.example/q");
        let examples = document["items"][0]["requirements"][0]["identity"]["examples"]
            .as_array()
            .unwrap()
            .clone();
        assert!(
            examples
                .iter()
                .any(|own| own["signedAs"] == signed && own["accepted"] == true),
            "{identity}: {examples:?}"
        );
    }
    // The host of a wildcard is replaced whole.
    sandbox.file("policy.json", policy(&format!("      \"a.local\": [{SIGNED_BY}]")));
    let outcome = run(&sandbox, &["why", "a.local/ns/app:v1", "policy.json", "--mirrors"]).expect(0);
    assert!(outcome.stdout.contains("\"signedPrefix\": \"a.local\""), "{outcome:?}");
    assert!(outcome
        .words()
        .contains("m.example/cache/ns/app:v1 signed as a.local/ns/app:v1 is accepted."));
    sandbox.file("policy.json", policy("      \"a.local\": [{\"type\": \"reject\"}]"));
    let outcome = run(&sandbox, &["why", "a.local/ns/app:v1", "policy.json", "--mirrors"]).expect(0);
    assert!(
        outcome.stdout.contains("Note: every image is refused here"),
        "{outcome:?}"
    );
    assert!(!outcome.stdout.contains("remapIdentity\""), "{outcome:?}");
}
