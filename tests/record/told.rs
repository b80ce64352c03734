// SPDX-License-Identifier: Apache-2.0
//! What is said about records that are right already, or that would replace a revocation.

use crate::record::{record_trusted, Desk, Records, IDENTITY};
use crate::support::images::{image, D1};

#[test]
fn a_record_that_is_right_is_said_to_be_recorded_already() {
    let desk = Desk::new();
    desk.store(&desk.signed());
    let first = desk.verify(&["--confirm"]).expect(0);
    assert!(first.stderr.contains("recorded: Trusted"), "{first:?}");
    assert!(!first.stderr.contains("already recorded"), "{first:?}");
    let second = desk.verify(&["--confirm"]).expect(0);
    assert!(second.stderr.contains(": already recorded\n"), "{second:?}");
    // Where nothing is to be written there is nothing to say.
    assert_eq!(desk.verify(&[]).expect(0).stderr, "");
}

#[test]
fn trust_over_a_recorded_revocation_is_warned_of() {
    let desk = Desk::new();
    let mut object = desk.signed();
    record_trusted(&mut object["signatures"][0], IDENTITY, &desk.key);
    for reason in ["KeyRevoked", "UnknownKey"] {
        object["signatures"][0]["conditions"][0]["status"] = "False".into();
        object["signatures"][0]["conditions"][0]["reason"] = reason.into();
        for more in [&[][..], &["--confirm"]] {
            desk.store(&object);
            let outcome = desk.verify(more).expect(0);
            let is_warned = outcome.stderr.contains("warning: ")
                && outcome.stderr.contains("recorded as revoked")
                && outcome.stderr.contains("get the key again");
            assert_eq!(is_warned, reason == "KeyRevoked", "{outcome:?}");
        }
    }
}

#[test]
fn what_would_be_recorded_of_a_rejected_image_is_said() {
    let desk = Desk::new();
    desk.store(&desk.signed());
    let trusted = desk.verify(&[]).expect(0).stderr;
    assert!(
        trusted.ends_with("to record this, run the command again with --confirm\n"),
        "{trusted}"
    );
    desk.store(&image(D1, &[b"garbage"]));
    let refused = desk.verify(&[]).expect(1).stderr;
    assert!(
        refused.ends_with("to record this, run the command again with --confirm; rejections are recorded too\n"),
        "{refused}"
    );
}

/// Who gives both is not told to add what is given: the dry run is in the way.
#[test]
fn where_a_dry_run_keeps_a_confirmed_change_back_that_is_what_is_to_be_left_out() {
    let desk = Desk::new();
    desk.store(&desk.signed());
    let told = desk.verify(&["--dry-run=client", "--confirm"]).expect(0).stderr;
    assert!(
        told.ends_with("nothing was written; to record this, run the command again without --dry-run\n"),
        "{told}"
    );
    let told = desk.verify(&["--dry-run=client"]).expect(0).stderr;
    assert!(told.ends_with("run the command again with --confirm\n"), "{told}");
}
