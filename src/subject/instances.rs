// SPDX-License-Identifier: Apache-2.0
//! Lists of manifests (OCI indexes, Docker manifest lists): which instances they have, for which platforms.

use serde_json::Value;

use crate::digest::Digest;
use crate::json;
use crate::manifest::{fold, media_type, DOCKER_LIST, OCI_INDEX};
use crate::text::{quoted, safe};

/// Most entries of a list that are looked at.
pub const MAX_ENTRIES: usize = 1000;

/// Marks an attestation among the entries of a list, together with the platform `unknown/unknown`.
const REFERENCE_TYPE: &str = "vnd.docker.reference.type";

/// A platform as `--platform` names one: the system, the architecture, and its variant where that matters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Platform {
    os: String,
    architecture: String,
    variant: String,
}

impl Platform {
    /// Reads `OS/ARCHITECTURE[/VARIANT]`; nothing where a word of it is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_word =
            |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        let mut words = text.split('/');
        let (os, architecture, variant) = (words.next()?, words.next()?, words.next());
        let fits = words.next().is_none() && is_word(os) && is_word(architecture) && variant.is_none_or(is_word);
        fits.then(|| Self {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            variant: variant.unwrap_or_default().to_owned(),
        })
    }

    /// Variants that stand for a wanted platform, the best first (the reference implementation's order). Which of several
    /// that come together a node takes, depends on the node.
    fn candidates(&self) -> Vec<&[&str]> {
        match (self.architecture.as_str(), self.variant.as_str()) {
            ("arm", "") => vec![&[""], &["v8"], &["v7"], &["v6"], &["v5"]],
            ("arm64", "" | "v8") => vec![&["", "v8"]],
            _ => Vec::new(),
        }
    }

    fn is(&self, other: &Platform, variants: &[&str]) -> bool {
        self.os == other.os && self.architecture == other.architecture && variants.contains(&other.variant.as_str())
    }
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts = [&self.os, &self.architecture, &self.variant];
        let parts: Vec<String> = parts
            .into_iter()
            .filter(|part| !part.is_empty())
            .map(|part| safe(part))
            .collect();
        f.write_str(&parts.join("/"))
    }
}

/// Members of a list by which readers tell what it is, those of its entries, and those of their platforms.
const MEMBERS: [&[&str]; 3] = [
    &["schemaVersion", "mediaType", "manifests"],
    &["mediaType", "digest", "size", "platform", "annotations"],
    &["os", "architecture", "variant", "os.version", "os.features"],
];

/// Members that make a list an image to other readers.
const OF_IMAGES: [&str; 4] = ["config", "layers", "fsLayers", "history"];

/// An entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The digest of the instance's manifest.
    pub digest: Digest,
    /// The platform that it says it is for, if it says one.
    pub platform: Option<Platform>,
    /// It says something about another entry: it is no image.
    pub is_attestation: bool,
}

impl Entry {
    /// The platform for messages.
    #[must_use]
    pub fn platform(&self) -> String {
        match &self.platform {
            Some(platform) => platform.to_string(),
            None => "no platform".to_owned(),
        }
    }
}

/// Whether a manifest is a list.
#[must_use]
pub fn is_list(bytes: &[u8]) -> bool {
    matches!(media_type(bytes), DOCKER_LIST | OCI_INDEX)
}

/// The entries of a list, in order; those that are there twice once.
///
/// A list need not be signed where its instances are, so nothing but this vouches that nodes find the same instances in
/// it: what is another list, or an image, to another reader is refused.
///
/// # Errors
/// When it is malformed, could be read otherwise, or has too many entries.
pub fn entries(bytes: &[u8]) -> Result<Vec<Entry>, String> {
    let document = json::parse(bytes).map_err(|error| safe(&error.to_string()))?;
    let of_images = |name: &&String| OF_IMAGES.iter().any(|own| fold(own) == fold(name));
    if let Some(name) = document.as_object().and_then(|members| members.keys().find(of_images)) {
        return Err(format!(
            "it has {} as well as manifests: it could be read as two kinds of manifest",
            quoted(name)
        ));
    }
    exactly_spelled(&document, MEMBERS[0])?;
    let list = match document.get("manifests") {
        Some(Value::Array(list)) => list.as_slice(),
        None | Some(Value::Null) => &[],
        Some(_) => return Err("manifests: expected an array".into()),
    };
    if list.len() > MAX_ENTRIES {
        return Err(format!("it has {} entries, more than {MAX_ENTRIES}", list.len()));
    }
    let mut entries: Vec<Entry> = Vec::with_capacity(list.len());
    for (n, value) in list.iter().enumerate() {
        let entry = entry(value).map_err(|what| format!("manifests[{n}]: {what}"))?;
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    Ok(entries)
}

/// Refuses members that are others only in case: many readers take them too, and then the last one counts.
fn exactly_spelled(value: &Value, names: &[&str]) -> Result<(), String> {
    let is_variant = |found: &&String| {
        let is_like = |name: &&str| *name != found.as_str() && fold(name) == fold(found);
        names.iter().any(is_like)
    };
    match value.as_object().and_then(|members| members.keys().find(is_variant)) {
        Some(name) => Err(format!(
            "it has {}, which readers take for another member",
            quoted(name)
        )),
        None => Ok(()),
    }
}

fn entry(value: &Value) -> Result<Entry, String> {
    exactly_spelled(value, MEMBERS[1])?;
    exactly_spelled(&value["platform"], MEMBERS[2])?;
    let text = value["digest"].as_str().ok_or("its digest is missing")?;
    let digest = Digest::parse(text).map_err(|error| format!("its digest {} is {error}", quoted(text)))?;
    let word = |name: &str| value["platform"][name].as_str().unwrap_or_default().to_owned();
    let platform = Platform {
        os: word("os"),
        architecture: word("architecture"),
        variant: word("variant"),
    };
    let is_unknown = platform.os == "unknown" && platform.architecture == "unknown";
    Ok(Entry {
        digest,
        is_attestation: is_unknown && value["annotations"][REFERENCE_TYPE] == "attestation-manifest",
        platform: Some(platform).filter(|platform| *platform != Platform::default()),
    })
}

/// The entries of which nodes of a platform take one, by position: there are several for the same platform where they differ in
/// compression, which some nodes know and prefer.
#[must_use]
pub fn choose<'e>(entries: &'e [Entry], wanted: &Platform) -> Vec<&'e Entry> {
    let own = [wanted.variant.as_str()];
    let mut candidates = wanted.candidates();
    if candidates.is_empty() {
        candidates.push(&own);
    }
    let of = |variants: &[&str]| -> Vec<&'e Entry> {
        let images = entries.iter().filter(|entry| !entry.is_attestation);
        let is_one = |entry: &&Entry| entry.platform.as_ref().is_some_and(|own| wanted.is(own, variants));
        images.filter(is_one).collect()
    };
    let found = candidates.into_iter().map(of).find(|found| !found.is_empty());
    found.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(platforms: &[&str]) -> Vec<Entry> {
        let entries: Vec<String> = platforms
            .iter()
            .enumerate()
            .map(|(n, platform)| {
                let parts: Vec<&str> = platform.split('/').collect();
                let variant = parts.get(2).map_or(String::new(), |v| format!(",\"variant\":\"{v}\""));
                format!(
                    "{{\"digest\":\"sha256:{n:064}\",\"platform\":{{\"os\":\"{}\",\"architecture\":\"{}\"{variant}}}}}",
                    parts[0], parts[1]
                )
            })
            .collect();
        entries_of(&format!("{{\"manifests\":[{}]}}", entries.join(",")))
    }

    fn entries_of(text: &str) -> Vec<Entry> {
        entries(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_node_takes_one_of_the_best_variant() {
        let all = list(&[
            "linux/amd64",
            "linux/arm/v6",
            "linux/arm/v7",
            "linux/arm64/v8",
            "windows/amd64",
        ]);
        let chosen = |wanted: &str| {
            let platform = Platform::parse(wanted).unwrap();
            choose(&all, &platform)
                .into_iter()
                .map(Entry::platform)
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(chosen("linux/amd64"), "linux/amd64");
        assert_eq!(chosen("linux/arm"), "linux/arm/v7");
        assert_eq!(chosen("linux/arm/v6"), "linux/arm/v6");
        assert_eq!(chosen("linux/arm64"), "linux/arm64/v8");
        assert_eq!(chosen("linux/s390x"), "");
        // What a node finds out about itself decides, and which compression it knows.
        let twins = list(&["linux/arm64", "linux/arm64/v8", "linux/arm64", "linux/amd64"]);
        let wanted = Platform::parse("linux/arm64/v8").unwrap();
        assert_eq!(choose(&twins, &wanted), twins[..3].iter().collect::<Vec<_>>());
        assert_eq!(chosen("linux/amd64/v3"), "");
        for bad in [
            "",
            "linux",
            "linux/",
            "/amd64",
            "linux/amd64/",
            "linux/amd64/v2/x",
            "linux amd64/x",
        ] {
            assert!(Platform::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn only_attestations_are_no_images() {
        let entry = |platform: &str, kind: &str| {
            let text = format!(
                "{{\"manifests\":[{{\"digest\":\"sha256:{:064}\",\"platform\":{platform},\"annotations\":{{\"vnd.docker.reference.type\":\"{kind}\"}}}}]}}",
                1
            );
            entries_of(&text)[0].is_attestation
        };
        let unknown = "{\"os\":\"unknown\",\"architecture\":\"unknown\"}";
        assert!(entry(unknown, "attestation-manifest"));
        assert!(!entry(unknown, "other"));
        assert!(!entry(
            "{\"os\":\"linux\",\"architecture\":\"amd64\"}",
            "attestation-manifest"
        ));
        assert!(!entry("{}", "attestation-manifest"));
    }

    #[test]
    fn lists_that_others_read_otherwise() {
        let digest = format!("\"digest\":\"sha256:{:064}\"", 1);
        for bad in [
            format!("{{\"manifests\":[{{{digest}}}],\"Manifests\":[]}}"),
            format!("{{\"manifests\":[{{{digest}}}],\"manife\u{17f}ts\":[]}}"),
            format!("{{\"manifests\":[{{{digest}}}],\"config\":{{}}}}"),
            format!("{{\"manifests\":[{{{digest}}}],\"Layers\":null}}"),
            format!("{{\"manifests\":[{{{digest},\"Digest\":\"x\"}}]}}"),
            format!("{{\"manifests\":[{{{digest},\"Platform\":{{}}}}]}}"),
            format!("{{\"manifests\":[{{{digest},\"platform\":{{\"os\":\"unknown\",\"OS\":\"linux\"}}}}]}}"),
        ] {
            assert!(entries(bad.as_bytes()).is_err(), "{bad}");
        }
        // Names in annotations are any text.
        let fine = format!("{{\"manifests\":[{{{digest},\"annotations\":{{\"OS\":\"x\",\"os\":\"y\"}}}}]}}");
        assert_eq!(entries_of(&fine).len(), 1);
    }

    #[test]
    fn malformed_lists() {
        for bad in [
            "{\"manifests\":1}",
            "{\"manifests\":[{}]}",
            "{\"manifests\":[{\"digest\":\"sha256:1\"}]}",
            "{\"manifests\":[],\"manifests\":[]}",
            "[",
        ] {
            assert!(entries(bad.as_bytes()).is_err(), "{bad}");
        }
        let many = vec!["{\"digest\":1}"; MAX_ENTRIES + 1].join(",");
        assert!(entries(format!("{{\"manifests\":[{many}]}}").as_bytes()).is_err());
        assert_eq!(entries_of("{}"), []);
    }
}
