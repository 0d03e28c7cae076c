//! Fields of hashes expire on their own: the commands of Redis 7.4 and 8.0, what they refuse, and that a field whose
//! time has come is seen by nobody and gives its memory back.

mod harness;

use harness::{Client, Server, Value, eventually};
use std::thread;
use std::time::{Duration, Instant};

fn server() -> Server {
    Server::start(&["--enable-debug-command", "yes"])
}

/// A server that removes expired fields only when a command changes their hash.
fn server_without_active_expiry() -> Server {
    let server = server();
    assert_eq!(server.connect().call("DEBUG SET-ACTIVE-EXPIRE 0"), Value::ok());
    server
}

/// Makes `key` a hash of the fields `f:0` and so on, with their numbers as values, of some size for each form.
fn fill(client: &mut Client, key: &str, fields: usize) {
    client.call(&format!("DEL {key}"));
    for chunk in (0..fields).collect::<Vec<_>>().chunks(1000) {
        let pairs: Vec<String> = chunk.iter().map(|field| format!("f:{field} {field}")).collect();
        client.call(&format!("HSET {key} {}", pairs.join(" ")));
    }
}

/// Gives the fields from `from` up to `to` a deadline.
fn expire(client: &mut Client, key: &str, ms: u64, from: usize, to: usize) {
    for chunk in (from..to).collect::<Vec<_>>().chunks(1000) {
        let names: Vec<String> = chunk.iter().map(|field| format!("f:{field}")).collect();
        let reply = client.call(&format!("HPEXPIRE {key} {ms} FIELDS {} {}", chunk.len(), names.join(" ")));
        assert!(reply.elements().iter().all(|done| *done == Value::Int(1)), "{reply:?}");
    }
}

fn ints(values: &[i64]) -> Value {
    Value::Array(values.iter().map(|value| Value::Int(*value)).collect())
}

/// Packed, in a table, in a table of many segments.
const SIZES: [usize; 3] = [10, 700, 6000];

#[test]
fn each_field_is_answered_for() {
    let server = server();
    let mut client = server.connect();
    for size in SIZES {
        fill(&mut client, "h", size);
        for (line, expected) in [
            ("HTTL h FIELDS 2 f:1 none", ints(&[-1, -2])),
            ("HTTL none FIELDS 1 f", ints(&[-2])),
            ("HEXPIRE none 10 FIELDS 2 f g", ints(&[-2, -2])),
            ("HEXPIRE h 100 FIELDS 3 f:1 none f:1", ints(&[1, -2, 1])),
            ("HTTL h FIELDS 2 f:1 f:2", ints(&[100, -1])),
            ("HEXPIRE h 100 nx FIELDS 2 f:1 f:2", ints(&[0, 1])),
            ("HEXPIRE h 50 XX fields 2 f:2 f:3", ints(&[1, 0])),
            ("HEXPIRE h 60 LT FIELDS 3 f:1 f:2 f:3", ints(&[1, 0, 1])),
            ("HEXPIRE h 55 GT FIELDS 3 f:1 f:2 f:4", ints(&[0, 1, 0])),
            ("HEXPIREAT h 4102444800 FIELDS 1 f:4", ints(&[1])),
            ("HEXPIRETIME h FIELDS 2 f:4 f:5", ints(&[4_102_444_800, -1])),
            ("HPEXPIREAT h 4102444800001 FIELDS 1 f:4", ints(&[1])),
            ("HPEXPIRETIME h FIELDS 1 f:4", ints(&[4_102_444_800_001])),
            ("HEXPIRETIME h FIELDS 1 f:4", ints(&[4_102_444_801])),
            ("HPERSIST h FIELDS 3 f:4 f:4 none", ints(&[1, -1, -2])),
            ("HPERSIST none FIELDS 1 f", ints(&[-2])),
            ("HEXPIRE h 0 FIELDS 2 f:4 f:4", ints(&[2, -2])),
            ("HEXPIREAT h 1 FIELDS 1 f:5", ints(&[2])),
            ("HEXISTS h f:5", Value::Int(0)),
            ("HLEN h", Value::Int(size as i64 - 2)),
        ] {
            assert_eq!(client.call(line), expected, "{line}");
        }
        let encoding = if size == 10 { "listpackex" } else { "hashtable" };
        assert_eq!(client.call("OBJECT ENCODING h"), Value::bulk(encoding));
        client.call("HPERSIST h FIELDS 3 f:1 f:2 f:3");
        assert_eq!(server.connect().call("OBJECT ENCODING h").text(), encoding.trim_end_matches("ex"));
    }
}

#[test]
fn values_are_got_and_set_with_their_expiry() {
    let server = server();
    let mut client = server.connect();
    let null = || Value::NullBulk;
    let bulk = |text: &str| Value::bulk(text);
    for (line, expected) in [
        ("HSETEX h FXX FIELDS 1 a 1", Value::Int(0)),
        ("HSETEX h XX FIELDS 1 a 1", Value::Int(0)),
        ("HSETEX n NX FIELDS 1 a 1", Value::Int(1)),
        ("HSETEX n NX FIELDS 1 b 1", Value::Int(0)),
        ("HSETEX n xx FNX FIELDS 1 a 2", Value::Int(0)),
        ("HSETEX n FXX XX FIELDS 1 a 2", Value::Int(1)),
        ("HGETALL n", Value::bulks(["a", "2"])),
        ("EXISTS h", Value::Int(0)),
        ("HSETEX h FNX EX 100 FIELDS 2 a 1 b 2", Value::Int(1)),
        ("HTTL h FIELDS 2 a b", ints(&[100, 100])),
        ("HSETEX h FNX FIELDS 2 b 3 c 4", Value::Int(0)),
        ("HSETEX h FXX FIELDS 2 b 3 c 4", Value::Int(0)),
        ("HGET h b", bulk("2")),
        ("HSETEX h KEEPTTL FIELDS 2 b 3 c 4", Value::Int(1)),
        ("HTTL h FIELDS 2 b c", ints(&[100, -1])),
        ("HSETEX h FIELDS 1 b 5", Value::Int(1)),
        ("HTTL h FIELDS 2 a b", ints(&[100, -1])),
        ("HSETEX h PXAT 4102444800001 fxx FIELDS 1 b 6", Value::Int(1)),
        ("HPEXPIRETIME h FIELDS 1 b", ints(&[4_102_444_800_001])),
        ("HGETEX h FIELDS 3 a b none", Value::Array(vec![bulk("1"), bulk("6"), null()])),
        ("HTTL h FIELDS 1 a", ints(&[100])),
        ("HGETEX h EX 50 FIELDS 2 a none", Value::Array(vec![bulk("1"), null()])),
        ("HGETEX h PERSIST FIELDS 1 b", Value::Array(vec![bulk("6")])),
        ("HTTL h FIELDS 2 a b", ints(&[50, -1])),
        ("HGETEX none EX 50 FIELDS 1 a", Value::Array(vec![null()])),
        ("HGETEX h EXAT 1 FIELDS 1 c", Value::Array(vec![bulk("4")])),
        ("HEXISTS h c", Value::Int(0)),
        ("HGETDEL h FIELDS 3 a a none", Value::Array(vec![bulk("1"), null(), null()])),
        ("HGETDEL none FIELDS 1 a", Value::Array(vec![null()])),
        ("HSETEX h EX 0 FIELDS 1 d 1", Value::Int(1)),
        ("HGETALL h", Value::bulks(["b", "6"])),
        ("HGETDEL h FIELDS 1 b", Value::Array(vec![bulk("6")])),
        ("EXISTS h", Value::Int(0)),
        ("HSETEX h PXAT 1 FIELDS 2 a 1 b 2", Value::Int(1)),
        ("EXISTS h", Value::Int(0)),
    ] {
        assert_eq!(client.call(line), expected, "{line}");
    }
}

#[test]
fn what_is_refused() {
    const WRONG_TYPE: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";
    const ARITY: &str = "ERR wrong number of arguments for";
    const MISSING: &str = "ERR Mandatory argument FIELDS is missing or not at the right position";
    const MISMATCH: &str = "ERR The `numfields` parameter must match the number of arguments";
    const NO_NUMBER: &str = "ERR Number of fields must be a positive integer";
    const NOT_INTEGER: &str = "ERR value is not an integer or out of range";
    const NEGATIVE: &str = "ERR invalid expire time, must be >= 0";
    const ONE_EXPIRY: &str = "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified";
    let server = server();
    let mut client = server.connect();
    client.call("SET s text");
    client.call("HSET h f 1");
    for (line, error) in [
        ("HEXPIRE h 10 FIELDS 1", ARITY),
        ("HEXPIRE s x NX FIELDS 1 f", WRONG_TYPE),
        ("HEXPIRE h x FIELDS 1 f", NOT_INTEGER),
        ("HEXPIRE h 9223372036854775808 FIELDS 1 f", NOT_INTEGER),
        ("HEXPIRE h -1 FIELDS 1 f", NEGATIVE),
        ("HEXPIRE h 9223372036854775807 FIELDS 1 f", "ERR invalid expire time in 'hexpire' command"),
        ("HPEXPIRE h 70368744177663 FIELDS 1 f", "ERR invalid expire time in 'hpexpire' command"),
        ("HPEXPIREAT h 70368744177664 FIELDS 1 f", "ERR invalid expire time in 'hpexpireat' command"),
        ("HEXPIREAT h 70368744178 FIELDS 1 f", "ERR invalid expire time in 'hexpireat' command"),
        ("HEXPIRE h 10 NX XX FIELDS 1 f", MISSING),
        ("HEXPIRE h 10 ELEMENTS 1 f", MISSING),
        ("HEXPIRE h 10 FIELDS 0 f", "ERR Parameter `numFields` should be greater than 0"),
        ("HEXPIRE h 10 FIELDS x f", "ERR Parameter `numFields` should be greater than 0"),
        ("HEXPIRE h 10 FIELDS 9223372036854775807 f", MISMATCH),
        ("HEXPIRE h 10 FIELDS 2 f", MISMATCH),
        ("HEXPIRE h 10 FIELDS 1 f g", MISMATCH),
        ("HTTL h FIELDS 1", ARITY),
        ("HTTL s FIELDS 0 f", WRONG_TYPE),
        ("HPTTL h FIELD 1 f", MISSING),
        ("HEXPIRETIME h FIELDS -1 f", NO_NUMBER),
        ("HPEXPIRETIME h FIELDS 18446744073709551617 f", NO_NUMBER),
        ("HPERSIST s FIELDS 1 f", WRONG_TYPE),
        ("HPERSIST h FIELDS 3 f", MISMATCH),
        ("HGETDEL h f 1 FIELDS", MISSING),
        ("HGETDEL h FIELDS 0 f", NO_NUMBER),
        ("HGETDEL s FIELDS 1 f", WRONG_TYPE),
        ("HGETEX s EX x FIELDS 1 f", WRONG_TYPE),
        ("HGETEX h EX x FIELDS 1 f", NOT_INTEGER),
        ("HGETEX h EX -1 FIELDS 1 f", NEGATIVE),
        ("HGETEX h PX 9223372036854775807 FIELDS 1 f", "ERR invalid expire time in 'hgetex' command"),
        ("HGETEX h EX 10 PERSIST FIELDS 1 f", MISSING),
        ("HGETEX h FIELDS 9999999999 f", MISMATCH),
        ("HSETEX h FIELDS 1 f", ARITY),
        ("HSETEX s FIELDS 1 f v", WRONG_TYPE),
        ("HSETEX s FIELDS 0 f v", "ERR invalid number of fields"),
        ("HSETEX h FIELDS 2147483648 f v", "ERR invalid number of fields"),
        ("HSETEX h FIELDS 2147483647 f v", ARITY),
        ("HSETEX h FIELDS 1 f v g", ARITY),
        ("HSETEX h FIELDS 1 f v FNX", ARITY),
        ("HSETEX h FNX FXX FIELDS 1 f v", "ERR Only one of FXX or FNX arguments can be specified"),
        ("HSETEX h FNX FNX FIELDS 1 f v", "ERR Only one of FXX or FNX arguments can be specified"),
        ("HSETEX h NX XX FIELDS 1 f v", "ERR Only one of XX or NX arguments can be specified"),
        ("HSETEX h EX 10 KEEPTTL FIELDS 1 f v", ONE_EXPIRY),
        ("HSETEX h EX 10 PX 10 FIELDS 1 f v", ONE_EXPIRY),
        ("HSETEX h EX x FIELDS 1 f v", NOT_INTEGER),
        ("HSETEX h PXAT -5 FIELDS 1 f v", NEGATIVE),
        ("HSETEX h PX 9223372036854775807 FIELDS 1 f v", "ERR invalid expire time in 'hsetex' command"),
        ("HSETEX h NOT FIELDS 1 f v", "ERR unknown argument: NOT"),
    ] {
        let reply = client.call(line);
        assert!(reply.error().starts_with(error), "{line}: {reply:?}");
    }
    assert_eq!(client.call("HGETALL h"), Value::bulks(["f", "1"]));
    assert_eq!(client.call("HTTL h FIELDS 1 f"), ints(&[-1]));
}

#[test]
fn to_every_command_an_expired_field_is_missing() {
    let server = server_without_active_expiry();
    let mut client = server.connect();
    for size in SIZES {
        let live = size / 2;
        let make = |client: &mut Client| {
            fill(client, "h", size);
            expire(client, "h", 1, live, size);
            thread::sleep(Duration::from_millis(5));
        };
        make(&mut client);
        let gone = format!("f:{}", size - 1);
        for (line, expected) in [
            (format!("HGET h {gone}"), Value::NullBulk),
            (format!("HMGET h {gone}"), Value::Array(vec![Value::NullBulk])),
            (format!("HEXISTS h {gone}"), Value::Int(0)),
            (format!("HSTRLEN h {gone}"), Value::Int(0)),
            (format!("HTTL h FIELDS 1 {gone}"), ints(&[-2])),
            ("HLEN h".to_owned(), Value::Int(live as i64)),
        ] {
            assert_eq!(client.call(&line), expected, "{line}");
        }
        for (line, each) in [("HGETALL h", 2), ("HKEYS h", 1), ("HVALS h", 1), ("HRANDFIELD h 100000", 1)] {
            assert_eq!(client.call(line).elements().len(), live * each, "{line}");
        }
        assert!((0..100).all(|_| {
            let field = client.call("HRANDFIELD h").text();
            field.trim_start_matches("f:").parse::<usize>().expect("a number") < live
        }));
        let (mut cursor, mut scanned) = ("0".to_owned(), 0);
        loop {
            let page = client.call(&format!("HSCAN h {cursor}"));
            let [next, pairs] = page.elements() else { panic!("{page:?}") };
            scanned += pairs.elements().len() / 2;
            cursor = next.text();
            if cursor == "0" {
                break;
            }
        }
        assert_eq!(scanned, live);
        // A copy has what its original has, and so on; the first change removes what has expired.
        assert_eq!(client.call("COPY h copy"), Value::Int(1));
        assert_eq!(client.call("HLEN copy"), Value::Int(live as i64));
        assert_eq!(client.call("RENAME copy moved"), Value::ok());
        assert_eq!(client.call(&format!("HSETNX moved {gone} again")), Value::Int(1));
        assert_eq!(client.call(&format!("HTTL moved FIELDS 1 {gone}")), ints(&[-1]));
        assert_eq!(client.call(&format!("HDEL h {gone}")), Value::Int(0));
        make(&mut client);
        assert_eq!(client.call(&format!("HINCRBY h {gone} 5")), Value::Int(5));
        assert_eq!(client.call(&format!("HSET h {gone} 1 f:{live} 2")), Value::Int(1));
        assert_eq!(client.call("HLEN h"), Value::Int(live as i64 + 2));
        // All of them.
        fill(&mut client, "h", size);
        expire(&mut client, "h", 1, 0, size);
        thread::sleep(Duration::from_millis(5));
        for (line, expected) in [
            ("EXISTS h", Value::Int(0)),
            ("TYPE h", Value::Simple(b"none".to_vec())),
            ("HLEN h", Value::Int(0)),
            ("HRANDFIELD h", Value::NullBulk),
            ("PTTL h", Value::Int(-2)),
            ("COPY h copy", Value::Int(0)),
            ("DEL h", Value::Int(0)),
            ("SADD h member", Value::Int(1)),
            ("DEL h", Value::Int(1)),
        ] {
            assert_eq!(client.call(line), expected, "{line}");
        }
        client.call("FLUSHALL");
    }
}

#[test]
fn a_new_value_drops_the_deadline_and_a_sum_keeps_it() {
    let server = server();
    let mut client = server.connect();
    for size in SIZES {
        fill(&mut client, "h", size);
        expire(&mut client, "h", 100_000, 0, 6);
        client.call("HSET h f:0 new");
        client.call("HMSET h f:1 new");
        client.call("HINCRBY h f:2 1");
        client.call("HINCRBYFLOAT h f:3 1.5");
        client.call("HSETNX h f:4 new");
        assert_eq!(client.call("HTTL h FIELDS 5 f:0 f:1 f:2 f:3 f:4"), ints(&[-1, -1, 100, 100, 100]));
        assert_eq!(client.call("COPY h copy REPLACE"), Value::Int(1));
        client.call("RENAME copy other");
        assert_eq!(client.call("HTTL other FIELDS 3 f:0 f:2 f:5"), ints(&[-1, 100, 100]));
        client.call("HDEL other f:2");
        client.call("HSET other f:2 back");
        assert_eq!(client.call("HTTL other FIELDS 2 f:2 f:3"), ints(&[-1, 100]));
        client.call("SET h text");
        assert_eq!(client.call("DEL h other"), Value::Int(2));
    }
    assert!(!client.call("INFO keyspace").text().contains("subexpiry"), "no database has any key");
}

/// What INFO says of database 0.
fn subexpiry(client: &mut Client) -> String {
    let info = client.call("INFO keyspace").text();
    let line = info.lines().find(|line| line.starts_with("db0:")).unwrap_or_default();
    line.split("subexpiry=").nth(1).unwrap_or_default().to_owned()
}

#[test]
fn fields_go_and_their_memory_comes_back_untouched() {
    let server = server();
    let mut client = server.connect();
    for size in SIZES {
        client.call("CONFIG RESETSTAT");
        fill(&mut client, "part", size);
        fill(&mut client, "all", size);
        fill(&mut client, "none", size);
        let before = client.call("MEMORY USAGE part").int();
        expire(&mut client, "part", 400, 1, size);
        expire(&mut client, "all", 400, 0, size);
        expire(&mut client, "none", 1_000_000, 0, size);
        assert_eq!(subexpiry(&mut client), "3");
        eventually("one hash is gone", || client.call("DBSIZE") == Value::Int(2));
        let expired = size as i64 * 2 - 1;
        eventually("all that has expired is gone", || server.info("expired_subkeys") == expired);
        assert_eq!(client.call("HGETALL part"), Value::bulks(["f:0", "0"]));
        assert_eq!(subexpiry(&mut client), "1");
        if !harness::is_on_disk() {
            assert!(client.call("MEMORY USAGE part").int() < before / 2);
        }
        assert_eq!(client.call("HLEN none"), Value::Int(size as i64));
        client.call("FLUSHALL");
        assert_eq!(subexpiry(&mut client), "");
    }
}

#[test]
fn who_watches_or_caches_the_hash_learns_of_it() {
    let server = Server::start(&["--notify-keyspace-events", "AKE"]);
    let (mut watcher, mut reader) = (server.connect(), server.connect_resp3());
    let mut client = server.connect();
    client.call("HSET h a 1 b 2");
    client.call("HPEXPIRE h 300 FIELDS 1 a");
    reader.call("CLIENT TRACKING ON");
    reader.call("HGET h b");
    watcher.call("WATCH h");
    eventually("the field is gone", || server.info("expired_subkeys") == 1);
    watcher.call("MULTI");
    watcher.call("PING");
    assert!(watcher.call("EXEC").is_null(), "the hash has changed");
    let told = format!("{:?}", reader.read().expect("a message"));
    assert!(told.contains("invalidate"), "{told}");
}

#[test]
fn what_had_expired_when_the_watch_began_is_no_change() {
    let server = server_without_active_expiry();
    let (mut watcher, mut client) = (server.connect(), server.connect());
    client.call("HSET h a 1 b 2");
    client.call("HPEXPIRE h 1 FIELDS 1 a");
    thread::sleep(Duration::from_millis(5));
    watcher.call("WATCH h");
    client.call("DEBUG SET-ACTIVE-EXPIRE 1");
    eventually("the sweep has been there", || subexpiry(&mut client) == "0");
    watcher.call("MULTI");
    watcher.call("PING");
    assert_eq!(watcher.call("EXEC").elements().len(), 1);
}

/// What the listener got up to the message on the channel `end`: event and key.
fn events(listener: &mut Client, speaker: &mut Client) -> Vec<String> {
    speaker.call("PUBLISH __keyevent@end end");
    let mut events = Vec::new();
    loop {
        let message = listener.read().expect("a message");
        let [channel, text] = [2, 3].map(|place| message.elements()[place].text());
        let Some((_, event)) = channel.split_once("__:") else { return events };
        events.push(format!("{event} {text}"));
    }
}

#[test]
fn every_change_is_told_in_redis_words() {
    let server = Server::start(&["--notify-keyspace-events", "AKEn", "--enable-debug-command", "yes"]);
    let (mut listener, mut client) = (server.connect(), server.connect());
    client.call("DEBUG SET-ACTIVE-EXPIRE 0");
    listener.call("PSUBSCRIBE __keyevent@*");
    let pause = || thread::sleep(Duration::from_millis(5));
    for (line, expected) in [
        ("HSET h a 1 b 2 c 3 d 4", &["new h", "hset h"][..]),
        ("HEXPIRE h 100 FIELDS 2 a none", &["hexpire h"]),
        ("HEXPIRE h 100 NX FIELDS 1 a", &[]),
        ("HPERSIST h FIELDS 1 a", &["hpersist h"]),
        ("HPERSIST h FIELDS 1 a", &[]),
        ("HTTL h FIELDS 1 a", &[]),
        ("HEXPIRE h 0 FIELDS 1 d", &["hdel h"]),
        ("HGETEX h FIELDS 1 a", &[]),
        ("HGETEX h EX 10 FIELDS 1 a", &["hexpire h"]),
        ("HGETEX h PERSIST FIELDS 1 a", &["hpersist h"]),
        ("HGETEX h PERSIST FIELDS 1 a", &[]),
        ("HGETEX h PXAT 1 FIELDS 1 a", &["hdel h"]),
        ("HGETDEL h FIELDS 2 c none", &["hdel h"]),
        ("HSETEX h EX 10 FIELDS 1 e 1", &["hset h", "hexpire h"]),
        ("HSETEX h FNX FIELDS 1 e 1", &[]),
        ("HSETEX h FIELDS 1 e 1", &["hset h"]),
        ("HSETEX h PXAT 1 FIELDS 1 e 1", &["hset h", "hdel h"]),
        ("HGETDEL h FIELDS 1 b", &["hdel h", "del h"]),
        ("HSETEX h PXAT 1 FIELDS 1 e 1", &["new h", "hset h", "hdel h", "del h"]),
        ("HSETEX h PX 1 FIELDS 1 f 1", &["new h", "hset h", "hexpire h"]),
        ("SET h text", &["hexpired h", "del h", "new h", "set h"]),
        ("DEL h", &["del h"]),
        ("HSETEX h PX 1 FIELDS 1 f 1", &["new h", "hset h", "hexpire h"]),
        ("HSET h g 1", &["hexpired h", "del h", "new h", "hset h"]),
        ("HSETEX h PX 1 FIELDS 1 f 1", &["hset h", "hexpire h"]),
        ("HSET h g 1", &["hexpired h", "hset h"]),
        ("HSETEX h PX 1 FIELDS 1 f 1", &["hset h", "hexpire h"]),
        ("HDEL h f", &["hexpired h"]),
    ] {
        let reply = client.call(line);
        assert!(!reply.is_error(), "{line}: {reply:?}");
        assert_eq!(events(&mut listener, &mut client), expected, "{line}");
        pause();
    }
    client.call("HSETEX h PX 1 FIELDS 1 f 1");
    client.call("HSETEX i PX 1 FIELDS 1 f 1");
    events(&mut listener, &mut client);
    client.call("DEBUG SET-ACTIVE-EXPIRE 1");
    // They are told after they are gone.
    let mut told = Vec::new();
    eventually("both fields are gone", || {
        told.extend(events(&mut listener, &mut client));
        told.len() >= 3
    });
    assert_eq!(client.call("DBSIZE"), Value::Int(1));
    told.sort();
    assert_eq!(told, ["del i", "hexpired h", "hexpired i"]);
}

/// Many fields whose time comes at once hold nobody up, and neither does asking for their hash meanwhile.
#[test]
fn many_fields_at_once_do_not_stall_others() {
    const FIELDS: usize = 100_000;
    let server = server_without_active_expiry();
    let mut client = server.connect();
    fill(&mut client, "h", FIELDS);
    expire(&mut client, "h", 1, 0, FIELDS - 1);
    thread::sleep(Duration::from_millis(5));
    // One change does not pay for them all.
    let begin = Instant::now();
    assert_eq!(client.call("HSET h new 1"), Value::Int(1));
    assert_eq!(client.call("HGET h f:7"), Value::NullBulk);
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    assert_eq!(client.call("HLEN h"), Value::Int(2));
    client.call("DEBUG SET-ACTIVE-EXPIRE 1");
    eventually("all are gone", || server.info("expired_subkeys") == FIELDS as i64 - 1);
    assert_eq!(client.call("HLEN h"), Value::Int(2));
}

#[test]
fn deadlines_move_with_their_hash_between_databases() {
    let server = Server::start(&["--engine", "memory", "--database", "4", "disk", "--database", "5", "disk"]);
    let mut client = server.connect();
    for size in SIZES {
        for (from, to) in [(0, 4), (4, 0), (4, 5)] {
            client.call("FLUSHALL");
            client.call(&format!("SELECT {from}"));
            fill(&mut client, "h", size);
            expire(&mut client, "h", 100_000, 0, 3);
            for line in [format!("COPY h h DB {to}"), format!("MOVE h {to}")] {
                assert_eq!(client.call(&line), Value::Int(1), "{line} from {from}");
                client.call(&format!("SELECT {to}"));
                assert_eq!(
                    client.call("HTTL h FIELDS 3 f:0 f:2 f:3"),
                    ints(&[100, 100, -1]),
                    "{line} from {from}"
                );
                assert_eq!(client.call("HLEN h"), Value::Int(size as i64));
                client.call("DEL h");
                client.call(&format!("SELECT {from}"));
            }
        }
    }
}
