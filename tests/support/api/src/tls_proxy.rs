// SPDX-License-Identifier: Apache-2.0
//! A proxy that is itself reached by https, and connects nobody: it notes what it is shown.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use super::acceptor::acceptor;
use super::certificates::{Authority, Name};
use super::listener::{lock, Listener, Stop};
use super::proxy::head;

/// The proxy. It ends when it is dropped.
#[derive(Debug)]
pub struct TlsProxy {
    heads: Arc<Mutex<Vec<String>>>,
    listener: Listener,
}

impl TlsProxy {
    /// Starts one with a certificate for these names, that gives everybody the same answer.
    pub fn start(authority: &Authority, names: &[Name<'_>], answer: &'static str) -> Self {
        let acceptor = acceptor(authority.server_for("proxy", names, true), authority);
        let heads = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&heads);
        let listener = Listener::start(Arc::new(Stop::default()), move |socket| {
            // A client that refuses the certificate is what tests are about.
            let Ok(mut client) = acceptor.accept(socket) else {
                return;
            };
            if let Ok(head) = head(&mut client) {
                lock(&noted).push(String::from_utf8_lossy(&head).into_owned());
                let _ = client.write_all(answer.as_bytes());
                let _ = client.shutdown();
            }
        });
        Self { heads, listener }
    }

    /// Where the proxy listens.
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// The heads of the requests that it got.
    pub fn heads(&self) -> Vec<String> {
        lock(&self.heads).clone()
    }
}
