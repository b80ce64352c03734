// SPDX-License-Identifier: Apache-2.0
//! The signed bytes: JSON of the "atomic container signature" format (containers-signature(5)), and of the sigstore
//! one, which differs from it in the value of `critical.type` and in that `optional` may be null.
//!
//! Where the format marks members as critical, everything unknown, missing, repeated or of the wrong type refuses the
//! payload. Only inside `optional` may there be members that nobody here knows. Nothing in this file may be called
//! before the signature over the bytes was found good.

use crate::digest::{self, Digest};
use crate::json::{self, Kind, Reader, Rules};
use crate::limits::MAX_PAYLOAD_BYTES;

/// Deepest nesting of a payload; the reference implementation's JSON reader has the same limit.
const MAX_PAYLOAD_DEPTH: usize = 10_000;

/// Which format a payload must have. Where the signature was found decides it, never what the payload says: otherwise
/// one kind of signature could be passed off as the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayloadFormat {
    /// GPG simple signing: `atomic container signature`.
    SimpleSigning,
    /// The payload of a sigstore signature, as cosign writes it.
    Sigstore,
}

impl PayloadFormat {
    /// The value of `critical.type`.
    #[must_use]
    pub fn type_text(self) -> &'static str {
        match self {
            PayloadFormat::SimpleSigning => "atomic container signature",
            PayloadFormat::Sigstore => "cosign container image signature",
        }
    }
}

/// What a well-formed payload claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// `critical.image.docker-manifest-digest`, the image that it is for.
    pub digest: Digest,
    /// `critical.identity.docker-reference`, any text: its grammar matters only when it is matched.
    pub reference: String,
    /// `optional.creator`, the program that claims to have signed.
    pub creator: Option<String>,
    /// `optional.timestamp`, seconds since 1970. A claim like the others.
    pub timestamp: Option<i64>,
}

/// A rule of the format that the bytes break.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// Not one JSON value.
    #[error("not strict JSON: {0}")]
    Json(json::JsonError),
    /// A member has the wrong type.
    #[error("{member}: expected {expected}, found {found}")]
    Type {
        /// Dotted path of the member.
        member: String,
        /// What the format demands.
        expected: Kind,
        /// What is there in its place.
        found: Kind,
    },
    /// A member that the format demands is not there.
    #[error("{0} is missing")]
    Missing(String),
    /// A member that the format does not know, outside `optional`.
    #[error("{0} is not a member that the format knows")]
    Unknown(String),
    /// A member occurs twice.
    #[error("{0} is repeated")]
    Repeated(String),
    /// `critical.type` has another value.
    #[error("critical.type: expected \"{expected}\", found \"{found}\"")]
    WrongType {
        /// What the format demands.
        expected: &'static str,
        /// What is there in its place.
        found: String,
    },
    /// The digest is malformed.
    #[error("critical.image.docker-manifest-digest: \"{text}\" is {reason}")]
    Digest {
        /// What the payload has for a digest.
        text: String,
        /// Why it is not a digest.
        reason: digest::DigestError,
    },
    /// The timestamp is not a whole number of 64 bits.
    #[error("optional.timestamp: {0} is not a whole number of seconds")]
    Timestamp(String),
    /// More bytes than a payload may have.
    #[error("the payload has {0} bytes, more than {MAX_PAYLOAD_BYTES}")]
    TooLong(usize),
}

type Input<'a> = Reader<&'a [u8]>;

impl Payload {
    /// Parses signed bytes of a format.
    ///
    /// # Errors
    /// When they break any rule of the format; the error names the member and the rule.
    pub fn parse(bytes: &[u8], format: PayloadFormat) -> Result<Self, PayloadError> {
        if bytes.len() > MAX_PAYLOAD_BYTES {
            return Err(PayloadError::TooLong(bytes.len()));
        }
        let mut reader = Reader::new(
            bytes,
            Rules {
                depth: MAX_PAYLOAD_DEPTH,
                length: MAX_PAYLOAD_BYTES,
                finite_numbers: true,
                lossy_text: false,
            },
        );
        let mut parts = Parts::default();
        exact_object(
            &mut reader,
            "",
            &["critical", "optional"],
            &mut |reader, member| match member {
                "critical" => parts.critical(reader),
                _ => parts.optional(reader, format),
            },
        )?;
        reader.end().map_err(PayloadError::Json)?;
        parts.finish(format)
    }
}

#[derive(Default)]
struct Parts {
    kind: String,
    digest: String,
    reference: String,
    creator: Option<String>,
    timestamp: Option<i64>,
}

impl Parts {
    fn critical(&mut self, reader: &mut Input<'_>) -> Result<(), PayloadError> {
        let members = ["critical.type", "critical.image", "critical.identity"];
        exact_object(reader, "critical", &members, &mut |reader, member| {
            match member {
                "critical.type" => self.kind = string(reader, member)?,
                "critical.image" => {
                    let members = ["critical.image.docker-manifest-digest"];
                    exact_object(reader, member, &members, &mut |reader, member| {
                        self.digest = string(reader, member)?;
                        Ok(())
                    })?;
                }
                _ => {
                    let members = ["critical.identity.docker-reference"];
                    exact_object(reader, member, &members, &mut |reader, member| {
                        self.reference = string(reader, member)?;
                        Ok(())
                    })?;
                }
            }
            Ok(())
        })
    }

    /// The one object with room for members that nobody here knows.
    fn optional(&mut self, reader: &mut Input<'_>, format: PayloadFormat) -> Result<(), PayloadError> {
        if format == PayloadFormat::Sigstore && reader.kind().map_err(PayloadError::Json)? == Kind::Null {
            return reader.null().map_err(PayloadError::Json);
        }
        expect(reader, "optional", Kind::Object)?;
        reader.object().map_err(PayloadError::Json)?;
        let mut seen = std::collections::HashSet::new();
        while let Some(name) = reader.key().map_err(PayloadError::Json)? {
            match name.as_str() {
                "creator" => self.creator = Some(string(reader, "optional.creator")?),
                "timestamp" => {
                    expect(reader, "optional.timestamp", Kind::Number)?;
                    let text = reader.number().map_err(PayloadError::Json)?;
                    self.timestamp = Some(whole_number(&text).ok_or(PayloadError::Timestamp(text))?);
                }
                _ => reader.skip().map_err(PayloadError::Json)?,
            }
            if !seen.insert(name.clone()) {
                return Err(PayloadError::Repeated(format!("optional.{name}")));
            }
        }
        Ok(())
    }

    fn finish(self, format: PayloadFormat) -> Result<Payload, PayloadError> {
        if self.kind != format.type_text() {
            return Err(PayloadError::WrongType {
                expected: format.type_text(),
                found: self.kind,
            });
        }
        let digest = Digest::parse(&self.digest).map_err(|reason| PayloadError::Digest {
            text: self.digest,
            reason,
        })?;
        Ok(Payload {
            digest,
            reference: self.reference,
            creator: self.creator,
            timestamp: self.timestamp,
        })
    }
}

/// Reads an object that has each of `members` (dotted paths) exactly once and no others.
fn exact_object(
    reader: &mut Input<'_>,
    path: &str,
    members: &[&'static str],
    read: &mut dyn FnMut(&mut Input<'_>, &'static str) -> Result<(), PayloadError>,
) -> Result<(), PayloadError> {
    expect(reader, if path.is_empty() { "the payload" } else { path }, Kind::Object)?;
    reader.object().map_err(PayloadError::Json)?;
    let mut seen = Vec::with_capacity(members.len());
    while let Some(name) = reader.key().map_err(PayloadError::Json)? {
        let full = if path.is_empty() {
            name
        } else {
            format!("{path}.{name}")
        };
        let Some(member) = members.iter().copied().find(|m| *m == full) else {
            return Err(PayloadError::Unknown(full));
        };
        if seen.contains(&member) {
            return Err(PayloadError::Repeated(full));
        }
        seen.push(member);
        read(reader, member)?;
    }
    match members.iter().find(|m| !seen.contains(m)) {
        Some(missing) => Err(PayloadError::Missing((*missing).to_owned())),
        None => Ok(()),
    }
}

fn expect(reader: &mut Input<'_>, member: &str, expected: Kind) -> Result<(), PayloadError> {
    let found = reader.kind().map_err(PayloadError::Json)?;
    if found == expected {
        return Ok(());
    }
    Err(PayloadError::Type {
        member: member.to_owned(),
        expected,
        found,
    })
}

fn string(reader: &mut Input<'_>, member: &str) -> Result<String, PayloadError> {
    expect(reader, member, Kind::String)?;
    reader.string().map_err(PayloadError::Json)
}

/// 2^63, the first number that does not fit into 64 bits, as the nearest double of the largest ones that do.
const BEYOND: f64 = 9_223_372_036_854_775_808.0;

/// The exact value of a JSON number if it is whole and fits into 64 bits: `1e3` is, `0.5` is not. No rounding; but the
/// reference implementation reads a double, and a number whose nearest double does not fit is not whole to it.
fn whole_number(text: &str) -> Option<i64> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let zeros = digits.len() - digits.trim_end_matches('0').len();
    let digits = digits.trim_end_matches('0').trim_start_matches('0');
    if digits.is_empty() {
        return Some(0);
    }
    // Powers of ten by which the significant digits are to be multiplied.
    let scale = exponent
        .checked_sub(i64::try_from(fraction.len()).ok()?)?
        .checked_add(i64::try_from(zeros).ok()?)?;
    let factor = 10_i64.checked_pow(u32::try_from(scale).ok()?)?;
    let signed = if negative {
        format!("-{digits}")
    } else {
        digits.to_owned()
    };
    let value = signed.parse::<i64>().ok()?.checked_mul(factor)?;
    ((value as f64) < BEYOND).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::whole_number;

    #[test]
    fn timestamps_are_exact() {
        for (text, expected) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("0.000", Some(0)),
            ("0e99", Some(0)),
            ("1458239713", Some(1_458_239_713)),
            ("1e3", Some(1000)),
            ("1.5E1", Some(15)),
            ("10e-1", Some(1)),
            ("1.000", Some(1)),
            ("-7", Some(-7)),
            ("9223372036854775807", None),
            ("9223372036854775296", None),
            ("9223372036854775295", Some(i64::MAX - 512)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("1e19", None),
            ("0.5", None),
            ("1e-1", None),
            ("1458239713.00000000001", None),
            ("1e-400", None),
            ("1e99999999999999999999", None),
        ] {
            assert_eq!(whole_number(text), expected, "{text}");
        }
    }
}
