// SPDX-License-Identifier: Apache-2.0
//! Subkeys that fit a signature: whose they are, and when they count.

use super::copies::{by_files, by_keyring, VERIFIED};
use super::keys::{signed, signed_at, BAD, DAY, EXPIRED, OWNER, REASONS, REVOKED};
use super::trial::Trial;
use crate::support::forge::{now, Draft, Key, CERTIFY, ENCRYPT, SIGN};
use crate::support::packets::{body, packet};

#[test]
fn a_revoked_subkey_does_not_count_and_leaves_the_others_alone() {
    let (primary, subkey, other) = (Key::new(), Key::new(), Key::new());
    for (reason, _) in REASONS {
        let keys = [
            primary.certificate(OWNER),
            primary.subkey(&subkey, &Draft::binding(&subkey)),
            primary.revoke_subkey(&subkey, reason, now() - DAY),
            primary.subkey(&other, &Draft::binding(&other)),
        ];
        let trial = Trial::with_keys(&keys.concat());
        for at in [now() - 2 * DAY, now()] {
            trial.expect(&signed_at(&subkey, at), REVOKED, &subkey.fingerprint());
        }
        trial.expect_verified(&signed(&other));
        trial.expect_verified(&signed(&primary));
    }
}

#[test]
fn an_expired_subkey_does_not_count_and_its_primary_key_does() {
    let (primary, subkey) = (Key::new(), Key::new());
    let binding = Draft::binding(&subkey).expires_after(9, DAY);
    let trial = Trial::with_keys(&[primary.certificate(OWNER), primary.subkey(&subkey, &binding)].concat());
    trial.expect(&signed_at(&subkey, subkey.created + 10), EXPIRED, &subkey.fingerprint());
    trial.expect(&signed(&subkey), EXPIRED, "expired on");
    trial.expect_verified(&signed(&primary));
}

#[test]
fn the_subkey_of_an_expired_primary_key_does_not_count() {
    let (primary, subkey) = (Key::new(), Key::new());
    let draft = Draft::certification(&primary)
        .flags(CERTIFY | SIGN)
        .expires_after(9, DAY);
    let keys = [
        primary.certificate_with(OWNER, &draft),
        primary.subkey(&subkey, &Draft::binding(&subkey)),
    ];
    let trial = Trial::with_keys(&keys.concat());
    trial.expect(&signed(&subkey), EXPIRED, &primary.fingerprint());
}

/// Anybody can adopt somebody else's key as a subkey; the back-signature is what shows that it consented.
#[test]
fn a_signing_subkey_without_back_signature_does_not_count() {
    let (primary, subkey) = (Key::new(), Key::new());
    let mut binding = Draft::binding(&subkey);
    binding.back_signature = false;
    let trial = Trial::with_keys(&[primary.certificate(OWNER), primary.subkey(&subkey, &binding)].concat());
    trial.expect(&signed(&subkey), BAD, "back-signature");
    // One made by another key is none.
    let stranger = Key::new();
    let mut binding = Draft::binding(&subkey);
    binding.back_signature = false;
    let back = stranger.sign_body(&Draft::new(subkey.created).class(0x19), b"");
    let binding = binding.unhashed(32, &back);
    let trial = Trial::with_keys(&[primary.certificate(OWNER), primary.subkey(&subkey, &binding)].concat());
    trial.expect(&signed(&subkey), BAD, "back-signature");
}

#[test]
fn a_signing_subkey_counts_as_its_primary_key() {
    let (primary, subkey) = (Key::new(), Key::new());
    let keys = [
        primary.certificate(OWNER),
        primary.subkey(&subkey, &Draft::binding(&subkey)),
    ];
    let trial = Trial::with_keys(&keys.concat());
    let signature = trial.signature(&signed(&subkey));
    assert_eq!(signature["verdict"], "Verified", "{signature:#}");
    assert_eq!(signature["signer"]["fingerprint"], *subkey.fingerprint());
    assert_eq!(signature["signer"]["primaryFingerprint"], *primary.fingerprint());
    assert_eq!(signature["signer"]["userID"], OWNER);
    assert_eq!(signature["signer"]["keyAlgorithm"], "rsa2048");
    assert_eq!(signature["signer"]["hashAlgorithm"], "SHA256");
}

/// Two primary keys that a signing subkey has consented to: nobody can tell whose signature it is.
#[test]
fn a_subkey_of_two_primary_keys_does_not_count_for_either() {
    let (first, second, subkey) = (Key::new(), Key::new(), Key::new());
    let certificate = |primary: &Key, name: &str| {
        let binding = primary.subkey(&subkey, &Draft::binding(&subkey));
        [primary.certificate(name), binding].concat()
    };
    let blob = signed(&subkey);
    for turned in [false, true] {
        let mut keys = [certificate(&first, "first"), certificate(&second, "second")];
        if turned {
            keys.reverse();
        }
        let trial = Trial::with_keys(&keys.concat());
        let signature = trial.signature(&blob);
        assert_ne!(signature["verdict"], "Verified", "{signature:#}");
        trial.expect(&blob, "Rejected/KeyNotAccepted", "2 keys claim as theirs");
        for key in [&first, &second] {
            trial.expect(&blob, "Rejected/KeyNotAccepted", &key.fingerprint());
        }
    }
    Trial::with_keys(&certificate(&first, "first")).expect_verified(&blob);
}

/// Anybody can bind a key to his own, or write it as a primary key: where the key itself has not consented, that takes
/// nothing from whom it has consented to.
#[test]
fn a_key_that_somebody_adopts_counts_for_its_owner_all_the_same() {
    let (owner, adopter, subkey) = (Key::new(), Key::new(), Key::new());
    let honest = [
        owner.certificate(OWNER),
        owner.subkey(&subkey, &Draft::binding(&subkey)),
    ]
    .concat();
    let bound = |draft: Draft| adopter.subkey(&subkey, &draft);
    let without = || Draft {
        back_signature: false,
        ..Draft::binding(&subkey).later_by(60)
    };
    let data = [adopter.hashed(), subkey.hashed()].concat();
    let back = adopter.sign_body(&Draft::new(subkey.created).class(0x19), &data);
    let of_owner = [owner.hashed(), subkey.hashed()].concat();
    let copied = subkey.sign_body(&Draft::new(subkey.created).class(0x19), &of_owner);
    let theirs = adopter.certificate("Adopter");
    let adopted = [
        bound(without()),
        bound(without().unhashed(32, &back)),
        bound(without().hashed(32, &copied)),
        bound(Draft {
            back_signature: false,
            ..Draft::new(subkey.created).flags(ENCRYPT)
        }),
    ];
    let mut others: Vec<Vec<u8>> = adopted.into_iter().map(|own| [theirs.clone(), own].concat()).collect();
    let name = adopter.user_id(
        "Adopter",
        &adopter,
        &Draft::certification(&adopter).flags(CERTIFY | SIGN),
    );
    others.push([subkey.packet(), name.clone(), theirs.clone()].concat());
    for other in others {
        for copies in [[honest.clone(), other.clone()], [other.clone(), honest.clone()]] {
            for run in [by_files, by_keyring] {
                run(&copies, &signed(&subkey)).expect_verdict(0, VERIFIED);
                run(&copies, &signed(&adopter)).expect_verdict(0, VERIFIED);
                run(&copies, &signed(&owner)).expect_verdict(0, VERIFIED);
            }
        }
    }
    // Nor is the owner's key as a subkey.
    let adopted = [theirs, adopter.subkey(&owner, &without())].concat();
    for copies in [[honest.clone(), adopted.clone()], [adopted, honest]] {
        for run in [by_files, by_keyring] {
            for by in [&owner, &subkey] {
                let outcome = run(&copies, &signed(by)).expect_verdict(0, VERIFIED);
                assert!(!outcome.stderr.contains("skipped"), "{outcome:#?}");
            }
        }
    }
}

/// The packet of a subkey, and that of a binding which is forged: the number that makes the signature is another one.
pub(super) fn forged_binding(primary: &Key, subkey: &Key) -> (Vec<u8>, Vec<u8>) {
    let genuine = primary.subkey(subkey, &Draft::binding(subkey));
    let mut input = &genuine[..];
    let packet_of_key = image_signature::openpgp::framing::packet::next(&mut input)
        .unwrap()
        .unwrap();
    let mut binding = body(input);
    let end = binding.len();
    binding[end - 100..].fill(0x55);
    (packet(packet_of_key.tag, &packet_of_key.body), packet(2, &binding))
}

/// GnuPG keeps its own opinion of signatures in "ring trust" packets, which it believes in keyrings of its own.
#[test]
fn ring_trust_packets_in_a_key_file_do_not_vouch_for_a_forged_binding() {
    let (primary, subkey) = (Key::new(), Key::new());
    let (subkey_packet, binding) = forged_binding(&primary, &subkey);
    let trust = |sigcache: u8| packet(12, &[&[0, sigcache], &b"gpg\0"[..], &[0; 6]].concat());
    for cache in [0, 1, 2, 3] {
        let keys = [
            primary.certificate(OWNER),
            trust(cache),
            subkey_packet.clone(),
            binding.clone(),
            trust(cache),
        ];
        let trial = Trial::with_keys(&keys.concat());
        trial.expect_verified(&signed(&primary));
        trial.expect(
            &signed(&subkey),
            "Rejected/UnknownKey",
            "no valid self-signature or binding",
        );
    }
}

/// A hostile key may claim another one's primary key as its subkey.
#[test]
fn a_primary_key_that_another_key_has_adopted_counts_for_nobody_but_itself() {
    let (victim, adopter) = (Key::new(), Key::new());
    let binding = |back_signature: bool| Draft {
        back_signature,
        ..Draft::binding(&victim)
    };
    let adopted = |back: bool| {
        let name = "Adopter <adopter@example.com>";
        [adopter.certificate(name), adopter.subkey(&victim, &binding(back))].concat()
    };
    let blob = signed(&victim);
    // The adopter alone is no reason to believe the victim's signatures.
    Trial::with_keys(&adopted(false)).expect(&blob, BAD, "back-signature");
    for back in [false, true] {
        let orders = [
            [victim.certificate(OWNER), adopted(back)],
            [adopted(back), victim.certificate(OWNER)],
        ];
        for keys in orders {
            let trial = Trial::with_keys(&keys.concat());
            if back {
                trial.expect(&blob, "Rejected/KeyNotAccepted", "2 keys claim as theirs");
            } else {
                trial.expect_verified(&blob);
            }
            for (named, counts) in [(&adopter, false), (&victim, !back)] {
                let outcome = trial.run(&[&blob], &["--signed-by", &named.fingerprint()]);
                let verdict = if counts { VERIFIED } else { "Rejected/KeyNotAccepted" };
                outcome.expect_verdict(i32::from(!counts), verdict);
            }
        }
    }
    let trial = Trial::with_keys(&[adopted(true), victim.certificate(OWNER)].concat());
    let outcome = trial.run(&[&blob], &[]);
    // gpg does not take the victim's key where it has the adopter's already. From 2.3 on it takes both.
    if crate::support::gpg::version() < vec![2, 3] {
        let skipped = format!("skipped an OpenPGP version 4 key ({})", victim.fingerprint());
        assert!(outcome.stderr.contains(&skipped), "{outcome:#?}");
        assert!(outcome.stderr.contains("claimed by another key"), "{outcome:#?}");
    }
}
