// SPDX-License-Identifier: Apache-2.0
//! Kubeconfig files: what is in one, and several merged as kubectl merges them.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use serde_json::Value;

use crate::json;
use crate::text::{quoted, safe};
use crate::yaml::{self, Content, Node};

/// Largest kubeconfig file, in bytes.
pub const MAX_BYTES: u64 = 4 << 20;

/// Name of the extension of a cluster that exec plugins get.
const EXEC_EXTENSION: &str = "client.authentication.k8s.io/exec";

/// What a kubeconfig file has, or several.
#[derive(Debug, Clone, Default)]
pub struct Kubeconfig {
    /// By name, in order.
    pub clusters: Vec<(String, Cluster)>,
    /// Logins, by name.
    pub users: Vec<(String, User)>,
    /// Pairs of cluster and login, by name.
    pub contexts: Vec<(String, Context)>,
    /// Name of the context that is used unless another one is named; may be empty.
    pub current: String,
}

/// A file or bytes; bytes win.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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

/// A server.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct Cluster {
    pub server: String,
    pub tls_server_name: String,
    pub insecure: bool,
    pub authority: Material,
    pub proxy_url: String,
    pub disable_compression: bool,
    /// For exec plugins.
    pub exec_extension: Value,
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

/// A credential plugin.
#[derive(Debug, Clone, Default)]
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

/// Cluster, user and namespace together.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs)]
pub struct Context {
    pub cluster: String,
    pub user: String,
    pub namespace: String,
}

/// A kubeconfig file that cannot be understood: where, and what was expected.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

impl Kubeconfig {
    /// Reads a file's text, YAML or JSON; an empty one is an empty configuration. Relative paths in it are meant from
    /// `directory`.
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

/// A place in a file, to read typed members from.
struct Member<'n> {
    node: &'n Node,
    path: String,
}

impl<'n> Member<'n> {
    fn root(node: &'n Node) -> Result<Self, Error> {
        let root = Self {
            node,
            path: "the file".into(),
        };
        root.members()?;
        Ok(Self {
            path: String::new(),
            ..root
        })
    }

    fn error(&self, expected: &str) -> Error {
        let line = match yaml::line(self.node) {
            0 => String::new(),
            line => format!("line {line}: "),
        };
        Error(format!("{line}{}: expected {expected}", safe(&self.path)))
    }

    fn member(&self, name: &str) -> Option<Member<'n>> {
        let node = self.node.get(name)?;
        if matches!(node.content, Content::Scalar(Value::Null)) {
            return None;
        }
        let path = if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        };
        Some(Member { node, path })
    }

    fn as_text(&self) -> Result<String, Error> {
        let text = self.node.as_str().ok_or_else(|| self.error("a string"))?;
        Ok(text.to_owned())
    }

    fn text(&self, name: &str) -> Result<String, Error> {
        self.member(name).map_or(Ok(String::new()), |member| member.as_text())
    }

    fn flag(&self, name: &str) -> Result<bool, Error> {
        let Some(member) = self.member(name) else {
            return Ok(false);
        };
        match member.node.content {
            Content::Scalar(Value::Bool(flag)) => Ok(flag),
            _ => Err(member.error("true or false")),
        }
    }

    fn path(&self, name: &str, directory: &Path) -> Result<Option<PathBuf>, Error> {
        let text = self.text(name)?;
        Ok((!text.is_empty()).then(|| directory.join(text)))
    }

    fn data(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        let Some(member) = self.member(name) else {
            return Ok(None);
        };
        let digits: String = member.as_text()?.split_ascii_whitespace().collect();
        if digits.is_empty() {
            return Ok(None);
        }
        let data = base64::engine::general_purpose::STANDARD.decode(digits);
        data.map(Some).map_err(|_| member.error("base64"))
    }

    fn section(&self, name: &str) -> Result<Option<Member<'n>>, Error> {
        match self.member(name) {
            Some(member) => {
                member.members()?;
                Ok(Some(member))
            }
            None => Ok(None),
        }
    }

    fn members(&self) -> Result<Vec<(String, Member<'n>)>, Error> {
        let Content::Mapping { members, .. } = &self.node.content else {
            return Err(self.error("a mapping"));
        };
        Ok(members
            .iter()
            .map(|member| {
                let path = format!("{}.{}", self.path, member.name);
                let node = &member.value;
                (member.name.clone(), Member { node, path })
            })
            .collect())
    }

    fn list(&self, name: &str) -> Result<Vec<Member<'n>>, Error> {
        self.member(name).map_or(Ok(Vec::new()), |member| member.elements())
    }

    fn elements(&self) -> Result<Vec<Member<'n>>, Error> {
        let Content::Sequence(elements) = &self.node.content else {
            return Err(self.error("a list"));
        };
        let path = |n: usize| format!("{}[{n}]", self.path);
        Ok(elements
            .iter()
            .enumerate()
            .map(|(n, node)| Member { node, path: path(n) })
            .collect())
    }

    /// A list of named entries, each with its content in a member of its own.
    fn entries<T: Default>(
        &self,
        list: &str,
        content: &str,
        read: impl Fn(&Member<'n>) -> Result<T, Error>,
    ) -> Result<Vec<(String, T)>, Error> {
        let mut names = HashSet::new();
        let mut entries = Vec::new();
        for element in self.list(list)? {
            element.members()?;
            let name = element.text("name")?;
            if !names.insert(name.clone()) {
                return Err(element.error(&format!("a name of its own; {} is there twice", quoted(&name))));
            }
            // kubectl takes an entry without content for an empty one.
            let entry = element
                .section(content)?
                .map_or(Ok(T::default()), |section| read(&section))?;
            entries.push((name, entry));
        }
        Ok(entries)
    }
}
