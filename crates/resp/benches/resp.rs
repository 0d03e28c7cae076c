//! What one command costs in the protocol: `cargo bench -p resp`.
//!
//! Prints nanoseconds per operation, the least of several rounds: the code's own cost, not that of its
//! neighbours on the machine. Names given on the command line select the cases that contain one of them.

use std::hint::black_box;
use std::time::{Duration, Instant};

use resp::{Reply, RequestLimits, RequestParser, Version, encode_command};

/// How long one round runs, and how many there are.
const ROUND: Duration = Duration::from_millis(2);
const ROUNDS: usize = 250;

/// Measures `operation`, which does `operations` of what is named.
fn measure(name: &str, operations: usize, mut operation: impl FnMut()) {
    let wanted: Vec<_> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    if !wanted.is_empty() && !wanted.iter().any(|part| name.contains(part.as_str())) {
        return;
    }
    let mut repetitions = 1u32;
    let mut best = f64::INFINITY;
    let mut rounds = 0;
    while rounds < ROUNDS {
        let start = Instant::now();
        for _ in 0..repetitions {
            operation();
        }
        let elapsed = start.elapsed();
        if elapsed < ROUND / 2 {
            repetitions *= 2;
            continue;
        }
        best = best.min(elapsed.as_nanos() as f64 / f64::from(repetitions) / operations as f64);
        rounds += 1;
    }
    println!("{name:<44} {best:>8.1} ns");
}

/// Parses a pipeline of 64 requests and looks at every argument.
fn measure_parse(name: &str, mut request: impl FnMut(usize) -> Vec<Vec<u8>>) {
    const PIPELINE: usize = 64;
    let mut traffic = Vec::new();
    for number in 0..PIPELINE {
        encode_command(&request(number), &mut traffic);
    }
    let limits = RequestLimits::default();
    let mut parser = RequestParser::new();
    measure(name, PIPELINE, || {
        let mut input = black_box(&traffic[..]);
        while let Ok(Some(bytes)) = parser.parse(input, &limits) {
            for argument in parser.arguments(input) {
                black_box(argument);
            }
            input = &input[bytes..];
        }
        assert!(input.is_empty());
    });
}

/// Writes the same reply again and again, into a buffer that is emptied in time.
fn measure_reply(name: &str, mut write: impl FnMut(&mut Reply)) {
    const BATCH: usize = 64;
    let mut reply = Reply::new(Version::Resp2);
    measure(name, BATCH, || {
        reply.clear();
        for _ in 0..BATCH {
            write(black_box(&mut reply));
        }
        black_box(reply.as_bytes());
    });
}

fn main() {
    let key = |number: usize| format!("key:{number:012}").into_bytes();
    let value = |len: usize| vec![b'v'; len];

    measure_parse("parse GET of a 16 B key, pipelined", |n| vec![b"GET".to_vec(), key(n)]);
    measure_parse("parse SET of 64 B, pipelined", |n| vec![b"SET".to_vec(), key(n), value(64)]);
    measure_parse("parse SET of 0 to 1,300 B, pipelined", |n| {
        // Lengths of one to four digits in no order that can be predicted.
        let len = (n * n * 7919) % [10, 100, 1000, 1300][n * n * 31 % 64 / 16];
        vec![b"SET".to_vec(), key(n), value(len)]
    });
    measure_parse("parse MSET of 10, pipelined", |n| {
        let pairs = (0..10).flat_map(|pair| [key(n * 10 + pair), value(64)]);
        std::iter::once(b"MSET".to_vec()).chain(pairs).collect()
    });

    let text = value(1024);
    measure_reply("encode +OK", Reply::ok);
    measure_reply("encode a bulk of 3 B", |reply| reply.bulk(black_box(&text[..3])));
    measure_reply("encode a bulk of 64 B", |reply| reply.bulk(black_box(&text[..64])));
    measure_reply("encode a bulk of 1 KiB", |reply| reply.bulk(black_box(&text)));
    measure_reply("encode an integer of 1 digit", |reply| reply.integer(black_box(7)));
    measure_reply("encode an integer of 6 digits", |reply| reply.integer(black_box(123_456)));
    measure_reply("encode a double", |reply| reply.double(black_box(1234.567)));
    measure_reply("encode a double without a fraction", |reply| reply.double(black_box(1234.0)));
    measure_reply("encode an array of 100 bulks of 16 B", |reply| {
        reply.array(100);
        for _ in 0..100 {
            reply.bulk(black_box(&text[..16]));
        }
    });
    measure_reply("encode the same, its length known at the end", |reply| {
        let mark = reply.begin();
        for _ in 0..100 {
            reply.bulk(black_box(&text[..16]));
        }
        reply.end_array(mark, 100);
    });
}
