// SPDX-License-Identifier: Apache-2.0
//! Which cluster, and as whom: what was chosen, validated.

mod chosen;
pub(crate) mod files;
mod hint;
pub(crate) mod unused;

use base64::Engine as _;
use serde_json::{Map, Value};

use super::duration::timeout;
use super::environment::Environment;
use super::UsageError;
use crate::cli::cluster::ClientOptions;
use crate::cluster::access::Access;
use crate::cluster::credentials::{self, CredentialSource};
use crate::cluster::exec::Plugin;
use crate::cluster::kubeconfig::{ActAs, Cluster, Material, User};
use crate::files::read::read_bounded;
use crate::http::secret::Secret;
use crate::http::tls::{self, Advice, Identity, Roots, Tls};
use crate::http::url::Url;
use crate::http::{self, proxy};
use crate::text::{io_message, place, quoted, safe};
use chosen::Chosen;
use hint::hint;

/// Largest file with certificates or a key, in bytes.
const MAX_PEM: u64 = 4 << 20;

/// Works out how the cluster is reached. `stdin_in_use` keeps standard input from credential plugins; `instead` is what
/// the command takes in place of a cluster, for the message that none is configured.
///
/// # Errors
/// When the configuration is malformed, names what is not there, or contradicts itself. Nothing is contacted.
pub fn access(
    options: &ClientOptions,
    environment: &Environment,
    stdin_in_use: bool,
    instead: &str,
) -> Result<Access, UsageError> {
    let chosen = Chosen::new(options, environment)?;
    finish(chosen, options, environment, stdin_in_use, instead)
}

/// Validates what was chosen, and reads the files that it names. All complaints come at once.
fn finish(
    chosen: Chosen,
    options: &ClientOptions,
    environment: &Environment,
    stdin_in_use: bool,
    instead: &str,
) -> Result<Access, UsageError> {
    let Chosen {
        cluster,
        user,
        user_name,
        namespace,
        missing,
    } = chosen;
    let mut wrong = Vec::new();
    let authority = material(&cluster.authority, "certificate-authority", &mut wrong);
    let certificate = material(&user.certificate, "client-certificate", &mut wrong);
    let key = material(&user.key, "client-key", &mut wrong);
    if cluster.server.is_empty() {
        let why = missing.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        wrong.push(format!(
            "no cluster configured{why}; log in with oc login, or use --kubeconfig, --server or {instead}"
        ));
    } else if let Some(why) = missing.filter(|why| why.starts_with("KUBECONFIG")) {
        log::warn!("{why}");
    }
    if cluster.insecure && !cluster.authority.is_empty() {
        wrong.push("insecure-skip-tls-verify cannot be used with certificate-authority".to_owned());
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
        _ if cluster.insecure => Roots::Unchecked(Vec::new()),
        Some(pem) => match tls::certificates(pem) {
            Ok(certificates) => Roots::Only(certificates),
            Err(error) => {
                wrong.push(format!("certificate-authority: {error}"));
                Roots::System
            }
        },
        None => Roots::System,
    };
    if !cluster.tls_server_name.is_empty() && !is_server_name(&cluster.tls_server_name) {
        wrong.push(format!(
            "tls-server-name {}: expected a host name or an IP address",
            quoted(&cluster.tls_server_name)
        ));
    }
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
        CredentialSource::None
    });
    let (Some(server), true) = (server, wrong.is_empty()) else {
        wrong.retain(|what| !what.is_empty());
        return Err(UsageError::new(match wrong.as_slice() {
            // That there is none says where to look.
            [one] if cluster.server.is_empty() => one.clone(),
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
                advice: Advice {
                    authority: "name the authority that issued it as certificate-authority".into(),
                    name: "use a name that it has, as the address or as tls-server-name".into(),
                    client: "name one and its key as client-certificate and client-key".into(),
                },
            },
            proxy,
            timeout,
            compression: !cluster.disable_compression,
            addresses: http::Addresses::Any,
            retries_429: true,
            hides_queries: false,
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
        wrong.push(format!("{name} cannot be used with {name}-data"));
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
            wrong.push(format!("unable to read {name} {shown}: {}", io_message(&error)));
            None
        }
    }
}

fn check_user(user: &User, wrong: &mut Vec<String>) {
    let has_token = user.token.is_some() || user.token_file.is_some();
    if has_token && !user.username.is_empty() {
        wrong.push("a token cannot be used with a user name and password".to_owned());
    }
    if user.exec.is_some() && user.auth_provider.is_some() {
        wrong.push("exec cannot be used with auth-provider".to_owned());
    }
    let ActAs {
        user: name,
        uid,
        groups,
        extra,
    } = &user.act_as;
    if name.is_empty() && (!uid.is_empty() || !groups.is_empty() || !extra.is_empty()) {
        wrong.push("--as-uid, --as-group and --as-user-extra need --as, the user they belong to".to_owned());
    }
    let extra = extra.iter().flat_map(|(key, value)| [key, value]);
    let texts = [("--as", name), ("--as-uid", uid)]
        .into_iter()
        .chain(groups.iter().map(|group| ("--as-group", group)))
        .chain(extra.map(|text| ("--as-user-extra", text)));
    for (option, text) in texts {
        if !fits_header(text) {
            wrong.push(format!(
                "{option} {} has a line end or another control character",
                quoted(text)
            ));
        } else if text.trim_matches([' ', '\t']) != text {
            // Without it the server would see another name; without a name, no impersonation at all.
            wrong.push(format!(
                "{option} {} begins or ends with white space, which a header cannot hold",
                quoted(text)
            ));
        }
    }
    if user.token.as_ref().is_some_and(|token| !fits_header(token.reveal())) {
        wrong.push("the token has a line end or another control character; is it more than a token?".to_owned());
    }
}

/// Whether a text can be sent as the value of a header (RFC 9110 section 5.5).
fn fits_header(text: &str) -> bool {
    !text.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t')
}

/// Whether a certificate can be for this name. OpenSSL takes a name that begins with a dot for every name below it, and
/// one with a zero byte for none at all.
fn is_server_name(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    http::is_address(name) || name.len() <= 254 && name.strip_suffix('.').unwrap_or(name).split('.').all(is_label)
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
    Url::parse(&text).map_err(|error| format!("server {}: {error}", place::quoted(&text)))
}

fn proxy_of(cluster: &Cluster, server: &Url, environment: &Environment) -> Result<Option<proxy::Proxy>, String> {
    let (name, text) = if cluster.proxy_url.is_empty() {
        let found = proxy::from_environment(server, |name| environment.variable(name).and_then(|v| v.to_str()));
        match found {
            Some((text, name)) => (name, text),
            None => return Ok(None),
        }
    } else {
        ("proxy-url", cluster.proxy_url.clone())
    };
    proxy::parse(&text, name)
        .map(Some)
        .map_err(|error| format!("{name} {}: {error}", place::quoted(&text)))
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
) -> Result<CredentialSource, String> {
    if let Some(file) = user.token_file {
        // Now rather than later: a file that is not there is a mistake in the configuration.
        credentials::read_token(&file).map_err(|error| error.to_string())?;
        return Ok(CredentialSource::TokenFile(file));
    }
    if let Some(token) = user.token {
        return Ok(CredentialSource::Token(token));
    }
    if !user.username.is_empty() {
        let password = user.password.unwrap_or_else(|| Secret::new(""));
        return Ok(CredentialSource::Basic(user.username, password));
    }
    if has_certificate {
        return Ok(CredentialSource::None);
    }
    if let Some(name) = user.auth_provider {
        return Err(format!(
            "auth-provider {} is no longer supported; use a credential plugin (exec) or --token",
            quoted(&name)
        ));
    }
    match user.exec {
        Some(exec) => Plugin::new(&exec, plugin_info, environment.variables(), stdin_in_use)
            .map(|plugin| CredentialSource::Exec(Box::new(plugin)))
            .map_err(|error| error.to_string()),
        None => Ok(CredentialSource::None),
    }
}
