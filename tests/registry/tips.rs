// SPDX-License-Identifier: Apache-2.0
//! Next steps about an image in a registry: what is told can be typed as it stands, and does what is told of it.

use serde_json::{json, Value};

use super::sources::{registry, REPOSITORY};
use crate::registry::town::Town;
use crate::support::cosign::{self, Cosign};
use crate::support::gpg::Signer;
use crate::support::hub::Hub;
use crate::support::program::Outcome;

/// What is to be done next, of one image.
#[track_caller]
pub(super) fn next(outcome: &Outcome) -> String {
    let next = outcome.next().unwrap_or_else(|| panic!("{outcome:?}"));
    next.trim_start_matches("Next: ").to_owned()
}

/// The command that stands in a text, up to what follows it.
#[track_caller]
pub(super) fn command(text: &str, begin: &str, end: &str) -> String {
    let at = text.find(begin).unwrap_or_else(|| panic!("{begin}: {text}"));
    let rest = &text[at..];
    rest[..rest.find(end).unwrap_or_else(|| panic!("{end}: {rest}"))].to_owned()
}

/// Types a command that was told.
pub(super) fn typed(town: &Town, command: &str) -> Outcome {
    let words: Vec<&str> = command.split(' ').collect();
    assert_eq!(words[0], "image-signature");
    town.sandbox.run(&words[1..])
}

/// `verify` without a key option.
pub(super) fn verify_by(town: &Town, args: &[&str]) -> Outcome {
    let mut command = town.sandbox.command();
    command.arg("verify").args(args);
    for name in ["registries.d", "registries.conf"] {
        let option = name.replace(".conf", "-conf");
        command.arg(format!("--{option}")).arg(town.sandbox.path(name));
    }
    town.sandbox.finish(&mut command, b"")
}

/// Puts a sigstore signature for a reference into the registry.
fn attach(hub: &Hub, digest: &str, reference: &str, key: &Cosign) {
    let payload = cosign::payload(digest, reference);
    let signature = key.sign(&payload);
    hub.store(|store| store.repository(REPOSITORY).attach(digest, &[(&payload, &signature)]));
}

/// A policy for everything, in a file.
pub(super) fn policy(town: &Town, requirement: &Value) {
    let text = json!({"default": [requirement]}).to_string();
    town.sandbox.file("policy.json", text);
}

#[test]
fn an_inspection_reaches_the_registry_as_the_run_did() {
    let (town, hub, digest, reference) = registry();
    attach(&hub, &digest, &reference, &Cosign::new());
    let image = format!("docker://{reference}");
    let path = |name: &str| town.sandbox.path(name).display().to_string();
    town.sandbox.file("auth.json", "{}");
    std::fs::create_dir(town.sandbox.path("certs")).unwrap();
    let given = [
        "--authfile",
        &path("auth.json"),
        "--cert-dir",
        &path("certs"),
        "--insecure",
        "--request-timeout",
        "30s",
    ];
    let text = next(&town.verify(&[&[&image, "--explain"], &given[..]].concat()).expect(1));
    let call = command(&text, "image-signature inspect", " shows what");
    for option in given.join(" ").split(" --").map(|own| own.trim_start_matches("--")) {
        assert!(call.contains(&format!(" --{option}")), "{option}: {call}");
    }
    let shown = typed(&town, &call).expect(0).stdout;
    assert!(shown.contains(".sig: 1 signature"), "{shown}");
    // A password is never told.
    let text = next(&town.verify(&[&image, "--explain", "--creds", "me:hidden"]).expect(1));
    assert!(
        text.contains(" --creds USER:PASSWORD ") && !text.contains("hidden"),
        "{text}"
    );
    // So too where something came that is no signature.
    town.keep(REPOSITORY, &digest, 1, b"no signature");
    let text = next(&town.verify(&[&image, "--explain"]).expect(1));
    let call = command(&text, "image-signature inspect", " shows the blob");
    let shown = typed(&town, &call).expect(0).stdout;
    assert!(shown.contains("signature-1"), "{shown}");
}

/// The place was not asked, so that nobody knows whether it has a signature; and no option is proposed that is refused.
#[test]
fn an_image_without_the_sigstore_signature_that_a_policy_requires() {
    let (town, hub, digest, reference) = registry();
    let key = Cosign::new();
    attach(&hub, &digest, &reference, &key);
    let file = town.sandbox.file("cosign.pub", key.pem());
    policy(&town, &json!({"type": "sigstoreSigned", "keyPath": file}));
    let image = format!("docker://{reference}");
    let by = [&image, "--policy", "policy.json"];
    let text = verify_by(&town, &by).words();
    let headline = "Unsigned: NoSignature: there is no signature in any of the places below that were asked; the default of policy policy.json requires a sigstore signature image ";
    assert!(text.starts_with(headline), "{text}");
    let text = next(&verify_by(&town, &[&by[..], &["--explain"]].concat()));
    assert!(!text.contains("--sigstore-key"), "{text}");
    assert!(
        text.contains("let them be asked for: use-sigstore-attachments"),
        "{text}"
    );
    let call = command(&text, "image-signature inspect", " shows what");
    let shown = typed(&town, &call).expect(0).stdout;
    assert!(shown.contains(".sig: 1 signature"), "{shown}");
    // All places were asked where the policy asks for the kind that was looked for.
    let store = town.sandbox.path("lookaside").display().to_string();
    town.stores(&format!(
        "default-docker:\n  lookaside: file://{store}\n  use-sigstore-attachments: true\n"
    ));
    verify_by(&town, &by).expect(0);
    hub.store(|store| store.repository(REPOSITORY).image("v2", "unsigned"));
    let other = image.replace(":v1", ":v2");
    let gpg = json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": town.key_file});
    policy(&town, &gpg);
    let text = verify_by(&town, &[&other, "--policy", "policy.json"]).expect(1).words();
    let headline = "there is no signature in any of the places below; the default of policy policy.json requires a GPG signature image ";
    assert!(text.contains(headline), "{text}");
}

/// What there is, is well as it is: it is of the kind that nobody asks for.
#[test]
fn a_signature_of_a_kind_for_which_no_key_is_named() {
    let (town, hub, digest, reference) = registry();
    let key = Cosign::new();
    let file = town.sandbox.file("cosign.pub", key.pem());
    let image = format!("docker://{reference}");
    town.keep(REPOSITORY, &digest, 1, &town.sign(&digest, &reference));
    policy(&town, &json!({"type": "sigstoreSigned", "keyPath": file}));
    let by_policy = [&image, "--policy", "policy.json", "--explain"];
    let text = next(&verify_by(&town, &by_policy).expect(1));
    let wanted = "look for another signature of the image: the policy asks for a sigstore signature by a key. ";
    assert!(text.starts_with(wanted), "{text}");
    // The command that shows the keys is about this image, by the configuration of this run.
    let call = command(&text, "image-signature policy why", " shows the accepted keys.");
    let shown = typed(&town, &call).expect(0).stdout;
    let store = town.sandbox.path("lookaside").display().to_string();
    assert!(
        shown.contains(&format!("Reference: {reference}\n")) && shown.contains(&store),
        "{call}: {shown}"
    );
    let by_key = [&image, "--sigstore-key", file.to_str().unwrap(), "--explain"];
    let text = next(&verify_by(&town, &by_key).expect(1));
    assert!(text.ends_with("and name it with --public-key FILE."), "{text}");
    // The other way round.
    std::fs::remove_dir_all(town.sandbox.path("lookaside/ns")).unwrap();
    attach(&hub, &digest, &reference, &key);
    town.stores(&format!(
        "default-docker:\n  lookaside: file://{store}\n  use-sigstore-attachments: true\n"
    ));
    let gpg = json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": town.key_file});
    policy(&town, &gpg);
    let text = next(&verify_by(&town, &by_policy).expect(1));
    let wanted = "the policy asks for a binary OpenPGP version 4 message. ";
    assert!(text.contains(wanted), "{text}");
    let text = next(&town.verify(&[&image, "--explain"]).expect(1));
    assert!(text.ends_with("and name it with --sigstore-key FILE."), "{text}");
}

/// A mirror that was asked by its own name: by the name of the source the same image is what the publisher signed.
#[test]
fn an_image_that_is_signed_by_the_name_that_its_place_is_a_mirror_of() {
    let (town, hub) = (Town::new(), Hub::plain());
    town.store_on_disk();
    let digest = hub.store(|store| store.repository("mirror/ns/app").image("v1", "mirrored"));
    let host = hub.host();
    let source = "source.example/ns/app:v1";
    town.keep("mirror/ns/app", &digest, 1, &town.sign(&digest, source));
    let plain = format!("[[registry]]\nlocation = \"{host}\"\ninsecure = true\n");
    let mirror = format!("[[registry]]\nlocation = \"source.example\"\n[[registry.mirror]]\nlocation = \"{host}/mirror\"\ninsecure = true\n");
    let image = format!("docker://{host}/mirror/ns/app:v1");
    let told = |conf: &str| {
        town.conf(conf);
        next(&town.verify(&[&image, "--explain"]).expect(1))
    };
    assert_eq!(
        told(&format!("{plain}{mirror}")),
        format!("ask for docker://{source} instead, because registries.conf has this place as a mirror of it. Or add --expected-identity {source} to expect that here.")
    );
    town.verify(&[&format!("docker://{source}")]).expect(0);
    town.verify(&[&image, "--expected-identity", source]).expect(0);
    // A policy may ask for less by the other name: nobody is led there.
    policy(
        &town,
        &json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": town.key_file}),
    );
    let by_policy = verify_by(&town, &[&image, "--policy", "policy.json", "--explain"]);
    let text = next(&by_policy.expect(1));
    assert!(
        !text.contains("ask for docker") && !text.contains("--expected-identity"),
        "{text}"
    );
    let shown = typed(
        &town,
        &command(&text, "image-signature policy why", " shows what the policy says of"),
    )
    .expect(0);
    assert!(
        shown.stdout.contains(source) && shown.stdout.contains("/mirror/ns/app"),
        "{shown:?}"
    );
    // It is no mirror for tags, or of something else.
    let usual = "check the reference that you expect against the one that the publisher signs.";
    let by_digest = format!("{plain}{mirror}pull-from-mirror = \"digest-only\"\n");
    assert_eq!(told(&by_digest), usual);
    assert_eq!(
        told(&format!("{plain}{}", mirror.replace("source.e", "other.e"))),
        usual
    );
    assert_eq!(told(&plain), usual);
}

/// By digest such a mirror is not asked.
#[test]
fn an_inspection_of_what_came_from_a_mirror_for_tags() {
    let (town, source, mirror) = (Town::new(), Hub::plain(), Hub::plain());
    town.store_on_disk();
    let digest = mirror.store(|store| store.repository("copy").image("v1", "tags"));
    town.keep("copy", &digest, 1, b"no signature");
    town.conf(&format!("[[registry]]\nlocation = \"{}/ns/app\"\ninsecure = true\n[[registry.mirror]]\nlocation = \"{}/copy\"\ninsecure = true\npull-from-mirror = \"tag-only\"\n", source.host(), mirror.host()));
    let image = format!("docker://{}/{REPOSITORY}:v1", source.host());
    let text = next(&town.verify(&[&image, "--explain"]).expect(1));
    let call = command(&text, "image-signature inspect", " shows the blob");
    let shown = typed(&town, &call).expect(0).stdout;
    assert!(shown.contains("signature-1"), "{shown}");
}

/// The GPG signature is there, and for the other one nobody asked.
#[test]
fn an_image_of_which_a_policy_requires_a_sigstore_signature_besides() {
    let (town, _hub, digest, reference) = registry();
    town.keep(REPOSITORY, &digest, 1, &town.sign(&digest, &reference));
    let file = town.sandbox.file("cosign.pub", Cosign::new().pem());
    let gpg = json!({"type": "signedBy", "keyType": "GPGKeys", "keyPath": town.key_file});
    let both = json!({"default": [gpg, {"type": "sigstoreSigned", "keyPath": file}]});
    town.sandbox.file("policy.json", both.to_string());
    let args = [&format!("docker://{reference}"), "--policy", "policy.json", "--explain"];
    let text = next(&verify_by(&town, &args).expect(1));
    assert!(
        text.contains("let them be asked for: use-sigstore-attachments"),
        "{text}"
    );
    // What is missing is of the other kind.
    policy(&town, &json!({"type": "reject"}));
    let text = verify_by(&town, &args).expect(1).stdout;
    assert!(!text.contains("let them be asked for"), "{text}");
}

/// What cannot be typed as it is shown, or is read only once, is for the user to name again.
#[test]
fn a_file_that_no_command_can_name_again() {
    let (town, _hub, digest, reference) = registry();
    town.keep(REPOSITORY, &digest, 1, &town.sign(&digest, &reference));
    let other = Signer::new();
    let key = other.simple_key("other@example.org");
    let name = other.export(&[&key], &town.sandbox.path("new\nline.asc"));
    let image = format!("docker://{reference}");
    let name = name.display().to_string();
    let text = next(&verify_by(&town, &[&image, "--public-key", &name, "--explain"]).expect(1));
    assert!(text.contains("image-signature keys --public-key PATH shows"), "{text}");
    let path = town.sandbox.path("new\nline.asc");
    let piped = ["verify", &image, "--public-key", "/dev/stdin", "--explain"];
    let keys = std::fs::read(&path).unwrap();
    let conf = town.sandbox.path("registries.conf");
    let mut command = town.sandbox.command();
    command.args(piped).arg("--registries-conf").arg(conf);
    command.arg("--registries.d").arg(town.sandbox.path("registries.d"));
    let text = next(&town.sandbox.finish(&mut command, &keys).expect(1));
    assert!(text.contains("image-signature keys --public-key PATH shows"), "{text}");
    std::fs::copy(path, town.sandbox.path("a b.asc")).unwrap();
    let text = next(&verify_by(&town, &[&image, "--public-key", "a b.asc", "--explain"]).expect(1));
    assert!(
        text.contains("image-signature keys --public-key 'a b.asc' shows"),
        "{text}"
    );
}
