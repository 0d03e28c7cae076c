//! One bit of a store's files is not what it was: the store refuses to open and names a file, or everything that it answers
//! is right or an error.
//!
//! `ESKER_TEST_ROUNDS` says how many bits are flipped of each store, `ESKER_TEST_SEED` where chance begins.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use keyspace::Keyspace;

use crate::fixture::answer;
use crate::harness::{Rng, TemporaryDirectory, temporary_directory};
use crate::keyspaces::{compact, open, try_open};
use crate::number_from_environment;

/// The bits that are flipped of each store where it was not said.
const ROUNDS: u64 = 150;

/// How many of the zeros behind what a journal holds are kept, as the library lays out 64 MB of them.
const ZEROS_KEPT: usize = 512;

const DATABASES: &[u16] = &[0, 1, 3];

/// A store's files, by their paths in its directory.
type Image = BTreeMap<PathBuf, Vec<u8>>;

/// What is asked of a store, and what it answers.
type Answers = Vec<(u16, String, String)>;

fn read_all(directory: &Path, below: &Path, image: &mut Image) {
    for entry in fs::read_dir(below).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read_all(directory, &path, image);
            continue;
        }
        // The store may have done with it by now.
        let Ok(mut bytes) = fs::read(&path) else { continue };
        if is_journal(&path) {
            let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            bytes.truncate(end + ZEROS_KEPT);
        }
        image.insert(path.strip_prefix(directory).expect("it is below").to_owned(), bytes);
    }
}

fn is_journal(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "jnl")
}

/// The files of a store that is closed, or at rest soon.
fn image(directory: &TemporaryDirectory) -> Image {
    let mut last = Image::new();
    loop {
        let mut image = Image::new();
        read_all(directory.path(), directory.path(), &mut image);
        if image == last {
            return image;
        }
        last = image;
    }
}

fn restored(image: &Image) -> TemporaryDirectory {
    let directory = temporary_directory();
    for (path, bytes) in image {
        let path = directory.path().join(path);
        let parent = path.parent().expect("it lies in the directory");
        fs::create_dir_all(parent).expect("it can be made");
        // A tree without tables has an empty directory for them.
        if parent.parent().is_some_and(|above| above.ends_with("keyspaces")) {
            fs::create_dir_all(parent.join("tables")).expect("it can be made");
        }
        fs::write(path, bytes).expect("it can be written");
    }
    directory
}

fn elements(count: usize, element: &dyn Fn(usize) -> String) -> String {
    (0..count).map(element).collect::<Vec<_>>().join(" ")
}

/// Keys of every type, each with elements of its own and packed, whose values tell of `generation`.
fn fill(keyspace: &Keyspace, database: u16, generation: usize) {
    let text = |number: usize| format!("{generation}-{number}-{}", "abcdefgh".repeat(number % 23));
    let mut lines: Vec<String> =
        (0..40).map(|number| format!("SET text:{number} {}", text(number + generation))).collect();
    lines.push("SET fading soon PXAT 33177117420000".to_owned());
    for (name, count) in [("packed", 4), ("stored", 40)] {
        lines.push(format!("SADD set:{name} {}", elements(count, &|number| text(number))));
        lines.push(format!("RPUSH list:{name} {}", elements(count, &|number| text(number))));
        lines.push(format!(
            "HSET hash:{name} {}",
            elements(count, &|number| format!("f{number} {}", text(number)))
        ));
        lines.push(format!(
            "ZADD zset:{name} {}",
            elements(count, &|number| format!("{number}.5 {}", text(number)))
        ));
        lines.push(format!("HPEXPIREAT hash:{name} 33177117420000 FIELDS 1 f1"));
        for number in 1..=count {
            lines.push(format!("XADD stream:{name} {generation}-{number} f {}", text(number)));
        }
    }
    lines.push("RENAME list:stored elsewhere".to_owned());
    for line in lines {
        let said = answer(keyspace, database, &line);
        assert!(!said.starts_with("(error)"), "{line}: {said}");
    }
}

/// A store with old and new values in tables and in its journal, as it is left by a process that closes it or is killed.
fn made(is_closed: bool) -> (Image, Answers) {
    let directory = temporary_directory();
    let (keyspace, disk) = open(&directory);
    fill(&keyspace, 0, 1);
    fill(&keyspace, 1, 1);
    compact(&keyspace, &disk, 0);
    compact(&keyspace, &disk, 1);
    fill(&keyspace, 1, 2);
    compact(&keyspace, &disk, 1);
    // What is new lies in the journal, and the tables have what was before.
    fill(&keyspace, 0, 2);
    answer(&keyspace, 0, "DEL set:stored");
    fill(&keyspace, 3, 2);
    // The last of a journal may be taken for what a crash has left of a batch, so it changes nothing.
    let before = answer(&keyspace, 3, "GET text:0");
    answer(&keyspace, 3, &format!("SET text:0 {before}"));
    assert_eq!(answer(&keyspace, 3, "GET text:0"), before);
    keyspace.flush().expect("the disk works");
    let answers = answers(&keyspace);
    if is_closed {
        drop(keyspace);
        disk.close().expect("the disk works");
        return (image(&directory), answers);
    }
    let image = image(&directory);
    drop(keyspace);
    disk.close().expect("the disk works");
    (image, answers)
}

fn answers(keyspace: &Keyspace) -> Answers {
    let mut questions: Vec<String> =
        ["DBSIZE", "GET fading", "PEXPIRETIME fading", "LRANGE elsewhere 0 -1"].map(String::from).into();
    questions.extend((0..40).map(|number| format!("GET text:{number}")));
    for name in ["packed", "stored"] {
        questions.extend([
            format!("SORT set:{name} ALPHA"),
            format!("LRANGE list:{name} 0 -1"),
            format!("HLEN hash:{name}"),
            format!("HMGET hash:{name} {}", elements(40, &|number| format!("f{number}"))),
            format!("HPEXPIRETIME hash:{name} FIELDS 2 f0 f1"),
            format!("ZRANGE zset:{name} 0 -1 WITHSCORES"),
            format!("XRANGE stream:{name} - +"),
        ]);
    }
    let ask =
        |database: u16, question: &String| (database, question.clone(), answer(keyspace, database, question));
    DATABASES.iter().flat_map(|database| questions.iter().map(|question| ask(*database, question))).collect()
}

/// How a store that is damaged in `path` may be opened: not at all, naming a file, or with errors in place of answers, which
/// name it too.
#[derive(Default)]
struct Tally {
    unharmed: usize,
    refused: usize,
    with_errors: usize,
}

impl Tally {
    fn open(&mut self, image: &Image, path: &Path, expected: &Answers) {
        let directory = restored(image);
        let file = directory.path().join(path).display().to_string();
        let (keyspace, _disk) = match try_open(&directory) {
            Ok(opened) => opened,
            Err(error) => {
                self.refused += 1;
                let said = error.to_string();
                // What is wrong in a list may be the name of what it lists, or how to tell whether that is damaged.
                let lists = path.ends_with("current") || path.ends_with("clean-stop");
                let below = directory.path().join("disk").display().to_string() + "/";
                assert!(said.contains(if lists { &below } else { &file }), "{}: {said}", path.display());
                return;
            }
        };
        let mut errors = 0;
        for ((database, question, answer), (_, _, expected)) in answers(&keyspace).iter().zip(expected) {
            if answer.starts_with("(error)") {
                errors += 1;
                assert!(answer.contains(&file), "{}: {answer}", path.display());
            } else {
                assert_eq!(answer, expected, "{}: {database}> {question}", path.display());
            }
        }
        match errors {
            0 => self.unharmed += 1,
            _ => self.with_errors += 1,
        }
    }
}

fn check(is_closed: bool) {
    let seed = number_from_environment("ESKER_TEST_SEED").unwrap_or(1);
    let mut rng = Rng::new(seed);
    let (image, expected) = made(is_closed);
    let files: Vec<&PathBuf> = image.keys().filter(|path| !image[*path].is_empty()).collect();
    let journals: Vec<&PathBuf> = files.iter().copied().filter(|path| is_journal(path)).collect();
    let mut tally = Tally::default();
    tally.open(&image, Path::new("none"), &expected);
    assert_eq!((tally.unharmed, journals.len()), (1, 1), "{files:?}");
    let rounds = number_from_environment("ESKER_TEST_ROUNDS").unwrap_or(ROUNDS);
    for round in 0..rounds {
        let among = if rng.chance(30) { &journals } else { &files };
        let path = *rng.pick(among);
        let (at, bit) = (rng.below(image[path].len()), rng.below(8));
        let mut damaged = image.clone();
        damaged.get_mut(path).expect("it is there")[at] ^= 1 << bit;
        println!("ESKER_TEST_SEED={seed}, round {round}: {}, byte {at}, bit {bit}", path.display());
        tally.open(&damaged, path, &expected);
    }
    let Tally { unharmed, refused, with_errors } = tally;
    println!("of {rounds}: {refused} refused, {with_errors} with errors, {} unharmed", unharmed - 1);
    assert!(refused > 0 && with_errors > 0, "{refused} were refused, {with_errors} had errors");
}

#[test]
fn a_flipped_bit_in_a_store_that_was_closed() {
    check(true);
}

#[test]
fn a_flipped_bit_in_a_store_whose_process_was_killed() {
    check(false);
}
