// SPDX-License-Identifier: Apache-2.0
//! Verdicts: the four steps on each signature in their order, and what they make of the image.
//!
//! `Verified` comes into being in this module only, through [`judge`] and [`ImageOutcome::combine`]. Every outcome carries
//! each check made with the values compared, so that explaining needs no second look.

mod by_kind;
mod comparison;
pub mod expectation;
mod finding;
pub(crate) mod footing;
pub(crate) mod image;
pub(crate) mod left_out;
pub(crate) mod of_list;
pub(crate) mod pipeline;
mod said;
pub(crate) mod signature;
pub(crate) mod signer;
mod steps;
pub(crate) mod tally;
mod unmet;

pub use expectation::{Expectation, IdentitySource};
pub use finding::Finding;
pub use footing::Footing;
pub use image::ImageOutcome;
pub use signature::{Check, Ended, SignatureOutcome, Step};
pub use signer::Signer;
pub use steps::judge;
