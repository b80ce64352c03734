// SPDX-License-Identifier: Apache-2.0
//! What a person does next about an image, with the commands for it. Nothing here proposes to loosen a check.

use super::image::ImageReport;
use crate::reason::Reason;
use crate::reference::Reference;
use crate::settings::tips::Tips;
use crate::sigstore::check::OR_ALTERED;
use crate::subject::{SignatureKind, SourceAnswer, FETCH_AGAIN};
use crate::text::{safe, shell_word};
use crate::verdict::pipeline::KEYLESS;
use crate::verdict::tally::End;
use crate::verdict::{IdentitySource, ImageOutcome, SignatureOutcome};

/// What is looked for where GPG signatures are asked for.
const GPG: &str = "a binary OpenPGP version 4 message";

/// What is looked for where sigstore signatures are asked for.
const SIGSTORE: &str = "a sigstore signature by a key";

/// What a verdict on a directory covers.
const DIRECTORY: &str = "nothing; what was verified is the manifest. No layer was read: skopeo and podman check config and layers against the manifest when they read the directory.";

/// What to do, and the commands in it, which stay together. None has a full stop or a comma behind it that would be copied too.
#[derive(Debug, Default)]
pub(super) struct Next {
    pub(super) text: String,
    pub(super) commands: Vec<String>,
}

impl Next {
    /// What is done next about this image.
    pub(super) fn of(report: &ImageReport, tips: &Tips) -> Self {
        let mut next = Self::default();
        next.text = next.first(report, tips);
        let outcome = &report.outcome;
        if let (Some(why), true) = (left_out(report), misses_sigstore(outcome)) {
            next.text.push_str(&format!(
                " If it has sigstore signatures, let them be asked for: {why}."
            ));
        }
        let is_built_in = report.sources.iter().any(SourceAnswer::is_built_in);
        if is_built_in && outcome.reason() == Reason::NoSignature {
            next.text.push_str(&match &tips.registries_d {
                Some(directory) => format!(" If its GPG signatures are in a lookaside store, name that in {directory}, where no file does (lookaside: URL)."),
                None => " If its GPG signatures are in a lookaside store, name the directory with the configuration that says where: --registries.d DIR.".to_owned(),
            });
        }
        if keys_help(outcome) {
            if let Some(call) = tips.keys(refused(report)) {
                let call = next.command(call);
                let which = match is_by_policy(outcome) && report.expected.len() > 1 {
                    true => " for that one of the expected identities",
                    false => "",
                };
                next.text.push_str(&format!(" {call} shows the accepted keys{which}."));
            }
        }
        next
    }

    fn command(&mut self, command: String) -> String {
        self.commands.push(command.clone());
        command
    }

    fn first(&mut self, report: &ImageReport, tips: &Tips) -> String {
        let reason = report.outcome.reason();
        let says = |what: &str| report.outcome.message().contains(what);
        let again = match says("fetch the signature again") {
            true => "fetch the signature again: if it stays as it is, ",
            false => "",
        };
        if reason == Reason::DigestMismatch && says(FETCH_AGAIN) {
            return "fetch the manifest again, byte by byte, and verify that.".to_owned();
        }
        // Such a signature does not say which key it is by, as a GPG signature does.
        if reason == Reason::BadSignature && says(OR_ALTERED) {
            return "make sure, from a source that you trust, that the key is the publisher's. If it is, fetch the signature and the image again; if it stays bad, do not use the image.".to_owned();
        }
        if reason == Reason::SourceUnavailable && says(": blocked by ") {
            return "a block is usually meant: ask whoever configured it, or verify the image at a place that is not blocked.".to_owned();
        }
        let own = report.registry.as_ref();
        let Some((own, pinned)) = own.and_then(|own| Some((own, own.pinned.as_deref()?))) else {
            return match reason {
                Reason::Verified if report.source.starts_with("dir:") => DIRECTORY.to_owned(),
                Reason::NotASignature | Reason::MalformedPayload | Reason::MultipleSignatures
                    if report.source.starts_with("dir:") =>
                {
                    let place = shell_word(&safe(&report.source));
                    let call = self.command(format!("image-signature inspect {place}"));
                    format!("{again}{call} shows the blob; tell whoever published the signature.")
                }
                Reason::IdentityMismatch => self.mismatch(report, tips),
                Reason::UnsupportedSignature => unsupported(report),
                _ => advice(reason).to_owned(),
            };
        };
        // A mirror that is for tags alone is not asked by digest; what a tag stands for is no instance of a list.
        let inspected = match (own.is_for_tags, &own.platform) {
            (false, _) => Some(pinned),
            (true, None) => Some(report.asked().trim_start_matches("docker://")),
            (true, Some(_)) => None,
        };
        match reason {
            Reason::NoSignature if report.sources.iter().any(|source| source.signatures > 0) => {
                // Signatures of an instance are found by its own digest, which says nothing of a tag.
                let call = self.command(match own.platform {
                    Some(_) => tips.audit_mirrors(&format!("docker://{pinned}"), &report.expected),
                    None if report.identity_source == IdentitySource::Reference => {
                        tips.audit_mirrors(report.asked(), &[])
                    }
                    None => tips.audit_mirrors(report.asked(), &report.expected),
                });
                format!("copy the signatures to the place that the manifest was taken from; {call} prints the command.")
            }
            Reason::NoSignature if left_out(report).is_some() => {
                let call = self.command(tips.inspect(inspected.unwrap_or(pinned)));
                // A policy says itself of which kind signatures are to be.
                let also = match is_by_policy(&report.outcome) {
                    true => "",
                    false => "; --sigstore-key FILE, with a key of the publisher's, asks for sigstore signatures too",
                };
                format!(
                    "{call} shows what there is in every place{also}. If there is nothing, {}",
                    advice(reason)
                )
            }
            Reason::NotASignature | Reason::MalformedPayload | Reason::MultipleSignatures => match inspected {
                Some(inspected) => {
                    let call = self.command(tips.inspect(inspected));
                    format!("{again}{call} shows the blob; tell whoever published the signature.")
                }
                None => format!("{again}tell whoever published the signature."),
            },
            Reason::IdentityMismatch => self.mismatch(report, tips),
            Reason::UnsupportedSignature => unsupported(report),
            _ => advice(reason).to_owned(),
        }
    }

    /// What is done about an image that is signed as another one.
    fn mismatch(&mut self, report: &ImageReport, tips: &Tips) -> String {
        let names = |signed: &Reference| report.expected.iter().any(|expected| expected.name() == signed.name());
        // No more than that is wrong: the payload names the expected repository alone.
        let lacks_tag = |(kind, signed): (SignatureKind, Reference)| {
            kind == SignatureKind::Sigstore && signed.is_name_only() && names(&signed)
        };
        if mismatched(report).any(lacks_tag) {
            return "read \"Signatures without a tag\" in image-signature-verify(1): by default, cosign signs for a repository, with neither tag nor digest.".to_owned();
        }
        let mut sources = report.registry.iter().flat_map(|own| &own.mirrored_as);
        let Some(source) = sources.find(|source| mismatched(report).any(|(_, signed)| signed == **source)) else {
            return advice(Reason::IdentityMismatch).to_owned();
        };
        // A policy may ask for less under the other name, or for other keys.
        if let Some(call) = tips.why_mirrors(source) {
            let call = self.command(call);
            return format!(
                "{call} shows what the policy says of {source}, of which registries.conf has this place as a mirror."
            );
        }
        format!("ask for docker://{source} instead, because registries.conf has this place as a mirror of it. Or add --expected-identity {source} to expect that here.")
    }
}

/// Why the place with sigstore signatures is not asked, if it is not.
fn left_out(report: &ImageReport) -> Option<&str> {
    let mut sources = report.sources.iter();
    let source = sources.find(|source| source.is_attachment_left_out())?;
    Some(source.note.as_deref().unwrap_or_default())
}

/// Whether sigstore signatures are required, and too few were found.
fn misses_sigstore(outcome: &ImageOutcome) -> bool {
    let mut all = outcome.tallies().iter().flat_map(|tally| &tally.requirements);
    match outcome.reason() {
        Reason::Verified => false,
        Reason::NoSignature => outcome.kinds().contains(&SignatureKind::Sigstore),
        _ => all.any(|count| count.misses(SignatureKind::Sigstore)),
    }
}

fn is_by_policy(outcome: &ImageOutcome) -> bool {
    outcome.tallies().iter().any(|tally| tally.scope.is_some())
}

/// The identity that a policy was asked about, the first for which it is not Verified.
fn refused(report: &ImageReport) -> Option<&Reference> {
    let mut tallies = report.outcome.tallies().iter();
    let tally = tallies.find(|tally| !tally.is_reached());
    tally.map(|tally| &tally.identity).or_else(|| report.expected.first())
}

/// Whether the accepted keys are of interest: no key that signed is among them, or a policy asks for more.
fn keys_help(outcome: &ImageOutcome) -> bool {
    match outcome.reason() {
        Reason::UnknownKey => true,
        Reason::BadSignature | Reason::PolicyRejected | Reason::UnsupportedSignature => is_by_policy(outcome),
        _ => false,
    }
}

/// The references that signatures are for which fail for no more than that.
fn mismatched(report: &ImageReport) -> impl Iterator<Item = (SignatureKind, Reference)> + '_ {
    let own = report.outcome.signatures().iter();
    let own = own.filter(|one| one.reason() == Reason::IdentityMismatch);
    own.filter_map(|one| {
        let signed = Reference::parse(&one.claim()?.reference).ok()?;
        Some((one.kind(), signed))
    })
}

/// What is done about an image with no signature but such that are not checked.
fn unsupported(report: &ImageReport) -> String {
    let outcome = &report.outcome;
    let kinds = outcome.kinds();
    let wanted = match kinds {
        [SignatureKind::Gpg] => GPG.to_owned(),
        [SignatureKind::Sigstore] => SIGSTORE.to_owned(),
        _ => format!("{GPG}, or {SIGSTORE}"),
    };
    let mut ends = outcome.tallies().iter().flat_map(|tally| &tally.requirements);
    if ends.any(|count| matches!(count.end, End::Unsupported(_))) {
        return "check it with a program that does what the policy requires: podman or skopeo.".to_owned();
    }
    if is_by_policy(outcome) {
        return format!("look for another signature of the image: the policy asks for {wanted}.");
    }
    let instances = report.registry.iter().flat_map(|own| &own.instances);
    let below = instances.flat_map(|own| own.outcome.signatures());
    let mut all = outcome.signatures().iter().chain(below);
    let lacks_key = |one: &&SignatureOutcome| {
        let is_of_key = one.kind() != SignatureKind::Other && one.message() != KEYLESS;
        one.reason() == Reason::UnsupportedSignature && is_of_key && !kinds.contains(&one.kind())
    };
    match all.find(lacks_key).map(SignatureOutcome::kind) {
        Some(kind) => {
            let option = match kind {
                SignatureKind::Gpg => "--public-key",
                _ => "--sigstore-key",
            };
            format!("get the publisher's key from a source that you trust, and name it with {option} FILE.")
        }
        None => format!("look for another signature of the image in a format that is checked here: {wanted}."),
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
            "look for another signature of the image in a format and of a kind that is checked here: a binary OpenPGP version 4 message, or a sigstore signature by a key."
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
        Reason::Forbidden => "log in, or ask for the right that the message names.",
        Reason::ManifestUnavailable | Reason::SourceUnavailable => "fix the problem named above, and run the command again.",
        Reason::EngineFailed => "fix the problem with GnuPG that is named above, and run the command again.",
        Reason::NoExpectedIdentity => "say which identity the image is to have: in the map of expected identities, or by a tag.",
    }
}
