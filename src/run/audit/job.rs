// SPDX-License-Identifier: Apache-2.0
//! An image on its way to being judged, and what was found.

use std::path::PathBuf;

use super::expected::{self, Expected};
use super::naming::Lists;
use super::recording::Told;
use crate::audit::entry::{Entry, IdentitySource, Use};
use crate::edit::SignatureEdit;
use crate::reason::{Reason, Refusal};
use crate::reference::Reference;
use crate::run::elsewhere::Elsewhere;
use crate::settings::audit::Audit;
use crate::settings::image_name::ImageName;
use crate::settings::requests::Request;
use crate::source::objects::{Loaded, Position};
use crate::text::{safe, shell_word};

/// An image to be judged.
#[derive(Debug)]
pub(super) struct Job {
    /// What the entry calls it.
    pub(super) image: String,
    /// The source as the entry names it.
    pub(super) source: String,
    /// What there is of it.
    pub(super) what: What,
    /// What it is expected to be signed as.
    pub(super) expected: Expected,
    /// The objects that use it, as far as they are kept.
    pub(super) uses: Vec<Use>,
    /// How many uses are not among these.
    pub(super) more_uses: u64,
    /// References that it is known by, where they are looked up at mirrors.
    pub(super) names: Vec<Reference>,
    /// Signatures of it that are neither on its object nor in a registry.
    pub(super) aside: Elsewhere,
    /// Lists whose digests are expected of it.
    pub(super) lists: Lists,
    /// It is looked up in a registry too.
    pub(super) is_looked_up: bool,
}

/// What there is of an image.
#[derive(Debug)]
pub(super) enum What {
    /// An Image object, from a file or the cluster.
    Object(Box<Object>),
    /// The reference that stands for it in a registry.
    Registry(Reference),
    /// A directory that it is in.
    Directory(PathBuf),
    /// No object, for this reason; a registry may have it at one of these places.
    Absent(Refusal, Vec<Reference>),
    /// No object, for this reason; what was found of it in other places.
    Found(Refusal, Box<Elsewhere>),
    /// Nothing, for this reason.
    Nothing(Refusal),
}

/// The object of an image.
#[derive(Debug)]
pub(super) struct Object {
    /// What was read of it.
    pub(super) loaded: Loaded,
    /// Where it can be written back to.
    pub(super) standing: Standing,
}

/// Where an object stands.
#[derive(Debug)]
pub(super) enum Standing {
    /// In a file that can be rewritten.
    File {
        /// The file and the place in it.
        position: Position,
        /// Where else it stands, with the same content.
        copies: Vec<Position>,
        /// Why nothing can be recorded on it, whatever the verdict.
        refusal: Option<String>,
    },
    /// In a cluster; with why it can be read only, if it can.
    Cluster(Option<Refusal>),
}

impl Job {
    /// The same image once more.
    pub(super) fn again(image: &str, source: &str, expected: Expected, (aside, lists): (Elsewhere, Lists)) -> Self {
        Self {
            image: image.to_owned(),
            source: source.to_owned(),
            what: What::Nothing(Refusal::new(Reason::NotFound, "")),
            expected,
            uses: Vec::new(),
            more_uses: 0,
            names: Vec::new(),
            aside,
            lists,
            is_looked_up: true,
        }
    }

    /// What is said of it where nothing is expected. Where its object says that it comes from, the user may look up what to
    /// expect; it is not an expectation itself.
    pub(super) fn refusal(&self) -> Refusal {
        if let (What::Directory(path), None) = (&self.what, &self.expected.trouble) {
            let name = shell_word(&safe(&format!("dir:{}", path.display())));
            return Refusal::new(
                Reason::NoExpectedIdentity,
                format!("nothing says what it is expected to be signed as: a directory does not say whose image is in it; write {name}=REF, or name it in --images-from"),
            );
        }
        let mut refusal = self.expected.refusal();
        let reference = match &self.what {
            What::Object(object) => object.loaded.object["dockerImageReference"].as_str(),
            _ => None,
        };
        let reference = reference.filter(|text| !text.is_empty() && self.expected.trouble.is_none());
        if let Some(text) = reference {
            let repository = Reference::parse(text).map_or(text.to_owned(), |own| own.name().to_owned());
            refusal.message.push_str("; its object names the repository ");
            refusal.message.push_str(&safe(&repository));
        }
        refusal
    }

    /// Whether it is still to be fetched from somewhere.
    pub(super) fn is_slow(&self) -> bool {
        self.is_looked_up || matches!(self.what, What::Registry(_))
    }

    /// About how many bytes it takes until it is reported.
    pub(super) fn size(&self) -> usize {
        const SMALL: usize = 4 << 10;
        let What::Object(object) = &self.what else {
            return SMALL;
        };
        let image = &object.loaded.image;
        let blobs = image.signatures.iter().map(|signature| match &signature.content {
            // As it is stored, and decoded.
            Ok(blob) => 3 * blob.len() + 1024,
            Err(_) => 1024,
        });
        SMALL + 2 * image.manifest.as_ref().map_or(0, String::len) + blobs.sum::<usize>()
    }
}

/// An image that was judged.
#[derive(Debug)]
pub(super) struct Done {
    /// What is reported of it.
    pub(super) entry: Entry,
    /// What to tell on standard error, in whole lines.
    pub(super) told: Vec<u8>,
    /// What is to be recorded.
    pub(super) record: Option<Record>,
    /// Why not everything about it was found out, safe to print.
    pub(super) lack: Option<String>,
    /// A name of it that no line of the map is for.
    pub(super) unmapped: Option<Reference>,
}

/// What is to be recorded on an object.
#[derive(Debug)]
pub(super) struct Record {
    /// Where the record is written.
    pub(super) on: On,
    /// All changes, those that take trust back too.
    pub(super) edits: Vec<SignatureEdit>,
    /// Those of them that take no Trusted back.
    pub(super) harmless: Vec<SignatureEdit>,
    /// What these do, in words that are safe to print.
    pub(super) gains: Vec<Told>,
    /// What the others do, in words that are safe to print.
    pub(super) downgrades: Vec<Told>,
}

/// An object to record on.
#[derive(Debug)]
pub(super) enum On {
    /// One in a file, and where else it stands.
    File(Position, Vec<Position>),
    /// One in a cluster.
    Image(Box<OnImage>),
}

/// An Image of a cluster, as it was judged.
#[derive(Debug)]
pub(super) struct OnImage {
    /// As it was read.
    pub(super) loaded: Loaded,
    /// Why it can be read only, if it can.
    pub(super) read_only: Option<Refusal>,
    /// What it is expected to be signed as.
    pub(super) expected: Expected,
    /// Signatures of it that are neither on its object nor in a registry.
    pub(super) aside: Elsewhere,
    /// Lists whose digests are expected of it.
    pub(super) lists: Lists,
}

/// The job for a directory or an image in a registry that is named.
pub(super) fn place(settings: &Audit, request: &Request) -> Job {
    let asked = request.image.to_string();
    let expected = expected::through(
        settings.map.as_ref().map(|map| &map.map),
        &request.identities,
        if request.names_itself {
            IdentitySource::Reference
        } else {
            IdentitySource::User
        },
    );
    let what = match &request.image {
        ImageName::Directory(path) => What::Directory(path.clone()),
        ImageName::Registry(reference) => What::Registry(reference.clone()),
        ImageName::Object(_) => What::Nothing(expected::not_a_place(&asked)),
    };
    let names = match &what {
        What::Registry(reference) => vec![reference.clone()],
        _ => Vec::new(),
    };
    Job {
        image: asked.clone(),
        source: asked,
        what,
        expected,
        uses: Vec::new(),
        more_uses: 0,
        names,
        aside: Elsewhere::default(),
        lists: Lists::default(),
        is_looked_up: false,
    }
}
