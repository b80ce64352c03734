// SPDX-License-Identifier: Apache-2.0
//! `keys` for the user's keyring.

use crate::keyring::{Desk, OWNER};

#[test]
fn what_counts_and_why_the_rest_does_not() {
    let desk = Desk::new();
    let revoked = desk.publisher.simple_key("Revoked <r@example.com>");
    let revocation = desk
        .publisher
        .home()
        .join("openpgp-revocs.d")
        .join(format!("{revoked}.rev"));
    let text = std::fs::read_to_string(revocation)
        .unwrap()
        .replace(":-----BEGIN", "-----BEGIN");
    desk.publisher.gpg(&["--import"], text.as_bytes());
    let exported = desk.publisher.gpg(&["--export"], b"");
    desk.admin.gpg(&["--import"], &exported);
    let home = desk.home("h");
    let home = home.to_str().unwrap();
    let text = desk.sandbox.run(["keys", "--homedir", home]).expect(0).stdout;
    let line = |key: &str| text.lines().find(|line| line.contains(key)).unwrap().to_owned();
    assert!(line(&desk.admin_key).contains("validity ultimate: accepted"), "{text}");
    assert!(line(&desk.key).contains(OWNER), "{text}");
    assert!(line(&desk.key).contains("not accepted: KeyNotAccepted"), "{text}");
    assert!(line(&revoked).contains("not accepted: KeyRevoked"), "{text}");
    let names = desk
        .sandbox
        .run(["keys", "--homedir", home, "-o", "name"])
        .expect(0)
        .stdout;
    assert_eq!(names, format!("{}\n", desk.admin_key));
    let always = ["keys", "--homedir", home, "-o", "name", "--trust-model", "always"];
    let names = desk.sandbox.run(always).expect(0).stdout;
    assert!(names.contains(&desk.key) && !names.contains(&revoked), "{names}");
    let named = ["keys", "--homedir", home, "-o", "name", "--signed-by", &desk.key];
    assert_eq!(desk.sandbox.run(named).expect(0).stdout, format!("{}\n", desk.key));
}

#[test]
fn json_has_every_key_with_its_subkeys() {
    let desk = Desk::certified();
    desk.publisher
        .gpg(&["--quick-add-key", &desk.key, "ed25519", "sign", "1y"], b"");
    desk.import();
    let home = desk.home("h");
    let outcome = desk
        .sandbox
        .run(["keys", "--homedir", home.to_str().unwrap(), "-o", "json"])
        .expect(0);
    let document = outcome.json();
    assert_eq!(document["kind"], "KeyList");
    let items = document["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    let key = items
        .iter()
        .find(|item| item["fingerprint"] == desk.key.as_str())
        .unwrap();
    assert_eq!(key["counts"], true);
    assert_eq!(key["validity"], "full");
    assert_eq!(key["userID"], OWNER);
    assert_eq!(key["keyAlgorithm"], "ed25519");
    assert_eq!(key["subkeys"][0]["canSign"], true);
    assert!(key["subkeys"][0]["expiresAt"].is_string());
    let wide = desk
        .sandbox
        .run(["keys", "--homedir", home.to_str().unwrap(), "-o", "wide"])
        .expect(0)
        .stdout;
    assert!(wide.contains("  subkey ") && wide.contains(": signs"), "{wide}");
    desk.sandbox
        .run(["keys", "--homedir", home.to_str().unwrap(), "-o", "yaml"])
        .expect(0);
}

#[test]
fn a_home_that_is_not_there_is_trouble() {
    let desk = Desk::new();
    let outcome = desk
        .sandbox
        .run(["keys", "--homedir", "absent", "-o", "json"])
        .expect(3);
    assert!(outcome.stderr.contains("absent"), "{outcome:?}");
    // Scripts get a document all the same.
    let document = outcome.json();
    assert_eq!(
        (&document["kind"], &document["reason"]),
        (&"KeyList".into(), &"EngineFailed".into())
    );
    assert!(document["message"].as_str().unwrap().contains("absent"), "{document}");
    assert_eq!(document["items"].as_array().unwrap().len(), 0);
    let args = ["keys", "--homedir", "absent", "-o", "yaml"];
    assert!(desk.sandbox.run(args).expect(3).stdout.contains("reason: EngineFailed"));
}

#[test]
fn an_empty_keyring_says_so() {
    let desk = Desk::new();
    let home = desk.sandbox.path("empty");
    std::fs::create_dir(&home).unwrap();
    std::fs::write(home.join("pubring.kbx"), b"").unwrap();
    let outcome = desk
        .sandbox
        .run(["keys", "--homedir", home.to_str().unwrap()])
        .expect(0);
    let said = format!("there is no key in the keyring {}", home.join("pubring.kbx").display());
    assert!(
        outcome.stdout.is_empty() && outcome.stderr.contains(&said),
        "{outcome:?}"
    );
}
