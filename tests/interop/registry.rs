// SPDX-License-Identifier: Apache-2.0
//! Debian's docker-registry on loopback.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::support::program::{stop, wait_until, Sandbox};

/// A registry over plain http with nothing in it.
#[derive(Debug)]
pub struct Registry {
    child: Option<Child>,
    pub address: String,
}

fn program() -> Option<PathBuf> {
    ["/usr/bin/docker-registry", "/usr/bin/registry"]
        .iter()
        .map(PathBuf::from)
        .find(|path| path.exists())
}

impl Registry {
    /// `None` where none is installed.
    pub fn start(sandbox: &Sandbox) -> Option<Self> {
        let program = program()?;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let storage = sandbox.path("registry");
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: {address}}}\n",
            storage.display()
        );
        let config = sandbox.file("registry.yml", config);
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
        };
        wait_until("the registry answers", || registry.answers());
        Some(registry)
    }

    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(&self.address) else {
            return false;
        };
        let request = format!("GET /v2/ HTTP/1.0\r\nHost: {}\r\n\r\n", self.address);
        let mut answer = String::new();
        stream.write_all(request.as_bytes()).is_ok()
            && stream.read_to_string(&mut answer).is_ok()
            && answer.contains(" 200 ")
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        if let Some(child) = self.child.take() {
            stop(child);
        }
    }
}
