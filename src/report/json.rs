// SPDX-License-Identifier: Apache-2.0
//! JSON: one document, on failure too. Members are only ever added.

use std::io::{self, Read, Write};

use serde_core::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};
use serde_json::{json, Map, Value};

use super::{Attached, Attachment, ImageReport, InRegistry, Recorded, Renderer, Summary};
use crate::payload::Payload;
use crate::reference::Reference;
use crate::subject::SourceAnswer;
use crate::text::{is_unsafe, time};
use crate::verdict::tally::Tally;
use crate::verdict::{SignatureOutcome, Signer};

/// Version of the documents.
pub const API_VERSION: &str = "image-signature/v1";

/// How documents are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// JSON, indented by two.
    Json,
    /// YAML in block style, a subset that every reader takes.
    Yaml,
}

/// `-o json`, `-o yaml`
pub(super) struct Json {
    syntax: Syntax,
}

impl Json {
    pub(super) fn new(syntax: Syntax) -> Self {
        Self { syntax }
    }
}

/// Indentation of the elements of `items`.
const INDENT: &str = "    ";

impl Renderer for Json {
    fn image(&self, out: &mut dyn Write, report: &ImageReport) -> io::Result<()> {
        write_item(out, &image(report), self.syntax)
    }

    fn is_document(&self) -> bool {
        true
    }

    fn document(&self, out: &mut dyn Write, summary: &Summary, items: &mut dyn Read) -> io::Result<()> {
        write_list(out, &verification_list(summary), self.syntax, items)
    }
}

/// Writes an element of the `items` of a document, with what separates it from the next one.
///
/// # Errors
/// When writing fails.
pub(super) fn write_item(out: &mut dyn Write, item: &Value, syntax: Syntax) -> io::Result<()> {
    if syntax == Syntax::Yaml {
        return out.write_all(crate::yaml::emit::element(item).as_bytes());
    }
    let mut text = Vec::new();
    write_document(&mut text, item, Syntax::Json)?;
    // Line feeds stand between values only: in strings they are escaped.
    for (n, line) in text.trim_ascii_end().split(|b| *b == b'\n').enumerate() {
        out.write_all(if n == 0 { b"" } else { b"\n" })?;
        out.write_all(INDENT.as_bytes())?;
        out.write_all(line)?;
    }
    out.write_all(SEPARATOR)
}

/// Writes a document whose last member is an empty list of `items`, with the items that [`write_item`] wrote.
///
/// # Errors
/// When reading or writing fails.
pub(super) fn write_list(
    out: &mut dyn Write,
    document: &Value,
    syntax: Syntax,
    items: &mut dyn Read,
) -> io::Result<()> {
    let mut around = Vec::new();
    write_document(&mut around, document, syntax)?;
    let separator = if syntax == Syntax::Json { SEPARATOR.len() } else { 0 };
    let mut items = WithoutEnd::new(items, separator);
    let mut first = [0; 1];
    if items.read(&mut first)? == 0 {
        out.write_all(&around)?;
        return out.flush();
    }
    let (end, open, close): (&[u8], &[u8], &[u8]) = match syntax {
        Syntax::Json => (b"[]\n}\n", b"[\n", b"\n  ]\n}\n"),
        Syntax::Yaml => (b" []\n", b"\n", b""),
    };
    out.write_all(around.strip_suffix(end).unwrap_or(&around))?;
    out.write_all(open)?;
    out.write_all(&first)?;
    io::copy(&mut items, out)?;
    out.write_all(close)?;
    out.flush()
}

const SEPARATOR: &[u8] = b",\n";

/// Reads all but the last bytes.
struct WithoutEnd<'r> {
    inner: &'r mut dyn Read,
    /// What was read and may be the end.
    ahead: Vec<u8>,
    keep: usize,
}

impl<'r> WithoutEnd<'r> {
    fn new(inner: &'r mut dyn Read, keep: usize) -> Self {
        let ahead = Vec::new();
        Self { inner, ahead, keep }
    }
}

impl Read for WithoutEnd<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.ahead.len() <= self.keep {
            let mut more = [0; 8192];
            match self.inner.read(&mut more)? {
                0 => return Ok(0),
                got => self.ahead.extend_from_slice(&more[..got]),
            }
        }
        let ready = (self.ahead.len() - self.keep).min(buffer.len());
        buffer[..ready].copy_from_slice(&self.ahead[..ready]);
        self.ahead.drain(..ready);
        Ok(ready)
    }
}

/// The document without its images.
fn verification_list(summary: &Summary) -> Value {
    json!({
        "apiVersion": API_VERSION,
        "kind": "VerificationList",
        "summary": {
            "verified": summary.verified,
            "rejected": summary.rejected,
            "unsupported": summary.unsupported,
            "unsigned": summary.unsigned,
            "allowed": summary.allowed,
            "unchecked": summary.unchecked,
        },
        "items": [],
    })
}

fn image(report: &ImageReport) -> Value {
    let outcome = &report.outcome;
    let signatures: Vec<Value> = outcome
        .signatures()
        .iter()
        .enumerate()
        .map(|(n, s)| signature(s, report.recorded_signatures.get(n).copied().unwrap_or(Recorded::No)))
        .collect();
    let mut item = json!({
        "image": report.image,
        "source": report.source,
        "expectedIdentities": texts(&report.expected),
        "matchedIdentities": texts(outcome.matched()),
        "identitySource": report.identity_source.word(),
        "verdict": outcome.verdict().word(),
        "reason": outcome.reason().word(),
        "message": outcome.message(),
        "signatures": signatures,
        "recorded": report.recorded.word(),
    });
    if let Some(members) = item.as_object_mut() {
        if let Some(requested) = &report.requested {
            members.insert("requested".to_owned(), requested.as_str().into());
        }
        let rules: Vec<Value> = outcome.tallies().iter().filter_map(policy).collect();
        if !rules.is_empty() {
            members.insert("policy".to_owned(), rules.into());
        }
        if let Some(registry) = &report.registry {
            in_registry(registry, members);
        }
        if !report.attached.is_empty() {
            members.insert("attached".to_owned(), report.attached.iter().map(attached).collect());
        }
        if !report.sources.is_empty() {
            let sources: Vec<Value> = report.sources.iter().map(source).collect();
            members.insert("sources".to_owned(), sources.into());
        }
    }
    item
}

fn in_registry(registry: &InRegistry, members: &mut Map<String, Value>) {
    members.insert("pinned".to_owned(), registry.pinned.as_str().into());
    if let Some(platform) = &registry.platform {
        members.insert("platform".to_owned(), platform.as_str().into());
    }
    if registry.for_information {
        members.insert("forInformation".to_owned(), true.into());
    }
    if !registry.instances.is_empty() {
        let instances = registry.instances.iter().map(|instance| {
            json!({
                "image": instance.image,
                "platform": instance.platform,
                "verdict": instance.outcome.verdict().word(),
                "reason": instance.outcome.reason().word(),
                "message": instance.outcome.message(),
            })
        });
        members.insert("instances".to_owned(), instances.collect());
    }
    if !registry.left_out.is_empty() {
        members.insert("leftOut".to_owned(), registry.left_out.clone().into());
    }
}

/// What a policy requires of an identity, and what became of it.
fn policy(tally: &Tally) -> Option<Value> {
    let requirements: Vec<Value> = tally
        .requirements
        .iter()
        .map(|count| json!({"requirement": count.name, "result": count.word(), "detail": count.detail()}))
        .collect();
    let scope = tally.scope.as_ref()?;
    Some(json!({"expectedIdentity": tally.identity.to_string(), "scope": scope, "requirements": requirements}))
}

/// A signature that was to be added to an Image.
fn attached(attached: &Attached) -> Value {
    let mut item = json!({"name": attached.name, "result": attached.fate.word()});
    if let (Attachment::Failed(why), Some(members)) = (&attached.fate, item.as_object_mut()) {
        members.insert("message".to_owned(), why.as_str().into());
    }
    item
}

/// A place that was asked for signatures, and what it answered.
pub(super) fn source(source: &SourceAnswer) -> Value {
    let mut item = json!({
        "kind": source.kind.word(),
        "location": source.location,
        "answer": source.answer.word(),
        "signatures": source.signatures,
    });
    if let (Some(trouble), Some(members)) = (source.answer.trouble(), item.as_object_mut()) {
        members.insert("message".to_owned(), trouble.message.into());
    }
    if let (Some(note), Some(members)) = (&source.note, item.as_object_mut()) {
        members.insert("note".to_owned(), note.as_str().into());
    }
    item
}

fn texts(references: &[Reference]) -> Vec<String> {
    references.iter().map(ToString::to_string).collect()
}

fn signature(outcome: &SignatureOutcome, recorded: Recorded) -> Value {
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("name", outcome.name().into());
    put("kind", outcome.kind().word().into());
    put("verdict", outcome.verdict().word().into());
    put("reason", outcome.reason().word().into());
    put("message", outcome.message().into());
    put("matchedIdentities", texts(outcome.matched()).into());
    if let Some(who) = outcome.signer() {
        put("signer", signer(who));
    }
    if let Some(payload) = outcome.claim() {
        put("claim", claim(payload));
    }
    let checks: Vec<Value> = outcome
        .checks()
        .iter()
        .map(|check| json!({"check": check.step.word(), "result": check.ended.word(), "detail": check.detail}))
        .collect();
    put("checks", checks.into());
    put("recorded", recorded.word().into());
    Value::Object(members)
}

fn signer(signer: &Signer) -> Value {
    match signer {
        Signer::Gpg(signer) => json!({
            "fingerprint": signer.fingerprint.as_str(),
            "primaryFingerprint": signer.primary.as_str(),
            "userID": signer.user_id,
            "validity": super::validity::validity_word(signer.validity),
            "keyAlgorithm": signer.key_algorithm,
            "hashAlgorithm": signer.hash_algorithm,
            "createdAt": time(signer.created),
        }),
        // Nothing of it says when it was made, or whose the key is.
        Signer::Sigstore(own) => json!({
            "fingerprint": signer.id(),
            "primaryFingerprint": signer.id(),
            "userID": signer.owner(),
            "validity": super::validity::validity_word(None),
            "keyAlgorithm": own.key_algorithm,
            "hashAlgorithm": own.hash_algorithm,
        }),
    }
}

/// What a payload claims; the members that it may leave out are left out here too.
pub(super) fn claim(payload: &Payload) -> Value {
    let mut members = Map::new();
    members.insert("dockerReference".into(), payload.reference.as_str().into());
    members.insert("dockerManifestDigest".into(), payload.digest.as_str().into());
    if let Some(creator) = &payload.creator {
        members.insert("creator".into(), creator.as_str().into());
    }
    if let Some(timestamp) = payload.timestamp {
        members.insert("timestamp".into(), timestamp.into());
    }
    Value::Object(members)
}

/// Writes a document and a line end. The values are exact, and yet nothing in it moves a terminal: such characters are
/// escaped, which JSON allows for any.
///
/// # Errors
/// When writing fails.
pub fn write_document(out: &mut dyn Write, document: &Value, syntax: Syntax) -> io::Result<()> {
    if syntax == Syntax::Yaml {
        out.write_all(crate::yaml::emit::document(document).as_bytes())?;
        return out.flush();
    }
    let mut serializer = Serializer::with_formatter(&mut *out, TerminalSafe(PrettyFormatter::new()));
    serde_serialize(document, &mut serializer)?;
    writeln!(out)?;
    out.flush()
}

/// Writes a value on one line, with the line's end. What [`write_document`] escapes is escaped here as well.
///
/// # Errors
/// When writing fails.
pub fn write_line(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    let mut serializer = Serializer::with_formatter(&mut *out, TerminalSafe(CompactFormatter));
    serde_serialize(value, &mut serializer)?;
    writeln!(out)
}

fn serde_serialize<W: Write, F: Formatter>(
    value: &impl Serialize,
    serializer: &mut Serializer<W, F>,
) -> io::Result<()> {
    value.serialize(serializer).map_err(io::Error::from)
}

/// Printing with unsafe characters as `\uXXXX`.
struct TerminalSafe<F>(F);

impl<F: Formatter> Formatter for TerminalSafe<F> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| is_unsafe(*c)) {
            writer.write_all(&rest.as_bytes()[..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &rest[at + c.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }
    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }
    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }
    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }
    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }
    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }
    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }
    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }
    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}
