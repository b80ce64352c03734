// SPDX-License-Identifier: Apache-2.0
//! Anchors that show some rows only.

use serde::Serialize;

use super::outcomes::{findings, of, outcomes};
use super::row::Marks;
use super::signs::class;
use crate::audit::totals::{Totals, Verdicts};
use crate::report::audit::words::counts;
use crate::text::safe;

/// An anchor that shows only the rows of the class of its name.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Filter {
    name: String,
    title: String,
    count: u64,
}

/// Filters that stand in one line above the images.
#[derive(Debug, Serialize)]
pub(super) struct Group {
    title: &'static str,
    filters: Vec<Filter>,
}

/// All filters, and those that stand above the images, in their groups.
pub(super) fn filters(totals: &Totals, marks: &Marks) -> (Vec<Filter>, Vec<Group>) {
    // The totals link to each verdict, also to those that no image has.
    let known = totals.verdicts();
    let all = counts(&Verdicts::new()).each().into_iter();
    let verdicts: Vec<Filter> = all
        .map(|(verdict, _)| Filter {
            name: class(verdict),
            title: verdict.to_string(),
            count: of(&known, verdict),
        })
        .collect();
    let mut reasons: Vec<(Filter, bool)> = Vec::new();
    let rows = outcomes(totals);
    for row in &rows {
        let Some(name) = &row.filter else { continue };
        // One that shows what the filter of its verdict shows is reached from that.
        let is_own = rows.iter().filter(|other| other.class == row.class).count() > 1;
        match reasons.iter_mut().find(|(known, _)| known.name == *name) {
            Some((known, _)) => known.count += row.count,
            None => {
                let (name, title, count) = (name.clone(), row.reason.to_owned(), row.count);
                reasons.push((Filter { name, title, count }, is_own));
            }
        }
    }
    let found: Vec<Filter> = findings(totals)
        .into_iter()
        .map(|row| Filter {
            name: row.filter,
            title: row.what,
            count: row.count,
        })
        .collect();
    let namespaces = totals.namespaces.counted.keys().filter_map(|name| {
        let (class, count) = marks.get(name)?;
        Some(Filter {
            name: class,
            title: format!("used in namespace {}", safe(name)),
            count,
        })
    });
    let groups = [
        (
            "Verdict",
            verdicts.iter().filter(|own| own.count > 0).cloned().collect(),
        ),
        (
            "Reason",
            reasons
                .iter()
                .filter(|(_, is_own)| *is_own)
                .map(|(own, _)| own.clone())
                .collect(),
        ),
        ("Also found", found.clone()),
    ];
    let groups = groups.into_iter().map(|(title, filters)| Group { title, filters });
    let groups = groups.filter(|group: &Group| !group.filters.is_empty()).collect();
    let reasons = reasons.into_iter().map(|(filter, _)| filter);
    let all = verdicts.into_iter().chain(reasons).chain(found).chain(namespaces);
    (all.collect(), groups)
}
