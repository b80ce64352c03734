// SPDX-License-Identifier: Apache-2.0
//! Configuration of clients, and what servers answer.

use std::path::{Path, PathBuf};

use image_signature::cluster::kubeconfig::Kubeconfig;
use image_signature::image;
use image_signature::json;
use image_signature::reference::Reference;
use image_signature::registry::challenge::Challenge;
use image_signature::registry::registries_conf::RegistriesConf;
use image_signature::registry::registries_d::RegistriesD;
use image_signature::registry::{attachments, extension, login, token};
use image_signature::sigstore::attachment;
use image_signature::sigstore::key::PublicKey;

/// Reads the input as a kubeconfig, and merges it with itself.
pub fn kubeconfig(input: &[u8]) {
    if let Ok(text) = image_signature::input::text(input.to_vec()) {
        if let Ok(read) = Kubeconfig::parse(&text, Path::new("/")) {
            let mut twice = Kubeconfig::default();
            twice.merge(read);
        }
    }
}

/// registries.conf and registries.d: where an image is looked for is named by what the file says, and does not change.
pub fn registries(input: &[u8]) {
    let (Ok(text), Ok(reference)) = (std::str::from_utf8(input), Reference::parse("registry.example/a/b:c")) else {
        return;
    };
    if let Ok(conf) = RegistriesConf::parse(&[(PathBuf::from("/registries.conf"), text.to_owned())]) {
        let places = conf.locations(&reference).map(|places| format!("{places:?}"));
        let again = conf.locations(&reference).map(|places| format!("{places:?}"));
        assert_eq!(places.ok(), again.ok());
    }
    if let Ok(d) = RegistriesD::parse(&[(PathBuf::from("/a.yaml"), text.to_owned())]) {
        let _ = (d.lookaside(&reference), d.use_sigstore_attachments(&reference));
    }
}

/// What a registry and its token server answer, and stored logins.
pub fn registry_answer(input: &[u8]) {
    if let Ok(text) = std::str::from_utf8(input) {
        let challenge = Challenge::parse(text);
        let _ = challenge.further_scope();
    }
    let _ = token::parse(input, 1_700_000_000);
    let _ = extension::parse(input);
    if let Ok(layers) = attachments::parse("application/vnd.oci.image.manifest.v1+json", input) {
        let _ = format!("{layers:?}");
    }
    let _ = login::look_up(input, "registry.example", true);
}

/// What the API server answers for an image.
pub fn api_answer(input: &[u8]) {
    if let Ok(value) = json::parse(input) {
        if let Ok(image) = image::Image::from_json(&value) {
            let _ = image.digest();
            for signature in image.signatures {
                if let Ok(content) = signature.content {
                    assert!(content.len() <= image_signature::limits::MAX_BLOB_BYTES);
                }
            }
        }
    }
}

/// Stored sigstore signatures and keys.
pub fn sigstore(input: &[u8]) {
    let _ = attachment::parse(input);
    if let Ok(key) = PublicKey::from_pem(input) {
        assert_eq!(key.id().len(), 64);
    }
}
