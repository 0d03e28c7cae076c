//! Many clients on few keys. Each test keeps an invariant that breaks when two commands, or a
//! command and a transaction, come between each other.

mod collections;
mod expiry;
#[path = "../harness/mod.rs"]
mod harness;
mod keys;
mod scans;
mod transactions;

use harness::{Client, Rng, Server, Value};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How many clients work at the same time, unless a test says otherwise.
const CLIENTS: usize = 6;

/// How long tests go on that count time and not commands.
const DURATION: Duration = Duration::from_millis(600);

/// Runs `work` on `count` clients at the same time, each with its number, and returns what they
/// return. Randomness is seeded by the number.
fn in_parallel<T: Send>(
    server: &Server,
    count: usize,
    work: impl Fn(usize, &mut Client, &mut Rng) -> T + Sync,
) -> Vec<T> {
    let work = &work;
    thread::scope(|scope| {
        let start =
            |number| scope.spawn(move || work(number, &mut server.connect(), &mut Rng::new(number as u64)));
        let workers: Vec<_> = (0..count).map(start).collect();
        workers.into_iter().map(|worker| worker.join().expect("no worker fails")).collect()
    })
}

/// Repeats `work` on [`CLIENTS`] clients while one more client repeats `observe`, for
/// [`DURATION`]. An observation that fails ends the test.
fn while_observed(
    server: &Server,
    work: impl Fn(&mut Client, &mut Rng) + Sync,
    mut observe: impl FnMut(&mut Client) + Send,
) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut client = server.connect();
            while !done.load(Ordering::Relaxed) {
                observe(&mut client);
            }
        });
        let end = Instant::now() + DURATION;
        in_parallel(server, CLIENTS, |_, client, rng| {
            while Instant::now() < end {
                work(client, rng);
            }
        });
        done.store(true, Ordering::Relaxed);
    });
}

/// The replies that EXEC gives to `lines`.
fn transaction(client: &mut Client, lines: &[String]) -> Value {
    assert_eq!(client.call("MULTI"), Value::ok());
    for line in lines {
        assert_eq!(client.call(line), Value::Simple(b"QUEUED".to_vec()), "{line}");
    }
    client.call("EXEC")
}

/// The number in a bulk string.
fn number(value: &Value) -> i64 {
    value.text().parse().expect("a number")
}

/// The texts of an array of bulk strings, in order.
fn texts(value: &Value) -> BTreeSet<String> {
    value.elements().iter().map(Value::text).collect()
}
