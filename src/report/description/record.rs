// SPDX-License-Identifier: Apache-2.0
//! The record about one signature as it stands on an object, and what does not fit together in it.

use serde_json::Value;

use crate::reason::Refusal;
use crate::record::{has_facts, latest, Condition};
use crate::reference::Reference;
use crate::text::safe;

/// One signature and the record about it.
#[derive(Debug, Clone)]
pub struct SignatureDescription {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) damage: Option<Refusal>,
    pub(super) trusted: Option<Condition>,
    pub(super) for_image: Option<Condition>,
    pub(super) identity: String,
    pub(super) fingerprint: String,
    pub(super) owner: String,
    pub(super) contradictions: Vec<String>,
}

impl SignatureDescription {
    /// Reads what is recorded about an entry of `signatures`; `damage` is what is wrong with the entry itself.
    #[must_use]
    pub fn of(stored: &Value, damage: Option<Refusal>) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut description = Self {
            name: text(&stored["metadata"]["name"]),
            kind: text(&stored["type"]),
            damage,
            trusted: latest(stored, "Trusted"),
            for_image: latest(stored, "ForImage"),
            identity: text(&stored["imageIdentity"]),
            fingerprint: text(&stored["issuedTo"]["publicKeyID"]),
            owner: text(&stored["issuedBy"]["commonName"]),
            contradictions: Vec::new(),
        };
        description.contradictions = contradictions(stored, &description);
        description
    }

    /// What does not fit together in the record; safe to print.
    #[must_use]
    pub fn contradictions(&self) -> &[String] {
        &self.contradictions
    }

    pub(super) fn is_trusted(&self) -> bool {
        self.trusted.as_ref().is_some_and(|c| c.status == "True")
    }

    /// The record in one sentence.
    pub(super) fn record(&self) -> String {
        let Some(trusted) = &self.trusted else {
            return "nothing".into();
        };
        let mut parts = match trusted.status.as_str() {
            "True" => {
                let identity = if self.identity.is_empty() {
                    "an unnamed identity"
                } else {
                    &self.identity
                };
                let mut parts = vec![format!("trusted as {}", safe(identity))];
                match (self.fingerprint.as_str(), self.owner.as_str()) {
                    ("", "") => {}
                    ("", owner) => parts.push(format!("key {}", safe(owner))),
                    (fingerprint, "") => parts.push(format!("key {}", safe(fingerprint))),
                    (fingerprint, owner) => parts.push(format!("key {} ({})", safe(fingerprint), safe(owner))),
                }
                parts
            }
            "False" => vec![format!("not trusted ({})", safe(&trusted.reason))],
            status => vec![format!("{} ({})", safe(status), safe(&trusted.reason))],
        };
        parts.extend(recorder(&trusted.message).map(|user| format!("by {}", safe(user))));
        parts.extend(minute(&trusted.last_probe));
        format!("{} (not checked now)", parts.join(", "))
    }
}

/// Who recorded, out of the message that this program or `oc adm verify-image-signature` has written.
pub(super) fn recorder(message: &str) -> Option<&str> {
    let rest = message
        .strip_prefix("verified by ")
        .or(message.strip_prefix("rejected by "))?;
    match rest.strip_prefix("user \"") {
        Some(rest) => rest.split('"').next(),
        None => rest.split_once(": ").map(|(user, _)| user),
    }
}

/// A recorded time to the minute.
pub(super) fn minute(time: &str) -> Option<String> {
    let time = crate::text::time(crate::text::seconds(time)?);
    // Beyond the calendar it is a bare number.
    let (day, clock) = time.split_once('T')?;
    Some(format!("{day} {} UTC", clock.get(..5)?))
}

/// What does not fit together in a record.
fn contradictions(stored: &Value, description: &SignatureDescription) -> Vec<String> {
    let mut found = Vec::new();
    let trusted = description.is_trusted();
    let issued = stored.get("issuedBy").is_some_and(|value| !value.is_null());
    if issued && !trusted {
        found.push("issuedBy is set though Trusted is not True: oc describe calls this verified".to_owned());
    }
    if trusted && !issued {
        found.push("Trusted is True though issuedBy is not set: oc describe calls this unverified".to_owned());
    }
    if trusted && description.for_image.as_ref().is_none_or(|c| c.status != "True") {
        found.push("Trusted is True though ForImage is not".to_owned());
    }
    if !trusted && !issued && has_facts(stored) {
        found.push(match description.trusted {
            None => "a signer or identity is recorded without a verdict".to_owned(),
            Some(_) => "a signer or identity is recorded though Trusted is not True".to_owned(),
        });
    }
    found.extend(other_claims(stored, description));
    for kind in ["Trusted", "ForImage"] {
        let count = stored["conditions"]
            .as_array()
            .map_or(0, |all| all.iter().filter(|c| c["type"] == kind).count());
        if count > 1 {
            found.push(format!(
                "there are {count} conditions of type {kind}; the latest is shown"
            ));
        }
    }
    found
}

/// Claims that are recorded for another reference than the identity, or for another image than the signature's name.
fn other_claims(stored: &Value, description: &SignatureDescription) -> Vec<String> {
    let claim = |path: &str| stored["signedClaims"][path].as_str();
    let mut found = Vec::new();
    if let Some(reference) = claim("critical.identity.docker-reference") {
        let canonical = Reference::parse(reference).map_or_else(|_| reference.to_owned(), |r| r.to_string());
        if !description.identity.is_empty() && canonical != description.identity {
            found.push(format!(
                "imageIdentity is {}, and the recorded claim is for {}",
                safe(&description.identity),
                safe(reference)
            ));
        }
    }
    let image = description.name.split_once('@').map_or("", |(image, _)| image);
    if let Some(digest) = claim("critical.image.docker-manifest-digest") {
        if description.is_trusted() && image.starts_with("sha256:") && digest != image {
            found.push(format!(
                "Trusted is True though the recorded claim is for image {}",
                safe(digest)
            ));
        }
    }
    found
}
