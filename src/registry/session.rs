// SPDX-License-Identifier: Apache-2.0
//! A conversation with one registry about one repository: who it is, how it wants to be asked, and what it answers.
//!
//! A login goes to the registry that it is stored for, and to the token server that this registry names, under the
//! rules of `Session::token`. Redirects are followed without it to any other host.

use base64::Engine as _;

use super::challenge::Challenge;
use super::login::Login;
use super::token::{self, Token};
use super::trouble::Trouble;
use crate::clock::Clock;
use crate::digest::Digest;
use crate::http::secret::{without, Secret};
use crate::http::tls::{Roots, Tls};
use crate::http::url::Url;
use crate::http::{self, Addresses, Client, Method, Nearness, Request, Response};
use crate::limits::{MAX_BLOB_BYTES, MAX_MANIFEST_BYTES};
use crate::text::{quoted, safe};

/// Manifests of all kinds, as the registry may have them.
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, \
     application/vnd.docker.distribution.manifest.v1+prettyjws, \
     application/vnd.docker.distribution.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.oci.image.index.v1+json";

/// Largest answer of a token server, and of a registry to a ping, in bytes.
const MAX_SMALL: u64 = 1 << 20;

/// Largest list of signatures, in bytes.
const MAX_LIST: u64 = 4 << 20;

/// Most redirects of one request.
const MAX_REDIRECTS: usize = 5;

/// Seconds by which a token is renewed before it expires.
const RENEW_BEFORE: i64 = 5;

/// How registries are reached, apart from what is special to one of them.
pub trait Network {
    /// The settings for a server: TLS, proxy, time limits.
    ///
    /// # Errors
    /// When they cannot be read; the message names the file.
    fn settings(&self, server: &Url) -> Result<http::Settings, String>;
}

/// How one registry is reached.
#[derive(Debug, Clone)]
pub struct Access {
    /// `HOST[:PORT]`, as references have it.
    pub host: String,
    /// Accept certificates that cannot be verified.
    pub unverified: bool,
    /// Fall back to plain http, or begin with it where [`Access::http_first`] is set.
    pub plain_http: bool,
    /// The user wrote `http://`.
    pub http_first: bool,
    /// The login, if there is one.
    pub login: Option<Login>,
}

/// A manifest as it was served.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// Its bytes.
    pub body: Vec<u8>,
    /// What the registry calls it.
    pub media_type: String,
}

/// A registry that answered.
pub struct Session<'n> {
    network: &'n dyn Network,
    client: Client,
    base: Url,
    path: String,
    access: Access,
    challenges: Vec<Challenge>,
    token: Option<Token>,
    further_scope: Option<String>,
    /// Whether it offers signatures by its extension.
    pub offers_signatures: bool,
    clock: Clock,
    warnings: Vec<String>,
}

impl<'n> Session<'n> {
    /// Asks a registry how it wants to be asked. `path` is the repository's path there.
    ///
    /// # Errors
    /// When nobody answers, or the answer is not that of a registry.
    pub fn open(network: &'n dyn Network, access: Access, path: &str, clock: Clock) -> Result<Self, Trouble> {
        let host = match access.host.as_str() {
            "docker.io" => "registry-1.docker.io",
            host => host,
        };
        let mut schemes = Vec::new();
        if !access.http_first {
            schemes.push("https");
        }
        if access.plain_http || access.http_first {
            schemes.push("http");
        }
        let mut first = None;
        for scheme in schemes {
            let text = format!("{scheme}://{host}");
            let base = Url::parse(&text).map_err(|error| Trouble::Unreachable {
                url: safe(&text),
                why: error.to_string(),
            })?;
            match ping(network, &access, &base) {
                Ok((client, response)) => {
                    let challenges = response.headers.all("www-authenticate").map(Challenge::parse).collect();
                    let offers_signatures = response.headers.get("x-registry-supports-signatures") == Some("1");
                    return Ok(Self {
                        network,
                        client,
                        base,
                        path: path.to_owned(),
                        access,
                        challenges,
                        token: None,
                        further_scope: None,
                        offers_signatures,
                        clock,
                        warnings: Vec::new(),
                    });
                }
                // The first trouble is the one to tell: that of https.
                Err(trouble) => first = first.or(Some(trouble)),
            }
        }
        Err(first.unwrap_or_else(|| Trouble::Unreachable {
            url: safe(host),
            why: "no scheme is allowed".into(),
        }))
    }

    /// What the user should know: a login that was sent without verified TLS.
    pub fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// Fetches the manifest of a tag or digest. That its bytes hash to the digest is the caller's to check.
    ///
    /// # Errors
    /// When it is not there or cannot be had.
    pub fn manifest(&mut self, reference: &str) -> Result<Fetched, Trouble> {
        let url = format!("{}/v2/{}/manifests/{reference}", self.base, self.path);
        let response = self.get(&url, MANIFESTS, MAX_MANIFEST_BYTES, "a manifest")?;
        Ok(Fetched {
            body: response.body,
            media_type: response.content_type,
        })
    }

    /// Fetches a blob and makes sure that it hashes to its digest.
    ///
    /// # Errors
    /// When it is not there, cannot be had, or is another one.
    pub fn blob(&mut self, digest: &Digest) -> Result<Vec<u8>, Trouble> {
        let url = format!("{}/v2/{}/blobs/{digest}", self.base, self.path);
        let response = self.get(&url, "*/*", MAX_BLOB_BYTES as u64, "a blob")?;
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
    pub fn extension(&mut self, image: &Digest) -> Result<Vec<super::extension::Entry>, Trouble> {
        let url = format!("{}/extensions/v2/{}/signatures/{image}", self.base, self.path);
        let response = self.get(&url, "application/json", MAX_LIST, "a list of signatures")?;
        super::extension::parse(&response.body).map_err(|what| Trouble::Wrong { url, what })
    }

    /// The URL of the registry, as messages name it.
    #[must_use]
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// Asks with what the registry wants to see, following redirects.
    fn get(&mut self, url: &str, accept: &str, limit: u64, wanted: &'static str) -> Result<Response, Trouble> {
        let mut response = self.ask(url, accept, limit)?;
        if response.status == 401 {
            // A token may have expired, or be for too little.
            let further = response
                .headers
                .all("www-authenticate")
                .map(Challenge::parse)
                .find_map(|challenge| challenge.further_scope().map(|(a, b, c)| format!("{a}:{b}:{c}")));
            if let (Some(scope), None) = (further, &self.further_scope) {
                self.further_scope = Some(scope);
                self.token = None;
                response = self.ask(url, accept, limit)?;
            }
        }
        let response = self.follow(url.to_owned(), response, accept, limit)?;
        self.accept(url, response, wanted)
    }

    fn accept(&self, url: &str, response: Response, wanted: &'static str) -> Result<Response, Trouble> {
        let url = url.to_owned();
        match response.status {
            200 if is_page(&response) => Err(Trouble::Page { url, wanted }),
            200 => Ok(response),
            404 => Err(Trouble::Absent { url }),
            status @ (401 | 403) => Err(Trouble::Forbidden {
                url,
                status,
                hint: match self.access.login {
                    None => format!("; log in: podman login {}", safe(&self.access.host)),
                    Some(_) => format!("; the stored login for {} does not allow it", safe(&self.access.host)),
                },
            }),
            status => Err(Trouble::Status { url, status }),
        }
    }

    /// One request to the registry itself.
    fn ask(&mut self, url: &str, accept: &str, limit: u64) -> Result<Response, Trouble> {
        let headers = self.authorization()?;
        send(&mut self.client, url, accept, &headers, limit)
    }

    /// Follows redirects: with the login only as long as it is the same server.
    fn follow(
        &mut self,
        mut url: String,
        mut response: Response,
        accept: &str,
        limit: u64,
    ) -> Result<Response, Trouble> {
        let mut at = self.base.clone();
        let mut redirects = 0;
        while matches!(response.status, 301 | 302 | 303 | 307 | 308) {
            let wrong = |what: String| Trouble::Wrong { url: url.clone(), what };
            if redirects == MAX_REDIRECTS {
                return Err(wrong(format!("more than {MAX_REDIRECTS} redirects")));
            }
            redirects += 1;
            let location = response
                .headers
                .get("location")
                .ok_or_else(|| wrong(format!("status {} without a Location", response.status)))?;
            if self.shows_login(location) {
                return Err(wrong("it redirects to a URL that has the login in it".into()));
            }
            let target = absolute(&at, location)
                .ok_or_else(|| wrong("it redirects to something that is not an http or https URL".into()))?;
            let server = server_of(&target).ok_or_else(|| wrong("it redirects to a malformed URL".into()))?;
            if self.is_registry(&server) {
                response = self.ask(&target, accept, limit)?;
            } else {
                let mut client = self.client_for(&server, "redirects")?;
                response = send(&mut client, &target, accept, &[], limit)?;
            }
            url = shown(&target);
            at = server;
        }
        Ok(response)
    }

    /// Whether a server is the registry itself.
    fn is_registry(&self, server: &Url) -> bool {
        server.address().eq_ignore_ascii_case(&self.base.address()) && server.is_https() == self.base.is_https()
    }

    /// Whether a text of the registry repeats what it was shown: it must reach no other host, and no message.
    fn shows_login(&self, text: &str) -> bool {
        let mut secrets = Vec::new();
        match &self.access.login {
            Some(Login::Password { user, password }) => {
                secrets.push(password.clone());
                secrets.extend(
                    basic(user, password)
                        .reveal()
                        .split_once(' ')
                        .map(|(_, pair)| Secret::new(pair.trim_end_matches('='))),
                );
            }
            Some(Login::IdentityToken { token, .. }) => secrets.push(token.clone()),
            None => {}
        }
        secrets.extend(self.token.as_ref().map(|token| token.token.clone()));
        without(text, &secrets) != text
    }

    /// A client for a server to which the registry, or whom it sends us to, sends us: by https, and to no address of
    /// this machine or its link, unless the registry is there itself. That the registry need not be verified does not
    /// hold for others.
    fn client_for(&self, server: &Url, how: &str) -> Result<Client, Trouble> {
        let wrong = |what: String| Trouble::Wrong {
            url: self.base.to_string(),
            what,
        };
        if !server.is_https() && self.base.is_https() {
            return Err(wrong(format!(
                "it {how} to {} over plain http",
                safe(&server.address())
            )));
        }
        let (here, there) = (Nearness::of_host(self.base.host()), Nearness::of_host(server.host()));
        let is_same_host = server.host().eq_ignore_ascii_case(self.base.host());
        if there != Nearness::Elsewhere && there != here {
            return Err(wrong(format!(
                "it {how} to {}, an address of this machine or its link",
                safe(&server.address())
            )));
        }
        // Where its own name leads, the registry is itself.
        let addresses = if is_same_host {
            Addresses::Any
        } else {
            Addresses::NamedFrom(here)
        };
        client(self.network, false, server, addresses)
    }

    /// The headers that the registry wants to see.
    fn authorization(&mut self) -> Result<Vec<(String, Secret)>, Trouble> {
        let known = self
            .challenges
            .iter()
            .find(|challenge| matches!(challenge.scheme.as_str(), "basic" | "bearer"))
            .cloned();
        let value = match known {
            None => return Ok(Vec::new()),
            Some(challenge) if challenge.scheme == "basic" => match self.access.login.clone() {
                Some(Login::Password { user, password }) => {
                    self.warn_of_unverified("the stored login");
                    basic(&user, &password)
                }
                _ => return Ok(Vec::new()),
            },
            Some(challenge) => {
                let now = self.clock.now();
                let is_fresh = self
                    .token
                    .as_ref()
                    .is_some_and(|token| token.expires > now + RENEW_BEFORE);
                if !is_fresh {
                    self.token = Some(self.token(&challenge)?);
                }
                match &self.token {
                    Some(token) if !token.token.reveal().is_empty() => {
                        Secret::new(format!("Bearer {}", token.token.reveal()))
                    }
                    _ => return Ok(Vec::new()),
                }
            }
        };
        Ok(vec![("Authorization".into(), value)])
    }

    fn warn_of_unverified(&mut self, what: &str) {
        if self.base.is_https() && !self.access.unverified {
            return;
        }
        let how = if self.base.is_https() {
            "without a verified certificate"
        } else {
            "over plain http"
        };
        let warning = format!("{what} for {} is sent {how}", safe(&self.access.host));
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Asks the token server that the registry names. A password goes to another host only over verified https.
    fn token(&mut self, challenge: &Challenge) -> Result<Token, Trouble> {
        let realm = challenge.parameters.get("realm").cloned().unwrap_or_default();
        let wrong = |what: String| Trouble::Wrong {
            url: self.base.to_string(),
            what,
        };
        let server = server_of(&realm).ok_or_else(|| {
            wrong(format!(
                "its token server {} is not an http or https URL",
                quoted(&realm)
            ))
        })?;
        let is_same = self.is_registry(&server);
        let mut client = if is_same {
            client(self.network, self.access.unverified, &server, Addresses::Any)?
        } else {
            self.client_for(&server, "sends us for a token")?
        };
        // Whoever is between us and such a registry may name any server.
        let is_open = self.access.unverified || !self.base.is_https() || !server.is_https();
        if !is_same && is_open && self.access.login.is_some() {
            return Err(wrong(format!(
                "it names a token server on another host, {}; without verified TLS the login is sent to {} only",
                safe(&server.address()),
                safe(&self.access.host)
            )));
        }
        let mut query: Vec<(&str, String)> = Vec::new();
        if let Some(service) = challenge.parameters.get("service") {
            query.push(("service", service.clone()));
        }
        query.push(("scope", format!("repository:{}:pull", self.path)));
        query.extend(self.further_scope.iter().map(|scope| ("scope", scope.clone())));
        let login = self.access.login.clone();
        if login.is_some() {
            self.warn_of_unverified("the stored login");
        }
        let response = match login {
            Some(Login::IdentityToken { token, .. }) => {
                query.push(("grant_type", "refresh_token".into()));
                query.push(("client_id", "image-signature".into()));
                let body = format!("{}&refresh_token={}", encoded(&query), escape(token.reveal()));
                post(&mut client, &realm, body.as_bytes())?
            }
            Some(Login::Password { user, password }) => {
                if !user.is_empty() {
                    query.insert(0, ("account", user.clone()));
                }
                let has_both = !user.is_empty() && !password.reveal().is_empty();
                let headers = has_both.then(|| ("Authorization".to_owned(), basic(&user, &password)));
                send(
                    &mut client,
                    &with_query(&realm, &query),
                    "application/json",
                    headers.as_slice(),
                    MAX_SMALL,
                )?
            }
            None => send(
                &mut client,
                &with_query(&realm, &query),
                "application/json",
                &[],
                MAX_SMALL,
            )?,
        };
        let url = shown(&realm);
        match response.status {
            200 => token::parse(&response.body, self.clock.now()).map_err(|what| Trouble::Wrong {
                url,
                what: format!("the answer of the token server: {what}"),
            }),
            status @ (401 | 403) => Err(Trouble::Forbidden {
                url,
                status,
                hint: format!("; log in: podman login {}", safe(&self.access.host)),
            }),
            status => Err(Trouble::Status { url, status }),
        }
    }
}

fn client(network: &dyn Network, unverified: bool, server: &Url, addresses: Addresses) -> Result<Client, Trouble> {
    let unreachable = |why: String| Trouble::Unreachable {
        url: server.to_string(),
        why,
    };
    let mut settings = network.settings(server).map_err(unreachable)?;
    settings.addresses = addresses;
    settings.hides_queries = true;
    if unverified {
        settings.tls = Tls {
            roots: Roots::Unchecked,
            ..settings.tls
        };
    }
    Client::new(settings).map_err(|error| unreachable(error.to_string()))
}

fn ping(network: &dyn Network, access: &Access, base: &Url) -> Result<(Client, Response), Trouble> {
    let mut client = client(network, access.unverified, base, Addresses::Any)?;
    let url = format!("{base}/v2/");
    let response = send(&mut client, &url, "application/json", &[], MAX_SMALL)?;
    match response.status {
        200 if is_page(&response) => Err(Trouble::Page {
            url,
            wanted: "the answer of a registry",
        }),
        200 | 401 => Ok((client, response)),
        status => Err(Trouble::Status { url, status }),
    }
}

fn send(
    client: &mut Client,
    url: &str,
    accept: &str,
    headers: &[(String, Secret)],
    limit: u64,
) -> Result<Response, Trouble> {
    client
        .send(&Request {
            method: Method::Get,
            url,
            accept,
            headers,
            body: None,
            limit,
        })
        .map_err(|error| Trouble::Unreachable {
            url: shown(url),
            why: error.to_string(),
        })
}

fn post(client: &mut Client, url: &str, body: &[u8]) -> Result<Response, Trouble> {
    client
        .send(&Request {
            method: Method::Post,
            url,
            accept: "application/json",
            headers: &[],
            body: Some(("application/x-www-form-urlencoded", body)),
            limit: MAX_SMALL,
        })
        .map_err(|error| Trouble::Unreachable {
            url: shown(url),
            why: error.to_string(),
        })
}

fn is_page(response: &Response) -> bool {
    response.content_type == "text/html" || response.content_type == "application/xhtml+xml"
}

fn basic(user: &str, password: &Secret) -> Secret {
    let text = format!("{user}:{}", password.reveal());
    Secret::new(format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(text)
    ))
}

/// A URL without its query, which may hold signatures of storage services.
fn shown(url: &str) -> String {
    safe(url.split('?').next().unwrap_or(url))
}

/// A location relative to a server.
fn absolute(base: &Url, location: &str) -> Option<String> {
    if location.starts_with("https://") || location.starts_with("http://") {
        return Some(location.to_owned());
    }
    let path = location.strip_prefix('/').filter(|path| !path.starts_with('/'))?;
    let scheme = if base.is_https() { "https" } else { "http" };
    Some(format!("{scheme}://{}/{path}", base.address()))
}

/// The server of a URL.
fn server_of(url: &str) -> Option<Url> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    Url::parse(&format!("{scheme}://{authority}")).ok()
}

fn with_query(url: &str, query: &[(&str, String)]) -> String {
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}{}", encoded(query))
}

fn encoded(query: &[(&str, String)]) -> String {
    let pairs: Vec<String> = query
        .iter()
        .map(|(name, value)| format!("{name}={}", escape(value)))
        .collect();
    pairs.join("&")
}

/// Percent-encoding of everything but unreserved characters (RFC 3986, section 2.3).
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

impl std::fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("base", &self.base)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
