// SPDX-License-Identifier: Apache-2.0
//! What a key says of itself, for messages and comparisons.

use super::{Certificate, Kind};
use crate::openpgp::keys::key_signature::class;
use crate::openpgp::keys::material;

impl Certificate {
    /// The first user ID; not safe to print as it is.
    #[must_use]
    pub fn user_id(&self) -> Option<String> {
        let user_ids = self.parts.iter().filter(|((kind, _), _)| *kind == Kind::UserId);
        let first = user_ids.min_by_key(|(_, part)| part.place)?;
        Some(String::from_utf8_lossy(&first.0 .1).into_owned())
    }

    /// Algorithm and strength of the primary key, such as `rsa4096`.
    #[must_use]
    pub fn algorithm(&self) -> String {
        material::algorithm_name(&self.body)
    }

    /// Whether all that is said to bind it to its owners is by SHA-1.
    #[must_use]
    pub fn is_bound_by_sha1_only(&self) -> bool {
        /// RFC 9580 section 9.5.
        const SHA1: u8 = 2;
        let user_ids = self.parts.iter().filter(|((kind, _), _)| *kind == Kind::UserId);
        let mut own = user_ids
            .flat_map(|(_, part)| &part.signatures)
            .filter(|(core, loose)| class::CERTIFICATION.contains(&core.class) && core.is_said_to_be_by(loose, self.id))
            .map(|(core, _)| core.hash)
            .peekable();
        own.peek().is_some() && own.all(|hash| hash == SHA1)
    }

    /// Whether another copy of the key has the same user IDs, subkeys and signatures of its own.
    #[must_use]
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        match (self.write_own(), other.write_own()) {
            (Ok(own), Ok(other)) => own == other,
            _ => false,
        }
    }

    /// How many user IDs, pictures and subkeys it has.
    #[must_use]
    pub fn counts(&self) -> [usize; 3] {
        [Kind::UserId, Kind::Attribute, Kind::Subkey]
            .map(|own| self.parts.keys().filter(|(kind, _)| *kind == own).count())
    }
}
