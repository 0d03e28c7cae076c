//! Lists, sets and hashes in their forms: nanoseconds for each operation, the best of some rounds, and the bytes
//! that elements take.
//!
//! `cargo bench -p values --bench forms [-- WORDS OF THE NAME…]`
#![allow(missing_docs)] // a program

use std::hint::black_box;
use std::time::{Duration, Instant};

use base::random::Random;
use values::entry::Entry;
use values::hash::{self, HashMut, HashRef};
use values::limits::Limits;
use values::list::{self, End, ListMut, ListRef};
use values::set::{self, SetMut, SetRef};

const ROUNDS: usize = 15;
const KEY: &[u8] = b"key:000000000001";

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let bench = Bench { words };
    lists(&bench);
    sets(&bench);
    hashes(&bench);
}

struct Bench {
    words: Vec<String>,
}

impl Bench {
    /// Times `operations` operations, which `run` does on what `prepare` makes anew for each round.
    fn time<T>(&self, name: &str, operations: usize, prepare: impl Fn() -> T, run: impl Fn(&mut T)) {
        if !self.words.iter().all(|word| name.contains(word.as_str())) {
            return;
        }
        let mut best = Duration::MAX;
        for _ in 0..ROUNDS {
            let mut subject = prepare();
            let start = Instant::now();
            run(&mut subject);
            best = best.min(start.elapsed());
            black_box(&subject);
        }
        println!("{name:<48} {:>8.1} ns", best.as_nanos() as f64 / operations as f64);
    }

    /// Says how much memory what `prepare` makes takes for each of `elements`.
    fn weigh(&self, name: &str, elements: usize, prepare: impl Fn() -> Entry) {
        if self.words.iter().all(|word| name.contains(word.as_str())) {
            let bytes = prepare().as_ref().memory_bytes();
            println!("{name:<48} {:>8.1} bytes", bytes as f64 / elements as f64);
        }
    }
}

fn lists(bench: &Bench) {
    const MANY: usize = 100_000;
    let limits = Limits::default();
    let element = [b'x'; 64];
    let list_of = |count: usize, element: &[u8]| {
        let mut entry = list::empty(KEY);
        (0..count).for_each(|_| ListMut::of(&mut entry, &limits).push_back(element));
        entry
    };
    for (end, name) in [(End::Front, "front"), (End::Back, "back")] {
        bench.time(
            &format!("list: push {name}, {MANY} of 64 bytes"),
            MANY,
            || list::empty(KEY),
            |entry| {
                (0..MANY).for_each(|_| {
                    ListMut::of(entry, &limits).push(end, [&element]);
                });
            },
        );
        bench.time(
            &format!("list: pop {name}, {MANY} of 64 bytes"),
            MANY,
            || list_of(MANY, &element),
            |entry| while ListMut::of(entry, &limits).pop(end, |element| black_box(element)[0]).is_some() {},
        );
        bench.time(
            &format!("list: push and pop {name}, packed 5 of 4 bytes"),
            1000,
            || list_of(5, b"abcd"),
            |entry| {
                for _ in 0..1000 {
                    ListMut::of(entry, &limits).push(end, [b"abcd"]);
                    ListMut::of(entry, &limits).pop(end, |element| black_box(element)[0]);
                }
            },
        );
        for count in [50, 10_000] {
            bench.time(
                &format!("list: push {name} and pop the other, {count} of 64"),
                10_000,
                || list_of(count, &element),
                |entry| {
                    let other = if end == End::Front { End::Back } else { End::Front };
                    for _ in 0..10_000 {
                        ListMut::of(entry, &limits).push(end, [&element]);
                        ListMut::of(entry, &limits).pop(other, |element| black_box(element)[0]);
                    }
                },
            );
        }
    }
    for count in [100, 600] {
        let name = format!("list: range of {count}, for each element");
        let walk = |entry: &mut Entry| {
            for _ in 0..100 {
                ListRef::of(entry.as_ref()).range(10, count).for_each(|element| {
                    black_box(element);
                });
            }
        };
        bench.time(&name, 100 * count, || list_of(1000, &element), walk);
    }
    bench.time(
        "list: get in the middle of 100000",
        1000,
        || list_of(MANY, &element),
        |entry| (0..1000).for_each(|_| _ = black_box(ListRef::of(entry.as_ref()).get(MANY as i64 / 2))),
    );
    bench.weigh("list: memory of 5 of 4 bytes, for the list", 1, || list_of(5, b"abcd"));
    bench.weigh("list: memory of 100000 of 64 bytes", MANY, || list_of(MANY, &element));
    bench.weigh("list: memory of 100000 of 8 digits", MANY, || list_of(MANY, b"12345678"));
}

/// Members of 16 bytes, in an order of their own.
fn shuffled(count: usize) -> Vec<String> {
    let mut names: Vec<String> = (0..count).map(|number| format!("element:{number:08}")).collect();
    let mut random = Random::from_seed(1);
    for at in (1..count).rev() {
        names.swap(at, (random.next_u64() % (at as u64 + 1)) as usize);
    }
    names
}

fn sets(bench: &Bench) {
    let limits = Limits::default();
    let set_of = |members: &[String]| {
        let mut entry = set::empty(KEY);
        for member in members {
            SetMut::of(&mut entry, &limits).insert(member.as_bytes());
        }
        entry
    };
    let integers = |count: usize| (0..count).map(|number| (number * 60).to_string()).collect::<Vec<_>>();
    let cases = [
        ("10 integers", integers(10)),
        ("512 integers", integers(512)),
        ("10 packed", shuffled(10)),
        ("128 packed", shuffled(128)),
        ("100000 indexed", shuffled(100_000)),
    ];
    for (name, members) in cases {
        let count = members.len();
        let insert_all = |entry: &mut Entry| {
            for member in &members {
                SetMut::of(entry, &limits).insert(member.as_bytes());
            }
        };
        bench.time(&format!("set: insert, {name}"), count, || set::empty(KEY), insert_all);
        bench.time(
            &format!("set: contains, {name}"),
            count,
            || set_of(&members),
            |entry| {
                for member in &members {
                    assert!(SetRef::of(entry.as_ref()).contains(member.as_bytes()));
                }
            },
        );
        bench.time(
            &format!("set: pop random, {name}"),
            count,
            || (set_of(&members), Random::from_seed(3)),
            |(entry, random)| {
                while SetMut::of(entry, &limits).pop_random(&mut || random.next_u64()).is_some() {}
            },
        );
        bench.time(
            &format!("set: walk, {name}"),
            count,
            || set_of(&members),
            |entry| {
                SetRef::of(entry.as_ref()).iter().for_each(|member| _ = black_box(member.len()));
            },
        );
        bench.weigh(&format!("set: memory, {name}"), count, || set_of(&members));
    }
}

fn hashes(bench: &Bench) {
    let limits = Limits::default();
    let hash_of = |fields: &[String], value: &[u8]| {
        let mut entry = hash::empty(KEY);
        for field in fields {
            HashMut::of(&mut entry, &limits).set(field.as_bytes(), value);
        }
        entry
    };
    for count in [10, 100, 512, 100_000] {
        let fields = shuffled(count);
        let (value, other) = ([b'v'; 14], [b'w'; 14]);
        bench.time(
            &format!("hash: get, {count} fields"),
            count,
            || hash_of(&fields, &value),
            |entry| {
                for field in &fields {
                    black_box(HashRef::of(entry.as_ref()).get(field.as_bytes()));
                }
            },
        );
        let set_all = |entry: &mut Entry| {
            for field in &fields {
                HashMut::of(entry, &limits).set(field.as_bytes(), &other);
            }
        };
        bench.time(&format!("hash: set new, {count} fields"), count, || hash::empty(KEY), set_all);
        bench.time(&format!("hash: set again, {count} fields"), count, || hash_of(&fields, &value), set_all);
        bench.time(
            &format!("hash: walk, {count} fields"),
            count,
            || hash_of(&fields, &value),
            |entry| {
                let pairs = HashRef::of(entry.as_ref()).iter();
                pairs.for_each(|pair| {
                    black_box(pair);
                });
            },
        );
        bench.weigh(&format!("hash: memory, {count} fields"), count, || hash_of(&fields, &value));
    }
}
