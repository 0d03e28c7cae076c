//! How long a server takes until it answers, with a database that is there already.

use std::io;
use std::time::Instant;

use crate::bench::client::Connection;
use crate::bench::data;
use crate::bench::report::{Limit, Row, Section};
use crate::bench::rounds::median;
use crate::bench::servers::Server;

use super::quiet;
use super::site::{Folder, Site, VALUE_BYTES};
use super::speed::load_strings;

const STOPPED: &str = "after a clean stop";
const KILLED: &str = "after kill -9 while it writes";
/// Seconds from the start of the process to the first reply, at most.
const STOPPED_SECONDS_MAX: f64 = 2.0;
const KILLED_SECONDS_MAX: f64 = 10.0;

/// Measures both ends.
pub fn measure(site: &Site) -> Vec<Section> {
    let names: Vec<_> =
        [STOPPED, KILLED].into_iter().filter(|name| site.options.wants("open", name)).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let samples = run(site).map_err(|error| error.to_string());
    let rows = names.into_iter().map(|name| {
        let (index, most) = if name == STOPPED { (0, STOPPED_SECONDS_MAX) } else { (1, KILLED_SECONDS_MAX) };
        let seconds = samples.as_ref().map(|samples| median(samples[index].clone())).map_err(String::clone);
        Row { name: name.to_owned(), figures: vec![seconds], limit: Some(Limit::FigureMax(most)) }
    });
    let keys = site.options.keys;
    vec![Section {
        name: "open",
        title: "Opening",
        method: format!(
            "Seconds from the start of the process to the reply to PING, with {keys} keys of {VALUE_BYTES} bytes that \
             the kernel's page cache holds. Before it is killed, the server overwrites {} of them. Medians of {}.",
            overwritten(keys),
            site.options.few_rounds()
        ),
        unit: "s",
        decimals: 2,
        columns: vec!["seconds"],
        compares: false,
        rows: rows.collect(),
    }]
}

/// Keys that are written before the server is killed.
fn overwritten(keys: usize) -> usize {
    keys / 4
}

/// The seconds after each clean stop, and after each kill.
fn run(site: &Site) -> io::Result<[Vec<f64>; 2]> {
    let keys = site.options.keys;
    let folder = site.folder("open")?;
    let mut server = site.start(&folder)?;
    load_strings(&mut server.connect()?, keys)?;
    quiet::wait_for(&server)?;
    let (mut stopped, mut killed) = (Vec::new(), Vec::new());
    for round in 0..site.options.few_rounds() {
        server.stop()?;
        let seconds;
        (server, seconds) = open(site, &folder)?;
        eprintln!("open: {STOPPED}: {seconds:.2} s");
        stopped.push(seconds);

        overwrite(&mut server.connect()?, keys, round)?;
        // Its end is a kill.
        drop(server);
        let seconds;
        (server, seconds) = open(site, &folder)?;
        eprintln!("open: {KILLED}: {seconds:.2} s");
        killed.push(seconds);
    }
    Ok([stopped, killed])
}

/// Starts the server again and says how many seconds that took. Errors when keys are missing.
fn open(site: &Site, folder: &Folder) -> io::Result<(Server, f64)> {
    let began = Instant::now();
    let server = site.start(folder)?;
    let seconds = began.elapsed().as_secs_f64();
    let (found, keys) = (server.connect()?.call(&[b"DBSIZE"])?, site.options.keys);
    if usize::try_from(found) != Ok(keys) {
        return Err(io::Error::other(format!("{found} keys are there, of {keys}")));
    }
    Ok((server, seconds))
}

fn overwrite(connection: &mut Connection, keys: usize, round: usize) -> io::Result<()> {
    let mut value = [0; VALUE_BYTES];
    connection.load(overwritten(keys), |connection, index| {
        let chosen = data::number(round * keys + index);
        data::fill(index, &mut value);
        connection.gather(&[b"SET", format!("key:{:012}", chosen % keys as u64).as_bytes(), &value]);
    })
}
