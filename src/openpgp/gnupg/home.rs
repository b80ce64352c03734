// SPDX-License-Identifier: Apache-2.0
//! Private temporary GnuPG home directories.
//!
//! A temporary directory by itself isolates nothing: `/etc/gnupg/gpg.conf` is read before the home's own file and may
//! name keyrings to read and to write. So the home names its own, empty keybox by its absolute path, starts no daemon,
//! contacts nothing, and holds only keys that may count.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode, OFlags};

use crate::files::cleanup;
use crate::files::place::vetted;
use crate::openpgp::gnupg::system;
use crate::text::io_message;

/// How the names of our directories begin. Short: socket paths below them are bounded by the system.
const PREFIX: &str = "image-signature-";

/// A file in each of our directories on which a living run holds a lock.
const LOCK_FILE: &str = "in-use";

/// A directory without lock file may be one that another run is just making.
const GRACE: Duration = Duration::from_secs(60);

/// Options for every home of ours. Each of them undoes something that `/etc/gnupg/gpg.conf` may ask for, or keeps
/// GnuPG from starting, contacting or writing something. SHA-1 is not marked weak: GnuPG would then drop keys whose
/// self-signatures use it, Red Hat's release key among them; digests are checked by the framing instead.
/// GnuPG 2.4 as Debian 13 has it takes keys without self-signatures unless told not to: anybody could put a name and
/// usage on any key. Importing in "restore" mode takes GnuPG's own opinions of signatures out of key files, which
/// anybody can write into one. Repairing a key takes a signature for another one that names another maker and is the same
/// otherwise, and drops either. Dates are compared by us, with the leeway that clocks need: gpg takes no key that is a
/// second ahead of its clock. What a key says of itself counts also where it is marked as not for others: an import would
/// leave out its revocations, too. `no-auto-key-import` may be missing in a GnuPG that is too old to import keys by itself.
const COMMON_OPTIONS: &str = "\
ignore-invalid-option no-auto-key-import
no-autostart
disable-dirmngr
no-auto-key-retrieve
no-auto-key-import
auto-key-locate local
no-allow-non-selfsigned-uid
ignore-time-conflict
ignore-valid-from
require-cross-certification
import-options no-repair-keys,no-import-restore,no-import-export,no-import-show,no-merge-only
import-options import-local-sigs,no-import-clean,no-import-minimal
verify-options no-show-photos
list-options no-show-photos
lock-never
no-random-seed-file
no-permission-warning
no-greeting
log-file /dev/null
";

/// A keybox without keys (kbx/keybox-blob.c of GnuPG): the first blob, of 32 bytes, for OpenPGP. In an empty file gpg
/// would write keys in the older format, which has no checksums.
const EMPTY_KEYBOX: [u8; 32] = *b"\0\0\0\x20\x01\x01\0\x02KBXf\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// A home directory of our own, removed when dropped.
#[derive(Debug)]
pub struct Home {
    guard: cleanup::Guard,
    _lock: File,
}

/// Why no home could be made.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// The system's configuration of GnuPG does not let us.
    #[error("{0}: gpg cannot be used for checking signatures as long as it does")]
    System(String),
    /// No directory takes it.
    #[error("no directory can be used for a temporary keyring: {}", list(.0))]
    NoPlace(Vec<(PathBuf, io::Error)>),
    /// Writing into it failed.
    #[error("writing {}: {}", .0.display(), io_message(.1))]
    Write(PathBuf, io::Error),
}

fn list(tried: &[(PathBuf, io::Error)]) -> String {
    tried
        .iter()
        .map(|(path, error)| format!("{} ({})", path.display(), io_message(error)))
        .collect::<Vec<_>>()
        .join(", ")
}

impl Home {
    /// Makes an empty home directory, mode 0700, in the first of `places` that takes it and in which nobody
    /// else can replace it.
    ///
    /// # Errors
    /// When none does, or when gpg would not keep to it.
    pub fn create(places: &[PathBuf]) -> Result<Self, HomeError> {
        if let Some(why) = system::prohibition() {
            return Err(HomeError::System(why));
        }
        let uid = rustix::process::geteuid().as_raw();
        let mut tried = Vec::new();
        for place in places {
            match vetted(place, uid).and_then(|place| create_in(&place)) {
                Ok(home) => return Ok(home),
                Err(error) => {
                    log::info!("no temporary keyring in {}: {}", place.display(), io_message(&error));
                    tried.push((place.clone(), error));
                }
            }
        }
        Err(HomeError::NoPlace(tried))
    }

    /// Makes a home with an empty keybox of its own that no other configuration replaces.
    ///
    /// # Errors
    /// When no place takes it.
    pub fn isolated(places: &[PathBuf]) -> Result<Self, HomeError> {
        Self::by_itself(places, "")
    }

    /// Makes a home as [`Self::isolated`] does, for keys as they were read: what is wrong with them, GnuPG repairs.
    ///
    /// # Errors
    /// When no place takes it.
    pub fn as_read(places: &[PathBuf]) -> Result<Self, HomeError> {
        Self::by_itself(places, "import-options repair-keys\n")
    }

    fn by_itself(places: &[PathBuf], options: &str) -> Result<Self, HomeError> {
        let home = Self::create(places)?;
        let keybox = home.path().join("pubring.kbx");
        home.write("pubring.kbx", &EMPTY_KEYBOX)?;
        // The trust model is set because TOFU in the system's configuration would write a database.
        home.write_options(&format!(
            "{options}trust-model always\nno-auto-check-trustdb\nno-default-keyring\nprimary-keyring {}\n",
            keybox.display()
        ))?;
        Ok(home)
    }

    /// Makes a home for copies of a user's keys in a file of this name, and of a trust database, in which keys have the
    /// validity that they have for the user.
    ///
    /// # Errors
    /// When no place takes it.
    pub fn shadow(places: &[PathBuf], name: &str) -> Result<Self, HomeError> {
        let home = Self::create(places)?;
        home.write(name, &[])?;
        // The check of the trust database must stay on: without it a key keeps its validity after its certification
        // has expired or its certifier was revoked. How many introducers it takes is GnuPG's default, whatever the
        // system's configuration says.
        home.write_options(&format!(
            "trust-model pgp\nauto-check-trustdb\ncompletes-needed 1\nmarginals-needed 3\nmax-cert-depth 5\nmin-cert-level 2\nno-default-keyring\nkeyring {}\n",
            home.path().join(name).display()
        ))?;
        Ok(home)
    }

    /// Writes gpg.conf. The trust database is named because the system's configuration may name another one.
    fn write_options(&self, options: &str) -> Result<(), HomeError> {
        let trustdb = self.path().join("trustdb.gpg");
        let options = format!("{COMMON_OPTIONS}trustdb-name {}\n{options}", trustdb.display());
        self.write("gpg.conf", options.as_bytes())
    }

    /// The directory, which is private to us and is removed with this.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.guard.path()
    }

    /// Puts a file into it, mode 0600.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<(), HomeError> {
        let path = self.path().join(name);
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| file.write_all(content))
            .map_err(|error| HomeError::Write(path, error))
    }

    /// Replaces a file in it, or makes it, mode 0600.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn replace(&self, name: &str, content: &[u8]) -> Result<(), HomeError> {
        let path = self.path().join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(HomeError::Write(path, error)),
            _ => self.write(name, content),
        }
    }
}

/// A file in a home that has one name and content after the other, and is removed when dropped.
#[derive(Debug)]
pub struct Sheet {
    path: PathBuf,
    file: File,
    length: usize,
}

impl Sheet {
    /// Puts it there, mode 0600.
    ///
    /// # Errors
    /// When it cannot be written; nothing of it is left then.
    pub fn new(home: &Home, name: &str, content: &[u8]) -> io::Result<Self> {
        let path = home.path().join(name);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        let mut sheet = Self { path, file, length: 0 };
        sheet.fill(content)?;
        Ok(sheet)
    }

    /// Gives it another content, and another name once it has all of that: what opens this name finds this content.
    /// Making a new file for each message takes several times as long.
    ///
    /// # Errors
    /// When it cannot be written, after which it is of no more use.
    pub fn renew(&mut self, home: &Home, name: &str, content: &[u8]) -> io::Result<()> {
        self.fill(content)?;
        let path = home.path().join(name);
        fs::rename(&self.path, &path)?;
        self.path = path;
        Ok(())
    }

    fn fill(&mut self, content: &[u8]) -> io::Result<()> {
        self.file.write_all_at(content, 0)?;
        if content.len() < self.length {
            self.file.set_len(content.len() as u64)?;
        }
        self.length = content.len();
        Ok(())
    }
}

impl Drop for Sheet {
    fn drop(&mut self) {
        // The home is removed as a whole in the end.
        let _ = fs::remove_file(&self.path);
    }
}

fn create_in(place: &Path) -> io::Result<Home> {
    // The path will stand in a gpg.conf, where a line is an option, as that of a keyring, where a colon ends the kind.
    let name = place.to_string_lossy();
    if name.contains(char::is_control) {
        return Err(io::Error::other("its name has control characters"));
    }
    if name.contains(':') {
        return Err(io::Error::other(
            "its name has a colon, which gpg does not allow in the name of a keyring",
        ));
    }
    for _ in 0..100 {
        let path = place.join(format!("{PREFIX}{}", random_name()?));
        // Guarded before it is there: an interruption must not come between.
        let guard = cleanup::Guard::new(path);
        if let Err(error) = DirBuilder::new().mode(0o700).create(guard.path()) {
            let _ = guard.keep();
            if error.kind() == io::ErrorKind::AlreadyExists {
                continue;
            }
            return Err(error);
        }
        let lock = open_lock(guard.path(), true)?;
        // Another run that sweeps may have come between, and removes the directory or has done so: then it is lost.
        let locked = rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok();
        if locked && lock.metadata()?.nlink() > 0 {
            return Ok(Home { guard, _lock: lock });
        }
    }
    Err(io::Error::other("too many temporary directories exist"))
}

/// A name that cannot be predicted.
pub(super) fn random_name() -> io::Result<String> {
    let mut bytes = [0; 8];
    io::Read::read_exact(&mut File::open("/dev/urandom")?, &mut bytes)?;
    Ok(format!("{:016x}", u64::from_ne_bytes(bytes)))
}

fn open_lock(directory: &Path, create: bool) -> io::Result<File> {
    let mut flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    if create {
        flags |= OFlags::CREATE | OFlags::EXCL;
    }
    let fd = rustix::fs::open(directory.join(LOCK_FILE), flags, Mode::RUSR | Mode::WUSR)?;
    Ok(File::from(fd))
}

/// Removes what runs that were killed have left in `places`: directories of our name and owner `uid` whose lock
/// nobody holds. Places in which somebody else could put a link in the place of such a directory while it is being
/// removed are left alone. Trouble is logged only: nothing depends on it.
pub fn sweep(places: &[PathBuf], uid: u32) {
    for place in places {
        let Ok(entries) = vetted(place, uid).and_then(fs::read_dir) else {
            continue;
        };
        for entry in entries.flatten() {
            if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
                continue;
            }
            let path = entry.path();
            let ours = entry.metadata().is_ok_and(|meta| meta.is_dir() && meta.uid() == uid);
            if !ours {
                continue;
            }
            // Held until the directory is gone: a run that is just beginning must not lock what is being removed.
            let Some(_lock) = claim(&path) else {
                continue;
            };
            log::info!("removing {}, left by a run that was killed", path.display());
            if let Err(error) = cleanup::remove(&path) {
                log::warn!("removing {}: {}", path.display(), io_message(&error));
            }
        }
    }
}

/// Takes over the directory of a dead run, with its lock if it has come to have one.
fn claim(directory: &Path) -> Option<Option<File>> {
    match open_lock(directory, false) {
        Ok(lock) => {
            rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).ok()?;
            Some(Some(lock))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let made = fs::metadata(directory).and_then(|meta| meta.modified()).ok()?;
            (made.elapsed().ok()? > GRACE).then_some(None)
        }
        Err(_) => None,
    }
}
