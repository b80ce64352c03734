// SPDX-License-Identifier: Apache-2.0
//! The registries that a cluster lists as its own, and the mirrors that its nodes use.

use image_signature::clock::Clock;
use image_signature::cluster::access::Access;
use image_signature::cluster::api::Api;
use image_signature::cluster::credentials::CredentialSource;
use image_signature::cluster::kubeconfig::ActAs;
use image_signature::cluster::{mirrors, registries};
use image_signature::http::secret::Secret;
use image_signature::http::tls::{certificates, Roots, Tls};
use image_signature::http::url::Url;
use image_signature::http::Settings;
use image_signature::reason::Reason;
use image_signature::reference::Reference;
use serde_json::json;

use crate::attach::{allow_configuration, configuration, mirror_sets, route};
use crate::support::api::{Fault, Rule, Server, User};

pub const TOKEN: &str = "token-1";

fn server() -> Server {
    let server = Server::start();
    server.user(TOKEN, User::new("alice"));
    server
}

/// Requests to a server by the token of its user.
pub fn api(server: &Server) -> Api {
    let roots = certificates(server.ca_pem().as_bytes()).unwrap();
    Api::new(Access {
        server: Url::parse(&server.url()).unwrap(),
        http: Settings {
            tls: Tls {
                roots: Roots::Only(roots),
                ..Tls::default()
            },
            ..Settings::default()
        },
        credential: CredentialSource::Token(Secret::new(TOKEN)),
        act_as: ActAs::default(),
        namespace: "myproject".into(),
        user_hint: None,
        clock: Clock::starting_at(1_800_000_000),
    })
    .unwrap()
}

fn locations(server: &Server, reference: &str) -> Result<Vec<String>, String> {
    let found = mirrors::read(&mut api(server)).map_err(|refusal| refusal.message)?;
    let found = found.locations(&Reference::parse(reference).unwrap()).unwrap();
    let shown = found.iter().map(|location| {
        let mark = if location.blocked { " (blocked)" } else { "" };
        format!("{}{mark}", location.reference)
    });
    Ok(shown.collect())
}

#[test]
fn hosts_by_configuration_and_route() {
    let server = server();
    allow_configuration(&server, "alice");
    let status = json!({"internalRegistryHostname": "image-registry.openshift-image-registry.svc:5000",
                        "externalRegistryHostnames": ["registry.apps.example.test"]});
    configuration(&server, &json!({}), &status);
    route(&server, "default-route.apps.example.test", "True");
    let own = registries::own(&mut api(&server)).unwrap();
    assert_eq!(own.internal, ["image-registry.openshift-image-registry.svc:5000"]);
    assert_eq!(
        own.external,
        ["registry.apps.example.test", "default-route.apps.example.test"]
    );
    assert!(own.has("REGISTRY.apps.example.test"));
    for other in [
        "registry.apps.example.test:5000",
        "apps.example.test",
        "image-registry.openshift-image-registry.svc",
    ] {
        assert!(!own.has(other), "{other}");
    }
}

/// A host that another route claims is not this registry's.
#[test]
fn a_route_that_is_not_admitted() {
    let server = server();
    allow_configuration(&server, "alice");
    configuration(&server, &json!({}), &json!({"internalRegistryHostname": "r.svc:5000"}));
    for status in ["False", "Unknown"] {
        route(&server, "default-route.apps.example.test", status);
        assert_eq!(registries::own(&mut api(&server)).unwrap().external, [""; 0]);
    }
}

/// Users who may read neither learn it from a stream, of which the server itself writes these members.
#[test]
fn hosts_by_a_stream() {
    let server = server();
    let refusal = registries::own(&mut api(&server)).unwrap_err();
    assert_eq!(refusal.reason, Reason::Forbidden, "{}", refusal.message);
    server.allow(Rule::new("alice", &["get", "list"], "imagestreams").namespace("myproject"));
    let status = json!({"dockerImageRepository": "r.svc:5000/myproject/app",
                        "publicDockerImageRepository": "r.apps.example.test/myproject/app",
                        "tags": [{"tag": "v1", "items": [{"dockerImageReference": "evil.example.test/a/b"}]}]});
    server.stream("myproject", "app", json!({"status": status}));
    let own = registries::own(&mut api(&server)).unwrap();
    assert_eq!(
        (own.internal, own.external),
        (vec!["r.svc:5000".to_owned()], vec!["r.apps.example.test".to_owned()])
    );
}

/// Whoever may write streams must not hide the registry by large ones, or by many that say nothing.
#[test]
fn hosts_by_one_of_many_or_large_streams() {
    let server = server();
    server.allow(Rule::new("alice", &["get", "list"], "imagestreams").namespace("myproject"));
    let large = "x".repeat(900_000);
    for n in 0..30 {
        let stream = json!({"metadata": {"annotations": {"a": large}},
            "spec": {"dockerImageRepository": "evil.example.test/a/b"},
            "status": {"dockerImageRepository": "evil.example.test/a/b"}});
        server.stream("myproject", &format!("a{n:02}"), stream);
    }
    let status = json!({"dockerImageRepository": "r.svc:5000/myproject/b"});
    server.stream("myproject", "b", json!({"status": status}));
    assert_eq!(registries::own(&mut api(&server)).unwrap().internal, ["r.svc:5000"]);
    server.fault(Fault::status(500).on("GET", "imagestreams"));
    let refusal = registries::own(&mut api(&server)).unwrap_err();
    assert_eq!(refusal.reason, Reason::Forbidden);
    let said = "reading the image streams of \"myproject\"";
    assert!(refusal.message.contains(said), "{}", refusal.message);
}

#[test]
fn mirrors_of_all_kinds() {
    let server = server();
    allow_configuration(&server, "alice");
    // Clusters without any of it.
    assert_eq!(locations(&server, "r.example/a/b:1").unwrap(), ["r.example/a/b:1"]);
    let set = |source: &str, mirror: &str| json!([{"source": source, "mirrors": [mirror]}]);
    mirror_sets(
        &server,
        "ImageDigestMirrorSet",
        &[("a", set("r.example/a", "idms.example/x"))],
    );
    mirror_sets(
        &server,
        "ImageTagMirrorSet",
        &[("a", set("r.example/a", "itms.example/y"))],
    );
    mirror_sets(
        &server,
        "ImageContentSourcePolicy",
        &[("a", set("r.example", "icsp.example"))],
    );
    configuration(&server, &json!({"blockedRegistries": ["bad.example"]}), &json!({}));
    let digest = crate::support::images::D1;
    assert_eq!(
        locations(&server, &format!("r.example/a/b@{digest}")).unwrap(),
        [format!("idms.example/x/b@{digest}"), format!("r.example/a/b@{digest}")]
    );
    assert_eq!(
        locations(&server, "r.example/a/b:1").unwrap(),
        ["itms.example/y/b:1", "r.example/a/b:1"]
    );
    assert_eq!(
        locations(&server, &format!("r.example/c@{digest}")).unwrap(),
        [format!("icsp.example/c@{digest}"), format!("r.example/c@{digest}")]
    );
    assert_eq!(
        locations(&server, "bad.example/c:1").unwrap(),
        ["bad.example/c:1 (blocked)"]
    );
}

/// A list that cannot be read may say that the source must not be contacted: no other one speaks for it.
#[test]
fn mirrors_that_cannot_be_read() {
    let server = server();
    assert!(locations(&server, "r.example/a/b:1")
        .unwrap_err()
        .contains("ImageDigestMirrorSet"));
    allow_configuration(&server, "alice");
    let never = json!([{"source": "r.example", "mirrors": ["m.example"], "mirrorSourcePolicy": "NeverContactSource"}]);
    mirror_sets(&server, "ImageDigestMirrorSet", &[("a", never)]);
    assert_eq!(
        locations(&server, "r.example/a:1").unwrap(),
        ["r.example/a:1 (blocked)"]
    );
    mirror_sets(
        &server,
        "ImageTagMirrorSet",
        &[("b", json!([{"source": "r.example", "mirrors": ["https://x"]}]))],
    );
    assert!(locations(&server, "r.example/a:1").unwrap_err().contains("https://x"));
    mirror_sets(&server, "ImageTagMirrorSet", &[]);
    mirror_sets(&server, "ImageTagMirrorSet", &[]);
    let odd = json!([{"source": "r.example", "mirrors": ["m.example"], "mirrorSourcePolicy": ["NeverContactSource"]}]);
    mirror_sets(&server, "ImageDigestMirrorSet", &[("a", odd)]);
    assert!(locations(&server, "r.example/a:1")
        .unwrap_err()
        .contains("mirrorSourcePolicy: expected text"));
    mirror_sets(&server, "ImageDigestMirrorSet", &[]);
    server.fault(Fault::status(500).on("GET", "imagecontentsourcepolicies"));
    assert!(locations(&server, "r.example/a:1").is_err());
}
