// SPDX-License-Identifier: Apache-2.0
//! A signature taken apart, to be shown: nothing of it is checked.

use crate::openpgp::framing::message::Message;
use crate::payload::{Payload, PayloadFormat};
use crate::report::inspection::{Inspected, Inspection};
use crate::subject::Content;

/// What a signature claims; `file` is where it was found.
pub(super) fn shown(file: String, stored: Content) -> Inspection {
    let kind = stored.kind();
    let content = match stored {
        Content::Gpg(blob) => blob.and_then(|blob| Message::parse(&blob)).map(|message| {
            let payload = Payload::parse(&message.payload, PayloadFormat::SimpleSigning);
            Inspected::Gpg(message, payload)
        }),
        Content::Sigstore(stored) => stored.map(|attachment| {
            let payload = Payload::parse(&attachment.payload, PayloadFormat::Sigstore);
            Inspected::Sigstore(attachment, payload)
        }),
        Content::Other(refusal) => Err(refusal),
    };
    Inspection {
        file,
        image: None,
        kind: Some(kind),
        content: content.unwrap_or_else(Inspected::Refused),
    }
}
