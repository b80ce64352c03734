// SPDX-License-Identifier: Apache-2.0
//! What an audit finds about one image: a line of its report.

use serde::{Deserialize, Serialize};

/// One image that was judged. Strings are as they came, never made safe to print: each format does that in its own way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entry {
    /// The digest; how it was asked for where none is known.
    pub image: String,
    /// Where it was found: `cluster`, `file:PATH`, `dir:PATH`, `docker://REFERENCE`.
    pub source: String,
    /// Which tags name it and what runs it. Empty where nothing is known to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<Use>,
    /// How many uses are left out of `uses`, which is bounded.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_uses: u64,
    /// The expected identities, in canonical form.
    pub expected: Vec<String>,
    /// Who named them: `user`, `map`, `stream`, `named` (by digest, where it is used), `reference`, `none`.
    pub identity_source: String,
    /// The verdict's word.
    pub verdict: String,
    /// The reason's word.
    pub reason: String,
    /// A sentence for people.
    pub message: String,
    /// The expected identities that enough keys signed for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matched: Vec<String>,
    /// Its signatures, as they are stored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<Signature>,
    /// What else was found, besides the verdict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// What became of the record: `no`, `unchanged`, `kept`, `yes`, `failed`, `heldBack`.
    pub recorded: String,
}

/// Where an image is used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Use {
    /// What uses it.
    pub kind: UseKind,
    /// Its namespace; empty where it has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Its name: `STREAM:TAG`, `POD/CONTAINER`, the version of a payload, a reference.
    pub name: String,
}

/// What may use an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UseKind {
    /// A tag of an image stream that names it now.
    Tag,
    /// A container of a pod that runs.
    Pod,
    /// The release payload that the cluster runs, or an image of it.
    Release,
    /// A list that it is an instance of.
    List,
    /// A line of the user's list of images.
    Listed,
}

/// A signature of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Signature {
    /// Its name as it is stored; empty where it has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// `gpg` or `sigstore`, as everywhere in JSON output.
    pub kind: String,
    /// The verdict's word.
    pub verdict: String,
    /// The reason's word.
    pub reason: String,
    /// A sentence for people.
    pub message: String,
    /// Who made it, where it was verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<Signer>,
    /// The key ID or fingerprint that it says it is by, where its maker is in no keyring: a claim and no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_key: Option<String>,
}

/// The maker of a signature that was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Signer {
    /// Fingerprint of the key or subkey.
    pub fingerprint: String,
    /// Fingerprint of the primary key; `sha256:` and the digest of a sigstore key.
    pub primary: String,
    /// The owner as the key says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user_id: String,
    /// Such as `RSA-2048`.
    pub key_algorithm: String,
    /// Such as `SHA-256`.
    pub hash_algorithm: String,
    /// When the signature was made, in seconds since 1970, where it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<i64>,
    /// When the key or subkey ceases to be valid, whichever is first, in seconds since 1970; none if never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<i64>,
}

/// Something to know about an image besides its verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Finding {
    /// What kind.
    pub kind: FindingKind,
    /// A sentence for people: what, where and what next.
    pub message: String,
    /// For gaps: the command that would fill it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// What there is to know besides a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FindingKind {
    /// What is recorded does not hold.
    Stale,
    /// An entry of the record or a stored signature is damaged.
    Damaged,
    /// Entries of the record contradict each other.
    Contradictory,
    /// The image is in use and has no signature.
    UnsignedInUse,
    /// Only keys that expire soon verify it.
    Expiring,
    /// A signature of the source is missing or different at the mirror.
    Gap,
    /// A place could not be asked, so that more may be wrong with it.
    Unreachable,
    /// A change from True to False that was kept back.
    HeldBack,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}
