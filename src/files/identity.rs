// SPDX-License-Identifier: Apache-2.0
//! Which file it is, and whether it is still as it was.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

/// What tells whether a file is still the one that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    owner: (u32, u32),
    mode: u32,
    links: u64,
}

impl Identity {
    /// The identity of an open or named file.
    #[must_use]
    pub fn of(meta: &Metadata) -> Self {
        Self {
            device: meta.dev(),
            inode: meta.ino(),
            size: meta.size(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            owner: (meta.uid(), meta.gid()),
            mode: meta.mode(),
            links: meta.nlink(),
        }
    }

    /// The length in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Device and inode: what makes it this file, whatever became of its content.
    #[must_use]
    pub fn file(&self) -> (u64, u64) {
        (self.device, self.inode)
    }

    /// How many names the file has: with more than one, it cannot be replaced.
    #[must_use]
    pub fn names(&self) -> u64 {
        self.links
    }

    /// Whether both are one file, whatever became of its content.
    #[must_use]
    pub fn is_same_file(&self, other: &Self) -> bool {
        self.file() == other.file()
    }

    /// Numbers of the user and the group that own it.
    #[must_use]
    pub fn owner(&self) -> (u32, u32) {
        self.owner
    }

    /// Kind and permissions, as `st_mode` has them.
    #[must_use]
    pub fn mode(&self) -> u32 {
        self.mode
    }
}
