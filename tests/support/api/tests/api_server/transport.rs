// SPDX-License-Identifier: Apache-2.0
//! TLS and HTTP: what the server says and takes below the API.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::json;

use crate::{at, server, IMAGES};
use image_signature_test_api::client::Client;
use image_signature_test_api::samples::{image, D1, D2};
use image_signature_test_api::{KeyKind, Server, User, SERVER_NAME};

#[test]
fn the_certificate_is_for_names_and_an_authority() {
    let (server, client) = server();
    for name in ["127.0.0.1", "localhost", SERVER_NAME] {
        client.clone().expecting(name).get(&at(D1)).expect(200);
    }
    assert_eq!(
        server.requests().pop().unwrap().server_name.as_deref(),
        Some(SERVER_NAME)
    );
    assert!(server.requests().iter().all(|r| r.tls));
    server.forget_requests();
    let refused = |client: &Client| {
        let error = client.try_send("GET", &at(D1), "", b"").unwrap_err().to_string();
        assert!(error.contains("certificate verify failed"), "{error}");
    };
    refused(&client.clone().expecting("other.example.test"));
    refused(&client.clone().expecting("127.0.0.2"));
    refused(&client.clone().trusting(&server.unrelated_ca_pem()));
    let expired = Server::with_expired_certificate();
    refused(&Client::new(&expired));
    assert_eq!(expired.connections(), 1);
    assert!(server.requests().is_empty() && expired.requests().is_empty());
    assert!(server.url().starts_with("https://127.0.0.1:"));
}

#[test]
fn without_tls_nothing_is_encrypted_and_tokens_are_seen() {
    let server = Server::plain();
    server.user("token-1", User::new("alice"));
    server.allow_auditor("alice");
    server.image(image(D1, &[]));
    assert!(server.url().starts_with("http://127.0.0.1:"));
    Client::new(&server).get(&at(D1)).expect(403);
    Client::new(&server).token("token-1").get(&at(D1)).expect(200);
    let log = server.requests();
    assert!(log.iter().all(|r| !r.tls));
    assert_eq!(log[0].header("authorization"), None);
    assert_eq!(log[1].header("authorization"), Some("Bearer token-1"));
}

#[test]
fn connections_are_kept_and_each_has_its_own_user() {
    let (server, client) = server();
    server.allow_auditor("bob");
    let certificate = server.client_certificate("bob", &[], KeyKind::EcSec1);
    let mut one = client.connect().unwrap();
    let mut two = Client::new(&server).certificate(&certificate).connect().unwrap();
    for _ in 0..3 {
        one.send("GET", &at(D1), "", b"").unwrap().expect(200);
        two.send("GET", &at(D1), "", b"").unwrap().expect(200);
    }
    let users: Vec<String> = server.requests().into_iter().map(|r| r.user).collect();
    assert_eq!(users, ["alice", "bob", "alice", "bob", "alice", "bob"]);
    // Errors do not end a connection.
    one.send("GET", &at(D2), "", b"").unwrap().expect(404);
    one.send("GET", &at(D1), "", b"").unwrap().expect(200);
    server.hang_up();
    one.send("GET", &at(D1), "", b"").unwrap_err();
    client.get(&at(D1)).expect(200);
}

#[test]
fn a_client_may_ask_to_close() {
    let (_server, client) = server();
    let mut connection = client.header("Connection", "close").connect().unwrap();
    let reply = connection.send("GET", &at(D1), "", b"").unwrap().expect(200);
    assert_eq!(reply.header("connection"), Some("close"));
    connection.send("GET", &at(D1), "", b"").unwrap_err();
}

#[test]
fn bodies_in_chunks_and_on_demand() {
    let (server, client) = server();
    let head = |more: &str| {
        format!(
            "PATCH {} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer token-1\r\nContent-Type: \
             application/json-patch+json\r\n{more}\r\n\r\n",
            at(D1)
        )
    };
    let mut connection = client.connect().unwrap();
    let chunked = format!("{}2;x=y\r\n[{{\r\n1b\r\n\"op\":\"test\",\"path\":\"/kind\",\r\n11\r\n\"value\":\"Image\"}}]\r\n0\r\nT: 1\r\n\r\n", head("Transfer-Encoding: chunked"));
    connection.send_raw(chunked.as_bytes()).unwrap().expect(200);
    let body = "[]";
    let asking = format!("{}{body}", head("Content-Length: 2\r\nExpect: 100-continue"));
    connection.send_raw(asking.as_bytes()).unwrap().expect(200);
    // A body too long in chunks is too long as well.
    let mut long = head("Transfer-Encoding: chunked").into_bytes();
    for _ in 0..49 {
        long.extend_from_slice(b"10000\r\n");
        long.extend(vec![b' '; 0x10000]);
        long.extend_from_slice(b"\r\n");
    }
    long.extend_from_slice(b"0\r\n\r\n");
    let reply = connection.send_raw(&long).unwrap().expect(413);
    assert_eq!(reply.header("connection"), Some("close"));
    let log = server.requests();
    assert_eq!(log[0].body[0]["value"], "Image");
    assert_eq!(log[1].raw_body, b"[]");
}

#[test]
fn heads_have_no_body() {
    let (_server, client) = server();
    let mut connection = client.connect().unwrap();
    let head = |target: &str| format!("HEAD {target} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer token-1\r\n\r\n");
    connection.send_only(head(&at(D1)).as_bytes()).unwrap();
    let lines = connection.head().unwrap();
    assert!(lines[0].starts_with("HTTP/1.1 200 ") && lines.len() > 3, "{lines:?}");
    connection.send("GET", &at(D1), "", b"").unwrap().expect(200);
}

#[test]
fn what_is_no_http_is_refused() {
    let (server, client) = server();
    for bytes in [
        "nonsense\r\n\r\n",
        "GET /version HTTP/3.0\r\nHost: h\r\n\r\n",
        "GET  /version HTTP/1.1\r\nHost: h\r\n\r\n",
        "GE(T /version HTTP/1.1\r\nHost: h\r\n\r\n",
        " /version HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /version HTTP/1.1\r\n\r\n",
        "GET /version HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET /version HTTP/1.1\r\nHost : h\r\n\r\n",
        "GET /version HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n",
        "GET version HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /ver%zzsion HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /vers\u{ef}on HTTP/1.1\r\nHost: h\r\n\r\n",
        "PUT /version HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n",
        "PUT /version HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "PUT /version HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "PUT /version HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n",
        "PUT /version HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    ] {
        let reply = client.connect().unwrap().send_raw(bytes.as_bytes()).unwrap();
        assert_eq!(reply.status, 400, "{bytes}");
    }
    assert_eq!(server.malformed().len(), 17);
    let endless = format!("GET /version HTTP/1.1\r\nHost: h\r\nX: {}", "x".repeat(2 << 20));
    let reply = client.connect().unwrap().send_raw(endless.as_bytes()).unwrap();
    assert_eq!(reply.text(), "400 Bad Request: headers too large\n");
    // What just stops is no request either, but nobody is left to be told.
    let mut half = client.connect().unwrap();
    half.send_only(b"GET /version HTTP/1.1\r\nHost: h\r\n").unwrap();
    drop(half);
    client.get("/version").expect(200);
    assert_eq!(server.malformed().len(), 18);
    server.forget_requests();
    assert!(server.requests().is_empty());
    let old = client
        .connect()
        .unwrap()
        .send_raw(b"GET /version HTTP/1.0\r\n\r\n")
        .unwrap();
    assert_eq!((old.status, old.header("connection")), (200, Some("close")));
}

#[test]
fn long_answers_are_packed_for_those_who_ask() {
    let (server, client) = server();
    server.objects(|objects| {
        let mut big = image(D2, &[]);
        big["metadata"]["annotations"] = json!({"big": "x".repeat(200_000)});
        objects.put_image(big);
    });
    let asking = client.clone().header("Accept-Encoding", "deflate, gzip;q=1.0");
    let plain = client.get(&at(D2)).expect(200);
    assert_eq!(plain.header("content-encoding"), None);
    let packed = asking.get(&at(D2)).expect(200);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_eq!(packed.body, plain.body);
    let sent: usize = packed.header("content-length").unwrap().parse().unwrap();
    assert!(sent < plain.body.len() / 10);
    assert_eq!(asking.get(&at(D1)).expect(200).header("content-encoding"), None);
    server.gzip_over(10);
    assert_eq!(asking.get(&at(D1)).expect(200).header("content-encoding"), Some("gzip"));
    assert_eq!(asking.get(IMAGES).expect(200).header("content-encoding"), Some("gzip"));
    // Errors are not, and nobody gets what they refuse.
    assert_eq!(asking.get("/nothing").expect(403).header("content-encoding"), None);
    let refusing = client.header("Accept-Encoding", "gzip;q=0");
    assert_eq!(refusing.get(&at(D1)).expect(200).header("content-encoding"), None);
}

#[test]
fn a_prefix_stands_before_every_path() {
    let (server, client) = server();
    server.under("/k8s/clusters/c-1");
    assert!(server.url().ends_with("/k8s/clusters/c-1"));
    let target = format!("/k8s/clusters/c-1{}", at(D1));
    client.get(&target).expect(200);
    for target in [
        at(D1),
        format!("/k8s/clusters/c-2{}", at(D1)),
        "/k8s/clusters/c-1".to_owned(),
    ] {
        assert_eq!(client.get(&target).expect(404).text(), "404 page not found\n");
    }
    assert_eq!(server.requests()[0].path, target);
}

#[test]
fn a_server_that_is_dropped_is_gone() {
    let (server, client) = server();
    let address = server.address();
    let mut open = client.connect().unwrap();
    open.send("GET", &at(D1), "", b"").unwrap().expect(200);
    // One that never says a word, and one in the middle of a request.
    let mut silent = TcpStream::connect(address).unwrap();
    let mut halfway = TcpStream::connect(address).unwrap();
    halfway.write_all(b"GET /").unwrap();
    drop(server);
    assert!(open.send("GET", &at(D1), "", b"").is_err());
    let mut rest = Vec::new();
    let ended = silent.read_to_end(&mut rest).map_or(true, |n| n == 0);
    assert!(ended);
    let refused = TcpStream::connect(address).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[test]
fn the_log_tells_everything() {
    let (server, client) = server();
    let image = server.stored(D1);
    let target = format!(
        "{}?dryRun=All&fieldManager=image%2Dsignature",
        at(&D1.replace(':', "%3A"))
    );
    client.put(&target, &image).expect(200);
    let log = server.requests();
    assert_eq!(log.len(), 1);
    let entry = &log[0];
    assert_eq!((entry.method.as_str(), entry.path.as_str()), ("PUT", at(D1).as_str()));
    assert_eq!(entry.target, target);
    assert_eq!(entry.parameter("fieldManager"), Some("image-signature"));
    assert_eq!(entry.query[0], ("dryRun".to_owned(), "All".to_owned()));
    assert_eq!(entry.header("user-agent"), Some("self-test/1"));
    assert_eq!(entry.body, image);
    assert_eq!((entry.user.as_str(), entry.status), ("alice", 200));
    assert_eq!(server.lines(), [format!("PUT {}", at(D1))]);
    server.forget_requests();
    assert!(server.requests().is_empty());
}
