// SPDX-License-Identifier: Apache-2.0
//! A small client, to test the server with and nothing else.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use openssl::pkey::PKey;
use openssl::ssl::{Ssl, SslContext, SslMethod, SslStream, SslVerifyMode};
use openssl::x509::X509;
use serde_json::Value;

use super::certificates::ClientCertificate;
use super::server::Server;

/// Most bytes of an answer: a test that goes wrong is not to take the machine with it.
const BODY_LIMIT: usize = 64 << 20;

/// How to reach a server, and as whom.
#[derive(Debug, Clone)]
pub struct Client {
    address: SocketAddr,
    ca: Option<String>,
    server_name: String,
    certificate: Option<ClientCertificate>,
    headers: Vec<(String, String)>,
}

/// The server's answer to one request.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// The body, with its compression undone.
    pub body: Vec<u8>,
}

impl Reply {
    /// The first header of a name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let same = |(n, _): &&(String, String)| n.eq_ignore_ascii_case(name);
        self.headers.iter().find(same).map(|(_, v)| v.as_str())
    }

    /// The values of all `Warning` headers.
    pub fn warnings(&self) -> Vec<&str> {
        let warnings = self.headers.iter().filter(|(n, _)| n == "Warning");
        warnings.map(|(_, v)| v.as_str()).collect()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("no JSON ({e}): {}", self.text()))
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The message of a `Status`.
    #[track_caller]
    pub fn message(&self) -> String {
        self.json()["message"].as_str().unwrap_or("").to_owned()
    }

    /// Asserts the status code.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// Asserts status code, reason and message of a `Status`.
    #[track_caller]
    pub fn expect_failure(self, status: u16, reason: &str, message: &str) -> Self {
        let body = self.expect(status).into_status();
        let found = body.json();
        assert_eq!(found["message"], message);
        assert_eq!(found["reason"].as_str().unwrap_or(""), reason, "{found}");
        body
    }

    /// Asserts that the body is a `Status` of failure with the code of the answer.
    #[track_caller]
    fn into_status(self) -> Self {
        let found = self.json();
        assert_eq!(
            (&found["kind"], &found["status"], &found["code"]),
            (&"Status".into(), &"Failure".into(), &self.status.into()),
            "{found}"
        );
        self
    }
}

impl Client {
    /// A client that trusts a server's authority and has no credential.
    pub fn new(server: &Server) -> Self {
        Self {
            address: server.address(),
            ca: server.url().starts_with("https:").then(|| server.ca_pem()),
            server_name: "127.0.0.1".to_owned(),
            certificate: None,
            headers: vec![("User-Agent".to_owned(), "self-test/1".to_owned())],
        }
    }

    /// A client of a server that is not ours, by TLS.
    pub fn at(address: SocketAddr, server_name: &str, ca: &str) -> Self {
        Self {
            address,
            ca: Some(ca.to_owned()),
            server_name: server_name.to_owned(),
            certificate: None,
            headers: vec![("User-Agent".to_owned(), "self-test/1".to_owned())],
        }
    }

    /// Trusts this authority alone.
    pub fn trusting(mut self, pem: &str) -> Self {
        self.ca = Some(pem.to_owned());
        self
    }

    /// Expects this name in the server's certificate.
    pub fn expecting(mut self, name: &str) -> Self {
        name.clone_into(&mut self.server_name);
        self
    }

    /// Shows a client certificate in the TLS handshake.
    pub fn certificate(mut self, certificate: &ClientCertificate) -> Self {
        self.certificate = Some(certificate.clone());
        self
    }

    /// Sends a bearer token.
    pub fn token(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    /// Adds a header to every request.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// One request on a connection of its own.
    #[track_caller]
    pub fn send(&self, method: &str, target: &str, content_type: &str, body: &[u8]) -> Reply {
        self.try_send(method, target, content_type, body).unwrap()
    }

    /// The same, where it may fail.
    pub fn try_send(&self, method: &str, target: &str, content_type: &str, body: &[u8]) -> io::Result<Reply> {
        self.connect()?.send(method, target, content_type, body)
    }

    #[track_caller]
    pub fn get(&self, target: &str) -> Reply {
        self.send("GET", target, "", b"")
    }

    #[track_caller]
    pub fn put(&self, target: &str, body: &Value) -> Reply {
        self.send("PUT", target, "application/json", body.to_string().as_bytes())
    }

    #[track_caller]
    pub fn post(&self, target: &str, body: &Value) -> Reply {
        self.send("POST", target, "application/json", body.to_string().as_bytes())
    }

    #[track_caller]
    pub fn delete(&self, target: &str) -> Reply {
        self.send("DELETE", target, "", b"")
    }

    #[track_caller]
    pub fn json_patch(&self, target: &str, body: &Value) -> Reply {
        let kind = "application/json-patch+json";
        self.send("PATCH", target, kind, body.to_string().as_bytes())
    }

    #[track_caller]
    pub fn merge_patch(&self, target: &str, body: &Value) -> Reply {
        let kind = "application/merge-patch+json";
        self.send("PATCH", target, kind, body.to_string().as_bytes())
    }

    /// Opens a connection to the server, with TLS where it has any.
    pub fn connect(&self) -> io::Result<Connection> {
        self.over(TcpStream::connect(self.address)?)
    }

    /// Speaks over a connection that is open, as after a proxy's greeting.
    pub fn over(&self, socket: TcpStream) -> io::Result<Connection> {
        socket.set_read_timeout(Some(Duration::from_secs(20)))?;
        let stream: Box<dyn Stream> = match &self.ca {
            None => Box::new(socket),
            Some(ca) => Box::new(self.handshake(ca, socket)?),
        };
        Ok(Connection {
            stream: BufReader::new(stream),
            headers: self.headers.clone(),
            host: self.address.to_string(),
        })
    }

    fn handshake(&self, ca: &str, socket: TcpStream) -> io::Result<SslStream<TcpStream>> {
        // Not openssl's ready-made connector: that one reads all authorities of the machine each time.
        let mut context = SslContext::builder(SslMethod::tls_client())?;
        context.set_verify(SslVerifyMode::PEER);
        context.cert_store_mut().add_cert(X509::from_pem(ca.as_bytes())?)?;
        if let Some(own) = &self.certificate {
            let certificate = X509::from_pem(own.certificate.as_bytes())?;
            context.set_certificate(&certificate)?;
            context.set_private_key(PKey::private_key_from_pem(own.key.as_bytes())?.as_ref())?;
        }
        let mut ssl = Ssl::new(&context.build())?;
        match self.server_name.parse() {
            Ok(address) => ssl.param_mut().set_ip(address)?,
            Err(_) => {
                ssl.set_hostname(&self.server_name)?;
                ssl.param_mut().set_host(&self.server_name)?;
            }
        }
        ssl.connect(socket).map_err(io::Error::other)
    }
}

trait Stream: Read + Write + std::fmt::Debug {}

impl<T: Read + Write + std::fmt::Debug> Stream for T {}

/// An open connection, for several requests.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<Box<dyn Stream>>,
    headers: Vec<(String, String)>,
    host: String,
}

impl Connection {
    /// One request and its reply.
    pub fn send(&mut self, method: &str, target: &str, content_type: &str, body: &[u8]) -> io::Result<Reply> {
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\n", self.host);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !content_type.is_empty() {
            head.push_str(&format!(
                "Content-Type: {content_type}\r\nContent-Length: {}\r\n",
                body.len()
            ));
        }
        head.push_str("\r\n");
        self.send_raw(&[head.as_bytes(), body].concat())
    }

    /// Bytes as they are, and the reply to them.
    pub fn send_raw(&mut self, bytes: &[u8]) -> io::Result<Reply> {
        self.send_only(bytes)?;
        self.reply()
    }

    /// Bytes as they are; nobody waits for a reply.
    pub fn send_only(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)?;
        self.stream.get_mut().flush()
    }

    /// The lines of a reply before its body.
    pub fn head(&mut self) -> io::Result<Vec<String>> {
        let mut lines = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok(lines);
            }
            lines.push(line);
        }
    }

    fn reply(&mut self) -> io::Result<Reply> {
        let lines = self.head()?;
        let status = lines.first().and_then(|first| first.split(' ').nth(1)?.parse().ok());
        let status: u16 = status.ok_or(io::ErrorKind::InvalidData)?;
        let pairs = lines[1..].iter().filter_map(|line| line.split_once(": "));
        let headers = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        if status == 100 {
            return self.reply();
        }
        let mut reply = Reply {
            status,
            headers,
            body: Vec::new(),
        };
        if let Some(length) = reply.header("content-length") {
            let length: usize = length.parse().map_err(io::Error::other)?;
            reply.body.resize(length, 0);
            self.stream.read_exact(&mut reply.body)?;
        } else {
            loop {
                let size = usize::from_str_radix(&self.line()?, 16).map_err(io::Error::other)?;
                let begin = reply.body.len();
                if begin + size > BODY_LIMIT {
                    return Err(io::ErrorKind::OutOfMemory.into());
                }
                reply.body.resize(begin + size, 0);
                self.stream.read_exact(&mut reply.body[begin..])?;
                self.line()?;
                if size == 0 {
                    break;
                }
            }
        }
        if reply.header("content-encoding") == Some("gzip") {
            let mut unpacked = Vec::new();
            flate2::read::GzDecoder::new(reply.body.as_slice()).read_to_end(&mut unpacked)?;
            reply.body = unpacked;
        }
        Ok(reply)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}
