// SPDX-License-Identifier: Apache-2.0
//! A registry, a token server or a lookaside store on the loopback interface that answers as a test wants it to,
//! honestly or not.

// No test program uses all of it.
#![allow(unused_imports)]

mod answer;
mod guard;
mod store;

use std::collections::VecDeque;
use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use openssl::ssl::SslAcceptor;

pub use answer::{Answer, Body};
pub use guard::Guard;
pub use store::{sha256, Store, LIST, MANIFEST};

use super::api::acceptor::{acceptor, strict_acceptor};
use super::api::certificates::{Authority, Name};
use super::api::connection::Stream;
use super::api::http::{read_request, HttpRequest};
use super::api::listener::{lock, Listener, Stop};

/// A name under which a hub's certificate is valid besides `localhost` and 127.0.0.1; no resolver knows it, so that it is
/// reached through a proxy.
pub const NAMES: [&str; 5] = [
    "registry.local",
    "registry.example.test",
    "auth.example.test",
    "cdn.example.test",
    "mirror.example.test",
];

/// A request that came in.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    /// Path and query as they were sent.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Seen {
    /// The first header of a name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str())
    }

    /// What the client showed of itself; empty where it showed nothing.
    pub fn authorization(&self) -> &str {
        self.header("authorization").unwrap_or("")
    }

    /// Everything in it, to look for secrets in.
    pub fn text(&self) -> String {
        let headers: Vec<String> = self.headers.iter().map(|(n, v)| format!("{n}: {v}\n")).collect();
        let body = String::from_utf8_lossy(&self.body);
        format!("{} {}\n{}\n{body}", self.method, self.target, headers.concat())
    }
}

/// What is answered to one path: one after the other, the last one for ever.
#[derive(Debug)]
struct Rule {
    path: String,
    answers: VecDeque<Answer>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: Arc<Stop>,
    rules: Mutex<Vec<Rule>>,
    store: Mutex<Store>,
    guard: Mutex<Guard>,
    seen: Mutex<Vec<Seen>>,
}

/// A server. It ends when it is dropped.
#[derive(Debug)]
pub struct Hub {
    shared: Arc<Shared>,
    authority: Authority,
    is_tls: bool,
    listener: Listener,
}

impl Hub {
    /// Starts a server without TLS.
    pub fn plain() -> Self {
        Self::launch(None, None)
    }

    /// Starts a server with TLS, with a certificate of an authority of its own.
    pub fn tls() -> Self {
        Self::tls_for(&names())
    }

    /// The same for clients only that show a certificate of this authority.
    pub fn tls_for_clients(of: &Authority) -> Self {
        Self::launch(Some(&names()), Some(of))
    }

    /// The same with a certificate for these names only.
    pub fn tls_for(names: &[Name<'_>]) -> Self {
        Self::launch(Some(names), None)
    }

    fn launch(names: Option<&[Name<'_>]>, clients: Option<&Authority>) -> Self {
        let authority = Authority::new("authority of a registry");
        let stop = Arc::new(Stop::default());
        let shared = Arc::new(Shared {
            stop: Arc::clone(&stop),
            ..Shared::default()
        });
        let acceptor = names.map(|names| {
            let own = authority.server_for("registry", names, true);
            match clients {
                Some(clients) => strict_acceptor(own, clients),
                None => acceptor(own, &authority),
            }
        });
        let served = Arc::clone(&shared);
        let listener = Listener::start(stop, move |socket| {
            // A client that breaks off is its own business.
            let _ = serve(&served, acceptor.as_ref(), socket);
        });
        Self {
            shared,
            authority,
            is_tls: names.is_some(),
            listener,
        }
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// `127.0.0.1:PORT`, as references have it.
    pub fn host(&self) -> String {
        self.address().to_string()
    }

    /// The URL that clients use: `SCHEME://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://{}", self.address())
    }

    /// The authority of its certificate.
    pub fn ca_pem(&self) -> String {
        self.authority.pem()
    }

    /// Answers a path, whatever the query, like this from now on.
    pub fn answer(&self, path: &str, answer: Answer) {
        self.answers(path, [answer]);
    }

    /// Answers a path like these, one after the other; the last one stays.
    pub fn answers(&self, path: &str, answers: impl IntoIterator<Item = Answer>) {
        let rule = Rule {
            path: path.to_owned(),
            answers: answers.into_iter().collect(),
        };
        let mut rules = lock(&self.shared.rules);
        rules.retain(|own| own.path != path);
        rules.push(rule);
    }

    /// Asks for a login from now on.
    pub fn guard(&self, guard: Guard) {
        *lock(&self.shared.guard) = guard;
    }

    /// Looks at what the registry has, or changes it.
    pub fn store<T>(&self, change: impl FnOnce(&mut Store) -> T) -> T {
        change(&mut lock(&self.shared.store))
    }

    /// The requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.shared.seen).clone()
    }

    /// The same, and forgets them.
    pub fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut lock(&self.shared.seen))
    }

    /// `METHOD /path?query` of the requests so far.
    pub fn lines(&self) -> Vec<String> {
        let seen = self.seen();
        seen.iter()
            .map(|seen| format!("{} {}", seen.method, seen.target))
            .collect()
    }

    /// How many connections were made, whether or not a request came over them.
    pub fn connections(&self) -> usize {
        self.shared.stop.accepted()
    }
}

/// The names of servers that have no others.
fn names() -> Vec<Name<'static>> {
    let mut names = vec![Name::Ip("127.0.0.1"), Name::Dns("localhost")];
    names.extend(NAMES.map(Name::Dns));
    names
}

/// Serves a connection until it ends.
fn serve(shared: &Shared, acceptor: Option<&SslAcceptor>, socket: TcpStream) -> std::io::Result<()> {
    let stream = match acceptor {
        None => Stream::Plain(socket),
        // Clients that do not trust the certificate end here.
        Some(acceptor) => Stream::Tls(Box::new(acceptor.accept(socket).map_err(std::io::Error::other)?)),
    };
    let mut stream = BufReader::new(stream);
    loop {
        let request = match read_request(&mut stream) {
            Ok(Some(request)) => request,
            Ok(None) => break,
            // As servers answer what is no request: somebody who speaks TLS, for one.
            Err(_) => {
                stream
                    .get_mut()
                    .write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")?;
                break;
            }
        };
        lock(&shared.seen).push(Seen {
            method: request.method.clone(),
            target: request.target.clone(),
            headers: request.headers.clone(),
            body: request.body.clone(),
        });
        let answer = answer(shared, &request);
        let is_over = !answer.send(stream.get_mut(), &shared.stop)?;
        stream.get_mut().flush()?;
        if is_over || !request.keep_alive {
            break;
        }
    }
    stream.get_mut().close();
    Ok(())
}

fn answer(shared: &Shared, request: &HttpRequest) -> Answer {
    for rule in lock(&shared.rules).iter_mut().filter(|rule| rule.path == request.path) {
        let answer = match rule.answers.len() {
            0 | 1 => rule.answers.front().cloned(),
            _ => rule.answers.pop_front(),
        };
        if let Some(answer) = answer {
            return answer;
        }
    }
    let guard = lock(&shared.guard).clone();
    let store = lock(&shared.store);
    match guard.refusal(request) {
        // Registries say what they offer to whoever asks.
        Some(refusal) => store.mark(refusal),
        None => store.answer(request),
    }
}
