// SPDX-License-Identifier: Apache-2.0
//! One connection: the TLS handshake, then request after request until one side has enough.

use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use openssl::ssl::{NameType, ShutdownResult, SslAcceptor, SslStream};

use super::dispatch;
use super::http::{read_request, Broken};
use super::identity::Peer;
use super::listener::lock;
use super::server::Shared;
use super::status::Answer;
use super::wire::{prepare, send, Manner};

/// A connection with or without TLS.
#[derive(Debug)]
pub enum Stream {
    Plain(TcpStream),
    Tls(Box<SslStream<TcpStream>>),
}

impl Stream {
    /// The TCP connection below.
    pub fn socket(&self) -> &TcpStream {
        match self {
            Stream::Plain(socket) => socket,
            Stream::Tls(stream) => stream.get_ref(),
        }
    }

    /// Says goodbye as the protocol asks, then reads what the client is still sending: closing earlier would reset the
    /// connection, and the client could lose the answer.
    pub fn close(&mut self) {
        if let Stream::Tls(stream) = self {
            if !matches!(stream.shutdown(), Ok(ShutdownResult::Sent | ShutdownResult::Received)) {
                return;
            }
        }
        let mut socket = self.socket();
        let _ = socket.shutdown(Shutdown::Write);
        let _ = socket.set_read_timeout(Some(Duration::from_secs(5)));
        let mut rest = [0; 16 * 1024];
        while socket.read(&mut rest).is_ok_and(|n| n > 0) {}
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(socket) => socket.read(buffer),
            Stream::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(socket) => socket.write(bytes),
            Stream::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(socket) => socket.flush(),
            Stream::Tls(stream) => stream.flush(),
        }
    }
}

/// Serves a connection until it ends.
pub fn serve(shared: &Shared, acceptor: Option<&SslAcceptor>, socket: TcpStream) {
    let (stream, peer) = match acceptor {
        None => (Stream::Plain(socket), Peer::default()),
        Some(acceptor) => {
            // Clients that do not trust the server's certificate end here.
            let Ok(stream) = acceptor.accept(socket) else {
                return;
            };
            let peer = Peer {
                certificate: stream.ssl().peer_certificate(),
                server_name: stream.ssl().servername(NameType::HOST_NAME).map(str::to_owned),
                tls: true,
            };
            (Stream::Tls(Box::new(stream)), peer)
        }
    };
    let mut stream = BufReader::new(stream);
    // A connection that fails is the client's to notice.
    if let Ok(true) = converse(shared, &mut stream, &peer) {
        stream.get_mut().close();
    }
}

/// Whether the connection is to end in good order.
fn converse(shared: &Shared, stream: &mut BufReader<Stream>, peer: &Peer) -> io::Result<bool> {
    loop {
        let request = match read_request(stream) {
            Ok(Some(request)) => request,
            Ok(None) => return Ok(true),
            Err(Broken::Io(error)) => return Err(error),
            Err(Broken::Malformed(why)) => {
                lock(&shared.malformed).push(why.to_owned());
                let answer = Answer::text(400, &format!("400 Bad Request: {why}"));
                send(stream.get_mut(), &answer, true, Manner::default(), &shared.stop)?;
                return Ok(true);
            }
        };
        let effects = lock(&shared.state).strike(&request);
        if let Some(delay) = effects.delay {
            if !shared.stop.pause(delay) {
                return Ok(false);
            }
        }
        if effects.lost {
            dispatch::lose(&mut lock(&shared.state), &request, peer);
            let _ = rustix::net::sockopt::set_socket_linger(stream.get_ref().socket(), Some(Duration::ZERO));
            return Ok(false);
        }
        let (mut answer, gzip_over) = {
            let mut state = lock(&shared.state);
            let answer = dispatch::answer(&mut state, &shared.client_authority, &request, peer, &effects);
            (answer, state.settings.gzip_over)
        };
        prepare(&mut answer, &request, gzip_over);
        let close = !request.keep_alive || request.too_large;
        let manner = Manner {
            cut: effects.cut.map(|(bytes, _)| bytes),
            trickle: effects.trickle,
            head_only: request.method == "HEAD",
        };
        if !send(stream.get_mut(), &answer, close, manner, &shared.stop)? {
            if let Some((_, true)) = effects.cut {
                let _ = rustix::net::sockopt::set_socket_linger(stream.get_ref().socket(), Some(Duration::ZERO));
            }
            return Ok(false);
        }
        if close {
            return Ok(true);
        }
    }
}
