// SPDX-License-Identifier: Apache-2.0
//! Debian's docker-registry on the loopback interface.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::api::certificates::{Authority, Name};
use super::program::{stop, wait_until, Sandbox};

/// The user of a registry that wants a login.
pub const USER: &str = "reader";

/// The password of [`USER`], which nothing may show.
pub const PASSWORD: &str = "Xyzzy.pass.9917.word";

/// The password's bcrypt hash, which is the only kind that the registry takes.
const HASH: &str = "$2b$05$abcdefghijklmnopqrstuuLAiYgofrQKv51mbaHhoju0N1tfHvD4i";

/// What a registry is to be like.
#[derive(Debug, Clone, Default)]
pub struct Kind {
    /// By https, with a certificate of an authority of its own.
    pub is_tls: bool,
    /// It wants the password.
    pub wants_password: bool,
    /// It sends to a token server: its URL, and the file with the certificate that its tokens are signed by.
    pub token_server: Option<(String, PathBuf)>,
}

/// A registry with nothing in it. It ends when it is dropped.
#[derive(Debug)]
pub struct Registry {
    child: Option<Child>,
    /// Where it listens: `127.0.0.1:PORT`.
    pub address: String,
    /// The file with the authority of its certificate.
    pub authority: PathBuf,
}

impl Registry {
    /// `None` where none is installed.
    pub fn start(sandbox: &Sandbox, name: &str, kind: &Kind) -> Option<Self> {
        let programs = ["/usr/bin/docker-registry", "/usr/bin/registry"].map(PathBuf::from);
        let program = programs.iter().find(|path| path.exists())?;
        let authority = Authority::new("authority of the registry");
        let ca = sandbox.file(&format!("{name}/ca.crt"), authority.pem());
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let storage = sandbox.path(&format!("{name}/storage"));
        let mut config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp:\n  addr: {address}\n",
            storage.display()
        );
        if kind.is_tls {
            let (certificate, key) = authority.server_for("registry", &[Name::Ip("127.0.0.1")], true);
            let certificate = sandbox.file(&format!("{name}/server.crt"), certificate.to_pem().unwrap());
            let key = sandbox.file(&format!("{name}/server.key"), key.private_key_to_pem_pkcs8().unwrap());
            config.push_str(&format!(
                "  tls: {{certificate: {}, key: {}}}\n",
                certificate.display(),
                key.display()
            ));
        }
        if kind.wants_password {
            let users = sandbox.file(&format!("{name}/htpasswd"), format!("{USER}:{HASH}\n"));
            config.push_str(&format!(
                "auth: {{htpasswd: {{realm: test, path: {}}}}}\n",
                users.display()
            ));
        }
        if let Some((realm, certificate)) = &kind.token_server {
            config.push_str(&format!(
                "auth: {{token: {{realm: \"{realm}\", service: registry, issuer: test, rootcertbundle: {}}}}}\n",
                certificate.display()
            ));
        }
        let config = sandbox.file(&format!("{name}/config.yml"), config);
        let child = Command::new(program)
            .arg("serve")
            .arg(config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let registry = Self {
            child: Some(child),
            address,
            authority: ca,
        };
        wait_until("the registry listens", || TcpStream::connect(&registry.address).is_ok());
        Some(registry)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        if let Some(child) = self.child.take() {
            stop(child);
        }
    }
}
