// SPDX-License-Identifier: Apache-2.0
//! A relay on the loopback interface that counts what goes through it, for whatever program speaks to the server behind it.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

/// Passes connections on to one server, as long as the benchmark runs.
pub struct Relay {
    /// Where it listens: `127.0.0.1:PORT`.
    pub address: String,
    received: Arc<AtomicU64>,
}

impl Relay {
    pub fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let received = Arc::new(AtomicU64::new(0));
        let (server, counter) = (server.to_owned(), Arc::clone(&received));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let server = TcpStream::connect(&server).unwrap();
                let there = (client.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || pass_on(there.0, there.1, &AtomicU64::new(0)));
                let counter = Arc::clone(&counter);
                std::thread::spawn(move || pass_on(server, client, &counter));
            }
        });
        Self { address, received }
    }

    /// Bytes that the server has sent since the last call: headers and all.
    pub fn take_received(&self) -> u64 {
        self.received.swap(0, Ordering::SeqCst)
    }
}

/// Passes on what one side sends until it ends or the other one breaks off. What is counted has arrived.
fn pass_on(mut from: TcpStream, mut to: TcpStream, counter: &AtomicU64) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        counter.fetch_add(count as u64, Ordering::SeqCst);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    // Either may be gone.
    let _ = to.shutdown(Shutdown::Write);
}
