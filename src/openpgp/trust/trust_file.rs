// SPDX-License-Identifier: Apache-2.0
//! The structure of a trust database (g10/tdbio.h of GnuPG), and whether it is whole.
//!
//! Of one that is damaged or cut short, gpg lists keys without an error and without validity.

/// Length of a record.
const RECORD: usize = 40;

/// The version that GnuPG writes and reads.
const VERSION: u8 = 3;

/// Kinds of records.
const HASH_TABLE: u8 = 10;
const HASH_LIST: u8 = 11;
const TRUST: u8 = 12;
const VALID: u8 = 13;

/// Records of the table that leads from fingerprints to trust records: 256 numbers, nine a record.
const TABLE_RECORDS: usize = 29;

/// Checks that a trust database has the form that gpg reads, and that no record leads beyond its end.
///
/// # Errors
/// What is wrong with it.
pub fn check(trustdb: &[u8]) -> Result<(), String> {
    let header = trustdb
        .get(..RECORD)
        .filter(|header| header.starts_with(b"\x01gpg"))
        .ok_or("it does not begin as one")?;
    if header[4] != VERSION {
        return Err(format!(
            "it is of version {}, and gpg reads version {VERSION}",
            header[4]
        ));
    }
    if trustdb.len() % RECORD != 0 {
        return Err("its end is missing".into());
    }
    let count = trustdb.len() / RECORD;
    let table = number(header, 36);
    if table == 0 || table.saturating_add(TABLE_RECORDS) > count {
        return Err("its table of keys is missing".into());
    }
    for (n, record) in trustdb.chunks_exact(RECORD).enumerate() {
        let leads_to: Vec<usize> = match record[0] {
            HASH_TABLE => (0..9).map(|item| number(record, 2 + 4 * item)).collect(),
            // The next record, and six trust records.
            HASH_LIST => (0..7).map(|item| number(record, 2 + 4 * item)).collect(),
            TRUST => vec![number(record, 26)],
            VALID => vec![number(record, 23)],
            _ => Vec::new(),
        };
        if leads_to.iter().any(|to| *to >= count) {
            return Err(format!("record {n} leads beyond its end"));
        }
    }
    Ok(())
}

/// Whether owner trust is set for any key.
#[must_use]
pub fn has_owner_trust(trustdb: &[u8]) -> bool {
    /// Trust itself; higher bits say that the key is disabled.
    const MASK: u8 = 15;
    trustdb
        .chunks_exact(RECORD)
        .any(|record| record[0] == TRUST && record[22] & MASK != 0)
}

fn number(record: &[u8], at: usize) -> usize {
    let bytes = record.get(at..).and_then(<[u8]>::first_chunk::<4>);
    bytes.map_or(0, |bytes| {
        usize::try_from(u32::from_be_bytes(*bytes)).unwrap_or(usize::MAX)
    })
}
