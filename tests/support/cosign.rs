// SPDX-License-Identifier: Apache-2.0
//! Sigstore signatures as cosign makes them, by keys made for the test.

use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::Rsa;
use openssl::sign::Signer;
use serde_json::{json, Map, Value};
use sha2::{Digest as _, Sha256};

use super::images::base64;

pub const SIGNATURE_TYPE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

/// A key pair that signs as cosign does.
#[derive(Debug)]
pub struct Cosign(pub PKey<Private>);

impl Cosign {
    pub fn ecdsa(curve: Nid) -> Self {
        let group = EcGroup::from_curve_name(curve).unwrap();
        Self(PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap())
    }

    /// What cosign makes by itself.
    pub fn new() -> Self {
        Self::ecdsa(Nid::X9_62_PRIME256V1)
    }

    pub fn rsa(bits: u32) -> Self {
        Self(PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap())
    }

    pub fn ed25519() -> Self {
        Self(PKey::generate_ed25519().unwrap())
    }

    /// The public key as PEM.
    pub fn pem(&self) -> Vec<u8> {
        self.0.public_key_to_pem().unwrap()
    }

    /// `rootOfTrust` of a policy object that accepts the key.
    pub fn root_of_trust(&self) -> Value {
        json!({"policyType": "PublicKey", "publicKey": {"keyData": base64(&self.pem())}})
    }

    /// `spec` of a policy object that accepts the key in these scopes.
    pub fn policy_spec(&self, scopes: &[&str]) -> Value {
        json!({"scopes": scopes, "policy": {"rootOfTrust": self.root_of_trust()}})
    }

    /// SHA-256 of the public key.
    pub fn id(&self) -> String {
        let digest = Sha256::digest(self.0.public_key_to_der().unwrap());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub fn sign(&self, payload: &[u8]) -> Vec<u8> {
        self.sign_with(payload, MessageDigest::sha256())
    }

    pub fn sign_with(&self, payload: &[u8], digest: MessageDigest) -> Vec<u8> {
        let mut signer = if self.0.id() == Id::ED25519 {
            Signer::new_without_digest(&self.0).unwrap()
        } else {
            Signer::new(digest, &self.0).unwrap()
        };
        signer.sign_oneshot_to_vec(payload).unwrap()
    }

    /// A signature of an image as a file of skopeo's.
    pub fn file(&self, digest: &str, reference: &str) -> Vec<u8> {
        self.file_of(&payload(digest, reference))
    }

    /// The same with any payload.
    pub fn file_of(&self, payload: &[u8]) -> Vec<u8> {
        file(
            payload,
            &[("dev.cosignproject.cosign/signature", &base64(&self.sign(payload)))],
        )
    }
}

impl Default for Cosign {
    fn default() -> Self {
        Self::new()
    }
}

/// A well-formed payload, as cosign writes it.
pub fn payload(digest: &str, reference: &str) -> Vec<u8> {
    let payload = json!({
        "critical": {
            "identity": {"docker-reference": reference},
            "image": {"docker-manifest-digest": digest},
            "type": "cosign container image signature",
        },
        "optional": null,
    });
    serde_json::to_vec(&payload).unwrap()
}

/// A stored signature with these annotations.
pub fn file(payload: &[u8], annotations: &[(&str, &str)]) -> Vec<u8> {
    let annotations: Map<String, Value> = annotations
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).into()))
        .collect();
    let stored = json!({"mimeType": SIGNATURE_TYPE, "payload": base64(payload), "annotations": annotations});
    [b"\0sigstore-json\n", stored.to_string().as_bytes()].concat()
}
