// SPDX-License-Identifier: Apache-2.0
//! Lines of bounded length, broken between words: a fingerprint, a digest, a reference or the name of a key's owner is
//! one word, however long it is, and so is a command to type.

use std::io::{self, Write};

/// Stands for the spaces inside of names while lines are broken. It cannot be in a text that is safe to print.
const GLUE: char = '\u{1}';

/// Programs whose commands end where the clause does, if a colon stands before them. They get no line of their own: words of
/// others may read like a command, and must not look like a proposal.
const PROGRAMS: [&str; 4] = ["skopeo", "image-signature", "openssl", "oc"];

/// Commands of `oc` that are proposed; messages also tell what others of them print.
const OF_OC: [&str; 2] = ["login", "create"];

/// Keeps each of these together wherever it is in a text.
pub(super) fn keep_together<'n>(text: &str, names: impl Iterator<Item = &'n str>) -> String {
    let mut text = text.to_owned();
    for name in names.filter(|name| name.contains(' ')) {
        text = text.replace(name, &name.replace(' ', &GLUE.to_string()));
    }
    text
}

/// Keeps commands together (`gpg --lsign-key FINGERPRINT`), and options with their values, so that they can be copied: they
/// end where prose goes on, which is in words of small letters.
fn commands(text: &str) -> String {
    let begins = |word: &str| ["gpg", "mkdir"].contains(&word) || word.starts_with("--");
    let goes_on = |word: &str| {
        let bare = word.trim_end_matches([',', ';', '.', ')']);
        !word.starts_with('(') && !bare.is_empty() && !bare.bytes().all(|b| b.is_ascii_lowercase()) || bare == "gpg"
    };
    let mut out = String::with_capacity(text.len());
    let (mut is_command, mut is_quoted) = (false, false);
    let (mut is_whole, mut before) = (false, "");
    let mut words = text.split(' ').enumerate().peekable();
    while let Some((n, word)) = words.next() {
        if is_whole {
            out.push(GLUE);
            out.push_str(word);
            is_whole = !word.ends_with([',', ';']);
            before = word;
            continue;
        }
        let is_proposed = word != "oc" || words.peek().is_some_and(|(_, next)| OF_OC.contains(next));
        is_whole = before.ends_with(':') && PROGRAMS.contains(&word) && is_proposed;
        before = word;
        let is_path = [["gpg", "--homedir"], ["-m", "700"]]
            .iter()
            .any(|begin| out.ends_with(&begin.join(&GLUE.to_string())));
        // What --edit-key is told to do is in small letters.
        let is_edit = out.rsplit(' ').next().is_some_and(|begun| begun.contains("--edit-key"));
        let is_argument = is_command && (is_quoted || is_path || is_edit || goes_on(word));
        if n > 0 {
            out.push(if is_argument { GLUE } else { ' ' });
        }
        out.push_str(word);
        // A path with a blank is in quotes, in which small letters are no prose.
        let quotes = word.replace("'\\''", "").matches('\'').count();
        if is_argument && (is_quoted || word.starts_with('\'')) && quotes % 2 == 1 {
            is_quoted = !is_quoted;
        }
        is_command = (is_argument || begins(word)) && (is_quoted || !word.ends_with([',', ';', '.', ')', ':']));
    }
    out
}

/// Whether a word is something to type that is on a line of its own: with an argument, after a colon and up to the end of a
/// clause.
fn is_alone(word: &str, before: &str, is_last: bool) -> bool {
    before.ends_with(':')
        && word.contains(GLUE)
        && ["gpg", "mkdir", "--"].iter().any(|begin| word.starts_with(begin))
        && (is_last || word.ends_with([',', ';', '.']))
}

/// Writes a text that begins at `column` of a line that is begun already, the following lines `indent` columns further to
/// the right than the margin. Ends the last line.
///
/// # Errors
/// When writing fails.
pub(super) fn write(out: &mut dyn Write, text: &str, mut column: usize, indent: usize, width: usize) -> io::Result<()> {
    let (mut begun, mut before) = (false, "");
    let text = commands(text);
    let mut words = text.split(' ').peekable();
    while let Some(word) = words.next() {
        if is_alone(word, before, words.peek().is_none()) {
            let typed = word.trim_end_matches([',', ';', '.']).replace(GLUE, " ");
            write!(out, "\n{:indent$}  {typed}", "")?;
            // Nothing follows on its line.
            (column, before) = (width.max(indent) + 1, "");
            continue;
        }
        before = word;
        let length = word.chars().count();
        let word = word.replace(GLUE, " ");
        let space = usize::from(begun);
        // A word that fits no line stands alone on one, unless that gains nothing.
        if column + space + length > width && column > indent {
            write!(out, "\n{:indent$}{word}", "")?;
            column = indent + length;
        } else {
            write!(out, "{:space$}{word}", "")?;
            column += space + length;
        }
        begun = true;
    }
    writeln!(out)
}

/// Writes each line of a text, what does not fit in it `indent` columns further to the right.
///
/// # Errors
/// When writing fails.
pub(super) fn lines(out: &mut dyn Write, text: &str, indent: usize, width: usize) -> io::Result<()> {
    for line in text.lines() {
        let bare = line.trim_start_matches(' ');
        let margin = line.len() - bare.len();
        write!(out, "{:margin$}", "")?;
        write(out, bare, margin, margin + indent, width)?;
    }
    Ok(())
}

/// Writes a line that begins with `begin` whole, or broken where a width is given: names stay together.
///
/// # Errors
/// When writing fails.
pub(super) fn line(
    out: &mut dyn Write,
    begin: &str,
    text: &str,
    names: &[String],
    indent: usize,
    width: Option<usize>,
) -> io::Result<()> {
    let Some(width) = width else {
        return writeln!(out, "{begin}{text}");
    };
    let text = keep_together(text, names.iter().map(String::as_str));
    let (column, first) = (begin.chars().count(), text.split(' ').next().unwrap_or_default());
    if column > indent && column + first.chars().count() > width {
        write!(out, "{}\n{:indent$}", begin.trim_end(), "")?;
        return write(out, &text, indent, indent, width);
    }
    write!(out, "{begin}")?;
    write(out, &text, column, indent, width)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str, column: usize, indent: usize, width: usize) -> String {
        let mut out = Vec::new();
        write(&mut out, text, column, indent, width).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_are_broken_between_words_only() {
        assert_eq!(wrapped("one two three", 0, 2, 9), "one two\n  three\n");
        assert_eq!(wrapped("one two", 0, 2, 80), "one two\n");
        assert_eq!(wrapped("a0123456789 b", 4, 4, 8), "a0123456789\n    b\n");
        assert_eq!(wrapped("a0123456789 b", 6, 4, 8), "\n    a0123456789\n    b\n");
    }

    #[test]
    fn commands_and_options_with_their_values_stay_together() {
        for (text, kept) in [
            (
                "certify it with gpg --lsign-key AB12 or name it with --signed-by AB12",
                &["gpg --lsign-key AB12", "--signed-by AB12"][..],
            ),
            (
                "run mkdir -m 700 /h && gpg --homedir /h --import FILE, or give --public-key FILE; then go on",
                &[
                    "mkdir -m 700 /h && gpg --homedir /h --import FILE,",
                    "--public-key FILE;",
                ],
            ),
            (
                "renew it with gpg --quick-set-expire AB12 1y if it is yours",
                &["gpg --quick-set-expire AB12 1y"],
            ),
            ("gpg: it failed", &[]),
        ] {
            let lines = wrapped(text, 0, 2, 1);
            for kept in kept {
                assert!(lines.lines().any(|line| line.trim() == *kept), "{kept}: {lines}");
            }
            assert_eq!(lines.split_whitespace().collect::<Vec<_>>().join(" "), text);
            let others = lines.lines().filter(|line| line.trim().contains(' ')).count();
            assert_eq!(others, kept.len(), "{lines}");
        }
    }

    #[test]
    fn what_is_to_be_typed_is_alone_on_its_line() {
        let text =
            "it is gone; import keys with: gpg --homedir '/a b c' --import FILE; or name them: --public-key FILE";
        let expected = "it is gone; import keys with:\n    gpg --homedir '/a b c' --import FILE\n  or name them:\n    --public-key FILE\n";
        for width in [40, 200] {
            assert_eq!(wrapped(text, 0, 2, width), expected);
        }
    }

    #[test]
    fn a_command_behind_a_colon_stays_together_up_to_the_end_of_its_clause() {
        let text =
            "it is not there; see its tags: skopeo --registries-conf rc list-tags docker://h/a; or log in: oc login";
        let lines = wrapped(text, 0, 2, 10);
        for command in ["skopeo --registries-conf rc list-tags docker://h/a;", "oc login"] {
            assert!(lines.lines().any(|line| line.trim() == command), "{lines}");
        }
        // No colon, no command: prose may go on with the name of a program.
        assert_eq!(wrapped("ask oc for it", 0, 2, 8), "ask oc\n  for it\n");
        assert_eq!(
            wrapped("no: oc describe says no", 0, 2, 80),
            "no: oc describe says no\n"
        );
    }

    #[test]
    fn what_a_server_says_is_no_line_to_be_typed() {
        let text = "the server says \"do: skopeo login evil.example; see: oc login evil.example\"";
        assert_eq!(wrapped(text, 0, 2, 200), format!("{text}\n"));
    }

    #[test]
    fn what_a_key_is_edited_with_is_part_of_the_command() {
        let text = "enable it with: gpg --homedir h --edit-key AB12 enable save; or take another";
        let expected = "enable it with:\n    gpg --homedir h --edit-key AB12 enable save\n  or take another\n";
        assert_eq!(wrapped(text, 0, 2, 80), expected);
    }

    #[test]
    fn a_path_of_small_letters_is_no_prose() {
        let text = "do this: mkdir -m 700 h && gpg --homedir h --import FILE; gpg --homedir home lists them";
        let expected =
            "do this:\n    mkdir -m 700 h && gpg --homedir h --import FILE\n  gpg --homedir home\n  lists\n  them\n";
        assert_eq!(wrapped(text, 0, 2, 8), expected);
    }

    #[test]
    fn a_line_has_no_blank_at_its_end() {
        for (width, expected) in [(None, "name: 0123456789 b\n"), (Some(12), "name:\n  0123456789\n  b\n")] {
            let mut out = Vec::new();
            line(&mut out, "name: ", "0123456789 b", &[], 2, width).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn names_stay_together() {
        let text = keep_together("made by A B C (key)", ["A B C"].into_iter());
        assert_eq!(wrapped(&text, 0, 2, 12), "made by\n  A B C\n  (key)\n");
    }
}
