//! A server process that lives as long as its test, in a directory of its own.

use super::{Client, SOON};
use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The chosen port may be taken between the moment it was found free and the server's bind.
const START_ATTEMPTS: usize = 5;
/// How much of the log a failed test shows.
const LOG_TAIL_LINES: usize = 40;

/// Which program to start, and with what.
#[derive(Clone, Debug)]
pub struct Spec {
    program: PathBuf,
    file: Option<String>,
    directives: Vec<String>,
    environment: Vec<(String, String)>,
    is_esker: bool,
    /// Whether it counts as started before it has loaded what was saved.
    may_be_loading: bool,
}

impl Spec {
    /// The server under test: Esker, its databases served by the engine that `ESKER_TEST_ENGINE` names, or what
    /// `ESKER_TEST_SERVER` names.
    pub fn under_test() -> Self {
        match std::env::var_os("ESKER_TEST_SERVER") {
            Some(program) => Self::redis(PathBuf::from(program)),
            None => Self {
                program: env!("CARGO_BIN_EXE_esker").into(),
                file: None,
                directives: match std::env::var("ESKER_TEST_ENGINE") {
                    Ok(engine) => vec!["--engine".to_owned(), engine],
                    Err(_) => Vec::new(),
                },
                environment: Vec::new(),
                is_esker: true,
                may_be_loading: false,
            },
        }
    }

    /// A redis-server, or a program with its command line.
    pub fn redis(program: PathBuf) -> Self {
        Self {
            program,
            file: None,
            directives: Vec::new(),
            environment: Vec::new(),
            is_esker: false,
            may_be_loading: false,
        }
    }

    /// Adds directives as they stand on redis-server's command line: `--name value …`.
    pub fn with(mut self, directives: &[&str]) -> Self {
        self.directives.extend(directives.iter().map(|&directive| directive.to_owned()));
        self
    }

    /// Sets an environment variable.
    pub fn with_environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Is started as soon as it answers, though it may have to load what was saved first.
    pub fn while_loading(mut self) -> Self {
        self.may_be_loading = true;
        self
    }

    /// Reads this configuration file first.
    pub fn configured_by(mut self, path: &str) -> Self {
        self.file = Some(path.to_owned());
        self
    }

    /// True for Esker, false for a stand-in named by `ESKER_TEST_SERVER`.
    pub fn is_esker(&self) -> bool {
        self.is_esker
    }

    /// The program, ready for its arguments; it reads nothing and writes to the caller.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        if self.is_esker {
            command.arg("server");
        }
        // Redis sorts texts by the locale; the C locale is the one whose order is the bytes'.
        command.env("LC_ALL", "C").envs(self.environment.iter().cloned()).stdin(Stdio::null());
        command
    }

    /// Starts the server and waits until it answers.
    #[track_caller]
    pub fn start(self) -> Server {
        let mut log = String::new();
        for _ in 0..START_ATTEMPTS {
            match Server::start_at(&self, free_port()) {
                Ok(server) => return server,
                Err(said) => log = said,
            }
        }
        panic!("{} does not start:\n{log}", self.program.display());
    }
}

/// A running server. Dropping it ends the process and removes its directory.
pub struct Server {
    child: Child,
    port: u16,
    is_esker: bool,
    directory: TemporaryDirectory,
}

/// How a server ended, and what it had logged by then.
pub struct Exit {
    /// The exit status; `None` when a signal killed the process.
    pub code: Option<i32>,
    /// The signal that killed it.
    pub signal: Option<i32>,
    /// All that it wrote.
    pub log: String,
}

impl Server {
    /// Starts the server under test with `directives` and waits until it answers.
    #[track_caller]
    pub fn start(directives: &[&str]) -> Self {
        Spec::under_test().with(directives).start()
    }

    fn start_at(spec: &Spec, port: u16) -> Result<Self, String> {
        let directory = temporary_directory();
        let log = File::create(directory.path().join("log")).expect("the log can be created");
        let mut command = spec.command();
        command
            .args(&spec.file)
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .arg("--dir")
            .arg(directory.path())
            .arg("--unixsocket")
            .arg(directory.path().join("socket"))
            .args(&spec.directives)
            .stdout(log.try_clone().expect("a file can be duplicated"))
            .stderr(log);
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut server = Self { child, port, is_esker: spec.is_esker, directory };
        let end = Instant::now() + SOON;
        while !server.answers(spec.may_be_loading) {
            if server.child.try_wait().expect("our child can be asked").is_some() {
                return Err(server.log());
            }
            if Instant::now() > end {
                return Err(format!("no answer within {SOON:?}\n{}", server.log()));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(server)
    }

    /// True when this very process, and not another one that took the port, answers.
    fn answers(&self, may_be_loading: bool) -> bool {
        let Ok(mut client) = Client::connect(self.address()) else { return false };
        match client.try_call(&["PING"]) {
            Ok(reply) if reply.is_error() && reply.error().starts_with("LOADING ") => return may_be_loading,
            Ok(_) => {}
            Err(_) => return false,
        }
        let is_ours = match client.try_call(&["INFO", "server"]) {
            // A server that wants a password or refuses the peer has at least spoken.
            Ok(reply) if reply.is_error() => true,
            Ok(reply) => reply.text().lines().any(|line| line == format!("process_id:{}", self.pid())),
            Err(_) => false,
        };
        client.quit();
        is_ours
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The socket file it listens on.
    pub fn unix_socket(&self) -> PathBuf {
        self.directory.path().join("socket")
    }

    /// Its working directory.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// True for Esker, false for a stand-in named by `ESKER_TEST_SERVER`.
    pub fn is_esker(&self) -> bool {
        self.is_esker
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A new connection.
    #[track_caller]
    pub fn connect(&self) -> Client {
        Client::connect(self.address()).expect("the server accepts connections")
    }

    /// A new connection that speaks RESP3.
    #[track_caller]
    pub fn connect_resp3(&self) -> Client {
        let mut client = self.connect();
        let greeting = client.call("HELLO 3");
        assert!(!greeting.is_error(), "{greeting:?}");
        client
    }

    /// One field of INFO, as a number.
    #[track_caller]
    pub fn info(&self, field: &str) -> i64 {
        let mut client = self.connect();
        let info = client.call("INFO everything").text();
        client.quit();
        let value = info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        value.unwrap_or_else(|| panic!("INFO lacks {field}")).trim().parse().expect("a number")
    }

    /// Memory that the process holds in RAM, in bytes; `None` where the system does not tell.
    pub fn resident_bytes(&self) -> Option<usize> {
        self.memory("VmRSS:")
    }

    /// The most memory that the process has held in RAM so far, in bytes.
    pub fn peak_resident_bytes(&self) -> Option<usize> {
        self.memory("VmHWM:")
    }

    fn memory(&self, field: &str) -> Option<usize> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(field))?;
        Some(line.trim().strip_suffix(" kB")?.parse::<usize>().ok()? * 1024)
    }

    /// All that the server has written.
    pub fn log(&self) -> String {
        let bytes = fs::read(self.directory.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Sends a signal and waits for the end.
    #[track_caller]
    pub fn stop_by(&mut self, signal: rustix::process::Signal) -> Exit {
        self.signal(signal);
        self.wait()
    }

    /// Sends a signal.
    #[track_caller]
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).expect("our child runs");
    }

    /// Waits for a server that is about to end.
    #[track_caller]
    pub fn wait(&mut self) -> Exit {
        let end = Instant::now() + SOON;
        loop {
            if let Some(status) = self.child.try_wait().expect("our child can be asked") {
                return Exit { code: status.code(), signal: status.signal(), log: self.log() };
            }
            assert!(Instant::now() < end, "the server does not end within {SOON:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let tail = &lines[lines.len().saturating_sub(LOG_TAIL_LINES)..];
            let state = match self.child.try_wait() {
                Ok(Some(status)) => format!("had ended: {status}"),
                _ => "was running".to_owned(),
            };
            eprintln!("the server on port {} {state}; the end of its log:\n{}", self.port, tail.join("\n"));
        }
        // An error means that the process has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}

/// A directory that is removed with all that it holds when dropped.
pub struct TemporaryDirectory(PathBuf);

impl TemporaryDirectory {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        // Nothing depends on the removal, and a test that fails must not fail twice.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A new empty directory among the system's temporary ones.
pub fn temporary_directory() -> TemporaryDirectory {
    static COUNTER: AtomicUsize = AtomicUsize::new(0);
    loop {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("esker-test-{}-{number}", std::process::id()));
        match fs::create_dir(&path) {
            Ok(()) => return TemporaryDirectory(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => panic!("{}: {error}", path.display()),
        }
    }
}

/// Whether the servers under test serve their databases from disk unless told otherwise.
pub fn is_on_disk() -> bool {
    std::env::var("ESKER_TEST_ENGINE").is_ok_and(|engine| engine == "disk")
}

/// Says why a test ends without having tested anything.
///
/// It goes around the capture of test output, since a test that passes shows nothing of it.
pub fn pass_over(why: &str) {
    use std::io::Write;
    let name = std::thread::current().name().unwrap_or("a test").to_owned();
    // Nobody left to read it is no reason to fail.
    let _ = writeln!(std::io::stderr(), "passed over {name}: {why}");
}
