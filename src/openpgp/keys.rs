// SPDX-License-Identifier: Apache-2.0
//! Keys: as their files and keyrings hold them, as GnuPG lists them, and as they are shown.

pub mod home_ring;
pub mod key;
pub mod key_file;
pub mod listing;
pub mod ring;
