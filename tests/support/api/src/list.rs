// SPDX-License-Identifier: Apache-2.0
//! Lists: selectors, pages, and continue tokens that hold what they need to go on.

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine as _;
use serde_json::{json, Value};

use super::go;
use super::http::HttpRequest;
use super::objects::{Objects, Resource, Table};
use super::status::{bad_request, expired, Failure};

/// One page of a list.
#[derive(Debug)]
pub struct Page {
    pub items: Vec<Value>,
    pub metadata: Value,
}

/// Cuts the page out of a resource that a request asks for.
pub fn page(
    objects: &mut Objects,
    resource: Resource,
    request: &HttpRequest,
    namespace: &str,
    resume_expired: bool,
) -> Result<Page, Failure> {
    let kind = match resource {
        Resource::Images => "images",
        Resource::Streams => "imagestreams",
        Resource::Pods => "pods",
        Resource::ClusterPolicies => "clusterimagepolicies",
        Resource::Policies => "imagepolicies",
    };
    let selector = Selector::of(request, kind)?;
    let limit = limit(request)?;
    let token = request.parameter("continue").unwrap_or("");
    if !token.is_empty() && !matches!(request.parameter("resourceVersion"), None | Some("" | "0")) {
        return Err(bad_request(
            "specifying resource version is not allowed when using continue",
        ));
    }
    let (version, start) = match token {
        "" => (objects.version(), String::new()),
        token => {
            let token = Token::decode(token)?;
            let version = match token.version {
                None => objects.version(),
                Some(version) => match objects.snapshot(resource, version) {
                    Some(_) => version,
                    None => {
                        let resumed = Token { version: None, ..token }.encode();
                        return Err(expired(resume_expired.then_some(resumed.as_str())));
                    }
                },
            };
            (version, token.start)
        }
    };
    let table = objects
        .snapshot(resource, version)
        .unwrap_or_else(|| objects.table(resource));
    let (items, left) = cut(table, &start, namespace, &selector, limit);
    let mut metadata = json!({"resourceVersion": version.to_string()});
    if let Some((last, remaining)) = left {
        let token = Token {
            version: Some(version),
            start: format!("{last}\0"),
        };
        metadata["continue"] = token.encode().into();
        if selector.is_empty() {
            metadata["remainingItemCount"] = remaining.into();
        }
        if version == objects.version() {
            objects.keep_snapshot(resource);
        }
    }
    Ok(Page { items, metadata })
}

/// The items from a key on; where keys are left behind the last one taken, that key and how many.
fn cut(
    table: &Table,
    start: &str,
    namespace: &str,
    selector: &Selector,
    limit: usize,
) -> (Vec<Value>, Option<(String, usize)>) {
    let prefix = if namespace.is_empty() {
        String::new()
    } else {
        format!("{namespace}/")
    };
    let from = if start.is_empty() { prefix.as_str() } else { start };
    let mut items = Vec::new();
    let mut rest = table
        .range(from.to_owned()..)
        .take_while(|(key, _)| key.starts_with(&prefix));
    while let Some((key, object)) = rest.next() {
        if selector.matches(object) {
            items.push(Value::clone(object));
        }
        if limit > 0 && items.len() == limit {
            let left = rest.count();
            // Whether what is left matches is not looked at: the last page of a selection may be empty.
            return (items, (left > 0).then(|| (key.clone(), left)));
        }
    }
    (items, None)
}

fn limit(request: &HttpRequest) -> Result<usize, Failure> {
    match request.parameter("limit").unwrap_or("") {
        "" => Ok(0),
        text => {
            let limit = go::parse_int(text).map_err(|e| bad_request(&e))?;
            Ok(usize::try_from(limit).unwrap_or(0))
        }
    }
}

/// Where a list goes on: at a key, in the state of a version, or in the present one.
#[derive(Debug)]
struct Token {
    version: Option<u64>,
    start: String,
}

impl Token {
    fn encode(&self) -> String {
        let version = self.version.map_or(json!(-1), |version| json!(version));
        let text = json!({"v": "meta.k8s.io/v1", "rv": version, "start": self.start}).to_string();
        URL_SAFE_NO_PAD.encode(text)
    }

    fn decode(text: &str) -> Result<Self, Failure> {
        let bad = |why: &str| bad_request(&format!("invalid continue token: continue key is not valid: {why}"));
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|e| bad(&e.to_string()))?;
        let value: Value = serde_json::from_slice(&bytes).map_err(|e| bad(&e.to_string()))?;
        if value["v"] != "meta.k8s.io/v1" {
            return Err(bad("server does not recognize this encoded version"));
        }
        match (value["rv"].as_i64(), value["start"].as_str()) {
            (Some(version), Some(start)) if version != 0 && !start.is_empty() => Ok(Self {
                version: u64::try_from(version).ok(),
                start: start.to_owned(),
            }),
            _ => Err(bad("incorrect encoded start resourceVersion")),
        }
    }
}

/// Which objects a list is limited to.
#[derive(Debug, Default)]
struct Selector {
    fields: Vec<(String, bool, String)>,
    labels: Vec<(String, Test)>,
}

#[derive(Debug)]
enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Absent,
}

impl Selector {
    fn of(request: &HttpRequest, resource: &str) -> Result<Self, Failure> {
        let mut selector = Self::default();
        let text = request.parameter("fieldSelector").unwrap_or("");
        for term in text.split(',').filter(|t| !t.is_empty()) {
            let (field, equal, value) = comparison(term)
                .ok_or_else(|| bad_request(&format!("invalid field selector: '{text}'; can't understand '{term}'")))?;
            if field != "metadata.name" && field != "metadata.namespace" {
                return Err(bad_request(&format!(
                    "Unable to find \"image.openshift.io/v1, Resource={resource}\" that match label selector \"\", \
                     field selector \"{text}\": \"{field}\" is not a known field selector: only \"metadata.name\", \
                     \"metadata.namespace\""
                )));
            }
            selector.fields.push((field.to_owned(), equal, value.to_owned()));
        }
        let text = request.parameter("labelSelector").unwrap_or("");
        selector.labels =
            labels(text).ok_or_else(|| bad_request(&format!("unable to parse requirement: {}", go::quote(text))))?;
        Ok(selector)
    }

    fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.labels.is_empty()
    }

    fn matches(&self, object: &Value) -> bool {
        let metadata = &object["metadata"];
        self.fields.iter().all(|(field, equal, value)| {
            let found = metadata[&field["metadata.".len()..]].as_str().unwrap_or("");
            (found == value) == *equal
        }) && self.labels.iter().all(|(label, test)| {
            let found = metadata["labels"][label].as_str();
            let among = |values: &[String]| found.is_some_and(|found| values.iter().any(|v| v == found));
            match test {
                Test::In(values) => among(values),
                Test::NotIn(values) => !among(values),
                Test::Exists => found.is_some(),
                Test::Absent => found.is_none(),
            }
        })
    }
}

/// The one name that a field selector allows.
pub fn single_name(selector: &str) -> Option<String> {
    selector.split(',').find_map(|term| match comparison(term)? {
        ("metadata.name", true, name) => Some(name.to_owned()),
        _ => None,
    })
}

/// `a=b`, `a==b` or `a!=b`.
fn comparison(term: &str) -> Option<(&str, bool, &str)> {
    if let Some((field, value)) = term.split_once("!=") {
        return Some((field.trim(), false, value.trim()));
    }
    let (field, value) = term.split_once("==").or_else(|| term.split_once('='))?;
    Some((field.trim(), true, value.trim()))
}

/// Requirements on labels: `a`, `!a`, `a=b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`.
fn labels(text: &str) -> Option<Vec<(String, Test)>> {
    let mut terms = Vec::new();
    let (mut depth, mut begin) = (0, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                terms.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    terms.push(&text[begin..]);
    if depth != 0 {
        return None;
    }
    if text.trim().is_empty() {
        return Some(Vec::new());
    }
    terms.into_iter().map(|term| label(term.trim())).collect()
}

fn label(term: &str) -> Option<(String, Test)> {
    if let Some(inner) = term.strip_suffix(')') {
        let (head, values) = inner.split_once('(')?;
        let values: Vec<String> = values.split(',').map(|v| v.trim().to_owned()).collect();
        let (name, operator) = head.trim().split_once(' ')?;
        let test = match operator.trim() {
            "in" => Test::In(values),
            "notin" => Test::NotIn(values),
            _ => return None,
        };
        return Some((name.to_owned(), test));
    }
    if let Some((name, equal, value)) = comparison(term) {
        let values = vec![value.to_owned()];
        let test = if equal { Test::In(values) } else { Test::NotIn(values) };
        return Some((name.to_owned(), test));
    }
    let word = |name: &str| !name.is_empty() && !name.contains([' ', '(', ')', '!']);
    match term.strip_prefix('!') {
        Some(name) if word(name) => Some((name.to_owned(), Test::Absent)),
        None if word(term) => Some((term.to_owned(), Test::Exists)),
        _ => None,
    }
}
