// SPDX-License-Identifier: Apache-2.0
//! Requests and answers, as the rest of the program sees them.

use std::fmt;
use std::time::Instant;

use ureq::http::HeaderMap;

use super::secret::Secret;

/// What a request does to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Something is read; sent again where the answer is lost.
    Get,
    /// Something is made, or asked with a body.
    Post,
    /// Something is changed by a patch.
    Patch,
}

impl Method {
    /// The word in the request.
    pub(super) fn word(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Patch => "PATCH",
        }
    }
}

/// A request that is not bound to one connection: it may be sent again.
pub struct Request<'r> {
    /// What the request does to the resource.
    pub method: Method,
    /// The absolute URL, with its query.
    pub url: &'r str,
    /// Media types that are understood.
    pub accept: &'r str,
    /// More headers: name and value.
    pub headers: &'r [(String, Secret)],
    /// Media type and content.
    pub body: Option<(&'static str, &'r [u8])>,
    /// Largest answer, in bytes after decompression.
    pub limit: u64,
    /// When it must have ended, all attempts included, whatever the limits of time for one.
    pub until: Option<Instant>,
}

/// Without URL and body: a query may hold a key, and a form a password.
impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

/// An answer, whatever its status.
pub struct Response {
    /// The status code of the last answer.
    pub status: u16,
    /// The media type without parameters, in lower case.
    pub content_type: String,
    /// The content, after decompression.
    pub body: Vec<u8>,
    /// Headers whose values are text.
    pub headers: Headers,
    /// The server's time when it answered, in seconds since 1970, if it told one that can be read.
    pub date: Option<i64>,
    /// When the answer began to arrive.
    pub received: Instant,
}

/// Without body and headers: either may hold a token.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("content_type", &self.content_type)
            .field("date", &self.date)
            .finish_non_exhaustive()
    }
}

/// The headers of an answer.
#[derive(Clone, Default)]
pub struct Headers(pub(super) HeaderMap);

/// The names alone: a value may hold a token, in a URL for one.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

impl Headers {
    /// All values of a header, in order; those that are not text are left out.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.get_all(name).iter().filter_map(|value| value.to_str().ok())
    }

    /// The first value of a header.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }
}
