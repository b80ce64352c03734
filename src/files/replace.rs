// SPDX-License-Identifier: Apache-2.0
//! Replacing files at once: readers see the old one or the new one, also when the program is killed on the way.
//!
//! A new file is prepared beside the old one and then exchanged with it, and what came out is looked at: so no change
//! that others make in between is lost. Several files can be replaced together: all or none.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::RenameFlags;
use rustix::io::Errno;

use crate::files::cleanup;
use crate::files::identity::Identity;
use crate::files::prepared::{check, Prepared};
use crate::text::{io_message, safe};

/// Puts the new files in the place of the old ones: all of them or none.
///
/// # Errors
/// When a file has changed since it was read, or cannot be replaced. Every file then has the content that others left
/// in it; where two versions of others met, both are kept and named.
pub(crate) fn commit(files: Vec<Prepared>) -> io::Result<()> {
    // An interruption between the exchange and the end would leave the old versions beside the new ones, and of several
    // files only some replaced.
    let _whole = cleanup::as_a_whole();
    let is_alone = files.len() == 1;
    let mut exchanged: Vec<Exchanged> = Vec::new();
    for file in files {
        let directory = file.path.parent().map(Path::to_owned);
        match exchange(file, is_alone) {
            Ok(Some(done)) => exchanged.push(done),
            Ok(None) => {}
            Err(error) => {
                let undone: Vec<String> = exchanged
                    .into_iter()
                    .rev()
                    .filter_map(|done| done.undo(&mut rename_exchange).err())
                    .map(|error| io_message(&error))
                    .collect();
                return Err(match undone.as_slice() {
                    [] => error,
                    several => io::Error::other(format!("{}; {}", io_message(&error), several.join("; "))),
                });
            }
        }
        // The new name reaches the disk too. That this fails on some file systems does no harm.
        if let Some(directory) = directory {
            let _ = File::open(directory).and_then(|directory| directory.sync_all());
        }
    }
    for done in exchanged {
        fs::remove_file(done.temporary)?;
    }
    Ok(())
}

/// Two files that changed places: the old one stands under the temporary name.
struct Exchanged {
    path: PathBuf,
    temporary: PathBuf,
    new: Identity,
}

impl Exchanged {
    /// Exchanges them again, and removes ours if it is ours that comes out.
    fn undo(self, exchange: &mut Exchange<'_>) -> io::Result<()> {
        let kept = |what: &str| {
            io::Error::other(format!(
                "{}: {what}; the version that it had is kept in {}",
                safe(&self.path.display().to_string()),
                safe(&self.temporary.display().to_string())
            ))
        };
        exchange(&self.temporary, &self.path).map_err(|error| kept(&io_message(&error.into())))?;
        let out = Identity::of(&fs::symlink_metadata(&self.temporary)?);
        if out.is_same_file(&self.new) && out == self.new {
            fs::remove_file(&self.temporary)
        } else {
            Err(kept("it was replaced twice by another program at the same time"))
        }
    }
}

type Exchange<'x> = dyn FnMut(&Path, &Path) -> Result<(), Errno> + 'x;

fn rename_exchange(one: &Path, other: &Path) -> Result<(), Errno> {
    let here = rustix::fs::CWD;
    rustix::fs::renameat_with(here, one, here, other, RenameFlags::EXCHANGE)
}

/// Exchanges new and old. Nothing comes back where the file system can only rename.
fn exchange(file: Prepared, is_alone: bool) -> io::Result<Option<Exchanged>> {
    exchange_by(file, is_alone, &mut rename_exchange)
}

fn exchange_by(file: Prepared, is_alone: bool, exchange: &mut Exchange<'_>) -> io::Result<Option<Exchanged>> {
    let Prepared {
        path,
        was,
        temporary,
        new,
    } = file;
    // From here on the temporary name may hold what somebody else has written: an interruption must not remove it.
    let temporary = temporary.keep();
    match exchange(&temporary, &path) {
        Ok(()) => {}
        // Not every file system can exchange.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            let renamed = match is_alone {
                true => check(&path, &was).and_then(|()| fs::rename(&temporary, &path)),
                false => Err(io::Error::other(
                    "this file system cannot exchange files, so several cannot be replaced together",
                )),
            };
            return renamed.map(|()| None).inspect_err(|_| {
                // The error that is told is the first one.
                let _ = fs::remove_file(&temporary);
            });
        }
        Err(error) => {
            let _ = fs::remove_file(&temporary);
            return Err(error.into());
        }
    }
    let is_the_old_one = check(&temporary, &was);
    let done = Exchanged { path, temporary, new };
    match is_the_old_one {
        Ok(()) => Ok(Some(done)),
        Err(error) => done.undo(exchange).and(Err(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::prepared::prepare;
    use std::io::Write;

    /// A directory with a file `old`, and what is to replace it.
    fn prepared(directory: &Path) -> Prepared {
        let path = directory.join("file");
        fs::write(&path, "old").unwrap();
        let old = File::open(&path).unwrap();
        let was = Identity::of(&old.metadata().unwrap());
        prepare(&path, &was, &old, |new| new.write_all(b"new")).unwrap()
    }

    /// Contents of all files of a directory.
    fn contents(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut found: Vec<String> = entries
            .map(|e| fs::read_to_string(e.unwrap().path()).unwrap())
            .collect();
        found.sort();
        found
    }

    /// Puts a file of another program in the place of another, as editors do.
    fn put(path: &Path, content: &str) {
        let beside = path.with_extension("theirs");
        fs::write(&beside, content).unwrap();
        fs::rename(&beside, path).unwrap();
    }

    #[test]
    fn the_new_file_takes_the_place_of_the_old_one() {
        let directory = tempfile::tempdir().unwrap();
        commit(vec![prepared(directory.path())]).unwrap();
        assert_eq!(contents(directory.path()), ["new"]);
    }

    #[test]
    fn what_others_wrote_just_before_the_exchange_stays() {
        let directory = tempfile::tempdir().unwrap();
        let file = prepared(directory.path());
        put(&file.path, "theirs");
        let error = commit(vec![file]).unwrap_err();
        assert!(error.to_string().contains("changed since it was read"), "{error}");
        assert_eq!(contents(directory.path()), ["theirs"]);
    }

    /// Finds what another has written where the file is to be exchanged, and lets `meanwhile` do something to the new file
    /// before the exchange is undone: the error.
    fn undone(directory: &Path, meanwhile: impl Fn(&Path)) -> io::Error {
        let file = prepared(directory);
        put(&file.path, "theirs");
        let mut calls = 0;
        let mut exchange = |one: &Path, other: &Path| {
            calls += 1;
            if calls == 2 {
                meanwhile(other);
            }
            rename_exchange(one, other)
        };
        exchange_by(file, true, &mut exchange).map(|_| ()).unwrap_err()
    }

    #[test]
    fn what_others_write_while_an_exchange_is_undone_is_kept_too() {
        let directory = tempfile::tempdir().unwrap();
        let error = undone(directory.path(), |other| put(other, "theirs, again"));
        assert!(error.to_string().contains("is kept in"), "{error}");
        assert_eq!(contents(directory.path()), ["theirs", "theirs, again"]);
    }

    #[test]
    fn a_file_written_into_while_an_exchange_is_undone_is_kept_too() {
        let directory = tempfile::tempdir().unwrap();
        undone(directory.path(), |other| fs::write(other, "into the new file").unwrap());
        assert_eq!(contents(directory.path()), ["into the new file", "theirs"]);
    }

    #[test]
    fn an_undoing_that_fails_keeps_what_others_wrote() {
        let directory = tempfile::tempdir().unwrap();
        let error = undone(directory.path(), |other| fs::remove_file(other).unwrap());
        assert!(error.to_string().contains("is kept in"), "{error}");
        assert_eq!(contents(directory.path()), ["theirs"]);
    }

    #[test]
    fn several_files_are_replaced_together_or_not_at_all() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let files = vec![prepared(one.path()), prepared(two.path())];
        put(&files[1].path, "theirs");
        commit(files).unwrap_err();
        assert_eq!(contents(one.path()), ["old"]);
        assert_eq!(contents(two.path()), ["theirs"]);
        commit(vec![prepared(one.path()), prepared(two.path())]).unwrap();
        assert_eq!([contents(one.path()), contents(two.path())], [["new"], ["new"]]);
    }

    #[test]
    fn a_file_system_that_cannot_exchange_is_renamed_on_only_where_nothing_changed() {
        let directory = tempfile::tempdir().unwrap();
        let mut refuse = |_: &Path, _: &Path| Err(Errno::INVAL);
        let file = prepared(directory.path());
        assert!(exchange_by(file, true, &mut refuse).unwrap().is_none());
        assert_eq!(contents(directory.path()), ["new"]);
        let file = prepared(directory.path());
        put(&file.path, "theirs");
        exchange_by(file, true, &mut refuse).map(|_| ()).unwrap_err();
        assert_eq!(contents(directory.path()), ["theirs"]);
        let file = prepared(directory.path());
        exchange_by(file, false, &mut refuse).map(|_| ()).unwrap_err();
        assert_eq!(contents(directory.path()), ["old"]);
    }
}
