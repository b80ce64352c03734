// SPDX-License-Identifier: Apache-2.0
//! `policy lint` of keys: those that cannot be read, that are of no use, and that other readers take otherwise.

use super::lint::{clean, of_scopes, requirement};
use super::why::{desk, policy};
use super::why_objects::openshift;
use crate::support::forge::{now, Draft, Key};

#[test]
fn keys_that_cannot_be_read_and_keys_that_are_missing() {
    let sandbox = desk();
    let scopes = |keys: &str| format!("      \"quay.io\": [{}]", requirement(keys));
    assert_eq!(
        of_scopes(&sandbox, &scopes("\"keyPath\": \"absent.asc\"")),
        ["KeyUnreadable error policy.json:5:62 transports.docker[\"quay.io\"][0].keyPath"]
    );
    assert_eq!(
        of_scopes(
            &sandbox,
            &scopes("\"keyPaths\": [\"release-key.asc\", \"registries.conf\"]")
        ),
        ["KeyUnreadable error policy.json:5:94 transports.docker[\"quay.io\"][0].keyPaths[1]"]
    );
    assert_eq!(
        of_scopes(&sandbox, &scopes("\"keyPaths\": []")),
        ["KeyMissing error policy.json:5:62 transports.docker[\"quay.io\"][0].keyPaths"]
    );
    assert_eq!(
        of_scopes(
            &sandbox,
            "      \"quay.io\": [{\"type\": \"sigstoreSigned\", \"keyPath\": \"release-key.asc\"}]"
        ),
        ["KeyUnreadable error policy.json:5:46 transports.docker[\"quay.io\"][0].keyPath"]
    );
    clean(&of_scopes(&sandbox, &scopes("\"keyPaths\": [\"release-key.asc\"]")));
}

/// What nothing is judged without, and what only one scope or object asks for.
#[test]
fn what_a_key_file_that_cannot_be_read_spoils() {
    let sandbox = desk();
    let said = |requirement: &str| {
        of_scopes(&sandbox, &format!("      \"quay.io\": [{requirement}]"));
        sandbox.run(["policy", "lint", "policy.json"]).expect(1).stdout
    };
    let all = "every image here is refused, and verify and audit judge nothing by this policy\n";
    let here = "every image here is refused\n";
    let signed = requirement("\"keyPath\": \"absent.asc\"");
    let sigstore = "{\"type\": \"sigstoreSigned\", \"keyPath\": \"absent.pub\"}";
    let rekor = sigstore.replace('}', ", \"rekorPublicKeyPath\": \"rekor.pub\"}");
    for (requirement, words) in [(&signed[..], all), (sigstore, all), (&rekor, here)] {
        let stdout = said(requirement);
        assert!(stdout.contains(words), "{requirement}: {stdout}");
    }
}

/// What this program does not check, other readers of the policy do, with these files.
#[test]
fn files_of_authorities_that_cannot_be_read() {
    let sandbox = desk();
    sandbox.file("there.pub", super::lint_machine::public_key());
    sandbox.file("words.pub", "unqualified-search-registries = []\n");
    sandbox.file("empty.pub", "");
    sandbox.file("key.pub", super::lint_machine::public_key());
    std::fs::remove_dir_all(sandbox.path("registries.d")).unwrap();
    sandbox.file(
        "registries.d/a.yaml",
        "docker: {quay.io: {use-sigstore-attachments: true}}",
    );
    let there = sandbox.path("there.pub");
    let there = there.to_str().unwrap();
    let keys = |members: &str| format!("\"keyPath\": \"key.pub\", {members}");
    let fulcio = |ca: &str, rekor: &str| {
        format!("\"fulcio\": {{\"caPath\": \"{ca}\", \"oidcIssuer\": \"i\", \"subjectEmail\": \"e\"}}, \"rekorPublicKeyPath\": \"{rekor}\"")
    };
    let pki = |roots: &str, more: &str| {
        format!(
            "\"pki\": {{\"caRootsPath\": \"{roots}\", \"caIntermediatesPath\": \"{more}\", \"subjectEmail\": \"e\"}}"
        )
    };
    let lists = format!("\"rekorPublicKeyPaths\": [\"{there}\", \"absent.pub\"]");
    for (members, expected) in [
        (
            keys("\"rekorPublicKeyPath\": \"/nowhere/r.pub\""),
            &["rekorPublicKeyPath"][..],
        ),
        (keys("\"rekorPublicKeyPath\": \"empty.pub\""), &["rekorPublicKeyPath"]),
        (keys("\"rekorPublicKeyPath\": \"words.pub\""), &["rekorPublicKeyPath"]),
        (fulcio("words.pub", there), &["fulcio.caPath"]),
        (keys(&lists), &["rekorPublicKeyPaths[1]"]),
        (fulcio("/nowhere/ca.pem", there), &["fulcio.caPath"]),
        (
            fulcio("/nowhere/ca.pem", "/nowhere/r.pub"),
            &["fulcio.caPath", "rekorPublicKeyPath"],
        ),
        (pki("/nowhere/ca.pem", there), &["pki.caRootsPath"]),
        (pki(there, "/nowhere/ca.pem"), &["pki.caIntermediatesPath"]),
        (
            pki("/nowhere/a.pem", "/nowhere/b.pem"),
            &["pki.caIntermediatesPath", "pki.caRootsPath"],
        ),
        (keys(&format!("\"rekorPublicKeyPath\": \"{there}\"")), &[]),
        (fulcio(there, there), &[]),
        (pki(there, there), &[]),
    ] {
        let scopes = format!("      \"quay.io\": [{{\"type\": \"sigstoreSigned\", {members}}}]");
        let found = of_scopes(&sandbox, &scopes);
        let (note, others): (Vec<&String>, Vec<&String>) = found
            .iter()
            .partition(|own| own.starts_with("RequirementNotChecked note"));
        assert_eq!(note.len(), 1, "{found:?}");
        let member = |own: &&String| {
            assert!(own.starts_with("KeyUnreadable error policy.json:5:"), "{own}");
            own.split("transports.docker[\"quay.io\"][0].")
                .nth(1)
                .unwrap()
                .to_owned()
        };
        let mut members: Vec<String> = others.iter().map(member).collect();
        members.sort_unstable();
        assert_eq!(members, expected, "{found:?}");
    }
    let relative = keys("\"rekorPublicKeyPath\": \"there.pub\"").replace("key.pub\",", "/nowhere/key.pub\",");
    let scopes = format!("      \"quay.io\": [{{\"type\": \"sigstoreSigned\", {relative}}}]");
    sandbox.file("policy.json", policy(&scopes));
    let stdout = sandbox.run(["policy", "lint", "policy.json"]).expect(1).stdout;
    let said = "KeyPathRelative: transports.docker[\"quay.io\"][0].rekorPublicKeyPath: \"there.pub\" is relative to";
    assert!(stdout.contains(said), "{stdout}");
    assert_eq!(stdout.matches("KeyPathRelative").count(), 1, "{stdout}");
}

/// GnuPG finds no key behind a byte order mark, nor in UTF-16.
#[test]
fn key_files_in_an_encoding_that_other_readers_do_not_take() {
    let sandbox = desk();
    let armored = std::fs::read_to_string(sandbox.path("release-key.asc")).unwrap();
    sandbox.file("marked.asc", format!("\u{feff}{armored}"));
    let units = [0xfeff].into_iter().chain(armored.encode_utf16());
    sandbox.file("utf16.asc", units.flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
    for file in ["marked.asc", "utf16.asc"] {
        let scopes = format!(
            "      \"quay.io\": [{}]",
            requirement(&format!("\"keyPath\": \"{file}\""))
        );
        assert_eq!(
            of_scopes(&sandbox, &scopes),
            ["KeyUnreadable error policy.json:5:62 transports.docker[\"quay.io\"][0].keyPath"],
            "{file}"
        );
    }
}

/// A relative path means another file to each program that was started in another directory.
#[test]
fn relative_paths_of_key_files() {
    let sandbox = desk();
    let key = sandbox.path("release-key.asc");
    let key = key.to_str().unwrap();
    let found = |keys: &str| {
        sandbox.file(
            "policy.json",
            policy(&format!("      \"quay.io\": [{}]", requirement(keys))),
        );
        sandbox.run(["policy", "lint", "policy.json"])
    };
    let outcome = found("\"keyPath\": \"release-key.asc\"").expect(1);
    let expected = "\
policy.json:5:62: warning: KeyPathRelative: transports.docker[\"quay.io\"][0].keyPath: \"release-key.asc\" is relative to the working directory of each program that reads the policy, not to the policy: the key is found from one directory only; write the path from the root (/)
1 finding: warning
";
    assert_eq!(outcome.stdout, expected);
    let outcome = found(&format!("\"keyPaths\": [\"{key}\", \"./release-key.asc\"]")).expect(1);
    let place = "transports.docker[\"quay.io\"][0].keyPaths[1]: \"./release-key.asc\" is relative";
    assert!(outcome.stdout.contains(place), "{outcome:?}");
    assert_eq!(outcome.stdout.matches("KeyPathRelative").count(), 1, "{outcome:?}");
    found(&format!("\"keyPath\": \"{key}\"")).expect(0);
    // The keys of objects stand in them.
    sandbox.file("cip.json", openshift().to_string());
    sandbox.run(["policy", "lint", "cip.json"]).expect(0);
}

#[test]
fn keys_that_are_expired_or_refused() {
    let sandbox = desk();
    let old = Key::with(2048, now() - 1_000_000);
    let draft = |key: &Key| Draft::certification(key).flags(3);
    sandbox.file(
        "expired.asc",
        old.certificate_with("Old", &draft(&old).expires_after(9, 1000)),
    );
    let gone = Key::new();
    sandbox.file("revoked.asc", gone.revoked("Gone", 2, now() - 10));
    let place =
        |member: &str, column: usize| format!("policy.json:5:{column} transports.docker[\"quay.io\"][0].{member}");
    let scopes = |keys: &str| format!("      \"quay.io\": [{}]", requirement(keys));
    assert_eq!(
        of_scopes(&sandbox, &scopes("\"keyPath\": \"expired.asc\"")),
        [format!("KeyExpired error {}", place("keyPath", 62))]
    );
    assert_eq!(
        of_scopes(
            &sandbox,
            &scopes("\"keyPaths\": [\"expired.asc\", \"release-key.asc\"]")
        ),
        [format!("KeyExpired warning {}", place("keyPaths[0]", 75))]
    );
    assert_eq!(
        of_scopes(&sandbox, &scopes("\"keyPath\": \"revoked.asc\"")),
        [format!("KeyNotAccepted error {}", place("keyPath", 62))]
    );
    let outcome = sandbox.run(["policy", "lint", "policy.json"]);
    assert!(
        outcome
            .stdout
            .contains("(Gone [revoked]): KeyRevoked: it is revoked; no key of this requirement is left\n"),
        "{outcome:?}"
    );
    clean(&of_scopes(&sandbox, &scopes("\"keyPath\": \"release-key.asc\"")));
}

#[test]
fn keys_that_gpg_skips_sha1_and_copies() {
    let sandbox = desk();
    let scopes = |keys: &str| format!("      \"quay.io\": [{}]", requirement(keys));
    let key = Key::new();
    let good = key.certificate("Good");
    // A version 6 key packet: version, time, algorithm 27, length of the material, material.
    let body = [&[6, 0x66, 0, 0, 0, 27, 0, 0, 0, 32][..], &[7; 32]].concat();
    let six = [&[0xc6, u8::try_from(body.len()).unwrap()][..], &body].concat();
    sandbox.file("mixed.pgp", [&good[..], &six].concat());
    let found = of_scopes(&sandbox, &scopes("\"keyPath\": \"mixed.pgp\""));
    assert_eq!(
        found,
        ["KeySkipped warning policy.json:5:62 transports.docker[\"quay.io\"][0].keyPath"]
    );
    let draft = Draft::certification(&key).flags(3);
    sandbox.file("sha1.pgp", key.certificate_with("Old", &draft.clone().hash(2)));
    let found = of_scopes(&sandbox, &scopes("\"keyPath\": \"sha1.pgp\""));
    assert_eq!(
        found,
        ["KeySelfSignatureSha1 note policy.json:5:62 transports.docker[\"quay.io\"][0].keyPath"]
    );
    sandbox.file("good.pgp", &good);
    sandbox.file(
        "renewed.pgp",
        key.certificate_with("Good", &draft.expires_after(9, 900_000_000)),
    );
    let found = of_scopes(&sandbox, &scopes("\"keyPaths\": [\"good.pgp\", \"renewed.pgp\"]"));
    assert_eq!(
        found,
        ["KeyCopiesDiffer warning policy.json:5:87 transports.docker[\"quay.io\"][0].keyPaths[1]"]
    );
    clean(&of_scopes(
        &sandbox,
        &scopes("\"keyPaths\": [\"good.pgp\", \"good.pgp\"]"),
    ));
}

/// Copies of a key are one key in all requirements of a scope: a revocation that only one of them has counts for all here,
/// and not for other readers.
#[test]
fn copies_of_a_key_that_differ_between_requirements() {
    let sandbox = desk();
    let key = Key::new();
    sandbox.file("good.pgp", key.certificate("Good"));
    sandbox.file("revoked.pgp", key.revoked("Good", 2, now() - 10));
    let own = |file: &str| requirement(&format!("\"keyPath\": \"{file}\""));
    let scopes = |first: &str, second: &str| format!("      \"quay.io\": [{}, {}]", own(first), own(second));
    let differ = |found: Vec<String>| {
        let found = found.into_iter().filter(|line| line.starts_with("KeyCopiesDiffer"));
        found
            .map(|line| line.rsplit(' ').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    for (first, second) in [("good.pgp", "revoked.pgp"), ("revoked.pgp", "good.pgp")] {
        let found = differ(of_scopes(&sandbox, &scopes(first, second)));
        assert_eq!(found, ["transports.docker[\"quay.io\"][1].keyPath"], "{first} {second}");
    }
    clean(&differ(of_scopes(&sandbox, &scopes("good.pgp", "good.pgp"))));
    // Each scope by itself.
    let apart = format!(
        "      \"quay.io\": [{}],\n      \"r.example\": [{}]",
        own("good.pgp"),
        own("revoked.pgp")
    );
    clean(&differ(of_scopes(&sandbox, &apart)));
}
