// SPDX-License-Identifier: Apache-2.0
//! Which components a release payload has: the ImageStream in its last layer, which names each by its digest.

use std::collections::HashSet;

use serde_json::Value;

use super::archive::image_references;
use crate::digest::Algorithm;
use crate::json;
use crate::reference::Reference;
use crate::text::{quoted, safe};

/// Most components of a payload, those of all its instances together. One has about 200.
const MAX_COMPONENTS: usize = 10_000;

/// Most components that are named one by one because of what is wrong with them.
const MAX_FAULTS: usize = 20;

/// A component of a payload.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Component {
    /// What the payload calls it.
    pub name: String,
    /// The reference that the payload names it by: a repository and a digest.
    pub image: Reference,
}

/// The components of a payload.
#[derive(Debug, Default)]
pub struct Components {
    named: HashSet<Component>,
    /// What is wrong with others, in words that are safe to print, and how many more there are.
    faults: Vec<String>,
    more_faults: usize,
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
    ///
    /// # Errors
    /// When they are too many together: then none of the other ones is added.
    pub fn extend(&mut self, other: Self) -> Result<(), String> {
        let new = other.named.difference(&self.named).count();
        bounded(self.named.len() + new)?;
        self.named.extend(other.named);
        self.more_faults += other.more_faults;
        for fault in other.faults {
            self.fault(fault);
        }
        Ok(())
    }

    /// Those that are named by a digest, each once, in the order of their names.
    #[must_use]
    pub fn into_named(self) -> Vec<Component> {
        let mut named: Vec<Component> = self.named.into_iter().collect();
        named.sort_by_cached_key(|own| (own.name.clone(), own.image.to_string()));
        named
    }

    /// What is wrong with those that are not named by a digest, in words that are safe to print.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let more = (self.more_faults > 0).then(|| format!("{} more components like these", self.more_faults));
        self.faults.iter().cloned().chain(more).collect()
    }

    fn fault(&mut self, fault: String) {
        if self.faults.len() >= MAX_FAULTS {
            self.more_faults += 1;
        } else if !self.faults.contains(&fault) {
            self.faults.push(fault);
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
        for (n, tag) in tags.iter().enumerate() {
            match component(tag) {
                Ok(component) => {
                    components.named.insert(component);
                }
                Err(why) => {
                    let name = quoted(tag["name"].as_str().unwrap_or_default());
                    components.fault(format!("spec.tags[{n}]: the component {name} {why}"));
                }
            }
        }
        bounded(components.named.len())?;
        Ok(components)
    }
}

fn bounded(count: usize) -> Result<(), String> {
    match count {
        0..=MAX_COMPONENTS => Ok(()),
        _ => Err(format!("it has more than {MAX_COMPONENTS} components")),
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

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn stream(repository: &str, count: usize) -> Components {
        let tag = |n: usize| {
            let image = format!("quay.io/{repository}@sha256:{n:064x}");
            serde_json::json!({"name": format!("c{n}"), "from": {"kind": "DockerImage", "name": image}})
        };
        let tags: Vec<Value> = (0..count).map(tag).collect();
        let stream =
            serde_json::json!({"kind": "ImageStream", "apiVersion": "image.openshift.io/v1", "spec": {"tags": tags}});
        Components::of_stream(stream.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn what_many_instances_have_counts_once_and_takes_little_time() {
        let began = Instant::now();
        let mut all = Components::default();
        for _ in 0..40 {
            all.extend(stream("art", 5000)).unwrap();
        }
        all.extend(stream("other", 5000)).unwrap();
        assert!(all.extend(stream("third", 1)).is_err());
        // What is too much takes back nothing of what was there.
        assert_eq!(all.into_named().len(), MAX_COMPONENTS);
        assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    }

    #[test]
    fn few_of_many_faults_are_named() {
        let mut all = Components::default();
        for n in 0..50 {
            all.fault(format!("fault {}", n % 40));
        }
        let faults = all.faults();
        assert_eq!(
            (faults.len(), faults[20].as_str()),
            (21, "30 more components like these")
        );
    }
}
