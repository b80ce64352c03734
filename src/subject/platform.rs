// SPDX-License-Identifier: Apache-2.0
//! Platforms, and which variants of an architecture nodes take.

use crate::text::safe;

/// A platform as `--platform` names one: the system, the architecture, and its variant where that matters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Platform {
    pub(super) os: String,
    pub(super) architecture: String,
    pub(super) variant: String,
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

    /// The orders in which nodes of this platform look for a variant, the best first; variants that stand together are
    /// taken alike, or by some nodes this one and by others that one. `there` is what a list has of the architecture.
    ///
    /// Versions of the reference implementation differ for amd64. A node that is not told a variant finds out its own one,
    /// so that without one each that is there may be taken.
    pub(super) fn orders<'v>(&'v self, there: &[&'v str]) -> Vec<Vec<Vec<&'v str>>> {
        const ARM: [&str; 4] = ["v8", "v7", "v6", "v5"];
        const AMD64: [&str; 3] = ["v4", "v3", "v2"];
        let own = self.variant.as_str();
        let down = |known: &'static [&'static str]| {
            let from = known.iter().position(|variant| *variant == own);
            from.map(|from| known[from..].iter().map(|variant| vec![*variant]))
        };
        let exact = vec![vec![own], vec![""]];
        match (self.architecture.as_str(), own) {
            (_, "") => there
                .iter()
                .copied()
                .chain([""])
                .map(|variant| vec![vec![variant]])
                .collect(),
            ("arm64", "v8") => vec![vec![vec!["v8", ""]]],
            ("amd64", "v1") => vec![vec![vec!["v1", ""]]],
            ("amd64", _) => match down(&AMD64) {
                Some(newer) => vec![newer.chain([vec!["v1", ""]]).collect(), exact],
                None => vec![exact],
            },
            ("arm", _) => vec![down(&ARM).map_or(exact, |known| known.chain([vec![""]]).collect())],
            _ => vec![exact],
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_platform() {
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
        assert!(Platform::parse("linux/arm/v7").is_some());
    }
}
