// SPDX-License-Identifier: Apache-2.0
//! What can go wrong between a server and its client, on purpose.

use std::io::Write;
use std::time::Duration;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use serde_json::{json, Value};

use super::http::HttpRequest;
use super::status::{failure, unauthorized, Answer, Content};

/// Something that goes wrong with the requests it is for: with all of them, unless told otherwise.
#[derive(Debug, Clone, Default)]
pub struct Fault {
    method: Option<String>,
    path: Option<String>,
    query: Option<String>,
    skip: usize,
    times: Option<usize>,
    seen: usize,
    pub(super) effects: Effects,
}

/// What a fault does to one request.
#[derive(Debug, Clone, Default)]
pub struct Effects {
    pub delay: Option<Duration>,
    pub status: Option<u16>,
    pub retry_after: Option<String>,
    pub body: Option<(String, Vec<u8>)>,
    pub content_type: Option<String>,
    pub warnings: Vec<String>,
    pub headers: Vec<(String, String)>,
    pub cut: Option<(usize, bool)>,
    pub trickle: Option<(usize, Duration)>,
    pub endless: bool,
    pub swap: Option<String>,
    pub huge: Option<(u64, bool)>,
    pub bomb: Option<u64>,
    pub lost: bool,
}

impl Fault {
    /// Answers with a status code and a `Status` body, as a server or something in front of it may.
    pub fn status(code: u16) -> Self {
        Self::with(|e| e.status = Some(code))
    }

    /// Refuses the credential, whichever it is.
    pub fn unauthorized() -> Self {
        Self::status(401)
    }

    /// Closes the connection after so many bytes of the body; without the end that TLS asks for.
    pub fn cut(bytes: usize) -> Self {
        Self::with(|e| e.cut = Some((bytes, false)))
    }

    /// Resets the connection after so many bytes of the body.
    pub fn reset(bytes: usize) -> Self {
        Self::with(|e| e.cut = Some((bytes, true)))
    }

    /// Resets the connection before the request is served: nothing is done, and nothing is answered.
    pub fn lost() -> Self {
        Self::with(|e| e.lost = true)
    }

    /// Waits before the answer.
    pub fn delay(duration: Duration) -> Self {
        Self::with(|e| e.delay = Some(duration))
    }

    /// Sends the body in pieces of so many bytes with a pause before each.
    pub fn trickle(bytes: usize, pause: Duration) -> Self {
        Self::with(|e| e.trickle = Some((bytes, pause)))
    }

    /// Answers a request for one image with another one, or one for a stream's tag or image with that image in it.
    pub fn other_image(name: &str) -> Self {
        Self::with(|e| e.swap = Some(name.to_owned()))
    }

    /// Gives every page of a list a continue token that leads to the first page again.
    pub fn endless_pages() -> Self {
        Self::with(|e| e.endless = true)
    }

    /// Pads the answer with a member of so many MiB, which is still good JSON.
    pub fn huge(mebibytes: u64) -> Self {
        Self::with(|e| e.huge = Some((mebibytes, true)))
    }

    /// Answers 200 with so many MiB that are no JSON.
    pub fn garbage(mebibytes: u64) -> Self {
        Self::with(|e| e.huge = Some((mebibytes, false)))
    }

    /// Pads the answer like [`Fault::huge`], and packs it whether or not the client takes that: few bytes become many.
    pub fn bomb(mebibytes: u64) -> Self {
        Self::with(|e| e.bomb = Some(mebibytes))
    }

    /// Names another content type than the body has.
    pub fn content_type(value: &str) -> Self {
        Self::with(|e| e.content_type = Some(value.to_owned()))
    }

    /// Adds a warning header; as it stands, so that it can be malformed.
    pub fn warning(header: &str) -> Self {
        Self::with(|e| e.warnings = vec![header.to_owned()])
    }

    /// Answers 200 with a body of one's own.
    pub fn body(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::with(|e| {
            e.status = Some(200);
            e.body = Some((content_type.to_owned(), body.into()));
        })
    }

    fn with(set: impl FnOnce(&mut Effects)) -> Self {
        let mut fault = Self::default();
        set(&mut fault.effects);
        fault
    }

    /// Adds a header to the answer.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.effects.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a `Retry-After` in seconds.
    pub fn retry_after(self, seconds: u64) -> Self {
        self.retry_after_text(&seconds.to_string())
    }

    /// Adds a `Retry-After` that need not be a number.
    pub fn retry_after_text(mut self, value: &str) -> Self {
        self.effects.retry_after = Some(value.to_owned());
        self
    }

    /// Replaces the `Status` by other text.
    pub fn text(mut self, content_type: &str, body: &str) -> Self {
        self.effects.body = Some((content_type.to_owned(), body.as_bytes().to_vec()));
        self
    }

    /// Waits before the answer, too.
    pub fn after_delay(mut self, duration: Duration) -> Self {
        self.effects.delay = Some(duration);
        self
    }

    /// Limits the fault to a method and to paths that contain a text, or end with it where a `$` follows it.
    pub fn on(mut self, method: &str, path: &str) -> Self {
        self.method = Some(method.to_owned());
        self.path = Some(path.to_owned());
        self
    }

    /// Limits the fault to requests that have a query parameter.
    pub fn with_parameter(mut self, name: &str) -> Self {
        self.query = Some(name.to_owned());
        self
    }

    /// Spares the first requests that it would be for.
    pub fn after(mut self, requests: usize) -> Self {
        self.skip = requests;
        self
    }

    /// Ends the fault after so many requests.
    pub fn times(mut self, times: usize) -> Self {
        self.times = Some(times);
        self
    }

    /// Ends the fault after one request.
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// Whether it strikes this request. Counts.
    pub(super) fn strikes(&mut self, request: &HttpRequest) -> bool {
        let is_for = self.method.as_ref().is_none_or(|m| *m == request.method)
            && self.path.as_ref().is_none_or(|p| request.has_path(p))
            && self.query.as_ref().is_none_or(|q| request.parameter(q).is_some());
        if !is_for {
            return false;
        }
        self.seen += 1;
        self.seen > self.skip && self.times.is_none_or(|times| self.seen <= self.skip + times)
    }
}

impl Effects {
    /// The answer that replaces the real one, if any does.
    pub fn replacement(&self) -> Option<Answer> {
        if let Some((mebibytes, false)) = self.huge {
            let mut answer = Answer::json(200, Value::Null);
            answer.body = Content::Filled {
                head: b"{".to_vec(),
                filler: b'!',
                length: mebibytes << 20,
                tail: Vec::new(),
            };
            return Some(answer);
        }
        let status = self.status?;
        Some(match &self.body {
            Some((content_type, body)) => {
                let mut answer = Answer::json(status, Value::Null);
                answer.content_type.clone_from(content_type);
                answer.body = Content::Bytes(body.clone());
                answer
            }
            None => plain_failure(status, self.retry_after.as_deref()),
        })
    }

    /// Changes a real answer.
    pub fn change(&self, answer: &mut Answer, asked: usize, image: impl FnOnce(&str) -> Option<Value>) {
        if let Content::Json(value) = &mut answer.body {
            if answer.status == 200 {
                if let Some(other) = self.swap.as_deref().and_then(image) {
                    if value["image"].is_object() {
                        value["image"] = super::objects::untyped(other);
                    } else {
                        *value = other;
                    }
                }
                if self.endless && value["items"].is_array() {
                    value["metadata"]["continue"] = format!("{ENDLESS}{asked}").into();
                }
            }
            self.pad(answer);
        }
        if let Some(content_type) = &self.content_type {
            answer.content_type.clone_from(content_type);
        }
    }

    fn pad(&self, answer: &mut Answer) {
        let (Content::Json(value), Some(mebibytes)) = (&answer.body, self.bomb.or(self.huge.map(|(n, _)| n))) else {
            return;
        };
        let mut head = serde_json::to_vec(value).unwrap();
        assert_eq!(head.pop(), Some(b'}'));
        head.extend_from_slice(b",\"filler\":\"");
        let tail = b"\"}\n".to_vec();
        answer.body = if self.bomb.is_some() {
            let coding = ("Content-Encoding".to_owned(), "gzip".to_owned());
            answer.headers.push(coding);
            Content::Bytes(bomb(&head, mebibytes, &tail))
        } else {
            Content::Filled {
                head,
                filler: b'x',
                length: mebibytes << 20,
                tail,
            }
        };
    }

    /// Headers that stand on every answer.
    pub fn add_headers(&self, answer: &mut Answer) {
        let added = self.retry_after.iter().map(|value| ("Retry-After", value));
        let added = added.chain(self.warnings.iter().map(|value| ("Warning", value)));
        for (name, value) in added {
            answer.headers.push((name.to_owned(), value.clone()));
        }
        answer.headers.extend(self.headers.iter().cloned());
    }
}

/// How continue tokens begin that lead in circles.
pub(super) const ENDLESS: &str = "endless-";

/// A `Status` with the words that clients know for a code.
fn plain_failure(code: u16, retry_after: Option<&str>) -> Answer {
    let (reason, message) = match code {
        401 => return *unauthorized(),
        403 => ("Forbidden", "forbidden"),
        404 => ("NotFound", "the server could not find the requested resource"),
        409 => ("Conflict", "the server reported a conflict"),
        410 => ("Expired", "the resource version is too old"),
        429 => (
            "TooManyRequests",
            "the server has received too many requests and has asked us to try again later",
        ),
        500 => ("InternalError", "an internal error occurred"),
        503 => (
            "ServiceUnavailable",
            "the server is currently unable to handle the request",
        ),
        504 => (
            "Timeout",
            "the server was unable to return a response in the time allotted",
        ),
        _ => ("", "the request failed"),
    };
    let seconds = retry_after.and_then(|text| text.parse::<u64>().ok());
    let details = seconds.map(|seconds| json!({"retryAfterSeconds": seconds}));
    *failure(code, reason, message, details)
}

/// A gzip stream (RFC 1952) of a head, so many MiB of one byte, and a tail. The middle is compressed once: after the first
/// of its pieces each looks the same.
fn bomb(head: &[u8], mebibytes: u64, tail: &[u8]) -> Vec<u8> {
    let piece = vec![b'x'; 1 << 20];
    let mut crc = Crc::new();
    crc.update(head);
    let mut one = Crc::new();
    one.update(&piece);
    let mut stream = DeflateEncoder::new(vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255], Compression::fast());
    stream.write_all(head).unwrap();
    let mut repeated = Vec::new();
    for n in 0..mebibytes {
        if n < 2 {
            // Ends at a whole byte.
            stream.flush().unwrap();
            let begin = stream.get_ref().len();
            stream.write_all(&piece).unwrap();
            stream.flush().unwrap();
            repeated = stream.get_ref()[begin..].to_vec();
        } else {
            stream.get_mut().extend_from_slice(&repeated);
        }
        crc.combine(&one);
    }
    stream.write_all(tail).unwrap();
    crc.update(tail);
    let mut out = stream.finish().unwrap();
    out.extend_from_slice(&crc.sum().to_le_bytes());
    let length = head.len() as u64 + (mebibytes << 20) + tail.len() as u64;
    // Modulo two to the power of 32, as the format has it.
    out.extend_from_slice(&length.to_le_bytes()[..4]);
    out
}
