// SPDX-License-Identifier: Apache-2.0
//! The images that are named, and the identities that they are expected to have.

use crate::cli;
use crate::cluster::names::Name;
use crate::reference::Reference;
use crate::settings::expected_identity::expected_identity;
use crate::settings::image_name::{image_name, ImageName};
use crate::settings::requests::{self, Names, Request, Requests};
use crate::settings::UsageError;

/// What the options ask for.
///
/// # Errors
/// When they contradict each other, name no image, or an image without an expected identity.
pub(super) fn requested(options: &cli::verify::VerifyCommand) -> Result<Requests, UsageError> {
    if let Some(list) = &options.images_from {
        if !options.images.is_empty() || !options.expected_identity.is_empty() {
            return Err(UsageError::new(
                "--images-from cannot be used with IMAGE or --expected-identity: it names both",
            ));
        }
        let shown = requests::list_name(list);
        let names = match options.source.filename.is_empty() {
            true => Names::OfCluster,
            false => Names::OfFiles,
        };
        return requests::from_list(&shown, &requests::read_list(list)?, names).map(Requests::Named);
    }
    if !options.images.is_empty() {
        return named(options).map(Requests::Named);
    }
    if options.source.filename.is_empty() {
        return Err(UsageError::new(
            "no image: give IMAGE, --filename, --images-from or --manifest",
        ));
    }
    identities(options).map(Requests::Everything)
}

/// The images named, each with its identities. By a policy a tag of a stream is judged as what the stream says it is, where
/// the user does not say it (docs/contract.md 9).
fn named(options: &cli::verify::VerifyCommand) -> Result<Vec<Request>, UsageError> {
    let accepts = &options.acceptance;
    let by_policy = accepts.policy.is_some() || accepts.system_policy || accepts.cluster_policy;
    let may_lack = by_policy && options.expected_identity.is_empty() && options.source.filename.is_empty();
    let is_tag = |text: &&String| may_lack && is_stream_tag(text);
    let (tags, others): (Vec<&String>, Vec<&String>) = options.images.iter().partition(is_tag);
    let others: Vec<String> = others.into_iter().cloned().collect();
    let mut requests = requests::pair(&others, &options.expected_identity)?;
    for text in tags {
        if requests.iter().all(|request| request.asked != *text) {
            requests.push(Request {
                image: image_name(text)?,
                asked: text.clone(),
                identities: Vec::new(),
                names_itself: false,
            });
        }
    }
    // In the order in which they were named.
    let place = |request: &Request| {
        let is_it = |text: &String| {
            text.strip_prefix(&request.asked)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        };
        options.images.iter().position(is_it)
    };
    requests.sort_by_key(place);
    Ok(requests)
}

fn is_stream_tag(text: &str) -> bool {
    let name = match image_name(text) {
        Ok(ImageName::Object(name)) => Name::parse(&name),
        _ => return false,
    };
    matches!(name, Ok(Name::Tag { .. }))
}

/// The identities given by `--expected-identity`, of which there must be one.
pub(super) fn identities(options: &cli::verify::VerifyCommand) -> Result<Vec<Reference>, UsageError> {
    if options.expected_identity.is_empty() {
        return Err(UsageError::new(
            "--expected-identity is required: the image itself cannot say what you expect it to be; write --expected-identity REGISTRY/NAME:TAG",
        ));
    }
    let mut identities = Vec::new();
    for text in &options.expected_identity {
        let identity = expected_identity(text)?;
        if !identities.contains(&identity) {
            identities.push(identity);
        }
    }
    Ok(identities)
}
