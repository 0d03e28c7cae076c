//! Many clients on few keys. Each test keeps an invariant that breaks when two commands, or a
//! command and a transaction, come between each other.

mod harness;

use harness::{Client, Rng, Server, Value};
use std::collections::{BTreeMap, BTreeSet};
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
    ];
    for (line, changes) in cases {
        other.call("FLUSHALL");
        other.call("SET k 1");
        other.call("RPUSH list 1 2");
        assert_eq!(watcher.call("WATCH k"), Value::ok());
        other.call(line);
        let reply = transaction(&mut watcher, &["PING".to_owned()]);
        assert_eq!(reply.is_null(), changes, "{line}: {reply:?}");
    }
}

#[test]
fn watch_sees_a_key_expire() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.call("SET k 1 PX 20");
    client.call("WATCH k");
    thread::sleep(Duration::from_millis(40));
    assert!(transaction(&mut client, &["PING".to_owned()]).is_null());
    // A key that was missing when the watch began, and still is, has not changed.
    client.call("WATCH k");
    assert!(!transaction(&mut client, &["PING".to_owned()]).is_null());
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
fn moving_between_lists_loses_and_doubles_nothing() {
    const ELEMENTS: usize = 60;
    let server = Server::start(&[]);
    let mut client = server.connect();
    let all: BTreeSet<String> = (0..ELEMENTS).map(|element| element.to_string()).collect();
    for element in &all {
        client.call(&format!("RPUSH list:0 {element}"));
    }
    let moves = |client: &mut Client, rng: &mut Rng| {
        let (from, to) = (rng.below(3), rng.below(3));
        let (take, put) = (rng.pick(&["LEFT", "RIGHT"]), rng.pick(&["LEFT", "RIGHT"]));
        match rng.below(4) {
            0 => client.call(&format!("RPOPLPUSH list:{from} list:{to}")),
            1 => client.call(&format!("BLMOVE list:{from} list:{to} {take} {put} 0.001")),
            _ => client.call(&format!("LMOVE list:{from} list:{to} {take} {put}")),
        };
    };
    let reads = [0, 1, 2].map(|list| format!("LRANGE list:{list} 0 -1"));
    while_observed(&server, moves, |client| {
        let lists = transaction(client, &reads);
        let found: Vec<String> = lists.elements().iter().flat_map(Value::elements).map(Value::text).collect();
        assert_eq!(found.len(), ELEMENTS);
        assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), all);
    });
}

#[test]
fn moving_between_sets_loses_and_doubles_nothing() {
    const MEMBERS: usize = 40;
    let server = Server::start(&[]);
    let mut client = server.connect();
    for member in 0..MEMBERS {
        client.call(&format!("SADD set:{} m{member}", member % 3));
    }
    while_observed(
        &server,
        |client, rng| {
            let (from, to, member) = (rng.below(3), rng.below(3), rng.below(MEMBERS));
            client.call(&format!("SMOVE set:{from} set:{to} m{member}"));
        },
        |client| {
            assert_eq!(client.call("SUNION set:0 set:1 set:2").elements().len(), MEMBERS);
            for pair in ["set:0 set:1", "set:1 set:2", "set:0 set:2"] {
                assert_eq!(client.call(&format!("SINTERCARD 2 {pair}")), Value::Int(0));
            }
        },
    );
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
fn consumers_get_every_element_once_and_each_producers_in_order() {
    const PRODUCERS: usize = 3;
    const CONSUMERS: usize = 3;
    const EACH: usize = 400;
    let server = Server::start(&[]);
    let consumed: Vec<Vec<String>> = thread::scope(|scope| {
        let consumers = scope.spawn(|| {
            in_parallel(&server, CONSUMERS, |number, client, _| {
                let mut taken = Vec::new();
                loop {
                    // Different commands that wait for the same keys.
                    let reply = match number % 3 {
                        0 => client.call("BLPOP queue other 0"),
                        1 => client.call("BLMPOP 0 2 other queue LEFT COUNT 2"),
                        _ => client.call("BLMOVE queue taken LEFT RIGHT 0"),
                    };
                    let elements = match &reply {
                        Value::Array(parts) => match &parts[1] {
                            Value::Array(elements) => elements.iter().map(Value::text).collect(),
                            element => vec![element.text()],
                        },
                        element => vec![element.text()],
                    };
                    let stops = elements.iter().filter(|element| *element == "stop").count();
                    taken.extend(elements.into_iter().filter(|element| element != "stop"));
                    if stops > 0 {
                        // Whoever takes two gives one back for another consumer.
                        (1..stops).for_each(|_| {
                            client.call("RPUSH queue stop");
                        });
                        return taken;
                    }
                }
            })
        });
        in_parallel(&server, PRODUCERS, |producer, client, rng| {
            let mut next = 0;
            while next < EACH {
                let count = (1 + rng.below(3)).min(EACH - next);
                let elements: Vec<_> =
                    (next..next + count).map(|number| format!("{producer}:{number}")).collect();
                client.call(&format!("RPUSH queue {}", elements.join(" ")));
                next += count;
            }
        });
        for _ in 0..CONSUMERS {
            server.connect().call("RPUSH queue stop");
        }
        consumers.join().expect("no consumer fails")
    });
    let mut seen = BTreeSet::new();
    for taken in &consumed {
        let mut last_of = BTreeMap::new();
        for element in taken {
            assert!(seen.insert(element.clone()), "{element} came twice");
            let (producer, number) = element.split_once(':').expect("producer:number");
            let number: usize = number.parse().expect("a number");
            let last = last_of.insert(producer.to_owned(), number);
            assert!(last.is_none_or(|last| last < number), "{element} came after {last:?}");
        }
    }
    assert_eq!(seen.len(), PRODUCERS * EACH);
}

#[test]
fn popping_the_smallest_gives_each_member_once() {
    const EACH: usize = 400;
    let server = Server::start(&[]);
    let popped = in_parallel(&server, CLIENTS, |number, client, rng| {
        let mut popped = Vec::new();
        for member in 0..EACH {
            client.call(&format!("ZADD z {} {number}:{member}", rng.below(100)));
            let reply = match rng.below(3) {
                0 => client.call("ZPOPMIN z"),
                1 => client.call("ZPOPMAX z"),
                _ => client.call("BZPOPMIN z 0.5"),
            };
            // Others may have taken everything; what comes is `member score` or `key member score`.
            if let Value::Array(parts) = &reply
                && let [.., member, _score] = parts.as_slice()
            {
                popped.push(member.text());
            }
        }
        popped
    });
    let count: usize = popped.iter().map(Vec::len).sum();
    let distinct: BTreeSet<_> = popped.into_iter().flatten().collect();
    assert_eq!(distinct.len(), count, "a member was popped twice");
    let left = server.connect().call("ZCARD z").int() as usize;
    assert_eq!(count + left, CLIENTS * EACH);
}

#[test]
fn popping_from_a_set_gives_each_member_once() {
    const MEMBERS: usize = 3000;
    let server = Server::start(&[]);
    let members: Vec<String> = (0..MEMBERS).map(|member| member.to_string()).collect();
    server.connect().call(&format!("SADD s {}", members.join(" ")));
    let popped = in_parallel(&server, CLIENTS, |_, client, rng| {
        let mut popped = Vec::new();
        loop {
            let members = client.call(&format!("SPOP s {}", 1 + rng.below(20)));
            if members.elements().is_empty() {
                return popped;
            }
            popped.extend(members.elements().iter().map(Value::text));
        }
    });
    let popped: Vec<_> = popped.into_iter().flatten().collect();
    assert_eq!(popped.len(), MEMBERS);
    assert_eq!(popped.into_iter().collect::<BTreeSet<_>>().len(), MEMBERS);
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

/// How a collection is scanned and changed. `{}` stands for the element.
struct Scanned {
    scan: &'static str,
    add: &'static str,
    remove: &'static str,
    /// Elements come with a value or score after them.
    in_pairs: bool,
}

/// The guarantee of SCAN: what is there from its beginning to its end is returned, however much
/// the collection grows and shrinks meanwhile.
#[track_caller]
fn check_scan(scanned: &Scanned) {
    const STAYING: usize = 600;
    const PASSING: usize = 4000;
    let server = Server::start(&[]);
    let mut client = server.connect();
    let line = |template: &str, element: &str| template.replace("{}", element);
    let staying: BTreeSet<String> = (0..STAYING).map(|number| format!("stays:{number}")).collect();
    for element in &staying {
        client.call(&line(scanned.add, element));
    }
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut writer = server.connect();
            while !done.load(Ordering::Relaxed) {
                for template in [scanned.add, scanned.remove] {
                    for chunk in (0..PASSING).collect::<Vec<_>>().chunks(200) {
                        let commands: Vec<Vec<String>> = chunk
                            .iter()
                            .map(|number| line(template, &format!("passes:{number}")))
                            .map(|line| line.split(' ').map(str::to_owned).collect())
                            .collect();
                        writer.pipeline(&commands);
                    }
                }
            }
        });
        let end = Instant::now() + DURATION * 2;
        while Instant::now() < end {
            let mut found = BTreeSet::new();
            let mut cursor = "0".to_owned();
            loop {
                let reply = client.call(&line(scanned.scan, &cursor));
                let step = if scanned.in_pairs { 2 } else { 1 };
                found.extend(reply.elements()[1].elements().iter().step_by(step).map(Value::text));
                cursor = reply.elements()[0].text();
                if cursor == "0" {
                    break;
                }
            }
            let missing: Vec<_> = staying.difference(&found).collect();
            assert!(missing.is_empty(), "not returned: {missing:?}");
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn scan_returns_every_key_that_stays() {
    check_scan(&Scanned { scan: "SCAN {} COUNT 50", add: "SET {} x", remove: "DEL {}", in_pairs: false });
}

#[test]
fn hscan_returns_every_field_that_stays() {
    check_scan(&Scanned {
        scan: "HSCAN h {} COUNT 50",
        add: "HSET h {} x",
        remove: "HDEL h {}",
        in_pairs: true,
    });
}

#[test]
fn sscan_returns_every_member_that_stays() {
    check_scan(&Scanned {
        scan: "SSCAN s {} COUNT 50",
        add: "SADD s {}",
        remove: "SREM s {}",
        in_pairs: false,
    });
}

#[test]
fn zscan_returns_every_member_that_stays() {
    check_scan(&Scanned {
        scan: "ZSCAN z {} COUNT 50",
        add: "ZADD z 1 {}",
        remove: "ZREM z {}",
        in_pairs: true,
    });
}
