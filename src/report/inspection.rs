// SPDX-License-Identifier: Apache-2.0
//! `inspect`: claims, every line of which is marked as unverified.

use std::io::{self, Write};

use serde_json::{json, Map, Value};

use super::json::{claim, source, write_document, Syntax, API_VERSION};
use super::signatures;
use super::text::RESOURCE;
use super::wrap;
use crate::openpgp::framing::message::Message;
use crate::payload::{self, Payload};
use crate::reason::Refusal;
use crate::sigstore::attachment::CERTIFICATE_ANNOTATION;
use crate::subject::{Attachment, SignatureKind, SourceAnswer};
use crate::text::{quoted, safe, time};

/// The mark on every line.
const MARK: &str = "UNVERIFIED";

/// How claims are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InspectionFormat {
    /// One line per signature.
    Text,
    /// The same with how it is put together.
    Wide,
    /// The name of the image that it claims to be for.
    Name,
    /// Numbered lines about how it is put together.
    Explain,
    /// One JSON or YAML document.
    Document(Syntax),
}

/// What one blob claims.
#[derive(Debug)]
pub struct Inspection {
    /// The file's path, or the image in a registry, and behind it the name of the signature.
    pub file: String,
    /// The image in a registry that it was found at.
    pub image: Option<InspectedImage>,
    /// What kind of signature it is, where it could be read.
    pub kind: Option<SignatureKind>,
    /// What is in it.
    pub content: Inspected,
}

/// An image in a registry of which everything is shown.
#[derive(Debug, Clone)]
pub struct InspectedImage {
    /// The repository that was asked for, with `docker://` before it.
    pub repository: String,
    /// The digest of its manifest.
    pub digest: String,
    /// The platform that a list has it for, where it is an instance.
    pub platform: Option<String>,
}

impl InspectedImage {
    /// As `verify` names an image: by its repository and its digest.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}@{}", self.repository, self.digest)
    }
}

impl Inspection {
    /// What its lines begin with, safe to print: behind the name of an instance stands its platform.
    fn title(&self) -> String {
        let platform = self
            .image
            .as_ref()
            .and_then(|image| Some((image.name(), image.platform.as_ref()?)));
        let own = platform.and_then(|(name, platform)| Some((self.file.strip_prefix(&name)?, name, platform)));
        match own {
            Some((rest, name, platform)) => safe(&format!("{name} [{platform}]{rest}")),
            None => safe(&self.file),
        }
    }
}

/// What is in a blob, and what its payload claims.
#[derive(Debug)]
pub enum Inspected {
    /// An OpenPGP message, and its payload as simple signing reads it.
    Gpg(Message, Result<Payload, payload::PayloadError>),
    /// A sigstore signature, and its payload as sigstore reads it.
    Sigstore(Attachment, Result<Payload, payload::PayloadError>),
    /// A place that was asked for signatures, and what it answered.
    Source(SourceAnswer),
    /// Nothing to show, and why.
    Refused(Refusal),
}

impl Inspected {
    fn payload(&self) -> Option<&Result<Payload, payload::PayloadError>> {
        match self {
            Inspected::Gpg(_, payload) | Inspected::Sigstore(_, payload) => Some(payload),
            Inspected::Source(_) | Inspected::Refused(_) => None,
        }
    }
}

/// Prints what each signature claims, marked as unverified, in the format asked for; lines of text are broken between words
/// where there is a longest one.
///
/// # Errors
/// When writing fails.
pub fn write(
    out: &mut dyn Write,
    inspections: &[Inspection],
    format: InspectionFormat,
    width: Option<usize>,
) -> io::Result<()> {
    match format {
        InspectionFormat::Document(syntax) => {
            let items: Vec<Value> = inspections.iter().map(document).collect();
            let document =
                json!({"apiVersion": API_VERSION, "kind": "InspectionList", "unverified": true, "items": items});
            return write_document(out, &document, syntax);
        }
        InspectionFormat::Text => lines(out, inspections, width, |inspection| vec![summary(inspection)])?,
        InspectionFormat::Wide => lines(out, inspections, width, |inspection| {
            let details = details(inspection).into_iter().skip(1);
            let details = details.map(|line| format!("  {line}"));
            std::iter::once(summary(inspection)).chain(details).collect()
        })?,
        InspectionFormat::Explain => lines(out, inspections, width, |inspection| {
            let details = details(inspection).into_iter().enumerate();
            details
                .map(|(number, line)| format!("{}. {line}", number + 1))
                .collect()
        })?,
        InspectionFormat::Name => {
            for inspection in inspections {
                if let Some(Ok(payload)) = inspection.content.payload() {
                    match &inspection.image {
                        // As `verify` names it.
                        Some(image) => writeln!(out, "{MARK} {}@{}", safe(&image.repository), payload.digest)?,
                        None => writeln!(out, "{MARK} {RESOURCE}/{}", payload.digest)?,
                    }
                }
            }
        }
    }
    out.flush()
}

/// Prints lines about each file, every one with the mark and the file's name.
fn lines(
    out: &mut dyn Write,
    inspections: &[Inspection],
    width: Option<usize>,
    about: impl Fn(&Inspection) -> Vec<String>,
) -> io::Result<()> {
    for inspection in inspections {
        for line in about(inspection) {
            let line = format!("{}: {line}", inspection.title());
            let mut text = Vec::new();
            let width = width.map(|width| width.saturating_sub(MARK.len() + 1));
            wrap::line(&mut text, "", &line, &[], 4, width)?;
            // Also where a line goes on.
            for line in String::from_utf8_lossy(&text).lines() {
                writeln!(out, "{MARK} {line}")?;
            }
        }
    }
    Ok(())
}

fn maker(message: &Message) -> String {
    match &message.signature.fingerprint {
        Some(fingerprint) => fingerprint.clone(),
        None => message.signature.key_id.to_string(),
    }
}

fn summary(inspection: &Inspection) -> String {
    let (who, payload) = match &inspection.content {
        Inspected::Refused(refusal) => return refusal.to_string(),
        Inspected::Source(source) => return format!("source {}", signatures::source(source)),
        Inspected::Gpg(message, payload) => (format!("key {}", maker(message)), payload),
        Inspected::Sigstore(attachment, payload) => {
            let has_certificate = attachment.annotations.contains_key(CERTIFICATE_ANNOTATION);
            let who = match has_certificate {
                true => "the key of a certificate (keyless sigstore)",
                false => "a sigstore key",
            };
            (who.to_owned(), payload)
        }
    };
    match payload {
        Ok(payload) => format!(
            "claims that {who} signed {} as {}",
            payload.digest,
            safe(&payload.reference)
        ),
        Err(error) => format!(
            "claims to be signed by {who}; its payload is malformed: {}",
            safe(&error.to_string())
        ),
    }
}

fn details(inspection: &Inspection) -> Vec<String> {
    let mut lines = match &inspection.content {
        Inspected::Refused(refusal) => return vec![refusal.to_string()],
        Inspected::Source(_) => return vec![summary(inspection)],
        Inspected::Gpg(message, _) => of_message(message),
        Inspected::Sigstore(attachment, _) => of_attachment(attachment),
    };
    match inspection.content.payload() {
        Some(Ok(payload)) => {
            lines.push(format!("claims image {}", payload.digest));
            lines.push(format!("claims reference {}", safe(&payload.reference)));
            if let Some(creator) = &payload.creator {
                lines.push(format!("claims creator {}", safe(creator)));
            }
            if let Some(timestamp) = payload.timestamp {
                lines.push(format!("claims time {}", time(timestamp)));
            }
        }
        Some(Err(error)) => lines.push(format!("the payload is malformed: {}", safe(&error.to_string()))),
        None => {}
    }
    lines
}

fn of_message(message: &Message) -> Vec<String> {
    let signature = &message.signature;
    let mut lines = vec![
        "one signed message: one-pass signature, literal data, signature".to_owned(),
        format!(
            "signature version {}, class 0x{:02x}, {} with {}",
            signature.version, signature.class, signature.public_key, signature.hash
        ),
        format!(
            "said to be made by key {} at {}",
            maker(message),
            time(signature.created)
        ),
    ];
    if let Some(expires) = signature.expires {
        lines.push(format!("said to expire at {}", time(expires)));
    }
    lines.push(format!("payload of {} bytes", message.payload.len()));
    lines
}

fn of_attachment(attachment: &Attachment) -> Vec<String> {
    let mut lines = vec![
        "one sigstore signature: payload and annotations".to_owned(),
        format!("of media type {}", quoted(&attachment.media_type)),
    ];
    lines.extend(
        names(attachment)
            .into_iter()
            .map(|name| format!("annotation {}", quoted(name))),
    );
    lines.push(format!("payload of {} bytes", attachment.payload.len()));
    lines
}

/// The names of annotations; their values are long, and say nothing to people.
fn names(attachment: &Attachment) -> Vec<&str> {
    attachment.annotations.keys().map(String::as_str).collect()
}

fn document(inspection: &Inspection) -> Value {
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("file", inspection.file.as_str().into());
    put("unverified", true.into());
    if let Some(image) = &inspection.image {
        put("image", image.name().into());
        if let Some(platform) = &image.platform {
            put("platform", platform.as_str().into());
        }
    }
    if let Some(kind) = inspection.kind {
        put("kind", kind.word().into());
    }
    match &inspection.content {
        Inspected::Source(answer) => {
            put("source", source(answer));
            put("message", summary(inspection).into());
        }
        Inspected::Refused(refusal) => {
            put("reason", refusal.reason.word().into());
            put("message", refusal.message.as_str().into());
            return Value::Object(members);
        }
        Inspected::Gpg(message, _) => {
            let signature = &message.signature;
            put(
                "signature",
                json!({
                    "version": signature.version,
                    "class": signature.class,
                    "keyAlgorithm": signature.public_key.to_string(),
                    "hashAlgorithm": signature.hash.to_string(),
                    "keyID": signature.key_id.to_string(),
                    "fingerprint": signature.fingerprint,
                    "createdAt": time(signature.created),
                    "expiresAt": signature.expires.map(time),
                }),
            );
        }
        Inspected::Sigstore(attachment, _) => {
            let names = names(attachment);
            put(
                "attachment",
                json!({"mediaType": attachment.media_type, "annotations": names}),
            );
        }
    }
    if let Some(Ok(payload)) = inspection.content.payload() {
        put("claim", claim(payload));
    }
    put("message", summary(inspection).into());
    Value::Object(members)
}
