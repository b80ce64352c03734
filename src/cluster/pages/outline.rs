// SPDX-License-Identifier: Apache-2.0
//! A page of a list without its items: whether it is one of the list that was asked for, where the list goes on, and where
//! each item stands in the text.

use crate::json::{self, Kind, Reader, Rules, MAX_DEPTH};
use crate::limits::MAX_PAGE_BYTES;
use crate::text::{quoted, safe};

/// What stands around the items of a page.
#[derive(Debug)]
pub struct Outline {
    /// Where the list goes on; empty where nothing follows.
    pub token: String,
    /// Where each item begins and ends in the text of the page, in bytes.
    pub items: Vec<(usize, usize)>,
}

impl Outline {
    /// Reads a page of a list of items of a kind and API version. Its grammar is checked to its end: a text that was cut off is
    /// not a page.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn read(text: &[u8], kind: &str, api_version: &str) -> Result<Self, String> {
        let mut rules = Rules::object(usize::try_from(MAX_PAGE_BYTES).unwrap_or(usize::MAX));
        // The list and its items, and each item within its own limit.
        rules.depth = MAX_DEPTH + 2;
        let mut reader = Reader::new(text, rules);
        Self::of(&mut reader, kind, api_version).map_err(|problem| match problem {
            Problem::Json(error) => safe(&error.to_string()),
            Problem::Other(what) => what,
        })
    }

    fn of(reader: &mut Reader<&[u8]>, item_kind: &str, item_version: &str) -> Result<Self, Problem> {
        let (mut kind, mut api_version, mut token, mut items) = (None, None, None, None);
        reader.object()?;
        while let Some(member) = reader.key()? {
            let is_repeated = match member.as_str() {
                "kind" => kind.replace(reader.string()?).is_some(),
                "apiVersion" => api_version.replace(reader.string()?).is_some(),
                "metadata" => {
                    let (next, follow) = continues(reader)?;
                    if next.is_empty() && !matches!(follow.as_str(), "" | "0") {
                        return Err(Problem::Other(format!(
                            "it says that {follow} items follow, but has no continue token"
                        )));
                    }
                    token.replace(next).is_some()
                }
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
        let expected = format!("{item_kind}List");
        if kind.as_deref() != Some(&*expected) || api_version.as_deref() != Some(item_version) {
            let found = |text: Option<String>| text.map_or("nothing".to_owned(), |text| quoted(&text));
            return Err(Problem::Other(format!(
                "expected a {expected} of {item_version}, found {} of {}",
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
    Json(json::JsonError),
    Other(String),
}

impl From<json::JsonError> for Problem {
    fn from(error: json::JsonError) -> Self {
        Problem::Json(error)
    }
}

/// `metadata.continue`, empty where nothing follows, and how many items follow, where that is said.
fn continues(reader: &mut Reader<&[u8]>) -> Result<(String, String), json::JsonError> {
    let (mut token, mut follow) = (String::new(), String::new());
    reader.object()?;
    while let Some(member) = reader.key()? {
        match (member.as_str(), reader.kind()?) {
            ("continue", _) => token = reader.string()?,
            ("remainingItemCount", Kind::Null) => reader.null()?,
            ("remainingItemCount", _) => follow = reader.number()?,
            _ => reader.skip()?,
        }
    }
    Ok((token, follow))
}

/// Where the items stand. A list without any may be written `null`, as Go writes an empty slice.
fn places(reader: &mut Reader<&[u8]>) -> Result<Vec<(usize, usize)>, json::JsonError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> Result<String, String> {
        Outline::read(text.as_bytes(), "Pod", "v1").map(|outline| outline.token)
    }

    #[test]
    fn what_is_no_page_of_the_list_that_was_asked_for_is_refused() {
        let good = r#"{"kind":"PodList","apiVersion":"v1","metadata":{"continue":"abc"},"items":[{"a":[{}]}]}"#;
        assert_eq!(token(good).unwrap(), "abc");
        assert_eq!(token(&good.replace(r#""continue":"abc""#, "")).unwrap(), "");
        let none_follow = r#""remainingItemCount":0"#;
        assert_eq!(token(&good.replace(r#""continue":"abc""#, none_follow)).unwrap(), "");
        assert_eq!(token(&good.replace(r#"[{"a":[{}]}]"#, "null")).unwrap(), "abc");
        for (from, to) in [
            (r#""kind":"PodList","#, ""),
            ("PodList", "SecretList"),
            (r#""apiVersion":"v1","#, ""),
            (r#""v1""#, r#""v2""#),
            (r#""metadata":{"continue":"abc"},"#, ""),
            (r#"{"continue":"abc"}"#, "null"),
            (r#""abc""#, "7"),
            (r#""continue":"abc""#, r#""remainingItemCount":5"#),
            (r#""continue":"abc""#, r#""remainingItemCount":-5"#),
            (r#""continue":"abc""#, r#""remainingItemCount":"5""#),
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
        let outline = Outline::read(text, "Pod", "v1").unwrap();
        let found: Vec<&[u8]> = outline.items.iter().map(|(start, end)| &text[*start..*end]).collect();
        assert_eq!(found, [&br#"{"a":1}"#[..], &br#"{"b":"]"}"#[..]]);
    }
}
