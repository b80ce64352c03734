// SPDX-License-Identifier: Apache-2.0
//! Images of a cluster in the registries that they come from: signatures that are not on the Image object.

mod payload;
mod prepare;

pub(super) use self::prepare::prepare;
use crate::cluster::registries::{self, Own};
use crate::digest::Digest;
use crate::image::{self, ImageSignature};
use crate::limits::MAX_SIGNATURES;
use crate::reason::{Reason, Refusal};
use crate::reference::Reference;
use crate::registry::configuration::Configuration;
use crate::registry::registries_conf::{Location, Origin, RegistriesConf};
use crate::settings::cluster_registry::ClusterRegistry;
use crate::source::objects::Loaded;
use crate::source::registry::signatures::places;
use crate::source::registry::{Registries, Taken};
use crate::subject::{Answer, Content, ManifestState, SignatureBlob, SourceAnswer, SourceKind};
use crate::text::place::quoted;
use crate::text::url::without_secrets;

/// Which mirrors a cluster is configured for, or why that is not known.
pub(super) type Mirrors = Result<RegistriesConf, Refusal>;

/// The registries of a run about images of a cluster.
#[derive(Debug)]
pub(super) struct Registry<'c> {
    wanted: &'c ClusterRegistry,
    /// How registries are reached without the cluster.
    conf: &'c RegistriesConf,
    registries: Registries<'c>,
    own: Result<Own, Refusal>,
    mirrors: Option<Mirrors>,
}

/// An image that is looked up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sought<'o> {
    /// Where it is from, as its object or what uses it says.
    pub(super) reference: &'o str,
    /// It was pushed to the cluster's own registry.
    pub(super) is_managed: bool,
    /// The signatures of its object, if there is one.
    pub(super) signatures: &'o [ImageSignature],
    /// Signatures of it are known that are neither on an object nor in a registry.
    pub(super) is_signed: bool,
}

impl<'o> Sought<'o> {
    /// An image that the cluster has an object of.
    pub(super) fn object(loaded: &'o Loaded) -> Self {
        Self {
            reference: loaded.object["dockerImageReference"].as_str().unwrap_or_default(),
            is_managed: loaded.object["metadata"]["annotations"]["openshift.io/image.managed"] == "true",
            signatures: &loaded.image.signatures,
            is_signed: false,
        }
    }
}

/// What is found of an image outside of its object.
#[derive(Debug, Clone, Default)]
pub(super) struct Elsewhere {
    pub(super) signatures: Vec<SignatureBlob>,
    pub(super) sources: Vec<SourceAnswer>,
    /// The manifest, whose bytes hash to the image's name, and where it was taken from.
    pub(super) taken: Option<Taken>,
    /// The signatures of its object.
    of_object: Vec<SignatureBlob>,
    /// Other locations of the image that have signatures, which do not count; nothing where they were not asked.
    pub(super) not_counted: Option<Vec<SourceAnswer>>,
}

impl Elsewhere {
    /// Signatures that were found in other places than registries.
    pub(super) fn kept(signatures: Vec<SignatureBlob>, source: SourceAnswer) -> Self {
        Self {
            signatures,
            sources: vec![source],
            ..Self::default()
        }
    }

    /// The places that were asked, the object itself first: it has `own` signatures.
    pub(super) fn sources(&self, source: &str, own: usize) -> Vec<SourceAnswer> {
        let object = SourceAnswer {
            kind: SourceKind::Object,
            location: source.to_owned(),
            answer: match own {
                0 => Answer::Absent,
                _ => Answer::Found,
            },
            signatures: own,
            note: None,
        };
        std::iter::once(object).chain(self.sources.iter().cloned()).collect()
    }

    /// Adds what was found to the signatures of the object: what is there already counts once.
    pub(super) fn add_to(&self, blobs: &mut Vec<SignatureBlob>) {
        for blob in &self.signatures {
            let is_there = blobs.iter().any(|own| match (&own.content, &blob.content) {
                (Content::Gpg(Ok(own)), Content::Gpg(Ok(found))) => own == found,
                _ => false,
            });
            if is_there {
                continue;
            }
            let mut blob = blob.clone();
            if blobs.len() >= MAX_SIGNATURES {
                let refusal = image::too_many(blobs.len());
                blob.content = blob.content.refused(refusal);
            }
            blobs.push(blob);
        }
    }

    /// What is known of the manifest: by the bytes that were served, where the object has none.
    pub(super) fn manifest_state(&self, own: ManifestState, digest: &Digest) -> ManifestState {
        match (own, &self.taken) {
            (ManifestState::NotAtHand, Some(taken)) => ManifestState::of_bytes(&taken.bytes, digest),
            (own, _) => own,
        }
    }

    /// Joins what was found in another way.
    pub(super) fn and(mut self, other: Elsewhere) -> Self {
        other.add_to(&mut self.signatures);
        self.sources.extend(other.sources);
        self.taken = self.taken.or(other.taken);
        self
    }

    /// Whether no place was asked.
    pub(super) fn is_nothing(&self) -> bool {
        self.sources.is_empty()
    }

    /// Whether registries were asked for every kind of signature; ConfigMaps have those of one kind only.
    pub(super) fn looked_in_registries(&self) -> bool {
        self.sources.iter().any(|source| source.kind != SourceKind::ConfigMap)
            && !self.sources.iter().any(SourceAnswer::is_attachment_left_out)
    }

    /// The places beside the object, to be added to a sentence that says that there is no signature.
    pub(super) fn places(&self) -> String {
        format!(" and in {}", places(&self.sources))
    }
}

impl<'c> Registry<'c> {
    pub(super) fn new(
        wanted: &'c ClusterRegistry,
        configuration: &'c Configuration,
        mut registries: Registries<'c>,
        own: Result<Own, Refusal>,
    ) -> Self {
        if let ClusterRegistry::Host {
            host,
            is_plain_http: true,
            ..
        } = wanted
        {
            registries.ask_plainly(host);
        }
        Self {
            wanted,
            conf: &configuration.mirrors,
            registries,
            own,
            mirrors: None,
        }
    }

    /// What the user should know.
    pub(super) fn take_warnings(&mut self) -> Vec<String> {
        self.registries.take_warnings()
    }

    /// Looks an image up. Trouble is what a place answered, and no reason to leave the object's own signatures unjudged.
    /// `mirrors` asks the cluster which mirrors it is configured for, where that is to be known and is not yet.
    pub(super) fn look(
        &mut self,
        mirrors: &mut dyn FnMut() -> Mirrors,
        sought: Sought<'_>,
        digest: &Digest,
    ) -> Elsewhere {
        let text = sought.reference;
        let found = self.places(mirrors, sought, digest);
        let place = match (&found, self.wanted) {
            (Ok((asked, _)), _) => asked.to_string(),
            (Err(_), ClusterRegistry::Host { host, .. }) => host.clone(),
            (Err(_), ClusterRegistry::Auto) => without_secrets(text),
        };
        let taken = found.and_then(|(asked, locations)| self.registries.take(&asked, &locations));
        match taken {
            Ok(mut taken) => {
                if sought.is_managed {
                    // The names of the cluster's own registry are those of one place.
                    taken.others.clear();
                }
                let mut gathered = self.registries.signatures(&taken, digest);
                let mut not_counted = None;
                if gathered.signatures.is_empty() && sought.signatures.is_empty() && !sought.is_signed {
                    self.registries.referrers(&taken, digest, &mut gathered);
                    not_counted = Some(self.registries.elsewhere(&taken, digest, &[]));
                }
                let of_object = sought.signatures.iter().map(|own| SignatureBlob {
                    name: own.name.clone(),
                    content: Content::Gpg(own.content.clone()),
                });
                Elsewhere {
                    signatures: gathered.signatures,
                    sources: gathered.sources,
                    taken: Some(taken),
                    of_object: of_object.collect(),
                    not_counted,
                }
            }
            Err(refusal) => Elsewhere {
                sources: vec![SourceAnswer {
                    kind: SourceKind::Registry,
                    location: place,
                    answer: answer(refusal),
                    signatures: 0,
                    note: None,
                }],
                ..Elsewhere::default()
            },
        }
    }

    /// The other locations of an image that have signatures, where those that count were not enough.
    pub(super) fn look_further(&mut self, elsewhere: &Elsewhere) -> Vec<SourceAnswer> {
        match &elsewhere.taken {
            Some(taken) if elsewhere.not_counted.is_none() => {
                let counted = [elsewhere.of_object.as_slice(), elsewhere.signatures.as_slice()];
                self.registries.elsewhere(taken, &taken.digest, &counted)
            }
            _ => Vec::new(),
        }
    }

    /// The name that an image is asked for by, and the places where that is done.
    fn places(
        &mut self,
        mirrors: &mut dyn FnMut() -> Mirrors,
        sought: Sought<'_>,
        digest: &Digest,
    ) -> Result<(Reference, Vec<Location>), Refusal> {
        let text = sought.reference;
        let unknown = || {
            Refusal::new(
                Reason::SourceUnavailable,
                format!(
                    "the Image does not say where it is: dockerImageReference {} is not a reference",
                    quoted(text)
                ),
            )
        };
        let origin = Reference::parse(text).map_err(|_| unknown())?;
        let at = |host: &str| Reference::parse(&format!("{host}/{}@{digest}", origin.path())).map_err(|_| unknown());
        match self.wanted {
            ClusterRegistry::Host { host, .. } => {
                let place = at(host)?;
                let location = self.location(&place)?;
                Ok((place, vec![location]))
            }
            ClusterRegistry::Auto if sought.is_managed => {
                let own = self.own.as_ref().map_err(Clone::clone)?;
                let places = own.hosts().map(|host| at(host)).collect::<Result<Vec<_>, _>>()?;
                let locations = places
                    .iter()
                    .map(|place| self.location(place))
                    .collect::<Result<_, _>>()?;
                let asked = places.into_iter().next().ok_or_else(registries::names_none)?;
                Ok((asked, locations))
            }
            ClusterRegistry::Auto => {
                let asked = Reference::parse(&format!("{}@{digest}", origin.name())).map_err(|_| unknown())?;
                let mirrors = self.mirrors.get_or_insert_with(mirrors);
                let mirrors = mirrors.as_ref().map_err(|refusal| refusal.clone())?;
                let locations = mirrors.locations(&asked);
                let locations =
                    locations.map_err(|error| Refusal::new(Reason::SourceUnavailable, error.to_string()))?;
                Ok((asked, locations))
            }
        }
    }

    /// A place as it is named; registries.conf says whether and how it may be contacted. Where what it says cannot be
    /// used, the place may be blocked and is left alone.
    fn location(&self, place: &Reference) -> Result<Location, Refusal> {
        let known = self.conf.locations(place);
        let known = known.map_err(|error| Refusal::new(Reason::SourceUnavailable, error.to_string()))?;
        let own = known.last();
        Ok(Location {
            reference: place.clone(),
            is_mirror: false,
            insecure: own.is_some_and(|own| own.insecure),
            blocked: own.is_some_and(|own| own.blocked),
            origin: Origin::Machine,
        })
    }
}

/// Why a manifest could not be had, as the answer of the place: nobody knows what is beside it.
fn answer(refusal: Refusal) -> Answer {
    match refusal.reason {
        Reason::Forbidden => Answer::Forbidden(refusal.message),
        Reason::SourceUnavailable => Answer::Unreachable(refusal.message),
        _ => Answer::Unusable(refusal.message),
    }
}
