// SPDX-License-Identifier: Apache-2.0
//! Configuration of clients, and what servers answer.

use std::path::{Path, PathBuf};
use std::time::Instant;

use image_signature::cluster::kubeconfig::Kubeconfig;
use image_signature::cluster::pages::outline::Outline;
use image_signature::cluster::release::Components;
use image_signature::cluster::status::Status;
use image_signature::cluster::{containers, mirrors, streams};
use image_signature::http::{Headers, Method, Response};
use image_signature::image;
use image_signature::json;
use image_signature::limits::MAX_SIGNATURES;
use image_signature::openpgp::framing::lost::no_message;
use image_signature::openpgp::framing::message::Message;
use image_signature::reference::Reference;
use image_signature::registry::challenge::Challenge;
use image_signature::registry::referrers::Referrers;
use image_signature::registry::registries_conf::RegistriesConf;
use image_signature::registry::registries_d::RegistriesD;
use image_signature::registry::{attachments, extension, login, said, served, token};
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

/// An answer with this body.
fn response(input: &[u8]) -> Response {
    Response {
        status: 500,
        content_type: "application/json".to_owned(),
        body: input.to_vec(),
        headers: Headers::default(),
        date: None,
        received: Instant::now(),
    }
}

/// Whether nothing in a text that is printed moves a terminal.
fn is_still(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && c != '\n')
}

/// What a registry and its token server answer, layers too, and stored logins: words of it are safe to print and bounded, and nothing
/// that is a message counts as lost.
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
    let mut referrers = Referrers::default();
    let _ = referrers.add("application/vnd.oci.image.index.v1+json", input);
    assert!(referrers.signatures.len() <= MAX_SIGNATURES);
    if Message::parse(input).is_ok() {
        assert_eq!(served::no_signature(input, no_message), None);
    } else if let Some(why) = served::no_signature(input, no_message) {
        assert!(is_still(&why), "{why:?}");
    }
    let told = said::told(&response(input), |_| false);
    assert!(is_still(&told) && told.len() < 16_384, "{told:?}");
    let _ = login::look_up(input, "registry.example", true);
    if let Err(why) = Components::of_layer(input) {
        assert!(is_still(&why), "{why:?}");
    }
}

/// What the API server answers: for an image, a stream, a pod, a mirror set, a page of a list, and why it refuses.
pub fn api_answer(input: &[u8]) {
    let status = Status::of(&response(input), Method::Get, "/apis");
    assert!(is_still(&format!("{}{}", status.message, status.reason)), "{status:?}");
    if let Ok(page) = Outline::read(input, "Image", "image.openshift.io/v1") {
        let mut former = 0;
        for (begin, end) in page.items {
            assert!(former <= begin && begin < end && end <= input.len());
            assert!(serde_json::from_slice::<serde_json::Value>(&input[begin..end]).is_ok());
            former = end;
        }
    }
    if let Ok(value) = json::parse(input) {
        for trouble in streams::tags(&value).1 {
            assert!(is_still(&trouble.what), "{trouble:?}");
        }
        for trouble in containers::of(&value).1 {
            assert!(is_still(&trouble.what), "{trouble:?}");
        }
        if let Err(what) = mirrors::add(&mut Vec::new(), &value) {
            assert!(is_still(&what), "{what:?}");
        }
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
