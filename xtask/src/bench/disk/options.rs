//! What the command line of `cargo xtask bench disk` asks for.

use std::io;
use std::path::{Path, PathBuf};

use crate::bench::options::Only;

/// What `--help` prints.
pub const HELP: &str = "\
Measures the engine on disk: CPU time per command beside the engine in memory and the LSM library below, large
collections, memory, room on disk, opening. Prints the table; a full run of Esker also writes bench/DISK.md. Takes
about half an hour on two cores that should have nothing else to do. Its files are below target/, and gone at its end.

Usage: cargo xtask bench disk [OPTION...]

  --only TEXT      only the rows whose section and name contain TEXT, as in 'speed: get' or 'open'
  --rounds N       interleaved rounds, of which the medians count (default 5)
  --keys N         keys of the database that fits the cache (default 4000000); a large collection has a quarter as
                   many elements
  --gigabytes N    values of the database that does not fit the cache (default 20), less where there is no room
  --subject PATH   measure this server in Esker's place, and build nothing
  --out FOLDER     write the report there, however small the run
  --help           this text

To try things in two minutes: --keys 100000 --gigabytes 0.2 --rounds 1. A row over its limit shows the reason given
for it in bench/disk-reasons.txt ('section: row = reason').
";

const ROUNDS: usize = 5;
const KEYS: usize = 4_000_000;
/// Below this a large collection is none.
const KEYS_MIN: usize = 100_000;
const GIGABYTES: f64 = 20.0;

/// The options of one run.
#[derive(Debug, PartialEq)]
pub struct Options {
    only: Only,
    /// How often each comparison is made; at least 1.
    pub rounds: usize,
    /// Keys of the database that fits the cache.
    pub keys: usize,
    /// Billions of bytes of values of the database that does not.
    pub gigabytes: f64,
    /// The server measured in Esker's place.
    pub subject: Option<PathBuf>,
    out: Option<PathBuf>,
}

impl Options {
    /// Reads the arguments after `disk`; `None` asks for the help text.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> io::Result<Option<Self>> {
        let mut options = Self {
            only: Only::default(),
            rounds: ROUNDS,
            keys: KEYS,
            gigabytes: GIGABYTES,
            subject: None,
            out: None,
        };
        while let Some(argument) = arguments.next() {
            let mut value =
                || arguments.next().ok_or_else(|| io::Error::other(format!("{argument} needs a value")));
            match argument.as_str() {
                "--only" => options.only = Only::containing(&value()?),
                "--rounds" => options.rounds = count(&argument, &value()?, 1)?,
                "--keys" => options.keys = count(&argument, &value()?, KEYS_MIN)?,
                "--gigabytes" => {
                    let gigabytes = value()?.parse().ok().filter(|amount| (0.01..=1e6).contains(amount));
                    options.gigabytes =
                        gigabytes.ok_or_else(|| io::Error::other("--gigabytes takes a number from 0.01"))?;
                }
                "--subject" => options.subject = Some(value()?.into()),
                "--out" => options.out = Some(value()?.into()),
                "--help" | "-h" => return Ok(None),
                _ => return Err(io::Error::other(format!("unknown option {argument}\n\n{HELP}"))),
            }
        }
        Ok(Some(options))
    }

    /// Whether the row called `name` of the section called `section` is asked for.
    pub fn wants(&self, section: &str, name: &str) -> bool {
        self.only.wants(section, name)
    }

    /// Elements of a large collection.
    pub fn elements(&self) -> usize {
        self.keys / 4
    }

    /// Rounds of what takes long and needs no comparison.
    pub fn few_rounds(&self) -> usize {
        self.rounds.min(3)
    }

    /// The command that asks for a run of the same sizes.
    pub fn command(&self) -> String {
        let Self { rounds, keys, gigabytes, .. } = self;
        format!("cargo xtask bench disk --keys {keys} --gigabytes {gigabytes} --rounds {rounds}")
    }

    /// Where the report goes, if anywhere: only a complete one replaces the committed one unasked.
    pub fn output_folder(&self, root: &Path) -> Option<PathBuf> {
        let is_full = self.keys >= KEYS && self.gigabytes >= GIGABYTES;
        let complete = is_full && self.only.is_all() && self.subject.is_none();
        self.out.clone().or_else(|| complete.then(|| root.join("bench")))
    }
}

fn count(argument: &str, value: &str, min: usize) -> io::Result<usize> {
    let count = value.parse().ok().filter(|&count| count >= min);
    count.ok_or_else(|| io::Error::other(format!("{argument} takes a number from {min}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> io::Result<Option<Options>> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn a_full_run_is_the_default() {
        let options = parse("").unwrap().unwrap();
        assert_eq!((options.rounds, options.keys, options.elements()), (5, 4_000_000, 1_000_000));
        assert_eq!(options.output_folder(Path::new("root")), Some("root/bench".into()));
    }

    #[test]
    fn a_partial_run_replaces_no_committed_report() {
        for line in ["--keys 100000", "--gigabytes 0.5", "--only open", "--subject /bin/redis-server"] {
            assert_eq!(parse(line).unwrap().unwrap().output_folder(Path::new("root")), None, "{line}");
        }
    }

    #[test]
    fn the_command_repeats_the_sizes() {
        let options = parse("--keys 200000 --gigabytes 0.5 --rounds 2").unwrap().unwrap();
        let words = options.command();
        let again = words.strip_prefix("cargo xtask bench disk").unwrap();
        assert_eq!(parse(again).unwrap().unwrap(), options);
    }

    #[test]
    fn wrong_arguments_are_refused() {
        for line in ["--rounds 0", "--keys 1", "--keys many", "--gigabytes 0", "--gigabytes NaN", "--faster"]
        {
            assert!(parse(line).is_err(), "{line}");
        }
        assert_eq!(parse("--rounds 3 --help").unwrap(), None);
    }
}
