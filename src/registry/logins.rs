// SPDX-License-Identifier: Apache-2.0
//! The login for a repository, in the order in which it is looked for (containers-auth.json(5)).

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use super::access::StoredLogin;
use super::helper::Answers;
use super::instead::instead_of_login;
use super::login::{look_up, Login, Stored};
use super::skopeo::Skopeo;
use crate::http::secret::Secret;
use crate::reference::Reference;
use crate::text::safe;

/// The entry of `credential-helpers` that stands for the files.
pub const FILES: &str = "containers-auth.json";

/// A file with logins.
#[derive(Clone)]
pub struct AuthFile {
    /// The path by which messages name it.
    pub path: PathBuf,
    /// The content of the file.
    pub text: Vec<u8>,
    /// It is of the format that docker had first.
    pub legacy: bool,
}

/// The token of a cluster, and the hosts that may see it.
#[derive(Debug, Clone)]
pub struct OfCluster {
    /// `HOST[:PORT]` of the cluster's own registry, as the cluster or the user says, and never an image or a mirror.
    pub hosts: Vec<String>,
    /// The token, as the registry takes it.
    pub token: Secret,
    /// Why it is not known which hosts are the cluster's own, where that is so; safe to print.
    pub unknown: Option<String>,
}

/// The user that goes with a token: the cluster's registry looks at the token alone.
const USER_OF_TOKEN: &str = "image-signature";

/// A login that the user gave by hand, and the only registry that may see it.
#[derive(Debug, Clone)]
pub struct Given {
    /// What is shown to that registry.
    pub login: Login,
    /// `HOST[:PORT]` of the registry, as the user named it, and never an image or a mirror.
    pub host: String,
}

/// Everything that may have a login.
#[derive(Clone, Default)]
pub struct Logins {
    /// The one that the user gave, for the one registry that the user names.
    pub given: Option<Given>,
    /// Files, in the order in which they are searched.
    pub files: Vec<AuthFile>,
    /// The only file that is searched, where the user names one.
    pub named: Option<PathBuf>,
    /// Names of helpers for all registries and [`FILES`], in this order; the files alone where it is empty.
    pub helpers: Vec<String>,
    /// A cluster's token, where nothing else has a login.
    pub cluster: Option<OfCluster>,
    /// What helpers are started with.
    pub environment: Vec<(OsString, OsString)>,
    /// What helpers have said.
    pub answers: Answers,
}

/// Without the content of the files, and the environment of this program.
impl fmt::Debug for Logins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logins")
            .field("given", &self.given)
            .field("named", &self.named)
            .field("helpers", &self.helpers)
            .field("cluster", &self.cluster)
            .finish_non_exhaustive()
    }
}

impl Logins {
    /// The login for a repository at `place`, which is where the image that is asked for as `asked` is looked for, and which
    /// commands of `skopeo` reach. What the user gave is for the host that the user named, and for no mirror of it.
    ///
    /// # Errors
    /// When a file or a helper is of no use: then nobody knows whether there is a login.
    pub fn of(&self, place: &Reference, asked: &Reference, skopeo: &Skopeo) -> Result<Option<StoredLogin>, String> {
        let is_named =
            |given: &&Given| place.domain() == asked.domain() && place.domain().eq_ignore_ascii_case(&given.host);
        if let Some(given) = self.given.as_ref().filter(is_named) {
            return Ok(Some(StoredLogin {
                login: given.login.clone(),
                stored_for: place.domain().to_owned(),
                stays: false,
                renewal: "the login is that of --creds".to_owned(),
                helper: None,
            }));
        }
        let login = self.found(place, skopeo)?.or_else(|| self.of_cluster(place));
        let name = safe(place.name());
        match &login {
            Some(stored) => log::debug!("login for {name}: the one stored for {}", safe(&stored.stored_for)),
            None => log::debug!("login for {name}: none"),
        }
        Ok(login)
    }

    /// How to have a login for a repository for which there is none, safe to print: it must come to be where
    /// it is looked for.
    #[must_use]
    pub fn advice(&self, place: &Reference, skopeo: &Skopeo) -> String {
        let host = place.domain();
        let advice = match self.named.as_ref().map(|file| safe(&file.display().to_string())) {
            Some(file) => {
                let what_for = format!("{file} has no login for {}; to add one", safe(host));
                skopeo.login(&what_for, host)
            }
            None => skopeo.login("log in", host),
        };
        let there = self.files.iter().find_map(|file| {
            let what = instead_of_login(&file.text, place.name(), file.legacy)?;
            Some(format!("{}: {what}; ", safe(&file.path.display().to_string())))
        });
        let advice = there.unwrap_or_default() + &advice;
        match self.cluster.as_ref().and_then(|cluster| cluster.unknown.as_ref()) {
            Some(why) => format!(
                "{advice}; the token of the cluster is for the cluster's own registry, and it is unknown whether this is that registry: {why}"
            ),
            None => advice,
        }
    }

    /// Where a login was found and how to renew it. A key of a repository is nearer than that of its registry, and must be
    /// the one that is renewed; docker has URLs as keys, which skopeo does not take.
    fn renewal(&self, from: &str, place: &Reference, key: &str, skopeo: &Skopeo) -> String {
        let key = if key.contains("://") { place.domain() } else { key };
        skopeo.login(&format!("the login is from {from}; log in again"), key)
    }

    fn of_cluster(&self, place: &Reference) -> Option<StoredLogin> {
        let host = place.domain();
        let cluster = self.cluster.as_ref()?;
        let is_own = cluster.hosts.iter().any(|own| own.eq_ignore_ascii_case(host));
        is_own.then(|| StoredLogin {
            login: Login::Password {
                user: USER_OF_TOKEN.to_owned(),
                password: cluster.token.clone(),
            },
            stored_for: host.to_owned(),
            stays: true,
            renewal: "the login is the token of the cluster; log in again: oc login".to_owned(),
            helper: None,
        })
    }

    fn found(&self, place: &Reference, skopeo: &Skopeo) -> Result<Option<StoredLogin>, String> {
        if self.helpers.is_empty() {
            return self.in_files(place, skopeo);
        }
        let mut first = None;
        for helper in &self.helpers {
            let found = if helper == FILES {
                self.in_files(place, skopeo)
            } else {
                let login = self.answers.of(helper, place.domain(), &self.environment);
                let from = format!("docker-credential-{}", safe(helper));
                login.map(|login| {
                    login.map(|(login, helper)| StoredLogin {
                        login,
                        stored_for: place.domain().to_owned(),
                        stays: false,
                        helper: Some(helper),
                        renewal: self.renewal(&from, place, place.domain(), skopeo),
                    })
                })
            };
            match found {
                Ok(Some(login)) => return Ok(Some(login)),
                Ok(None) => {}
                // Another one may have it.
                Err(error) => first = first.or(Some(error)),
            }
        }
        first.map_or(Ok(None), Err)
    }

    fn in_files(&self, place: &Reference, skopeo: &Skopeo) -> Result<Option<StoredLogin>, String> {
        for file in &self.files {
            let shown = safe(&file.path.display().to_string());
            let stored = look_up(&file.text, place.name(), file.legacy).map_err(|error| format!("{shown}: {error}"))?;
            match stored {
                Stored::Nothing => log::debug!("{shown}: no login for {}", safe(place.name())),
                Stored::Login(login, stored_for) => {
                    log::debug!("{shown}: a login for {}", safe(place.name()));
                    return Ok(Some(StoredLogin {
                        renewal: self.renewal(&shown, place, &stored_for, skopeo),
                        login,
                        stored_for,
                        stays: false,
                        helper: None,
                    }));
                }
                Stored::Helper { name, host } => {
                    let login = self.answers.of(&name, &host, &self.environment);
                    let login = login.map_err(|error| format!("{shown}: {error}"))?;
                    if let Some((login, helper)) = login {
                        let from = format!("docker-credential-{}, which {shown} names", safe(&name));
                        return Ok(Some(StoredLogin {
                            renewal: self.renewal(&from, place, &host, skopeo),
                            login,
                            stored_for: host,
                            stays: false,
                            helper: Some(helper),
                        }));
                    }
                }
            }
        }
        Ok(None)
    }
}

/// Logins are not shown.
impl std::fmt::Debug for AuthFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthFile")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
