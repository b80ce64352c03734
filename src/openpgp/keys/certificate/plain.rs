// SPDX-License-Identifier: Apache-2.0
//! Keys of which GnuPG reads from their copies what it is given of them: most are such.

use std::collections::{BTreeMap, BTreeSet};

use super::parts::{hashed_key, hashed_part, Kind};
use super::Certificate;
use crate::openpgp::framing::packet::{self, tag};
use crate::openpgp::keys::key_signature::proof::Prover;
use crate::openpgp::keys::key_signature::{class, parse, Core};

/// What a key says of itself: each signature with the part that it is about, `None` for the key.
type Outline = BTreeSet<(Option<(Kind, Vec<u8>)>, Core)>;

impl Certificate {
    /// Whether there are several different copies of it.
    #[must_use]
    pub fn has_copies(&self) -> bool {
        self.as_read.copies() > 1
    }

    /// Whether each signature that may be the key's own, or may revoke something of it, is good where it stands in a copy, is
    /// written there and nowhere else, and no two of a part are of one second: then it does not matter who reads the key.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let prover = Prover::of(&self.body);
        let Some((prover, packets)) = prover.zip(self.as_read.packets()) else {
            return false;
        };
        let read = self.outline(&packets, |core, data| prover.has_made(core, data));
        let written = self.write_own().ok();
        let written = written.and_then(|packets| self.outline(&packets, |_, _| true));
        read.is_some() && read == written
    }

    /// `None` where something is left out or not good, or a place or an order is not clear.
    fn outline(&self, mut packets: &[u8], is_good: impl Fn(&Core, &[&[u8]]) -> bool) -> Option<Outline> {
        let key = hashed_key(&self.body);
        let mut data = Vec::new();
        let mut outline = Outline::new();
        let mut seconds = BTreeMap::new();
        let mut current = None;
        while let Some(packet) = packet::next(&mut packets).ok()? {
            match packet.tag {
                tag::PUBLIC_KEY => {
                    current = None;
                    data.clear();
                }
                tag::SIGNATURE => {
                    let (core, loose) = parse(&packet.body)?;
                    let is_revocation = core.is_revocation()
                        && (core.class == class::KEY_REVOCATION || core.may_be_by(&loose, self.id));
                    if !is_revocation && !self.may_be_own(&core, &loose) {
                        continue;
                    }
                    let is_about_key = matches!(core.class, class::KEY_REVOCATION | class::DIRECT);
                    if is_about_key != current.is_none() {
                        return None;
                    }
                    if !is_good(&core, &[&key, &data]) {
                        return None;
                    }
                    // Of what a key says by all its names the newest counts.
                    let about = current.clone().filter(|(kind, _)| *kind == Kind::Subkey);
                    let known = seconds.entry((about, core.created)).or_insert_with(|| core.clone());
                    let is_of_name = class::CERTIFICATION.contains(&core.class);
                    if *known != core && !(is_of_name && known.class == core.class && known.hashed == core.hashed) {
                        return None;
                    }
                    outline.insert((current.clone(), core));
                }
                tag => {
                    let kind = Kind::of(tag, &packet.body)?;
                    data = hashed_part(kind, &packet.body);
                    current = Some((kind, packet.body.into_owned()));
                }
            }
        }
        Some(outline)
    }
}
