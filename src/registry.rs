// SPDX-License-Identifier: Apache-2.0
//! Registries: their configuration on this machine, and what they answer.

pub mod attachments;
pub mod challenge;
pub mod extension;
pub mod login;
pub mod lookaside;
pub mod registries_conf;
pub mod registries_d;
pub mod session;
pub mod token;
pub mod trouble;
