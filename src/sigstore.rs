// SPDX-License-Identifier: Apache-2.0
//! Key-based sigstore ("cosign") signatures: public keys, stored signatures and the check of one against the other.
//!
//! A signature is a payload, which is signed as its bytes stand, and annotations, of which one holds the raw
//! signature. Certificates, transparency logs and bundles are recognised, not checked.

pub mod attachment;
pub mod check;
pub mod key;
pub(crate) mod keys;
mod pem;
