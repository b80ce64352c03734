// SPDX-License-Identifier: Apache-2.0
//! Which keys may have made a signature: those of key files, or those of the user's keyring that are valid there.

pub mod import;
pub(crate) mod key_files;
pub(crate) mod other_keyrings;
pub(crate) mod shadow;
pub(crate) mod trust_file;
pub(crate) mod user_home;
pub(crate) mod user_keyring;
pub(crate) mod vouchers;
