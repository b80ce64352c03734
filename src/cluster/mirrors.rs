// SPDX-License-Identifier: Apache-2.0
//! Mirrors of a cluster: ImageDigestMirrorSet, ImageTagMirrorSet and ImageContentSourcePolicy, and the lists of insecure
//! and blocked registries (docs/openshift-api.md 8.6).

use serde_json::Value;

use super::api::{Api, ApiError};
use super::pages::{List, Pages, Step, PAGE};
use super::registries;
use crate::json::select::Keep;
use crate::reason::{Reason, Refusal};
use crate::registry::registries_conf::mirror_sets::MirrorSource;
use crate::registry::registries_conf::RegistriesConf;
use crate::text::quoted;

/// Most entries of all mirror sets together.
const MAX_SOURCES: usize = 10_000;

/// A kind of mirror sets.
#[derive(Debug)]
struct Kind {
    api_version: &'static str,
    resource: &'static str,
    name: &'static str,
    /// The member of `spec` that has the entries.
    member: &'static str,
}

const KINDS: [Kind; 3] = [
    Kind {
        api_version: "config.openshift.io/v1",
        resource: "imagedigestmirrorsets",
        name: "ImageDigestMirrorSet",
        member: "imageDigestMirrors",
    },
    Kind {
        api_version: "config.openshift.io/v1",
        resource: "imagetagmirrorsets",
        name: "ImageTagMirrorSet",
        member: "imageTagMirrors",
    },
    Kind {
        api_version: "operator.openshift.io/v1alpha1",
        resource: "imagecontentsourcepolicies",
        name: "ImageContentSourcePolicy",
        member: "repositoryDigestMirrors",
    },
];

/// What a cluster says of mirrors.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mirrors {
    /// Its mirror sets, each with its kind.
    pub objects: Vec<Value>,
    /// Registries whose certificates need not be verified.
    pub insecure: Vec<String>,
    /// Registries that nodes must not contact.
    pub blocked: Vec<String>,
}

/// What nodes of the cluster take mirrors from.
///
/// # Errors
/// When one of the lists cannot be read or used: the source might be one that must not be contacted.
pub fn read(api: &mut Api) -> Result<RegistriesConf, Refusal> {
    list(api)?.as_nodes_read()
}

impl Mirrors {
    /// What nodes make of it.
    ///
    /// # Errors
    /// When they would make nothing of it: an entry breaks a rule, or two contradict each other.
    pub fn as_nodes_read(&self) -> Result<RegistriesConf, Refusal> {
        let mut sources = Vec::new();
        for object in &self.objects {
            add(&mut sources, object).map_err(|error| unusable(&error))?;
        }
        RegistriesConf::of_mirror_sets(&sources, &self.insecure, &self.blocked).map_err(|error| unusable(&error.what))
    }
}

/// The mirror sets of the cluster, and what its image configuration says of registries.
///
/// # Errors
/// When one of the lists cannot be read as a whole.
pub fn list(api: &mut Api) -> Result<Mirrors, Refusal> {
    let mut mirrors = Mirrors::default();
    for kind in KINDS {
        match items(api, &kind) {
            Ok(items) => mirrors.objects.extend(items),
            // Versions of the cluster without this kind.
            Err(ApiError::Status(status)) if status.is_absent() => {}
            Err(error) => {
                let what = format!("listing {}s, which say where images are mirrored", kind.name);
                return Err(error.refusal(&what));
            }
        }
    }
    if let Some(configuration) = registries::configuration(api)? {
        mirrors.insecure = configuration.insecure;
        mirrors.blocked = configuration.blocked;
    }
    Ok(mirrors)
}

/// All objects of a kind, each with its kind, which items of a list may come without.
fn items(api: &mut Api, kind: &Kind) -> Result<Vec<Value>, ApiError> {
    let mut pages = Pages::whole(List {
        path: format!("/apis/{}/{}", kind.api_version, kind.resource),
        api_version: kind.api_version,
        kind: kind.name,
        selector: String::new(),
        keep: Keep::All,
        first: PAGE,
    });
    let mut items = Vec::new();
    loop {
        match pages.step(api)? {
            Step::Item(_) if items.len() == MAX_SOURCES => {
                return Err(api.nonsense(&format!("there are more than {MAX_SOURCES} {}s", kind.name)));
            }
            Step::Item(mut item) => {
                let members = item.as_object_mut().ok_or_else(|| api.nonsense("expected objects"))?;
                members.insert("kind".to_owned(), kind.name.into());
                members.insert("apiVersion".to_owned(), kind.api_version.into());
                items.push(item);
            }
            Step::Again => items.clear(),
            Step::End => return Ok(items),
        }
    }
}

/// Refuses a value that is not an object, or has members that are not known: what they say may forbid a source.
fn only(value: &Value, place: &str, known: &[&str]) -> Result<(), String> {
    let members = value
        .as_object()
        .ok_or_else(|| format!("{place}: expected an object"))?;
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(format!("{place}: unknown member {}", quoted(name))),
        None => Ok(()),
    }
}

fn unusable(why: &str) -> Refusal {
    Refusal::new(
        Reason::SourceUnavailable,
        format!("the mirror sets of the cluster cannot be used: {why}; see oc get imagedigestmirrorsets,imagetagmirrorsets,imagecontentsourcepolicies"),
    )
}

/// Adds the entries of one object, by its kind.
///
/// # Errors
/// When it is of another kind, or an entry is not what it should be.
pub fn add(sources: &mut Vec<MirrorSource>, object: &Value) -> Result<(), String> {
    let kind = object["kind"].as_str().unwrap_or_default();
    let name = quoted(object["metadata"]["name"].as_str().unwrap_or_default());
    let wrong = |what: &str| format!("{kind} {name}: {what}");
    let Some(Kind { member, .. }) = KINDS.iter().find(|own| own.name == kind) else {
        return Err(wrong("not a mirror set"));
    };
    only(&object["spec"], "spec", &[member]).map_err(|what| wrong(&what))?;
    let entries = match &object["spec"][*member] {
        Value::Null => return Ok(()),
        Value::Array(entries) => entries,
        _ => return Err(wrong(&format!("spec.{member}: expected a list"))),
    };
    for entry in entries {
        if sources.len() == MAX_SOURCES {
            return Err(format!("there are more than {MAX_SOURCES} entries"));
        }
        let place = format!("spec.{member}");
        only(entry, &place, &["source", "mirrors", "mirrorSourcePolicy"]).map_err(|what| wrong(&what))?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let source = text(&entry["source"]).ok_or_else(|| wrong("source: expected text"))?;
        let mirrors = match &entry["mirrors"] {
            Value::Null => Some(Vec::new()),
            Value::Array(mirrors) => mirrors.iter().map(text).collect(),
            _ => None,
        };
        let never_contact = match &entry["mirrorSourcePolicy"] {
            _ if kind == "ImageContentSourcePolicy" => None,
            Value::Null => Some(false),
            Value::String(policy) => match policy.as_str() {
                "" | "AllowContactingSource" => Some(false),
                "NeverContactSource" => Some(true),
                other => return Err(wrong(&format!("mirrorSourcePolicy {} is unknown", quoted(other)))),
            },
            _ => return Err(wrong("mirrorSourcePolicy: expected text")),
        };
        sources.push(MirrorSource {
            source,
            mirrors: mirrors.ok_or_else(|| wrong("mirrors: expected a list of text"))?,
            by_tag: kind == "ImageTagMirrorSet",
            never_contact,
        });
    }
    Ok(())
}
