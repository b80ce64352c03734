// SPDX-License-Identifier: Apache-2.0
//! What is known of an image beside its object.

use crate::run::elsewhere::Elsewhere;
use crate::run::lists::ExpectedLists;

/// What is known of an image beside its object.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Beside<'b> {
    /// What was found of it in a registry.
    pub(super) elsewhere: Option<&'b Elsewhere>,
    /// The lists that are expected and name it.
    pub(super) lists: Option<&'b ExpectedLists>,
}
