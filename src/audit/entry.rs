// SPDX-License-Identifier: Apache-2.0
//! What an audit finds about one image: a line of its report.

use serde::{Deserialize, Serialize};

pub use super::finding::{AuditFinding, FindingKind};
pub use super::source::{AskedPlace, MAX_SOURCES};
use crate::digest::Digest;
use crate::limits::MAX_SIGNATURES;
use crate::reason::{Reason, Verdict};

/// Most uses of an image that are named.
pub(crate) const MAX_USES: usize = 100;
/// Most findings on an image that are named.
pub(crate) const MAX_FINDINGS: usize = 100;
/// Most signatures of an image that are told.
pub(crate) const MAX_LISTED: usize = 2 * MAX_SIGNATURES;
/// Longest string, in bytes.
pub(crate) const MAX_STRING: usize = 2 << 10;

/// What an entry calls its source where that is the cluster.
pub(crate) const CLUSTER: &str = "cluster";

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
    /// Who named the expected identities.
    pub identity_source: IdentitySource,
    /// SHA-256 of everything that it was judged by; none where that cannot be compared with what there is at another time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// The verdict on the image as a whole.
    pub verdict: Verdict,
    /// The reason of that verdict.
    pub reason: Reason,
    /// A sentence for people.
    pub message: String,
    /// The expected identities that enough keys signed for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matched: Vec<String>,
    /// Lists that name it and are expected in its place: their digests may stand for its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lists: Vec<String>,
    /// The places that were asked for signatures, where it is not its object or directory alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<AskedPlace>,
    /// Its signatures, as they are stored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<Signature>,
    /// How many signatures are left out of `signatures`, which is bounded.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_signatures: u64,
    /// The keys, by [`EntrySigner::primary`], without each of which it would not be Verified for all of its uses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rests_on: Vec<String>,
    /// What else was found, besides the verdict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<AuditFinding>,
    /// How many findings are left out of `findings`, which is bounded.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_findings: u64,
    /// What became of the record.
    pub recorded: Recorded,
}

impl Entry {
    /// What says which shard it belongs to. What a tag in a registry or a directory stands for may change between the runs
    /// of two shards, and neither may leave it to the other: it is how it was asked for.
    #[must_use]
    pub fn shard_key(&self) -> &str {
        let is_place = ["dir:", "docker://"]
            .iter()
            .any(|scheme| self.source.starts_with(scheme));
        if is_place {
            &self.source
        } else {
            &self.image
        }
    }

    /// The entry within the bounds that a reader of its line relies on: [`MAX_USES`], [`MAX_LISTED`] signatures,
    /// [`MAX_FINDINGS`] and as many identities, strings of [`MAX_STRING`]. What is left out is counted; what the verdict
    /// rests on is left out last.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        self.more_uses += cut(&mut self.uses, MAX_USES, |_, _| false);
        let passed = |signature: &Signature| signature.verdict == Verdict::Verified;
        self.more_signatures += cut(&mut self.signatures, MAX_LISTED, |_, own| passed(own));
        // Of every kind one stays: what makes an audit fail goes by kinds.
        let is_new = |before: &[AuditFinding], own: &AuditFinding| before.iter().all(|other| other.kind != own.kind);
        self.more_findings += cut(&mut self.findings, MAX_FINDINGS, is_new);
        let matched = &self.matched;
        cut(&mut self.expected, MAX_FINDINGS, |_, own| matched.contains(own));
        self.matched.truncate(MAX_FINDINGS);
        let is_matched = |list: &String| self.matched.iter().any(|own| own.ends_with(&format!("@{list}")));
        cut(&mut self.lists, MAX_FINDINGS, |_, list| is_matched(list));
        self.sources.truncate(MAX_SOURCES);
        self.rests_on.truncate(MAX_LISTED);
        let mut strings = vec![&mut self.image, &mut self.source, &mut self.message];
        strings.extend(self.expected.iter_mut().chain(&mut self.matched).chain(&mut self.lists));
        for source in &mut self.sources {
            strings.extend([&mut source.kind, &mut source.location, &mut source.answer]);
            strings.extend(source.message.iter_mut().chain(&mut source.note));
        }
        for used in &mut self.uses {
            strings.extend([&mut used.namespace, &mut used.name]);
        }
        for signature in &mut self.signatures {
            strings.extend([&mut signature.name, &mut signature.kind, &mut signature.message]);
            strings.extend(
                signature
                    .claimed_key
                    .as_mut()
                    .into_iter()
                    .chain(&mut signature.instance),
            );
            if let Some(signer) = &mut signature.signer {
                strings.extend([&mut signer.fingerprint, &mut signer.primary, &mut signer.user_id]);
                strings.extend([&mut signer.key_algorithm, &mut signer.hash_algorithm]);
            }
        }
        for finding in &mut self.findings {
            strings.push(&mut finding.message);
            strings.extend(finding.command.as_mut());
        }
        strings.into_iter().for_each(shorten);
        self
    }

    /// The keys that verify the image, each once: the signers of its signatures that passed.
    pub fn signers(&self) -> impl Iterator<Item = &EntrySigner> {
        let mut seen: Vec<&str> = Vec::new();
        self.passed()
            .filter_map(|signature| signature.signer.as_ref())
            .filter(move |signer| {
                let is_new = !seen.contains(&signer.primary.as_str());
                seen.push(&signer.primary);
                is_new
            })
    }

    fn passed(&self) -> impl Iterator<Item = &Signature> {
        self.signatures
            .iter()
            .filter(|signature| signature.verdict == Verdict::Verified)
    }
}

/// Shortens a list; how many were left out comes back. What `stays`, which is asked with what stands before it,
/// is left out last.
fn cut<T>(list: &mut Vec<T>, most: usize, stays: impl Fn(&[T], &T) -> bool) -> u64 {
    let more = list.len().saturating_sub(most);
    if more > 0 {
        let first: Vec<bool> = (0..list.len()).map(|n| stays(&list[..n], &list[n])).collect();
        let mut ranked: Vec<(bool, T)> = first.into_iter().map(|first| !first).zip(list.drain(..)).collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        list.extend(ranked.into_iter().take(most).map(|(_, own)| own));
    }
    more as u64
}

/// What reports call an image whose name is longer than [`MAX_STRING`]: its beginning, and the SHA-256 of all of it. Others
/// are called by their names. Shards, and runs that go on from a report, know an image by this.
#[must_use]
pub fn called(name: String) -> String {
    /// Most bytes of the beginning.
    const SHOWN: usize = 256;
    if name.len() <= MAX_STRING {
        return name;
    }
    let end = (0..=SHOWN).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0);
    format!("{}\u{2026} ({})", &name[..end], Digest::of_bytes(name.as_bytes()))
}

/// Shortens a string to [`MAX_STRING`].
fn shorten(text: &mut String) {
    if text.len() > MAX_STRING {
        let end = (0..=MAX_STRING - '\u{2026}'.len_utf8())
            .rev()
            .find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or(0));
        text.push('\u{2026}');
    }
}

/// Who named the identities that an image is expected to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum IdentitySource {
    /// The user, in a list of images.
    User,
    /// The user's map of prefixes.
    Map,
    /// The stream that names the image by a tag.
    Stream,
    /// What uses the image, which names it by digest.
    Named,
    /// The reference that the image was asked for by.
    Reference,
    /// Nothing says what is expected.
    None,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Recorded {
    /// Not asked for, or nothing that may be recorded.
    No,
    /// Nothing to write: there is no record, and none is to be made.
    Unchanged,
    /// Nothing to write: what is recorded still holds.
    Kept,
    /// What was to be recorded has been written.
    Yes,
    /// It could not be written.
    Failed,
    /// A change from True to False that was not written, because there were too many of them.
    HeldBack,
}

/// Where an image is used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Use {
    /// What kind of object uses it.
    pub kind: UseKind,
    /// Its namespace; empty where it has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Its name: `STREAM:TAG`, `POD/CONTAINER`, the version of a payload, `VERSION/COMPONENT` of one, a reference.
    pub name: String,
    /// Other uses say what the image is expected to be signed as, and nothing says it of this one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub expects_nothing: bool,
}

impl Use {
    /// Whether both are the same use, whatever it expects.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (self.kind, &self.namespace, &self.name) == (other.kind, &other.namespace, &other.name)
    }
}

impl std::fmt::Display for Use {
    /// As people name it: `foo/bar:v1`, `pod foo/web-1/app`, `release 4.16.3`. Strings are as they came.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.kind {
            UseKind::Tag | UseKind::Listed => "",
            UseKind::Pod => "pod ",
            UseKind::Release => "release ",
            UseKind::List => "manifest list ",
        })?;
        if !self.namespace.is_empty() {
            write!(f, "{}/", self.namespace)?;
        }
        f.write_str(&self.name)
    }
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
    /// The verdict on the signature by itself.
    pub verdict: Verdict,
    /// The reason of that verdict.
    pub reason: Reason,
    /// A sentence for people.
    pub message: String,
    /// Who made it, where it was verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<EntrySigner>,
    /// The key ID or fingerprint that it says it is by, where its maker is in no keyring: a claim and no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_key: Option<String>,
    /// When it expires itself, in seconds since 1970, whatever becomes of its key; none where it never does, or
    /// that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<i64>,
    /// The digest of the instance that it belongs to, where the image is a list that was judged by its instances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

/// The maker of a signature that was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EntrySigner {
    /// Fingerprint of the key or subkey.
    pub fingerprint: String,
    /// Fingerprint of the primary key; `sha256:` and the digest of a sigstore key.
    pub primary: String,
    /// The owner as the key says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user_id: String,
    /// Algorithm and strength of the key, such as `rsa4096`.
    pub key_algorithm: String,
    /// Algorithm of the data digest, such as `SHA256`.
    pub hash_algorithm: String,
    /// When the signature was made, in seconds since 1970, where it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<i64>,
    /// When the key or subkey ceases to be valid, whichever is first, in seconds since 1970; none if never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<i64>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}
