// SPDX-License-Identifier: Apache-2.0
//! Checks documents against `packaging/output.schema.json`: the few keywords that it uses, strictly. A keyword that is not
//! known here and a member that the schema does not name are faults. (A validator for all of JSON Schema would bring some
//! twenty crates into the tarball that distributions build from.)

use std::sync::OnceLock;

use serde_json::Value;

/// The schema of the output, as it is shipped.
pub fn schema() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| serde_json::from_str(include_str!("../../packaging/output.schema.json")).unwrap())
}

/// Fails unless a document of this program is as the schema says. What else is JSON is left alone.
#[track_caller]
pub fn assert_valid(document: &Value) {
    if document["apiVersion"] == "image-signature/v1" {
        if let Err(fault) = validate(document) {
            panic!("{fault}: {document:#}");
        }
    }
}

/// What is wrong with a document.
pub fn validate(document: &Value) -> Result<(), String> {
    let kind = document["kind"].as_str().unwrap_or_default();
    let alternatives = schema()["oneOf"].as_array().unwrap();
    let reference = format!("#/$defs/{kind}");
    if !alternatives.iter().any(|one| one["$ref"] == reference.as_str()) {
        return Err(format!("no document is of kind {kind:?}"));
    }
    check(&schema()["$defs"][kind], document, kind)
}

/// What is wrong with a part of a document, which has a name in the schema.
pub fn validate_part(name: &str, value: &Value) -> Result<(), String> {
    check(&schema()["$defs"][name], value, name)
}

fn check(rule: &Value, value: &Value, place: &str) -> Result<(), String> {
    let rules = rule.as_object().ok_or_else(|| format!("no rule for {place}"))?;
    for (keyword, rule) in rules {
        match keyword.as_str() {
            "description" | "required" => {}
            "type" => {
                let types = rule.as_array().cloned().unwrap_or_else(|| vec![rule.clone()]);
                ensure(
                    types.iter().any(|name| is(name.as_str().unwrap(), value)),
                    place,
                    &format!("type {rule}"),
                )?;
            }
            "const" => ensure(value == rule, place, &rule.to_string())?,
            "enum" => ensure(rule.as_array().unwrap().contains(value), place, &rule.to_string())?,
            "$ref" => {
                let name = rule.as_str().and_then(|path| path.strip_prefix("#/$defs/")).unwrap();
                check(&schema()["$defs"][name], value, place)?;
            }
            "oneOf" => {
                let fitting = rule
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter(|one| check(one, value, place).is_ok());
                ensure(fitting.count() == 1, place, &rule.to_string())?;
            }
            "items" => {
                for (n, element) in value.as_array().into_iter().flatten().enumerate() {
                    check(rule, element, &format!("{place}[{n}]"))?;
                }
            }
            "properties" => members(rules, value, place)?,
            other => return Err(format!("{place}: the keyword {other} is not known")),
        }
    }
    Ok(())
}

fn members(rules: &serde_json::Map<String, Value>, value: &Value, place: &str) -> Result<(), String> {
    // What else may stand there, the type says.
    let Some(object) = value.as_object() else {
        return Ok(());
    };
    let known = rules["properties"].as_object().unwrap();
    for (name, member) in object {
        let rule = known
            .get(name)
            .ok_or_else(|| format!("{place}.{name} is not in the schema"))?;
        check(rule, member, &format!("{place}.{name}"))?;
    }
    for name in rules["required"].as_array().unwrap() {
        ensure(
            object.contains_key(name.as_str().unwrap()),
            place,
            &format!("member {name}"),
        )?;
    }
    Ok(())
}

fn is(name: &str, value: &Value) -> bool {
    match name {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        other => panic!("type {other} is not known"),
    }
}

fn ensure(holds: bool, place: &str, expected: &str) -> Result<(), String> {
    if holds {
        Ok(())
    } else {
        Err(format!("{place}: expected {expected}"))
    }
}
