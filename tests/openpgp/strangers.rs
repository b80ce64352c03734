// SPDX-License-Identifier: Apache-2.0
//! What comes in place of a signature is named, with what to do; a good signature beside it counts all the same.

use std::io::Write;

use super::trial::{signed_payload, Trial, REFERENCE};
use crate::support::images::{base64, image, D1};
use crate::support::program::word;

const NOT: &str = "Rejected/NotASignature";

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn hexadecimal(data: &[u8]) -> String {
    data.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Base64 in lines of 76 characters, as base64(1) writes it.
fn in_lines(data: &[u8]) -> String {
    let text = base64(data);
    let lines = text
        .as_bytes()
        .chunks(76)
        .map(|line| std::str::from_utf8(line).unwrap());
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

/// Each byte as a character of its own, as a program does that takes the bytes for Latin-1.
fn from_latin_1(data: &[u8]) -> String {
    data.iter().map(|byte| char::from(*byte)).collect()
}

fn utf_16(text: &str) -> Vec<u8> {
    let units = text.encode_utf16().flat_map(u16::to_le_bytes);
    [0xff, 0xfe].into_iter().chain(units).collect()
}

#[test]
fn everything_that_is_no_openpgp_data_is_named() {
    let (trial, signer, key) = Trial::with_signer();
    let good = signer.sign(&key, &signed_payload());
    trial.expect_verified(&good);
    let mut tar = vec![b'a'; 512];
    tar[257..262].copy_from_slice(b"ustar");
    let keybox = [&[0, 0, 0, 32, 1, 1, 0, 2], &b"KBXf"[..], &[0; 20]].concat();
    let extension = format!(
        r#"{{"schemaVersion":2,"type":"atomic","name":"{D1}@x","content":"{}"}}"#,
        base64(&good)
    );
    let object = image(D1, &[&good]).to_string();
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (
            b"<!DOCTYPE html>\n<html><title>Log in</title></html>".to_vec(),
            "a web page (HTML)",
        ),
        (b"\n  <HTML><body>404</body></HTML>\n".to_vec(), "a web page (HTML)"),
        (b"\xef\xbb\xbf<html lang=en>".to_vec(), "a web page (HTML)"),
        (b"<?xml version='1.0'?><html xmlns='x'/>".to_vec(), "a web page (HTML)"),
        (
            b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>".to_vec(),
            "but XML",
        ),
        (
            in_lines(&good).into(),
            "base64 text of a signature; decode it first (base64 -d)",
        ),
        (base64(&good).into(), "base64 text of a signature"),
        (
            base64(&good)
                .replace('+', "-")
                .replace('/', "_")
                .replace('=', "")
                .into(),
            "base64 text of a signature",
        ),
        (
            in_lines(&signed_payload()).into(),
            "base64 text of JSON: perhaps the payload without its signature",
        ),
        (
            in_lines(&[&[0x30, 0x45, 2, 0x21], &[7; 67][..]].concat()).into(),
            "base64 text of DER data",
        ),
        (in_lines(&[1; 100]).into(), "what it encodes is not a signature either"),
        (
            hexadecimal(&good).into(),
            "hexadecimal text of a signature; decode it first",
        ),
        (signed_payload(), "JSON: perhaps the payload without its signature"),
        (
            br#"{"errors":[{"code":"UNAUTHORIZED"}]}"#.to_vec(),
            "JSON: the error message of a registry",
        ),
        (
            br#"{"kind":"Status","apiVersion":"v1","code":404}"#.to_vec(),
            "JSON: the answer of an API server",
        ),
        (
            object.into(),
            "JSON: an API object; image-signature verify takes it with --filename",
        ),
        (extension.into(), "its member content, decoded from base64"),
        (
            br#"{"signatures":[]}"#.to_vec(),
            "as the registry's signature extension gives it",
        ),
        (
            br#"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}"#.to_vec(),
            "a sigstore bundle",
        ),
        (
            br#"{"payloadType":"application/vnd.in-toto+json","payload":""}"#.to_vec(),
            "a sigstore bundle or attestation",
        ),
        (
            br#"{"schemaVersion":2,"config":{},"layers":[]}"#.to_vec(),
            "JSON: an image manifest",
        ),
        (b"[1]".to_vec(), "JSON, a list"),
        (br#"{"critical":"#.to_vec(), "JSON, damaged"),
        (b"{}".to_vec(), "JSON; a signature never has this form"),
        ([b"[\"", &[b'x'; 100_000][..], b"\"]"].concat(), "but JSON"),
        (b"[".repeat(100_000), "but JSON"),
        (b"[".repeat(60_000), "JSON, damaged"),
        (gzip(&good), "gzip data; unpack it first"),
        (b"\x28\xb5\x2f\xfd\x04\x00".to_vec(), "zstd data"),
        (b"\xfd7zXZ\0\0".to_vec(), "xz data"),
        (b"BZh91AY&SY".to_vec(), "bzip2 data"),
        (b"PK\x03\x04\x14".to_vec(), "a ZIP archive"),
        (tar, "a tar archive"),
        (keybox, "a keybox of GnuPG"),
        (b"\x7fELF\x02\x01".to_vec(), "a program"),
        (utf_16("-----BEGIN PGP MESSAGE-----\n"), "UTF-16 text"),
        (b"\xfe\xff\0a".to_vec(), "UTF-16 text"),
        (
            String::from_utf8_lossy(&[&[0xa3], &good[..]].concat())
                .into_owned()
                .into(),
            "corrupted by a text conversion",
        ),
        (from_latin_1(&good).into(), "converted from Latin-1 to UTF-8"),
        (b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), "an HTTP response"),
        (
            b"version https://git-lfs.github.com/spec/v1\n".to_vec(),
            "a Git LFS pointer",
        ),
        (format!("{D1}\n").into(), "a digest"),
        (b"apiVersion: v1\nkind: List\n".to_vec(), "an API object in YAML"),
        (b"-----BEGIN CERTIFICATE-----\nMIIB\n".to_vec(), "a certificate (PEM)"),
        (b"-----BEGIN PUBLIC KEY-----\nMFkw\n".to_vec(), "a PEM public key"),
        (b"-----BEGIN SSH SIGNATURE-----\n".to_vec(), "a signature made by SSH"),
        (b"-----BEGIN PKCS7-----\n".to_vec(), "PEM data"),
        (b"untrusted comment: x\nRW".to_vec(), "a signify or minisign signature"),
        (b"\x30\x82\x01\x02".to_vec(), "DER data"),
        (b"404 page not found\n".to_vec(), "plain text"),
        ("nicht gefunden: \u{e4}\n".into(), "plain text"),
        (vec![0; 100], "zero bytes (0x00)"),
        (b"\x01\x02\x03".to_vec(), "its first byte is 0x01"),
    ];
    let blobs: Vec<&[u8]> = cases
        .iter()
        .map(|(blob, _)| blob.as_slice())
        .chain([&good[..]])
        .collect();
    let outcome = trial.run(&blobs, &[]).expect(0);
    let item = outcome.item();
    let signatures = item["signatures"].as_array().unwrap();
    for ((blob, name), signature) in cases.iter().zip(signatures) {
        let message = signature["message"].as_str().unwrap();
        assert_eq!(word(signature), NOT, "{name}: {message}");
        assert!(
            message.contains("not OpenPGP data") && message.contains(name),
            "no {name}: {message}"
        );
        // Nothing of it is quoted.
        for quoted in ["Log in", "NoSuchKey", "UNAUTHORIZED", "gefunden", D1, REFERENCE] {
            assert!(!message.contains(quoted), "{message} {}", blob.len());
        }
    }
    assert_eq!(word(signatures.last().unwrap()), "Verified/Verified");
    assert_eq!(item["verdict"], "Verified");
}

#[test]
fn keys_in_place_of_a_signature_are_named() {
    let (trial, signer, key) = Trial::with_signer();
    trial.expect(
        &signer.gpg(&["--export", &key], b""),
        NOT,
        "an OpenPGP public key, not a signature; image-signature verify and keys take keys with --public-key",
    );
    let secret = signer.gpg(&["--export-secret-keys", &key], b"");
    trial.expect(&secret, NOT, "an OpenPGP secret key, not a signature");
    trial.expect(
        &signer.gpg(&["--armor", "--export", &key], b""),
        NOT,
        "public key block",
    );
}

/// Files are read as objects are.
#[test]
fn a_page_in_a_file_beside_a_good_signature_spoils_nothing() {
    let (trial, signer, key) = Trial::with_signer();
    let manifest = r#"{"schemaVersion":2,"layers":[]}"#;
    let digest = image_signature::digest::Digest::of_manifest(manifest.as_bytes()).unwrap();
    let good = signer.sign(&key, &crate::support::images::payload(digest.as_str(), REFERENCE));
    trial.sandbox.file("manifest.json", manifest);
    trial.sandbox.file("page", b"<html>");
    trial.sandbox.file("text", in_lines(&good));
    trial.sandbox.file("good", &good);
    let run = |files: &[&str]| {
        let mut command = trial.sandbox.command();
        command.args([
            "verify",
            "--expected-identity",
            REFERENCE,
            "--manifest",
            "manifest.json",
        ]);
        command.arg("--public-key").arg(&trial.key_files[0]);
        for file in files {
            command.args(["--signature-file", file]);
        }
        trial.sandbox.finish(&mut command, b"")
    };
    let outcome = run(&["page"]).expect(1);
    assert!(outcome.words().contains("web page (HTML)"), "{outcome:#?}");
    let outcome = run(&["text"]).expect(1);
    assert!(outcome.words().contains("base64 -d"), "{outcome:#?}");
    let outcome = run(&["page", "text", "good"]).expect(0);
    assert!(outcome.words().contains("Verified: "), "{outcome:#?}");
}
