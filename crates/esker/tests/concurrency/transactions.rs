//! MULTI and WATCH among many clients.

use crate::harness::{Server, Value};
use crate::{CLIENTS, in_parallel, number, texts, transaction, while_observed};
use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

#[test]
fn transfers_keep_the_total() {
    const ACCOUNTS: usize = 4;
    const TOTAL: i64 = 100 * ACCOUNTS as i64;
    let server = Server::start(&[]);
    let mut client = server.connect();
    for account in 0..ACCOUNTS {
        client.call(&format!("SET account:{account} 100"));
    }
    while_observed(
        &server,
        |client, rng| {
            let (from, to) = (rng.below(ACCOUNTS), rng.below(ACCOUNTS));
            let amount = 1 + rng.below(30) as i64;
            client.call(&format!("WATCH account:{from}"));
            // The balance must not fall below zero: what WATCH is for.
            if number(&client.call(&format!("GET account:{from}"))) < amount {
                client.call("UNWATCH");
                return;
            }
            transaction(
                client,
                &[format!("DECRBY account:{from} {amount}"), format!("INCRBY account:{to} {amount}")],
            );
        },
        |client| {
            let balances = client.call("MGET account:0 account:1 account:2 account:3");
            let balances: Vec<i64> = balances.elements().iter().map(number).collect();
            assert_eq!(balances.iter().sum::<i64>(), TOTAL, "{balances:?}");
            assert!(balances.iter().all(|&balance| balance >= 0), "{balances:?}");
        },
    );
}

#[test]
fn watch_misses_no_change() {
    const ROUNDS: usize = 150;
    let server = Server::start(&[]);
    server.connect().call("SET n 0");
    let won = in_parallel(&server, CLIENTS, |_, client, _| {
        let mut won = 0;
        for _ in 0..ROUNDS {
            client.call("WATCH n");
            let next = number(&client.call("GET n")) + 1;
            won += i64::from(!transaction(client, &[format!("SET n {next}")]).is_null());
        }
        won
    });
    assert_eq!(number(&server.connect().call("GET n")), won.iter().sum::<i64>());
}

/// Pairs of counters that several clients watch in any order, while others count without watching.
#[test]
fn watching_several_keys_loses_no_update() {
    const ROUNDS: usize = 150;
    const COUNTERS: usize = 4;
    let server = Server::start(&[]);
    server.connect().call("MSET n0 0 n1 0 n2 0 n3 0");
    let added = in_parallel(&server, CLIENTS, |number_of_client, client, rng| {
        let mut added = [0; COUNTERS];
        for _ in 0..ROUNDS {
            let first = rng.below(COUNTERS);
            let second = (first + 1 + rng.below(COUNTERS - 1)) % COUNTERS;
            if number_of_client == 0 {
                client.call(&format!("INCR n{first}"));
                added[first] += 1;
                continue;
            }
            client.call(&format!("WATCH n{first} n{second}"));
            let read = client.call(&format!("MGET n{first} n{second}"));
            let [a, b] = [0, 1].map(|place| number(&read.elements()[place]) + 1);
            let writes = [format!("SET n{first} {a}"), format!("SET n{second} {b}")];
            if !transaction(client, &writes).is_null() {
                added[first] += 1;
                added[second] += 1;
            }
        }
        added
    });
    let counters = server.connect().call("MGET n0 n1 n2 n3");
    for (counter, value) in counters.elements().iter().enumerate() {
        assert_eq!(number(value), added.iter().map(|added| added[counter]).sum::<i64>(), "n{counter}");
    }
    assert!(added[1..].iter().flatten().any(|&wins| wins > 0), "no transaction ever went through");
}

/// Commands that change the watched key `k`, whatever they leave in it, and those that do not.
#[test]
fn watch_sees_what_changes_a_key_and_nothing_else() {
    let server = Server::start(&[]);
    let (mut watcher, mut other) = (server.connect(), server.connect());
    let cases = [
        ("SET k 1", true),
        ("APPEND k x", true),
        ("DEL k", true),
        ("UNLINK k", true),
        ("EXPIRE k 100", true),
        ("PEXPIREAT k 1", true),
        ("GETDEL k", true),
        ("GETEX k EX 10", true),
        ("SETRANGE k 0 y", true),
        ("SETBIT k 6 1", true),
        ("RENAME k other", true),
        ("RENAME list k", true),
        ("COPY list k REPLACE", true),
        ("MOVE k 1", true),
        ("MSET a 1 k 1", true),
        ("FLUSHDB", true),
        ("FLUSHALL", true),
        ("SWAPDB 0 1", true),
        ("SORT list STORE k", true),
        ("SUNIONSTORE k nosuch", true),
        ("BITOP NOT k list2", true),
        ("GET k", false),
        ("TOUCH k", false),
        ("PERSIST k", false),
        ("SETNX k x", false),
        ("SET k x NX", false),
        ("MSETNX k 1 a 1", false),
        ("RENAMENX list k", false),
        ("COPY list k", false),
        ("LPUSH k wrong-type", false),
        ("EXPIRE k 100 XX", false),
        ("GETEX k", false),
        ("SET a 1", false),
        ("DEL nosuch", false),
        ("LPUSH list x", false),
        ("PFADD sketch b", true),
        ("PFDEBUG TODENSE sketch", false),
    ];
    for (line, changes) in cases {
        other.call("FLUSHALL");
        other.call("SET k 1");
        other.call("PFADD sketch a");
        other.call("RPUSH list 1 2");
        let watched = if line.contains("sketch") { "sketch" } else { "k" };
        assert_eq!(watcher.call(&format!("WATCH {watched}")), Value::ok());
        let reply = other.call(line);
        assert!(!matches!(&reply, Value::Error(text) if text.starts_with("ERR")), "{line}: {reply:?}");
        let reply = transaction(&mut watcher, &["PING".to_owned()]);
        assert_eq!(reply.is_null(), changes, "{line}: {reply:?}");
    }
}

#[test]
fn watch_sees_a_key_expire() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.call("SET k 1 PX 200");
    client.call("WATCH k");
    thread::sleep(Duration::from_millis(250));
    assert!(transaction(&mut client, &["PING".to_owned()]).is_null());
    // A key that was missing when the watch began, and still is, has not changed.
    client.call("WATCH k");
    assert!(!transaction(&mut client, &["PING".to_owned()]).is_null());
}

/// Keys that have expired are removed behind everybody's back, and are gone before that.
#[test]
fn watch_does_not_take_the_removal_of_an_expired_key_for_a_change() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    for round in 0..20 {
        let deadline_ms = 20 + round;
        client.call(&format!("SET k 1 PX {deadline_ms}"));
        thread::sleep(Duration::from_millis(deadline_ms + 1));
        client.call("WATCH k");
        // Longer than it takes until it is removed.
        thread::sleep(Duration::from_millis(150));
        assert!(!transaction(&mut client, &["PING".to_owned()]).is_null(), "round {round}");
    }
}

#[test]
fn a_transaction_is_seen_whole_or_not_at_all() {
    let server = Server::start(&[]);
    while_observed(
        &server,
        |client, _| {
            let lines = ["INCR a", "RPUSH l x", "INCR b", "SADD s {n}", "INCR c"];
            transaction(client, &lines.map(str::to_owned));
        },
        |client| {
            let reads = ["GET a", "GET b", "GET c", "LLEN l"].map(str::to_owned);
            let replies = transaction(client, &reads);
            let [a, b, c, length] = replies.elements() else { panic!("{replies:?}") };
            assert!(a == b && b == c, "{replies:?}");
            let count = if a.is_null() { 0 } else { number(a) };
            assert_eq!(length.int(), count, "{replies:?}");
        },
    );
}

#[test]
fn exchanging_names_in_a_transaction_keeps_both_values() {
    let server = Server::start(&[]);
    server.connect().call("MSET a x b y");
    while_observed(
        &server,
        |client, _| {
            let exchange = ["RENAME a c", "RENAME b a", "RENAME c b"].map(str::to_owned);
            transaction(client, &exchange);
        },
        |client| {
            assert_eq!(texts(&client.call("MGET a b")), BTreeSet::from(["x".to_owned(), "y".to_owned()]))
        },
    );
}

#[test]
fn a_key_expires_as_a_whole_while_others_write_it() {
    let server = Server::start(&[]);
    while_observed(
        &server,
        |client, rng| {
            let value = rng.below(1000);
            let lines =
                [format!("HSET h a {value} b {value} c {value}"), format!("PEXPIRE h {}", 1 + rng.below(3))];
            transaction(client, &lines);
        },
        |client| {
            let values = client.call("HMGET h a b c");
            assert!(values.elements().windows(2).all(|pair| pair[0] == pair[1]), "{values:?}");
        },
    );
}
