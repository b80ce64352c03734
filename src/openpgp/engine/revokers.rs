// SPDX-License-Identifier: Apache-2.0
//! Keys that others have designated to revoke them.

use std::sync::Arc;

use super::Engine;
use crate::openpgp::error::EngineError;
use crate::openpgp::keys::certificate::Certificate;
use crate::openpgp::keys::key::Fingerprint;
use crate::openpgp::roles::Maker;

impl Engine {
    /// The keys at hand that a key names as its designated revokers and that are said to have revoked it. One that is not
    /// at hand is warned of: it alone could tell.
    pub(super) fn revokers_of(&mut self, certificate: &Certificate) -> Result<Vec<Arc<Certificate>>, EngineError> {
        let mut found = Vec::new();
        for revoker in certificate.revoked_by() {
            let fingerprint = Fingerprint::of(&revoker);
            let keys = self.keys.candidates(&Maker::Fingerprint(fingerprint.clone()))?;
            if keys.is_empty() {
                let warning = format!(
                    "key {} has a revocation by its designated revoker, key {fingerprint}, which is not in {}: without that key the revocation cannot be checked",
                    certificate.fingerprint(),
                    self.keys.name()
                );
                if !self.warnings.contains(&warning) {
                    self.warnings.push(warning);
                }
            }
            found.extend(keys);
        }
        Ok(found)
    }

    /// Makes sure that a key which the checker does not call revoked is none that it could not check a revocation of: for
    /// want of an algorithm, or because it does not believe who is said to have made it.
    pub(super) fn ensure_revocations_are_checked(&mut self, certificate: &Certificate) -> Result<(), EngineError> {
        if certificate.is_crowded() || certificate.has_many_revokers() {
            return Err(EngineError::crowded(certificate.fingerprint().as_str()));
        }
        let revokers = self.revokers_of(certificate)?;
        let own = certificate.needs_for_revocations();
        let needs = revokers.iter().fold(own, |needs, own| needs.and(own.needs(|_| false)));
        self.ensure_able(needs)?;
        for (revoker, read) in revokers.iter().zip(self.check.read(&revokers)?) {
            if !read.is_some_and(|key| key.may_revoke_others()) {
                let [key, revoker] = [certificate, &**revoker].map(|own| own.fingerprint().as_str());
                return Err(EngineError::unchecked_revocation(key, revoker));
            }
        }
        Ok(())
    }
}
