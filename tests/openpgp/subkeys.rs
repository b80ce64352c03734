// SPDX-License-Identifier: Apache-2.0
//! Subkeys that fit a signature: whose they are, and when they count.

use super::keys::{signed, signed_at, BAD, DAY, EXPIRED, OWNER, REASONS, REVOKED};
use super::trial::Trial;
use crate::support::forge::{now, Draft, Key, CERTIFY, SIGN};
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

/// A second primary key that has adopted a signing subkey: nobody can tell whose signature it is.
#[test]
fn a_subkey_of_two_primary_keys_does_not_count_for_either() {
    let (first, second, subkey) = (Key::new(), Key::new(), Key::new());
    let certificate = |primary: &Key, name: &str, back: bool| {
        let mut binding = Draft::binding(&subkey);
        binding.back_signature = back;
        [primary.certificate(name), primary.subkey(&subkey, &binding)].concat()
    };
    let blob = signed(&subkey);
    for back in [true, false] {
        for turned in [false, true] {
            let mut keys = [certificate(&first, "first", true), certificate(&second, "second", back)];
            if turned {
                keys.reverse();
            }
            let trial = Trial::with_keys(&keys.concat());
            let signature = trial.signature(&blob);
            assert_ne!(signature["verdict"], "Verified", "{signature:#}");
            // Where gpg picks the one without back-signature it refuses by itself, but not for the true reason.
            trial.expect(&blob, "Rejected/KeyNotAccepted", "2 keys claim as theirs");
            for key in [&first, &second] {
                trial.expect(&blob, "Rejected/KeyNotAccepted", &key.fingerprint());
            }
        }
    }
    Trial::with_keys(&certificate(&first, "first", true)).expect_verified(&blob);
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
    let mut binding = Draft::binding(&victim);
    binding.back_signature = false;
    let adopted = [
        adopter.certificate("Adopter <adopter@example.com>"),
        adopter.subkey(&victim, &binding),
    ]
    .concat();
    let blob = signed(&victim);
    // The adopter alone is no reason to believe the victim's signatures.
    Trial::with_keys(&adopted).expect(&blob, BAD, "back-signature");
    // gpg does not even take the victim's key where it has the adopter's already: the order must not matter.
    let verdict = "Rejected/KeyNotAccepted";
    for keys in [
        [victim.certificate(OWNER), adopted.clone()],
        [adopted.clone(), victim.certificate(OWNER)],
    ] {
        let trial = Trial::with_keys(&keys.concat());
        trial.expect(&blob, verdict, "2 keys claim as theirs");
        for named in [&adopter, &victim] {
            let outcome = trial.run(&[&blob], &["--signed-by", &named.fingerprint()]);
            outcome.expect_verdict(1, verdict);
        }
    }
    let trial = Trial::with_keys(&[adopted, victim.certificate(OWNER)].concat());
    let outcome = trial.run(&[&blob], &[]);
    // From 2.3 on gpg takes both.
    if crate::support::gpg::version() < vec![2, 3] {
        let skipped = format!("skipped an OpenPGP version 4 key ({})", victim.fingerprint());
        assert!(outcome.stderr.contains(&skipped), "{outcome:#?}");
        assert!(outcome.stderr.contains("claimed by another key"), "{outcome:#?}");
    }
}
