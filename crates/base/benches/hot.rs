//! The functions that run for every key of every command: `cargo bench -p base`.

use std::hint::black_box;
use std::time::Instant;

use base::counter::Sharded;
use base::random::Random;
use base::{glob, hash, number, slot};

/// Rounds are shorter than a time slice, so that the best one was not disturbed by other programs.
const CALLS_PER_ROUND: u32 = 20_000;
const ROUNDS: u32 = 500;

fn main() {
    for key in [
        "k",
        "key:123",
        "key:000000001234",
        "{user1000}.following",
        "a key that is somewhat longer than usual",
    ] {
        let (key, length) = (key.as_bytes(), key.len());
        measure(&format!("slot of {length} bytes"), || slot::slot(black_box(key)));
        measure(&format!("hash of {length} bytes"), || hash::hash(black_box(key)));
    }
    measure("glob key:*5", || glob::matches(black_box(b"key:*5"), black_box(b"key:000000001235")));
    measure("parse_i64", || number::parse_i64(black_box(b"1234567890")));
    measure("parse_i64 of text", || number::parse_i64(black_box(b"a value with words")));
    measure("parse_f64 1234", || number::parse_f64(black_box(b"1234")));
    measure("parse_f64 12.375", || number::parse_f64(black_box(b"12.375")));
    measure("format_double 1234", || number::format_double(black_box(1_234.0)));
    measure("format_double 12.375", || number::format_double(black_box(12.375)));
    measure("format_double pi", || number::format_double(black_box(std::f64::consts::PI)));
    let mut out = Vec::new();
    measure("INCRBYFLOAT 10.5 0.1", || {
        let parse = |text: &[u8]| number::Extended::parse(black_box(text));
        let sum = parse(b"10.5").zip(parse(b"0.1")).and_then(|(a, b)| a.checked_add(b));
        out.clear();
        sum.expect("finite").write(&mut out);
        out.len()
    });
    static COUNTER: Sharded = Sharded::new();
    measure("Sharded::add", || COUNTER.add(black_box(1)));
    let mut random = Random::from_seed(1);
    measure("Random::below", || random.below(black_box(1_000)));
}

/// Prints the nanoseconds per call, those of the best round.
fn measure<R>(name: &str, mut call: impl FnMut() -> R) {
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..CALLS_PER_ROUND {
            black_box(call());
        }
        best = best.min(start.elapsed().as_nanos() as f64 / f64::from(CALLS_PER_ROUND));
    }
    println!("{name:22} {best:6.2} ns");
}
