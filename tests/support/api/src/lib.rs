// SPDX-License-Identifier: Apache-2.0
//! A server that plays the OpenShift API over real TLS and enforces its rules, measured on a running one; and proxies to
//! reach it through. Everything listens on the loopback interface.

pub mod acceptor;
pub mod certificates;
pub mod client;
pub mod connection;
mod creation;
mod dispatch;
pub mod fault;
mod field;
mod go;
pub mod http;
mod identity;
mod images;
mod json;
mod list;
pub mod listener;
pub mod log;
pub mod objects;
mod patch;
mod pods;
pub mod policies;
pub mod proxy;
mod raw;
pub mod rbac;
mod reference;
mod reviews;
mod route;
pub mod samples;
mod schema;
pub mod server;
mod signatures;
mod socks;
mod state;
mod status;
mod streams;
mod time;
mod tls_proxy;
pub mod validation;
pub mod wire;

pub use certificates::{ClientCertificate, KeyKind, Name, SERVER_NAME};
pub use fault::Fault;
pub use log::Request;
pub use objects::Objects;
pub use proxy::HttpProxy;
pub use rbac::{Rule, User};
pub use server::Server;
pub use socks::SocksProxy;
pub use tls_proxy::TlsProxy;
