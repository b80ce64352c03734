// SPDX-License-Identifier: Apache-2.0
//! What the engine makes of one message.

use crate::openpgp::signer::GpgSigner;
use crate::reason::Refusal;

/// What the engine makes of one message.
#[derive(Debug, Clone)]
pub enum Judgement {
    /// A good signature by an accepted key.
    Good(GpgSigner),
    /// A signature that is not accepted.
    Refused {
        /// The reason and the message.
        refusal: Refusal,
        /// The signer, if the signature was verified with that key.
        signer: Option<GpgSigner>,
    },
}

impl From<Refusal> for Judgement {
    fn from(refusal: Refusal) -> Self {
        Judgement::Refused { refusal, signer: None }
    }
}
