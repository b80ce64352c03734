// SPDX-License-Identifier: Apache-2.0
//! The one form of a united key in which GnuPG is given it.
//!
//! Everything that may be the key's own is named as made by the key, and GnuPG drops what is not. Certifications by
//! others make no key accepted; they are kept only where validity decides.

mod choice;
mod revocations;

use std::collections::BTreeSet;
use std::sync::Arc;

use self::choice::Choice;
use crate::limits::MAX_KEY_BYTES;
use crate::openpgp::framing::key_id::KeyId;
use crate::openpgp::framing::packet::{self, tag};
use crate::openpgp::keys::certificate::vouched::Vouched;
use crate::openpgp::keys::certificate::{hashed_key, hashed_part, insert, Certificate, Kind, Signatures, MAX_STRAYS};
use crate::openpgp::keys::key::Fingerprint;
use crate::openpgp::keys::key_signature::{class, Core, Loose};
use crate::openpgp::keys::material;

/// Where more pairs of a part and a signature at the wrong place are to be compared, nothing is looked for that takes nothing
/// away: there may be thousands of such keys.
const MAX_SEARCHED: usize = 2048;

/// Most copies of revocations of certifications that do not say where it is covered who made them: one for each maker, at
/// each user ID. GnuPG checks all of them.
const MAX_TAKERS: usize = 4096;

/// A key that is over the limit even without what others say about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("key {0} has more than {MAX_KEY_BYTES} bytes, even without what other keys certify of it")]
pub struct TooLarge(pub Fingerprint);

impl Certificate {
    /// Writes the key for a keyring in which validity does not matter: without what others certify of it, each part with
    /// its newest signatures and all that may take trust from it.
    ///
    /// # Errors
    /// When it is too large all the same.
    pub fn write_own(&self) -> Result<Vec<u8>, TooLarge> {
        // Forged revocations are cheap to make: those that do not even try are left out where there is no room.
        for only_honest in [false, true] {
            let written = Writer::new(self, only_honest).write();
            if written.out.len() <= MAX_KEY_BYTES {
                return Ok(written.out);
            }
        }
        Err(TooLarge(self.fingerprint().clone()))
    }

    /// Writes the key with what others certify of it. Those that `vouchers` may have made count wherever they stand and
    /// whomever they name; `None` where more would have to be tried than an honest key has.
    #[must_use]
    pub fn write_all(&self, vouchers: &[Arc<Certificate>]) -> Option<Vec<u8>> {
        let mut writer = Writer::new(self, false);
        let vouched = self.vouched(vouchers);
        let is_open = |core: &Core| {
            core.class == class::CERTIFICATION_REVOCATION
                && core.named().is_empty()
                && !vouched.settled.has(core)
                && !self.settled().has(core)
        };
        let may_be_by = |core: &Core| vouchers.iter().filter(|own| !vouched.is_denied(core, own.id())).count();
        let open = self.said().filter(|(core, _)| is_open(core));
        let open: usize = open.map(|(core, _)| may_be_by(core)).sum();
        let names = self.parts.keys().filter(|(kind, _)| *kind != Kind::Subkey).count();
        let takers = open.saturating_mul(names);
        if vouched.is_crowded || takers > MAX_TAKERS {
            return None;
        }
        writer.vouchers = Some(vouchers.iter().map(|own| own.id()).collect());
        writer.vouched = vouched;
        let written = writer.write();
        (!written.is_crowded).then_some(written.out)
    }

    /// Writes the key for whoever reads it as this was read, with what GnuPG is not given.
    #[must_use]
    pub fn write_whole(&self) -> Vec<u8> {
        let mut writer = Writer::new(self, false);
        writer.vouchers = Some(BTreeSet::new());
        writer.is_whole = true;
        writer.write().out
    }

    /// Whether something may have been left out that takes trust from the key, for want of room: what the key says of itself, that
    /// it expires, is revoked or who may revoke it, is not known then.
    #[must_use]
    pub fn is_crowded(&self) -> bool {
        // As many as are kept may have been more.
        if self.is_overrun || self.strays.len() >= MAX_STRAYS {
            return true;
        }
        let written = Writer::new(self, false).write();
        written.is_crowded || written.out.len() > MAX_KEY_BYTES
    }

    /// Whether something may have been left out by which it would count, so that what GnuPG does not find is not knowledge: a
    /// renewal among signatures with later dates, which are cheap to forge.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.is_crowded() || Writer::new(self, false).write().is_cut
    }

    /// Whether one of its subkeys has several signatures over the key, of which none is known to be its own. GnuPG
    /// looks at the newest only.
    #[must_use]
    pub fn is_consent_open(&self, subkey: &Fingerprint) -> bool {
        let subkeys = self.parts.iter().filter(|((kind, _), _)| *kind == Kind::Subkey);
        let mut own = subkeys.filter(|((_, body), _)| material::fingerprint(body).as_ref() == Some(subkey));
        own.any(|((_, body), part)| {
            let data = [&hashed_key(&self.body)[..], &hashed_key(body)];
            let chosen = Choice::default().consents(body, &part.signatures, &data);
            let all = self.parts.values().map(|part| &part.signatures);
            Choice::has_several(&part.signatures) && (chosen.is_empty() || Choice::passes_over(all))
        })
    }
}

/// A key in the form in which GnuPG is given it.
struct Written {
    out: Vec<u8>,
    /// Whether something may have been left out that takes trust from the key.
    is_crowded: bool,
    /// Whether something may have been left out that the key says in its favour.
    is_cut: bool,
}

struct Writer<'c> {
    own: &'c Certificate,
    choice: Choice,
    key: Vec<u8>,
    revokers: BTreeSet<KeyId>,
    /// Those whose certifications may count, where such of others than the key itself are written.
    vouchers: Option<BTreeSet<KeyId>>,
    /// What these have said.
    vouched: Vouched,
    only_honest: bool,
    /// With what GnuPG is not given.
    is_whole: bool,
    out: Vec<u8>,
    is_crowded: bool,
    is_cut: bool,
}

impl<'c> Writer<'c> {
    fn new(own: &'c Certificate, only_honest: bool) -> Self {
        Self {
            own,
            choice: Choice::default(),
            key: hashed_key(&own.body),
            revokers: own.revoked_by().iter().map(KeyId::of).collect(),
            vouchers: None,
            vouched: Vouched::default(),
            only_honest,
            is_whole: false,
            out: Vec::new(),
            is_crowded: false,
            is_cut: false,
        }
    }

    fn write(mut self) -> Written {
        self.out.extend(packet::encode(tag::PUBLIC_KEY, &self.own.body));
        self.signatures(&self.own.direct, None);
        // The older parts first, whatever the order of the copies.
        let mut parts: Vec<_> = self.own.parts.iter().collect();
        parts.sort_by_key(|((kind, _), part)| (*kind, part.place));
        let strays = &self.own.strays;
        let is_small = parts.len().saturating_mul(strays.len()) <= MAX_SEARCHED;
        let search = is_small && !strays.is_empty() && !self.is_whole;
        self.is_cut |= !is_small && strays.iter().any(|(core, loose)| self.own.may_be_own(core, loose));
        if self.is_whole {
            self.out.extend(
                self.own
                    .lost
                    .iter()
                    .flat_map(|body| packet::encode(tag::SIGNATURE, body)),
            );
            // Whoever reads this again looks for their places.
            for (core, loose) in &self.own.strays {
                for loose in loose.by_prefix() {
                    self.out.extend(core.encode(&loose, self.own.id(), &[]));
                }
            }
        }
        let of_names = self.wandering(false);
        let of_subkeys = self.wandering(true);
        for (name, part) in parts {
            let (kind, body) = name;
            if self.is_over() {
                break;
            }
            let data = hashed_part(*kind, body);
            let before = self.out.len();
            self.out.extend(packet::encode(kind.tag(), body));
            let begun = self.out.len();
            let wandering = if *kind == Kind::Subkey { &of_subkeys } else { &of_names };
            let moved = [self.own.settled(), &self.vouched.settled].map(|settled| settled.moved_from(name));
            let moved = moved.into_iter().flatten().flatten().filter(|_| !self.is_whole);
            let more: Vec<_> = wandering.iter().chain(moved).collect();
            if search || !more.is_empty() {
                let mut signatures = part.signatures.clone();
                if search {
                    self.find_strays(*kind, &data, &mut signatures);
                }
                for (core, loose) in more {
                    insert(&mut signatures, core.clone(), loose.clone());
                }
                self.signatures(&signatures, Some(&data));
            } else {
                self.signatures(&part.signatures, Some(&data));
            }
            // What nothing vouches for, GnuPG leaves out as well.
            if self.out.len() == begun {
                self.out.truncate(before);
            }
        }
        Written {
            out: self.out,
            is_crowded: self.is_crowded,
            is_cut: self.is_cut,
        }
    }

    /// Whether there is more already than is of any use.
    fn is_over(&self) -> bool {
        self.vouchers.is_none() && !self.only_honest && self.out.len() > MAX_KEY_BYTES
    }

    /// What takes trust away and may be over any part of a kind; nothing where there is too much of it.
    fn wandering(&mut self, of_subkeys: bool) -> Signatures {
        if self.is_whole || self.only_honest {
            return Signatures::new();
        }
        let vouchers = self.vouchers.iter().flatten();
        let who: Vec<KeyId> = vouchers.copied().chain([self.own.id()]).collect();
        let counts = |core: &Core, loose: &Loose| {
            if self.own.settled().has(core) || self.vouched.settled.has(core) {
                false
            } else if core.is_revocation() {
                who.iter().any(|own| core.may_be_by(loose, *own))
            } else {
                core.takes_away() && self.own.may_be_own(core, loose) || self.vouched.is_open(core)
            }
        };
        let found = self.own.wandering(of_subkeys, counts);
        self.is_crowded |= found.is_err();
        found.unwrap_or_default()
    }

    /// Signatures that stood at the wrong place belong to the part that they are over, by their digest.
    fn find_strays(&self, kind: Kind, data: &[u8], signatures: &mut Signatures) {
        for (core, loose) in &self.own.strays {
            let fits = || core.prefix(&[&self.key, data]).is_some_and(|own| loose.has_prefix(own));
            if (kind == Kind::Subkey) == core.is_of_subkeys() && fits() {
                insert(signatures, core.clone(), loose.clone());
            }
        }
    }

    fn signatures(&mut self, signatures: &Signatures, part: Option<&[u8]>) {
        let key = std::mem::take(&mut self.key);
        let data = [&key[..], part.unwrap_or_default()];
        let (revocations, mut rest): (Vec<_>, Vec<_>) = signatures.iter().partition(|(core, _)| core.is_revocation());
        rest.retain(|(core, _)| self.is_whole || !core.is_by_md5());
        let subkey = part.filter(|_| !self.is_whole).and_then(body_of_subkey);
        let consents = subkey.map(|body| self.choice.consents(body, signatures, &data));
        let consents = consents.unwrap_or_default();
        // Of two certifications of one second, or a certification and its revocation, the last counts.
        let (of_names, others): (Vec<_>, Vec<_>) = revocations
            .into_iter()
            .partition(|(core, _)| core.class == class::CERTIFICATION_REVOCATION);
        self.revocations(&others, &data);
        for (core, loose) in self.self_signatures(&rest, &data) {
            if self.is_over() {
                break;
            }
            let chosen = match core.class {
                class::SUBKEY_BINDING if !consents.is_empty() => consents.get(&core.trailer()),
                _ => None,
            };
            let chosen = chosen.map(|body| loose.with_consent(body));
            let loose = chosen.as_ref().unwrap_or(loose);
            self.out.extend(core.encode(loose, self.own.id(), &data));
        }
        rest.sort_by_key(|(core, _)| (core.created, core.takes_away(), *core));
        for (core, loose) in rest.iter().filter(|_| self.vouchers.is_some()) {
            let mut makers = core.makers(loose);
            makers.extend(self.vouched.makers.get(core).into_iter().flatten());
            for maker in makers {
                if maker != self.own.id() {
                    self.out.extend(core.encode(loose, maker, &data));
                }
            }
        }
        self.revocations(&of_names, &data);
        self.key = key;
    }

    /// Those that may be the key's own; of those that take nothing away no more than there is room for.
    fn self_signatures<'s>(&mut self, rest: &[(&'s Core, &'s Loose)], data: &[&[u8]]) -> Vec<(&'s Core, &'s Loose)> {
        let own = rest
            .iter()
            .copied()
            .filter(|(core, loose)| self.own.may_be_own(core, loose));
        let takes_away = |(core, _): &(&Core, &Loose)| !self.only_honest && core.takes_away();
        let (mut taking, mut giving): (Vec<_>, Vec<_>) = own.partition(takes_away);
        if !self.is_whole {
            self.is_cut |= self.choice.narrow(&self.own.body, &mut giving, data);
        }
        taking.append(&mut giving);
        // Of two of one second the last counts.
        taking.sort_by_key(|(core, _)| (core.created, core.takes_away(), *core));
        taking
    }
}

/// The body of a subkey out of what is hashed of it; `None` for other parts.
fn body_of_subkey(hashed: &[u8]) -> Option<&[u8]> {
    match hashed {
        [0x99, _, _, body @ ..] => Some(body),
        _ => None,
    }
}
