//! Values and files of redis-server are read, and what is written is read by redis-server: payloads by `DUMP` and
//! `RESTORE`, files by the room `rdb` and by `esker check-rdb`. Where the two are to hold the same, `DEBUG DIGEST` says
//! whether they do.

#![allow(clippy::unwrap_used, reason = "a test")]

mod harness;

use std::fs;
use std::path::Path;
use std::process::Command;

use harness::{Client, Server, Spec, Value, find_program, pass_over, temporary_directory};
use rdb::Version;
use rdb::file::{Item, Reader, Usage, Writer, encode_key};
use values::access::Counting;
use values::limits::Limits;

/// What redis.conf says by default.
const COUNTING: Counting = Counting { log_factor: 10, decay_minutes: 1 };

/// A redis-server whose file this room can write: 7.0 or newer.
fn redis(directives: &[&str]) -> Option<Server> {
    let Some(program) = find_program("redis-server") else {
        pass_over("no redis-server on PATH");
        return None;
    };
    let server = Spec::redis(program).with(&["--enable-debug-command", "yes"]).with(directives).start();
    Some(server)
}

fn esker(directives: &[&str]) -> Server {
    Spec::under_test().with(&["--enable-debug-command", "yes"]).with(directives).start()
}

#[track_caller]
fn all_ok(client: &mut Client, commands: &[Vec<Vec<u8>>]) {
    for (command, reply) in commands.iter().zip(client.pipeline(commands)) {
        assert!(!reply.is_error(), "{}: {reply:?}", command[0].escape_ascii());
    }
}

fn command(words: &[&str]) -> Vec<Vec<u8>> {
    words.iter().map(|word| word.as_bytes().to_vec()).collect()
}

/// Keys of all types, small and large, in every form.
fn fill(client: &mut Client) {
    let mut commands = Vec::new();
    let mut add = |words: &[&str]| commands.push(command(words));
    for integer in [0, 7, -1, 127, 128, 300, -40_000, 3_000_000_000, i64::MAX, i64::MIN] {
        add(&["SET", &format!("integer-{integer}"), &integer.to_string()]);
    }
    add(&["SET", "empty", ""]);
    add(&["SET", "no integer", "007"]);
    add(&["SET", "repeated", &"abcabcabc ".repeat(5000)]);
    add(&["SET", "short repeated", &"a".repeat(40)]);
    for (name, count) in [("small", 3), ("medium", 200), ("large", 3000)] {
        for index in 0..count {
            let text = format!("element {index} {}", "x".repeat(index % 30));
            let integer = (index as i64 * 7919 - 1000).to_string();
            let score = format!("{}", index as f64 / 3.0);
            add(&["RPUSH", &format!("list-{name}"), &text, &integer]);
            add(&["SADD", &format!("set-{name}"), &text, &integer]);
            add(&["SADD", &format!("integers-{name}"), &integer]);
            add(&["SADD", &format!("wide-integers-{name}"), &(index as i64 * 4_000_000_007).to_string()]);
            add(&["HSET", &format!("hash-{name}"), &text, &integer, &integer, &text]);
            add(&["ZADD", &format!("zset-{name}"), &score, &text, &integer, &integer]);
            let id = format!("{}-1", 1 + index);
            add(&["XADD", &format!("stream-{name}"), &id, "field", &text, "number", &integer]);
            if index % 5 == 0 {
                let id = format!("{}-{}", 1 + index, 100 + index);
                add(&["XADD", &format!("stream-{name}"), &id, "other", "field"]);
            }
        }
        add(&["ZADD", &format!("zset-{name}"), "inf", "highest", "-inf", "lowest", "1e300", "high"]);
        add(&["XDEL", &format!("stream-{name}"), "1-1", "2-1"]);
        add(&["XGROUP", "CREATE", &format!("stream-{name}"), "readers", "0"]);
        add(&["XGROUP", "CREATE", &format!("stream-{name}"), "nobody", "$"]);
        add(&[
            "XREADGROUP",
            "GROUP",
            "readers",
            "anna",
            "COUNT",
            "20",
            "STREAMS",
            &format!("stream-{name}"),
            ">",
        ]);
        add(&[
            "XREADGROUP",
            "GROUP",
            "readers",
            "bert",
            "COUNT",
            "2",
            "STREAMS",
            &format!("stream-{name}"),
            ">",
        ]);
        add(&["XGROUP", "CREATECONSUMER", &format!("stream-{name}"), "readers", "carl"]);
    }
    let huge = "y".repeat(100_000);
    add(&["RPUSH", "list of huge", &huge, "small", &huge, "1"]);
    add(&["HSET", "hash of huge", "field", &huge]);
    add(&["SADD", "set of large", &"z".repeat(60_000)]);
    add(&["XADD", "emptied", "5-5", "a", "b"]);
    add(&["XDEL", "emptied", "5-5"]);
    add(&["EXPIREAT", "list-small", "4102444800"]);
    add(&["PEXPIREAT", "integer-7", "4102444800123"]);
    all_ok(client, &commands);
    for index in 0..=255u8 {
        client.call_with(&[&b"RPUSH"[..], b"bytes", &[index; 3]]);
    }
}

fn digest(client: &mut Client) -> Value {
    client.call("DEBUG DIGEST")
}

/// What a key holds, however it is held, and when it expires.
fn contents(client: &mut Client, key: &[u8]) -> (Value, Vec<Value>) {
    let kind = client.call_with(&[b"TYPE", key]).text();
    let request: &[&[u8]] = match kind.as_str() {
        "string" => &[b"GET", key],
        "list" => &[b"LRANGE", key, b"0", b"-1"],
        "set" => &[b"SMEMBERS", key],
        "hash" => &[b"HGETALL", key],
        "zset" => &[b"ZRANGE", key, b"0", b"-1", b"WITHSCORES"],
        _ => &[b"XRANGE", key, b"-", b"+"],
    };
    let deadline = client.call_with(&[b"PEXPIRETIME", key]);
    let reply = client.call_with(request);
    if reply.bytes().is_some() {
        return (deadline, vec![reply]);
    }
    let mut elements = reply.elements().to_vec();
    match kind.as_str() {
        "set" => elements.sort_by_key(Value::text),
        "hash" => {
            let mut pairs: Vec<&[Value]> = reply.elements().chunks(2).collect();
            pairs.sort_by_key(|pair| pair[0].text());
            elements = pairs.concat();
        }
        // 7.0 writes more digits of a score than it takes.
        "zset" => elements.iter_mut().skip(1).step_by(2).for_each(|score| {
            *score = Value::bulk(score.text().parse::<f64>().unwrap().to_string());
        }),
        _ => {}
    }
    (deadline, elements)
}

/// All names of keys.
fn keys(client: &mut Client) -> Vec<Vec<u8>> {
    client.call("KEYS *").elements().iter().filter_map(Value::bytes).map(<[u8]>::to_vec).collect()
}

/// Moves all keys by DUMP and RESTORE.
fn copy(from: &mut Client, to: &mut Client) {
    for key in keys(from) {
        let payload = from.call_with(&[b"DUMP", &key[..]]);
        let deadline = from.call_with(&[b"PEXPIRETIME", &key[..]]).int().max(0).to_string();
        let request = [b"RESTORE", &key[..], deadline.as_bytes(), payload.bytes().unwrap(), b"ABSTTL"];
        assert_eq!(to.call_with(&request), Value::ok(), "{}", key.escape_ascii());
    }
}

#[test]
fn what_redis_dumps_is_restored() {
    let Some(redis) = redis(&[]) else { return };
    let esker = esker(&[]);
    let (mut theirs, mut ours) = (redis.connect(), esker.connect());
    fill(&mut theirs);
    copy(&mut theirs, &mut ours);
    for key in keys(&mut theirs) {
        assert!(contents(&mut ours, &key) == contents(&mut theirs, &key), "{}", key.escape_ascii());
        let asked = [&b"OBJECT"[..], b"ENCODING", &key];
        let (our, their) = (ours.call_with(&asked), theirs.call_with(&asked));
        // 7.0 has no packed sets of texts, and no packed lists.
        let may_differ = key.starts_with(b"set") || their == Value::bulk("quicklist");
        assert!(our == their || may_differ, "{}: {our:?}, {their:?}", key.escape_ascii());
    }
    for name in ["small", "medium", "large"] {
        for line in
            ["XINFO GROUPS stream-{}", "XPENDING stream-{} readers", "XPENDING stream-{} readers - + 9 bert"]
        {
            let line = line.replace("{}", name);
            let (our, their) = (ours.call(&line), theirs.call(&line));
            // How long ago something was is not the same a moment later.
            if !line.ends_with("bert") {
                assert_eq!(our, their, "{line}");
            }
            assert_eq!(our.elements().len(), their.elements().len(), "{line}");
        }
    }
}

#[test]
fn what_is_dumped_is_restored() {
    let esker = esker(&[]);
    let mut client = esker.connect();
    fill(&mut client);
    for index in 0..1000 {
        client.call(&format!("HSET timed-large field{index} value{index}"));
        if index < 20 {
            client.call(&format!("HSET timed-small field{index} value{index}"));
        }
    }
    for name in ["timed-small", "timed-large"] {
        client.call(&format!("HPEXPIREAT {name} 4102444800123 FIELDS 3 field1 field2 field7"));
        client.call(&format!("HPEXPIREAT {name} 4102444800000 FIELDS 1 field4"));
    }
    let before = digest(&mut client);
    let payloads: Vec<(Vec<u8>, Value, i64)> = keys(&mut client)
        .into_iter()
        .map(|key| {
            let payload = client.call_with(&[b"DUMP", &key[..]]);
            let deadline_ms = client.call_with(&[b"PEXPIRETIME", &key[..]]).int();
            (key, payload, deadline_ms)
        })
        .collect();
    assert_eq!(client.call("FLUSHALL"), Value::ok());
    for (key, payload, deadline_ms) in &payloads {
        let deadline_ms = deadline_ms.max(&0).to_string();
        let payload = payload.bytes().unwrap();
        let request = [b"RESTORE", &key[..], deadline_ms.as_bytes(), payload, b"ABSTTL"];
        assert_eq!(client.call_with(&request), Value::ok(), "{}", key.escape_ascii());
        assert_eq!(client.call_with(&[&request[..], &[b"REPLACE"]].concat()), Value::ok());
    }
    assert_eq!(digest(&mut client), before);
    for name in ["timed-small", "timed-large"] {
        let deadlines = client.call(&format!("HPEXPIRETIME {name} FIELDS 4 field1 field4 field7 field9"));
        let deadlines: Vec<i64> = deadlines.elements().iter().map(Value::int).collect();
        assert_eq!(deadlines, [4_102_444_800_123, 4_102_444_800_000, 4_102_444_800_123, -1]);
    }
}

#[test]
fn restore_says_what_is_wrong_and_keeps_what_was_said_of_the_key() {
    let esker = esker(&["--maxmemory-policy", "allkeys-lfu"]);
    let mut client = esker.connect();
    client.call("SET key value");
    let payload = client.call("DUMP key").bytes().unwrap().to_vec();
    let mut restore = |line: &str, payload: &[u8]| {
        let words: Vec<&[u8]> =
            line.split(' ').map(|word| if word == "PAYLOAD" { payload } else { word.as_bytes() }).collect();
        client.call_with(&words)
    };
    for (line, error) in [
        ("RESTORE key 0 PAYLOAD", "BUSYKEY Target key name already exists."),
        ("RESTORE key x PAYLOAD", "BUSYKEY Target key name already exists."),
        ("RESTORE new x PAYLOAD", "ERR value is not an integer or out of range"),
        ("RESTORE new -1 PAYLOAD", "ERR Invalid TTL value, must be >= 0"),
        ("RESTORE new 0 PAYLOAD NOSUCH", "ERR syntax error"),
        ("RESTORE new 0 PAYLOAD IDLETIME", "ERR syntax error"),
        ("RESTORE new 0 PAYLOAD IDLETIME 1 FREQ 1", "ERR syntax error"),
        ("RESTORE new 0 PAYLOAD IDLETIME -1", "ERR Invalid IDLETIME value, must be >= 0"),
        ("RESTORE new 0 PAYLOAD FREQ 256", "ERR Invalid FREQ value, must be >= 0 and <= 255"),
        ("RESTORE new 0 nonsense", "ERR DUMP payload version or checksum are wrong"),
    ] {
        assert_eq!(restore(line, &payload).error(), error, "{line}");
    }
    let mut newer = payload.clone();
    let version_at = payload.len() - 10;
    newer[version_at] = 99;
    newer[version_at + 2..].fill(0);
    assert_eq!(
        restore("RESTORE new 0 PAYLOAD", &newer).error(),
        "ERR DUMP payload version or checksum are wrong"
    );
    let mut damaged = payload.clone();
    damaged[0] = 200;
    damaged[version_at + 2..].fill(0);
    assert_eq!(restore("RESTORE new 0 PAYLOAD", &damaged).error(), "ERR Bad data format");
    assert_eq!(restore("RESTORE gone 1 PAYLOAD ABSTTL", &payload), Value::ok());
    assert_eq!(restore("EXISTS gone", &payload), 0);
    assert_eq!(restore("RESTORE key 1 PAYLOAD ABSTTL REPLACE", &payload), Value::ok());
    assert_eq!(restore("EXISTS key", &payload), 0, "what it replaces goes too");
    assert_eq!(restore("RESTORE new 100000 PAYLOAD FREQ 77", &payload), Value::ok());
    assert_eq!(restore("OBJECT FREQ new", &payload), 77);
    assert!((1..=100_000).contains(&restore("PTTL new", &payload).int()));
    assert_eq!(restore("CONFIG SET maxmemory-policy allkeys-lru", &payload), Value::ok());
    assert_eq!(restore("RESTORE idle 0 PAYLOAD IDLETIME 1000", &payload), Value::ok());
    assert!((1000..1010).contains(&restore("OBJECT IDLETIME idle", &payload).int()));
}

/// Reads a file of redis-server and writes it again, as the room does.
fn rewrite(file: &Path, to: &Path, now_ms: u64, is_frequency: bool) {
    let mut reader = Reader::new(fs::File::open(file).unwrap()).unwrap();
    let mut writer = Writer::new(Vec::new(), Version::V10, true).unwrap();
    loop {
        match reader.next().unwrap() {
            Item::Aux(name, value) => writer.aux(std::str::from_utf8(&name).unwrap(), &value).unwrap(),
            Item::Database(index) => writer.database(index.try_into().unwrap()).unwrap(),
            Item::Sizes(keys, deadlines) => writer.sizes(keys, deadlines).unwrap(),
            Item::Function(text) => writer.function(&text).unwrap(),
            Item::ModuleAux(name) => panic!("there is no module {name}"),
            Item::Key(key) => {
                let entry = key.decode(&Limits::default()).unwrap();
                let access = key.access(now_ms);
                let usage = match is_frequency {
                    true => Usage::Frequency { now_ms, counting: COUNTING },
                    false => Usage::Idle { now_ms },
                };
                entry.as_ref().touch(access.expect("the policy needs it"));
                let mut record = Vec::new();
                encode_key(entry.as_ref(), Version::V10.into(), usage, &mut record);
                writer.record(&record).unwrap();
            }
            Item::End { is_checked } => {
                assert!(is_checked);
                break;
            }
        }
    }
    fs::write(to, writer.finish().unwrap()).unwrap();
}

#[test]
fn a_file_of_redis_is_read_and_what_is_written_is_read_by_redis() {
    for policy in ["allkeys-lru", "allkeys-lfu"] {
        let Some(first) = redis(&["--maxmemory-policy", policy]) else { return };
        let mut client = first.connect();
        fill(&mut client);
        let library = "#!lua name=lib\nredis.register_function('f', function() return 1 end)";
        assert!(!client.call_with(&["FUNCTION", "LOAD", library]).is_error());
        client.call("SELECT 3");
        fill(&mut client);
        let payload = client.call("DUMP integer-0");
        let usage: &[&[u8]] = match policy {
            "allkeys-lru" => &[b"IDLETIME", b"5000"],
            _ => &[b"FREQ", b"200"],
        };
        let request = [&[b"RESTORE", &b"used"[..], b"0", payload.bytes().unwrap()], usage].concat();
        assert_eq!(client.call_with(&request), Value::ok());
        assert_eq!(client.call("SAVE"), Value::ok());
        let before = digest(&mut client);

        let directory = temporary_directory();
        let now_ms = client.call("TIME").elements()[0].text().parse::<u64>().unwrap() * 1000;
        let file = directory.path().join("dump.rdb");
        rewrite(&first.directory().join("dump.rdb"), &file, now_ms, policy == "allkeys-lfu");
        let second = redis(&["--maxmemory-policy", policy, "--dir", directory.path().to_str().unwrap()]);
        let second = second.expect("there was one before");
        let mut again = second.connect();
        assert_eq!(digest(&mut again), before);
        again.call("SELECT 3");
        match policy {
            "allkeys-lru" => {
                let idle = again.call("OBJECT IDLETIME used").int();
                assert!((4990..5060).contains(&idle), "{idle}");
            }
            _ => assert!(again.call("OBJECT FREQ used").int() >= 199),
        }
        assert_eq!(again.call("PEXPIRETIME integer-7"), 4_102_444_800_123);
        assert_eq!(again.call("FCALL f 0"), 1);
        assert_eq!(again.call("XINFO GROUPS stream-large"), client.call("XINFO GROUPS stream-large"));

        let (status, text) = check(&file);
        assert_eq!(status, Some(0), "{text}");
        assert!(text.contains("RDB version 10") && text.contains("the checksum is right"), "{text}");
        assert!(text.contains("database 3:") && text.contains("can be loaded"), "{text}");
    }
}

/// What `esker check-rdb` says of a file, and with what status.
fn check(file: &Path) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_esker")).arg("check-rdb").arg(file).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn check_rdb_names_the_key_and_the_byte() {
    let directory = temporary_directory();
    let file = directory.path().join("dump.rdb");
    let list = [&[18, 6][..], b"broken", &[1, 2, 13, 13, 0, 0, 0, 1, 0, 0x84]].concat();
    let whole = |rest: &[u8]| [b"REDIS0010\xfe\x02", &list[..], rest, &[255], &[0; 8]].concat();
    fs::write(&file, whole(b"item\x05\xff")).unwrap();
    let (status, text) = check(&file);
    assert_eq!(status, Some(0), "{text}");
    fs::write(&file, whole(b"item\x06\xff")).unwrap();
    let (status, text) = check(&file);
    assert_eq!(status, Some(1), "the length behind the element is one too many: {text}");
    assert!(text.contains("the key \"broken\" (quicklist-v2) of database 2"), "{text}");
    assert!(text.contains("damaged at byte 33"), "{text}");
    fs::write(&file, &whole(b"item\x05\xff")[..30]).unwrap();
    let (status, text) = check(&file);
    assert_eq!(status, Some(1));
    assert!(text.contains("while reading the key \"broken\" of database 2"), "{text}");
    assert!(text.contains("damaged at byte 30: the data ends early"), "{text}");
    fs::write(&file, b"nonsense, and enough of it").unwrap();
    assert!(check(&file).1.contains("this is no RDB file"));
    assert_eq!(check(&directory.path().join("nosuch")).0, Some(2));
}
