// SPDX-License-Identifier: Apache-2.0
//! What a run is about, before the first image is judged: how many images, and how wide the table of them is.

use crate::report::appearance::{self, Appearance, Columns};
use crate::report::table::expected_cell;
use crate::report::{VerificationFormat, FOR_INFORMATION};
use crate::settings::images::{Source, Target};
use crate::settings::objects::Recording;
use crate::settings::platforms::Platforms;
use crate::settings::requests::Requests;
use crate::settings::verify::{Verify, VerifyOutput};
use crate::source::objects::ObjectFiles;
use crate::text::safe;

/// Columns of an image's name where nobody named it: that of a sha256 digest.
const DIGEST: usize = 71;

/// What a run is about.
pub(super) struct Scope {
    /// How many images are expected. Copies of one object count as several.
    pub(super) images: usize,
    columns: Columns,
}

impl Scope {
    pub(super) fn of(settings: &Verify, files: Option<&ObjectFiles>) -> Self {
        let unreadable = files.map_or(0, |files| files.unreadable.len());
        let mut scope = Self {
            images: unreadable,
            columns: Columns { image: 0, expected: 0 },
        };
        match &settings.source {
            Source::Objects { requests, .. } => match requests {
                Requests::Everything(identities) => {
                    scope.images += files.map_or(0, ObjectFiles::count);
                    scope.fit(DIGEST, expected_cell(identities).chars().count());
                }
                Requests::Named(requests) => {
                    for request in requests {
                        scope.add(&request.asked, expected_cell(&request.identities).chars().count());
                    }
                }
            },
            Source::Places { targets, .. } => {
                for wanted in targets {
                    let mut name = wanted.asked.clone();
                    if let (Target::Registry(_), true) = (&wanted.target, settings.platforms != Platforms::Default) {
                        // How many instances a list has is not known yet; one line is that of the list.
                        scope.images += 1;
                        name.push_str(match settings.require_list {
                            true => " [linux/arm64/v8]",
                            false => FOR_INFORMATION,
                        });
                    }
                    scope.add(&name, expected_cell(&wanted.identities).chars().count());
                }
            }
            Source::Parts { .. } => scope.images = 1,
        }
        scope
    }

    fn add(&mut self, name: &str, expected: usize) {
        self.images += 1;
        self.fit(safe(name).chars().count(), expected);
    }

    fn fit(&mut self, image: usize, expected: usize) {
        self.columns.image = self.columns.image.max(image);
        self.columns.expected = self.columns.expected.max(expected);
    }

    /// Whether rows of a table are printed, between which nothing else is to stand. A record in a cluster is told when it
    /// is made all the same.
    pub(super) fn prints_table(&self, settings: &Verify) -> bool {
        let is_told_at_once = settings.recording == Recording::Confirm && settings.source.is_written_at_once();
        self.images > 1 && settings.output.is_for_people() && !settings.explain && !is_told_at_once
    }

    /// One image is a block, several are a table.
    pub(super) fn appearance(&self, settings: &Verify) -> Appearance {
        Appearance {
            format: format(settings),
            colour: settings.colour,
            width: appearance::width(settings.columns),
            room: appearance::room(settings.columns),
            explained: settings.columns.map(|columns| appearance::width(Some(columns))),
            table: (self.images > 1).then_some(self.columns),
            tips: settings.tips.clone(),
        }
    }
}

/// How results are printed.
fn format(settings: &Verify) -> VerificationFormat {
    match (settings.output, settings.explain) {
        (_, true) => VerificationFormat::Explain,
        (VerifyOutput::Text, false) => VerificationFormat::Text,
        (VerifyOutput::Wide, false) => VerificationFormat::Wide,
        (VerifyOutput::Name, false) => VerificationFormat::Name,
        (VerifyOutput::Json, false) => VerificationFormat::Json,
        (VerifyOutput::Yaml, false) => VerificationFormat::Yaml,
    }
}
