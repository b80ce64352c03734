// SPDX-License-Identifier: Apache-2.0
//! Images of a cluster: each is read, judged and written before the next one.

use super::beside::Beside;
use super::judged::Judged;
use super::run::Run;
use crate::cluster::images::FoundImage;
use crate::cluster::names::Name;
use crate::reason::{Refusal, Verdict};
use crate::reference::Reference;
use crate::report::{Attached, Attachment};
use crate::run::cluster::{self, Session, SOURCE};
use crate::run::elsewhere::{Registry, Sought};
use crate::run::lists;
use crate::run::planning::Author;
use crate::run::record_to::{record, Edits, ImageRecorder, Recorder as _};
use crate::settings::objects::Recording;
use crate::source::objects::Loaded;
use crate::text::safe;
use crate::verdict::IdentitySource;

impl Run<'_, '_> {
    /// `named` is what the stream says that its tag is, where the user does not say it; `is_only`: no other image is asked
    /// for in this run.
    pub(super) fn cluster_image(
        &mut self,
        session: &mut Session,
        registry: Option<&mut Registry<'_>>,
        name: &Name,
        (identities, named): (&[Reference], Option<&Result<Vec<Reference>, Refusal>>),
        is_only: bool,
    ) {
        let identities = match named {
            Some(Ok(named)) => {
                self.identity_source = IdentitySource::Stream;
                named
            }
            Some(Err(refusal)) => {
                let judged = self.refused(&name.to_string(), SOURCE, refusal.clone(), identities);
                return self.print(&judged);
            }
            None => identities,
        };
        self.judge_and_print(session, registry, name, identities, is_only);
        self.identity_source = IdentitySource::User;
    }

    fn judge_and_print(
        &mut self,
        session: &mut Session,
        registry: Option<&mut Registry<'_>>,
        name: &Name,
        identities: &[Reference],
        is_only: bool,
    ) {
        let mut attached = Vec::new();
        match self.judge_in_cluster(session, registry, name, identities, (is_only, &mut attached)) {
            Ok((mut judged, refusal)) => {
                judged.report.attached = attached;
                self.print_unless(&judged, refusal.as_deref());
            }
            Err(refusal) => {
                let mut judged = self.refused(&name.to_string(), SOURCE, refusal, identities);
                // What is done is told, whatever became of the image afterwards.
                judged.report.attached = attached;
                self.print(&judged);
            }
        }
    }

    fn judge_in_cluster(
        &mut self,
        session: &mut Session,
        mut registry: Option<&mut Registry<'_>>,
        name: &Name,
        identities: &[Reference],
        (is_only, attached): (bool, &mut Vec<Attached>),
    ) -> Result<(Judged, Option<String>), Refusal> {
        // What the stream names is good enough to look at, not to be recorded.
        let is_recordable = self.identity_source == IdentitySource::User;
        let records = self.settings.recording != Recording::Dry && is_recordable;
        let FoundImage { mut loaded, read_only } = if records {
            session.find_to_write(name, is_only)?
        } else {
            session.find(name)?
        };
        let elsewhere = match (registry.as_mut(), loaded.image.digest()) {
            (Some(registry), Ok(digest)) => {
                Some(registry.look(&mut || session.mirrors(), Sought::object(&loaded), &digest))
            }
            _ => None,
        };
        let elsewhere = elsewhere.as_ref();
        let lists = lists::in_cluster(session, &loaded, identities);
        let beside = Beside {
            elsewhere,
            lists: Some(&lists),
        };
        let mut is_tried = false;
        if records && elsewhere.is_some() && self.settings.attach && read_only.is_none() {
            let chosen = self.choose(&loaded);
            let image = loaded.image.name.clone();
            let judged = self.judge_object(&loaded, &chosen, &image, SOURCE, identities, beside);
            if !judged.attachable.is_empty() {
                let sent = self.attach(session, &loaded, &judged.attachable);
                // What is recorded is recorded on the object as it is now.
                let now = session.image(&loaded.image.digest()?);
                *attached = self.check_attached(sent, now.as_ref().ok());
                is_tried = true;
                loaded = now.map_err(cluster::gone)?;
            }
        }
        let (mut judged, refusal) = self.record_in_cluster(session, loaded, read_only, identities, beside)?;
        let is_enough = matches!(judged.report.outcome.verdict(), Verdict::Verified | Verdict::Allowed);
        if let (Some(registry), Some(elsewhere), false) = (registry, elsewhere, is_enough) {
            judged.report.sources.extend(registry.look_further(elsewhere));
        }
        let has_failed = attached.iter().any(|own| matches!(own.fate, Attachment::Failed(_)));
        match is_tried {
            true if has_failed => judged.fail(),
            true => {}
            false if records && self.settings.attach && !judged.attachable.is_empty() => {
                let image = safe(&judged.report.image);
                self.stderr.error(format_args!(
                    "nothing is added to image {image}, which can be read only through its stream"
                ));
                judged.fail();
            }
            false if !judged.attachable.is_empty() => self.tell_attachable(&judged),
            false => {}
        }
        Ok((judged, refusal))
    }

    /// Judges an image, and records the verdict where that is asked for. Where it is not: also why it could not be.
    fn record_in_cluster(
        &mut self,
        session: &mut Session,
        loaded: Loaded,
        read_only: Option<Refusal>,
        identities: &[Reference],
        beside: Beside<'_>,
    ) -> Result<(Judged, Option<String>), Refusal> {
        if self.identity_source != IdentitySource::User {
            let judged = self.judge_chosen(&loaded, identities, beside)?.0;
            if self.settings.recording != Recording::Dry {
                let image = safe(&judged.report.image);
                self.stderr.note(format_args!("{image}: nothing is recorded, because the image stream, not you, named what is expected; give --expected-identity REF"));
            }
            return Ok((judged, None));
        }
        let mut recorder = ImageRecorder::new(session, self.settings.recording, read_only);
        let (mut judged, fate) = record(&mut recorder, loaded, |loaded, recorder| {
            let (mut judged, chosen) = self.judge_chosen(loaded, identities, beside)?;
            let edits = self.plan_in_cluster(recorder, loaded, &chosen, &mut judged);
            Ok((judged, edits))
        })?;
        let refusal = self.settle(&mut judged, fate);
        Ok((judged, refusal))
    }

    /// Judges the signatures of an image that are asked for, and says which these are.
    fn judge_chosen(
        &mut self,
        loaded: &Loaded,
        identities: &[Reference],
        beside: Beside<'_>,
    ) -> Result<(Judged, Vec<usize>), Refusal> {
        let chosen = self.choose(loaded);
        if !self.settings.signatures.is_empty() && chosen.is_empty() {
            return Err(self.carries_none());
        }
        let image = loaded.image.name.clone();
        let judged = self.judge_object(loaded, &chosen, &image, SOURCE, identities, beside);
        Ok((judged, chosen))
    }

    /// Works out what is to be recorded; whose record it is, is asked only where there is something to say.
    fn plan_in_cluster(
        &mut self,
        recorder: &mut ImageRecorder<'_>,
        loaded: &Loaded,
        chosen: &[usize],
        judged: &mut Judged,
    ) -> Edits {
        if chosen.is_empty() || !self.is_asked_for(loaded) {
            return Ok(Vec::new());
        }
        match recorder.author() {
            Ok(author) => Ok(self.plan(loaded, chosen, author, judged)),
            Err(refusal) => {
                self.plan(loaded, chosen, Author::default(), judged);
                let image = safe(&loaded.image.name);
                Err(format!("recording on Image {image}: {}", refusal.message))
            }
        }
    }
}
