// SPDX-License-Identifier: Apache-2.0
//! Lines of a report that is gone on from about images that are not there any more.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::audit::difference::Place;
use crate::audit::tail::Tail;
use crate::files::fresh::Fresh;
use crate::report::json::write_line;

/// Lines of a report about images that are gone.
#[derive(Debug)]
pub(super) struct Gone {
    /// The report that is continued.
    pub(super) file: File,
    /// Where they are, in order.
    pub(super) places: Vec<Place>,
}

impl Gone {
    /// Replaces the report by one without these lines that ends with `tail`.
    ///
    /// # Errors
    /// When it cannot be written; then the report stays as it is, without an end.
    pub(super) fn leave_out(&self, path: &Path, tail: &Tail) -> io::Result<()> {
        let mut whole = BufWriter::new(Fresh::create(path)?);
        let mut at = 0;
        for place in &self.places {
            copy(&self.file, at, Some(place.offset), &mut whole)?;
            at = place.offset + place.length;
        }
        copy(&self.file, at, None, &mut whole)?;
        write_line(&mut whole, tail)?;
        whole.into_inner().map_err(io::IntoInnerError::into_error)?.commit()
    }
}

/// Copies the bytes of a file from one place to another one, or to its end.
fn copy(mut file: &File, from: u64, to: Option<u64>, out: &mut dyn Write) -> io::Result<()> {
    file.seek(SeekFrom::Start(from))?;
    let length = to.map_or(u64::MAX, |to| to.saturating_sub(from));
    let copied = io::copy(&mut Read::take(&mut file, length), out)?;
    if to.is_some() && copied != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}
