// SPDX-License-Identifier: Apache-2.0
//! The settings of `remove`.

use super::environment::Environment;
use super::objects::{to_write, Objects, Recording};
use super::UsageError;
use crate::cli::acceptance::{AcceptanceOptions, EngineChoice};
use crate::cli::keys::KeyOptions;
use crate::cli::output::OutputOption;
use crate::cli::registry::ClusterRegistryOptions;
use crate::cli::remove::RemoveCommand;
pub use crate::cli::remove::RemoveOutput;
use crate::cli::verify::{VerifyCommand, VerifyOutput};
use crate::source::objects::Place;

/// What `remove` is to do.
#[derive(Debug, Clone)]
pub struct Remove {
    /// The objects whose records are removed.
    pub objects: Objects,
    /// Directories in directories of object files are read too.
    pub is_recursive: bool,
    /// Only what is recorded about these signatures; about all where none is named.
    pub signatures: Vec<String>,
    /// What is done with the changes.
    pub recording: Recording,
    /// How to run the command again so that it writes.
    pub to_write: &'static str,
    /// The time that a record says, in seconds since 1970.
    pub now: i64,
    /// How the removals are printed.
    pub output: RemoveOutput,
    /// The document from standard input is printed without the records, so that the report goes to standard error.
    pub prints_document: bool,
}

impl Remove {
    /// Validates the options of `remove`.
    ///
    /// # Errors
    /// When they contradict each other or one is malformed.
    pub fn new(options: &RemoveCommand, environment: &Environment) -> Result<Self, UsageError> {
        let objects = Objects::new(&options.source, &options.images, environment)?;
        let recording = Recording::new(options.confirm, options.dry_run);
        let in_files = matches!(objects, Objects::Files { .. });
        let prints_document = recording == Recording::Confirm
            && matches!(&objects, Objects::Files { places, .. } if places.contains(&Place::Stdin));
        if prints_document && options.format.output != RemoveOutput::Text {
            return Err(UsageError::new(
                "--output cannot be used with --filename - and --confirm, which print the changed document on standard output",
            ));
        }
        if in_files && recording == Recording::Trial {
            return Err(UsageError::new(
                "--dry-run=server cannot be used with --filename: it needs a server",
            ));
        }
        Ok(Self {
            objects,
            is_recursive: options.source.recursive,
            signatures: options.signature.clone(),
            recording,
            to_write: to_write(options.confirm, options.dry_run),
            now: environment.now,
            output: options.format.output,
            prints_document,
        })
    }

    /// Validates the options of `verify` where it is asked to remove records.
    ///
    /// # Errors
    /// When one of them is about judging, or as for [`Remove::new`].
    pub fn of_verify(options: &VerifyCommand, environment: &Environment) -> Result<Self, UsageError> {
        Self::new(&as_removal(options)?, environment)
    }
}

/// The options of `remove` out of those of `verify`; those that judge have no meaning there. Each stands here by its name, so
/// that a new one is not swallowed.
fn as_removal(options: &VerifyCommand) -> Result<RemoveCommand, UsageError> {
    let VerifyCommand {
        images,
        source,
        signature,
        confirm,
        dry_run,
        format,
        expected_identity,
        identity_match,
        expected_digest,
        require,
        images_from,
        acceptance,
        manifest,
        signature_file,
        platform,
        all_platforms,
        require_list,
        cluster_registry,
        registry,
        explain,
        attach,
        // There is nothing to colour, and these are why it is called.
        colour: _,
        remove: _,
        remove_all: _,
    } = options;
    let AcceptanceOptions {
        keys,
        engine,
        sigstore_key,
        policy,
        system_policy,
        cluster_policy,
    } = acceptance;
    let KeyOptions {
        public_key,
        homedir,
        trust_model,
        signed_by,
    } = keys;
    let ClusterRegistryOptions {
        registry_url,
        registry_login,
    } = cluster_registry;
    let judging = [
        (!expected_identity.is_empty(), "--expected-identity"),
        (!public_key.is_empty(), "--public-key"),
        (!signed_by.is_empty(), "--signed-by"),
        (homedir.is_some(), "--homedir"),
        (trust_model.is_some(), "--trust-model"),
        (*engine != EngineChoice::Auto, "--engine"),
        (!sigstore_key.is_empty(), "--sigstore-key"),
        (policy.is_some(), "--policy"),
        (*system_policy, "--system-policy"),
        (*cluster_policy, "--cluster-policy"),
        (identity_match.is_some(), "--identity-match"),
        (expected_digest.is_some(), "--expected-digest"),
        (require.is_some(), "--require"),
        (images_from.is_some(), "--images-from"),
        (manifest.is_some() || !signature_file.is_empty(), "--manifest"),
        (platform.is_some(), "--platform"),
        (*all_platforms, "--all-platforms"),
        (*require_list, "--require-list"),
        (registry_url.is_some(), "--registry-url"),
        (registry_login.is_some(), "--registry-login"),
        (registry.insecure, "--insecure"),
        (*attach, "--attach"),
        (*explain, "--explain"),
    ];
    let judging = judging.into_iter().filter(|(given, _)| *given).map(|(_, flag)| flag);
    if let Some(flag) = judging.chain(registry.given()).next() {
        return Err(UsageError::new(format!(
            "{flag} cannot be used when removing records, which judges nothing"
        )));
    }
    let output = match format.output {
        VerifyOutput::Text => RemoveOutput::Text,
        VerifyOutput::Wide => {
            return Err(UsageError::new("--output wide cannot be used when removing records"));
        }
        VerifyOutput::Name => RemoveOutput::Name,
        VerifyOutput::Json => RemoveOutput::Json,
        VerifyOutput::Yaml => RemoveOutput::Yaml,
    };
    Ok(RemoveCommand {
        images: images.clone(),
        signature: signature.clone(),
        source: source.clone(),
        confirm: *confirm,
        dry_run: *dry_run,
        format: OutputOption { output },
    })
}
