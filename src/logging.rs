// SPDX-License-Identifier: Apache-2.0
//! Logging to standard error through env_logger: `-v`, `-v=LEVEL` and `RUST_LOG`.

use env_logger::{Builder, Env};
use log::LevelFilter;

/// Starts logging. The numbers are those of `-v`; without them `RUST_LOG` decides, and warnings are shown.
pub fn start(verbose: &[u8]) {
    let level: u32 = verbose.iter().map(|n| u32::from(*n)).sum();
    let mut builder = if verbose.is_empty() {
        Builder::from_env(Env::default().default_filter_or("warn"))
    } else {
        let mut builder = Builder::new();
        builder.filter_level(match level {
            0 => LevelFilter::Warn,
            1 => LevelFilter::Info,
            2..=6 => LevelFilter::Debug,
            _ => LevelFilter::Trace,
        });
        builder
    };
    // Whoever keeps the log adds the time.
    builder.format_timestamp(None);
    // A second start in one process changes nothing.
    let _ = builder.try_init();
}
