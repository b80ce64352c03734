// SPDX-License-Identifier: Apache-2.0
//! Registries: their configuration on this machine, and what they answer.

pub mod challenge;
pub mod login;
pub mod registries_conf;
pub mod registries_d;
