// SPDX-License-Identifier: Apache-2.0
//! Mirrors of a cluster: ImageDigestMirrorSet, ImageTagMirrorSet and ImageContentSourcePolicy, and the lists of insecure
//! and blocked registries (docs/openshift-api.md 8.6).

use serde_json::Value;

use super::api::{Api, ApiError};
use super::registries;
use crate::reason::{Reason, Refusal};
use crate::registry::registries_conf::mirror_sets::MirrorSource;
use crate::registry::registries_conf::RegistriesConf;
use crate::text::quoted;

/// Most entries of all mirror sets together.
const MAX_SOURCES: usize = 10_000;

/// Where each kind is listed, the kind of the list, and the member of `spec` that has the entries.
const KINDS: [(&str, &str, &str); 3] = [
    (
        "/apis/config.openshift.io/v1/imagedigestmirrorsets",
        "ImageDigestMirrorSet",
        "imageDigestMirrors",
    ),
    (
        "/apis/config.openshift.io/v1/imagetagmirrorsets",
        "ImageTagMirrorSet",
        "imageTagMirrors",
    ),
    (
        "/apis/operator.openshift.io/v1alpha1/imagecontentsourcepolicies",
        "ImageContentSourcePolicy",
        "repositoryDigestMirrors",
    ),
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
    for (path, kind, _) in KINDS {
        let what = format!("listing {kind}s, which say where images are mirrored");
        let list = match api.get(path) {
            Ok(list) => list,
            // Versions of the cluster without this kind.
            Err(ApiError::Status(status)) if status.is_absent() => continue,
            Err(error) => return Err(error.refusal(&what)),
        };
        let (next, follow) = (&list["metadata"]["continue"], &list["metadata"]["remainingItemCount"]);
        let is_whole = next.as_str().is_none_or(str::is_empty) && follow.as_u64().is_none_or(|count| count == 0);
        let items = match list["items"].as_array() {
            Some(items) if list["kind"] == format!("{kind}List") && is_whole => items,
            _ => return Err(api.nonsense(&format!("expected the whole {kind}List")).refusal(&what)),
        };
        let version = path.strip_prefix("/apis/").and_then(|path| path.rsplit_once('/'));
        for item in items {
            let mut item = item.clone();
            let members = item
                .as_object_mut()
                .ok_or_else(|| api.nonsense("expected objects").refusal(&what))?;
            // Items of a list may come without them.
            members.insert("kind".to_owned(), kind.into());
            members.insert("apiVersion".to_owned(), version.map(|(version, _)| version).into());
            mirrors.objects.push(item);
        }
    }
    if let Some(configuration) = registries::configuration(api)? {
        mirrors.insecure = configuration.insecure;
        mirrors.blocked = configuration.blocked;
    }
    Ok(mirrors)
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
    let Some((_, _, member)) = KINDS.iter().find(|(_, own, _)| *own == kind) else {
        return Err(wrong("not a mirror set"));
    };
    let entries = match &object["spec"][*member] {
        Value::Null => return Ok(()),
        Value::Array(entries) => entries,
        _ => return Err(wrong(&format!("spec.{member}: expected a list"))),
    };
    for entry in entries {
        if sources.len() == MAX_SOURCES {
            return Err(format!("there are more than {MAX_SOURCES} entries"));
        }
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
