// SPDX-License-Identifier: Apache-2.0
//! Where a registry may send us, and what goes along.

use image_signature::reason::Reason;
use image_signature::registry::trouble::Trouble;

use crate::hostile::{
    access, honest, open, plainly, tag_path, trouble, with_login, Access, Net, PASSWORD, REPOSITORY, USER,
};
use crate::support::api::HttpProxy;
use crate::support::hub::{Answer, Guard, Hub, MANIFEST};
use crate::support::secrets::assert_hidden;

/// A registry and a second server under names that only a proxy knows: neither is at an address of this machine.
struct Town {
    registry: Hub,
    other: Hub,
    proxy: HttpProxy,
}

impl Town {
    fn new() -> Self {
        let (registry, _) = honest();
        let (other, proxy) = (Hub::tls(), HttpProxy::start());
        proxy.route("registry.example.test:443", registry.address());
        for name in ["cdn.example.test:443", "auth.example.test:443"] {
            proxy.route(name, other.address());
        }
        Self { registry, other, proxy }
    }

    fn net(&self) -> Net {
        Net::of(&[&self.registry, &self.other]).through(&self.proxy)
    }
}

#[test]
fn to_another_host_without_the_login() {
    let town = Town::new();
    town.registry.guard(Guard::Basic(USER.into(), PASSWORD.into()));
    town.registry.store(|store| store.repository(REPOSITORY).blob(b"layer"));
    town.other.answer("/store/1", Answer::ok(MANIFEST, "{}"));
    let net = town.net();
    let mut session = open(&net, with_login("registry.example.test")).unwrap();
    // Answered only to those who logged in.
    town.registry.answers(
        &tag_path(),
        [Answer::redirect("https://cdn.example.test/store/1?key=presigned")],
    );
    assert_eq!(session.manifest("v1").unwrap().body, b"{}");
    let seen = town.other.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].authorization(), "");
    assert_hidden(&seen[0].text(), &[PASSWORD.as_bytes()]);
    assert!(town
        .registry
        .seen()
        .last()
        .unwrap()
        .authorization()
        .starts_with("Basic "));
}

#[test]
fn to_the_same_host_with_the_login() {
    let town = Town::new();
    town.registry.guard(Guard::Basic(USER.into(), PASSWORD.into()));
    let net = town.net();
    for location in [
        "/elsewhere",
        "https://registry.example.test/elsewhere",
        "https://registry.example.test:443/elsewhere",
    ] {
        let mut session = open(&net, with_login("registry.example.test")).unwrap();
        town.registry.answer(&tag_path(), Answer::redirect(location));
        assert!(
            matches!(session.manifest("v1"), Err(Trouble::Absent { .. })),
            "{location}"
        );
        let last = town.registry.seen().last().unwrap().clone();
        assert_eq!(
            (last.target.as_str(), last.authorization().is_empty()),
            ("/elsewhere", false)
        );
    }
}

/// A path without a host means the host that said it, and not the registry.
#[test]
fn from_another_host_to_a_path() {
    let town = Town::new();
    town.registry.guard(Guard::Basic(USER.into(), PASSWORD.into()));
    town.registry
        .answer(&tag_path(), Answer::redirect("https://cdn.example.test/first"));
    town.other.answer("/first", Answer::redirect("/second"));
    town.other.answer("/second", Answer::ok(MANIFEST, "{}"));
    let net = town.net();
    let mut session = open(&net, with_login("registry.example.test")).unwrap();
    assert_eq!(session.manifest("v1").unwrap().body, b"{}");
    assert_eq!(town.other.lines(), ["GET /first", "GET /second"]);
    for seen in town.other.seen() {
        assert_hidden(&seen.text(), &[PASSWORD.as_bytes()]);
    }
}

#[test]
fn to_where_no_server_may_send_us() {
    let town = Town::new();
    let net = town.net();
    let port = town.other.address().port();
    for location in [
        format!("https://127.0.0.1:{port}/x"),
        format!("https://localhost:{port}/x"),
        format!("https://LOCALHOST:{port}/x"),
        format!("https://a.localhost:{port}/x"),
        format!("https://localhost.:{port}/x"),
        format!("https://127.1:{port}/x"),
        format!("https://2130706433:{port}/x"),
        format!("https://0x7f.0.0.1:{port}/x"),
        format!("https://0:{port}/x"),
        format!("https://[::1]:{port}/x"),
        format!("https://[::ffff:127.0.0.1]:{port}/x"),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "https://[fe80::1]/x".to_owned(),
        "http://cdn.example.test/x".to_owned(),
        "http://registry.example.test/x".to_owned(),
        "http://registry.example.test:443/x".to_owned(),
        "ftp://cdn.example.test/x".to_owned(),
        "file:///etc/passwd".to_owned(),
        "HTTP://cdn.example.test/x".to_owned(),
        format!("//127.0.0.1:{port}/x"),
        format!("HTTPS://localhost:{port}/x"),
        "//user:word@cdn.example.test/x".to_owned(),
        "///x".to_owned(),
        "https:x".to_owned(),
        "https://user:word@cdn.example.test/x".to_owned(),
        String::new(),
    ] {
        town.registry.answer(&tag_path(), Answer::redirect(&location));
        let trouble = trouble(&net, with_login("registry.example.test"));
        assert!(matches!(trouble, Trouble::Wrong { .. }), "{location}: {trouble:?}");
        assert_eq!(trouble.reason(), Reason::SourceUnavailable);
        assert!(!trouble.to_string().contains("word@"), "{trouble}");
    }
    assert_eq!(town.other.connections(), 0);
    let targets = town.proxy.targets();
    assert!(
        targets.iter().all(|target| target == "registry.example.test:443"),
        "{targets:?}"
    );
}

/// Names are looked up before anybody is contacted.
#[test]
fn to_a_name_of_this_machine() {
    let (registry, other) = (Hub::plain(), Hub::tls());
    let proxy = HttpProxy::start();
    proxy.route("registry.example.test:80", registry.address());
    let port = other.address().port();
    registry.answer(&tag_path(), Answer::redirect(&format!("https://127.1:{port}/x")));
    let trouble = trouble(
        &Net::of(&[&other]).through(&proxy),
        plainly(access("registry.example.test")),
    );
    assert_eq!(trouble.reason(), Reason::SourceUnavailable);
    assert_eq!(other.connections(), 0);
}

/// A registry at this machine may send us to this machine, and to no other place that it could not be at.
#[test]
fn from_this_machine() {
    let (hub, _) = honest();
    let other = Hub::tls();
    other.answer("/x", Answer::ok(MANIFEST, "{}"));
    let net = Net::of(&[&hub, &other]);
    hub.answer(&tag_path(), Answer::redirect(&format!("{}/x", other.url())));
    let mut session = open(&net, with_login(&hub.host())).unwrap();
    assert_eq!(session.manifest("v1").unwrap().body, b"{}");
    assert_eq!(other.seen()[0].authorization(), "");
    hub.answer(
        &tag_path(),
        Answer::redirect("https://169.254.169.254/latest/meta-data"),
    );
    let trouble = trouble(&net.within(std::time::Duration::from_secs(2)), access(&hub.host()));
    assert!(matches!(trouble, Trouble::Wrong { .. }), "{trouble:?}");
}

#[test]
fn in_circles() {
    let (hub, _) = honest();
    let net = Net::of(&[&hub]);
    let path = |n: usize| format!("/v2/{REPOSITORY}/step/{n}");
    hub.answer(&tag_path(), Answer::redirect(&path(1)));
    for n in 1..5 {
        hub.answer(&path(n), Answer::redirect(&path(n + 1)));
    }
    hub.answer(&path(5), Answer::ok(MANIFEST, "{}"));
    // Five are followed.
    let mut session = open(&net, access(&hub.host())).unwrap();
    assert_eq!(session.manifest("v1").unwrap().body, b"{}");
    // Six are not, nor is a circle.
    hub.answer(&path(5), Answer::redirect(&path(6)));
    hub.take_seen();
    let six = trouble(&net, access(&hub.host()));
    assert!(six.to_string().contains("more than 5 redirects"), "{six}");
    assert_eq!(hub.take_seen().len(), 1 + 6);
    hub.answer(&tag_path(), Answer::redirect(&tag_path()));
    let circle = trouble(&net, access(&hub.host()));
    assert!(circle.to_string().contains("more than 5 redirects"), "{circle}");
    assert_eq!(hub.seen().len(), 1 + 6);
    hub.answer(&tag_path(), Answer::status(302));
    let nowhere = trouble(&net, access(&hub.host()));
    assert!(nowhere.to_string().contains("without a Location"), "{nowhere}");
}

/// A registry that writes what we showed it into an address must not make us carry it to another host, nor print it.
#[test]
fn with_our_login_in_the_address() {
    let town = Town::new();
    town.registry.guard(Guard::Basic(USER.into(), PASSWORD.into()));
    let net = town.net();
    let pair = crate::support::images::base64(format!("{USER}:{PASSWORD}").as_bytes());
    let escaped: String = PASSWORD.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let twice = escaped.replace('%', "%25");
    for secret in [PASSWORD, pair.trim_end_matches('='), &escaped, &twice] {
        town.registry.answer(
            &tag_path(),
            Answer::redirect(&format!("https://cdn.example.test/{secret}/x")),
        );
        let trouble = trouble(&net, with_login("registry.example.test"));
        assert!(matches!(trouble, Trouble::Wrong { .. }), "{trouble:?}");
    }
    assert_eq!(town.other.lines(), [""; 0]);
}

/// `--insecure` is about the registry's certificate, not about that of whomever it sends us to.
#[test]
fn from_a_registry_that_is_not_verified() {
    let (hub, _) = honest();
    let other = Hub::tls();
    other.answer("/x", Answer::ok(MANIFEST, "{}"));
    hub.answer(&tag_path(), Answer::redirect(&format!("{}/x", other.url())));
    let unverified = Access {
        unverified: true,
        ..access(&hub.host())
    };
    let trouble = trouble(&Net::of(&[]), unverified);
    assert!(trouble.to_string().contains("is not accepted"), "{trouble}");
    assert_eq!(other.lines(), [""; 0]);
}
