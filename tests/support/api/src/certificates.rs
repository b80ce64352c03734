// SPDX-License-Identifier: Apache-2.0
//! Certificates and keys, made anew for each server.

use std::sync::OnceLock;

use openssl::asn1::{Asn1Integer, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::stack::Stack;
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName, SubjectKeyIdentifier,
};
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::{X509Builder, X509Name, X509NameBuilder, X509PurposeId, X509Ref, X509StoreContext, X509};

/// A name under which the server's certificate is valid besides `localhost` and 127.0.0.1; no resolver knows it.
pub const SERVER_NAME: &str = "api.example.test";

/// The form in which a private key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    RsaPkcs1,
    RsaPkcs8,
    EcSec1,
    EcPkcs8,
}

/// A certificate and its key, both PEM.
#[derive(Debug, Clone)]
pub struct ClientCertificate {
    pub certificate: String,
    pub key: String,
}

/// An alternative name of a server's certificate.
#[derive(Debug, Clone, Copy)]
pub enum Name<'n> {
    Ip(&'n str),
    Dns(&'n str),
}

/// A certificate authority, made for one test.
#[derive(Debug, Clone)]
pub struct Authority {
    certificate: X509,
    key: PKey<Private>,
}

impl Authority {
    /// Makes an authority of its own.
    pub fn new(name: &str) -> Self {
        let key = PKey::from_ec_key(ec_key()).unwrap();
        let subject = subject(name, &[]);
        let mut builder = builder(&subject, &subject, &key, true);
        builder
            .append_extension(BasicConstraints::new().critical().ca().build().unwrap())
            .unwrap();
        builder
            .append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build().unwrap())
            .unwrap();
        let identifier = SubjectKeyIdentifier::new()
            .build(&builder.x509v3_context(None, None))
            .unwrap();
        builder.append_extension(identifier).unwrap();
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        Self {
            certificate: builder.build(),
            key,
        }
    }

    /// The authority's own certificate in PEM.
    pub fn pem(&self) -> String {
        String::from_utf8(self.certificate.to_pem().unwrap()).unwrap()
    }

    /// A certificate for a server on the loopback interface; one that is not valid now ended an hour ago.
    pub fn server(&self, valid_now: bool) -> (X509, PKey<Private>) {
        let names = [Name::Ip("127.0.0.1"), Name::Dns("localhost"), Name::Dns(SERVER_NAME)];
        self.server_for("api server", &names, valid_now)
    }

    /// A certificate for a server with this common name and these alternative names.
    pub fn server_for(&self, common_name: &str, names: &[Name<'_>], valid_now: bool) -> (X509, PKey<Private>) {
        let key = PKey::from_ec_key(ec_key()).unwrap();
        let mut builder = self.leaf(&subject(common_name, &[]), &key, valid_now, true);
        let mut alternatives = SubjectAlternativeName::new();
        for name in names {
            match name {
                Name::Ip(address) => alternatives.ip(address),
                Name::Dns(name) => alternatives.dns(name),
            };
        }
        if !names.is_empty() {
            let alternatives = alternatives.build(&builder.x509v3_context(Some(&self.certificate), None));
            builder.append_extension(alternatives.unwrap()).unwrap();
        }
        (self.seal(builder), key)
    }

    /// A certificate that makes its holder a user with groups.
    pub fn client(&self, user: &str, groups: &[&str], kind: KeyKind, valid_now: bool) -> ClientCertificate {
        let (key, pem) = match kind {
            KeyKind::RsaPkcs1 | KeyKind::RsaPkcs8 => {
                let rsa = rsa_key();
                let key = PKey::from_rsa(rsa.clone()).unwrap();
                let pem = match kind {
                    KeyKind::RsaPkcs1 => rsa.private_key_to_pem(),
                    _ => key.private_key_to_pem_pkcs8(),
                };
                (key, pem)
            }
            KeyKind::EcSec1 | KeyKind::EcPkcs8 => {
                let ec = ec_key();
                let key = PKey::from_ec_key(ec.clone()).unwrap();
                let pem = match kind {
                    KeyKind::EcSec1 => ec.private_key_to_pem(),
                    _ => key.private_key_to_pem_pkcs8(),
                };
                (key, pem)
            }
        };
        let certificate = self.seal(self.leaf(&subject(user, groups), &key, valid_now, false));
        ClientCertificate {
            certificate: String::from_utf8(certificate.to_pem().unwrap()).unwrap(),
            key: String::from_utf8(pem.unwrap()).unwrap(),
        }
    }

    /// Whether this authority vouches for a client's certificate now.
    pub fn vouches_for(&self, certificate: &X509Ref) -> bool {
        let store = self.store(X509PurposeId::SSL_CLIENT);
        let chain = Stack::new().unwrap();
        let mut context = X509StoreContext::new().unwrap();
        context
            .init(&store, certificate, &chain, |context| context.verify_cert())
            .unwrap_or(false)
    }

    /// The authority's certificate as a client trusts it.
    pub fn certificate(&self) -> &X509Ref {
        &self.certificate
    }

    fn store(&self, purpose: X509PurposeId) -> X509Store {
        let mut store = X509StoreBuilder::new().unwrap();
        store.add_cert(self.certificate.clone()).unwrap();
        store.set_purpose(purpose).unwrap();
        store.build()
    }

    fn leaf(&self, subject: &X509Name, key: &PKey<Private>, valid_now: bool, server: bool) -> X509Builder {
        let mut builder = builder(subject, self.certificate.subject_name(), key, valid_now);
        builder
            .append_extension(BasicConstraints::new().critical().build().unwrap())
            .unwrap();
        builder
            .append_extension(KeyUsage::new().critical().digital_signature().build().unwrap())
            .unwrap();
        let mut usage = ExtendedKeyUsage::new();
        if server {
            usage.server_auth();
        } else {
            usage.client_auth();
        }
        builder.append_extension(usage.build().unwrap()).unwrap();
        let context = builder.x509v3_context(Some(&self.certificate), None);
        let issuer = AuthorityKeyIdentifier::new().keyid(true).build(&context).unwrap();
        builder.append_extension(issuer).unwrap();
        builder
    }

    fn seal(&self, mut builder: X509Builder) -> X509 {
        builder.sign(&self.key, MessageDigest::sha256()).unwrap();
        builder.build()
    }
}

/// User and groups that a client's certificate names.
pub fn names(certificate: &X509Ref) -> (String, Vec<String>) {
    let of = |nid| -> Vec<String> {
        certificate
            .subject_name()
            .entries_by_nid(nid)
            .filter_map(|entry| String::from_utf8(entry.data().as_slice().to_vec()).ok())
            .collect()
    };
    (of(Nid::COMMONNAME).concat(), of(Nid::ORGANIZATIONNAME))
}

fn builder(
    subject: &X509Name,
    issuer: &openssl::x509::X509NameRef,
    key: &PKey<Private>,
    valid_now: bool,
) -> X509Builder {
    let mut builder = X509::builder().unwrap();
    // Version 3, counted from 0.
    builder.set_version(2).unwrap();
    let mut serial = BigNum::new().unwrap();
    serial.rand(127, MsbOption::ONE, false).unwrap();
    builder
        .set_serial_number(&Asn1Integer::from_bn(&serial).unwrap())
        .unwrap();
    let hour = 3600;
    let now = jiff::Timestamp::now().as_second();
    let end = if valid_now { now + 24 * hour } else { now - hour };
    builder
        .set_not_before(&Asn1Time::from_unix(now - 24 * hour).unwrap())
        .unwrap();
    builder.set_not_after(&Asn1Time::from_unix(end).unwrap()).unwrap();
    builder.set_subject_name(subject).unwrap();
    builder.set_issuer_name(issuer).unwrap();
    builder.set_pubkey(key).unwrap();
    builder
}

fn subject(name: &str, organizations: &[&str]) -> X509Name {
    let mut builder = X509NameBuilder::new().unwrap();
    for organization in organizations {
        builder
            .append_entry_by_nid(Nid::ORGANIZATIONNAME, organization)
            .unwrap();
    }
    builder.append_entry_by_nid(Nid::COMMONNAME, name).unwrap();
    builder.build()
}

fn ec_key() -> EcKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    EcKey::generate(&group).unwrap()
}

/// One RSA key for all: making one takes longer than most tests.
fn rsa_key() -> &'static Rsa<Private> {
    static KEY: OnceLock<Rsa<Private>> = OnceLock::new();
    KEY.get_or_init(|| Rsa::generate(2048).unwrap())
}
