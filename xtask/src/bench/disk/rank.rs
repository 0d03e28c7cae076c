//! What it costs to count the elements of a large sorted set: ranks, and ranges by index.

use std::io;
use std::time::{Duration, Instant};

use crate::bench::data;
use crate::bench::report::{Row, Section};
use crate::bench::rounds::Outcome;
use crate::bench::servers::Server;

use super::collections::Kind;
use super::site::Site;
use super::{figure, quiet};

const ZRANK: &str = "ZRANK";
const ZRANGE: &str = "ZRANGE of 10 by index";
/// Commands that are sent, unless they take longer than the time below.
const COMMANDS_MAX: usize = 20_000;
const TIME_MAX: Duration = Duration::from_secs(10);

/// Measures both commands.
pub fn measure(site: &Site) -> Vec<Section> {
    let names: Vec<_> = [ZRANK, ZRANGE].into_iter().filter(|name| site.options.wants("rank", name)).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let found = run(site, &names).map_err(|error| error.to_string());
    let rows = names.iter().enumerate().map(|(index, name)| {
        let figures: Outcome<[f64; 3]> = found.as_ref().map(|all| all[index]).map_err(String::clone);
        Row {
            name: (*name).to_owned(),
            figures: (0..3).map(|index| figure(&figures, index)).collect(),
            limit: None,
        }
    });
    vec![Section {
        name: "rank",
        title: "Counting in a large sorted set",
        method: format!(
            "Microseconds for each command, one at a time, on a sorted set of {} members: a random member's rank, and \
             ten members from a random index on.",
            site.options.elements()
        ),
        unit: "µs",
        decimals: 1,
        columns: vec!["CPU time", "median latency", "99th percentile"],
        compares: false,
        rows: rows.collect(),
    }]
}

fn run(site: &Site, names: &[&str]) -> io::Result<Vec<[f64; 3]>> {
    let folder = site.folder("rank")?;
    let server = site.start(&folder)?;
    Kind::SortedSet.load(&mut server.connect()?, b"large", site.options.elements())?;
    quiet::wait_for(&server)?;
    let found = names.iter().map(|name| {
        let figures = time(&server, name, site.options.elements())?;
        eprintln!("rank: {name}: {:.1} µs of CPU time, median {:.1} µs", figures[0], figures[1]);
        Ok(figures)
    });
    found.collect()
}

/// Microseconds of CPU time for each command, their median latency, and its 99th percentile.
fn time(server: &Server, name: &str, elements: usize) -> io::Result<[f64; 3]> {
    let mut connection = server.connect()?;
    let mut latencies = Vec::new();
    let (began, before) = (Instant::now(), server.cpu_time()?);
    while latencies.len() < COMMANDS_MAX && began.elapsed() < TIME_MAX {
        let index = (data::number(latencies.len()) % (elements as u64 - 10)) as usize;
        let [member, first, last] =
            [format!("element:{index:012}"), index.to_string(), (index + 9).to_string()];
        let sent = Instant::now();
        let reply = if name == ZRANK {
            connection.ask(&[b"ZRANK", b"large", member.as_bytes()])?
        } else {
            connection.ask(&[b"ZRANGE", b"large", first.as_bytes(), last.as_bytes()])?
        };
        latencies.push(sent.elapsed().as_secs_f64() * 1e6);
        if reply.len() != if name == ZRANK { 1 } else { 10 } {
            return Err(io::Error::other(format!("{name} found {} elements", reply.len())));
        }
    }
    let spent = (server.cpu_time()? - before).as_secs_f64() * 1e6 / latencies.len() as f64;
    latencies.sort_by(f64::total_cmp);
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize];
    Ok([spent, at(0.5), at(0.99)])
}
