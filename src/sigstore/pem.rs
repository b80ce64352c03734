// SPDX-License-Identifier: Apache-2.0
//! The textual encoding of keys (RFC 7468), with what the readers of containers-policy.json(5) tolerate around it:
//! text before and after the block, header lines inside it, either kind of line end.

use base64::Engine as _;

/// One block of a PEM file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// What stands after `BEGIN`.
    pub label: String,
    /// The content, decoded from base64.
    pub content: Vec<u8>,
}

/// Why a text holds no block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PemError {
    /// There is no line that begins a block.
    Missing,
    /// The block with this label does not end, or what stands in it is not base64.
    Broken(String),
    /// There is more than one block: which of them is meant cannot be told.
    Several,
}

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

/// Reads the only block of a text.
pub(super) fn only_block(text: &[u8]) -> Result<Block, PemError> {
    let text = String::from_utf8_lossy(text);
    let mut lines = text.lines().map(str::trim_end);
    let label = lines.by_ref().find_map(label_of).ok_or(PemError::Missing)?;
    let end = format!("-----END {label}{DASHES}");
    let broken = || PemError::Broken(label.clone());
    let mut body = Vec::new();
    let mut ended = false;
    for line in lines.by_ref() {
        if line == end {
            ended = true;
            break;
        }
        body.push(line);
    }
    if !ended {
        return Err(broken());
    }
    if lines.any(|line| label_of(line).is_some()) {
        return Err(PemError::Several);
    }
    // Header lines (RFC 1421) end with an empty line.
    if body.first().is_some_and(|line| line.contains(':')) {
        let blank = body.iter().position(|line| line.is_empty()).ok_or_else(broken)?;
        body.drain(..=blank);
    }
    let content = base64::engine::general_purpose::STANDARD
        .decode(body.concat())
        .map_err(|_| broken())?;
    Ok(Block { label, content })
}

fn label_of(line: &str) -> Option<String> {
    let label = line.strip_prefix(BEGIN)?.strip_suffix(DASHES)?;
    Some(label.to_owned())
}
