// SPDX-License-Identifier: Apache-2.0
//! The release payload that a cluster runs, by its ClusterVersion (docs/openshift-api.md 9).

use serde_json::Value;

use super::api::{Api, Error};
use crate::digest::Algorithm;
use crate::reason::{Reason, Refusal};
use crate::reference::Reference;
use crate::text::{bounded, quoted};

const VERSION: &str = "/apis/config.openshift.io/v1/clusterversions/version";

/// Most entries of the history that are looked at; the operator keeps about a hundred.
const MAX_HISTORY: usize = 1000;

/// Longest version that is shown, in characters.
const MAX_VERSION: usize = 128;

/// A payload that runs: the last one that was completed, and each that was begun after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// Its version, as the cluster names it.
    pub version: String,
    /// The reference that the cluster names it by, with a digest.
    pub image: Reference,
}

/// The payloads that run; none where the cluster has no ClusterVersion. While an update is under way several do, the newest
/// first.
///
/// # Errors
/// When it cannot be read, or does not say which payload runs.
pub fn running(api: &mut Api) -> Result<Vec<Payload>, Refusal> {
    let what = "reading the ClusterVersion, which names the release payload";
    let object = match api.get(VERSION) {
        Ok(object) => object,
        Err(Error::Status(status)) if status.is_absent() => return Ok(Vec::new()),
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
        let version = bounded(text("version"), MAX_VERSION);
        if !found.iter().any(|known| known.image == image) {
            found.push(Payload { version, image });
        }
        match text("state") {
            "Completed" => return Ok(found),
            "Partial" => {}
            other => return Err(format!("the state {} is not known", quoted(other))),
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
        let begun = json!([entry("Partial", "4.1", 'a')]);
        assert_eq!(payloads(&begun).unwrap().len(), 1);
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
