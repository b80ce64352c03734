// SPDX-License-Identifier: Apache-2.0
//! The requirement `sigstoreSigned` of a policy, read strictly.

use std::path::PathBuf;

use super::document::{Outcome, PlacedNode};
use super::{identity, material, AuthorityFile, KeyMaterial, PolicyRequirement, SigstoreSigners};

const SIGNERS: [&str; 6] = ["keyPath", "keyPaths", "keyData", "keyDatas", "fulcio", "pki"];
const REKOR: [&str; 4] = [
    "rekorPublicKeyPath",
    "rekorPublicKeyPaths",
    "rekorPublicKeyData",
    "rekorPublicKeyDatas",
];

pub(super) fn requirement(node: &PlacedNode) -> Outcome<PolicyRequirement> {
    let known: Vec<&str> = ["type", "signedIdentity"]
        .into_iter()
        .chain(SIGNERS)
        .chain(REKOR)
        .collect();
    node.only(&known)?;
    let signer = one_of(node, &SIGNERS)?
        .ok_or_else(|| node.fault(format!("expected exactly one of {}, found none", SIGNERS.join(", "))))?;
    let rekor = one_of(node, &REKOR)?;
    let mut authorities = match rekor {
        Some(name) => rekor_files(node.required(name)?, name)?,
        None => Vec::new(),
    };
    let value = node.required(signer)?;
    let signers = match signer {
        "fulcio" => {
            authorities.extend(fulcio(value)?);
            if rekor.is_none() {
                return Err(node.fault(format!("fulcio needs one of {}", REKOR.join(", "))));
            }
            SigstoreSigners::Fulcio
        }
        "pki" => {
            authorities.extend(pki(value)?);
            if rekor.is_some() {
                return Err(node.fault("pki cannot be used with a Rekor key"));
            }
            SigstoreSigners::Pki
        }
        name => SigstoreSigners::Keys(keys(value, name)?),
    };
    Ok(PolicyRequirement::SigstoreSigned {
        signers,
        needs_rekor: rekor.is_some(),
        authorities,
        identity: identity::of_requirement(node)?,
    })
}

/// The one of these members that is given. An empty path and null count as absent.
fn one_of<'n>(node: &PlacedNode, names: &[&'n str]) -> Outcome<Option<&'n str>> {
    let mut given = Vec::new();
    for name in names {
        if let Some(value) = node.member(name)? {
            if !is_absent(value, name) {
                given.push(*name);
            }
        }
    }
    match given[..] {
        [] => Ok(None),
        [name] => Ok(Some(name)),
        _ => Err(node.fault(format!(
            "expected exactly one of {}, found {}",
            names.join(", "),
            given.join(" and ")
        ))),
    }
}

fn is_absent(value: &PlacedNode, name: &str) -> bool {
    match &value.value {
        super::document::Value::Null => true,
        super::document::Value::String(text) => text.is_empty() && name.ends_with("Path"),
        _ => false,
    }
}

/// Paths or data, one or a list that is not empty.
fn keys(value: &PlacedNode, name: &str) -> Outcome<KeyMaterial> {
    if name.ends_with('s') && value.array()?.is_empty() {
        return Err(value.fault("the list is empty"));
    }
    Ok(match name {
        "keyPath" => KeyMaterial::Paths(vec![material::path(value)?]),
        _ if name.ends_with("Paths") => KeyMaterial::Paths(material::paths(value)?),
        _ if name.ends_with("Datas") => {
            KeyMaterial::Data(value.array()?.iter().map(material::data).collect::<Outcome<_>>()?)
        }
        _ => KeyMaterial::Data(vec![material::data(value)?]),
    })
}

/// The files that a member with the keys of Rekor names.
fn rekor_files(value: &PlacedNode, name: &str) -> Outcome<Vec<AuthorityFile>> {
    let file = |member, path| AuthorityFile { member, path };
    if name.ends_with("Path") {
        return Ok(vec![file(name.to_owned(), material::path(value)?)]);
    }
    Ok(match keys(value, name)? {
        KeyMaterial::Paths(paths) => {
            let numbered = paths.into_iter().enumerate();
            numbered.map(|(n, path)| file(format!("{name}[{n}]"), path)).collect()
        }
        KeyMaterial::Data(_) => Vec::new(),
    })
}

fn fulcio(node: &PlacedNode) -> Outcome<Vec<AuthorityFile>> {
    node.only(&["caPath", "caData", "oidcIssuer", "subjectEmail"])?;
    authority(node, "caPath", "caData")?;
    for name in ["oidcIssuer", "subjectEmail"] {
        text(node, name)?.ok_or_else(|| node.fault(format!("{name} is missing or empty")))?;
    }
    files(node, "fulcio", &["caPath"])
}

fn pki(node: &PlacedNode) -> Outcome<Vec<AuthorityFile>> {
    node.only(&[
        "caRootsPath",
        "caRootsData",
        "caIntermediatesPath",
        "caIntermediatesData",
        "subjectEmail",
        "subjectHostname",
    ])?;
    authority(node, "caRootsPath", "caRootsData")?;
    if let (Some(_), Some(_)) = (
        text(node, "caIntermediatesPath")?,
        certificate_data(node, "caIntermediatesData")?,
    ) {
        return Err(node.fault("expected at most one of caIntermediatesPath, caIntermediatesData, found both"));
    }
    if text(node, "subjectEmail")?.is_none() && text(node, "subjectHostname")?.is_none() {
        return Err(node.fault("expected subjectEmail or subjectHostname, found neither"));
    }
    files(node, "pki", &["caRootsPath", "caIntermediatesPath"])
}

/// The files that members of an authority name.
fn files(node: &PlacedNode, authority: &str, names: &[&str]) -> Outcome<Vec<AuthorityFile>> {
    let mut files = Vec::new();
    for name in names {
        files.extend(text(node, name)?.map(|path| AuthorityFile {
            member: format!("{authority}.{name}"),
            path: PathBuf::from(path),
        }));
    }
    Ok(files)
}

/// Exactly one of a path and data.
fn authority(node: &PlacedNode, path: &str, data: &str) -> Outcome<()> {
    match (text(node, path)?, certificate_data(node, data)?) {
        (Some(_), None) | (None, Some(_)) => Ok(()),
        (None, None) => Err(node.fault(format!("expected one of {path}, {data}, found neither"))),
        (Some(_), Some(_)) => Err(node.fault(format!("expected one of {path}, {data}, found both"))),
    }
}

fn certificate_data(node: &PlacedNode, name: &str) -> Outcome<Option<Vec<u8>>> {
    match node.member(name)? {
        Some(value) if !is_absent(value, name) => material::data(value).map(Some),
        _ => Ok(None),
    }
}

/// A text that is there and not empty.
fn text<'n>(node: &'n PlacedNode, name: &str) -> Outcome<Option<&'n str>> {
    match node.member(name)? {
        Some(value) => Ok(Some(value.string()?).filter(|text| !text.is_empty())),
        None => Ok(None),
    }
}
