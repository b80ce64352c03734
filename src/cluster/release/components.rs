// SPDX-License-Identifier: Apache-2.0
//! Which components a release payload has: the ImageStream in its last layer, which names each by its digest.

use serde_json::Value;

use super::archive::image_references;
use crate::digest::Algorithm;
use crate::json;
use crate::reference::Reference;
use crate::text::{quoted, safe};

/// Most components that are named one by one because of what is wrong with them.
const MAX_FAULTS: usize = 20;

/// A component of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// What the payload calls it.
    pub name: String,
    /// The reference that the payload names it by: a repository and a digest.
    pub image: Reference,
}

/// The components of a payload.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Components {
    /// Those that are named by a digest.
    pub named: Vec<Component>,
    /// What is wrong with others, in words that are safe to print.
    pub faults: Vec<String>,
}

impl Components {
    /// Those that the layer with the manifests of a payload says.
    ///
    /// # Errors
    /// When it cannot be read as such a layer; in words that are safe to print.
    pub fn of_layer(layer: &[u8]) -> Result<Self, String> {
        Self::of_stream(&image_references(layer)?).map_err(|why| format!("release-manifests/image-references: {why}"))
    }

    /// Adds those of another instance of the same payload; what both have is there once.
    pub fn extend(&mut self, other: Self) {
        for own in other.named {
            if !self.named.contains(&own) {
                self.named.push(own);
            }
        }
        for fault in other.faults {
            if !self.faults.contains(&fault) {
                self.faults.push(fault);
            }
        }
    }

    fn of_stream(text: &[u8]) -> Result<Self, String> {
        let stream = json::parse(text).map_err(|error| safe(&error.to_string()))?;
        if stream["kind"] != "ImageStream" || stream["apiVersion"] != "image.openshift.io/v1" {
            return Err("it is not an ImageStream of image.openshift.io/v1".into());
        }
        let tags = stream["spec"]["tags"].as_array().filter(|tags| !tags.is_empty());
        let tags = tags.ok_or("it has no spec.tags")?;
        let mut components = Self::default();
        let mut more = 0;
        for (n, tag) in tags.iter().enumerate() {
            match component(tag) {
                Ok(component) => components.named.push(component),
                Err(why) if components.faults.len() < MAX_FAULTS => components.faults.push(format!(
                    "spec.tags[{n}]: the component {} {why}",
                    quoted(tag["name"].as_str().unwrap_or_default())
                )),
                Err(_) => more += 1,
            }
        }
        if more > 0 {
            components.faults.push(format!("{more} more components like these"));
        }
        Ok(components)
    }
}

fn component(tag: &Value) -> Result<Component, String> {
    let from = &tag["from"];
    let text = from["name"].as_str().unwrap_or_default();
    let name = tag["name"].as_str().unwrap_or_default();
    if name.is_empty() {
        return Err("has no name".into());
    }
    if from["kind"] != "DockerImage" {
        let kind = quoted(from["kind"].as_str().unwrap_or_default());
        return Err(format!(
            "is from an object of the kind {kind}, which is not DockerImage"
        ));
    }
    let image = Reference::parse(text).map_err(|_| format!("is {}, which is not a reference", quoted(text)))?;
    let digest = image.digest().filter(|digest| digest.algorithm() == Algorithm::Sha256);
    // With a tag beside it, the digest is what decides.
    let image = digest.and_then(|digest| Reference::parse(&format!("{}@{digest}", image.name())).ok());
    let image = image.ok_or_else(|| format!("is {}, which has no SHA-256 digest", quoted(text)))?;
    Ok(Component {
        name: name.to_owned(),
        image,
    })
}
