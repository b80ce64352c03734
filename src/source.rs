// SPDX-License-Identifier: Apache-2.0
//! Where images come from: files with API objects, directories in skopeo's layout, single parts.
//!
//! Each source yields [`Subject`](crate::subject::Subject)s one at a time; nothing of one is kept when the next is read.

pub(crate) mod directory;
pub mod objects;
pub(crate) mod parts;
pub mod registry;
pub mod stored;
