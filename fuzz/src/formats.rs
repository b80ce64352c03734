// SPDX-License-Identifier: Apache-2.0
//! Formats of images, signatures, objects and policies.

use image_signature::digest::Digest;
use image_signature::edit::{self, Change, SignatureEdit};
use image_signature::payload::{Payload, PayloadFormat};
use image_signature::policy::file::PolicyText;
use image_signature::reference::Reference;
use image_signature::source::objects::outline::Outline;
use image_signature::source::objects::scan::{self, Level, ScanError, Sink};
use image_signature::source::objects::ObjectKind;
use image_signature::{image, input, json, manifest, subject, yaml};
use serde_json::Value;

/// A payload says what any reader of JSON finds in it.
pub fn payload(input: &[u8]) {
    for format in [PayloadFormat::SimpleSigning, PayloadFormat::Sigstore] {
        if let Ok(payload) = Payload::parse(input, format) {
            let value: Value = serde_json::from_slice(input).expect("what we read as JSON is JSON");
            let critical = &value["critical"];
            assert_eq!(critical["image"]["docker-manifest-digest"], payload.digest.as_str());
            assert_eq!(critical["identity"]["docker-reference"], *payload.reference);
        }
    }
    if let (Ok(strict), Ok(lenient)) = (json::parse(input), serde_json::from_slice::<Value>(input)) {
        if !input.iter().any(u8::is_ascii_digit) {
            assert_eq!(strict, lenient);
        }
    }
}

/// A reference reads back as it is written.
pub fn reference(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    if let Ok(reference) = Reference::parse(text) {
        let canonical = reference.to_string();
        assert!(canonical.is_ascii() && !canonical.contains(char::is_whitespace));
        assert_eq!(Reference::parse(&canonical).ok(), Some(reference));
    }
}

/// A digest is spelled in one way.
pub fn digest(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    if let Ok(digest) = Digest::parse(text) {
        assert_eq!(digest.as_str(), text);
    }
}

/// A manifest or a list: without JWS signatures it hashes to itself; a list's entries are digests.
pub fn manifest(input: &[u8]) {
    let _ = manifest::media_type(input);
    if let (Err(_), Ok(digest)) = (manifest::jws_payload(input), Digest::of_manifest(input)) {
        assert_eq!(digest, Digest::of_bytes(input));
    }
    if let Ok(entries) = subject::instances::entries(input) {
        for entry in entries {
            assert_eq!(Digest::parse(entry.digest.as_str()).ok(), Some(entry.digest));
        }
    }
}

/// Sees that each object is a part of the text, and that what begins ends.
struct Parts<'t> {
    text: &'t [u8],
    end: u64,
    /// How many have begun that have not ended.
    open: usize,
}

impl Sink for Parts<'_> {
    fn begin(&mut self) {
        self.open += 1;
    }

    fn end(&mut self, _: Option<ObjectKind>) {
        self.open = self.open.checked_sub(1).expect("what ends has begun");
    }

    fn object(&mut self, _: &Outline, start: u64, length: u64, _: Level) -> Result<(), ScanError> {
        self.end = start + length;
        let (Ok(start), Ok(end)) = (usize::try_from(start), usize::try_from(self.end)) else {
            panic!("an object beyond all memory");
        };
        if let Ok(value) = json::parse(&self.text[start..end]) {
            if let Ok(image) = image::Image::from_json(&value) {
                if let Ok(digest) = image.digest() {
                    let _ = image.manifest_state(&digest);
                }
            }
            let _ = (image::is_stub(&value), image::children(&value), image::absence(&value));
        }
        Ok(())
    }
}

/// A change of what is recorded for the first signature.
fn change() -> SignatureEdit {
    let conditions = serde_json::json!([{"type": "Trusted", "status": "True"}]);
    let changes = vec![("conditions", Change::Set(conditions)), ("created", Change::Remove)];
    SignatureEdit { index: 0, changes }
}

/// An object file in JSON: each object found is a part of it, and a change in the text of one is that change and no other.
pub fn object(input: &[u8]) {
    let (text, end, open) = (input, 0, 0);
    let mut parts = Parts { text, end, open };
    if scan::json(input, &mut parts).is_ok() {
        assert!(parts.end <= input.len() as u64);
        assert_eq!(parts.open, 0, "what has begun has ended");
    }
    if let (Ok(text), Ok(mut value)) = (std::str::from_utf8(input), json::parse(input)) {
        if let Ok(edited) = edit::json::edit(text, &[change()]) {
            change().apply(&mut value);
            assert_eq!(json::parse(edited.as_bytes()).ok(), Some(value), "{edited}");
        }
    }
}

/// Text that people hand over, in whatever encoding, and the YAML in it: written, it reads back as the same; converted, it is
/// JSON that says the same.
pub fn text(input: &[u8]) {
    let Ok(text) = input::text(input.to_vec()) else {
        return;
    };
    let _ = edit::yaml::edit(&text, &[(None, vec![change()])]);
    let mut converted = Vec::new();
    let is_converted = yaml::convert::to_json(&text, &mut converted).is_ok();
    if let Ok(stream) = yaml::parse(&text) {
        if is_converted {
            let lines = converted.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            let found: Vec<Value> = lines
                .map(|line| serde_json::from_slice(line).expect("it is JSON"))
                .collect();
            let values = stream.documents.iter().map(yaml::Node::value);
            assert_eq!(found, values.filter(|value| !value.is_null()).collect::<Vec<_>>());
        }
        for document in &stream.documents {
            let value = document.value();
            let written = yaml::emit::document(&value);
            let again = yaml::parse(&written).expect("YAML that we write is YAML");
            assert_eq!(again.documents[0].value(), value, "{written}");
        }
    }
}

/// A policy file, or objects in place of one; both find the same requirements for a reference each time.
pub fn policy(input: &[u8]) {
    let Ok(reference) = Reference::parse("registry.example/a/b:c") else {
        return;
    };
    if let (Ok(PolicyText::Policy(one)), Ok(PolicyText::Policy(other))) =
        (PolicyText::parse(input), PolicyText::parse(input))
    {
        let (one, other) = (one.select("docker", &reference), other.select("docker", &reference));
        assert_eq!(format!("{:?}", one.1), format!("{:?}", other.1));
    }
}
