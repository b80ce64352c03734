// SPDX-License-Identifier: Apache-2.0
//! The signatures of a manifest in all places that its location has for them. Each is asked for itself: trouble with one
//! spoils no other and hides none.

use super::{unread, Registries, Taken, MAX_LOCATIONS};
use crate::digest::Digest;
use crate::image::too_many;
use crate::limits::{MAX_BLOB_BYTES, MAX_SIGNATURES};
use crate::reason::{Reason, Refusal};
use crate::reference::Reference;
use crate::registry::lookaside::Store;
use crate::registry::registries_conf::Location;
use crate::registry::trouble::{Fault, Trouble};
use crate::source::stored;
use crate::subject::{Answer, Content, SignatureBlob, SourceAnswer, SourceKind};
use crate::text::{cut, safe, MAX_FOREIGN};

/// Most signatures beyond the limit that are named.
pub const MAX_NAMED: usize = 1000;

/// The signatures of a manifest, and what each place answered.
#[derive(Debug, Clone, Default)]
pub struct Gathered {
    /// The signatures; one that several places have is listed once.
    pub signatures: Vec<SignatureBlob>,
    /// The place of each signature, as its index among the places; the first where several have it.
    pub origins: Vec<usize>,
    /// The places that were asked, and what each answered.
    pub sources: Vec<SourceAnswer>,
}

impl Gathered {
    /// Adds what a place answered.
    pub(super) fn add(
        &mut self,
        kind: SourceKind,
        location: String,
        found: Vec<SignatureBlob>,
        trouble: Option<&Trouble>,
    ) {
        let mut found = found;
        found.dedup_by(|blob, before| is_same(&before.content, &blob.content));
        let signatures = found.len();
        for blob in found {
            if !self.signatures.iter().any(|own| is_same(&own.content, &blob.content)) {
                self.signatures.push(blob);
                self.origins.push(self.sources.len());
            }
        }
        let answer = match trouble {
            Some(trouble) => answer(trouble),
            None if signatures > 0 => Answer::Found,
            None => Answer::Absent,
        };
        self.sources.push(SourceAnswer {
            kind,
            location,
            answer,
            signatures,
            note: None,
        });
    }

    /// Counts no signature that is one of these.
    fn leave_out_those(&mut self, counted: &[&[SignatureBlob]]) {
        for (blob, origin) in self.signatures.iter().zip(&self.origins) {
            if counted
                .iter()
                .copied()
                .flatten()
                .any(|own| is_same(&own.content, &blob.content))
            {
                let source = &mut self.sources[*origin];
                source.signatures = source.signatures.saturating_sub(1);
            }
        }
    }

    /// Names a place that is not asked.
    pub(super) fn leave_out(&mut self, kind: SourceKind, location: String, why: String) {
        self.sources.push(SourceAnswer {
            kind,
            location,
            answer: Answer::NotAsked,
            signatures: 0,
            note: Some(why),
        });
    }

    /// Says something of the place that was added last.
    pub(super) fn note(&mut self, note: String) {
        if let Some(source) = self.sources.last_mut() {
            source.note = Some(note);
        }
    }

    /// Of more signatures than are judged, the others are named only.
    fn limit(&mut self) {
        self.name_beyond_limit(MAX_NAMED);
        for (index, blob) in self.signatures.iter_mut().enumerate().skip(MAX_SIGNATURES) {
            blob.content = blob.content.refused(too_many(index));
        }
    }

    /// Leaves so many of the signatures that are beyond the limit, and are not judged; gives the number of those left.
    pub fn name_beyond_limit(&mut self, most: usize) -> usize {
        let left = self.signatures.len().saturating_sub(MAX_SIGNATURES).min(most);
        self.signatures.truncate(MAX_SIGNATURES + left);
        self.origins.truncate(MAX_SIGNATURES + left);
        left
    }

    /// The places that were asked, in words, and those that were not.
    #[must_use]
    pub fn places(&self) -> String {
        places(&self.sources)
    }
}

/// Places in words: those that were asked, and those that were not.
#[must_use]
pub fn places(sources: &[SourceAnswer]) -> String {
    let named = |is_asked: bool| {
        let own = sources
            .iter()
            .filter(|source| (source.answer != Answer::NotAsked) == is_asked);
        let own = own.map(|source| {
            let why = source.note.as_deref().filter(|_| !is_asked);
            let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
            format!("{} {}{why}", source.kind.word(), safe(&source.location))
        });
        own.collect::<Vec<_>>().join(", ")
    };
    match named(false) {
        left_out if left_out.is_empty() => named(true),
        left_out => format!("{}; not asked: {left_out}", named(true)),
    }
}

/// Whether two are the same signature.
fn is_same(one: &Content, other: &Content) -> bool {
    match (one, other) {
        (Content::Gpg(Ok(one)), Content::Gpg(Ok(other))) => one == other,
        (Content::Sigstore(Ok(one)), Content::Sigstore(Ok(other))) => one == other,
        _ => false,
    }
}

/// What trouble means as an answer.
fn answer(trouble: &Trouble) -> Answer {
    let message = trouble.to_string();
    match trouble.decisive() {
        Trouble::Absent { .. } => Answer::Absent,
        Trouble::Forbidden { .. } => Answer::Forbidden(message),
        Trouble::Page { .. } => Answer::Page(message),
        Trouble::Status { .. } | Trouble::Unreachable { .. } | Trouble::OutOfTime { .. } | Trouble::Blocked { .. } => {
            Answer::Unreachable(message)
        }
        Trouble::TooLarge { .. } | Trouble::NoManifest { .. } | Trouble::Wrong { .. } | Trouble::BothWays(_) => {
            Answer::Unusable(message)
        }
    }
}

impl Registries<'_> {
    /// The signatures of a manifest at the location that it was taken from. A location before it that gave no answer is named
    /// as a place that was asked: had it given one, its signatures would be those that count.
    pub fn signatures(&mut self, taken: &Taken, digest: &Digest) -> Gathered {
        let mut gathered = Gathered::default();
        for (location, trouble) in &taken.passed_over {
            let place = location.reference.name().to_owned();
            match trouble {
                // What is not there has no signatures there, and what is blocked is left alone until somebody changes that.
                Trouble::Absent { .. } | Trouble::Blocked { .. } => {}
                trouble => gathered.add(SourceKind::Registry, place, Vec::new(), Some(trouble)),
            }
        }
        self.gather(&taken.asked, &taken.location, digest, &mut gathered);
        gathered
    }

    /// The places at other locations of an image that have signatures of it beside these, which were found where they count.
    /// Those do not: a node does not look there.
    pub fn elsewhere(&mut self, taken: &Taken, digest: &Digest, counted: &[&[SignatureBlob]]) -> Vec<SourceAnswer> {
        let mut found = Vec::new();
        for location in taken.others.iter().filter(|location| !location.blocked) {
            let mut gathered = self.signatures_at(&taken.asked, location, digest);
            gathered.leave_out_those(counted);
            found.extend(gathered.sources.into_iter().filter(|source| source.signatures > 0));
        }
        for source in &mut found {
            source.note = Some(format!(
                "not counted, because the manifest was taken from {}",
                safe(taken.location.reference.name())
            ));
        }
        found
    }

    /// The signatures of a manifest at the other locations of an image, and what each place there answered. Of each as many are
    /// judged as of an image.
    pub fn further(&mut self, taken: &Taken, digest: &Digest) -> (Vec<SignatureBlob>, Vec<SourceAnswer>) {
        let (mut signatures, mut sources) = (Vec::new(), Vec::new());
        let others = taken.others.iter().filter(|location| !location.blocked);
        for location in others.take(MAX_LOCATIONS) {
            let gathered = self.signatures_at(&taken.asked, location, digest);
            signatures.extend(gathered.signatures);
            sources.extend(gathered.sources);
        }
        (signatures, sources)
    }

    /// The signatures of a manifest at a location.
    pub fn signatures_at(&mut self, asked: &Reference, location: &Location, digest: &Digest) -> Gathered {
        let mut gathered = Gathered::default();
        self.gather(asked, location, digest, &mut gathered);
        gathered
    }

    fn gather(&mut self, asked: &Reference, location: &Location, digest: &Digest, gathered: &mut Gathered) {
        self.extension(asked, location, digest, gathered);
        let is_offered = self.session(location).is_ok_and(|session| session.offers_signatures);
        self.lookaside(location, digest, gathered);
        if is_offered && gathered.sources.last().is_some_and(|source| source.signatures > 0) {
            gathered.note(
                "podman and CRI-O do not look there: the registry offers its extension for signatures".to_owned(),
            );
        }
        self.attachments(asked, location, digest, gathered);
        unread::put_last(&mut gathered.signatures, &mut gathered.origins);
        gathered.limit();
    }

    /// The signature extension, where the registry offers it.
    pub(super) fn extension(
        &mut self,
        asked: &Reference,
        location: &Location,
        digest: &Digest,
        gathered: &mut Gathered,
    ) {
        let opened = self.repository(asked, location);
        let opened = opened.and_then(|repository| Ok((repository, self.session(location)?)));
        let (repository, session) = match opened {
            Ok((repository, session)) if session.offers_signatures => (repository, session),
            Ok(_) => return,
            // Nobody knows whether it is offered.
            Err(trouble) => {
                let place = location.reference.domain().to_owned();
                return gathered.add(SourceKind::Extension, place, Vec::new(), Some(&trouble));
            }
        };
        let url = session.extension_url(&repository, digest);
        let (found, trouble) = match session.extension(&repository, digest) {
            Ok(entries) => (entries, None),
            Err(trouble) => (Vec::new(), Some(trouble)),
        };
        let found = found.into_iter().map(|entry| SignatureBlob {
            name: cut(entry.name, MAX_FOREIGN),
            // What is no content at all was lost on the way here or there, and is no signature that somebody made.
            content: Content::Gpg(match entry.content {
                Ok(blob) if blob.is_empty() => Err(lost(&url, "its content is empty")),
                Ok(blob) if blob.len() > MAX_BLOB_BYTES => Err(too_large()),
                Ok(blob) => Ok(blob),
                Err(Fault::Broken(what)) => Err(lost(&url, &what)),
                Err(Fault::Unknown(what)) => Err(Refusal::new(Reason::UnsupportedSignature, what)),
            }),
        });
        let found = found.collect();
        gathered.add(SourceKind::Extension, url, found, trouble.as_ref());
    }

    /// Asks the lookaside store that is configured for a location.
    pub(super) fn lookaside(&mut self, location: &Location, digest: &Digest, gathered: &mut Gathered) {
        let reference = &location.reference;
        let configuration = self.configuration;
        let configured = configuration.stores.lookaside(reference);
        let base = configured.map_or(self.configuration.default_store.as_str(), |(base, _)| base);
        let store = match Store::new(base, reference, digest) {
            Ok(store) => store,
            Err(what) => {
                let file = configured
                    .map(|(_, place)| place.file.display().to_string())
                    .unwrap_or_default();
                let member = configuration.stores.lookaside_member(reference);
                let what = member.map_or(what.clone(), |member| format!("{member}: {what}"));
                let trouble = Trouble::Wrong { url: safe(&file), what };
                return gathered.add(SourceKind::Lookaside, file, Vec::new(), Some(&trouble));
            }
        };
        if let Some(warning) = store.plain_login() {
            self.warn(warning);
        }
        let (numbered, mut trouble) = self.stores.read(&store);
        if numbered.is_empty() {
            self.warn_of_unknown_members(reference);
        }
        trouble = trouble.or_else(|| unread::away(&store, configured?.1));
        // A store of which nothing but trouble came has no signatures as far as anybody knows.
        if numbered.iter().all(|numbered| is_lost(&numbered.content)) {
            let first = numbered.first().and_then(|numbered| numbered.content.as_ref().err());
            trouble = trouble.or_else(|| first.cloned());
        }
        let missing = (1..).zip(&numbered).find(|(number, own)| own.number != *number);
        let missing = missing.filter(|_| trouble.is_none()).map(|(number, _)| number);
        let found = numbered.into_iter().map(|numbered| SignatureBlob {
            name: format!("signature-{}", numbered.number),
            content: match numbered.content {
                Ok(blob) => stored::content(&blob),
                Err(Trouble::TooLarge { .. }) => Content::Gpg(Err(too_large())),
                Err(trouble) => Content::Gpg(Err(trouble.refusal())),
            },
        });
        gathered.add(
            SourceKind::Lookaside,
            store.location(),
            found.collect(),
            trouble.as_ref(),
        );
        if let Some(number) = missing {
            gathered.note(format!(
                "podman and CRI-O read none of them after signature-{number}, which is missing"
            ));
        }
        let own = gathered.sources.last_mut().filter(|own| own.answer == Answer::Absent);
        if let (Some(own), None) = (own, configured) {
            own.note = Some(configuration.stores.no_lookaside(reference));
        }
    }
}

/// Whether something came for a number of a store that is not judged. What is too large is there, and is judged for it.
fn is_lost(content: &Result<Vec<u8>, Trouble>) -> bool {
    matches!(content, Err(trouble) if !matches!(trouble, Trouble::TooLarge { .. }))
}

/// An entry of a list of signatures that has none.
fn lost(url: &str, what: &str) -> Refusal {
    Refusal::new(
        Reason::SourceUnavailable,
        format!("{url}: an entry has no signature: {what}"),
    )
}

fn too_large() -> Refusal {
    Refusal::new(
        Reason::LimitExceeded,
        format!("the signature has more than {MAX_BLOB_BYTES} bytes"),
    )
}
