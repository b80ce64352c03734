// SPDX-License-Identifier: Apache-2.0
//! A server, ours or a real one, and the images that a case makes on it.

use std::ffi::OsString;
use std::net::ToSocketAddrs;
use std::path::{Path, PathBuf};

use image_signature::cluster::kubeconfig::{Kubeconfig, Material};
use serde_json::{json, Value};
use sha2::Digest as _;

use crate::support::api::client::Client;
use crate::support::api::ClientCertificate;
use crate::support::cluster::{Scene, IDENTITY, TOKEN};
use crate::support::images::image;
use crate::support::program::Outcome;
use crate::support::skipped;

const IMAGES: &str = "/apis/image.openshift.io/v1/images";
const KUBECONFIG: &str = "IMAGE_SIGNATURE_TEST_KUBECONFIG";

/// A server, a login that may do what the cases need, and what they have made so far.
pub struct Cluster<'s> {
    pub scene: &'s Scene,
    client: Client,
    prefix: String,
    pub kubeconfig: PathBuf,
    made: Vec<String>,
}

impl Cluster<'_> {
    fn at(&self, name: &str) -> String {
        format!("{}{IMAGES}/{name}", self.prefix)
    }

    /// Makes an image of a name of its own with these signatures.
    pub fn make(&mut self, sign: impl Fn(&str) -> Vec<Vec<u8>>, change: impl Fn(&mut Value)) -> String {
        let name = unused_digest();
        let blobs = sign(&name);
        let mut object = image(&name, &blobs.iter().map(Vec::as_slice).collect::<Vec<_>>());
        object["metadata"] = json!({"name": name, "labels": {"image-signature-test": "yes"}});
        change(&mut object);
        let path = format!("{}{IMAGES}", self.prefix);
        self.client.post(&path, &object).expect(201);
        self.made.push(name.clone());
        name
    }

    /// An image with one signature for [`IDENTITY`].
    pub fn signed(&mut self) -> String {
        let scene = self.scene;
        self.make(|name| vec![scene.sign(name, IDENTITY)], |_| {})
    }

    pub fn stored(&self, name: &str) -> Value {
        self.client.get(&self.at(name)).expect(200).json()
    }

    pub fn run(&self, args: &[&str]) -> Outcome {
        let kubeconfig = self.kubeconfig.to_str().unwrap();
        self.scene.run(&[args, &["--kubeconfig", kubeconfig]].concat())
    }

    pub fn verify(&self, name: &str, more: &[&str]) -> Outcome {
        let key = self.scene.key_file.to_str().unwrap();
        let args = [
            "verify",
            name,
            "--expected-identity",
            IDENTITY,
            "--public-key",
            key,
            "-o",
            "json",
        ];
        self.run(&[&args, more].concat())
    }
}

impl Drop for Cluster<'_> {
    fn drop(&mut self) {
        for name in &self.made {
            let target = self.at(name);
            let gone = self.client.try_send("DELETE", &target, "", b"");
            if !gone
                .as_ref()
                .is_ok_and(|reply| reply.status == 200 || reply.status == 404)
            {
                println!("left behind: image {name}");
            }
        }
    }
}

/// A digest that no image has: that of a text that nobody else writes.
pub fn unused_digest() -> String {
    let file = tempfile::NamedTempFile::new_in("/tmp").unwrap();
    let text = format!("{} {:?}", std::process::id(), file.path());
    let hash = sha2::Sha256::digest(text);
    hash.iter()
        .fold("sha256:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

/// Runs a case against the test server, and against a real one where there is one.
pub fn everywhere(case: &str, run: impl Fn(&mut Cluster<'_>)) {
    let scene = Scene::new();
    scene.server.grant("alice", &["create", "delete"], "images");
    run(&mut Cluster {
        scene: &scene,
        client: Client::new(&scene.server).token(TOKEN),
        prefix: String::new(),
        kubeconfig: scene.sandbox.path("home/.kube/config"),
        made: Vec::new(),
    });
    match real(&scene, std::env::var_os(KUBECONFIG)) {
        Ok(mut cluster) => run(&mut cluster),
        Err(why) => skipped(&format!("{case}, against a real API server"), &why),
    };
}

/// The cluster that a kubeconfig names, or why there is none.
pub fn real(scene: &Scene, kubeconfig: Option<OsString>) -> Result<Cluster<'_>, String> {
    let path = kubeconfig.ok_or(format!("{KUBECONFIG} is not set"))?;
    let path = std::path::absolute(path).unwrap();
    let text = std::fs::read_to_string(&path).expect("the kubeconfig is readable");
    let config = Kubeconfig::parse(&text, path.parent().unwrap_or(Path::new("/"))).expect("the kubeconfig is good");
    let context = find(&config.contexts, &config.current).ok_or("the kubeconfig has no current context")?;
    let cluster = find(&config.clusters, &context.cluster).ok_or("the kubeconfig has no cluster")?;
    let user = find(&config.users, &context.user).ok_or("the kubeconfig has no user")?;
    let rest = cluster
        .server
        .strip_prefix("https://")
        .ok_or("only https servers are tried")?;
    let (authority, prefix) = match rest.split_once('/') {
        Some((authority, prefix)) => (authority, format!("/{}", prefix.trim_end_matches('/'))),
        None => (rest, String::new()),
    };
    let with_port = if authority.contains(':') {
        authority.to_owned()
    } else {
        format!("{authority}:443")
    };
    let address = with_port.to_socket_addrs().ok().and_then(|mut found| found.next());
    let address = address.ok_or(format!("{with_port} is not found"))?;
    let host = with_port.rsplit_once(':').unwrap().0;
    let name = if cluster.tls_server_name.is_empty() {
        host
    } else {
        &cluster.tls_server_name
    };
    let authority = text_of(&cluster.authority).ok_or("the kubeconfig has no certificate-authority")?;
    let mut client = Client::at(address, name, &authority);
    client = match (&user.token, text_of(&user.certificate), text_of(&user.key)) {
        (Some(token), _, _) => client.token(token.reveal()),
        (None, Some(certificate), Some(key)) => client.certificate(&ClientCertificate { certificate, key }),
        _ => return Err("the kubeconfig has neither a token nor a client certificate".to_owned()),
    };
    let trial = json!({"apiVersion": "image.openshift.io/v1", "kind": "Image", "metadata": {"name": unused_digest()},
                       "dockerImageReference": "registry.example.com/a/b:c"});
    let reply = client.post(&format!("{prefix}{IMAGES}?dryRun=All"), &trial);
    if reply.status != 201 {
        return Err(format!("the login may not create images: {}", reply.text()));
    }
    Ok(Cluster {
        scene,
        client,
        prefix,
        kubeconfig: path,
        made: Vec::new(),
    })
}

fn find<'c, T>(entries: &'c [(String, T)], name: &str) -> Option<&'c T> {
    entries.iter().find(|(known, _)| known == name).map(|(_, entry)| entry)
}

fn text_of(material: &Material) -> Option<String> {
    let file = material.file.as_ref();
    let bytes = material.data.clone().or_else(|| Some(std::fs::read(file?).unwrap()));
    bytes.map(|bytes| String::from_utf8(bytes).unwrap())
}
