//! What random sequences over all commands have left is there again after a restart, from the append-only file or from a
//! snapshot: with Esker, and with a redis-server that reads the same file; and from a snapshot that a redis-server has saved.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::process::Signal;

use crate::generate::{Connection, Generator, Sequence};
use crate::grammar;
use crate::harness::{
    Client, Rng, Server, Spec, TemporaryDirectory, Value, eventually, pass_over, temporary_directory,
};
use crate::replay::DATABASES;
use crate::{GRAMMAR, number_from_environment, reference, shown};

const STREAM_READ: [&str; 2] = ["XREAD", "XREADGROUP"];

/// What is loaded again: commands, without a snapshot before them, or nothing but a snapshot.
const APPEND_ONLY_FILE: &[&str] = &["--appendonly", "yes", "--aof-use-rdb-preamble", "no"];
const SNAPSHOT: &[&str] = &["--appendonly", "no"];
const SNAPSHOT_NAME: &str = "dump.rdb";

/// A server that keeps what it has in `directory`.
fn start(spec: Spec, directory: &Path, keeping: &[&str]) -> Server {
    let dir = directory.to_str().expect("a path in UTF-8");
    let databases = DATABASES.to_string();
    let directives = ["--dir", dir, "--databases", &databases, "--enable-debug-command", "yes"];
    let server = spec.with(&directives).with(keeping).start();
    let mut client = server.connect();
    eventually("it has loaded", || client.call("PING") == *"PONG");
    server
}

/// Sends a sequence, whatever comes of it. What the server does by itself stays out of it.
fn send(server: &Server, sequence: &Sequence) {
    let mut clients = sequence.protocols.map(|protocol| match protocol {
        2 => server.connect(),
        _ => server.connect_resp3(),
    });
    for step in sequence.steps.iter().filter(|step| step.connection != Connection::Subscriber) {
        let name = String::from_utf8_lossy(&step.command[0]).to_ascii_uppercase();
        let is_blocking = STREAM_READ.contains(&name.as_str());
        let blocks = step.command.iter().any(|word| word.eq_ignore_ascii_case(b"block"));
        let concerns_replies = matches!(name.as_str(), "CLIENT" | "MONITOR" | "SUBSCRIBE" | "QUIT" | "RESET");
        if is_blocking && blocks || concerns_replies || name.contains("SUBSCRIBE") {
            continue;
        }
        let _ = clients[step.connection as usize].try_call(&step.command);
    }
}

/// Keys by database and name, each as text and with the moment when it expires, -1 for never.
type Dump = BTreeMap<(usize, String), (String, i64)>;

/// Everything that a server holds.
fn dump(server: &Server) -> Dump {
    let mut client = server.connect();
    let mut all = BTreeMap::new();
    for database in 0..DATABASES {
        client.call(&format!("SELECT {database}"));
        for key in bulks(client.call("KEYS *")) {
            let text = content(&mut client, &key);
            // It may have expired by now.
            if let Some(text) = text {
                all.insert((database, key.escape_ascii().to_string()), text);
            }
        }
    }
    all.extend(libraries(&mut client));
    all
}

/// The libraries of functions, which stand behind the last database and never expire.
fn libraries(client: &mut Client) -> Dump {
    let list = client.call("FUNCTION LIST WITHCODE");
    let libraries = list.elements().iter().map(|library| {
        let fields = library.elements();
        let field = |name: &str| {
            let place = fields.iter().position(|field| *field == *name).expect("a library has that");
            fields[place + 1].text()
        };
        ((DATABASES, field("library_name")), (field("library_code"), -1))
    });
    libraries.collect()
}

fn bulks(value: Value) -> Vec<Vec<u8>> {
    value.elements().iter().map(|item| item.bytes().unwrap_or_default().to_vec()).collect()
}

fn content(client: &mut Client, key: &[u8]) -> Option<(String, i64)> {
    let ask = |client: &mut Client, words: &[&[u8]]| client.try_call(words).expect("an answer");
    let sorted = |value: Value, size: usize| {
        let items = bulks(value);
        let mut groups: Vec<Vec<String>> = items
            .chunks(size)
            .map(|group| group.iter().map(|item| item.escape_ascii().to_string()).collect())
            .collect();
        groups.sort();
        format!("{groups:?}")
    };
    let kind = ask(client, &[b"TYPE", key]).text();
    let value = match kind.as_str() {
        "string" => format!("{:?}", ask(client, &[b"GET", key])),
        "list" => format!("{:?}", ask(client, &[b"LRANGE", key, b"0", b"-1"])),
        "set" => sorted(ask(client, &[b"SMEMBERS", key]), 1),
        "hash" => sorted(ask(client, &[b"HGETALL", key]), 2),
        "zset" => {
            // Redis has written some scores with more digits than they need, and others do not. The sign of a zero is only
            // kept while the set is no listpack, and which it is depends on limits that are not saved.
            let items = bulks(ask(client, &[b"ZRANGE", key, b"0", b"-1", b"WITHSCORES"]));
            let score = |text: &[u8]| String::from_utf8_lossy(text).parse::<f64>().expect("a score") + 0.0;
            let pairs = items.chunks(2).map(|pair| (pair[0].escape_ascii().to_string(), score(&pair[1])));
            format!("{:?}", pairs.collect::<Vec<_>>())
        }
        "stream" => {
            let entries = ask(client, &[b"XRANGE", key, b"-", b"+"]);
            let groups = ask(client, &[b"XINFO", b"GROUPS", key]);
            let mut text = format!("{entries:?}");
            for group in groups.elements() {
                // A count that has run over cannot be told by any command.
                let is_sound =
                    |value: &Value| !matches!(value, Value::Int(number) if number.unsigned_abs() > 1 << 62);
                let sound = group.elements().iter().filter(|value| is_sound(value));
                text.push_str(&format!(" {:?}", sound.collect::<Vec<_>>()));
                let name = group.elements()[1].bytes().unwrap_or_default();
                let pending = ask(client, &[b"XPENDING", key, name, b"-", b"+", b"1000"]);
                for entry in pending.elements() {
                    // All but for how long.
                    let entry = entry.elements();
                    text.push_str(&format!(" {:?} {:?} {:?}", entry[0], entry[1], entry[3]));
                }
            }
            text
        }
        _ => return None,
    };
    let deadline_ms = ask(client, &[b"PEXPIRETIME", key]).int();
    Some((format!("{kind}: {value}"), deadline_ms))
}

#[track_caller]
fn assert_same(seed: u64, sequence: &Sequence, before: &Dump, after: &Dump) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64;
    for key in before.keys().chain(after.keys()) {
        let (one, other) = (before.get(key), after.get(key));
        // One that has expired in between may be gone, or not yet.
        let has_expired = one.or(other).is_some_and(|(_, at_ms)| (0..=now).contains(at_ms));
        if one != other && !has_expired {
            let name = &key.1;
            let commands = sequence.steps.iter().map(|step| shown(&step.command));
            let about: Vec<String> = commands.filter(|line| line.contains(name)).collect();
            let about = about.join("\n  ");
            panic!("ESKER_DIFFERENTIAL_SEED={seed}: {key:?}\n before {one:?}\n after {other:?}\n  {about}");
        }
    }
}

/// Has `check` see one random sequence after the other, with its seed.
fn for_each_sequence(mut check: impl FnMut(u64, &Sequence)) {
    let seconds = number_from_environment("ESKER_DIFFERENTIAL_SECONDS").unwrap_or(5);
    let mut seed = number_from_environment("ESKER_DIFFERENTIAL_SEED").unwrap_or_else(Rng::fresh_seed);
    println!("ESKER_DIFFERENTIAL_SEED={seed}");
    let generator = Generator::new(grammar::parse(GRAMMAR));
    let unknown = reference().map(|reference| generator.unknown_to(&mut reference.start().connect()));
    let left_out = unknown.unwrap_or_default();
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut is_first = true;
    while is_first || Instant::now() < end {
        is_first = false;
        check(seed, &generator.sequence(seed, &left_out));
        seed += 1;
    }
}

#[test]
fn what_random_sequences_leave_survives_a_restart() {
    if !Spec::under_test().is_esker() || crate::harness::is_on_disk() {
        return pass_over("only databases in Esker's memory are in its append-only file");
    }
    for_each_sequence(|seed, sequence| {
        let directory = temporary_directory();
        let mut server = start(Spec::under_test(), directory.path(), APPEND_ONLY_FILE);
        send(&server, sequence);
        // What expires in between would be no difference of the file's.
        server.connect().call("DEBUG SET-ACTIVE-EXPIRE 0");
        let before = dump(&server);
        let exit = server.stop_by(Signal::KILL);
        let server = start(Spec::under_test(), directory.path(), APPEND_ONLY_FILE);
        assert!(!server.log().contains("append-only file fails"), "{seed}: {}\n{}", server.log(), exit.log);
        assert_same(seed, sequence, &before, &dump(&server));
        drop(server);
        if let Some(reference) = reference() {
            let server = start(reference, directory.path(), APPEND_ONLY_FILE);
            assert_same(seed, sequence, &before, &dump(&server));
        }
    });
}

/// Has a server do a sequence and save what is left, and returns that and the directory with the snapshot.
fn saved(spec: Spec, sequence: &Sequence) -> (Dump, TemporaryDirectory) {
    let directory = temporary_directory();
    let server = start(spec, directory.path(), SNAPSHOT);
    send(&server, sequence);
    let mut client = server.connect();
    client.call("DEBUG SET-ACTIVE-EXPIRE 0");
    let before = dump(&server);
    assert_eq!(client.call("SAVE"), *"OK");
    (before, directory)
}

/// What a server has that starts with the snapshot in `directory` and nothing else.
fn loaded(spec: Spec, directory: &TemporaryDirectory) -> Dump {
    let own = temporary_directory();
    fs::copy(directory.path().join(SNAPSHOT_NAME), own.path().join(SNAPSHOT_NAME))
        .expect("there is a snapshot");
    dump(&start(spec, own.path(), SNAPSHOT))
}

#[test]
fn what_random_sequences_leave_survives_a_restart_from_a_snapshot() {
    if !Spec::under_test().is_esker() {
        return pass_over("Redis is what is compared with");
    }
    // What the Redis of this test reads.
    let esker = || Spec::under_test().with(&["--rdb-version", "10"]);
    for_each_sequence(|seed, sequence| {
        let (before, directory) = saved(esker(), sequence);
        assert_same(seed, sequence, &before, &loaded(esker(), &directory));
        let Some(redis) = reference() else { return };
        assert_same(seed, sequence, &before, &loaded(redis.clone(), &directory));
        let (before, directory) = saved(redis, sequence);
        assert_same(seed, sequence, &before, &loaded(esker(), &directory));
    });
}
