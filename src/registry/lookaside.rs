// SPDX-License-Identifier: Apache-2.0
//! Lookaside stores: signatures of an image in numbered files beside its registry, by http or on a disk
//! (containers-registries.d(5)).

use std::path::{Path, PathBuf};

use super::session::Network;
use super::trouble::Trouble;
use crate::digest::Digest;
use crate::files::read::read_regular;
use crate::http::secret::Secret;
use crate::http::url::Url;
use crate::http::{Client, Method, Request};
use crate::limits::{MAX_BLOB_BYTES, MAX_SIGNATURES};
use crate::reference::Reference;
use crate::text::{quoted, safe};

/// How many missing numbers end the search: a store that lost one file still shows the others, at the price of few
/// requests (docs/contract.md 7).
const MAX_GAP: usize = 2;

/// The signatures of one image in a store.
#[derive(Debug, Clone)]
pub struct Store {
    base: String,
    path: String,
    image: Digest,
}

/// A numbered file of a store, or why it gives none.
#[derive(Debug)]
pub struct Numbered {
    /// Its number, from 1.
    pub number: usize,
    /// Its content; `None` for more bytes than a signature may have.
    pub content: Option<Vec<u8>>,
}

impl Store {
    /// The part of a store that is about one image. `base` is what the configuration says; of the reference only the
    /// repository's path counts, not the host.
    ///
    /// # Errors
    /// When the base is not a URL.
    pub fn new(base: &str, reference: &Reference, image: &Digest) -> Result<Self, String> {
        let wrong = || format!("the lookaside URL {} is not an https, http or file URL", quoted(base));
        let (scheme, rest) = base.split_once("://").ok_or_else(wrong)?;
        if !matches!(scheme, "https" | "http" | "file") || rest.is_empty() {
            return Err(wrong());
        }
        Ok(Self {
            base: base.to_owned(),
            path: reference.path().to_owned(),
            image: image.clone(),
        })
    }

    /// The URL of a numbered signature: query and fragment of the base stay where they are.
    #[must_use]
    pub fn url(&self, number: usize) -> String {
        let end = self.base.find(['?', '#']).unwrap_or(self.base.len());
        let (base, tail) = self.base.split_at(end);
        let digest = self.image.as_str().replacen(':', "=", 1);
        format!(
            "{}/{}@{digest}/signature-{number}{tail}",
            base.replace(' ', "%20").replace("%2F", "/").replace("%2f", "/"),
            self.path
        )
    }

    /// The base as it stands in the configuration, without a user name or password in it.
    #[must_use]
    pub fn location(&self) -> String {
        let (scheme, rest) = self.base.split_once("://").unwrap_or(("", &self.base));
        let authority_end = rest.find('/').unwrap_or(rest.len());
        let host = rest[..authority_end].rsplit('@').next().unwrap_or_default();
        safe(&format!("{scheme}://{host}{}", &rest[authority_end..]))
    }

    /// Reads all signatures, by their numbers.
    ///
    /// # Errors
    /// When one of them cannot be asked for: then nobody knows how many there are.
    pub fn read(&self, network: &dyn Network) -> Result<Vec<Numbered>, Trouble> {
        let mut found = Vec::new();
        let mut client = None;
        let mut gap = 0;
        for number in 1..=MAX_SIGNATURES + MAX_GAP {
            let url = self.url(number);
            let content = match url.strip_prefix("file://") {
                Some(path) => self.file(&url, path)?,
                None => {
                    if client.is_none() {
                        client = Some(self.client(network)?);
                    }
                    match &mut client {
                        Some(client) => fetch(client, &self.without_login(&url), self.login())?,
                        None => None,
                    }
                }
            };
            match content {
                Some(content) => {
                    found.push(Numbered { number, content });
                    gap = 0;
                }
                None if gap == MAX_GAP => break,
                None => gap += 1,
            }
        }
        Ok(found)
    }

    fn file(&self, url: &str, path: &str) -> Result<Option<Option<Vec<u8>>>, Trouble> {
        // What stands before the first slash is a host, which no file has.
        let path = path.find('/').map_or("", |slash| &path[slash..]);
        let path = PathBuf::from(path.replace("%20", " "));
        match read_regular(Path::new(&path), MAX_BLOB_BYTES as u64) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Trouble::Unreachable {
                url: safe(url),
                why: error.to_string(),
            }),
        }
    }

    fn client(&self, network: &dyn Network) -> Result<Client, Trouble> {
        let url = self.without_login(&self.base);
        let unreachable = |why: String| Trouble::Unreachable {
            url: self.location(),
            why,
        };
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let server = Url::parse(&format!("{scheme}://{authority}")).map_err(|error| unreachable(error.to_string()))?;
        let mut settings = network.settings(&server).map_err(unreachable)?;
        settings.hides_queries = true;
        Client::new(settings).map_err(|error| unreachable(error.to_string()))
    }

    /// A URL without the user name and password that the configuration may have in it.
    fn without_login(&self, url: &str) -> String {
        let Some((scheme, rest)) = url.split_once("://") else {
            return url.to_owned();
        };
        let end = rest.find('/').unwrap_or(rest.len());
        let host = rest[..end].rsplit('@').next().unwrap_or_default();
        format!("{scheme}://{host}{}", &rest[end..])
    }

    fn login(&self) -> Vec<(String, Secret)> {
        use base64::Engine as _;
        let rest = self.base.split_once("://").map_or("", |(_, rest)| rest);
        let authority = rest.split('/').next().unwrap_or_default();
        match authority.rsplit_once('@') {
            Some((login, _)) => {
                let encoded = base64::engine::general_purpose::STANDARD.encode(login);
                vec![("Authorization".into(), Secret::new(format!("Basic {encoded}")))]
            }
            None => Vec::new(),
        }
    }
}

/// One signature: `None` where there is none, an inner `None` where it is too large.
fn fetch(client: &mut Client, url: &str, login: Vec<(String, Secret)>) -> Result<Option<Option<Vec<u8>>>, Trouble> {
    let answer = client.send(&Request {
        method: Method::Get,
        url,
        accept: "*/*",
        headers: &login,
        body: None,
        limit: MAX_BLOB_BYTES as u64,
    });
    let url = safe(url);
    match answer {
        Ok(response) => match response.status {
            200 if response.content_type == "text/html" => Err(Trouble::Page {
                url,
                wanted: "a signature",
            }),
            200 => Ok(Some(Some(response.body))),
            404 => Ok(None),
            status @ (401 | 403) => Err(Trouble::Forbidden {
                url,
                status,
                hint: String::new(),
            }),
            status => Err(Trouble::Status { url, status }),
        },
        Err(crate::http::Error::TooLarge(_)) => Ok(Some(None)),
        Err(error) => Err(Trouble::Unreachable {
            url,
            why: error.to_string(),
        }),
    }
}
