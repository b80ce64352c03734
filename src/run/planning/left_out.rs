// SPDX-License-Identifier: Apache-2.0
//! What `--signature` leaves out of an object, and whether it may be all that the image lacks.

use serde_json::Value;

use super::as_recorded::AsRecorded;
use crate::openpgp::framing::message::Message;
use crate::openpgp::framing::signature::Signature;
use crate::reason::Verdict;
use crate::record::{self, Grounds};
use crate::source::objects::Loaded;
use crate::verdict::left_out::LeftOut;
use crate::verdict::tally::Tally;
use crate::verdict::{ImageOutcome, SignatureOutcome};

/// The signatures of an object that are not among the `chosen`. What is not a GPG signature at all can never count.
pub(in crate::run) fn signatures(loaded: &Loaded, chosen: &[usize]) -> Vec<Signature> {
    let all = loaded.image.signatures.iter().enumerate();
    let rest = all.filter(|(index, _)| !chosen.contains(index));
    let contents = rest.filter_map(|(_, own)| own.content.as_ref().ok());
    contents
        .filter_map(|bytes| Some(Message::parse(bytes).ok()?.signature))
        .collect()
}

/// Whether a good signature that is not trusted lacks nothing but others, which may be among those `left_out`. Of one that is
/// recorded to be trusted, what the record is of decides, as it was judged now or by itself (`as_recorded`): what else is
/// expected of the image decides only where that was not all judged. `number` is its place in the outcomes.
pub(super) fn may_be_enough(
    left_out: &LeftOut,
    stored: &Value,
    number: usize,
    outcome: &ImageOutcome,
    as_recorded: &AsRecorded,
) -> bool {
    let all = || std::iter::once(outcome).chain(as_recorded.0.iter().map(|(_, own)| own));
    let Some(signature) = outcome.signatures().get(number) else {
        return false;
    };
    if left_out.is_empty() || !is_good(signature) || record::unreached(signature, outcome).is_none() {
        return false;
    }
    let may_be_reached = |image: &ImageOutcome, tally: &Tally| {
        let signature = image.signatures().get(number);
        let is_for = signature.is_some_and(|own| is_good(own) && own.matched().contains(&tally.identity));
        is_for && tally.may_be_reached_by(left_out)
    };
    if let Some(grounds) = Grounds::of(stored, signature) {
        let judged = || all().flat_map(|image| image.tallies().iter().map(move |tally| (image, tally)));
        let mut of_record = judged().filter(|(_, tally)| grounds.may_be_of(&tally.identity));
        if of_record.any(|(image, tally)| may_be_reached(image, tally)) {
            return true;
        }
        let judged: Vec<_> = judged().map(|(_, tally)| &tally.identity).collect();
        if grounds.are_among(&judged) {
            return false;
        }
    }
    outcome.tallies().iter().any(|tally| may_be_reached(outcome, tally))
}

fn is_good(signature: &SignatureOutcome) -> bool {
    signature.verdict() == Verdict::Verified
}

/// Whether a signature is recorded to be trusted.
pub(super) fn is_trusted(stored: &Value) -> bool {
    record::latest(stored, "Trusted").is_some_and(|own| own.status == "True")
}
