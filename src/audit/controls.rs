// SPDX-License-Identifier: Apache-2.0
//! Which controls of security guides an audit has evidence for. The table is data, which packagers can change; the program
//! has one for where there is none. What is printed is evidence; whether it is enough is for others to judge.

use serde::Deserialize;

use super::entry::{FindingKind, Recorded, UseKind};
use super::totals::{Totals, Verdicts};
use crate::json;
use crate::reason::Verdict;
use crate::text::safe;

/// The table that the program comes with.
const BUILT_IN: &str = include_str!("../../packaging/controls.json");

/// Largest table, in bytes.
pub(crate) const MAX_BYTES: u64 = 1 << 20;

/// Most controls of a table.
const MAX_CONTROLS: usize = 500;

/// A control of a security guide.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// The name of the guide, as its publisher writes it.
    pub framework: String,
    /// The control's name there.
    pub id: String,
    /// Other names of it.
    #[serde(default)]
    pub also: Vec<String>,
    /// What it asks for, in our words.
    pub asks: String,
    /// What an audit measures of that.
    pub evidence: Vec<Measure>,
}

/// Something that an audit measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Measure {
    /// How many images have which verdict.
    Images,
    /// The same of images that pods run.
    Pods,
    /// The same of the release that the cluster runs.
    Release,
    /// How many images are in use without a signature.
    UnsignedInUse,
    /// How many keys verify images, and which expire.
    Keys,
    /// The algorithms of signatures.
    Algorithms,
    /// How many signatures are by keys that are in no keyring.
    Strangers,
    /// How many recorded verdicts do not hold.
    Records,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Table {
    api_version: String,
    kind: String,
    controls: Vec<Control>,
}

/// Reads a table.
///
/// # Errors
/// Says what is wrong with it, in words that are safe to print.
pub fn parse(text: &[u8]) -> Result<Vec<Control>, String> {
    let value = json::parse(text).map_err(|error| safe(&error.to_string()))?;
    let table: Table = serde_json::from_value(value).map_err(|error| safe(&error.to_string()))?;
    if table.api_version != "image-signature/v1" || table.kind != "AuditControls" {
        return Err("expected apiVersion image-signature/v1 and kind AuditControls".to_owned());
    }
    if table.controls.len() > MAX_CONTROLS {
        return Err(format!("it has more than {MAX_CONTROLS} controls"));
    }
    Ok(table.controls)
}

/// The table that the program comes with.
///
/// # Errors
/// Never: a test reads it. It is a table as any other.
pub fn built_in() -> Result<Vec<Control>, String> {
    parse(BUILT_IN.as_bytes())
}

impl Control {
    /// What the audit measured that is evidence for the control, a sentence a measure.
    #[must_use]
    pub fn evidence(&self, totals: &Totals) -> Vec<String> {
        self.evidence.iter().map(|measure| measure.text(totals)).collect()
    }
}

impl Measure {
    fn text(self, totals: &Totals) -> String {
        let used = |kind, of: &str| match totals.uses.get(&kind) {
            Some(verdicts) => format!("{} of those {of}", of_verified(verdicts)),
            None => format!("no image of those {of} was audited"),
        };
        match self {
            Self::Images => format!("{} of those audited", of_verified(&totals.verdicts())),
            Self::Pods => used(UseKind::Pod, "that pods run"),
            Self::Release => used(UseKind::Release, "of the release that the cluster runs"),
            Self::UnsignedInUse => {
                let count = totals.findings.get(&FindingKind::UnsignedInUse).copied().unwrap_or(0);
                format!("in use without a signature: {count}")
            }
            Self::Keys => format!(
                "keys that verify images: {}; expiring soon: {}",
                totals.keys.counted.len(),
                totals.expiring().len()
            ),
            Self::Algorithms => {
                let names: Vec<&str> = totals.algorithms.counted.keys().map(String::as_str).collect();
                format!(
                    "algorithms of verified signatures: {}",
                    if names.is_empty() {
                        "none".to_owned()
                    } else {
                        names.join("; ")
                    }
                )
            }
            Self::Strangers => {
                let count: u64 = totals.strangers.counted.values().sum();
                format!(
                    "signatures by keys in no keyring: {}",
                    count + totals.strangers.left_out
                )
            }
            Self::Records => {
                let stale = totals.findings.get(&FindingKind::Stale).copied().unwrap_or(0);
                let failed = totals.recorded.get(&Recorded::Failed).copied().unwrap_or(0);
                format!("recorded verdicts that do not hold: {stale}; that could not be written: {failed}")
            }
        }
    }
}

fn of_verified(verdicts: &Verdicts) -> String {
    let verified = verdicts.get(&Verdict::Verified).copied().unwrap_or(0);
    format!("Verified: {verified} of {}", verdicts.values().sum::<u64>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_table_is_read_and_promises_nothing() {
        let controls = built_in().unwrap();
        assert!(controls.len() > 5);
        assert!(controls.iter().all(|control| !control.evidence.is_empty()));
        assert!(!BUILT_IN.to_lowercase().contains("complian"));
    }

    #[test]
    fn tables_are_read_strictly() {
        let table = |controls: &str| {
            format!("{{\"apiVersion\":\"image-signature/v1\",\"kind\":\"AuditControls\",\"controls\":{controls}}}")
        };
        let control = r#"{"framework":"F","id":"1","asks":"a","evidence":["images"]}"#;
        assert_eq!(parse(table(&format!("[{control}]")).as_bytes()).unwrap().len(), 1);
        for wrong in [
            table("[{}]"),
            table(&format!("[{}]", control.replace("images", "imagos"))),
            table(&format!("[{}]", control.replace("asks", "ask"))),
            table("[]").replace("v1", "v2"),
            "[]".to_owned(),
        ] {
            assert!(parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
