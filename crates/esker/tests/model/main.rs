//! The engine on disk against the one in memory: the same random commands go to two keyspaces, and every reply, and
//! from time to time all data, must be the same.
//!
//! One keyspace is in memory. Of the other most databases are on disk, with a cache too small to hold anything, and
//! its store is compacted, closed and opened again between commands, the latter also behind the keyspace's back. The
//! limits of the packed forms are small, so that collections soon have their elements outside of their entry.
//!
//! The commands are those of the differential test (`../differential/commands.txt`), whose judge knows what may
//! differ, and those of newer versions (`commands.txt`). Environment:
//!
//! - `ESKER_TEST_SECONDS`: how long to go on (default 4)
//! - `ESKER_TEST_SEED`: where to begin; a failure prints the seed that repeats it

#[path = "../differential/arguments.rs"]
#[allow(dead_code, reason = "shared with the differential test, which uses all of it")]
mod arguments;
#[path = "../differential/equivalence.rs"]
#[allow(dead_code, reason = "shared with the differential test, which uses all of it")]
mod equivalence;
mod fixture;
mod flips;
#[path = "../differential/grammar.rs"]
#[allow(dead_code, reason = "shared with the differential test, which uses all of it")]
mod grammar;
#[path = "../harness/mod.rs"]
mod harness;
mod keyspaces;
mod renewal;
mod snapshots;

use std::time::{Duration, Instant};

use grammar::{Bytes, Family};
use harness::Rng;
use keyspaces::Pair;

const GRAMMAR: &str = include_str!("../differential/commands.txt");
/// What the redis-server of the differential test does not know.
const NEWER: &str = include_str!("commands.txt");

/// What works on the keyspace alone.
const FAMILIES: &[&str] = &[
    "hash_deadlines",
    "generic",
    "sort",
    "string",
    "bitmap",
    "hyperloglog",
    "hash",
    "list",
    "set",
    "zset",
    "geo",
    "seldom",
];

/// Commands whose replies tell of how an engine keeps things: cursors, and what a use of a key has left.
const NOT_COMPARABLE: &[&str] = &["SCAN", "HSCAN", "SSCAN", "ZSCAN", "PFDEBUG"];

const STEPS: usize = 600;

fn number_from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

#[test]
fn both_engines_give_the_same_replies() {
    let families = families();
    let seconds = number_from_environment("ESKER_TEST_SECONDS").unwrap_or(4);
    let first = number_from_environment("ESKER_TEST_SEED").unwrap_or(1);
    let end = Instant::now() + Duration::from_secs(seconds);
    for seed in first.. {
        println!("ESKER_TEST_SEED={seed}");
        play(seed, &families);
        if Instant::now() >= end {
            break;
        }
    }
}

/// The commands that work on the keyspace alone.
pub fn families() -> Vec<Family> {
    let mut families = grammar::parse(NEWER);
    families.extend(grammar::parse(GRAMMAR));
    families.retain(|family| FAMILIES.contains(&family.name.as_str()));
    for family in &mut families {
        family.lines.retain(|line| !NOT_COMPARABLE.contains(&line.command.as_str()));
    }
    families
}

/// One history from its beginning, the same for the same seed.
fn play(seed: u64, families: &[Family]) {
    let mut rng = Rng::new(seed);
    let mut pair = Pair::new(seed);
    let favourites = [rng.below(families.len()), rng.below(families.len())];
    let command = |rng: &mut Rng| {
        let family = match rng.below(100) {
            0..50 => &families[favourites[rng.below(2)]],
            50 => families.last().expect("the seldom ones"),
            _ => &families[rng.below(families.len() - 1)],
        };
        draw(family, rng)
    };
    for _ in 0..STEPS {
        match rng.below(400) {
            0..12 => pair.select(&mut rng),
            12..24 => pair.pass_time(&mut rng),
            24..27 => pair.compact(),
            27..28 => pair.reopen(),
            28..29 => pair.renew(),
            29..33 => pair.compare_all(),
            33..50 => {
                let commands: Vec<Vec<Bytes>> = (0..1 + rng.below(6)).map(|_| command(&mut rng)).collect();
                pair.transact(&commands);
            }
            50..60 => pair.run(&large(&mut rng)),
            _ => pair.run(&command(&mut rng)),
        }
    }
    pair.compare_all();
    pair.reopen();
    pair.compare_all();
}

/// A command of the family, by weight.
pub fn draw(family: &Family, rng: &mut Rng) -> Vec<Bytes> {
    let total = family.lines.iter().map(|line| line.weight).sum();
    let mut chosen = rng.below(total);
    for line in &family.lines {
        match chosen.checked_sub(line.weight) {
            Some(rest) => chosen = rest,
            None => return line.expand(rng),
        }
    }
    unreachable!("the weights add up")
}

/// Something that makes or thins out a large collection.
pub fn large(rng: &mut Rng) -> Vec<Bytes> {
    let number = rng.below(3);
    let (name, pool, is_pair) = *rng.pick(&[
        ("SADD", "set", false),
        ("HSET", "hash", true),
        ("ZADD", "zset", true),
        ("RPUSH", "list", false),
    ]);
    let mut command = vec![name.as_bytes().to_vec(), format!("{pool}:{number}").into_bytes()];
    let begin = rng.below(300);
    for element in begin..begin + 1 + rng.below(200) {
        if is_pair {
            command.push((element % 17).to_string().into_bytes());
        }
        command.push(element.to_string().into_bytes());
    }
    command
}
