//! What a free lock costs, beside the library that is wrapped: `cargo bench -p sync`.

use std::hint::black_box;
use std::time::Instant;

/// Rounds are shorter than a time slice, so that the best one was not disturbed by other programs.
const CALLS_PER_ROUND: u32 = 20_000;
const ROUNDS: u32 = 500;

fn main() {
    let (ours, theirs) = (sync::Mutex::new(0u64), parking_lot::Mutex::new(0u64));
    compare("Mutex::lock", || *black_box(&ours).lock() += 1, || *black_box(&theirs).lock() += 1);

    let (ours, theirs) = (sync::RwLock::new(0u64), parking_lot::RwLock::new(0u64));
    compare("RwLock::write", || *black_box(&ours).write() += 1, || *black_box(&theirs).write() += 1);
    compare(
        "RwLock::read",
        || _ = black_box(*black_box(&ours).read()),
        || {
            _ = black_box(*black_box(&theirs).read());
        },
    );
}

/// Prints the nanoseconds per call of both, each the best of interleaved rounds.
fn compare(name: &str, mut ours: impl FnMut(), mut theirs: impl FnMut()) {
    let (mut ours_best, mut theirs_best) = (f64::MAX, f64::MAX);
    for _ in 0..ROUNDS {
        ours_best = ours_best.min(time_ns(&mut ours));
        theirs_best = theirs_best.min(time_ns(&mut theirs));
    }
    println!("{name:14} {ours_best:6.2} ns, parking_lot {theirs_best:6.2} ns");
}

fn time_ns(call: &mut impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..CALLS_PER_ROUND {
        call();
    }
    start.elapsed().as_nanos() as f64 / f64::from(CALLS_PER_ROUND)
}
