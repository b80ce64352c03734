// SPDX-License-Identifier: Apache-2.0
//! Text for people: one image as a short block, the verdict first.

use std::io::{self, Write};

use super::appearance;
use super::image::{ImageReport, InRegistry};
use super::renderer::Renderer;
use super::signatures;
use super::wrap::{self, keep_together};
use crate::reason::Verdict;
use crate::reference::Reference;
use crate::text::safe;
use crate::verdict::image::NOT_GIVEN;
use crate::verdict::{IdentitySource, ImageOutcome};

/// How Image objects are named for `oc` and `kubectl`.
pub(crate) const RESOURCE: &str = "image.image.openshift.io";

/// Where the values of a block begin, in columns.
const VALUES: usize = 13;

/// The default output for one image, and `-o wide`.
pub(super) struct Block {
    /// Everything that is known of each signature.
    pub(super) wide: bool,
    /// Verdicts are coloured: results go to a terminal.
    pub(super) colour: bool,
    /// Longest line, in columns.
    pub(super) width: usize,
}

impl Renderer for Block {
    fn image(&self, out: &mut dyn Write, report: &ImageReport) -> io::Result<()> {
        let outcome = &report.outcome;
        let said = self.heading(out, report)?;
        let mut value = Values { out, said };
        let mut label = "image";
        for name in report.requested.iter().chain([&report.image]) {
            if value.put(label, &safe(name))? {
                label = "";
            }
        }
        if let Some(signature) = signatures::damaged(outcome).filter(|_| !self.wide) {
            value.put("signature", &signatures::name(signature))?;
        }
        if self.wide || report.is_at_a_mirror() {
            value.put("source", &safe(&report.source))?;
        }
        if let Some(registry) = &report.registry {
            value.registry(registry, outcome.verdict())?;
        }
        for identity in &report.expected {
            match (outcome.verdict(), outcome.matched().contains(identity)) {
                (Verdict::Verified, true) => value.signed_as(outcome, identity)?,
                (Verdict::Verified, false) => drop(value.put("not as", &missed(outcome, identity))?),
                _ => drop(value.put("expected", &identity.to_string())?),
            }
        }
        if report.identity_source == IdentitySource::Stream {
            value.put("named by", "the image stream, not the user")?;
        }
        for signer in signatures::makers(report) {
            let (owner, id) = (safe(&signer.owner()), signer.id());
            let is_named = owner != id && !value.said.contains(&owner);
            if owner != id {
                value.put("signed by", &owner)?;
            }
            value.put(if is_named { "" } else { "signed by" }, &id)?;
        }
        if outcome.is_by_digest() {
            value.put("manifest", NOT_GIVEN)?;
        }
        for scope in signatures::scopes(outcome) {
            value.put("policy", scope)?;
        }
        signatures::write(out, report, self.wide, 2, self.width)
    }
}

impl Block {
    /// The first lines; what they say need not be said again.
    fn heading(&self, out: &mut dyn Write, report: &ImageReport) -> io::Result<String> {
        let outcome = &report.outcome;
        appearance::verdict(out, outcome.verdict(), self.colour)?;
        let text = match outcome.matched().first() {
            Some(identity) => identity.to_string(),
            // The verdict says it already.
            None if outcome.reason().word() == outcome.verdict().word() => outcome.message().to_owned(),
            None => format!("{}: {}", outcome.reason(), signatures::message(report)),
        };
        let begin = outcome.verdict().word().len();
        let owners = signatures::owners(outcome);
        let whole = keep_together(&format!(": {text}"), owners.iter().map(String::as_str));
        wrap::write(out, &whole, begin, 4, self.width)?;
        Ok(text)
    }
}

/// An expected identity that not enough keys signed for.
fn missed(outcome: &ImageOutcome, identity: &Reference) -> String {
    match outcome.count(identity) {
        Some((count @ 1.., needed)) => format!("{identity} ({count} of {needed} keys)"),
        _ => identity.to_string(),
    }
}

/// Labels and values below each other. What was said is left out.
struct Values<'o> {
    out: &'o mut dyn Write,
    said: String,
}

impl Values<'_> {
    fn registry(&mut self, registry: &InRegistry, verdict: Verdict) -> io::Result<()> {
        if let Some(platform) = &registry.platform {
            self.put("platform", &safe(platform))?;
        }
        if let Some(pinned) = registry.pinned.as_ref().filter(|_| verdict == Verdict::Verified) {
            self.put("pinned", &safe(pinned))?;
        }
        for (n, instance) in registry.instances.iter().enumerate() {
            let outcome = &instance.outcome;
            let reason = match outcome.verdict() {
                Verdict::Verified | Verdict::Allowed => outcome.verdict().to_string(),
                verdict => format!("{verdict}: {}", outcome.reason()),
            };
            let text = format!("{} {}: {reason}", safe(&instance.platform), safe(&instance.image));
            self.put(if n == 0 { "instances" } else { "" }, &text)?;
        }
        for (n, digest) in registry.left_out.iter().enumerate() {
            self.put(
                if n == 0 { "left out" } else { "" },
                &format!("{} (attestation)", safe(digest)),
            )?;
        }
        Ok(())
    }

    /// An expected identity that the image is signed for, and the references that are signed where the rule
    /// takes others for it.
    fn signed_as(&mut self, outcome: &ImageOutcome, identity: &Reference) -> io::Result<()> {
        let expected = identity.to_string();
        let others = signatures::references(outcome, identity);
        if others.is_empty() || others.contains(&expected) {
            return self.put("signed as", &expected).map(drop);
        }
        self.put("expected", &expected)?;
        for (n, other) in others.iter().enumerate() {
            self.put(if n == 0 { "signed as" } else { "" }, other)?;
        }
        Ok(())
    }

    /// Whether the value was written.
    fn put(&mut self, label: &str, value: &str) -> io::Result<bool> {
        if value.is_empty() || says(&self.said, value) {
            return Ok(false);
        }
        writeln!(self.out, "  {label:<width$}{value}", width = VALUES - 2)?;
        Ok(true)
    }
}

/// Whether a text has a value in it, and not only as the beginning of another one.
fn says(text: &str, value: &str) -> bool {
    let goes_on = |c: char| c.is_ascii_alphanumeric() || "/:@=_-.".contains(c);
    text.match_indices(value).any(|(at, _)| {
        let after = &text[at + value.len()..];
        !after.trim_start_matches(['.', ':']).starts_with(goes_on)
    })
}

/// `-o name`: the names of the verified images, without lists whose verdict decides nothing.
pub(super) struct Names;

impl Renderer for Names {
    fn image(&self, out: &mut dyn Write, report: &ImageReport) -> io::Result<()> {
        if report.outcome.verdict() == Verdict::Verified && !report.is_for_information() {
            match report.registry.as_ref().and_then(|own| own.pinned.as_ref()) {
                // No object of a cluster has this name; the command takes it as it is.
                Some(pinned) => writeln!(out, "docker://{}", safe(pinned))?,
                None => writeln!(out, "{RESOURCE}/{}", safe(&report.image))?,
            }
        }
        Ok(())
    }
}
