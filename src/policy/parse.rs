// SPDX-License-Identifier: Apache-2.0
//! The grammar of a policy.

use super::document::{self, Outcome, PlacedNode, TextError, Value};
use super::material::{data, path, paths};
use super::{identity, scope, sigstore, KeyMaterial, KeyType, Policy, PolicyRequirement, Scope, Transport};
use crate::text::place::quoted;

impl Policy {
    /// Parses the text of a policy.
    ///
    /// # Errors
    /// When it breaks any rule of the format.
    pub fn parse(text: &[u8]) -> Result<Self, TextError> {
        policy(text)
    }
}

pub(super) fn policy(text: &[u8]) -> Result<Policy, TextError> {
    document::parse(text)
        .and_then(|root| read(&root))
        .map_err(|fault| fault.locate(text))
}

fn read(root: &PlacedNode) -> Outcome<Policy> {
    root.only(&["default", "transports"])?;
    let default = requirements(root.required("default")?)?;
    let mut transports = Vec::new();
    if let Some(node) = root.member("transports")? {
        for member in node.object()? {
            let mut scopes = Vec::new();
            for scope in member.node.object()? {
                if !scope::is_valid(&member.name, &scope.name) {
                    return Err(scope
                        .node
                        .fault(format!("this is not a scope of transport {}", quoted(&member.name))));
                }
                scopes.push(Scope {
                    name: scope.name.clone(),
                    offset: scope.offset,
                    requirements: requirements(&scope.node)?,
                });
            }
            transports.push(Transport {
                name: member.name.clone(),
                scopes,
            });
        }
    }
    Ok(Policy { default, transports })
}

fn requirements(node: &PlacedNode) -> Outcome<Vec<PolicyRequirement>> {
    let elements = match &node.value {
        Value::Array(elements) if !elements.is_empty() => elements,
        Value::Array(_) | Value::Null => {
            return Err(
                node.fault("the list of requirements is empty: write [{\"type\": \"reject\"}] to refuse all images")
            )
        }
        _ => return Err(node.expected("an array of requirements")),
    };
    elements.iter().map(requirement).collect()
}

fn requirement(node: &PlacedNode) -> Outcome<PolicyRequirement> {
    const TYPES: [&str; 5] = [
        "insecureAcceptAnything",
        "reject",
        "signedBy",
        "signedBaseLayer",
        "sigstoreSigned",
    ];
    match node.required("type")?.word(&TYPES)? {
        "insecureAcceptAnything" => {
            node.only(&["type"])?;
            Ok(PolicyRequirement::InsecureAcceptAnything)
        }
        "reject" => {
            node.only(&["type"])?;
            Ok(PolicyRequirement::Reject)
        }
        "signedBy" => signed_by(node),
        "signedBaseLayer" => {
            node.only(&["type", "baseLayerIdentity"])?;
            identity::rule(node.required("baseLayerIdentity")?)?;
            Ok(PolicyRequirement::SignedBaseLayer)
        }
        _ => sigstore::requirement(node),
    }
}

fn signed_by(node: &PlacedNode) -> Outcome<PolicyRequirement> {
    const SOURCES: [&str; 3] = ["keyPath", "keyPaths", "keyData"];
    const KEY_TYPES: [&str; 4] = ["GPGKeys", "signedByGPGKeys", "X509Certificates", "signedByX509CAs"];
    node.only(&["type", "keyType", "keyPath", "keyPaths", "keyData", "signedIdentity"])?;
    let key_type = match node.required("keyType")?.word(&KEY_TYPES)? {
        "GPGKeys" => KeyType::GpgKeys,
        "signedByGPGKeys" => KeyType::SignedByGpgKeys,
        "X509Certificates" => KeyType::X509Certificates,
        _ => KeyType::SignedByX509Cas,
    };
    let given: Vec<&str> = node
        .object()?
        .iter()
        .map(|member| member.name.as_str())
        .filter(|name| SOURCES.contains(name))
        .collect();
    let [source] = given[..] else {
        let found = if given.is_empty() {
            "none".to_owned()
        } else {
            given.join(" and ")
        };
        return Err(node.fault(format!("expected exactly one of {}, found {found}", SOURCES.join(", "))));
    };
    let value = node.required(source)?;
    let keys = match source {
        "keyPath" => KeyMaterial::Paths(vec![path(value)?]),
        "keyPaths" => KeyMaterial::Paths(paths(value)?),
        _ => KeyMaterial::Data(vec![data(value)?]),
    };
    Ok(PolicyRequirement::SignedBy {
        key_type,
        keys,
        identity: identity::of_requirement(node)?,
    })
}
