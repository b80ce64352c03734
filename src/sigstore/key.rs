// SPDX-License-Identifier: Apache-2.0
//! Public keys of sigstore signatures.
//!
//! Which keys load follows the readers of containers-policy.json(5): a PEM block `PUBLIC KEY` or `RSA PUBLIC KEY`
//! that encodes an RSA key, a point on a named NIST curve, or an Ed25519 key, in exactly one way. Smaller RSA keys
//! than 2048 bits and the curve P-224 are refused here.

use openssl::bn::BigNumContext;
use openssl::ec::{EcGroup, EcKey, PointConversionForm};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Public};
use openssl::rsa::Rsa;
use sha2::{Digest as _, Sha256};

use super::pem;
use crate::input::looks_like_openpgp;
use crate::text::quoted;

/// Largest file with a public key, in bytes.
pub(crate) const MAX_KEY_FILE: u64 = 64 << 10;

/// What a block with a public key is called.
const LABELS: [&str; 2] = ["PUBLIC KEY", "RSA PUBLIC KEY"];

/// What an encoding in DER begins with.
const DER_SEQUENCE: u8 = 0x30;

/// Fewest and most bits of an RSA key. More than the upper limit would only cost time.
const RSA_BITS: std::ops::RangeInclusive<u32> = 2048..=16384;

/// A public key that signatures are checked with.
#[derive(Debug, Clone)]
pub struct PublicKey {
    id: String,
    algorithm: String,
    pub(super) kind: Kind,
    pub(super) key: PKey<Public>,
    /// The file that it was read from, if from one; safe to print.
    pub(super) file: Option<String>,
}

/// How signatures of a key look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Rsa,
    Ecdsa,
    Ed25519,
}

/// Why a file is not a usable public key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file is not the PEM text of a public key.
    #[error("{0}")]
    Format(String),
    /// A public key that is not used for these signatures, or is too weak.
    #[error("{0}")]
    Unsupported(String),
}

impl PublicKey {
    /// Reads the PEM text of one public key.
    ///
    /// # Errors
    /// When there is no block or more than one, when the block is another thing than a public key, or when the key is
    /// of an algorithm or strength that is not accepted.
    pub fn from_pem(text: &[u8]) -> Result<Self, KeyError> {
        let block = pem::only_block(text).map_err(|error| describe(error, text))?;
        let key = match block.label.as_str() {
            "PUBLIC KEY" => PKey::public_key_from_der(&block.content),
            "RSA PUBLIC KEY" => Rsa::public_key_from_der_pkcs1(&block.content).and_then(PKey::from_rsa),
            label => return Err(KeyError::Format(not_a_public_key(label))),
        };
        let key = key.map_err(|_| broken(&block.label))?;
        let (kind, algorithm) = classify(&key)?;
        let canonical = encodings(&key, kind).map_err(|_| broken(&block.label))?;
        let own = match block.label.as_str() {
            "PUBLIC KEY" => Some(&canonical.subject_public_key_info),
            _ => canonical.pkcs1.as_ref(),
        };
        // Trailing bytes, explicit curve parameters and compressed points are other encodings of a key; the readers
        // that nodes use refuse them.
        if own != Some(&block.content) {
            return Err(KeyError::Unsupported(format!(
                "its {algorithm} key is encoded in an unusual way (trailing bytes, explicit curve parameters or a compressed point)"
            )));
        }
        Ok(Self {
            id: hex(&Sha256::digest(&canonical.subject_public_key_info)),
            algorithm,
            kind,
            key,
            file: None,
        })
    }

    /// SHA-256 of the key's DER encoding (`SubjectPublicKeyInfo`), in lower case hexadecimal digits: equal for equal
    /// key material, however its file spells it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Algorithm and strength, such as `rsa4096`, `nistp256` or `ed25519`.
    #[must_use]
    pub fn algorithm(&self) -> &str {
        &self.algorithm
    }
}

struct Encodings {
    subject_public_key_info: Vec<u8>,
    pkcs1: Option<Vec<u8>>,
}

/// Encodes the values of a key anew.
fn encodings(key: &PKey<Public>, kind: Kind) -> Result<Encodings, ErrorStack> {
    Ok(match kind {
        Kind::Rsa => {
            let rsa = key.rsa()?;
            let rsa = Rsa::from_public_components(rsa.n().to_owned()?, rsa.e().to_owned()?)?;
            Encodings {
                subject_public_key_info: rsa.public_key_to_der()?,
                pkcs1: Some(rsa.public_key_to_der_pkcs1()?),
            }
        }
        Kind::Ecdsa => {
            let own = key.ec_key()?;
            let group = EcGroup::from_curve_name(own.group().curve_name().unwrap_or(Nid::UNDEF))?;
            let mut context = BigNumContext::new()?;
            let point = own
                .public_key()
                .to_bytes(own.group(), PointConversionForm::UNCOMPRESSED, &mut context)?;
            let point = openssl::ec::EcPoint::from_bytes(&group, &point, &mut context)?;
            Encodings {
                subject_public_key_info: EcKey::from_public_key(&group, &point)?.public_key_to_der()?,
                pkcs1: None,
            }
        }
        Kind::Ed25519 => Encodings {
            subject_public_key_info: PKey::public_key_from_raw_bytes(&key.raw_public_key()?, Id::ED25519)?
                .public_key_to_der()?,
            pkcs1: None,
        },
    })
}

fn classify(key: &PKey<Public>) -> Result<(Kind, String), KeyError> {
    match key.id() {
        Id::RSA if RSA_BITS.contains(&key.bits()) => Ok((Kind::Rsa, format!("rsa{}", key.bits()))),
        Id::RSA => Err(KeyError::Unsupported(format!(
            "its RSA key has {} bits; {} to {} are accepted",
            key.bits(),
            RSA_BITS.start(),
            RSA_BITS.end()
        ))),
        Id::EC => {
            let curve = key.ec_key().ok().and_then(|own| own.group().curve_name());
            let name = match curve {
                Some(Nid::X9_62_PRIME256V1) => "nistp256",
                Some(Nid::SECP384R1) => "nistp384",
                Some(Nid::SECP521R1) => "nistp521",
                other => {
                    let name = other.and_then(|nid| nid.short_name().ok()).unwrap_or("unnamed");
                    return Err(KeyError::Unsupported(format!(
                        "its key is on the curve {name}; P-256, P-384 and P-521 are accepted"
                    )));
                }
            };
            Ok((Kind::Ecdsa, name.to_owned()))
        }
        Id::ED25519 => Ok((Kind::Ed25519, "ed25519".to_owned())),
        id => {
            let name = Nid::from_raw(id.as_raw());
            let name = name.short_name().unwrap_or("of an unknown kind");
            Err(KeyError::Unsupported(format!(
                "its key is {name}; RSA, ECDSA and Ed25519 keys are accepted"
            )))
        }
    }
}

fn broken(label: &str) -> KeyError {
    KeyError::Format(format!(
        "its block {} does not hold a public key that can be read",
        quoted(label)
    ))
}

fn not_a_public_key(label: &str) -> String {
    let advice = match label {
        "CERTIFICATE" => "; openssl x509 -pubkey -noout extracts the public key",
        "PGP PUBLIC KEY BLOCK" => "; OpenPGP keys are given to verify with --public-key, and in a policy by signedBy",
        _ if label.ends_with("PRIVATE KEY") => "; a private key is never needed to verify, keep it away",
        _ => "",
    };
    format!("its first block is {}, not \"PUBLIC KEY\"{advice}", quoted(label))
}

fn describe(error: pem::PemError, text: &[u8]) -> KeyError {
    KeyError::Format(match error {
        pem::PemError::Missing if text.is_empty() => "it is empty".into(),
        pem::PemError::Missing if looks_like_openpgp(text) => {
            "it looks like a binary OpenPGP key; OpenPGP keys are given to verify with --public-key, and in a policy by signedBy".into()
        }
        pem::PemError::Missing if text.first() == Some(&DER_SEQUENCE) => {
            "it is not PEM text, but maybe the same in DER; openssl pkey -pubin -inform DER -in FILE converts it".into()
        }
        pem::PemError::Missing => "it has no line -----BEGIN PUBLIC KEY----- at the beginning of a line".into(),
        pem::PemError::Broken(label) if !LABELS.contains(&label.as_str()) => not_a_public_key(&label),
        pem::PemError::Broken(_) => "its PEM block is cut off or not base64".into(),
        pem::PemError::Several => "it has more than one PEM block; put each key into a file of its own".into(),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
