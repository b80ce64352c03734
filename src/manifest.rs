// SPDX-License-Identifier: Apache-2.0
//! What kind of manifest some bytes are.
//!
//! Manifests are read leniently where it only serves to name them, the way registries and the reference
//! implementation do: member names in any case, the last of repeated members. Nothing but the media type and the
//! split of a JWS is ever taken out of them.

mod jws;
mod lenient;

pub use self::jws::{jws_payload, JwsPayload, SignedManifestError};
pub use self::lenient::fold;
use self::lenient::{lenient, optional_string};
use crate::json::{JsonError, Kind, Reader};

/// Docker image manifest, version 2 schema 2.
pub const SCHEMA2: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker manifest list: an image for several platforms.
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// Docker image manifest, version 2 schema 1, without signatures.
pub(crate) const SCHEMA1: &str = "application/vnd.docker.distribution.manifest.v1+json";
/// The same wrapped in a JWS.
pub(crate) const SCHEMA1_SIGNED: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";
/// OCI image manifest, version 1.
pub(crate) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// OCI image index: an image for several platforms.
pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const SCHEMA2_CONFIG: &str = "application/vnd.docker.container.image.v1+json";

/// Names the media type of a manifest; an empty text when it cannot be told.
#[must_use]
pub fn media_type(bytes: &[u8]) -> &'static str {
    read_outline(bytes).map_or("", |outline| outline.media_type())
}

/// Whether some bytes say of themselves that they are a manifest, of whatever kind: by a version, and by a media type of
/// manifests or a member that only they have. An object without these is what a server says in place of one.
#[must_use]
pub(crate) fn is_manifest(bytes: &[u8]) -> bool {
    has_marks(bytes).unwrap_or(false)
}

fn has_marks(bytes: &[u8]) -> Result<bool, JsonError> {
    const TYPES: [&str; 6] = [SCHEMA2, DOCKER_LIST, SCHEMA1, SCHEMA1_SIGNED, OCI_MANIFEST, OCI_INDEX];
    let mut reader = lenient(bytes);
    reader.object()?;
    let (mut has_version, mut has_mark) = (false, false);
    while let Some(name) = reader.key()? {
        let kind = reader.kind()?;
        match fold(&name).as_str() {
            "mediatype" if kind == Kind::String => {
                has_mark |= TYPES.contains(&reader.string()?.as_str());
                continue;
            }
            "schemaversion" => has_version |= kind == Kind::Number,
            "layers" | "manifests" | "fslayers" => has_mark |= kind == Kind::Array,
            "config" => has_mark |= kind == Kind::Object,
            _ => {}
        }
        reader.skip()?;
    }
    reader.end()?;
    Ok(has_version && has_mark)
}

/// The members that tell kinds of manifests apart.
#[derive(Debug, Default)]
struct Outline {
    media_type: String,
    schema_version: i64,
    has_signatures: bool,
    config_type: String,
    has_manifests: bool,
    /// A member that matters only where the media type is missing has the wrong type.
    config_unreadable: bool,
    manifests_unreadable: bool,
}

impl Outline {
    fn media_type(&self) -> &'static str {
        for known in [SCHEMA2, DOCKER_LIST, OCI_MANIFEST, OCI_INDEX] {
            if self.media_type == known {
                return known;
            }
        }
        // Schema 1 is told by its version alone: its media types are not taken at their word.
        match self.schema_version {
            1 if self.has_signatures => SCHEMA1_SIGNED,
            1 => SCHEMA1,
            2 if self.config_unreadable => "",
            2 if self.config_type == OCI_CONFIG => OCI_MANIFEST,
            2 if self.config_type == SCHEMA2_CONFIG => SCHEMA2,
            2 if self.manifests_unreadable => "",
            2 if self.has_manifests && self.config_type.is_empty() => OCI_INDEX,
            // A list with a configuration of an unknown kind is nothing that exists.
            2 if self.has_manifests => "",
            2 => OCI_MANIFEST,
            _ => "",
        }
    }
}

/// Reads a whole document for its outline. A wrong type of a decisive member is an error, as is any bad syntax.
fn read_outline(bytes: &[u8]) -> Result<Outline, JsonError> {
    let mut reader = lenient(bytes);
    let mut outline = Outline::default();
    if reader.kind()? == Kind::Null {
        reader.null()?;
        reader.end()?;
        return Ok(outline);
    }
    reader.object()?;
    while let Some(name) = reader.key()? {
        match fold(&name).as_str() {
            "mediatype" => {
                if let Some(text) = optional_string(&mut reader)? {
                    outline.media_type = text;
                }
            }
            "schemaversion" => {
                if reader.kind()? == Kind::Null {
                    reader.null()?;
                } else {
                    let text = reader.number()?;
                    outline.schema_version = text
                        .parse()
                        .map_err(|_| reader.syntax("schemaVersion is not an integer"))?;
                }
            }
            "signatures" => {
                outline.has_signatures = reader.kind()? != Kind::Null;
                reader.skip()?;
            }
            "config" => {
                outline.config_unreadable |= !read_config(&mut reader, &mut outline.config_type)?;
            }
            "manifests" => match reader.kind()? {
                Kind::Array => {
                    reader.array()?;
                    outline.has_manifests = false;
                    while reader.element()? {
                        outline.has_manifests = true;
                        outline.manifests_unreadable |= !matches!(reader.kind()?, Kind::Object | Kind::Null);
                        reader.skip()?;
                    }
                }
                kind => {
                    outline.has_manifests = false;
                    outline.manifests_unreadable |= kind != Kind::Null;
                    reader.skip()?;
                }
            },
            _ => reader.skip()?,
        }
    }
    reader.end()?;
    Ok(outline)
}

/// Takes the media type out of a `config` member; `false` when the member has a type that cannot be read.
fn read_config(reader: &mut Reader<&[u8]>, media_type: &mut String) -> Result<bool, JsonError> {
    let kind = reader.kind()?;
    if kind != Kind::Object {
        reader.skip()?;
        return Ok(kind == Kind::Null);
    }
    let mut readable = true;
    reader.object()?;
    while let Some(name) = reader.key()? {
        match (fold(&name).as_str(), reader.kind()?) {
            ("mediatype", Kind::String) => *media_type = reader.string()?,
            ("mediatype", kind) => {
                readable &= kind == Kind::Null;
                reader.skip()?;
            }
            _ => reader.skip()?,
        }
    }
    Ok(readable)
}
