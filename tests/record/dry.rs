// SPDX-License-Identifier: Apache-2.0
//! Nothing is written unasked, and what would be written is named.

use std::fs;

use crate::support::gpg::Signer;
use crate::support::images::{image, payload, D1};
use crate::{record_trusted, Desk, Records, IDENTITY};

#[test]
fn each_change_is_named_and_the_last_line_says_how_to_record() {
    let desk = Desk::new();
    let stranger = Signer::new();
    let unknown = stranger.simple_key("Stranger <s@example.com>");
    let mut before = image(
        D1,
        &[
            &stranger.sign(&unknown, &payload(D1, IDENTITY)),
            &desk.sign(D1, IDENTITY),
        ],
    );
    record_trusted(&mut before["signatures"][0], IDENTITY, &unknown);
    let path = desk.store(&before);
    let text = fs::read_to_string(&path).unwrap();
    for more in [&[][..], &["--dry-run=client"], &["--confirm", "--dry-run=client"]] {
        let outcome = desk.verify(more).expect(0);
        let lines: Vec<&str> = outcome.stderr.lines().collect();
        assert!(
            lines[0].starts_with(&format!("{D1}@s1: ")) && lines[0].contains("Trusted: True -> False (UnknownKey)"),
            "{outcome:?}"
        );
        assert!(
            lines[1].starts_with(&format!("{D1}@s2: ")) && lines[1].contains("Trusted: none -> True (Verified)"),
            "{outcome:?}"
        );
        assert!(lines.last().unwrap().contains("--confirm"), "{outcome:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn json_says_that_nothing_was_recorded() {
    let desk = Desk::new();
    desk.store(&desk.signed());
    let item = desk.verify(&["-o", "json"]).expect(0).item();
    assert_eq!(item["recorded"], "no");
    assert_eq!(item["signatures"][0]["recorded"], "no");
    let item = desk.verify(&["-o", "json", "--confirm"]).expect(0).item();
    assert_eq!(item["recorded"], "yes");
    assert_eq!(item["signatures"][0]["recorded"], "yes");
}

#[test]
fn a_trial_at_the_server_needs_a_server() {
    let desk = Desk::new();
    desk.store(&desk.signed());
    desk.verify(&["--dry-run=server"]).expect_usage("--dry-run=server");
    desk.sandbox
        .run(["remove", "-f", "image.json", "--dry-run=server"])
        .expect_usage("--dry-run=server");
}

#[test]
fn nothing_of_a_directory_or_of_parts_is_recorded() {
    let desk = Desk::new();
    fs::create_dir(desk.sandbox.path("d")).unwrap();
    let key = desk.key_file.to_str().unwrap();
    let fixed = [
        "verify",
        "--expected-identity",
        IDENTITY,
        "--public-key",
        key,
        "--confirm",
    ];
    desk.sandbox
        .run([&fixed[..], &["dir:d"]].concat())
        .expect_usage("--confirm");
    desk.sandbox
        .run([&fixed[..], &["--manifest", "m", "--signature-file", "s"]].concat())
        .expect_usage("--confirm");
}
