// SPDX-License-Identifier: Apache-2.0
//! Which keys are accepted.

use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::UsageError;
pub use crate::cli::keys::KeyOutput;
use crate::cli::keys::{KeyOptions, KeysCommand, TrustModelFlag};
use crate::openpgp::keys::key::{Fingerprint, FingerprintError};
use crate::openpgp::keys::signed_by::SignedBy;
use crate::openpgp::trust::user_keyring::TrustModel;
use crate::text::{path_again, quoted, safe, typed_again};

/// Which keys are accepted.
#[derive(Debug, Clone)]
pub struct KeyChoice {
    /// Where OpenPGP keys come from.
    pub source: KeySource,
    /// OpenPGP keys are accepted: none are asked for where only sigstore keys are named.
    pub accepts_gpg: bool,
    /// Sigstore keys, where any are named.
    pub sigstore: Option<SigstoreKeys>,
    /// The only ones of the keys that are accepted, unless empty.
    pub signed_by: SignedBy,
    /// Where temporary keyrings may stand.
    pub places: Vec<PathBuf>,
    /// Our user ID, to know left-overs of our own.
    pub uid: u32,
    /// The time by which keys and signatures are judged, in seconds since 1970.
    pub now: i64,
}

/// What the command `keys` is to do.
#[derive(Debug, Clone)]
pub struct Listing {
    /// The keys that are listed.
    pub keys: KeyChoice,
    /// How they are printed.
    pub output: KeyOutput,
}

impl Listing {
    /// Validates the options of `keys`.
    ///
    /// # Errors
    /// When they contradict each other or an argument is not a fingerprint.
    pub fn new(options: &KeysCommand, environment: &Environment) -> Result<Self, UsageError> {
        Ok(Self {
            keys: KeyChoice::new(&options.keys, &[], environment)?,
            output: options.format.output,
        })
    }
}

/// The sigstore keys that are accepted.
#[derive(Debug, Clone)]
pub struct SigstoreKeys {
    /// The files with the public keys, each one key in PEM.
    pub files: Vec<PathBuf>,
    /// Narrowed to those with these SHA-256 digests; all where none is named.
    pub signed_by: Vec<String>,
}

/// Where OpenPGP keys come from.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// Key files: all their keys are accepted.
    Files(Vec<PathBuf>),
    /// The keyring of a GnuPG home.
    Home {
        /// The home; none where the user has no home directory at all.
        directory: Option<PathBuf>,
        /// It is named in the call, so that gpg would take another one by itself.
        is_named: bool,
        /// Whose home it is, where that may surprise.
        note: Option<String>,
        /// Which of its keys are accepted.
        trust_model: TrustModel,
    },
}

impl KeyChoice {
    /// Validates the key options.
    ///
    /// # Errors
    /// When they contradict each other or an argument is not a fingerprint.
    pub fn new(options: &KeyOptions, sigstore_keys: &[PathBuf], environment: &Environment) -> Result<Self, UsageError> {
        let (digests, fingerprints): (Vec<&String>, Vec<&String>) =
            options.signed_by.iter().partition(|text| text.starts_with(DIGEST));
        let signed_by = fingerprints
            .iter()
            .map(|text| Fingerprint::read(text))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| {
                let shown = match &error {
                    FingerprintError::KeyId(_) => String::new(),
                    FingerprintError::Format(_) => {
                        format!("; those of the accepted keys are shown by {}", call_of_all(options))
                    }
                };
                UsageError::new(format!("--signed-by: {}{shown}", safe(&error.to_string())))
            })?;
        refuse_no_files("--public-key", &options.public_key)?;
        refuse_no_files("--sigstore-key", sigstore_keys)?;
        let digests = digests
            .into_iter()
            .map(|text| public_key_digest(text))
            .collect::<Result<Vec<_>, _>>()?;
        if sigstore_keys.is_empty() && !digests.is_empty() {
            return Err(UsageError::new(format!(
                "--signed-by {DIGEST}HEX applies only to sigstore keys; add --sigstore-key FILE, which verify and \
                    audit have; an OpenPGP key is named by its fingerprint of 40 digits"
            )));
        }
        let names_gpg = !options.public_key.is_empty()
            || options.homedir.is_some()
            || options.trust_model.is_some()
            || !signed_by.is_empty();
        let sigstore = (!sigstore_keys.is_empty()).then(|| SigstoreKeys {
            files: sigstore_keys.to_vec(),
            signed_by: digests,
        });
        let source = if options.public_key.is_empty() {
            home(options, environment)
        } else {
            for (given, flag) in [
                (options.homedir.is_some(), "--homedir"),
                (options.trust_model.is_some(), "--trust-model"),
            ] {
                if given {
                    return Err(UsageError::new(format!(
                        "{flag} cannot be used with --public-key, with which the user's keyring is not consulted"
                    )));
                }
            }
            KeySource::Files(options.public_key.clone())
        };
        Ok(Self {
            source,
            accepts_gpg: names_gpg || sigstore.is_none(),
            sigstore,
            signed_by: SignedBy(signed_by),
            places: environment.temporary_places(),
            uid: environment.uid,
            now: environment.now,
        })
    }
}

/// The call of `keys` that lists what these options accept, as it is typed in a shell.
#[must_use]
pub fn call(options: &KeyOptions) -> String {
    format!("image-signature keys{}", same(options))
}

/// These options as they are typed again, each with a blank before it.
#[must_use]
pub fn same(options: &KeyOptions) -> String {
    let mut same = String::new();
    let mut add = |flag: &str, word: &str| same.push_str(&format!(" {flag} {word}"));
    for file in &options.public_key {
        add("--public-key", &path_again(file));
    }
    if let Some(directory) = &options.homedir {
        add("--homedir", &path_again(directory));
    }
    if let Some(TrustModelFlag::Always) = options.trust_model {
        add("--trust-model", "always");
    }
    for fingerprint in &options.signed_by {
        add("--signed-by", &typed_again(fingerprint));
    }
    same
}

/// The same without `--signed-by`.
fn call_of_all(options: &KeyOptions) -> String {
    call(&KeyOptions {
        signed_by: Vec::new(),
        ..options.clone()
    })
}

/// Refuses the name of a key file that is something else which people have at hand.
fn refuse_no_files(flag: &str, files: &[PathBuf]) -> Result<(), UsageError> {
    let refused = files.iter().find_map(|file| Some((file, other_than_file(file)?)));
    match refused {
        Some((file, what)) => Err(UsageError::new(format!(
            "{flag} {}: {what}",
            safe(&file.display().to_string())
        ))),
        None => Ok(()),
    }
}

/// What a name is that no file has, and what to write instead.
fn other_than_file(file: &Path) -> Option<&'static str> {
    let text = file
        .to_str()
        .filter(|_| file.try_exists().is_ok_and(|is_there| !is_there))?;
    if Fingerprint::read(text).is_ok() {
        Some("there is no such file, and it looks like a fingerprint: --signed-by FINGERPRINT names a key of your keyring")
    } else if text.starts_with("https://") || text.starts_with("http://") {
        Some("it is a URL, and none is read here: download the key, and make sure that it is the right one")
    } else if text == "-" {
        Some("expected a file; standard input is /dev/stdin")
    } else if text.contains(['*', '?']) {
        Some("there is no such file, and patterns are not supported: give the option once for each file")
    } else if text.contains(',') {
        Some("there is no such file; give the option once for each file")
    } else if text.contains('@') && !text.contains('/') {
        Some("there is no such file; a key is named by its fingerprint: --signed-by FINGERPRINT names one of your keyring")
    } else {
        None
    }
}

/// What names a sigstore key: the digest of its public key.
const DIGEST: &str = "sha256:";

fn public_key_digest(text: &str) -> Result<String, UsageError> {
    let digest = text.strip_prefix(DIGEST).unwrap_or(text).to_ascii_lowercase();
    if digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(digest);
    }
    Err(UsageError::new(format!(
        "--signed-by {}: expected {DIGEST} and the 64 hexadecimal digits of the SHA-256 of a public key (openssl pkey -pubin -outform DER -in FILE | sha256sum)",
        quoted(text)
    )))
}

fn home(options: &KeyOptions, environment: &Environment) -> KeySource {
    let trust_model = match options.trust_model {
        Some(TrustModelFlag::Always) => TrustModel::Always,
        Some(TrustModelFlag::Gpg) | None => TrustModel::Gpg,
    };
    let named = options
        .homedir
        .clone()
        .or_else(|| environment.variable("GNUPGHOME").map(PathBuf::from))
        .map(|named| as_gpg_reads_it(named, environment));
    let directory = named
        .clone()
        .or_else(|| environment.home.as_ref().map(|home| in_home(home)));
    // sudo keeps or changes HOME as its configuration says: whose keyring it is must not be a guess.
    let note = match (&directory, environment.variable("SUDO_USER")) {
        (Some(directory), Some(user)) if named.is_none() && environment.uid == 0 => Some(format!(
            "the keys are those of {}; the command was run by {} through sudo: --homedir names another keyring",
            safe(&directory.display().to_string()),
            safe(&user.to_string_lossy())
        )),
        _ => None,
    };
    KeySource::Home {
        directory,
        is_named: options.homedir.is_some(),
        note,
        trust_model,
    }
}

/// The keyring in the home directory. Of one that begins with a tilde nothing is looked up.
fn in_home(home: &Path) -> PathBuf {
    let directory = home.join(".gnupg");
    match directory.to_string_lossy().starts_with('~') {
        true => Path::new(".").join(directory),
        false => directory,
    }
}

/// Refuses the home of another user, `~USER`, which gpg looks up by the name: this program would look at another place.
/// `is_named` says that the call names it.
///
/// # Errors
/// When it is one.
pub(crate) fn check_home(directory: &Path, is_named: bool) -> Result<(), UsageError> {
    let text = directory.to_string_lossy();
    if !text.starts_with('~') || directory.starts_with("~") {
        return Ok(());
    }
    let origin = if is_named { "--homedir" } else { "GNUPGHOME" };
    Err(UsageError::new(format!(
        "{origin} {0}: the home of another user is not looked up: write the directory in full (./{0} where it is called so)",
        safe(&text)
    )))
}

/// The directory that gpg takes for a home of this name: it replaces a tilde at the beginning by itself, which no shell does in
/// `--homedir=~/DIR` or in a variable that was set in quotes.
pub(crate) fn as_gpg_reads_it(named: PathBuf, environment: &Environment) -> PathBuf {
    match (named.strip_prefix("~"), &environment.home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => named,
    }
}
