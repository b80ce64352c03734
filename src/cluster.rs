// SPDX-License-Identifier: Apache-2.0
//! An OpenShift cluster: kubeconfig files, credentials, the API and its errors.

pub mod access;
mod advice;
pub mod api;
pub mod blocked;
pub mod containers;
pub mod credentials;
pub mod exec;
pub mod images;
pub mod kubeconfig;
mod members;
pub mod mirrors;
pub mod names;
pub mod origins;
pub mod pages;
pub mod patch;
pub mod pods;
pub mod policies;
pub mod registries;
pub mod release;
pub mod rights;
pub mod status;
pub mod streams;
mod tags;
pub mod whoami;
