//! What it costs to have every change on the disk before it is acknowledged: nothing for those who wait together.

use std::io;

use crate::bench::load::Load;
use crate::bench::report::{Limit, Row, Section};
use crate::bench::rounds::{interleave, median};

use super::site::{CLIENTS, Site, VALUE_BYTES};

/// What many clients may write, by what one does, at least.
const RATIO_MIN: f64 = 10.0;
const SET: &str = "SET";
/// Requests that one client sends, and that each of many does.
const ALONE_REQUESTS: usize = 2_000;
const TOGETHER_REQUESTS: usize = 1_000;
/// Keys that are written to.
const KEYS: usize = 100_000;

/// Measures SET with `appendfsync always`.
pub fn measure(site: &Site) -> Vec<Section> {
    if !site.options.wants("sync", SET) {
        return Vec::new();
    }
    let columns = [(CLIENTS, CLIENTS * TOGETHER_REQUESTS), (1, ALONE_REQUESTS)];
    let measured = || -> io::Result<_> {
        let folder = site.folder("sync")?;
        let server = site.start_with(&folder, &["--appendfsync", "always"])?;
        Ok(interleave(site.options.rounds, 1, columns.len(), |_, column| {
            let (clients, requests) = columns[column];
            let rate = site.send_singly(&server, Load::Test("set"), requests, KEYS, clients)?;
            eprintln!("sync: {SET}: {clients} clients {rate:.0} a second");
            Ok(rate)
        })
        .remove(0))
    };
    let figures = match measured() {
        Ok(samples) => samples.into_iter().map(|rates| rates.map(median)).collect(),
        Err(error) => vec![Err(error.to_string()); columns.len()],
    };
    vec![Section {
        name: "sync",
        title: "Waiting for the disk",
        method: format!(
            "Requests a second of SET with values of {VALUE_BYTES} bytes, `appendfsync always`, not pipelined: {CLIENTS} \
             clients of redis-benchmark, and one."
        ),
        unit: "a second",
        decimals: 0,
        columns: vec!["50 clients", "1 client"],
        compares: true,
        rows: vec![Row { name: SET.to_owned(), figures, limit: Some(Limit::RatioMin(RATIO_MIN)) }],
    }]
}
