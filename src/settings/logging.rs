// SPDX-License-Identifier: Apache-2.0
//! Logging to standard error through env_logger: `-v`, `-v=LEVEL` and `RUST_LOG`.
//!
//! Only this program's own records are logged. Libraries see tokens, passwords and keys on their way and dump what goes
//! over the wire; they stay silent whatever the level or `RUST_LOG` says (docs/contract.md 4).

use std::fmt::Arguments;
use std::io::{self, Write};

use env_logger::{Builder, Logger};
use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::http::patience::PATIENCE;

/// The target of this program's own records, which is the name of its crate.
const OWN: &str = "image_signature";

/// Writes a warning as those of commands look.
pub type Warn = fn(&mut dyn Write, &Arguments<'_>);

/// Starts logging. The numbers are those of `-v`; without them `rust_log` decides, the value of `RUST_LOG`, and where that is
/// not set warnings are shown, which are for people: `warn` writes them. `is_seen`: they go to a terminal, where it is also told
/// that a server is waited for.
pub fn start(verbose: &[u8], rust_log: Option<&str>, is_seen: bool, warn: Warn) {
    let level: u32 = verbose.iter().map(|n| u32::from(*n)).sum();
    let mut builder = Builder::new();
    if verbose.is_empty() {
        builder.parse_filters(rust_log.unwrap_or("warn"));
    } else {
        builder.filter_level(match level {
            0 => LevelFilter::Warn,
            1 => LevelFilter::Info,
            2..=6 => LevelFilter::Debug,
            _ => LevelFilter::Trace,
        });
    }
    let logger = builder.format(move |line, record| write(line, record, warn)).build();
    let level = logger.filter();
    // A second start in one process changes nothing.
    if log::set_boxed_logger(Box::new(OwnRecords { logger, is_seen })).is_ok() {
        log::set_max_level(level);
    }
}

/// Writes a line of the log. Whoever keeps it adds the time.
fn write(line: &mut impl Write, record: &Record<'_>, warn: Warn) -> io::Result<()> {
    if record.level() == Level::Warn {
        warn(line, record.args());
        return Ok(());
    }
    writeln!(line, "[{:<5} {}] {}", record.level(), record.target(), record.args())
}

/// Passes on what this program logs, and nothing of its libraries.
struct OwnRecords {
    logger: Logger,
    is_seen: bool,
}

impl OwnRecords {
    fn takes(&self, metadata: &Metadata<'_>) -> bool {
        is_own(metadata.target()) && (self.is_seen || metadata.target() != PATIENCE)
    }
}

impl Log for OwnRecords {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.takes(metadata) && self.logger.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if self.takes(record.metadata()) {
            self.logger.log(record);
        }
    }

    fn flush(&self) {
        self.logger.flush();
    }
}

/// Whether a record's target is this crate or a module of it.
fn is_own(target: &str) -> bool {
    target
        .strip_prefix(OWN)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::is_own;

    #[test]
    fn targets() {
        assert!(is_own("image_signature") && is_own(module_path!()));
        for library in [
            "",
            "ureq",
            "ureq_proto::client",
            "image_signature_helper",
            "image",
            "rustls::client",
        ] {
            assert!(!is_own(library), "{library}");
        }
    }
}
