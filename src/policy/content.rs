// SPDX-License-Identifier: Apache-2.0
//! What a policy says: requirements by scopes, by transports.

use std::path::PathBuf;

use crate::identity::Rule;

/// A containers-policy.json(5) that was read: requirements by scopes, by transports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// What holds where no scope applies.
    pub default: Vec<PolicyRequirement>,
    /// Scopes by transport, in the order of the file.
    pub transports: Vec<Transport>,
}

/// The scopes of one transport, such as `docker`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transport {
    /// The transport's name, such as `docker`.
    pub name: String,
    /// Its scopes, in the order of the file.
    pub scopes: Vec<Scope>,
}

/// A part of the names of a transport, and what is required of images there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The scope; empty for all names of the transport.
    pub name: String,
    /// Where it stands in the file, in bytes from the beginning.
    pub offset: u64,
    /// All of these must hold.
    pub requirements: Vec<PolicyRequirement>,
}

/// One of the requirements of a scope, all of which must be met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyRequirement {
    /// Every image is accepted.
    InsecureAcceptAnything,
    /// No image is accepted at all.
    Reject,
    /// A GPG signature by one of the keys.
    SignedBy {
        /// What the key files hold: only OpenPGP keys are ever accepted.
        key_type: KeyType,
        /// Where the keys are.
        keys: KeyMaterial,
        /// How the signed reference is compared.
        identity: Rule,
    },
    /// Part of the format, but no reader implements it: never met.
    SignedBaseLayer,
    /// A sigstore signature by what `signers` says.
    SigstoreSigned {
        /// What the signature must be by.
        signers: SigstoreSigners,
        /// A transparency log must have it as well.
        needs_rekor: bool,
        /// Files that other readers need for it, and that are not read here.
        authorities: Vec<AuthorityFile>,
        /// How the signed reference is compared.
        identity: Rule,
    },
}

/// The kind of keys that a requirement names by `keyType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyType {
    /// `GPGKeys`: OpenPGP public keys.
    GpgKeys,
    /// `signedByGPGKeys`, which no reader of policies implements.
    SignedByGpgKeys,
    /// `X509Certificates`, which no reader of policies implements.
    X509Certificates,
    /// `signedByX509CAs`, which no reader of policies implements.
    SignedByX509Cas,
}

/// Where keys come from. Paths may be relative or lead nowhere: that shows when an image is judged.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum KeyMaterial {
    /// The files that hold them, as the policy names them.
    Paths(Vec<PathBuf>),
    /// The content of the files, decoded from base64.
    Data(Vec<Vec<u8>>),
}

/// A file with the key or the certificates of an authority, which a requirement names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorityFile {
    /// The member that names it, as seen from the requirement: `fulcio.caPath`.
    pub member: String,
    /// The file. It may be relative or lead nowhere.
    pub path: PathBuf,
}

/// What a sigstore signature must be by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SigstoreSigners {
    /// One of these keys.
    Keys(KeyMaterial),
    /// A certificate of Fulcio: recognised, never met here.
    Fulcio,
    /// A certificate of another authority: recognised, never met here.
    Pki,
}
