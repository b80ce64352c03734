// SPDX-License-Identifier: Apache-2.0
//! `describe`: signatures and the records about them, in the layout that users of `oc describe image` know, but plain
//! about a record being no more than that.

mod record;

use std::io::{self, Read, Write};

use serde_json::{json, Value};

pub use self::record::SignatureDescription;
use self::record::{minute, recorder};
use super::json::{write_item, write_list, Syntax, API_VERSION};
use super::wrap;
use crate::image::Child;
use crate::reason::Refusal;
use crate::record::Condition;
use crate::text::{bounded, safe};

/// The column in which values about a signature begin.
const VALUES: usize = 40;
/// The column in which they go on: a fingerprint in parentheses fits into 80.
const BELOW: usize = 32;

/// Longest recorded message that is shown, in characters.
const MAX_MESSAGE: usize = 1024;

/// What is recorded about the signatures of an image.
#[derive(Debug, Clone)]
pub struct Description {
    /// The image's name, or what was asked for where there is none.
    pub image: String,
    /// How the user named it, where that is something else.
    pub requested: Option<String>,
    /// Where it was found.
    pub source: String,
    /// Its `dockerImageReference`; empty where it has none.
    pub reference: String,
    /// Why there is nothing to describe.
    pub trouble: Option<Refusal>,
    /// Its signatures, in the order of the object.
    pub signatures: Vec<SignatureDescription>,
    /// Where it is a manifest list, the images of the list.
    pub children: Vec<ChildDescription>,
}

impl Description {
    /// Notes how the user named the image.
    #[must_use]
    pub fn asked_for_as(mut self, asked: Option<&String>) -> Self {
        self.requested = asked.filter(|asked| **asked != self.image).cloned();
        self
    }
}

/// One image of a manifest list.
#[derive(Debug, Clone)]
pub struct ChildDescription {
    /// Its digest and platform, as the list names them.
    pub child: Child,
    /// Its signatures, or why it could not be read.
    pub signatures: Result<Vec<SignatureDescription>, Refusal>,
}

impl ChildDescription {
    fn counts(&self) -> (usize, usize) {
        let signatures = self.signatures.as_deref().unwrap_or_default();
        let trusted = signatures.iter().filter(|signature| signature.is_trusted()).count();
        (signatures.len(), trusted)
    }

    fn sentence(&self) -> String {
        match (&self.signatures, self.counts()) {
            (Err(refusal), _) => refusal.to_string(),
            (Ok(_), (0, _)) => "not signed".into(),
            (Ok(_), (1, trusted)) => format!("1 signature, {trusted} recorded as trusted (not checked now)"),
            (Ok(_), (n, trusted)) => format!("{n} signatures, {trusted} recorded as trusted (not checked now)"),
        }
    }
}

/// Renders one description; `is_first` where it comes before all others. Values in text are broken between words where there is
/// a longest line.
#[must_use]
pub fn render(description: &Description, is_first: bool, syntax: Option<Syntax>, width: Option<usize>) -> Vec<u8> {
    let mut text = Vec::new();
    // Writing into memory cannot fail.
    let _ = match syntax {
        None => write_text(&mut text, description, is_first, width),
        Some(syntax) => write_item(&mut text, &item(description), syntax),
    };
    text
}

/// Writes a document with the descriptions that were rendered.
///
/// # Errors
/// When reading or writing fails.
pub fn write_all(out: &mut dyn Write, syntax: Syntax, items: &mut dyn Read) -> io::Result<()> {
    let document = json!({"apiVersion": API_VERSION, "kind": "DescriptionList", "checked": false, "items": []});
    write_list(out, &document, syntax, items)
}

fn write_text(out: &mut dyn Write, description: &Description, is_first: bool, width: Option<usize>) -> io::Result<()> {
    if !is_first {
        writeln!(out)?;
    }
    line(out, "", "Name", &safe(&description.image))?;
    if let Some(requested) = &description.requested {
        line(out, "", "Asked for", &safe(requested))?;
    }
    line(out, "", "Source", &safe(&description.source))?;
    if let Some(trouble) = &description.trouble {
        return line(out, "", "Error", &trouble.to_string());
    }
    line(out, "", "Docker Image", &safe(&description.reference))?;
    if description.signatures.is_empty() {
        line(out, "", "Image Signatures", "none")?;
    }
    for signature in &description.signatures {
        write_signature(out, signature, width)?;
    }
    if !description.children.is_empty() {
        line(out, "", "Manifests", &format!("{} images", description.children.len()))?;
    }
    for child in &description.children {
        let platform = or_none(&child.child.platform);
        writeln!(
            out,
            "\t\t\t{platform}\t{}: {}",
            or_none(&child.child.digest),
            child.sentence()
        )?;
    }
    Ok(())
}

fn write_signature(out: &mut dyn Write, signature: &SignatureDescription, width: Option<usize>) -> io::Result<()> {
    const INDENT: &str = "\t\t\t";
    writeln!(out, "Image Signatures:")?;
    let owner = [safe(&signature.owner)];
    let mut put = |label: &str, value: &str| match width {
        // A name is one word.
        Some(width) if value.contains(' ') => {
            let begin = format!("{INDENT}{label}:{}", tabs(label));
            write!(out, "{begin}")?;
            let value = wrap::keep_together(value, owner.iter().map(String::as_str));
            wrap::write(out, &value, VALUES, BELOW, width)
        }
        _ => line(out, INDENT, label, value),
    };
    put("Name", &or_none(&signature.name))?;
    put("Type", &or_none(&signature.kind))?;
    if let Some(damage) = &signature.damage {
        put("Damaged", &damage.to_string())?;
    }
    put("Recorded", &signature.record())?;
    for (label, condition) in [("Trusted", &signature.trusted), ("ForImage", &signature.for_image)] {
        if let Some(condition) = condition {
            let probed = minute(&condition.last_probe).unwrap_or_else(|| "at an unknown time".into());
            // Both carry the reason of the verdict, and it is not why the signature is for this image.
            let is_other = label == "ForImage" && condition.status == "True" && condition.reason != "Verified";
            let reason = if condition.reason.is_empty() || is_other {
                String::new()
            } else {
                format!(" ({})", safe(&condition.reason))
            };
            put(
                label,
                &format!("{}{reason}, recorded {probed}", or_none(&condition.status)),
            )?;
        }
    }
    if let Some(message) = signature.trusted.as_ref().map(|c| &c.message).filter(|m| !m.is_empty()) {
        put("Message", &bounded(message, MAX_MESSAGE))?;
    }
    for contradiction in &signature.contradictions {
        put("Contradiction", contradiction)?;
    }
    Ok(())
}

fn or_none(text: &str) -> String {
    if text.is_empty() {
        "<none>".to_owned()
    } else {
        safe(text)
    }
}

/// A label, tabs up to the sixteenth column after the indentation, and a value.
fn line(out: &mut dyn Write, indent: &str, label: &str, value: &str) -> io::Result<()> {
    writeln!(out, "{indent}{label}:{}{value}", tabs(label))
}

fn tabs(label: &str) -> &'static str {
    if label.len() + 1 < 8 {
        "\t\t"
    } else {
        "\t"
    }
}

fn item(description: &Description) -> Value {
    let signatures: Vec<Value> = description
        .signatures
        .iter()
        .map(|s| {
            json!({
                "name": s.name,
                "type": s.kind,
                "damaged": s.damage.as_ref().map_or("", |damage| damage.message.as_str()),
                "trusted": condition(s.trusted.as_ref()),
                "forImage": condition(s.for_image.as_ref()),
                "imageIdentity": s.identity,
                "keyFingerprint": s.fingerprint,
                "keyOwner": s.owner,
                "user": s.trusted.as_ref().and_then(|c| recorder(&c.message)).unwrap_or_default(),
                "message": s.record(),
                "contradictions": s.contradictions,
            })
        })
        .collect();
    let mut item = json!({
        "image": description.image,
        "source": description.source,
        "dockerImageReference": description.reference,
        "reason": description.trouble.as_ref().map_or("", |trouble| trouble.reason.word()),
        "message": description.trouble.as_ref().map_or("", |trouble| trouble.message.as_str()),
        "signatures": signatures,
        "manifests": description.children.iter().map(manifest).collect::<Vec<Value>>(),
    });
    if let (Some(requested), Some(members)) = (&description.requested, item.as_object_mut()) {
        members.insert("requested".to_owned(), requested.as_str().into());
    }
    item
}

fn manifest(child: &ChildDescription) -> Value {
    let (signatures, trusted) = child.counts();
    let refusal = child.signatures.as_ref().err();
    json!({
        "digest": child.child.digest,
        "platform": child.child.platform,
        "signatures": signatures,
        "recordedTrusted": trusted,
        "reason": refusal.map_or("", |refusal| refusal.reason.word()),
        "message": child.sentence(),
    })
}

fn condition(condition: Option<&Condition>) -> Value {
    condition.map_or(Value::Null, |c| {
        json!({
            "status": c.status,
            "reason": c.reason,
            "message": c.message,
            "lastProbeTime": c.last_probe,
            "lastTransitionTime": c.last_transition,
        })
    })
}
