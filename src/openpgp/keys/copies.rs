// SPDX-License-Identifier: Apache-2.0
//! Keyrings in which a key stands more than once.

use std::collections::HashMap;

use crate::openpgp::keys::certificate::Certificate;
use crate::openpgp::keys::ring::{Format, Ring, RingError};

/// Unites the copies of each key; a ring without copies is left as it is.
///
/// # Errors
/// Never for a ring that could be read; the parts are parsed again.
pub fn unite(ring: Ring) -> Result<Ring, RingError> {
    let mut places: HashMap<[u8; 20], Vec<usize>> = HashMap::new();
    for number in 0..ring.len() {
        if let Some(fingerprint) = ring.fingerprint_bytes(number) {
            places.entry(*fingerprint).or_default().push(number);
        }
    }
    if places.values().all(|copies| copies.len() == 1) {
        return Ok(ring);
    }
    log::info!("{} has keys more than once; they are united", ring.path.display());
    let mut content = Vec::new();
    for number in 0..ring.len() {
        let copies = ring
            .fingerprint_bytes(number)
            .and_then(|fingerprint| places.get(fingerprint));
        match copies.map(Vec::as_slice) {
            Some([first, ..]) if *first != number => {}
            Some(copies @ [_, _, ..]) => {
                let mut read = copies.iter().filter_map(|copy| Certificate::read(ring.packets(*copy)));
                if let Some(mut united) = read.next() {
                    read.for_each(|copy| united.unite(copy));
                    content.extend(united.write_whole());
                }
            }
            _ => content.extend(ring.packets(number)),
        }
    }
    Ring::parse(ring.path, Format::Packets, content)
}
