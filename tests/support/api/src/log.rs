// SPDX-License-Identifier: Apache-2.0
//! What a server was asked, for tests to look at.

use serde_json::Value;

use super::http::HttpRequest;
use super::identity::Peer;

/// One request and how it ended.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    /// The path, percent-decoded, without the query.
    pub path: String,
    /// The path and query as they were sent.
    pub target: String,
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    /// The body as JSON; null where there is none.
    pub body: Value,
    /// The body as it was sent, up to the limit.
    pub raw_body: Vec<u8>,
    /// Whom the request acted as; empty where the credential was refused or nobody looked at it.
    pub user: String,
    /// Whose credential it was.
    pub authenticated: String,
    /// The status code of the answer; 0 where there was none.
    pub status: u16,
    /// The name that the client asked for in the TLS handshake.
    pub server_name: Option<String>,
    /// Whether the connection was encrypted.
    pub tls: bool,
}

impl Request {
    /// A request as it was read, before it is served.
    pub(super) fn new(request: &HttpRequest, peer: &Peer) -> Self {
        Self {
            method: request.method.clone(),
            path: request.path.clone(),
            target: request.target.clone(),
            query: request.query.clone(),
            headers: request.headers.clone(),
            body: serde_json::from_slice(&request.body).unwrap_or(Value::Null),
            raw_body: request.body.clone(),
            user: String::new(),
            authenticated: String::new(),
            status: 0,
            server_name: peer.server_name.clone(),
            tls: peer.tls,
        }
    }

    /// The first header of a name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let same = |(n, _): &&(String, String)| n.eq_ignore_ascii_case(name);
        self.headers.iter().find(same).map(|(_, v)| v.as_str())
    }

    /// The first query parameter of a name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// `METHOD /path`, to compare whole conversations.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Whether the request would change something on the server.
    pub fn is_write(&self) -> bool {
        let review = self.path.contains("/selfsubject");
        !matches!(self.method.as_str(), "GET" | "HEAD") && !review
    }
}
