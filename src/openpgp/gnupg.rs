// SPDX-License-Identifier: Apache-2.0
//! GnuPG: temporary homes, the calls through gpgme, and what gpg's answers mean.

mod abilities;
mod answers;
mod as_read;
pub mod batch;
pub mod check;
mod convert;
mod failure;
pub mod gpgme;
pub mod home;
pub(crate) mod keyboxd;
pub mod status;
pub(crate) mod system;
