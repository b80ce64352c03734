// SPDX-License-Identifier: Apache-2.0
//! What was found out about a signature by itself, before anyone asks what it is for.

use super::signer::Signer;
use crate::openpgp::judgement::Judgement;
use crate::reason::Refusal;
use crate::sigstore::keys::Checked;

/// What GnuPG or the check of a sigstore signature found out.
#[derive(Debug, Clone)]
pub enum Finding {
    /// A good signature by an accepted key.
    Good(Signer),
    /// A signature that is not accepted, and who made it, if it was verified with that key.
    Refused(Refusal, Option<Signer>),
}

impl From<Judgement> for Finding {
    fn from(judgement: Judgement) -> Self {
        match judgement {
            Judgement::Good(signer) => Finding::Good(Signer::Gpg(signer)),
            Judgement::Refused { refusal, signer } => Finding::Refused(refusal, signer.map(Signer::Gpg)),
        }
    }
}

impl From<Checked> for Finding {
    fn from(checked: Checked) -> Self {
        match checked {
            Checked::Good(signer) => Finding::Good(Signer::Sigstore(signer)),
            Checked::NotAccepted(signer, refusal) => Finding::Refused(refusal, Some(Signer::Sigstore(signer))),
            Checked::Refused(refusal) => Finding::Refused(refusal, None),
        }
    }
}
