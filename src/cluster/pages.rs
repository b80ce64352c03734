// SPDX-License-Identifier: Apache-2.0
//! Lists of objects, page by page (docs/openshift-api.md 9). One page is held as text, and one item of it as a
//! value, so that memory does not grow with the list.
//!
//! A part of a list must not pass for the whole. A list ends well only where the server says that nothing follows; the
//! token that it goes on by may expire, and then the list begins again, without the items that were given already.

use std::collections::HashSet;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::api::{Api, Error};
use crate::json::select::{parse_part, Keep};
use crate::json::{self, Kind, Reader, Rules, MAX_DEPTH};
use crate::limits::{MAX_OBJECT_BYTES, MAX_PAGE_BYTES};
use crate::text::{quoted, safe};

/// How many items are asked for at once, as oc and kubectl do.
const PAGE: u32 = 500;

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
}

/// A list that is being read.
#[derive(Debug)]
pub struct Pages {
    list: List,
    limit: u32,
    /// Where the list goes on; empty at its beginning.
    token: String,
    page: Page,
    state: State,
    /// What was given, by uid.
    seen: HashSet<[u8; 16]>,
    /// How many were given when the list began last.
    seen_before: usize,
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
    /// Given up.
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
            list,
            limit: PAGE,
            token: String::new(),
            page: Page::default(),
            state: State::Open,
            seen: HashSet::new(),
            seen_before: 0,
            repeated: 0,
            restarts: 0,
            empty: 0,
        }
    }

    /// The next item, each object once. `None` only where the whole list was given; after an error nothing more is.
    ///
    /// # Errors
    /// When the server does not give a page of the list that was asked for: what was given then is only a part.
    pub fn next(&mut self, api: &mut Api) -> Result<Option<Value>, Error> {
        let result = self.step(api);
        if result.is_err() {
            self.state = State::Failed;
            self.page = Page::default();
        }
        result
    }

    fn step(&mut self, api: &mut Api) -> Result<Option<Value>, Error> {
        loop {
            if let Some((start, end)) = self.page.items.pop() {
                let item = self.item(api, start, end)?;
                match self.is_new(api, &item)? {
                    true => return Ok(Some(item)),
                    false => continue,
                }
            }
            match self.state {
                State::Open => self.fetch(api)?,
                State::Whole | State::Failed => return Ok(None),
            }
        }
    }

    /// Asks for the next page, or for the first one again.
    fn fetch(&mut self, api: &mut Api) -> Result<(), Error> {
        self.page = Page::default();
        let text = match api.page(&self.path()) {
            Ok(text) => text,
            Err(error) if error.is_too_large() && self.limit > 1 => {
                self.limit = (self.limit / 4).max(1);
                return Ok(());
            }
            // The token has outlived what the server remembers.
            Err(error) if error.status().is_some_and(|status| status.code == 410) && !self.token.is_empty() => {
                return self.begin_again(error);
            }
            Err(error) => return Err(error),
        };
        let outline = Outline::read(&text, &self.list).map_err(|what| self.nonsense(api, &what))?;
        let is_last = outline.token.is_empty();
        if !is_last && outline.token == self.token {
            return Err(self.nonsense(api, "its pages go round in a circle"));
        }
        self.empty = if outline.items.is_empty() { self.empty + 1 } else { 0 };
        if !is_last && self.empty > MAX_EMPTY {
            return Err(self.nonsense(api, "its pages are empty and say that more follows"));
        }
        self.token = outline.token;
        let mut items = outline.items;
        items.reverse();
        self.page = Page { text, items };
        if is_last {
            self.state = State::Whole;
        }
        Ok(())
    }

    /// Begins again, as long as that brings something.
    fn begin_again(&mut self, error: Error) -> Result<(), Error> {
        self.restarts = if self.seen.len() > self.seen_before {
            1
        } else {
            self.restarts + 1
        };
        if self.restarts > MAX_RESTARTS {
            return Err(error);
        }
        log::info!(
            "the list of {} expired after {} of them: it begins again",
            self.list.kind,
            self.seen.len()
        );
        self.token.clear();
        self.seen_before = self.seen.len();
        self.repeated = 0;
        self.empty = 0;
        Ok(())
    }

    fn path(&self) -> String {
        let mut path = format!("{}?limit={}", self.list.path, self.limit);
        for (name, value) in [("labelSelector", &self.list.selector), ("continue", &self.token)] {
            if !value.is_empty() {
                path.push_str(&format!("&{name}={}", encoded(value)));
            }
        }
        path
    }

    fn item(&self, api: &Api, start: usize, end: usize) -> Result<Value, Error> {
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
    fn is_new(&mut self, api: &Api, item: &Value) -> Result<bool, Error> {
        let uid = item["metadata"]["uid"].as_str().unwrap_or_default();
        if uid.is_empty() {
            return Err(self.nonsense(api, "an item of it has no metadata.uid, which each stored object has"));
        }
        if self.seen.insert(hash(uid.as_bytes())) {
            if self.seen.len() > MAX_ITEMS {
                return Err(self.nonsense(api, &format!("it has more than {MAX_ITEMS} items")));
            }
            return Ok(true);
        }
        // Between two beginnings each object comes once at most.
        self.repeated += 1;
        if self.repeated > self.seen_before {
            return Err(self.nonsense(api, "its pages go round in a circle"));
        }
        Ok(false)
    }

    fn nonsense(&self, api: &Api, what: &str) -> Error {
        api.nonsense(&format!("the {}List: {}", self.list.kind, safe(what)))
    }
}

/// What stands around the items of a page.
struct Outline {
    token: String,
    items: Vec<(usize, usize)>,
}

impl Outline {
    /// Reads a page, whose grammar is checked to its end: a text that was cut off is no page.
    fn read(text: &[u8], list: &List) -> Result<Self, String> {
        let mut rules = Rules::object(usize::try_from(MAX_PAGE_BYTES).unwrap_or(usize::MAX));
        // The list and its items, and each item within its own limit.
        rules.depth = MAX_DEPTH + 2;
        let mut reader = Reader::new(text, rules);
        Self::of(&mut reader, list).map_err(|problem| match problem {
            Problem::Json(error) => safe(&error.to_string()),
            Problem::Other(what) => what,
        })
    }

    fn of(reader: &mut Reader<&[u8]>, list: &List) -> Result<Self, Problem> {
        let (mut kind, mut api_version, mut token, mut items) = (None, None, None, None);
        reader.object()?;
        while let Some(member) = reader.key()? {
            let is_repeated = match member.as_str() {
                "kind" => kind.replace(reader.string()?).is_some(),
                "apiVersion" => api_version.replace(reader.string()?).is_some(),
                "metadata" => token.replace(continues(reader)?).is_some(),
                "items" => items.replace(places(reader)?).is_some(),
                _ => {
                    reader.skip()?;
                    false
                }
            };
            if is_repeated {
                return Err(Problem::Other(format!("its member {member} is repeated")));
            }
        }
        reader.end()?;
        let expected = format!("{}List", list.kind);
        if kind.as_deref() != Some(&*expected) || api_version.as_deref() != Some(list.api_version) {
            let found = |text: Option<String>| text.map_or("nothing".to_owned(), |text| quoted(&text));
            return Err(Problem::Other(format!(
                "expected a {expected} of {}, found {} of {}",
                list.api_version,
                found(kind),
                found(api_version)
            )));
        }
        match (token, items) {
            (Some(token), Some(items)) => Ok(Self { token, items }),
            (None, _) => Err(Problem::Other(
                "it has no metadata, which says whether more follows".into(),
            )),
            (_, None) => Err(Problem::Other("it has no items".into())),
        }
    }
}

enum Problem {
    Json(json::Error),
    Other(String),
}

impl From<json::Error> for Problem {
    fn from(error: json::Error) -> Self {
        Problem::Json(error)
    }
}

/// `metadata.continue`; empty where nothing follows.
fn continues(reader: &mut Reader<&[u8]>) -> Result<String, json::Error> {
    let mut token = String::new();
    reader.object()?;
    while let Some(member) = reader.key()? {
        if member == "continue" {
            token = reader.string()?;
        } else {
            reader.skip()?;
        }
    }
    Ok(token)
}

/// Where the items stand. A list without any may be written `null`, as Go writes an empty slice.
fn places(reader: &mut Reader<&[u8]>) -> Result<Vec<(usize, usize)>, json::Error> {
    let mut places = Vec::new();
    if reader.kind()? == Kind::Null {
        reader.null()?;
        return Ok(places);
    }
    let offset = |reader: &Reader<&[u8]>| usize::try_from(reader.offset()).unwrap_or(usize::MAX);
    reader.array()?;
    while reader.element()? {
        if reader.kind()? != Kind::Object {
            reader.object()?;
        }
        let start = offset(reader);
        reader.skip()?;
        places.push((start, offset(reader)));
    }
    Ok(places)
}

/// Enough of a hash that no two uids have the same.
fn hash(uid: &[u8]) -> [u8; 16] {
    let mut key = [0; 16];
    key.copy_from_slice(&Sha256::digest(uid)[..16]);
    key
}

/// A value of a query (RFC 3986 section 2).
fn encoded(value: &str) -> String {
    let mut out = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> List {
        List {
            path: "/x".into(),
            api_version: "v1",
            kind: "Pod",
            selector: String::new(),
            keep: Keep::All,
        }
    }

    fn token(text: &str) -> Result<String, String> {
        Outline::read(text.as_bytes(), &list()).map(|outline| outline.token)
    }

    #[test]
    fn what_is_no_page_of_the_list_that_was_asked_for_is_refused() {
        let good = r#"{"kind":"PodList","apiVersion":"v1","metadata":{"continue":"abc"},"items":[{"a":[{}]}]}"#;
        assert_eq!(token(good).unwrap(), "abc");
        assert_eq!(token(&good.replace(r#""continue":"abc""#, "")).unwrap(), "");
        assert_eq!(token(&good.replace(r#"[{"a":[{}]}]"#, "null")).unwrap(), "abc");
        for (from, to) in [
            (r#""kind":"PodList","#, ""),
            ("PodList", "SecretList"),
            (r#""apiVersion":"v1","#, ""),
            (r#""v1""#, r#""v2""#),
            (r#""metadata":{"continue":"abc"},"#, ""),
            (r#"{"continue":"abc"}"#, "null"),
            (r#""abc""#, "7"),
            (r#","items":[{"a":[{}]}]"#, ""),
            (r#"[{"a":[{}]}]"#, "{}"),
            (r#"[{"a":[{}]}]"#, "[7]"),
            (r#"[{}]}]}"#, "[{}]}"),
            (r#"}]}]}"#, r#"}]}],"items":[]}"#),
            (r#"}]}]}"#, r#"}]}]} {}"#),
        ] {
            let bad = good.replace(from, to);
            assert_ne!(bad, good);
            assert!(token(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn items_are_where_they_stand() {
        let text = br#"{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[ {"a":1} , {"b":"]"}]}"#;
        let outline = Outline::read(text, &list()).unwrap();
        let found: Vec<&[u8]> = outline.items.iter().map(|(start, end)| &text[*start..*end]).collect();
        assert_eq!(found, [&br#"{"a":1}"#[..], &br#"{"b":"]"}"#[..]]);
    }

    #[test]
    fn selectors_are_one_value_of_the_query() {
        assert_eq!(encoded("a in (b,c)&limit=1"), "a%20in%20%28b%2Cc%29%26limit%3D1");
    }
}
