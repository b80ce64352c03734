// SPDX-License-Identifier: Apache-2.0
//! Where records are written: on Images of a cluster, each at once, or on objects in files, each file at the end.

use super::cluster::{self, Session, Written, MAX_TRIES};
use super::file_records::FileRecords;
use super::objects;
use super::planning::Author;
use crate::edit::SignatureEdit;
use crate::reason::Refusal;
use crate::settings::objects::Recording;
use crate::source::objects::{Loaded, ObjectFiles, Position};
use crate::text::io_message;

/// Where the record of one object is written.
pub(super) trait Recorder {
    /// Who records, for what is recorded.
    ///
    /// # Errors
    /// When the server is to say it and does not; then nothing can be recorded.
    fn author(&mut self) -> Result<Author, Refusal>;

    /// Makes the changes to the object, which is as it was when they were worked out.
    ///
    /// # Errors
    /// When the object is to be read again and cannot be.
    fn write(&mut self, object: &Loaded, edits: &[SignatureEdit]) -> Result<Attempt, Refusal>;
}

/// What came of one attempt to write.
pub(super) enum Attempt {
    /// Nothing more is to be tried.
    Done(RecordFate),
    /// Somebody else has changed the object, which is now this: what is to be written must be worked out again.
    Again(Box<Loaded>),
}

/// What becomes of the record of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RecordFate {
    /// It stays as it is: there is nothing to change.
    Unchanged,
    /// It would be changed if that were asked for.
    NotAskedFor,
    /// The server would take the changes; nothing is stored.
    Accepted,
    /// The change is written, and the write was confirmed.
    Written,
    /// It is written with the file, after the last object; only then is known whether it can be.
    Held(Position),
    /// It cannot be written, and why; safe to print.
    Failed(String),
}

/// The changes to be made to an object, or why nothing can be recorded on it; safe to print.
pub(super) type Edits = Result<Vec<SignatureEdit>, String>;

/// Works out by `plan` what is to be written on an object, and writes it. Where somebody else writes it too, it is worked
/// out anew on the object as it is then: what came in between must not be lost, and may change the verdict. What `plan`
/// made of the object last comes back with what became of the record.
///
/// # Errors
/// When `plan` refuses the object, or it is to be read again and cannot be.
pub(super) fn record<R: Recorder, T>(
    recorder: &mut R,
    mut object: Loaded,
    mut plan: impl FnMut(&Loaded, &mut R) -> Result<(T, Edits), Refusal>,
) -> Result<(T, RecordFate), Refusal> {
    loop {
        let (made, edits) = plan(&object, recorder)?;
        let edits = match edits {
            Ok(edits) if edits.is_empty() => return Ok((made, RecordFate::Unchanged)),
            Ok(edits) => edits,
            Err(why) => return Ok((made, RecordFate::Failed(why))),
        };
        match recorder.write(&object, &edits)? {
            Attempt::Done(fate) => return Ok((made, fate)),
            Attempt::Again(now) => object = *now,
        }
    }
}

/// Records on an Image of a cluster.
pub(super) struct ImageRecorder<'s> {
    pub(super) session: &'s mut Session,
    pub(super) recording: Recording,
    /// Why the Image cannot be written, where only a copy of it can be read.
    pub(super) read_only: Option<Refusal>,
    tries: u32,
}

impl<'s> ImageRecorder<'s> {
    pub(super) fn new(session: &'s mut Session, recording: Recording, read_only: Option<Refusal>) -> Self {
        Self {
            session,
            recording,
            read_only,
            tries: 0,
        }
    }
}

impl Recorder for ImageRecorder<'_> {
    fn author(&mut self) -> Result<Author, Refusal> {
        let user = match self.recording {
            // Nobody is asked for what is not written.
            Recording::Dry => None,
            Recording::Trial | Recording::Confirm => Some(self.session.user()?),
        };
        Ok(Author {
            user,
            clock_skew: self.session.clock_skew(),
        })
    }

    fn write(&mut self, object: &Loaded, edits: &[SignatureEdit]) -> Result<Attempt, Refusal> {
        let image = &object.image.name;
        if let Some(why) = &self.read_only {
            return Ok(Attempt::Done(RecordFate::Failed(cluster::read_only(image, why))));
        }
        let is_trial = match self.recording {
            Recording::Dry => return Ok(Attempt::Done(RecordFate::NotAskedFor)),
            Recording::Trial => true,
            Recording::Confirm => false,
        };
        self.tries += 1;
        let fate = match self.session.write(object, edits, is_trial) {
            Written::Yes if is_trial => RecordFate::Accepted,
            Written::Yes => RecordFate::Written,
            Written::Failed(why) => RecordFate::Failed(why),
            Written::Again(why) if self.tries == MAX_TRIES => RecordFate::Failed(cluster::out_of_tries(image, &why)),
            Written::Again(_) => {
                cluster::pause(self.tries);
                let now = self.session.image(&object.image.digest()?);
                return Ok(Attempt::Again(Box::new(now.map_err(cluster::gone)?)));
            }
        };
        Ok(Attempt::Done(fate))
    }
}

/// Records on an object in a file.
pub(super) struct ObjectRecorder<'f> {
    pub(super) files: &'f ObjectFiles,
    pub(super) records: &'f mut FileRecords,
    pub(super) recording: Recording,
    pub(super) position: Position,
    /// How the object is called in output.
    pub(super) name: &'f str,
    /// Where else the object stands.
    pub(super) copies: &'f [Position],
}

impl ObjectRecorder<'_> {
    /// Why nothing can be recorded on the object, as far as it is known before its file is written. Without --confirm all
    /// of it counts: what that would refuse is not promised. With it, writing says more exactly what is wrong.
    fn refusal(&self) -> Option<String> {
        let is_told = self.recording != Recording::Confirm || self.files.is_read_only(self.position);
        is_told
            .then(|| objects::refusal(self.files, self.position, self.name))
            .flatten()
    }

    /// Why nothing can be recorded on the object whatever its verdict, where that is asked for: a view of an image.
    pub(super) fn refusal_to_confirm(&self) -> Option<String> {
        let is_asked_for = self.recording == Recording::Confirm;
        is_asked_for.then(|| self.refusal()).flatten()
    }
}

impl Recorder for ObjectRecorder<'_> {
    fn author(&mut self) -> Result<Author, Refusal> {
        Ok(Author::default())
    }

    fn write(&mut self, _: &Loaded, edits: &[SignatureEdit]) -> Result<Attempt, Refusal> {
        let fate = match (self.refusal(), self.recording) {
            (Some(why), _) => RecordFate::Failed(why),
            (None, Recording::Dry | Recording::Trial) => RecordFate::NotAskedFor,
            (None, Recording::Confirm) => match self.records.add(self.position, self.copies, edits) {
                Ok(()) => RecordFate::Held(self.position),
                Err(error) => RecordFate::Failed(format!("storing the record temporarily: {}", io_message(&error))),
            },
        };
        Ok(Attempt::Done(fate))
    }
}
