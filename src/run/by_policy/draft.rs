// SPDX-License-Identifier: Apache-2.0
//! A requirement of a policy with the key files that it names, before GnuPG has seen them.

use std::path::Path;

use crate::identity::Rule;
use crate::openpgp::keys::key_file::Contents;
use crate::openpgp::trust::import;
use crate::policy::image_policy::ImagePolicy;
use crate::policy::{KeyMaterial, KeyType, PolicyRequirement, SigstoreSigners};
use crate::sigstore::key::PublicKey;
use crate::sigstore::keys::read_file;
use crate::text::safe;
use crate::verdict::expectation::Demand;

/// A requirement whose key files were read.
pub(super) struct Draft {
    /// Its type, its keys and its identity rule, as messages call it.
    pub name: String,
    /// What it asks for.
    pub demand: DraftDemand,
}

/// What it asks for, as far as that is known without GnuPG.
pub(super) enum DraftDemand {
    /// No key is needed to say it.
    Ready(Demand),
    /// An OpenPGP signature by a key of these files, for an identity as the rule says.
    Gpg(Vec<(String, Contents)>, Rule),
    /// A sigstore signature by one of these keys, for an identity as the rule says.
    Sigstore(Vec<PublicKey>, Rule),
}

impl Draft {
    /// Reads the key files of a requirement, which an object may make.
    ///
    /// # Errors
    /// When one is of no use: its number in the requirement, from 0, and why.
    pub(super) fn of(requirement: &PolicyRequirement, object: Option<&ImagePolicy>) -> Result<Draft, (usize, String)> {
        let ready = |name: &str, demand| Draft {
            name: name.to_owned(),
            demand: DraftDemand::Ready(demand),
        };
        let never = |what: &str| Demand::Refusal(format!("{what}, which no reader of policies implements"));
        Ok(match requirement {
            PolicyRequirement::InsecureAcceptAnything => ready("insecureAcceptAnything", Demand::Anything),
            PolicyRequirement::Reject => ready("reject", Demand::Refusal("no image is accepted".to_owned())),
            PolicyRequirement::SignedBaseLayer => ready("signedBaseLayer", never("a signed base layer")),
            PolicyRequirement::SignedBy { key_type, .. } if *key_type != KeyType::GpgKeys => {
                ready("signedBy", never("keys of another keyType than GPGKeys"))
            }
            PolicyRequirement::SignedBy { keys, identity, .. } => Draft {
                name: name("signedBy", keys, object, identity),
                demand: DraftDemand::Gpg(openpgp_files(keys)?, identity.clone()),
            },
            PolicyRequirement::SigstoreSigned {
                signers: SigstoreSigners::Keys(keys),
                needs_rekor,
                identity,
                ..
            } => Draft {
                name: name("sigstoreSigned", keys, object, identity),
                demand: if *needs_rekor {
                    let why = "an entry in a transparency log (Rekor) is not checked here";
                    DraftDemand::Ready(Demand::Unsupported(why.to_owned()))
                } else {
                    DraftDemand::Sigstore(sigstore_keys(keys)?, identity.clone())
                },
            },
            PolicyRequirement::SigstoreSigned { signers, .. } => {
                let whose = match signers {
                    SigstoreSigners::Fulcio => "Fulcio",
                    _ => "a PKI",
                };
                let why = format!("certificates of {whose} are not checked here");
                ready("sigstoreSigned", Demand::Unsupported(why))
            }
        })
    }
}

/// A requirement as messages call it: its type, its keys, and its identity rule where that is not the default.
fn name(kind: &str, keys: &KeyMaterial, object: Option<&ImagePolicy>, rule: &Rule) -> String {
    let keys = match keys {
        KeyMaterial::Paths(paths) => {
            let paths: Vec<String> = paths.iter().map(|path| safe(&path.display().to_string())).collect();
            paths.join(", ")
        }
        KeyMaterial::Data(_) => match object {
            Some(object) => format!("the key of {}", safe(&object.to_string())),
            None => "the keys in the policy".to_owned(),
        },
    };
    match rule {
        Rule::MatchRepoDigestOrExact => format!("{kind} {keys}"),
        rule => format!("{kind} {keys} ({})", safe(&rule.to_string())),
    }
}

fn openpgp_files(keys: &KeyMaterial) -> Result<Vec<(String, Contents)>, (usize, String)> {
    let read: Result<Vec<_>, _> = match keys {
        KeyMaterial::Paths(paths) => numbered(paths, |path| import::read_of_policy(path)),
        KeyMaterial::Data(all) => numbered(all, |bytes| {
            import::look_of_policy(import::KEY_DATA, bytes.clone())
                .map(|contents| (import::KEY_DATA.to_owned(), contents))
        }),
    };
    let read = read?;
    if read.is_empty() {
        return Err((0, "it names no key file".to_owned()));
    }
    Ok(read)
}

fn sigstore_keys(keys: &KeyMaterial) -> Result<Vec<PublicKey>, (usize, String)> {
    match keys {
        KeyMaterial::Paths(paths) => numbered(paths, |path| read_file(Path::new(path))),
        KeyMaterial::Data(all) => numbered(all, |text| {
            PublicKey::from_pem(text).map_err(|error| format!("cannot use keyData: {error}"))
        }),
    }
}

/// Reads one after the other; the first that fails is told with its number.
fn numbered<T, R, E: ToString>(all: &[T], read: impl Fn(&T) -> Result<R, E>) -> Result<Vec<R>, (usize, String)> {
    let read = |(number, one)| read(one).map_err(|error| (number, error.to_string()));
    all.iter().enumerate().map(read).collect()
}

/// Adds its number to the name of each requirement that is not the only one of its name.
pub(super) fn told_apart(drafts: &mut [Draft]) {
    let names: Vec<String> = drafts.iter().map(|draft| draft.name.clone()).collect();
    let mut counts: std::collections::HashMap<&str, usize> = std::collections::HashMap::new();
    for name in &names {
        *counts.entry(name).or_default() += 1;
    }
    for (number, draft) in drafts.iter_mut().enumerate() {
        if counts.get(draft.name.as_str()).is_some_and(|count| *count > 1) {
            draft.name = format!("{} (requirement {})", draft.name, number + 1);
        }
    }
}
