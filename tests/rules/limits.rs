// SPDX-License-Identifier: Apache-2.0
//! The limits that docs/contract.md 6 promises are those of the sources.

use std::fs;

use super::modules::root;

/// The rows of the section by what begins them, with the constants or fields that have their numbers, in the order of the row.
const ROWS: [(&str, &[(&str, &str)]); 20] = [
    ("signature blob", &[("limits", "MAX_BLOB_BYTES")]),
    ("payload", &[("limits", "MAX_PAYLOAD_BYTES")]),
    ("manifest", &[("limits", "MAX_MANIFEST_BYTES")]),
    ("instances of a list", &[("limits", "MAX_INSTANCES")]),
    (
        "key file; one key",
        &[("openpgp/keys/key_file", "MAX_KEY_FILE"), ("limits", "MAX_KEY_BYTES")],
    ),
    ("signatures judged", &[("limits", "MAX_SIGNATURES")]),
    ("signatures of the instances", &[("limits", "MAX_CHECKED_OF_LIST")]),
    ("times that a sigstore key", &[("limits", "MAX_TRIED_OF_LIST")]),
    (
        "signatures beyond the limit",
        &[("source/registry/signatures", "MAX_NAMED")],
    ),
    ("OpenPGP packets", &[("openpgp/framing/message", "MAX_PACKETS")]),
    (
        "object file; one object",
        &[
            ("source/objects/places", "MAX_FILE_BYTES"),
            ("limits", "MAX_OBJECT_BYTES"),
        ],
    ),
    ("page of an API server", &[("limits", "MAX_PAGE_BYTES")]),
    (
        "last layer of a release payload",
        &[
            ("source/registry/layers", "MAX_LAYER_BYTES"),
            ("cluster/release/archive", "MAX_CONTENT"),
            ("cluster/release/archive", "MAX_REFERENCES"),
            ("cluster/release/components", "MAX_COMPONENTS"),
        ],
    ),
    (
        "all requests to registries about a release payload",
        &[("run/audit/cluster/payload", "MAX_TIME")],
    ),
    ("nesting of JSON other than", &[("json/grammar", "MAX_DEPTH")]),
    ("nesting of payloads and manifests", &[("payload", "MAX_PAYLOAD_DEPTH")]),
    (
        "wait that a server asks for",
        &[("http/retry", "MAX_RETRY_AFTER"), ("http/retry", "MAX_RETRY_TOTAL")],
    ),
    ("gpg on one message", &[("openpgp/gnupg/gpgme/worker", "PATIENCE")]),
    (
        "gpg listing keys",
        &[("openpgp/gnupg/gpgme/worker", "PATIENCE_WITH_KEYS")],
    ),
    (
        "one gpg process",
        &[
            ("openpgp/gnupg/batch", "messages"),
            ("openpgp/gnupg/batch/worker", "MAX_TOGETHER"),
            ("openpgp/gnupg/batch", "age"),
        ],
    ),
];
/// What no constant says: it follows from all of them, and is measured.
const MEASURED: &str = "memory for one object";

/// The numbers of a cell, in bytes or seconds where they have such a unit: `60 s; 5 minutes`.
fn numbers(cell: &str) -> Vec<u64> {
    let mut found = Vec::new();
    for word in cell.split_whitespace() {
        let word = word.trim_end_matches([',', ';']);
        let factor = match word {
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            "minutes" => 60,
            _ => 1,
        };
        if let Some(last) = found.last_mut() {
            *last *= factor;
        }
        found.extend(word.replace(',', "").parse::<u64>());
    }
    found
}

/// The value of a constant, or the one that a field gets by default, in the source of a module.
fn value(module: &str, name: &str) -> u64 {
    let text = fs::read_to_string(root().join(format!("src/{module}.rs"))).unwrap();
    let expression = text.lines().find_map(|line| {
        let line = line.trim_start();
        let constant = line.split_once(&format!("const {name}: ")).and_then(|(_, rest)| {
            let (_, value) = rest.split_once(" = ")?;
            value.strip_suffix(';')
        });
        let field = || line.strip_prefix(&format!("{name}: "))?.strip_suffix(',');
        // The declaration of a field has its type there.
        constant
            .or_else(field)
            .filter(|value| value.contains(|c: char| c.is_ascii_digit()))
    });
    let expression = expression.unwrap_or_else(|| panic!("src/{module}.rs has no {name}"));
    let expression = expression
        .trim_start_matches("Duration::from_secs(")
        .trim_end_matches(')');
    let number = |text: &str| text.trim().replace('_', "").parse::<u64>().unwrap();
    match expression.split_once("<<") {
        Some((number_of, bits)) => number(number_of) << number(bits),
        None => number(expression),
    }
}

#[test]
fn limits_of_the_contract_are_those_of_the_sources() {
    let text = fs::read_to_string(root().join("docs/contract.md")).unwrap();
    let section = text.split("\n## ").find(|section| section.starts_with("6. ")).unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| ")).skip(1);
    let mut left: Vec<_> = ROWS.to_vec();
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        if cells[0].starts_with(MEASURED) {
            continue;
        }
        let at = left.iter().position(|(begin, _)| cells[0].starts_with(begin));
        let at = at.unwrap_or_else(|| panic!("no constant is named for: {row}"));
        let (_, constants) = left.remove(at);
        let values: Vec<u64> = constants.iter().map(|(module, name)| value(module, name)).collect();
        assert_eq!(numbers(cells[1]), values, "{row} {constants:?}");
    }
    assert!(left.is_empty(), "section 6 has no row for {left:?}");
    assert_eq!(
        value("manifest/lenient", "MAX_MANIFEST_DEPTH"),
        value("payload", "MAX_PAYLOAD_DEPTH")
    );
}

#[test]
fn numbers_of_limits_are_read_with_their_units() {
    assert_eq!(numbers("16 MiB; 1 KiB"), [16 << 20, 1 << 10]);
    assert_eq!(
        numbers("10,000 messages, 32 at a time; 60 s; until a key is added"),
        [10_000, 32, 60]
    );
    assert_eq!(numbers("60 s; 5 minutes"), [60, 300]);
}
