// SPDX-License-Identifier: Apache-2.0
//! Trust databases (g10/tdbio.h of GnuPG): whether one is whole, whom it trusts, and copies without
//! what was computed from that.
//!
//! Of one that is damaged or cut short, gpg lists keys without an error and without validity.

use std::collections::HashSet;

/// Length of a record in bytes.
const RECORD: usize = 40;

/// The version that GnuPG writes and reads.
const VERSION: u8 = 3;

/// Types of records in a trust database (tdbio.h of GnuPG).
const HASH_TABLE: u8 = 10;
const HASH_LIST: u8 = 11;
const TRUST: u8 = 12;
const VALID: u8 = 13;

/// Where the owner trust stands in a record about a key.
const OWNER_TRUST: usize = 22;

/// The part of it that says how far the owner is trusted; the rest are flags, "disabled" among them.
const LEVEL: u8 = 0x0f;

/// The flag of a key that its user disabled.
const DISABLED: u8 = 0x80;

/// Marginal, full and ultimate trust.
const VOUCHES: std::ops::RangeInclusive<u8> = 4..=6;

const ULTIMATE: u8 = 6;

/// Where the owner trust stands that GnuPG computed for a key, from trust signatures.
const LEAST_OWNER_TRUST: usize = 24;

/// Where a record about a user ID has its validity, and from how many certifications it was computed.
const VALIDITY: usize = 22;
const FULL_AND_MARGINAL: std::ops::Range<usize> = 27..29;

/// Where the first record has the time at which everything is to be computed anew.
const NEXT_CHECK: std::ops::Range<usize> = 16..20;

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
pub(crate) fn has_owner_trust(trustdb: &[u8]) -> bool {
    records(trustdb).any(|(_, owner_trust)| owner_trust & LEVEL != 0)
}

fn number(record: &[u8], at: usize) -> usize {
    let bytes = record.get(at..).and_then(<[u8]>::first_chunk::<4>);
    bytes.map_or(0, |bytes| {
        usize::try_from(u32::from_be_bytes(*bytes)).unwrap_or(usize::MAX)
    })
}

/// The keys that its trust records are about: those whose owner trust was set, and those that had some validity when
/// it was last checked.
#[must_use]
pub(crate) fn keys_in(trustdb: &[u8]) -> HashSet<[u8; 20]> {
    records(trustdb).map(|(fingerprint, _)| fingerprint).collect()
}

/// The keys whose certifications count for something.
#[must_use]
pub fn vouching(trustdb: &[u8]) -> HashSet<[u8; 20]> {
    let vouches = |owner_trust: u8| VOUCHES.contains(&(owner_trust & LEVEL));
    records(trustdb)
        .filter(|(_, owner_trust)| vouches(*owner_trust))
        .map(|(fingerprint, _)| fingerprint)
        .collect()
}

/// The keys that the user disabled.
#[must_use]
pub fn disabled(trustdb: &[u8]) -> HashSet<[u8; 20]> {
    records(trustdb)
        .filter(|(_, owner_trust)| owner_trust & DISABLED != 0)
        .map(|(fingerprint, _)| fingerprint)
        .collect()
}

/// Whether the owner of a key is trusted by itself, whoever certified it.
#[must_use]
pub(crate) fn is_ultimate(trustdb: &[u8], key: &[u8; 20]) -> bool {
    records(trustdb).any(|(own, owner_trust)| own == *key && owner_trust & LEVEL == ULTIMATE)
}

/// A copy that knows only whose owners are trusted, but for these keys, and nothing of what GnuPG computed from that: it
/// computes everything anew. Some versions leave what they computed before where no owner is trusted any more, and some
/// do not compute again after a key was revoked (measured: 2.4.7).
#[must_use]
pub fn anew(trustdb: &[u8], without: &HashSet<[u8; 20]>) -> Vec<u8> {
    let mut copy = trustdb.to_vec();
    for record in copy.chunks_exact_mut(RECORD) {
        match record[0] {
            TRUST => {
                if record
                    .get(2..22)
                    .is_some_and(|own| without.iter().any(|key| key == own))
                {
                    record[OWNER_TRUST] &= !LEVEL;
                }
                record[LEAST_OWNER_TRUST] = 0;
            }
            VALID => {
                record[VALIDITY] &= !LEVEL;
                record[FULL_AND_MARGINAL].fill(0);
            }
            _ => {}
        }
    }
    // Long ago; 0 would mean never.
    if let Some(next_check) = copy.get_mut(NEXT_CHECK) {
        next_check.copy_from_slice(&1_u32.to_be_bytes());
    }
    copy
}

fn records(trustdb: &[u8]) -> impl Iterator<Item = ([u8; 20], u8)> + '_ {
    let trust = trustdb.chunks_exact(RECORD).filter(|record| record[0] == TRUST);
    trust.filter_map(|record| Some((*record.get(2..)?.first_chunk()?, record[OWNER_TRUST])))
}
