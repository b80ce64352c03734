// SPDX-License-Identifier: Apache-2.0
//! Files: reading within bounds, replacing at once, and leaving nothing temporary behind.

pub mod attributes;
pub mod cleanup;
pub mod exposed;
pub mod fresh;
pub mod identity;
pub mod pipe;
pub mod place;
pub mod prepared;
pub mod read;
mod refused;
pub mod replace;
