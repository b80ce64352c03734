// SPDX-License-Identifier: Apache-2.0
//! Keys and signatures made by hand, with any date, flag and fault: what gpg would refuse to make.

use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::sign::Signer;

use super::packets::{self, literal, packet, SIGNATURE};

pub const MD5: u8 = 1;
pub const SHA1: u8 = 2;
pub const RIPEMD160: u8 = 3;
pub const SHA256: u8 = 8;

pub const CERTIFY: u8 = 1;
pub const SIGN: u8 = 2;
pub const ENCRYPT: u8 = 0x0c;
pub const AUTHENTICATE: u8 = 0x20;

const PUBLIC_KEY: u8 = 6;
const USER_ID: u8 = 13;
const PUBLIC_SUBKEY: u8 = 14;

/// Ten days ago, so that there is room for dates before and after; the same time throughout a run.
pub fn then() -> i64 {
    static THEN: std::sync::OnceLock<i64> = std::sync::OnceLock::new();
    *THEN.get_or_init(|| now() - 864_000)
}

pub fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.unwrap().as_secs()).unwrap()
}

/// An RSA key whose packets are written here, not by gpg.
#[derive(Debug)]
pub struct Key {
    pair: PKey<Private>,
    pub created: i64,
}

impl Key {
    pub fn new() -> Self {
        Self::with(2048, then())
    }

    pub fn with(bits: u32, created: i64) -> Self {
        let pair = PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap();
        Self { pair, created }
    }

    /// A key that there is already, said to be made at another time.
    pub fn of(pair: PKey<Private>, created: i64) -> Self {
        Self { pair, created }
    }

    /// The body of its key packet.
    pub fn body(&self) -> Vec<u8> {
        let rsa = self.pair.rsa().unwrap();
        let mut body = vec![4];
        body.extend(seconds(self.created));
        body.push(1);
        body.extend(number(&rsa.n().to_vec()));
        body.extend(number(&rsa.e().to_vec()));
        body
    }

    /// The body as it is hashed.
    pub fn hashed(&self) -> Vec<u8> {
        let body = self.body();
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&[0x99], &length[..], &body].concat()
    }

    pub fn fingerprint(&self) -> String {
        image_signature::text::hex(&image_signature::openpgp::keys::material::fingerprint_4(&self.body()))
    }

    /// What names it as another key's designated revoker (RFC 4880 5.2.3.15).
    pub fn as_revoker(&self) -> Vec<u8> {
        let fingerprint = image_signature::openpgp::keys::material::fingerprint_4(&self.body());
        [&[0x80, 1], &fingerprint[..]].concat()
    }

    pub fn key_id(&self) -> [u8; 8] {
        packets::key_id(&self.fingerprint())
    }

    /// The key packet alone.
    pub fn packet(&self) -> Vec<u8> {
        packet(PUBLIC_KEY, &self.body())
    }

    /// The body of a signature packet.
    pub fn sign_body(&self, draft: &Draft, data: &[u8]) -> Vec<u8> {
        let (_, trailer) = draft.head_and_trailer(self);
        let mut signer = Signer::new(draft.digest(), &self.pair).unwrap();
        signer.update(data).unwrap();
        signer.update(&trailer).unwrap();
        let signature = signer.sign_to_vec().unwrap();
        [self.up_to_number(draft, data), number(&signature)].concat()
    }

    /// The body of a signature packet up to its number, which has a byte less than the key in one
    /// signature of 256.
    pub fn up_to_number(&self, draft: &Draft, data: &[u8]) -> Vec<u8> {
        let (head, trailer) = draft.head_and_trailer(self);
        let digest = openssl::hash::hash(draft.digest(), &[data, &trailer].concat()).unwrap();
        [&head[..], &digest[..2]].concat()
    }

    /// A signature packet with its header.
    pub fn sign(&self, draft: &Draft, data: &[u8]) -> Vec<u8> {
        packet(SIGNATURE, &self.sign_body(draft, data))
    }

    /// A whole message with the one-pass packet that belongs to it.
    pub fn message(&self, draft: &Draft, payload: &[u8]) -> Vec<u8> {
        [
            packets::one_pass(draft.class, draft.hash, 1, self.key_id()),
            literal(b'b', payload),
            self.sign(draft, payload),
        ]
        .concat()
    }

    /// A user ID and the certification of it by another key, or by this one.
    pub fn user_id(&self, text: &str, by: &Key, draft: &Draft) -> Vec<u8> {
        let length = u32::try_from(text.len()).unwrap().to_be_bytes();
        let data = [&self.hashed(), &[0xb4][..], &length, text.as_bytes()].concat();
        [packet(USER_ID, text.as_bytes()), by.sign(draft, &data)].concat()
    }

    /// A public key with one user ID that may certify and sign.
    pub fn certificate(&self, user_id: &str) -> Vec<u8> {
        self.certificate_with(user_id, &Draft::certification(self).flags(CERTIFY | SIGN))
    }

    /// The same key, and a copy with more newer self-signatures of the right form that do not hold than are checked, so that
    /// the true one is left out.
    pub fn flooded(&self, user_id: &str) -> Vec<u8> {
        let newer = Draft::new(now() - 1000).class(0x13).flags(CERTIFY | SIGN).named(self);
        let newer = self.user_id(user_id, self, &newer);
        let flood = (0..1100_u32).flat_map(|n| {
            let mut copy = newer.clone();
            let end = copy.len();
            copy[end - 4..].copy_from_slice(&n.to_be_bytes());
            copy
        });
        let begin = [self.certificate(user_id), self.packet()].concat();
        begin.into_iter().chain(flood).collect()
    }

    pub fn certificate_with(&self, user_id: &str, draft: &Draft) -> Vec<u8> {
        [self.packet(), self.user_id(user_id, self, draft)].concat()
    }

    /// A revocation of the key itself, to stand before its first user ID.
    pub fn revoked(&self, user_id: &str, reason: u8, at: i64) -> Vec<u8> {
        let draft = Draft::new(at).class(0x20).hashed(29, &[reason]);
        let draft_uid = Draft::certification(self).flags(CERTIFY | SIGN);
        [
            self.packet(),
            self.sign(&draft, &self.hashed()),
            self.user_id(user_id, self, &draft_uid),
        ]
        .concat()
    }

    /// A revocation certificate for a key, made by this one, its own or not.
    pub fn revocation_of(&self, key: &Key, draft: &Draft) -> Vec<u8> {
        self.sign(&draft.clone().class(0x20).hashed(29, &[2]), &key.hashed())
    }

    /// A signature directly on this key.
    pub fn direct(&self, draft: &Draft) -> Vec<u8> {
        self.sign(&draft.clone().class(0x1f), &self.hashed())
    }

    /// A subkey's packet and its binding to this key.
    pub fn subkey(&self, subkey: &Key, draft: &Draft) -> Vec<u8> {
        let data = [self.hashed(), subkey.hashed()].concat();
        let mut draft = draft.clone().class(0x18);
        if draft.back_signature {
            let back = subkey.sign_body(&Draft::new(subkey.created).class(0x19), &data);
            draft = draft.unhashed(32, &back);
        }
        [packet(PUBLIC_SUBKEY, &subkey.body()), self.sign(&draft, &data)].concat()
    }

    /// A revocation of a subkey, to stand after its binding.
    pub fn revoke_subkey(&self, subkey: &Key, reason: u8, at: i64) -> Vec<u8> {
        self.revoke_subkey_with(subkey, &Draft::new(at).hashed(29, &[reason]))
    }

    pub fn revoke_subkey_with(&self, subkey: &Key, draft: &Draft) -> Vec<u8> {
        let data = [self.hashed(), subkey.hashed()].concat();
        self.sign(&draft.clone().class(0x28), &data)
    }
}

/// What is to stand in a signature.
#[derive(Debug, Clone)]
pub struct Draft {
    pub version: u8,
    pub class: u8,
    pub hash: u8,
    pub created: Option<i64>,
    /// Whether it names its maker.
    pub issuer: bool,
    /// Another key that it names as its maker, where that is not covered.
    pub named: Option<[u8; 8]>,
    pub hashed: Vec<u8>,
    pub unhashed: Vec<u8>,
    pub back_signature: bool,
}

impl Draft {
    /// A version 4 signature over a document.
    pub fn new(created: i64) -> Self {
        Self {
            version: 4,
            class: 0,
            hash: SHA256,
            created: Some(created),
            issuer: true,
            named: None,
            hashed: Vec::new(),
            unhashed: Vec::new(),
            back_signature: false,
        }
    }

    pub fn certification(key: &Key) -> Self {
        Self::new(key.created).class(0x13)
    }

    /// The binding of a signing subkey.
    pub fn binding(subkey: &Key) -> Self {
        Self {
            back_signature: true,
            ..Self::new(subkey.created).flags(SIGN)
        }
    }

    /// Names another key as its maker.
    pub fn named(self, key: &Key) -> Self {
        Self {
            named: Some(key.key_id()),
            ..self
        }
    }

    /// So many seconds later.
    pub fn later_by(self, later: i64) -> Self {
        Self {
            created: self.created.map(|created| created + later),
            ..self
        }
    }

    pub fn class(self, class: u8) -> Self {
        Self { class, ..self }
    }

    pub fn hash(self, hash: u8) -> Self {
        Self { hash, ..self }
    }

    pub fn version(self, version: u8) -> Self {
        Self { version, ..self }
    }

    pub fn flags(self, flags: u8) -> Self {
        self.hashed(27, &[flags])
    }

    /// Adds a hashed subpacket.
    pub fn hashed(mut self, kind: u8, body: &[u8]) -> Self {
        self.hashed.extend(subpacket(kind, body));
        self
    }

    pub fn unhashed(mut self, kind: u8, body: &[u8]) -> Self {
        self.unhashed.extend(subpacket(kind, body));
        self
    }

    /// Adds an expiration time: type 3 for signatures, type 9 for keys.
    pub fn expires_after(self, kind: u8, seconds: i64) -> Self {
        let seconds = u32::try_from(seconds).unwrap().to_be_bytes();
        self.hashed(kind, &seconds)
    }

    fn digest(&self) -> MessageDigest {
        match self.hash {
            MD5 => MessageDigest::md5(),
            SHA1 => MessageDigest::sha1(),
            RIPEMD160 => MessageDigest::ripemd160(),
            9 => MessageDigest::sha384(),
            10 => MessageDigest::sha512(),
            11 => MessageDigest::sha224(),
            _ => MessageDigest::sha256(),
        }
    }

    /// What stands before the digest's prefix, and what is hashed after the data.
    fn head_and_trailer(&self, key: &Key) -> (Vec<u8>, Vec<u8>) {
        if self.version == 3 {
            let trailer = [&[self.class], &seconds(self.created.unwrap())[..]].concat();
            let head = [&[3, 5], &trailer[..], &key.key_id(), &[1, self.hash]].concat();
            return (head, trailer);
        }
        let mut hashed = Vec::new();
        if let Some(created) = self.created {
            hashed.extend(subpacket(2, &seconds(created)));
        }
        hashed.extend(&self.hashed);
        let mut unhashed = self.unhashed.clone();
        if self.issuer {
            unhashed.extend(subpacket(16, &self.named.unwrap_or_else(|| key.key_id())));
        }
        let two = |area: &[u8]| u16::try_from(area.len()).unwrap().to_be_bytes();
        let covered = [&[self.version, self.class, 1, self.hash], &two(&hashed)[..], &hashed].concat();
        let length = u32::try_from(covered.len()).unwrap().to_be_bytes();
        let trailer = [&covered[..], &[self.version, 0xff], &length].concat();
        let head = [&covered[..], &two(&unhashed), &unhashed].concat();
        (head, trailer)
    }
}

/// One subpacket, its length in five octets.
pub fn subpacket(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 1).unwrap().to_be_bytes();
    [&[255], &length[..], &[kind], body].concat()
}

fn seconds(time: i64) -> [u8; 4] {
    u32::try_from(time).unwrap().to_be_bytes()
}

/// A number (MPI) of OpenPGP.
fn number(bytes: &[u8]) -> Vec<u8> {
    let bytes = &bytes[bytes.iter().take_while(|b| **b == 0).count()..];
    let bits = bytes.len() * 8 - bytes[0].leading_zeros() as usize;
    [&u16::try_from(bits).unwrap().to_be_bytes()[..], bytes].concat()
}
