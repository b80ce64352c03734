// SPDX-License-Identifier: Apache-2.0
//! How registries are reached: options, environment and the files that podman reads.

mod asked;
mod logins;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use asked::Asked;

use super::containers::{files, Containers};
use super::environment::Environment;
use super::{duration, UsageError};
use crate::cli::registry::RegistryOptions;
use crate::files::read::read_bounded;
use crate::http::tls;
use crate::registry::configuration::Configuration;
use crate::registry::network::Network;
use crate::registry::skopeo::Skopeo;
use crate::text::{io_message, safe};

/// Largest file with certificates, in bytes.
const MAX_PEM: u64 = 4 << 20;

/// Variables that name proxies.
const PROXIES: [&str; 6] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// Reads everything that is known of registries on this machine. Nothing is contacted. `asked` is which
/// registries the login of `--creds` could be for, `timeout` what `--request-timeout` says.
///
/// # Errors
/// When a file cannot be read or breaks its format; the message names it.
pub fn configuration(
    options: &RegistryOptions,
    asked: &Asked,
    timeout: Option<&str>,
    environment: &Environment,
) -> Result<Configuration, UsageError> {
    let timeout = duration::timeout(timeout).map_err(UsageError)?;
    let (conf, directory) = (options.registries_conf.as_deref(), options.registries_d.as_deref());
    let containers = Containers::new(environment, conf, directory);
    let mirrors = files::registries_conf(&containers);
    let stores = files::registries_d(&containers);
    log_files("registries.conf", &mirrors.files);
    log_files("registries.d", &stores.files);
    let mirrors = mirrors.content.map_err(UsageError::new)?;
    let stores = stores.content.map_err(UsageError::new)?;
    let logins = logins::logins(options, asked, &mirrors.helpers, environment)?;
    let skopeo = Skopeo {
        registries_conf: options.registries_conf.clone(),
        registries_d: options.registries_d.clone(),
        cert_dir: options.cert_dir.clone(),
        has_authorities: !options.registry_ca.is_empty(),
        has_login: options.creds.is_some(),
        authfile: logins.named.clone(),
        is_unverified: options.insecure,
    };
    Ok(Configuration {
        skopeo,
        network: network(options, timeout, environment)?,
        logins,
        mirrors,
        stores,
        stores_directory: options.registries_d.clone(),
        default_store: containers.default_lookaside,
        unverified: options.insecure,
        wants_attachments: false,
        is_by_objects: false,
    })
}

/// The files in which logins are looked for where no option names one.
#[must_use]
pub fn login_files(environment: &Environment) -> Vec<PathBuf> {
    logins::files(environment)
}

fn network(
    options: &RegistryOptions,
    timeout: Option<Duration>,
    environment: &Environment,
) -> Result<Network, UsageError> {
    if let Some(directory) = options.cert_dir.as_deref().filter(|directory| !directory.is_dir()) {
        return Err(UsageError::new(format!(
            "--cert-dir {}: it is not a directory",
            shown(directory)
        )));
    }
    let mut authorities = Vec::new();
    for file in &options.registry_ca {
        let wrong = |what: String| UsageError::new(format!("--registry-ca {}: {what}", shown(file)));
        let pem = read_bounded(file, MAX_PEM).map_err(|error| wrong(io_message(&error)))?;
        let pem = pem.ok_or_else(|| wrong(format!("it has more than {MAX_PEM} bytes")))?;
        authorities.extend(tls::certificates(&pem).map_err(|error| wrong(error.to_string()))?);
    }
    let user = environment
        .config_home()
        .map(|directory| directory.join("containers/certs.d"));
    let system = ["/etc/containers/certs.d", "/etc/docker/certs.d"].map(PathBuf::from);
    let proxies = PROXIES.iter().filter_map(|name| {
        let value = environment.variable(name)?.to_str()?;
        Some(((*name).to_owned(), value.to_owned()))
    });
    Ok(Network {
        certificates: user.into_iter().chain(system).collect(),
        certificate_directory: options.cert_dir.clone(),
        authorities,
        proxies: proxies.collect(),
        timeout,
        sent: Default::default(),
    })
}

fn log_files(what: &str, files: &[PathBuf]) {
    if files.is_empty() {
        log::debug!("{what}: there is no file");
    }
    for file in files {
        log::debug!("{what}: read {}", shown(file));
    }
}

fn shown(path: &Path) -> String {
    safe(&path.display().to_string())
}
