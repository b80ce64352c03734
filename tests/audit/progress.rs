// SPDX-License-Identifier: Apache-2.0
//! What an audit shows of itself on a terminal while it runs.

use std::time::Duration;

use super::bench::digest;
use super::fleet::{tag, Fleet};
use crate::support::api::Fault;
use crate::support::program::has;
use crate::support::skipped;
use crate::support::terminal::Terminal;

#[test]
fn a_bar_counts_rate_and_time_left_are_shown_on_a_terminal() {
    if !has("setsid") {
        return skipped("progress of an audit", "setsid is not installed");
    }
    let fleet = Fleet::of(60);
    let list: String = (0..60).map(|n| format!("{} {}\n", digest(n), tag(n))).collect();
    fleet.scene.sandbox.file("list", list);
    let slow = Fault::delay(Duration::from_millis(100)).on("GET", "/images/");
    fleet.server().fault(slow);
    let mut command = fleet.command(&["--images-from", "list"]);
    command.env("TERM", "xterm");
    let (status, shown) = Terminal::run(&command, 80).end();
    assert_eq!(status, 1, "{shown}");
    let lines: Vec<&str> = shown.split('\r').filter(|line| line.starts_with("[#")).collect();
    // At 80 columns, with a bar: [#####---------------] judged 17 of 60 images (9.8/s, 5 s left): 12 Verified, 5 Rejected
    let is_whole = |line: &&&str| {
        line.contains("] judged ")
            && line.contains(" of 60 images (")
            && line.contains(" left): ")
            && line.contains("/s, ")
    };
    assert!(lines.iter().any(|line| is_whole(&line)), "{lines:#?}");
    // It does not stay in the way of what is printed at the end.
    let last = shown.trim_end().rsplit("\r\n").next().unwrap();
    assert!(
        last.starts_with("60 images: ") || last.contains("60 images"),
        "{last:?}"
    );
}
