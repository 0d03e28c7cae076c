//! A server with databases on disk is killed at random moments under load, again and again: every write that was
//! acknowledged is there, and every command and transaction is there as a whole or not at all.
//!
//! Each client has a database to itself and a model of it. When the server is killed, the command that the client
//! waited for may have been done or not; everything before was acknowledged. `ESKER_TEST_ROUNDS` says how often each
//! server is killed (default 4).

mod harness;

use std::collections::{BTreeMap, VecDeque};
use std::thread;
use std::time::Duration;

use harness::{Client, Rng, Server, Spec, Value, temporary_directory};

const CLIENTS: usize = 4;
const KEYS: usize = 5;

#[derive(Clone, Debug, PartialEq)]
enum Held {
    Text(String),
    Hash(BTreeMap<String, String>),
    List(VecDeque<String>),
    Sorted(BTreeMap<String, i64>),
}

type Database = BTreeMap<String, Held>;

/// One command, or one transaction, and what it does to the model.
#[derive(Clone, Debug)]
enum Step {
    Set(String, String),
    /// Both or none: they are in different slots.
    SetPair(String),
    HashSet(String, usize, usize),
    Push(String, usize),
    Pop(String),
    Add(String, usize, usize),
    PopLowest(String),
    Delete(String),
    Rename(String, String),
    Flush,
}

impl Step {
    fn random(rng: &mut Rng, number: usize) -> Step {
        let key = |kind: &str, rng: &mut Rng| format!("{kind}:{}", rng.below(KEYS));
        match rng.below(100) {
            0..20 => Step::Set(key("text", rng), format!("value:{number}")),
            20..35 => Step::SetPair(number.to_string()),
            35..50 => Step::HashSet(key("hash", rng), number, 1 + rng.below(40)),
            50..62 => Step::Push(key("list", rng), 1 + rng.below(40)),
            62..70 => Step::Pop(key("list", rng)),
            70..82 => Step::Add(key("sorted", rng), number, 1 + rng.below(40)),
            82..88 => Step::PopLowest(key("sorted", rng)),
            88..92 => {
                let kind = *rng.pick(&["text", "hash", "list", "sorted"]);
                Step::Delete(key(kind, rng))
            }
            92..99 => {
                let kind = *rng.pick(&["text", "hash", "list", "sorted"]);
                Step::Rename(key(kind, rng), key(kind, rng))
            }
            _ => Step::Flush,
        }
    }

    fn requests(&self) -> Vec<String> {
        let many = |head: String, words: &mut dyn Iterator<Item = String>| {
            words.fold(head, |line, word| line + " " + &word)
        };
        match self {
            Step::Set(key, value) => vec![format!("SET {key} {value}")],
            Step::SetPair(value) => {
                let sets = ["MULTI".into(), format!("SET pair:a {value}"), format!("SET pair:b {value}")];
                sets.into_iter().chain(["EXEC".into()]).collect()
            }
            Step::HashSet(key, number, count) => {
                let mut fields =
                    (0..*count).map(|field| format!("field:{} {number}", (number + field) % 100));
                vec![many(format!("HSET {key}"), &mut fields)]
            }
            Step::Push(key, count) => {
                vec![many(
                    format!("RPUSH {key}"),
                    &mut (0..*count).map(|element| format!("element:{element}")),
                )]
            }
            Step::Pop(key) => vec![format!("LPOP {key}")],
            Step::Add(key, number, count) => {
                let mut members = (0..*count).map(|member| {
                    let member = (number + member) % 100;
                    format!("{} member:{member}", (number * 7 + member) % 50)
                });
                vec![many(format!("ZADD {key}"), &mut members)]
            }
            Step::PopLowest(key) => vec![format!("ZPOPMIN {key}")],
            Step::Delete(key) => vec![format!("DEL {key}")],
            Step::Rename(from, to) => vec![format!("RENAME {from} {to}")],
            Step::Flush => vec!["FLUSHDB".into()],
        }
    }

    fn apply(&self, database: &mut Database) {
        match self {
            Step::Set(key, value) => drop(database.insert(key.clone(), Held::Text(value.clone()))),
            Step::SetPair(value) => {
                for key in ["pair:a", "pair:b"] {
                    database.insert(key.into(), Held::Text(value.clone()));
                }
            }
            Step::HashSet(key, number, count) => {
                let hash = database.entry(key.clone()).or_insert_with(|| Held::Hash(BTreeMap::new()));
                let Held::Hash(hash) = hash else { panic!("{key} is a hash") };
                for field in 0..*count {
                    hash.insert(format!("field:{}", (number + field) % 100), number.to_string());
                }
            }
            Step::Push(key, count) => {
                let list = database.entry(key.clone()).or_insert_with(|| Held::List(VecDeque::new()));
                let Held::List(list) = list else { panic!("{key} is a list") };
                list.extend((0..*count).map(|element| format!("element:{element}")));
            }
            Step::Pop(key) => {
                if let Some(Held::List(list)) = database.get_mut(key) {
                    list.pop_front();
                    if list.is_empty() {
                        database.remove(key);
                    }
                }
            }
            Step::Add(key, number, count) => {
                let sorted = database.entry(key.clone()).or_insert_with(|| Held::Sorted(BTreeMap::new()));
                let Held::Sorted(sorted) = sorted else { panic!("{key} is a sorted set") };
                for member in 0..*count {
                    let member = (number + member) % 100;
                    sorted.insert(format!("member:{member}"), ((number * 7 + member) % 50) as i64);
                }
            }
            Step::PopLowest(key) => {
                if let Some(Held::Sorted(sorted)) = database.get_mut(key) {
                    let lowest = sorted.iter().min_by_key(|(member, score)| (**score, (*member).clone()));
                    if let Some(member) = lowest.map(|(member, _)| member.clone()) {
                        sorted.remove(&member);
                    }
                    if sorted.is_empty() {
                        database.remove(key);
                    }
                }
            }
            Step::Delete(key) => drop(database.remove(key)),
            Step::Rename(from, to) => {
                if let Some(held) = database.remove(from) {
                    database.insert(to.clone(), held);
                }
            }
            Step::Flush => database.clear(),
        }
    }
}

/// What the server has in the selected database; everything that counts must agree with what it counts.
fn read(client: &mut Client) -> Database {
    let mut database = Database::new();
    let names: Vec<String> = client.call("KEYS *").elements().iter().map(Value::text).collect();
    assert_eq!(client.call("DBSIZE").int(), names.len() as i64, "DBSIZE counts {names:?}");
    for name in names {
        let texts = |value: Value| -> Vec<String> { value.elements().iter().map(Value::text).collect() };
        let held = match client.call(&format!("TYPE {name}")).text().as_str() {
            "string" => Held::Text(client.call(&format!("GET {name}")).text()),
            "hash" => {
                let all = texts(client.call(&format!("HGETALL {name}")));
                assert_eq!(client.call(&format!("HLEN {name}")).int(), all.len() as i64 / 2);
                Held::Hash(all.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect())
            }
            "list" => {
                let all = texts(client.call(&format!("LRANGE {name} 0 -1")));
                assert_eq!(client.call(&format!("LLEN {name}")).int(), all.len() as i64);
                Held::List(all.into())
            }
            "zset" => {
                let all = texts(client.call(&format!("ZRANGE {name} 0 -1 WITHSCORES")));
                assert_eq!(client.call(&format!("ZCARD {name}")).int(), all.len() as i64 / 2);
                for (rank, pair) in all.chunks(2).enumerate() {
                    assert_eq!(client.call(&format!("ZRANK {name} {}", pair[0])), Value::Int(rank as i64));
                    assert_eq!(client.call(&format!("ZSCORE {name} {}", pair[0])).text(), pair[1]);
                }
                let score = |text: &String| text.parse().expect("a whole number");
                Held::Sorted(all.chunks(2).map(|pair| (pair[0].clone(), score(&pair[1]))).collect())
            }
            other => panic!("{name} is a {other}"),
        };
        database.insert(name, held);
    }
    database
}

/// Changes the database until the server is gone, and returns the step that was not acknowledged.
fn work(client: &mut Client, database: &mut Database, rng: &mut Rng, number: &mut usize) -> Option<Step> {
    loop {
        *number += 1;
        let step = Step::random(rng, *number);
        for request in step.requests() {
            let words: Vec<&str> = request.split(' ').collect();
            match client.try_call(&words) {
                Ok(reply) => {
                    let is_missing = matches!(step, Step::Rename(..)) && reply.is_error();
                    assert!(is_missing || !reply.is_error(), "{request}: {reply:?}");
                }
                Err(_) => return Some(step),
            }
        }
        step.apply(database);
    }
}

fn kill_again_and_again(policy: &str) {
    let rounds = std::env::var("ESKER_TEST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(4);
    let seed = Rng::fresh_seed();
    eprintln!("seed {seed}");
    let directory = temporary_directory();
    let start = || {
        Spec::under_test()
            .with(&["--engine", "disk", "--appendfsync", policy, "--disk-cache-size", "8mb"])
            .with(&["--hash-max-listpack-entries", "16", "--zset-max-listpack-entries", "16"])
            .with(&["--list-max-listpack-size", "16", "--databases", &CLIENTS.to_string()])
            .with(&["--dir", directory.path().to_str().expect("the path is text")])
            .start()
    };
    let mut databases = vec![Database::new(); CLIENTS];
    let mut numbers = vec![0; CLIENTS];
    let mut moments = Rng::new(seed);
    for round in 0..rounds {
        let mut server: Server = start();
        let unfinished: Vec<Option<Step>> = thread::scope(|scope| {
            let working: Vec<_> = databases
                .iter_mut()
                .zip(&mut numbers)
                .enumerate()
                .map(|(index, (database, number))| {
                    let mut client = server.connect();
                    client.call(&format!("SELECT {index}"));
                    let mut rng = Rng::new(seed ^ (round * CLIENTS + index) as u64 ^ 0x5eed);
                    scope.spawn(move || work(&mut client, database, &mut rng, number))
                })
                .collect();
            thread::sleep(Duration::from_millis(20 + moments.below(300) as u64));
            server.stop_by(rustix::process::Signal::KILL);
            working.into_iter().map(|client| client.join().expect("the client's checks hold")).collect()
        });
        let server = start();
        for (index, (database, step)) in databases.iter_mut().zip(unfinished).enumerate() {
            let mut client = server.connect();
            client.call(&format!("SELECT {index}"));
            let found = read(&mut client);
            if found == *database {
                continue;
            }
            let mut after = database.clone();
            if let Some(step) = &step {
                step.apply(&mut after);
            }
            assert_eq!(found, after, "database {index} in round {round}, with or without {step:?}");
            *database = found;
        }
    }
}

#[test]
fn nothing_acknowledged_is_lost_with_always() {
    kill_again_and_again("always");
}

#[test]
fn nothing_acknowledged_is_lost_with_everysec() {
    kill_again_and_again("everysec");
}

#[test]
fn nothing_acknowledged_is_lost_with_no() {
    kill_again_and_again("no");
}
