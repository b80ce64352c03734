// SPDX-License-Identifier: Apache-2.0
//! What holds for every input: no panic, no result without bound, and never `Verified` for bytes that nobody signed.
//!
//! The inputs come out of a generator of our own, the same in each run. `PROPERTY_SEED=number` gives others, and
//! `PROPERTY_ROUNDS=number` more of them; a failure names both seed and input.

#[path = "properties/edits.rs"]
mod edits;
#[path = "properties/engines.rs"]
mod engines;
#[path = "properties/formats.rs"]
mod formats;
#[path = "properties/generator.rs"]
mod generator;
#[path = "properties/memory.rs"]
mod memory;
#[path = "properties/messages.rs"]
mod messages;
#[path = "properties/openpgp.rs"]
mod openpgp;
#[path = "properties/signatures.rs"]
mod signatures;
#[path = "properties/targets.rs"]
mod targets;
