//! Files that end too early or are damaged, and `esker check-aof`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use rustix::process::Signal;

use crate::harness::{Spec, TemporaryDirectory, temporary_directory};
use crate::{incremental, is_passed_over, start};

/// A directory whose append-only file has a plain command and a unit in it, and the offset where the unit begins.
fn made() -> (TemporaryDirectory, u64) {
    let directory = temporary_directory();
    let mut server = start(Spec::under_test(), &directory, &[]);
    let mut client = server.connect();
    client.call("SET a 1");
    let begin = fs::metadata(incremental(directory.path())).expect("it is there").len();
    ["MULTI", "INCR b", "INCR c", "EXEC"].iter().for_each(|line| _ = client.call(line));
    server.stop_by(Signal::KILL);
    (directory, begin)
}

fn check_aof(arguments: &[&str], path: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_esker"));
    command.arg("check-aof").args(arguments).arg(path).output().expect("it runs")
}

fn manifest(directory: &TemporaryDirectory) -> std::path::PathBuf {
    directory.path().join("appendonlydir/appendonly.aof.manifest")
}

/// How a server ends that cannot start here.
fn refusal(directory: &TemporaryDirectory, directives: &[&str]) -> String {
    let mut command = Spec::under_test().command();
    command.args(["--port", "0", "--appendonly", "yes", "--save", "", "--dir"]).arg(directory.path());
    let output = command.args(directives).output().expect("it runs");
    assert!(!output.status.success(), "it must not start");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn a_cut_end_is_forgotten_and_a_unit_is_never_half() {
    if is_passed_over() {
        return;
    }
    let (directory, begin) = made();
    let path = incremental(directory.path());
    let behind = fs::metadata(&path).expect("it is there").len();
    let mut server = start(Spec::under_test(), &directory, &[]);
    let mut client = server.connect();
    ["SELECT 3", "SET d 1"].iter().for_each(|line| _ = client.call(line));
    server.stop_by(Signal::KILL);
    let whole = fs::read(&path).expect("it can be read");
    let selected = behind + "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n".len() as u64;
    // Some of all places, as each takes two starts: the room `server` has a test with every one.
    let within_unit = [begin + 1, begin + 20, behind - 40, behind - 1].map(|cut| (cut, begin, 1));
    let behind_it = [(behind + 1, behind, 3), (selected, selected, 3), (whole.len() as u64 - 1, selected, 3)];
    for (cut, good, keys) in within_unit.into_iter().chain(behind_it) {
        fs::write(&path, &whole[..cut as usize]).expect("it can be written");
        let mut server = start(Spec::under_test(), &directory, &[]);
        let mut client = server.connect();
        assert_eq!(client.call("EXISTS a b c"), keys, "cut at {cut}");
        assert_eq!(fs::metadata(&path).expect("it is there").len(), good, "cut at {cut}");
        // It goes on behind that, in whatever database the file has ended.
        assert_eq!(client.call("SET later 1"), *"OK");
        server.stop_by(Signal::KILL);
        let mut server = start(Spec::under_test(), &directory, &["--aof-load-truncated", "no"]);
        let mut client = server.connect();
        assert_eq!(client.call("EXISTS a b c later"), keys + 1, "cut at {cut}");
        client.call("SELECT 3");
        assert_eq!(client.call("DBSIZE"), 0, "cut at {cut}");
        server.stop_by(Signal::KILL);
    }
}

#[test]
fn a_cut_end_is_refused_where_it_is_not_to_be_forgotten() {
    if is_passed_over() {
        return;
    }
    let (directory, begin) = made();
    let path = incremental(directory.path());
    let whole = fs::read(&path).expect("it can be read");
    fs::write(&path, &whole[..whole.len() - 3]).expect("it can be written");
    let said = refusal(&directory, &["--aof-load-truncated", "no"]);
    assert!(said.contains("Unexpected end of file") && said.contains(&format!("offset {begin}")), "{said}");
    let looked = check_aof(&[], &manifest(&directory));
    assert!(!looked.status.success());
    let mended = check_aof(&["--fix"], &manifest(&directory));
    assert!(mended.status.success(), "{mended:?}");
    assert!(check_aof(&[], &manifest(&directory)).status.success());
    let server = start(Spec::under_test(), &directory, &["--aof-load-truncated", "no"]);
    assert_eq!(server.connect().call("EXISTS a b c"), 1);
}

#[test]
fn damage_in_the_middle_is_refused_with_its_place() {
    if is_passed_over() {
        return;
    }
    let (directory, begin) = made();
    let path = incremental(directory.path());
    let mut bytes = fs::read(&path).expect("it can be read");
    bytes[begin as usize] = b'x';
    fs::write(&path, &bytes).expect("it can be written");
    let said = refusal(&directory, &[]);
    assert!(said.contains("Bad file format") && said.contains(&format!("offset {begin}")), "{said}");
    assert!(said.contains("incr.aof"), "{said}");
}

#[test]
fn a_file_goes_back_in_time() {
    if is_passed_over() {
        return;
    }
    let directory = temporary_directory();
    let mut server = start(Spec::under_test(), &directory, &["--aof-timestamp-enabled", "yes"]);
    let mut client = server.connect();
    std::thread::sleep(std::time::Duration::from_millis(300));
    client.call("SET a 1");
    let now = client.call("TIME").elements()[0].text().parse::<u64>().expect("a number");
    std::thread::sleep(std::time::Duration::from_millis(2500));
    client.call("SET b 1");
    server.stop_by(Signal::KILL);
    let time = (now + 1).to_string();
    let cut = check_aof(&["--truncate-to-timestamp", &time], &manifest(&directory));
    assert!(cut.status.success(), "{cut:?}");
    let server = start(Spec::under_test(), &directory, &[]);
    assert_eq!(server.connect().call("EXISTS a b"), 1);
}
