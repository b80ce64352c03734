// SPDX-License-Identifier: Apache-2.0
//! The words for outcomes: stable, used alike in text, JSON and recorded conditions. Scripts depend on them.

use serde::{Deserialize, Serialize};

/// What is said of an image or of one of its signatures. Lines of a report have the names of the variants,
/// which are the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Verdict {
    /// Everything that was asked for holds.
    Verified,
    /// Signatures there are, but not enough of them passed.
    Rejected,
    /// Only signatures of a format that this build cannot check.
    Unsupported,
    /// No signature, after every source was asked.
    Unsigned,
    /// Accepted by policy without a signature; not the same as verified.
    Allowed,
    /// Could not be decided.
    Unchecked,
}

impl Verdict {
    /// The word in output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Verified => "Verified",
            Verdict::Rejected => "Rejected",
            Verdict::Unsupported => "Unsupported",
            Verdict::Unsigned => "Unsigned",
            Verdict::Allowed => "Allowed",
            Verdict::Unchecked => "Unchecked",
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

/// Why. Each variant is explained in image-signature(1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Reason {
    Verified,
    NoSignature,
    NotASignature,
    MultipleSignatures,
    UnsupportedSignature,
    BadSignature,
    UnknownKey,
    KeyNotAccepted,
    KeyExpired,
    KeyRevoked,
    KeyDisabled,
    WrongKeyUsage,
    SignatureExpired,
    SignatureNotYetValid,
    WeakAlgorithm,
    MalformedPayload,
    DigestMismatch,
    ManifestMismatch,
    IdentityMismatch,
    ThresholdNotReached,
    PolicyRejected,
    Allowed,
    MalformedImage,
    LimitExceeded,
    NotFound,
    Forbidden,
    ManifestUnavailable,
    SourceUnavailable,
    EngineFailed,
    NoExpectedIdentity,
}

impl Reason {
    /// Every reason, in the order of the variants.
    pub const ALL: [Self; 30] = [
        Self::Verified,
        Self::NoSignature,
        Self::NotASignature,
        Self::MultipleSignatures,
        Self::UnsupportedSignature,
        Self::BadSignature,
        Self::UnknownKey,
        Self::KeyNotAccepted,
        Self::KeyExpired,
        Self::KeyRevoked,
        Self::KeyDisabled,
        Self::WrongKeyUsage,
        Self::SignatureExpired,
        Self::SignatureNotYetValid,
        Self::WeakAlgorithm,
        Self::MalformedPayload,
        Self::DigestMismatch,
        Self::ManifestMismatch,
        Self::IdentityMismatch,
        Self::ThresholdNotReached,
        Self::PolicyRejected,
        Self::Allowed,
        Self::MalformedImage,
        Self::LimitExceeded,
        Self::NotFound,
        Self::Forbidden,
        Self::ManifestUnavailable,
        Self::SourceUnavailable,
        Self::EngineFailed,
        Self::NoExpectedIdentity,
    ];

    /// The word in output and in recorded conditions, the verdict, whether it depends on what our clock says, and whether it
    /// may be about the image itself: a row a reason, so that the compiler asks for these of a new one.
    fn row(self) -> (&'static str, Verdict, bool, bool) {
        match self {
            Reason::Verified => ("Verified", Verdict::Verified, false, false),
            Reason::NoSignature => ("NoSignature", Verdict::Unsigned, false, false),
            Reason::NotASignature => ("NotASignature", Verdict::Rejected, false, false),
            Reason::MultipleSignatures => ("MultipleSignatures", Verdict::Rejected, false, false),
            Reason::UnsupportedSignature => ("UnsupportedSignature", Verdict::Unsupported, false, true),
            Reason::BadSignature => ("BadSignature", Verdict::Rejected, false, false),
            Reason::UnknownKey => ("UnknownKey", Verdict::Rejected, false, false),
            Reason::KeyNotAccepted => ("KeyNotAccepted", Verdict::Rejected, false, false),
            Reason::KeyExpired => ("KeyExpired", Verdict::Rejected, true, false),
            Reason::KeyRevoked => ("KeyRevoked", Verdict::Rejected, false, false),
            Reason::KeyDisabled => ("KeyDisabled", Verdict::Rejected, false, false),
            Reason::WrongKeyUsage => ("WrongKeyUsage", Verdict::Rejected, false, false),
            Reason::SignatureExpired => ("SignatureExpired", Verdict::Rejected, true, false),
            Reason::SignatureNotYetValid => ("SignatureNotYetValid", Verdict::Rejected, true, false),
            Reason::WeakAlgorithm => ("WeakAlgorithm", Verdict::Rejected, false, false),
            Reason::MalformedPayload => ("MalformedPayload", Verdict::Rejected, false, false),
            Reason::DigestMismatch => ("DigestMismatch", Verdict::Rejected, false, true),
            Reason::ManifestMismatch => ("ManifestMismatch", Verdict::Rejected, false, true),
            Reason::IdentityMismatch => ("IdentityMismatch", Verdict::Rejected, false, false),
            Reason::ThresholdNotReached => ("ThresholdNotReached", Verdict::Rejected, false, false),
            Reason::PolicyRejected => ("PolicyRejected", Verdict::Rejected, false, true),
            Reason::Allowed => ("Allowed", Verdict::Allowed, false, false),
            Reason::MalformedImage => ("MalformedImage", Verdict::Rejected, false, true),
            Reason::LimitExceeded => ("LimitExceeded", Verdict::Rejected, false, false),
            Reason::NotFound => ("NotFound", Verdict::Unchecked, false, false),
            Reason::Forbidden => ("Forbidden", Verdict::Unchecked, false, false),
            Reason::ManifestUnavailable => ("ManifestUnavailable", Verdict::Unchecked, false, false),
            Reason::SourceUnavailable => ("SourceUnavailable", Verdict::Unchecked, false, false),
            Reason::EngineFailed => ("EngineFailed", Verdict::Unchecked, false, false),
            Reason::NoExpectedIdentity => ("NoExpectedIdentity", Verdict::Unchecked, false, false),
        }
    }

    /// The word in output and in recorded conditions.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.row().0
    }

    /// Whether the reason depends on what our clock says.
    #[must_use]
    pub fn is_of_time(self) -> bool {
        self.row().2
    }

    /// Whether an image may be Rejected or Unsupported for it, whatever its signatures are.
    #[must_use]
    pub fn is_of_image(self) -> bool {
        self.row().3
    }

    /// The verdict that this reason belongs to.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        self.row().1
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

/// A reason other than success, and the sentence that tells a person what exactly is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The stable word that is recorded and printed.
    pub reason: Reason,
    /// What was found, for people; strings of others in it are already safe to print.
    pub message: String,
    /// What is recorded about the signature stays as it is: the refusal says nothing against it that will last.
    pub spares_record: bool,
}

impl Refusal {
    /// Puts the two together.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            // A signature dated ahead of our clock may be good in a moment.
            spares_record: reason == Reason::SignatureNotYetValid,
        }
    }

    /// The same refusal, which leaves a record as it is (docs/contract.md 5: what is not judged, or fails only
    /// because a certifier's key has expired or is disabled).
    #[must_use]
    pub fn sparing_record(mut self) -> Self {
        self.spares_record = true;
        self
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.reason, self.message)
    }
}
