// SPDX-License-Identifier: Apache-2.0
//! Telling ASCII armour from garbage (RFC 9580 section 6). Armoured signatures are never accepted, only named.

use base64::Engine as _;

/// What the header line of a cleartext signed message says.
pub(crate) const SIGNED_TEXT: &str = "SIGNED MESSAGE";

/// What kind of armour a blob is.
#[derive(Debug, PartialEq, Eq)]
pub enum Armored {
    /// A cleartext signed message.
    ClearSigned,
    /// One well-formed block, and nothing else.
    Block(Block),
    /// It begins like armour, but is damaged or has text after it.
    Damaged(&'static str),
}

/// One block of armour.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    /// What the header line says: "MESSAGE", "PUBLIC KEY BLOCK" ...
    pub label: String,
    /// The bytes inside, decoded from base64.
    pub content: Vec<u8>,
}

/// Recognises a blob that begins with an armour header line; `None` for anything else.
#[must_use]
pub fn recognise(blob: &[u8]) -> Option<Armored> {
    let text = std::str::from_utf8(blob.trim_ascii_start()).ok()?;
    let mut lines = text.lines();
    let label = header_label(lines.next()?)?;
    if label == SIGNED_TEXT {
        let ends = text.trim_end().ends_with("-----END PGP SIGNATURE-----");
        let begins = text.contains("\n-----BEGIN PGP SIGNATURE-----");
        return Some(if begins && ends {
            Armored::ClearSigned
        } else {
            Armored::Damaged("is a cleartext signature without its end")
        });
    }
    Some(match read_block(label, &mut lines) {
        Err(why) => Armored::Damaged(why),
        Ok(_) if lines.any(|line| !line.trim().is_empty()) => Armored::Damaged("is armour with other text after it"),
        Ok(block) => Armored::Block(block),
    })
}

/// All blocks of a text, in order, the damaged ones with what is wrong; text around them does not matter. A cleartext
/// signed message counts as an empty block, and its signature as the next one.
#[must_use]
pub fn blocks(text: &[u8]) -> Vec<Result<Block, &'static str>> {
    let text = String::from_utf8_lossy(text);
    let mut lines = text.lines();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        match header_label(line) {
            // The text up to its signature, which is the next block.
            Some(SIGNED_TEXT) => found.push(Ok(Block {
                label: SIGNED_TEXT.to_owned(),
                content: Vec::new(),
            })),
            Some(label) => found.push(read_block(label, &mut lines)),
            None => {}
        }
    }
    found
}

/// Whether an armour header line stands anywhere in a text, for messages about text around armour.
#[must_use]
pub(crate) fn occurs_in(blob: &[u8]) -> bool {
    blob.windows(15).any(|w| w == b"-----BEGIN PGP ")
}

fn header_label(line: &str) -> Option<&str> {
    trimmed(line).strip_prefix("-----BEGIN PGP ")?.strip_suffix("-----")
}

/// Without the white space at the end that GnuPG drops too.
fn trimmed(line: &str) -> &str {
    line.trim_end_matches([' ', '\t', '\r'])
}

/// Whether GnuPG takes a line for a header of the armour; data otherwise, in which it passes over what is not base64.
fn is_header(line: &str) -> bool {
    line.split_once(':')
        .is_some_and(|(_, value)| value.is_empty() || value.starts_with([' ', '\r']))
}

/// Decodes the block whose header line was just read, its end line included.
fn read_block(label: &str, lines: &mut std::str::Lines<'_>) -> Result<Block, &'static str> {
    // Armour headers up to an empty line; blocks without either are common too.
    let mut encoded = String::new();
    let mut in_headers = true;
    let mut checksum = None;
    let end = format!("-----END PGP {label}-----");
    loop {
        let whole = lines.next().ok_or("is armour without its end line")?;
        let line = trimmed(whole);
        if line == end {
            break;
        }
        if checksum.is_some() {
            return Err("is armour with data after its checksum");
        }
        // No base64 has a colon. The value may be empty.
        if in_headers && (line.is_empty() || line.contains(':')) {
            if !line.is_empty() && !is_header(whole) {
                return Err("is armour with a header of another form than \"Name: value\"");
            }
            in_headers = !line.is_empty();
            continue;
        }
        in_headers = false;
        match line.strip_prefix('=') {
            Some(sum) => checksum = Some(sum),
            None => encoded.push_str(line),
        }
    }
    let engine = base64::engine::general_purpose::STANDARD;
    let content = engine.decode(encoded).map_err(|_| "is armour with broken base64")?;
    if let Some(sum) = checksum {
        let sum = engine.decode(sum).map_err(|_| "is armour with a broken checksum")?;
        if sum != crc24(&content).to_be_bytes()[1..] {
            return Err("is armour whose checksum does not match");
        }
    }
    let label = label.to_owned();
    Ok(Block { label, content })
}

/// RFC 9580 section 6.1.1
fn crc24(bytes: &[u8]) -> u32 {
    let mut crc: u32 = 0x00b7_04ce;
    for byte in bytes {
        crc ^= u32::from(*byte) << 16;
        for _ in 0..8 {
            crc <<= 1;
            if crc & 0x0100_0000 != 0 {
                crc ^= 0x0186_4cfb;
            }
        }
    }
    crc & 0x00ff_ffff
}
