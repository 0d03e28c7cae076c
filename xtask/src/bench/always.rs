//! Writes that are on disk before they are acknowledged: `appendfsync always`, with as many clients as the other rows.
//!
//! Server and redis-benchmark share two cores, as the scheduler sees fit: what counts is how many commands share one sync,
//! and what else is done while the disk is waited for. The files are below `target/`, so the disk is the one that this is
//! built on.

use std::io;
use std::time::Duration;

use super::load::{Load, Run};
use super::options::Options;
use super::report::{Limit, Row, Section};
use super::rounds::{interleave, median};
use super::servers::{Peers, Program, not_found};
use super::{CLIENT_CORE, SERVER_CORE};

const NAME: &str = "always";
const CORES: &[usize] = &[SERVER_CORE, CLIENT_CORE];

/// How many commands are sent at once, and how many in all.
const RUNS: [(usize, usize); 2] = [(1, 100_000), (16, 1_000_000)];

/// Esker's throughput by Redis', at least.
const RATIO_MIN: f64 = 1.5;

/// Measures the rows that are asked for.
pub fn measure(peers: &Peers, options: &Options) -> Section {
    let name = |pipeline: usize| format!("SET, -P {pipeline}");
    let runs: Vec<_> =
        RUNS.into_iter().filter(|(pipeline, _)| options.wants(NAME, &name(*pipeline))).collect();
    let columns = peers.columns();
    let samples = interleave(options.rounds, runs.len(), columns.len(), |row, column| {
        let program = columns[column].as_ref().map_err(|file| not_found(file))?;
        let (pipeline, requests) = runs[row];
        let rate = measure_one(program, peers, pipeline, options.amount(requests))?;
        eprintln!("{NAME}: {}: {}: {rate:.0} a second", name(pipeline), program.name);
        Ok(rate)
    });
    let rows = runs.iter().zip(samples).map(|((pipeline, _), figures)| Row {
        name: name(*pipeline),
        figures: figures.into_iter().map(|figures| figures.map(median)).collect(),
        limit: Some(Limit::RatioMin(RATIO_MIN)),
    });
    Section {
        name: NAME,
        title: "On disk before it is acknowledged",
        method: format!(
            "Commands a second with `appendonly yes` and `appendfsync always`, two workers and \
             `redis-benchmark -c 50 -d 64 -r 100000` on the same two cores; medians of {} interleaved rounds, a fresh \
             server for each run.",
            options.rounds
        ),
        unit: "a second",
        decimals: 0,
        columns: Peers::column_names(),
        compares: true,
        rows: rows.collect(),
    }
}

fn measure_one(program: &Program, peers: &Peers, pipeline: usize, requests: usize) -> io::Result<f64> {
    let dir = peers.scratch.join("always");
    if dir.exists() {
        std::fs::remove_dir_all(&dir)?;
    }
    std::fs::create_dir_all(&dir)?;
    let dir_text = dir.to_string_lossy().into_owned();
    let arguments = ["--dir", &dir_text, "--appendonly", "yes", "--appendfsync", "always"];
    let server = program.start_with(&peers.scratch, CORES.len(), CORES, &arguments)?;
    let run = Run {
        load: Load::Test("set"),
        requests,
        clients: 50,
        pipeline,
        value_bytes: 64,
        key_count: 100_000,
        options: &[],
        cores: CORES,
        time_max: Duration::from_secs(300),
    };
    let rate = run.against(server.port, &peers.scratch)?;
    drop(server);
    std::fs::remove_dir_all(&dir)?;
    Ok(rate)
}
