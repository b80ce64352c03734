// SPDX-License-Identifier: Apache-2.0
//! The keys of a requirement: what is in each file, and what GnuPG makes of them.

use super::key_files::KeyFiles;
use crate::files::read::read_bounded;
use crate::openpgp::engine::Engine;
use crate::openpgp::gnupg::check::GpgCheck;
use crate::openpgp::keys::key::Subkey;
use crate::openpgp::keys::key_file::Contents;
use crate::openpgp::keys::listing::ListedKey;
use crate::openpgp::keys::signed_by::SignedBy;
use crate::openpgp::trust::import;
use crate::policy::explanation::{KeyFile, KeyLine, SubkeyLine};
use crate::policy::{words, KeyMaterial, PolicyRequirement, SigstoreSigners};
use crate::reference::Reference;
use crate::settings::policy::Ground;
use crate::sigstore::key::{PublicKey, MAX_KEY_FILE};
use crate::text::{io_message, safe};

/// The keys of a requirement.
#[derive(Default)]
pub(super) struct Keys {
    pub files: Vec<KeyFile>,
    /// What the OpenPGP files hold, where they could be read; beside [`Keys::files`].
    pub contents: Vec<Option<Contents>>,
    /// Why GnuPG could not be asked.
    pub engine_trouble: Option<String>,
}

impl Keys {
    /// Whether a signature by one of them could meet the requirement that they are of; `None` where GnuPG could not be
    /// asked. One that asks for no keys is not held up by them; a file of which nothing can be used keeps
    /// every image from being judged.
    fn may_meet(&self, requirement: &PolicyRequirement) -> Option<bool> {
        let mut keys = self.files.iter().flat_map(|file| &file.keys);
        let mut troubles = self.files.iter().filter_map(|file| file.trouble.as_ref());
        if !words::is_by_keys(requirement) {
            Some(true)
        } else if troubles.next().is_some() {
            Some(false)
        } else if self.engine_trouble.is_some() {
            None
        } else {
            Some(keys.any(|key| key.refusal.is_none()))
        }
    }
}

/// Whether the keys of all requirements of a list could meet them; `None` where GnuPG could not be asked.
#[derive(Clone, Copy)]
pub(super) struct MayMeet(Option<bool>);

impl MayMeet {
    /// Of a list that requires nothing.
    pub(super) const NOTHING: Self = Self(Some(true));

    /// The same with one requirement more. Where one cannot be met, no answer about another one makes up for it.
    pub(super) fn and(self, requirement: &PolicyRequirement, keys: &Keys) -> Self {
        Self(match (self.0, keys.may_meet(requirement)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), other) => other,
            (None, _) => None,
        })
    }

    /// What an image that is asked for as `asked` can get at best by these requirements; `None` where that is not known. By
    /// a policy that `is_spoiled`, since a key file of another scope is of no use, nothing is judged.
    pub(super) fn best(
        self,
        requirements: &[PolicyRequirement],
        asked: &Reference,
        is_spoiled: bool,
    ) -> Option<&'static str> {
        if is_spoiled {
            return Some("Rejected");
        }
        let with_keys = |has_keys| words::best_with_keys(requirements, has_keys, asked);
        match self.0 {
            Some(has_keys) => Some(with_keys(has_keys)),
            // What holds with keys and without them does not depend on the answer.
            None => Some(with_keys(true)).filter(|own| *own == with_keys(false)),
        }
    }
}

/// Reads the keys of a requirement. A file that is of no use is told in its place.
pub(super) fn of(requirement: &PolicyRequirement, ground: &Ground, all: &KeyFiles) -> Keys {
    match requirement {
        PolicyRequirement::SignedBy { key_type, keys, .. } if words::is_openpgp(*key_type) => {
            openpgp(keys, ground, all)
        }
        PolicyRequirement::SigstoreSigned {
            signers: SigstoreSigners::Keys(keys),
            ..
        } => Keys {
            files: labels(keys).into_iter().zip(material(keys)).map(sigstore).collect(),
            ..Keys::default()
        },
        _ => Keys::default(),
    }
}

/// What each file is called: its path, or the member and the number of the data in it.
fn labels(keys: &KeyMaterial) -> Vec<String> {
    match keys {
        KeyMaterial::Paths(paths) => paths.iter().map(|path| safe(&path.display().to_string())).collect(),
        KeyMaterial::Data(data) if data.len() == 1 => vec!["keyData".to_owned()],
        KeyMaterial::Data(data) => (0..data.len()).map(|n| format!("keyDatas[{n}]")).collect(),
    }
}

/// The bytes of each file, or why there are none.
fn material(keys: &KeyMaterial) -> Vec<Result<Vec<u8>, String>> {
    match keys {
        KeyMaterial::Paths(paths) => paths
            .iter()
            .map(|path| match read_bounded(path, MAX_KEY_FILE) {
                Ok(Some(bytes)) => Ok(bytes),
                Ok(None) => Err(format!("it has more than {MAX_KEY_FILE} bytes")),
                Err(error) => Err(io_message(&error)),
            })
            .collect(),
        KeyMaterial::Data(data) => data.iter().cloned().map(Ok).collect(),
    }
}

fn sigstore((label, bytes): (String, Result<Vec<u8>, String>)) -> KeyFile {
    let key = bytes.and_then(|bytes| PublicKey::from_pem(&bytes).map_err(|error| error.to_string()));
    match key {
        Ok(key) => KeyFile {
            label,
            keys: vec![KeyLine {
                fingerprint: format!("sha256:{}", key.id()),
                owner: None,
                version: None,
                algorithm: key.algorithm().to_owned(),
                checked: true,
                expires: None,
                refusal: None,
                subkeys: Vec::new(),
            }],
            ..KeyFile::default()
        },
        Err(trouble) => KeyFile {
            label,
            trouble: Some(trouble),
            ..KeyFile::default()
        },
    }
}

fn openpgp(keys: &KeyMaterial, ground: &Ground, all: &KeyFiles) -> Keys {
    let labels = labels(keys);
    let looked: Vec<Result<Contents, String>> = match keys {
        KeyMaterial::Paths(paths) => paths.iter().map(|path| all.contents(path)).collect(),
        KeyMaterial::Data(data) => {
            let named = labels.iter().zip(data);
            named
                .map(|(label, bytes)| import::look_of_policy(label, bytes.clone()).map_err(|error| error.to_string()))
                .collect()
        }
    };
    let usable: Vec<(String, Contents)> = labels
        .iter()
        .zip(&looked)
        .filter_map(|(label, contents)| Some((label.clone(), contents.as_ref().ok()?.clone())))
        .collect();
    let (listed, trouble) = match list(&usable, ground, all) {
        Ok(listed) => (listed, None),
        Err(trouble) => (Vec::new(), Some(trouble)),
    };
    let mut found = Keys {
        engine_trouble: trouble,
        ..Keys::default()
    };
    for (label, contents) in labels.into_iter().zip(looked) {
        let (file, contents) = match contents {
            Ok(contents) => (
                file(label, &contents, &listed, found.engine_trouble.as_deref()),
                Some(contents),
            ),
            Err(error) => (
                KeyFile {
                    label,
                    trouble: Some(error),
                    ..KeyFile::default()
                },
                None,
            ),
        };
        found.files.push(file);
        found.contents.push(contents);
    }
    found
}

/// The keys of one file, out of those of all files: copies of one key are one key.
fn file(label: String, contents: &Contents, listed: &[ListedKey], unasked: Option<&str>) -> KeyFile {
    let mut file = KeyFile {
        label,
        unasked: unasked.map(str::to_owned),
        ..KeyFile::default()
    };
    for found in &contents.keys {
        let own = found.fingerprint.as_ref();
        match listed.iter().find(|key| Some(&key.fingerprint) == own) {
            // Copies of one key are one key.
            Some(key)
                if file
                    .keys
                    .iter()
                    .any(|known| known.fingerprint == key.fingerprint.as_str()) => {}
            Some(key) => file.keys.push(KeyLine {
                fingerprint: key.fingerprint.to_string(),
                owner: Some(key.owner.clone()),
                version: Some(found.version),
                algorithm: key.algorithm.clone(),
                checked: key.checked,
                expires: key.expires,
                refusal: key.refusal.as_ref().map(ToString::to_string),
                subkeys: key.deputies().map(subkey).collect(),
            }),
            None if unasked.is_some() => {}
            None => file.notes.push(format!("{found} is skipped: GnuPG does not take it")),
        }
    }
    if file.keys.is_empty() && unasked.is_none() {
        file.trouble = Some("GnuPG takes no key from it".to_owned());
    }
    file
}

fn subkey(own: &Subkey) -> SubkeyLine {
    SubkeyLine {
        fingerprint: own.fingerprint.to_string(),
        algorithm: own.algorithm_name(),
        expires: own.expires,
    }
}

/// The keys that GnuPG takes from some files. A file of which it takes none spoils no other.
fn list(files: &[(String, Contents)], ground: &Ground, all: &KeyFiles) -> Result<Vec<ListedKey>, String> {
    let mut rest = files.to_vec();
    loop {
        if rest.is_empty() {
            return Ok(Vec::new());
        }
        let mut check = Box::new(GpgCheck::new(ground.places.clone(), ground.now));
        match import::from_contents(rest.clone(), all.all(), &mut *check) {
            Ok(loaded) => {
                let mut engine = Engine::new(Box::new(loaded.keys), check, SignedBy(Vec::new()), ground.now);
                return engine.keys().map_err(|error| safe(&error.to_string()));
            }
            Err(import::ImportError::Engine(error)) => return Err(safe(&error.to_string())),
            Err(import::ImportError::KeyFile(message)) => {
                let before = rest.len();
                rest.retain(|(label, _)| !message.contains(&format!("key file {label}:")));
                if rest.len() == before {
                    return Err(message);
                }
            }
        }
    }
}
