// SPDX-License-Identifier: Apache-2.0
//! What is known of an image beside its object.

use crate::reason::Refusal;
use crate::run::elsewhere::Elsewhere;
use crate::subject::NamingList;

/// What is known of an image beside its object.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Beside<'b> {
    /// What was found of it in a registry.
    pub(super) elsewhere: Option<&'b Elsewhere>,
    /// The list that is expected and names it; or why it is not known whether there is one.
    pub(super) list: Option<&'b Result<NamingList, Refusal>>,
}
