// SPDX-License-Identifier: Apache-2.0
//! Digests, uses and references for tests.

use super::super::entry::{Use, UseKind};
use crate::digest::Digest;
use crate::reference::Reference;

/// The digest that is one digit only.
pub fn digest(c: char) -> Digest {
    Digest::parse(&format!("sha256:{}", c.to_string().repeat(64))).unwrap()
}

/// A use that is not known to expect nothing.
pub fn by(kind: UseKind, namespace: &str, name: &str) -> Use {
    Use {
        kind,
        namespace: namespace.into(),
        name: name.into(),
        expects_nothing: false,
    }
}

/// References out of their texts.
pub fn references(texts: &[&str]) -> Vec<Reference> {
    texts.iter().map(|text| Reference::parse(text).unwrap()).collect()
}
