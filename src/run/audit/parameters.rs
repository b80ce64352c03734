// SPDX-License-Identifier: Apache-2.0
//! What an audit was asked for, in a form that can be compared: the first line of its report.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::hashing::{hex, put};
use crate::audit::head::{Head, Shard, UNKNOWN, VERSION};
use crate::audit::lines::REPORT;
use crate::openpgp::keys::signed_by::SignedBy;
use crate::openpgp::trust::user_keyring::TrustModel;
use crate::settings::audit::Audit;
use crate::settings::criteria::Criteria;
use crate::settings::keys::{KeyChoice, KeySource, SigstoreKeys};
use crate::settings::objects::Recording;
use crate::source::objects::ObjectFiles;
use crate::text::safe;

/// Files of a GnuPG home that say which keys are valid.
const OF_HOME: [&str; 5] = [
    "pubring.kbx",
    "pubring.gpg",
    "public-keys.d/pubring.db",
    "trustdb.gpg",
    "common.conf",
];

/// The first line of the report; `objects` are the files that the images are in, if they are in files.
pub(super) fn head(settings: &Audit, objects: Option<&ObjectFiles>) -> Head {
    let criteria = &settings.criteria;
    let mut keys = Sha256::new();
    match (&criteria.policy, &settings.cluster_policy) {
        (Some(policy), _) => policy.key_files().for_each(|path| put_file(&mut keys, path)),
        // The user's own keys have no part in it.
        (None, Some(_)) => {}
        (None, None) => of_keys(&criteria.keys, &mut keys),
    }
    let policy = match &criteria.policy {
        None if settings.cluster_policy.is_some() => Some(UNKNOWN.to_owned()),
        policy => policy.as_ref().and_then(|policy| policy.hash.clone()),
    };
    Head {
        api_version: VERSION.to_owned(),
        kind: REPORT.to_owned(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        keys: hex(keys),
        policy,
        map: settings.map.as_ref().map(|map| map.hash.clone()),
        options: hex(Sha256::new_with_prefix(settings.options.as_bytes())),
        judged_by: judged_by(settings),
        source: settings.source.clone(),
        content: objects.filter(|_| is_part(settings)).map(content),
        shard: settings.shard,
        started: settings.now,
    }
}

/// By which keys or which policy images are judged, in words; safe to print.
fn judged_by(settings: &Audit) -> String {
    let Criteria {
        keys,
        require,
        policy,
        // It says how identities are compared, not who signs.
        rule: _,
        // Every engine has the same verdicts.
        workers: _,
    } = &settings.criteria;
    match (policy, &settings.cluster_policy) {
        (Some(policy), _) => policy.name.clone(),
        (None, Some(_)) => "the policies of the cluster".to_owned(),
        (None, None) => keys_in_words(keys, *require),
    }
}

/// What of the choice of keys decides: GPG keys, which of them, and sigstore keys.
fn deciding(keys: &KeyChoice) -> (Option<&KeySource>, &SignedBy, Option<&SigstoreKeys>) {
    let KeyChoice {
        source,
        accepts_gpg,
        sigstore,
        signed_by,
        // They change no verdict; the head of the report has the time itself.
        places: _,
        uid: _,
        now: _,
    } = keys;
    (accepts_gpg.then_some(source), signed_by, sigstore.as_ref())
}

fn keys_in_words(keys: &KeyChoice, require: usize) -> String {
    let named = |files: &[PathBuf]| {
        let names = files.iter().map(|path| safe(&path.display().to_string()));
        names.collect::<Vec<_>>().join(", ")
    };
    let (gpg, signed_by, sigstore) = deciding(keys);
    let mut parts = Vec::new();
    if let Some(source) = gpg {
        parts.push(match source {
            KeySource::Files(files) => format!("the keys of {}", named(files)),
            KeySource::Home {
                directory, trust_model, ..
            } => {
                let which = match trust_model {
                    TrustModel::Gpg => "the valid keys",
                    TrustModel::Always => "all keys",
                };
                format!("{which} of the keyring in {}", named(directory.as_slice()))
            }
        });
        let only: Vec<&str> = signed_by.0.iter().map(|own| own.as_str()).collect();
        if !only.is_empty() {
            parts.push(format!("of these only {}", only.join(", ")));
        }
    }
    if let Some(own) = sigstore {
        parts.push(format!("the sigstore keys of {}", named(&own.files)));
        if !own.signed_by.is_empty() {
            parts.push(format!("of these only {}", own.signed_by.join(", ")));
        }
    }
    if require > 1 {
        parts.push(format!("{require} different keys per image"));
    }
    parts.join("; ")
}

/// Whether others judge other parts of the same files, which nobody changes meanwhile.
fn is_part(settings: &Audit) -> bool {
    settings.shard != Shard::WHOLE && settings.recording != Recording::Confirm
}

/// The hash of all files, in order. One that cannot be read again is told where its objects are read.
fn content(objects: &ObjectFiles) -> String {
    let mut all = Sha256::new();
    for file in &objects.files {
        let read = objects.store.section(&file.text, 0, None).and_then(of_all);
        put(
            &mut all,
            read.unwrap_or_else(|error| format!("no content: {}", error.kind()))
                .as_bytes(),
        );
    }
    for unreadable in &objects.unreadable {
        put(
            &mut all,
            format!("unreadable: {}", unreadable.place.source()).as_bytes(),
        );
    }
    hex(all)
}

/// Adds the content of a file; what is not there or cannot be read is told apart, and is told when images are judged.
fn put_file(hash: &mut Sha256, path: &Path) {
    let content = read(path).unwrap_or_else(|error| format!("no content: {}", error.kind()));
    put(hash, content.as_bytes());
}

/// The hash of a regular file: a pipe can be read once, and is not read here.
fn read(path: &Path) -> io::Result<String> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    of_all(File::open(path)?)
}

/// The hash of all that there is to read.
fn of_all(mut file: impl Read) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(hash)),
            count => hash.update(&buffer[..count]),
        }
    }
}

fn of_keys(keys: &KeyChoice, hash: &mut Sha256) {
    let (gpg, signed_by, sigstore) = deciding(keys);
    if let Some(source) = gpg {
        match source {
            KeySource::Files(files) => {
                put(hash, b"files");
                for file in files {
                    put_file(hash, file);
                }
            }
            KeySource::Home {
                directory, trust_model, ..
            } => {
                let model: &[u8] = match trust_model {
                    TrustModel::Gpg => b"home, by validity",
                    TrustModel::Always => b"home, all",
                };
                put(hash, model);
                for name in directory.iter().flat_map(|home| OF_HOME.map(|name| home.join(name))) {
                    put_file(hash, &name);
                }
            }
        }
    }
    for fingerprint in &signed_by.0 {
        put(hash, fingerprint.as_str().as_bytes());
    }
    if let Some(own) = sigstore {
        put(hash, b"sigstore");
        for file in &own.files {
            put_file(hash, file);
        }
        for digest in &own.signed_by {
            put(hash, digest.as_bytes());
        }
    }
}
