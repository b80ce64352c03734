// SPDX-License-Identifier: Apache-2.0
//! `describe`

use std::io::Write;

use super::objects::{self as session, Selected};
use super::{SUCCESS, TROUBLE};
use crate::cli::describe::{Describe as Options, DescribeOutput};
use crate::report::description::{self, Description, SignatureDescription};
use crate::report::json::Syntax;
use crate::settings::objects::Objects;
use crate::settings::UsageError;
use crate::source::objects::ObjectFiles;

/// Shows what is recorded about signatures.
///
/// # Errors
/// When the options are wrong.
pub fn run(options: &Options, out: &mut dyn Write) -> Result<u8, UsageError> {
    let objects = Objects::new(&options.source, &options.images)?;
    let files = ObjectFiles::open(&objects.places);
    let descriptions: Vec<Description> = session::select(&files, objects.names.as_deref(), &objects.places)
        .into_iter()
        .map(|selected| describe(&files, selected))
        .collect();
    // Output never fails: see report::output.
    let _ = match options.output {
        DescribeOutput::Text => description::write_text(out, &descriptions),
        DescribeOutput::Json => description::write_json(out, &descriptions, Syntax::Json),
        DescribeOutput::Yaml => description::write_json(out, &descriptions, Syntax::Yaml),
    };
    let trouble = descriptions.iter().any(|description| description.trouble.is_some());
    Ok(if trouble { TROUBLE } else { SUCCESS })
}

fn describe(files: &ObjectFiles, selected: Selected) -> Description {
    let mut description = Description {
        image: selected.name,
        source: selected.source,
        reference: String::new(),
        trouble: None,
        signatures: Vec::new(),
    };
    match selected.found.and_then(|position| files.load(position)) {
        Err(refusal) => description.trouble = Some(refusal),
        Ok(loaded) => {
            let reference = loaded.object["dockerImageReference"].as_str();
            description.reference = reference.unwrap_or_default().to_owned();
            description.signatures = loaded
                .image
                .signatures
                .iter()
                .enumerate()
                .map(|(n, signature)| {
                    let damage = signature.content.as_ref().err().cloned();
                    SignatureDescription::of(&loaded.object["signatures"][n], damage)
                })
                .collect();
        }
    }
    description
}
