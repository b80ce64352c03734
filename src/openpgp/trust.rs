// SPDX-License-Identifier: Apache-2.0
//! Which keys may have made a signature: those of key files, or those of the user's keyring that are valid there.

pub mod import;
pub mod key_files;
pub mod other_keyrings;
pub mod shadow;
pub mod trust_file;
pub mod user_home;
pub mod user_keyring;
pub mod vouchers;
