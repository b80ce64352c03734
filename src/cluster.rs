// SPDX-License-Identifier: Apache-2.0
//! An OpenShift cluster: kubeconfig files, credentials, the API and its errors.

pub mod access;
mod advice;
pub mod api;
pub(crate) mod blocked;
pub mod containers;
pub mod credentials;
pub mod exec;
pub(crate) mod images;
pub mod kubeconfig;
mod members;
pub mod mirrors;
pub(crate) mod names;
pub(crate) mod origins;
pub mod pages;
pub(crate) mod patch;
pub(crate) mod pods;
pub(crate) mod policies;
pub mod registries;
pub mod release;
pub(crate) mod rights;
pub mod status;
pub mod streams;
mod tags;
pub(crate) mod whoami;
