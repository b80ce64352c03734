// SPDX-License-Identifier: Apache-2.0
//! The rows of the table of uses.

use crate::audit::entry::{Use, UseKind};
use crate::digest::Digest;

/// Most uses in the table: about 1 GiB of memory.
pub(super) const MAX_RECORDS: usize = 8_000_000;

/// A use of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Record {
    /// The number of the image.
    pub image: u32,
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

/// What a list is to be signed as, and so its instances; or where it is run from, and so one of them. Where these references
/// begin, and how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Inherited {
    pub list: [u8; 32],
    pub references: u32,
    pub count: u16,
    /// The namespace that runs it from there; none where it is to be signed so, with tags all of them.
    pub runs_in: Option<u32>,
}

/// Lists, and what they hand down.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// Instances, each with a list that it is in, sorted.
    pub of: Vec<([u8; 32], [u8; 32])>,
    /// What is handed down, sorted by the list that it begins at.
    pub inherited: Vec<Inherited>,
    /// Lists of which not all is looked at, sorted.
    pub left: Vec<Left>,
    /// Lists that hand something down, sorted, and whether any of it says what to expect.
    pub handing: Vec<([u8; 32], bool)>,
}

/// What lists hand down to an image.
#[derive(Debug, Default)]
pub(super) struct FromLists<'u> {
    /// Each with the list of the image by which it comes.
    pub all: Vec<(&'u Inherited, [u8; 32])>,
    /// How much is not looked at.
    pub more_demands: u64,
    pub more_places: u64,
}

/// How much of what a list hands down is looked at, and how much of each kind is not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Left {
    pub list: [u8; 32],
    pub given: usize,
    pub demands: u64,
    pub places: u64,
}

/// The use of an instance by a list.
pub(super) fn of_list(list: [u8; 32]) -> Use {
    Use {
        kind: UseKind::List,
        namespace: String::new(),
        name: Digest::from_hash(list).to_string(),
        expects_nothing: false,
    }
}
