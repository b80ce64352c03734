// SPDX-License-Identifier: Apache-2.0
//! OpenPGP: strict framing of messages, keys and keyrings, and GnuPG, which decides.
//!
//! [`framing`] is the gate. [`engine`] says what an engine is; [`trust`] has the two there are. Only
//! [`gnupg::gpgme`] calls gpgme and so starts gpg.

mod answers;
mod checks;
pub mod engine;
pub mod framing;
pub mod gnupg;
pub mod keys;
pub mod trust;
