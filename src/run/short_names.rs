// SPDX-License-Identifier: Apache-2.0
//! Names without a registry, for which docker.io is taken.

use crate::report::console::Messages;

/// Most of them that are named.
const MAX_SHORT: usize = 8;

/// Names references without a registry.
pub(super) fn tell(short: &[String], stderr: &mut Messages<'_>) {
    for what in short.iter().take(MAX_SHORT) {
        stderr.warning(what);
    }
    let rest = short.len().saturating_sub(MAX_SHORT);
    if rest > 0 {
        stderr.warning(format!("{rest} more references name no registry"));
    }
}
