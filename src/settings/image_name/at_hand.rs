// SPDX-License-Identifier: Apache-2.0
//! Files and directories where the name of an image is expected, and what to write for them.

use std::path::Path;

use super::words::{AT_SIGNATURES, DIR};
use crate::files::read::{read_head, read_regular};
use crate::input::tar::{is_tar, HEAD, TAR};
use crate::limits::MAX_KEY_BYTES;
use crate::openpgp::framing::packet::{self, tag};
use crate::source::directory::is_oci_layout;
use crate::text::{home_word, safe, shell_word};

/// What to write for a file or a directory that is there.
pub(super) fn at_hand(text: &str) -> Option<String> {
    path(text).filter(|_| Path::new(text).exists())
}

/// What to write for a file or a directory. A name that could be one of an object is not looked up among the files.
pub(super) fn path(text: &str) -> Option<String> {
    const ENDINGS: [&str; 8] = [".json", ".yaml", ".yml", ".sig", ".gpg", ".asc", ".tar", ".tgz"];
    let begins = ["/", "./", "../", "~/", "file:"]
        .iter()
        .any(|start| text.starts_with(start));
    let is_word = !text.contains([':', '@', '=']);
    let ends = is_word && (ENDINGS.iter().any(|end| text.ends_with(end)) || text.ends_with('/'));
    let is_there = Path::new(text).exists();
    if !(begins || ends || text == "." || text == ".." || is_there && is_word) {
        return None;
    }
    let path = Path::new(text);
    let as_word = |text: &str| shell_word(&safe(text));
    let (shown, directory) = match home_word(text) {
        Some(word) => (word.clone(), format!("{DIR}{word}")),
        None => (as_word(text), as_word(&format!("{DIR}{text}"))),
    };
    let looks = if is_there { "is" } else { "looks like the path of" };
    Some(if path.join("manifest.json").is_file() {
        format!("it is a directory with an image; write {directory}")
    } else if is_oci_layout(path) {
        format!("it is an OCI layout, which is not supported here; {AT_SIGNATURES}")
    } else if path.is_dir() || text.ends_with('/') {
        format!(
            "it {looks} a directory; write --filename {shown} for the API objects in it, {directory} for an image that skopeo copied"
        )
    } else if [".json", ".yaml", ".yml"].iter().any(|end| text.ends_with(end)) {
        format!(
            "it {looks} a file; if it holds API objects, write --filename {shown} (the option before each file); if it is a manifest, use verify with --manifest {shown} and --signature-file"
        )
    } else if let Some(content) = content(path) {
        content
    } else {
        format!(
            "it {looks} a file; write --filename for API objects, dir:PATH for a directory that skopeo wrote; verify takes bare parts with --manifest and --signature-file"
        )
    })
}

/// What to say of a file by what is in it: keys, or a tar archive, of which the first bytes are enough.
fn content(path: &Path) -> Option<String> {
    let head = read_head(path, HEAD).ok()?;
    if is_tar(&head) {
        return Some(format!("it is {TAR}"));
    }
    let bytes = read_regular(path, MAX_KEY_BYTES as u64).ok()??;
    let text = String::from_utf8_lossy(&bytes);
    let begins = |with: &str| text.trim_start().starts_with(with);
    let first = packet::next(&mut &bytes[..]).ok().flatten();
    let is_openpgp = begins("-----BEGIN PGP PUBLIC KEY") || first.is_some_and(|packet| packet.tag == tag::PUBLIC_KEY);
    let shown = shell_word(&safe(&path.display().to_string()));
    if is_openpgp {
        return Some(format!(
            "it has OpenPGP keys, which verify, keys and audit take with --public-key {shown}"
        ));
    }
    begins("-----BEGIN PUBLIC KEY")
        .then(|| format!("it has a public key in PEM, which verify and audit take with --sigstore-key {shown}"))
}
