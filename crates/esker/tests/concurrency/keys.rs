//! Commands on one key, and commands that need several at once.

use crate::harness::{Rng, Server, Value};
use crate::{CLIENTS, DURATION, in_parallel, number, transaction, while_observed};
use std::thread;
use std::time::Instant;

#[test]
fn increments_add_up() {
    const ROUNDS: i64 = 300;
    let server = Server::start(&[]);
    in_parallel(&server, CLIENTS, |_, client, _| {
        for _ in 0..ROUNDS {
            client.pipeline(&[
                vec!["INCR", "n"],
                vec!["INCRBY", "n", "10"],
                vec!["DECR", "down"],
                vec!["HINCRBY", "h", "f", "3"],
                vec!["INCRBYFLOAT", "x", "0.5"],
                vec!["ZINCRBY", "z", "2", "m"],
                vec!["APPEND", "s", "ab"],
                vec!["SETRANGE", "r", "100", "x"],
            ]);
        }
    });
    let rounds = ROUNDS * CLIENTS as i64;
    let mut client = server.connect();
    assert_eq!(number(&client.call("GET n")), 11 * rounds);
    assert_eq!(number(&client.call("GET down")), -rounds);
    assert_eq!(number(&client.call("HGET h f")), 3 * rounds);
    assert_eq!(number(&client.call("GET x")), rounds / 2);
    assert_eq!(number(&client.call("ZSCORE z m")), 2 * rounds);
    assert_eq!(client.call("GET s").text(), "ab".repeat(rounds as usize));
    assert_eq!(client.call("STRLEN r"), Value::Int(101));
}

#[test]
fn what_mset_writes_mget_reads_together() {
    let server = Server::start(&[]);
    server.connect().call("MSET a 0 b 0 c 0 d 0");
    while_observed(
        &server,
        |client, rng| {
            let value = rng.next();
            // Every writer names the keys in another order: none may wait for another for ever.
            let mut keys = ["a", "b", "c", "d"];
            keys.rotate_left(rng.below(4));
            let pairs = keys.map(|key| format!("{key} {value}")).join(" ");
            assert_eq!(client.call(&format!("MSET {pairs}")), Value::ok());
        },
        |client| {
            let values = client.call("MGET c a d b");
            assert!(values.elements().windows(2).all(|pair| pair[0] == pair[1]), "{values:?}");
        },
    );
}

#[test]
fn renaming_moves_a_key_at_once() {
    let server = Server::start(&[]);
    server.connect().call("SET home:0 treasure");
    while_observed(
        &server,
        |client, rng| {
            // Most find nothing to rename, which is an error and no change.
            client.call(&format!("RENAME home:{} home:{}", rng.below(3), rng.below(3)));
        },
        |client| assert_eq!(client.call("EXISTS home:0 home:1 home:2"), Value::Int(1)),
    );
}

/// `SET key id NX PX` is the lock that half the world uses.
#[test]
fn a_lock_by_set_nx_has_one_holder() {
    const ROUNDS: i64 = 40;
    let server = Server::start(&[]);
    server.connect().call("SET n 0");
    in_parallel(&server, CLIENTS, |number_of_client, client, _| {
        for _ in 0..ROUNDS {
            while client.call(&format!("SET lock {number_of_client} NX PX 60000")).is_null() {
                thread::yield_now();
            }
            // Not atomic by itself: the lock alone keeps others out.
            let next = number(&client.call("GET n")) + 1;
            client.call(&format!("SET n {next}"));
            assert_eq!(number(&client.call("GETDEL lock")), number_of_client as i64);
        }
    });
    assert_eq!(number(&server.connect().call("GET n")), ROUNDS * CLIENTS as i64);
}

#[test]
fn copies_and_sorts_see_a_list_between_two_writes() {
    let server = Server::start(&[]);
    while_observed(
        &server,
        |client, rng| {
            match rng.below(5) {
                0 => client.call("LPOP l 2"),
                1 => client.call("DEL l"),
                2 => client.call("LTRIM l 0 199"),
                _ => client.call("RPUSH l 1 2"),
            };
        },
        |client| {
            client.call("COPY l copy REPLACE");
            client.call("SORT l BY nosort STORE sorted");
            for key in ["l", "copy", "sorted"] {
                let length = client.call(&format!("LLEN {key}")).int();
                assert_eq!(length % 2, 0, "{key} has {length} elements");
            }
            let sorted = client.call("SORT l");
            let ones = sorted.elements().iter().filter(|element| **element == "1").count();
            assert_eq!(ones * 2, sorted.elements().len(), "{sorted:?}");
        },
    );
}

/// Commands that need several keys take them in the order of their arguments, or in another;
/// whatever they do, they must not wait for each other in a circle.
#[test]
fn commands_on_many_keys_do_not_wait_in_a_circle() {
    const KEYS: usize = 5;
    let server = Server::start(&[]);
    let end = Instant::now() + DURATION;
    in_parallel(&server, CLIENTS + 2, |_, client, rng| {
        while Instant::now() < end {
            let key = |rng: &mut Rng| format!("k{}", rng.below(KEYS));
            let (a, b, c) = (key(rng), key(rng), key(rng));
            let member = rng.below(10);
            match rng.below(9) {
                0 => client.call(&format!("SADD {a} {member}")),
                1 => client.call(&format!("SUNIONSTORE {a} {b} {c}")),
                2 => client.call(&format!("SINTERSTORE {a} {b} {c}")),
                3 => client.call(&format!("RENAME {a} {b}")),
                4 => client.call(&format!("SMOVE {a} {b} {member}")),
                5 => client.call(&format!("COPY {a} {b} REPLACE")),
                6 => client.call(&format!("DEL {a} {b} {c}")),
                7 => client.call(&format!("SDIFF {a} {b} {c}")),
                _ => transaction(client, &[format!("SADD {a} {member}"), format!("SMOVE {a} {b} {member}")]),
            };
        }
    });
    assert_eq!(server.connect().call("PING"), Value::Simple(b"PONG".to_vec()));
}
