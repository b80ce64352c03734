// SPDX-License-Identifier: Apache-2.0
//! ClusterImagePolicy and ImagePolicy (config.openshift.io/v1): scopes, one key or authority, one identity rule.

use std::fmt;

use super::document::{Outcome, PlacedNode, Value};
use super::material::{data, is_armoured};
use super::place::{Lines, Place};
use super::scope::meant;
use super::stream;
use super::{KeyMaterial, PolicyRequirement, SigstoreSigners};
use crate::identity::{Remap, Rule};
use crate::input::looks_like_openpgp;
use crate::reference::Reference;
use crate::text::place::quoted;

/// Most scopes of one object.
const MAX_SCOPES: usize = 256;

/// Longest scope, in characters.
const MAX_SCOPE: usize = 512;

/// Sizes of key data, in bytes.
const KEY_DATA: std::ops::RangeInclusive<usize> = 68..=8192;

const BEGIN_KEY: &[u8] = b"-----BEGIN PUBLIC KEY-----";
const END_KEY: &[u8] = b"-----END PUBLIC KEY-----";

/// A ClusterImagePolicy or an ImagePolicy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagePolicy {
    /// The object's name, `metadata.name`.
    pub name: String,
    /// The namespace whose pods it is for; `None` for a ClusterImagePolicy, which is for all.
    pub namespace: Option<String>,
    /// What it applies to.
    pub scopes: Vec<ScopeEntry>,
    /// What it requires: always a `sigstoreSigned`.
    pub requirement: PolicyRequirement,
    /// Where its key or authority stands.
    pub place: Place,
    /// How many public keys stand in its key data; nodes read the first only.
    pub keys_given: usize,
}

/// A scope of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeEntry {
    /// The scope as the object writes it.
    pub name: String,
    /// Where it stands in the file.
    pub place: Place,
}

impl fmt::Display for ImagePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "ImagePolicy/{} of namespace {namespace}", self.name),
            None => write!(f, "ClusterImagePolicy/{}", self.name),
        }
    }
}

pub(super) fn read(root: &PlacedNode, kind: &str, lines: &Lines) -> Outcome<ImagePolicy> {
    let (name, namespace) = stream::names(root)?;
    let namespace = match (kind, namespace) {
        ("ImagePolicy", None) => {
            return Err(root.required("metadata")?.fault("an ImagePolicy has a namespace"));
        }
        ("ImagePolicy", namespace) => namespace,
        // It belongs to no namespace, whatever a tool has written there.
        _ => None,
    };
    let spec = root.required("spec")?;
    spec.only(&["scopes", "policy"])?;
    let policy = spec.required("policy")?;
    policy.only(&["rootOfTrust", "signedIdentity"])?;
    let root_of_trust = policy.required("rootOfTrust")?;
    let identity = match policy.member("signedIdentity")? {
        Some(node) => signed_identity(node)?,
        None => Rule::MatchRepoDigestOrExact,
    };
    let (signers, needs_rekor, keys_given) = signers(root_of_trust)?;
    Ok(ImagePolicy {
        name,
        namespace,
        scopes: scopes(spec.required("scopes")?, lines)?,
        requirement: PolicyRequirement::SigstoreSigned {
            signers,
            needs_rekor,
            authorities: Vec::new(),
            identity,
        },
        place: lines.at(root_of_trust.offset),
        keys_given,
    })
}

fn scopes(node: &PlacedNode, lines: &Lines) -> Outcome<Vec<ScopeEntry>> {
    let list = node.array()?;
    if list.is_empty() || list.len() > MAX_SCOPES {
        return Err(node.fault(format!("expected 1 to {MAX_SCOPES} scopes, found {}", list.len())));
    }
    let mut scopes: Vec<ScopeEntry> = Vec::new();
    for scope in list {
        let name = scope.string()?;
        if !is_scope(name) {
            let instead = meant(name).filter(|text| is_scope(text));
            let instead = instead.map_or(String::new(), |text| format!("; did you mean {}?", quoted(text)));
            return Err(scope.fault(format!(
                "expected HOST[:PORT][/PATH][:TAG][@DIGEST] whose host has a dot or is localhost, or *.DOMAIN, found {}{instead}",
                quoted(name)
            )));
        }
        if scopes.iter().any(|own| own.name == name) {
            return Err(scope.fault("this scope is repeated"));
        }
        scopes.push(ScopeEntry {
            name: name.to_owned(),
            place: lines.at(scope.offset),
        });
    }
    Ok(scopes)
}

fn is_scope(name: &str) -> bool {
    if name.chars().count() > MAX_SCOPE {
        return false;
    }
    if let Some(domain) = name.strip_prefix("*.") {
        return Reference::is_prefix(domain) && !domain.contains(['/', ':']);
    }
    let host = name.split(['/', '@']).next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    let is_name = Reference::is_prefix(name) || Reference::parse(name).is_ok();
    is_name && (host.contains('.') || host == "localhost")
}

/// The key or authority: the member that the type names, and no other.
fn signers(node: &PlacedNode) -> Outcome<(SigstoreSigners, bool, usize)> {
    const TYPES: [(&str, &str); 3] = [
        ("PublicKey", "publicKey"),
        ("FulcioCAWithRekor", "fulcioCAWithRekor"),
        ("PKI", "pki"),
    ];
    node.only(&["policyType", "publicKey", "fulcioCAWithRekor", "pki"])?;
    let kind = node.required("policyType")?.word(&TYPES.map(|(name, _)| name))?;
    for (name, member) in TYPES {
        if name != kind && node.member(member)?.is_some() {
            return Err(node.fault(format!("policyType is {kind}: expected no member {member}")));
        }
    }
    match kind {
        "PublicKey" => public_key(node.required("publicKey")?),
        "FulcioCAWithRekor" => fulcio(node.required("fulcioCAWithRekor")?).map(|()| (SigstoreSigners::Fulcio, true, 0)),
        _ => pki(node.required("pki")?).map(|()| (SigstoreSigners::Pki, false, 0)),
    }
}

fn public_key(node: &PlacedNode) -> Outcome<(SigstoreSigners, bool, usize)> {
    node.only(&["keyData", "rekorKeyData"])?;
    let key = node.required("keyData")?;
    let bytes = pem(key)?;
    let count = bytes
        .windows(BEGIN_KEY.len())
        .filter(|window| *window == BEGIN_KEY)
        .count();
    let needs_rekor = match node.member("rekorKeyData")? {
        Some(rekor) => pem(rekor).map(|_| true)?,
        None => false,
    };
    let first = if count > 1 { first_block(&bytes) } else { &bytes };
    Ok((
        SigstoreSigners::Keys(KeyMaterial::Data(vec![first.to_vec()])),
        needs_rekor,
        count,
    ))
}

/// As far as the end of the first block: nodes read no further.
fn first_block(bytes: &[u8]) -> &[u8] {
    let end = bytes.windows(END_KEY.len()).position(|window| window == END_KEY);
    end.map_or(bytes, |at| &bytes[..at + END_KEY.len()])
}

/// Key data as the API checks it.
fn pem(node: &PlacedNode) -> Outcome<Vec<u8>> {
    let bytes = match &node.value {
        Value::String(text) if is_armoured(text.trim_start().as_bytes()) => text.clone().into_bytes(),
        _ => data(node)?,
    };
    let text = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    if !KEY_DATA.contains(&bytes.len()) || !text.starts_with(BEGIN_KEY) || !text.ends_with(END_KEY) {
        return Err(node.fault(format!(
            "expected the base64 of a PEM file of {} to {} bytes that begins with -----BEGIN PUBLIC KEY----- and ends with -----END PUBLIC KEY-----{}",
            KEY_DATA.start(),
            KEY_DATA.end(),
            found(&bytes)
        )));
    }
    Ok(bytes)
}

/// What bytes are that are no PEM file with a public key, where that is plain, and what to do then.
fn found(bytes: &[u8]) -> &'static str {
    let text = bytes.trim_ascii_start();
    if is_armoured(text) || looks_like_openpgp(bytes) {
        "; found an OpenPGP key, and these objects take sigstore keys only: GPG keys are given by signedBy in a policy.json"
    } else if text.starts_with(b"-----BEGIN CERTIFICATE-----") {
        "; found a certificate, of which openssl x509 -pubkey -noout prints the public key"
    } else if text.starts_with(b"-----BEGIN RSA PUBLIC KEY-----") {
        "; found a PKCS #1 key, which openssl rsa -RSAPublicKey_in -pubout converts"
    } else {
        ""
    }
}

fn fulcio(node: &PlacedNode) -> Outcome<()> {
    node.only(&["fulcioCAData", "rekorKeyData", "fulcioSubject"])?;
    for name in ["fulcioCAData", "rekorKeyData"] {
        given(node, name).and_then(data)?;
    }
    let subject = node.required("fulcioSubject")?;
    subject.only(&["oidcIssuer", "signedEmail"])?;
    for name in ["oidcIssuer", "signedEmail"] {
        given(subject, name)?;
    }
    Ok(())
}

fn pki(node: &PlacedNode) -> Outcome<()> {
    node.only(&["caRootsData", "caIntermediatesData", "pkiCertificateSubject"])?;
    given(node, "caRootsData").and_then(data)?;
    if let Some(intermediates) = node.member("caIntermediatesData")? {
        data(intermediates)?;
    }
    let subject = node.required("pkiCertificateSubject")?;
    subject.only(&["email", "hostname"])?;
    if subject.object()?.is_empty() {
        return Err(subject.fault("expected email or hostname, found neither"));
    }
    subject
        .object()?
        .iter()
        .try_for_each(|member| member.node.string().map(|_| ()))
}

/// A text that is there and not empty.
fn given<'n>(node: &'n PlacedNode, name: &str) -> Outcome<&'n PlacedNode> {
    let member = node.required(name)?;
    if member.string()?.is_empty() {
        return Err(member.fault("expected a value, found nothing"));
    }
    Ok(member)
}

fn signed_identity(node: &PlacedNode) -> Outcome<Rule> {
    const POLICIES: [&str; 4] = [
        "MatchRepoDigestOrExact",
        "MatchRepository",
        "ExactRepository",
        "RemapIdentity",
    ];
    node.only(&["matchPolicy", "exactRepository", "remapIdentity"])?;
    let policy = node.required("matchPolicy")?.word(&POLICIES)?;
    for (member, owner) in [
        ("exactRepository", "ExactRepository"),
        ("remapIdentity", "RemapIdentity"),
    ] {
        if policy != owner && node.member(member)?.is_some() {
            return Err(node.fault(format!("matchPolicy is {policy}: expected no member {member}")));
        }
    }
    match policy {
        "MatchRepoDigestOrExact" => Ok(Rule::MatchRepoDigestOrExact),
        "MatchRepository" => Ok(Rule::MatchRepository),
        "ExactRepository" => {
            let exact = node.required("exactRepository")?;
            exact.only(&["repository"])?;
            let repository = exact.required("repository")?;
            let text = repository.string()?;
            Reference::parse(text)
                .map(Rule::ExactRepository)
                .map_err(|error| repository.fault(format!("expected a repository, found {}: {error}", quoted(text))))
        }
        _ => {
            let remap = node.required("remapIdentity")?;
            remap.only(&["prefix", "signedPrefix"])?;
            let prefix = remap.required("prefix")?.string()?;
            let signed = remap.required("signedPrefix")?.string()?;
            Remap::new(prefix, signed)
                .map(Rule::Remap)
                .map_err(|error| remap.fault(error.to_string()))
        }
    }
}
