// SPDX-License-Identifier: Apache-2.0
//! Limits on everything that others control (docs/contract.md 6).

/// Largest signature blob, in bytes.
pub const MAX_BLOB_BYTES: usize = 1 << 20;

/// Largest signed payload, in bytes.
pub const MAX_PAYLOAD_BYTES: usize = 64 << 10;

/// Largest manifest, in bytes.
pub(crate) const MAX_MANIFEST_BYTES: u64 = 4 << 20;

/// Largest single object of an API, in bytes.
pub(crate) const MAX_OBJECT_BYTES: u64 = 16 << 20;

/// Largest page of a list of an API, in bytes.
pub(crate) const MAX_PAGE_BYTES: u64 = 64 << 20;

/// Most signatures of an image that are judged.
pub const MAX_SIGNATURES: usize = 128;

/// How far ahead of our clock a signature or key may be dated, in seconds, before it is not yet valid.
pub(crate) const CLOCK_SKEW: i64 = 300;

/// Largest key in bytes, without what other keys certify of it.
pub(crate) const MAX_KEY_BYTES: usize = 1 << 20;

/// Most self-signatures on one part of a key that are evaluated: the newest, and all revocations.
pub(crate) const MAX_SELF_SIGNATURES: usize = 64;

/// Most instances of a list that are looked at, those of the lists in it included.
pub(crate) const MAX_INSTANCES: usize = 256;

/// Most signatures of the instances of a list that gpg is asked about; the same one at several of them counts once.
pub(crate) const MAX_CHECKED_OF_LIST: usize = 1024;

/// How often keys are tried for the sigstore signatures of the instances of a list. Each time may take a millisecond.
pub(crate) const MAX_TRIED_OF_LIST: usize = 8192;
