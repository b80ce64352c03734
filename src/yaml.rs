// SPDX-License-Identifier: Apache-2.0
//! YAML as `oc` and `kubectl` read and write it: parsing into values with the places of all nodes, and emitting.
//!
//! The parser underneath (saphyr-parser) yields events. What is made of them here is JSON's data model, as `kubectl`
//! makes it: string keys, no repeated keys, aliases and merge keys expanded within bounds.
//!
//! [`convert`] turns documents of any size into JSON as a stream; [`parse`] keeps all nodes with their places, which is
//! for small files.

mod compose;
pub mod convert;
pub mod emit;
mod node;
mod offsets;
mod scalar;

pub use compose::parse;
pub use node::{line, Content, Error, Member, Node, Stream};
pub(crate) use offsets::Offsets;
