// SPDX-License-Identifier: Apache-2.0
//! What is said while a server takes its time: whoever looks on would take the program for one that hangs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use log::Level;

use crate::text::safe;

/// The target of what is logged here, which is shown on a terminal alone.
pub const PATIENCE: &str = "image_signature::http::patience";

/// How long nothing is said.
const QUIET: Duration = Duration::from_secs(5);

/// A request that is under way, until it is dropped.
#[derive(Debug)]
pub(crate) struct Patience(Option<Arc<(Mutex<bool>, Condvar)>>);

impl Patience {
    /// Begins to wait for the server of a URL, or for whatever is named so, without a slash. `is_told` is set once it was said, which it is once a client.
    pub(crate) fn begin(url: &str, is_told: &Arc<AtomicBool>) -> Self {
        if is_told.load(Ordering::Relaxed) || !log::log_enabled!(target: PATIENCE, Level::Warn) {
            return Self(None);
        }
        let shared = Arc::new((Mutex::new(false), Condvar::new()));
        let (own, is_told, server) = (Arc::clone(&shared), Arc::clone(is_told), server(url));
        let watcher = std::thread::Builder::new().name("patience".into()).spawn(move || {
            let (is_over, changed) = &*own;
            let is_over = is_over.lock().unwrap_or_else(PoisonError::into_inner);
            let waited = changed.wait_timeout_while(is_over, QUIET, |is_over| !*is_over);
            let is_late = waited.is_ok_and(|(_, waited)| waited.timed_out());
            if is_late && !is_told.swap(true, Ordering::Relaxed) {
                log::warn!(target: PATIENCE, "{server} has not answered for {} s; waiting", QUIET.as_secs());
            }
        });
        // Without a thread nothing is said.
        Self(watcher.is_ok().then_some(shared))
    }
}

impl Drop for Patience {
    fn drop(&mut self) {
        if let Some(shared) = &self.0 {
            *shared.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
            shared.1.notify_all();
        }
    }
}

/// Scheme and host of a URL.
fn server(url: &str) -> String {
    let end = url.match_indices('/').nth(2).map_or(url.len(), |(at, _)| at);
    safe(&url[..end])
}
