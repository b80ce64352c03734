// SPDX-License-Identifier: Apache-2.0
//! Answers, and the ways in which a server can wear its client out.

use std::io::{self, Write};
use std::time::Duration;

use crate::support::api::listener::Stop;
use crate::support::api::wire::phrase;

/// What follows the headers.
#[derive(Debug, Clone)]
pub enum Body {
    /// These bytes, all at once.
    Bytes(Vec<u8>),
    /// This byte again and again, as long as anybody listens.
    Endless(u8),
    /// These bytes, a few at a time, with a pause before each piece.
    Slow(Vec<u8>, Duration),
    /// These bytes, where more were announced, and the end of the connection.
    Cut(Vec<u8>),
    /// Nothing at all, not even a status.
    Silence,
}

/// An answer of the hub, right or wrong.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Body,
}

impl Answer {
    /// A status without content.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Body::Bytes(Vec::new()),
        }
    }

    /// 200 with content of a type.
    pub fn ok(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::status(200)
            .header("Content-Type", content_type)
            .body(Body::Bytes(body.into()))
    }

    /// A redirect that keeps the method.
    pub fn redirect(location: &str) -> Self {
        Self::status(307).header("Location", location)
    }

    /// A page for people.
    pub fn page() -> Self {
        Self::ok("text/html; charset=utf-8", "<html><body>Please log in</body></html>")
    }

    /// A token server's answer.
    pub fn token(token: &str) -> Self {
        let body = serde_json::json!({"token": token, "expires_in": 300});
        Self::ok("application/json", body.to_string())
    }

    /// 401 with a challenge.
    pub fn challenge(challenge: &str) -> Self {
        Self::status(401).header("WWW-Authenticate", challenge)
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// Sends it; `false` where nothing more can be sent on this connection.
    pub(super) fn send(&self, stream: &mut impl Write, stop: &Stop) -> io::Result<bool> {
        if let Body::Silence = self.body {
            stop.pause(Duration::from_secs(600));
            return Ok(false);
        }
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, phrase(self.status));
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let length = match &self.body {
            Body::Bytes(bytes) | Body::Slow(bytes, _) => Some(bytes.len()),
            Body::Cut(bytes) => Some(bytes.len() + 1),
            Body::Endless(_) | Body::Silence => None,
        };
        match length {
            Some(length) => head.push_str(&format!("Content-Length: {length}\r\n\r\n")),
            None => head.push_str("Transfer-Encoding: chunked\r\n\r\n"),
        }
        stream.write_all(head.as_bytes())?;
        stream.flush()?;
        match &self.body {
            Body::Bytes(bytes) => stream.write_all(bytes)?,
            Body::Cut(bytes) => {
                stream.write_all(bytes)?;
                return Ok(false);
            }
            Body::Slow(bytes, pause) => {
                for piece in bytes.chunks(1) {
                    if !stop.pause(*pause) {
                        return Ok(false);
                    }
                    stream.write_all(piece)?;
                    stream.flush()?;
                }
            }
            Body::Endless(byte) => {
                let piece = [
                    format!("{:x}\r\n", 64 << 10).as_bytes(),
                    &vec![*byte; 64 << 10],
                    b"\r\n",
                ]
                .concat();
                while !stop.stopped() {
                    stream.write_all(&piece)?;
                }
                return Ok(false);
            }
            Body::Silence => {}
        }
        Ok(true)
    }
}
