// SPDX-License-Identifier: Apache-2.0
//! When what was recorded before is kept, and which of several entries says it.

use super::rows::uncheckable;
use crate::record::{conditions, facts, record_trusted, recorded, Desk, Records, IDENTITY, LONG_AGO, OTHER};
use crate::support::images::{image, D1};

#[test]
fn rejected_by_the_identity_keeps_what_was_recorded_for_another_identity() {
    let desk = Desk::new();
    let before = recorded(&desk.sign(D1, OTHER), OTHER, &desk.key);
    desk.store(&before);
    let outcome = desk.verify(&["--confirm", "-o", "json"]).expect(1);
    assert_eq!(outcome.item()["signatures"][0]["recorded"], "kept");
    assert_eq!(outcome.item()["recorded"], "unchanged");
    assert_eq!(desk.read(), before);
}

#[test]
fn a_record_for_an_identity_that_is_not_the_signed_one_is_not_kept() {
    let desk = Desk::new();
    let before = recorded(&desk.sign(D1, OTHER), IDENTITY, &desk.key);
    let entry = desk.record(&before, &[], 1);
    assert_eq!(conditions(&entry)[0], "Trusted=False(IdentityMismatch)");
    assert!(facts(&entry).is_empty(), "{entry}");
}

#[test]
fn a_record_that_names_another_key_is_not_kept() {
    let desk = Desk::new();
    let before = recorded(&desk.sign(D1, OTHER), OTHER, &"A".repeat(40));
    let entry = desk.record(&before, &[], 1);
    assert_eq!(conditions(&entry)[0], "Trusted=False(IdentityMismatch)");
}

#[test]
fn a_record_that_is_not_true_is_not_kept() {
    let desk = Desk::new();
    let mut before = recorded(&desk.sign(D1, OTHER), OTHER, &desk.key);
    before["signatures"][0]["conditions"][0]["status"] = "False".into();
    let entry = desk.record(&before, &[], 1);
    assert_eq!(conditions(&entry)[0], "Trusted=False(IdentityMismatch)");
    assert!(facts(&entry).is_empty(), "{entry}");
}

/// A record is kept only where both conditions of the latest of its twins are true.
#[test]
fn a_record_that_is_not_true_for_the_image_is_not_kept() {
    let desk = Desk::new();
    for status in ["False", "Unknown"] {
        let mut before = recorded(&desk.sign(D1, OTHER), OTHER, &desk.key);
        before["signatures"][0]["conditions"][1]["status"] = status.into();
        let entry = desk.record(&before, &[], 1);
        assert_eq!(
            conditions(&entry),
            ["Trusted=False(IdentityMismatch)", "ForImage=True(IdentityMismatch)"]
        );
        assert!(facts(&entry).is_empty(), "{entry}");
    }
}

#[test]
fn of_twins_in_a_record_the_latest_decides_whether_it_is_kept() {
    let desk = Desk::new();
    let newer = "2026-02-01T00:00:00Z";
    for kind in [0, 1] {
        for (status, time, order, kept) in [
            ("False", newer, "last", false),
            ("False", newer, "first", false),
            ("False", "2025-01-01T00:00:00Z", "last", true),
            // Of two at one time it is the last.
            ("False", LONG_AGO, "last", false),
            ("False", LONG_AGO, "first", true),
            // The same time in another spelling, and an earlier one that looks later.
            ("False", "2026-01-01T02:00:00+02:00", "last", false),
            ("False", "2026-01-01T01:00:00+02:00", "last", true),
            ("False", "not a time", "last", true),
        ] {
            let mut before = image(D1, &[&desk.sign(D1, OTHER)]);
            let entry = &mut before["signatures"][0];
            record_trusted(entry, OTHER, &desk.key);
            let mut twin = entry["conditions"][kind].clone();
            twin["status"] = status.into();
            twin["lastProbeTime"] = time.into();
            let place = if order == "last" { kind + 1 } else { kind };
            entry["conditions"].as_array_mut().unwrap().insert(place, twin);
            desk.store(&before);
            desk.verify(&["--confirm"]).expect(1);
            let is_kept = desk.read() == before;
            assert_eq!(is_kept, kept, "{kind} {status} {time} {order}");
        }
    }
}

#[test]
fn of_twins_in_a_record_the_latest_decides_what_an_uncheckable_signature_loses() {
    let desk = Desk::new();
    let (blob, reason) = uncheckable(&desk).remove(1);
    for (time, expected) in [("2026-02-01T00:00:00Z", "KeyRevoked"), ("2025-01-01T00:00:00Z", reason)] {
        let mut before = image(D1, &[&blob]);
        let entry = &mut before["signatures"][0];
        record_trusted(entry, IDENTITY, &desk.key);
        let mut twin = entry["conditions"][0].clone();
        twin["status"] = "False".into();
        twin["reason"] = "KeyRevoked".into();
        twin["lastProbeTime"] = time.into();
        entry["conditions"].as_array_mut().unwrap().insert(1, twin);
        desk.store(&before);
        desk.verify(&["--confirm"]).expect(1);
        let entry = &desk.read()["signatures"][0];
        assert_eq!(
            conditions(entry),
            [
                format!("Trusted=False({expected})"),
                format!("ForImage=Unknown({reason})")
            ]
        );
    }
}

/// The server takes any time of the calendar, so that a record of the last day of it is the latest.
#[test]
fn a_record_dated_to_the_end_of_the_calendar_is_the_latest_and_is_taken_back() {
    let desk = Desk::new();
    let (blob, reason) = uncheckable(&desk).remove(1);
    let mut before = image(D1, &[&blob]);
    let entry = &mut before["signatures"][0];
    record_trusted(entry, IDENTITY, &desk.key);
    let mut twin = entry["conditions"][0].clone();
    twin["status"] = "False".into();
    let conditions_of = entry["conditions"].as_array_mut().unwrap();
    conditions_of[0]["lastProbeTime"] = "9999-12-31T23:59:59Z".into();
    conditions_of.push(twin);
    let entry = desk.record(&before, &[], 1);
    assert_eq!(
        conditions(&entry),
        [
            format!("Trusted=False({reason})"),
            format!("ForImage=Unknown({reason})")
        ]
    );
}
