// SPDX-License-Identifier: Apache-2.0
//! What a policy means for one reference, as it is told.

use std::path::PathBuf;

use super::rulebook::Spot;
use crate::reference::Reference;

/// What a policy means for one reference.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The reference that was asked about.
    pub reference: Reference,
    /// The files that were read.
    pub files: Vec<PathBuf>,
    /// The scopes that may apply, in the order in which they are tried.
    pub steps: Vec<Step>,
    /// The scope that applies; `None` for the policy's default.
    pub applied: Option<String>,
    /// Where the scope that applies stands.
    pub spots: Vec<Spot>,
    /// What the scope requires, in the order of the policy.
    pub requirements: Vec<Part>,
    /// What an image can get at best: a verdict's word; `None` where that depends on keys of which nothing is known.
    pub best: Option<&'static str>,
    /// Nothing is judged by the policy: a key file of a scope that does not apply here cannot be used.
    pub is_spoiled: bool,
    /// What differs for an image that is fetched from a registry, in a few words; a note says why.
    pub from_registry: Option<&'static str>,
    /// Where the image may be fetched, the first first.
    pub locations: Vec<FetchPlace>,
    /// How requirements must look for images that are asked for by a mirror's name.
    pub stanzas: Vec<Stanza>,
    /// What else is to be known.
    pub notes: Vec<String>,
}

/// A scope that is tried.
#[derive(Debug, Clone)]
pub struct Step {
    /// The scope; empty for all images of the transport, `None` for the policy's default.
    pub scope: Option<String>,
    /// What becomes of it.
    pub state: State,
    /// Where the scope stands, in each file that has it.
    pub spots: Vec<Spot>,
}

/// What becomes of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The policy has none of this name.
    Absent,
    /// It decides: it is the first one that is there.
    Applies,
    /// The policy has it, but a nearer one decides.
    Hidden,
}

/// A requirement as it is explained.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its `type` in the policy.
    pub kind: &'static str,
    /// What it requires, in words.
    pub text: String,
    /// Where the requirement stands in its file.
    pub spot: Spot,
    /// The keys, file by file.
    pub keys: Vec<KeyFile>,
    /// How the signed reference must look.
    pub identity: Option<Identity>,
}

/// How the signed reference must look.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The type of the rule.
    pub kind: &'static str,
    /// In words, for the reference that is explained.
    pub text: String,
    /// Signed references, and whether each would be accepted.
    pub examples: Vec<(String, bool)>,
}

/// Keys from one place.
#[derive(Debug, Clone, Default)]
pub struct KeyFile {
    /// The member, and the path where it is one.
    pub label: String,
    /// The keys that are in it.
    pub keys: Vec<KeyLine>,
    /// Why none of them can be used.
    pub trouble: Option<String>,
    /// Why GnuPG could not be asked which of them can.
    pub unasked: Option<String>,
    /// What was left out.
    pub notes: Vec<String>,
}

/// A key of a policy, and why no signature by it is accepted where that is so.
#[derive(Debug, Clone)]
pub struct KeyLine {
    /// Its fingerprint; of a sigstore key the SHA-256 of its encoding, after `sha256:`.
    pub fingerprint: String,
    /// Its owner by its own account, where it has one. Not safe to print as it is.
    pub owner: Option<String>,
    /// The version of OpenPGP, where it is such a key.
    pub version: Option<u8>,
    /// Algorithm and strength, such as `rsa4096`.
    pub algorithm: String,
    /// Whether it is known when it expires.
    pub checked: bool,
    /// When, in seconds since 1970, where it does.
    pub expires: Option<i64>,
    /// Why no signature by it is accepted.
    pub refusal: Option<String>,
    /// The subkeys by which it signs, where the primary key may not.
    pub subkeys: Vec<SubkeyLine>,
}

/// A subkey that signs in place of its primary key.
#[derive(Debug, Clone)]
pub struct SubkeyLine {
    /// The fingerprint of the subkey itself, not of its primary key.
    pub fingerprint: String,
    /// Algorithm and strength, such as `ed25519`.
    pub algorithm: String,
    /// When it expires, in seconds since 1970, where it does.
    pub expires: Option<i64>,
}

/// A place where an image may be fetched, and where its signatures would be looked for then.
#[derive(Debug, Clone)]
pub struct FetchPlace {
    /// The image's name there.
    pub reference: Reference,
    /// Whether it is a mirror, and what names it as one.
    pub mirror: Option<String>,
    /// Whether it must not be contacted.
    pub blocked: bool,
    /// Where its lookaside store is, or why nobody can read one; safe to print.
    pub lookaside: Result<String, String>,
    /// The file that names the store.
    pub lookaside_by: String,
    /// Whether sigstore attachments are read there.
    pub attachments: bool,
    /// The file that turns them on or off.
    pub attachments_by: String,
}

/// A requirement for images that are asked for by a mirror's name.
#[derive(Debug, Clone)]
pub struct Stanza {
    /// The mirror, as what names it does; the scope of the stanza may be a part of it.
    pub mirror: String,
    /// The file or object that names the mirror.
    pub named_by: String,
    /// The text, to be put into a policy.
    pub text: String,
    /// An image's name there.
    pub asked: String,
    /// Under which names it must be signed then: of several, each by a signature of its own.
    pub signed: Vec<String>,
    /// Whether the policy with the stanza accepts that.
    pub works: bool,
    /// What else is to be known.
    pub notes: Vec<String>,
}
