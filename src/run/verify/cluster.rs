// SPDX-License-Identifier: Apache-2.0
//! Images of a cluster: each is read, judged and written before the next one.

use super::elsewhere::{Elsewhere, Registry};
use super::{Judged, Run};
use crate::cluster::images::Found;
use crate::cluster::names::Name;
use crate::edit::SignatureEdit;
use crate::reason::Refusal;
use crate::reference::Reference;
use crate::report::Recorded;
use crate::run::cluster::{self, Session, Written, MAX_TRIES, SOURCE};
use crate::run::planning::Author;
use crate::settings::objects::Recording;
use crate::source::objects::Loaded;
use crate::text::safe;
use crate::verdict::IdentitySource;

impl Run<'_, '_> {
    /// `is_only`: no other image is asked for in this run.
    pub(super) fn cluster_image(
        &mut self,
        session: &mut Session,
        registry: Option<&mut Registry<'_>>,
        name: &Name,
        identities: &[Reference],
        is_only: bool,
    ) {
        let mut named = Vec::new();
        if identities.is_empty() {
            // A policy decides, and the user has not said what is expected.
            match session.references(name) {
                Ok(found) => named = found,
                Err(refusal) => {
                    let judged = self.refused(&name.to_string(), SOURCE, refusal, identities);
                    return self.print(&judged);
                }
            }
            self.identity_source = IdentitySource::Stream;
        }
        let identities = if named.is_empty() { identities } else { &named };
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
        match self.judge_in_cluster(session, registry, name, identities, is_only) {
            Ok((judged, refusal)) => self.print_unless(&judged, refusal.as_deref()),
            Err(refusal) => {
                let judged = self.refused(&name.to_string(), SOURCE, refusal, identities);
                self.print(&judged);
            }
        }
    }

    fn judge_in_cluster(
        &mut self,
        session: &mut Session,
        registry: Option<&mut Registry<'_>>,
        name: &Name,
        identities: &[Reference],
        is_only: bool,
    ) -> Result<(Judged, Option<String>), Refusal> {
        // What the stream names is good enough to look at, not to be recorded.
        let is_recordable = self.identity_source == IdentitySource::User;
        let records = self.settings.recording != Recording::Dry && is_recordable;
        let Found { mut loaded, read_only } = if records {
            session.find_to_write(name, is_only)?
        } else {
            session.find(name)?
        };
        let elsewhere = match (registry, loaded.image.digest()) {
            (Some(registry), Ok(digest)) => Some(registry.look(session, &loaded, &digest)),
            _ => None,
        };
        let elsewhere = elsewhere.as_ref();
        let mut is_attached = None;
        if records && elsewhere.is_some() && self.settings.attach && read_only.is_none() {
            let chosen = self.choose(&loaded);
            let image = loaded.image.name.clone();
            let judged = self.judge_object(&loaded, &chosen, &image, SOURCE, identities, elsewhere);
            if !judged.attachable.is_empty() {
                let attached = self.attach(session, &loaded, &judged.attachable);
                // What is recorded is recorded on the object as it is now.
                let now = session.image(&loaded.image.digest()?);
                is_attached = Some(self.check_attached(&attached, now.as_ref().ok()));
                loaded = now.map_err(cluster::gone)?;
            }
        }
        let (mut judged, refusal) =
            self.record_in_cluster(session, loaded, read_only.as_ref(), identities, elsewhere)?;
        match is_attached {
            Some(false) => judged.fail(),
            None if records && self.settings.attach && !judged.attachable.is_empty() => {
                let image = safe(&judged.report.image);
                self.tell(&format!(
                    "error: nothing is added to image {image}, which can be read through its stream only"
                ));
                judged.fail();
            }
            None if !judged.attachable.is_empty() => self.tell_attachable(&judged),
            _ => {}
        }
        Ok((judged, refusal))
    }

    /// Judges an image, and records the verdict where that is asked for.
    fn record_in_cluster(
        &mut self,
        session: &mut Session,
        mut loaded: Loaded,
        read_only: Option<&Refusal>,
        identities: &[Reference],
        elsewhere: Option<&Elsewhere>,
    ) -> Result<(Judged, Option<String>), Refusal> {
        let records = self.settings.recording != Recording::Dry;
        let mut tries = 0;
        loop {
            let chosen = self.choose(&loaded);
            if !self.settings.signatures.is_empty() && chosen.is_empty() {
                return Err(self.carries_none());
            }
            let image = loaded.image.name.clone();
            let mut judged = self.judge_object(&loaded, &chosen, &image, SOURCE, identities, elsewhere);
            if self.identity_source != IdentitySource::User {
                if self.settings.recording != Recording::Dry {
                    let image = safe(&image);
                    self.tell(&format!(
                        "note: {image}: nothing is recorded, because the image stream and not you named what is expected; give --expected-identity REF"
                    ));
                }
                return Ok((judged, None));
            }
            let read_only = read_only.map(|why| cluster::read_only(&image, why));
            if !records {
                let author = Author {
                    user: None,
                    clock_skew: session.clock_skew(),
                };
                self.plan(&loaded, &chosen, author, &mut judged);
                return Ok((judged, read_only));
            }
            let (edits, trouble) = self.plan_in_cluster(session, &loaded, &chosen, &mut judged);
            if let Some(trouble) = trouble.or(read_only.filter(|_| !edits.is_empty())) {
                self.tell(&format!("error: {trouble}"));
                judged.fail();
                return Ok((judged, None));
            }
            if edits.is_empty() {
                return Ok((judged, None));
            }
            let is_trial = self.settings.recording == Recording::Trial;
            match session.write(&loaded, &edits, is_trial) {
                Written::Yes if is_trial => {
                    self.tell(&format!("{}: accepted by the server (dry run)", safe(&image)));
                    judged.settle(Recorded::No);
                    return Ok((judged, None));
                }
                Written::Yes => {
                    self.progress.recorded(1);
                    return Ok((judged, None));
                }
                Written::Failed(why) => {
                    self.tell(&format!("error: {why}"));
                    judged.fail();
                    return Ok((judged, None));
                }
                Written::Again(why) => {
                    tries += 1;
                    if tries == MAX_TRIES {
                        self.tell(&format!("error: {}", cluster::out_of_tries(&image, &why)));
                        judged.fail();
                        return Ok((judged, None));
                    }
                }
            }
            cluster::pause(tries);
            // Read and judged again: what came in between must not be lost, and may change the verdict.
            loaded = session.image(&loaded.image.digest()?).map_err(cluster::gone)?;
        }
    }

    /// Works out what is to be recorded; whose record it is, is asked only where there is something to say.
    fn plan_in_cluster(
        &mut self,
        session: &mut Session,
        loaded: &Loaded,
        chosen: &[usize],
        judged: &mut Judged,
    ) -> (Vec<SignatureEdit>, Option<String>) {
        if chosen.is_empty() || !self.is_asked_for(loaded) {
            return (Vec::new(), None);
        }
        match session.user() {
            Ok(user) => {
                let author = Author {
                    user: Some(user),
                    clock_skew: session.clock_skew(),
                };
                (self.plan(loaded, chosen, author, judged), None)
            }
            Err(refusal) => {
                self.plan(loaded, chosen, Author::default(), judged);
                let image = safe(&loaded.image.name);
                (
                    Vec::new(),
                    Some(format!("recording on Image {image}: {}", refusal.message)),
                )
            }
        }
    }
}
