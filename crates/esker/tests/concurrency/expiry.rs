//! Expiry while many clients look on, and none of them sees more than it may.

use crate::harness::{Client, Rng, Server, Value, eventually, is_on_disk};
use crate::{CLIENTS, DURATION, in_parallel};
use std::thread;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A server that removes what has expired, and one that leaves it to the next command.
fn servers() -> [Server; 2] {
    let [eager, lazy] =
        std::array::from_fn(|_| Server::start(&["--enable-debug-command", "yes", "--hz", "500"]));
    assert_eq!(lazy.connect().call("DEBUG SET-ACTIVE-EXPIRE 0"), Value::ok());
    [eager, lazy]
}

fn unix_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_millis() as u64
}

/// Every value is the moment at which it expires; whoever asks at that moment or later must not see it, under
/// whatever name it has come to.
#[test]
fn no_client_sees_a_key_after_its_deadline() {
    for server in servers() {
        let end = Instant::now() + DURATION;
        let seen = in_parallel(&server, CLIENTS, |_, client, rng| {
            let mut seen = 0;
            while Instant::now() < end {
                let (key, other) = (rng.below(6), rng.below(6));
                let asked_ms = unix_ms();
                let line = match rng.below(10) {
                    0..3 => {
                        let deadline_ms = asked_ms + 1 + rng.below(15) as u64;
                        format!("SET k{key} {deadline_ms} PXAT {deadline_ms}")
                    }
                    3 => format!("RENAME k{key} k{other}"),
                    4 => format!("COPY k{key} k{other} REPLACE"),
                    5 => format!("GETRANGE k{key} 0 -1"),
                    6 => format!("MGET k{key} k{other}"),
                    7 => format!("GETEX k{key}"),
                    _ => format!("GET k{key}"),
                };
                let reply = client.call(&line);
                let values = match &reply {
                    Value::Array(values) => values.as_slice(),
                    value => std::slice::from_ref(value),
                };
                let bulks = values.iter().filter(|value| matches!(value, Value::Bulk(_)));
                // A range of nothing is empty.
                for deadline in bulks.filter_map(Value::bytes).filter(|bytes| !bytes.is_empty()) {
                    let deadline_ms: u64 = String::from_utf8_lossy(deadline).parse().expect("a moment");
                    assert!(asked_ms < deadline_ms, "{line}: asked at {asked_ms}, got {deadline_ms}");
                    seen += 1;
                }
            }
            seen
        });
        assert!(seen.iter().sum::<u64>() > 0, "nobody saw anything at all");
    }
}

/// Who increments a counter around its end makes one new counter, not two, and loses nothing.
#[test]
fn a_counter_begins_anew_once_when_it_has_expired() {
    const ROUNDS: usize = 25;
    const OLD: i64 = 1000;
    const AFTERWARDS: usize = 8;
    let increment = |key: &str, client: &mut Client| {
        let mut replies = Vec::new();
        let mut afterwards = 0;
        while afterwards < AFTERWARDS {
            let reply = client.call(&format!("INCR {key}")).int();
            afterwards += usize::from(reply < OLD);
            replies.push(reply);
        }
        replies
    };
    for server in servers() {
        let mut client = server.connect();
        for round in 0..ROUNDS {
            let key = format!("n{round}");
            assert_eq!(client.call(&format!("SET {key} {OLD} PX {}", 1 + round % 4)), Value::ok());
            let replies = in_parallel(&server, CLIENTS, |_, client, _| increment(&key, client)).concat();
            let (mut new, mut old): (Vec<i64>, Vec<i64>) =
                replies.into_iter().partition(|&reply| reply < OLD);
            new.sort_unstable();
            old.sort_unstable();
            assert_eq!(new, (1..=(CLIENTS * AFTERWARDS) as i64).collect::<Vec<_>>());
            assert_eq!(old, (1..=old.len() as i64).map(|more| OLD + more).collect::<Vec<_>>());
            // The new one has no deadline.
            assert_eq!(client.call(&format!("PTTL {key}")), Value::Int(-1));
        }
    }
}

/// Of those who race for a key that is about to expire one gets it, each time that it has.
#[test]
fn a_lock_that_expires_goes_to_one() {
    let server = Server::start(&[]);
    let end = Instant::now() + DURATION;
    let held = in_parallel(&server, CLIENTS, |_, client, _| {
        let mut held = Vec::new();
        while Instant::now() < end {
            let asked_ms = unix_ms();
            let is_held = client.call("SET lock x NX PX 5") == Value::ok();
            let answered_ms = unix_ms();
            if is_held {
                held.push((asked_ms, answered_ms));
            }
        }
        held
    });
    let held = held.concat();
    assert!(held.len() > 10, "{held:?}");
    // It was taken between the question and the answer, and is free again 5 ms later and no earlier.
    for (number, (asked_ms, answered_ms)) in held.iter().enumerate() {
        for (other_asked_ms, other_answered_ms) in &held[..number] {
            let may_follow = *answered_ms >= other_asked_ms + 5;
            let may_precede = *other_answered_ms >= asked_ms + 5;
            assert!(
                may_follow || may_precede,
                "held twice: {:?}, {:?}",
                held[number],
                (other_asked_ms, other_answered_ms)
            );
        }
    }
}

/// What has expired is given back though nobody names it again, and though everybody is busy.
#[test]
fn memory_comes_back_while_others_work() {
    const KEYS: usize = 4000;
    const VALUE_BYTES: usize = 1000;
    let server = Server::start(&["--hz", "100"]);
    let mut client = server.connect();
    let used_before = server.info("used_memory");
    let fill = |number: usize, client: &mut Client, _: &mut Rng| {
        let value = "v".repeat(VALUE_BYTES);
        let commands: Vec<Vec<String>> = (0..KEYS)
            .map(|key| {
                let words = ["SET", &format!("passes:{number}:{key}"), &value, "PX", "1500"];
                words.map(str::to_owned).to_vec()
            })
            .collect();
        commands.chunks(500).for_each(|chunk| drop(client.pipeline(chunk)));
    };
    in_parallel(&server, CLIENTS, fill);
    let filled = (CLIENTS * KEYS * VALUE_BYTES) as i64;
    // What was written to a database on disk is in memory until it is in a table, whatever has become of it.
    let comes_back = !is_on_disk();
    assert!(server.info("used_memory") - used_before > filled);
    let done = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut client = server.connect();
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    client.call("INCR stays");
                }
            });
        }
        let come_back = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            eventually("the keys are gone", || client.call("DBSIZE") == Value::Int(1));
            eventually("their memory is back", || {
                !comes_back || server.info("used_memory") - used_before < filled / 10
            });
        }));
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        come_back.expect("what has expired is given back");
    });
    assert_eq!(server.info("expired_keys"), (CLIENTS * KEYS) as i64);
}
