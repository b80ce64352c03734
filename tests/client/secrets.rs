// SPDX-License-Identifier: Apache-2.0
//! No secret is logged: at no level, in no encoding, whatever `RUST_LOG` says (docs/contract.md 4).

use serde_json::{json, Value};

use crate::support::api::{ClientCertificate, Fault, HttpProxy, KeyKind, SocksProxy, SERVER_NAME};
use crate::support::cluster::{Scene, TOKEN};
use crate::support::images::{base64, D1};
use crate::support::program::{binary, has};
use crate::support::secrets::{assert_hidden, shown};
use crate::support::skipped;

/// A password that looks like nothing else.
const PASSWORD: &str = "Pa55word+of/nobody=else%";

/// Levels of `-v`, and values of `RUST_LOG` that ask for libraries.
const LEVELS: [&str; 12] = [
    "-v", "-v=1", "-v=2", "-v=3", "-v=4", "-v=5", "-v=6", "--v=6", "-v=7", "-v=8", "-v=9", "-v=10",
];
const VARIABLES: [&str; 4] = [
    "trace",
    "ureq=trace,ureq_proto=trace",
    "off,ureq_proto::util=trace,image_signature=trace",
    "image_signature=trace,ureq_proto=trace/.*",
];

/// Runs `verify --confirm` at every level; what it logs comes in, and none of the secrets does.
#[track_caller]
fn hides(scene: &Scene, secrets: &[&[u8]]) {
    let run = |level: Option<&str>, variable: Option<&str>| {
        let mut command = scene.sandbox.command();
        command.args(scene.verify(D1)).arg("--confirm");
        command.args(level).envs(variable.map(|value| ("RUST_LOG", value)));
        let outcome = scene.finish(&mut command);
        for text in [&outcome.stdout, &outcome.stderr] {
            assert_hidden(text, secrets);
        }
        outcome
    };
    for level in LEVELS {
        let outcome = run(Some(level), None);
        let is_logged = outcome.stderr.contains("POST https://");
        assert!(is_logged, "{level}: nothing is logged: {outcome:?}");
    }
    for variable in VARIABLES {
        let outcome = run(None, Some(variable));
        assert!(
            !outcome.stderr.contains("ureq"),
            "a library is logged: {}",
            outcome.stderr
        );
    }
}

#[test]
fn a_token() {
    let scene = Scene::signed();
    hides(&scene, &[TOKEN.as_bytes()]);
    // Nor where something goes wrong.
    for fault in [Fault::status(500), Fault::cut(0), Fault::content_type("text/html")] {
        scene.server.heal();
        scene.server.fault(fault);
        let outcome = scene.run_verify(D1, &["-v=10"]).expect(3);
        assert_hidden(&outcome.stderr, &[TOKEN.as_bytes()]);
    }
}

#[test]
fn a_token_out_of_a_file_and_of_the_command_line() {
    let scene = Scene::signed();
    scene.sandbox.file("token", TOKEN);
    scene.kubeconfig(json!({"tokenFile": scene.sandbox.path("token")}));
    hides(&scene, &[TOKEN.as_bytes()]);
    scene.kubeconfig(json!({}));
    let token = format!("--token={TOKEN}");
    scene.run_verify(D1, &["-v=10", &token]).expect(0);
}

#[test]
fn a_password() {
    let scene = Scene::signed();
    scene.kubeconfig(json!({"username": "somebody", "password": PASSWORD}));
    let pair = base64(format!("somebody:{PASSWORD}").as_bytes());
    hides(&scene, &[PASSWORD.as_bytes(), pair.as_bytes()]);
    let sent = scene.server.requests();
    let sent = sent[0].header("authorization").unwrap();
    assert_eq!(sent, format!("Basic {pair}"), "there was something to hide");
}

#[test]
fn what_a_plugin_answers() {
    let scene = Scene::signed();
    scene.server.allow_auditor("carol");
    let certificate = scene
        .server
        .client_certificate("carol", &["auditors"], KeyKind::EcPkcs8);
    let status = json!({
        "token": TOKEN,
        "clientCertificateData": certificate.certificate,
        "clientKeyData": certificate.key,
    });
    let answer = json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status});
    let file = scene.sandbox.file("answer", answer.to_string());
    let exec = |args: &[&str]| {
        let exec = json!({"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never",
                          "command": "/bin/cat", "args": args, "env": [{"name": "SECRET", "value": PASSWORD}]});
        scene.kubeconfig(json!({"exec": exec}));
    };
    exec(&[file.to_str().unwrap()]);
    let key = scalar(&certificate);
    hides(&scene, &[TOKEN.as_bytes(), &key, PASSWORD.as_bytes()]);
    // Both were in use.
    let bearer = format!("Bearer {TOKEN}");
    for request in scene.server.requests() {
        assert_eq!(request.user, "carol");
        assert_eq!(request.header("authorization"), Some(bearer.as_str()));
    }
    // An answer that is none is not quoted.
    for answer in [format!("{{\"token\": \"{TOKEN}\""), TOKEN.to_owned()] {
        std::fs::write(&file, answer).unwrap();
        exec(&[file.to_str().unwrap()]);
        let outcome = scene.run_verify(D1, &["-v=10"]).expect(3);
        assert_hidden(&format!("{}{}", outcome.stdout, outcome.stderr), &[TOKEN.as_bytes()]);
    }
}

#[test]
fn the_key_of_a_client() {
    let scene = Scene::signed();
    scene.server.allow_auditor("carol");
    for kind in [KeyKind::EcSec1, KeyKind::RsaPkcs1] {
        let certificate = scene.server.client_certificate("carol", &[], kind);
        scene.kubeconfig(json!({
            "client-certificate-data": base64(certificate.certificate.as_bytes()),
            "client-key-data": base64(certificate.key.as_bytes()),
        }));
        hides(&scene, &[&scalar(&certificate)]);
    }
}

#[test]
fn the_password_of_a_proxy() {
    let plain = "Pr0xy~word~of~nobody";
    let through = |scene: &Scene, url: String| {
        let mut cluster = scene.cluster();
        cluster["server"] = format!("https://{SERVER_NAME}:6443").into();
        cluster["proxy-url"] = url.into();
        scene.kubeconfig_with(cluster, json!({"token": TOKEN}));
    };
    let target = format!("{SERVER_NAME}:6443");
    let pair = base64(format!("user:{plain}").as_bytes());
    let secrets: [&[u8]; 3] = [plain.as_bytes(), pair.as_bytes(), TOKEN.as_bytes()];
    let (scene, proxy) = (Scene::signed(), HttpProxy::with_credentials("user", plain));
    proxy.route(&target, scene.server.address());
    through(&scene, format!("http://user:{plain}@{}", proxy.address()));
    hides(&scene, &secrets);
    assert!(!proxy.targets().is_empty());
    let (scene, proxy) = (Scene::signed(), SocksProxy::with_credentials("user", plain));
    proxy.route(&target, scene.server.address());
    through(&scene, format!("socks5://user:{plain}@{}", proxy.address()));
    hides(&scene, &secrets);
    // Refused, and not there at all.
    for port in [proxy.address().port(), 1] {
        through(&scene, format!("socks5://user:wrong-{plain}@127.0.0.1:{port}"));
        let outcome = scene.run_verify(D1, &["-v=10"]).expect(3);
        assert_hidden(&format!("{}{}", outcome.stdout, outcome.stderr), &secrets);
    }
}

/// The number that makes a private key.
fn scalar(certificate: &ClientCertificate) -> Vec<u8> {
    let key = openssl::pkey::PKey::private_key_from_pem(certificate.key.as_bytes()).unwrap();
    match key.ec_key() {
        Ok(key) => key.private_key().to_vec(),
        Err(_) => key.rsa().unwrap().d().to_vec(),
    }
}

/// As the kernel sees it: neither in the arguments of gpg, which every user can read, nor in its environment.
#[test]
fn no_program_that_is_started_is_given_a_secret() {
    if !has("strace") {
        return skipped("programs as strace sees them", "strace is not installed");
    }
    let scene = Scene::signed();
    let trace = scene.sandbox.path("trace");
    let mut command = scene.sandbox.command_of("/usr/bin/strace".as_ref());
    command
        .args(["-f", "-qq", "-v", "-s", "100000", "-e", "trace=execve", "-o"])
        .arg(&trace)
        .arg(binary())
        .args(scene.verify(D1))
        .arg("--confirm");
    let outcome = scene.finish(&mut command);
    let Ok(text) = std::fs::read_to_string(&trace) else {
        return skipped("programs as strace sees them", "tracing is not allowed here");
    };
    outcome.expect(0);
    let started = text
        .lines()
        .filter(|line| line.contains("execve(\"/usr/bin/gpg"))
        .count();
    assert!(started > 1, "{text}");
    assert_hidden(&text, &[TOKEN.as_bytes()]);
}

#[test]
fn the_search_for_secrets_finds_them() {
    let secret = b"Bearer sha256~Zm9vYmFy/secret+token";
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let rows = |group: usize, width: usize, offset: bool| {
        let mut text = String::new();
        for (n, row) in secret.chunks(width).enumerate() {
            text.push_str("[TRACE library] ");
            if offset {
                text.push_str(&format!("{:08x}: ", n * width));
            }
            for word in row.chunks(group) {
                let word: String = word.iter().map(|byte| format!("{byte:02X}")).collect();
                text.push_str(&format!("{word} "));
            }
            text.push('\n');
        }
        text
    };
    let split: Vec<String> = secret
        .chunks(3)
        .map(|part| String::from_utf8_lossy(part).into_owned())
        .collect();
    let each = |form: fn(u8) -> String| secret.iter().map(|byte| form(*byte)).collect::<String>();
    let encoded = base64(secret);
    let mut longer = vec![b'x'];
    longer.extend_from_slice(secret);
    let texts: Vec<Value> = [
        String::from_utf8_lossy(secret).into_owned(),
        split.join("\n  "),
        format!("{secret:?}"),
        format!("{secret:02x?}"),
        hex.clone(),
        hex.to_uppercase(),
        format!("x {hex}"),
        rows(1, 16, false),
        rows(2, 16, false),
        rows(2, 4, true),
        rows(1, 8, true),
        format!("token={encoded}"),
        format!("token={}", &encoded[2..]),
        base64(&longer),
        encoded.replace('+', "-").replace('/', "_"),
        encoded
            .as_bytes()
            .chunks(5)
            .map(|c| String::from_utf8_lossy(c) + "\n")
            .collect(),
        each(|byte| format!("%{byte:02X}")),
        each(|byte| format!("%25{byte:02x}")),
        each(|byte| format!("\\x{byte:02x}")),
        each(|byte| format!("\\u00{byte:02x}")),
        each(|byte| format!("\\u{{{byte:02x}}}")),
        "...a256~Zm9v...".to_owned(),
    ]
    .map(Value::from)
    .to_vec();
    for text in texts {
        let text = text.as_str().unwrap();
        assert!(shown(text, secret).is_some(), "not found in {text}");
    }
    for text in [
        "",
        "Bearer",
        "sha256~",
        "[INFO  image_signature::http] GET https://127.0.0.1:1/apis: 200",
    ] {
        assert_eq!(shown(text, secret), None, "{text}");
    }
}
