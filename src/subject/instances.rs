// SPDX-License-Identifier: Apache-2.0
//! Manifest lists (OCI indexes, Docker manifest lists): which instances they have, for which platforms.

use serde_json::Value;

pub use super::platform::Platform;
use crate::digest::Digest;
use crate::json;
use crate::manifest::{fold, media_type, DOCKER_LIST, OCI_INDEX};
use crate::text::{quoted, safe};

/// Most entries of a list that are looked at.
pub(crate) const MAX_ENTRIES: usize = 1000;

/// Marks an attestation among the entries of a list, together with the platform `unknown/unknown`.
const REFERENCE_TYPE: &str = "vnd.docker.reference.type";

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
    /// It says something about another entry: it is not an image.
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
pub(crate) fn is_list(bytes: &[u8]) -> bool {
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

/// The entries of a list of which nodes of a platform take one: there are several for the same platform where they differ in
/// compression, which some nodes know and prefer, and where nodes find out what they are. In an OCI index an entry that says
/// no platform fits where no other does.
#[must_use]
pub fn choose<'e>(list: &[u8], entries: &'e [Entry], wanted: &Platform) -> Vec<&'e Entry> {
    let variant = |entry: &'e Entry| {
        let own = entry.platform.as_ref().filter(|_| !entry.is_attestation)?;
        (own.os == wanted.os && own.architecture == wanted.architecture).then_some(own.variant.as_str())
    };
    let there: Vec<&str> = entries.iter().filter_map(variant).collect();
    let mut variants = Vec::new();
    let mut takes_any = false;
    for order in wanted.orders(&there) {
        let first = order
            .into_iter()
            .find(|group| group.iter().any(|own| there.contains(own)));
        takes_any |= first.is_none();
        variants.extend(first.unwrap_or_default());
    }
    takes_any &= media_type(list) == OCI_INDEX;
    let is_chosen = |entry: &&'e Entry| match variant(entry) {
        Some(own) => variants.contains(&own),
        None => takes_any && entry.platform.is_none() && !entry.is_attestation,
    };
    let chosen = entries.iter().filter(is_chosen);
    chosen.collect()
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
    fn every_entry_that_a_node_may_take_is_chosen() {
        const INDEX: &[u8] = b"{\"mediaType\":\"application/vnd.oci.image.index.v1+json\"}";
        const DOCKER: &[u8] = b"{\"mediaType\":\"application/vnd.docker.distribution.manifest.list.v2+json\"}";
        let chosen = |wanted: &str, platforms: &str, list: &[u8]| {
            let mut all = super::tests::list(&platforms.split(' ').collect::<Vec<_>>());
            for entry in &mut all {
                entry.platform = entry.platform.take().filter(|platform| platform.os != "none");
            }
            let wanted = Platform::parse(wanted).unwrap();
            let found = choose(list, &all, &wanted).into_iter().map(Entry::platform);
            found.collect::<Vec<_>>().join(" ")
        };
        // What is wanted, what the list has, and what of it is chosen; `none/x` stands for an entry without a platform.
        for (wanted, platforms, expected) in [
            ("linux/amd64", "linux/amd64 linux/arm/v6 windows/amd64", "linux/amd64"),
            ("linux/s390x", "linux/amd64", ""),
            // Twins, which differ in compression.
            ("linux/amd64", "linux/amd64 linux/amd64", "linux/amd64 linux/amd64"),
            // A node finds out its own variant.
            ("linux/arm", "linux/arm linux/arm/v7", "linux/arm linux/arm/v7"),
            ("linux/arm", "linux/arm/v7 linux/arm/v6", "linux/arm/v7 linux/arm/v6"),
            (
                "linux/amd64",
                "linux/amd64 linux/amd64/v3",
                "linux/amd64 linux/amd64/v3",
            ),
            // A named one, or the next lower.
            ("linux/arm/v7", "linux/arm/v6 linux/arm", "linux/arm/v6"),
            ("linux/arm/v6", "linux/arm linux/arm/v7", "linux/arm"),
            ("linux/arm/v8", "linux/arm/v7 linux/arm/v6", "linux/arm/v7"),
            ("linux/arm/v9", "linux/arm linux/arm/v7", "linux/arm"),
            ("linux/arm/v6", "linux/arm/v7", ""),
            (
                "linux/arm64/v8",
                "linux/arm64 linux/arm64/v8",
                "linux/arm64 linux/arm64/v8",
            ),
            ("linux/arm64/v9", "linux/arm64/v8 linux/arm64", "linux/arm64"),
            // Older versions look for the variant and for none, newer ones for those between as well.
            ("linux/amd64/v2", "linux/amd64", "linux/amd64"),
            (
                "linux/amd64/v3",
                "linux/amd64 linux/amd64/v2",
                "linux/amd64 linux/amd64/v2",
            ),
            (
                "linux/amd64/v3",
                "linux/amd64/v3 linux/amd64/v2 linux/amd64",
                "linux/amd64/v3",
            ),
            (
                "linux/amd64/v1",
                "linux/amd64/v1 linux/amd64",
                "linux/amd64/v1 linux/amd64",
            ),
            ("linux/amd64/v2", "linux/amd64/v3", ""),
            ("linux/ppc64le/power9", "linux/ppc64le", "linux/ppc64le"),
            // Where no other fits, and where none may fit.
            ("linux/amd64", "linux/arm64 none/x", "no platform"),
            ("linux/amd64", "linux/amd64 none/x", "linux/amd64"),
            ("linux/arm", "linux/arm/v7 none/x", "linux/arm/v7 no platform"),
            ("linux/arm/v6", "linux/arm/v7 none/x", "no platform"),
            ("linux/amd64/v3", "linux/amd64/v2 none/x", "linux/amd64/v2 no platform"),
        ] {
            assert_eq!(chosen(wanted, platforms, INDEX), expected, "{wanted} of {platforms}");
            let of_docker = expected.replace("no platform", "");
            assert_eq!(
                chosen(wanted, platforms, DOCKER),
                of_docker.trim(),
                "{wanted} of {platforms}"
            );
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
