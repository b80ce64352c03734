// SPDX-License-Identifier: Apache-2.0
//! A SOCKS5 proxy (RFC 1928).

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;

use super::listener::Listener;
use super::proxy::Book;

/// A SOCKS5 proxy that notes what it was asked for.
#[derive(Debug)]
pub struct SocksProxy {
    book: Arc<Book>,
    listener: Listener,
}

impl SocksProxy {
    /// Starts a proxy that asks for nothing.
    pub fn start() -> Self {
        Self::launch(None)
    }

    /// Starts a proxy that asks for a user and a password (RFC 1929).
    pub fn with_credentials(user: &str, password: &str) -> Self {
        Self::launch(Some((user.to_owned(), password.to_owned())))
    }

    fn launch(credentials: Option<(String, String)>) -> Self {
        let book = Arc::new(Book::default());
        let shared = Arc::clone(&book);
        let listener = Listener::start(Arc::clone(&book.stop), move |socket| {
            // A client that breaks off is its own business.
            let _ = serve_socks(&shared, credentials.as_ref(), socket);
        });
        Self { book, listener }
    }

    /// The proxy as configuration names it.
    pub fn url(&self) -> String {
        format!("socks5://{}", self.listener.address())
    }

    /// Where the proxy listens.
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// Sends whoever asks for `host:port` to an address.
    pub fn route(&self, target: &str, address: SocketAddr) {
        self.book.route(target, address);
    }

    /// `host:port` of what clients asked for so far; names where they left them to the proxy.
    pub fn targets(&self) -> Vec<String> {
        self.book.asked().into_iter().map(|a| a.target).collect()
    }
}

fn serve_socks(book: &Book, credentials: Option<&(String, String)>, mut client: TcpStream) -> io::Result<()> {
    let [version, count] = take(&mut client)?;
    let mut methods = vec![0; usize::from(count)];
    client.read_exact(&mut methods)?;
    let method = if credentials.is_some() { 2 } else { 0 };
    if version != 5 || !methods.contains(&method) {
        return client.write_all(&[5, 0xff]);
    }
    client.write_all(&[5, method])?;
    if let Some((user, password)) = credentials {
        let [_version] = take(&mut client)?;
        let given = (text(&mut client)?, text(&mut client)?);
        if given != (user.clone(), password.clone()) {
            return client.write_all(&[1, 1]);
        }
        client.write_all(&[1, 0])?;
    }
    let [version, command, _, kind] = take(&mut client)?;
    let host = match kind {
        1 => IpAddr::from(take::<4>(&mut client)?).to_string(),
        4 => format!("[{}]", IpAddr::from(take::<16>(&mut client)?)),
        3 => text(&mut client)?,
        _ => return client.write_all(&reply(8)),
    };
    let port = u16::from_be_bytes(take(&mut client)?);
    if version != 5 || command != 1 {
        return client.write_all(&reply(7));
    }
    match book.connect(&format!("{host}:{port}"), None) {
        Ok(server) => {
            client.write_all(&reply(0))?;
            book.splice(client, server)
        }
        Err(_) => client.write_all(&reply(4)),
    }
}

/// A text behind its length.
fn text(client: &mut TcpStream) -> io::Result<String> {
    let [length] = take(client)?;
    let mut bytes = vec![0; usize::from(length)];
    client.read_exact(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn take<const N: usize>(client: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    client.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// An answer with a code and no address.
fn reply(code: u8) -> [u8; 10] {
    [5, code, 0, 1, 0, 0, 0, 0, 0, 0]
}
