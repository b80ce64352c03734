// SPDX-License-Identifier: Apache-2.0
//! All that an image is judged by, as a hash: what a report says of it holds only where everything that judging it reads is
//! proven to be the same (docs/contract.md 11).

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::entries;
use super::expected::Expected;
use super::hashing::{hex, put, put_all, put_members, put_value};
use super::job::{Job, What};
use super::recording::changed;
use crate::audit::entry::{Use, UseKind};
use crate::edit::SignatureEdit;
use crate::reference::Reference;
use crate::run::elsewhere::Elsewhere;
use crate::subject::Content;

/// When a record was looked at last: the only part of it that a run which finds the same leaves as it is.
const PROBED: &str = "lastProbeTime";

/// What an image is judged by, but for its signatures as they are stored.
pub(super) struct Basis(Sha256);

impl Basis {
    /// That of an image whose object is at hand. Nothing where more is read than can be compared: registries, mirrors, or
    /// what was not whole. `recorder` is who records, where that is done.
    pub(super) fn of(job: &Job, recorder: Option<&str>) -> Option<Self> {
        let What::Object(object) = &job.what else {
            return None;
        };
        let expected = &job.expected;
        let asks_registries = job.is_looked_up || !job.names.is_empty();
        if asks_registries || expected.more_demands > 0 || expected.lost_name.is_some() {
            return None;
        }
        let mut hash = Sha256::new();
        put(&mut hash, b"image-signature audit: what an image is judged by");
        put_all(&mut hash, recorder);
        put_expected(&mut hash, job);
        // Only records ask whether something else may be expected of it too.
        put(
            &mut hash,
            text(&(recorder.is_some() && !expected.is_whole())).as_bytes(),
        );
        put_aside(&mut hash, &job.aside)?;
        for (list, naming) in job.lists.each() {
            put(&mut hash, list.as_str().as_bytes());
            put_all(&mut hash, naming.named.iter().map(|own| own.digest().as_str()));
            if naming.trouble.is_some() {
                return None;
            }
        }
        put_object(&mut hash, &object.loaded.object);
        Some(Self(hash))
    }

    /// SHA-256, in hex, of it with the `signatures` of the object as they are stored, or will be once these changes are made.
    pub(super) fn with_signatures(self, signatures: &Value, edits: &[SignatureEdit]) -> String {
        let mut hash = self.0;
        for (index, stored) in signatures.as_array().into_iter().flatten().enumerate() {
            match edits.iter().find(|edit| edit.index == index) {
                Some(edit) => put_signature(&mut hash, &changed(stored, edit)),
                None => put_signature(&mut hash, stored),
            }
        }
        hex(hash)
    }
}

/// That of an image with its object as it stands.
pub(super) fn content(job: &Job, recorder: Option<&str>) -> Option<String> {
    let What::Object(object) = &job.what else {
        return None;
    };
    Some(Basis::of(job, recorder)?.with_signatures(&object.loaded.object["signatures"], &[]))
}

/// A use in what matters of it: pods come and go, and the next one of another name is the same use.
fn of_use(by: &Use) -> String {
    let name = match by.kind {
        UseKind::Pod => "",
        _ => by.name.as_str(),
    };
    text(&(by.kind, &by.namespace, name, by.expects_nothing))
}

/// A value as a text by which it can be compared. These have names and texts only, which can be written.
fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn texts(references: &[Reference]) -> BTreeSet<String> {
    references.iter().map(ToString::to_string).collect()
}

/// Adds what is expected of an image, and by which uses.
fn put_expected(hash: &mut Sha256, job: &Job) {
    let expected: &Expected = &job.expected;
    put_all(hash, texts(&expected.identities));
    let demands = expected.demands.iter();
    let demands = demands.map(|(by, identities)| text(&(of_use(by), texts(identities))));
    put_all(hash, demands.collect::<BTreeSet<String>>());
    let uses = entries::uses(expected, &job.uses);
    put_all(hash, uses.iter().map(of_use).collect::<BTreeSet<String>>());
    put_all(hash, &expected.trouble);
    let rest = (expected.source, expected.is_everywhere, job.more_uses > 0);
    put(hash, text(&rest).as_bytes());
}

/// Adds the signatures that the cluster keeps beside the object. Nothing where a place that may have some gave no answer.
fn put_aside(hash: &mut Sha256, aside: &Elsewhere) -> Option<()> {
    for source in &aside.sources {
        if source.answer.trouble().is_some() {
            return None;
        }
        put_all(hash, [source.kind.word(), &source.location, source.answer.word()]);
    }
    for signature in &aside.signatures {
        put(hash, signature.name.as_bytes());
        match &signature.content {
            Content::Gpg(Ok(bytes)) => put(hash, bytes),
            Content::Gpg(Err(refusal)) => put_all(hash, [refusal.reason.word(), &refusal.message]),
            Content::Sigstore(_) | Content::Other(_) => return None,
        }
    }
    Some(())
}

/// Adds an object but for its signatures, and but for what the server notes about each object.
fn put_object(hash: &mut Sha256, object: &Value) {
    for name in ["name", "annotations"] {
        put_value(hash, &object["metadata"][name], "");
    }
    put_members(hash, object, &["metadata", "signatures"], "");
}

fn put_signature(hash: &mut Sha256, stored: &Value) {
    put_value(hash, &stored["metadata"]["name"], "");
    put_members(hash, stored, &["metadata"], PROBED);
}
