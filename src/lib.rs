//! x
pub mod digest;
pub mod identity;
pub mod json;
pub mod manifest;
pub mod payload;
pub mod reference;
