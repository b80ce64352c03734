// SPDX-License-Identifier: Apache-2.0
//! The strict, bounded reading of OpenPGP packets: what does not pass it never reaches GnuPG.

pub mod algorithm;
pub mod armor;
pub mod compression;
pub(crate) mod cut;
pub(crate) mod key_id;
pub mod lost;
pub mod message;
pub(crate) mod one_pass;
pub mod packet;
mod refusal;
pub mod signature;
pub mod stranger;
pub(super) mod subpacket;
