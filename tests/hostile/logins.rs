// SPDX-License-Identifier: Apache-2.0
//! Whom a login goes to: the registry that it is stored for, and the token server that this registry names, under rules.

use image_signature::http::secret::Secret;
use image_signature::reason::Reason;
use image_signature::registry::login::Login;
use image_signature::registry::trouble::Trouble;

use crate::hostile::{access, honest, open, plainly, trouble, with_login, Access, Net, PASSWORD, REPOSITORY, USER};
use crate::support::api::HttpProxy;
use crate::support::hub::{sha256, Answer, Body, Guard, Hub};
use crate::support::images::base64;
use crate::support::secrets::assert_hidden;

const TOKEN: &str = "Plugh_token_4432_qqv";

/// A registry and its token server under names that only a proxy knows.
struct Town {
    registry: Hub,
    digest: String,
    auth: Hub,
    proxy: HttpProxy,
}

impl Town {
    fn new() -> Self {
        let (registry, digest) = honest();
        let (auth, proxy) = (Hub::tls(), HttpProxy::start());
        proxy.route("registry.example.test:443", registry.address());
        proxy.route("auth.example.test:443", auth.address());
        registry.guard(Guard::bearer("https://auth.example.test/token", TOKEN));
        auth.answer("/token", Answer::token(TOKEN));
        Self {
            registry,
            digest,
            auth,
            proxy,
        }
    }

    fn net(&self) -> Net {
        Net::of(&[&self.registry, &self.auth]).through(&self.proxy)
    }
}

fn pair() -> String {
    format!("Basic {}", base64(format!("{USER}:{PASSWORD}").as_bytes()))
}

/// Access to the registry with an identity token, which is posted to the token server.
fn with_identity_token() -> Access {
    let login = Login::IdentityToken {
        user: USER.into(),
        token: Secret::new(PASSWORD),
    };
    Access {
        login: Some(login),
        ..access("registry.example.test")
    }
}

#[test]
fn a_password_goes_to_the_token_server_and_the_token_to_the_registry() {
    let town = Town::new();
    let net = town.net();
    let mut session = open(&net, with_login("registry.example.test")).unwrap();
    assert_eq!(sha256(&session.manifest("v1").unwrap().body), town.digest);
    session.manifest("v1").unwrap();
    assert_eq!(session.take_warnings(), [""; 0]);
    let asked = town.auth.seen();
    assert_eq!(asked.len(), 1, "one token for both");
    assert_eq!(asked[0].authorization(), pair());
    let target = format!(
        "/token?account={USER}&service=registry&scope=repository%3A{}%3Apull",
        REPOSITORY.replace('/', "%2F")
    );
    assert_eq!(asked[0].target, target);
    for seen in town.registry.seen() {
        assert_hidden(&seen.text(), &[PASSWORD.as_bytes()]);
        assert!(["", &format!("Bearer {TOKEN}")].contains(&seen.authorization()));
    }
}

#[test]
fn without_a_login_a_token_is_asked_for_all_the_same() {
    let town = Town::new();
    let net = town.net();
    let mut session = open(&net, access("registry.example.test")).unwrap();
    session.manifest("v1").unwrap();
    let asked = town.auth.seen();
    assert_eq!((asked.len(), asked[0].authorization()), (1, ""));
    assert!(!asked[0].target.contains("account"), "{}", asked[0].target);
}

#[test]
fn an_identity_token_is_posted() {
    let town = Town::new();
    let net = town.net();
    let access = with_identity_token();
    let mut session = open(&net, access).unwrap();
    session.manifest("v1").unwrap();
    let asked = &town.auth.seen()[0];
    assert_eq!((asked.method.as_str(), asked.target.as_str()), ("POST", "/token"));
    let body = String::from_utf8(asked.body.clone()).unwrap();
    assert!(body.contains("grant_type=refresh_token"), "{body}");
    assert!(body.contains(&format!("refresh_token={PASSWORD}")), "{body}");
}

/// Nobody is contacted, with or without a login.
#[test]
fn token_servers_where_no_server_may_send_us() {
    let town = Town::new();
    let net = town.net();
    let port = town.auth.address().port();
    for realm in [
        "http://auth.example.test/token".to_owned(),
        "http://registry.example.test/token".to_owned(),
        format!("https://127.0.0.1:{port}/token"),
        format!("https://localhost:{port}/token"),
        format!("https://2130706433:{port}/token"),
        format!("https://[::1]:{port}/token"),
        "https://169.254.169.254/token".to_owned(),
        "ftp://auth.example.test/token".to_owned(),
        "https://user:word@auth.example.test/token".to_owned(),
        "/token".to_owned(),
        "registry".to_owned(),
    ] {
        town.registry.guard(Guard::bearer(&realm, TOKEN));
        for access in [access("registry.example.test"), with_login("registry.example.test")] {
            let trouble = trouble(&net, access);
            assert!(matches!(trouble, Trouble::Wrong { .. }), "{realm}: {trouble:?}");
            assert_eq!(trouble.reason(), Reason::SourceUnavailable);
        }
    }
    assert_eq!(town.auth.connections(), 0);
    let targets = town.proxy.targets();
    assert!(
        targets.iter().all(|target| target == "registry.example.test:443"),
        "{targets:?}"
    );
}

/// Whoever listens on a connection that is not verified can name any token server: the login stays.
#[test]
fn a_registry_that_is_not_verified_sends_no_login_to_another_host() {
    let auth = Hub::tls();
    auth.answer("/token", Answer::token(TOKEN));
    let realm = format!("{}/token", auth.url());
    let plain = Hub::plain();
    let (hub, _) = honest();
    let plain_login = plainly(with_login(&plain.host()));
    let unverified = Access {
        unverified: true,
        ..with_login(&hub.host())
    };
    for (hub, access, how) in [(&plain, plain_login, "plain http"), (&hub, unverified, "--insecure")] {
        hub.guard(Guard::bearer(&realm, TOKEN));
        let trouble = trouble(&Net::of(&[&auth]), access);
        assert!(matches!(trouble, Trouble::Wrong { .. }), "{how}: {trouble:?}");
        assert!(trouble.to_string().contains("another host"), "{how}: {trouble}");
    }
    assert_eq!(auth.lines(), [""; 0]);
}

/// To exactly the host and port that it is stored for, and with a warning.
#[test]
fn logins_without_verified_tls_are_warned_of() {
    let plain = Hub::plain();
    let digest = plain.store(|store| store.repository(REPOSITORY).image("v1", "plain"));
    plain.guard(Guard::Basic(USER.into(), PASSWORD.into()));
    let net = Net::of(&[]);
    let mut session = open(&net, plainly(with_login(&plain.host()))).unwrap();
    assert_eq!(sha256(&session.manifest("v1").unwrap().body), digest);
    session.manifest("v1").unwrap();
    let warnings = session.take_warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("over plain http") && warnings[0].contains(&plain.host()));
    let (hub, _) = honest();
    hub.guard(Guard::bearer(&format!("{}/token", hub.url()), TOKEN));
    hub.answer("/token", Answer::token(TOKEN));
    let unverified = Access {
        unverified: true,
        ..with_login(&hub.host())
    };
    let mut session = open(&net, unverified).unwrap();
    session.manifest("v1").unwrap();
    let warnings = session.take_warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("without a verified certificate"), "{warnings:?}");
}

#[test]
fn no_login_is_sent_before_it_is_asked_for() {
    let (hub, _) = honest();
    let net = Net::of(&[&hub]);
    let mut session = open(&net, with_login(&hub.host())).unwrap();
    session.manifest("v1").unwrap();
    for seen in hub.seen() {
        assert_eq!(seen.authorization(), "");
    }
}

/// What the token server says is as untrusted as the rest.
#[test]
fn token_servers_that_answer_something_else() {
    let town = Town::new();
    let net = town.net();
    let json = "application/json";
    for (answer, reason, words) in [
        (Answer::status(401), Reason::Forbidden, "forbidden or not there (401)"),
        (Answer::status(500), Reason::SourceUnavailable, "unexpected status 500"),
        (
            Answer::redirect("https://auth.example.test/other"),
            Reason::SourceUnavailable,
            "unexpected status 404",
        ),
        (Answer::page(), Reason::SourceUnavailable, ""),
        (
            Answer::ok(json, "[]"),
            Reason::SourceUnavailable,
            "expected a JSON object",
        ),
        (
            Answer::ok(json, "{\"token\": 1}"),
            Reason::SourceUnavailable,
            "expected a string",
        ),
        (
            Answer::ok(json, "{\"token\": \"a\\r\\nHost: b\"}"),
            Reason::SourceUnavailable,
            "",
        ),
        (
            Answer::ok(json, "").body(Body::Endless(b' ')),
            Reason::SourceUnavailable,
            "the answer has more than",
        ),
        (
            Answer::token("another-token"),
            Reason::Forbidden,
            "forbidden or not there (401)",
        ),
    ] {
        town.auth.answer("/token", answer.clone());
        let trouble = trouble(&net, with_login("registry.example.test"));
        assert_eq!(trouble.reason(), reason, "{answer:?}: {trouble}");
        assert!(trouble.to_string().contains(words), "{answer:?}: {trouble}");
    }
    let wrong = town.registry.seen().last().unwrap().authorization().to_owned();
    assert_eq!(wrong, "Bearer another-token");
}

/// The login goes with a redirect as long as it is the same server; an identity token with none.
#[test]
fn token_servers_that_redirect() {
    let town = Town::new();
    let other = Hub::tls();
    other.answer("/token", Answer::token(TOKEN));
    town.proxy.route("cdn.example.test:443", other.address());
    let net = Net::of(&[&town.registry, &town.auth, &other]).through(&town.proxy);
    town.auth.answer("/moved", Answer::token(TOKEN));
    for location in ["/moved", "https://auth.example.test/moved"] {
        town.auth.answer("/token", Answer::redirect(location));
        town.auth.take_seen();
        let mut session = open(&net, with_login("registry.example.test")).unwrap();
        session.manifest("v1").unwrap();
        let shown: Vec<String> = town
            .auth
            .seen()
            .iter()
            .map(|seen| seen.authorization().to_owned())
            .collect();
        assert_eq!(shown, [pair(), pair()], "{location}");
    }
    town.auth.answer(
        "/token",
        Answer::redirect("https://cdn.example.test/token?key=presigned"),
    );
    let mut session = open(&net, with_login("registry.example.test")).unwrap();
    session.manifest("v1").unwrap();
    let seen = other.take_seen();
    assert_eq!((seen.len(), seen[0].authorization()), (1, ""));
    assert_hidden(&seen[0].text(), &[PASSWORD.as_bytes()]);
    for location in [
        "http://auth.example.test/token".to_owned(),
        format!("https://127.0.0.1:{}/token", other.address().port()),
        "https://169.254.169.254/token".to_owned(),
        format!(
            "https://cdn.example.test/{}",
            base64(format!("{USER}:{PASSWORD}").as_bytes())
        ),
        "/token".to_owned(),
    ] {
        town.auth.answer("/token", Answer::redirect(&location));
        let trouble = trouble(&net, with_login("registry.example.test"));
        assert!(matches!(trouble, Trouble::Wrong { .. }), "{location}: {trouble:?}");
    }
    let access = with_identity_token();
    town.auth
        .answer("/token", Answer::redirect("https://cdn.example.test/token"));
    let trouble = trouble(&net, access);
    assert!(
        trouble.to_string().contains("an identity token is sent to it only"),
        "{trouble}"
    );
    assert_eq!(other.lines(), [""; 0]);
}

/// A registry may ask for more once; asking for ever more ends.
#[test]
fn ever_further_scopes() {
    let town = Town::new();
    let challenge =
        "Bearer realm=\"https://auth.example.test/token\",error=\"insufficient_scope\",scope=\"repository:other:pull\"";
    town.registry.guard(Guard::Bearer {
        challenge: challenge.into(),
        token: "never".into(),
    });
    let trouble = trouble(&town.net(), with_login("registry.example.test"));
    assert_eq!(trouble.reason(), Reason::Forbidden);
    assert_eq!(town.auth.seen().len(), 2);
    assert!(town.registry.seen().len() <= 3, "{:?}", town.registry.lines());
}
