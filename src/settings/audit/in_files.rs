// SPDX-License-Identifier: Apache-2.0
//! With `--filename` each image is an object of the files.

use std::collections::HashSet;

use crate::cli::audit::AuditCommand;
use crate::settings::image_name::{as_in_a_registry, ImageName};
use crate::settings::requests::Request;
use crate::settings::UsageError;
use crate::text::safe;

/// Refuses the reference of an image where an object is named: it is what the object is expected to be signed as.
///
/// # Errors
/// When an argument is one.
pub(super) fn refuse_references(images: &[String]) -> Result<(), UsageError> {
    let reference = |text: &String| {
        let bare = text.strip_prefix("docker://").unwrap_or(text);
        let is_one = text.starts_with("docker://") || as_in_a_registry(text).is_some();
        (is_one && !bare.contains('=')).then(|| safe(bare))
    };
    match images.iter().find_map(|text| Some((text, reference(text)?))) {
        Some((text, reference)) => Err(UsageError::new(format!(
            "{}: with --filename, IMAGE names an object in the files; what an object must be signed as is written after its name: sha256:DIGEST={reference}",
            safe(text)
        ))),
        None => Ok(()),
    }
}

/// The objects that are named.
///
/// # Errors
/// When an image is somewhere else.
pub(super) fn in_files(mut named: Vec<Request>, options: &AuditCommand) -> Result<Vec<Request>, UsageError> {
    let namespace = options.source.client.namespace.as_deref();
    for request in &mut named {
        if !matches!(request.image, ImageName::Object(_)) {
            return Err(UsageError::new(format!(
                "{}: with --filename, IMAGE names an object in the files",
                safe(&request.asked)
            )));
        }
        request.image = request.image.clone().in_namespace(namespace);
    }
    // No stream is asked what else it expects by a name that the user says it of.
    let said = named.iter().filter(|request| !request.identities.is_empty());
    let said: HashSet<String> = said.map(|request| request.image.to_string()).collect();
    named.retain(|request| !request.identities.is_empty() || !said.contains(&request.image.to_string()));
    Ok(named)
}
