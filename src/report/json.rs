// SPDX-License-Identifier: Apache-2.0
//! JSON: one document, on failure too. Members are only ever added.

mod document;

use std::io::{self, Read, Write};

use serde_json::{json, Map, Value};

pub use self::document::{write_document, write_line, Syntax, API_VERSION};
pub(super) use self::document::{write_item, write_list};
use super::image::{Attached, Attachment, ImageReport, InRegistry, RecordResult};
use super::renderer::{Renderer, Summary};
use super::signatures;
use crate::payload::Payload;
use crate::reference::Reference;
use crate::subject::SourceAnswer;
use crate::text::time;
use crate::verdict::tally::Tally;
use crate::verdict::{SignatureOutcome, Signer};

/// `-o json`, `-o yaml`
pub(super) struct Json {
    syntax: Syntax,
}

impl Json {
    pub(super) fn new(syntax: Syntax) -> Self {
        Self { syntax }
    }
}

impl Renderer for Json {
    fn image(&self, out: &mut dyn Write, report: &ImageReport) -> io::Result<()> {
        write_item(out, &image(report), self.syntax)
    }

    fn is_document(&self) -> bool {
        true
    }

    fn document(&self, out: &mut dyn Write, summary: &Summary, items: &mut dyn Read) -> io::Result<()> {
        write_list(out, &verification_list(summary), self.syntax, items)
    }
}

/// The document without its images.
fn verification_list(summary: &Summary) -> Value {
    json!({
        "apiVersion": API_VERSION,
        "kind": "VerificationList",
        "summary": {
            "verified": summary.verified,
            "rejected": summary.rejected,
            "unsupported": summary.unsupported,
            "unsigned": summary.unsigned,
            "allowed": summary.allowed,
            "unchecked": summary.unchecked,
        },
        "items": [],
    })
}

fn image(report: &ImageReport) -> Value {
    let outcome = &report.outcome;
    let signatures: Vec<Value> = outcome
        .signatures()
        .iter()
        .enumerate()
        .map(|(n, s)| {
            signature(
                s,
                report.recorded_signatures.get(n).copied().unwrap_or(RecordResult::No),
            )
        })
        .collect();
    let mut item = json!({
        "image": report.image,
        "source": report.source,
        "expectedIdentities": texts(&report.expected),
        "matchedIdentities": texts(outcome.matched()),
        "identitySource": report.identity_source.word(),
        "verdict": outcome.verdict().word(),
        "reason": outcome.reason().word(),
        "message": outcome.message(),
        "signatures": signatures,
        "recorded": report.recorded.word(),
    });
    if let Some(members) = item.as_object_mut() {
        if let Some(requested) = &report.requested {
            members.insert("requested".to_owned(), requested.as_str().into());
        }
        let rules: Vec<Value> = outcome.tallies().iter().filter_map(policy).collect();
        if !rules.is_empty() {
            members.insert("policy".to_owned(), rules.into());
        }
        if let Some(registry) = &report.registry {
            in_registry(registry, members);
        }
        if !report.attached.is_empty() {
            members.insert("attached".to_owned(), report.attached.iter().map(attached).collect());
        }
        if !report.sources.is_empty() {
            let sources: Vec<Value> = report.sources.iter().map(source).collect();
            members.insert("sources".to_owned(), sources.into());
        }
    }
    item
}

fn in_registry(registry: &InRegistry, members: &mut Map<String, Value>) {
    if let Some(pinned) = &registry.pinned {
        members.insert("pinned".to_owned(), pinned.as_str().into());
    }
    if let Some(platform) = &registry.platform {
        members.insert("platform".to_owned(), platform.as_str().into());
    }
    if registry.for_information {
        members.insert("forInformation".to_owned(), true.into());
    }
    if !registry.instances.is_empty() {
        let instances = registry.instances.iter().map(|instance| {
            let signers = signatures::signers(&instance.outcome).into_iter().map(signer);
            json!({
                "image": instance.image,
                "platform": instance.platform,
                "verdict": instance.outcome.verdict().word(),
                "reason": instance.outcome.reason().word(),
                "message": instance.outcome.message(),
                "signers": signers.collect::<Vec<_>>(),
            })
        });
        members.insert("instances".to_owned(), instances.collect());
    }
    if !registry.left_out.is_empty() {
        members.insert("leftOut".to_owned(), registry.left_out.clone().into());
    }
}

/// What a policy requires of an identity, and what became of it.
fn policy(tally: &Tally) -> Option<Value> {
    let requirements: Vec<Value> = tally
        .requirements
        .iter()
        .map(|count| json!({"requirement": count.name, "result": count.word(), "detail": count.detail()}))
        .collect();
    let scope = tally.scope.as_ref()?;
    Some(json!({"expectedIdentity": tally.identity.to_string(), "scope": scope, "requirements": requirements}))
}

/// A signature that was to be added to an Image.
fn attached(attached: &Attached) -> Value {
    let mut item = json!({"name": attached.name, "result": attached.fate.word()});
    if let (Attachment::Failed(why), Some(members)) = (&attached.fate, item.as_object_mut()) {
        members.insert("message".to_owned(), why.as_str().into());
    }
    item
}

/// A place that was asked for signatures, and what it answered.
pub(super) fn source(source: &SourceAnswer) -> Value {
    let mut item = json!({
        "kind": source.kind.word(),
        "location": source.location,
        "answer": source.answer.word(),
        "signatures": source.signatures,
    });
    if let (Some(trouble), Some(members)) = (source.answer.trouble(), item.as_object_mut()) {
        members.insert("message".to_owned(), trouble.message.into());
    }
    if let (Some(note), Some(members)) = (&source.note, item.as_object_mut()) {
        members.insert("note".to_owned(), note.as_str().into());
    }
    item
}

fn texts(references: &[Reference]) -> Vec<String> {
    references.iter().map(ToString::to_string).collect()
}

fn signature(outcome: &SignatureOutcome, recorded: RecordResult) -> Value {
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("name", outcome.name().into());
    put("kind", outcome.kind().word().into());
    put("verdict", outcome.verdict().word().into());
    put("reason", outcome.reason().word().into());
    put("message", outcome.message().into());
    put("matchedIdentities", texts(outcome.matched()).into());
    if let Some(who) = outcome.signer() {
        put("signer", signer(who));
    }
    if let Some(payload) = outcome.claim() {
        put("claim", claim(payload));
    }
    let checks: Vec<Value> = outcome
        .checks()
        .iter()
        .map(|check| json!({"check": check.step.word(), "result": check.ended.word(), "detail": check.detail}))
        .collect();
    put("checks", checks.into());
    put("recorded", recorded.word().into());
    Value::Object(members)
}

fn signer(signer: &Signer) -> Value {
    match signer {
        Signer::Gpg(signer) => json!({
            "fingerprint": signer.fingerprint.as_str(),
            "primaryFingerprint": signer.primary.as_str(),
            "userID": signer.user_id,
            "validity": super::validity::validity_word(signer.validity),
            "keyAlgorithm": signer.key_algorithm,
            "hashAlgorithm": signer.hash_algorithm,
            "createdAt": time(signer.created),
        }),
        // Nothing of it says when it was made, or whose the key is.
        Signer::Sigstore(own) => json!({
            "fingerprint": signer.id(),
            "primaryFingerprint": signer.id(),
            "userID": signer.owner(),
            "validity": super::validity::validity_word(None),
            "keyAlgorithm": own.key_algorithm,
            "hashAlgorithm": own.hash_algorithm,
        }),
    }
}

/// What a payload claims; the members that it may leave out are left out here too.
pub(super) fn claim(payload: &Payload) -> Value {
    let mut members = Map::new();
    members.insert("dockerReference".into(), payload.reference.as_str().into());
    members.insert("dockerManifestDigest".into(), payload.digest.as_str().into());
    if let Some(creator) = &payload.creator {
        members.insert("creator".into(), creator.as_str().into());
    }
    if let Some(timestamp) = payload.timestamp {
        members.insert("timestamp".into(), timestamp.into());
    }
    Value::Object(members)
}
