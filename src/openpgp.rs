// SPDX-License-Identifier: Apache-2.0
//! OpenPGP.
pub mod armor;
pub mod compression;
pub mod engine;
pub mod gpgme;
pub mod home;
pub mod key;
pub mod keyfile;
pub mod keyring;
pub mod listing;
pub mod message;
pub mod packet;
pub mod ring;
pub mod shadow;
pub mod signature;
pub mod userkeys;
