// SPDX-License-Identifier: Apache-2.0
//! Whether an image is in use: a release payload names its components, and need not run them.

use super::entry::{Entry, Use, UseKind};

impl Use {
    /// Whether it is that a payload names the image as a component.
    #[must_use]
    pub fn is_component(&self) -> bool {
        self.kind == UseKind::Release && self.name.contains('/')
    }
}

impl Entry {
    /// Whether something uses the image.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        self.more_uses > 0 || self.uses.iter().any(|by| !by.is_component())
    }
}
