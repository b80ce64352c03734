// SPDX-License-Identifier: Apache-2.0
//! Hashes by which runs, and what images are judged by, are compared.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// A hash in hexadecimal digits.
pub(super) fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Adds a text so that no two lists of texts are alike.
pub(super) fn put(hash: &mut Sha256, text: &[u8]) {
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text);
}

/// Adds texts, and how many there are.
pub(super) fn put_all<T: AsRef<[u8]>>(hash: &mut Sha256, texts: impl IntoIterator<Item = T>) {
    let mut count = 0_u64;
    for text in texts {
        put(hash, text.as_ref());
        count += 1;
    }
    hash.update(count.to_le_bytes());
}

/// Adds the members of an object in the order of their names, but for some; of none of them those that are named
/// `never`, at any depth.
pub(super) fn put_members(hash: &mut Sha256, object: &Value, without: &[&str], never: &str) {
    let members = object.as_object().into_iter().flatten();
    let is_left_out = |name: &str| name == never || without.contains(&name);
    let mut members: Vec<(&String, &Value)> = members.filter(|(name, _)| !is_left_out(name)).collect();
    members.sort_unstable_by_key(|(name, _)| *name);
    put(hash, format!("object {}", members.len()).as_bytes());
    for (name, member) in members {
        put(hash, name.as_bytes());
        put_value(hash, member, never);
    }
}

/// Adds a value, without members of this name at any depth.
pub(super) fn put_value(hash: &mut Sha256, value: &Value, never: &str) {
    match value {
        Value::Object(_) => put_members(hash, value, &[], never),
        Value::Array(elements) => {
            put(hash, format!("array {}", elements.len()).as_bytes());
            elements.iter().for_each(|element| put_value(hash, element, never));
        }
        Value::String(text) => {
            put(hash, b"string");
            put(hash, text.as_bytes());
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => put(hash, value.to_string().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn hash(value: &Value) -> String {
        let mut hash = Sha256::new();
        put_value(&mut hash, value, "time");
        hex(hash)
    }

    #[test]
    fn values_are_alike_whatever_the_order_of_their_members_and_not_otherwise() {
        let one = json!({"a": [1, {"b": "c", "time": 1}], "d": null});
        assert_eq!(hash(&one), hash(&json!({"d": null, "a": [1, {"time": 2, "b": "c"}]})));
        for other in [
            json!({"a": [1, {"b": "c"}, null]}),
            json!({"a": [1, {"b": "d"}], "d": null}),
            json!({"a": ["1", {"b": "c"}], "d": null}),
            json!({"a": [1], "b": "c", "d": null}),
            json!({"a": [{"b": "c"}, 1], "d": null}),
        ] {
            assert_ne!(hash(&one), hash(&other), "{other}");
        }
    }
}
