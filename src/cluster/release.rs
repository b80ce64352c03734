// SPDX-License-Identifier: Apache-2.0
//! The release payload that a cluster runs, by its ClusterVersion, and the signatures of payloads that the
//! cluster keeps (docs/openshift-api.md 9).

mod archive;
mod components;

pub use components::{Component, Components};
use serde_json::Value;

use super::api::{Api, ApiError};
use super::pages::{List, Pages, Step, PAGE};
use crate::digest::{Algorithm, Digest};
use crate::image;
use crate::json::select::Keep;
use crate::reason::{Reason, Refusal};
use crate::reference::Reference;
use crate::text::{bounded, quoted};

const VERSION: &str = "/apis/config.openshift.io/v1/clusterversions/version";

/// Most entries of the history that are looked at; the operator keeps about a hundred.
const MAX_HISTORY: usize = 1000;

/// Longest version that is shown, in characters.
const MAX_VERSION: usize = 128;

/// Where the cluster keeps signatures of payloads: those that were mirrored, and those that its operator has used.
pub const SIGNATURES: &str = "/api/v1/namespaces/openshift-config-managed/configmaps";

/// The label of the ConfigMaps that hold them, whatever its value.
const LABEL: &str = "release.openshift.io/verification-signatures";

/// What is kept of a ConfigMap.
const CONFIG_MAP: Keep = Keep::Members(&[
    ("apiVersion", Keep::All),
    ("kind", Keep::All),
    ("metadata", Keep::Members(&[("name", Keep::All), ("uid", Keep::All)])),
    ("binaryData", Keep::All),
]);

/// Where upstream publishes payloads: what a payload is signed as wherever it is mirrored to.
const UPSTREAM: &str = "quay.io/openshift-release-dev/ocp-release";

/// What the tag of a payload ends in.
const ARCHITECTURES: [&str; 5] = ["x86_64", "aarch64", "ppc64le", "s390x", "multi"];

/// A payload that runs: the last one that was completed, and each that was begun after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// Its version, as the cluster names it.
    pub version: String,
    /// The reference that the cluster names it by, with a digest.
    pub image: Reference,
}

impl Payload {
    /// What it may be signed as: as the cluster names it, by digest, or as upstream publishes this version, by tag.
    #[must_use]
    pub fn references(&self) -> Vec<Reference> {
        let upstream = ARCHITECTURES.iter().filter_map(|architecture| {
            let tag = format!("{}-{architecture}", self.version);
            Reference::parse(&format!("{UPSTREAM}:{tag}")).ok()
        });
        std::iter::once(self.image.clone()).chain(upstream).collect()
    }
}

/// A signature of a payload that the cluster keeps.
#[derive(Debug)]
pub struct Kept {
    /// The ConfigMap and the key in it.
    pub name: String,
    /// The signature, or what is wrong with it.
    pub content: Result<Vec<u8>, Refusal>,
}

/// The signatures that the cluster keeps of each of these payloads, in the order of their numbers.
///
/// # Errors
/// When they cannot be listed as a whole.
pub fn signatures(api: &mut Api, payloads: &[Digest]) -> Result<Vec<Vec<Kept>>, Refusal> {
    let what = "listing the ConfigMaps with signatures of release payloads";
    let mut pages = Pages::whole(List {
        path: SIGNATURES.to_owned(),
        api_version: "v1",
        kind: "ConfigMap",
        selector: LABEL.to_owned(),
        keep: CONFIG_MAP,
        first: PAGE,
    });
    let mut found: Vec<Vec<(u64, Kept)>> = payloads.iter().map(|_| Vec::new()).collect();
    loop {
        let object = match pages.step(api) {
            Ok(Step::Item(object)) => object,
            Ok(Step::Again) => {
                found.iter_mut().for_each(Vec::clear);
                continue;
            }
            Ok(Step::End) => break,
            Err(ApiError::Status(status)) if status.is_absent() => break,
            Err(error) => return Err(error.refusal(what)),
        };
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        for (key, content) in object["binaryData"].as_object().into_iter().flatten() {
            for (payload, found) in payloads.iter().zip(&mut found) {
                if let Some(number) = number(key, payload) {
                    let content = image::blob_of_base64(content.as_str().unwrap_or_default());
                    let name = format!("{name}/{key}");
                    found.push((number, Kept { name, content }));
                }
            }
        }
    }
    for own in &mut found {
        own.sort_by(|(one, first), (other, second)| (one, &first.name).cmp(&(other, &second.name)));
    }
    let numbered = found.into_iter();
    Ok(numbered
        .map(|own| own.into_iter().map(|(_, kept)| kept).collect())
        .collect())
}

/// The number of a signature of a payload, by its key: `sha256-HEX-NUMBER`, or `sha256-HEX` alone. A key that only begins
/// like that is another one's.
fn number(key: &str, payload: &Digest) -> Option<u64> {
    let rest = key.strip_prefix("sha256-")?.strip_prefix(payload.hex())?;
    match rest.strip_prefix('-') {
        None if rest.is_empty() => Some(0),
        Some(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
        _ => None,
    }
}

/// The payloads that run; none where the cluster has no ClusterVersion. While an update is under way several
/// do, the newest first.
///
/// # Errors
/// When it cannot be read, or does not say which payload runs.
pub fn running(api: &mut Api) -> Result<Vec<Payload>, Refusal> {
    let what = "reading the ClusterVersion, which names the release payload";
    let object = match api.get(VERSION) {
        Ok(object) => object,
        Err(ApiError::Status(status)) if status.is_absent() => return Ok(Vec::new()),
        Err(error) => return Err(error.refusal(what)),
    };
    if object["kind"] != "ClusterVersion" || object["metadata"]["name"] != "version" {
        return Err(api.nonsense("expected the ClusterVersion version").refusal(what));
    }
    payloads(&object["status"]["history"])
        .map_err(|why| Refusal::new(Reason::SourceUnavailable, format!("{what}: status.history: {why}")))
}

fn payloads(history: &Value) -> Result<Vec<Payload>, String> {
    let mut found: Vec<Payload> = Vec::new();
    for entry in history.as_array().into_iter().flatten().take(MAX_HISTORY) {
        let text = |member: &str| entry[member].as_str().unwrap_or_default();
        let image = Reference::parse(text("image")).ok();
        let is_digest = |image: &Reference| image.digest().is_some_and(|d| d.algorithm() == Algorithm::Sha256);
        let Some(image) = image.filter(is_digest) else {
            return Err(format!("{} names no payload by digest", quoted(text("image"))));
        };
        // What uses an image has a slash after the version where it is a component's.
        let version = bounded(text("version"), MAX_VERSION).replace('/', "_");
        if !found.iter().any(|known| known.image == image) {
            found.push(Payload { version, image });
        }
        match text("state") {
            "Completed" => return Ok(found),
            "Partial" => {}
            other => return Err(format!("the state {} is unknown", quoted(other))),
        }
    }
    // Before the installation is completed everything that was begun may run.
    match found.is_empty() {
        true => Err("it has no entries".to_owned()),
        false => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn entry(state: &str, version: &str, c: char) -> Value {
        let image = format!("quay.io/r/release@sha256:{}", c.to_string().repeat(64));
        json!({"state": state, "version": version, "image": image})
    }

    #[test]
    fn while_an_update_is_under_way_the_old_payload_runs_too() {
        let history = json!([
            entry("Partial", "4.3", 'c'),
            entry("Completed", "4.2", 'b'),
            entry("Completed", "4.1", 'a')
        ]);
        let versions: Vec<String> = payloads(&history).unwrap().into_iter().map(|p| p.version).collect();
        assert_eq!(versions, ["4.3", "4.2"]);
        let begun = json!([entry("Partial", "4.1/x", 'a')]);
        let begun = payloads(&begun).unwrap();
        assert_eq!((begun.len(), begun[0].version.as_str()), (1, "4.1_x"));
    }

    #[test]
    fn only_keys_of_the_whole_digest_are_of_a_payload() {
        let payload = Digest::parse(&format!("sha256:{}", "a".repeat(64))).unwrap();
        let key = |rest: &str| number(&format!("sha256-{}{rest}", payload.hex()), &payload);
        assert_eq!([key(""), key("-1"), key("-20")], [Some(0), Some(1), Some(20)]);
        for rest in ["0-1", "junk", "-", "-x", "-1x", "-1-1", "-99999999999999999999999"] {
            assert_eq!(key(rest), None, "{rest}");
        }
        assert_eq!(number(&format!("sha256:{}-1", payload.hex()), &payload), None);
    }

    #[test]
    fn a_payload_is_signed_as_the_cluster_names_it_or_as_upstream_publishes_it() {
        let own = payloads(&json!([entry("Completed", "4.21.3", 'a')])).unwrap().remove(0);
        let references: Vec<String> = own.references().iter().map(ToString::to_string).collect();
        assert_eq!(references[0], format!("quay.io/r/release@sha256:{}", "a".repeat(64)));
        assert_eq!(references[1], "quay.io/openshift-release-dev/ocp-release:4.21.3-x86_64");
        assert_eq!(references.len(), 6);
        // What is no version names no tag.
        let odd = Payload {
            version: "4.21/x y".into(),
            ..own
        };
        assert_eq!(odd.references().len(), 1);
    }

    #[test]
    fn a_history_that_does_not_say_which_payload_runs_is_no_answer() {
        for bad in [
            json!(null),
            json!([]),
            json!([entry("Done", "4.1", 'a')]),
            json!([{"state": "Completed", "version": "4.1", "image": "quay.io/r/release:4.1"}]),
            json!([{"state": "Completed", "version": "4.1"}]),
        ] {
            assert!(payloads(&bad).is_err(), "{bad}");
        }
    }
}
