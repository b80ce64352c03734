// SPDX-License-Identifier: Apache-2.0
//! What was sent to a registry: logins and tokens, also those that it refused, which may be good elsewhere.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::url_text::decoded;
use crate::http::secret::{Secret, MIN_ECHO};

/// Most secrets that are kept of a kind.
const MAX_SENT: usize = 1000;

/// Most bytes that they have in all.
const MAX_BYTES: usize = 1 << 20;

/// Length from which letters alone are no word that a URL may have for another reason.
const MIN_LETTERS: usize = 16;

/// What was sent in this run, by host: whoever asks in one place may be answered with what another place has sent.
#[derive(Debug, Clone, Default)]
pub struct Everywhere(Arc<Mutex<BTreeMap<String, Sent>>>);

impl Everywhere {
    /// What is sent to a host, `HOST[:PORT]` as references have it.
    pub(super) fn to(&self, host: &str) -> Sent {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(host.to_ascii_lowercase()).or_default().clone()
    }
}

/// What was sent to one host. Clones are about the same.
#[derive(Clone, Default)]
pub(super) struct Sent(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    logins: Recent,
    tokens: Recent,
    /// Logins that are words, with the path of the repository.
    words: BTreeSet<(String, String)>,
}

/// What it holds must not be in a log.
impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sent")
    }
}

impl Sent {
    /// Keeps the login for a repository that is about to be sent.
    pub(super) fn keep_login(&self, path: &str, secrets: impl IntoIterator<Item = Secret>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for secret in secrets {
            let text = lowered(secret.reveal());
            if !is_word(&text) {
                kept.logins.keep(text);
                continue;
            }
            if kept.words.len() >= MAX_SENT {
                kept.words.pop_first();
            }
            kept.words.insert((path.to_owned(), text));
        }
    }

    /// Keeps a token that is about to be sent.
    pub(super) fn keep_token(&self, token: &Secret) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.tokens.keep(lowered(token.reveal()));
    }

    /// Whether a text repeats any of it.
    pub(super) fn is_in(&self, text: &str) -> bool {
        self.is_among(text, |_| true)
    }

    /// Whether a URL repeats what was sent for the repository at this path, or what was sent for others and is not a word.
    pub(super) fn is_in_url(&self, url: &str, path: &str) -> bool {
        self.is_among(url, |own| own == path)
    }

    fn is_among(&self, text: &str, counts: impl Fn(&str) -> bool) -> bool {
        let texts = [lowered(text), lowered(&decoded(text))];
        let repeats = |secret: &str| secret.len() >= MIN_ECHO && texts.iter().any(|text| text.contains(secret));
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let words = kept.words.iter().filter(|(path, _)| counts(path));
        kept.logins.all().chain(kept.tokens.all()).any(repeats) || words.into_iter().any(|(_, word)| repeats(word))
    }
}

/// The texts that came last, each once.
#[derive(Default)]
struct Recent {
    texts: VecDeque<String>,
    bytes: usize,
}

impl Recent {
    fn keep(&mut self, text: String) {
        if let Some(at) = self.texts.iter().position(|own| *own == text) {
            // It is the last one now.
            let text = self.texts.remove(at);
            self.texts.extend(text);
            return;
        }
        self.bytes += text.len();
        self.texts.push_back(text);
        while self.texts.len() > MAX_SENT || (self.bytes > MAX_BYTES && self.texts.len() > 1) {
            let first = self.texts.pop_front().unwrap_or_default();
            self.bytes -= first.len();
        }
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(String::as_str)
    }
}

/// Media types, for one, are put into lower case.
fn lowered(text: &str) -> String {
    text.to_ascii_lowercase()
}

/// Whether a password may stand in a URL for another reason.
fn is_word(secret: &str) -> bool {
    secret.len() < MIN_LETTERS && secret.bytes().all(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_are_passwords_elsewhere_may_stand_in_a_url() {
        let everywhere = Everywhere::default();
        let sent = everywhere.to("Reg.example:5000");
        let secrets = ["registry", "hunter-p1", "abcdefghijklmnop"].map(Secret::new);
        sent.keep_login("ns/own", secrets);
        let other = everywhere.to("reg.example:5000");
        for (text, own, others) in [
            ("/docker/Registry/v2", true, false),
            ("/x/HUNTER%2Dp1", true, true),
            ("/x/hunter%252dp1", true, true),
            ("/abcdefghijklmnop", true, true),
            ("/x/y", false, false),
        ] {
            assert_eq!(other.is_in(text), own, "{text}");
            assert_eq!(other.is_in_url(text, "ns/own"), own, "{text}");
            assert_eq!(other.is_in_url(text, "ns/other"), others, "{text}");
        }
        assert!(!everywhere.to("other.example").is_in("hunter-p1"));
    }

    #[test]
    fn tokens_take_no_more_than_a_megabyte_and_put_no_login_out() {
        let sent = Sent::default();
        sent.keep_login("ns/app", [Secret::new("hunter-p1")]);
        for n in 0..2000 {
            let token = Secret::new(format!("{n}{}", "x".repeat(100_000)));
            sent.keep_token(&token);
            sent.keep_token(&token);
        }
        let kept = sent.0.lock().unwrap();
        let bytes = kept.tokens.all().map(str::len).sum::<usize>();
        assert!((900_000..=MAX_BYTES).contains(&bytes), "{bytes}");
        assert_eq!(kept.tokens.bytes, bytes);
        drop(kept);
        assert!(sent.is_in("you sent Hunter-p1"));
    }
}
