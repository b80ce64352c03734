// SPDX-License-Identifier: Apache-2.0
//! Registries: their configuration on this machine, and what they answer.

pub mod access;
pub mod attachments;
mod authorization;
pub mod budget;
pub mod challenge;
mod clients;
pub mod configuration;
pub mod extension;
pub(crate) mod helper;
mod instead;
pub mod login;
pub mod logins;
pub mod lookaside;
pub mod network;
mod redirect;
pub mod referrers;
mod refused;
pub mod registries_conf;
pub mod registries_d;
mod repository;
pub mod said;
mod sent;
pub mod served;
pub mod session;
pub(crate) mod skopeo;
pub mod token;
pub mod trouble;
mod url_text;

pub use repository::Repository;
