// SPDX-License-Identifier: Apache-2.0
//! What holds of every report that an audit writes. Whoever reads one, to go on from it, to add it up or to compare it,
//! refuses what does not hold: a line that contradicts itself is damaged or made up, and says nothing of an image.

use super::entry::{
    Entry, FindingKind, IdentitySource, Recorded, Signature, MAX_FINDINGS, MAX_LISTED, MAX_SOURCES, MAX_STRING,
    MAX_USES,
};
use super::head::Head;
use super::tail::Tail;
use super::totals::Verdicts;
use crate::digest::Digest;
use crate::reason::{Reason, Verdict};
use crate::reference::Reference;

/// Latest time that an audit can have: the last second of the year 9999, in seconds since 1970.
const MAX_TIME: i64 = 253_402_300_799;

/// Most that can be left out of a list of an entry. The sums of as many images as a report can have stay
/// below the largest number.
const MAX_MORE: u64 = u32::MAX as u64;

/// Why the first line cannot be that of a report, if it cannot.
#[must_use]
pub(crate) fn of_head(head: &Head) -> Option<String> {
    if head.shard.index >= head.shard.count {
        return Some(format!("there is no shard {}", head.shard));
    }
    of_time(head.started).map(|what| format!("the audit began at {what}"))
}

/// Why an audit can neither have begun nor ended then, if it cannot.
fn of_time(seconds: i64) -> Option<String> {
    let is_there = (0..=MAX_TIME).contains(&seconds);
    (!is_there).then(|| format!("{seconds}, expected seconds since 1970, up to the year 9999"))
}

/// Why an entry cannot be what an audit found, if it cannot; safe to print. `head` is the first line of its report.
#[must_use]
pub(crate) fn of_entry(entry: &Entry, head: &Head) -> Option<String> {
    of_words(entry)
        .or_else(|| entry.signatures.iter().find_map(of_signature))
        .or_else(|| of_identities(entry))
        .or_else(|| of_verdict(entry, head.policy.is_some()))
        .or_else(|| of_findings(entry))
        .or_else(|| of_bounds(entry))
}

/// Why the end of a report cannot be that of its entries, if it cannot: these have so many of each verdict, and so many
/// have a record that was not written.
#[must_use]
pub(crate) fn of_tail(tail: &Tail, verdicts: &Verdicts, unwritten: u64) -> Option<String> {
    let images: u64 = verdicts.values().sum();
    let said = tail.verdicts.iter().filter(|(_, count)| **count > 0);
    if tail.images != images || !said.eq(verdicts.iter()) {
        return Some(format!(
            "the last line counts {} images, but {images} precede it, or other numbers of each verdict",
            tail.images
        ));
    }
    if unwritten > 0 && tail.incomplete.is_empty() {
        return Some(format!(
            "the end says that nothing is missing, and {unwritten} images before it have records that were not written"
        ));
    }
    if let Some(what) = of_time(tail.ended) {
        return Some(format!("the audit ended at {what}"));
    }
    (tail.interrupted && tail.incomplete.is_empty())
        .then(|| "the end says that the audit was interrupted, and that nothing is missing".to_owned())
}

/// Whether the record of an image was not written as it was to be.
#[must_use]
pub(crate) fn is_unwritten(entry: &Entry) -> bool {
    matches!(entry.recorded, Recorded::Failed | Recorded::HeldBack)
}

/// A verdict follows from its reason.
fn of_words(entry: &Entry) -> Option<String> {
    let signatures = entry.signatures.iter();
    let mut words = signatures
        .map(|signature| (signature.verdict, signature.reason))
        .chain([(entry.verdict, entry.reason)]);
    let (verdict, reason) = words.find(|(verdict, reason)| reason.verdict() != *verdict)?;
    Some(format!("{verdict} cannot have the reason {reason}"))
}

fn of_signature(signature: &Signature) -> Option<String> {
    let is_known = matches!(signature.kind.as_str(), "gpg" | "sigstore" | "other");
    let signer = signature.signer.as_ref();
    let what = if !is_known {
        "a signature has an unknown kind"
    } else if signature.verdict == Verdict::Verified && signer.is_none() {
        "a signature is Verified without a signer"
    } else if signer.is_some_and(|signer| signer.primary.is_empty() || signer.fingerprint.is_empty()) {
        "a signer has no fingerprint"
    } else if signature.claimed_key.is_some() && signature.reason != Reason::UnknownKey {
        "a signature claims a key, but the key is not unknown"
    } else {
        return None;
    };
    Some(what.to_owned())
}

fn of_identities(entry: &Entry) -> Option<String> {
    let what = if entry.matched.iter().any(|identity| !entry.expected.contains(identity)) {
        "it matches an identity that is not expected"
    } else if (entry.verdict == Verdict::Verified) == entry.matched.is_empty() {
        "its verdict does not agree with the identities that match"
    } else if entry.expected.is_empty() != (entry.identity_source == IdentitySource::None) {
        "it has expected identities without a source, or a source without any"
    } else if entry.matched.iter().any(|identity| is_of_another(identity, entry)) {
        "it matches an identity with the digest of another image"
    } else {
        return None;
    };
    Some(what.to_owned())
}

/// Whether an identity has a digest that is neither the image's nor that of a list which names it; digests of different
/// algorithms cannot be compared.
fn is_of_another(identity: &str, entry: &Entry) -> bool {
    let image = entry.image.as_str();
    let reference = Reference::parse(identity).ok();
    let digest = reference.as_ref().and_then(Reference::digest);
    let algorithm = |digest: &str| digest.split_once(':').map(|(algorithm, _)| algorithm.to_owned());
    let is_list = |digest: &Digest| entry.lists.iter().any(|list| list == digest.as_str());
    digest.is_some_and(|digest| {
        digest.as_str() != image && !is_list(digest) && algorithm(digest.as_str()) == algorithm(image)
    })
}

fn of_verdict(entry: &Entry, is_by_policy: bool) -> Option<String> {
    let all = &entry.signatures;
    let has = |verdict: Verdict| all.iter().any(|signature| signature.verdict == verdict);
    // A policy may refuse for one requirement what meets another one.
    let is_found = || is_by_policy || entry.more_signatures > 0 || all.iter().any(|own| own.reason == entry.reason);
    let holds = match entry.verdict {
        Verdict::Verified => has(Verdict::Verified) && Digest::parse(&entry.image).is_ok(),
        Verdict::Unsigned => !entry.expected.is_empty() && all.iter().all(|own| own.instance.is_some()),
        Verdict::Allowed => !entry.expected.is_empty() && is_by_policy,
        Verdict::Unchecked => true,
        Verdict::Rejected | Verdict::Unsupported if entry.reason.is_of_image() => true,
        _ if entry.expected.is_empty() => false,
        _ if entry.reason == Reason::ThresholdNotReached => has(Verdict::Verified) || is_by_policy,
        _ => is_found(),
    };
    (!holds).then(|| {
        let (verdict, reason) = (entry.verdict, entry.reason);
        format!("its identities and signatures do not make it {verdict} ({reason})")
    })
}

fn of_findings(entry: &Entry) -> Option<String> {
    let has = |kind: FindingKind| entry.findings.iter().any(|finding| finding.kind == kind);
    let is_signer = |key: &String| entry.signers().any(|signer| signer.primary == *key);
    let has_place = entry.source.starts_with("dir:") || entry.source.starts_with("docker://");
    let what = if has(FindingKind::UnsignedInUse) != (entry.is_in_use() && entry.verdict == Verdict::Unsigned) {
        "the finding unsignedInUse does not agree with its verdict and uses"
    } else if has(FindingKind::Expiring) && entry.verdict != Verdict::Verified {
        "keys that verify it expire, but it is not Verified"
    } else if !entry.rests_on.is_empty() && entry.verdict != Verdict::Verified {
        "it rests on keys, but it is not Verified"
    } else if entry.more_signatures == 0 && entry.rests_on.iter().any(|key| !is_signer(key)) {
        "it rests on a key that has not signed it"
    } else if has(FindingKind::HeldBack) != (entry.recorded == Recorded::HeldBack) {
        "a change is listed as kept back, but its record does not say so, or the reverse"
    } else if has_place && entry.recorded != Recorded::No {
        "it has a record, but it is not an API object"
    } else if entry
        .findings
        .iter()
        .any(|own| own.command.is_some() && own.kind != FindingKind::Gap)
    {
        "it has a command to fill a gap where there is no gap"
    } else {
        return None;
    };
    Some(what.to_owned())
}

/// An entry is [`Entry::bounded`], and what is left out is left out of a full list.
fn of_bounds(entry: &Entry) -> Option<String> {
    let lists = [
        (entry.uses.len(), entry.more_uses, MAX_USES),
        (entry.signatures.len(), entry.more_signatures, MAX_LISTED),
        (entry.findings.len(), entry.more_findings, MAX_FINDINGS),
        (entry.expected.len(), 0, MAX_FINDINGS),
        (entry.matched.len(), 0, MAX_FINDINGS),
        (entry.lists.len(), 0, MAX_FINDINGS),
        (entry.sources.len(), 0, MAX_SOURCES),
        (entry.rests_on.len(), 0, MAX_LISTED),
    ];
    let is_whole = lists
        .iter()
        .all(|(length, more, most)| length == most && *more <= MAX_MORE || length < most && *more == 0);
    let is_short = [&entry.image, &entry.source, &entry.message]
        .into_iter()
        .chain(&entry.expected)
        .all(|text| text.len() <= MAX_STRING);
    (!is_whole || !is_short).then(|| {
        "a list or a string in it is longer than allowed, or a list that is not full leaves something out".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::super::entry::AuditFinding;
    use super::*;

    fn entry(verdict: Verdict, reason: Reason) -> Entry {
        Entry {
            image: format!("sha256:{:064x}", 1),
            source: "cluster".into(),
            uses: Vec::new(),
            more_uses: 0,
            expected: vec!["a.example/b:c".into()],
            identity_source: IdentitySource::Stream,
            content: None,
            verdict,
            reason,
            message: String::new(),
            matched: Vec::new(),
            lists: Vec::new(),
            sources: Vec::new(),
            signatures: Vec::new(),
            more_signatures: 0,
            rests_on: Vec::new(),
            findings: Vec::new(),
            more_findings: 0,
            recorded: Recorded::No,
        }
    }

    #[test]
    fn what_is_wrong_with_an_image_needs_no_signature() {
        let of_images = Reason::ALL.into_iter().filter(|reason| reason.is_of_image());
        let mut tried = 0;
        for reason in of_images {
            let mut entry = entry(reason.verdict(), reason);
            assert!(
                [Verdict::Rejected, Verdict::Unsupported].contains(&entry.verdict),
                "{reason}"
            );
            assert_eq!(of_verdict(&entry, false), None, "{reason}");
            entry.reason = Reason::BadSignature;
            assert!(of_verdict(&entry, false).is_some());
            tried += 1;
        }
        assert!(tried >= 5, "{tried}");
    }

    #[test]
    fn what_an_entry_is_cut_to_keeps_what_its_verdict_rests_on() {
        let signature = |verdict: Verdict, reason: Reason| Signature {
            name: String::new(),
            kind: "gpg".into(),
            verdict,
            reason,
            message: String::new(),
            signer: None,
            claimed_key: None,
            expires: None,
            instance: None,
        };
        let mut entry = entry(Verdict::Verified, Reason::Verified);
        entry.expected = (0..300).map(|n| format!("a.example/b:{n}")).collect();
        entry.matched = vec![entry.expected[299].clone()];
        entry.signatures = vec![signature(Verdict::Rejected, Reason::BadSignature); MAX_LISTED];
        entry.signatures.push(signature(Verdict::Verified, Reason::Verified));
        let finding = |kind| AuditFinding {
            kind,
            message: String::new(),
            command: None,
        };
        entry.findings = vec![finding(FindingKind::Stale); MAX_FINDINGS];
        entry.findings.push(finding(FindingKind::Gap));
        let entry = entry.bounded();
        assert_eq!((entry.more_signatures, entry.more_findings), (1, 1));
        assert_eq!(
            entry.expected[..2],
            [entry.matched[0].clone(), "a.example/b:0".to_owned()]
        );
        assert_eq!(entry.signatures[0].verdict, Verdict::Verified);
        assert!(entry.findings.iter().any(|own| own.kind == FindingKind::Gap));
        assert_eq!(of_bounds(&entry), None);
    }
}
