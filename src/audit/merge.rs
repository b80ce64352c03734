// SPDX-License-Identifier: Apache-2.0
//! `audit merge`: the reports of all shards as one report. What is missing, or there twice, is told; a sum that may not be
//! that of the whole inventory is never given out for one.

use std::collections::BTreeMap;
use std::io::BufRead;

use super::entry::Entry;
use super::fault::Fault;
use super::head::{Head, Shard};
use super::images::Images;
use super::lines::{Line, Lines, END};
use super::tail::{Tail, INTERRUPTED};
use super::totals::Verdicts;
use crate::text::safe;

/// Most things of one kind that are named.
const MAX_NAMED: usize = 20;

/// A report to be added.
#[derive(Debug)]
struct Part<R> {
    /// Its file, safe to print.
    name: String,
    lines: Lines<R>,
}

/// Reports that can be added up.
#[derive(Debug)]
pub struct Merge<R> {
    head: Head,
    parts: BTreeMap<u32, Part<R>>,
    /// How many shards there are to be.
    count: u32,
    images: Images<()>,
    verdicts: Verdicts,
    /// Images that were there before.
    repeated: u64,
    /// Why the sum is not complete.
    incomplete: Vec<String>,
    /// When the last of them ended, in seconds since 1970.
    ended: i64,
    interrupted: bool,
}

impl<R: BufRead> Merge<R> {
    /// Reads the first lines of all reports, each with the name of its file.
    ///
    /// # Errors
    /// When one is not a report, they are not of one audit, or a shard is there twice: then there is no sum.
    pub fn new(reports: impl IntoIterator<Item = (String, R)>) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        let mut first: Option<(String, Head)> = None;
        let mut parts: BTreeMap<u32, Part<R>> = BTreeMap::new();
        let mut started = i64::MAX;
        for (name, reader) in reports {
            let name = safe(&name);
            let (head, lines) = match Lines::new(reader) {
                Ok(opened) => opened,
                Err(fault) => {
                    faults.push(fault.of(&name));
                    continue;
                }
            };
            started = started.min(head.started);
            if let Some((of, first)) = &first {
                let mut differences = first.differences(&head);
                if first.shard.count != head.shard.count {
                    differences.push("the number of shards");
                }
                if !differences.is_empty() {
                    let differences = differences.join(", ");
                    faults.push(format!(
                        "{name} and {of} are not of one audit; they differ in: {differences}"
                    ));
                    continue;
                }
            }
            let index = head.shard.index;
            first.get_or_insert_with(|| (name.clone(), head));
            if let Some(other) = parts.get(&index) {
                faults.push(format!("shard {index} occurs twice, in {} and {name}", other.name));
                continue;
            }
            parts.insert(index, Part { name, lines });
        }
        let head = match (first, faults.is_empty()) {
            (Some((_, head)), true) => head,
            _ => return Err(faults),
        };
        Ok(Self {
            head: Head {
                shard: Shard::WHOLE,
                started,
                ..head
            },
            count: head.shard.count,
            incomplete: missing(&parts, head.shard.count).into_iter().collect(),
            parts,
            images: Images::default(),
            verdicts: Verdicts::new(),
            repeated: 0,
            ended: started,
            interrupted: false,
        })
    }

    /// The head of the sum, which began when the first shard did.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Gives out each image once, shard by shard, and returns the end of the sum. What was found to be missing
    /// by then stands there.
    pub fn each(mut self, take: &mut dyn FnMut(&Entry)) -> Tail {
        for (index, part) in std::mem::take(&mut self.parts) {
            let shard = Shard {
                index,
                count: self.count,
            };
            let name = part.name.clone();
            if let Err(fault) = self.part(shard, part, take) {
                self.incomplete.push(format!("shard {shard}: {name}: {fault}"));
            }
        }
        if self.repeated > 0 {
            let images = if self.repeated == 1 {
                "image occurs"
            } else {
                "images occur"
            };
            self.incomplete
                .push(format!("{} {images} more than once, and counted once", self.repeated));
        }
        Tail {
            kind: END.to_owned(),
            ended: self.ended,
            images: self.verdicts.values().sum(),
            verdicts: self.verdicts,
            incomplete: self.incomplete,
            interrupted: self.interrupted,
        }
    }

    fn part(&mut self, shard: Shard, mut part: Part<R>, take: &mut dyn FnMut(&Entry)) -> Result<(), Fault> {
        let mut strangers = 0_u64;
        while let Some(line) = part.lines.next_line()? {
            match line {
                Line::Entry(entry) => {
                    if self.images.insert(&entry.image, &entry.source, ()).is_some() {
                        self.repeated += 1;
                        continue;
                    }
                    strangers += u64::from(!shard.has(entry.shard_key()));
                    *self.verdicts.entry(entry.verdict).or_default() += 1;
                    take(&entry);
                }
                Line::End(tail) => {
                    self.ended = self.ended.max(tail.ended);
                    self.interrupted |= tail.interrupted;
                    let left = tail.incomplete.len().saturating_sub(MAX_NAMED);
                    let reasons = tail.incomplete.into_iter().filter(|why| why != INTERRUPTED);
                    let named = reasons.take(MAX_NAMED);
                    // The whole need not be told from other parts.
                    let of = |why| match shard.count {
                        1 => why,
                        _ => format!("shard {shard}: {why}"),
                    };
                    self.incomplete.extend(named.map(of));
                    if left > 0 {
                        self.incomplete
                            .push(format!("shard {shard}: {left} more reasons, see {}", part.name));
                    }
                    if tail.interrupted {
                        self.incomplete
                            .push(format!("shard {shard} was interrupted, see {}", part.name));
                    }
                }
            }
        }
        if strangers > 0 {
            self.incomplete.push(format!(
                "shard {shard}: {} has {strangers} images of other shards",
                part.name
            ));
        }
        if !part.lines.has_ended() {
            self.incomplete.push(format!(
                "shard {shard}: {} is unfinished: its audit was killed or is still running; continue it with \
                    `image-signature audit --resume`",
                part.name
            ));
        }
        Ok(())
    }
}

/// Says which shards are not there, where some are not.
fn missing<R>(parts: &BTreeMap<u32, Part<R>>, count: u32) -> Option<String> {
    let all = u64::from(count) - parts.len() as u64;
    let named = (0..count).filter(|index| !parts.contains_key(index)).take(MAX_NAMED);
    let mut names: Vec<String> = named.map(|index| Shard { index, count }.to_string()).collect();
    let left = all - names.len() as u64;
    if left > 0 {
        names.push(format!("{left} more"));
    }
    match all {
        0 => None,
        1 => Some(format!("shard {} is missing (counted from 0)", names.join(", "))),
        _ => Some(format!("shards {} are missing (counted from 0)", names.join(", "))),
    }
}
