// SPDX-License-Identifier: Apache-2.0
//! Text for people: a line an image, then its signatures.

use std::io::{self, Write};

use super::{ImageReport, Renderer};
use crate::reason::{Reason, Verdict};
use crate::text::safe;
use crate::verdict::SignatureOutcome;

/// How Image objects are named for `oc` and `kubectl`.
pub const RESOURCE: &str = "image.image.openshift.io";

/// The default output, and `-o wide`.
pub(super) struct Text {
    wide: bool,
}

impl Text {
    pub(super) fn new(wide: bool) -> Self {
        Self { wide }
    }

    fn signature(&self, out: &mut dyn Write, signature: &SignatureOutcome) -> io::Result<()> {
        let name = if signature.name().is_empty() {
            "(without a name)".to_owned()
        } else {
            safe(signature.name())
        };
        writeln!(
            out,
            "  {name} {}",
            verdict_text(signature.reason(), signature.message())
        )?;
        if self.wide {
            if let Some(signer) = signature.signer() {
                writeln!(
                    out,
                    "    key {}, {}, {}, made {}, validity {}",
                    signer.fingerprint,
                    signer.key_algorithm,
                    signer.hash_algorithm,
                    crate::text::time(signer.created),
                    super::keys::validity_word(signer.validity)
                )?;
            }
            if let Some(claim) = signature.claim() {
                write!(out, "    signed for {} as {}", claim.digest, safe(&claim.reference))?;
                if let Some(creator) = &claim.creator {
                    write!(out, ", by {}", safe(creator))?;
                }
                if let Some(timestamp) = claim.timestamp {
                    write!(out, ", claimed time {}", crate::text::time(timestamp))?;
                }
                writeln!(out)?;
            }
        }
        Ok(())
    }
}

/// `Verified: ...` or `Rejected: UnknownKey: ...`: the reason word stands in each negative outcome.
#[must_use]
pub fn verdict_text(reason: Reason, message: &str) -> String {
    match reason {
        Reason::Verified => format!("{}: {message}", reason.verdict()),
        _ => format!("{}: {reason}: {message}", reason.verdict()),
    }
}

/// Good signatures of an image that is verified anyway, for references that nobody asked about.
fn is_for_other_reference(report: &ImageReport, signature: &SignatureOutcome) -> bool {
    report.outcome.verdict() == Verdict::Verified && signature.reason() == Reason::IdentityMismatch
}

impl Renderer for Text {
    fn image(&self, out: &mut dyn Write, report: &ImageReport) -> io::Result<()> {
        let outcome = &report.outcome;
        write!(
            out,
            "{} {}",
            safe(&report.image),
            verdict_text(outcome.reason(), outcome.message())
        )?;
        if self.wide {
            write!(out, " [{}]", safe(&report.source))?;
        }
        writeln!(out)?;
        let mut others = Vec::new();
        for signature in outcome.signatures() {
            if !self.wide && is_for_other_reference(report, signature) {
                others.extend(signature.claim().map(|claim| safe(&claim.reference)));
            } else {
                self.signature(out, signature)?;
            }
        }
        match others.as_slice() {
            [] => Ok(()),
            [one] => writeln!(out, "  1 more signature is good, but for another reference: {one}"),
            several => {
                let count = several.len();
                let shown = several.iter().take(8).cloned().collect::<Vec<_>>().join(", ");
                let rest = if count > 8 { ", ..." } else { "" };
                writeln!(
                    out,
                    "  {count} more signatures are good, but for other references: {shown}{rest}"
                )
            }
        }
    }
}

/// `-o name`
pub(super) struct Names;

impl Renderer for Names {
    fn image(&self, out: &mut dyn Write, report: &ImageReport) -> io::Result<()> {
        if report.outcome.verdict() == Verdict::Verified {
            writeln!(out, "{RESOURCE}/{}", safe(&report.image))?;
        }
        Ok(())
    }
}
