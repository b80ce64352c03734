// SPDX-License-Identifier: Apache-2.0
//! Lists of all variants of an enum have all of them: tests and formats go by these lists, and no compiler counts them.

use super::modules::{files, root};

/// The lists `const ALL` of a text: the enum, and how many variants the list has.
fn lists(text: &str) -> Vec<(&str, usize)> {
    let mut found = Vec::new();
    let mut own = "";
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("impl ").and_then(|rest| rest.strip_suffix(" {")) {
            own = name;
        }
        let list = line
            .trim_start()
            .trim_start_matches("pub ")
            .strip_prefix("const ALL: [");
        if let Some((name, rest)) = list.and_then(|list| list.split_once("; ")) {
            let count = rest.split(']').next().and_then(|count| count.parse().ok());
            let name = if name == "Self" { own } else { name };
            found.extend(count.map(|count| (name, count)));
        }
    }
    found
}

/// How many variants an enum has in a text; none where a variant has content, or the enum is not there.
fn variants(text: &str, name: &str) -> Option<usize> {
    let body = text.split_once(&format!("enum {name} {{\n"))?.1.split_once("\n}")?.0;
    let code = body.lines().map(str::trim);
    let code: Vec<&str> = code
        .filter(|line| !line.is_empty() && !line.starts_with(['/', '#']))
        .collect();
    let is_bare = |line: &&str| line.trim_end_matches(',').chars().all(char::is_alphanumeric);
    code.iter().all(is_bare).then_some(code.len())
}

#[test]
fn lists_and_variants_are_counted() {
    let text = "/// One.\nenum A {\n    /// Two.\n    #[x]\n    B,\n    C,\n}\nimpl A {\n    pub const ALL: [Self; 2] = [\n}\n\
                enum D {\n    E(A),\n}\nimpl D {\n    const ALL: [D; 1] = [\n";
    assert_eq!(lists(text), [("A", 2), ("D", 1)]);
    assert_eq!(
        [variants(text, "A"), variants(text, "D"), variants(text, "F")],
        [Some(2), None, None]
    );
}

#[test]
fn lists_of_all_variants_have_all() {
    let mut counted = 0;
    for file in files("src", ".rs") {
        let text = std::fs::read_to_string(root().join(&file)).unwrap();
        for (name, count) in lists(&text) {
            if let Some(variants) = variants(&text, name) {
                assert_eq!(count, variants, "{file}: {name}::ALL and the variants of {name}");
                counted += 1;
            }
        }
    }
    assert!(counted >= 5, "{counted}");
}

/// Where every option or field needs a decision: the file, and the types that it takes apart field by field.
const WHOLE: [(&str, &[&str]); 7] = [
    (
        "src/settings/remove.rs",
        &[
            "VerifyCommand",
            "AcceptanceOptions",
            "KeyOptions",
            "ClusterRegistryOptions",
        ],
    ),
    (
        "src/settings/audit/decisive.rs",
        &[
            "AuditCommand",
            "Criteria",
            "AcceptanceOptions",
            "KeyOptions",
            "SourceOptions",
            "ClusterRegistryOptions",
            "RegistryOptions",
            "ReportOptions",
        ],
    ),
    ("src/settings/criteria.rs", &["Self", "KeyChoice"]),
    (
        "src/settings/by_policy.rs",
        &["AcceptanceOptions", "KeyOptions", "Demands"],
    ),
    ("src/settings/cluster/unused.rs", &["ClientOptions"]),
    ("src/cli/registry.rs", &["Self"]),
    ("src/run/audit/parameters.rs", &["Criteria", "KeyChoice"]),
];

/// The compiler asks for a new field only where a pattern leaves none out.
#[test]
fn patterns_that_ask_for_a_decision_name_every_field() {
    for (file, types) in WHOLE {
        let text = std::fs::read_to_string(root().join(file)).unwrap();
        for name in types {
            let patterns: Vec<&str> = text.split(&format!("let {name} {{")).skip(1).collect();
            assert!(!patterns.is_empty(), "{file} does not take {name} apart");
            for pattern in patterns {
                let fields = pattern.split('}').next().unwrap();
                assert!(!fields.contains(".."), "{file} leaves fields of {name} out");
            }
        }
    }
}
