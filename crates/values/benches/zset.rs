//! What the operations of a sorted set cost, in nanoseconds, at 100 (packed), 100 thousand and a million members
//! of 16 bytes: `cargo bench -p values --bench zset`.

use std::hint::black_box;
use std::time::Instant;

use values::entry::Entry;
use values::limits::Limits;
use values::zset::{self, ScoreBound, ScoreRange, ZSetMut, ZSetRef};

/// A fast random generator (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn score(&mut self) -> f64 {
        (self.next() >> 11) as f64
    }
}

fn member(number: usize) -> [u8; 16] {
    let mut bytes = *b"member:000000000";
    let mut rest = number;
    for digit in bytes[7..].iter_mut().rev() {
        *digit += (rest % 10) as u8;
        rest /= 10;
    }
    bytes
}

/// Nanoseconds for each of `times` calls of `f`, which gets the number of the call.
fn time(name: &str, times: usize, mut f: impl FnMut(usize)) {
    let start = Instant::now();
    for call in 0..times {
        f(call);
    }
    println!("  {name:<34} {:>9.1} ns", start.elapsed().as_nanos() as f64 / times as f64);
}

/// Fills an empty set with members 0 to `count` and the scores that `score` gives.
fn fill(name: &str, count: usize, limits: &Limits, mut score: impl FnMut(usize) -> f64) -> Entry {
    let mut entry = zset::empty(b"key");
    time(name, count, |number| {
        ZSetMut::of(&mut entry, limits).insert(&member(number), score(number));
    });
    println!(
        "  {:<34} {:>9.1} bytes",
        "  memory of each",
        entry.as_ref().memory_bytes() as f64 / count as f64
    );
    entry
}

fn run(count: usize, calls: usize, limits: &Limits) {
    let mut random = Random(count as u64);
    println!("{count} members");
    fill("insert, ascending scores", count, limits, |number| number as f64);
    fill("insert, descending scores", count, limits, |number| -(number as f64));
    fill("insert, one score", count, limits, |_| 0.0);
    let mut entry = fill("insert, random scores", count, limits, |_| random.score());

    time("update to a random score", calls, |_| {
        let member = member(random.below(count));
        ZSetMut::of(&mut entry, limits).insert(&member, random.score());
    });
    time("update by a little", calls, |_| {
        let member = member(random.below(count));
        ZSetMut::of(&mut entry, limits).update(&member, |score| score.map(|score| score + 1.0));
    });
    let set = ZSetRef::of(entry.as_ref());
    time("score", calls, |_| {
        black_box(set.score(&member(random.below(count))));
    });
    time("rank", calls, |_| {
        black_box(set.rank(&member(random.below(count)), false));
    });
    time("select by rank", calls, |_| {
        black_box(set.at(random.below(count)));
    });
    time("count of a range of scores", calls, |_| {
        let mut bound = || ScoreBound { value: random.score(), exclusive: false };
        black_box(set.score_span(&ScoreRange { min: bound(), max: bound() }));
    });
    for (name, reverse) in [("range of 100", false), ("range of 100, reverse", true)] {
        time(name, calls / 10, |_| {
            for (member, score) in set.range(random.below(count), 100, reverse) {
                black_box((member[0], score));
            }
        });
    }
    time("remove and insert", calls, |_| {
        let member = member(random.below(count));
        let mut set = ZSetMut::of(&mut entry, limits);
        let score = set.remove(&member).expect("all members are there");
        set.insert(&member, -score);
    });
    time("pop the first and insert", calls, |_| {
        let mut set = ZSetMut::of(&mut entry, limits);
        let popped = set.pop_first(|member, _| <[u8; 16]>::try_from(member).expect("16 bytes long"));
        set.insert(&popped.expect("not empty"), random.score());
    });
    time("remove a span of 100", count / 200, |_| {
        let start = random.below(count / 2 - 100);
        ZSetMut::of(&mut entry, limits).remove_span(start..start + 100);
    });
    time("pop the first", ZSetRef::of(entry.as_ref()).len(), |_| {
        ZSetMut::of(&mut entry, limits).pop_first(|member, score| black_box((member[0], score)));
    });
}

fn main() {
    let limits = Limits::default();
    run(100_000, 1_000_000, &limits);
    run(1_000_000, 1_000_000, &limits);
    let packed = Limits { zset_packed_entries_max: usize::MAX, ..limits };
    let mut random = Random(1);
    println!("100 members, packed");
    let mut entry = zset::empty(b"key");
    for number in 0..100 {
        ZSetMut::of(&mut entry, &packed).insert(&member(number), random.below(1000) as f64);
    }
    time("update to a random score", 1_000_000, |_| {
        let member = member(random.below(100));
        ZSetMut::of(&mut entry, &packed).insert(&member, random.below(1000) as f64);
    });
    time("score", 1_000_000, |_| {
        black_box(ZSetRef::of(entry.as_ref()).score(&member(random.below(100))));
    });
    time("pop the first and insert", 1_000_000, |_| {
        let mut set = ZSetMut::of(&mut entry, &packed);
        let popped = set.pop_first(|member, _| <[u8; 16]>::try_from(member).expect("16 bytes long"));
        set.insert(&popped.expect("not empty"), random.below(1000) as f64);
    });
    println!("  {:<34} {:>9.1} bytes", "memory of each", entry.as_ref().memory_bytes() as f64 / 100.0);
}
