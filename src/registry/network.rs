// SPDX-License-Identifier: Apache-2.0
//! How registries and signature stores are reached from this machine: certificates and proxies.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use openssl::x509::X509;

use super::sent::Everywhere;
use crate::files::read::read_regular;
use crate::http::tls::{self, Advice, Identity, Roots, Tls, TlsError};
use crate::http::url::Url;
use crate::http::{self, proxy, Addresses};
use crate::text::{io_message, safe};

/// Largest file with certificates or a key, in bytes.
const MAX_PEM: u64 = 4 << 20;

/// Most files that are passed over which advice names.
const MAX_NAMED: usize = 3;

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
    /// What was sent to servers.
    pub sent: Everywhere,
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

    /// That of a signature store which the configuration names.
    #[must_use]
    pub fn of_store() -> Self {
        Self {
            is_registry: false,
            ..Self::of_registry(false)
        }
    }
}

impl Network {
    /// The settings for a server, and what to warn of. `written` is the host of a registry as references have it, by which
    /// directories of certificates are named: that of docker.io is not the server's.
    ///
    /// # Errors
    /// When a file cannot be used; the message names it.
    pub fn settings(
        &self,
        server: &Url,
        reach: Reach,
        written: Option<&str>,
    ) -> Result<(http::Settings, Vec<String>), String> {
        let variable = |name: &str| self.proxies.get(name).map(String::as_str);
        let proxy = match proxy::from_environment(server, variable) {
            Some((text, name)) => {
                Some(proxy::parse(&text, name).map_err(|error| format!("the proxy of {name}: {error}"))?)
            }
            None => None,
        };
        let (tls, warnings) = self.tls(server, reach, written)?;
        let settings = http::Settings {
            tls,
            proxy,
            timeout: self.timeout,
            compression: true,
            addresses: reach.addresses,
            retries_429: true,
            hides_queries: true,
        };
        Ok((settings, warnings))
    }

    fn tls(&self, server: &Url, reach: Reach, written: Option<&str>) -> Result<(Tls, Vec<String>), String> {
        if !server.is_https() {
            return Ok(Default::default());
        }
        let names = names_of(server, written.filter(|_| reach.is_registry));
        let directory = self.directory_of(&names, reach);
        let server = server.address();
        match &directory {
            Some(directory) => log::debug!(
                "certificates for {}: {}",
                safe(&server),
                safe(&directory.display().to_string())
            ),
            None => log::debug!(
                "certificates for {}: no directory {}",
                safe(&server),
                safe(&names.join(" or "))
            ),
        }
        let mut found = match &directory {
            Some(directory) => read(directory)?,
            None => Found::default(),
        };
        let advice = self.advice(&names, directory, &found);
        found.authorities.extend(self.authorities.iter().cloned());
        let roots = match (reach.unverified, found.authorities.is_empty()) {
            (true, _) => Roots::Unchecked(found.authorities),
            (false, true) => Roots::System,
            (false, false) => Roots::SystemAnd(found.authorities),
        };
        let tls = Tls {
            roots,
            server_name: None,
            identity: found.identity,
            advice,
        };
        let warnings = found.passed_over.into_iter();
        Ok((tls, warnings.map(|file| format!("passed over: {file}")).collect()))
    }

    /// What to do where the certificate of a server is not accepted. `directory` is the one that counts for it, if one of
    /// these names is there, and `found` what it has.
    fn advice(&self, names: &[String], directory: Option<PathBuf>, found: &Found) -> Advice {
        let empty = if found.authorities.is_empty() && directory.is_some() {
            ", where no CA certificate (*.crt) is"
        } else {
            ""
        };
        let mut passed_over = String::new();
        for file in found.passed_over.iter().take(MAX_NAMED) {
            passed_over.push_str(&format!("; passed over: {file}"));
        }
        let directory = directory.or_else(|| {
            let (first, own) = (self.certificates.first()?, names.first()?);
            Some(first.join(own))
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
                "name the CA certificate of the authority that issued it with --registry-ca FILE{}{}{passed_over}",
                self.named_authorities(),
                into.unwrap_or_default()
            ),
            name: "use a name that it has, or have it reissued for this one".to_owned(),
            client: format!("put one and its key into the directory {directory}"),
        }
    }

    /// Whose CA certificates --registry-ca names, to stand behind the option.
    fn named_authorities(&self) -> String {
        let own: Vec<String> = self
            .authorities
            .iter()
            .take(MAX_NAMED)
            .map(|own| tls::party(own.subject_name()))
            .collect();
        let more = if self.authorities.len() > MAX_NAMED {
            "; ..."
        } else {
            ""
        };
        match own.as_slice() {
            [] => String::new(),
            own => format!(" (those named are of {}{more})", own.join("; ")),
        }
    }

    /// The directory with the certificates of a server.
    fn directory_of(&self, names: &[String], reach: Reach) -> Option<PathBuf> {
        if let Some(directory) = self.certificate_directory.as_ref().filter(|_| reach.is_registry) {
            return Some(directory.clone());
        }
        self.certificates
            .iter()
            .flat_map(|directory| names.iter().map(move |name| directory.join(name)))
            .find(|directory| directory.is_dir())
    }
}

/// The names of directories that certificates for a server may be in, the usual one first.
fn names_of(server: &Url, written: Option<&str>) -> Vec<String> {
    let host = server.host().to_ascii_lowercase();
    let with_port = format!("{host}:{}", server.port());
    let mut names: Vec<String> = Vec::new();
    let written = written
        .into_iter()
        .flat_map(|text| [text.to_owned(), text.to_ascii_lowercase()]);
    // As the reference writes it.
    let bare = (server.port() == 443).then_some(host);
    for name in written.chain(bare).chain([with_port]) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// What a directory of certificates has.
#[derive(Debug, Default)]
struct Found {
    authorities: Vec<X509>,
    identity: Option<Identity>,
    /// Files `*.crt` without a certificate, and links `*.crt` to nothing, in words that are safe to print.
    passed_over: Vec<String>,
}

/// Reads a directory: `*.crt` are CA certificates, `*.cert` and `*.key` a client certificate and its key. One CA certificate
/// less lets nobody in: packages have left links there that lead to nothing.
fn read(directory: &Path) -> Result<Found, String> {
    let failed = |path: &Path, what: String| format!("{}: {what}", safe(&path.display().to_string()));
    let names = names(directory).map_err(|error| failed(directory, io_message(&error)))?;
    let mut found = Found::default();
    for path in &names {
        let extension = path.extension().and_then(|extension| extension.to_str());
        match extension {
            Some("crt") => {
                if std::fs::metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
                    let what = failed(path, "it is a link to a file that does not exist".into());
                    found.passed_over.push(what);
                    continue;
                }
                match tls::certificates(&pem(path)?) {
                    Ok(certificates) => found.authorities.extend(certificates),
                    Err(error @ TlsError::NoCertificate) => found.passed_over.push(failed(path, error.to_string())),
                    Err(error) => return Err(failed(path, error.to_string())),
                }
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
                let aside = match names.contains(&path.with_extension("crt")) {
                    true => "; *.crt are CA certificates: name that of the client *.cert",
                    false => "",
                };
                let what = "the certificate that belongs to it, with the ending .cert, is missing";
                return Err(failed(path, format!("{what}{aside}")));
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
