// SPDX-License-Identifier: Apache-2.0
//! What a credential helper has said, how long that counts, and when it is asked for another login than one that was refused.

use std::mem::{replace, swap};
use std::time::{Duration, Instant};

use crate::registry::login::Login;

/// How long a login is good for other repositories of the host: it may be a token that expires.
const MAX_AGE: Duration = Duration::from_secs(300);

/// How long failures of a helper may take in all, for a host, before they are remembered: a prompt may have been missed once.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a failure is remembered at most: what was locked may have been unlocked.
const MAX_FAILED: Duration = Duration::from_secs(60);

/// How old a login is at least that is refused where it was first used, for another one to be asked for; twice as old after
/// each time in a row that this was in vain.
const MIN_AGE: Duration = Duration::from_secs(5);

/// The most that comes of that: a login that was good for a short time may have ended meanwhile.
const MAX_MIN_AGE: Duration = Duration::from_secs(60);

/// A login, none, or why it is not known.
pub(super) type Answer = Result<Option<Login>, String>;

/// What there is in place of a login that was refused.
pub(in crate::registry) enum Instead {
    Another(Login),
    /// The helper was asked a short time ago: it is not asked again unless the login is known to be good no longer.
    TooSoon,
    Nothing,
}

/// What a helper has said last.
struct Said {
    answer: Answer,
    begun: Instant,
    /// When it was asked last, and how long that took; the answer is older where it had no other login then.
    asked: Instant,
    took: Duration,
}

#[derive(Default)]
pub(super) struct State {
    said: Option<Said>,
    /// Which of two logins is good is not known before one was taken: this one, or the one that was said.
    other: Option<Login>,
    /// The login that was said in place of another one was good.
    is_good: bool,
    /// The last login that was known to be good no longer: that is believed once.
    ended: Option<Login>,
    /// What failures in a row took together.
    failing: Duration,
    /// The last login that was asked for in place of a refused one was refused, too.
    is_in_vain: bool,
    /// How often in a row that was so.
    in_vain: u32,
}

impl State {
    /// What was said last, if it counts still.
    pub(super) fn remembered(&self) -> Option<&Answer> {
        let said = self.said.as_ref()?;
        let age = said.begun.elapsed();
        let counts = match said.answer {
            Ok(_) => age < MAX_AGE,
            Err(_) => is_remembered(self.failing, said.took, age),
        };
        counts.then_some(&said.answer)
    }

    /// Keeps what was said just now.
    pub(super) fn was_asked(&mut self, answer: Answer, begun: Instant) {
        let took = begun.elapsed();
        self.failing = match answer {
            Ok(_) => Duration::ZERO,
            Err(_) => self.failing.saturating_add(took),
        };
        (self.other, self.is_good) = (None, false);
        self.said = Some(Said {
            answer,
            begun,
            asked: begun,
            took,
        });
    }

    /// What there is in place of a login, unless the helper is to be asked again. `is_old` says that the login was given for
    /// another repository, `has_ended` that it is known to be good no longer.
    pub(super) fn instead_of(&mut self, refused: &Login, is_old: bool, has_ended: bool) -> Option<Instead> {
        let Some(Said {
            answer: Ok(Some(login)),
            asked,
            took,
            ..
        }) = &self.said
        else {
            return Some(Instead::Nothing);
        };
        if let Some(another) = [Some(login), self.other.as_ref()]
            .into_iter()
            .flatten()
            .find(|own| *own != refused)
        {
            return Some(Instead::Another(another.clone()));
        }
        // Repositories may be forbidden whatever the login: each of them would have the helper asked.
        let is_young = asked.elapsed() < took.saturating_mul(10).max(min_age(self.in_vain));
        if is_young && (self.is_in_vain || !is_old) {
            if self.ended.as_ref() == Some(refused) {
                return Some(Instead::Nothing);
            }
            if !has_ended {
                return Some(Instead::TooSoon);
            }
            self.ended = Some(refused.clone());
        }
        None
    }

    /// What there is in place of a login once the helper was asked again, by what `ask` does with the state.
    pub(super) fn again(&mut self, refused: &Login, ask: impl FnOnce(&mut Self) -> Answer) -> Instead {
        if !replace(&mut self.is_in_vain, false) {
            self.in_vain = 0;
        }
        let before = self.said.take();
        match (ask(self), before) {
            (Ok(Some(login)), _) if login != *refused => {
                self.other = Some(refused.clone());
                return Instead::Another(login);
            }
            (Ok(Some(_)), _) | (_, None) => {}
            (_, Some(before)) => {
                // What one repository refuses may be good for others.
                if let Some(said) = &mut self.said {
                    (said.answer, said.begun) = (before.answer, before.begun);
                }
            }
        }
        self.was_in_vain();
        Instead::Nothing
    }

    /// What became of a login in place of another one: of two that one is said which was good. One that a repository refuses
    /// may be good for others, and is tried once more.
    pub(super) fn was_shown(&mut self, login: &Login, is_good: bool) {
        let is_other = self.other.as_ref() == Some(login);
        let Some(Said {
            answer: Ok(Some(said)), ..
        }) = &mut self.said
        else {
            return;
        };
        let is_said = said == login;
        match &mut self.other {
            Some(other) if is_other && is_good => swap(said, other),
            other if is_other => *other = None,
            Some(other) if is_said && !is_good && !self.is_good => swap(said, other),
            _ => {}
        }
        if is_good {
            self.is_good = is_said || is_other;
        } else {
            self.was_in_vain();
        }
    }

    /// Of two logins, this one is good no longer: the other one stays, whatever refused it.
    pub(super) fn has_ended(&mut self, login: &Login) {
        let Some(Said {
            answer: Ok(Some(said)), ..
        }) = &mut self.said
        else {
            return;
        };
        match self.other.take() {
            Some(other) if said == login => *said = other,
            other => self.other = other.filter(|own| own != login),
        }
    }

    /// Several sessions may find the same login refused.
    fn was_in_vain(&mut self) {
        if !self.is_in_vain {
            self.is_in_vain = true;
            self.in_vain = self.in_vain.saturating_add(1);
        }
    }
}

/// How old a refused login must be after so many others that were asked for in vain.
fn min_age(in_vain: u32) -> Duration {
    MIN_AGE.saturating_mul(2_u32.saturating_pow(in_vain)).min(MAX_MIN_AGE)
}

/// Whether a failure is remembered that took so long and began so long ago, after failures that took so long in all: helpers
/// must not take most of the time of a run, and one that works again must be asked.
fn is_remembered(failing: Duration, took: Duration, age: Duration) -> bool {
    failing > PATIENCE && age < took.saturating_add(took.saturating_mul(10).min(MAX_FAILED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_helper_is_asked_ever_more_seldom_for_logins_that_are_refused() {
        let ages = [0, 1, 2, 3, 4, 99].map(|in_vain| min_age(in_vain).as_secs());
        assert_eq!(ages, [5, 10, 20, 40, 60, 60]);
    }

    #[test]
    fn a_failure_is_remembered_for_a_time_only_once_failures_took_long() {
        let seconds = Duration::from_secs;
        for (failing, took, age, expected) in [
            (6, 6, 6, false),
            (12, 6, 6, true),
            (12, 6, 65, true),
            (12, 6, 67, false),
            (14, 4, 5, true),
            (14, 4, 45, false),
            (60, 60, 119, true),
            (60, 60, 121, false),
        ] {
            let is = is_remembered(seconds(failing), seconds(took), seconds(age));
            assert_eq!(is, expected, "{failing} {took} {age}");
        }
    }
}
