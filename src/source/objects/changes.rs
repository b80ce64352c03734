// SPDX-License-Identifier: Apache-2.0
//! What is to change in a file of objects.

use std::io;

use crate::edit::SignatureEdit;

/// Changes to the objects of a file, by their index in it.
pub trait Changes {
    /// Those of the first object that has any and is not before `entry`.
    ///
    /// # Errors
    /// When they cannot be read again.
    fn from(&self, entry: usize) -> io::Result<Option<(usize, Vec<SignatureEdit>)>>;

    /// Whether an object has any.
    fn has(&self, entry: usize) -> bool;
}
