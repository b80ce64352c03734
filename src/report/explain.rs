// SPDX-License-Identifier: Apache-2.0
//! `--explain`: every step of every signature with the values compared, and what to look at next.
//!
//! The advice never proposes to loosen a check.

use std::borrow::Cow;
use std::io::{self, Write};

use super::appearance::verdict_text;
use super::image::ImageReport;
use super::renderer::{Renderer, Summary};
use super::{appearance, signatures, table, wrap};
use crate::reason::Reason;
use crate::reference::Reference;
use crate::subject::{SignatureKind, SourceAnswer};
use crate::text::{safe, shell_word};
use crate::verdict::ImageOutcome;

/// Columns by which the rest of a line is indented, and of one that is indented itself: a whole digest fits into 80.
const INDENT: usize = 4;
const BELOW: usize = 6;

/// Every check of every signature as a numbered step, with the values compared.
pub(super) struct Explain {
    /// Longest line, in columns, on a terminal.
    pub(super) width: Option<usize>,
    /// Verdicts are coloured: results go to a terminal.
    pub(super) colour: bool,
    /// Several images are expected.
    pub(super) has_several: bool,
    /// The command that shows which keys are accepted in this run, safe to print.
    pub(super) keys_shown_by: Option<String>,
}

impl Renderer for Explain {
    fn image(&self, out: &mut dyn Write, report: &ImageReport) -> io::Result<()> {
        let outcome = &report.outcome;
        let mut kept = signatures::owners(outcome);
        kept.extend(self.keys_shown_by.clone());
        let mut line = |begin: &str, text: &str, indent: usize| wrap::line(out, begin, text, &kept, indent, self.width);
        let image = match report.requested {
            Some(_) => format!(" ({})", safe(&report.image)),
            None => String::new(),
        };
        let title = safe(&report.title());
        line(
            "Image ",
            &format!("{title}{image} from {}", safe(&report.source)),
            INDENT,
        )?;
        if let Some(registry) = &report.registry {
            if let Some(pinned) = &registry.pinned {
                line("Pinned: ", &safe(pinned), INDENT)?;
            }
            for instance in &registry.instances {
                let text = verdict_text(instance.outcome.reason(), instance.outcome.message());
                let (platform, image) = (safe(&instance.platform), safe(&instance.image));
                line("Instance ", &format!("{platform} {image}: {text}"), INDENT)?;
            }
            for digest in &registry.left_out {
                line("Left out: ", &format!("{} (attestation)", safe(digest)), INDENT)?;
            }
            if registry.for_information {
                line("For information: ", "the verdicts of the instances decide", INDENT)?;
            }
        }
        for expected in &report.expected {
            let text = format!("{expected} ({})", report.identity_source.word());
            line("Expected identity: ", &text, INDENT)?;
        }
        for source in &report.sources {
            line("Source ", &signatures::source(source), INDENT)?;
        }
        for signature in outcome.signatures() {
            line("Signature ", &safe(signature.name()), INDENT)?;
            for (number, check) in signature.checks().iter().enumerate() {
                let (step, ended) = (check.step.word(), check.ended.word());
                let begin = format!("  {}. {step:<9} {ended:<4}  ", number + 1);
                line(&begin, &check.detail, BELOW)?;
            }
            if !signatures::is_said(outcome, signature) {
                line("  ", &verdict_text(signature.reason(), signature.message()), BELOW)?;
            }
        }
        for tally in outcome.tallies() {
            let Some(scope) = &tally.scope else { continue };
            line("Required of ", &format!("{} by {scope}", tally.identity), INDENT)?;
            for (number, count) in tally.requirements.iter().enumerate() {
                let (name, word) = (&count.name, count.word());
                line(&format!("  {}. {name}  {word}  ", number + 1), &count.detail(), BELOW)?;
            }
        }
        let next = self.next(report);
        appearance::verdict(out, outcome.verdict(), self.colour)?;
        let begin = outcome.verdict().word();
        let text = verdict_text(outcome.reason(), outcome.message());
        let text = text.trim_start_matches(begin);
        match self.width {
            None => writeln!(out, "{text}")?,
            Some(width) => {
                let text = wrap::keep_together(text, kept.iter().map(String::as_str));
                wrap::write(out, &text, begin.len(), INDENT, width)?;
            }
        }
        wrap::line(out, "Next: ", &next, &kept, INDENT, self.width)?;
        if self.has_several {
            writeln!(out)?;
        }
        Ok(())
    }

    fn end(&self, out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
        if self.has_several {
            writeln!(out, "{}", table::counts(summary))?;
        }
        Ok(())
    }
}

impl Explain {
    /// What a person does next about an image, with the commands for it.
    fn next(&self, report: &ImageReport) -> String {
        let outcome = &report.outcome;
        let mut text = next(report).into_owned();
        let mut left_out = report.sources.iter().filter(|source| source.is_attachment_left_out());
        if let (Some(source), true) = (left_out.next(), misses_sigstore(outcome)) {
            let why = source.note.as_deref().unwrap_or_default();
            text.push_str(&format!(
                " If it has sigstore signatures, let them be asked for: {why}."
            ));
        }
        let is_built_in = report.sources.iter().any(SourceAnswer::is_built_in);
        if is_built_in && outcome.reason() == Reason::NoSignature {
            text.push_str(" If its GPG signatures are in a lookaside store, name the directory with the configuration that says where: --registries.d DIR.");
        }
        if let (Some(call), true) = (&self.keys_shown_by, keys_help(outcome)) {
            text.push_str(&format!(" {call} shows the accepted keys."));
        }
        text
    }
}

/// Whether sigstore signatures are required, and none was found at all.
fn misses_sigstore(outcome: &ImageOutcome) -> bool {
    outcome.reason() == Reason::NoSignature && outcome.kinds().contains(&SignatureKind::Sigstore)
}

/// Whether a sigstore signature is rejected for no more than that its payload names the expected repository alone.
fn lacks_tag(report: &ImageReport) -> bool {
    let names = |signed: &Reference| report.expected.iter().any(|expected| expected.name() == signed.name());
    let own = report.outcome.signatures().iter();
    let mut own = own.filter(|one| one.kind() == SignatureKind::Sigstore && one.reason() == Reason::IdentityMismatch);
    own.any(|signature| {
        let signed = signature.claim().map(|claim| Reference::parse(&claim.reference));
        signed.is_some_and(|signed| signed.is_ok_and(|signed| signed.is_name_only() && names(&signed)))
    })
}

/// Whether the accepted keys are of interest: no key that signed is among them, or a policy asks for more.
fn keys_help(outcome: &ImageOutcome) -> bool {
    match outcome.reason() {
        Reason::UnknownKey => true,
        Reason::BadSignature | Reason::PolicyRejected => outcome.tallies().iter().any(|tally| tally.scope.is_some()),
        _ => false,
    }
}

/// What a person does next about this image.
fn next(report: &ImageReport) -> Cow<'static, str> {
    let reason = report.outcome.reason();
    let has = |what: fn(&SourceAnswer) -> bool| report.sources.iter().any(what);
    match (reason, &report.registry) {
        (Reason::NoSignature, Some(_)) if has(|source| source.signatures > 0) => {
            "copy the signatures to the place that the manifest was taken from; image-signature audit --mirrors prints the command.".into()
        }
        (Reason::NoSignature, Some(registry)) if has(SourceAnswer::is_attachment_left_out) => {
            let image = shell_word(&safe(&format!("docker://{}", registry.pinned.as_deref().unwrap_or_default())));
            format!("see what there is in every place with image-signature inspect {image}; --sigstore-key FILE, with a key of the publisher's, asks for sigstore signatures too. If there is nothing, {}", advice(reason)).into()
        }
        (Reason::IdentityMismatch, _) if lacks_tag(report) => {
            "read \"Signatures without a tag\" in image-signature-verify(1): by default, cosign signs for a repository, with neither tag nor digest.".into()
        }
        _ => advice(reason).into(),
    }
}

/// What a person does next, by the reason alone.
#[must_use]
pub fn advice(reason: Reason) -> &'static str {
    match reason {
        Reason::Verified => "nothing; use the image by its digest, which is what was verified.",
        Reason::NoSignature => "ask whoever publishes the image whether it is signed, and where the signatures are kept.",
        Reason::NotASignature | Reason::MalformedPayload | Reason::MultipleSignatures => {
            "look at the blob with image-signature inspect, and tell whoever published the signature."
        }
        Reason::UnsupportedSignature => {
            "look for another signature of the image in a format that is checked here: a binary OpenPGP version 4 message."
        }
        Reason::BadSignature => "fetch the signature and the image again from their publisher; if it stays bad, do not use the image.",
        Reason::UnknownKey => "find out whose key it is from a source that you trust.",
        Reason::KeyNotAccepted => "compare the fingerprint with the one that the key's owner publishes.",
        Reason::KeyExpired | Reason::KeyRevoked | Reason::KeyDisabled => {
            "get the current key from its owner, and a signature that was made with it."
        }
        Reason::WrongKeyUsage | Reason::WeakAlgorithm | Reason::SignatureExpired => {
            "ask the signer for a new signature by a suitable key."
        }
        Reason::SignatureNotYetValid => "check the clock of this machine and that of the signer.",
        Reason::DigestMismatch => "check which image was meant: the signature is for another one.",
        Reason::ManifestMismatch => "fetch the image again: its manifest is not the one that its name stands for.",
        Reason::IdentityMismatch => "check the reference that you expect against the one that the publisher signs.",
        Reason::ThresholdNotReached => "get signatures by more of the accepted keys.",
        Reason::PolicyRejected => "look at what the policy requires of this reference, and ask the publisher for what is missing.",
        Reason::Allowed => "nothing was verified: ask whoever publishes the image for signatures, and whoever writes the policy to require them.",
        Reason::MalformedImage => "look at the object as it is stored; damaged entries block every update of it.",
        Reason::LimitExceeded => "look at the object: legitimate signatures and images stay far below the limits.",
        Reason::NotFound => "check the name, and where the image is looked for.",
        Reason::Forbidden => "ask for the right to read images (role system:image-auditor).",
        Reason::ManifestUnavailable | Reason::SourceUnavailable => "fix the problem named above, and run the command again.",
        Reason::EngineFailed => "fix the problem with GnuPG that is named above, and run the command again.",
        Reason::NoExpectedIdentity => "say which identity the image is to have: in the map of expected identities, or by a tag.",
    }
}
