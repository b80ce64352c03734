// SPDX-License-Identifier: Apache-2.0
//! Putting answers on the wire: gzip, chunks, and the ways in which a connection can let its client down.

use std::io::{self, Write};
use std::time::Duration;

use super::http::HttpRequest;
use super::listener::Stop;
use super::status::{Answer, Content};

/// The time so many seconds from now, as the header `Date` has it.
pub fn date(offset: i64) -> String {
    let time = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second() + offset).unwrap();
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// How a body is sent.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manner {
    /// The connection ends after so many bytes of the body.
    pub cut: Option<usize>,
    /// The body comes in pieces of so many bytes with a pause before each.
    pub trickle: Option<(usize, Duration)>,
    /// The request was a HEAD: there is no body.
    pub head_only: bool,
}

/// Serialises the answer's document, and compresses it where the client takes that and it is long enough.
pub fn prepare(answer: &mut Answer, request: &HttpRequest, gzip_over: usize) {
    if let Content::Json(value) = &answer.body {
        let mut bytes = serde_json::to_vec(value).unwrap();
        bytes.push(b'\n');
        answer.body = Content::Bytes(bytes);
    }
    let Content::Bytes(bytes) = &answer.body else {
        return;
    };
    if answer.status == 200 && bytes.len() > gzip_over && takes_gzip(request) {
        // The level that the server uses.
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        answer.body = Content::Bytes(encoder.finish().unwrap());
        for (name, value) in [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")] {
            answer.headers.push((name.to_owned(), value.to_owned()));
        }
    }
}

fn takes_gzip(request: &HttpRequest) -> bool {
    request
        .headers("accept-encoding")
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            name.trim().eq_ignore_ascii_case("gzip") && weight.replace(' ', "") != "q=0"
        })
}

/// Sends an answer; `false` where it was cut on purpose.
pub fn send(stream: &mut impl Write, answer: &Answer, close: bool, manner: Manner, stop: &Stop) -> io::Result<bool> {
    let mut head = format!("HTTP/1.1 {} {}\r\n", answer.status, phrase(answer.status));
    head.push_str("Audit-Id: 11111111-2222-3333-4444-555555555555\r\nCache-Control: no-cache, private\r\n");
    if !answer.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("date")) {
        head.push_str(&format!("Date: {}\r\n", date(0)));
    }
    head.push_str(&format!("Content-Type: {}\r\n", answer.content_type));
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if close {
        head.push_str("Connection: close\r\n");
    }
    match &answer.body {
        Content::Bytes(bytes) => head.push_str(&format!("Content-Length: {}\r\n\r\n", bytes.len())),
        _ => head.push_str("Transfer-Encoding: chunked\r\n\r\n"),
    }
    stream.write_all(head.as_bytes())?;
    stream.flush()?;
    if manner.head_only {
        return Ok(true);
    }
    match &answer.body {
        Content::Bytes(bytes) => send_bytes(stream, bytes, manner, stop),
        Content::Filled {
            head,
            filler,
            length,
            tail,
        } => send_filled(stream, head, (*filler, *length), tail, stop),
        Content::Json(_) => unreachable!("prepared before"),
    }
}

fn send_bytes(stream: &mut impl Write, bytes: &[u8], manner: Manner, stop: &Stop) -> io::Result<bool> {
    let end = manner.cut.map_or(bytes.len(), |cut| cut.min(bytes.len()));
    match manner.trickle {
        None => stream.write_all(&bytes[..end])?,
        Some((size, pause)) => {
            for piece in bytes[..end].chunks(size.max(1)) {
                if !stop.pause(pause) {
                    return Ok(false);
                }
                stream.write_all(piece)?;
                stream.flush()?;
            }
        }
    }
    stream.flush()?;
    Ok(manner.cut.is_none())
}

fn send_filled(
    stream: &mut impl Write,
    head: &[u8],
    (filler, length): (u8, u64),
    tail: &[u8],
    stop: &Stop,
) -> io::Result<bool> {
    let piece = vec![filler; 64 * 1024];
    chunk(stream, head)?;
    let mut left = length;
    while left > 0 {
        if stop.stopped() {
            return Ok(false);
        }
        let size = usize::try_from(left).map_or(piece.len(), |left| left.min(piece.len()));
        chunk(stream, &piece[..size])?;
        left -= size as u64;
    }
    chunk(stream, tail)?;
    stream.write_all(b"0\r\n\r\n")?;
    stream.flush()?;
    Ok(true)
}

fn chunk(stream: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    write!(stream, "{:x}\r\n", bytes.len())?;
    stream.write_all(bytes)?;
    stream.write_all(b"\r\n")
}

/// The words that go with a status.
pub fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        409 => "Conflict",
        410 => "Gone",
        413 => "Request Entity Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Other",
    }
}
