// SPDX-License-Identifier: Apache-2.0
//! `--sigstore-key`: which keys are one, are counted, are named, and which files are of no use.

use openssl::nid::Nid;

use super::sigstore::{digest, Place, OK};
use crate::support::cosign::Cosign;
use crate::support::{forge, images};
use crate::verify::IDENTITY;

#[test]
fn different_keys_of_both_kinds_are_counted() {
    let place = Place::new();
    let key = place.desk.key_file.to_str().unwrap();
    let two = [
        "--require",
        "2",
        "--sigstore-key",
        "cosign.pub",
        "--public-key",
        key,
        "-o",
        "json",
    ];
    place.put(1, place.gpg());
    place.put(2, place.gpg());
    place.run(&two).expect_verdict(1, "Rejected/ThresholdNotReached");
    place.put(2, place.good());
    place.run(&two).expect_verdict(0, OK);
    // Two signatures by one key are one.
    place.put(1, place.good());
    place.run(&two).expect_verdict(1, "Rejected/ThresholdNotReached");
    let second = Cosign::new();
    place.desk.put("second.pub", second.pem());
    place.put(1, second.file(&digest(), IDENTITY));
    place
        .run(&[&two[..], &["--sigstore-key", "second.pub"]].concat())
        .expect_verdict(0, OK);
    // One key in two files, spelled in two ways, too.
    let text = String::from_utf8(place.cosign.pem()).unwrap();
    place.desk.put("again.pub", text.replace('\n', "\r\n"));
    place.put(1, place.good());
    place
        .run(&[&two[..], &["--sigstore-key", "again.pub"]].concat())
        .expect_verdict(1, "Rejected/ThresholdNotReached");
}

/// Keys of the same numbers count once, whatever they are called: OpenPGP keys of two dates, and a sigstore key.
#[test]
fn one_key_under_several_names_counts_once() {
    let place = Place::with(Cosign::rsa(2048));
    let twins = [1, 2].map(|ago| forge::Key::of(place.cosign.0.clone(), forge::then() - ago));
    assert_ne!(twins[0].fingerprint(), twins[1].fingerprint());
    let payload = images::payload(&digest(), IDENTITY);
    for (number, twin) in twins.iter().enumerate() {
        place
            .desk
            .put(&format!("{number}.gpg"), twin.certificate("Twin <twin@example.com>"));
        let draft = forge::Draft::new(forge::then() + 60).named(twin);
        place.put(number + 1, twin.message(&draft, &payload));
    }
    let gpg = ["--public-key", "0.gpg", "--public-key", "1.gpg", "-o", "json"];
    let outcome = place.run(&gpg).expect_verdict(0, OK);
    for signature in outcome.item()["signatures"].as_array().unwrap() {
        assert_eq!(signature["verdict"], "Verified", "{signature}");
    }
    let two = [&gpg[..], &["--require", "2"]].concat();
    place.run(&two).expect_verdict(1, "Rejected/ThresholdNotReached");
    place.put(3, place.good());
    let both = [&two[..], &["--sigstore-key", "cosign.pub"]].concat();
    place.run(&both).expect_verdict(1, "Rejected/ThresholdNotReached");
    let key = place.desk.key_file.to_str().unwrap();
    place.put(4, place.gpg());
    place
        .run(&[&both[..], &["--public-key", key]].concat())
        .expect_verdict(0, OK);
}

/// What tells keys apart is the digest of the key as other formats encode it.
#[test]
fn numbers_of_keys_are_those_of_other_formats() {
    use image_signature::openpgp::keys::public_key::Material;
    let number = |bytes: &[u8]| {
        let bits = bytes.len() * 8 - bytes[0].leading_zeros() as usize;
        [&u16::try_from(bits).unwrap().to_be_bytes()[..], bytes].concat()
    };
    let curve = |oid: &[u8], point: Vec<u8>| [&[u8::try_from(oid.len()).unwrap()], oid, &number(&point)].concat();
    let ec = |nid, oid: &[u8]| {
        let key = Cosign::ecdsa(nid);
        let own = key.0.ec_key().unwrap();
        let mut context = openssl::bn::BigNumContext::new().unwrap();
        let form = openssl::ec::PointConversionForm::UNCOMPRESSED;
        let point = own.public_key().to_bytes(own.group(), form, &mut context).unwrap();
        (19, key, curve(oid, point))
    };
    let rsa = |bits| {
        let key = Cosign::rsa(bits);
        let own = key.0.rsa().unwrap();
        (
            1,
            Cosign(key.0.clone()),
            [number(&own.n().to_vec()), number(&own.e().to_vec())].concat(),
        )
    };
    let edwards = Cosign::ed25519();
    let raw = [&[0x40], &edwards.0.raw_public_key().unwrap()[..]].concat();
    let oid = [0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01];
    for (algorithm, key, numbers) in [
        rsa(2048),
        rsa(3072),
        ec(Nid::X9_62_PRIME256V1, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]),
        ec(Nid::SECP384R1, &[0x2b, 0x81, 0x04, 0x00, 0x22]),
        ec(Nid::SECP521R1, &[0x2b, 0x81, 0x04, 0x00, 0x23]),
        (22, Cosign(edwards.0.clone()), curve(&oid, raw)),
    ] {
        let packet = [&[4, 1, 2, 3, 4, algorithm], &numbers[..]].concat();
        let later = [&[4, 9, 9, 9, 9, algorithm], &numbers[..]].concat();
        assert_eq!(Material::of_packet(&packet), Material::of_encoded(&key.id()));
        assert_eq!(Material::of_packet(&packet), Material::of_packet(&later));
    }
    // GnuPG takes a key on an Edwards curve as it is, marked, and as two coordinates; and as many zeros as there are.
    let raw = edwards.0.raw_public_key().unwrap();
    let own = Material::of_encoded(&edwards.id());
    let mut both = vec![4; 65];
    both[33..].copy_from_slice(&raw);
    both[33..].reverse();
    both[33] &= 0x7f;
    both[32] = raw[31] >> 7;
    let newer = [0x2b, 0x65, 0x70];
    for numbers in [curve(&oid, raw.clone()), curve(&oid, both), curve(&newer, raw)] {
        assert_eq!(Material::of_packet(&[&[4, 1, 2, 3, 4, 22], &numbers[..]].concat()), own);
    }
    let dsa = |numbers: &[u8]| Material::of_packet(&[&[4, 0, 0, 0, 0, 17], numbers].concat());
    assert_eq!(
        dsa(&[0, 3, 7, 0, 3, 5, 0, 2, 3, 0, 2, 2]),
        dsa(&[0, 9, 0, 7, 0, 3, 5, 0, 2, 3, 0, 2, 2])
    );
    assert!(!dsa(&[0, 3, 7, 0, 3, 5, 0, 2, 3, 0, 2, 2]).may_be(&dsa(&[0, 3, 7, 0, 3, 5, 0, 2, 3, 0, 2, 3])));
    // Of a form that is not understood it is not known that it is another key.
    assert!(Material::of_packet(&[4, 0, 0, 0, 0, 17, 0]).may_be(&own));
}

#[test]
fn signed_by_names_sigstore_keys_by_their_digest() {
    let place = Place::new();
    let other = Cosign::new();
    place.desk.put("other.pub", other.pem());
    place.put(1, place.good());
    let keys = [
        "--sigstore-key",
        "cosign.pub",
        "--sigstore-key",
        "other.pub",
        "-o",
        "json",
    ];
    let run = |named: &str| place.run(&[&keys[..], &["--signed-by", named]].concat());
    let own = place.cosign.id();
    run(&format!("sha256:{own}")).expect_verdict(0, OK);
    run(&format!("sha256:{}", own.to_uppercase())).expect_verdict(0, OK);
    let outcome = run(&format!("sha256:{}", other.id())).expect_verdict(1, "Rejected/KeyNotAccepted");
    let signature = &outcome.item()["signatures"][0];
    assert_eq!(signature["signer"]["fingerprint"], format!("sha256:{own}"));
    assert!(signature["claim"].is_null());
    let outcome = run(&format!("sha256:{}", "0".repeat(64))).expect(1);
    assert!(
        outcome.stderr.contains("no key of --sigstore-key has the digest"),
        "{outcome:?}"
    );
    run("sha256:12").expect_usage("64 hexadecimal digits");
    let key = place.desk.key_file.to_str().unwrap();
    place
        .run(&["--public-key", key, "--signed-by", &format!("sha256:{own}")])
        .expect_usage("add --sigstore-key FILE");
    // A fingerprint narrows OpenPGP keys only, and asks for them.
    place.put(2, place.gpg());
    let fingerprint = [&keys[..], &["--public-key", key, "--signed-by", &place.desk.key]].concat();
    let outcome = place.run(&fingerprint).expect_verdict(0, OK);
    assert_eq!(outcome.item()["signatures"][0]["verdict"], "Verified");
    assert_eq!(outcome.item()["signatures"][1]["verdict"], "Verified");
}

#[test]
fn key_files_of_no_use_are_usage_errors() {
    let place = Place::new();
    place.put(1, place.good());
    let twice = [place.cosign.pem(), Cosign::new().pem()].concat();
    let private = place.cosign.0.private_key_to_pem_pkcs8().unwrap();
    for (content, part) in [
        (Cosign::rsa(1024).pem(), "2048"),
        (Cosign::ecdsa(Nid::SECP256K1).pem(), "P-256, P-384 and P-521"),
        (private, "private key"),
        (twice, "more than one PEM block"),
        (
            std::fs::read(&place.desk.key_file).unwrap(),
            "OpenPGP keys are given to verify with --public-key",
        ),
        (Vec::new(), "it is empty"),
        (vec![b'x'; 65 << 10], "65536 bytes"),
    ] {
        place.desk.put("cosign.pub", content);
        place
            .json()
            .expect_usage("cannot use key file cosign.pub")
            .expect_usage(part);
    }
    place
        .run(&["--sigstore-key", "absent.pub"])
        .expect_usage("reading key file absent.pub");
}
