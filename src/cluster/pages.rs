// SPDX-License-Identifier: Apache-2.0
//! Lists of objects, page by page (docs/openshift-api.md 9). One page is held as text, and one item of it as a
//! value, so that memory does not grow with the list.
//!
//! A part of a list must not pass for the whole. A list ends well only where the server says that nothing follows; the
//! token that it goes on by may expire, and then the list begins again. Of a list whose items count each for itself,
//! those that were given are then left out; of one whose items count together, what was given is void: a mix of what
//! was there before and what is there now is neither.

pub mod outline;

use std::collections::HashSet;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use self::outline::Outline;
use super::api::{Api, ApiError};
use crate::http::escape::escaped;
use crate::json::select::{parse_part, Keep};
use crate::limits::MAX_OBJECT_BYTES;
use crate::text::{quoted, safe};

/// Most items that are asked for at once, as oc and kubectl do.
pub(super) const PAGE: u32 = 500;

/// How much of it a page is to have: some objects are large, such as streams with a thousand tags.
const PAGE_BYTES: usize = 4 << 20;

/// How often a list may begin again in a row without an item that is new.
const MAX_RESTARTS: u32 = 5;

/// Most pages in a row without an item that may say that more follows.
const MAX_EMPTY: u32 = 16;

/// Most items of a list.
const MAX_ITEMS: usize = 5_000_000;

/// Which objects are listed.
#[derive(Debug, Clone)]
pub struct List {
    /// Path of the resource.
    pub path: String,
    /// API version of the list and its items.
    pub api_version: &'static str,
    /// Kind of the items.
    pub kind: &'static str,
    /// A selector of labels, as `-l` takes it; empty for all.
    pub selector: String,
    /// What is kept of each item; its `kind`, `apiVersion` and `metadata` must be.
    pub keep: Keep,
    /// How many items are asked for at first.
    pub first: u32,
}

/// What a list comes to next.
#[derive(Debug)]
pub enum Step {
    /// An object that was not given since the list began, or, of a list that is not read as a whole, at all.
    Item(Value),
    /// The list begins again: of a list that is read as a whole, all that was given is void.
    Again,
    /// The server has said that nothing follows; or there was an error before.
    End,
}

/// Says of an item that comes whether it does for the first time; nothing where the caller does not keep that.
pub type Tell<'t> = dyn FnMut(&Value) -> Option<bool> + 't;

/// A list that is being read.
#[derive(Debug)]
pub struct Pages {
    list: List,
    /// Whether its items count together: a list that begins again is given again.
    is_whole: bool,
    limit: u32,
    /// Where the list goes on; empty at its beginning.
    token: String,
    page: Page,
    state: State,
    /// What was given, by uid, but for what the caller tells apart itself.
    seen: HashSet<[u8; 16]>,
    /// How many were given.
    given: usize,
    /// How many were when the list began last.
    given_before: usize,
    /// Items since then that were given earlier.
    repeated: usize,
    restarts: u32,
    empty: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// More is to be asked for.
    Open,
    /// The server has said that nothing follows.
    Whole,
    /// Given up after an error.
    Failed,
}

/// A page: its text, and where the items stand in it that were not given yet, the next one last.
#[derive(Debug, Default)]
struct Page {
    text: Vec<u8>,
    items: Vec<(usize, usize)>,
}

impl Pages {
    /// Nothing is contacted yet.
    #[must_use]
    pub fn new(list: List) -> Self {
        Self {
            limit: list.first,
            list,
            is_whole: false,
            token: String::new(),
            page: Page::default(),
            state: State::Open,
            seen: HashSet::new(),
            given: 0,
            given_before: 0,
            repeated: 0,
            restarts: 0,
            empty: 0,
        }
    }

    /// A list whose items count together, for [`Pages::step`]. Nothing is contacted yet.
    #[must_use]
    pub fn whole(list: List) -> Self {
        Self {
            is_whole: true,
            ..Self::new(list)
        }
    }

    /// The kind of its items.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.list.kind
    }

    /// Whether its items count together.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// The next item, each object once. `None` only where the whole list was given; after an error nothing more is.
    ///
    /// # Errors
    /// When the server does not give a page of the list that was asked for: what was given then is only a part.
    pub fn next(&mut self, api: &mut Api) -> Result<Option<Value>, ApiError> {
        self.next_told(api, &mut |_| None)
    }

    /// The same for a caller that can tell some items apart with less memory.
    ///
    /// # Errors
    /// As for [`Pages::next`].
    pub fn next_told(&mut self, api: &mut Api, tell: &mut Tell<'_>) -> Result<Option<Value>, ApiError> {
        loop {
            match self.step_told(api, tell)? {
                Step::Item(item) => return Ok(Some(item)),
                Step::End => return Ok(None),
                Step::Again => {}
            }
        }
    }

    /// What comes next: an item, the end, or the beginning of the list once more. After an error nothing does.
    ///
    /// # Errors
    /// As for [`Pages::next`].
    pub fn step(&mut self, api: &mut Api) -> Result<Step, ApiError> {
        self.step_told(api, &mut |_| None)
    }

    fn step_told(&mut self, api: &mut Api, tell: &mut Tell<'_>) -> Result<Step, ApiError> {
        let result = self.try_step(api, tell);
        if result.is_err() {
            self.state = State::Failed;
            self.page = Page::default();
        }
        result
    }

    fn try_step(&mut self, api: &mut Api, tell: &mut Tell<'_>) -> Result<Step, ApiError> {
        loop {
            if let Some((start, end)) = self.page.items.pop() {
                let item = self.item(api, start, end)?;
                match self.is_new(api, &item, tell)? {
                    true => return Ok(Step::Item(item)),
                    false => continue,
                }
            }
            match self.state {
                State::Open => {
                    if self.fetch(api)? {
                        return Ok(Step::Again);
                    }
                }
                State::Whole | State::Failed => return Ok(Step::End),
            }
        }
    }

    /// Asks for the next page, or has the list begin again, which comes back.
    fn fetch(&mut self, api: &mut Api) -> Result<bool, ApiError> {
        self.page = Page::default();
        let text = match api.page(&self.path()) {
            Ok(text) => text,
            Err(error) if error.is_too_large() && self.limit > 1 => {
                self.limit = (self.limit / 4).max(1);
                return Ok(false);
            }
            // The token has outlived what the server remembers.
            Err(error) if error.status().is_some_and(|status| status.code == 410) && !self.token.is_empty() => {
                return self.begin_again(error).map(|()| true);
            }
            Err(error) => return Err(error),
        };
        let outline =
            Outline::read(&text, self.list.kind, self.list.api_version).map_err(|what| self.nonsense(api, &what))?;
        let is_last = outline.token.is_empty();
        if !is_last && outline.token == self.token {
            return Err(self.nonsense(api, "its pages form a loop"));
        }
        self.empty = if outline.items.is_empty() { self.empty + 1 } else { 0 };
        if !is_last && self.empty > MAX_EMPTY {
            return Err(self.nonsense(api, "its pages are empty and say that more follows"));
        }
        self.token = outline.token;
        let mut items = outline.items;
        items.reverse();
        let fitting = items.len().max(1).saturating_mul(PAGE_BYTES) / text.len().max(1);
        let most = PAGE.min(self.limit.saturating_mul(2));
        self.limit = u32::try_from(fitting).unwrap_or(most).clamp(1, most);
        self.page = Page { text, items };
        if is_last {
            self.state = State::Whole;
        }
        Ok(false)
    }

    /// Begins again, as long as that brings something.
    fn begin_again(&mut self, error: ApiError) -> Result<(), ApiError> {
        // What is given again is no step forward.
        self.restarts = if self.given > self.given_before && !self.is_whole {
            1
        } else {
            self.restarts + 1
        };
        if self.restarts > MAX_RESTARTS {
            return Err(error);
        }
        log::info!(
            "the list of {} expired after {} of them: the list is requested again",
            self.list.kind,
            self.given
        );
        self.token.clear();
        if self.is_whole {
            self.seen.clear();
            self.given = 0;
        }
        self.given_before = self.given;
        self.repeated = 0;
        self.empty = 0;
        Ok(())
    }

    fn path(&self) -> String {
        let mut path = format!("{}?limit={}", self.list.path, self.limit);
        for (name, value) in [("labelSelector", &self.list.selector), ("continue", &self.token)] {
            if !value.is_empty() {
                path.push_str(&format!("&{name}={}", escaped(value)));
            }
        }
        path
    }

    fn item(&self, api: &Api, start: usize, end: usize) -> Result<Value, ApiError> {
        let text = self.page.text.get(start..end).unwrap_or_default();
        if text.len() as u64 > MAX_OBJECT_BYTES {
            return Err(self.nonsense(api, &format!("an item of it has more than {MAX_OBJECT_BYTES} bytes")));
        }
        let item = parse_part(text, self.list.keep);
        let item = item.map_err(|error| self.nonsense(api, &format!("an item of it is malformed: {error}")))?;
        // Items of lists carry neither (docs/openshift-api.md 10), or they carry those of the list.
        let fits = |member: &str, expected: &str| item[member].is_null() || item[member] == expected;
        if !fits("kind", self.list.kind) || !fits("apiVersion", self.list.api_version) {
            return Err(self.nonsense(
                api,
                &format!(
                    "an item of it is a {}",
                    quoted(item["kind"].as_str().unwrap_or_default())
                ),
            ));
        }
        Ok(item)
    }

    /// Whether an item was not given yet.
    fn is_new(&mut self, api: &Api, item: &Value, tell: &mut Tell<'_>) -> Result<bool, ApiError> {
        let uid = item["metadata"]["uid"].as_str().unwrap_or_default();
        if uid.is_empty() {
            return Err(self.nonsense(api, "an item of it has no metadata.uid, which each stored object has"));
        }
        if tell(item).unwrap_or_else(|| self.seen.insert(hash(uid.as_bytes()))) {
            self.given += 1;
            if self.given > MAX_ITEMS {
                return Err(self.nonsense(api, &format!("it has more than {MAX_ITEMS} items")));
            }
            return Ok(true);
        }
        // Between two beginnings each object comes once at most.
        self.repeated += 1;
        if self.repeated > self.given_before {
            return Err(self.nonsense(api, "its pages form a loop"));
        }
        Ok(false)
    }

    fn nonsense(&self, api: &Api, what: &str) -> ApiError {
        api.nonsense(&format!("the {}List: {}", self.list.kind, safe(what)))
    }
}

/// Enough of a hash that no two uids have the same.
fn hash(uid: &[u8]) -> [u8; 16] {
    let mut key = [0; 16];
    key.copy_from_slice(&Sha256::digest(uid)[..16]);
    key
}
