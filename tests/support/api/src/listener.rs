// SPDX-License-Identifier: Apache-2.0
//! A port of the loopback interface, a thread for each connection, and an end to all of them.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long a connection may be silent. Far longer than any test, so that it never decides one.
const SILENCE: Duration = Duration::from_secs(120);

/// Locks, also where another thread has panicked: that thread's test fails on its own.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells the threads of a server that it is over.
#[derive(Debug, Default)]
pub struct Stop {
    stopped: Mutex<bool>,
    accepted: AtomicUsize,
    changed: Condvar,
    sockets: Mutex<(u64, BTreeMap<u64, TcpStream>)>,
}

impl Stop {
    /// Whether the server is over.
    pub fn stopped(&self) -> bool {
        *lock(&self.stopped)
    }

    /// How many connections were accepted.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// Waits; `false` as soon as the server is over.
    pub fn pause(&self, duration: Duration) -> bool {
        let end = Instant::now() + duration;
        let mut stopped = lock(&self.stopped);
        while !*stopped {
            let Some(left) = end.checked_duration_since(Instant::now()) else {
                return true;
            };
            stopped = self
                .changed
                .wait_timeout(stopped, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        false
    }

    /// Takes note of a socket, so that whoever waits on it is woken at the end.
    pub fn watch(&self, socket: &TcpStream) -> Option<u64> {
        let copy = socket.try_clone().ok()?;
        let mut sockets = lock(&self.sockets);
        sockets.0 += 1;
        let number = sockets.0;
        sockets.1.insert(number, copy);
        drop(sockets);
        if self.stopped() {
            let _ = socket.shutdown(Shutdown::Both);
        }
        Some(number)
    }

    /// Forgets a socket that was closed.
    pub fn forget(&self, number: u64) {
        lock(&self.sockets).1.remove(&number);
    }

    /// Closes every connection that is open now.
    pub fn close_all(&self) {
        for socket in lock(&self.sockets).1.values() {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// How many connections are open now.
    pub fn open(&self) -> usize {
        lock(&self.sockets).1.len()
    }

    fn stop(&self) {
        *lock(&self.stopped) = true;
        self.changed.notify_all();
        self.close_all();
    }
}

/// A port that is served until this is dropped.
#[derive(Debug)]
pub struct Listener {
    address: SocketAddr,
    stop: Arc<Stop>,
    accepting: Option<JoinHandle<()>>,
}

impl Listener {
    /// Opens a free port and has each connection served in a thread of its own.
    pub fn start(stop: Arc<Stop>, serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let watched = Arc::clone(&stop);
        let accepting = std::thread::spawn(move || accept(&listener, &watched, &Arc::new(serve)));
        Self {
            address,
            stop,
            accepting: Some(accepting),
        }
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop.stop();
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.accepting.take() {
            let _ = thread.join();
        }
    }
}

fn accept<F: Fn(TcpStream) + Send + Sync + 'static>(listener: &TcpListener, stop: &Arc<Stop>, serve: &Arc<F>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    loop {
        let accepted = listener.accept();
        if stop.stopped() {
            break;
        }
        // Out of file descriptors, or a client that went away at once: the next one may fare better.
        let Ok((socket, _)) = accepted else {
            if !stop.pause(Duration::from_millis(5)) {
                break;
            }
            continue;
        };
        stop.accepted.fetch_add(1, Ordering::SeqCst);
        threads.retain(|thread| !thread.is_finished());
        let stop = Arc::clone(stop);
        let serve = Arc::clone(serve);
        threads.push(std::thread::spawn(move || {
            let _ = socket.set_nodelay(true);
            let _ = socket.set_read_timeout(Some(SILENCE));
            let _ = socket.set_write_timeout(Some(SILENCE));
            let Some(number) = stop.watch(&socket) else {
                return;
            };
            serve(socket);
            stop.forget(number);
        }));
    }
    // Connections that came in after the end was declared are in nobody's list but this one.
    stop.close_all();
    for thread in threads {
        let _ = thread.join();
    }
}
