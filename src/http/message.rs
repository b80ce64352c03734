// SPDX-License-Identifier: Apache-2.0
//! Requests and answers, as the rest of the program sees them.

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
#[derive(Debug)]
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

/// An answer, whatever its status.
#[derive(Debug)]
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

/// The headers of an answer.
#[derive(Debug, Clone, Default)]
pub struct Headers(pub(super) HeaderMap);

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
