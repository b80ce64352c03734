// SPDX-License-Identifier: Apache-2.0
//! `keys` for the user's keyring.

use crate::keyring::{Desk, IDENTITY, OK, OWNER};
use crate::support::calls::verify_image_json;

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

/// Keys that are named need no validity: the word for that is explicit, wherever one is shown.
#[test]
fn the_validity_of_keys_that_are_named_is_explicit() {
    let desk = Desk::new();
    let file = desk.sandbox.path("named.gpg");
    desk.publisher.export(&[&desk.key], &file);
    let by_file = ["--public-key", file.to_str().unwrap()];
    let keys = |format: &str| {
        let args = [&["keys", "-o", format][..], &by_file].concat();
        desk.sandbox.run(args).expect(0)
    };
    assert_eq!(keys("json").json()["items"][0]["validity"], "explicit");
    assert!(keys("text").stdout.contains("validity explicit: accepted"));
    let home = desk.home("h");
    let by_name = ["--homedir", home.to_str().unwrap(), "--signed-by", &desk.key];
    let listed = desk
        .sandbox
        .run([&["keys", "-o", "json"][..], &by_name].concat())
        .expect(0)
        .json();
    let key = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["fingerprint"] == desk.key.as_str());
    assert_eq!(key.unwrap()["counts"], true, "{listed}");
    for more in [&by_file[..], &by_name] {
        let args = verify_image_json(IDENTITY);
        let outcome = desk.sandbox.run([&args[..], more].concat()).expect_verdict(0, OK);
        let validity = outcome.item()["signatures"][0]["signer"]["validity"].clone();
        let expected = if more == by_file { "explicit" } else { "unknown" };
        assert_eq!(validity, expected, "{more:?}");
    }
}

/// What is to be said against a key is said of a key, not of a signature.
#[test]
fn refusals_in_a_list_of_keys_are_about_keys() {
    let sandbox = crate::support::program::Sandbox::new();
    let key = crate::support::forge::Key::new();
    let time = crate::support::forge::now() - 10;
    sandbox.file("revoked.gpg", key.revoked("Gone <g@example.com>", 2, time));
    let text = sandbox.run(["keys", "--public-key", "revoked.gpg"]).expect(0).stdout;
    assert!(text.contains("not accepted: KeyRevoked: it is revoked"), "{text}");
    assert!(!text.contains("made by"), "{text}");
}

/// The same of a key that nobody vouches for; of a signature by it is told who made it.
#[test]
fn what_is_said_of_an_uncertified_key_is_about_the_key() {
    let desk = Desk::new();
    let home = desk.home("h");
    let home = ["--homedir", home.to_str().unwrap()];
    let listed = desk.sandbox.run([&["keys"][..], &home].concat()).expect(0).stdout;
    let message = "the validity of this key in the keyring is unknown; if this is the fingerprint";
    let said = format!("not accepted: KeyNotAccepted: {message}");
    assert!(listed.contains(&said), "{listed}");
    assert!(!listed.contains("made by"), "{listed}");
    let args = verify_image_json(IDENTITY);
    let outcome = desk.sandbox.run([&args[..], &home].concat());
    let outcome = outcome.expect_verdict(1, "Rejected/KeyNotAccepted");
    let told = outcome.item()["message"].as_str().unwrap().to_owned();
    let by = format!("it is made by {OWNER} ({}); {message}", desk.key);
    assert!(told.contains(&by), "{told}");
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
    // The same next step as without a keyring, also where something is judged.
    let next = format!(
        "import the signer's key with: gpg --homedir {} --import FILE; or name its file in the command: --public-key FILE",
        home.display()
    );
    assert!(outcome.stderr.contains(&next), "{outcome:?}");
    let outcome = desk.run(&home, &[]).expect_verdict(1, "Rejected/UnknownKey");
    assert_eq!(outcome.stderr.matches(&next).count(), 1, "{outcome:?}");
}
