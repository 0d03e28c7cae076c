//! CPU time per command: redis-benchmark on one core, the server on another.
//!
//! The figure is the kernel's account of the server's user and system time over one run of
//! redis-benchmark, divided by the commands of that run. A fresh server is started for each run and
//! loaded with the data that the workload needs before the account is opened.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::client::Connection;
use super::encryption::Encryption;
use super::load::{Load, Run};
use super::options::Options;
use super::report::{Limit, Row, Section};
use super::rounds::{interleave, median};
use super::servers::{Peers, Program, not_found};
use super::{CLIENT_CORE, SERVER_CORE, data};

/// Connections that redis-benchmark opens.
const CLIENTS: usize = 50;
/// Bytes of the values that it writes.
const VALUE_BYTES: usize = 64;
/// Different keys, or elements, that it names.
const KEY_COUNT: usize = 100_000;
/// How long one run of it may take; the workloads are sized to need one to two seconds.
const RUN_TIME_MAX: Duration = Duration::from_secs(120);

/// One row: a command, how it is sent and what it meets.
struct Workload {
    name: &'static str,
    pipeline: usize,
    /// Commands in a full run.
    requests: usize,
    data: Data,
    load: Load<'static>,
    is_encrypted: bool,
    /// Esker's CPU time per command by Redis', at most.
    ratio_max: f64,
}

/// What the server holds when a run begins.
#[derive(Clone, Copy, PartialEq)]
enum Data {
    Nothing,
    /// All the keys that redis-benchmark names, with values of its size.
    Strings,
    /// All the counters that it names.
    Counters,
    /// A list long enough for a large form.
    List,
    /// A list, set or sorted set that a run of pops just does not exhaust.
    ListToPop,
    SetToPop,
    SortedSetToPop,
    /// A stream that a run of a group just does not read to its end.
    StreamToRead,
}

/// Where the server and redis-benchmark run.
struct Placement {
    workers: usize,
    server_cores: &'static [usize],
    client_cores: &'static [usize],
}

const ONE_WORKER: Placement =
    Placement { workers: 1, server_cores: &[SERVER_CORE], client_cores: &[CLIENT_CORE] };

/// Two workers and the client share two cores, as the scheduler sees fit.
const TWO_WORKERS: Placement = Placement {
    workers: 2,
    server_cores: &[SERVER_CORE, CLIENT_CORE],
    client_cores: &[SERVER_CORE, CLIENT_CORE],
};

/// CPU time with two workers by that with one, at most.
const TWO_WORKERS_RATIO_MAX: f64 = 1.15;

/// Its own LRANGE tests would spend the run on filling the list.
const LRANGE_100: Load = Load::Command(&["LRANGE", "mylist", "0", "99"]);
const LRANGE_300: Load = Load::Command(&["LRANGE", "mylist", "0", "299"]);
/// Entries like those of a queue of jobs: one field with a value of [`VALUE_BYTES`].
const XADD: Load = Load::Command(&[
    "XADD",
    "mystream",
    "*",
    "payload",
    "VALUEVALUEVALUEVALUEVALUEVALUEVALUEVALUEVALUEVALUEVALUEVALUEVALU",
]);
const XREADGROUP: Load =
    Load::Command(&["XREADGROUP", "GROUP", "workers", "ann", "COUNT", "1", "STREAMS", "mystream", ">"]);
/// A script of two calls, as most are: short, and about one key.
const EVAL: Load = Load::Command(&[
    "EVAL",
    "redis.call('set',KEYS[1],ARGV[1]); return redis.call('get',KEYS[1])",
    "1",
    "key:__rand_int__",
    "VALUEVALUEVALUEVALUEVALUEVALUEVALUEVALUEVALUEVALUEVALUEVALUEVALU",
]);
const LRANGE_600: Load = Load::Command(&["LRANGE", "mylist", "0", "599"]);

#[rustfmt::skip]
const WORKLOADS: &[Workload] = &[
    Workload::new("GET",              1,   120_000, Data::Strings,        Load::Test("get"),     0.95),
    Workload::new("SET",              1,   120_000, Data::Strings,        Load::Test("set"),     0.95),
    Workload::new("TLS GET",          1,   120_000, Data::Strings,        Load::Test("get"),     0.95).encrypted(),
    Workload::new("TLS GET",         16, 1_200_000, Data::Strings,        Load::Test("get"),     0.60).encrypted(),
    Workload::new("GET",             16, 1_200_000, Data::Strings,        Load::Test("get"),     0.60),
    Workload::new("SET",             16, 1_200_000, Data::Strings,        Load::Test("set"),     0.60),
    Workload::new("INCR",            16, 1_200_000, Data::Counters,       Load::Test("incr"),    0.60),
    Workload::new("GET",             64, 2_000_000, Data::Strings,        Load::Test("get"),     0.45),
    Workload::new("SET",             64, 2_000_000, Data::Strings,        Load::Test("set"),     0.45),
    Workload::new("LPUSH",           16, 1_200_000, Data::Nothing,        Load::Test("lpush"),   0.75),
    Workload::new("RPUSH",           16, 1_200_000, Data::Nothing,        Load::Test("rpush"),   0.75),
    Workload::new("LPOP",            16, 1_200_000, Data::ListToPop,      Load::Test("lpop"),    0.75),
    Workload::new("RPOP",            16, 1_200_000, Data::ListToPop,      Load::Test("rpop"),    0.75),
    Workload::new("SADD",            16, 1_200_000, Data::Nothing,        Load::Test("sadd"),    0.75),
    Workload::new("SPOP",            16, 1_200_000, Data::SetToPop,       Load::Test("spop"),    0.75),
    Workload::new("HSET",            16, 1_200_000, Data::Nothing,        Load::Test("hset"),    0.75),
    Workload::new("ZADD",            16,   800_000, Data::Nothing,        Load::Test("zadd"),    0.75),
    Workload::new("ZPOPMIN",         16,   800_000, Data::SortedSetToPop, Load::Test("zpopmin"), 0.75),
    Workload::new("XADD",            16,   800_000, Data::Nothing,        XADD,                  0.75),
    Workload::new("XREADGROUP",      16,   800_000, Data::StreamToRead,   XREADGROUP,            0.75),
    Workload::new("EVAL of two calls", 16,  400_000, Data::Strings,        EVAL,                  0.80),
    Workload::new("MSET of 10",       1,    80_000, Data::Strings,        Load::Test("mset"),    0.75),
    Workload::new("MSET of 10",      16,   200_000, Data::Strings,        Load::Test("mset"),    0.75),
    Workload::new("LRANGE of 100",    1,    80_000, Data::List,           LRANGE_100,            0.75),
    Workload::new("LRANGE of 100",   16,   160_000, Data::List,           LRANGE_100,            0.75),
    Workload::new("LRANGE of 300",    1,    40_000, Data::List,           LRANGE_300,            0.75),
    Workload::new("LRANGE of 300",   16,    64_000, Data::List,           LRANGE_300,            0.75),
    Workload::new("LRANGE of 600",    1,    24_000, Data::List,           LRANGE_600,            0.75),
    Workload::new("LRANGE of 600",   16,    32_000, Data::List,           LRANGE_600,            0.75),
];

/// Those that are compared between one worker and two.
fn for_two_workers(workload: &Workload) -> bool {
    matches!((workload.name, workload.pipeline), ("GET" | "SET", 1 | 16))
}

/// Measures Esker beside its peers, each with one worker.
pub fn measure(peers: &Peers, options: &Options) -> Section {
    let columns = Peers::column_names().into_iter().zip(peers.columns());
    let columns: Vec<_> = columns
        .map(|(name, program)| Column {
            name,
            program: program.as_ref().map_err(|file| *file),
            placement: &ONE_WORKER,
        })
        .collect();
    let workloads = WORKLOADS.iter().map(|workload| (workload, workload.ratio_max));
    Section {
        name: "speed",
        title: "CPU time per command",
        method: format!(
            "Microseconds of the server's CPU time (user and system, by the kernel's account) per command, \
             with one worker on core {SERVER_CORE}; `redis-benchmark -c {CLIENTS} -d {VALUE_BYTES} -r {KEY_COUNT}` \
             with -P as given on core {CLIENT_CORE}; medians of {} interleaved rounds, a fresh server for each \
             run. GET, SET, INCR and MSET meet all the keys in place, pops as many elements as they take. Over TLS, both \
             sides show certificates with keys on P-256, and the handshakes count.",
            options.rounds
        ),
        unit: "µs",
        decimals: 3,
        columns: Peers::column_names(),
        compares: true,
        rows: measure_rows("speed", &columns, workloads, peers, options),
    }
}

/// Measures Esker with two workers beside Esker with one.
pub fn measure_two_workers(peers: &Peers, options: &Options) -> Section {
    let columns = [("two workers", &TWO_WORKERS), ("one worker", &ONE_WORKER)]
        .map(|(name, placement)| Column { name, program: Ok(peers.subject()), placement });
    let workloads = WORKLOADS.iter().filter(|workload| for_two_workers(workload));
    let workloads = workloads.map(|workload| (workload, TWO_WORKERS_RATIO_MAX));
    Section {
        name: "workers",
        title: "Two workers beside one",
        method: "The same figure for Esker with two workers, where all share both cores, beside Esker with \
                 one worker on a core for itself."
            .to_owned(),
        unit: "µs",
        decimals: 3,
        columns: columns.iter().map(|column| column.name).collect(),
        compares: true,
        rows: measure_rows("workers", &columns, workloads, peers, options),
    }
}

/// What one column of a table measures.
struct Column<'a> {
    name: &'static str,
    /// Or the file name of a program that was not found.
    program: Result<&'a Program, &'static str>,
    placement: &'static Placement,
}

fn measure_rows(
    section: &str,
    columns: &[Column],
    workloads: impl Iterator<Item = (&'static Workload, f64)>,
    peers: &Peers,
    options: &Options,
) -> Vec<Row> {
    let workloads: Vec<_> =
        workloads.filter(|(workload, _)| options.wants(section, &workload.row_name())).collect();
    let samples = interleave(options.rounds, workloads.len(), columns.len(), |row, column| {
        let Column { name, program, placement } = &columns[column];
        let program = program.as_ref().map_err(|file| not_found(file))?;
        let workload = workloads[row].0;
        let figure = workload.measure(program, placement, &peers.scratch, options)?;
        eprintln!("{section}: {}: {} {figure:.3} µs", workload.row_name(), name);
        Ok(figure)
    });
    let rows = workloads.iter().zip(samples).map(|((workload, ratio_max), figures)| Row {
        name: workload.row_name(),
        figures: figures.into_iter().map(|figures| figures.map(median)).collect(),
        limit: Some(Limit::RatioMax(*ratio_max)),
    });
    rows.collect()
}

impl Workload {
    const fn new(
        name: &'static str,
        pipeline: usize,
        requests: usize,
        data: Data,
        load: Load<'static>,
        ratio_max: f64,
    ) -> Self {
        Self { name, pipeline, requests, data, load, is_encrypted: false, ratio_max }
    }

    /// The same over TLS. The handshakes are part of it.
    const fn encrypted(self) -> Self {
        Self { is_encrypted: true, ..self }
    }

    fn row_name(&self) -> String {
        format!("{}, -P {}", self.name, self.pipeline)
    }

    /// One run: microseconds of CPU time per command.
    fn measure(
        &self,
        program: &Program,
        placement: &Placement,
        scratch: &Path,
        options: &Options,
    ) -> io::Result<f64> {
        let requests = options.amount(self.requests);
        let encryption = self.is_encrypted.then(Encryption::new).transpose()?;
        let directives = encryption.as_ref().map(Encryption::directives).unwrap_or_default();
        let directives: Vec<&str> = directives.iter().map(String::as_str).collect();
        let server = program.start_with(scratch, placement.workers, placement.server_cores, &directives)?;
        self.data.load(&mut server.connect()?, requests)?;
        let before = server.cpu_time()?;
        let run = Run {
            load: self.load,
            requests,
            clients: CLIENTS,
            pipeline: self.pipeline,
            value_bytes: VALUE_BYTES,
            key_count: KEY_COUNT,
            options: &encryption.as_ref().map(Encryption::options).unwrap_or_default(),
            cores: placement.client_cores,
            time_max: RUN_TIME_MAX,
        };
        run.against(encryption.as_ref().map_or(server.port, Encryption::port), scratch)?;
        let spent = server.cpu_time()? - before;
        self.data.check_popped(&mut server.connect()?)?;
        Ok(spent.as_secs_f64() * 1e6 / requests as f64)
    }
}

impl Data {
    /// Elements that may be left over: the clients' last batches are not all sent.
    const SPARE: usize = CLIENTS * 64;

    /// Loads what a run of `requests` commands needs.
    fn load(self, connection: &mut Connection, requests: usize) -> io::Result<()> {
        let value = data::text_64(0);
        let element = |index| format!("element:{index:012}");
        match self {
            Self::Nothing => Ok(()),
            Self::Strings => connection.load(KEY_COUNT, |connection, index| {
                connection.gather(&[b"SET", format!("key:{index:012}").as_bytes(), &value]);
            }),
            Self::Counters => connection.load(KEY_COUNT, |connection, index| {
                connection.gather(&[b"SET", format!("counter:{index:012}").as_bytes(), b"0"]);
            }),
            Self::List => connection.load(10_000, |connection, _| {
                connection.gather(&[b"RPUSH", b"mylist", &value]);
            }),
            Self::ListToPop => connection.load(requests + Self::SPARE, |connection, _| {
                connection.gather(&[b"RPUSH", b"mylist", &value]);
            }),
            Self::SetToPop => connection.load(requests + Self::SPARE, |connection, index| {
                connection.gather(&[b"SADD", b"myset", element(index).as_bytes()]);
            }),
            Self::SortedSetToPop => connection.load(requests + Self::SPARE, |connection, index| {
                let score = (data::number(index) % KEY_COUNT as u64).to_string();
                connection.gather(&[b"ZADD", b"myzset", score.as_bytes(), element(index).as_bytes()]);
            }),
            Self::StreamToRead => {
                connection.ask(&[b"XGROUP", b"CREATE", b"mystream", b"workers", b"0", b"MKSTREAM"])?;
                connection.load(requests + Self::SPARE, |connection, _| {
                    connection.gather(&[b"XADD", b"mystream", b"*", b"payload", &value]);
                })
            }
        }
    }

    /// Errors when a run of pops did not take what it should have taken, or ran dry.
    fn check_popped(self, connection: &mut Connection) -> io::Result<()> {
        let question: [&[u8]; 2] = match self {
            Self::Nothing | Self::Strings | Self::Counters | Self::List | Self::StreamToRead => return Ok(()),
            Self::ListToPop => [b"LLEN", b"mylist"],
            Self::SetToPop => [b"SCARD", b"myset"],
            Self::SortedSetToPop => [b"ZCARD", b"myzset"],
        };
        let left = connection.call(&question)?;
        if !(1..=Self::SPARE as i64).contains(&left) {
            return Err(io::Error::other(format!("{left} elements are left after the pops")));
        }
        Ok(())
    }
}
