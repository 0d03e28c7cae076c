//! Fuzz targets that are tests: a function that takes any bytes and panics when something is wrong.
//!
//! [`fuzz`] gives a target every input of its *corpus*, a folder of small files that lead where it is worth being,
//! and then inputs that it makes: damaged ones of the corpus, and random ones. `cargo test` makes a fixed number
//! from a fixed seed; with `ESKER_FUZZ_SECONDS` set it goes on for so long, from a seed of that run. An input that
//! fails is written to a file, whose place is printed: moved into the corpus, it is a test for ever.
//!
//! Most targets read their input as [`Choices`]: what to do next, to which element. A change of one byte is then
//! a change of one step, and every input means something.
//!
//! This is a guide by corpus and not by coverage: it needs no compiler of its own, and runs wherever tests run.

use base::random::Random;
use std::env;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The environment variable that says for how many seconds each target runs.
const SECONDS: &str = "ESKER_FUZZ_SECONDS";

/// How many inputs are made where no time is set.
const INPUTS: usize = if cfg!(miri) { 4 } else { 100 };

/// Longest input that is made, in bytes.
const INPUT_BYTES_MAX: usize = if cfg!(miri) { 200 } else { 2000 };

/// Calls `target` with the inputs of the folder `corpus`, then with inputs made from those and from nothing.
///
/// # Panics
///
/// As `target` does, after telling the input; and if `corpus` holds no input.
pub fn fuzz(corpus: &str, target: impl Fn(&[u8])) {
    let corpus = Corpus::read(Path::new(corpus));
    corpus.inputs.iter().for_each(|(name, input)| run(&corpus, name, input, &target));
    let seconds = env::var(SECONDS).ok().map(|text| text.parse().expect("ESKER_FUZZ_SECONDS is a number"));
    let mut random = match seconds {
        Some(_) => Random::from_system(),
        None => Random::from_seed(1),
    };
    let end = Instant::now() + Duration::from_secs(seconds.unwrap_or(0));
    let mut made = 0;
    while if seconds.is_some() { Instant::now() < end } else { made < INPUTS } {
        run(&corpus, "an input that was made", &make(&mut random, &corpus.inputs), &target);
        made += 1;
    }
    println!("{}: {} inputs of the corpus, {made} made", corpus.path.display(), corpus.inputs.len());
}

struct Corpus {
    path: PathBuf,
    /// Each with its name.
    inputs: Vec<(String, Vec<u8>)>,
}

impl Corpus {
    fn read(path: &Path) -> Self {
        let mut inputs = Vec::new();
        // Miri keeps a program away from files.
        if !cfg!(miri) {
            let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            for entry in entries {
                let entry = entry.expect("the corpus can be listed");
                let input = fs::read(entry.path()).expect("an input is a file that can be read");
                inputs.push((entry.file_name().to_string_lossy().into_owned(), input));
            }
            inputs.sort();
            assert!(!inputs.is_empty(), "{} holds no inputs", path.display());
        }
        Self { path: path.to_owned(), inputs }
    }
}

/// Calls `target`; if it panics, says with what input.
fn run(corpus: &Corpus, name: &str, input: &[u8], target: &impl Fn(&[u8])) {
    let Err(panic) = catch_unwind(AssertUnwindSafe(|| target(input))) else { return };
    eprintln!("failed on {name} of {} bytes: {}", input.len(), input.escape_ascii());
    if !corpus.inputs.iter().any(|(known, _)| known == name) {
        let target = corpus.path.file_name().unwrap_or_default().to_string_lossy();
        let file = env::temp_dir().join(format!("esker-fuzz-{target}-{:016x}", base::hash::hash(input)));
        match fs::write(&file, input) {
            Ok(()) => eprintln!("it is in {}; keep it in {}", file.display(), corpus.path.display()),
            Err(error) => eprintln!("{} cannot be written: {error}", file.display()),
        }
    }
    resume_unwind(panic)
}

/// An input: random, or one of `known` that is damaged in some places.
fn make(random: &mut Random, known: &[(String, Vec<u8>)]) -> Vec<u8> {
    if known.is_empty() || random.below(4) == 0 {
        let longest = 1 + random.below(INPUT_BYTES_MAX as u64);
        return (0..random.below(longest)).map(|_| random.next_u64() as u8).collect();
    }
    let mut input = pick(random, known).clone();
    for _ in 0..=random.below(8) {
        damage(random, &mut input, known);
    }
    input.truncate(INPUT_BYTES_MAX);
    input
}

fn pick<'a>(random: &mut Random, known: &'a [(String, Vec<u8>)]) -> &'a Vec<u8> {
    &known[random.below(known.len() as u64) as usize].1
}

/// A range within `bytes`, mostly a short one.
fn span(random: &mut Random, bytes: &[u8]) -> std::ops::Range<usize> {
    let start = random.below(bytes.len() as u64 + 1);
    let longest = if random.below(4) == 0 { bytes.len() as u64 } else { 8 };
    let len = random.below(longest + 1).min(bytes.len() as u64 - start);
    start as usize..(start + len) as usize
}

fn damage(random: &mut Random, input: &mut Vec<u8>, known: &[(String, Vec<u8>)]) {
    let span_here = span(random, input);
    match random.below(7) {
        0 => input.truncate(span_here.start),
        1 => drop(input.drain(span_here)),
        2 => input[span_here].fill_with(|| random.next_u64() as u8),
        // What comes next means something else when a byte slips in.
        3 => input.insert(span_here.start, random.next_u64() as u8),
        4 => {
            // The numbers around a limit are those that differ by little.
            let step = [1, u8::MAX, 16, 128][random.below(4) as usize];
            input[span_here].iter_mut().take(1).for_each(|byte| *byte = byte.wrapping_add(step));
        }
        5 => {
            let repeated = input[span_here.clone()].repeat(1 + random.below(4) as usize);
            input.splice(span_here.start..span_here.start, repeated);
        }
        _ => {
            let other = pick(random, known);
            let span_there = span(random, other);
            input.splice(span_here, other[span_there].iter().copied());
        }
    }
}

/// An input, read as choices. Where it has ended, every choice is the first one.
#[derive(Clone, Debug)]
pub struct Choices<'a> {
    rest: &'a [u8],
}

impl<'a> Choices<'a> {
    /// The choices that `input` makes.
    pub fn new(input: &'a [u8]) -> Self {
        Self { rest: input }
    }

    /// Whether all of the input has been read.
    pub fn are_over(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        match self.rest.split_off_first() {
            Some(byte) => *byte,
            None => 0,
        }
    }

    /// A number below `bound`, from as few bytes as can tell it; the low one comes first.
    pub fn below(&mut self, bound: usize) -> usize {
        assert!(bound > 0, "there is no number below zero");
        let (mut number, mut possible) = (0, 1);
        while possible < bound {
            number += usize::from(self.byte()) * possible;
            possible *= 256;
        }
        number % bound
    }

    /// A number below `few`, or one time in four below `many`.
    pub fn mostly_below(&mut self, few: usize, many: usize) -> usize {
        let bound = if self.below(4) == 0 { many } else { few };
        self.below(bound)
    }

    /// One of `items`.
    pub fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// Random numbers that follow from the input and never end, for those that draw until they like one.
    pub fn random(&mut self) -> Random {
        Random::from_seed(self.bits())
    }

    /// Eight bytes as a number.
    pub fn bits(&mut self) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|_| self.byte()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn choices_take_as_few_bytes_as_they_need_and_end_with_the_first() {
        let mut choices = Choices::new(&[7, 255, 1, 2, 3]);
        assert_eq!((choices.below(1), choices.below(5), choices.below(256)), (0, 2, 255));
        assert_eq!(choices.below(1000), 513);
        assert!(!choices.are_over());
        assert_eq!((choices.byte(), choices.are_over()), (3, true));
        assert_eq!((choices.below(70_000), choices.bits(), choices.pick(b"ab")), (0, 0, b'a'));
    }

    #[test]
    fn inputs_that_are_made_differ_and_stay_near_the_corpus() {
        let known = [("known".to_owned(), vec![b'k'; 100])];
        let mut random = Random::from_seed(1);
        let made: Vec<Vec<u8>> = (0..200).map(|_| make(&mut random, &known)).collect();
        let near = made.iter().filter(|input| input.windows(20).any(|run| run == [b'k'; 20])).count();
        assert!((80..190).contains(&near), "{near}");
        assert!(made.iter().all(|input| input.len() <= INPUT_BYTES_MAX));
    }

    #[test]
    fn a_failure_ends_the_run_and_names_its_input() {
        let corpus = env::temp_dir().join(format!("esker-fuzzing-test-{}", std::process::id()));
        fs::create_dir_all(&corpus).expect("a temporary folder can be made");
        fs::write(corpus.join("first"), b"good").expect("a file can be written");
        let calls = Cell::new(0);
        let path = corpus.to_str().expect("temporary folders have plain names");
        fuzz(path, |_| calls.set(calls.get() + 1));
        assert_eq!(calls.get() > INPUTS, env::var_os(SECONDS).is_none());
        fs::write(corpus.join("second"), b"bad").expect("a file can be written");
        let failed = catch_unwind(AssertUnwindSafe(|| fuzz(path, |input| assert_ne!(input, b"bad"))));
        fs::remove_dir_all(&corpus).expect("the folder can be removed");
        assert!(failed.is_err());
    }
}
