//! What a second worker brings on disk.

use std::io;

use crate::bench::load::Load;
use crate::bench::report::{Row, Section};
use crate::bench::rounds::{Outcome, interleave, median};
use crate::bench::{CLIENT_CORE, SERVER_CORE};

use super::quiet;
use super::site::{CACHE_BYTES, CLIENTS, Folder, PIPELINE, Site};
use super::speed::load_strings;

/// Each with the name of redis-benchmark's test.
const TESTS: [(&str, &str); 2] = [("GET", "get"), ("SET", "set")];
/// Workers, the server's cores, and those of redis-benchmark. Two workers and the client share two cores, as the
/// scheduler sees fit.
const COLUMNS: [(usize, &[usize], &[usize]); 2] =
    [(2, &[SERVER_CORE, CLIENT_CORE], &[SERVER_CORE, CLIENT_CORE]), (1, &[SERVER_CORE], &[CLIENT_CORE])];

/// Measures GET and SET with two workers and with one.
pub fn measure(site: &Site) -> Vec<Section> {
    let tests: Vec<_> = TESTS.into_iter().filter(|(name, _)| site.options.wants("workers", name)).collect();
    if tests.is_empty() {
        return Vec::new();
    }
    let samples = run(site, &tests)
        .unwrap_or_else(|error| vec![vec![Err(error.to_string()); COLUMNS.len()]; tests.len()]);
    let rows = tests.iter().zip(samples).map(|((name, _), columns)| Row {
        name: (*name).to_owned(),
        figures: columns.into_iter().map(|rates| rates.map(median)).collect(),
        limit: None,
    });
    vec![Section {
        name: "workers",
        title: "Two workers beside one",
        method: format!(
            "Requests a second of `redis-benchmark -c {CLIENTS} -P {PIPELINE}` over {} keys, all in cache. Two workers \
             and the client share both cores; one worker has a core for itself, and so has its client.",
            site.options.elements()
        ),
        unit: "a second",
        decimals: 0,
        columns: vec!["two workers", "one worker"],
        compares: true,
        rows: rows.collect(),
    }]
}

fn run(site: &Site, tests: &[(&str, &str)]) -> io::Result<Vec<Vec<Outcome<Vec<f64>>>>> {
    let keys = site.options.elements();
    let folders: Vec<Folder> =
        ["two-workers", "one-worker"].into_iter().map(|name| site.folder(name)).collect::<io::Result<_>>()?;
    let mut servers = Vec::new();
    for ((workers, cores, _), folder) in COLUMNS.iter().zip(&folders) {
        let arguments = ["--disk-cache-size", &CACHE_BYTES.to_string()];
        let server = site.start_on(folder, *workers, cores, &arguments)?;
        load_strings(&mut server.connect()?, keys)?;
        servers.push(server);
    }
    Ok(interleave(site.options.rounds, tests.len(), COLUMNS.len(), |row, column| {
        quiet::wait_for(&servers[column])?;
        let (workers, _, client_cores) = COLUMNS[column];
        let load = Load::Test(tests[row].1);
        let rate = site.send_on(&servers[column], load, keys.max(200_000), keys, client_cores)?;
        eprintln!("workers: {}: {workers} workers {rate:.0} a second", tests[row].0);
        Ok(rate)
    }))
}
