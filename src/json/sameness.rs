// SPDX-License-Identifier: Apache-2.0
//! Whether two texts are the same JSON value: by a hash that is taken while a text is read, without keeping it.
//!
//! Order of members, white space and spelling do not matter; numbers are compared by value. The hash has a key that
//! is new in each process, so that no two texts can be constructed to collide.

use std::hash::{BuildHasher, RandomState};
use std::io::BufRead;

use super::grammar::{JsonError, Kind};
use super::reader::Reader;

/// Hash of a value.
pub type Print = [u64; 2];

/// The key of the hashes of one process.
#[derive(Debug, Clone, Default)]
pub struct Key(RandomState, RandomState);

/// Two hashes of a value: of all of it, and without what [`Key::object`] leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prints {
    /// Of all of it.
    pub whole: Print,
    /// Without members that are left out.
    pub masked: Print,
}

/// A container that is being read.
enum Frame {
    /// The sum over the members so far, so that their order does not matter.
    Object {
        sum: Prints,
        name: Print,
        /// Whether the member that is being read is left out.
        is_masked: bool,
        level: Level,
    },
    /// The hash over the elements so far.
    Array { sum: Prints, level: Level },
}

/// How far a place is from the members that are left out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    /// The object itself, whose members are compared.
    Object,
    /// The list `signatures` of an object.
    Signatures,
    /// One element of the list `signatures`.
    Signature,
    /// Any other place in the object.
    Other,
}

const ZERO: Prints = Prints {
    whole: [0; 2],
    masked: [0; 2],
};

impl Key {
    fn hash(&self, kind: u8, text: &[u8], one: Print) -> Print {
        let value = (kind, text, one);
        [self.0.hash_one(value), self.1.hash_one(value)]
    }

    /// Hashes an Image object that the reader stands before. `masked` leaves out the members of its signatures
    /// that are named `recorded`.
    ///
    /// # Errors
    /// When the text is malformed.
    pub fn object<R: BufRead>(&self, reader: &mut Reader<R>, recorded: &[&str]) -> Result<Prints, JsonError> {
        self.value_at(reader, Level::Object, recorded)
    }

    /// Hashes a value that the reader stands before.
    ///
    /// # Errors
    /// When the text is malformed.
    pub fn value<R: BufRead>(&self, reader: &mut Reader<R>) -> Result<Print, JsonError> {
        Ok(self.value_at(reader, Level::Other, &[])?.whole)
    }

    /// Adds a member to the hash of an object that is read by somebody else; the order does not matter.
    pub fn add_member(&self, sum: &mut Print, name: &str, value: Print) {
        let name = self.hash(b'n', name.as_bytes(), [0; 2]);
        self.add_named(sum, name, value);
    }

    fn add_named(&self, sum: &mut Print, name: Print, value: Print) {
        let member = self.hash(b'm', &bytes(value), name);
        sum[0] = sum[0].wrapping_add(member[0]);
        sum[1] = sum[1].wrapping_add(member[1]);
    }

    fn value_at<R: BufRead>(
        &self,
        reader: &mut Reader<R>,
        level: Level,
        recorded: &[&str],
    ) -> Result<Prints, JsonError> {
        let mut open: Vec<Frame> = Vec::new();
        let mut level = level;
        loop {
            let mut value = match reader.kind()? {
                Kind::Object => {
                    reader.object()?;
                    open.push(Frame::Object {
                        sum: ZERO,
                        name: [0; 2],
                        is_masked: false,
                        level: match level {
                            Level::Signatures => Level::Other,
                            level => level,
                        },
                    });
                    None
                }
                Kind::Array => {
                    reader.array()?;
                    let level = if level == Level::Signatures {
                        level
                    } else {
                        Level::Other
                    };
                    open.push(Frame::Array { sum: ZERO, level });
                    None
                }
                _ => Some(self.scalar(reader)?),
            };
            // Puts the value into its container, and leaves every container that ends with it.
            loop {
                let Some(frame) = open.last_mut() else {
                    // A value without a container is the whole.
                    return value.ok_or_else(|| reader.syntax("expected a value"));
                };
                if let Some(value) = value.take() {
                    self.add(frame, value);
                }
                let more = match frame {
                    Frame::Object {
                        name,
                        is_masked,
                        level: own,
                        ..
                    } => match reader.key()? {
                        Some(key) => {
                            *name = self.hash(b'n', key.as_bytes(), [0; 2]);
                            *is_masked = *own == Level::Signature && recorded.contains(&key.as_str());
                            level = match own {
                                Level::Object if key == "signatures" => Level::Signatures,
                                _ => Level::Other,
                            };
                            true
                        }
                        None => false,
                    },
                    Frame::Array { level: own, .. } => {
                        level = match own {
                            Level::Signatures => Level::Signature,
                            _ => Level::Other,
                        };
                        reader.element()?
                    }
                };
                if more {
                    break;
                }
                value = open.pop().map(|frame| self.end(&frame));
            }
        }
    }

    fn add(&self, frame: &mut Frame, value: Prints) {
        match frame {
            Frame::Object {
                sum, name, is_masked, ..
            } => {
                self.add_named(&mut sum.whole, *name, value.whole);
                if !*is_masked {
                    self.add_named(&mut sum.masked, *name, value.masked);
                }
            }
            Frame::Array { sum, .. } => {
                sum.whole = self.hash(b'e', &bytes(value.whole), sum.whole);
                sum.masked = self.hash(b'e', &bytes(value.masked), sum.masked);
            }
        }
    }

    fn end(&self, frame: &Frame) -> Prints {
        let (kind, sum) = match frame {
            Frame::Object { sum, .. } => (b'o', sum),
            Frame::Array { sum, .. } => (b'a', sum),
        };
        Prints {
            whole: self.hash(kind, &[], sum.whole),
            masked: self.hash(kind, &[], sum.masked),
        }
    }

    fn scalar<R: BufRead>(&self, reader: &mut Reader<R>) -> Result<Prints, JsonError> {
        let (kind, text) = match reader.kind()? {
            Kind::String => (b's', reader.string()?),
            Kind::Number => (b'd', canonical(reader.number()?)),
            Kind::Bool => (b'b', reader.bool()?.to_string()),
            _ => {
                reader.null()?;
                (b'z', String::new())
            }
        };
        let print = self.hash(kind, text.as_bytes(), [0; 2]);
        Ok(Prints {
            whole: print,
            masked: print,
        })
    }
}

fn bytes(print: Print) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&print[0].to_le_bytes());
    bytes[8..].copy_from_slice(&print[1].to_le_bytes());
    bytes
}

/// One spelling for each number: `1`, `1.0` and `1e0` are the same. What a double cannot tell apart stays as it is.
fn canonical(text: String) -> String {
    if text.parse::<i128>().is_ok() && text != "-0" {
        return text;
    }
    match text.parse::<f64>() {
        // Zero has two signs and one value.
        Ok(0.0) => "0".to_owned(),
        Ok(number) if number.is_finite() => number.to_string(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::grammar::Rules;

    fn print(key: &Key, text: &str) -> Print {
        key.value(&mut Reader::new(text.as_bytes(), Rules::object(text.len())))
            .unwrap()
    }

    #[test]
    fn spelling_and_order_do_not_matter_and_everything_else_does() {
        let key = Key::default();
        for (one, other) in [
            (
                r#"{"a":1,"b":[true,null,"é"]}"#,
                " {\n\"b\":[ true,null , \"\\u00e9\"],\"a\":1.0} ",
            ),
            ("[1e3,0,-0.0]", "[1000,0.0,0]"),
            ("{}", "{ }"),
            ("12345678901234567890", "12345678901234567890"),
        ] {
            assert_eq!(print(&key, one), print(&key, other), "{one} {other}");
        }
        let different = [
            "{}",
            "[]",
            "[[]]",
            "[{}]",
            "{\"a\":{}}",
            "{\"a\":[]}",
            "null",
            "\"\"",
            "\"null\"",
            "0",
            "1",
            "-1",
            "\"0\"",
            "[0,1]",
            "[1,0]",
            "true",
            "false",
            "{\"a\":1,\"b\":2}",
            "{\"a\":2,\"b\":1}",
            "{\"a\":1}",
            "0.5",
            "-0.5",
            "12345678901234567890",
            "12345678901234567891",
        ];
        for (n, one) in different.iter().enumerate() {
            for other in &different[n + 1..] {
                assert_ne!(print(&key, one), print(&key, other), "{one} {other}");
            }
        }
    }

    #[test]
    fn only_recorded_members_of_signatures_are_left_out() {
        let key = Key::default();
        let masked = |text: &str| {
            let mut reader = Reader::new(text.as_bytes(), Rules::object(text.len()));
            key.object(&mut reader, &["conditions"]).unwrap().masked
        };
        let plain = masked(r#"{"signatures":[{"x":1}]}"#);
        assert_eq!(plain, masked(r#"{"signatures":[{"conditions":[7],"x":1}]}"#));
        for other in [
            r#"{"signatures":[{"x":{"conditions":[7]}}]}"#,
            r#"{"signatures":[[{"conditions":[7],"x":1}]]}"#,
            r#"{"signatures":{"x":1,"conditions":[7]}}"#,
            r#"{"signatures":[{"x":1}],"conditions":[7]}"#,
            r#"{"other":[{"x":1,"conditions":[7]}]}"#,
            r#"{"signatures":[{"x":1},{}]}"#,
        ] {
            assert_ne!(plain, masked(other), "{other}");
        }
        let kept = masked(r#"{"a":{"signatures":[{"x":1}]}}"#);
        assert_ne!(kept, masked(r#"{"a":{"signatures":[{"conditions":[7],"x":1}]}}"#));
    }
}
