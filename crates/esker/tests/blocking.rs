//! Clients that wait: served first come, first served, woken after the transaction that fed them,
//! and let go to the millisecond.

mod harness;

use harness::{Client, SOON, Server, Value, eventually};
use std::thread;
use std::time::{Duration, Instant};

/// Sends a command that has to wait, and returns once it does.
fn block(server: &Server, client: &mut Client, line: &str) {
    let before = server.info("blocked_clients");
    client.send(line);
    eventually(line, || server.info("blocked_clients") == before + 1);
}

/// A client that waits in `line`.
fn blocked(server: &Server, line: &str) -> Client {
    let mut client = server.connect();
    block(server, &mut client, line);
    client
}

/// That nothing has arrived.
#[track_caller]
fn check_still_waiting(client: &mut Client) {
    client.set_timeout(Some(Duration::from_millis(30)));
    let reply = client.read();
    assert!(reply.is_err(), "{reply:?}");
    client.set_timeout(Some(SOON));
}

#[test]
fn every_blocking_command_answers_as_if_it_had_not_waited() {
    let server = Server::start(&[]);
    let mut feeder = server.connect();
    let cases = [
        ("BLPOP a k 0", "RPUSH k x y", Value::bulks(["k", "x"])),
        ("BRPOP k a 0", "RPUSH k x y", Value::bulks(["k", "y"])),
        ("BLMOVE k d LEFT RIGHT 0", "RPUSH k x y", Value::bulk("x")),
        ("BRPOPLPUSH k d 0", "RPUSH k x y", Value::bulk("y")),
        (
            "BLMPOP 0 2 a k LEFT COUNT 5",
            "RPUSH k x y",
            Value::Array(vec![Value::bulk("k"), Value::bulks(["x", "y"])]),
        ),
        ("BZPOPMIN a k 0", "ZADD k 1 x 2 y", Value::bulks(["k", "x", "1"])),
        ("BZPOPMAX k 0", "ZADD k 1 x 2.5 y", Value::bulks(["k", "y", "2.5"])),
        (
            "BZMPOP 0 1 k MIN COUNT 2",
            "ZADD k 1 x 2 y",
            Value::Array(vec![
                Value::bulk("k"),
                Value::Array(vec![Value::bulks(["x", "1"]), Value::bulks(["y", "2"])]),
            ]),
        ),
    ];
    for (line, feed, expected) in cases {
        // Waiting, and with the element there already.
        let mut client = blocked(&server, line);
        assert_eq!(feeder.call(feed), Value::Int(2), "{feed}");
        assert_eq!(client.read().unwrap(), expected, "{line}");
        feeder.call("FLUSHALL");
        feeder.call(feed);
        assert_eq!(client.call(line), expected, "{line}");
        feeder.call("FLUSHALL");
    }
}

#[test]
fn whatever_makes_the_key_appear_wakes_the_client() {
    let server = Server::start(&[]);
    let mut feeder = server.connect();
    let feeds: &[&[&str]] = &[
        &["LPUSH k x"],
        &["RPUSH other x", "RENAME other k"],
        &["RPUSH other x", "COPY other k"],
        &["RPUSH other x", "LMOVE other k LEFT LEFT"],
        &["RPUSH other x", "RPOPLPUSH other k"],
        &["RPUSH other x", "SORT other ALPHA STORE k"],
        &["SELECT 1", "RPUSH k x", "MOVE k 0", "SELECT 0"],
        &["SELECT 1", "RPUSH k x", "SWAPDB 0 1", "SELECT 0"],
        &["SADD k x", "DEL k", "RPUSH k x"],
    ];
    for feed in feeds {
        let mut client = blocked(&server, "BLPOP k 0");
        for line in *feed {
            assert!(!feeder.call(line).is_error(), "{line}");
        }
        assert_eq!(client.read().unwrap(), Value::bulks(["k", "x"]), "{feed:?}");
        feeder.call("FLUSHALL");
    }
    let mut client = blocked(&server, "BZPOPMIN k 0");
    feeder.call("ZADD other 3 x");
    feeder.call("ZUNIONSTORE k 1 other");
    assert_eq!(client.read().unwrap(), Value::bulks(["k", "x", "3"]));
}

/// One entry of one stream.
fn read_entry(key: &str, id: &str, field: &str, value: &str) -> Value {
    let entry = Value::Array(vec![Value::bulk(id), Value::bulks([field, value])]);
    Value::Array(vec![Value::Array(vec![Value::bulk(key), Value::Array(vec![entry])])])
}

#[test]
fn readers_of_a_stream_wait_for_what_comes_after() {
    let server = Server::start(&[]);
    let mut feeder = server.connect();
    feeder.call("XADD k 1-0 a 1");
    // `$` is what was last when the wait began; everyone who reads gets the entry.
    let mut readers: Vec<Client> =
        (0..3).map(|_| blocked(&server, "XREAD BLOCK 0 STREAMS other k $ $")).collect();
    feeder.call("XGROUP CREATE k workers $");
    check_still_waiting(&mut readers[0]);
    feeder.call("XADD k 2-0 b 2");
    for reader in &mut readers {
        assert_eq!(reader.read().unwrap(), read_entry("k", "2-0", "b", "2"));
    }
    // Of a group, the one who came first gets it.
    let line = "XREADGROUP GROUP workers ann BLOCK 0 STREAMS k >";
    assert_eq!(feeder.call(line), read_entry("k", "2-0", "b", "2"));
    let mut first = blocked(&server, line);
    let mut second = blocked(&server, "XREADGROUP GROUP workers bob BLOCK 0 STREAMS k >");
    feeder.call("XADD k 3-0 c 3");
    assert_eq!(first.read().unwrap(), read_entry("k", "3-0", "c", "3"));
    check_still_waiting(&mut second);
    feeder.call("XACK k workers 3-0");
    check_still_waiting(&mut second);
    // The key may come and go for those who read alone, but a group goes with its key.
    let mut reader = blocked(&server, "XREAD BLOCK 0 STREAMS k $");
    feeder.call("DEL k");
    assert!(second.read().unwrap().error().starts_with("NOGROUP"));
    feeder.call("SET k x");
    check_still_waiting(&mut reader);
    feeder.call("DEL k");
    feeder.call("XADD k 9-0 d 4");
    assert_eq!(reader.read().unwrap(), read_entry("k", "9-0", "d", "4"));
    let mut client = server.connect();
    assert_eq!(client.call("XREAD BLOCK 20 STREAMS k $"), Value::NullArray);
}

#[test]
fn a_group_goes_with_its_key_when_that_expires_or_is_overwritten() {
    let server = Server::start(&[]);
    let mut feeder = server.connect();
    let line = "XREADGROUP GROUP workers ann BLOCK 0 STREAMS k >";
    feeder.call("XGROUP CREATE k workers $ MKSTREAM");
    let mut client = blocked(&server, line);
    feeder.call("SET k x");
    assert!(client.read().unwrap().error().starts_with("WRONGTYPE"));
    feeder.call("DEL k");
    feeder.call("XGROUP CREATE k workers $ MKSTREAM");
    let mut client = blocked(&server, line);
    feeder.call("PEXPIRE k 50");
    assert!(client.read().unwrap().error().starts_with("NOGROUP"));
}

#[test]
fn who_came_first_is_served_first() {
    let server = Server::start(&[]);
    let mut feeder = server.connect();
    // Different commands and several keys, in one queue.
    let lines = ["BLPOP k 0", "BRPOP a k 0", "BLMPOP 0 1 k LEFT", "BLMOVE k d LEFT LEFT 0", "BLPOP k a 0"];
    let mut waiting: Vec<Client> = lines.iter().map(|line| blocked(&server, line)).collect();
    for (number, client) in waiting.iter_mut().enumerate() {
        feeder.call(&format!("RPUSH k {number}"));
        let reply = client.read().unwrap();
        assert!(format!("{reply:?}").contains(&format!("\"{number}\"")), "{}: {reply:?}", lines[number]);
    }
    // One push that feeds all of them, in the order of their coming.
    let mut waiting: Vec<Client> = (0..4).map(|_| blocked(&server, "BLPOP k 0")).collect();
    assert_eq!(feeder.call("RPUSH k 0 1 2 3 4"), Value::Int(5));
    for (number, client) in waiting.iter_mut().enumerate() {
        assert_eq!(client.read().unwrap(), Value::bulks(["k".to_owned(), number.to_string()]));
    }
    assert_eq!(feeder.call("LRANGE k 0 -1"), Value::bulks(["4"]));
}

#[test]
fn a_client_that_waits_for_several_keys_takes_the_first_that_comes() {
    let server = Server::start(&[]);
    let mut feeder = server.connect();
    let mut client = blocked(&server, "BLPOP a b c 0");
    feeder.call("RPUSH b x");
    assert_eq!(client.read().unwrap(), Value::bulks(["b", "x"]));
    // It waits no longer for the others.
    feeder.call("RPUSH a y");
    assert_eq!(feeder.call("LLEN a"), Value::Int(1));
    // Of what a transaction brings, it takes what it named first; before 7.2, what came first.
    let mut client = blocked(&server, "BLPOP c b 0");
    for line in ["MULTI", "RPUSH b 1", "RPUSH c 2", "EXEC"] {
        feeder.call(line);
    }
    let key = client.read().unwrap().elements()[0].text();
    assert!(key == "c" || key == "b" && !server.is_esker(), "{key}");
}

#[test]
fn a_transaction_wakes_clients_only_when_it_ends() {
    let server = Server::start(&[]);
    let mut feeder = server.connect();
    let mut client = blocked(&server, "BLPOP k 0");
    let lines = ["MULTI", "RPUSH k a", "LPUSH k b", "LLEN k", "EXEC"];
    let replies: Vec<Value> = lines.iter().map(|line| feeder.call(line)).collect();
    // The client has not come between: both elements were there, and it sees the state at the end.
    assert_eq!(replies[4], Value::Array(vec![Value::Int(1), Value::Int(2), Value::Int(2)]));
    assert_eq!(client.read().unwrap(), Value::bulks(["k", "b"]));

    let mut client = blocked(&server, "BLPOP gone 0");
    for line in ["MULTI", "RPUSH gone x", "DEL gone", "EXEC"] {
        feeder.call(line);
    }
    check_still_waiting(&mut client);
    // A key of another type is not what it waits for.
    feeder.call("SADD gone x");
    check_still_waiting(&mut client);
    feeder.call("DEL gone");
    feeder.call("RPUSH gone y");
    assert_eq!(client.read().unwrap(), Value::bulks(["gone", "y"]));
}

#[test]
fn in_a_transaction_nothing_waits() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    for line in ["MULTI", "BLPOP k 0", "BLMOVE k d LEFT LEFT 0", "BZPOPMIN z 0", "BLMPOP 0 1 k LEFT", "EXEC"]
    {
        client.call(line);
    }
    client.call("MULTI");
    client.call("BLPOP k 0");
    client.call("BRPOPLPUSH k d 0");
    assert_eq!(client.call("EXEC"), Value::Array(vec![Value::NullArray, Value::NullBulk]));
}

#[test]
fn one_client_s_move_feeds_the_next() {
    let server = Server::start(&[]);
    let mut last = blocked(&server, "BLPOP c 0");
    let mut second = blocked(&server, "BLMOVE b c LEFT RIGHT 0");
    let mut first = blocked(&server, "BLMOVE a b LEFT RIGHT 0");
    assert_eq!(server.connect().call("RPUSH a x"), Value::Int(1));
    assert_eq!(first.read().unwrap(), Value::bulk("x"));
    assert_eq!(second.read().unwrap(), Value::bulk("x"));
    assert_eq!(last.read().unwrap(), Value::bulks(["c", "x"]));
    assert_eq!(server.connect().call("DBSIZE"), Value::Int(0));
}

#[test]
fn timeouts_are_kept_to_the_millisecond() {
    let server = Server::start(&[]);
    // Redis looks at its waiting clients ten times a second when nothing else happens.
    let late_max = Duration::from_millis(if server.is_esker() { 20 } else { 150 });
    let cases = [
        ("BLPOP k 0.05", 50, Value::NullArray),
        ("BRPOP k 0.001", 1, Value::NullArray),
        ("BLMOVE k d LEFT LEFT 0.123", 123, Value::NullArray),
        ("BRPOPLPUSH k d 0.02", 20, Value::NullArray),
        ("BLMPOP 0.08 1 k LEFT", 80, Value::NullArray),
        ("BZPOPMIN k 0.05", 50, Value::NullArray),
        ("BZPOPMAX k 0.2", 200, Value::NullArray),
        ("BZMPOP 0.03 1 k MIN", 30, Value::NullArray),
    ];
    // Every one keeps its own time, whoever else waits.
    thread::scope(|scope| {
        for (line, wait_ms, expected) in &cases {
            let server = &server;
            scope.spawn(move || {
                let mut client = server.connect();
                let wait = || {
                    let start = Instant::now();
                    assert_eq!(client.call(line), *expected, "{line}");
                    start.elapsed()
                };
                // A busy machine may delay one answer, but hardly all.
                let waits: Vec<Duration> = std::iter::repeat_with(wait).take(4).collect();
                let shortest = *waits.iter().min().expect("four waits");
                let wanted = Duration::from_millis(*wait_ms);
                // The moment at which a wait ends is a whole millisecond, and so is that at which it begins.
                let rounding = Duration::from_millis(1);
                assert!(shortest + rounding >= wanted, "{line}: {waits:?}");
                assert!(shortest < wanted + late_max, "{line}: {waits:?}");
            });
        }
    });
    let mut client = server.connect_resp3();
    assert_eq!(client.call("BLPOP k 0.01"), Value::Null);
    // Who has given up takes nothing.
    assert_eq!(server.connect().call("RPUSH k x"), Value::Int(1));
    assert_eq!(server.connect().call("LLEN k"), Value::Int(1));
}

#[test]
fn a_waiting_client_can_be_let_go_or_leave() {
    let server = Server::start(&[]);
    let mut other = server.connect();
    let mut client = server.connect();
    let id = client.call("CLIENT ID").int();
    block(&server, &mut client, "BLPOP k 0");
    assert_eq!(other.call(&format!("CLIENT UNBLOCK {id}")), Value::Int(1));
    assert_eq!(client.read().unwrap(), Value::NullArray);
    block(&server, &mut client, "BLPOP k 0");
    assert_eq!(other.call(&format!("CLIENT UNBLOCK {id} ERROR")), Value::Int(1));
    assert_eq!(client.read().unwrap().error(), "UNBLOCKED client unblocked via CLIENT UNBLOCK");
    assert_eq!(other.call(&format!("CLIENT UNBLOCK {id}")), Value::Int(0));

    block(&server, &mut client, "BLPOP k 0");
    drop(client);
    eventually("the server notices", || server.info("blocked_clients") == 0);
    let mut second = blocked(&server, "BLPOP k 0");
    assert_eq!(other.call("RPUSH k x"), Value::Int(1));
    assert_eq!(second.read().unwrap(), Value::bulks(["k", "x"]));

    let mut killed = server.connect();
    let id = killed.call("CLIENT ID").int();
    block(&server, &mut killed, "BLPOP k 0");
    assert_eq!(other.call(&format!("CLIENT KILL ID {id}")), Value::Int(1));
    assert!(killed.is_closed_within(SOON));
    eventually("nobody waits", || server.info("blocked_clients") == 0);
}

/// What was sent behind a command that waits is answered after it.
#[test]
fn a_pipeline_goes_on_after_the_wait() {
    let server = Server::start(&[]);
    let mut client = blocked(&server, "BLPOP k 0");
    client.send("SET a 1");
    client.send("GET a");
    check_still_waiting(&mut client);
    assert_eq!(server.connect().call("EXISTS a"), Value::Int(0));
    server.connect().call("RPUSH k x");
    assert_eq!(client.read().unwrap(), Value::bulks(["k", "x"]));
    assert_eq!(client.read().unwrap(), Value::ok());
    assert_eq!(client.read().unwrap(), Value::bulk("1"));
}

/// The timer of a wait is set however the request arrived.
#[test]
fn a_request_that_comes_in_two_halves_runs_out_of_time_too() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.send_raw(b"*3\r\n$5\r\nBLPOP\r\n$6\r\nno").unwrap();
    thread::sleep(Duration::from_millis(50));
    client.send_raw(b"such\r\n$4\r\n0.05\r\n").unwrap();
    assert_eq!(client.read().unwrap(), Value::NullArray);
}
