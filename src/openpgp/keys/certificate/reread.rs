// SPDX-License-Identifier: Apache-2.0
//! What GnuPG is given of the copies of a key for a second reading. It checks each signature that seems to be by the key, in
//! several passes, and looks for the place of one that is bad at each part: of more than that may be, what nobody has made, or
//! somebody else, is left out.

use std::cell::Cell;

use super::parts::{hashed_key, hashed_part, Kind};
use super::Certificate;
use crate::openpgp::framing::packet::{self, tag};
use crate::openpgp::keys::key_signature::proof::Prover;
use crate::openpgp::keys::key_signature::{class, parse, Core, Loose};

/// Most signatures of all copies that are not known to be good where they stand, and most of them times the parts.
const MAX_SIGNATURES: usize = 512;
const MAX_TRIED: usize = 4096;

/// Most signatures of all copies that are known to be good there.
const MAX_GOOD: usize = 2048;

/// Most of them that are looked at for it.
const MAX_CHECKED: usize = 1 << 13;

/// How many there are.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    parts: usize,
    good: usize,
    others: usize,
}

impl Count {
    fn is_small(self) -> bool {
        let tried = self.others.saturating_mul(self.parts);
        self.others <= MAX_SIGNATURES && tried <= MAX_TRIED && self.good <= MAX_GOOD
    }
}

impl Certificate {
    /// The packets of its copies as they were read, one after the other, as far as they matter for what it says of itself;
    /// `None` where there is too much.
    #[must_use]
    pub fn packets_as_read(&self) -> Option<Vec<u8>> {
        let packets = self.as_read.packets()?;
        let (_, count) = self.narrow(&packets, |_, _, _| Some(false))?;
        if count.is_small() {
            return Some(packets);
        }
        let prover = Prover::of(&self.body);
        let has_revokers = !self.revokers().is_empty();
        let checked = Cell::new(0);
        let by_whom = |core: &Core, loose: &Loose, data: &[&[u8]]| {
            let is_by_other = core.class == class::KEY_REVOCATION && has_revokers;
            if !is_by_other && !core.seems_by(loose, self.id) {
                return None;
            }
            checked.set(checked.get() + 1);
            match &prover {
                _ if checked.get() > MAX_CHECKED => Some(false),
                Some(prover) if prover.has_made(core, data) => Some(true),
                Some(prover) if !is_by_other && prover.has_never_made(core) => None,
                _ => Some(false),
            }
        };
        let (packets, count) = self.narrow(&packets, by_whom)?;
        count.is_small().then_some(packets)
    }

    /// The packets without the signatures of which it is told that they are left out; otherwise that tells whether they are
    /// good where they stand.
    fn narrow(
        &self,
        mut packets: &[u8],
        by_whom: impl Fn(&Core, &Loose, &[&[u8]]) -> Option<bool>,
    ) -> Option<(Vec<u8>, Count)> {
        let key = hashed_key(&self.body);
        let mut data = Vec::new();
        let mut count = Count::default();
        let mut kept = Vec::new();
        while let Some(packet) = packet::next(&mut packets).ok()? {
            match packet.tag {
                tag::PUBLIC_KEY => data.clear(),
                tag::SIGNATURE => {
                    let (core, loose) = parse(&packet.body)?;
                    match by_whom(&core, &loose, &[&key, &data]) {
                        Some(true) => count.good += 1,
                        Some(false) => count.others += 1,
                        None => continue,
                    }
                }
                tag => {
                    count.parts += 1;
                    data = Kind::of(tag, &packet.body).map_or(Vec::new(), |kind| hashed_part(kind, &packet.body));
                }
            }
            kept.extend(packet::encode(packet.tag, &packet.body));
        }
        Some((kept, count))
    }
}
