// SPDX-License-Identifier: Apache-2.0
//! Lookaside stores: signatures of an image in numbered files beside its registry, by http or on a disk
//! (containers-registries.d(5)). No login of a registry ever goes there.

mod base;
mod echo;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use base::normalised;
use base::{path_of, Base};
use echo::Echo;

use super::budget::Budget;
use super::clients::{Clients, Question};
use super::network::{Network, Reach};
use super::redirect::{self, is_redirect, MAX_REDIRECTS};
use super::sent::Sent;
use super::served::{is_markup, is_page, no_signature, Framing};
use super::trouble::Trouble;
use super::url_text::{is_same, server_of};
use crate::digest::Digest;
use crate::files::read::read_regular;
use crate::http::secret::Secret;
use crate::http::url::Url;
use crate::http::Response;
use crate::limits::{MAX_BLOB_BYTES, MAX_SIGNATURES};
use crate::reference::Reference;
use crate::text::place::shown;
use crate::text::url::without_secrets;
use crate::text::{io_message, safe};

/// How many missing numbers end the search: a store that lost one file still shows the others, at the price of few
/// requests (docs/contract.md 7).
const MAX_GAP: usize = 2;

/// The last number that is asked for.
const LAST: usize = MAX_SIGNATURES + MAX_GAP;

/// The signatures of one image in a store.
#[derive(Debug, Clone)]
pub struct Store {
    base: Base,
    path: String,
    image: Digest,
}

/// A numbered file of a store.
#[derive(Debug)]
pub struct Numbered {
    /// Its number, from 1.
    pub number: usize,
    /// Its content; or what came in place of a signature: more bytes than one may have, or none that was stored as one.
    pub content: Result<Vec<u8>, Trouble>,
}

impl Store {
    /// The part of a store that is about one image. `base` is what the configuration says; of the reference only the
    /// repository's path counts, not the host.
    ///
    /// # Errors
    /// When the base is not a URL that can be asked.
    pub fn new(base: &str, reference: &Reference, image: &Digest) -> Result<Self, String> {
        Ok(Self {
            base: Base::parse(base)?,
            path: reference.path().to_owned(),
            image: image.clone(),
        })
    }

    /// The URL of a numbered signature, without the login: query and fragment of the base stay where they are.
    #[must_use]
    pub fn url(&self, number: usize) -> String {
        let Base { scheme, host, tail, .. } = &self.base;
        let path = self
            .base
            .path
            .replace(' ', "%20")
            .replace("%2F", "/")
            .replace("%2f", "/");
        format!("{scheme}://{host}{path}/{}/signature-{number}{tail}", self.directory())
    }

    /// Where the signatures of the image are, without a user name or password.
    #[must_use]
    pub fn location(&self) -> String {
        let Base { scheme, host, path, .. } = &self.base;
        format!(
            "{}/{}",
            without_secrets(&format!("{scheme}://{host}{path}")),
            self.directory()
        )
    }

    /// What to warn of where the configuration has a login for the store that is sent over plain http.
    #[must_use]
    pub fn plain_login(&self) -> Option<String> {
        let is_sent = self.base.scheme == "http" && self.base.login.is_some();
        let server = || server_of(&format!("http://{}", self.base.host)).map(|server| server.address());
        is_sent.then(|| {
            format!(
                "the login that registries.d has for {} is sent over plain http",
                safe(&server().unwrap_or_default())
            )
        })
    }

    /// The directory of a whole store on a disk, where it is not there; empty where the URL has none.
    #[must_use]
    pub fn missing_directory(&self) -> Option<PathBuf> {
        let Base { scheme, path, .. } = &self.base;
        let directory = path_of(&format!("{scheme}://{path}"))?;
        (!directory.try_exists().unwrap_or(true)).then_some(directory)
    }

    fn directory(&self) -> String {
        format!("{}@{}", self.path, self.image.as_str().replacen(':', "=", 1))
    }

    fn login(&self) -> Vec<(String, Secret)> {
        let login = self.base.login.iter();
        login
            .map(|login| ("Authorization".to_owned(), login.header.clone()))
            .collect()
    }

    /// Whether a text of the server repeats the login.
    fn shows_login(&self, text: &str) -> bool {
        let sent = Sent::default();
        sent.keep_login(
            &self.path,
            self.base.login.iter().flat_map(|login| login.secrets.clone()),
        );
        sent.is_in(text)
    }
}

/// Reads stores, each server's over one connection.
#[derive(Debug)]
pub struct Stores<'n> {
    clients: Clients<'n>,
    framing: Framing,
}

impl<'n> Stores<'n> {
    /// Nothing is contacted yet. `framing` tells what is not a signature at all.
    #[must_use]
    pub fn new(network: &'n Network, budget: Arc<Budget>, framing: Framing) -> Self {
        let clients = Clients::new(network, budget);
        Self { clients, framing }
    }

    /// What the user should know.
    pub fn take_warnings(&mut self) -> Vec<String> {
        self.clients.take_warnings()
    }

    /// Reads all signatures of an image, by their numbers, until some numbers in a row are missing. Where one of them
    /// cannot be asked for, or a page came for one, nobody knows how many there are: the trouble comes back with what was
    /// found. An answer that is not a signature ends no search, unless the server gives the same one for every number.
    pub fn read(&mut self, store: &Store) -> (Vec<Numbered>, Option<Trouble>) {
        let mut found = Vec::new();
        let mut page = None;
        let mut gap = 0;
        let mut echo = Echo::default();
        for number in 1..=LAST {
            let url = store.url(number);
            let wrong = |what: String| Trouble::Wrong { url: shown(&url), what };
            let given = self.one(store, &url);
            // What is on a disk is what somebody put there.
            let is_file = url.starts_with("file://");
            let no_signature = match &given {
                Ok(body) if !is_file => no_signature(body, self.framing),
                _ => None,
            };
            if matches!(given, Err(Trouble::Absent { .. })) {
                if gap == MAX_GAP {
                    break;
                }
                gap += 1;
                continue;
            }
            gap = 0;
            let is_repeated = !is_file && echo.times(number, &given) == MAX_GAP + 1;
            let content = match (given, no_signature) {
                (Err(trouble @ Trouble::Page { .. }), _) => {
                    let first = page.get_or_insert(trouble);
                    if is_repeated {
                        return (found, Some(first.clone()));
                    }
                    continue;
                }
                (Ok(_), Some(what)) if is_repeated => {
                    found.truncate(found.len() - MAX_GAP);
                    let what = format!("the server gives the same content for every number, and no signature: {what}");
                    return (found, Some(page.unwrap_or_else(|| wrong(what))));
                }
                (Ok(_), Some(what)) => Err(wrong(format!("no signature received: {what}"))),
                (Err(trouble), _) if !matches!(trouble, Trouble::TooLarge { .. }) => return (found, Some(trouble)),
                // A store may have copies of one signature, and then it does not have them everywhere.
                (_, _) if is_repeated && echo.is_same(&self.one(store, &store.url(LAST + 1))) => {
                    found.truncate(found.len() + 1 - MAX_GAP);
                    let what = "the server gives the same content for every number, so its signatures are unknown";
                    return (found, Some(page.unwrap_or_else(|| wrong(what.to_owned()))));
                }
                (given, _) => given,
            };
            found.push(Numbered { number, content });
        }
        (found, page)
    }

    /// One signature, or what the server gives for it.
    fn one(&mut self, store: &Store, url: &str) -> Result<Vec<u8>, Trouble> {
        match path_of(url) {
            Some(path) => file(url, &path),
            None => self.fetch(store, url),
        }
    }

    fn fetch(&mut self, store: &Store, url: &str) -> Result<Vec<u8>, Trouble> {
        let mut url = url.to_owned();
        let first = server_of(&url).ok_or_else(|| Trouble::Unreachable {
            url: shown(&url),
            why: "it is not a URL that can be asked".into(),
        })?;
        let mut server = first.clone();
        let mut response = self.ask(&first, &server, &url, &store.login(), None)?;
        let mut redirects = 0;
        while is_redirect(&response) {
            redirects += 1;
            if redirects > MAX_REDIRECTS {
                return Err(Trouble::Wrong {
                    url: shown(&url),
                    what: format!("more than {MAX_REDIRECTS} redirects"),
                });
            }
            if store.shows_login(response.headers.get("location").unwrap_or_default()) {
                let what = "it redirects to a URL that has the login in it".into();
                return Err(Trouble::Wrong { url: shown(&url), what });
            }
            let sent = redirect::told(&server);
            (url, server) = redirect::target(&server, &url, &response)?;
            redirect::check(&first, &server, "redirects").map_err(|what| Trouble::Wrong { url: shown(&url), what })?;
            // A login in the configuration is for the server that it stands with.
            let is_own = is_same(&server, &first);
            let login = if is_own { store.login() } else { Vec::new() };
            response = self.ask(&first, &server, &url, &login, Some(&sent).filter(|_| !is_own))?;
        }
        let url = shown(&url);
        match response.status {
            200 if is_page(&response) || is_markup(&response.body) => Err(Trouble::Page {
                url,
                wanted: "a signature",
            }),
            200 => Ok(response.body),
            404 => Err(Trouble::Absent {
                url,
                hint: String::new(),
            }),
            status @ (401 | 403) => Err(Trouble::Forbidden {
                url,
                status,
                hint: String::new(),
            }),
            status => Err(Trouble::Status {
                url,
                status,
                hint: String::new(),
            }),
        }
    }

    fn ask(
        &mut self,
        first: &Url,
        server: &Url,
        url: &str,
        login: &[(String, Secret)],
        sent: Option<&String>,
    ) -> Result<Response, Trouble> {
        // The configuration names the first.
        let reach = if is_same(server, first) {
            Reach::of_store()
        } else {
            redirect::reach(first, server)
        };
        let question = Question {
            url,
            accept: "*/*",
            headers: login,
            form: None,
            limit: MAX_BLOB_BYTES as u64,
            sent: sent.map(String::as_str),
        };
        self.clients.ask(server, reach, question)
    }
}

fn file(url: &str, path: &Path) -> Result<Vec<u8>, Trouble> {
    let limit = MAX_BLOB_BYTES as u64;
    let read = read_regular(path, limit);
    match &read {
        Ok(content) => log::info!("{}: {}", shown(url), content.as_ref().map_or("too large", |_| "read")),
        Err(error) => log::info!("{}: {}", shown(url), io_message(error)),
    }
    match read {
        Ok(Some(content)) => Ok(content),
        Ok(None) => Err(Trouble::TooLarge { url: shown(url), limit }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Trouble::Absent {
            url: shown(url),
            hint: String::new(),
        }),
        Err(error) => Err(Trouble::Unreachable {
            url: shown(url),
            why: io_message(&error),
        }),
    }
}
