// SPDX-License-Identifier: Apache-2.0
//! How registries and signature stores are reached from this machine: certificates and proxies.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use openssl::x509::X509;

use crate::files::read::read_regular;
use crate::http::tls::{self, Advice, Identity, Roots, Tls};
use crate::http::url::Url;
use crate::http::{self, proxy, Addresses};
use crate::text::{io_message, safe};

/// Largest file with certificates or a key, in bytes.
const MAX_PEM: u64 = 4 << 20;

/// Most files of a directory of certificates that are looked at.
const MAX_FILES: usize = 1000;

/// What is the same for all servers.
#[derive(Clone, Default)]
pub struct Network {
    /// Directories of certificates (containers-certs.d(5)), each with a directory `HOST[:PORT]` for a server; the first
    /// that has one counts.
    pub certificates: Vec<PathBuf>,
    /// A directory whose own files count for every registry instead.
    pub certificate_directory: Option<PathBuf>,
    /// CA certificates that are accepted besides those of the system.
    pub authorities: Vec<X509>,
    /// Variables of the environment that name proxies.
    pub proxies: BTreeMap<String, String>,
    /// Time limit per request, instead of the limits of its parts.
    pub timeout: Option<Duration>,
}

/// Without the proxies, whose URLs may hold passwords.
impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network")
            .field("certificates", &self.certificates)
            .field("certificate_directory", &self.certificate_directory)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// How one server is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reach {
    /// Its certificate need not be one that can be verified.
    pub unverified: bool,
    /// Which addresses it may have.
    pub addresses: Addresses,
    /// It is a registry that the user or the configuration names.
    pub is_registry: bool,
}

impl Reach {
    /// That of a registry which the user or the configuration names.
    #[must_use]
    pub fn of_registry(unverified: bool) -> Self {
        Self {
            unverified,
            addresses: Addresses::Any,
            is_registry: true,
        }
    }
}

impl Network {
    /// The settings for a server.
    ///
    /// # Errors
    /// When a file cannot be used; the message names it.
    pub fn settings(&self, server: &Url, reach: Reach) -> Result<http::Settings, String> {
        let variable = |name: &str| self.proxies.get(name).map(String::as_str);
        let proxy = match proxy::from_environment(server, variable) {
            Some((text, name)) => {
                Some(proxy::parse(&text, name).map_err(|error| format!("the proxy of {name}: {error}"))?)
            }
            None => None,
        };
        Ok(http::Settings {
            tls: self.tls(server, reach)?,
            proxy,
            timeout: self.timeout,
            compression: true,
            addresses: reach.addresses,
            retries_429: true,
            hides_queries: true,
        })
    }

    fn tls(&self, server: &Url, reach: Reach) -> Result<Tls, String> {
        if !server.is_https() {
            return Ok(Tls::default());
        }
        let directory = self.directory_of(server, reach);
        let mut found = match &directory {
            Some(directory) => read(directory)?,
            None => Found::default(),
        };
        let advice = self.advice(server, directory, found.authorities.is_empty());
        found.authorities.extend(self.authorities.iter().cloned());
        let roots = match (reach.unverified, found.authorities.is_empty()) {
            (true, _) => Roots::Unchecked,
            (false, true) => Roots::System,
            (false, false) => Roots::SystemAnd(found.authorities),
        };
        Ok(Tls {
            roots,
            server_name: None,
            identity: found.identity,
            advice,
        })
    }

    /// What to do where the certificate of a server is not accepted. `directory` is the one that counts for it, and
    /// `has_none` whether that has no CA certificate.
    fn advice(&self, server: &Url, directory: Option<PathBuf>, has_none: bool) -> Advice {
        let empty = if has_none && directory.is_some() {
            ", where no CA certificate (*.crt) is"
        } else {
            ""
        };
        let directory = directory.or_else(|| {
            let own = names_of(server).swap_remove(0);
            self.certificates.first().map(|directory| directory.join(own))
        });
        let directory = directory.map(|directory| safe(&directory.display().to_string()));
        let into = directory
            .as_ref()
            .map(|directory| format!(", or put it into the directory {directory} as ca.crt{empty}"));
        let directory = directory.map_or_else(
            || "of --cert-dir DIR".to_owned(),
            |directory| format!("{directory} as client.cert and client.key"),
        );
        Advice {
            authority: format!(
                "name the CA certificate of the authority that issued it with --registry-ca FILE{}",
                into.unwrap_or_default()
            ),
            name: "use a name that it has, or have it reissued for this one".to_owned(),
            client: format!("put one and its key into the directory {directory}"),
        }
    }

    /// The directory with the certificates of a server.
    fn directory_of(&self, server: &Url, reach: Reach) -> Option<PathBuf> {
        if let Some(directory) = self.certificate_directory.as_ref().filter(|_| reach.is_registry) {
            return Some(directory.clone());
        }
        let names = names_of(server);
        self.certificates
            .iter()
            .flat_map(|directory| names.iter().map(move |name| directory.join(name)))
            .find(|directory| directory.is_dir())
    }
}

/// The names of directories that certificates for a server may be in, the usual one first.
fn names_of(server: &Url) -> Vec<String> {
    let host = server.host().to_ascii_lowercase();
    let mut names = vec![format!("{host}:{}", server.port())];
    if server.port() == 443 {
        // As the reference writes it.
        names.insert(0, host);
    }
    names
}

/// What a directory of certificates has.
#[derive(Debug, Default)]
struct Found {
    authorities: Vec<X509>,
    identity: Option<Identity>,
}

/// Reads a directory: `*.crt` are CA certificates, `*.cert` and `*.key` a client certificate and its key.
fn read(directory: &Path) -> Result<Found, String> {
    let failed = |path: &Path, what: String| format!("{}: {what}", safe(&path.display().to_string()));
    let names = names(directory).map_err(|error| failed(directory, io_message(&error)))?;
    let mut found = Found::default();
    for path in &names {
        let extension = path.extension().and_then(|extension| extension.to_str());
        match extension {
            Some("crt") => {
                let certificates = tls::certificates(&pem(path)?);
                found
                    .authorities
                    .extend(certificates.map_err(|error| failed(path, error.to_string()))?);
            }
            Some("cert") => {
                let key = path.with_extension("key");
                if !names.contains(&key) {
                    return Err(failed(
                        path,
                        "the key that belongs to it, with the ending .key, is missing".into(),
                    ));
                }
                let identity = Identity::from_pem(&pem(path)?, &pem(&key)?);
                let identity = identity.map_err(|error| failed(path, error.to_string()))?;
                // Of several the last one counts.
                found.identity = Some(identity);
            }
            Some("key") if !names.contains(&path.with_extension("cert")) => {
                return Err(failed(
                    path,
                    "the certificate that belongs to it, with the ending .cert, is missing".into(),
                ));
            }
            _ => {}
        }
    }
    Ok(found)
}

fn names(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        // Which of more are read would be chance.
        if names.len() == MAX_FILES {
            return Err(io::Error::other(format!("has more than {MAX_FILES} files")));
        }
        names.push(entry?.path());
    }
    names.sort();
    Ok(names)
}

fn pem(path: &Path) -> Result<Vec<u8>, String> {
    let shown = safe(&path.display().to_string());
    match read_regular(path, MAX_PEM) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(format!("{shown} has more than {MAX_PEM} bytes")),
        Err(error) => Err(format!("{shown}: {}", io_message(&error))),
    }
}
