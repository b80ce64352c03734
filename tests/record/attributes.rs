// SPDX-License-Identifier: Apache-2.0
//! Mode, owner, access list and extended attributes of a file outlive its replacement.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use crate::record::{Desk, Records};
use crate::support::skipped;

#[test]
fn mode_and_owner_stay() {
    let desk = Desk::new();
    let path = desk.store(&desk.signed());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let is_root = fs::metadata(&path).unwrap().uid() == 0;
    if is_root {
        std::os::unix::fs::chown(&path, Some(12345), Some(23456)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o2640)).unwrap();
    } else {
        skipped("the owner of a rewritten file", "the tests do not run as root");
    }
    let before = fs::metadata(&path).unwrap();
    desk.verify(&["--confirm"]).expect(0);
    let after = fs::metadata(&path).unwrap();
    assert_ne!(after.ino(), before.ino(), "the file was replaced");
    assert_eq!(
        (after.mode(), after.uid(), after.gid()),
        (before.mode(), before.uid(), before.gid())
    );
}

/// An access list as the kernel stores it: owner rw, user 1234 rw, group none, mask rw, others none.
fn access_list() -> Vec<u8> {
    const NOBODY: u32 = u32::MAX;
    let mut list = 2_u32.to_le_bytes().to_vec();
    for (tag, rights, who) in [
        (1_u16, 6_u16, NOBODY),
        (2, 6, 1234),
        (4, 0, NOBODY),
        (16, 6, NOBODY),
        (32, 0, NOBODY),
    ] {
        list.extend(tag.to_le_bytes());
        list.extend(rights.to_le_bytes());
        list.extend(who.to_le_bytes());
    }
    list
}

fn attribute(path: &Path, name: &str) -> Option<Vec<u8>> {
    let mut value = vec![0; 4096];
    let length = rustix::fs::getxattr(path, name, value.as_mut_slice()).ok()?;
    Some(value[..length].to_vec())
}

const ACCESS: &str = "system.posix_acl_access";

#[test]
fn access_list_and_extended_attributes_stay() {
    let desk = Desk::new();
    let path = desk.store(&desk.signed());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let none = rustix::fs::XattrFlags::empty();
    let set = |name: &str, value: &[u8]| rustix::fs::setxattr(&path, name, value, none);
    if set("user.note", b"keep me").is_err() || set(ACCESS, &access_list()).is_err() {
        return skipped("access lists", "this directory takes none");
    }
    let before = fs::metadata(&path).unwrap();
    desk.verify(&["--confirm"]).expect(0);
    let after = fs::metadata(&path).unwrap();
    assert_ne!(after.ino(), before.ino(), "the file was replaced");
    assert_eq!(after.mode(), before.mode());
    assert_eq!(attribute(&path, ACCESS), Some(access_list()));
    assert_eq!(attribute(&path, "user.note").as_deref(), Some(&b"keep me"[..]));
}

#[test]
fn an_access_list_that_the_directory_gives_to_new_files_is_not_taken_over() {
    let desk = Desk::new();
    let path = desk.store(&desk.signed());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let none = rustix::fs::XattrFlags::empty();
    if rustix::fs::setxattr(desk.sandbox.root(), "system.posix_acl_default", &access_list(), none).is_err() {
        return skipped("access lists of directories", "this directory takes none");
    }
    desk.verify(&["--confirm"]).expect(0);
    assert_eq!(attribute(&path, ACCESS), None);
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
}
