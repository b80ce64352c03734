// SPDX-License-Identifier: Apache-2.0
//! What a release payload says of its components, as whoever takes stock of a cluster is told it.

use crate::cluster::images::FoundImage;
use crate::cluster::release::{Component, Payload};
use crate::reason::Refusal;
use crate::run::elsewhere::Elsewhere;

/// What comes of reading a payload. Both are empty where its word does not count.
#[derive(Debug, Default)]
pub(in crate::run) struct Contents {
    /// Its components, as far as they are known.
    pub(in crate::run) components: Vec<Component>,
    /// Why the uses of images are not all known, in sentences that are safe to print.
    pub(in crate::run) unknown: Vec<String>,
}

/// Judges a payload that runs, with the signatures of it that the cluster keeps and its object, if there is one, and reads
/// which components it has.
pub(in crate::run) type Reader<'r> = &'r mut dyn FnMut(&Payload, Elsewhere, Result<FoundImage, Refusal>) -> Contents;
