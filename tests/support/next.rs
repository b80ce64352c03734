// SPDX-License-Identifier: Apache-2.0
//! What `--explain` says is to be done next.

use super::program::Outcome;

impl Outcome {
    /// What is to be done next of one image, the lines joined; nothing where that is not said.
    pub fn next(&self) -> Option<String> {
        let at = self.stdout.find("\nNext:")?;
        let text = self.stdout[at..].trim_start();
        let text = text.split("\n\n").next().unwrap_or_default();
        Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}
