// SPDX-License-Identifier: Apache-2.0
//! OpenPGP: strict framing of messages, keys and keyrings, and GnuPG, which decides.
//!
//! [`framing`] is the gate. [`engine`] is the one pipeline; [`roles`] says what it is put together of: a set of
//! keys, of which [`trust`] has two, and a check, of which [`gnupg`] has two as well: [`gnupg::check`], and before it, for
//! many signatures, [`gnupg::batch`]. Only [`gnupg::gpgme`] calls gpgme.

mod candidates;
mod checks;
pub mod engine;
pub(crate) mod error;
pub mod framing;
pub mod gnupg;
pub mod judgement;
pub mod keys;
mod refusals;
pub mod roles;
pub mod signer;
pub mod trust;
