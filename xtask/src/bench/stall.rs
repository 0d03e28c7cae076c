//! The slowest command while a large keyspace is built.
//!
//! One thread holds two connections, so that no delay is its own scheduling. Again and again it sends
//! a batch of inserts on the one and a single insert, the probe, on the other, and takes the time
//! until each is answered. The probe's time is one command's latency as another client sees it, behind
//! at most one batch. A batch's time bounds that of every command in it. So the greatest of all these
//! times bounds the slowest command, and no command goes unmeasured.
//!
//! On a shared machine most of the slowest command's time may be that of a neighbour. So the server's
//! own part is taken too: the CPU time that the process spends between a batch's start and its end. On
//! a core that nobody else uses, that is how long the batch takes. And the least of several runs
//! counts, for what the server does by design comes back in each of them.

use std::io;
use std::time::{Duration, Instant};

use super::client::Connection;
use super::options::Options;
use super::report::{Limit, Row, Section};
use super::rounds::{Outcome, interleave};
use super::servers::{Peers, Program, not_found};
use super::{CLIENT_CORE, SERVER_CORE, data};

/// Inserts in a batch; few enough that a probe behind them waits for far less than the limit.
const BATCH_COMMANDS: usize = 64;

/// Milliseconds that the slowest command may take.
const SLOWEST_MS_MAX: f64 = 10.0;

/// Runs of each, at most; the least of them counts.
const ROUNDS_MAX: usize = 3;

/// One keyspace to build.
struct Growth {
    name: &'static str,
    keys: usize,
    /// What stands before each key's own part.
    prefix: &'static str,
}

const GROWTHS: &[Growth] = &[
    Growth { name: "10M keys into an empty server", keys: 10_000_000, prefix: "" },
    Growth { name: "5M keys into one slot", keys: 5_000_000, prefix: "{slot}" },
];

/// What one run found, in milliseconds.
#[derive(Clone)]
struct Times {
    slowest: f64,
    slowest_cpu: f64,
    probe_9999th: f64,
}

/// A row of each keyspace: what it shows of a run, and at most how many milliseconds.
type Figure = (&'static str, fn(&Times) -> f64, Option<f64>);

const FIGURES: [Figure; 3] = [
    ("slowest command", |times| times.slowest, Some(SLOWEST_MS_MAX)),
    ("slowest command, the server's CPU time", |times| times.slowest_cpu, Some(SLOWEST_MS_MAX)),
    ("99.99th percentile of the single inserts", |times| times.probe_9999th, None),
];

/// Measures Esker beside its peers.
pub fn measure(peers: &Peers, options: &Options) -> Section {
    let growths: Vec<_> = GROWTHS.iter().filter(|growth| options.wants("stall", growth.name)).collect();
    let columns = peers.columns();
    let rounds = options.rounds.min(ROUNDS_MAX);
    let samples = interleave(rounds, growths.len(), columns.len(), |row, column| {
        let program = columns[column].as_ref().map_err(|file| not_found(file))?;
        let times = growths[row].measure(program, peers, options)?;
        for (what, figure, _) in FIGURES {
            eprintln!("stall: {}: {what}: {} {:.2} ms", growths[row].name, program.name, figure(&times));
        }
        Ok(times)
    });
    let rows = growths.iter().zip(&samples).flat_map(|(growth, columns)| {
        FIGURES.map(|(what, figure, most)| Row {
            name: format!("{}: {what}", growth.name),
            figures: columns.iter().map(|runs| least(runs, figure)).collect(),
            limit: most.map(Limit::FigureMax),
        })
    });
    Section {
        name: "stall",
        title: "The slowest command while a keyspace is built",
        method: format!(
            "Milliseconds, of all commands, while one connection inserts keys and values of 16 bytes in batches \
             of {BATCH_COMMANDS} and another one inserts singly, from core {CLIENT_CORE}. A batch's time counts \
             for each of its commands. The server's CPU time leaves out what the machine's other users take. \
             The least of {rounds} interleaved runs: what a server does by design comes back in each."
        ),
        unit: "ms",
        decimals: 2,
        columns: Peers::column_names(),
        compares: true,
        rows: rows.collect(),
    }
}

fn least(runs: &Outcome<Vec<Times>>, figure: fn(&Times) -> f64) -> Outcome<f64> {
    let runs = runs.as_ref().map_err(String::clone)?;
    Ok(runs.iter().map(figure).fold(f64::INFINITY, f64::min))
}

impl Growth {
    /// Builds the keyspace in a fresh server.
    fn measure(&self, program: &Program, peers: &Peers, options: &Options) -> io::Result<Times> {
        let keys = options.amount(self.keys);
        let server = program.start(&peers.scratch, 1, &[SERVER_CORE])?;
        let (mut loader, mut prober) = (server.connect()?, server.connect()?);
        let mut slowest = Duration::ZERO;
        let mut slowest_cpu = Duration::ZERO;
        let mut probes = Vec::with_capacity(keys / BATCH_COMMANDS + 1);
        let mut inserted = 0;
        while inserted < keys {
            for index in inserted..inserted + BATCH_COMMANDS {
                self.gather_insert(&mut loader, index);
            }
            self.gather_insert(&mut prober, inserted + BATCH_COMMANDS);
            inserted += BATCH_COMMANDS + 1;

            let cpu_before = server.cpu_time()?;
            let batch_start = Instant::now();
            loader.send()?;
            let probe_start = Instant::now();
            prober.send()?;
            prober.receive()?;
            probes.push(probe_start.elapsed());
            loader.receive()?;
            slowest = slowest.max(batch_start.elapsed());
            slowest_cpu = slowest_cpu.max(server.cpu_time()? - cpu_before);
        }
        slowest = probes.iter().copied().fold(slowest, Duration::max);
        probes.sort_unstable();
        let probe_9999th = probes[(probes.len() - 1) * 9999 / 10_000];
        let [slowest, slowest_cpu, probe_9999th] =
            [slowest, slowest_cpu, probe_9999th].map(|time| time.as_secs_f64() * 1e3);
        Ok(Times { slowest, slowest_cpu, probe_9999th })
    }

    fn gather_insert(&self, connection: &mut Connection, index: usize) {
        let value = data::text_16(index);
        let mut key = value;
        key[..self.prefix.len()].copy_from_slice(self.prefix.as_bytes());
        connection.gather(&[b"SET", &key, &value]);
    }
}
