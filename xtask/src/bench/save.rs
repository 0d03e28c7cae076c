//! What a save costs while clients write, beside the peers: how much longer commands take, how much memory it takes, how
//! long it lasts; and how long it takes to load what was saved, and an append-only file. `cargo xtask bench save` asks
//! nothing else.
//!
//! One connection writes single values at a steady rate to random keys. A command's latency counts from the moment at which
//! it was due, so that whoever stands still is charged for all that was due meanwhile. Server and client share two cores, for
//! a save needs one besides those that serve.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::client::Connection;
use super::report::{self, Head, Limit, Row, Section};
use super::rounds::{Outcome, interleave};
use super::servers::{Peers, Program, Server, not_found};
use super::{CLIENT_CORE, SERVER_CORE, data, process, subject, workspace_root};

/// What `--help` prints.
const HELP: &str = "\
Measures what a save costs while clients write, beside redis-server and valkey-server (those on PATH): latency, memory,
time to save and to load. Prints the table. Takes some minutes on two cores that should have nothing else to do. Its files
are below target/, and gone at its end.

Usage: cargo xtask bench save [OPTION...]

  --keys N         keys to save, with values of 64 bytes (default 5000000)
  --rate N         writes a second meanwhile (default 10000)
  --rounds N       interleaved rounds, of which the medians count (default 3)
  --subject PATH   measure this server in Esker's place, and build nothing
  --out FOLDER     write the report there, as SAVE.md
  --help           this text

To try things in a minute: --keys 200000 --rounds 1.
";

const KEYS: usize = 5_000_000;
const RATE: usize = 10_000;
const ROUNDS: usize = 3;

/// How long writes are timed without a save.
const QUIET_TIME: Duration = Duration::from_secs(5);

/// Writes between two looks whether the save is over.
const WRITES_PER_LOOK: usize = 100;

/// A save that takes longer has failed.
const SAVE_TIME_MAX: Duration = Duration::from_secs(600);

struct Options {
    keys: usize,
    rate: usize,
    rounds: usize,
    subject: Option<PathBuf>,
    out: Option<PathBuf>,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> io::Result<Option<Options>> {
        let mut options = Options { keys: KEYS, rate: RATE, rounds: ROUNDS, subject: None, out: None };
        while let Some(argument) = arguments.next() {
            let mut value =
                || arguments.next().ok_or_else(|| io::Error::other(format!("{argument} needs a value")));
            let mut count = || {
                let count = value()?.parse().ok().filter(|count| *count > 0);
                count.ok_or_else(|| io::Error::other(format!("{argument} takes a number from 1")))
            };
            match argument.as_str() {
                "--keys" => options.keys = count()?,
                "--rate" => options.rate = count()?,
                "--rounds" => options.rounds = count()?,
                "--subject" => options.subject = Some(value()?.into()),
                "--out" => options.out = Some(value()?.into()),
                "--help" | "-h" => return Ok(None),
                _ => return Err(io::Error::other(format!("unknown option {argument}\n\n{HELP}"))),
            }
        }
        Ok(Some(options))
    }
}

/// What one run found.
#[derive(Clone)]
struct Found {
    quiet_us: f64,
    saving_us: f64,
    extra_memory_percent: f64,
    save_seconds: f64,
    load_seconds: f64,
    replay_seconds: f64,
}

/// Runs what `arguments` ask for: prints the report and, where a folder is given, writes it.
///
/// Errors when an argument is wrong, Esker does not build, or redis-benchmark is missing. A measurement that fails
/// is a row that says so.
pub fn run(arguments: impl Iterator<Item = String>) -> io::Result<()> {
    let Some(options) = Options::parse(arguments)? else {
        print!("{HELP}");
        return Ok(());
    };
    let root = workspace_root();
    let scratch = root.join("target").join("bench");
    std::fs::create_dir_all(&scratch)?;
    let peers = Peers::find(subject(options.subject.clone(), &root)?, scratch)?;
    let circumstances = report::circumstances(peers.columns())?;
    process::pin_self(&[CLIENT_CORE])?;
    let sections = sections(&peers, &options);
    let reasons = report::read_reasons(&root.join("bench").join("reasons.txt"))?;
    let (keys, rate, rounds) = (options.keys, options.rate, options.rounds);
    let command = format!("cargo xtask bench save --keys {keys} --rate {rate} --rounds {rounds}");
    let head = Head {
        title: "Saving",
        circumstances,
        commands: [command, "cargo xtask bench save --keys 200000 --rounds 1".to_owned()],
        has_chart: false,
    };
    let text = report::markdown(&head, &sections, &reasons);
    println!("{text}");
    if let Some(folder) = options.out {
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("SAVE.md"), &text)?;
        eprintln!("wrote SAVE.md in {}", folder.display());
    }
    Ok(())
}

/// The sections of the full report, of which rows are asked for. All of them are found in the same runs.
pub fn measure(peers: &Peers, options: &super::options::Options) -> Vec<Section> {
    const NAMES: [&str; 4] = ["save latency", "save latency ratio", "save memory", "save time"];
    if !NAMES.iter().any(|name| options.wants(name, "")) {
        return Vec::new();
    }
    let own = Options {
        keys: options.amount(KEYS),
        rate: RATE,
        rounds: options.rounds.min(ROUNDS),
        subject: None,
        out: None,
    };
    sections(peers, &own)
}

fn sections(peers: &Peers, options: &Options) -> Vec<Section> {
    let columns = peers.columns();
    let samples = interleave(options.rounds, 1, columns.len(), |_, column| {
        let program = columns[column].as_ref().map_err(|file| not_found(file))?;
        let found = measure_one(program, &peers.scratch, options)?;
        eprintln!(
            "save: {}: 99.9th percentile {:.0} us, with a save {:.0} us; {:.1}% more memory; {:.2} s to save, {:.2} s to \
             load, {:.2} s from the append-only file",
            program.name,
            found.quiet_us,
            found.saving_us,
            found.extra_memory_percent,
            found.save_seconds,
            found.load_seconds,
            found.replay_seconds
        );
        Ok(found)
    });
    let row = |name: &str, figure: fn(&Found) -> f64, limit: Option<Limit>| Row {
        name: name.to_owned(),
        figures: samples[0].iter().map(|runs| median(runs, figure)).collect(),
        limit,
    };
    let section = |name, title, method: String, unit, decimals, rows| Section {
        name,
        title,
        method,
        unit,
        decimals,
        columns: Peers::column_names(),
        compares: true,
        rows,
    };
    let (keys, rate) = (options.keys, options.rate);
    vec![
        section(
            "save latency",
            "Commands while everything is saved",
            format!(
                "Microseconds, the 99.9th percentile, of SET with 64 bytes at {rate} a second to {keys} keys, from the \
                 moment at which each was due."
            ),
            "us",
            0,
            vec![
                row("without a save", |found| found.quiet_us, None),
                row("with a save", |found| found.saving_us, None),
            ],
        ),
        section(
            "save latency ratio",
            "Commands with a save by those without",
            "The two figures above, one by the other.".to_owned(),
            "",
            2,
            vec![row("99.9th percentile", |found| found.saving_us / found.quiet_us, Some(Limit::FigureMax(2.0)))],
        ),
        section(
            "save memory",
            "Memory that a save takes",
            "Percent of what was resident before: by how much the peak was more, with what a process that was forked off \
             has copied."
                .to_owned(),
            "%",
            1,
            vec![row(
                "more memory at the peak",
                |found| found.extra_memory_percent,
                Some(Limit::FigureMax(10.0)),
            )],
        ),
        section(
            "save time",
            "Saving and loading",
            format!(
                "Seconds, of {keys} keys with values of 64 bytes, by a server with two workers on two cores; the save under \
                 the writes above. The append-only file has a SET for each key."
            ),
            "s",
            2,
            vec![
                row("to save", |found| found.save_seconds, Some(Limit::RatioMax(0.5))),
                row("to load", |found| found.load_seconds, Some(Limit::RatioMax(0.5))),
                row("to load an append-only file", |found| found.replay_seconds, Some(Limit::RatioMax(0.5))),
            ],
        ),
    ]
}

fn median(runs: &Outcome<Vec<Found>>, figure: fn(&Found) -> f64) -> Outcome<f64> {
    let mut figures: Vec<f64> = runs.as_ref().map_err(String::clone)?.iter().map(figure).collect();
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().ok_or_else(|| "nothing was measured".to_owned())
}

fn measure_one(program: &Program, scratch: &Path, options: &Options) -> io::Result<Found> {
    let dir = scratch.join("save");
    if dir.exists() {
        std::fs::remove_dir_all(&dir)?;
    }
    std::fs::create_dir_all(&dir)?;
    let dir_text = dir.to_string_lossy().into_owned();
    let start = || program.start_with(scratch, 2, &[SERVER_CORE, CLIENT_CORE], &["--dir", &dir_text]);
    let server = start()?;
    let mut connection = server.connect()?;
    fill(&mut connection, options)?;

    let mut writes = Writes { connection, options, next: 0 };
    let quiet = writes.time(|elapsed, _| Ok(elapsed >= QUIET_TIME))?;
    let before = server.resident_bytes()?;
    server.forget_peak()?;
    writes.connection.call(&[b"BGSAVE"])?;
    let began = Instant::now();
    let saving = writes.time(|elapsed, connection| {
        if elapsed > SAVE_TIME_MAX {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the save does not end"));
        }
        Ok(figure_of(connection, "rdb_bgsave_in_progress")? == 0)
    })?;
    let save_seconds = began.elapsed().as_secs_f64();
    let copied = figure_of(&mut writes.connection, "rdb_last_cow_size")?;
    let extra = server.resident_bytes_max()?.saturating_sub(before) + copied;
    drop(writes);
    drop(server);

    let load_seconds = time_start(&start, options)?;
    std::fs::remove_dir_all(&dir)?;
    let replay_seconds = measure_replay(program, scratch, options, &dir)?;
    Ok(Found {
        quiet_us: percentile(quiet),
        saving_us: percentile(saving),
        extra_memory_percent: extra as f64 / before as f64 * 100.0,
        save_seconds,
        load_seconds,
        replay_seconds,
    })
}

/// How long a server takes to load an append-only file that is not rewritten.
fn measure_replay(program: &Program, scratch: &Path, options: &Options, dir: &Path) -> io::Result<f64> {
    std::fs::create_dir_all(dir)?;
    let dir_text = dir.to_string_lossy().into_owned();
    let arguments = ["--dir", &dir_text, "--appendonly", "yes", "--auto-aof-rewrite-percentage", "0"];
    let start = || program.start_with(scratch, 2, &[SERVER_CORE, CLIENT_CORE], &arguments);
    let server = start()?;
    fill(&mut server.connect()?, options)?;
    server.stop()?;
    let seconds = time_start(&start, options)?;
    std::fs::remove_dir_all(dir)?;
    Ok(seconds)
}

/// How long it takes until a server has all keys.
fn time_start(start: &dyn Fn() -> io::Result<Server>, options: &Options) -> io::Result<f64> {
    let began = Instant::now();
    // It answers when it has loaded.
    let server = start()?;
    let seconds = began.elapsed().as_secs_f64();
    let loaded = server.connect()?.call(&[b"DBSIZE"])?;
    if usize::try_from(loaded).ok() != Some(options.keys) {
        return Err(io::Error::other(format!("{loaded} of {} keys were loaded", options.keys)));
    }
    Ok(seconds)
}

fn fill(connection: &mut Connection, options: &Options) -> io::Result<()> {
    connection.load(options.keys, |connection, index| {
        connection.gather(&[b"SET", &data::text_16(index), &data::text_64(index)]);
    })
}

/// A steady stream of writes.
struct Writes<'o> {
    connection: Connection,
    options: &'o Options,
    next: usize,
}

impl Writes<'_> {
    /// Writes until `is_over` says so, and returns how long each write took from when it was due.
    fn time(
        &mut self,
        mut is_over: impl FnMut(Duration, &mut Connection) -> io::Result<bool>,
    ) -> io::Result<Vec<Duration>> {
        let period = Duration::from_secs(1) / u32::try_from(self.options.rate).unwrap_or(u32::MAX);
        let began = Instant::now();
        let mut due = began;
        let mut times = Vec::new();
        loop {
            for _ in 0..WRITES_PER_LOOK {
                while Instant::now() < due {
                    std::hint::spin_loop();
                }
                let index = data::number(self.next) as usize % self.options.keys;
                self.next += 1;
                self.connection.call(&[b"SET", &data::text_16(index), &data::text_64(self.next)])?;
                times.push(due.elapsed());
                due += period;
            }
            if is_over(began.elapsed(), &mut self.connection)? {
                return Ok(times);
            }
        }
    }
}

/// The 99.9th percentile, in microseconds.
fn percentile(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len().saturating_sub(1) * 999 / 1000).map_or(0.0, Duration::as_secs_f64) * 1e6
}

/// A number in INFO.
fn figure_of(connection: &mut Connection, name: &str) -> io::Result<usize> {
    let texts = connection.ask(&[b"INFO", b"persistence"])?;
    let text = String::from_utf8_lossy(texts.first().map_or(&[][..], Vec::as_slice)).into_owned();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')?.trim().parse().ok());
    value.ok_or_else(|| io::Error::other(format!("INFO shows no {name}")))
}
