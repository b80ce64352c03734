// SPDX-License-Identifier: Apache-2.0
//! An HTTP proxy with CONNECT, and what it has in common with the SOCKS proxy: they reach the loopback interface only,
//! whatever name they are given.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use base64::Engine as _;

use super::listener::{lock, Listener, Stop};

/// Most bytes of a request's head.
const HEAD_LIMIT: usize = 64 * 1024;

/// One connection that a client asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// `host:port` as the client wrote it.
    pub target: String,
    /// The `Proxy-Authorization` header, if any.
    pub authorization: Option<String>,
    /// Whether the connection was made.
    pub established: bool,
}

/// What the threads of a proxy share.
#[derive(Debug, Default)]
pub(super) struct Book {
    asked: Mutex<Vec<Asked>>,
    routes: Mutex<BTreeMap<String, SocketAddr>>,
    pub(super) stop: Arc<Stop>,
}

impl Book {
    /// Connects to where a target leads: by a route, or to the loopback interface itself.
    pub(super) fn connect(&self, target: &str, authorization: Option<String>) -> io::Result<TcpStream> {
        let connected = self.address(target).and_then(TcpStream::connect);
        lock(&self.asked).push(Asked {
            target: target.to_owned(),
            authorization,
            established: connected.is_ok(),
        });
        connected
    }

    /// Sends whoever asks for `host:port` to an address.
    pub(super) fn route(&self, target: &str, address: SocketAddr) {
        lock(&self.routes).insert(target.to_owned(), address);
    }

    /// What clients asked for so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        lock(&self.asked).clone()
    }

    fn address(&self, target: &str) -> io::Result<SocketAddr> {
        if let Some(address) = lock(&self.routes).get(target) {
            return Ok(*address);
        }
        let unreachable = || io::Error::from(io::ErrorKind::HostUnreachable);
        let (host, port) = target.rsplit_once(':').ok_or_else(unreachable)?;
        let port = port.parse().map_err(|_| unreachable())?;
        let host = if host == "localhost" { "127.0.0.1" } else { host };
        let ip: IpAddr = host.trim_matches(['[', ']']).parse().map_err(|_| unreachable())?;
        if ip.is_loopback() {
            Ok((ip, port).into())
        } else {
            Err(unreachable())
        }
    }

    /// Carries bytes both ways until both ends are silent.
    pub(super) fn splice(&self, client: TcpStream, server: TcpStream) -> io::Result<()> {
        let number = self.stop.watch(&server);
        let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
        let up = std::thread::spawn(move || carry(&mut from_client, &mut to_server));
        let (mut from_server, mut to_client) = (server, client);
        carry(&mut from_server, &mut to_client);
        let _ = up.join();
        if let Some(number) = number {
            self.stop.forget(number);
        }
        Ok(())
    }
}

fn carry(from: &mut TcpStream, to: &mut TcpStream) {
    let whole = io::copy(from, to).is_ok();
    // A connection that broke on one side breaks on the other.
    let _ = to.shutdown(if whole { Shutdown::Write } else { Shutdown::Both });
}

/// An HTTP proxy that tunnels with CONNECT and notes what it was asked for.
#[derive(Debug)]
pub struct HttpProxy {
    book: Arc<Book>,
    listener: Listener,
}

impl HttpProxy {
    /// Starts a proxy that asks for nothing.
    pub fn start() -> Self {
        Self::launch(None)
    }

    /// Starts a proxy that asks for a user and a password.
    pub fn with_credentials(user: &str, password: &str) -> Self {
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        Self::launch(Some(format!("Basic {pair}")))
    }

    fn launch(credentials: Option<String>) -> Self {
        let book = Arc::new(Book::default());
        let shared = Arc::clone(&book);
        let listener = Listener::start(Arc::clone(&book.stop), move |socket| {
            // A client that breaks off is its own business.
            let _ = serve_http(&shared, credentials.as_deref(), socket);
        });
        Self { book, listener }
    }

    /// The proxy as configuration names it.
    pub fn url(&self) -> String {
        format!("http://{}", self.listener.address())
    }

    /// Where the proxy listens.
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// Sends whoever asks for `host:port` to an address.
    pub fn route(&self, target: &str, address: SocketAddr) {
        self.book.route(target, address);
    }

    /// What clients asked for so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.book.asked()
    }

    /// `host:port` of what clients asked for so far.
    pub fn targets(&self) -> Vec<String> {
        self.asked().into_iter().map(|a| a.target).collect()
    }
}

fn serve_http(book: &Book, credentials: Option<&str>, mut client: TcpStream) -> io::Result<()> {
    let head = head(&mut client)?;
    let text = String::from_utf8_lossy(&head).into_owned();
    let mut lines = text.lines();
    let mut words = lines.next().unwrap_or("").split(' ');
    let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let authorization = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("proxy-authorization")
            .then(|| value.trim().to_owned())
    });
    let tunnel = method == "CONNECT";
    let host = if tunnel {
        target.to_owned()
    } else {
        let rest = target.strip_prefix("http://").unwrap_or("");
        let host = rest.split('/').next().unwrap_or("");
        if host.contains(':') {
            host.to_owned()
        } else {
            format!("{host}:80")
        }
    };
    if credentials.is_some_and(|wanted| authorization.as_deref() != Some(wanted)) {
        lock(&book.asked).push(Asked {
            target: host,
            authorization,
            established: false,
        });
        return client.write_all(
            b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"proxy\"\r\n\
              Content-Length: 0\r\nConnection: close\r\n\r\n",
        );
    }
    let Ok(mut server) = book.connect(&host, authorization) else {
        return client.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    };
    if tunnel {
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    } else {
        // The server understands targets with a host in them.
        server.write_all(&head)?;
    }
    book.splice(client, server)
}

/// Bytes up to the first empty line, and not one more: what follows is for the server.
pub(super) fn head(client: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == HEAD_LIMIT {
            return Err(io::ErrorKind::InvalidData.into());
        }
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(head)
}
