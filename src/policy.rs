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
pub mod explanation;
pub mod file;
pub mod finding;
mod identity;
pub mod image_policy;
pub mod lint;
pub(crate) mod lists;
mod material;
pub mod member;
pub mod mirror_set;
pub mod mirrored;
pub mod objects;
mod parse;
pub mod place;
pub mod places;
pub mod rulebook;
pub mod scope;
mod sigstore;
pub mod stanza;
mod stream;
pub mod table;
pub mod words;

pub use content::{AuthorityFile, KeyMaterial, KeyType, Policy, PolicyRequirement, Scope, SigstoreSigners, Transport};
pub use document::{TextError, MAX_POLICY_BYTES};
