//! Runs commands and prints what comes.

use std::io;
use std::time::{Duration, Instant};

use resp::Value;

use super::connection::Lost;
use super::interrupt;
use super::output::{Output, Style, answers_with_text};
use super::session::{Muting, Session};

/// From how long on a person is told how long a command took.
const DURATION_SHOWN_MIN: Duration = Duration::from_millis(500);

/// Why the program ends before its work is done.
#[derive(Debug)]
pub enum Stop {
    /// The command line does not fit together.
    Usage(&'static str),
    /// Standard input cannot be read.
    Input(io::Error),
    /// Standard output cannot be written.
    Output(io::Error),
    /// There is no connection; why, in a line.
    Connection(String),
    /// A command was answered with an error, which ends the program by `-e`.
    Error(String),
    /// Something has failed and was told already.
    Failed,
}

impl Stop {
    /// What is said about it.
    pub fn problem(&self) -> Option<String> {
        match self {
            Self::Usage(text) => Some((*text).to_owned()),
            Self::Input(error) => Some(format!("Standard input: {error}")),
            Self::Output(error) => Some(format!("Standard output: {error}")),
            Self::Connection(text) | Self::Error(text) => Some(text.clone()),
            Self::Failed => None,
        }
    }
}

/// How a command ended.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// With its replies.
    Answered,
    /// With Ctrl-C.
    Interrupted,
}

/// Runs commands, one after the other.
pub struct Runner {
    /// The conversation.
    pub session: Session,
    /// Where replies go.
    pub output: Output,
    /// Whether an error ends the program.
    pub exits_on_error: bool,
    /// Whether messages that answer no command are shown.
    pub shows_pushes: bool,
    /// Whether a person waits for the replies.
    pub is_interactive: bool,
    interval: Duration,
}

impl Runner {
    /// A runner that waits `interval` between two times of a command.
    pub fn new(session: Session, output: Output, interval: Duration) -> Self {
        Self { session, output, exits_on_error: false, shows_pushes: true, is_interactive: false, interval }
    }

    /// Connects, if there is no connection.
    pub fn connect(&mut self) -> Result<(), Stop> {
        if self.session.connection().is_some() {
            Ok(())
        } else {
            self.session.connect().map_err(Stop::Connection)
        }
    }

    /// Runs a command `count` times, or for ever.
    ///
    /// # Errors
    /// Those of the connection too; the next call connects again.
    pub fn repeat(&mut self, words: &[Vec<u8>], count: Option<u64>) -> Result<(), Stop> {
        // Ctrl-C before the command is not meant for it.
        interrupt::take();
        let mut times = 0;
        while count.is_none_or(|count| times < count) {
            if times > 0 {
                std::thread::sleep(self.interval);
            }
            if interrupt::take() || self.run(words)? == Outcome::Interrupted {
                break;
            }
            times += 1;
        }
        Ok(())
    }

    fn run(&mut self, words: &[Vec<u8>]) -> Result<Outcome, Stop> {
        self.ready()?;
        let begin = Instant::now();
        let result = self.exchange(words);
        match result {
            Ok(()) => {}
            Err(Trouble::Stop(stop)) => return Err(stop),
            Err(Trouble::Lost(Lost::Interrupted)) => {
                // What the server still sends would be taken for the next command's reply.
                self.session.disconnect();
                self.output.print_line("").map_err(Stop::Output)?;
                self.connect()?;
                return Ok(Outcome::Interrupted);
            }
            Err(Trouble::Lost(lost)) => {
                let told = self.let_go(&lost);
                let is_wanted =
                    matches!(lost, Lost::Closed) && (is(words, 0, "shutdown") || is(words, 0, "quit"));
                return if is_wanted { Ok(Outcome::Answered) } else { Err(Stop::Connection(told)) };
            }
        }
        let elapsed = begin.elapsed();
        if self.is_interactive && elapsed >= DURATION_SHOWN_MIN && self.output.style == Style::Formatted {
            self.output.print_line(&format!("({:.2}s)", elapsed.as_secs_f64())).map_err(Stop::Output)?;
        }
        Ok(Outcome::Answered)
    }

    /// Ends a connection that is lost; what to tell of that. A transaction is lost with it.
    fn let_go(&mut self, lost: &Lost) -> String {
        let more = if self.session.is_in_transaction() { "; the transaction is gone" } else { "" };
        self.session.disconnect();
        format!("{lost}{more}")
    }

    /// Sees to it that there is a connection, and shows what has come since the last command. A connection that
    /// has ended meanwhile is replaced: nothing was sent that could run twice. But not within a transaction,
    /// whose commands would run outside of it.
    fn ready(&mut self) -> Result<(), Stop> {
        while let Some(connection) = self.session.connection() {
            match connection.receive_waiting() {
                Ok(None) => return Ok(()),
                Ok(Some(message)) => self.show_push(&message)?,
                Err(lost) => {
                    let was_in_transaction = self.session.is_in_transaction();
                    let told = self.let_go(&lost);
                    if was_in_transaction {
                        return Err(Stop::Connection(told));
                    }
                }
            }
        }
        self.connect()
    }

    /// Sends the command and prints its replies.
    fn exchange(&mut self, words: &[Vec<u8>]) -> Result<(), Trouble> {
        let is_text = answers_with_text(words);
        self.send(words)?;
        match muting(words).filter(|_| !self.session.is_in_transaction()) {
            Some(Muting::Off) => self.session.mute(Muting::Off),
            Some(muting) => {
                self.session.mute(muting);
                return Ok(());
            }
            None if !self.session.is_answered() => return Ok(()),
            None => {}
        }
        let listening = listening(words);
        let mut remaining = match listening {
            Some(Listening::Ends) => (words.len() - 1).max(1),
            _ => 1,
        };
        while remaining > 0 {
            let reply = self.receive(listening.is_some())?;
            self.session.note(words, &reply).map_err(|problem| Trouble::Stop(Stop::Connection(problem)))?;
            if let Value::Error(text) = &reply
                && self.exits_on_error
            {
                return Err(Trouble::Stop(Stop::Error(text.clone())));
            }
            self.show(&reply, is_text)?;
            let is_refused = matches!(&reply, Value::Error(_))
                || matches!(&reply, Value::Simple(line) if line == "QUEUED");
            remaining = if is_refused { 0 } else { remaining - 1 };
            if listening == Some(Listening::Begins) && !is_refused {
                self.listen()?;
            }
        }
        Ok(())
    }

    /// Prints what comes until the connection ends, or Ctrl-C.
    fn listen(&mut self) -> Result<(), Trouble> {
        if self.is_interactive {
            let line = "Reading messages... (press Ctrl-C to quit)";
            self.output.print_line(line).map_err(Stop::Output)?;
        }
        loop {
            let message = self.receive(true)?;
            self.show(&message, false)?;
        }
    }

    /// The next reply; messages that answer no command are shown on the way, unless they are waited for.
    fn receive(&mut self, waits_for_pushes: bool) -> Result<Value, Trouble> {
        loop {
            let connection = self.session.connection().ok_or(Trouble::Lost(Lost::Closed))?;
            let value = connection.receive().map_err(Trouble::Lost)?;
            if !matches!(value, Value::Push(_)) || waits_for_pushes {
                return Ok(value);
            }
            self.show_push(&value)?;
        }
    }

    fn send(&mut self, words: &[Vec<u8>]) -> Result<(), Trouble> {
        let connection = self.session.connection().ok_or(Trouble::Lost(Lost::Closed))?;
        connection.send(words).map_err(Trouble::Lost)
    }

    fn show(&self, reply: &Value, is_text: bool) -> Result<(), Stop> {
        self.output.print(reply, is_text).map_err(Stop::Output)
    }

    fn show_push(&self, message: &Value) -> Result<(), Stop> {
        if self.shows_pushes { self.show(message, false) } else { Ok(()) }
    }
}

/// What ends an exchange.
enum Trouble {
    Lost(Lost),
    Stop(Stop),
}

impl From<Stop> for Trouble {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

/// Commands that are answered with messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Listening {
    /// It begins, and messages follow.
    Begins,
    /// It ends, with a message for each channel.
    Ends,
}

fn listening(words: &[Vec<u8>]) -> Option<Listening> {
    let is_one_of = |names: &[&str]| names.iter().any(|name| is(words, 0, name));
    if is_one_of(&["subscribe", "psubscribe", "ssubscribe", "monitor"]) {
        Some(Listening::Begins)
    } else if is_one_of(&["unsubscribe", "punsubscribe", "sunsubscribe"]) {
        Some(Listening::Ends)
    } else {
        None
    }
}

/// What the command asks for, if it is CLIENT REPLY.
fn muting(words: &[Vec<u8>]) -> Option<Muting> {
    if words.len() != 3 || !is(words, 0, "client") || !is(words, 1, "reply") {
        return None;
    }
    let modes = [("on", Muting::Off), ("skip", Muting::Next), ("off", Muting::On)];
    modes.into_iter().find(|(name, _)| is(words, 2, name)).map(|(_, muting)| muting)
}

fn is(words: &[Vec<u8>], index: usize, name: &str) -> bool {
    words.get(index).is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()))
}
