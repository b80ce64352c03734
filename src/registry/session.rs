// SPDX-License-Identifier: Apache-2.0
//! A conversation with one registry: manifests, blobs, lists of signatures. Redirects are followed without a login to
//! any other server.

mod ping;
mod referrers;
mod renewal;
mod renewed;

use std::sync::Arc;

use self::ping::ping;
use self::renewal::{Given, Newest};
use super::access::Access;
use super::authorization::Authorization;
use super::budget::Budget;
use super::challenge::Challenge;
use super::clients::{Clients, Question};
use super::extension::{self, Entry};
use super::network::{Network, Reach};
use super::redirect::{self, is_redirect, MAX_REDIRECTS};
use super::repository::Repository;
use super::served::is_page;
use super::trouble::Trouble;
use super::url_text::is_same;
use crate::clock::Clock;
use crate::digest::Digest;
use crate::http::url::Url;
use crate::http::Response;
use crate::limits::{MAX_MANIFEST_BYTES, MAX_PAYLOAD_BYTES};
use crate::text::place::shown;
use crate::text::safe;

/// Manifests of all kinds, as the registry may have them.
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, \
     application/vnd.docker.distribution.manifest.v1+prettyjws, \
     application/vnd.docker.distribution.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.oci.image.index.v1+json";

/// Largest list of signatures, in bytes.
const MAX_LIST: u64 = 4 << 20;

/// A manifest as it was served.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The bytes as they were served.
    pub body: Vec<u8>,
    /// What the registry calls it.
    pub media_type: String,
}

/// A registry that answered.
#[derive(Debug)]
pub struct Session<'n> {
    clients: Clients<'n>,
    base: Url,
    unverified: bool,
    authorization: Authorization,
    newest: Newest,
    given: Given,
    /// Whether it offers signatures by its extension.
    pub offers_signatures: bool,
}

impl<'n> Session<'n> {
    /// Asks a registry how it wants to be asked.
    ///
    /// # Errors
    /// When nobody answers, or the answer is not that of a registry.
    pub fn open(network: &'n Network, budget: Arc<Budget>, access: Access, clock: Clock) -> Result<Self, Trouble> {
        let host = match access.host.as_str() {
            "docker.io" => "registry-1.docker.io",
            host => host,
        };
        let schemes: &[&str] = match (access.http_only, access.plain_http) {
            (true, _) => &["http"],
            (false, true) => &["https", "http"],
            (false, false) => &["https"],
        };
        let mut clients = Clients::new(network, budget).of_registry(&access);
        let sent = network.sent.to(&access.host);
        let mut first: Option<Trouble> = None;
        for scheme in schemes {
            let text = format!("{scheme}://{host}");
            let base = Url::parse(&text).map_err(|error| Trouble::Unreachable {
                url: safe(&text),
                why: error.to_string(),
            })?;
            match ping(&mut clients, &base, access.unverified, &sent) {
                Ok((response, is_own)) => {
                    let challenges = if is_own { challenges(&response) } else { Vec::new() };
                    let offers_signatures = response.headers.get("x-registry-supports-signatures") == Some("1");
                    return Ok(Self {
                        clients,
                        base: base.clone(),
                        unverified: access.unverified,
                        authorization: Authorization::new(base, access, challenges, sent, clock),
                        newest: Newest::default(),
                        given: Given::default(),
                        offers_signatures,
                    });
                }
                // There is no time left for another way.
                Err(trouble @ Trouble::OutOfTime { .. }) => return Err(trouble),
                Err(trouble) => {
                    first = Some(match first {
                        None => trouble,
                        Some(first) => Trouble::BothWays(Box::new([first, trouble])),
                    });
                }
            }
        }
        Err(first.unwrap_or_else(|| Trouble::Unreachable {
            url: safe(host),
            why: "no client is configured for it".into(),
        }))
    }

    /// What the user should know: a login that was sent without verified TLS, or was not; certificates passed over.
    pub fn take_warnings(&mut self) -> Vec<String> {
        let mut warnings = self.clients.take_warnings();
        warnings.extend(self.authorization.take_warnings());
        warnings
    }

    /// Fetches the manifest of a tag or digest. That its bytes hash to the digest is the caller's to check.
    ///
    /// # Errors
    /// When it is not there or cannot be had.
    pub fn manifest(&mut self, repository: &Repository, reference: &str) -> Result<Fetched, Trouble> {
        let url = format!("{}/v2/{}/manifests/{reference}", self.base, repository.path);
        let response = self.get(repository, &url, MANIFESTS, MAX_MANIFEST_BYTES, "a manifest");
        let response = response.map_err(|trouble| self.with_tags(trouble, repository, reference))?;
        Ok(Fetched {
            body: response.body,
            media_type: response.content_type,
        })
    }

    /// Where a tag is not there, how to see those that are; which of tag and repository is missing only the registry knows.
    fn with_tags(&self, trouble: Trouble, repository: &Repository, reference: &str) -> Trouble {
        match trouble {
            Trouble::Absent { url, hint } if !reference.contains(':') => {
                let name = format!("{}/{}", self.authorization.host(), repository.path);
                let tags = repository.skopeo.list_tags("to see its tags", &name);
                Trouble::Absent {
                    url,
                    hint: format!("{hint}; look at the spelling of repository and tag; {tags}"),
                }
            }
            trouble => trouble,
        }
    }

    /// Fetches the payload of a signature and makes sure that it hashes to its digest.
    ///
    /// # Errors
    /// When it is not there, cannot be had, or is another one.
    pub fn blob(&mut self, repository: &Repository, digest: &Digest) -> Result<Vec<u8>, Trouble> {
        self.content(repository, digest, MAX_PAYLOAD_BYTES as u64)
    }

    /// Fetches a blob of at most so many bytes and makes sure that it hashes to its digest.
    ///
    /// # Errors
    /// As for [`Session::blob`].
    pub fn content(&mut self, repository: &Repository, digest: &Digest, limit: u64) -> Result<Vec<u8>, Trouble> {
        let url = format!("{}/v2/{}/blobs/{digest}", self.base, repository.path);
        let response = self.get(repository, &url, "*/*", limit, "a blob")?;
        if digest.is_of(&response.body) {
            Ok(response.body)
        } else {
            Err(Trouble::Wrong {
                url,
                what: "the blob does not hash to its digest".into(),
            })
        }
    }

    /// Fetches the list of the signature extension.
    ///
    /// # Errors
    /// When it is not there or cannot be had.
    pub fn extension(&mut self, repository: &Repository, image: &Digest) -> Result<Vec<Entry>, Trouble> {
        let url = self.extension_url(repository, image);
        let response = self.get(repository, &url, "application/json", MAX_LIST, "a list of signatures")?;
        extension::parse(&response.body).map_err(|what| Trouble::Wrong { url, what })
    }

    /// Where the list of the signature extension is.
    #[must_use]
    pub fn extension_url(&self, repository: &Repository, image: &Digest) -> String {
        format!("{}/extensions/v2/{}/signatures/{image}", self.base, repository.path)
    }

    /// The URL of the registry, as messages name it.
    #[must_use]
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// Asks with what the registry wants to see, following redirects.
    fn get_once(
        &mut self,
        repository: &Repository,
        url: &str,
        accept: &str,
        limit: u64,
        wanted: &'static str,
    ) -> Result<Response, Trouble> {
        let mut response = self.ask(repository, url, accept, limit)?;
        if response.status == 401 && self.authorization.learn(repository, challenges(&response)) {
            response = self.ask(repository, url, accept, limit)?;
        }
        let response = self.follow(repository, url, response, accept, limit);
        let response = response.map_err(|trouble| self.without_words(trouble, url))?;
        let url = url.to_owned();
        match response.status {
            200 if is_page(&response) => Err(Trouble::Page { url, wanted }),
            200 => Ok(response),
            404 => Err(Trouble::Absent {
                url,
                hint: self.authorization.said(&response),
            }),
            status @ (401 | 403) => Err(Trouble::Forbidden {
                url,
                status,
                hint: self.authorization.hint(repository, &response),
            }),
            status => Err(Trouble::Status {
                url,
                status,
                hint: self.authorization.said(&response),
            }),
        }
    }

    /// One request to the registry itself.
    fn ask(&mut self, repository: &Repository, url: &str, accept: &str, limit: u64) -> Result<Response, Trouble> {
        let headers = self.authorization.headers(&mut self.clients, repository)?;
        let question = Question {
            url,
            accept,
            headers: &headers,
            form: None,
            limit,
            sent: None,
        };
        self.clients
            .ask(&self.base, Reach::of_registry(self.unverified), question)
    }

    /// What went wrong with the redirects of a URL, without what it says of them where that may be a password.
    fn without_words(&self, trouble: Trouble, url: &str) -> Trouble {
        let sent = &self.authorization.sent;
        if sent.is_in(&trouble.to_string()) && !sent.is_in(url) {
            let what = "it redirects to a server that cannot be asked".into();
            return Trouble::Wrong { url: shown(url), what };
        }
        trouble
    }

    /// Follows redirects: with the login only as long as it is the same server.
    fn follow(
        &mut self,
        repository: &Repository,
        url: &str,
        mut response: Response,
        accept: &str,
        limit: u64,
    ) -> Result<Response, Trouble> {
        let (mut url, mut server) = (url.to_owned(), self.base.clone());
        let mut redirects = 0;
        while is_redirect(&response) {
            let wrong = |what: String| Trouble::Wrong { url: shown(&url), what };
            if redirects == MAX_REDIRECTS {
                return Err(wrong(format!("more than {MAX_REDIRECTS} redirects")));
            }
            redirects += 1;
            let location = response.headers.get("location").unwrap_or_default();
            if self.authorization.sent.is_in_url(location, &repository.path) {
                return Err(wrong("it redirects to a URL that has the login in it".into()));
            }
            let (target, next) = redirect::target(&server, &url, &response)?;
            // A chain must not lead where its first server may not send us.
            redirect::check(&self.base, &next, "redirects").map_err(wrong)?;
            response = if is_same(&next, &self.base) {
                self.ask(repository, &target, accept, limit)?
            } else {
                let sent = redirect::told(&server);
                let question = Question {
                    url: &target,
                    accept,
                    headers: &[],
                    form: None,
                    limit,
                    sent: Some(&sent),
                };
                self.clients.ask(&next, redirect::reach(&self.base, &next), question)?
            };
            (url, server) = (target, next);
        }
        Ok(response)
    }
}

fn challenges(response: &Response) -> Vec<Challenge> {
    response.headers.all("www-authenticate").map(Challenge::parse).collect()
}
