// SPDX-License-Identifier: Apache-2.0
//! What a cluster says about registries, and signatures that are added to its images.

use serde_json::json;

use super::{is_open, pause, Session, MAX_TRIES};
use crate::cluster::api::ApiError;
use crate::cluster::mirrors::{self, Mirrors};
use crate::cluster::registries::{self, Own};
use crate::http::secret::Secret;
use crate::reason::Refusal;
use crate::registry::registries_conf::RegistriesConf;

/// Where signatures are added (docs/openshift-api.md 2.4). What is sent there is stored, whatever `dryRun` says.
const SIGNATURES: &str = "/apis/image.openshift.io/v1/imagesignatures?fieldManager=image-signature";

/// The type of signatures that are added.
const TYPE: &str = "atomic";

/// What the server said to a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Posted {
    /// The signature was added by this request.
    Added,
    /// One of this name or content is there.
    AlreadyThere,
    /// The signature was not added, and why; safe to print.
    Failed(String),
    /// Nobody knows: the answer did not arrive, or says that something went wrong. Safe to print.
    Open(String),
}

impl Session {
    /// The hosts of the cluster's own registry.
    ///
    /// # Errors
    /// When none can be found out.
    pub fn own_registries(&mut self) -> Result<Own, Refusal> {
        registries::own(&mut self.api)
    }

    /// The mirrors that nodes of the cluster use.
    ///
    /// # Errors
    /// When they cannot be read or used.
    pub fn mirrors(&mut self) -> Result<RegistriesConf, Refusal> {
        mirrors::read(&mut self.api)
    }

    /// The mirror sets of the cluster as the server gives them, and what else it says of registries.
    ///
    /// # Errors
    /// When they cannot be listed as a whole.
    pub fn listed_mirrors(&mut self) -> Result<Mirrors, Refusal> {
        mirrors::list(&mut self.api)
    }

    /// The user's token; nothing where the login is of another kind.
    ///
    /// # Errors
    /// When it cannot be had.
    pub fn token(&mut self) -> Result<Option<Secret>, Refusal> {
        let token = self.api.token();
        token.map_err(|error| error.refusal("looking up the token of the cluster"))
    }

    /// Adds a signature to an image under a name.
    pub fn post(&mut self, name: &str, content: &str) -> Posted {
        let signature = json!({
            "apiVersion": "image.openshift.io/v1",
            "kind": "ImageSignature",
            "metadata": {"name": name},
            "type": TYPE,
            "content": content,
        });
        let mut tries = 0;
        loop {
            let error = match self.api.post(SIGNATURES, &signature) {
                Ok(answer) if answer["kind"] == "ImageSignature" && answer["metadata"]["name"] == name => {
                    return Posted::Added
                }
                Ok(_) => self.api.nonsense("expected the ImageSignature that was sent"),
                Err(error) => error,
            };
            match &error {
                ApiError::Status(status) if status.code == 409 && status.reason == "AlreadyExists" => {
                    return Posted::AlreadyThere
                }
                // Somebody else has changed the image in between.
                ApiError::Status(status) if status.is_conflict() && tries < MAX_TRIES => {
                    tries += 1;
                    pause(tries);
                }
                ApiError::Status(status) if status.code == 403 => {
                    return Posted::Failed(format!(
                        "{error}; the cluster role system:image-signer has the right to add signatures (oc adm policy add-cluster-role-to-user system:image-signer USER)"
                    ));
                }
                _ if is_open(&error) => return Posted::Open(error.to_string()),
                _ => return Posted::Failed(error.to_string()),
            }
        }
    }
}
