//! What the command line of `cargo xtask bench` asks for.

use std::io;
use std::path::{Path, PathBuf};

/// What `--help` prints.
pub const HELP: &str = "\
Measures Esker beside redis-server and valkey-server (those on PATH): CPU time per command, memory
per item, the slowest command, writes with appendfsync always, saving and loading. Prints the table; a
full run of Esker also writes bench/RESULTS.md and bench/chart.svg. Takes about half an hour on two
cores that should have nothing else to do.

Usage: cargo xtask bench [OPTION...]
       cargo xtask bench disk --help   for the engine on disk
       cargo xtask bench save --help   for saving and loading alone

  --only TEXT      only the rows whose section and name contain TEXT, as in 'speed: get' or 'memory'
  --rounds N       interleaved rounds, of which the medians count (default 5)
  --quick          one round with a tenth of the work: to try things, not to quote
  --subject PATH   measure this server in Esker's place, and build nothing
  --out FOLDER     write the report there, however small the run
  --help           this text

A row over its limit shows the reason given for it in bench/reasons.txt ('section: row = reason').
";

/// Which rows are asked for: all, or those whose section and name contain a text in lower case.
#[derive(Debug, Default, PartialEq)]
pub struct Only(Option<String>);

impl Only {
    /// Those that contain `text`, in any case.
    pub fn containing(text: &str) -> Self {
        Self(Some(text.to_lowercase()))
    }

    /// Whether the row called `name` of the section called `section` is asked for.
    pub fn wants(&self, section: &str, name: &str) -> bool {
        self.0.as_ref().is_none_or(|text| format!("{section}: {name}").to_lowercase().contains(text))
    }

    /// Whether all rows are.
    pub fn is_all(&self) -> bool {
        self.0.is_none()
    }
}

/// The options of one run.
#[derive(Debug, PartialEq)]
pub struct Options {
    only: Only,
    /// How often each speed row is measured; at least 1.
    pub rounds: usize,
    quick: bool,
    /// The server measured in Esker's place.
    pub subject: Option<PathBuf>,
    out: Option<PathBuf>,
}

impl Options {
    /// Reads the arguments after `bench`; `None` asks for the help text.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> io::Result<Option<Self>> {
        let mut options = Self { only: Only::default(), rounds: 5, quick: false, subject: None, out: None };
        let mut rounds = None;
        while let Some(argument) = arguments.next() {
            let mut value =
                || arguments.next().ok_or_else(|| io::Error::other(format!("{argument} needs a value")));
            match argument.as_str() {
                "--only" => options.only = Only::containing(&value()?),
                "--rounds" => {
                    let count = value()?.parse().ok().filter(|&count| count > 0);
                    rounds = Some(count.ok_or_else(|| io::Error::other("--rounds takes a number from 1"))?);
                }
                "--quick" => options.quick = true,
                "--subject" => options.subject = Some(value()?.into()),
                "--out" => options.out = Some(value()?.into()),
                "--help" | "-h" => return Ok(None),
                _ => return Err(io::Error::other(format!("unknown option {argument}\n\n{HELP}"))),
            }
        }
        options.rounds = rounds.unwrap_or(if options.quick { 1 } else { 5 });
        Ok(Some(options))
    }

    /// Whether the row called `name` of the section called `section` is asked for.
    pub fn wants(&self, section: &str, name: &str) -> bool {
        self.only.wants(section, name)
    }

    /// How much of `full` is to be done.
    pub fn amount(&self, full: usize) -> usize {
        if self.quick { full / 10 } else { full }
    }

    /// Where the report goes, if anywhere: only a complete one replaces the committed one unasked.
    pub fn output_folder(&self, root: &Path) -> Option<PathBuf> {
        let complete = self.only.is_all() && !self.quick && self.subject.is_none();
        self.out.clone().or_else(|| complete.then(|| root.join("bench")))
    }
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
        assert_eq!((options.rounds, options.amount(1000)), (5, 1000));
        assert!(options.wants("speed", "GET, P=1"));
        assert_eq!(options.output_folder(Path::new("root")), Some("root/bench".into()));
    }

    #[test]
    fn a_partial_run_replaces_no_committed_report() {
        for line in ["--quick", "--only get", "--subject /bin/redis-server"] {
            assert_eq!(parse(line).unwrap().unwrap().output_folder(Path::new("root")), None, "{line}");
        }
        assert_eq!(
            parse("--quick --out here").unwrap().unwrap().output_folder(Path::new("root")),
            Some("here".into())
        );
    }

    #[test]
    fn only_looks_at_section_and_name_in_any_case() {
        let options = parse("--only SPEED:").unwrap().unwrap();
        assert!(options.wants("speed", "GET, P=1"));
        assert!(!options.wants("memory", "strings"));
    }

    #[test]
    fn wrong_arguments_are_refused() {
        for line in ["--rounds", "--rounds 0", "--rounds many", "--faster"] {
            assert!(parse(line).is_err(), "{line}");
        }
        assert_eq!(parse("--rounds 3 --help").unwrap(), None);
    }
}
