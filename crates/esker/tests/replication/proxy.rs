//! A link that is bad: it cuts, delays and throttles.

use super::*;
use crate::harness::Rng;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Passes on what comes, badly, until it is told to be good.
pub struct Proxy {
    port: u16,
    is_bad: Arc<AtomicBool>,
}

impl Proxy {
    /// One to `target`.
    pub fn start(target: SocketAddr, seed: u64) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its number").port();
        let is_bad = Arc::new(AtomicBool::new(true));
        let bad = Arc::clone(&is_bad);
        thread::spawn(move || {
            for (number, near) in listener.incoming().flatten().enumerate() {
                let Ok(far) = TcpStream::connect(target) else { continue };
                for (place, (from, to)) in [(&near, &far), (&far, &near)].into_iter().enumerate() {
                    let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) else { continue };
                    let (bad, rng) = (Arc::clone(&bad), Rng::new(seed + 2 * number as u64 + place as u64));
                    thread::spawn(move || pass_on(from, to, &bad, rng));
                }
            }
        });
        Proxy { port, is_bad }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn be_good(&self) {
        self.is_bad.store(false, Ordering::Relaxed);
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, is_bad: &AtomicBool, mut rng: Rng) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let mut passed = read;
        if is_bad.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(rng.below(4) as u64));
            if rng.below(100) == 0 {
                // In the middle of something, as a rule.
                passed = rng.below(read);
            }
        }
        if to.write_all(&buffer[..passed]).is_err() || passed < read {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
