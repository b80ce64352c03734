// SPDX-License-Identifier: Apache-2.0
//! A session with a cluster: what `verify`, `remove` and `describe` do there alike.

pub(crate) mod inventory;
pub(crate) mod registry;

use std::time::Duration;

use serde_json::Value;

use crate::audit::entry::CLUSTER;
use crate::cluster::access::Access;
use crate::cluster::api::{Api, ApiError};
use crate::cluster::blocked::blocked;
use crate::cluster::credentials::CredentialSource;
use crate::cluster::images::{self, FoundImage};
use crate::cluster::names::Name;
use crate::cluster::{patch, policies, rights, streams, whoami};
use crate::digest::Digest;
use crate::edit::SignatureEdit;
use crate::limits::CLOCK_SKEW;
use crate::policy::objects::Objects;
use crate::reason::{Reason, Refusal};
use crate::reference::Reference;
use crate::report::changes::Change;
use crate::report::console::Messages;
use crate::settings::UsageError;
use crate::source::objects::Loaded;
use crate::text::safe;

/// How often an image is read, judged and written where somebody else writes it too (docs/contract.md 5).
pub(crate) const MAX_TRIES: u32 = 5;

/// How images of a cluster are named as a source.
pub const SOURCE: &str = CLUSTER;

/// A connection to the API server of a cluster, with what is known about it so far.
#[derive(Debug)]
pub struct Session {
    api: Api,
    /// Answers only: trouble may have passed by the next image.
    user: Option<String>,
    may_patch: Option<Option<bool>>,
    told_clock: bool,
}

/// What became of a write.
#[derive(Debug)]
pub enum Written {
    /// The server took it.
    Yes,
    /// Nothing was written, for a reason that passes: the image is to be read, judged and written again.
    Again(String),
    /// The server refused it, or it is not known.
    Failed(String),
}

impl Session {
    /// Begins a session; nothing is contacted yet.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(access: Access, stderr: &mut Messages<'_>) -> Result<Self, UsageError> {
        let has_credential = !matches!(access.credential, CredentialSource::None) || access.http.tls.identity.is_some();
        if has_credential && !access.server.is_https() {
            stderr.warning(format_args!(
                "{} is not an https server: no credentials are sent to it",
                access.server
            ));
        }
        let api = Api::new(access).map_err(|error| UsageError::new(error.to_string()))?;
        Ok(Self {
            api,
            user: None,
            may_patch: None,
            told_clock: false,
        })
    }

    /// Passes on what the server has warned of, and says once where our clock is not the server's.
    pub fn tell_warnings(&mut self, stderr: &mut Messages<'_>) {
        for warning in self.api.take_warnings() {
            stderr.server_warning(warning);
        }
        if let Some(skew) = self
            .clock_skew()
            .filter(|skew| skew.abs() > CLOCK_SKEW && !self.told_clock)
        {
            let direction = if skew > 0 { "ahead of" } else { "behind" };
            stderr.warning(format_args!("the clock of this machine is {} s {direction} that of the server {}: time-dependent verdicts may be wrong; set the clock",
                skew.abs(),
                self.api.access().server.address()));
            self.told_clock = true;
        }
    }

    /// How far our clock is ahead of the server's, in seconds; `None` as long as the server has told no time.
    #[must_use]
    pub fn clock_skew(&self) -> Option<i64> {
        self.api.clock_skew()
    }

    /// Finds an image to be looked at.
    ///
    /// # Errors
    /// When there is none, or the server does not give it.
    pub fn find(&mut self, name: &Name) -> Result<FoundImage, Refusal> {
        images::find(&mut self.api, name)
    }

    /// Finds an image to be written, if that is allowed: asked before work is done on it. `is_only` spares a question
    /// about all images.
    ///
    /// # Errors
    /// When it may not be written, there is none, or the server does not give it.
    pub fn find_to_write(&mut self, name: &Name, is_only: bool) -> Result<FoundImage, Refusal> {
        let known = match name {
            Name::Image(digest) | Name::StreamImage { digest, .. } => Some(digest.as_str()),
            Name::Tag { .. } => None,
        };
        let is_forbidden = self.may_patch(known, is_only)? == Some(false);
        if is_forbidden && matches!(name, Name::Image(_)) {
            return Err(rights::missing(&self.api, &name.to_string()));
        }
        let found = self.find(name)?;
        // What can be read through the stream only is judged all the same: it could not be written anyway.
        if is_forbidden && found.read_only.is_none() {
            // Which image a tag stands for is known only now, and a right may be limited to some images.
            let image = &found.loaded.image.name;
            if known.is_some() || self.ask(Some(image))? == Some(false) {
                return Err(rights::missing(&self.api, &name.to_string()));
            }
        }
        Ok(found)
    }

    /// What a stream says its tag is; nothing where it names no reference with a tag.
    ///
    /// # Errors
    /// When the stream cannot be read.
    pub fn references(&mut self, name: &Name) -> Result<Vec<Reference>, Refusal> {
        streams::references(&mut self.api, name).map(|(references, _)| references)
    }

    /// The policies of the cluster and those of a namespace.
    ///
    /// # Errors
    /// When they cannot be listed as a whole, or one of them is not as its API describes it.
    pub fn policies(&mut self, namespace: Option<&str>) -> Result<Objects, Refusal> {
        let objects = self.listed_policies(namespace)?;
        Objects::of_values(&objects).map_err(|error| {
            let message = format!("the policies of the cluster cannot be used: {error}");
            Refusal::new(Reason::SourceUnavailable, message)
        })
    }

    /// The same as the server gives them.
    ///
    /// # Errors
    /// When they cannot be listed as a whole.
    pub fn listed_policies(&mut self, namespace: Option<&str>) -> Result<Vec<Value>, Refusal> {
        policies::read(&mut self.api, namespace)
    }

    /// Reads an Image.
    ///
    /// # Errors
    /// When there is none, or the server does not give it.
    pub fn image(&mut self, digest: &Digest) -> Result<Loaded, Refusal> {
        images::image(&mut self.api, digest)
    }

    /// Whether an image may be written, as far as its name is known. A right may be limited to some images; where there
    /// is only one, it is asked about at once.
    fn may_patch(&mut self, image: Option<&str>, is_only: bool) -> Result<Option<bool>, Refusal> {
        if is_only {
            return self.ask(image);
        }
        let general = match self.may_patch {
            Some(known) => known,
            None => {
                let answer = self.ask(None)?;
                *self.may_patch.insert(answer)
            }
        };
        match (general, image) {
            (Some(false), Some(_)) => self.ask(image),
            (right, _) => Ok(right),
        }
    }

    fn ask(&mut self, image: Option<&str>) -> Result<Option<bool>, Refusal> {
        rights::may_patch(&mut self.api, image).map_err(|error| error.refusal("asking whether images may be written"))
    }

    /// The user that the record names.
    ///
    /// # Errors
    /// When the server is not reached or refuses the login.
    pub fn user(&mut self) -> Result<String, Refusal> {
        if let Some(known) = &self.user {
            return Ok(known.clone());
        }
        let user = whoami::who_am_i(&mut self.api).map_err(|error| error.refusal("asking the server who you are"))?;
        Ok(self.user.insert(user).clone())
    }

    /// Writes changes to an image that was read, or has the server validate them without storing.
    pub fn write(&mut self, read: &Loaded, edits: &[SignatureEdit], trial: bool) -> Written {
        let path = format!(
            "{}?fieldManager=image-signature&fieldValidation=Strict{}",
            images::path(&read.image.name),
            if trial { "&dryRun=All" } else { "" }
        );
        // Without it the server could not tell that somebody else has changed the image.
        if read.object["metadata"]["resourceVersion"]
            .as_str()
            .is_none_or(str::is_empty)
        {
            return failed(read, "the server gave no resourceVersion with it");
        }
        // What a trial asks for is not stored.
        let change = (!trial).then(|| Change::of_image(&read.image.name));
        let written = self.send(read, edits, &path, trial);
        if let (Written::Yes, Some(change)) = (&written, change) {
            change.stored();
        }
        written
    }

    /// Sends changes, and finds out what became of them.
    fn send(&mut self, read: &Loaded, edits: &[SignatureEdit], path: &str, trial: bool) -> Written {
        let changed = || Written::Again("the image keeps being modified by another client".to_owned());
        let failed = |why: String| failed(read, &why);
        let patch = patch::spelled(&patch::patch(&read.object, edits));
        let error = match self.api.patch(path, &patch) {
            Ok(answer) if patch::is_answered(&answer, edits, &read.object) => return Written::Yes,
            // Something between us and the store, such as an admission plugin, has made something else of it.
            Ok(_) => self.api.nonsense("the image in it is not what was to be written"),
            Err(error) => error,
        };
        let refused = match &error {
            ApiError::Status(status) if status.is_conflict() => return changed(),
            // A patch that does not fit is refused without a word about why: because somebody else has changed the
            // object, or for good.
            ApiError::Status(status) if status.is_misfit() => match self.look_again(read, edits) {
                Ok(Fate::Changed | Fate::Done) => return changed(),
                Ok(Fate::Same) => return failed(format!("{error}; the image is as it was when it was read")),
                Err(_) => return failed(error.to_string()),
            },
            ApiError::Status(status) => blocked(status, &read.object, edits),
            _ => None,
        };
        if let Some(why) = refused {
            return failed(why);
        }
        if trial || !is_open(&error) {
            return failed(error.to_string());
        }
        let is_lost = matches!(error, ApiError::Transport { .. });
        match self.look_again(read, edits) {
            Ok(Fate::Done) => Written::Yes,
            // Safe to send again: the patch applies only to the object that was judged.
            Ok(Fate::Changed) if is_lost => changed(),
            Ok(Fate::Same) if is_lost => Written::Again(error.to_string()),
            Ok(Fate::Same) => failed(format!(
                "{error}; the image was read again and is unchanged: nothing is recorded"
            )),
            Ok(Fate::Changed) => failed(format!(
                "{error}; the image was read again: this is not recorded, and another client has changed the image"
            )),
            Err(why) => failed(format!(
                "{error}; it is unknown whether it was recorded: {}",
                why.message
            )),
        }
    }

    /// What became of an image.
    fn look_again(&mut self, read: &Loaded, edits: &[SignatureEdit]) -> Result<Fate, Refusal> {
        let now = self.image(&read.image.digest()?)?;
        let same = patch::is_same_object(&now.object, &read.object);
        Ok(if same && patch::is_done(&now.object, edits, &read.object) {
            Fate::Done
        } else if now.object["metadata"]["resourceVersion"] == read.object["metadata"]["resourceVersion"] && same {
            Fate::Same
        } else {
            Fate::Changed
        })
    }
}

/// A change that is not stored, or of which that is not known.
fn failed(read: &Loaded, why: &str) -> Written {
    Written::Failed(format!("recording on Image {}: {why}", safe(&read.image.name)))
}

/// Whether an error leaves open what became of a write: an answer that did not arrive, that says that something went
/// wrong, or that comes from something in front of the API server.
fn is_open(error: &ApiError) -> bool {
    match error {
        // A refusal has a code from 400 on; whatever else is said with another code is none.
        ApiError::Status(status) => !(400..500).contains(&status.code) || !status.is_from_server,
        ApiError::Credential(_) => false,
        _ => true,
    }
}

/// What an image is after a write of which nobody knows what became.
enum Fate {
    /// The image is as it was before the write.
    Same,
    /// As it should be.
    Done,
    /// Another client has changed the image.
    Changed,
}

/// A pause before another try, longer each time, so that two writers do not keep in step.
pub fn pause(tries: u32) {
    std::thread::sleep(Duration::from_millis(10 << tries.min(6)));
}

/// What is said where an image could not be written each time.
#[must_use]
pub(crate) fn out_of_tries(name: &str, why: &str) -> String {
    format!(
        "recording on Image {}: given up after {MAX_TRIES} tries: {why}; run the command again",
        safe(name)
    )
}

/// What is said where only a copy of the image can be read.
#[must_use]
pub fn read_only(name: &str, why: &Refusal) -> String {
    format!("recording on Image {}: {}", safe(name), why.message)
}

/// An image that was to be written and is gone.
#[must_use]
pub fn gone(refusal: Refusal) -> Refusal {
    match refusal.reason {
        Reason::NotFound => Refusal::new(Reason::NotFound, format!("{}; it was there before", refusal.message)),
        _ => refusal,
    }
}
