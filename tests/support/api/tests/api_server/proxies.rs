// SPDX-License-Identifier: Apache-2.0
//! The proxies carry what they are asked to, and write it down.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::{at, server};
use image_signature_test_api::client::Client;
use image_signature_test_api::samples::{image, D1};
use image_signature_test_api::{HttpProxy, Server, SocksProxy, User, SERVER_NAME};

fn dial(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// Sends CONNECT and gives the first line of the answer; its headers are read.
fn tunnel(stream: &mut TcpStream, target: &str, more: &str) -> String {
    write!(stream, "CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{more}\r\n").unwrap();
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap().lines().next().unwrap().to_owned()
}

#[test]
fn http_tunnels() {
    let (server, client) = server();
    let proxy = HttpProxy::start();
    assert!(proxy.url().starts_with("http://127.0.0.1:"));
    let mut stream = dial(proxy.address());
    let direct = server.address().to_string();
    assert_eq!(tunnel(&mut stream, &direct, ""), "HTTP/1.1 200 Connection established");
    let mut connection = client.over(stream).unwrap();
    connection.send("GET", &at(D1), "", b"").unwrap().expect(200);
    connection.send("GET", &at(D1), "", b"").unwrap().expect(200);
    // A name that only the proxy knows.
    let named = format!("{SERVER_NAME}:6443");
    let mut stream = dial(proxy.address());
    assert_eq!(tunnel(&mut stream, &named, ""), "HTTP/1.1 502 Bad Gateway");
    proxy.route(&named, server.address());
    let mut stream = dial(proxy.address());
    assert_eq!(tunnel(&mut stream, &named, ""), "HTTP/1.1 200 Connection established");
    let mut connection = client.clone().expecting(SERVER_NAME).over(stream).unwrap();
    connection.send("GET", &at(D1), "", b"").unwrap().expect(200);
    let mut stream = dial(proxy.address());
    assert_eq!(tunnel(&mut stream, "192.0.2.1:443", ""), "HTTP/1.1 502 Bad Gateway");
    assert_eq!(
        proxy.targets(),
        [direct, named.clone(), named, "192.0.2.1:443".to_owned()]
    );
    let established: Vec<bool> = proxy.asked().iter().map(|a| a.established).collect();
    assert_eq!(established, [true, false, true, false]);
}

/// Reads D1 over a tunnel.
fn get(client: &Client, stream: TcpStream) {
    let mut connection = client.over(stream).unwrap();
    connection.send("GET", &at(D1), "", b"").unwrap().expect(200);
}

#[test]
fn http_tunnels_for_those_with_a_password() {
    let (server, client) = server();
    let proxy = HttpProxy::with_credentials("user", "pass word");
    let target = server.address().to_string();
    for more in ["", "Proxy-Authorization: Basic dXNlcjpvdGhlcg==\r\n"] {
        let mut stream = dial(proxy.address());
        assert_eq!(
            tunnel(&mut stream, &target, more),
            "HTTP/1.1 407 Proxy Authentication Required"
        );
    }
    let mut stream = dial(proxy.address());
    let more = "proxy-authorization: Basic dXNlcjpwYXNzIHdvcmQ=\r\n";
    assert_eq!(
        tunnel(&mut stream, &target, more),
        "HTTP/1.1 200 Connection established"
    );
    get(&client, stream);
    let asked = proxy.asked();
    assert_eq!(
        asked.iter().map(|a| a.established).collect::<Vec<_>>(),
        [false, false, true]
    );
    assert_eq!(asked[2].authorization.as_deref(), Some("Basic dXNlcjpwYXNzIHdvcmQ="));
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn plain_http_is_forwarded() {
    let server = Server::plain();
    server.user("token-1", User::new("alice"));
    server.allow_auditor("alice");
    server.image(image(D1, &[]));
    let proxy = HttpProxy::start();
    let client = Client::new(&server).token("token-1");
    let mut connection = client.over(dial(proxy.address())).unwrap();
    let target = format!("{}{}?limit=1", server.url(), at(D1));
    connection.send("GET", &target, "", b"").unwrap().expect(200);
    connection.send("GET", &target, "", b"").unwrap().expect(200);
    assert_eq!(proxy.targets(), [server.address().to_string()]);
    assert_eq!(server.requests()[1].path, at(D1));
    assert_eq!(server.requests()[1].target, target);
}

/// Greets, asks for a host and gives the code of the answer.
fn socks(stream: &mut TcpStream, host: &[u8], port: u16) -> u8 {
    stream.write_all(&[5, 2, 2, 0]).unwrap();
    let mut chosen = [0; 2];
    stream.read_exact(&mut chosen).unwrap();
    assert_eq!(chosen, [5, 0]);
    stream
        .write_all(&[&[5, 1, 0], host, &port.to_be_bytes()].concat())
        .unwrap();
    let mut reply = [0; 10];
    stream.read_exact(&mut reply).unwrap();
    assert_eq!(reply[0], 5);
    reply[1]
}

#[test]
fn socks_connections() {
    let (server, client) = server();
    let proxy = SocksProxy::start();
    let port = server.address().port();
    assert!(proxy.url().starts_with("socks5://127.0.0.1:"));
    let mut stream = dial(proxy.address());
    assert_eq!(socks(&mut stream, &[1, 127, 0, 0, 1], port), 0);
    get(&client, stream);
    let length = u8::try_from(SERVER_NAME.len()).unwrap();
    let name = [&[3, length], SERVER_NAME.as_bytes()].concat();
    let mut stream = dial(proxy.address());
    assert_eq!(socks(&mut stream, &name, 6443), 4);
    proxy.route(&format!("{SERVER_NAME}:6443"), server.address());
    let mut stream = dial(proxy.address());
    assert_eq!(socks(&mut stream, &name, 6443), 0);
    let mut connection = client.clone().expecting(SERVER_NAME).over(stream).unwrap();
    connection.send("GET", &at(D1), "", b"").unwrap().expect(200);
    let named = format!("{SERVER_NAME}:6443");
    assert_eq!(proxy.targets(), [format!("127.0.0.1:{port}"), named.clone(), named]);
    // Methods that need a password are not offered.
    let mut stream = dial(proxy.address());
    stream.write_all(&[5, 1, 2]).unwrap();
    let mut chosen = [0; 2];
    stream.read_exact(&mut chosen).unwrap();
    assert_eq!(chosen, [5, 0xff]);
}

#[test]
fn a_proxy_that_is_dropped_ends_its_tunnels() {
    let (server, client) = server();
    let proxy = HttpProxy::start();
    let mut stream = dial(proxy.address());
    tunnel(&mut stream, &server.address().to_string(), "");
    let mut connection = client.over(stream).unwrap();
    connection.send("GET", &at(D1), "", b"").unwrap().expect(200);
    let address = proxy.address();
    drop(proxy);
    assert!(connection.send("GET", &at(D1), "", b"").is_err());
    assert!(TcpStream::connect(address).is_err());
}
