// SPDX-License-Identifier: Apache-2.0
//! A session with a cluster: what `verify`, `remove` and `describe` do there alike.

use std::io::Write;
use std::time::Duration;

use crate::cluster::api::{Access, Api, Error};
use crate::cluster::credentials::Source;
use crate::cluster::images::{self, Found};
use crate::cluster::names::Name;
use crate::cluster::{patch, rights, whoami};
use crate::digest::Digest;
use crate::edit::SignatureEdit;
use crate::settings::UsageError;
use crate::source::objects::Loaded;
use crate::text::safe;
use crate::verdict::reason::{Reason, Refusal};

/// How often an image is read, judged and written where somebody else writes it too (product contract, section 5).
pub const MAX_TRIES: u32 = 5;

/// How images of a cluster are named as a source.
pub const SOURCE: &str = "cluster";

/// A session.
#[derive(Debug)]
pub struct Session {
    api: Api,
    user: Option<Result<String, Refusal>>,
    may_patch: Option<Result<Option<bool>, Refusal>>,
}

/// What became of a write.
#[derive(Debug)]
pub enum Written {
    /// The server took it.
    Yes,
    /// The object is no longer what was judged.
    Conflict,
    /// The server refused it, or it is not known.
    Failed(String),
}

impl Session {
    /// Begins a session; nothing is contacted yet.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(access: Access, stderr: &mut dyn Write) -> Result<Self, UsageError> {
        let has_credential = !matches!(access.credential, Source::None) || access.http.tls.identity.is_some();
        if has_credential && !access.server.is_https() {
            let _ = writeln!(
                stderr,
                "warning: {} is not an https server: it gets no credential",
                access.server
            );
        }
        let api = Api::new(access).map_err(|error| UsageError::new(error.to_string()))?;
        Ok(Self {
            api,
            user: None,
            may_patch: None,
        })
    }

    /// Passes on what the server has warned of.
    pub fn tell_warnings(&mut self, stderr: &mut dyn Write) {
        for warning in self.api.take_warnings() {
            let _ = writeln!(stderr, "Warning: {warning}");
        }
    }

    /// Finds an image.
    ///
    /// # Errors
    /// When there is none, or the server does not give it.
    pub fn find(&mut self, name: &Name) -> Result<Found, Refusal> {
        images::find(&mut self.api, name)
    }

    /// Reads an Image.
    ///
    /// # Errors
    /// When there is none, or the server does not give it.
    pub fn image(&mut self, digest: &Digest) -> Result<Loaded, Refusal> {
        images::image(&mut self.api, digest)
    }

    /// Asks whether an image may be written, before work is done on it. `is_only` spares a question about all images.
    ///
    /// # Errors
    /// When it may not, or the server is not reached.
    pub fn check_right(&mut self, name: &Name, is_only: bool) -> Result<(), Refusal> {
        let named = match name {
            Name::Image(digest) | Name::StreamImage { digest, .. } => Some(digest.as_str()),
            Name::Tag { .. } => None,
        };
        // A right may be limited to some images; where one name is known, it is asked about at once.
        if is_only {
            return self.ask(named).and_then(|right| allowed(right, name));
        }
        let general = match &self.may_patch {
            Some(known) => known.clone(),
            None => {
                let answer = self.ask(None);
                self.may_patch.insert(answer).clone()
            }
        };
        match (general?, named) {
            (Some(false), Some(named)) => self.ask(Some(named)).and_then(|right| allowed(right, name)),
            (right, _) => allowed(right, name),
        }
    }

    fn ask(&mut self, image: Option<&str>) -> Result<Option<bool>, Refusal> {
        rights::may_patch(&mut self.api, image).map_err(|error| error.refusal("asking whether images may be written"))
    }

    /// Who records.
    ///
    /// # Errors
    /// When the server is not reached or refuses the login.
    pub fn user(&mut self) -> Result<String, Refusal> {
        if let Some(known) = &self.user {
            return known.clone();
        }
        let user = whoami::who_am_i(&mut self.api).map_err(|error| error.refusal("asking the server who you are"));
        self.user.insert(user).clone()
    }

    /// Writes changes to an image that was read, or, as a trial, asks whether they would be taken.
    pub fn write(&mut self, read: &Loaded, edits: &[SignatureEdit], trial: bool) -> Written {
        let path = format!(
            "{}?fieldManager=image-signature&fieldValidation=Strict{}",
            images::path(&read.image.name),
            if trial { "&dryRun=All" } else { "" }
        );
        let error = match self.api.patch(&path, &patch::patch(&read.object, edits)) {
            Ok(_) => return Written::Yes,
            Err(error) => error,
        };
        let failed = |why: String| Written::Failed(format!("recording on Image {}: {why}", safe(&read.image.name)));
        match &error {
            Error::Status(status) if status.is_conflict() => Written::Conflict,
            // A patch that does not fit is refused without a word about why: because somebody else has changed the
            // object, or for good. A lost answer leaves open whether the write was done.
            Error::Status(status) if status.is_misfit() => match self.has_changed(read, edits) {
                Ok(Fate::Changed | Fate::Done) => Written::Conflict,
                Ok(Fate::Same) | Err(_) => failed(error.to_string()),
            },
            Error::Transport { .. } if !trial => match self.has_changed(read, edits) {
                Ok(Fate::Done) => Written::Yes,
                Ok(Fate::Same | Fate::Changed) => Written::Conflict,
                Err(_) => failed(format!("{error}; it is not known whether it was recorded")),
            },
            Error::Status(status) => {
                let blocked = patch::blocked(status, &read.object, edits);
                failed(blocked.unwrap_or_else(|| error.to_string()))
            }
            _ => failed(error.to_string()),
        }
    }

    /// Looks at an image again.
    fn has_changed(&mut self, read: &Loaded, edits: &[SignatureEdit]) -> Result<Fate, Refusal> {
        let now = self.image(&read.image.digest()?)?;
        Ok(if patch::is_done(&now.object, edits, &read.object) {
            Fate::Done
        } else if now.object["metadata"]["resourceVersion"] == read.object["metadata"]["resourceVersion"] {
            Fate::Same
        } else {
            Fate::Changed
        })
    }
}

/// What an image is after a write of which nobody knows what became.
enum Fate {
    /// As it was.
    Same,
    /// As it should be.
    Done,
    /// Something else.
    Changed,
}

fn allowed(right: Option<bool>, name: &Name) -> Result<(), Refusal> {
    match right {
        Some(false) => Err(rights::missing(&name.to_string())),
        Some(true) | None => Ok(()),
    }
}

/// A pause before another try, longer each time, so that two writers do not keep in step.
pub fn pause(tries: u32) {
    std::thread::sleep(Duration::from_millis(10 << tries.min(6)));
}

/// What is said where somebody else was faster each time.
#[must_use]
pub fn out_of_tries(name: &str) -> String {
    format!(
        "recording on Image {}: somebody else changed it {MAX_TRIES} times in between; run the command again",
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
