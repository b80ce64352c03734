// SPDX-License-Identifier: Apache-2.0
//! Writing records on Images: what is reported of them, or nothing.

use super::{Cluster, SOURCE};
use crate::audit::entry::Recorded;
use crate::digest::Digest;
use crate::edit::SignatureEdit;
use crate::reason::{Reason, Refusal};
use crate::report::console::Messages;
use crate::run::audit::conclusion::Again;
use crate::run::audit::expected::Expected;
use crate::run::audit::job::{Job, OnImage};
use crate::run::audit::recording::Told;
use crate::run::audit::reported::Reported;
use crate::run::record_to::{record, ImageRecorder, RecordFate, Recorder as _};
use crate::settings::objects::Recording;
use crate::text::safe;

impl Cluster<'_> {
    /// Writes a record that takes no trust back, on the Image as it was judged. Where others have changed it since, it is
    /// judged again; what then takes trust back is not written, nor anything else than is `reported` of it and told as changes.
    pub(in crate::run::audit) fn write(
        &mut self,
        own: OnImage,
        edits: Vec<SignatureEdit>,
        (reported, gains): (&Reported, &[Told]),
        stderr: &mut Messages<'_>,
    ) -> Recorded {
        let OnImage {
            loaded,
            read_only,
            expected,
            aside,
            lists,
        } = own;
        let mut planned = Some(edits);
        let job = Job::again(&loaded.image.name, SOURCE, expected, (aside, lists));
        let name = safe(&loaded.image.name);
        let mut told = Vec::new();
        let judge = &mut self.judge;
        let mut recorder = ImageRecorder::new(&mut self.session, Recording::Confirm, read_only);
        let fate = record(&mut recorder, loaded, |now, recorder| {
            if let Some(edits) = planned.take() {
                return Ok(((), Ok(edits)));
            }
            let author = recorder.author()?;
            let Again { is, trouble, changes } = judge.again(now, &job, author, &mut Messages::to(&mut told));
            // The same changes, or none because others have made them.
            let is_same = changes.gains == gains || changes.all.is_empty();
            let is_reported = is.as_ref() == Some(reported) && is_same;
            let why = match (changes.downgrades.is_empty(), is_reported, trouble) {
                (true, true, _) => return Ok(((), Ok(changes.harmless))),
                (_, false, Some(trouble)) => format!("and could not be judged again: {trouble}"),
                (false, ..) => "and a record of trust is to be taken back".to_owned(),
                (true, false, None) => "and no longer matches the report".to_owned(),
            };
            let why = format!("{name}: it was changed meanwhile, {why}; run the command again");
            Ok(((), Err(why)))
        });
        stderr.pass_on(&told);
        told_fate(fate.map(|((), fate)| fate), &name, stderr)
    }

    /// Writes a record that takes trust back, if it still does: the image is read and judged anew, and must be what is
    /// `reported` of it. `announced` was counted and told: what would take back something else is not written.
    pub(in crate::run::audit) fn take_back(
        &mut self,
        image: &str,
        expected: Expected,
        (reported, announced): (&Reported, &[Told]),
        stderr: &mut Messages<'_>,
    ) -> Recorded {
        let name = safe(image);
        let read = match Digest::parse(image) {
            Ok(digest) => self.session.image(&digest),
            Err(error) => Err(Refusal::new(Reason::MalformedImage, error.to_string())),
        };
        let loaded = match read {
            Ok(loaded) => loaded,
            Err(refusal) => {
                stderr.error(format_args!("{name}: {}", refusal.message));
                return Recorded::Failed;
            }
        };
        let lists = self.lists(&loaded, &expected);
        let aside = self.inventory.aside(image);
        let job = Job::again(image, SOURCE, expected, (aside, lists));
        let mut told = Vec::new();
        let judge = &mut self.judge;
        let mut recorder = ImageRecorder::new(&mut self.session, Recording::Confirm, None);
        let fate = record(&mut recorder, loaded, |now, recorder| {
            let author = recorder.author()?;
            let Again { is, trouble, changes } = judge.again(now, &job, author, &mut Messages::to(&mut told));
            let is_reported = is.as_ref() == Some(reported);
            if let (false, Some(trouble)) = (is_reported, trouble) {
                let why = "its record stays, since it could not be judged again before it is taken back";
                return Ok(((), Err(format!("{name}: {why}: {trouble}; run the command again"))));
            }
            let is_announced = |own: &Told| announced.contains(own);
            if !changes.downgrades.iter().all(is_announced) {
                let why = "judging it alone would withdraw other records of trust than those counted; look at it with image-signature verify";
                return Ok(((), Err(format!("{name}: {why}"))));
            }
            // Nothing is left to be gained: that was written before. Others may have written all.
            let is_as_told = changes.gains.is_empty() && changes.downgrades.len() == announced.len();
            if is_reported && (is_as_told || changes.all.is_empty()) {
                return Ok(((), Ok(changes.all)));
            }
            let why = "it was changed meanwhile, and no longer matches the report; run the command again";
            Ok(((), Err(format!("{name}: {why}"))))
        });
        stderr.pass_on(&told);
        told_fate(fate.map(|((), fate)| fate), &name, stderr)
    }
}

/// What became of a record; what went wrong is told.
fn told_fate(fate: Result<RecordFate, Refusal>, name: &str, stderr: &mut Messages<'_>) -> Recorded {
    let why = match fate {
        Ok(RecordFate::Unchanged) => return Recorded::Unchanged,
        Ok(RecordFate::Written) => return Recorded::Yes,
        Ok(RecordFate::NotAskedFor | RecordFate::Accepted | RecordFate::Held(_)) => return Recorded::No,
        Ok(RecordFate::Failed(why)) => why,
        Err(refusal) => format!("{name}: {}", refusal.message),
    };
    stderr.error(why);
    Recorded::Failed
}
