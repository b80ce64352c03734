// SPDX-License-Identifier: Apache-2.0
//! Keys: as their files and keyrings hold them, as GnuPG lists them, and as they are shown.

mod as_read;
pub mod certificate;
mod certificate_write;
pub mod copies;
pub mod home_ring;
pub mod index;
pub mod key;
pub mod key_file;
pub mod key_signature;
pub mod listing;
pub mod material;
pub mod needs;
pub mod overlooked;
pub mod public_key;
pub mod ring;
pub mod signed_by;
