// SPDX-License-Identifier: Apache-2.0
//! Reading single objects where the first pass has found them.

use serde_json::Value;

use super::outline::Outline;
use super::{Object, ObjectFiles, ObjectKind, Position};
use crate::image::{self, Image, Loaded};
use crate::json::select::{parse_part, Keep};
use crate::limits::MAX_OBJECT_BYTES;
use crate::reason::{Reason, Refusal};
use crate::text::{io_message, safe};

/// What is read of an Image. The rest is checked, and takes no memory however much it is.
const IMAGE: Keep = Keep::Members(&MEMBERS);

const MEMBERS: image::Members = image::members(Keep::Elements(&SIGNATURE));

const SIGNATURE: Keep = Keep::Members(&[
    ("metadata", Keep::All),
    ("type", Keep::All),
    ("content", Keep::All),
    ("conditions", Keep::All),
    ("imageIdentity", Keep::All),
    ("signedClaims", Keep::All),
    ("created", Keep::All),
    ("issuedBy", Keep::All),
    ("issuedTo", Keep::All),
]);

/// What is read of a view.
const VIEW: Keep = Keep::Members(&[("metadata", Keep::All), ("image", IMAGE)]);

/// What a view of a tag says about the tag.
const TAG: Keep = Keep::Members(&[
    (
        "metadata",
        Keep::Members(&[("name", Keep::All), ("namespace", Keep::All)]),
    ),
    ("tag", Keep::Members(&[("from", Keep::All)])),
    (
        "image",
        Keep::Members(&[("metadata", Keep::Members(&[("name", Keep::All)]))]),
    ),
]);

impl ObjectFiles {
    /// What uses images: a stream or a pod, a view of a tag with what it says about that, or an ImageTag.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn user(&self, position: Position) -> Result<Value, String> {
        let outline = self.outline(position);
        let (file, entry) = (&self.files[position.0], self.entry(position));
        let (keep, kind) = match entry.kind() {
            ObjectKind::Stream => (Keep::All, "ImageStream"),
            ObjectKind::Pod => (Keep::All, "Pod"),
            ObjectKind::Unread => (Keep::All, "ImageTag"),
            _ => (TAG, "ImageStreamTag"),
        };
        let trouble = |what: &str| format!("{}: {kind} {}: {what}", self.place_of(position), safe(&outline.name));
        if u64::from(entry.length) > MAX_OBJECT_BYTES {
            return Err(trouble(&format!("it has more than {MAX_OBJECT_BYTES} bytes")));
        }
        let text = self
            .store
            .read(&file.json, entry.start, entry.length as usize)
            .map_err(|error| trouble(&safe(&io_message(&error))))?;
        parse_part(&text, keep).map_err(|error| trouble(&safe(&error.to_string())))
    }

    /// What an object says that it is; empty where it does not.
    #[must_use]
    pub fn kind_name(&self, position: Position) -> String {
        self.outline(position).kind_name().to_owned()
    }

    /// The tag that an object is an ImageTag of, as `NAMESPACE/STREAM:TAG`; nothing where it is something else, or may be.
    #[must_use]
    pub fn image_tag(&self, position: Position) -> Option<String> {
        let outline = self.outline(position);
        let is_one = outline.kind_name() == "ImageTag" && !outline.is_ambiguous;
        is_one.then(|| format!("{}/{}", outline.namespace, outline.name))
    }

    /// Reads the object at a position; what is wrong with it is part of the answer.
    #[must_use]
    pub fn load(&self, position: Position) -> Object {
        if let Some(object) = self.load_whole(position) {
            return object;
        }
        let outline = self.outline(position);
        let image_name = match self.entry(position).kind() {
            ObjectKind::Tag | ObjectKind::StreamImage => outline.embedded.clone(),
            _ => outline.name.clone(),
        };
        Object {
            loaded: self.read(position, &outline, &image_name),
            copies: self.copies(position, &outline),
            image_name,
        }
    }

    /// Reads an Image of which nothing is wrong; nothing where something is, which is told from its outline.
    fn load_whole(&self, position: Position) -> Option<Object> {
        let (file, entry) = (&self.files[position.0], self.entry(position));
        if entry.kind() != ObjectKind::Image || u64::from(entry.length) > MAX_OBJECT_BYTES {
            return None;
        }
        let text = self.store.read(&file.json, entry.start, entry.length as usize).ok()?;
        let object = parse_part(&text, IMAGE).ok()?;
        let image = Image::from_json(&object).ok()?;
        let outline = Outline::named(image.name.clone());
        Some(Object {
            image_name: image.name.clone(),
            copies: self.copies(position, &outline),
            loaded: Ok(Loaded { image, object }),
        })
    }

    fn read(&self, position: Position, outline: &Outline, image_name: &str) -> Result<Loaded, Refusal> {
        let (file, entry) = (&self.files[position.0], self.entry(position));
        let name = match outline.name.as_str() {
            "" => "without a name".to_owned(),
            name => safe(name),
        };
        let place = &file.place;
        let trouble =
            |what: &str| Refusal::new(Reason::SourceUnavailable, format!("{place}: the object {name}: {what}"));
        let keep = match entry.kind() {
            ObjectKind::Image => IMAGE,
            ObjectKind::Tag | ObjectKind::StreamImage => VIEW,
            ObjectKind::Stream | ObjectKind::Pod | ObjectKind::Unread | ObjectKind::Other => {
                return Err(trouble(&format!(
                    "{}; an Image, ImageStreamTag or ImageStreamImage is needed",
                    outline.description()
                )));
            }
        };
        if u64::from(entry.length) > MAX_OBJECT_BYTES {
            return Err(trouble(&format!(
                "it has {} bytes, more than {MAX_OBJECT_BYTES}",
                entry.length
            )));
        }
        let text = self
            .store
            .read(&file.json, entry.start, entry.length as usize)
            .map_err(|error| trouble(&safe(&io_message(&error))))?;
        let mut object = parse_part(&text, keep).map_err(|error| {
            let counted = match &file.documents {
                None => format!(" (counted from byte {} of the file)", entry.start),
                Some(_) => String::new(),
            };
            trouble(&format!("it is damaged: {}{counted}", safe(&error.to_string())))
        })?;
        drop(text);
        if self.is_view(position) {
            object = object.get_mut("image").map(Value::take).unwrap_or_default();
            if !object.is_object() {
                return Err(trouble("it has no image in it"));
            }
        }
        let image = Image::from_json(&object).map_err(|error| trouble(&format!("it is damaged: {error}")))?;
        if image.name != image_name {
            return Err(trouble("it changed while it was read"));
        }
        if self.is_view(position) && image::is_stub(&object) {
            return Err(trouble("lists of tags omit signatures; get the object by name"));
        }
        Ok(Loaded { image, object })
    }
}
