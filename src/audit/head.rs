// SPDX-License-Identifier: Apache-2.0
//! What an audit was asked for: the first line of its report.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The version of the report's lines. It changes when a reader of the version before would read them wrongly.
pub const VERSION: &str = "image-signature.io/audit/v1";

/// What stands for a policy that could not be read: it is equal to none, itself included.
pub const UNKNOWN: &str = "unknown";

/// The first line of a report. Another run may go on from a report, or add it to others, only where all of it but the
/// shard and the start is equal (docs/contract.md 11).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Head {
    /// The version of the format: [`VERSION`] in what this version writes.
    pub api_version: String,
    /// Always `AuditReport`, by which readers know a report.
    pub kind: String,
    /// The version of the program that wrote it.
    pub program: String,
    /// SHA-256, in hex, of the keys that are accepted; of the keyring's content where it is a home.
    pub keys: String,
    /// SHA-256 of the policy with what it names, where one decides; [`UNKNOWN`] where that could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// SHA-256 of the map of expected identities, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<String>,
    /// SHA-256 of every other option that can change what is found.
    pub options: String,
    /// SHA-256 of the content of the files that a shard of them is judged of; none where records are written into them, which
    /// changes it from one shard to the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// By which keys or which policy images are judged, in words for people; the hashes decide whether two are the same.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub judged_by: String,
    /// Which inventory is judged, in words for people: `cluster https://...`, `files DIR`.
    pub source: String,
    /// Which part of the inventory this run judges.
    pub shard: Shard,
    /// When the run began, in seconds since 1970 by the clock of the machine that judged.
    pub started: i64,
}

/// A part of an inventory, by the digests of its images. The whole is part 0 of 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shard {
    /// Which part, from 0.
    pub index: u32,
    /// How many parts there are, at least 1.
    pub count: u32,
}

impl Shard {
    /// The one part that is the whole inventory.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// Whether an image belongs to this part: by the SHA-256 of its name, which is what [`super::entry::Entry::image`]
    /// says, so that a reader can tell too.
    #[must_use]
    pub fn has(self, image: &str) -> bool {
        let hash = Sha256::digest(image.as_bytes());
        let begin = hash.first_chunk().map_or(0, |begin| u64::from_be_bytes(*begin));
        begin % u64::from(self.count.max(1)) == u64::from(self.index)
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl Head {
    /// What differs between two heads besides shard and start, in words for people; nothing where one run may go on from
    /// the other's report, or the two may be added up.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<&'static str> {
        let members = [
            (self.api_version == other.api_version, "the format's version"),
            (self.kind == other.kind, "the kind of report"),
            (self.program == other.program, "the program's version"),
            (self.keys == other.keys, "the keys"),
            (self.policy == other.policy && !self.is_by_unknown(), "the policy"),
            (self.map == other.map, "the map of expected identities"),
            (self.options == other.options, self.options_in_words()),
            (self.source == other.source, "the source of images"),
            (self.content == other.content, "the content of the files"),
        ];
        let differing = members.into_iter().filter(|(is_equal, _)| !is_equal);
        differing.map(|(_, what)| what).collect()
    }

    /// Whether the policy that was asked for could not be read.
    fn is_by_unknown(&self) -> bool {
        self.policy.as_deref() == Some(UNKNOWN)
    }

    /// What is in the hash of the options: with images that are named also what each is expected to be signed as.
    fn options_in_words(&self) -> &'static str {
        let has = |word: &str| self.source.starts_with(word) || self.source.contains(&format!(", {word}"));
        match (has("list "), has("images ") || has("named objects ")) {
            (true, _) => "the options or the lines of the list of images",
            (_, true) => "the options or the images that are named, with what they are expected to be signed as",
            _ => "the options",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_image_belongs_to_one_shard() {
        for n in 0..100 {
            let image = format!("sha256:{n:064x}");
            let shards = (0..7).filter(|index| {
                Shard {
                    index: *index,
                    count: 7,
                }
                .has(&image)
            });
            assert_eq!(shards.count(), 1);
            assert!(Shard::WHOLE.has(&image));
        }
    }
}
