// SPDX-License-Identifier: Apache-2.0
//! The archive with the manifests of a release payload (docs/openshift-api.md 9): one of its files says which components the
//! payload has. It is read to its end as a stream, with what belongs to gzip too, and nothing else of it is kept.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use tar::{Archive, EntryType, PaxExtensions};

use crate::text::safe;

/// Where it says which components it has.
const IMAGE_REFERENCES: &[u8] = b"release-manifests/image-references";

/// Largest such file, in bytes.
const MAX_REFERENCES: u64 = 4 << 20;

/// Most bytes of the archive.
const MAX_CONTENT: u64 = 256 << 20;

/// Largest header that extends the one of the entry after it, in bytes.
const MAX_HEADER: u64 = 64 << 10;

/// The file that says which components a payload has, out of the layer with its manifests.
///
/// # Errors
/// When the layer is damaged or too large, or the file is missing, occurs twice or is not a regular file; safe to print.
pub(super) fn image_references(layer: &[u8]) -> Result<Vec<u8>, String> {
    let mut content = Bounded {
        inner: MultiGzDecoder::new(layer),
        left: MAX_CONTENT,
    };
    let found = search(&mut content)?;
    // What comes after the last entry is part of the layer, and the checksum of all.
    io::copy(&mut content, &mut io::sink()).map_err(|error| unread(&error))?;
    found.ok_or_else(|| "its last layer has no release-manifests/image-references".into())
}

fn search(content: &mut impl Read) -> Result<Option<Vec<u8>>, String> {
    let mut archive = Archive::new(content);
    // One by one as they stand: what extends headers would be held whole, however large it is.
    let entries = archive.entries().map_err(|error| unread(&error))?.raw(true);
    let (mut found, mut long) = (None, None);
    for entry in entries {
        let mut entry = entry.map_err(|error| unread(&error))?;
        let (kind, size) = (entry.header().entry_type(), entry.size());
        match kind {
            EntryType::GNULongName | EntryType::XHeader => {
                let text = whole(&mut entry, size, MAX_HEADER, "a header")?;
                long = match kind {
                    EntryType::XHeader => path_of(&text)?.or(long),
                    _ => Some(text.split(|byte| *byte == 0).next().unwrap_or_default().to_vec()),
                };
                continue;
            }
            EntryType::GNULongLink | EntryType::XGlobalHeader => continue,
            _ => {}
        }
        let path = long.take().unwrap_or_else(|| entry.path_bytes().into_owned());
        if plain(&path) != IMAGE_REFERENCES {
            continue;
        }
        if kind != EntryType::Regular {
            return Err("release-manifests/image-references in its last layer is not a file".into());
        }
        let file = whole(&mut entry, size, MAX_REFERENCES, "release-manifests/image-references")?;
        if found.replace(file).is_some() {
            return Err("its last layer has release-manifests/image-references twice".into());
        }
    }
    Ok(found)
}

/// The whole of an entry, which must not be larger than the limit.
fn whole(entry: &mut impl Read, size: u64, limit: u64, what: &str) -> Result<Vec<u8>, String> {
    if size > limit {
        return Err(format!("{what} in its last layer has {size} bytes, more than {limit}"));
    }
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).map_err(|error| unread(&error))?;
    match bytes.len() as u64 == size {
        true => Ok(bytes),
        false => Err(format!("its last layer ends within {what}")),
    }
}

/// The path that a header of POSIX says for the entry after it. Another size than the entry itself says is refused: programs
/// would find other entries after it.
fn path_of(header: &[u8]) -> Result<Option<Vec<u8>>, String> {
    let mut path = None;
    for extension in PaxExtensions::new(header) {
        let extension = extension.map_err(|error| unread(&error))?;
        match extension.key_bytes() {
            b"path" => path = Some(extension.value_bytes().to_vec()),
            b"size" => return Err("a header in its last layer says another size of an entry".into()),
            _ => {}
        }
    }
    Ok(path)
}

/// A path without what it may begin with and mean the same.
fn plain(mut path: &[u8]) -> &[u8] {
    while let Some(rest) = path.strip_prefix(b"./").or_else(|| path.strip_prefix(b"/")) {
        path = rest;
    }
    path
}

fn unread(error: &io::Error) -> String {
    format!("its last layer cannot be read: {}", safe(&error.to_string()))
}

/// A stream that fails where it is longer than it may be.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        let left = self.left.checked_sub(read as u64);
        self.left = left.ok_or_else(|| io::Error::other(format!("it holds more than {MAX_CONTENT} bytes")))?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::write::GzEncoder;
    use flate2::Compression;
    use tar::{Builder, Header};

    use super::*;

    const PATH: &str = "release-manifests/image-references";

    /// A layer with these entries: kind, path, content.
    fn layer(entries: &[(EntryType, &str, &[u8])]) -> Vec<u8> {
        let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (kind, path, content) in entries {
            let mut header = Header::new_ustar();
            header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
            header.set_entry_type(*kind);
            header.set_size(content.len() as u64);
            header.set_cksum();
            builder.append(&header, *content).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap()
    }

    fn found(entries: &[(EntryType, &str, &[u8])]) -> Result<Vec<u8>, String> {
        image_references(&layer(entries))
    }

    #[test]
    fn the_file_is_found_however_its_path_is_written() {
        let file = EntryType::Regular;
        let name = format!("{PATH}\0");
        for entries in [
            &[(file, "a", &b"b"[..]), (file, PATH, b"x"), (file, "c", b"d")][..],
            &[(file, "./release-manifests/image-references", b"x")],
            &[(file, "/release-manifests/image-references", b"x")],
            &[
                (EntryType::GNULongName, "././@LongLink", name.as_bytes()),
                (file, "short", b"x"),
            ],
            &[
                (EntryType::XHeader, "p", b"43 path=release-manifests/image-references\n"),
                (EntryType::GNULongLink, "k", b"target"),
                (file, "short", b"x"),
            ],
            &[(EntryType::XGlobalHeader, "g", b"7 x=yz\n"), (file, PATH, b"x")],
            &[(EntryType::XHeader, "p", b"13 mtime=1.5\n"), (file, PATH, b"x")],
        ] {
            assert_eq!(found(entries), Ok(b"x".to_vec()), "{entries:?}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let file = EntryType::Regular;
        let large = vec![b'0'; MAX_HEADER as usize + 1];
        for (entries, why) in [
            (
                &[
                    (file, PATH, &b"x"[..]),
                    (file, "./release-manifests/image-references", b"y"),
                ][..],
                "twice",
            ),
            (&[(EntryType::Symlink, PATH, b"")], "not a file"),
            (&[(EntryType::Directory, PATH, b"")], "not a file"),
            (
                &[(EntryType::XHeader, "p", b"9 size=5\n"), (file, PATH, b"x")],
                "another size",
            ),
            (
                &[(EntryType::XHeader, "p", b"nonsense\n"), (file, PATH, b"x")],
                "cannot be read",
            ),
            (
                &[(EntryType::XHeader, "p", &large), (file, PATH, b"x")],
                "a header in its last layer has 65537",
            ),
            // The name in the header of the entry is not its own.
            (
                &[(EntryType::GNULongName, "l", b"other\0"), (file, PATH, b"x")],
                "has no",
            ),
        ] {
            let refused = found(entries).unwrap_err();
            assert!(refused.contains(why), "{refused}");
        }
    }

    #[test]
    fn a_layer_counts_only_with_all_its_bytes() {
        let whole = layer(&[(EntryType::Regular, PATH, b"x")]);
        assert!(image_references(&whole).is_ok());
        for length in [0, 5, whole.len() - 9, whole.len() - 1] {
            assert!(image_references(&whole[..length]).is_err(), "{length}");
        }
        let mut damaged = whole.clone();
        let at = damaged.len() - 6;
        damaged[at] ^= 1;
        assert!(image_references(&damaged).unwrap_err().contains("cannot be read"));
        assert!(image_references(&[&whole[..], b"rest"].concat()).is_err());
        // A stream may come in several parts.
        let mut more = GzEncoder::new(Vec::new(), Compression::fast());
        more.write_all(&[0; 512]).unwrap();
        assert!(image_references(&[whole, more.finish().unwrap()].concat()).is_ok());
    }

    #[test]
    fn a_stream_that_is_too_long_fails() {
        let read = |left| {
            let mut stream = Bounded {
                inner: &[7; 100][..],
                left,
            };
            io::copy(&mut stream, &mut io::sink())
        };
        assert_eq!(read(100).unwrap(), 100);
        assert!(read(99).is_err());
    }
}
