// SPDX-License-Identifier: Apache-2.0
//! Asking a registry for what refers to an image.

use super::Session;
use crate::digest::Digest;
use crate::http::Response;
use crate::limits::MAX_MANIFEST_BYTES;
use crate::manifest::OCI_INDEX;
use crate::registry::referrers::{self, Referrers, MAX_PAGES};
use crate::registry::repository::Repository;
use crate::registry::trouble::Trouble;
use crate::registry::url_text::{absolute, is_same, server_of};
use crate::text::place::shown;

impl Session<'_> {
    /// Fetches the list of signatures that refer to an image: from the registry, or where that makes no such lists from
    /// the tag at which clients keep one instead. Another answer than a list says nothing of what there is, unless the tag does.
    ///
    /// # Errors
    /// When there is no list, or it cannot be had or read.
    pub fn referrers(&mut self, repository: &Repository, image: &Digest) -> Result<Referrers, Trouble> {
        let mut found = Referrers::default();
        let mut url = self.referrers_url(repository, image);
        for page in 0..MAX_PAGES {
            let answer = self.get(repository, &url, OCI_INDEX, MAX_MANIFEST_BYTES, "a list of referrers");
            let wrong = |what: String| Trouble::Wrong { url: shown(&url), what };
            let response = match answer {
                Ok(response) => response,
                // Clients that write to such a registry keep the list at the tag.
                Err(trouble) if page == 0 && is_not_offered(&trouble) => return self.referrers_tag(repository, image),
                Err(trouble @ Trouble::Page { .. }) if page == 0 => return self.at_tag_or(trouble, repository, image),
                // The page before says that there is more.
                Err(Trouble::Absent { .. }) if page > 0 => {
                    return Err(wrong("the next page is not there (404)".into()))
                }
                Err(trouble) => return Err(trouble),
            };
            if let Err(what) = found.add(&response.content_type, &response.body) {
                let is_list = page > 0 || response.content_type == OCI_INDEX;
                let trouble = wrong(what);
                return match is_list {
                    true => Err(trouble),
                    false => self.at_tag_or(trouble, repository, image),
                };
            }
            let Some(next) = next_page(&response) else {
                return Ok(found);
            };
            let next = absolute(&url, next)
                .filter(|next| server_of(next).is_some_and(|server| is_same(&server, &self.base)))
                .ok_or_else(|| wrong("its next page is on another server".into()))?;
            if self.authorization.sent.is_in_url(&next, &repository.path) {
                return Err(wrong("the URL of its next page has the login in it".into()));
            }
            url = next;
        }
        Err(Trouble::Wrong {
            url: self.referrers_url(repository, image),
            what: format!("the list has more than {MAX_PAGES} pages"),
        })
    }

    /// The list at the tag; where there is none, the trouble with the registry's own.
    fn at_tag_or(&mut self, trouble: Trouble, repository: &Repository, image: &Digest) -> Result<Referrers, Trouble> {
        match self.referrers_tag(repository, image) {
            Err(Trouble::Absent { .. }) => Err(trouble),
            found => found,
        }
    }

    fn referrers_tag(&mut self, repository: &Repository, image: &Digest) -> Result<Referrers, Trouble> {
        let tag = referrers::tag(image);
        let manifest = self.manifest(repository, &tag)?;
        let mut found = Referrers::default();
        let added = found.add(&manifest.media_type, &manifest.body);
        added.map(|()| found).map_err(|what| Trouble::Wrong {
            url: format!("{}/v2/{}/manifests/{tag}", self.base, repository.path),
            what,
        })
    }

    /// Where a registry lists what refers to an image.
    #[must_use]
    pub fn referrers_url(&self, repository: &Repository, image: &Digest) -> String {
        format!("{}/v2/{}/referrers/{image}", self.base, repository.path)
    }
}

/// Whether a registry makes no lists of referrers: it does not know the request.
fn is_not_offered(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::Absent { .. } => true,
        Trouble::Status { status, .. } => matches!(status, 400 | 405 | 406 | 501),
        _ => false,
    }
}

/// The next page of a list (RFC 8288), absolute or as a path.
fn next_page(response: &Response) -> Option<&str> {
    let links = response.headers.all("link").flat_map(|line| line.split(','));
    links.into_iter().find_map(|link| {
        let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let is_next = parameters
            .split(';')
            .any(|own| matches!(own.trim(), "rel=next" | "rel=\"next\""));
        is_next.then_some(target)
    })
}
