// SPDX-License-Identifier: Apache-2.0
//! Who may sign what: containers-policy.json(5), which podman, CRI-O and OpenShift's nodes go by.
//!
//! The file is parsed with exactly the outcomes of its own readers: what they refuse is refused, whole, and what they
//! accept is accepted. Errors name line, column, the member's path and what was expected.
//!
//! [`objects`] reads the ClusterImagePolicies and ImagePolicies of OpenShift, [`combined`] makes the policy of them that
//! nodes go by.

pub mod combined;
mod content;
pub mod document;
pub(crate) mod explanation;
pub mod file;
pub mod finding;
mod identity;
pub(crate) mod image_policy;
pub(crate) mod lint;
pub(crate) mod lists;
mod material;
pub(crate) mod member;
pub mod mirror_set;
pub(crate) mod mirrored;
pub mod objects;
mod parse;
pub(crate) mod place;
pub(crate) mod places;
pub(crate) mod rulebook;
pub mod scope;
mod sigstore;
pub(crate) mod stanza;
mod stream;
pub(crate) mod table;
pub(crate) mod words;

pub use content::{AuthorityFile, KeyMaterial, KeyType, Policy, PolicyRequirement, Scope, SigstoreSigners, Transport};
pub use document::TextError;
pub(crate) use document::MAX_POLICY_BYTES;
