// SPDX-License-Identifier: Apache-2.0
//! The rows of the table of uses.

use crate::audit::entry::UseKind;

/// A use of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Record {
    pub image: [u8; 32],
    pub kind: UseKind,
    pub namespace: u32,
    /// The name, up to and with its first colon or slash: streams have many tags, and tags have few names.
    pub first: u32,
    pub second: u32,
    /// Where its references begin, and how many there are.
    pub references: u32,
    pub count: u16,
    /// Whether they say what to expect, or only where it is had from.
    pub is_demand: bool,
}

/// A reference of a use: repository, and tag or else the digest of the image itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Named {
    pub repository: u32,
    pub tag: Option<std::num::NonZeroU32>,
}

/// A place from which a namespace runs a list, handed down to an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub image: [u8; 32],
    pub list: [u8; 32],
    pub namespace: u32,
    pub named: Named,
}
