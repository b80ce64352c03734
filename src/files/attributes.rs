// SPDX-License-Identifier: Apache-2.0
//! Extended attributes, access lists among them: what a file has beside its content, owner and mode.

use std::fs::File;
use std::io;

use crate::text::io_message;
use rustix::fs::{fgetxattr, flistxattr, fremovexattr, fsetxattr, XattrFlags};
use rustix::io::Errno;

/// Most bytes of one attribute's value, and of the list of names (the kernel's own limit, xattr(7)).
const MAX_BYTES: usize = 64 << 10;

/// Name and value of each attribute, by name.
type Attributes = Vec<(Vec<u8>, Vec<u8>)>;

/// Gives `to` the extended attributes of `from`, no more and no fewer, and reads them back.
///
/// # Errors
/// When one of them cannot be kept; the sentence names it.
pub fn copy(from: &File, to: &File) -> io::Result<()> {
    let wanted = read(from)?;
    // A directory may give new files an access list that the old file does not have.
    for (name, value) in read(to)? {
        if !wanted.iter().any(|(n, v)| *n == name && *v == value) {
            // Labels of the system cannot be removed; what remains in the end decides.
            let _ = fremovexattr(to, name.as_slice());
        }
    }
    let present = read(to)?;
    for attribute in &wanted {
        if !present.contains(attribute) {
            let (name, value) = attribute;
            fsetxattr(to, name.as_slice(), value, XattrFlags::empty())
                .map_err(|error| lost(name, &io_message(&error.into())))?;
        }
    }
    let kept = read(to)?;
    let difference = wanted.iter().find(|a| !kept.contains(a));
    match difference.or_else(|| kept.iter().find(|a| !wanted.contains(a))) {
        Some((name, _)) => Err(lost(name, "it differs on the new file")),
        None => Ok(()),
    }
}

fn lost(name: &[u8], why: &str) -> io::Error {
    let name = String::from_utf8_lossy(name);
    let what = if name.starts_with("system.posix_acl") {
        "its access list".to_owned()
    } else {
        format!("its extended attribute {name}")
    };
    io::Error::other(format!("keeping {what}: {why}"))
}

/// All attributes that this process may see; none on file systems that have none.
fn read(file: &File) -> io::Result<Attributes> {
    let mut names = vec![0_u8; MAX_BYTES];
    let length = match flistxattr(file, names.as_mut_slice()) {
        Ok(length) => length,
        Err(Errno::NOTSUP | Errno::NOSYS) => 0,
        Err(error) => return Err(error.into()),
    };
    let mut attributes = Attributes::new();
    let mut value = vec![0_u8; MAX_BYTES];
    for name in names[..length].split(|b| *b == 0).filter(|name| !name.is_empty()) {
        let length =
            fgetxattr(file, name, value.as_mut_slice()).map_err(|error| lost(name, &io_message(&error.into())))?;
        attributes.push((name.to_owned(), value[..length].to_owned()));
    }
    attributes.sort();
    Ok(attributes)
}
