// SPDX-License-Identifier: Apache-2.0
//! Tables of cases with outcomes recorded from the reference implementation.

use std::collections::BTreeSet;
use std::path::PathBuf;

use base64::Engine as _;
use serde_json::Value;

/// A file under `tests/data`.
pub fn data(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(path)
}

/// A file under the team's shared folder, where it is present. Those files are not part of the source package.
pub fn shared(path: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    path.exists().then_some(path)
}

/// A fixture of the vectors: `extra*` travels with the sources, `upstream` and `manifests` do not.
pub fn fixture(path: &str) -> Option<PathBuf> {
    if path.starts_with("extra") {
        return Some(data("fixtures").join(path));
    }
    shared(&format!("vectors/fixtures/{path}"))
}

/// Cases of stored images that the reference implementation decides otherwise, and why that is meant.
pub const STORED_OTHERWISE: [(&str, &str); 4] = [
    ("storage/57", "a gap in the numbers hides no signature"),
    ("storage/63", "ASCII armour is refused, whatever its prefix"),
    ("storage/65", "a blob that is no signature does not spoil a good one"),
    ("storage/66", "an empty blob does not spoil a good one"),
];

const FIRST_BLOCK: &str = "a file with more than one block is refused: which key is meant cannot be told";
const BASE64: &str = "only canonical base64 without line ends is taken";
const DER: &str = "ECDSA signatures are DER only";

/// Cases of sigstore's keys and encodings that the reference implementation decides otherwise, and why that is meant.
pub const SIGSTORE_OTHERWISE: [(&str, &str); 7] = [
    ("keyfile/file-two-first-right", FIRST_BLOCK),
    ("keyfile/file-key-then-cert", FIRST_BLOCK),
    ("base64/line-feed-inside", BASE64),
    ("base64/nonzero-trailing-bits", BASE64),
    ("encoding/ecdsa-p1363", DER),
    ("encoding/ecdsa-p1363-wide", DER),
    (
        "signatures/unreadable-blob-then-good",
        "one blob that cannot be read does not hide the others",
    ),
];

const SURROGATE: &str = "half of a surrogate pair is no character, and no other one takes its place";
const NULL: &str = "null is no text";
const UTF8: &str = "bytes that are not UTF-8 are no text, and no other character takes their place";
const ROUNDED: &str = "a timestamp is the number that is written: it is not rounded to a double first";

/// Cases of payloads of simple signing that the reference implementation decides otherwise, and why that is meant.
pub const PAYLOADS_OTHERWISE: [(&str, &str); 9] = [
    ("reference/lone-high-surrogate", SURROGATE),
    ("optional/creator-null", NULL),
    ("timestamp/tiny-fraction-lost", ROUNDED),
    ("timestamp/below-int64-min", ROUNDED),
    ("timestamp/underflow-1e-400", ROUNDED),
    ("timestamp/2pow53-plus-1", ROUNDED),
    ("encoding/invalid-utf8-in-creator", UTF8),
    ("encoding/invalid-utf8-in-unknown-optional-key", UTF8),
    ("encoding/cesu-surrogate", UTF8),
];

/// The same of sigstore payloads.
pub const SIGSTORE_PAYLOADS_OTHERWISE: [(&str, &str); 12] = [
    ("simple/reference/lone-high-surrogate", SURROGATE),
    ("simple/optional/creator-null", NULL),
    ("simple/timestamp/tiny-fraction-lost", ROUNDED),
    ("simple/timestamp/below-int64-min", ROUNDED),
    ("simple/timestamp/underflow-1e-400", ROUNDED),
    ("simple/timestamp/2pow53-plus-1", ROUNDED),
    ("simple/encoding/invalid-utf8-in-creator", UTF8),
    ("simple/encoding/invalid-utf8-in-unknown-optional-key", UTF8),
    ("simple/encoding/cesu-surrogate", UTF8),
    ("cosign/identity-null", NULL),
    ("cosign/creator-null", NULL),
    ("cosign/latin1-in-annotation", UTF8),
];

/// One table of cases, with the cases that are left out on purpose and why.
pub struct Table {
    file: &'static str,
    cases: Vec<Value>,
    exempt: Vec<(&'static str, &'static str)>,
    used: BTreeSet<&'static str>,
    ran: usize,
    skipped: usize,
    failures: Vec<String>,
}

impl Table {
    pub fn load(file: &'static str, exempt: &[(&'static str, &'static str)]) -> Self {
        let text = std::fs::read_to_string(data("vectors").join(file)).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        let cases = document["cases"].as_array().unwrap().clone();
        assert!(!cases.is_empty());
        Self {
            file,
            cases,
            exempt: exempt.to_vec(),
            used: BTreeSet::new(),
            ran: 0,
            skipped: 0,
            failures: Vec::new(),
        }
    }

    /// The cases of one category.
    pub fn of(self, category: &str) -> Self {
        self.of_any(&[category])
    }

    /// The cases of these categories; the others run elsewhere.
    pub fn of_any(mut self, categories: &[&str]) -> Self {
        self.cases.retain(|case| categories.contains(&text(case, "category")));
        for category in categories {
            let is_there = self.cases.iter().any(|case| text(case, "category") == *category);
            assert!(is_there, "{category}");
        }
        self
    }

    /// Leaves out cases that are not about what runs here, and says how many and why.
    pub fn leave_out(mut self, why: &str, is_left_out: impl Fn(&Value) -> bool) -> Self {
        let before = self.cases.len();
        self.cases.retain(|case| !is_left_out(case));
        let count = before - self.cases.len();
        assert!(count > 0 && !self.cases.is_empty(), "{count} left out: {why}");
        println!("{}: {count} cases left out: {why}", self.file);
        self
    }

    /// Runs `check` on each case: `None` where its files are not here, otherwise what was wrong.
    pub fn run(mut self, mut check: impl FnMut(&Value) -> Option<Result<(), String>>) {
        for case in std::mem::take(&mut self.cases) {
            let name = case["name"].as_str().unwrap().to_owned();
            match check(&case) {
                None => self.skipped += 1,
                Some(Ok(())) => self.ran += 1,
                Some(Err(what)) => match self.exempt.iter().find(|(n, _)| *n == name) {
                    Some((n, why)) => {
                        println!("{}: {name} differs on purpose: {why}", self.file);
                        self.used.insert(n);
                    }
                    None => self.failures.push(format!("{name}: {what}")),
                },
            }
        }
        println!(
            "{}: {} cases ran, {} skipped (files of ../shared absent), {} differ on purpose",
            self.file,
            self.ran,
            self.skipped,
            self.used.len()
        );
        assert!(
            self.failures.is_empty(),
            "{} failures:\n{}",
            self.failures.len(),
            self.failures.join("\n")
        );
        // A case without its files where they are is one that nobody judges.
        assert!(
            self.skipped == 0 || shared("vectors/fixtures").is_none(),
            "{}",
            self.file
        );
        if self.skipped == 0 {
            for (name, _) in &self.exempt {
                assert!(self.used.contains(name), "{name} need not be left out any more");
            }
        }
    }
}

pub fn text<'a>(case: &'a Value, member: &str) -> &'a str {
    case[member].as_str().unwrap_or_else(|| panic!("{member} of {case}"))
}

pub fn bytes(case: &Value, member: &str) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD
        .decode(text(case, member))
        .unwrap()
}

pub fn same<T: PartialEq + std::fmt::Debug>(what: &str, expected: T, found: T) -> Result<(), String> {
    if expected == found {
        Ok(())
    } else {
        Err(format!("{what}: expected {expected:?}, found {found:?}"))
    }
}

/// A case of payloads: whether it is accepted, and what is read of it where the case says it.
pub fn payload_case(case: &Value, format: image_signature::payload::PayloadFormat) -> Result<(), String> {
    let parsed = image_signature::payload::Payload::parse(&bytes(case, "input_base64"), format);
    match (case["accept"].as_bool().unwrap(), parsed) {
        (true, Ok(payload)) => {
            let Some(expect) = case.get("expect").filter(|expect| expect.is_object()) else {
                return Ok(());
            };
            same(
                "digest",
                expect["docker_manifest_digest"].as_str(),
                Some(payload.digest.as_str()),
            )
            .and(same(
                "reference",
                expect["docker_reference"].as_str(),
                Some(&payload.reference),
            ))
            .and(same("creator", expect["creator"].as_str(), payload.creator.as_deref()))
            .and(same("timestamp", expect["timestamp"].as_i64(), payload.timestamp))
        }
        (false, Err(_)) => Ok(()),
        (accept, parsed) => Err(format!("accept {accept}, found {parsed:?}")),
    }
}
