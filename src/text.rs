// SPDX-License-Identifier: Apache-2.0
//! Text from signatures, keys, servers and files, made safe for terminals and for recorded messages.

pub(crate) mod place;
pub(crate) mod url;

use std::error::Error;
use std::io;
use std::path::Path;

use jiff::civil::{date, DateTime};
use jiff::fmt::temporal::Pieces;
use jiff::Timestamp;

/// Maximum length of an untrusted string that is printed or recorded, in characters.
pub const MAX_FOREIGN: usize = 256;

/// An untrusted string, fit for a terminal and for `oc describe`, which prints recorded messages raw: control
/// characters, line ends and everything that changes the direction of text are written as `\u{...}`; user names and
/// passwords of URLs are left out; what is longer than [`MAX_FOREIGN`] characters is cut.
#[must_use]
pub fn safe(text: &str) -> String {
    bounded(text, MAX_FOREIGN)
}

/// [`safe`] with another bound, in characters.
#[must_use]
pub fn bounded(text: &str, limit: usize) -> String {
    let text = &*url::without_logins(text);
    let mut out = String::with_capacity(text.len().min(limit));
    let imitates_escapes = text.contains("\\u{");
    for (n, c) in text.chars().enumerate() {
        if n == limit {
            out.push('\u{2026}');
            break;
        }
        // A backslash is escaped only where it could pass for the beginning of one of our escapes.
        if is_unsafe(c) || c == '\\' && imitates_escapes {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// [`safe`] in quotation marks, for sentences in which an untrusted string could be taken for their own words.
/// What is escaped already must not be escaped again, so that this is not a task for `{:?}`.
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", safe(text))
}

/// A sentence in which the strings of others went through [`safe`] already: nothing is escaped twice, and nothing is cut. What
/// went past that is made safe here.
#[must_use]
pub fn sentence(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in url::without_logins(text).chars() {
        if is_unsafe(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// What an error of the system says, without the number that Rust's library puts behind it, as in `No such file or directory
/// (os error 2)`; nor behind one that is its cause.
#[must_use]
pub fn io_message(error: &io::Error) -> String {
    let mut text = error.to_string();
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let of_system = error.downcast_ref::<io::Error>();
        if let Some(number) = of_system.and_then(io::Error::raw_os_error) {
            text = text.replacen(&format!(" (os error {number})"), "", 1);
        }
        cause = match of_system.and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    text
}

/// A word of a command that people copy into a shell: what a shell would read otherwise is put in quotes.
#[must_use]
pub(crate) fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// Longest value that is written into a command once more, in characters: that of a path on Linux.
const MAX_AGAIN: usize = 4096;

/// The same of a value that was given to this program, in a command that is proposed; VALUE where it cannot be shown as it is.
#[must_use]
pub(crate) fn typed_again(value: &str) -> String {
    match bounded(value, MAX_AGAIN) == value {
        true => shell_word(value),
        false => "VALUE".to_owned(),
    }
}

/// The same of a path; PATH where it cannot be shown as it is, or was a pipe, which is used up.
#[must_use]
pub(crate) fn path_again(path: &Path) -> String {
    let pipes = ["/dev/stdin", "/dev/fd/", "/proc/self/fd/"];
    let is_pipe = |path: &&str| pipes.iter().any(|pipe| path.starts_with(pipe));
    let path = path
        .to_str()
        .filter(|path| !is_pipe(path) && bounded(path, MAX_AGAIN) == *path);
    path.map_or("PATH".to_owned(), shell_word)
}

/// The same of a path whose tilde no shell has replaced, as in `--option=~/FILE`; nothing of any other path.
#[must_use]
pub(crate) fn home_word(path: &str) -> Option<String> {
    if path == "~" {
        return Some("$HOME".to_owned());
    }
    let rest = shell_word(&safe(path.strip_prefix("~/")?));
    Some(match rest.starts_with('\'') {
        true => format!("\"$HOME\"/{rest}"),
        false => format!("$HOME/{rest}"),
    })
}

/// Shortens a text that is safe already to a number of characters.
#[must_use]
pub fn cut(mut text: String, limit: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(limit) {
        text.truncate(end);
        text.push('\u{2026}');
    }
    text
}

/// What is wrong with a line of a file that has a carriage return in it: where that ends a line, what follows is hidden from
/// a reader for whom it does not, in a comment for example.
#[must_use]
pub(crate) fn hidden_line(line: &str) -> Option<&'static str> {
    let has_other = line.trim_end_matches('\r').contains('\r');
    has_other.then_some("there is a carriage return in it; end each line with a line feed")
}

/// Characters that move the cursor, end lines, change the direction of text, cannot be seen, or are none.
#[must_use]
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}')
}

/// A time in seconds since 1970 as RFC 3339 in UTC; the number itself where it is beyond the calendar.
#[must_use]
pub fn time(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |t| t.to_string())
}

/// The seconds since 1970 of an RFC 3339 time, without the fraction of a second, which API servers drop; nothing where
/// it is not such a time. All years up to 9999 are read: [`Timestamp`] ends a day before that year, and "never" is often
/// written as its last second.
#[must_use]
pub fn seconds(text: &str) -> Option<i64> {
    let pieces = Pieces::parse(text).ok()?;
    let offset = pieces.to_numeric_offset()?;
    let time = pieces.time()?.with().subsec_nanosecond(0).build().ok()?;
    let then = DateTime::from_parts(pieces.date(), time);
    let since = then.duration_since(date(1970, 1, 1).at(0, 0, 0, 0));
    Some(since.as_secs() - i64::from(offset.seconds()))
}

/// Upper case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|nibble| char::from_digit(nibble.into(), 16))
        .map(|digit| digit.to_ascii_uppercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_system_has_no_number_behind_it() {
        let of_system = || io::Error::from_raw_os_error(2);
        let within = io::Error::new(io::ErrorKind::NotFound, of_system());
        for error in [of_system(), within] {
            assert!(error.to_string().contains("(os error 2)"), "{error}");
            assert_eq!(io_message(&error), "No such file or directory");
        }
        assert_eq!(io_message(&io::Error::other("a (os error 2)")), "a (os error 2)");
    }

    #[test]
    fn nothing_that_moves_a_terminal_survives() {
        assert_eq!(
            safe("a\u{1b}[31m\r\nb\u{202e}c\u{9b}"),
            "a\\u{1b}[31m\\u{d}\\u{a}b\\u{202e}c\\u{9b}"
        );
        assert_eq!(safe("\u{fffe}\u{ffff}"), "\\u{fffe}\\u{ffff}");
        assert_eq!(safe("Zoë <z@example.com>"), "Zoë <z@example.com>");
        assert_eq!(safe("a\\b"), "a\\b");
        assert_eq!(safe("\\u{1b}"), "\\u{5c}u{1b}");
        assert_eq!(safe(&"x".repeat(300)).chars().count(), MAX_FOREIGN + 1);
    }

    #[test]
    fn quotes_escape_once() {
        assert_eq!(quoted("a\rb"), "\"a\\u{d}b\"");
        assert_eq!(quoted("a\\b"), "\"a\\b\"");
    }

    #[test]
    fn words_for_a_shell_stay_one_word() {
        assert_eq!(shell_word("docker://a/b:c"), "docker://a/b:c");
        assert_eq!(shell_word("a'; rm -rf b"), r"'a'\''; rm -rf b'");
        assert_eq!(home_word("~/a/b.asc").as_deref(), Some("$HOME/a/b.asc"));
        assert_eq!(home_word("~/a b").as_deref(), Some("\"$HOME\"/'a b'"));
        assert_eq!(home_word("~").as_deref(), Some("$HOME"));
        assert_eq!(home_word("~a/b"), None);
    }

    #[test]
    fn times() {
        assert_eq!(time(0), "1970-01-01T00:00:00Z");
        assert_eq!(time(i64::MAX), i64::MAX.to_string());
    }

    #[test]
    fn times_of_others() {
        for (text, wanted) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2026-01-02T03:04:05+02:00", Some(1_767_315_845)),
            ("2026-01-02T03:04:05.999Z", Some(1_767_323_045)),
            ("1969-12-31T23:59:59.5Z", Some(-1)),
            ("0001-01-01T00:00:00Z", Some(-62_135_596_800)),
            ("9999-12-31T23:59:59Z", Some(253_402_300_799)),
            ("9999-12-31T23:59:59-14:00", Some(253_402_351_199)),
            ("99999-12-31T23:59:59Z", None),
            ("2026-01-02T03:04:05", None),
            ("2026-01-02", None),
            ("2026-02-30T00:00:00Z", None),
            ("", None),
            ("yesterday", None),
        ] {
            assert_eq!(seconds(text), wanted, "{text}");
        }
    }
}
