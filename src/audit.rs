// SPDX-License-Identifier: Apache-2.0
//! An audit as data: what is found about each image, the lines of a report that one may go on from, and what follows from
//! them alone: totals, forecasts, sums of shards, differences of two reports. No input or output.
//!
//! A report has a [`head::Head`], one [`entry::Entry`] an image, and a [`tail::Tail`] when the audit came to its end. As JSON
//! lines they stand one after the other; every other format is made from the same three.

pub(crate) mod consistency;
pub mod controls;
pub(crate) mod difference;
pub mod entry;
pub mod fail_on;
pub(crate) mod fault;
pub(crate) mod finding;
pub mod format;
pub(crate) mod gaps;
pub mod head;
pub(crate) mod images;
mod in_use;
pub(crate) mod lines;
pub(crate) mod merge;
pub(crate) mod prefix_map;
pub(crate) mod source;
pub mod tail;
pub mod totals;
pub(crate) mod uses;
