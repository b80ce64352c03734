// SPDX-License-Identifier: Apache-2.0
//! Debian's docker-registry, filled by Debian's skopeo with images that it signs.

use openssl::hash::MessageDigest;
use openssl::sign::Signer;
use serde_json::json;

use crate::registry::town::{answers, image, sha256, Town};
use crate::support::api::certificates::{Authority, KeyKind};
use crate::support::docker_registry::{Kind, Registry, PASSWORD, USER};
use crate::support::hub::{Answer, Hub};
use crate::support::images::base64;
use crate::support::secrets::assert_hidden;
use crate::support::skipped;

/// A registry with a signed image `ns/app:v1`, and the image's digest.
fn filled(kind: &Kind) -> Option<(Town, Registry, String)> {
    let town = Town::new();
    let Some(registry) = Registry::start(&town.sandbox, "registry", kind) else {
        skipped("docker-registry", "it is not installed");
        return None;
    };
    town.store_on_disk();
    let manifest = image(&town.sandbox.path("unsigned"), "amd64");
    let reference = format!("{}/ns/app:v1", registry.address);
    let creds = format!("{USER}:{PASSWORD}");
    let login: &[&str] = if kind.wants_password {
        &["--dest-creds", &creds]
    } else {
        &[]
    };
    town.push("dir:unsigned", &reference, true, login)?;
    Some((town, registry, sha256(&manifest)))
}

#[test]
fn over_plain_http_by_tag_and_digest() {
    let Some((town, registry, digest)) = filled(&Kind::default()) else {
        return;
    };
    town.insecure(&[&registry.address]);
    let name = format!("{}/ns/app", registry.address);
    let by_tag = format!("docker://{name}:v1");
    let outcome = town.verify_json(&[&by_tag]).expect_verdict(0, "Verified/Verified");
    let item = outcome.item();
    assert_eq!(item["image"], digest);
    assert_eq!(item["requested"], by_tag);
    assert_eq!(item["source"], by_tag);
    assert_eq!(item["identitySource"], "reference");
    assert_eq!(item["pinned"], format!("{name}@{digest}"));
    assert_eq!(answers(&item), ["lookaside found 1"]);
    assert!(outcome.stderr.contains("the tag v1 can move"), "{}", outcome.stderr);
    // What is printed can be asked for again, and no tag is in it.
    let pinned = town.verify(&["-o", "name", &by_tag]).expect(0).stdout;
    assert_eq!(pinned, format!("docker://{name}@{digest}\n"));
    let again = town
        .verify_json(&[pinned.trim()])
        .expect_verdict(0, "Verified/Verified");
    assert!(!again.stderr.contains("can move"), "{}", again.stderr);
    let text = town.verify(&[&by_tag]).expect(0).stdout;
    assert!(text.starts_with(&format!("Verified: {name}:v1\n")), "{text}");
    assert!(text.contains(&format!("pinned     {name}@{digest}")), "{text}");
    // Another tag of the same image is not what it is signed as.
    town.push("dir:unsigned", &format!("{name}:v2"), false, &[]).unwrap();
    town.verify_json(&[&format!("docker://{name}:v2")])
        .expect_verdict(1, "Rejected/IdentityMismatch");
    let other = format!("{name}:v1");
    town.verify_json(&[&format!("docker://{name}:v2"), "--expected-identity", &other])
        .expect_verdict(0, "Verified/Verified");
    town.verify_json(&[&format!("docker://{name}:v3")])
        .expect_verdict(3, "Unchecked/NotFound");
}

/// The commands of the README, but for the port.
#[test]
fn the_example_of_the_readme() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let (_, rest) = readme
        .split_once("## An image in a registry, in two minutes\n")
        .unwrap();
    let (section, _) = rest.split_once("\n## ").unwrap();
    let commands: Vec<&str> = section.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    let commands = commands.join("\n");
    let serve = "docker-registry serve registry.yml > registry.log 2>&1 &";
    assert!(
        commands.contains(serve) && !commands.contains("docker.io"),
        "{commands}"
    );
    assert!(commands.contains("\nkill %1 "), "{commands}");
    if !crate::support::program::has("docker-registry") || !crate::support::program::has("skopeo") {
        return skipped(
            "the example of the README",
            "docker-registry or skopeo is not installed",
        );
    }
    let town = Town::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    // The registry ends with the script at the latest; people wait a moment before they type the next command.
    let commands = commands
        .replace("127.0.0.1:5000", &format!("127.0.0.1:{port}"))
        .replace(serve, &format!("{serve}\ntrap 'kill %1 || true; wait' EXIT; sleep 2"));
    std::fs::remove_dir_all(town.sandbox.path("registries.d")).unwrap();
    let script = town.sandbox.file("readme.sh", format!("set -e\n{commands}\n"));
    let program = crate::support::program::binary();
    let path = format!("{}:/usr/bin:/bin", program.parent().unwrap().display());
    let mut command = town.sandbox.command_of(std::path::Path::new("/bin/bash"));
    command
        .arg(script)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("TMPDIR", town.sandbox.path(""))
        .env("PATH", path)
        .env("GNUPGHOME", town.signer.home());
    let outcome = town.sandbox.finish(&mut command, b"").expect(0);
    let name = format!("127.0.0.1:{port}/foo/bar");
    assert!(
        outcome.stdout.contains(&format!("Verified: {name}:v1\n")),
        "{outcome:?}"
    );
    assert!(
        outcome.stdout.contains(&format!("pinned     {name}@sha256:")),
        "{outcome:?}"
    );
    assert!(outcome.stderr.contains("the tag v1 can move"), "{outcome:?}");
}

#[test]
fn plain_http_is_for_registries_that_the_configuration_calls_insecure() {
    let Some((town, registry, _)) = filled(&Kind::default()) else {
        return;
    };
    let image = format!("docker://{}/ns/app:v1", registry.address);
    for more in [&[][..], &["--insecure"]] {
        let outcome = town.verify_json(&[&[image.as_str()], more].concat());
        let item = outcome.expect_verdict(3, "Unchecked/SourceUnavailable").item();
        let message = item["message"].as_str().unwrap();
        assert!(
            message.contains("does not speak TLS") && message.contains("insecure = true"),
            "{message}"
        );
    }
}

#[test]
fn over_tls_with_each_way_to_name_its_authority() {
    let kind = Kind {
        is_tls: true,
        ..Kind::default()
    };
    let Some((town, registry, _)) = filled(&kind) else {
        return;
    };
    let image = format!("docker://{}/ns/app:v1", registry.address);
    let unknown = town
        .verify_json(&[&image])
        .expect_verdict(3, "Unchecked/SourceUnavailable");
    assert!(
        unknown.item()["message"].as_str().unwrap().contains("certificate"),
        "{unknown:?}"
    );
    let authority = registry.authority.to_str().unwrap();
    let directory = registry.authority.parent().unwrap().to_str().unwrap();
    for more in [["--registry-ca", authority], ["--cert-dir", directory]] {
        // The directory has the server's own key too, without a client's certificate.
        let outcome = town.verify_json(&[&image, more[0], more[1]]);
        if more[0] == "--cert-dir" {
            let outcome = outcome.expect_verdict(3, "Unchecked/SourceUnavailable");
            assert!(
                outcome.item()["message"].as_str().unwrap().contains("server.key"),
                "{outcome:?}"
            );
        } else {
            outcome.expect_verdict(0, "Verified/Verified");
        }
    }
    town.sandbox.file("certs/ca.crt", std::fs::read(authority).unwrap());
    town.verify_json(&[&image, "--cert-dir", town.sandbox.path("certs").to_str().unwrap()])
        .expect_verdict(0, "Verified/Verified");
    town.verify_json(&[&image, "--insecure"])
        .expect_verdict(0, "Verified/Verified");
    let own = format!("home/.config/containers/certs.d/{}/any.crt", registry.address);
    town.sandbox.file(&own, std::fs::read(authority).unwrap());
    town.verify_json(&[&image]).expect_verdict(0, "Verified/Verified");
}

#[test]
fn with_a_password() {
    let kind = Kind {
        is_tls: true,
        wants_password: true,
        ..Kind::default()
    };
    let Some((town, registry, _)) = filled(&kind) else {
        return;
    };
    let image = format!("docker://{}/ns/app:v1", registry.address);
    let authority = registry.authority.to_str().unwrap();
    let base = [image.as_str(), "--registry-ca", authority, "-v=9"];
    let without = town.verify_json(&base).expect_verdict(3, "Unchecked/Forbidden");
    assert!(
        without.item()["message"]
            .as_str()
            .unwrap()
            .contains("(DIR is a directory with the CA certificate as ca.crt): skopeo --registries-conf "),
        "{without:?}"
    );
    let creds = format!("{USER}:{PASSWORD}");
    let auths = json!({"auths": {registry.address.as_str(): {"auth": base64(creds.as_bytes())}}}).to_string();
    let authfile = town.sandbox.file("auth.json", &auths);
    let mut runs = vec![
        town.verify_json(&[&base[..], &["--creds", &creds]].concat()),
        town.verify_json(&[&base[..], &["--authfile", authfile.to_str().unwrap()]].concat()),
    ];
    for place in [
        "login/containers/auth.json",
        "home/.config/containers/auth.json",
        "home/.docker/config.json",
    ] {
        let file = town.sandbox.file(place, &auths);
        let mut command = town.command(&[&["verify", "-o", "json"], &base[..]].concat());
        // The usual directory is looked at after each run, and has to be empty.
        let runtime = town.sandbox.path("login");
        runs.push(town.sandbox.finish(command.env("XDG_RUNTIME_DIR", runtime), b""));
        std::fs::remove_file(&file).unwrap();
    }
    for outcome in runs {
        assert_hidden(&outcome.stderr, &[PASSWORD.as_bytes()]);
        assert!(outcome.stderr.contains("/v2/ns/app/manifests/v1"), "{}", outcome.stderr);
        outcome.expect_verdict(0, "Verified/Verified");
    }
    let wrong = town.verify_json(&[&base[..], &["--creds", "reader:not-this-one"]].concat());
    wrong.expect_verdict(3, "Unchecked/Forbidden");
}

/// A token as a token server signs it for docker-registry.
fn token(key: &openssl::pkey::PKey<openssl::pkey::Private>, certificate: &openssl::x509::X509) -> String {
    use base64::Engine as _;
    let encode = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let header = json!({"typ": "JWT", "alg": "RS256", "x5c": [base64(&certificate.to_der().unwrap())]});
    let now = jiff::Timestamp::now().as_second();
    let claims = json!({
        "iss": "test", "sub": "", "aud": "registry", "iat": now, "nbf": now - 60, "exp": now + 600, "jti": "1",
        "access": [{"type": "repository", "name": "ns/app", "actions": ["pull", "push"]}],
    });
    let text = format!(
        "{}.{}",
        encode(header.to_string().as_bytes()),
        encode(claims.to_string().as_bytes())
    );
    let mut signer = Signer::new(MessageDigest::sha256(), key).unwrap();
    signer.update(text.as_bytes()).unwrap();
    format!("{text}.{}", encode(&signer.sign_to_vec().unwrap()))
}

#[test]
fn with_a_token_server() {
    let town = Town::new();
    let authority = Authority::new("authority of tokens");
    let issuer = authority.client("issuer", &[], KeyKind::RsaPkcs8, true);
    let certificate = openssl::x509::X509::from_pem(issuer.certificate.as_bytes()).unwrap();
    let key = openssl::pkey::PKey::private_key_from_pem(issuer.key.as_bytes()).unwrap();
    let tokens = Hub::tls();
    let token = token(&key, &certificate);
    tokens.answer("/token", Answer::token(&token));
    let roots = town.sandbox.file("tokens.crt", authority.pem());
    let kind = Kind {
        is_tls: true,
        token_server: Some((format!("{}/token", tokens.url()), roots)),
        ..Kind::default()
    };
    let Some(registry) = Registry::start(&town.sandbox, "registry", &kind) else {
        return skipped("docker-registry", "it is not installed");
    };
    town.store_on_disk();
    image(&town.sandbox.path("unsigned"), "amd64");
    let reference = format!("{}/ns/app:v1", registry.address);
    if town.push("dir:unsigned", &reference, true, &[]).is_none() {
        return;
    }
    tokens.take_seen();
    let ca = town.sandbox.file("hub.crt", tokens.ca_pem());
    let image = format!("docker://{reference}");
    let creds = format!("{USER}:{PASSWORD}");
    let outcome = town.verify_json(&[
        &image,
        "--registry-ca",
        registry.authority.to_str().unwrap(),
        "--registry-ca",
        ca.to_str().unwrap(),
        "--creds",
        &creds,
        "-v=9",
    ]);
    assert_hidden(&outcome.stderr, &[PASSWORD.as_bytes(), token.as_bytes()]);
    outcome.expect_verdict(0, "Verified/Verified");
    let asked = tokens.seen();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].authorization(), format!("Basic {}", base64(creds.as_bytes())));
    // Where the token server cannot be verified, it does not get the password.
    tokens.take_seen();
    let outcome = town.verify_json(&[&image, "--insecure", "--creds", &creds]);
    outcome.expect_verdict(3, "Unchecked/SourceUnavailable");
    assert_eq!(tokens.lines(), [""; 0]);
}
