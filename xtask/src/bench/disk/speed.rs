//! What a command costs on disk beyond the same one in memory, beside what the LSM library asks for the record; and
//! what a small collection costs beside a string.

use std::io;

use crate::bench::client::Connection;
use crate::bench::data;
use crate::bench::load::Load;
use crate::bench::report::{Limit, Row, Section};
use crate::bench::rounds::{Outcome, interleave, median};
use crate::bench::servers::Server;

use super::library::Library;
use super::quiet;
use super::site::{CACHE_BYTES, CLIENTS, Folder, PIPELINE, Site, VALUE_BYTES};

/// What the engine may add to the engine in memory, by what the library asks.
const BEYOND_MEMORY_MAX: f64 = 1.3;
/// What HGETALL of a small hash may cost, by a GET.
const SMALL_HASH_MAX: f64 = 1.5;
/// Fields of a small hash.
const FIELDS: usize = 10;

const GET: &str = "GET, all entries cached";
const SET: &str = "SET in place of what is there";
const GET_BLOCKS: &str = "GET, blocks cached but few entries";
const HGETALL: &str = "HGETALL of 10 fields";
/// The least that `disk-cache-size` may be. It changes the room for entries only, until a restart.
const CACHE_BYTES_MIN: u64 = 8 << 20;

/// The three that are compared, each holding the same strings.
struct Contest {
    disk: Server,
    memory: Server,
    library: Library,
    /// Removed after what uses them.
    _folders: [Folder; 2],
}

/// Measures the strings and the small hashes.
pub fn measure(site: &Site) -> Vec<Section> {
    let wanted = |section: &str, names: &[&'static str]| -> Vec<_> {
        names.iter().copied().filter(|name| site.options.wants(section, name)).collect()
    };
    let strings = wanted("speed", &[GET, SET, GET_BLOCKS]);
    let hashes = wanted("small hash", &[HGETALL]);
    if strings.is_empty() && hashes.is_empty() {
        return Vec::new();
    }
    let mut contest = Contest::begin(site).map_err(|error| error.to_string());
    let mut sections = Vec::new();
    if !strings.is_empty() {
        sections.push(measure_strings(site, &mut contest, &strings));
    }
    if !hashes.is_empty() {
        sections.push(measure_hashes(site, &contest));
    }
    sections
}

fn measure_strings(site: &Site, contest: &mut Outcome<Contest>, names: &[&'static str]) -> Section {
    let keys = site.options.keys;
    let requests = requests(keys);
    let mut samples = match contest {
        Ok(contest) => contest.rounds(site, names, requests),
        Err(reason) => vec![vec![Err(reason.clone()); 3]; names.len()],
    };
    let rows = names.iter().map(|name| {
        let [disk, memory, library] = samples
            .remove(0)
            .try_into()
            .unwrap_or_else(|_| unreachable!("each row was measured for the three that are compared"));
        let beyond = difference(&disk, &memory).map(median);
        Row {
            name: (*name).to_owned(),
            figures: vec![beyond, library.map(median), disk.map(median), memory.map(median)],
            limit: (*name != GET_BLOCKS).then_some(Limit::RatioMax(BEYOND_MEMORY_MAX)),
        }
    });
    Section {
        name: "speed",
        title: "CPU time per command, beyond the engine in memory",
        method: format!(
            "Microseconds of the server's CPU time (user and system, background included, by the kernel's account) \
             per command: on disk, less the same in memory. Beside it the same time of fjall's own `get` and `insert`, \
             one thread, on records of the same sizes with the same options of the tree and random keys. {keys} keys \
             with values of {VALUE_BYTES} bytes, `--disk-cache-size 3gb`, `appendfsync everysec`, {requests} requests \
             of `redis-benchmark -c {CLIENTS} -P {PIPELINE}`. Without room for entries nearly every GET looks a record \
             up in the tree."
        ),
        unit: "µs",
        decimals: 3,
        columns: vec!["beyond memory", "fjall", "on disk", "in memory"],
        compares: true,
        rows: rows.collect(),
    }
}

fn measure_hashes(site: &Site, contest: &Outcome<Contest>) -> Section {
    let hashes = site.options.keys / 40;
    let requests = requests(site.options.keys) / 4;
    let samples = contest.as_ref().map_err(String::clone).and_then(|contest| {
        let loads =
            [Load::Command(&["HGETALL", "hash:__rand_int__"]), Load::Command(&["GET", "key:__rand_int__"])];
        let mut connection = connect(&contest.disk)?;
        let mut both_in_cache = || {
            connection.ask(&[b"CONFIG", b"SET", b"disk-cache-size", CACHE_BYTES.to_string().as_bytes()])?;
            load_hashes(&mut connection, hashes)?;
            quiet::wait_for(&contest.disk)?;
            // So many that hardly any is left out.
            loads.iter().try_for_each(|load| site.send(&contest.disk, *load, 8 * hashes, hashes).map(drop))
        };
        both_in_cache().map_err(|error| error.to_string())?;
        let mut rows = interleave(site.options.rounds, 1, loads.len(), |_, column| {
            let figure = site.cpu_of(&contest.disk, loads[column], requests, hashes)?;
            eprintln!("small hash: {} {figure:.3} µs", ["HGETALL", "GET"][column]);
            Ok(figure)
        });
        Ok(rows.remove(0))
    });
    let figures = match samples {
        Ok(samples) => samples.into_iter().map(|figures| figures.map(median)).collect(),
        Err(reason) => vec![Err(reason); 2],
    };
    Section {
        name: "small hash",
        title: "A small hash beside a string",
        method: format!(
            "The same figure, on disk, for {hashes} hashes of {FIELDS} fields with names of 6 bytes and values of 10, \
             beside GET of as many strings of {VALUE_BYTES} bytes, all entries cached."
        ),
        unit: "µs",
        decimals: 3,
        columns: vec!["HGETALL", "GET"],
        compares: true,
        rows: vec![Row { name: HGETALL.to_owned(), figures, limit: Some(Limit::RatioMax(SMALL_HASH_MAX)) }],
    }
}

/// Requests of a run, for a second or so.
fn requests(keys: usize) -> usize {
    (keys * 3 / 10).max(100_000)
}

/// By how much each of `these` exceeds its counterpart of `those`.
fn difference(these: &Outcome<Vec<f64>>, those: &Outcome<Vec<f64>>) -> Outcome<Vec<f64>> {
    let (these, those) = (these.as_ref().map_err(String::clone)?, those.as_ref().map_err(String::clone)?);
    Ok(these.iter().zip(those).map(|(this, that)| this - that).collect())
}

impl Contest {
    /// Starts the three and loads the strings.
    fn begin(site: &Site) -> io::Result<Contest> {
        let keys = site.options.keys;
        let folders = [site.folder("contest")?, site.folder("library")?];
        let disk = site.start(&folders[0])?;
        let memory = site.start_in_memory()?;
        for server in [&disk, &memory] {
            load_strings(&mut server.connect()?, keys)?;
            quiet::wait_for(server)?;
        }
        eprintln!("speed: loading fjall");
        Ok(Contest { disk, memory, library: Library::load(&folders[1], keys)?, _folders: folders })
    }

    /// Measures the rows called `names`: on disk, in memory, and the library's part.
    fn rounds(
        &mut self,
        site: &Site,
        names: &[&'static str],
        requests: usize,
    ) -> Vec<Vec<Outcome<Vec<f64>>>> {
        // Last, for it leaves the cache without entries.
        let (cold, warm): (Vec<_>, Vec<_>) = names.iter().partition(|name| **name == GET_BLOCKS);
        let mut samples = self.interleave(site, &warm, requests);
        if !cold.is_empty() {
            samples.extend(match self.forget_entries(site) {
                Ok(()) => self.interleave(site, &cold, requests),
                Err(error) => vec![vec![Err(error.to_string()); 3]],
            });
        }
        samples
    }

    fn interleave(&mut self, site: &Site, names: &[&str], requests: usize) -> Vec<Vec<Outcome<Vec<f64>>>> {
        let keys = site.options.keys;
        interleave(site.options.rounds, names.len(), 3, |row, column| {
            let is_set = names[row] == SET;
            let load = Load::Test(if is_set { "set" } else { "get" });
            let figure = match column {
                0 => site.cpu_of(&self.disk, load, requests, keys),
                1 => site.cpu_of(&self.memory, load, requests, keys),
                _ if is_set => self.library.set(requests),
                _ => self.library.get(requests),
            }?;
            eprintln!("speed: {}: {} {figure:.3} µs", names[row], ["disk", "memory", "fjall"][column]);
            Ok(figure)
        })
    }

    /// Has the cache hold few entries, and every block.
    fn forget_entries(&self, site: &Site) -> io::Result<()> {
        let mut connection = self.disk.connect()?;
        connection.ask(&[b"CONFIG", b"SET", b"disk-cache-size", CACHE_BYTES_MIN.to_string().as_bytes()])?;
        // Entries leave when one of their slot is written; then the blocks that hold them come in.
        let keys = site.options.keys;
        site.send(&self.disk, Load::Test("set"), keys / 4, keys)?;
        quiet::wait_for(&self.disk)?;
        site.send(&self.disk, Load::Test("get"), keys, keys)?;
        let info = String::from_utf8_lossy(&connection.ask(&[b"INFO", b"disk"])?.concat()).into_owned();
        let bytes =
            info.lines().find_map(|line| line.strip_prefix("disk_cache_bytes:")?.trim().parse::<u64>().ok());
        match bytes {
            Some(bytes) if bytes <= CACHE_BYTES_MIN => Ok(()),
            Some(bytes) => Err(io::Error::other(format!("{bytes} bytes of entries stay in the cache"))),
            None => Err(io::Error::other("INFO does not say how much of the cache is entries")),
        }
    }
}

fn connect(server: &Server) -> Outcome<Connection> {
    server.connect().map_err(|error| error.to_string())
}

/// Loads so many strings, under the names that redis-benchmark has.
pub fn load_strings(connection: &mut Connection, keys: usize) -> io::Result<()> {
    let mut value = [0; VALUE_BYTES];
    connection.load(keys, |connection, index| {
        data::fill(index, &mut value);
        connection.gather(&[b"SET", format!("key:{index:012}").as_bytes(), &value]);
    })
}

fn load_hashes(connection: &mut Connection, hashes: usize) -> io::Result<()> {
    connection.load(hashes, |connection, index| {
        let name = format!("hash:{index:012}");
        let pairs: Vec<_> = (0..FIELDS)
            .map(|field| (format!("field{field}"), data::text_16(index * FIELDS + field)))
            .collect();
        let mut words = vec![b"HSET", name.as_bytes()];
        words.extend(pairs.iter().flat_map(|(field, text)| [field.as_bytes(), &text[..10]]));
        connection.gather(&words);
    })
}
