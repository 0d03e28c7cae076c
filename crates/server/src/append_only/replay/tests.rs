//! A file that ends at any byte: what is loaded is what its whole units say, and nothing else.

use std::collections::BTreeMap;
use std::fs;

use config::{Config, Host};
use keyspace::engine::Engine;
use memory::Memory;

use super::*;

const DATABASES: &str = "4";
/// More than is read at once.
const LARGE_BYTES: usize = BUFFER_BYTES + 1000;
/// Within the large value, every so many bytes are a place to cut at.
const STRIDE_BYTES: usize = 8209;

/// Keys by database and name, with their values.
type State = BTreeMap<(usize, &'static str), String>;

/// What is loaded as a whole or not at all: a record that is a unit by itself, or those from MULTI to EXEC.
struct Unit {
    bytes: Vec<u8>,
    /// What the keys are that it sets.
    sets: State,
}

fn request(words: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    words
        .iter()
        .for_each(|word| bytes.extend_from_slice(format!("${}\r\n{word}\r\n", word.len()).as_bytes()));
    bytes
}

fn unit(requests: &[&[&str]], sets: &[(usize, &'static str, &str)]) -> Unit {
    let sets = sets.iter().map(|(database, key, value)| ((*database, *key), (*value).to_owned()));
    Unit { bytes: requests.iter().flat_map(|words| request(words)).collect(), sets: sets.collect() }
}

/// One of each kind.
fn units() -> Vec<Unit> {
    let large = "x".repeat(LARGE_BYTES);
    vec![
        unit(&[&["SELECT", "0"]], &[]),
        unit(&[&["SET", "plain", "1"]], &[(0, "plain", "1")]),
        unit(
            &[&["MULTI"], &["SET", "one", "1"], &["INCRBY", "other", "2"], &["EXEC"]],
            &[(0, "one", "1"), (0, "other", "2")],
        ),
        Unit { bytes: b"#TS:1700000000\r\n".to_vec(), sets: State::new() },
        unit(&[&["SELECT", "3"]], &[]),
        unit(&[&["APPEND", "plain", "elsewhere"]], &[(3, "plain", "elsewhere")]),
        unit(&[&["SET", "large", &large]], &[(3, "large", &large)]),
        // A unit may say itself which database it is on.
        unit(
            &[&["MULTI"], &["SELECT", "1"], &["SET", "one", "first"], &["SET", "one", "last"], &["EXEC"]],
            &[(1, "one", "last")],
        ),
    ]
}

fn server(aof_load_truncated: &str) -> Arc<Server> {
    let host = Host { cores: 2, working_dir: std::env::temp_dir() };
    let given = ["--databases", DATABASES, "--aof-load-truncated", aof_load_truncated];
    let command_line = config::CommandLine::parse(given.map(Into::into));
    let config: Config = config::load(&command_line, &host, std::io::empty()).unwrap().config;
    let engines = (0..config.settings().process.databases).map(|_| Arc::new(Memory) as Arc<dyn Engine>);
    Arc::new(Server::new(config.clone(), &[], engines.collect(), None).unwrap().0)
}

/// Runs a command, and returns its reply.
fn run(runner: &mut Runner, words: &[&str]) -> String {
    let words: ArgumentsBuffer = {
        let mut buffer = ArgumentsBuffer::default();
        words.iter().for_each(|word| buffer.push(word.as_bytes()));
        buffer
    };
    let server = Arc::clone(&runner.server);
    let entry = find(&server, words.as_arguments()).unwrap();
    runner.execute(entry, words.as_arguments());
    String::from_utf8(runner.reply.as_bytes().to_vec()).unwrap()
}

/// Takes everything out of the server, and says what that was.
fn take_all(server: &Arc<Server>) -> State {
    let mut runner = Runner::new(server);
    let mut state = State::new();
    let mut keys = 0;
    for database in 0..usize::from(server.keyspace.databases()) {
        run(&mut runner, &["SELECT", &database.to_string()]);
        for key in ["plain", "one", "other", "large", "later"] {
            let reply = run(&mut runner, &["GETDEL", key]);
            let Some((_, value)) = reply.split_once("\r\n").filter(|(head, _)| *head != "$-1") else {
                continue;
            };
            state.insert((database, key), value.trim_end().to_owned());
            keys += 1;
        }
        assert_eq!(run(&mut runner, &["DBSIZE"]), ":0\r\n", "in database {database}");
    }
    assert_eq!((keys, runner.errors), (state.len(), 0));
    state
}

/// Where a file of these units is cut: everywhere but within the large value, where it is now and then.
fn cuts(units: &[Unit]) -> Vec<usize> {
    let (mut cuts, mut begin) = (Vec::new(), 0);
    for Unit { bytes, .. } in units {
        let is_framed = |at: &usize| bytes.len() < LARGE_BYTES || *at < 64 || *at + 64 > bytes.len();
        cuts.extend(
            (0..bytes.len()).filter(|at| is_framed(at) || at % STRIDE_BYTES == 0).map(|at| begin + at),
        );
        begin += bytes.len();
    }
    cuts.push(begin);
    cuts
}

/// Has `check` see each cut, with the bytes before it, how many of these are whole units, and what those say.
fn for_each_cut(mut check: impl FnMut(usize, &[u8], usize, &State)) {
    let units = units();
    let whole: Vec<u8> = units.iter().flat_map(|unit| unit.bytes.clone()).collect();
    for cut in cuts(&units) {
        let (mut good, mut state) = (0, State::new());
        for unit in units.iter() {
            if good + unit.bytes.len() > cut {
                break;
            }
            good += unit.bytes.len();
            state.extend(unit.sets.clone());
        }
        check(cut, &whole[..cut], good, &state);
    }
}

#[test]
fn a_file_that_is_cut_anywhere_is_loaded_up_to_the_last_whole_unit_and_goes_on_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    let server = server("yes");
    for_each_cut(|cut, bytes, good, expected| {
        fs::write(&path, bytes).unwrap();
        load(&server, &path, bytes.len() as u64, true).unwrap();
        assert_eq!(take_all(&server), *expected, "cut at {cut}");
        assert_eq!(fs::metadata(&path).unwrap().len(), good as u64, "cut at {cut}");
        // What a server writes then begins with its database, since the file's last one may be another.
        let mut longer = fs::read(&path).unwrap();
        longer.extend([request(&["SELECT", "2"]), request(&["SET", "later", "1"])].concat());
        fs::write(&path, &longer).unwrap();
        load(&server, &path, longer.len() as u64, true).unwrap();
        let mut both = expected.clone();
        both.insert((2, "later"), "1".to_owned());
        assert_eq!(take_all(&server), both, "cut at {cut}, and gone on");
    });
}

#[test]
fn a_file_that_is_cut_is_refused_where_its_end_is_not_to_be_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    // Of all files but the last none may be cut, whatever was configured.
    for (aof_load_truncated, is_last) in [("no", true), ("yes", false)] {
        let server = server(aof_load_truncated);
        for_each_cut(|cut, bytes, good, expected| {
            fs::write(&path, bytes).unwrap();
            let outcome = load(&server, &path, bytes.len() as u64, is_last);
            // A server that refuses ends; this one goes on, and must not have begun what is not whole.
            assert_eq!(take_all(&server), *expected, "cut at {cut}");
            assert_eq!(outcome.is_ok(), cut == good, "cut at {cut}: {outcome:?}");
            if let Err(said) = outcome {
                let place = format!("{}, at offset {good}: ", path.display());
                assert!(said.contains(&place), "cut at {cut}: {said}");
            }
            assert_eq!(fs::read(&path).unwrap(), bytes, "cut at {cut}: the file is as it was");
        });
    }
}
