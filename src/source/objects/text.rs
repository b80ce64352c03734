// SPDX-License-Identifier: Apache-2.0
//! The text of a file: as it stands, out of a pipe, or in another encoding.

use std::io::{self, BufReader, Read};
use std::path::Path;

use super::places::{Place, MAX_FILE_BYTES};
use super::store::{Bytes, Store};
use crate::files::identity::Identity;
use crate::input::{self, Encoding};

/// A text before it is known what is in it.
pub(super) struct Source {
    pub identity: Option<Identity>,
    pub encoding: Encoding,
    pub text: Bytes,
    /// Where the text begins, after its mark.
    pub text_start: u64,
}

impl Source {
    /// Opens a place, and copies what cannot be read twice or is not UTF-8.
    pub fn open(place: &Place, is_found: bool, store: &Store) -> Result<Self, input::Error> {
        let (identity, bytes) = match place {
            Place::Stdin => (None, spool(&mut io::stdin().lock(), store)?),
            Place::Path(path) => Self::of_path(path, is_found, store)?,
        };
        if bytes.length() > MAX_FILE_BYTES {
            return Ok(Self {
                identity,
                encoding: Encoding::Utf8,
                text: bytes,
                text_start: 0,
            });
        }
        let mut start = Vec::new();
        store
            .section(&bytes, 0, Some(Encoding::MAX_MARK as u64 + 1))?
            .read_to_end(&mut start)?;
        let encoding = Encoding::of(&start);
        let mark = encoding.mark().len() as u64;
        if encoding.is_utf8() {
            if input::looks_like_utf16(&start) {
                return Err(input::Error::Unmarked);
            }
            return Ok(Self {
                identity,
                encoding,
                text: bytes,
                text_start: mark,
            });
        }
        let section = store.section(&bytes, mark, None)?;
        // No character takes more than 3 bytes for 2.
        let text = store.add(bytes.length() * 2, |mut out| {
            input::copy_as_utf8(BufReader::new(section), encoding, &mut out)
        })?;
        Ok(Self {
            identity,
            encoding,
            text,
            text_start: 0,
        })
    }

    fn of_path(path: &Path, is_found: bool, store: &Store) -> io::Result<(Option<Identity>, Bytes)> {
        let (file, identity) = store.open(path, is_found)?;
        match identity {
            Some(identity) => {
                let path = path.to_owned();
                Ok((Some(identity), Bytes::File { path, identity }))
            }
            None => Ok((None, spool(&mut &*file, store)?)),
        }
    }
}

fn spool(input: &mut dyn Read, store: &Store) -> io::Result<Bytes> {
    let mut input = input.take(MAX_FILE_BYTES + 1);
    store.add(u64::MAX, |out| io::copy(&mut input, out).map(|_| ()))
}
