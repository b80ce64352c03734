// SPDX-License-Identifier: Apache-2.0
//! OpenPGP: strict framing of messages, keys and keyrings, and GnuPG, which decides.
//!
//! [`message`] is the gate: what does not pass it never reaches GnuPG. [`engine`] says what an engine is;
//! [`filekeys`] and [`userkeys`] are the two there are. Only [`gpgme`] calls gpgme and so starts gpg.
pub mod algorithm;
pub mod armor;
mod checks;
pub mod compression;
mod convert;
pub mod engine;
pub mod filekeys;
pub mod gpgme;
pub mod home;
pub mod key;
pub mod keyboxd;
pub mod keyfile;
pub mod keyring;
pub mod listing;
pub mod message;
pub mod packet;
pub mod ring;
pub mod shadow;
pub mod signature;
pub mod status;
mod subpacket;
pub mod system;
pub mod userkeys;
