// SPDX-License-Identifier: Apache-2.0
//! Servers that give the same for every number of a store.

use crate::registry::trouble::Trouble;

/// What a server gives for numbers that it does not have, where it gives something.
#[derive(Debug, Default)]
pub(super) struct Echo {
    number: usize,
    given: Option<Given>,
    times: usize,
}

/// What was given for a number, as far as it may be the same for each.
#[derive(Debug, PartialEq, Eq)]
enum Given {
    Body(Vec<u8>),
    TooLarge,
    /// However it is worded: some name the time or the URL.
    Page,
}

impl Given {
    fn of(given: &Result<Vec<u8>, Trouble>) -> Option<Self> {
        match given {
            Ok(body) => Some(Self::Body(body.clone())),
            Err(Trouble::TooLarge { .. }) => Some(Self::TooLarge),
            Err(Trouble::Page { .. }) => Some(Self::Page),
            Err(_) => None,
        }
    }
}

impl Echo {
    /// For how many numbers in a row, this one the last, the server has given the same.
    pub(super) fn times(&mut self, number: usize, given: &Result<Vec<u8>, Trouble>) -> usize {
        let is_same = self.number + 1 == number && self.is_same(given);
        let times = if is_same { self.times + 1 } else { 1 };
        let given = Given::of(given);
        *self = Self { number, given, times };
        times
    }

    pub(super) fn is_same(&self, given: &Result<Vec<u8>, Trouble>) -> bool {
        self.given.is_some() && self.given == Given::of(given)
    }
}
