// SPDX-License-Identifier: Apache-2.0
//! Kubeconfig files: what is in one, and several merged as kubectl merges them.

mod member;

use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

pub use self::member::Error;
use self::member::Member;
use crate::json;
use crate::text::safe;
use crate::yaml::{self, Node};

/// Largest kubeconfig file, in bytes.
pub(crate) const MAX_BYTES: u64 = 4 << 20;

/// Name of the extension of a cluster that exec plugins get.
const EXEC_EXTENSION: &str = "client.authentication.k8s.io/exec";

/// What a kubeconfig file has, or several.
#[derive(Debug, Clone, Default)]
pub struct Kubeconfig {
    /// By name, in order.
    pub clusters: Vec<(String, Cluster)>,
    /// Logins by name, in order.
    pub users: Vec<(String, User)>,
    /// Pairs of cluster and login, by name.
    pub contexts: Vec<(String, Context)>,
    /// Name of the context that is used unless another one is named; may be empty.
    pub current: String,
}

/// A file or bytes; bytes win.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Material {
    /// Resolved against the directory of the kubeconfig file.
    pub file: Option<PathBuf>,
    /// Inline content, decoded from base64.
    pub data: Option<Vec<u8>>,
}

impl Material {
    /// Whether there is neither.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.file.is_none() && self.data.is_none()
    }
}

/// Without the content, which may be a private key.
impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Material")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

/// A server, and how it is recognised and reached.
#[derive(Clone, Default)]
#[allow(missing_docs)]
pub struct Cluster {
    pub server: String,
    pub tls_server_name: String,
    pub insecure: bool,
    pub authority: Material,
    pub proxy_url: String,
    pub disable_compression: bool,
    /// What is handed to exec plugins in `KUBERNETES_EXEC_INFO`.
    pub exec_extension: Value,
}

/// Without the proxy, whose URL may hold a password, and what is for plugins.
impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

/// A credential, and whom it is used as.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct User {
    pub certificate: Material,
    pub key: Material,
    pub token: Option<crate::http::secret::Secret>,
    pub token_file: Option<PathBuf>,
    pub username: String,
    pub password: Option<crate::http::secret::Secret>,
    /// Name of an `auth-provider`; these are gone from Kubernetes.
    pub auth_provider: Option<String>,
    pub exec: Option<Exec>,
    pub act_as: ActAs,
}

/// Whom requests are made as.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ActAs {
    pub user: String,
    pub uid: String,
    pub groups: Vec<String>,
    pub extra: Vec<(String, String)>,
}

/// A credential plugin, as `users[].user.exec` names it.
#[derive(Clone, Default)]
#[allow(missing_docs)]
pub struct Exec {
    pub command: String,
    pub args: Vec<String>,
    pub env: Vec<(String, String)>,
    pub api_version: String,
    pub install_hint: String,
    pub provide_cluster_info: bool,
    pub interactive_mode: String,
}

/// Without arguments and environment, which may hold secrets.
impl fmt::Debug for Exec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exec")
            .field("command", &self.command)
            .finish_non_exhaustive()
    }
}

/// Cluster, user and namespace together.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct Context {
    pub cluster: String,
    pub user: String,
    pub namespace: String,
}

impl Kubeconfig {
    /// Reads a file's text, YAML or JSON; an empty one is an empty configuration. Relative paths in it
    /// are meant from `directory`.
    ///
    /// # Errors
    /// When it is malformed, or a member is not of the type that it must be, or two entries have one name.
    pub fn parse(text: &str, directory: &Path) -> Result<Self, Error> {
        if text.trim_start().starts_with('{') {
            return Self::parse_braces(text, directory);
        }
        let mut stream = yaml::parse(text).map_err(|error| Error(safe(&error.to_string())))?;
        if stream.documents.len() > 1 {
            return Err(Error("it has several documents; expected one".into()));
        }
        match stream.documents.pop() {
            Some(root) => Self::of(&root, directory),
            None => Ok(Self::default()),
        }
    }

    /// JSON, or YAML that is written in braces. The YAML parser takes nearly all JSON, and knows lines.
    fn parse_braces(text: &str, directory: &Path) -> Result<Self, Error> {
        let as_yaml = yaml::parse(text)
            .ok()
            .filter(|stream| stream.documents.len() == 1)
            .and_then(|mut stream| stream.documents.pop())
            .map(|root| Self::of(&root, directory));
        match (json::parse(text.as_bytes()), as_yaml) {
            (Ok(value), as_yaml) => Self::of(&Node::of_json(&value), directory)
                .map_err(|error| as_yaml.and_then(Result::err).unwrap_or(error)),
            (Err(_), Some(result)) => result,
            (Err(error), None) => Err(Error(safe(&error.to_string()))),
        }
    }

    fn of(root: &Node, directory: &Path) -> Result<Self, Error> {
        let root = Member::root(root)?;
        Ok(Self {
            clusters: root.entries("clusters", "cluster", |member| cluster(member, directory))?,
            users: root.entries("users", "user", |member| user(member, directory))?,
            contexts: root.entries("contexts", "context", context)?,
            current: root.text("current-context")?,
        })
    }

    /// Adds what another file has: entries of names that are known stay as they are.
    pub fn merge(&mut self, other: Self) {
        fn add<T>(to: &mut Vec<(String, T)>, from: Vec<(String, T)>) {
            for (name, entry) in from {
                if !to.iter().any(|(known, _)| *known == name) {
                    to.push((name, entry));
                }
            }
        }
        add(&mut self.clusters, other.clusters);
        add(&mut self.users, other.users);
        add(&mut self.contexts, other.contexts);
        if self.current.is_empty() {
            self.current = other.current;
        }
    }

    /// Whether there is nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.clusters.is_empty() && self.users.is_empty() && self.contexts.is_empty() && self.current.is_empty()
    }
}

fn cluster(member: &Member<'_>, directory: &Path) -> Result<Cluster, Error> {
    let mut exec_extension = Value::Null;
    for extension in member.list("extensions")? {
        if extension.text("name")? == EXEC_EXTENSION {
            exec_extension = extension.section("extension")?.map_or(Value::Null, |m| m.node.value());
        }
    }
    Ok(Cluster {
        server: member.text("server")?,
        tls_server_name: member.text("tls-server-name")?,
        insecure: member.flag("insecure-skip-tls-verify")?,
        authority: material(member, "certificate-authority", directory)?,
        proxy_url: member.text("proxy-url")?,
        disable_compression: member.flag("disable-compression")?,
        exec_extension,
    })
}

fn user(member: &Member<'_>, directory: &Path) -> Result<User, Error> {
    use crate::http::secret::Secret;
    let secret = |text: String| Some(Secret::new(text)).filter(|secret| !secret.reveal().is_empty());
    let mut extra = Vec::new();
    if let Some(members) = member.section("as-user-extra")? {
        for (key, values) in members.members()? {
            for value in values.elements()? {
                extra.push((key.clone(), value.as_text()?));
            }
        }
    }
    Ok(User {
        certificate: material(member, "client-certificate", directory)?,
        key: material(member, "client-key", directory)?,
        token: secret(member.text("token")?),
        token_file: member.path("tokenFile", directory)?,
        username: member.text("username")?,
        password: secret(member.text("password")?),
        auth_provider: match member.section("auth-provider")? {
            Some(provider) => Some(provider.text("name")?),
            None => None,
        },
        exec: member.section("exec")?.map(|m| exec(&m, directory)).transpose()?,
        act_as: ActAs {
            user: member.text("as")?,
            uid: member.text("as-uid")?,
            groups: member
                .list("as-groups")?
                .iter()
                .map(Member::as_text)
                .collect::<Result<_, _>>()?,
            extra,
        },
    })
}

fn exec(member: &Member<'_>, directory: &Path) -> Result<Exec, Error> {
    let command = member.text("command")?;
    // A command with a slash is a path like any other; without, it is looked up.
    let command = if command.contains('/') {
        directory.join(command).to_string_lossy().into_owned()
    } else {
        command
    };
    let mut env = Vec::new();
    for variable in member.list("env")? {
        env.push((variable.text("name")?, variable.text("value")?));
    }
    Ok(Exec {
        command,
        args: member
            .list("args")?
            .iter()
            .map(Member::as_text)
            .collect::<Result<_, _>>()?,
        env,
        api_version: member.text("apiVersion")?,
        install_hint: member.text("installHint")?,
        provide_cluster_info: member.flag("provideClusterInfo")?,
        interactive_mode: member.text("interactiveMode")?,
    })
}

fn context(member: &Member<'_>) -> Result<Context, Error> {
    Ok(Context {
        cluster: member.text("cluster")?,
        user: member.text("user")?,
        namespace: member.text("namespace")?,
    })
}

fn material(member: &Member<'_>, name: &str, directory: &Path) -> Result<Material, Error> {
    Ok(Material {
        file: member.path(name, directory)?,
        data: member.data(&format!("{name}-data"))?,
    })
}
