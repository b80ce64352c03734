// SPDX-License-Identifier: Apache-2.0
//! What `--signature` leaves out of an object, and whether it may be all that the image lacks.

use serde_json::Value;

use crate::openpgp::framing::message::Message;
use crate::reason::Verdict;
use crate::record::{self, Grounds};
use crate::source::objects::Loaded;
use crate::verdict::tally::Tally;
use crate::verdict::{ImageOutcome, SignatureOutcome};

/// How many signatures of an object are not among the `chosen`. What is no GPG signature at all can never count.
pub(super) fn count(loaded: &Loaded, chosen: &[usize]) -> usize {
    let all = loaded.image.signatures.iter().enumerate();
    let rest = all.filter(|(index, _)| !chosen.contains(index));
    let is_one = |bytes: &Vec<u8>| Message::parse(bytes).is_ok();
    rest.filter(|(_, own)| own.content.as_ref().is_ok_and(is_one)).count()
}

/// Whether a good signature that is not trusted lacks nothing but other signatures, and no more than were `left_out`. One that
/// is recorded to be trusted lacks them for what the record is of: what else is expected of the image keeps no record.
pub(super) fn may_be_enough(
    left_out: usize,
    stored: &Value,
    signature: &SignatureOutcome,
    outcome: &ImageOutcome,
) -> bool {
    let is_good = signature.verdict() == Verdict::Verified;
    if left_out == 0 || !is_good || record::unreached(signature, outcome).is_none() {
        return false;
    }
    let grounds = Grounds::of(stored, signature);
    let is_of_record = |tally: &Tally| match &grounds {
        Some(own) => own.may_be_of(&tally.identity),
        None => !is_trusted(stored),
    };
    let mut tallies = outcome.tallies().iter();
    tallies
        .any(|own| signature.matched().contains(&own.identity) && is_of_record(own) && own.may_be_reached_by(left_out))
}

/// Whether a signature is recorded to be trusted.
pub(super) fn is_trusted(stored: &Value) -> bool {
    record::latest(stored, "Trusted").is_some_and(|own| own.status == "True")
}
