// SPDX-License-Identifier: Apache-2.0
//! Commands that are told to somebody who named the home in the call: gpg by itself would work on another one.

use std::fs;

use crate::keyring::{message, Desk, OK};

/// The call of gpg that a text proposes, with these options at its end.
fn proposed<'t>(text: &'t str, home: &str, options: &str) -> Option<&'t str> {
    let call = format!("gpg --homedir {home} {options}");
    text.find(&call).map(|at| &text[at..at + call.len()])
}

#[test]
fn gpg_is_called_with_the_home_that_was_named() {
    let desk = Desk::new();
    let home = desk.home("h");
    let name = home.to_str().unwrap();
    let text = message(&desk.run(&home, &[]));
    assert!(
        proposed(&text, name, &format!("--lsign-key {}", desk.key)).is_some(),
        "{text}"
    );
    fs::remove_file(home.join("trustdb.gpg")).unwrap();
    let text = message(&desk.run(&home, &[]));
    assert!(proposed(&text, name, "--import-ownertrust FILE").is_some(), "{text}");
    // Nobody may have such a file: what is proposed instead makes the database.
    let call = proposed(&text, name, "--list-keys").unwrap().trim_start_matches("gpg ");
    desk.admin.gpg(&call.split(' ').collect::<Vec<_>>(), b"");
    let text = message(&desk.run(&home, &[]));
    assert!(text.contains("the validity of this key in the keyring is"), "{text}");
    desk.run(&home, &["--signed-by", &desk.key]).expect_verdict(0, OK);
}

/// A home that gpg takes by itself is not named again.
#[test]
fn a_home_of_the_environment_is_the_one_that_gpg_takes() {
    let desk = Desk::new();
    let home = desk.home("h");
    let named = desk.args(&home, &[]);
    let at = named.iter().position(|arg| arg == "--homedir").unwrap();
    let mut command = desk.sandbox.command();
    command.args(&named[..at]).env("GNUPGHOME", &home);
    let text = message(&desk.sandbox.finish(&mut command, b""));
    assert!(text.contains(&format!("with gpg --lsign-key {}", desk.key)), "{text}");
}

/// Of a home directory nothing is looked up by a name.
#[test]
fn a_home_directory_that_begins_with_a_tilde_is_no_home_of_another_user() {
    let desk = Desk::new();
    let mut command = desk.sandbox.command();
    command.arg("keys").env_remove("GNUPGHOME").env("HOME", "~bob");
    let outcome = desk.sandbox.finish(&mut command, b"");
    assert!(!outcome.stderr.contains("another user"), "{outcome:#?}");
    assert!(outcome.stderr.contains("./~bob/.gnupg"), "{outcome:#?}");
}
