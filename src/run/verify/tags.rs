// SPDX-License-Identifier: Apache-2.0
//! The warning that tags can move.

use crate::digest::Digest;
use crate::reason::Verdict;
use crate::reference::Reference;
use crate::text::safe;
use crate::verdict::image::ImageOutcome;
use crate::verdict::signature::SignatureOutcome;

/// The tags through which images were verified, for the warning that tags can move.
#[derive(Debug, Default)]
pub(super) struct Tags {
    first: Option<First>,
    /// Images were verified by another tag as well.
    has_others: bool,
    /// How many images were verified.
    images: usize,
    /// Of how many the signatures do not name the tag.
    unsigned: usize,
}

/// The first of the tags.
#[derive(Debug)]
struct First {
    tag: String,
    asked: Reference,
    digest: Digest,
    /// Several images were verified by it: instances of a list.
    is_list: bool,
}

impl Tags {
    /// Counts an image that was verified by this tag.
    pub(super) fn add(&mut self, tag: &str, asked: &Reference, digest: &Digest, outcome: &ImageOutcome) {
        self.images += 1;
        self.unsigned += usize::from(is_unsigned(outcome));
        match &mut self.first {
            Some(first) if first.asked == *asked => first.is_list |= first.digest != *digest,
            Some(_) => self.has_others = true,
            None => {
                self.first = Some(First {
                    tag: tag.to_owned(),
                    asked: asked.clone(),
                    digest: digest.clone(),
                    is_list: false,
                });
            }
        }
    }

    /// What to say at the end of the run.
    pub(super) fn warning(&self) -> Option<String> {
        let First {
            tag,
            asked,
            digest,
            is_list,
        } = self.first.as_ref()?;
        let (tag, name) = (safe(tag), safe(asked.name()));
        if !self.has_others && !is_list {
            let unsigned = match self.unsigned {
                0 => "",
                _ => ", and no verified signature names it, so no signature ties the image to this tag",
            };
            return Some(format!(
                "the tag {tag} can move to another image{unsigned}; what was verified is {name}@{digest}"
            ));
        }
        let unsigned = match self.unsigned {
            0 => String::new(),
            all if all == self.images => ", and no verified signature of these images names the tag".to_owned(),
            some => format!(", and of {some} of these images no verified signature names the tag"),
        };
        let moves = match self.has_others {
            true => "tags can move to other images".to_owned(),
            false => format!("the tag {tag} can move to another image"),
        };
        Some(format!(
            "{moves}{unsigned}; use the verified images by their digests, as -o name and -o json print them"
        ))
    }
}

/// Whether all signatures that were verified are for another tag than the expected one, or for none, by a rule that does not
/// look at tags. Of a list that only its instances verify it is not said.
fn is_unsigned(outcome: &ImageOutcome) -> bool {
    let verified = || {
        let all = outcome.signatures().iter();
        all.filter(|own| own.verdict() == Verdict::Verified)
    };
    verified().next().is_some() && !verified().any(names_what_is_expected)
}

/// Whether a signature names the tag of an identity that it is accepted for, or that has none.
fn names_what_is_expected(signature: &SignatureOutcome) -> bool {
    let signed = signature
        .claim()
        .and_then(|claim| Reference::parse(&claim.reference).ok());
    let tag = signed.as_ref().and_then(Reference::tag);
    let mut expected = signature.matched().iter();
    expected.any(|own| own.tag().is_none() || own.tag() == tag)
}
