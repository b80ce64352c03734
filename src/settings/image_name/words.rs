// SPDX-License-Identifier: Apache-2.0
//! Words of messages about names of images.

/// What stands before a reference that is looked for in its registry.
pub(super) const DOCKER: &str = "docker://";

/// What stands before the path of a directory as skopeo writes it.
pub(super) const DIR: &str = "dir:";

/// What to do about an image that is where no signatures are.
pub(super) const AT_SIGNATURES: &str = "verify the image where its signatures are: docker://REFERENCE";
