// SPDX-License-Identifier: Apache-2.0
//! Lines of bounded length, broken between words: a fingerprint, a digest, a reference or the name of a key's owner is
//! one word, however long it is.

use std::io::{self, Write};

/// Stands for the spaces inside of names while lines are broken. It cannot be in a text that is safe to print.
const GLUE: char = '\u{1}';

/// Keeps each of these together wherever it is in a text.
pub(super) fn keep_together<'n>(text: &str, names: impl Iterator<Item = &'n str>) -> String {
    let mut text = text.to_owned();
    for name in names.filter(|name| name.contains(' ')) {
        text = text.replace(name, &name.replace(' ', &GLUE.to_string()));
    }
    text
}

/// Writes a text that begins at `column` of a line that is begun already, the following lines `indent` columns further to
/// the right than the margin. Ends the last line.
///
/// # Errors
/// When writing fails.
pub(super) fn write(out: &mut dyn Write, text: &str, mut column: usize, indent: usize, width: usize) -> io::Result<()> {
    let mut begun = false;
    for word in text.split(' ') {
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
    fn names_stay_together() {
        let text = keep_together("made by A B C (key)", ["A B C"].into_iter());
        assert_eq!(wrapped(&text, 0, 2, 12), "made by\n  A B C\n  (key)\n");
    }
}
