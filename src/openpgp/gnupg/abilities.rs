// SPDX-License-Identifier: Apache-2.0
//! What this gpg can check at all.
//!
//! A key that gpg cannot check looks to it like one without valid self-signature, and a certification by such a key like
//! none. Which algorithms it has depends on how libgcrypt was built and on FIPS mode; what gpg lists as supported is not
//! what it then does (curves, in FIPS mode). So it is tried: gpg is given a good key of each kind, and one with a user ID
//! certified by each digest. What it takes, it can check; what it does not take, it cannot, or nobody knows.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::openpgp::error::EngineError;
use crate::openpgp::framing::algorithm::HashAlgorithm;
use crate::openpgp::gnupg::gpgme::Gpg;
use crate::openpgp::gnupg::home::Home;
use crate::openpgp::keys::key_file;
use crate::openpgp::keys::needs::{Kind, Needs};

/// Good keys with self-signatures of 2020 and no end: RSA (2048 and 1024 bits), DSA, ECDSA and EdDSA on the curves of
/// GnuPG 2.2. They were made for this alone, and their secret keys were thrown away.
const PROBES: &[u8] = include_bytes!("abilities/probes.pgp");

/// The digests by which user IDs in the probes are certified; a user ID has the name of its digest.
const DIGESTS: [u8; 6] = [2, 3, 8, 9, 10, 11];

/// The kinds of keys and digests that gpg was seen to check.
#[derive(Debug)]
pub struct Abilities {
    kinds: Vec<Kind>,
    digests: BTreeSet<u8>,
}

impl Abilities {
    /// Tries it, in a home of its own below one of `places`.
    ///
    /// # Errors
    /// When gpg fails.
    pub fn tried(places: &[PathBuf]) -> Result<Self, EngineError> {
        let home = Home::isolated(places).map_err(|error| EngineError::failed("making an isolated keyring", error))?;
        let mut gpg = Gpg::start(home.path())?;
        let taken = gpg.import(PROBES)?.taken;
        let listed = gpg.keys(&[])?;
        let probes = key_file::look(PROBES).certificates;
        let is_taken = |fingerprint| taken.contains(fingerprint);
        let kinds = probes
            .iter()
            .filter(|probe| is_taken(probe.fingerprint()))
            .flat_map(|probe| probe.needs(|_| false).kinds)
            .collect();
        let own = listed.iter().filter(|key| is_taken(key.fingerprint()));
        let names: BTreeSet<&str> = own
            .flat_map(|key| &key.user_ids)
            .filter(|id| !id.revoked)
            .map(|id| id.text.as_str())
            .collect();
        let digests = DIGESTS
            .into_iter()
            .filter(|digest| names.contains(HashAlgorithm(*digest).to_string().as_str()))
            .collect();
        Ok(Self { kinds, digests })
    }

    /// What of some needs it was not seen to check, in words.
    #[must_use]
    pub fn lack(&self, needs: &Needs) -> Option<String> {
        needs.beyond(&self.kinds, &self.digests, &DIGESTS.into())
    }
}

/// Why it may lack something; the end of a sentence.
#[must_use]
pub fn cause() -> &'static str {
    /// What libgcrypt looks at besides the environment.
    const FIPS: [(&str, &str); 2] = [("/proc/sys/crypto/fips_enabled", "1"), ("/etc/gcrypt/fips_enabled", "")];
    let is_on = |(file, begin): &(&str, &str)| {
        let text = std::fs::read_to_string(file);
        text.is_ok_and(|text| text.starts_with(begin))
    };
    if FIPS.iter().any(is_on) {
        "the system is in FIPS mode, in which libgcrypt disables some algorithms"
    } else {
        "FIPS mode of libgcrypt, or how it was built, may be why"
    }
}
