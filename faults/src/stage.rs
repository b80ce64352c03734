// SPDX-License-Identifier: Apache-2.0
//! What one run finds: a directory of its own, and the object in a file there or at a server of its own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use image_signature_test_api::{Server, User};
use serde_json::{json, Value};
use tempfile::TempDir;

/// The token of the user, who may write records.
const TOKEN: &str = "auditor";

/// Where the object of a scenario is: `-f` names its file, or a server has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// A file, which `-f` names.
    File,
    /// An API server, reached by TLS.
    Cluster,
}

/// The directory and the server.
#[derive(Debug)]
pub struct Stage {
    place: TempDir,
    server: Option<Server>,
    name: String,
    /// The object as it is before the run.
    pub before: String,
}

impl Stage {
    /// Puts the object in `file` there.
    ///
    /// # Errors
    /// When it cannot be put there.
    pub fn new(file: &Path, home: Home) -> io::Result<Self> {
        let object: Value = serde_json::from_str(&fs::read_to_string(file)?)?;
        let mut stage = Self {
            place: tempfile::Builder::new().prefix("isp").tempdir_in("/tmp")?,
            server: None,
            name: object["metadata"]["name"].as_str().unwrap_or_default().to_owned(),
            before: String::new(),
        };
        match home {
            Home::File => {
                fs::copy(file, stage.object())?;
            }
            Home::Cluster => stage.server = Some(stage.serve(object)?),
        }
        stage.before = stage.now().map_err(io::Error::other)?;
        Ok(stage)
    }

    /// A server that has the object, and the kubeconfig for it.
    fn serve(&self, mut object: Value) -> io::Result<Server> {
        object["dockerImageReference"] = "registry.example/team/app:1".into();
        let server = Server::start();
        server.user(TOKEN, User::new("alice"));
        server.allow_auditor("alice");
        server.image(object);
        fs::write(self.place().join("ca.pem"), server.ca_pem())?;
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": server.url(), "certificate-authority": "ca.pem"}}],
            "users": [{"name": "alice", "user": {"token": TOKEN}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "alice"}}],
            "current-context": "x",
        });
        fs::write(self.place().join("kubeconfig"), config.to_string())?;
        Ok(server)
    }

    fn object(&self) -> PathBuf {
        self.place().join("object.json")
    }

    /// The directory, which is the home and the place for temporary files too.
    pub fn place(&self) -> &Path {
        self.place.path()
    }

    /// What names the object.
    pub fn arguments(&self) -> Vec<String> {
        let path = |name: &str| self.place().join(name).display().to_string();
        match self.server {
            None => vec!["-f".into(), path("object.json")],
            Some(_) => vec!["--kubeconfig".into(), path("kubeconfig"), self.name.clone()],
        }
    }

    /// The object as it is now.
    ///
    /// # Errors
    /// With what is wrong when it cannot be read.
    pub fn now(&self) -> Result<String, String> {
        match &self.server {
            None => fs::read_to_string(self.object()).map_err(|error| format!("the file: {error}")),
            Some(server) => {
                // A request that the run has sent and not waited for.
                server.settle();
                let mut object = server.stored(&self.name);
                if let Some(metadata) = object["metadata"].as_object_mut() {
                    for own in ["resourceVersion", "creationTimestamp", "uid"] {
                        metadata.remove(own);
                    }
                }
                Ok(object.to_string())
            }
        }
    }
}
