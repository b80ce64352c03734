// SPDX-License-Identifier: Apache-2.0
//! What is to be said against a policy.

use super::rulebook::Spot;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something that cannot work as it stands.
    Error,
    /// Something may mean another thing than was meant.
    Warning,
    /// Something that is worth knowing, and not wrong.
    Note,
}

/// What was found. The words are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// The file breaks its format.
    InvalidPolicy,
    /// registries.conf or registries.d breaks its format.
    InvalidConfiguration,
    /// A key file cannot be read, or is not a key file.
    KeyUnreadable,
    /// A requirement has no key at all.
    KeyMissing,
    /// The path of a key file is relative: its meaning depends on where a reader was started.
    KeyPathRelative,
    /// A key is expired.
    KeyExpired,
    /// A key is revoked, too weak, or refused for another reason than its age.
    KeyNotAccepted,
    /// A key file has keys that GnuPG skips.
    KeySkipped,
    /// A key is bound to its owner by SHA-1 only.
    KeySelfSignatureSha1,
    /// Two copies of a key differ.
    KeyCopiesDiffer,
    /// Key data holds several keys, of which nodes read the first.
    SeveralKeysInData,
    /// No reference can have this scope.
    ScopeNeverMatches,
    /// No program has a transport of this name.
    UnknownTransport,
    /// A requirement that no reader implements.
    RequirementNeverMet,
    /// A requirement that this program does not check.
    RequirementNotChecked,
    /// All of several requirements must hold.
    AllRequired,
    /// A nearer scope takes the place of one that asks for signatures.
    ScopeShadowed,
    /// Nodes leave a scope out.
    ScopeLeftOut,
    /// Images in no scope are accepted unsigned.
    DefaultAccepts,
    /// The identity rule does not go with the scope.
    IdentityAgainstScope,
    /// Signatures are not looked for at a mirror.
    MirrorWithoutSignatures,
    /// Sigstore signatures are required of images in registries, and registries.d does not have them looked for.
    AttachmentsNotRead,
    /// A member has the name from before it was renamed.
    OldMemberName,
    /// A program of this machine refuses all sigstore signatures.
    ReaderRefusesSigstore,
    /// A program of this machine does not know a member of the policy, and refuses all of it.
    ReaderTooOld,
    /// A hand-made policy stands beside objects of which nodes make one.
    PolicyBesideObjects,
}

/// Something in a policy that cannot work, or may mean another thing than was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of finding it is.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// Where; `None` where it is about the machine.
    pub spot: Option<Spot>,
    /// In words. Not safe to print as it is.
    pub message: String,
}

impl Code {
    /// Every code, in the order of the variants.
    pub const ALL: [Code; 26] = [
        Code::InvalidPolicy,
        Code::InvalidConfiguration,
        Code::KeyUnreadable,
        Code::KeyMissing,
        Code::KeyPathRelative,
        Code::KeyExpired,
        Code::KeyNotAccepted,
        Code::KeySkipped,
        Code::KeySelfSignatureSha1,
        Code::KeyCopiesDiffer,
        Code::SeveralKeysInData,
        Code::ScopeNeverMatches,
        Code::UnknownTransport,
        Code::RequirementNeverMet,
        Code::RequirementNotChecked,
        Code::AllRequired,
        Code::ScopeShadowed,
        Code::ScopeLeftOut,
        Code::DefaultAccepts,
        Code::IdentityAgainstScope,
        Code::MirrorWithoutSignatures,
        Code::AttachmentsNotRead,
        Code::OldMemberName,
        Code::ReaderRefusesSigstore,
        Code::ReaderTooOld,
        Code::PolicyBesideObjects,
    ];

    /// The word in output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Code::InvalidPolicy => "InvalidPolicy",
            Code::InvalidConfiguration => "InvalidConfiguration",
            Code::KeyUnreadable => "KeyUnreadable",
            Code::KeyMissing => "KeyMissing",
            Code::KeyPathRelative => "KeyPathRelative",
            Code::KeyExpired => "KeyExpired",
            Code::KeyNotAccepted => "KeyNotAccepted",
            Code::KeySkipped => "KeySkipped",
            Code::KeySelfSignatureSha1 => "KeySelfSignatureSha1",
            Code::KeyCopiesDiffer => "KeyCopiesDiffer",
            Code::SeveralKeysInData => "SeveralKeysInData",
            Code::ScopeNeverMatches => "ScopeNeverMatches",
            Code::UnknownTransport => "UnknownTransport",
            Code::RequirementNeverMet => "RequirementNeverMet",
            Code::RequirementNotChecked => "RequirementNotChecked",
            Code::AllRequired => "AllRequired",
            Code::ScopeShadowed => "ScopeShadowed",
            Code::ScopeLeftOut => "ScopeLeftOut",
            Code::DefaultAccepts => "DefaultAccepts",
            Code::IdentityAgainstScope => "IdentityAgainstScope",
            Code::MirrorWithoutSignatures => "MirrorWithoutSignatures",
            Code::AttachmentsNotRead => "AttachmentsNotRead",
            Code::OldMemberName => "OldMemberName",
            Code::ReaderRefusesSigstore => "ReaderRefusesSigstore",
            Code::ReaderTooOld => "ReaderTooOld",
            Code::PolicyBesideObjects => "PolicyBesideObjects",
        }
    }

    /// How bad it is where nothing makes it better.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Code::InvalidPolicy
            | Code::InvalidConfiguration
            | Code::KeyUnreadable
            | Code::KeyMissing
            | Code::KeyExpired
            | Code::KeyNotAccepted
            | Code::ScopeNeverMatches
            | Code::UnknownTransport
            | Code::RequirementNeverMet
            | Code::AttachmentsNotRead
            | Code::ReaderTooOld => Severity::Error,
            Code::KeyPathRelative
            | Code::KeySkipped
            | Code::KeyCopiesDiffer
            | Code::SeveralKeysInData
            | Code::AllRequired
            | Code::ScopeShadowed
            | Code::ScopeLeftOut
            | Code::IdentityAgainstScope
            | Code::MirrorWithoutSignatures
            | Code::ReaderRefusesSigstore
            | Code::PolicyBesideObjects => Severity::Warning,
            Code::KeySelfSignatureSha1 | Code::RequirementNotChecked | Code::DefaultAccepts | Code::OldMemberName => {
                Severity::Note
            }
        }
    }
}

impl Severity {
    /// The word in output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

impl Finding {
    /// A finding of the usual severity.
    #[must_use]
    pub fn new(code: Code, spot: Option<Spot>, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            spot,
            message: message.into(),
        }
    }

    /// The same, no worse than a severity.
    #[must_use]
    pub fn at_most(mut self, severity: Severity) -> Self {
        self.severity = self.severity.max(severity);
        self
    }
}
