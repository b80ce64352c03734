// SPDX-License-Identifier: Apache-2.0
//! What the user demands of signatures beside their keys.

/// What the user says about the signed identities and their signers, beside the keys.
#[derive(Debug, Clone, Copy, Default)]
pub struct Demands<'o> {
    /// The rule of `--identity-match`.
    pub identity_match: Option<&'o str>,
    /// The number of `--require`.
    pub require: Option<u32>,
    /// The namespace of `-n`, whose ImagePolicies count.
    pub namespace: Option<&'o str>,
}
