// SPDX-License-Identifier: Apache-2.0
//! What a panic could print: values that hold secrets, as `{:?}` shows them.

use std::fmt::Debug;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use image_signature::cli::Cli;
use image_signature::cluster::exec::Plugin;
use image_signature::cluster::kubeconfig::Kubeconfig;
use image_signature::http::secret::Secret;
use image_signature::http::{Method, Request};
use image_signature::registry::access::StoredLogin;
use image_signature::registry::login::Login;
use image_signature::registry::logins::{AuthFile, Given, Logins, OfCluster};
use image_signature::registry::network::Network;
use image_signature::registry::token;
use serde_json::json;

use crate::support::images::base64;
use crate::support::secrets::assert_hidden;

const SECRET: &str = "Pa55word+of/nobody=else%";

/// Shown in one line and in several, as `assert_eq!` and `unwrap` show it.
#[track_caller]
fn hides(value: &dyn Debug) {
    let pair = base64(format!("somebody:{SECRET}").as_bytes());
    for text in [format!("{value:?}"), format!("{value:#?}")] {
        assert_hidden(&text, &[SECRET.as_bytes(), pair.as_bytes()]);
        assert!(!text.is_empty());
    }
}

#[test]
fn what_a_cluster_is_reached_with() {
    let proxy = format!("http://somebody:{SECRET}@proxy:3128");
    let exec = json!({"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never", "command": "get-token",
        "args": ["--password", SECRET], "env": [{"name": "PASSWORD", "value": SECRET}]});
    let data = base64(SECRET.as_bytes());
    let user = json!({"client-certificate-data": data, "client-key-data": data, "token": SECRET,
        "username": "somebody", "password": SECRET, "exec": exec});
    let cluster = json!({"server": "https://api.example:6443", "proxy-url": proxy,
        "extensions": [{"name": "client.authentication.k8s.io/exec", "extension": {"key": SECRET}}]});
    let text = json!({"clusters": [{"name": "c", "cluster": cluster}], "users": [{"name": "u", "user": user}]});
    let config = Kubeconfig::parse(&text.to_string(), Path::new("/")).unwrap();
    hides(&config);
    let user = &config.users[0].1;
    assert_eq!(
        user.key.data.as_deref(),
        Some(SECRET.as_bytes()),
        "there is something to hide"
    );
    let exec = user.exec.as_ref().unwrap();
    let told = json!({"proxy-url": proxy}).as_object().unwrap().clone();
    let surroundings = vec![("HTTPS_PROXY".into(), proxy.clone().into())];
    hides(&Plugin::new(exec, told, surroundings, false).unwrap());
}

#[test]
fn what_a_registry_is_reached_with() {
    let login = Login::Password {
        user: "somebody".to_owned(),
        password: Secret::new(SECRET),
    };
    hides(&StoredLogin {
        login: login.clone(),
        stored_for: "registry.example".to_owned(),
        stays: false,
        renewal: String::new(),
        helper: None,
    });
    let pair = base64(format!("somebody:{SECRET}").as_bytes());
    let file = json!({"auths": {"registry.example": {"auth": pair}}}).to_string();
    let host = "registry.example".to_owned();
    hides(&Logins {
        given: Some(Given {
            login,
            host: host.clone(),
        }),
        files: vec![AuthFile {
            path: PathBuf::from("/auth.json"),
            text: file.into_bytes(),
            legacy: false,
        }],
        cluster: Some(OfCluster {
            hosts: vec![host],
            token: Secret::new(SECRET),
            unknown: None,
        }),
        environment: vec![("PASSWORD".into(), SECRET.into())],
        ..Logins::default()
    });
    let proxy = format!("http://somebody:{SECRET}@proxy:3128");
    hides(&Network {
        proxies: [("HTTPS_PROXY".to_owned(), proxy)].into(),
        ..Network::default()
    });
    hides(&token::parse(json!({"token": SECRET}).to_string().as_bytes(), 0).unwrap());
    let url = format!("https://store.example/blob?signature={SECRET}");
    hides(&Request {
        method: Method::Post,
        url: &url,
        accept: "*/*",
        headers: &[("authorization".to_owned(), Secret::new(SECRET))],
        body: Some(("application/x-www-form-urlencoded", SECRET.as_bytes())),
        limit: 1,
        until: None,
    });
}

#[test]
fn the_command_line() {
    let creds = format!("somebody:{SECRET}");
    for args in [
        [
            "image-signature",
            "verify",
            "docker://registry.example/a:v1",
            "--creds",
            &creds,
        ],
        ["image-signature", "verify", "image", "--token", SECRET],
    ] {
        hides(&Cli::try_parse_from(args).unwrap());
    }
}
