// SPDX-License-Identifier: Apache-2.0
//! What stands around the table of images.

use serde::Serialize;

use super::filters::{filters, Filter, Group};
use super::outcomes::{findings, of, outcomes, Found, Outcome};
use super::row::Marks;
use super::signs::{class, glyph};
use super::text::{day, moment, share};
use crate::audit::controls::Control;
use crate::audit::entry::UseKind;
use crate::audit::head::Head;
use crate::audit::tail::Tail;
use crate::audit::totals::{Named, Totals, Verdicts};
use crate::reason::Verdict;
use crate::report::audit::words::{counts, message};
use crate::text::safe;

/// All values that the templates of the page use.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    style: &'static str,
    source: String,
    shard: Option<String>,
    started: String,
    ended: String,
    program: String,
    judged_by: String,
    incomplete: Vec<String>,
    images: u64,
    verified: u64,
    failing: u64,
    fail_on: String,
    cards: Vec<Card>,
    expiring: Vec<Expiring>,
    filters: Vec<Filter>,
    groups: Vec<Group>,
    /// Whether no row has a reason or a finding.
    is_plain: bool,
    outcomes: Vec<Outcome>,
    /// The verdicts that images have, everywhere or in a namespace, as titles of columns.
    shown: Vec<&'static str>,
    uses: Vec<Counts>,
    namespaces: Vec<Counts>,
    more_namespaces: u64,
    findings: Vec<Found>,
    algorithms: Vec<Count>,
    keys: Vec<Key>,
    more_keys: u64,
    strangers: Vec<Count>,
    more_strangers: u64,
    controls: Vec<Evidence>,
}

#[derive(Debug, Serialize)]
struct Card {
    class: String,
    glyph: &'static str,
    word: &'static str,
    count: u64,
    share: String,
}

/// A key that expires soon.
#[derive(Debug, Serialize)]
struct Expiring {
    owner: String,
    fingerprint: String,
    day: String,
    alone: u64,
}

#[derive(Debug, Serialize)]
struct Counts {
    name: String,
    filter: Option<String>,
    counts: Vec<u64>,
}

#[derive(Debug, Serialize)]
struct Count {
    name: String,
    count: u64,
}

#[derive(Debug, Serialize)]
struct Key {
    owner: String,
    fingerprint: String,
    algorithm: String,
    expires: String,
    soon: bool,
    images: u64,
    alone: u64,
}

#[derive(Debug, Serialize)]
struct Evidence {
    framework: String,
    id: String,
    also: String,
    asks: String,
    evidence: Vec<String>,
}

impl Page {
    pub(super) fn new(head: &Head, tail: &Tail, totals: &Totals, marks: &Marks, controls: &[Control]) -> Self {
        let verdicts = totals.verdicts();
        let shown = totals.shown();
        let columns = |own: &Verdicts| -> Vec<u64> { shown.iter().map(|verdict| of(own, *verdict)).collect() };
        let mut incomplete: Vec<String> = tail.incomplete.iter().map(|why| message(why)).collect();
        if tail.interrupted {
            incomplete.push("It was interrupted.".to_owned());
        }
        let mut namespaces: Vec<_> = totals.namespaces.counted.iter().collect();
        namespaces.sort_by_key(|(name, own)| (std::cmp::Reverse(unverified(own)), *name));
        let namespaces = namespaces.into_iter().map(|(name, own)| Counts {
            name: if name.is_empty() {
                "(none)".to_owned()
            } else {
                safe(name)
            },
            filter: marks.get(name).map(|(class, _)| class),
            counts: columns(own),
        });
        let mut keys: Vec<_> = totals.keys.counted.iter().collect();
        keys.sort_by_key(|(fingerprint, key)| (std::cmp::Reverse(key.images), *fingerprint));
        let keys = keys.into_iter().map(|(fingerprint, key)| Key {
            owner: safe(&key.owner),
            fingerprint: safe(fingerprint),
            algorithm: safe(&key.algorithm),
            expires: key.expires.map_or("never".to_owned(), day),
            soon: key.expires.is_some_and(|expires| expires <= totals.horizon),
            images: key.images,
            alone: key.alone,
        });
        let (filters, groups) = filters(totals, marks);
        Self {
            style: include_str!("style.css"),
            source: safe(&head.source),
            shard: (head.shard.count > 1).then(|| head.shard.to_string()),
            started: moment(head.started),
            ended: moment(tail.ended),
            program: safe(&head.program),
            judged_by: message(&head.judged_by),
            incomplete,
            images: totals.images,
            verified: of(&verdicts, Verdict::Verified),
            failing: totals.failing,
            fail_on: totals.fail_on().words().join(", "),
            cards: cards(&verdicts, totals.images),
            expiring: expiring(totals),
            filters,
            groups,
            is_plain: of(&verdicts, Verdict::Verified) == totals.images && totals.findings.is_empty(),
            outcomes: outcomes(totals),
            uses: uses(totals, &columns),
            namespaces: namespaces.collect(),
            more_namespaces: totals.namespaces.left_out,
            findings: findings(totals),
            algorithms: sorted(&totals.algorithms),
            keys: keys.collect(),
            more_keys: totals.keys.left_out,
            strangers: sorted(&totals.strangers),
            more_strangers: totals.strangers.left_out,
            controls: controls.iter().map(|control| evidence(control, totals)).collect(),
            shown: shown.into_iter().map(Verdict::word).collect(),
        }
    }
}

fn cards(verdicts: &Verdicts, images: u64) -> Vec<Card> {
    let each = counts(verdicts).each().into_iter();
    each.map(|(verdict, _)| Card {
        class: class(verdict),
        glyph: glyph(verdict),
        word: verdict.word(),
        count: of(verdicts, verdict),
        share: share(of(verdicts, verdict), images),
    })
    .collect()
}

/// How many images have another verdict than Verified.
fn unverified(verdicts: &Verdicts) -> u64 {
    verdicts.values().sum::<u64>() - of(verdicts, Verdict::Verified)
}

/// The keys that expire soon, and how many images they alone verify.
fn expiring(totals: &Totals) -> Vec<Expiring> {
    /// Most of them that stand above the totals; the table of keys has all.
    const SHOWN: usize = 5;
    let keys = totals.expiring().into_iter().filter(|(_, key, _)| key.alone > 0);
    keys.take(SHOWN)
        .map(|(fingerprint, key, expires)| Expiring {
            owner: safe(&key.owner),
            fingerprint: safe(fingerprint),
            day: day(expires),
            alone: key.alone,
        })
        .collect()
}

fn uses(totals: &Totals, columns: &dyn Fn(&Verdicts) -> Vec<u64>) -> Vec<Counts> {
    let row = |(kind, own): (&UseKind, &Verdicts)| Counts {
        name: match kind {
            UseKind::Tag => "Tags of image streams",
            UseKind::Pod => "Pods that run",
            UseKind::Release => "The release that the cluster runs",
            UseKind::List => "Lists of instances",
            UseKind::Listed => "The list of images",
        }
        .to_owned(),
        filter: None,
        counts: columns(own),
    };
    totals.uses.iter().map(row).collect()
}

/// Names with their counts, the most frequent first.
fn sorted(names: &Named<u64>) -> Vec<Count> {
    let mut rows: Vec<(&String, &u64)> = names.counted.iter().collect();
    rows.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), *name));
    let row = |(name, count): (&String, &u64)| Count {
        name: safe(name),
        count: *count,
    };
    rows.into_iter().map(row).collect()
}

fn evidence(control: &Control, totals: &Totals) -> Evidence {
    Evidence {
        framework: safe(&control.framework),
        id: safe(&control.id),
        also: safe(&control.also.join(", ")),
        asks: message(&control.asks),
        evidence: control.evidence(totals).iter().map(|text| message(text)).collect(),
    }
}
