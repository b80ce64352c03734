// SPDX-License-Identifier: Apache-2.0
//! Places as they are shown: URLs, hosts, scopes and references of configurations, of clusters and of servers. Each goes
//! through here: what a cluster or a file of its administrator has is not always for those who read a report.

use super::safe;
use super::url::without_secrets;

/// A place fit for a terminal: nothing secret is in it, and nothing that moves the cursor.
#[must_use]
pub fn shown(place: &str) -> String {
    safe(&without_secrets(place))
}

/// [`shown`] in quotation marks, for sentences.
#[must_use]
pub fn quoted(place: &str) -> String {
    format!("\"{}\"", shown(place))
}
