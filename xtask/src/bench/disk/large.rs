//! A database much larger than its cache: the memory that the server takes, what it reads for a GET, and the room
//! that the values take on disk.

use std::io;

use crate::bench::client::Connection;
use crate::bench::data;
use crate::bench::load::Load;
use crate::bench::report::{Limit, Row, Section};
use crate::bench::rounds::Outcome;

use super::figure;
use super::quiet;
use super::site::{CLIENTS, PIPELINE, Site};

/// Bytes of a value, which nothing can compress, and of the name of its key.
const VALUE_BYTES: usize = 1024;
const NAME_BYTES: usize = 16;
/// Megabytes that the server may take in memory.
const RESIDENT_MB_MAX: f64 = 600.0;
/// What the files may take after compaction, by the keys and values.
const ROOM_MAX: f64 = 1.3;
/// The part of the free room that the values may be: while it is compacted, everything is there twice.
const PART_OF_FREE_MAX: f64 = 0.4;
/// GETs of the run that reads.
const GETS: usize = 200_000;

const LOADING: &str = "peak while loading";
const READING: &str = "peak after random GETs";
const COMPACTING: &str = "peak after COMPACT";
const GET: &str = "random GET";
const QUIET: &str = "tables, once compaction is quiet";
const COMPACTED: &str = "tables, after COMPACT";
const JOURNALS: &str = "journals, once compaction is quiet";

/// What one run found.
struct Findings {
    /// Gigabytes of keys and values.
    payload: f64,
    /// Megabytes in memory at most while loading, and after reading too.
    resident: [f64; 2],
    /// GETs a second, and bytes read from the disk for each.
    reads: [f64; 2],
    /// Gigabytes of the tables and of the journals.
    quiet: [f64; 2],
    /// Gigabytes of the tables after COMPACT, and megabytes in memory at most until then.
    compacted: Outcome<[f64; 2]>,
}

/// Loads the large database and measures all three.
pub fn measure(site: &Site) -> Vec<Section> {
    let wants = |section: &str, names: &[&str]| names.iter().any(|name| site.options.wants(section, name));
    let is_wanted = wants("memory", &[LOADING, READING, COMPACTING])
        || wants("reads", &[GET])
        || wants("disk use", &[QUIET, COMPACTED, JOURNALS]);
    if !is_wanted {
        return Vec::new();
    }
    let found = gigabytes(site).and_then(|gigabytes| run(site, gigabytes)).map_err(|error| error.to_string());
    let of = |part: fn(&Findings) -> f64| found.as_ref().map(part).map_err(String::clone);
    let compacted = found.as_ref().map_err(String::clone).and_then(|found| found.compacted.clone());
    let wanted_rows = |section: &str, rows: Vec<Row>| -> Vec<Row> {
        rows.into_iter().filter(|row| site.options.wants(section, &row.name)).collect()
    };
    let payload = of(|found| found.payload);
    let size = payload.as_ref().map_or_else(|_| "-".to_owned(), |size| format!("{size:.2}"));
    let row = |name: &str, figures, limit| Row { name: name.to_owned(), figures, limit };
    let resident_max = Some(Limit::FigureMax(RESIDENT_MB_MAX));
    let memory = wanted_rows(
        "memory",
        vec![
            row(LOADING, vec![of(|found| found.resident[0])], resident_max),
            row(READING, vec![of(|found| found.resident[1])], resident_max),
            row(COMPACTING, vec![figure(&compacted, 1)], resident_max),
        ],
    );
    let reads = wanted_rows(
        "reads",
        vec![row(GET, vec![of(|found| found.reads[0]), of(|found| found.reads[1])], None)],
    );
    let room = wanted_rows(
        "disk use",
        vec![
            row(QUIET, vec![of(|found| found.quiet[0]), payload.clone()], None),
            row(COMPACTED, vec![figure(&compacted, 0), payload.clone()], Some(Limit::RatioMax(ROOM_MAX))),
            row(JOURNALS, vec![of(|found| found.quiet[1]), payload], None),
        ],
    );
    let sections = [
        Section {
            name: "memory",
            title: "Memory with a database larger than the cache",
            method: format!(
                "Megabytes of resident memory at most so far, by the kernel (VmHWM), with `--disk-cache-size 256mb` \
                 and {size} GB in keys of {NAME_BYTES} and values of {VALUE_BYTES} bytes that nothing can compress \
                 ({} GB were asked for; more than {PART_OF_FREE_MAX} of the free room is never taken).",
                site.options.gigabytes
            ),
            unit: "MB",
            decimals: 0,
            columns: vec!["MB"],
            compares: false,
            rows: memory,
        },
        Section {
            name: "reads",
            title: "Reading from a database larger than the cache",
            method: format!(
                "{GETS} GETs of random keys, `redis-benchmark -c {CLIENTS} -P {PIPELINE}`; bytes that the disk read for \
                 the server, by `/proc/<pid>/io`: what the kernel's page cache holds is not among them."
            ),
            unit: "",
            decimals: 0,
            columns: vec!["GETs a second", "bytes read for each"],
            compares: false,
            rows: reads,
        },
        Section {
            name: "disk use",
            title: "Room on disk",
            method: "Gigabytes that the files of the same database take, beside its keys and values."
                .to_owned(),
            unit: "GB",
            decimals: 2,
            columns: vec!["on disk", "payload"],
            compares: true,
            rows: room,
        },
    ];
    sections.into_iter().filter(|section| !section.rows.is_empty()).collect()
}

/// Gigabytes of values: as many as asked for, if there is room.
fn gigabytes(site: &Site) -> io::Result<f64> {
    let room = site.free_bytes()? as f64 * PART_OF_FREE_MAX / 1e9;
    Ok(site.options.gigabytes.min(room))
}

fn run(site: &Site, gigabytes: f64) -> io::Result<Findings> {
    let keys = (gigabytes * 1e9) as usize / VALUE_BYTES;
    let folder = site.folder("large")?;
    let server = site.start_with(&folder, &["--disk-cache-size", "256mb"])?;
    let resident = || Ok::<_, io::Error>(server.resident_bytes_max()? as f64 / 1e6);
    load(&mut server.connect()?, keys)?;
    quiet::wait_for(&server)?;
    let loading = resident()?;
    let bytes = folder.disk_bytes()?;
    eprintln!("memory: {LOADING}: {loading:.0} MB");

    let read_before = server.disk_read_bytes()?;
    let rate = site.send(&server, Load::Test("get"), GETS, keys)?;
    let read = (server.disk_read_bytes()? - read_before) as f64 / GETS as f64;
    let reading = resident()?;
    eprintln!("reads: {GET}: {rate:.0} a second, {read:.0} bytes each; memory: {READING}: {reading:.0} MB");

    let compacted = quiet::compact(&server).and_then(|()| {
        let tables = folder.disk_bytes()?.others as f64 / 1e9;
        let compacting = resident()?;
        eprintln!("disk use: {COMPACTED}: {tables:.2} GB; memory: {COMPACTING}: {compacting:.0} MB");
        Ok([tables, compacting])
    });
    Ok(Findings {
        payload: (keys * (NAME_BYTES + VALUE_BYTES)) as f64 / 1e9,
        resident: [loading, reading],
        reads: [rate, read],
        quiet: [bytes.others as f64 / 1e9, bytes.journals as f64 / 1e9],
        compacted: compacted.map_err(|error| error.to_string()),
    })
}

fn load(connection: &mut Connection, keys: usize) -> io::Result<()> {
    let mut value = [0; VALUE_BYTES];
    connection.load(keys, |connection, index| {
        data::fill(index, &mut value);
        connection.gather(&[b"SET", format!("key:{index:012}").as_bytes(), &value]);
    })
}
