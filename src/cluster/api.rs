// SPDX-License-Identifier: Apache-2.0
//! Requests to the API server.

mod error;

use serde_json::Value;

pub use self::error::ApiError;
use super::access::Access;
use super::advice::advice;
use super::credentials::{CredentialSource, Credentials};
use super::status::Status;
use crate::http::escape::escaped_but;
use crate::http::secret::{without, Secret};
use crate::http::tls::{self, Identity};
use crate::http::{self, Client, Method, Request};
use crate::json;
use crate::limits::{MAX_OBJECT_BYTES, MAX_PAGE_BYTES};
use crate::text::{quoted, safe};

/// After how many objects of one kind in a row that a busy server refuses to give (429), each after all its retries, it is not
/// asked any more: every further one would wait as long, in vain. There are few lists, and what a server refuses of one
/// kind says little of another: it counts requests by kind and user.
const MAX_TOO_BUSY: u32 = 2;

/// A connection to the API server.
#[derive(Debug)]
pub struct Api {
    access: Access,
    client: Client,
    credentials: Credentials,
    identity: Option<Identity>,
    /// What was shown to the server, in each form that it may send back.
    shown: Vec<Secret>,
    /// What was said when nobody was reached.
    down: Option<String>,
    /// How many objects in a row the server was too busy to give, each after all its retries, and of which kind.
    too_busy: (String, u32),
    clock_skew: Option<i64>,
}

impl Api {
    /// Sets up what is needed; nothing is contacted, and no credential is fetched.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(mut access: Access) -> Result<Self, tls::TlsError> {
        // Whoever listens on the wire must not get a credential.
        if !access.server.is_https() {
            access.credential = CredentialSource::None;
            access.http.tls.identity = None;
        }
        let client = Client::new(access.http.clone())?;
        let credentials = Credentials::new(access.credential.clone(), access.clock);
        Ok(Self {
            client,
            credentials,
            access,
            identity: None,
            shown: Vec::new(),
            down: None,
            too_busy: (String::new(), 0),
            clock_skew: None,
        })
    }

    /// How it is reached.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// How far our clock is ahead of the server's by its last answer, in seconds; negative where it is behind, `None` as
    /// long as the server has told no time.
    #[must_use]
    pub fn clock_skew(&self) -> Option<i64> {
        self.clock_skew
    }

    /// The token that the server knows the user by, which the cluster's own registry takes too; nothing where the login is
    /// of another kind.
    ///
    /// # Errors
    /// When it cannot be had.
    pub fn token(&mut self) -> Result<Option<Secret>, ApiError> {
        let held = self.credentials.current()?;
        let token = held
            .authorization
            .as_ref()
            .and_then(|value| value.reveal().strip_prefix("Bearer "));
        Ok(token.map(Secret::new))
    }

    /// What the server has warned of since the last call.
    pub fn take_warnings(&mut self) -> Vec<String> {
        let warnings = self.client.take_warnings();
        warnings.iter().map(|text| without(text, &self.shown)).collect()
    }

    /// Reads one object.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub fn get(&mut self, path: &str) -> Result<Value, ApiError> {
        let answer = self.call(Method::Get, path, None);
        self.note_busy(path, answer.as_ref().err());
        answer
    }

    /// Takes down what is too busy to give objects of a kind.
    fn note_busy(&mut self, path: &str, error: Option<&ApiError>) {
        let (kind, count) = &mut self.too_busy;
        let own = path.rsplit_once('/').map_or(path, |(kind, _)| kind);
        match error {
            Some(ApiError::Status(status)) if status.code == 429 => {
                *count = if kind == own { *count + 1 } else { 1 };
                own.clone_into(kind);
                if *count >= MAX_TOO_BUSY {
                    let why = ApiError::Status(status.clone());
                    self.down = Some(format!(
                        "it has refused {MAX_TOO_BUSY} requests in a row, each after all retries: {why}"
                    ));
                }
            }
            _ => *count = 0,
        }
    }

    /// Reads one page of a list as text: its reader looks at one item at a time.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub fn page(&mut self, path: &str) -> Result<Vec<u8>, ApiError> {
        self.send(Method::Get, path, None, MAX_PAGE_BYTES)
    }

    /// Posts an object, which with reviews is a question.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub fn post(&mut self, path: &str, body: &Value) -> Result<Value, ApiError> {
        let body = body.to_string();
        self.call(Method::Post, path, Some(("application/json", body.as_bytes())))
    }

    /// Sends a JSON patch (RFC 6902), spelled as the server spells it.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub fn patch(&mut self, path: &str, patch: &str) -> Result<Value, ApiError> {
        self.call(
            Method::Patch,
            path,
            Some(("application/json-patch+json", patch.as_bytes())),
        )
    }

    fn call(&mut self, method: Method, path: &str, body: Option<(&'static str, &[u8])>) -> Result<Value, ApiError> {
        let text = self.send(method, path, body, MAX_OBJECT_BYTES)?;
        json::parse(&text).map_err(|error| self.nonsense(&safe(&error.to_string())))
    }

    /// Sends a request and gives the JSON text of the answer, of `limit` bytes at most.
    fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Option<(&'static str, &[u8])>,
        limit: u64,
    ) -> Result<Vec<u8>, ApiError> {
        // Each image would wait as long as the first, in vain.
        if let Some(why) = &self.down {
            return Err(ApiError::Down {
                server: self.access.server.address(),
                why: why.clone(),
            });
        }
        let url = format!("{}{path}", self.access.server);
        let mut may_renew = true;
        loop {
            let headers = self.headers()?;
            let request = Request {
                accept: "application/json",
                method,
                url: &url,
                headers: &headers,
                body,
                limit,
                until: None,
            };
            let mut response = self.client.send(&request).map_err(|error| {
                let is_nobody = error.is_nobody();
                let error = ApiError::Transport {
                    server: self.access.server.address(),
                    error,
                };
                // What became of a write is still to be found out.
                if is_nobody && method != Method::Patch {
                    self.down = Some(error.to_string());
                }
                error
            })?;
            self.note_date(&response);
            if response.status == 401 && may_renew {
                may_renew = false;
                if self.credentials.renew()? {
                    continue;
                }
            }
            // Of the other codes of success none means that the whole object is there.
            if !matches!(response.status, 200 | 201) {
                let path = path.split('?').next().unwrap_or_default();
                let body = String::from_utf8_lossy(&response.body);
                response.body = without(&body, &self.shown).into_bytes();
                let mut status = Status::of(&response, method, path);
                status.advice = advice(&status, &self.access, path);
                let error = ApiError::Status(Box::new(status));
                // After all the retries of a read: there is nobody behind what answers.
                if response.status == 503 && method == Method::Get {
                    self.down = Some(error.to_string());
                }
                return Err(error);
            }
            if response.content_type != "application/json" {
                return Err(self.nonsense(&format!(
                    "it is {} instead of JSON: is it an API server?",
                    quoted(&response.content_type)
                )));
            }
            return Ok(response.body);
        }
    }

    /// Compares our clock with the server's at the time when the answer began.
    fn note_date(&mut self, response: &http::Response) {
        if let Some(date) = response.date {
            let since = i64::try_from(response.received.elapsed().as_secs()).unwrap_or(i64::MAX);
            let then = self.access.clock.now().saturating_sub(since);
            self.clock_skew = Some(then.saturating_sub(date));
        }
    }

    /// An answer that does not fit the question.
    #[must_use]
    pub fn nonsense(&self, what: &str) -> ApiError {
        ApiError::Answer {
            server: self.access.server.address(),
            what: without(what, &self.shown),
        }
    }

    /// What goes with each request. A changed client certificate needs new connections.
    fn headers(&mut self) -> Result<Vec<(String, Secret)>, ApiError> {
        let held = self.credentials.current()?;
        let same = match (&self.identity, &held.identity) {
            (None, None) => true,
            (Some(old), Some(new)) => old.is(new),
            _ => false,
        };
        if !same {
            self.client = self.client.with_identity(held.identity.clone())?;
            self.identity = held.identity;
        }
        let mut headers = Vec::new();
        if let Some(value) = held.authorization {
            let value_alone = value
                .reveal()
                .split_once(' ')
                .map_or(value.reveal(), |(_, value)| value);
            let mut shown = vec![Secret::new(value_alone)];
            if let CredentialSource::Basic(_, password) = &self.access.credential {
                shown.push(password.clone());
            }
            shown.retain(|secret| !self.shown.contains(secret));
            self.shown.append(&mut shown);
            headers.push(("Authorization".to_owned(), value));
        }
        let act_as = &self.access.act_as;
        let mut put = |name: &str, value: &str| {
            if !value.is_empty() {
                headers.push((name.to_owned(), Secret::new(value)));
            }
        };
        put("Impersonate-User", &act_as.user);
        put("Impersonate-Uid", &act_as.uid);
        for group in &act_as.groups {
            put("Impersonate-Group", group);
        }
        for (key, value) in &act_as.extra {
            // A part of a header's name (RFC 9110 section 5.6.2).
            let key = escaped_but(&key.to_ascii_lowercase(), b"!#$&'*+-.^_`|~");
            put(&format!("Impersonate-Extra-{key}"), value);
        }
        Ok(headers)
    }
}
