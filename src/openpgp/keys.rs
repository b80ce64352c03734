// SPDX-License-Identifier: Apache-2.0
//! Keys: as their files and keyrings hold them, as GnuPG lists them, and as they are shown.

mod as_read;
pub mod certificate;
mod certificate_write;
pub(crate) mod copies;
pub(crate) mod home_ring;
pub(crate) mod index;
pub mod key;
pub mod key_file;
pub(crate) mod key_signature;
pub(crate) mod listing;
pub mod material;
pub(crate) mod needs;
pub(crate) mod overlooked;
pub mod public_key;
pub mod ring;
pub mod signed_by;
