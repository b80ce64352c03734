// SPDX-License-Identifier: Apache-2.0
//! Standard output that may be closed early, which is no failure.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

/// What became of the output.
#[derive(Debug, Default)]
struct State {
    /// Nobody reads any more: what is written is dropped.
    closed: bool,
    /// A failure other than that.
    error: Option<io::Error>,
}

/// A writer that never fails: a closed pipe ends the printing only, another failure is kept for the end.
#[derive(Debug)]
pub struct Output<W> {
    inner: W,
    state: Rc<RefCell<State>>,
}

/// Tells at the end whether everything could be written.
#[derive(Debug)]
pub struct Fate(Rc<RefCell<State>>);

impl Fate {
    /// The failure that is to be told, if there was one.
    #[must_use]
    pub fn error(&self) -> Option<String> {
        self.0.borrow().error.as_ref().map(ToString::to_string)
    }
}

impl<W: Write> Output<W> {
    /// Wraps a writer.
    pub fn new(inner: W) -> (Self, Fate) {
        let state = Rc::<RefCell<State>>::default();
        let fate = Fate(Rc::clone(&state));
        (Self { inner, state }, fate)
    }

    fn settle(&self, result: io::Result<()>) {
        if let Err(error) = result {
            let mut state = self.state.borrow_mut();
            state.closed = true;
            if error.kind() != io::ErrorKind::BrokenPipe {
                state.error = Some(error);
            }
        }
    }
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.state.borrow().closed {
            let result = self.inner.write_all(bytes);
            self.settle(result);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.state.borrow().closed {
            let result = self.inner.flush();
            self.settle(result);
        }
        Ok(())
    }
}
