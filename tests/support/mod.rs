// SPDX-License-Identifier: Apache-2.0
//! What the tests share. No test uses all of it.

#![allow(dead_code)]

pub mod vectors;
