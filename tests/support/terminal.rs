// SPDX-License-Identifier: Apache-2.0
//! A terminal that a program runs on, and a person who types into it.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::{Child, Command};
use std::sync::mpsc::{channel, Receiver};
use std::time::{Duration, Instant};

use rustix::pty::{grantpt, openpt, ptsname, unlockpt, OpenptFlags};
use rustix::termios::{tcsetwinsize, Winsize};

/// How long anything may take, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program on a terminal of its own.
#[derive(Debug)]
pub struct Terminal {
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    child: Child,
    /// All that was shown.
    pub shown: String,
}

impl Terminal {
    /// Starts a program; util-linux's `setsid` makes the terminal its own.
    pub fn run(command: &Command, columns: u16) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        tcsetwinsize(
            &master,
            Winsize {
                ws_row: 50,
                ws_col: columns,
                ws_xpixel: 0,
                ws_ypixel: 0,
            },
        )
        .unwrap();
        let side = || {
            OpenOptions::new()
                .read(true)
                .write(true)
                .open(name.to_str().unwrap())
                .unwrap()
        };
        let mut wrapped = Command::new("setsid");
        wrapped.args(["--ctty", "--wait"]).arg(command.get_program());
        wrapped.args(command.get_args()).env_clear();
        wrapped.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if let Some(directory) = command.get_current_dir() {
            wrapped.current_dir(directory);
        }
        let child = wrapped.stdin(side()).stdout(side()).stderr(side()).spawn().unwrap();
        let keyboard = File::from(master);
        let mut eye = keyboard.try_clone().unwrap();
        let (sender, screen) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = eye.read(&mut buffer) {
                if sender.send(buffer[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            keyboard,
            screen,
            child,
            shown: String::new(),
        }
    }

    /// Presses keys as somebody at the terminal would.
    pub fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until something is shown after what was waited for before.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str, from: usize) -> usize {
        let begin = Instant::now();
        loop {
            if let Some(at) = self.shown[from..].find(text) {
                return from + at + text.len();
            }
            assert!(
                begin.elapsed() < PATIENCE,
                "no {text:?} on the screen: {:?}",
                self.shown
            );
            self.look();
        }
    }

    /// Waits until nothing more is shown for a while: what was pressed has had its effect.
    #[track_caller]
    pub fn pause(&mut self) {
        let begin = Instant::now();
        loop {
            let before = self.shown.len();
            self.look();
            if self.shown.len() == before && begin.elapsed() > Duration::from_millis(300) {
                return;
            }
            assert!(begin.elapsed() < PATIENCE, "it goes on: {:?}", self.shown);
        }
    }

    fn look(&mut self) {
        if let Ok(bytes) = self.screen.recv_timeout(Duration::from_millis(100)) {
            self.shown += &String::from_utf8_lossy(&bytes);
        }
    }

    /// Waits until the program ends; its exit status.
    #[track_caller]
    pub fn end(mut self) -> (i32, String) {
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begin.elapsed() < PATIENCE, "it does not end: {:?}", self.shown);
            self.look();
        };
        // The other side is closed: what was written is read until then.
        while let Ok(bytes) = self.screen.recv_timeout(Duration::from_millis(200)) {
            self.shown += &String::from_utf8_lossy(&bytes);
        }
        (status.code().unwrap_or(-1), std::mem::take(&mut self.shown))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
