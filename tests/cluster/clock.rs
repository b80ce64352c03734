// SPDX-License-Identifier: Apache-2.0
//! A clock that is not the server's (docs/contract.md 3): it is said, and no true record is taken back for a
//! reason of time.

use serde_json::json;

use crate::cluster::{record_trusted, statuses, stored};
use crate::support::api::wire::date;
use crate::support::api::Fault;
use crate::support::cluster::{Scene, IDENTITY};
use crate::support::images::{image, D1, D2};
use crate::support::program::Outcome;

/// An image with a trusted record by a key that is expired now.
fn expired() -> Scene {
    let scene = Scene::signed();
    scene.signer.gpg(&["--quick-set-expire", &scene.key, "seconds=1"], b"");
    std::thread::sleep(std::time::Duration::from_millis(2100));
    scene.signer.export(&[&scene.key], &scene.key_file);
    scene.server.objects(|objects| {
        objects.edit_image(D1, |image| {
            record_trusted(&mut image["signatures"][0], IDENTITY, &scene.key)
        });
    });
    scene
}

/// The server's clock is so many seconds ahead of ours.
fn shift(scene: &Scene, seconds: i64) {
    scene.server.heal();
    scene.server.fault(Fault::default().header("Date", &date(seconds)));
}

fn is_told(outcome: &Outcome) -> bool {
    outcome.stderr.contains("warning: the clock of this machine is ")
}

#[test]
fn a_difference_is_said_once_with_its_direction() {
    let scene = Scene::signed();
    for (seconds, words) in [
        (0, None),
        (290, None),
        (-290, None),
        (600, Some(" s behind that of the server 127.0.0.1:")),
        (-600, Some(" s ahead of that of the server 127.0.0.1:")),
        (400_000_000, Some("behind")),
    ] {
        shift(&scene, seconds);
        let mut args = scene.verify(D1);
        args.extend([D1, D1].map(str::to_owned));
        let outcome = scene.run(&args).expect(0);
        assert_eq!(is_told(&outcome), words.is_some(), "{seconds}: {outcome:?}");
        if let Some(words) = words {
            assert!(outcome.stderr.contains(words), "{outcome:?}");
            assert_eq!(
                outcome.stderr.matches("the clock of this machine").count(),
                1,
                "{outcome:?}"
            );
        }
        let outcome = scene.run(&["describe", D1]).expect(0);
        assert_eq!(is_told(&outcome), words.is_some());
    }
    for nonsense in ["", "yesterday", "Thu, 99 Foo 2026 00:00:00 GMT"] {
        scene.server.heal();
        scene.server.fault(Fault::default().header("Date", nonsense));
        assert!(!is_told(&scene.run_verify(D1, &[]).expect(0)));
    }
}

#[test]
fn a_slow_answer_is_no_difference() {
    let scene = Scene::signed();
    // The date is that of the beginning.
    let slow = Fault::trickle(64, std::time::Duration::from_millis(20)).header("Date", &date(-299));
    scene.server.fault(slow.on("GET", "/images/"));
    assert!(!is_told(&scene.run_verify(D1, &["-v"]).expect(0)));
}

#[test]
fn a_true_record_is_not_taken_back_for_an_expiry_while_the_clocks_differ() {
    for seconds in [4000, -4000] {
        let scene = expired();
        let before = scene.server.stored(D1);
        shift(&scene, seconds);
        let outcome = scene.run_verify(D1, &["-o", "json", "--confirm"]);
        let outcome = outcome.expect_verdict(3, "Rejected/KeyExpired");
        assert_eq!(outcome.item()["recorded"], "failed", "{outcome:?}");
        assert!(is_told(&outcome), "{outcome:?}");
        assert_eq!(scene.server.stored(D1), before);
        // Nothing is promised that would be refused.
        let outcome = scene.run_verify(D1, &[]).expect(1);
        assert!(!outcome.stderr.contains("True -> False"), "{outcome:?}");
        // With clocks that agree it is.
        scene.server.heal();
        scene.run_verify(D1, &["--confirm"]).expect(1);
        assert_eq!(statuses(&stored(&scene.server))[0], "Trusted=False");
    }
}

#[test]
fn other_reasons_are_recorded_whatever_the_clock_says() {
    let scene = Scene::new();
    let blob = scene.sign(D2, IDENTITY);
    let mut object = image(D1, &[&blob]);
    record_trusted(&mut object["signatures"][0], IDENTITY, &scene.key);
    scene.server.image(object);
    shift(&scene, 4000);
    let outcome = scene.run_verify(D1, &["-o", "json", "--confirm"]);
    let outcome = outcome.expect_verdict(1, "Rejected/DigestMismatch");
    assert_eq!(outcome.item()["recorded"], "yes");
    assert_eq!(statuses(&stored(&scene.server)), ["Trusted=False", "ForImage=False"]);
    // And so is a good signature.
    let good = scene.sign(D1, IDENTITY);
    scene.server.image(image(D1, &[&good]));
    let outcome = scene.run_verify(D1, &["-o", "json", "--confirm"]);
    let outcome = outcome.expect_verdict(0, "Verified/Verified");
    assert_eq!(outcome.json()["items"][0]["recorded"], json!("yes"));
}
