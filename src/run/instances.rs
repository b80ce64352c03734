// SPDX-License-Identifier: Apache-2.0
//! Which instances the Image object of a manifest list has.

use std::collections::HashSet;

use serde_json::Value;

use crate::digest::Digest;
use crate::json;
use crate::manifest::{media_type, DOCKER_LIST, OCI_INDEX, OCI_MANIFEST, SCHEMA1, SCHEMA1_SIGNED, SCHEMA2};
use crate::subject::instances::{entries, is_list};
use crate::text::{quoted, safe};

const MANIFEST: &str = "dockerImageManifest";
const MEDIA_TYPE: &str = "dockerImageManifestMediaType";
const INSTANCES: &str = "dockerImageManifests";

/// What an Image object says of its instances.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Instances {
    /// Those that it names, each once; there may be more where there is `trouble`.
    pub(super) named: Vec<Digest>,
    /// Why not all are known, in a sentence that is safe to print.
    pub(super) trouble: Option<String>,
    /// Its bytes say so, which hash to its name: whatever others say of it is wrong.
    is_proven: bool,
    /// It says neither what kind of manifest it is nor what it has.
    is_silent: bool,
}

impl Instances {
    /// Whether it is a manifest list, or may be one.
    pub(super) fn may_be_list(&self) -> bool {
        !self.named.is_empty() || self.trouble.is_some()
    }
}

/// The instances that an Image object names, by the bytes of its manifest where these hash to its name, else in a member of
/// its own. An object that is a list by its media type, its instances or its bytes, or is of a kind that is not known, and
/// does not have all of them in one place, has some that nobody knows.
pub(super) fn of_object(object: &Value) -> Instances {
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let (said, what) = match (text(object, MANIFEST), text(object, MEDIA_TYPE)) {
        // What is no text may say of itself that it is a list.
        (Err(what), _) | (_, Err(what)) => (of_member(object), Some(what)),
        (Ok(""), Ok(declared)) => of_member_alone(object, declared),
        (Ok(bytes), _) if is_of(bytes, name) => of_bytes(bytes),
        // Bytes that somebody has altered may have been those of a list.
        (Ok(bytes), Ok(declared)) => {
            let own = of_member(object);
            let is_image = own.named.is_empty() && own.trouble.is_none() && !is_list(bytes.as_bytes());
            let is_known = is_image && kind_of(declared) == Kind::Image;
            let altered = || format!("{MANIFEST} does not hash to its name");
            (own, (!is_known).then(altered))
        }
    };
    let Instances { named, trouble, .. } = said;
    let trouble = what.or(trouble);
    let other = named.iter().find(|digest| digest.hash().is_none());
    let trouble = trouble.or_else(|| Some(format!("{} is not a sha256 digest", other?)));
    let mut seen = HashSet::new();
    let named = named.into_iter().filter(|digest| digest.hash().is_some());
    Instances {
        named: named.filter(|digest| seen.insert(digest.clone())).collect(),
        trouble: trouble.map(|what| unknown(name, &what)),
        ..said
    }
}

/// That several objects of one name are one image, which is not known where they differ. What its bytes say decides, and
/// an object that says nothing contradicts none.
pub(super) fn united(name: &str, all: Vec<Instances>) -> Instances {
    if let Some(proven) = all.iter().find(|own| own.is_proven) {
        return proven.clone();
    }
    let mut speaking = all.into_iter().filter(|own| !own.is_silent);
    let Some(mut first) = speaking.next() else {
        return Instances::default();
    };
    let set = |own: &Instances| own.named.iter().cloned().collect::<HashSet<Digest>>();
    for other in speaking {
        let differ = set(&first) != set(&other);
        let different = || unknown(name, "it occurs with different instances");
        first.trouble = first.trouble.or(other.trouble).or_else(|| differ.then(different));
        for more in other.named {
            if !first.named.contains(&more) {
                first.named.push(more);
            }
        }
    }
    first
}

/// What is said of a list of which not all instances are known.
fn unknown(name: &str, what: &str) -> String {
    format!("the manifest list {}: {what}; its instances are unknown", safe(name))
}

/// Whether bytes are those of the image of this name.
fn is_of(bytes: &str, name: &str) -> bool {
    Digest::of_manifest(bytes.as_bytes()).is_ok_and(|digest| digest.as_str() == name)
}

/// What bytes say that hash to the name; and what is wrong with them.
fn of_bytes(bytes: &str) -> (Instances, Option<String>) {
    let mut said = Instances {
        is_proven: true,
        ..Instances::default()
    };
    let bytes = bytes.as_bytes();
    if is_list(bytes) {
        return match entries(bytes) {
            Ok(entries) => {
                // An attestation is signed with the list, and by nobody as an image.
                let images = entries.into_iter().filter(|own| !own.is_attestation);
                said.named = images.map(|own| own.digest).collect();
                (said, None)
            }
            Err(what) => (said, Some(what)),
        };
    }
    let Ok(manifest) = json::parse(bytes) else {
        return (said, Some(format!("{MANIFEST} is malformed")));
    };
    let own = manifest["mediaType"].as_str().unwrap_or_default();
    let what = match media_type(bytes) {
        "" => Some(format!("{MANIFEST} has an unknown kind")),
        _ => (kind_of(own) == Kind::Unknown).then(|| format!("the mediaType in {MANIFEST} is {}", quoted(own))),
    };
    (said, what)
}

/// What an object without bytes says.
fn of_member_alone(object: &Value, declared: &str) -> (Instances, Option<String>) {
    let mut said = of_member(object);
    if !said.named.is_empty() || said.trouble.is_some() {
        return (said, None);
    }
    let what = match kind_of(declared) {
        Kind::List => Some("it does not say which it has".to_owned()),
        Kind::Unknown => Some(format!("{MEDIA_TYPE} is {}", quoted(declared))),
        Kind::Image | Kind::None => None,
    };
    said.is_silent = kind_of(declared) == Kind::None;
    (said, what)
}

/// What the member says that names instances.
fn of_member(object: &Value) -> Instances {
    let (named, trouble) = named(&object[INSTANCES]);
    Instances {
        named,
        trouble,
        ..Instances::default()
    }
}

/// The instances that a member names; and what is wrong with it.
fn named(member: &Value) -> (Vec<Digest>, Option<String>) {
    let entries = match member {
        Value::Null => &[],
        Value::Array(entries) => entries.as_slice(),
        _ => return (Vec::new(), Some(format!("{INSTANCES}: expected an array"))),
    };
    let mut found = Vec::with_capacity(entries.len());
    let mut trouble = None;
    for (place, entry) in entries.iter().enumerate() {
        let digest = entry["digest"].as_str().and_then(|text| Digest::parse(text).ok());
        match digest {
            Some(digest) => found.push(digest),
            None if trouble.is_none() => {
                trouble = Some(format!("{INSTANCES}[{place}].digest: expected a digest"));
            }
            None => {}
        }
    }
    (found, trouble)
}

/// The text of a member; empty where there is none.
///
/// # Errors
/// When it is something else, in words.
fn text<'o>(object: &'o Value, member: &str) -> Result<&'o str, String> {
    match &object[member] {
        Value::Null => Ok(""),
        Value::String(text) => Ok(text),
        _ => Err(format!("{member}: expected a string")),
    }
}

/// What a media type says of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    List,
    Image,
    /// No media type is said, as in objects of old clusters.
    None,
    /// It may be a list of a kind that this version does not know.
    Unknown,
}

/// The kind that a media type names, with whatever parameters.
fn kind_of(declared: &str) -> Kind {
    let own = declared.split(';').next().unwrap_or_default().trim();
    let is_among = |types: &[&str]| types.iter().any(|one| own.eq_ignore_ascii_case(one));
    if own.is_empty() {
        Kind::None
    } else if is_among(&[DOCKER_LIST, OCI_INDEX]) {
        Kind::List
    } else if is_among(&[SCHEMA1, SCHEMA1_SIGNED, SCHEMA2, OCI_MANIFEST]) {
        Kind::Image
    } else {
        Kind::Unknown
    }
}
