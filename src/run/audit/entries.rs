// SPDX-License-Identifier: Apache-2.0
//! From an outcome to the entry of a report.

use super::expected::Expected;
use super::job::Job;
use super::judged::Judged;
use crate::audit::entry::{AskedPlace, Entry, EntrySigner, Recorded, Signature, Use};
use crate::reference::Reference;
use crate::subject::SourceAnswer;
use crate::verdict::signer;
use crate::verdict::SignatureOutcome;

/// The entry of an image of which nothing is recorded yet; what it was judged by is not among it.
pub(super) fn entry(job: &Job, judged: &Judged) -> Entry {
    let outcome = judged.outcome();
    let expiries = judged.expiries.iter().copied().chain(std::iter::repeat(None));
    let own = outcome.signatures().iter().zip(expiries);
    let own = own.map(|(own, expires)| Signature {
        expires,
        ..signature(own, None)
    });
    let of_instances = judged.instances.iter();
    let of_instances = of_instances.map(|(instance, own)| signature(own, Some(instance.clone())));
    let mut entry = Entry {
        image: judged.digest.clone().unwrap_or_else(|| job.image.clone()),
        source: job.source.clone(),
        uses: uses(&job.expected, &job.uses),
        more_uses: job.more_uses,
        expected: texts(&job.expected.identities),
        identity_source: job.expected.source,
        content: None,
        verdict: outcome.verdict(),
        reason: outcome.reason(),
        message: outcome.message().to_owned(),
        matched: texts(outcome.matched()),
        lists: job.lists.digests(),
        sources: judged.sources.iter().map(source).collect(),
        signatures: own.chain(of_instances).collect(),
        more_signatures: 0,
        rests_on: Vec::new(),
        findings: Vec::new(),
        more_findings: 0,
        recorded: Recorded::No,
    };
    let keys = judged.footing.iter().flat_map(|footing| &footing.keys);
    let is_told = |key: &&String| entry.signers().any(|signer| signer.primary == **key);
    entry.rests_on = keys.filter(is_told).cloned().collect();
    entry
}

/// The uses of an image as its entry has them: whether anything is expected of it there.
pub(super) fn uses(expected: &Expected, all: &[Use]) -> Vec<Use> {
    let is_open = |by: &Use| match expected.is_everywhere || expected.demands.is_empty() {
        // What is expected of the image, if anything is, is expected of it in each of its uses but these.
        true => expected.open.contains(by),
        false => by.expects_nothing && !expected.placed.iter().any(|own| own.is_same(by)),
    };
    let told = all.iter().map(|by| Use {
        expects_nothing: is_open(by),
        ..by.clone()
    });
    told.collect()
}

fn texts(references: &[Reference]) -> Vec<String> {
    references.iter().map(ToString::to_string).collect()
}

fn signature(outcome: &SignatureOutcome, instance: Option<String>) -> Signature {
    Signature {
        name: outcome.name().to_owned(),
        kind: outcome.kind().word().to_owned(),
        verdict: outcome.verdict(),
        reason: outcome.reason(),
        message: outcome.message().to_owned(),
        signer: outcome.signer().map(of_signer),
        claimed_key: outcome.claimed_key().map(str::to_owned),
        expires: None,
        instance,
    }
}

fn source(own: &SourceAnswer) -> AskedPlace {
    AskedPlace {
        kind: own.kind.word().to_owned(),
        location: own.location.clone(),
        answer: own.answer.word().to_owned(),
        message: own.answer.trouble().map(|refusal| refusal.message),
        note: own.note.clone(),
        signatures: own.signatures as u64,
    }
}

fn of_signer(signer: &signer::Signer) -> EntrySigner {
    match signer {
        signer::Signer::Gpg(own) => EntrySigner {
            fingerprint: own.fingerprint.to_string(),
            primary: own.primary.to_string(),
            user_id: own.user_id.clone(),
            key_algorithm: own.key_algorithm.clone(),
            hash_algorithm: own.hash_algorithm.clone(),
            created: Some(own.created),
            expires: own.expires,
        },
        // Nothing of it says when it was made, whose the key is, or when it ends.
        signer::Signer::Sigstore(own) => EntrySigner {
            fingerprint: signer.id(),
            primary: signer.id(),
            user_id: String::new(),
            key_algorithm: own.key_algorithm.to_string(),
            hash_algorithm: own.hash_algorithm.to_string(),
            created: None,
            expires: None,
        },
    }
}
