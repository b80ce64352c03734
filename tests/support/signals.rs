// SPDX-License-Identifier: Apache-2.0
//! Which signals programs ignore that the tests start: none, whoever starts the tests.

use std::fs;
use std::sync::{Arc, Once};

use signal_hook::consts::{
    SIGALRM, SIGHUP, SIGINT, SIGIO, SIGPROF, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU,
};

/// The signals that end a run of the program, and that its caller may have it ignore.
const ENDING: [i32; 11] = [
    SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGXCPU, SIGIO,
];

/// From now on programs are started with each signal as usual. Whoever runs the tests may ignore some, as nohup(1) and a
/// shell's background jobs do, and what they start would inherit that. A signal that has a handler is inherited as
/// usual, and this handler does nothing.
pub fn start_programs_as_usual() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for signal in ignored(&fs::read_to_string("/proc/self/status").unwrap()) {
            signal_hook::flag::register(signal, Arc::default()).unwrap();
        }
    });
}

/// Which of these signals a process ignores, by its `/proc/PID/status`.
pub fn ignored(status: &str) -> Vec<i32> {
    let set = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    let set = u64::from_str_radix(set.trim(), 16).unwrap();
    ENDING
        .into_iter()
        .filter(|signal| set >> (signal - 1) & 1 == 1)
        .collect()
}
