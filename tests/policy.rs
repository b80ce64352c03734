// SPDX-License-Identifier: Apache-2.0
//! The recorded cases of containers-policy.json(5): what parses, and which scope applies.

#[path = "policy/conjunction.rs"]
mod conjunction;
#[path = "policy/escapes.rs"]
mod escapes;
#[path = "policy/files.rs"]
mod files;
#[path = "policy/lint.rs"]
mod lint;
#[path = "policy/lint_denied.rs"]
mod lint_denied;
#[path = "policy/lint_identities.rs"]
mod lint_identities;
#[path = "policy/lint_keys.rs"]
mod lint_keys;
#[path = "policy/lint_machine.rs"]
mod lint_machine;
#[path = "policy/lint_objects.rs"]
mod lint_objects;
#[path = "policy/lint_places.rs"]
mod lint_places;
#[path = "policy/lint_scopes.rs"]
mod lint_scopes;
#[path = "policy/lint_shipped.rs"]
mod lint_shipped;
#[path = "policy/mirrors.rs"]
mod mirrors;
#[path = "policy/mirrors_there.rs"]
mod mirrors_there;
#[path = "policy/objects.rs"]
mod objects;
#[path = "policy/page.rs"]
mod page;
#[path = "policy/promises.rs"]
mod promises;
#[path = "policy/shipped.rs"]
mod shipped;
#[path = "policy/test.rs"]
mod test;
#[path = "policy/told.rs"]
mod told;
#[path = "policy/told_apart.rs"]
mod told_apart;
#[path = "policy/unasked.rs"]
mod unasked;
#[path = "policy/why.rs"]
mod why;
#[path = "policy/why_keys.rs"]
mod why_keys;
#[path = "policy/why_objects.rs"]
mod why_objects;

use crate::support::program::Sandbox;
use crate::support::vectors::{bytes, data, same, text, Table};
use image_signature::policy::scope::{parents_of, Applied};
use image_signature::policy::Policy;
use image_signature::reference::Reference;
use serde_json::Value;

#[test]
fn parsing() {
    Table::load("policy-parse.json", &[]).run(|case| {
        let parsed = Policy::parse(&bytes(case, "input_base64"));
        let ok = case["ok"].as_bool().unwrap();
        Some(match (ok, parsed) {
            (true, Ok(policy)) => {
                // What was parsed is recorded where it is short.
                let Some(expected) = case["parsed"]["default"].as_array() else {
                    return Some(Ok(()));
                };
                same("default", expected.len(), policy.default.len()).and(scopes(&case["parsed"], &policy))
            }
            (false, Err(error)) if error.line > 0 && error.column > 0 && !error.what.is_empty() => Ok(()),
            (_, parsed) => Err(format!("ok {ok}, found {parsed:?}")),
        })
    });
}

/// The program reads the same: what is not a policy is refused with line and column, whole.
#[test]
fn parsing_by_the_program() {
    let sandbox = Sandbox::new();
    let (mut taken, mut refused) = (0, 0);
    // podman and skopeo have it, and refuse the file: see files.
    let why = "the recorded build has no local storage, and takes any scope of it";
    let is_of_storage = |case: &Value| text(case, "name").starts_with("scope/containers-storage:");
    let table = Table::load("policy-parse.json", &[]).leave_out(why, is_of_storage);
    table.run(|case| {
        sandbox.file("policy.json", bytes(case, "input_base64"));
        let outcome = sandbox.run(["policy", "lint", "policy.json", "-o", "json"]);
        let document = outcome.json();
        let items = document["items"].as_array().unwrap();
        let broken = items.iter().find(|item| item["code"] == "InvalidPolicy");
        let ok = case["ok"].as_bool().unwrap();
        *if ok { &mut taken } else { &mut refused } += 1;
        Some(match broken {
            None if ok => Ok(()),
            Some(item) if !ok && item["place"]["line"].as_u64() > Some(0) => Ok(()),
            _ => Err(format!("ok {ok}, {outcome:?}")),
        })
    });
    println!("policy-parse.json: {taken} policies taken, {refused} refused");
    assert!(taken > 5 && refused > 5);
}

/// Which policies with sigstore requirements are policies at all: by the reader, and by the program, which names line,
/// column and member of what is not.
#[test]
fn grammar_of_sigstore_requirements() {
    let sandbox = Sandbox::new();
    let (mut taken, mut refused) = (0, 0);
    Table::load("sigstore-verify.json", &[]).of("grammar").run(|case| {
        let input = text(case, "policy_text");
        let parses = case["parses"].as_bool().unwrap();
        sandbox.file("policy.json", input);
        let outcome = sandbox.run(["policy", "why", "registry.local:5000/a:1", "policy.json", "-o", "json"]);
        let told = match (parses, outcome.status) {
            (true, 0) => Ok(()),
            (false, 2) if outcome.stderr.contains("policy.json: line 1, column ") => Ok(()),
            _ => Err(format!("parses {parses}, {outcome:?}")),
        };
        *if parses { &mut taken } else { &mut refused } += 1;
        Some(same("parses", parses, Policy::parse(input.as_bytes()).is_ok()).and(told))
    });
    println!("sigstore-verify.json: {taken} policies taken, {refused} refused");
    assert!(taken > 5 && refused > 5);
}

/// Names of transports and scopes, and how many requirements each has.
fn scopes(expected: &Value, policy: &Policy) -> Result<(), String> {
    let expected = expected["transports"].as_object().unwrap();
    same("transports", expected.len(), policy.transports.len())?;
    for transport in &policy.transports {
        let expected = expected[&transport.name].as_object().unwrap();
        same("scopes", expected.len(), transport.scopes.len())?;
        for scope in &transport.scopes {
            let expected = expected[&scope.name].as_array().unwrap();
            same(&scope.name, expected.len(), scope.requirements.len())?;
        }
    }
    Ok(())
}

#[test]
fn scopes_that_apply() {
    let file = std::fs::read_to_string(data("vectors").join("policy-scope.json")).unwrap();
    let document: Value = serde_json::from_str(&file).unwrap();
    Table::load("policy-scope.json", &[]).run(|case| {
        if text(case, "category") == "namespaces" {
            let reference = Reference::parse(text(case, "image")).unwrap();
            let expected: Vec<&str> = case["namespaces"]
                .as_array()?
                .iter()
                .filter_map(Value::as_str)
                .collect();
            return Some(same(
                "parents",
                expected,
                parents_of(&reference).iter().map(String::as_str).collect(),
            ));
        }
        let policy = serde_json::to_vec(&document["policies"][text(case, "policy")]).unwrap();
        let policy = Policy::parse(&policy).unwrap();
        let reference = Reference::parse(text(case, "image")).unwrap();
        let (applied, _) = policy.select(text(case, "transport"), &reference);
        let found = match applied {
            Applied::Scope(scope) => Some(scope.name.as_str()),
            Applied::Default => None,
        };
        Some(same("scope", case["selected"]["scope"].as_str(), found))
    });
}
