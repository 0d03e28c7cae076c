//! What a script can ask the world for.

use resp::{Arguments, Reply};

/// How urgent a script's log line is; the numbers are those of `redis.LOG_DEBUG` and its kin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// `redis.LOG_DEBUG`
    Debug,
    /// `redis.LOG_VERBOSE`
    Verbose,
    /// `redis.LOG_NOTICE`
    Notice,
    /// `redis.LOG_WARNING`
    Warning,
}

/// Who gets to know what commands do: what `redis.set_repl` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replication {
    /// The append-only file.
    pub to_file: bool,
    /// Replicas.
    pub to_replicas: bool,
}

/// What became of a command that a script called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It ran; its reply, perhaps an error, is written.
    Replied,
    /// It may not run, for this reason, which begins with its code.
    Refused(String),
    /// It did not run, and the script must not go on.
    Stop,
}

/// Does what a script asks for.
pub trait Host {
    /// Runs a command and writes its reply in the version that `reply` speaks.
    fn call(&mut self, arguments: Arguments<'_>, reply: &mut Reply) -> Outcome;

    /// Whether the client may run this command; `None` when there is no such command.
    fn permits(&mut self, arguments: Arguments<'_>) -> Option<bool>;

    /// Has only these get to know what the commands that follow in this run do.
    fn replicate(&mut self, replication: Replication);

    /// Writes a line to the log.
    fn log(&mut self, level: Level, line: &[u8]);

    /// Asked every now and then: whether the script may go on.
    fn goes_on(&mut self) -> bool;
}
