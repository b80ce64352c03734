// SPDX-License-Identifier: Apache-2.0
//! Which of the uses of an image are told, where it has more than are.

use std::collections::HashMap;

use super::super::entry::{Use, MAX_USES};
use super::known::Known;

/// What is told of the uses of one image, which come in order: one use of each namespace before a second one of any, so that
/// no namespace is left out for the sake of another one.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// The use that came last, and where it is told, if it is.
    last: Option<(Use, Option<usize>)>,
    /// How many uses of each namespace are told.
    namespaces: HashMap<String, usize>,
}

impl Told {
    /// Tells a use, or counts it. The same use may come with each of its demands: it expects nothing where none of them does.
    /// Whether it is told comes back.
    pub(super) fn tell(&mut self, by: &Use, known: &mut Known) -> bool {
        if let Some((_, place)) = self.last.as_ref().filter(|(last, _)| last.is_same(by)) {
            if let Some(own) = place.and_then(|place| known.uses.get_mut(place)) {
                own.expects_nothing &= by.expects_nothing;
            }
            return place.is_some();
        }
        let place = self.place(by, known);
        match place {
            Some(_) => *self.namespaces.entry(by.namespace.clone()).or_default() += 1,
            None => known.more_uses += 1,
        }
        self.last = Some((by.clone(), place));
        place.is_some()
    }

    /// Where a use that is told stands from now on.
    fn place(&mut self, by: &Use, known: &mut Known) -> Option<usize> {
        if known.uses.len() < MAX_USES {
            known.uses.push(by.clone());
            return Some(known.uses.len() - 1);
        }
        if self.namespaces.contains_key(&by.namespace) || self.namespaces.len() == MAX_USES {
            return None;
        }
        // Some namespace is told twice then.
        let is_second = |own: &Use| self.namespaces.get(&own.namespace).is_some_and(|count| *count > 1);
        let place = known.uses.iter().rposition(is_second)?;
        let other = std::mem::replace(&mut known.uses[place], by.clone());
        known.had.retain(|(own, _)| !own.is_same(&other));
        known.more_uses += 1;
        if let Some(count) = self.namespaces.get_mut(&other.namespace) {
            *count -= 1;
        }
        Some(place)
    }
}
