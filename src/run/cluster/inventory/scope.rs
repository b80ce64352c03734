// SPDX-License-Identifier: Apache-2.0
//! Which images of a cluster an audit is about.

use crate::cluster::names::Name;

/// Which images of a cluster are judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Range {
    /// Every Image object, and what pods run without there being one.
    Images,
    /// What tags of image streams stand for now, and what pods run: in one namespace, or in all.
    Used(Option<String>),
    /// Those that are named, and no others.
    Named(Vec<Wanted>),
}

/// An image that is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What it is called in the cluster.
    pub name: Name,
    /// The same as the user wrote it.
    pub asked: String,
    /// The user says what is expected of it, so that its stream need not be asked.
    pub is_expected: bool,
}

/// Images of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Which images of the cluster belong to it.
    pub range: Range,
    /// A selector of labels; empty for all. It is for Image objects where these are listed, else for streams and pods.
    pub selector: String,
}
