//! One unit of the suite against one server.

use std::fs;
use std::io::{self, Read};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a unit may take, and be silent for: then it is ended, with whatever it has started.
#[derive(Clone, Copy)]
struct TimeLimits {
    whole: Duration,
    silent: Duration,
}

const UNIT: TimeLimits = TimeLimits { whole: Duration::from_secs(180), silent: Duration::from_secs(180) };
/// As much for a unit that starts its servers itself: some have many tests that wait, and a test that waits for what never
/// comes may do so for ever.
const UNIT_WITH_SERVERS: TimeLimits =
    TimeLimits { whole: Duration::from_secs(1500), silent: Duration::from_secs(200) };
const START_TIME_MAX: Duration = Duration::from_secs(10);

/// A unit of the suite, as `unit/type/hash`.
#[derive(Clone)]
pub struct Unit(pub String);

/// A test that failed, and what the suite says about it.
pub struct Failure {
    pub test: String,
    pub why: String,
}

/// What came of a unit.
#[derive(Default)]
pub struct Outcome {
    pub passed: Vec<String>,
    pub failed: Vec<Failure>,
    /// Tests that were passed over because it was said so.
    pub skipped: Vec<String>,
    /// Why it did not come to its end, if so.
    pub broke_off: Option<String>,
}

/// Builds the server.
pub fn build(root: &Path) -> io::Result<PathBuf> {
    let status = Command::new(env!("CARGO"))
        .args(["build", "--release", "--package", "esker"])
        .current_dir(root)
        .status()?;
    if !status.success() {
        return Err(io::Error::other("esker cannot be built"));
    }
    root.join("target/release/esker").canonicalize()
}

/// The units of a checkout: those that run against a server that is there, or those some of whose tests do not and that
/// start their own.
pub fn units(checkout: &Path, has_own_servers: bool) -> io::Result<Vec<Unit>> {
    let mut units = Vec::new();
    for folder in ["unit", "unit/type", "integration"] {
        for file in fs::read_dir(checkout.join("tests").join(folder))? {
            let path = file?.path();
            let (Some(name), true) = (path.file_stem(), path.extension().is_some_and(|end| end == "tcl"))
            else {
                continue;
            };
            let name = name.to_string_lossy();
            let is_of_folder = match (folder, has_own_servers) {
                // Those are tests of other programs than the server.
                ("integration", true) => !name.starts_with("valkey-"),
                ("integration", false) => false,
                (_, true) => fs::read_to_string(&path)?.contains("external:skip"),
                (_, false) => true,
            };
            if is_of_folder {
                units.push(Unit(format!("{folder}/{name}")));
            }
        }
    }
    units.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(units)
}

/// The version that a checkout calls itself.
pub fn version(checkout: &Path) -> String {
    let text = fs::read_to_string(checkout.join("src/version.h")).unwrap_or_default();
    let quoted =
        text.lines().find(|line| line.contains("VALKEY_VERSION ")).and_then(|line| line.split('"').nth(1));
    quoted.unwrap_or("of an unknown version").to_owned()
}

/// A process that ends with its value.
struct Running(Child);

impl Running {
    /// Ends it, and what it has started in its group. It may have ended already.
    fn end(&mut self) {
        let group = self.0.id() as libc::pid_t;
        #[allow(unsafe_code, reason = "the standard library signals no groups")]
        // SAFETY: it takes two numbers, and the group's leader has not been waited for yet, so its number is still its own.
        unsafe {
            libc::killpg(group, libc::SIGKILL);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
        // Nothing else can go wrong.
        let _ = self.0.wait();
    }
}

/// Units that run at the same time at most.
const LANES: usize = 2;

/// The suite in folders of its own, one for each unit that runs: what a checkout has, by links, and programs for the tests
/// that start their own. So nothing is written into the checkout, and no unit clears away what another one writes.
pub struct Suite {
    program: PathBuf,
    folders: [TempDir; LANES],
    /// How the suite's own files begin that it names: where the checkout is concerns nobody.
    own_path: String,
}

impl Suite {
    /// Lays it out, to test `program`.
    pub fn new(program: &Path, checkout: &Path) -> io::Result<Suite> {
        let checkout = checkout.canonicalize()?;
        let folders = [Suite::lay_out(program, &checkout)?, Suite::lay_out(program, &checkout)?];
        let own_path = format!("{}/", checkout.display());
        Ok(Suite { program: program.to_owned(), folders, own_path })
    }

    fn lay_out(program: &Path, checkout: &Path) -> io::Result<TempDir> {
        let folder = tempfile::tempdir()?;
        symlink(checkout.join("runtest"), folder.path().join("runtest"))?;
        let tests = folder.path().join("tests");
        fs::create_dir_all(tests.join("tmp"))?;
        for entry in fs::read_dir(checkout.join("tests"))? {
            let entry = entry?;
            if entry.file_name() != "tmp" {
                symlink(entry.path(), tests.join(entry.file_name()))?;
            }
        }
        let programs = folder.path().join("src");
        fs::create_dir(&programs)?;
        let esker = program.display();
        // The suite takes the process for a server as soon as it has said its number, and reads the log as its output. Some
        // tests connect at once, so it is said when the server listens.
        let server = format!(
            "(sleep 0.2; echo \" PID: $$, Server initialized\") &\nexec '{esker}' server \"$@\" 2>&1"
        );
        for (name, text) in [
            ("valkey-server", server),
            ("valkey-check-aof", format!("exec '{esker}' check-aof \"$@\"")),
            ("valkey-check-rdb", format!("exec '{esker}' check-rdb \"$@\"")),
            ("valkey-cli", "exec redis-cli \"$@\"".to_owned()),
            ("valkey-benchmark", "exec redis-benchmark \"$@\"".to_owned()),
        ] {
            let path = programs.join(name);
            fs::write(&path, format!("#!/bin/sh\n{text}\n"))?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        }
        Ok(folder)
    }

    /// Runs `unit`, with these tags and without the tests named `skipped`, against a server of its own.
    pub fn run_against_server(
        &self,
        engine: &str,
        tags: &str,
        skipped: &[&str],
        unit: &Unit,
    ) -> io::Result<Outcome> {
        let directory = tempfile::tempdir()?;
        let port = free_port()?;
        let log = fs::File::create(directory.path().join("log"))?;
        let server = Command::new(&self.program)
            .args(["server", "--port", &port.to_string(), "--engine", engine, "--dir"])
            .arg(directory.path())
            .args(["--enable-debug-command", "yes", "--save", ""])
            .stdout(Stdio::null())
            .stderr(log)
            .process_group(0)
            .spawn()?;
        let mut server = Running(server);
        let began = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if began.elapsed() > START_TIME_MAX {
                return Err(io::Error::other("the server does not start"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let options = ["--host", "127.0.0.1", "--port", &port.to_string()];
        let mut outcome = self.run(&options, UNIT, tags, skipped, unit, 0)?;
        if server.0.try_wait()?.is_some() {
            outcome.broke_off.get_or_insert("the server has ended".to_owned());
        }
        Ok(outcome)
    }

    /// Runs `units`, with these tags and without the tests named `skipped`, which start their servers themselves; tells of
    /// each when it is over. Two at a time, since most of what they do is waiting.
    pub fn run_with_own_servers(
        &self,
        tags: &str,
        skipped: &[&str],
        units: &[Unit],
        tell: &(dyn Fn(&Unit, &Outcome) + Sync),
    ) -> io::Result<Vec<Outcome>> {
        let next = AtomicUsize::new(0);
        let run = |lane: u16| {
            let mut outcomes = Vec::new();
            while let Some((place, unit)) = units.iter().enumerate().nth(next.fetch_add(1, Ordering::Relaxed))
            {
                let outcome = self.run(&[], UNIT_WITH_SERVERS, tags, skipped, unit, lane)?;
                tell(unit, &outcome);
                outcomes.push((place, outcome));
            }
            io::Result::Ok(outcomes)
        };
        let mut outcomes = std::thread::scope(|scope| {
            let beside = scope.spawn(|| run(1));
            let mut outcomes = run(0)?;
            outcomes.extend(beside.join().map_err(|_| io::Error::other("a unit cannot be run"))??);
            io::Result::Ok(outcomes)
        })?;
        outcomes.sort_by_key(|(place, _)| *place);
        Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
    }

    fn run(
        &self,
        options: &[&str],
        limits: TimeLimits,
        tags: &str,
        skipped: &[&str],
        unit: &Unit,
        lane: u16,
    ) -> io::Result<Outcome> {
        let suite = Command::new("./runtest")
            .args(options)
            .args(["--single", &unit.0, "--tags", tags, "--durable", "--clients", "1"])
            .args(["--baseport", &base_port(lane)?.to_string(), "--portcount", "2000"])
            .args(skipped.iter().flat_map(|test| ["--skiptest", test]))
            .current_dir(self.folders[usize::from(lane)].path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let mut suite = Running(suite);
        let mut output = suite.0.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        let said = Arc::new(AtomicUsize::new(0));
        let reader = std::thread::spawn({
            let said = Arc::clone(&said);
            move || {
                let mut bytes = Vec::new();
                let mut piece = [0; 4096];
                // What came until then counts.
                while let Ok(length @ 1..) = output.read(&mut piece) {
                    bytes.extend_from_slice(&piece[..length]);
                    said.store(bytes.len(), Ordering::Relaxed);
                }
                bytes
            }
        });
        let (began, mut last) = (Instant::now(), (0, Instant::now()));
        let mut late = None;
        while late.is_none() && suite.0.try_wait()?.is_none() {
            let said = said.load(Ordering::Relaxed);
            if said != last.0 {
                last = (said, Instant::now());
            }
            if began.elapsed() > limits.whole {
                late = Some(format!("it did not come to its end within {} s", limits.whole.as_secs()));
            } else if last.1.elapsed() > limits.silent {
                late = Some(format!("a test did not come to its end within {} s", limits.silent.as_secs()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        drop(suite);
        let bytes = reader.join().map_err(|_| io::Error::other("the output cannot be read"))?;
        // Where the suite lies concerns nobody.
        let own_folder = format!("{}/", self.folders[usize::from(lane)].path().display());
        let output = String::from_utf8_lossy(&bytes).replace(&self.own_path, "").replace(&own_folder, "");
        let mut outcome = read(&output);
        if late.is_some() {
            outcome.broke_off = late;
        }
        Ok(outcome)
    }
}

/// Where the suite may look for ports of its own, apart from where one looks that runs on another lane. It takes one of the
/// 32 before for itself, and fails where another suite that runs has it.
fn base_port(lane: u16) -> io::Result<u16> {
    // Below those that the system gives to whoever asks for one.
    const FIRST: u16 = 20_000;
    const STEP: u16 = 100;
    const STEPS: u16 = 30;
    const LANE: u16 = 5_000;
    let first = FIRST + lane * LANE;
    let candidates =
        (0..STEPS).map(|number| first + (std::process::id() as u16 % STEPS + number) % STEPS * STEP);
    let is_free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
    let mut free = candidates.filter(|base| (base - 32..*base).all(is_free));
    free.next().ok_or_else(|| io::Error::other("no ports are free"))
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// What the suite says.
fn read(output: &str) -> Outcome {
    let plain = without_colors(output);
    let mut outcome = Outcome::default();
    let mut is_at_end = false;
    let mut lines = plain.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(rest) = line.strip_prefix("[ok]: ") {
            let name = rest.rsplit_once(" (").map_or(rest, |(name, _)| name);
            outcome.passed.push(name.to_owned());
        } else if let Some(rest) = line.strip_prefix("[err]: ") {
            let name = rest.rsplit_once(" in tests/").map_or(rest, |(name, _)| name);
            let why = lines.peek().filter(|line| !line.starts_with('[')).copied().unwrap_or_default();
            outcome.failed.push(Failure { test: name.to_owned(), why: why.trim().to_owned() });
        } else if let Some(rest) = line.strip_prefix("[skip]: ") {
            outcome.skipped.push(rest.to_owned());
        } else if let Some(rest) = line.strip_prefix("[exception]: ") {
            outcome.broke_off = Some(rest.to_owned());
        } else if line.contains("done]: ") {
            is_at_end = true;
        } else if line.starts_with("!!! WARNING") {
            // The summary repeats what was said.
            break;
        }
    }
    if !is_at_end {
        outcome.broke_off.get_or_insert("it did not come to its end".to_owned());
    }
    outcome
}

fn without_colors(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_suite_says_is_understood() {
        let outcome = read(
            "[\u{1b}[0;32mok\u{1b}[0m]: HSET (a) b (1 ms)\n\
             [\u{1b}[1;31merr\u{1b}[0m]: HGET in tests/unit/type/hash.tcl\nExpected 1 to equal 2\n\
             [ignore]: HDEL: Tag: slow\n[skip]: HLEN\n[1/1 \u{1b}[0;33mdone\u{1b}[0m]: unit/type/hash (1 seconds)\n\n\
             !!! WARNING The following tests failed:\n\n*** [err]: HGET in tests/unit/type/hash.tcl\n",
        );
        assert_eq!(outcome.passed, ["HSET (a) b"]);
        assert_eq!(outcome.skipped, ["HLEN"]);
        let failed: Vec<_> = outcome.failed.iter().map(|failure| (&*failure.test, &*failure.why)).collect();
        assert_eq!(failed, [("HGET", "Expected 1 to equal 2")]);
        assert_eq!(outcome.broke_off, None);
        let outcome = read("[ok]: a (0 ms)\n[exception]: Executing test client: ERR no\n");
        assert_eq!(outcome.broke_off.as_deref(), Some("Executing test client: ERR no"));
    }
}
