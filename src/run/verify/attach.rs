// SPDX-License-Identifier: Apache-2.0
//! Adding signatures that were found elsewhere to the Image of a cluster.

use base64::Engine as _;
use serde_json::Value;

use super::judged::Judged;
use super::run::Run;
use crate::digest::Digest;
use crate::image::SIGNATURE_TYPES;
use crate::reason::Verdict;
use crate::report::changes::Change;
use crate::report::console::Messages;
use crate::report::{Attached, Attachment};
use crate::run::cluster::registry::Posted;
use crate::run::cluster::Session;
use crate::source::objects::Loaded;
use crate::subject::{Content, SignatureBlob};
use crate::text::safe;
use crate::verdict::{IdentitySource, ImageOutcome};

/// Most signatures of an image beside which the import controller adds others (docs/openshift-api.md 8.5).
const MAX_IMPORTED: usize = 10;

/// A signature that was sent to the server.
#[derive(Debug)]
struct Sent {
    name: String,
    content: String,
    posted: Posted,
    /// Of what was sent nothing is known yet.
    open: Option<Change>,
}

/// The signatures of an image that were sent to the server.
#[derive(Debug, Default)]
pub(super) struct Sendings {
    sent: Vec<Sent>,
}

/// The GPG signatures that passed all checks, of an image that is verified, and that are not on the object. The outcome
/// has one for each of `blobs`, of which the first `on_object` are on the object.
pub(super) fn attachable(outcome: &ImageOutcome, blobs: &[SignatureBlob], on_object: usize) -> Vec<Vec<u8>> {
    let is_whole = outcome.signatures().len() == blobs.len();
    if outcome.verdict() != Verdict::Verified || !is_whole {
        return Vec::new();
    }
    let pairs = blobs.iter().zip(outcome.signatures()).skip(on_object);
    let verified = pairs.filter(|(_, signature)| signature.verdict() == Verdict::Verified);
    let mut found: Vec<Vec<u8>> = Vec::new();
    for (blob, _) in verified {
        match &blob.content {
            Content::Gpg(Ok(bytes)) if !found.contains(bytes) => found.push(bytes.clone()),
            _ => {}
        }
    }
    found
}

impl Run<'_, '_> {
    /// Says that there is something to attach.
    pub(super) fn tell_attachable(&mut self, judged: &Judged) {
        let image = &judged.report.image;
        let (signatures, verify, are) = match judged.attachable.len() {
            1 => ("1 signature".to_owned(), "verifies", "is"),
            count => (format!("{count} signatures"), "verify", "are"),
        };
        // What only a stream names is not recorded, and so nothing is added for it.
        let how = match self.identity_source {
            IdentitySource::Stream => "--expected-identity REF with --confirm --attach",
            _ => "--confirm --attach",
        };
        let mut line = Vec::new();
        Messages::to(&mut line).note(format_args!(
            "{signatures} found elsewhere {verify} image {} and {are} not on its Image object; {how} adds what was found and records it",
            safe(image)
        ));
        self.aside.put(&mut self.stderr, &line);
    }

    /// Sends signatures to the server, each by itself.
    pub(super) fn attach(&mut self, session: &mut Session, loaded: &Loaded, blobs: &[Vec<u8>]) -> Sendings {
        let image = loaded.image.name.clone();
        let total = loaded.image.signatures.len() + blobs.len();
        if total > MAX_IMPORTED {
            self.stderr.warning(format_args!("image {} then has {total} signatures; if an image has more than {MAX_IMPORTED}, the import controller of the cluster adds none",
                safe(&image)));
        }
        let mut attached = Sendings::default();
        for blob in blobs {
            let digest = Digest::of_bytes(blob);
            let name = format!("{image}@{}", digest.hex());
            let content = base64::engine::general_purpose::STANDARD.encode(blob);
            let change = Change::adding(&name);
            let posted = session.post(&name, &content);
            let open = match posted {
                Posted::Added => {
                    change.stored();
                    None
                }
                Posted::Open(_) => Some(change),
                Posted::AlreadyThere | Posted::Failed(_) => None,
            };
            attached.sent.push(Sent {
                name,
                content,
                posted,
                open,
            });
        }
        attached
    }

    /// Compares what was sent with the object as it is now, and says what became of each.
    pub(super) fn check_attached(&mut self, attached: Sendings, loaded: Option<&Loaded>) -> Vec<Attached> {
        let checked = attached.sent.into_iter().map(|sent| {
            let fate = sent.fate(loaded);
            if let (Some(change), Attachment::Added | Attachment::AlreadyThere) = (sent.open, &fate) {
                change.stored();
            }
            Attached { name: sent.name, fate }
        });
        let checked: Vec<Attached> = checked.collect();
        for Attached { name, fate } in &checked {
            let shown = safe(name);
            match fate {
                Attachment::Added => self.tell(&format!("{shown}: added to the Image")),
                Attachment::AlreadyThere => self.tell(&format!("{shown}: already there")),
                Attachment::Failed(why) => self.stderr.error(format_args!("{shown}: {why}")),
            }
        }
        checked
    }
}

impl Sent {
    /// What became of it, by the object as it is now, if that could be read.
    fn fate(&self, loaded: Option<&Loaded>) -> Attachment {
        let stored = loaded.and_then(|loaded| loaded.object["signatures"].as_array());
        let of_content = stored.into_iter().flatten();
        let mut of_content = of_content
            .filter(|signature| signature["content"] == *self.content)
            .peekable();
        let has_content = of_content.peek().is_some();
        // Of another type it is one that nobody checks.
        let is_type = |value: &Value| value.as_str().is_some_and(|own| SIGNATURE_TYPES.contains(&own));
        let is_there = of_content.any(|signature| is_type(&signature["type"]));
        match (&self.posted, is_there) {
            (Posted::Added, true) => Attachment::Added,
            (Posted::AlreadyThere | Posted::Failed(_) | Posted::Open(_), true) => Attachment::AlreadyThere,
            (_, false) if has_content => {
                Attachment::Failed("not added: the Image has this signature with another type".to_owned())
            }
            (Posted::Added, false) if loaded.is_none() => {
                Attachment::Failed("added to the Image, which could not be read afterwards".to_owned())
            }
            (Posted::Added, false) => Attachment::Failed("added to the Image, and is no longer there".to_owned()),
            (Posted::AlreadyThere, false) if loaded.is_none() => Attachment::Failed(
                "the Image has a signature of this name, and could not be read afterwards to compare it".to_owned(),
            ),
            (Posted::AlreadyThere, false) => {
                Attachment::Failed("not added: the Image has a signature of this name with other content".to_owned())
            }
            (Posted::Open(why), false) if loaded.is_none() => Attachment::Failed(format!(
                "it is unknown whether it was added: {why}; the Image could not be read afterwards"
            )),
            (Posted::Failed(why) | Posted::Open(why), false) => Attachment::Failed(format!("not added: {why}")),
        }
    }
}
