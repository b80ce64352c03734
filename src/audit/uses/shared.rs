// SPDX-License-Identifier: Apache-2.0
//! The images of the table, for who knows them too: they are kept once.

use std::sync::Arc;

use super::images::Images;
use super::Uses;

impl Uses {
    /// Has the table begin with images that nothing uses yet, before any use is added.
    pub fn begin_with(&mut self, images: Vec<[u8; 32]>) {
        self.images = Images::of(images);
    }

    /// Whether the table began with an image.
    #[must_use]
    pub fn began_with(&self, image: &[u8; 32]) -> bool {
        self.images.is_sorted_one(image)
    }

    /// Images that are used and that the table did not begin with, sorted. Known until the table is sorted.
    #[must_use]
    pub fn added(&self) -> Vec<[u8; 32]> {
        self.images.added()
    }

    /// The images that the table began with, and those that are used, sorted, once the table is.
    #[must_use]
    pub fn all(&self) -> Arc<Vec<[u8; 32]>> {
        Arc::clone(self.images.all())
    }
}
