// SPDX-License-Identifier: Apache-2.0
//! Which cluster, and as whom: kubeconfig files, what the command line overrides, and the service account of a pod.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Map, Value};

use super::environment::Environment;
use super::UsageError;
use crate::cli::cluster::ClientOptions;
use crate::cluster::api::Access;
use crate::cluster::credentials::{self, Source};
use crate::cluster::exec::Plugin;
use crate::cluster::kubeconfig::{self, ActAs, Cluster, Kubeconfig, Material, User};
use crate::cluster::names::is_label;
use crate::http::secret::Secret;
use crate::http::tls::{self, Identity, Roots, Tls};
use crate::http::url::Url;
use crate::http::{self, proxy};
use crate::json;
use crate::source::stored::read_bounded;
use crate::text::safe;

/// Largest file with certificates or a key, in bytes.
const MAX_PEM: u64 = 4 << 20;

/// Where a pod finds its service account.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// What the kubeconfig files and the command line say together.
struct Chosen {
    cluster: Cluster,
    user: User,
    user_name: String,
    namespace: String,
}

/// Works out how the cluster is reached. `stdin_in_use` keeps standard input from credential plugins.
///
/// # Errors
/// When the configuration is malformed, names what is not there, or contradicts itself. Nothing is contacted.
pub fn access(options: &ClientOptions, environment: &Environment, stdin_in_use: bool) -> Result<Access, UsageError> {
    let merged = load(options, environment)?;
    // Whoever names an entry of a kubeconfig does not mean the pod, even where there is no kubeconfig.
    let is_named = [&options.context, &options.cluster, &options.user]
        .into_iter()
        .any(|name| name.as_ref().is_some_and(|name| !name.is_empty()));
    let in_pod = (merged.is_empty() && !is_named)
        .then(|| service_account(environment))
        .flatten();
    let mut chosen = match in_pod {
        Some(chosen) => chosen,
        None => choose(&merged, options)?,
    };
    override_cluster(&mut chosen.cluster, options);
    override_user(&mut chosen.user, options)?;
    if let Some(namespace) = options.namespace.as_ref().filter(|n| !n.is_empty()) {
        // As kubectl has it: what is copied with a name behind it.
        chosen.namespace = namespace.split('/').next().unwrap_or_default().to_owned();
    }
    if !is_label(&chosen.namespace) {
        return Err(UsageError::new(format!(
            "{:?} is no name of a namespace",
            safe(&chosen.namespace)
        )));
    }
    finish(chosen, options, environment, stdin_in_use)
}

/// The kubeconfig files, merged.
fn load(options: &ClientOptions, environment: &Environment) -> Result<Kubeconfig, UsageError> {
    if let Some(file) = &options.kubeconfig {
        return read(file)?.ok_or_else(|| {
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
    if listed.is_some() && !files.is_empty() && !any {
        let files: Vec<String> = files.iter().map(|file| safe(&file.display().to_string())).collect();
        log::warn!("Config not found: {}", files.join(", "));
    }
    Ok(merged)
}

/// One file; nothing where there is none.
fn read(file: &Path) -> Result<Option<Kubeconfig>, UsageError> {
    let shown = safe(&file.display().to_string());
    let wrong = |what: String| UsageError::new(format!("reading kubeconfig {shown}: {what}"));
    let bytes = match read_bounded(file, kubeconfig::MAX_BYTES) {
        Ok(bytes) => bytes.ok_or_else(|| wrong(format!("it has more than {} bytes", kubeconfig::MAX_BYTES)))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(error.to_string())),
    };
    let text = String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8 text".into()))?;
    let absolute = std::path::absolute(file).map_err(|error| wrong(error.to_string()))?;
    let directory = absolute.parent().unwrap_or(Path::new("/"));
    Kubeconfig::parse(&text, directory)
        .map(Some)
        .map_err(|error| wrong(error.to_string()))
}

/// Context, cluster and user out of the files.
fn choose(config: &Kubeconfig, options: &ClientOptions) -> Result<Chosen, UsageError> {
    fn find<'c, T>(entries: &'c [(String, T)], name: &str, what: &str) -> Result<&'c T, UsageError> {
        let entry = entries.iter().find(|(known, _)| known == name).map(|(_, entry)| entry);
        entry.ok_or_else(|| UsageError::new(format!("{what} {:?} does not exist", safe(name))))
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
    if let Some(token) = given(&options.token) {
        user.token = Some(Secret::new(token));
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

/// Validates what was chosen, and reads the files that it names. All complaints come at once.
fn finish(
    chosen: Chosen,
    options: &ClientOptions,
    environment: &Environment,
    stdin_in_use: bool,
) -> Result<Access, UsageError> {
    let Chosen {
        cluster,
        user,
        user_name,
        namespace,
    } = chosen;
    let mut wrong = Vec::new();
    let authority = material(&cluster.authority, "certificate-authority", &mut wrong);
    let certificate = material(&user.certificate, "client-certificate", &mut wrong);
    let key = material(&user.key, "client-key", &mut wrong);
    if cluster.server.is_empty() {
        wrong.push(
            "no cluster is configured: name a kubeconfig with --kubeconfig or KUBECONFIG, a server with --server, or give objects with --filename"
                .to_owned(),
        );
    }
    if cluster.insecure && !cluster.authority.is_empty() {
        wrong.push("insecure-skip-tls-verify and certificate-authority exclude each other".to_owned());
    }
    let identity = match (&certificate, &key) {
        (Some(certificate), Some(key)) => match Identity::from_pem(certificate, key) {
            Ok(identity) => Some(identity),
            Err(error) => {
                wrong.push(format!("client-certificate and client-key: {error}"));
                None
            }
        },
        (Some(_), None) if user.key.is_empty() => {
            wrong.push("client-certificate needs client-key".to_owned());
            None
        }
        (None, Some(_)) if user.certificate.is_empty() => {
            wrong.push("client-key needs client-certificate".to_owned());
            None
        }
        _ => None,
    };
    let roots = match &authority {
        _ if cluster.insecure => Roots::Unchecked,
        Some(pem) => match tls::certificates(pem) {
            Ok(certificates) => Roots::Only(certificates),
            Err(error) => {
                wrong.push(format!("certificate-authority: {error}"));
                Roots::System
            }
        },
        None => Roots::System,
    };
    check_user(&user, &mut wrong);
    let timeout = timeout(options.request_timeout.as_deref()).unwrap_or_else(|what| {
        wrong.push(what);
        None
    });
    let secured = !cluster.authority.is_empty() || identity.is_some() || cluster.insecure;
    let server = server_url(&cluster.server, secured)
        .map_err(|what| wrong.push(what))
        .ok();
    let proxy = match &server {
        Some(server) => proxy_of(&cluster, server, environment).unwrap_or_else(|what| {
            wrong.push(what);
            None
        }),
        None => None,
    };
    let hint = hint(&user, identity.as_ref(), &user_name);
    let act_as = user.act_as.clone();
    let plugin = plugin_info(&cluster, authority.as_deref());
    let credential = credential(user, identity.is_some(), plugin, environment, stdin_in_use).unwrap_or_else(|what| {
        wrong.push(what);
        Source::None
    });
    let (Some(server), true) = (server, wrong.is_empty()) else {
        wrong.retain(|what| !what.is_empty());
        return Err(UsageError::new(match wrong.as_slice() {
            [one] => format!("in configuration: {one}"),
            several => format!("in configuration:\n* {}", several.join("\n* ")),
        }));
    };
    Ok(Access {
        server,
        http: http::Settings {
            tls: Tls {
                roots,
                server_name: Some(cluster.tls_server_name).filter(|name| !name.is_empty()),
                identity,
            },
            proxy,
            timeout,
            compression: !cluster.disable_compression,
        },
        credential,
        act_as,
        namespace,
        user_hint: hint,
        clock: environment.clock(),
    })
}

fn material(material: &Material, name: &str, wrong: &mut Vec<String>) -> Option<Vec<u8>> {
    if material.data.is_some() && material.file.is_some() {
        // kubectl refuses this too: nobody could tell which one was meant.
        wrong.push(format!("{name} and {name}-data exclude each other"));
        return None;
    }
    if material.data.is_some() {
        return material.data.clone();
    }
    let file = material.file.as_ref()?;
    let shown = safe(&file.display().to_string());
    match read_bounded(file, MAX_PEM) {
        Ok(Some(bytes)) => Some(bytes),
        Ok(None) => {
            wrong.push(format!("{name} {shown}: it has more than {MAX_PEM} bytes"));
            None
        }
        Err(error) => {
            wrong.push(format!("unable to read {name} {shown}: {error}"));
            None
        }
    }
}

fn check_user(user: &User, wrong: &mut Vec<String>) {
    let has_token = user.token.is_some() || user.token_file.is_some();
    if has_token && !user.username.is_empty() {
        wrong.push("a token and a user name with password exclude each other".to_owned());
    }
    if user.exec.is_some() && user.auth_provider.is_some() {
        wrong.push("exec and auth-provider exclude each other".to_owned());
    }
    let ActAs {
        user: name,
        uid,
        groups,
        extra,
    } = &user.act_as;
    if name.is_empty() && (!uid.is_empty() || !groups.is_empty() || !extra.is_empty()) {
        wrong.push("--as-uid, --as-group and --as-user-extra need --as: whom they belong to".to_owned());
    }
}

/// The server; without a scheme as kubectl guesses it.
fn server_url(text: &str, secured: bool) -> Result<Url, String> {
    if text.is_empty() {
        return Err(String::new());
    }
    let text = match (text.contains("://"), secured) {
        (true, _) => text.to_owned(),
        (false, true) => format!("https://{text}"),
        (false, false) => format!("http://{text}"),
    };
    Url::parse(&text).map_err(|error| format!("server {:?}: {error}", without_user(&text)))
}

/// A URL for messages, without a password that may be in it.
fn without_user(text: &str) -> String {
    match text.split_once("://") {
        Some((scheme, rest)) => {
            let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
            safe(&format!("{scheme}://{rest}"))
        }
        None => safe(text),
    }
}

fn proxy_of(cluster: &Cluster, server: &Url, environment: &Environment) -> Result<Option<proxy::Proxy>, String> {
    let (name, text) = if cluster.proxy_url.is_empty() {
        let found = proxy::from_environment(server, |name| environment.variable(name).and_then(|v| v.to_str()));
        match found {
            Some(text) => ("the proxy in the environment", text),
            None => return Ok(None),
        }
    } else {
        ("proxy-url", cluster.proxy_url.clone())
    };
    proxy::parse(&text)
        .map(Some)
        .map_err(|error| format!("{name} {:?}: {error}", without_user(&text)))
}

/// What exec plugins are told about the cluster.
fn plugin_info(cluster: &Cluster, authority: Option<&[u8]>) -> Map<String, Value> {
    let mut info = Map::new();
    info.insert("server".into(), cluster.server.clone().into());
    if !cluster.tls_server_name.is_empty() {
        info.insert("tls-server-name".into(), cluster.tls_server_name.clone().into());
    }
    if cluster.insecure {
        info.insert("insecure-skip-tls-verify".into(), true.into());
    }
    if let Some(pem) = authority {
        let data = base64::engine::general_purpose::STANDARD.encode(pem);
        info.insert("certificate-authority-data".into(), data.into());
    }
    if !cluster.proxy_url.is_empty() {
        info.insert("proxy-url".into(), cluster.proxy_url.clone().into());
    }
    if cluster.disable_compression {
        info.insert("disable-compression".into(), true.into());
    }
    info.insert("config".into(), cluster.exec_extension.clone());
    info
}

/// The credential that counts: a token before a password, and a plugin only where nothing else is configured.
fn credential(
    user: User,
    has_certificate: bool,
    plugin_info: Map<String, Value>,
    environment: &Environment,
    stdin_in_use: bool,
) -> Result<Source, String> {
    if let Some(file) = user.token_file {
        // Now rather than later: a file that is not there is a mistake in the configuration.
        credentials::read_token(&file).map_err(|error| error.to_string())?;
        return Ok(Source::TokenFile(file));
    }
    if let Some(token) = user.token {
        return Ok(Source::Token(token));
    }
    if !user.username.is_empty() {
        let password = user.password.unwrap_or_else(|| Secret::new(""));
        return Ok(Source::Basic(user.username, password));
    }
    if has_certificate {
        return Ok(Source::None);
    }
    if let Some(name) = user.auth_provider {
        return Err(format!(
            "auth-provider {:?} is not known any more; name a credential plugin with exec, or give --token",
            safe(&name)
        ));
    }
    match user.exec {
        Some(exec) => Plugin::new(&exec, plugin_info, environment.variables(), stdin_in_use)
            .map(|plugin| Source::Exec(Box::new(plugin)))
            .map_err(|error| error.to_string()),
        None => Ok(Source::None),
    }
}

/// Who the user may be, for records that no server confirms.
fn hint(user: &User, identity: Option<&Identity>, entry: &str) -> Option<String> {
    let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let token = match (&user.token_file, &user.token) {
        (Some(file), _) => credentials::read_token(file).ok(),
        (None, token) => token.clone(),
    };
    known(&user.act_as.user)
        .or_else(|| identity.and_then(Identity::common_name))
        .or_else(|| token.and_then(|token| subject(token.reveal())))
        .or_else(|| known(&user.username))
        .or_else(|| entry.split('/').next().and_then(known))
}

/// The subject of a JSON web token (RFC 7519); nothing where it is none. It proves nothing.
fn subject(token: &str) -> Option<String> {
    let payload = token.split('.').nth(1)?;
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).ok()?;
    let subject = json::parse(&payload).ok()?["sub"].as_str()?.to_owned();
    (!subject.is_empty()).then_some(subject)
}

/// A time as kubectl takes it: a number of seconds, or Go's notation with units. 0 stands for none.
fn timeout(text: Option<&str>) -> Result<Option<Duration>, String> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let wrong = || {
        format!(
            "--request-timeout {:?}: expected a number of seconds, or a number with a unit: 500ms, 90s, 2m, 1h",
            safe(text)
        )
    };
    let seconds = if text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse::<f64>().map_err(|_| wrong())?
    } else {
        go_duration(text).ok_or_else(wrong)?
    };
    if seconds == 0.0 {
        return Ok(None);
    }
    Duration::try_from_secs_f64(seconds).map(Some).map_err(|_| wrong())
}

/// Seconds of a duration such as `1m30s` or `1.5h`.
fn go_duration(mut text: &str) -> Option<f64> {
    let mut seconds = 0.0;
    while !text.is_empty() {
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = text[..end].parse().ok()?;
        text = &text[end..];
        let end = text
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(text.len());
        seconds += number
            * match &text[..end] {
                "ns" => 1e-9,
                "us" | "µs" | "μs" => 1e-6,
                "ms" => 1e-3,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                _ => return None,
            };
        text = &text[end..];
    }
    Some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_timeouts() {
        let seconds = |text: &str| timeout(Some(text)).map(|time| time.map(|t| t.as_secs_f64()));
        assert_eq!(seconds("0"), Ok(None));
        assert_eq!(seconds("90"), Ok(Some(90.0)));
        assert_eq!(seconds("1m30s"), Ok(Some(90.0)));
        assert_eq!(seconds("1.5h"), Ok(Some(5400.0)));
        assert_eq!(seconds("500ms"), Ok(Some(0.5)));
        for bad in ["-1", "1x", "s", "1.2.3s", "1s2", "99999999999999999999h", "1 s"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn subjects_of_web_tokens() {
        let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(r#"{"sub":"system:serviceaccount:a:b"}"#);
        assert_eq!(
            subject(&format!("x.{payload}.y")).as_deref(),
            Some("system:serviceaccount:a:b")
        );
        assert_eq!(subject("sha256~abc"), None);
    }
}
