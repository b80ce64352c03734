// SPDX-License-Identifier: Apache-2.0
//! Recorded cases that need gpg, through the shipped binary: the OpenPGP hazards, the reference implementation's
//! mechanism, images in directories, signatures from the field.

#[path = "corpus/engines.rs"]
mod engines;
#[path = "corpus/field.rs"]
mod field;
#[path = "corpus/formats.rs"]
mod formats;
#[path = "corpus/hazards.rs"]
mod hazards;
#[path = "corpus/outcomes.rs"]
mod outcomes;
#[path = "corpus/policies.rs"]
mod policies;
#[path = "corpus/recorded.rs"]
mod recorded;
