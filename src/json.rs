// SPDX-License-Identifier: Apache-2.0
//! Strict JSON (RFC 8259): a pull parser that never recurses, never guesses and is bounded in depth and length.
//!
//! General purpose parsers keep one of two members of the same name, which is how two programs come to read two
//! different things in one signed document. Here the callers see every member, and [`parse`] refuses repeats.
//! The same reader works on a slice (payloads, objects) and on a stream (lists of gigabytes).

mod grammar;
mod reader;
pub(crate) mod sameness;
pub(crate) mod select;
mod tokens;
mod utf8;

pub use grammar::{JsonError, Kind, Rules, MAX_DEPTH};
pub use reader::Reader;
pub use select::parse;

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn rules() -> Rules {
        Rules {
            depth: 8,
            length: 64,
            finite_numbers: true,
            lossy_text: false,
        }
    }

    fn skips(text: &[u8], rules: Rules) -> bool {
        let mut reader = Reader::new(text, rules);
        reader.skip().and_then(|()| reader.end()).is_ok()
    }

    #[test]
    fn parse_agrees_with_serde_json_on_what_both_accept() {
        for text in [
            r#"{"a":[1,-2.5e3,true,false,null,"x\n\u00e9\ud83d\udc33"],"b":{}}"#,
            "[]",
            " \t\r\n\"\u{7f}\" ",
            "0",
        ] {
            let ours = parse(text.as_bytes()).unwrap();
            assert_eq!(ours, serde_json::from_str::<Value>(text).unwrap(), "{text}");
        }
    }

    #[test]
    fn what_the_grammar_forbids_is_refused_when_read_and_when_skipped() {
        for text in [
            "",
            "{",
            "[",
            "[1,]",
            "{\"a\":1,}",
            "{a:1}",
            "{\"a\" 1}",
            "01",
            "+1",
            ".5",
            "5.",
            "1e",
            "-",
            "NaN",
            "tru",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\n\"",
            "\"\\ud800\"",
            "\"\\ud800\\u0041\"",
            "[1 2]",
            "{}{}",
            "1 1",
            "\u{feff}{}",
            "[1}",
            "{\"a\":1]",
            "'a'",
            "\u{a0}1",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "parse accepts {text:?}");
            assert!(!skips(text.as_bytes(), rules()), "skip accepts {text:?}");
        }
    }

    #[test]
    fn broken_utf8_is_refused_or_replaced() {
        for bad in [
            &b"\"\xff\""[..],
            b"\"\xc3(\"",
            b"\"\xed\xa0\x80\"",
            b"\"\xe2\x82\"",
            b"\"\xf5\x80\x80\x80\"",
            b"\"\xc0\xaf\"",
        ] {
            assert!(!skips(bad, rules()), "{bad:?}");
            let lossy = Rules {
                lossy_text: true,
                ..rules()
            };
            assert!(
                Reader::new(bad, lossy).string().unwrap().contains('\u{fffd}'),
                "{bad:?}"
            );
        }
        assert!(skips("\"é☃🐳\"".as_bytes(), rules()));
    }

    #[test]
    fn repeated_members_are_refused_at_any_depth_and_however_escaped() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"x":[{"a":1,"\u0061":2}]}"#] {
            assert!(
                matches!(parse(text.as_bytes()), Err(JsonError::Repeated { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn depth_and_length_are_bounded_without_recursion() {
        let deep = "[".repeat(8) + &"]".repeat(8);
        assert!(skips(deep.as_bytes(), rules()));
        let deeper = "[".repeat(9) + &"]".repeat(9);
        assert!(!skips(deeper.as_bytes(), rules()));
        let abyss = "[".repeat(1_000_000);
        let any_depth = Rules {
            depth: usize::MAX,
            ..rules()
        };
        assert!(!skips(abyss.as_bytes(), any_depth));
        let long = format!("\"{}\"", "a".repeat(65));
        assert!(skips(long.as_bytes(), rules()));
        assert!(matches!(
            Reader::new(long.as_bytes(), rules()).string(),
            Err(JsonError::Length { .. })
        ));
    }

    /// What comes of a text, and where its reading ended.
    fn read(text: &[u8], at_hand: usize, rules: Rules) -> (Result<String, String>, u64) {
        let mut reader = Reader::new(std::io::BufReader::with_capacity(at_hand, text), rules);
        let read = reader.string().and_then(|text| reader.end().map(|()| text));
        (read.map_err(|error| error.to_string()), reader.offset())
    }

    #[test]
    fn how_much_of_a_text_is_at_hand_makes_no_difference() {
        for special in [
            "",
            "\\n",
            "\\u0041",
            "é",
            "\"",
            "\u{1f}",
            "\u{7f}",
            "\\x",
            "\u{1f433}",
            "\" 1",
        ] {
            for (before, after) in (0..40).flat_map(|before| [0, 1, 17, 33].map(|after| (before, after))) {
                let text = format!(" \"{}{special}{}\"  ", "b".repeat(before), "c".repeat(after));
                let byte_by_byte = read(text.as_bytes(), 1, rules());
                for at_hand in [2, 3, 15, 16, 17, 31, 64, 4096] {
                    assert_eq!(
                        read(text.as_bytes(), at_hand, rules()),
                        byte_by_byte,
                        "{text} by {at_hand}"
                    );
                }
                if let Ok(read) = byte_by_byte.0 {
                    let theirs: String = serde_json::from_str(&text).unwrap();
                    assert_eq!(read, theirs);
                }
                assert_eq!(
                    skips(text.as_bytes(), rules()),
                    read(text.as_bytes(), 4096, Rules { length: 999, ..rules() }).0.is_ok(),
                    "{text}"
                );
            }
        }
        let cut = format!("\"{}", "b".repeat(40));
        assert_eq!(read(cut.as_bytes(), 16, rules()), read(cut.as_bytes(), 1, rules()));
    }

    #[test]
    fn offsets_tell_where_values_start_and_end() {
        let text = br#" {"a": [10, {"b":2}] } "#;
        let mut reader = Reader::new(&text[..], rules());
        reader.object().unwrap();
        assert_eq!(reader.key().unwrap().as_deref(), Some("a"));
        reader.array().unwrap();
        assert!(reader.element().unwrap());
        reader.skip().unwrap();
        assert!(reader.element().unwrap());
        reader.kind().unwrap();
        let start = reader.offset() as usize;
        reader.skip().unwrap();
        assert_eq!(&text[start..reader.offset() as usize], br#"{"b":2}"#);
        assert!(!reader.element().unwrap());
        assert_eq!(reader.key().unwrap(), None);
        reader.end().unwrap();
    }

    #[test]
    fn numbers_beyond_a_double_are_refused_only_where_asked() {
        assert!(!skips(b"[[1e400]]", rules()));
        let any = Rules {
            finite_numbers: false,
            ..rules()
        };
        assert!(skips(b"[[1e400]]", any));
    }
}
