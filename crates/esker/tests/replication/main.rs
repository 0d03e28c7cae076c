//! Replication: Esker and redis-server follow each other, links break, parts are exchanged.

#[path = "../harness/mod.rs"]
mod harness;

mod attached;
mod clients;
mod esker;
mod faults;
mod proxy;
mod redis;
mod restarts;
mod sentinel;
mod stored;

use std::collections::BTreeMap;
use std::time::Duration;

use harness::{Client, SOON, Server, Spec, Value, eventually, find_program, pass_over};

/// A redis-server, where there is one.
fn redis(directives: &[&str]) -> Option<Server> {
    let Some(program) = find_program("redis-server") else {
        pass_over("there is no redis-server");
        return None;
    };
    Some(Spec::redis(program).with(&["--repl-diskless-sync-delay", "0"]).with(directives).start())
}

/// Has `replica` follow `primary`, and waits until it does.
fn follow(replica: &mut Client, primary: &Server) {
    assert!(!replica.call(&format!("REPLICAOF 127.0.0.1 {}", primary.port())).is_error());
    eventually("the link is up", || field(replica, "replication", "master_link_status") == "up");
}

/// A field of INFO.
fn field(client: &mut Client, section: &str, name: &str) -> String {
    let info = client.call(&format!("INFO {section}")).text();
    let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or_default().to_owned()
}

/// Waits until the replica has all of its primary's stream.
fn catch_up(primary: &mut Client, replica: &mut Client) {
    eventually("the replica has everything", || {
        let offset = |client: &mut Client| field(client, "replication", "master_repl_offset");
        offset(primary) == offset(replica)
    });
}

/// All keys of some databases, with their values and whether they expire, in an order that does not depend on the
/// server.
fn contents(client: &mut Client) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for database in 0..4 {
        client.call(&format!("SELECT {database}"));
        let keys = client.call("KEYS *");
        for key in keys.elements() {
            let key = key.bytes().expect("a name").to_vec();
            let kind = client.call_with(&[b"TYPE".as_slice(), &key]).text();
            let read = |client: &mut Client, words: &[&[u8]]| client.call_with(words);
            let mut value = match kind.as_str() {
                "string" => vec![format!("{:?}", read(client, &[b"GET", &key]))],
                "list" => vec![format!("{:?}", read(client, &[b"LRANGE", &key, b"0", b"-1"]))],
                "set" => texts(&read(client, &[b"SMEMBERS", &key])),
                "zset" => vec![format!("{:?}", read(client, &[b"ZRANGE", &key, b"0", b"-1", b"WITHSCORES"]))],
                "hash" => pairs(&read(client, &[b"HGETALL", &key])),
                "stream" => vec![
                    format!("{:?}", read(client, &[b"XRANGE", &key, b"-", b"+"])),
                    format!("{:?}", read(client, &[b"XINFO", b"GROUPS", &key]).elements().len()),
                ],
                // It has expired between the two questions.
                _ => continue,
            };
            value.sort();
            let deadline = client.call_with(&[b"PEXPIRETIME".as_slice(), &key]).int();
            all.insert(
                format!("{database} {}", String::from_utf8_lossy(&key)),
                format!("{value:?} {deadline}"),
            );
        }
    }
    client.call("SELECT 0");
    all
}

fn texts(value: &Value) -> Vec<String> {
    value.elements().iter().map(|element| format!("{element:?}")).collect()
}

fn pairs(value: &Value) -> Vec<String> {
    value.elements().chunks(2).map(|pair| format!("{pair:?}")).collect()
}

/// Checks that two servers hold the same.
#[track_caller]
fn assert_same(one: &mut Client, other: &mut Client) {
    let (one, other) = (contents(one), contents(other));
    let differs: Vec<_> = one.iter().filter(|(key, value)| other.get(*key) != Some(value)).take(5).collect();
    let missing: Vec<_> = other.keys().filter(|key| !one.contains_key(*key)).take(5).collect();
    assert!(differs.is_empty() && missing.is_empty(), "{differs:#?} differ, {missing:?} are too many");
}

/// Checks that two servers hold the same, by the digests of their slots.
#[track_caller]
fn assert_same_slots(one: &mut Client, other: &mut Client) {
    let digests = |client: &mut Client| {
        let digests = client.call("DEBUG DIGEST-SLOTS");
        assert!(!digests.is_error(), "{digests:?}");
        pairs(&digests)
    };
    let (ones, others) = (digests(one), digests(other));
    assert!(!ones.is_empty());
    let differs: Vec<_> = ones.iter().filter(|slot| !others.contains(slot)).take(5).collect();
    assert!(differs.is_empty() && ones.len() == others.len(), "{differs:?} differ");
    assert_eq!(one.call("DEBUG DIGEST"), other.call("DEBUG DIGEST"));
}

/// Fills a server with all that there is.
fn fill(client: &mut Client) {
    for line in FILLING {
        let reply = client.call(line);
        assert!(!reply.is_error(), "{line}: {reply:?}");
    }
    for number in 0..300 {
        client.call(&format!("RPUSH long {number}"));
        client.call(&format!("SADD many member-{number}"));
        client.call(&format!("ZADD ranks {number} member-{number}"));
        client.call(&format!("HSET wide field-{number} value-{number}"));
        client.call(&format!("SET key:{number} {number}"));
    }
    client.call_with(&[b"SET".as_slice(), b"big", &vec![b'x'; 300_000]]);
}

const FILLING: &[&str] = &[
    "SET text hello",
    "SET number 12345",
    "SET soon gone PX 3600000",
    "RPUSH list a b c",
    "SADD numbers 1 2 3",
    "SADD words one two",
    "HSET hash a 1 b 2",
    "ZADD zset 1 a 2.5 b",
    "XADD stream 1-1 f v",
    "XADD stream 1-2 f w",
    "XGROUP CREATE stream group 0",
    "XREADGROUP GROUP group me COUNT 1 STREAMS stream >",
    "PFADD visits a b c",
    "SELECT 3",
    "SET three 3",
    "SELECT 0",
];

/// What a primary does that is not its own effect, or depends on the moment.
const CHANGES: &[&str] = &[
    "INCR number",
    "APPEND text !",
    "SPOP many 3",
    "SPOP words",
    "EXPIRE text 1000",
    "SET fleeting x EX 1000",
    "SETEX setex 500 v",
    "GETEX fleeting PERSIST",
    "INCRBYFLOAT number 1.5",
    "HINCRBYFLOAT hash a 0.25",
    "LPOP list",
    "LMOVE long list LEFT RIGHT",
    "ZPOPMIN ranks 2",
    "XADD stream * f x",
    "XADD stream MAXLEN ~ 100 * f y",
    "XREADGROUP GROUP group me STREAMS stream >",
    "XACK stream group 1-1",
    "XAUTOCLAIM stream group other 0 0",
    "SORT long BY nosort STORE sorted",
    "RENAME list renamed",
    "COPY renamed copied",
    "SUNIONSTORE union many numbers",
    "ZUNIONSTORE merged 2 ranks zset",
    "BLPOP renamed 1",
    "SETRANGE big 10 abc",
    "PFMERGE visits visits",
    "GEOADD places 13.361389 38.115556 Palermo",
    "BITOP NOT inverted text",
    "EVAL redis.call('SET',KEYS[1],ARGV[1]);return(redis.call('INCR',KEYS[1])) 1 scripted 5",
    "SELECT 2",
    "SET two 2",
    "MOVE two 1",
    "SWAPDB 1 3",
    "SELECT 0",
    "UNLINK wide",
];
