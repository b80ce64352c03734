// SPDX-License-Identifier: Apache-2.0
//! Files: reading within bounds, replacing at once, and leaving nothing temporary behind.

pub(crate) mod attributes;
pub mod cleanup;
pub(crate) mod exposed;
pub(crate) mod fresh;
pub(crate) mod identity;
pub(crate) mod pipe;
pub(crate) mod place;
pub(crate) mod prepared;
pub(crate) mod read;
mod refused;
pub(crate) mod replace;
