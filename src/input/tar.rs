// SPDX-License-Identifier: Apache-2.0
//! Tar archives, which people hand over in place of what is in them. None is read here.

/// How many bytes from the beginning tell one.
pub const HEAD: u64 = 512;

/// What one is, and what to do about it, to stand behind "it is".
pub const TAR: &str = "a tar archive; unpack it first, unless it is an image (docker-archive, oci-archive): skopeo and podman save no signatures with it, and it is verified where they are: docker://REFERENCE";

/// Whether a file begins as a tar archive does.
#[must_use]
pub fn is_tar(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar")
}
