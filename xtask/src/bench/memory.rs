//! Memory per item: the growth of resident memory while the same data is loaded into each server.

use std::io;
use std::time::{Duration, Instant};

use super::client::Connection;
use super::options::Options;
use super::report::{Limit, Row, Section};
use super::rounds::{interleave, median};
use super::servers::{Peers, Program, Server, not_found};
use super::{SERVER_CORE, data};

/// For how long the resident memory must stand still before it is read: after the last command tables may still be
/// moving, and unused memory may be on its way back to the system.
const STILL_TIME: Duration = Duration::from_millis(1500);
/// After which time it is read in any case.
const STILL_TIME_MAX: Duration = Duration::from_secs(10);

/// One row: what is loaded, how often, and what an item may cost.
struct DataSet {
    name: &'static str,
    /// Items that are counted.
    items: usize,
    /// Adds the command that makes the `index`th item.
    gather: fn(&mut Connection, usize),
    /// Bytes an item.
    bytes_max: f64,
}

const DATA_SETS: &[DataSet] = &[
    DataSet {
        name: "1M strings, 16-byte keys, 64-byte values",
        items: 1_000_000,
        gather: |connection, index| {
            connection.gather(&[b"SET", &data::text_16(index), &data::text_64(index)]);
        },
        bytes_max: 118.0,
    },
    DataSet {
        name: "the same with an expiry",
        items: 1_000_000,
        gather: |connection, index| {
            let seconds = (86_400 + data::number(index) % 86_400).to_string();
            let (key, value) = (data::text_16(index), data::text_64(index));
            connection.gather(&[b"SET", &key, &value, b"EX", seconds.as_bytes()]);
        },
        bytes_max: 135.0,
    },
    DataSet {
        name: "200K hashes of 10 fields, 6-byte names, 14-byte values",
        items: 200_000,
        gather: |connection, index| {
            let fields = (0..10).map(|field| (format!("field{field}"), value_14(index * 10 + field)));
            gather_collection(connection, "HSET", index, fields.flat_map(|(name, value)| [name, value]));
        },
        bytes_max: 285.0,
    },
    DataSet {
        name: "one sorted set of 1M 16-byte members",
        items: 1_000_000,
        gather: |connection, index| {
            let score = data::fraction(index).to_string();
            connection.gather(&[b"ZADD", b"zset", score.as_bytes(), &data::text_16(index)]);
        },
        bytes_max: 72.0,
    },
    DataSet {
        name: "one set of 1M 16-byte members",
        items: 1_000_000,
        gather: |connection, index| connection.gather(&[b"SADD", b"set", &data::text_16(index)]),
        bytes_max: 45.0,
    },
    DataSet {
        name: "1M lists of 5 small elements",
        items: 1_000_000,
        gather: |connection, index| {
            // The letter keeps them from being numbers, which every server stores in fewer bytes.
            let elements = (0..5).map(|element| format!("v{:02x}", data::number(index * 5 + element) & 0xff));
            gather_collection(connection, "RPUSH", index, elements);
        },
        bytes_max: 80.0,
    },
    DataSet {
        name: "500K sets of 10 integers",
        items: 500_000,
        gather: |connection, index| {
            // Ten different ones below a million.
            let member = |member| data::number(index * 10 + member) % 100_000 + member as u64 * 100_000;
            let members = (0..10).map(|place| member(place).to_string());
            gather_collection(connection, "SADD", index, members);
        },
        bytes_max: 95.0,
    },
    DataSet {
        name: "one stream of 1M entries of 2 fields, 14-byte and numeric values",
        items: 1_000_000,
        gather: |connection, index| {
            let (value, number) = (value_14(index), (data::number(index) % 100_000).to_string());
            let words =
                [b"XADD", &b"stream"[..], b"*", b"name", value.as_bytes(), b"reading", number.as_bytes()];
            connection.gather(&words);
        },
        bytes_max: 31.0,
    },
];

/// Measures Esker beside its peers.
pub fn measure(peers: &Peers, options: &Options) -> Section {
    let data_sets: Vec<_> = DATA_SETS.iter().filter(|set| options.wants("memory", set.name)).collect();
    let columns = peers.columns();
    let samples = interleave(1, data_sets.len(), columns.len(), |row, column| {
        let program = columns[column].as_ref().map_err(|file| not_found(file))?;
        let figure = data_sets[row].measure(program, peers, options)?;
        eprintln!("memory: {}: {} {figure:.1} bytes", data_sets[row].name, program.name);
        Ok(figure)
    });
    let rows = data_sets.iter().zip(samples).map(|(set, figures)| Row {
        name: set.name.to_owned(),
        figures: figures.into_iter().map(|figures| figures.map(median)).collect(),
        limit: Some(Limit::FigureMax(set.bytes_max)),
    });
    Section {
        name: "memory",
        title: "Memory by item",
        method:
            "Bytes by which the server's resident memory (the sum of its pages) grows for each item, the \
                 same data loaded into a fresh server each time."
                .to_owned(),
        unit: "bytes",
        decimals: 1,
        columns: Peers::column_names(),
        compares: true,
        rows: rows.collect(),
    }
}

impl DataSet {
    /// Loads the set into a fresh server: bytes an item.
    fn measure(&self, program: &Program, peers: &Peers, options: &Options) -> io::Result<f64> {
        let items = options.amount(self.items);
        let server = program.start(&peers.scratch, 1, &[SERVER_CORE])?;
        let mut connection = server.connect()?;
        let before = still_resident_bytes(&server)?;
        connection.load(items, self.gather)?;
        // What the connection holds is not the data's.
        drop(connection);
        let after = still_resident_bytes(&server)?;
        Ok((after as f64 - before as f64) / items as f64)
    }
}

fn still_resident_bytes(server: &Server) -> io::Result<usize> {
    let deadline = Instant::now() + STILL_TIME_MAX;
    let mut bytes = server.resident_bytes()?;
    let mut since = Instant::now();
    while since.elapsed() < STILL_TIME && Instant::now() < deadline {
        std::thread::sleep(STILL_TIME / 10);
        let now = server.resident_bytes()?;
        if now != bytes {
            bytes = now;
            since = Instant::now();
        }
    }
    Ok(bytes)
}

/// Adds `command` on the `index`th key, of 12 bytes, with `words`.
fn gather_collection(
    connection: &mut Connection,
    command: &str,
    index: usize,
    words: impl Iterator<Item = String>,
) {
    let words: Vec<String> =
        [command.to_owned(), format!("key:{index:08}")].into_iter().chain(words).collect();
    let words: Vec<&[u8]> = words.iter().map(String::as_bytes).collect();
    connection.gather(&words);
}

/// The `index`th value of 14 bytes.
fn value_14(index: usize) -> String {
    format!("v{:013x}", data::number(index) >> 12)
}
