// SPDX-License-Identifier: Apache-2.0
//! Cluster, user and namespace: out of the kubeconfig files or the service account of a pod, and what the command line
//! puts in their place.

use std::path::{Path, PathBuf};

use crate::cli::cluster::ClientOptions;
use crate::cluster::kubeconfig::{self, Cluster, Kubeconfig, Material, User};
use crate::cluster::names::is_label;
use crate::files::exposed;
use crate::files::read::read_bounded;
use crate::settings::environment::Environment;
use crate::settings::UsageError;
use crate::text::{io_message, quoted, safe};

/// Where a pod finds its service account.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// What the kubeconfig files and the command line say together.
pub(super) struct Chosen {
    pub(super) cluster: Cluster,
    pub(super) user: User,
    pub(super) user_name: String,
    pub(super) namespace: String,
    /// Which kubeconfig files were looked for in vain, in words.
    pub(super) missing: Option<String>,
}

impl Chosen {
    /// Chooses; nothing but the kubeconfig files is read.
    ///
    /// # Errors
    /// When a file is malformed, or a name is that of nothing.
    pub(super) fn new(options: &ClientOptions, environment: &Environment) -> Result<Self, UsageError> {
        let (merged, missing) = load(options, environment)?;
        // Whoever names an entry of a kubeconfig does not mean the pod, even where there is no kubeconfig.
        let is_named = [&options.context, &options.cluster, &options.user]
            .into_iter()
            .any(|name| name.as_ref().is_some_and(|name| !name.is_empty()));
        let in_pod = (merged.is_empty() && !is_named)
            .then(|| service_account(environment))
            .flatten();
        let mut chosen = match in_pod {
            Some(chosen) => chosen,
            None => choose(&merged, options).map_err(|UsageError(message)| {
                let why = missing.as_ref().map(|why| format!("; {why}")).unwrap_or_default();
                UsageError::new(format!("{message}{why}"))
            })?,
        };
        chosen.missing = missing;
        override_cluster(&mut chosen.cluster, options);
        override_user(&mut chosen.user, options)?;
        if let Some(namespace) = options.namespace.as_ref().filter(|n| !n.is_empty()) {
            // As kubectl has it: what is copied with a name behind it.
            chosen.namespace = namespace.split('/').next().unwrap_or_default().to_owned();
        }
        if !is_label(&chosen.namespace) {
            return Err(UsageError::new(format!(
                "{} is not a valid namespace name",
                quoted(&chosen.namespace)
            )));
        }
        Ok(chosen)
    }
}

/// The kubeconfig files, merged; and, where none of those looked for is there, what is said of that.
fn load(options: &ClientOptions, environment: &Environment) -> Result<(Kubeconfig, Option<String>), UsageError> {
    if let Some(file) = &options.kubeconfig {
        return read(file)?.map(|config| (config, None)).ok_or_else(|| {
            UsageError::new(format!(
                "reading kubeconfig {}: there is no such file",
                safe(&file.display().to_string())
            ))
        });
    }
    let listed = environment.variable("KUBECONFIG");
    let files: Vec<PathBuf> = match (listed, &environment.home) {
        (Some(list), _) => std::env::split_paths(list)
            .filter(|file| !file.as_os_str().is_empty())
            .collect(),
        (None, Some(home)) => vec![home.join(".kube/config")],
        (None, None) => Vec::new(),
    };
    let (mut merged, mut any) = (Kubeconfig::default(), false);
    for (n, file) in files.iter().enumerate() {
        if files[..n].contains(file) {
            continue;
        }
        if let Some(config) = read(file)? {
            merged.merge(config);
            any = true;
        }
    }
    let names: Vec<String> = files.iter().map(|file| safe(&file.display().to_string())).collect();
    let missing = match (names.as_slice(), listed.is_some()) {
        _ if any => None,
        ([], true) => Some("KUBECONFIG names no file".to_owned()),
        ([], false) => None,
        ([one], true) => Some(format!("KUBECONFIG names {one}, which does not exist")),
        (several, true) => Some(format!("KUBECONFIG names {}, none of which exists", several.join(", "))),
        (home, false) => Some(format!("there is no {}", home.join(", "))),
    };
    Ok((merged, missing))
}

/// One file; nothing where there is none.
fn read(file: &Path) -> Result<Option<Kubeconfig>, UsageError> {
    let shown = safe(&file.display().to_string());
    let wrong = |what: String| UsageError::new(format!("reading kubeconfig {shown}: {what}"));
    let bytes = match read_bounded(file, kubeconfig::MAX_BYTES) {
        Ok(bytes) => bytes.ok_or_else(|| wrong(format!("it has more than {} bytes", kubeconfig::MAX_BYTES)))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(io_message(&error))),
    };
    exposed::warn("kubeconfig", file);
    let text = crate::input::text(bytes).map_err(|error| wrong(format!("it is not text: {error}")))?;
    let absolute = std::path::absolute(file).map_err(|error| wrong(io_message(&error)))?;
    let directory = absolute.parent().unwrap_or(Path::new("/"));
    Kubeconfig::parse(&text, directory)
        .map(Some)
        .map_err(|error| wrong(error.to_string()))
}

/// Context, cluster and user out of the files.
fn choose(config: &Kubeconfig, options: &ClientOptions) -> Result<Chosen, UsageError> {
    fn find<'c, T>(entries: &'c [(String, T)], name: &str, what: &str) -> Result<&'c T, UsageError> {
        let entry = entries.iter().find(|(known, _)| known == name).map(|(_, entry)| entry);
        entry.ok_or_else(|| UsageError::new(format!("{what} {} does not exist", quoted(name))))
    }
    let given = |option: &Option<String>| option.clone().filter(|name| !name.is_empty());
    let name = given(&options.context).unwrap_or_else(|| config.current.clone());
    let context = if name.is_empty() {
        kubeconfig::Context::default()
    } else {
        find(&config.contexts, &name, "context")?.clone()
    };
    let cluster_name = given(&options.cluster).unwrap_or(context.cluster);
    let user_name = given(&options.user).unwrap_or(context.user);
    let cluster = if cluster_name.is_empty() {
        Cluster::default()
    } else {
        find(&config.clusters, &cluster_name, "cluster")?.clone()
    };
    let user = if user_name.is_empty() {
        User::default()
    } else {
        find(&config.users, &user_name, "auth info")?.clone()
    };
    let namespace = Some(context.namespace).filter(|namespace| !namespace.is_empty());
    Ok(Chosen {
        cluster,
        user,
        user_name,
        namespace: namespace.unwrap_or_else(|| "default".into()),
        missing: None,
    })
}

/// What a pod is given, if this is one.
fn service_account(environment: &Environment) -> Option<Chosen> {
    let text = |name| environment.variable(name).map(|v| v.to_string_lossy().into_owned());
    let directory = Path::new(SERVICE_ACCOUNT);
    let (host, port) = (text("KUBERNETES_SERVICE_HOST")?, text("KUBERNETES_SERVICE_PORT")?);
    let token = directory.join("token");
    if !token.is_file() {
        return None;
    }
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let authority = directory.join("ca.crt");
    if !authority.is_file() {
        log::warn!(
            "there is no {}: the API server must have a certificate of an authority that this system trusts",
            authority.display()
        );
    }
    let namespace = std::fs::read_to_string(directory.join("namespace")).ok();
    let namespace = text("POD_NAMESPACE")
        .or(namespace.map(|text| text.trim().to_owned()))
        .filter(|namespace| !namespace.is_empty());
    Some(Chosen {
        cluster: Cluster {
            server: format!("https://{host}:{port}"),
            authority: Material {
                file: authority.is_file().then_some(authority),
                data: None,
            },
            ..Cluster::default()
        },
        user: User {
            token_file: Some(token),
            ..User::default()
        },
        user_name: String::new(),
        namespace: namespace.unwrap_or_else(|| "default".into()),
        missing: None,
    })
}

fn override_cluster(cluster: &mut Cluster, options: &ClientOptions) {
    let given = |option: &Option<String>| option.clone().filter(|text| !text.is_empty());
    let authority = options
        .certificate_authority
        .clone()
        .filter(|path| !path.as_os_str().is_empty());
    if authority.is_some() || options.insecure_skip_tls_verify == Some(true) {
        cluster.insecure = options.insecure_skip_tls_verify == Some(true);
        cluster.authority = Material {
            file: authority,
            data: None,
        };
    }
    let (server, name) = (given(&options.server), given(&options.tls_server_name));
    // The name in the file belongs to the server in the file.
    if server.is_some() || name.is_some() {
        cluster.tls_server_name = name.unwrap_or_default();
    }
    if let Some(server) = server {
        cluster.server = server;
    }
    if options.disable_compression == Some(true) {
        cluster.disable_compression = true;
    }
}

fn override_user(user: &mut User, options: &ClientOptions) -> Result<(), UsageError> {
    let given = |option: &Option<String>| option.clone().filter(|text| !text.is_empty());
    let file = |option: &Option<PathBuf>| {
        let file = option.clone().filter(|path| !path.as_os_str().is_empty());
        file.map(|file| Material {
            file: Some(file),
            data: None,
        })
    };
    if let Some(certificate) = file(&options.client_certificate) {
        user.certificate = certificate;
    }
    if let Some(key) = file(&options.client_key) {
        user.key = key;
    }
    if let Some(token) = options.token.as_ref().filter(|token| !token.reveal().is_empty()) {
        user.token = Some(token.clone());
        user.token_file = None;
        // Whoever gives a token means that one.
        user.exec = None;
        user.auth_provider = None;
        user.username = String::new();
        user.password = None;
    }
    let act_as = &mut user.act_as;
    if let Some(name) = given(&options.act_as) {
        act_as.user = name;
    }
    if let Some(uid) = given(&options.as_uid) {
        act_as.uid = uid;
    }
    if !options.as_group.is_empty() {
        act_as.groups.clone_from(&options.as_group);
    }
    if !options.as_user_extra.is_empty() {
        act_as.extra = options
            .as_user_extra
            .iter()
            .map(|pair| {
                let pair = pair
                    .split_once('=')
                    .map(|(key, value)| (key.to_owned(), value.to_owned()));
                pair.ok_or_else(|| UsageError::new("--as-user-extra: expected KEY=VALUE"))
            })
            .collect::<Result<_, _>>()?;
    }
    Ok(())
}
