//! Random sequences over all commands, sent to Esker and to a real redis-server: every reply, and
//! after each sequence the whole data set, must be the same.
//!
//! `commands.txt` says what is sent, `equivalence.rs` what may differ. The test needs a
//! redis-server on PATH and passes over itself without one. Environment:
//!
//! - `ESKER_DIFFERENTIAL_SECONDS`: how long to go on (default 5)
//! - `ESKER_DIFFERENTIAL_SEED`: where to begin; a failure prints the seed that repeats it
//! - `ESKER_DIFFERENTIAL_FAMILIES`: only these, such as `hash,fields` (default all)
//! - `ESKER_TEST_REFERENCE`: another redis-server to compare with
//! - `ESKER_TEST_SERVER`: a server to test in Esker's place
//!
//! A failure is shrunk to the commands that matter. The test then goes on without the command
//! that failed, so that one run reports several independent failures.

mod access;
mod arguments;
mod equivalence;
mod generate;
mod grammar;
#[path = "../harness/mod.rs"]
mod harness;
mod replay;
mod restart;
mod shrink;
mod tables;

use equivalence::Judge;
use generate::{Generator, Sequence};
use harness::{Rng, Server, Spec, find_program, pass_over};
use replay::{DATABASES, Mismatch, Pair, Tally, shown};
use std::collections::HashSet;
use std::fmt::Write;
use std::time::{Duration, Instant};

const GRAMMAR: &str = include_str!("commands.txt");

/// How many independent failures one run reports.
const FAILURES_MAX: usize = 10;
/// How long one failure may be shrunk.
const SHRINK_TIME: Duration = Duration::from_secs(4);

/// The server to compare with, when there is one.
fn reference() -> Option<Spec> {
    let program = std::env::var_os("ESKER_TEST_REFERENCE").map(Into::into);
    program.or_else(|| find_program("redis-server")).map(Spec::redis)
}

/// Both servers, started; `None` without a reference.
fn start_pair() -> Option<Pair> {
    let databases = DATABASES.to_string();
    let directives = ["--databases", &databases, "--enable-debug-command", "yes"];
    let Some(reference) = reference() else {
        pass_over("no redis-server on PATH to compare with");
        return None;
    };
    let reference = reference.with(&directives).start();
    let subject = Spec::under_test().with(&directives).start();
    let judge =
        Judge { reference_is_before_72: version(&reference) < (7, 2), may_be_skiplists: HashSet::new() };
    Some(Pair { subject, reference, judge })
}

/// The major and minor version that a server reports.
fn version(server: &Server) -> (u32, u32) {
    let info = server.connect().call("INFO server").text();
    let version = info.lines().find_map(|line| line.strip_prefix("redis_version:")).expect("a version");
    let mut parts = version.split('.').map(|part| part.parse().expect("a number"));
    (parts.next().expect("a major version"), parts.next().expect("a minor version"))
}

fn number_from_environment(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

#[test]
fn random_sequences_get_the_replies_of_redis() {
    let Some(pair) = start_pair() else { return };
    let mut families = grammar::parse(GRAMMAR);
    if let Ok(chosen) = std::env::var("ESKER_DIFFERENTIAL_FAMILIES") {
        families
            .retain(|family| family.name == "seldom" || chosen.split(',').any(|name| name == family.name));
    }
    let generator = Generator::new(families);
    let seconds = number_from_environment("ESKER_DIFFERENTIAL_SECONDS").unwrap_or(5);
    let first_seed = number_from_environment("ESKER_DIFFERENTIAL_SEED").unwrap_or_else(Rng::fresh_seed);
    println!("ESKER_DIFFERENTIAL_SEED={first_seed}");

    let end = Instant::now() + Duration::from_secs(seconds);
    let mut tally = Tally::default();
    let mut left_out = generator.unknown_to(&mut pair.reference.connect());
    let mut report = String::new();
    let mut seed = first_seed;
    let mut failures = 0;
    while Instant::now() < end && failures < FAILURES_MAX {
        let sequence = generator.sequence(seed, &left_out);
        if let Err(mismatch) = pair.replay(&sequence, &mut tally) {
            let name = culprit(&sequence, &mismatch);
            describe(&pair, &sequence, mismatch, seed, &left_out, &mut report);
            left_out.extend(name);
            failures += 1;
        }
        seed += 1;
    }
    println!("{}", tally.summary(seed - first_seed));
    assert!(report.is_empty(), "{report}");
}

/// The command whose replies differ, as the grammar names it; a difference in the data has none.
fn culprit(sequence: &Sequence, mismatch: &Mismatch) -> Option<String> {
    let step = sequence.steps.get(mismatch.step)?;
    Some(String::from_utf8_lossy(&step.command[0]).to_ascii_uppercase())
}

/// Shrinks a failure and appends it to `report`.
fn describe(
    pair: &Pair,
    sequence: &Sequence,
    mismatch: Mismatch,
    seed: u64,
    left_out: &HashSet<String>,
    report: &mut String,
) {
    let mut failing = sequence.clone();
    failing.steps.truncate(mismatch.step + 1);
    let fails = |candidate: &Sequence| pair.replay(candidate, &mut Tally::default()).is_err();
    let smallest = shrink::shrink(&failing, Instant::now() + SHRINK_TIME, fails);
    // A failure that depends on timing may not come back; then the first sight of it must do.
    let (shown_sequence, mismatch) = match pair.replay(&smallest, &mut Tally::default()) {
        Err(mismatch) => (smallest, mismatch),
        Ok(()) => (failing, mismatch),
    };
    let mut lines = String::new();
    for step in &shown_sequence.steps {
        let _ = writeln!(lines, "  {:?}: {}", step.connection, shown(&step.command));
    }
    let _ = write!(
        report,
        "\nESKER_DIFFERENTIAL_SEED={seed}, protocols {:?}, {} limits, without {left_out:?}:\n{lines}\
         they differ in {}\n  Esker: {}\n  Redis: {}\n",
        shown_sequence.protocols,
        if shown_sequence.small_limits { "small" } else { "usual" },
        mismatch.command,
        abridged(&mismatch.subject),
        abridged(&mismatch.reference),
    );
}

/// The beginning of a long reply.
fn abridged(reply: &str) -> String {
    const LENGTH_MAX: usize = 2000;
    match reply.char_indices().nth(LENGTH_MAX) {
        Some((end, _)) => format!("{}… ({} bytes)", &reply[..end], reply.len()),
        None => reply.to_owned(),
    }
}
