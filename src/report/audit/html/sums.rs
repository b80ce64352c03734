// SPDX-License-Identifier: Apache-2.0
//! What stands around the table of images.

use serde::Serialize;

use super::row::Marks;
use super::signs::{class, glyph};
use crate::audit::controls::Control;
use crate::audit::entry::{FindingKind, UseKind};
use crate::audit::head::Head;
use crate::audit::tail::Tail;
use crate::audit::totals::{Named, Totals, Verdicts};
use crate::reason::{Reason, Verdict};
use crate::report::audit::words::{counts, message, title};
use crate::text::{safe, time};

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
    filters: Vec<Filter>,
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
}

/// An anchor that shows some rows only: those of the class of its name.
#[derive(Debug, Serialize)]
struct Filter {
    name: String,
    title: String,
    count: u64,
    /// Whether it stands in the line of filters.
    is_short: bool,
}

#[derive(Debug, Serialize)]
struct Outcome {
    class: String,
    glyph: &'static str,
    verdict: &'static str,
    reason: &'static str,
    filter: Option<String>,
    count: u64,
}

#[derive(Debug, Serialize)]
struct Counts {
    name: String,
    filter: Option<String>,
    counts: Vec<u64>,
}

#[derive(Debug, Serialize)]
struct Found {
    what: String,
    filter: String,
    count: u64,
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
        let namespaces = totals.namespaces.counted.iter().map(|(name, own)| Counts {
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
        Self {
            style: include_str!("style.css"),
            source: safe(&head.source),
            shard: (head.shard.count > 1).then(|| head.shard.to_string()),
            started: time(head.started),
            ended: time(tail.ended),
            program: safe(&head.program),
            judged_by: message(&head.judged_by),
            incomplete,
            images: totals.images,
            verified: of(&verdicts, Verdict::Verified),
            failing: totals.failing,
            fail_on: totals.fail_on().words().join(", "),
            cards: cards(&verdicts),
            filters: filters(totals, marks),
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

/// The day of a time.
fn day(seconds: i64) -> String {
    let time = time(seconds);
    time.split('T').next().unwrap_or(&time).to_owned()
}

fn of(verdicts: &Verdicts, verdict: Verdict) -> u64 {
    verdicts.get(&verdict).copied().unwrap_or(0)
}

fn cards(verdicts: &Verdicts) -> Vec<Card> {
    let each = counts(verdicts).each().into_iter();
    each.map(|(verdict, _)| Card {
        class: class(verdict),
        glyph: glyph(verdict),
        word: verdict.word(),
        count: of(verdicts, verdict),
    })
    .collect()
}

fn filters(totals: &Totals, marks: &Marks) -> Vec<Filter> {
    let short = |name: String, title: String, count: u64| Filter {
        name,
        title,
        count,
        is_short: true,
    };
    // The totals link to each verdict, also to those that no image has.
    let all = counts(&Verdicts::new()).each().into_iter();
    let verdicts = totals.verdicts();
    let verdicts = all.map(|(verdict, _)| short(class(verdict), verdict.to_string(), of(&verdicts, verdict)));
    let reasons = outcomes(totals)
        .into_iter()
        .filter_map(|row| Some((row.filter?, row.reason, row.count)));
    let mut by_reason: Vec<Filter> = Vec::new();
    for (name, reason, count) in reasons {
        match by_reason.iter_mut().find(|known| known.name == name) {
            Some(known) => known.count += count,
            None => by_reason.push(short(name, reason.to_owned(), count)),
        }
    }
    for filter in &mut by_reason {
        // One that shows what the filter of its verdict shows is reached from the totals.
        let rows = || outcomes(totals).into_iter();
        let own = rows().find(|row| row.filter.as_deref() == Some(&filter.name));
        filter.is_short = own.is_some_and(|own| rows().filter(|row| row.class == own.class).count() > 1);
    }
    let findings = findings(totals)
        .into_iter()
        .map(|row| short(row.filter, row.what, row.count));
    let namespaces = totals.namespaces.counted.keys().filter_map(|name| {
        let (class, count) = marks.get(name)?;
        Some(Filter {
            name: class,
            title: format!("used in namespace {}", safe(name)),
            count,
            is_short: false,
        })
    });
    let verdicts = verdicts.map(|filter| Filter {
        is_short: filter.count > 0,
        ..filter
    });
    verdicts.chain(by_reason).chain(findings).chain(namespaces).collect()
}

fn outcomes(totals: &Totals) -> Vec<Outcome> {
    let row = |((verdict, reason), count): (&(Verdict, Reason), &u64)| Outcome {
        class: class(*verdict),
        glyph: glyph(*verdict),
        verdict: verdict.word(),
        reason: reason.word(),
        filter: (*verdict != Verdict::Verified).then(|| format!("r-{reason}")),
        count: *count,
    };
    totals.outcomes.iter().map(row).collect()
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

fn findings(totals: &Totals) -> Vec<Found> {
    let row = |(kind, count): (&FindingKind, &u64)| Found {
        what: title(kind.word()),
        filter: format!("f-{}", kind.word()),
        count: *count,
    };
    totals.findings.iter().map(row).collect()
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
