//! Whether the size of a collection matters: the same commands on one large collection, and on as many elements in
//! small ones.
//!
//! With a thousand small collections of a thousand elements both have the same number of elements, so the tree below
//! is as large, and what a run of LPUSH or RPOP adds or takes is the same small part.

use std::io;
use std::ops::Range;
use std::time::{Duration, Instant};

use crate::bench::client::Connection;
use crate::bench::data;
use crate::bench::load::Load;
use crate::bench::report::{Limit, Row, Section};
use crate::bench::rounds::{Outcome, interleave, median};

use super::quiet;
use super::site::{CLIENTS, PIPELINE, Site};

/// How long it may take to make one collection.
const LOAD_TIME_MAX: Duration = Duration::from_secs(60);
/// What a command may cost on a large collection, by the same on a small one.
const RATIO_MAX: f64 = 3.0;

/// The types whose collections can be large.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Hash,
    Set,
    SortedSet,
    List,
}

/// One row: a command with what stands after its key.
struct Workload {
    name: &'static str,
    kind: Kind,
    arguments: &'static [&'static str],
}

const OLD: &str = "element:__rand_int__";
/// A name that no element has and that hardly comes twice.
const NEW: &str = "new:__rand_int__:__rand_int__";

#[rustfmt::skip]
const WORKLOADS: &[Workload] = &[
    Workload { name: "HGET",      kind: Kind::Hash,      arguments: &[OLD] },
    Workload { name: "HSET",      kind: Kind::Hash,      arguments: &[OLD, "value:__rand_int__"] },
    Workload { name: "ZADD",      kind: Kind::SortedSet, arguments: &["__rand_int__", OLD] },
    Workload { name: "ZSCORE",    kind: Kind::SortedSet, arguments: &[OLD] },
    Workload { name: "SADD",      kind: Kind::Set,       arguments: &[NEW] },
    Workload { name: "SISMEMBER", kind: Kind::Set,       arguments: &[OLD] },
    Workload { name: "LPUSH",     kind: Kind::List,      arguments: &[NEW] },
    Workload { name: "RPOP",      kind: Kind::List,      arguments: &[] },
];

/// Measures every command on both.
pub fn measure(site: &Site) -> Vec<Section> {
    let workloads: Vec<_> =
        WORKLOADS.iter().filter(|workload| site.options.wants("collections", workload.name)).collect();
    if workloads.is_empty() {
        return Vec::new();
    }
    let elements = site.options.elements();
    let side = small_elements(elements);
    let rows = workloads.into_iter().map(|workload| {
        let figures = match workload.measure(site) {
            Ok(samples) => samples.into_iter().map(|figures| figures.map(median)).collect(),
            Err(error) => vec![Err(error.to_string()); 2],
        };
        Row { name: workload.name.to_owned(), figures, limit: Some(Limit::RatioMax(RATIO_MAX)) }
    });
    vec![Section {
        name: "collections",
        title: "A large collection beside small ones",
        method: format!(
            "Microseconds of the server's CPU time per command, background included: on one collection of {elements} \
             elements, and on {side} collections of {side} elements chosen at random. {} requests of \
             `redis-benchmark -c {CLIENTS} -P {PIPELINE}`. HSET and ZADD change elements that are there, SADD and LPUSH \
             add new ones, and with RPOP there are {} requests. `--disk-cache-size 3gb`, `appendfsync everysec`.",
            STEADY_REQUESTS,
            resizing_requests(elements)
        ),
        unit: "µs",
        decimals: 3,
        columns: vec!["large", "small"],
        compares: true,
        rows: rows.collect(),
    }]
}

/// Elements of a small collection, and how many of them there are. It is too large for one record all the same, which
/// a hash of 512 fields may be.
fn small_elements(elements: usize) -> usize {
    elements.isqrt().max(600)
}

/// Requests of a run that leaves the elements in place.
const STEADY_REQUESTS: usize = 100_000;

/// Requests of a run that adds elements or takes them: few beside those that there are.
fn resizing_requests(elements: usize) -> usize {
    elements / 20
}

impl Workload {
    /// All samples on the large collection and on the small ones, in a fresh server.
    fn measure(&self, site: &Site) -> io::Result<Vec<Outcome<Vec<f64>>>> {
        let elements = site.options.elements();
        let side = small_elements(elements);
        let folder = site.folder("collections")?;
        let server = site.start(&folder)?;
        let mut connection = server.connect()?;
        self.kind.load(&mut connection, b"large", elements)?;
        for index in 0..side {
            self.kind.load(&mut connection, format!("small:{index:012}").as_bytes(), side)?;
        }
        quiet::wait_for(&server)?;
        let requests = match self.name {
            "SADD" | "LPUSH" | "RPOP" => resizing_requests(elements),
            _ => STEADY_REQUESTS,
        };
        let mut samples = interleave(site.options.rounds, 1, 2, |_, column| {
            let (key, range) = [("large", elements), ("small:__rand_int__", side)][column];
            let words = [&[self.name, key], self.arguments].concat();
            let figure = site.cpu_of(&server, Load::Command(&words), requests, range)?;
            eprintln!("collections: {}: {} {figure:.3} µs", self.name, ["large", "small"][column]);
            Ok(figure)
        });
        Ok(samples.remove(0))
    }
}

impl Kind {
    /// The name of the type, as rows have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hash => "hash",
            Self::Set => "set",
            Self::SortedSet => "sorted set",
            Self::List => "list",
        }
    }

    /// Makes the collection `key` with so many elements, `element:` and twelve digits.
    pub fn load(self, connection: &mut Connection, key: &[u8], elements: usize) -> io::Result<()> {
        /// Elements that one command adds.
        const AT_ONCE: usize = 100;
        /// Elements between two looks at the clock: where each costs more than the one before, none may take long.
        const PART: usize = 5_000;
        let deadline = Instant::now() + LOAD_TIME_MAX;
        for first in (0..elements).step_by(PART) {
            if Instant::now() > deadline {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    format!("a {} has only {first} elements after {LOAD_TIME_MAX:?}", self.name()),
                ));
            }
            let part = first..elements.min(first + PART);
            self.load_part(connection, key, part, AT_ONCE, elements)?;
        }
        Ok(())
    }

    /// Adds the elements of `part`, so many at once.
    fn load_part(
        self,
        connection: &mut Connection,
        key: &[u8],
        part: Range<usize>,
        at_once: usize,
        elements: usize,
    ) -> io::Result<()> {
        connection.load(part.len().div_ceil(at_once), |connection, batch| {
            let first = part.start + batch * at_once;
            let indexes = first..part.end.min(first + at_once);
            let parts = indexes.flat_map(|index| {
                let element = format!("element:{index:012}");
                let [before, after] = match self {
                    Self::Hash => {
                        [None, Some(format!("value:{:012}", data::number(index) % elements as u64))]
                    }
                    Self::SortedSet => [Some((data::number(index) % elements as u64).to_string()), None],
                    Self::Set | Self::List => [None, None],
                };
                [before, Some(element), after].into_iter().flatten()
            });
            let parts: Vec<String> = parts.collect();
            let command: &[u8] = match self {
                Self::Hash => b"HSET",
                Self::Set => b"SADD",
                Self::SortedSet => b"ZADD",
                Self::List => b"RPUSH",
            };
            let words: Vec<&[u8]> =
                [command, key].into_iter().chain(parts.iter().map(String::as_bytes)).collect();
            connection.gather(&words);
        })
    }
}
