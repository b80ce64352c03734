// SPDX-License-Identifier: Apache-2.0
//! HTTP/1.1 as the server reads it: one request at a time, bounded in everything.

use std::io::{self, BufRead, BufReader, Read, Write};

use super::status::BODY_LIMIT;

/// Most bytes of a request's line and headers.
const HEAD_LIMIT: usize = 1024 * 1024;

/// One request, as it was received.
#[derive(Debug, Clone, Default)]
pub struct HttpRequest {
    pub method: String,
    /// What stands in the request line.
    pub target: String,
    /// The path of the target, percent-decoded.
    pub path: String,
    /// The query's parameters, decoded, in order.
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    /// The body, cut after the limit.
    pub body: Vec<u8>,
    /// Whether the body is longer than the limit.
    pub too_large: bool,
    /// Whether the connection may serve another request.
    pub keep_alive: bool,
}

impl HttpRequest {
    /// The first header of a name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).next()
    }

    /// All headers of a name.
    pub fn headers<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        let same = move |(n, _): &&(String, String)| n.eq_ignore_ascii_case(name);
        self.headers.iter().filter(same).map(|(_, v)| v.as_str())
    }

    /// Whether the path contains a text, or ends with it where a `$` follows it.
    pub fn has_path(&self, text: &str) -> bool {
        match text.strip_suffix('$') {
            Some(end) => self.path.ends_with(end),
            None => self.path.contains(text),
        }
    }

    /// The first parameter of a name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters(name).next()
    }

    /// All parameters of a name.
    pub fn parameters<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.query
            .iter()
            .filter(move |(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }
}

/// Why no request could be read.
#[derive(Debug)]
pub enum Broken {
    /// The bytes are no HTTP/1.1; the text says why.
    Malformed(&'static str),
    /// The connection failed, or ended where a request had begun.
    Io(io::Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Broken::Io(error)
    }
}

/// Reads the next request; `None` where the client closed the connection instead.
pub fn read_request<S: Read + Write>(stream: &mut BufReader<S>) -> Result<Option<HttpRequest>, Broken> {
    if stream.fill_buf()?.is_empty() {
        return Ok(None);
    }
    let mut left = HEAD_LIMIT;
    let first = line(stream, &mut left)?;
    let mut words = first.split(' ');
    let (Some(method), Some(target), Some(version), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Broken::Malformed("malformed HTTP request line"));
    };
    if !matches!(version, "HTTP/1.1" | "HTTP/1.0") {
        return Err(Broken::Malformed("unsupported protocol version"));
    }
    if method.is_empty() || !method.bytes().all(token) {
        return Err(Broken::Malformed("invalid method"));
    }
    let mut request = HttpRequest {
        method: method.to_owned(),
        target: target.to_owned(),
        ..HttpRequest::default()
    };
    request.headers = headers(stream, &mut left)?;
    place(&mut request, target)?;
    if version == "HTTP/1.1" && request.headers("host").count() != 1 {
        return Err(Broken::Malformed("missing required Host header"));
    }
    let connection = request.header("connection").unwrap_or("").to_lowercase();
    request.keep_alive = version == "HTTP/1.1" && !connection.split(',').any(|c| c.trim() == "close");
    if request
        .header("expect")
        .is_some_and(|e| e.eq_ignore_ascii_case("100-continue"))
    {
        stream.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        stream.get_mut().flush()?;
    }
    read_body(stream, &mut request, &mut left)?;
    Ok(Some(request))
}

/// Splits the request's target, which a client of a proxy may write with scheme and host.
fn place(request: &mut HttpRequest, target: &str) -> Result<(), Broken> {
    let rest = match target.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => target,
    };
    if !rest.starts_with('/') {
        return Err(Broken::Malformed("malformed request target"));
    }
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    request.path = decode(path, false).ok_or(Broken::Malformed("invalid URL escape"))?;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match (decode(name, true), decode(value, true)) {
            (Some(name), Some(value)) => request.query.push((name, value)),
            _ => return Err(Broken::Malformed("invalid URL escape")),
        }
    }
    Ok(())
}

/// Undoes percent-encoding; `None` where it is broken or gives no UTF-8.
pub fn decode(text: &str, plus_is_space: bool) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let high = char::from(bytes.next()?).to_digit(16)?;
                let low = char::from(bytes.next()?).to_digit(16)?;
                out.push(u8::try_from(high * 16 + low).ok()?);
            }
            b'+' if plus_is_space => out.push(b' '),
            b'!'..=b'~' => out.push(byte),
            // Nothing else may stand in a request line as it is.
            _ => return None,
        }
    }
    String::from_utf8(out).ok()
}

fn headers<S: Read>(stream: &mut BufReader<S>, left: &mut usize) -> Result<Vec<(String, String)>, Broken> {
    let mut headers = Vec::new();
    loop {
        let line = line(stream, left)?;
        if line.is_empty() {
            return Ok(headers);
        }
        let (name, value) = line.split_once(':').ok_or(Broken::Malformed("malformed header"))?;
        if name.is_empty() || !name.bytes().all(token) {
            return Err(Broken::Malformed("malformed header name"));
        }
        if value.bytes().any(|b| b < b' ' && b != b'\t') {
            return Err(Broken::Malformed("malformed header value"));
        }
        headers.push((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()));
    }
}

/// Reads the body up to the limit.
fn read_body<S: Read>(stream: &mut BufReader<S>, request: &mut HttpRequest, left: &mut usize) -> Result<(), Broken> {
    let coding = request.header("transfer-encoding").map(str::to_lowercase);
    let lengths: Vec<&str> = request.headers("content-length").collect();
    let length = match lengths.as_slice() {
        [] => None,
        [one] if one.bytes().all(|b| b.is_ascii_digit()) => one.parse::<usize>().ok(),
        _ => return Err(Broken::Malformed("bad Content-Length")),
    };
    let mut body = Vec::new();
    match (coding.as_deref(), length) {
        (None, None) => {}
        (None, Some(length)) => {
            let wanted = length.min(BODY_LIMIT + 1);
            body.resize(wanted, 0);
            stream.read_exact(&mut body)?;
        }
        (Some("chunked"), None) => read_chunks(stream, &mut body, left)?,
        (Some(_), Some(_)) => return Err(Broken::Malformed("Content-Length together with Transfer-Encoding")),
        (Some(_), None) => return Err(Broken::Malformed("unsupported transfer encoding")),
    }
    request.too_large = body.len() > BODY_LIMIT;
    body.truncate(BODY_LIMIT);
    request.body = body;
    Ok(())
}

fn read_chunks<S: Read>(stream: &mut BufReader<S>, body: &mut Vec<u8>, left: &mut usize) -> Result<(), Broken> {
    loop {
        let size = line(stream, left)?;
        let digits = size.split(';').next().unwrap_or("").trim();
        let bad = Broken::Malformed("malformed chunk size");
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(bad);
        }
        let size = usize::from_str_radix(digits, 16).map_err(|_| bad)?;
        if size == 0 {
            headers(stream, left)?;
            return Ok(());
        }
        let wanted = size.min(BODY_LIMIT + 1 - body.len());
        let begin = body.len();
        body.resize(begin + wanted, 0);
        stream.read_exact(&mut body[begin..])?;
        if body.len() > BODY_LIMIT {
            return Ok(());
        }
        if !line(stream, left)?.is_empty() {
            return Err(Broken::Malformed("malformed chunk"));
        }
    }
}

/// A line without its end.
fn line<S: Read>(stream: &mut BufReader<S>, left: &mut usize) -> Result<String, Broken> {
    let mut line = Vec::new();
    let read = stream.take(*left as u64).read_until(b'\n', &mut line)?;
    *left -= read;
    if line.pop() != Some(b'\n') {
        return Err(if *left == 0 {
            Broken::Malformed("headers too large")
        } else {
            Broken::Io(io::ErrorKind::UnexpectedEof.into())
        });
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    String::from_utf8(line).map_err(|_| Broken::Malformed("header is no UTF-8"))
}

/// Characters of names and methods (RFC 9110, section 5.6.2).
fn token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
