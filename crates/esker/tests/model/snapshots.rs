//! A snapshot gives out what there was at its instant, whatever is done while it is given out.
//!
//! Threads run random commands on all databases, single ones and transactions, and remove what has expired. They are held
//! up for a moment, in which everything is read and a snapshot begun; then they go on while the snapshot is given out, and
//! that must be what was read.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use commands::Access;
use keyspace::engine::Engine;
use keyspace::{CannotBegin, Encode, Keyspace, Needs, Snapshot};
use memory::Memory;
use values::entry::{EntryRef, Kind};
use values::hash::HashRef;
use values::list::ListRef;
use values::set::SetRef;
use values::stream::{Span, StreamRef};
use values::string::StringRef;
use values::zset::ZSetRef;

use crate::grammar::Bytes;
use crate::harness::{Rng, temporary_directory};
use crate::keyspaces::{ON_DISK, context, execute, execute_within, is_to_be_sent, open};

/// A key's deadline, and its elements in an order that is the same for the same value, each with its deadline.
#[derive(Clone, Debug, PartialEq)]
struct Described {
    deadline_ms: Option<u64>,
    kind: &'static str,
    elements: Vec<(Vec<u8>, Option<u64>)>,
}

type Contents = BTreeMap<(u16, Bytes), Described>;

const NOW_MS: u64 = 1_700_000_000_000;

fn describe(entry: EntryRef<'_>) -> Described {
    let mut elements: Vec<(Vec<u8>, Option<u64>)> = Vec::new();
    let pair = |one: &[u8], other: &[u8]| [one, b"\0=\0", other].concat();
    match entry.kind() {
        Kind::String => elements.push((StringRef::of(entry).to_vec(), None)),
        Kind::List => {
            elements.extend(ListRef::of(entry).iter().map(|element| (element.to_vec(), None)));
        }
        Kind::Set => elements.extend(SetRef::of(entry).iter().map(|member| (member.to_vec(), None))),
        Kind::Hash => {
            let hash = HashRef::of(entry);
            elements.extend(
                hash.iter().map(|(field, value)| (pair(field, value), hash.deadline_ms(field).flatten())),
            );
        }
        Kind::ZSet => elements.extend(
            ZSetRef::of(entry)
                .iter()
                .map(|(member, score)| (pair(member, &score.to_bits().to_be_bytes()), None)),
        ),
        Kind::Stream => StreamRef::of(entry).visit(Span::ALL, &mut |item| {
            elements.push((item.id.to_bytes().to_vec(), None));
            true
        }),
    }
    if entry.kind() != Kind::List {
        elements.sort();
    }
    Described { deadline_ms: entry.deadline_ms(), kind: entry.kind().name(), elements }
}

/// What was encoded, by name; the records are numbers of places in it.
type Descriptions = Arc<Mutex<Vec<(Bytes, Described)>>>;

fn encoder() -> (Encode, Descriptions) {
    let descriptions = Descriptions::default();
    let all = Arc::clone(&descriptions);
    let encode: Encode = Box::new(move |entry, out| {
        let mut all = all.lock().expect("nobody has panicked");
        out.extend_from_slice(&(all.len() as u64).to_le_bytes());
        all.push((entry.key().to_vec(), describe(entry)));
        // So that what is handed over is as long as a value is large.
        let content: usize = all.last().map_or(0, |(_, described)| described.elements.len());
        out.extend_from_slice(&(content as u64 * 8).to_le_bytes());
        out.resize(out.len() + content * 8, 0);
    });
    (encode, descriptions)
}

/// Everything that the snapshot gives out; `between` is called after each part.
fn give_out(snapshot: &mut Snapshot<'_>, descriptions: &Descriptions, mut between: impl FnMut()) -> Contents {
    let mut contents = Contents::new();
    let mut out = Vec::new();
    while let Some(part) = snapshot.next(&mut out).expect("the engines work") {
        let mut rest = &out[..];
        for _ in 0..part.keys {
            let (number, after) = rest.split_first_chunk().expect("a record");
            let (padding, after) = after.split_first_chunk().expect("a record");
            rest = &after[u64::from_le_bytes(*padding) as usize..];
            let all = descriptions.lock().expect("nobody has panicked");
            let (name, described) = all[u64::from_le_bytes(*number) as usize].clone();
            let before = contents.insert((part.database, name), described);
            assert!(before.is_none(), "a key was given out twice: {before:?}");
        }
        assert!(rest.is_empty(), "a part has so many records as it says");
        between();
    }
    contents
}

/// All that there is.
fn read_all(keyspace: &Keyspace) -> Contents {
    let mut contents = Contents::new();
    for database in 0..keyspace.databases() {
        let view = keyspace.read(&Needs::Some([].into_iter().collect()), context(database, 0, 0));
        view.scan_all(&mut |entry| {
            contents.insert((database, entry.key().to_vec()), describe(entry));
        });
        view.finish().expect("the engines work");
    }
    contents
}

/// What is left of it at this time.
fn at(contents: Contents, now_ms: u64) -> Contents {
    let is_due = |deadline_ms: &Option<u64>| deadline_ms.is_some_and(|deadline_ms| deadline_ms <= now_ms);
    let left = contents.into_iter().filter_map(|(name, mut described)| {
        let had_some = !described.elements.is_empty();
        described.elements.retain(|(_, deadline_ms)| !is_due(deadline_ms));
        let is_gone = is_due(&described.deadline_ms) || had_some && described.elements.is_empty();
        (!is_gone).then_some((name, described))
    });
    left.collect()
}

#[track_caller]
fn assert_same(found: Contents, expected: Contents, seed: u64) {
    for (name, described) in &expected {
        let there = found.get(name);
        assert_eq!(there, Some(described), "ESKER_TEST_SEED={seed}: {name:?}");
    }
    let extra: Vec<_> = found.keys().filter(|name| !expected.contains_key(*name)).collect();
    assert!(extra.is_empty(), "ESKER_TEST_SEED={seed}: {extra:?} came later");
}

/// A random command on any database: of the grammar, or one that does something to whole databases.
fn command(rng: &mut Rng, families: &[crate::grammar::Family], databases: u16) -> (u16, Vec<Bytes>) {
    let database = rng.below(usize::from(databases)) as u16;
    let line = |words: &[&str]| words.iter().map(|word| word.as_bytes().to_vec()).collect();
    let number = |rng: &mut Rng| rng.below(400).to_string();
    let command = match rng.below(1000) {
        0..3 => line(&["FLUSHDB"]),
        3..4 => line(&["FLUSHALL"]),
        4..9 => {
            let (one, other) = *rng.pick(&[("0", "1"), ("2", "4"), ("1", "3"), ("0", "5")]);
            line(&["SWAPDB", one, other])
        }
        9..100 => crate::large(rng),
        100..300 => line(&["SET", &format!("{{tag}}{}", number(rng)), &"v".repeat(rng.below(4000))]),
        300..400 => {
            line(&["SET", &number(rng), &number(rng), "PXAT", &format!("17000000{:05}", rng.below(90_000))])
        }
        400..450 => line(&["RENAME", &number(rng), &number(rng)]),
        450..500 => line(&["DEL", &number(rng), &number(rng)]),
        500..550 => line(&["APPEND", &number(rng), &"long".repeat(rng.below(300))]),
        550..600 => line(&["XADD", &format!("stream:{}", rng.below(9)), "*", "field", "value"]),
        600..620 => line(&["MOVE", &number(rng), &rng.below(usize::from(databases)).to_string()]),
        _ => crate::draw(&families[rng.below(families.len() - 1)], rng),
    };
    (database, command)
}

/// One history: see the module.
fn play(keyspace: &Keyspace, seed: u64) {
    let families = crate::families();
    let gate = RwLock::new(());
    let (is_over, now_ms) = (AtomicBool::new(false), AtomicU64::new(NOW_MS));
    let databases = keyspace.databases();
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let (gate, is_over, now_ms, families) = (&gate, &is_over, &now_ms, &families);
            scope.spawn(move || {
                let mut rng = Rng::new(seed * 10 + thread);
                while !is_over.load(Ordering::Relaxed) {
                    let _open = gate.read().expect("nobody has panicked");
                    let now_ms = now_ms.fetch_add(1, Ordering::Relaxed);
                    let context = |database| context(database, now_ms, now_ms);
                    match rng.below(30) {
                        0 => drop(keyspace.expire(rng.below(usize::from(databases)) as u16, now_ms)),
                        1 => {
                            let mut txn = keyspace.write(&Needs::All, context(0));
                            for _ in 0..rng.below(8) {
                                let (database, command) = command(&mut rng, families, databases);
                                if is_to_be_sent(&command) {
                                    txn.set_context(context(database));
                                    execute_within(&command, &mut txn);
                                }
                            }
                            txn.commit().expect("the engines work");
                        }
                        _ => {
                            let (database, command) = command(&mut rng, families, databases);
                            if is_to_be_sent(&command) {
                                execute(&command, Access::Own(keyspace, &context(database)));
                            }
                        }
                    }
                }
            });
        }
        let mut rng = Rng::new(seed);
        let _end = EndOf(&is_over);
        for _ in 0..4 {
            std::thread::sleep(std::time::Duration::from_millis(60));
            let (encode, descriptions) = encoder();
            let closed = gate.write().expect("nobody has panicked");
            let expected = read_all(keyspace);
            let (mut snapshot, ()) = keyspace.begin_snapshot(encode, || ()).expect("there is no other");
            drop(closed);
            let sizes: usize = snapshot.sizes().iter().map(|size| size.keys).sum();
            assert_eq!(sizes, expected.len());
            let found = give_out(&mut snapshot, &descriptions, || {
                if rng.chance(10) {
                    std::thread::sleep(std::time::Duration::from_millis(3));
                }
            });
            drop(snapshot);
            let end_ms = now_ms.load(Ordering::Relaxed);
            assert_same(at(found, end_ms), at(expected, end_ms), seed);
        }
    });
}

/// Has the threads end, also when an assertion fails.
struct EndOf<'a>(&'a AtomicBool);

impl Drop for EndOf<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn in_memory() -> Keyspace {
    let engines: Vec<Arc<dyn Engine>> = ON_DISK.iter().map(|_| Arc::new(Memory) as _).collect();
    Keyspace::new(engines, None).0
}

#[test]
fn what_is_given_out_is_what_there_was() {
    let first = crate::number_from_environment("ESKER_TEST_SEED").unwrap_or(1);
    let seconds = crate::number_from_environment("ESKER_TEST_SECONDS").unwrap_or(4);
    let end = std::time::Instant::now() + std::time::Duration::from_secs(seconds);
    for seed in first.. {
        play(&in_memory(), seed);
        let directory = temporary_directory();
        let (keyspace, disk) = open(&directory);
        play(&keyspace, seed);
        drop(keyspace);
        keyspace::engine::Store::flush(&*disk).expect("the disk works");
        disk.close().expect("the disk works");
        if std::time::Instant::now() >= end {
            break;
        }
    }
}

#[test]
fn two_keys_that_change_together_are_given_out_together() {
    let keyspace = in_memory();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let mut txn = keyspace.write(&Needs::All, context(0, 0, NOW_MS));
                    for name in ["one", "other"] {
                        execute_within(&[b"INCR".to_vec(), name.as_bytes().to_vec()], &mut txn);
                    }
                    txn.commit().expect("memory does not fail");
                }
            });
        }
        let _end = EndOf(&is_over);
        for _ in 0..20 {
            let (encode, descriptions) = encoder();
            let (mut snapshot, ()) = keyspace.begin_snapshot(encode, || ()).expect("there is no other");
            let found = give_out(&mut snapshot, &descriptions, || ());
            assert_eq!(found.get(&(0, b"one".to_vec())), found.get(&(0, b"other".to_vec())));
        }
    });
}

#[test]
fn there_is_one_at_a_time_and_it_can_be_given_up() {
    let keyspace = in_memory();
    for number in 0..1000 {
        let command = [b"SET".to_vec(), number.to_string().into_bytes(), b"x".to_vec()];
        execute(&command, Access::Own(&keyspace, &context(0, 0, NOW_MS)));
    }
    let (snapshot, moment) = keyspace.begin_snapshot(encoder().0, || 42).expect("there is no other");
    assert_eq!(moment, 42);
    assert!(matches!(keyspace.begin_snapshot(encoder().0, || ()), Err(CannotBegin::Runs)));
    // Its shards are kept for the snapshot, and go with it.
    execute(&[b"FLUSHALL".to_vec()], Access::Own(&keyspace, &context(0, 0, NOW_MS)));
    drop(snapshot);
    let (encode, descriptions) = encoder();
    let (mut snapshot, ()) = keyspace.begin_snapshot(encode, || ()).expect("there is no other");
    assert_eq!(snapshot.sizes(), []);
    assert_eq!(give_out(&mut snapshot, &descriptions, || ()), Contents::new());
}

#[test]
fn who_changes_too_much_waits_for_the_saver() {
    let keyspace = in_memory();
    let value = vec![b'x'; 1 << 20];
    let rounds = 2 * keyspace::HANDED_OVER_BYTES_MAX / value.len();
    let set = |number: usize, value: &[u8]| {
        let command = [b"SET".to_vec(), number.to_string().into_bytes(), value.to_vec()];
        execute(&command, Access::Own(&keyspace, &context(0, 0, NOW_MS)));
    };
    (0..rounds).for_each(|number| set(number, &value));
    let encode: Encode = Box::new(|entry, out| out.extend_from_slice(&StringRef::of(entry).to_vec()));
    let (mut snapshot, ()) = keyspace.begin_snapshot(encode, || ()).expect("there is no other");
    let (done, mut before, mut keys) = (AtomicU64::new(0), 0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..rounds {
                set(number, b"small");
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
        loop {
            before = done.load(Ordering::Relaxed);
            std::thread::sleep(std::time::Duration::from_millis(500));
            if before > 0 && before == done.load(Ordering::Relaxed) {
                break;
            }
        }
        let mut out = Vec::new();
        while let Some(part) = snapshot.next(&mut out).expect("memory does not fail") {
            keys += part.keys;
        }
    });
    assert_eq!(keys, rounds);
    assert!((rounds as u64 / 2 - 1..rounds as u64 * 3 / 4).contains(&before), "{before} of {rounds}");
    assert_eq!(done.load(Ordering::Relaxed), rounds as u64);
}
