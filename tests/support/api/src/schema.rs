// SPDX-License-Identifier: Apache-2.0
//! The shape of Image and ImageSignature objects: what the server decodes, what it drops, how it writes them.

use base64::Engine as _;
use serde_json::{Map, Value};

use super::{go, time};

/// The type of a value.
#[derive(Debug)]
pub enum Shape {
    Text,
    Integer,
    Time,
    Bytes,
    Anything,
    /// An object whose members are all text.
    Claims,
    List(&'static Shape),
    Struct(&'static Struct),
}

/// An object with members of its own.
#[derive(Debug)]
pub struct Struct {
    name: &'static str,
    members: &'static [Member],
}

/// A member, and when it is written.
#[derive(Debug)]
pub struct Member {
    name: &'static str,
    shape: Shape,
    keep: Keep,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    Always,
    /// Unless it is null or absent.
    Set,
    /// Unless it is null, absent or empty.
    Filled,
}

const fn member(name: &'static str, shape: Shape, keep: Keep) -> Member {
    Member { name, shape, keep }
}

use Keep::{Always, Filled, Set};
use Shape::{Anything, Bytes, Claims, Integer, List, Text, Time};

static OBJECT_META: Struct = Struct {
    name: "ObjectMeta",
    members: &[
        member("name", Text, Filled),
        member("generateName", Text, Filled),
        member("namespace", Text, Filled),
        member("selfLink", Text, Filled),
        member("uid", Text, Filled),
        member("resourceVersion", Text, Filled),
        member("generation", Integer, Filled),
        member("creationTimestamp", Time, Set),
        member("deletionTimestamp", Time, Set),
        member("deletionGracePeriodSeconds", Integer, Set),
        member("labels", Claims, Filled),
        member("annotations", Claims, Filled),
        member("ownerReferences", List(&Anything), Filled),
        member("finalizers", List(&Text), Filled),
        member("managedFields", List(&Anything), Filled),
    ],
};

static CONDITION: Struct = Struct {
    name: "SignatureCondition",
    members: &[
        member("type", Text, Always),
        member("status", Text, Always),
        member("lastProbeTime", Time, Always),
        member("lastTransitionTime", Time, Always),
        member("reason", Text, Filled),
        member("message", Text, Filled),
    ],
};

static ISSUER: Struct = Struct {
    name: "SignatureIssuer",
    members: &[member("organization", Text, Filled), member("commonName", Text, Filled)],
};

static SUBJECT: Struct = Struct {
    name: "SignatureSubject",
    members: &[
        member("organization", Text, Filled),
        member("commonName", Text, Filled),
        member("publicKeyID", Text, Always),
    ],
};

/// An entry of `signatures`, which is also a resource of its own.
pub static SIGNATURE: Struct = Struct {
    name: "ImageSignature",
    members: &[
        member("kind", Text, Filled),
        member("apiVersion", Text, Filled),
        member("metadata", Shape::Struct(&OBJECT_META), Always),
        member("type", Text, Always),
        member("content", Bytes, Always),
        member("conditions", List(&Shape::Struct(&CONDITION)), Filled),
        member("imageIdentity", Text, Filled),
        member("signedClaims", Claims, Filled),
        member("created", Time, Set),
        member("issuedBy", Shape::Struct(&ISSUER), Set),
        member("issuedTo", Shape::Struct(&SUBJECT), Set),
    ],
};

static LAYER: Struct = Struct {
    name: "ImageLayer",
    members: &[
        member("name", Text, Always),
        member("size", Integer, Always),
        member("mediaType", Text, Always),
    ],
};

static MANIFEST: Struct = Struct {
    name: "ImageManifest",
    members: &[
        member("digest", Text, Always),
        member("mediaType", Text, Always),
        member("manifestSize", Integer, Always),
        member("architecture", Text, Always),
        member("os", Text, Always),
        member("variant", Text, Filled),
    ],
};

/// An image, as `image.openshift.io/v1` has it.
pub static IMAGE: Struct = Struct {
    name: "Image",
    members: &[
        member("kind", Text, Filled),
        member("apiVersion", Text, Filled),
        member("metadata", Shape::Struct(&OBJECT_META), Always),
        member("dockerImageReference", Text, Filled),
        member("dockerImageMetadata", Anything, Set),
        member("dockerImageMetadataVersion", Text, Filled),
        member("dockerImageManifest", Text, Filled),
        member("dockerImageLayers", List(&Shape::Struct(&LAYER)), Filled),
        member("signatures", List(&Shape::Struct(&SIGNATURE)), Filled),
        member("dockerImageSignatures", List(&Bytes), Filled),
        member("dockerImageManifestMediaType", Text, Filled),
        member("dockerImageConfig", Text, Filled),
        member("dockerImageManifests", List(&Shape::Struct(&MANIFEST)), Filled),
    ],
};

/// Reads values of these shapes.
#[derive(Debug, Default)]
pub struct Decoder {
    /// Keep members that the shape does not have, as a server does that knows them.
    pub newer: bool,
    /// Paths of members that were dropped.
    pub unknown: Vec<String>,
}

impl Decoder {
    /// Checks types, drops what is unknown. Times and bytes stay as they were written.
    pub fn decode(&mut self, value: &Value, shape: &'static Struct) -> Result<Value, String> {
        self.members(value, shape, "", shape.name)
    }

    fn members(&mut self, value: &Value, shape: &Struct, path: &str, at: &str) -> Result<Value, String> {
        let Some(members) = value.as_object() else {
            return match value {
                Value::Null => Ok(Value::Null),
                other => Err(mismatch(other, at, shape.name)),
            };
        };
        let mut out = Map::new();
        for (name, value) in members {
            let below = if path.is_empty() {
                name.clone()
            } else {
                format!("{path}.{name}")
            };
            match shape.members.iter().find(|m| m.name == name) {
                Some(member) => {
                    let at = format!("{}.{name}", shape.name);
                    out.insert(name.clone(), self.value(value, &member.shape, &below, &at)?);
                }
                None if self.newer => {
                    out.insert(name.clone(), value.clone());
                }
                None => self.unknown.push(below),
            }
        }
        Ok(Value::Object(out))
    }

    fn value(&mut self, value: &Value, shape: &Shape, path: &str, at: &str) -> Result<Value, String> {
        match (shape, value) {
            (_, Value::Null) | (Shape::Anything, _) | (Shape::Text, Value::String(_)) => {}
            (Shape::Integer, Value::Number(number)) if number.is_i64() => {}
            (Shape::Time, Value::String(text)) => {
                time::parse(text)?;
            }
            (Shape::Bytes, Value::String(text)) => {
                go::decode_base64(text)?;
            }
            (Shape::Claims, Value::Object(members)) => {
                if let Some(odd) = members.values().find(|m| !m.is_string() && !m.is_null()) {
                    return Err(mismatch(odd, at, "string"));
                }
            }
            (Shape::List(inner), Value::Array(items)) => {
                let mut out = Vec::with_capacity(items.len());
                for (n, item) in items.iter().enumerate() {
                    out.push(self.value(item, inner, &format!("{path}[{n}]"), at)?);
                }
                return Ok(Value::Array(out));
            }
            (Shape::Struct(shape), value) => return self.members(value, shape, path, at),
            (shape, value) => return Err(mismatch(value, at, shape.type_name())),
        }
        Ok(value.clone())
    }
}

impl Shape {
    fn type_name(&self) -> &'static str {
        match self {
            Shape::Text => "string",
            Shape::Integer => "int64",
            Shape::Time => "time.Time",
            Shape::Bytes => "[]uint8",
            Shape::Anything => "interface {}",
            Shape::Claims => "map[string]string",
            Shape::List(_) => "slice",
            Shape::Struct(shape) => shape.name,
        }
    }

    /// What an absent value is written as where it is always written.
    fn zero(&self) -> Value {
        match self {
            Shape::Text => "".into(),
            Shape::Integer => 0.into(),
            Shape::Struct(shape) => canonical(&Value::Null, shape),
            _ => Value::Null,
        }
    }
}

fn mismatch(found: &Value, at: &str, wanted: &str) -> String {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    format!("json: cannot unmarshal {found} into Go struct field {at} of type {wanted}")
}

/// A decoded object as the server stores and answers it: members in the order of its types, empty ones left out where
/// its types say so, times in whole seconds of UTC, base64 without line ends. Unknown members follow.
pub fn canonical(value: &Value, shape: &'static Struct) -> Value {
    let empty = Map::new();
    let members = value.as_object().unwrap_or(&empty);
    let mut out = Map::new();
    for member in shape.members {
        let encoded = match members.get(member.name) {
            None | Some(Value::Null) => None,
            Some(value) => encode(value, &member.shape),
        };
        let kept = match (encoded, member.keep) {
            (Some(value), Keep::Filled) if is_empty(&value) => None,
            (Some(value), _) => Some(value),
            (None, Keep::Always) => Some(member.shape.zero()),
            (None, _) => None,
        };
        if let Some(value) = kept {
            out.insert(member.name.to_owned(), value);
        }
    }
    for (name, value) in members {
        if !shape.members.iter().any(|m| m.name == name) {
            out.insert(name.clone(), value.clone());
        }
    }
    Value::Object(out)
}

/// `None` is a value that counts as absent.
fn encode(value: &Value, shape: &Shape) -> Option<Value> {
    Some(match (shape, value) {
        (Shape::Time, Value::String(text)) => match time::parse(text) {
            Ok(moment) => time::format(moment?).into(),
            // Only values that tests stored themselves can get here.
            Err(_) => value.clone(),
        },
        (Shape::Bytes, Value::String(text)) => match go::decode_base64(text) {
            Ok(bytes) => base64::engine::general_purpose::STANDARD.encode(bytes).into(),
            Err(_) => value.clone(),
        },
        (Shape::List(inner), Value::Array(items)) => items
            .iter()
            .map(|item| encode(item, inner).unwrap_or_else(|| inner.zero()))
            .collect(),
        (Shape::Struct(shape), value) => canonical(value, shape),
        (_, value) => value.clone(),
    })
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Number(number) => number.as_i64() == Some(0),
        Value::Bool(_) => false,
    }
}
