// SPDX-License-Identifier: Apache-2.0
//! What goes wrong on purpose does so as it was asked for, and no more often.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{json, Value};

use crate::{at, read, server, IMAGES};
use image_signature_test_api::samples::{image, D1, D2};
use image_signature_test_api::Fault;

#[test]
fn codes_with_and_without_retry_after() {
    let (server, client) = server();
    server.fault(Fault::status(429).retry_after(1).on("GET", "/images/").times(2));
    for _ in 0..2 {
        let reply = client.get(&at(D1)).expect(429);
        assert_eq!(reply.header("retry-after"), Some("1"));
        let body = reply.json();
        assert_eq!(body["reason"], "TooManyRequests");
        assert_eq!(body["details"]["retryAfterSeconds"], 1);
    }
    client.get(&at(D1)).expect(200);
    // It is for one method and path only.
    server.fault(Fault::status(503).on("GET", "/images/"));
    client.get(IMAGES).expect(200);
    client.put(&at(D1), &server.stored(D1)).expect(200);
    let message = "the server is currently unable to handle the request";
    let reply = client.get(&at(D1)).expect_failure(503, "ServiceUnavailable", message);
    assert_eq!(reply.header("retry-after"), None);
    server.heal();
    client.get(&at(D1)).expect(200);
    server.fault(
        Fault::status(503)
            .retry_after_text("Fri, 31 Dec 1999 23:59:59 GMT")
            .once(),
    );
    let reply = client.get(&at(D1)).expect(503);
    assert_eq!(reply.header("retry-after"), Some("Fri, 31 Dec 1999 23:59:59 GMT"));
    let log: Vec<u16> = server.requests().iter().map(|r| r.status).collect();
    assert_eq!(log, [429, 429, 200, 200, 200, 503, 200, 503]);
}

#[test]
fn errors_that_are_no_status() {
    let (server, client) = server();
    server.fault(Fault::status(502).text("text/html", "<html>Bad Gateway</html>").once());
    let reply = client.get(&at(D1)).expect(502);
    assert_eq!(reply.text(), "<html>Bad Gateway</html>");
    assert_eq!(reply.header("content-type"), Some("text/html"));
    server.fault(Fault::body("application/json", "{\"kind\":").once());
    assert_eq!(client.get(&at(D1)).expect(200).text(), "{\"kind\":");
    server.fault(Fault::content_type("text/html").once());
    let reply = client.get(&at(D1)).expect(200);
    assert_eq!(reply.header("content-type"), Some("text/html"));
    assert_eq!(reply.json()["kind"], "Image");
    server.fault(Fault::warning("299 - \"old news\"").header("X-Other", "1").once());
    let reply = client.get(&at(D1)).expect(200);
    assert_eq!(reply.header("warning"), Some("299 - \"old news\""));
    assert_eq!(reply.header("x-other"), Some("1"));
    assert_eq!(client.get(&at(D1)).expect(200).header("warning"), None);
}

#[test]
fn a_401_in_the_middle() {
    let (server, client) = server();
    server.fault(Fault::unauthorized().after(2).once());
    let codes: Vec<u16> = (0..4).map(|_| client.get(&at(D1)).status).collect();
    assert_eq!(codes, [200, 200, 401, 200]);
}

#[test]
fn faults_for_later_pages_only() {
    let (server, client) = server();
    server.image(image(D2, &[]));
    server.fault(Fault::status(503).with_parameter("continue"));
    let first = client.get(&format!("{IMAGES}?limit=1")).expect(200).json();
    let token = first["metadata"]["continue"].as_str().unwrap();
    client.get(&format!("{IMAGES}?limit=1&continue={token}")).expect(503);
}

#[test]
fn connections_cut_in_the_middle() {
    let (server, client) = server();
    for bytes in [0, 10] {
        server.fault(Fault::cut(bytes).once());
        let error = client.try_send("GET", &at(D1), "", b"").unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof, "{error}");
        server.fault(Fault::reset(bytes).once());
        let error = client.try_send("GET", &at(D1), "", b"").unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
    }
    client.get(&at(D1)).expect(200);
    server.fault(Fault::lost().on("GET", "/images/").once());
    let error = client.try_send("GET", &at(D1), "", b"").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
    assert_eq!(server.requests().pop().unwrap().status, 0);
    // What was cut was done all the same: a client must look.
    let mut image = read(&client, D1);
    image["metadata"]["labels"] = json!({"a": "b"});
    server.fault(Fault::cut(5).on("PUT", "/images/").once());
    client
        .try_send("PUT", &at(D1), "application/json", image.to_string().as_bytes())
        .unwrap_err();
    assert_eq!(server.stored(D1)["metadata"]["labels"], json!({"a": "b"}));
}

#[test]
fn slow_answers() {
    let (server, client) = server();
    let pause = Duration::from_millis(60);
    server.fault(Fault::delay(pause).once());
    let begin = Instant::now();
    client.get(&at(D1)).expect(200);
    assert!(begin.elapsed() >= pause);
    server.fault(Fault::status(503).after_delay(pause).once());
    let begin = Instant::now();
    client.get(&at(D1)).expect(503);
    assert!(begin.elapsed() >= pause);
    let length = client.get(&at(D1)).expect(200).body.len();
    server.fault(Fault::trickle(length / 3, Duration::from_millis(20)).once());
    let begin = Instant::now();
    assert_eq!(client.get(&at(D1)).expect(200).body.len(), length);
    assert!(begin.elapsed() >= Duration::from_millis(60));
}

#[test]
fn a_slow_answer_keeps_nobody_else_waiting_and_ends_with_the_server() {
    let (server, client) = server();
    server.fault(Fault::delay(Duration::from_secs(600)).on("GET", "/images/").once());
    server.fault(Fault::trickle(1, Duration::from_secs(600)).on("GET", "/images").once());
    let begin = Instant::now();
    let slow: Vec<_> = [at(D1), IMAGES.to_owned()]
        .into_iter()
        .map(|target| {
            let client = client.clone();
            std::thread::spawn(move || client.try_send("GET", &target, "", b"").is_err())
        })
        .collect();
    let waiting = Instant::now();
    while server.requests().is_empty() {
        assert!(waiting.elapsed() < Duration::from_secs(10), "no request has come in");
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(server.requests().len(), 1);
    client.get("/version").expect(200);
    drop(server);
    for thread in slow {
        assert!(thread.join().unwrap());
    }
    assert!(begin.elapsed() < Duration::from_secs(60));
}

#[test]
fn another_object_than_asked_for() {
    let (server, client) = server();
    server.image(image(D2, &[b"signed too"]));
    server.fault(Fault::other_image(D2).on("GET", "/images/"));
    assert_eq!(client.get(&at(D1)).expect(200).json(), server.stored(D2));
    server.grant("alice", &["get"], "imagestreamtags");
    let status = json!({"tags": [{"tag": "v1", "items": [{"image": D1, "dockerImageReference": "a/b"}]}]});
    server.stream("team", "app", json!({"status": status}));
    server.fault(Fault::other_image(D2).on("GET", "/imagestreamtags/"));
    let path = "/apis/image.openshift.io/v1/namespaces/team/imagestreamtags/app:v1";
    let tag = client.get(path).expect(200).json();
    assert_eq!(tag["kind"], "ImageStreamTag");
    assert_eq!(tag["image"]["metadata"]["name"], D2);
}

#[test]
fn pages_without_end() {
    let (server, client) = server();
    server.fault(Fault::endless_pages().on("GET", "/images"));
    let mut token = String::new();
    let mut tokens = Vec::new();
    for _ in 0..5 {
        let page = client
            .get(&format!("{IMAGES}?limit=1&continue={token}"))
            .expect(200)
            .json();
        assert_eq!(page["items"][0]["metadata"]["name"], D1);
        token = page["metadata"]["continue"].as_str().unwrap().to_owned();
        assert!(!tokens.contains(&token));
        tokens.push(token.clone());
    }
    server.heal();
    client.get(&format!("{IMAGES}?limit=1&continue={token}")).expect(400);
}

#[test]
fn huge_answers() {
    let (server, client) = server();
    server.fault(Fault::huge(2).once());
    let reply = client.get(&at(D1)).expect(200);
    assert!(reply.body.len() > 2 << 20);
    let object: Value = reply.json();
    assert_eq!(object["metadata"]["name"], D1);
    assert_eq!(object["filler"].as_str().unwrap().len(), 2 << 20);
    server.fault(Fault::garbage(1).once());
    let reply = client.get(&at(D1)).expect(200);
    assert_eq!(reply.body.len(), (1 << 20) + 1);
    serde_json::from_slice::<Value>(&reply.body).unwrap_err();
    for mebibytes in [1, 5] {
        server.fault(Fault::bomb(mebibytes).once());
        let reply = client.get(&at(D1)).expect(200);
        let sent: usize = reply.header("content-length").unwrap().parse().unwrap();
        assert!(sent < 50_000, "{sent}");
        let object: Value = reply.json();
        assert_eq!(object["metadata"]["name"], D1);
        assert_eq!(object["filler"].as_str().unwrap().len() as u64, mebibytes << 20);
    }
    // A client that has enough may leave.
    server.fault(Fault::huge(100_000).once());
    let mut connection = client.connect().unwrap();
    let head = format!(
        "GET {} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer token-1\r\n\r\n",
        at(D1)
    );
    connection.send_only(head.as_bytes()).unwrap();
    // The fault is this request's, and not the next one's.
    connection.head().unwrap();
    drop(connection);
    client.get(&at(D1)).expect(200);
}
