//! The servers: finding them, and one running server for as long as a value lives.

use std::fs::File;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::client::Connection;
use super::process;

/// How long a server may take from its start to its first reply; one that reads a journal takes its time.
const START_TIME_MAX: Duration = Duration::from_secs(60);
/// How long it may take to end in order.
const STOP_TIME_MAX: Duration = Duration::from_secs(60);

/// A server program.
pub struct Program {
    /// As the report's columns call it.
    pub name: &'static str,
    /// What it says about its version.
    pub version: String,
    path: PathBuf,
}

/// The programs of one run, in the order of the report's columns.
pub struct Peers {
    columns: Vec<Result<Program, &'static str>>,
    /// Where servers run and leave their logs.
    pub scratch: PathBuf,
}

impl Peers {
    /// Esker at `subject`, and the others from PATH. Errors when `subject` does not tell its version or
    /// there is no redis-benchmark to load anything with.
    pub fn find(subject: PathBuf, scratch: PathBuf) -> io::Result<Self> {
        let mut columns = vec![Ok(Program::esker(subject)?)];
        for (name, file) in [("Redis", "redis-server"), ("Valkey", "valkey-server")] {
            columns.push(match find_on_path(file) {
                Some(path) => Ok(Program::new(name, path)?),
                None => Err(file),
            });
        }
        Ok(Self { columns, scratch })
    }

    /// Esker, or what is measured in its place.
    pub fn subject(&self) -> &Program {
        self.columns[0].as_ref().expect("find() puts a program in the first column")
    }

    /// The programs, or the file names of those not found, column by column.
    pub fn columns(&self) -> &[Result<Program, &'static str>] {
        &self.columns
    }

    /// The names of the columns, those of missing programs included.
    pub fn column_names() -> Vec<&'static str> {
        vec!["Esker", "Redis", "Valkey"]
    }
}

impl Program {
    /// Esker at `path`. Errors when it does not tell its version or there is no redis-benchmark to load it with.
    pub fn esker(path: PathBuf) -> io::Result<Self> {
        if find_on_path("redis-benchmark").is_none() {
            return Err(io::Error::other("redis-benchmark is not on PATH"));
        }
        Self::new("Esker", path)
    }

    fn new(name: &'static str, path: PathBuf) -> io::Result<Self> {
        let cannot_run = |error| io::Error::other(format!("cannot run {}: {error}", path.display()));
        // It is started from another folder. Links stay: redis-server is one, and goes by its name.
        let path = std::path::absolute(&path).map_err(cannot_run)?;
        let output = Command::new(&path).arg("--version").output().map_err(cannot_run)?;
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().next().unwrap_or_default();
        // Esker prints `esker 0.1.0`; Redis and Valkey print `Redis server v=7.0.15 sha=…`.
        let mut words = line.split_whitespace();
        let version =
            words.clone().find_map(|word| word.strip_prefix("v=")).or(words.next_back()).unwrap_or(line);
        Ok(Self { name, version: version.to_owned(), path })
    }

    /// Starts the program with `workers` workers on `cores`, empty, and waits until it answers.
    pub fn start(&self, scratch: &Path, workers: usize, cores: &[usize]) -> io::Result<Server> {
        self.start_with(scratch, workers, cores, &[])
    }

    /// As [`start`](Self::start), with more `arguments`, and with what they let it find.
    pub fn start_with(
        &self,
        scratch: &Path,
        workers: usize,
        cores: &[usize],
        arguments: &[&str],
    ) -> io::Result<Server> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let log = File::create(scratch.join(format!("{}.log", self.name)))?;
        let mut command = Command::new(&self.path);
        command
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args(["--io-threads", &workers.to_string()])
            .args(arguments)
            .current_dir(scratch)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let child = process::confine(&mut command, cores).spawn()?;
        let mut server = Server { child, port };
        server.wait_until_it_answers().map_err(|error| {
            io::Error::other(format!(
                "{} does not start: {error}; see target/bench/{}.log",
                self.name, self.name
            ))
        })?;
        Ok(server)
    }
}

/// A running server; dropping it ends the process.
pub struct Server {
    child: Child,
    /// Where it listens on 127.0.0.1.
    pub port: u16,
}

impl Server {
    /// A new connection to it.
    pub fn connect(&self) -> io::Result<Connection> {
        Connection::open(self.port)
    }

    /// The CPU time it has used so far.
    pub fn cpu_time(&self) -> io::Result<Duration> {
        process::cpu_time(self.child.id())
    }

    /// Its resident memory in bytes, by the page tables: `status` may be off by some hundred kilobytes.
    pub fn resident_bytes(&self) -> io::Result<usize> {
        Ok(self.figure_of("smaps_rollup", "Rss:")? * 1024)
    }

    /// The most resident memory that it has had, in bytes.
    pub fn resident_bytes_max(&self) -> io::Result<usize> {
        Ok(self.figure_of("status", "VmHWM:")? * 1024)
    }

    /// Has the most that is resident counted from now on.
    pub fn forget_peak(&self) -> io::Result<()> {
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5")
    }

    /// Bytes that the disk has read for it.
    pub fn disk_read_bytes(&self) -> io::Result<usize> {
        self.figure_of("io", "read_bytes:")
    }

    /// The number after `name` in the kernel's `file` about the process.
    fn figure_of(&self, file: &str, name: &str) -> io::Result<usize> {
        let text = std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id()))?;
        let figure =
            text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok());
        figure.ok_or_else(|| io::Error::other(format!("{file} shows no {name}")))
    }

    /// Has it end in order, and waits until it has.
    pub fn stop(mut self) -> io::Result<()> {
        process::terminate(self.child.id())?;
        let deadline = Instant::now() + STOP_TIME_MAX;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > deadline {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the server does not end"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    fn wait_until_it_answers(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + START_TIME_MAX;
        loop {
            let failure = match self.connect().and_then(|mut connection| connection.call(&[b"PING"])) {
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
            if let Some(status) = self.child.try_wait()? {
                return Err(io::Error::other(format!("it ended with {status}")));
            }
            if Instant::now() > deadline {
                return Err(failure);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // There is nothing to save. Failing means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The error of wanting to measure the program with the file name `file`.
pub fn not_found(file: &str) -> io::Error {
    io::Error::other(format!("{file} is not on PATH"))
}

fn find_on_path(file: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(file)).find(|path| path.is_file())
}
