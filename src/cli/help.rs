// SPDX-License-Identifier: Apache-2.0
//! What several help texts say.

/// What "verified" and "trusted" mean, in every help text.
pub const MEANING: &str = "\
\"Verified\" and \"trusted\" mean: at least one signature of the image is good, by an accepted key that is \
neither expired nor revoked nor disabled; what it signs is a well-formed claim, for this image's digest, under the \
identity that you expect. Nothing is trusted by default, by omission or on error. The verdict is information: nodes \
enforce their own policy.";

/// Exit status, for the end of help texts.
pub const EXIT_STATUS: &str = "\
Exit status: 0 every image is Verified; 1 an image is not; 2 usage error, nothing was contacted; 3 an image \
could not be checked, or there was none; 130 interrupted.";

/// Exit status of the commands that judge nothing.
pub const EXIT_STATUS_DONE: &str = "\
Exit status: 0 done; 2 usage error, nothing was contacted; 3 something could not be read or printed; 130 interrupted.";
