// SPDX-License-Identifier: Apache-2.0
//! What the tests share.
#![allow(dead_code, missing_docs)]

pub mod vectors;
