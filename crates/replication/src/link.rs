//! The replica's end of the connection to its primary.
//!
//! The replica greets (`PING`), logs in (`AUTH`), tells of itself (`REPLCONF`) and asks to go on where it was (`PSYNC`).
//! Then it gets either a snapshot, as an RDB file of a length that is announced or up to a mark that is, and after that
//! the stream; or at once the stream, from where it was.

use std::fmt;

use memchr::memmem;

use crate::history::ReplicationId;

/// A line of the handshake that is longer is no line of the handshake.
const LINE_BYTES_MAX: usize = 4096;

/// How long the mark is that ends a snapshot of unknown length.
const MARK_BYTES: usize = 40;

/// Whom the replica logs in as.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `masteruser`; without one the default user.
    pub user: Option<Vec<u8>>,
    /// `masterauth`.
    pub password: Vec<u8>,
}

/// What the replica tells of itself.
#[derive(Clone, Default)]
pub struct Introduction {
    /// Whom it logs in as, if it has to.
    pub credentials: Option<Credentials>,
    /// The port that it is to be found at.
    pub listening_port: u16,
    /// The address that it is to be found at, where that is not the one that it comes from.
    pub address: Option<String>,
    /// The version of Redis whose snapshots it loads.
    pub version: &'static str,
}

/// How much of which stream the replica has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The stream's name.
    pub id: ReplicationId,
    /// How many bytes of it.
    pub offset: u64,
}

/// What has come.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// Nothing that is whole.
    Nothing,
    /// A snapshot of the stream at this position follows, of so many bytes if that is known.
    Snapshot(Position, Option<u64>),
    /// The next bytes of the snapshot.
    SnapshotBytes(&'a [u8]),
    /// The snapshot is whole.
    SnapshotEnd,
    /// The stream goes on where the replica was; this is its name now.
    Continued(ReplicationId),
    /// The next bytes of the stream, which may end within a command.
    Stream(&'a [u8]),
}

/// Why the connection is of no use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// The primary cannot serve right now, as it says: to be tried again.
    NotNow(String),
    /// The primary does not take the password, or wants one.
    Denied(String),
    /// The primary does not know `PSYNC`: older than Redis 2.8.
    NoPsync(String),
    /// It said something that has no place here.
    Unexpected {
        /// What was awaited.
        awaited: &'static str,
        /// What came, as far as it is short.
        came: String,
    },
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotNow(text) => write!(f, "the primary cannot serve now: {text}"),
            Self::Denied(text) => write!(f, "the primary refuses the login (masteruser, masterauth): {text}"),
            Self::NoPsync(text) => write!(f, "the primary does not know PSYNC: {text}"),
            Self::Unexpected { awaited, came } => {
                write!(f, "the primary sent '{came}' in place of {awaited}")
            }
        }
    }
}

impl std::error::Error for LinkError {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The answer to PING.
    Greeted,
    /// The answer to AUTH.
    LoggingIn,
    /// The answers to so many REPLCONF.
    Introduced(usize),
    /// The answer to PSYNC.
    Asked,
    /// How long the snapshot is.
    SnapshotHead(Position),
    /// The snapshot has so many bytes more.
    Measured(u64),
    /// The snapshot goes up to this mark.
    Marked([u8; MARK_BYTES]),
    /// The stream.
    Streaming,
}

/// The connection, as the replica sees it.
pub struct Link {
    stage: Stage,
    introduction: Introduction,
    position: Option<Position>,
    /// Whether the primary is asked to become that.
    is_failover: bool,
    output: Vec<u8>,
}

/// The command that tells the primary how many bytes of the stream the replica has, and how many of them are safe on
/// its disk, if it writes them there.
pub fn acknowledgement(offset: u64, safe: Option<u64>) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    let offset = offset.to_string();
    match safe.map(|safe| safe.to_string()) {
        None => resp::encode_command(&["REPLCONF", "ACK", &offset], &mut out),
        Some(safe) => resp::encode_command(&["REPLCONF", "ACK", &offset, "FACK", &safe], &mut out),
    }
    out
}

impl Link {
    /// A connection that was just made, of a replica that is at `position`, if it has followed anybody.
    /// With `is_failover` the other side, which follows this server, is asked to become the primary.
    pub fn new(introduction: Introduction, position: Option<Position>, is_failover: bool) -> Self {
        let mut output = Vec::new();
        resp::encode_command(&["PING"], &mut output);
        Self { stage: Stage::Greeted, introduction, position, is_failover, output }
    }

    /// What is to be sent.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// Whether the stream has begun.
    pub fn is_streaming(&self) -> bool {
        self.stage == Stage::Streaming
    }

    /// Looks at what has come: how many bytes of `input` are done with, and what they mean. To be called again with
    /// what is left and what comes behind it, as long as bytes were taken or something came of them.
    ///
    /// # Errors
    /// Why the connection is of no use.
    pub fn receive<'a>(&mut self, input: &'a [u8]) -> Result<(usize, Event<'a>), LinkError> {
        match self.stage {
            Stage::Streaming if input.is_empty() => Ok((0, Event::Nothing)),
            Stage::Streaming => Ok((input.len(), Event::Stream(input))),
            Stage::Measured(0) => {
                self.stage = Stage::Streaming;
                Ok((0, Event::SnapshotEnd))
            }
            Stage::Measured(left) => {
                let taken = usize::try_from(left).map_or(input.len(), |left| left.min(input.len()));
                if taken == 0 {
                    return Ok((0, Event::Nothing));
                }
                self.stage = Stage::Measured(left - taken as u64);
                Ok((taken, Event::SnapshotBytes(&input[..taken])))
            }
            Stage::Marked(mark) => Ok(self.receive_marked(input, &mark)),
            _ => self.receive_line(input),
        }
    }

    fn receive_marked<'a>(&mut self, input: &'a [u8], mark: &[u8; MARK_BYTES]) -> (usize, Event<'a>) {
        match memmem::find(input, mark) {
            Some(0) => {
                self.stage = Stage::Streaming;
                (MARK_BYTES, Event::SnapshotEnd)
            }
            Some(place) => (place, Event::SnapshotBytes(&input[..place])),
            // The mark may have begun within the last bytes.
            None => match input.len().saturating_sub(MARK_BYTES - 1) {
                0 => (0, Event::Nothing),
                certain => (certain, Event::SnapshotBytes(&input[..certain])),
            },
        }
    }

    fn receive_line<'a>(&mut self, input: &'a [u8]) -> Result<(usize, Event<'a>), LinkError> {
        // An empty line says that the primary is there and has yet to make up the snapshot.
        let blank = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        if blank > 0 {
            return Ok((blank, Event::Nothing));
        }
        let Some(end) = memchr::memchr(b'\n', input) else {
            return if input.len() > LINE_BYTES_MAX {
                Err(unexpected("a line", &input[..LINE_BYTES_MAX]))
            } else {
                Ok((0, Event::Nothing))
            };
        };
        let line = input[..end].strip_suffix(b"\r").unwrap_or(&input[..end]);
        let event = self.take_line(line)?;
        Ok((end + 1, event))
    }

    fn take_line(&mut self, line: &[u8]) -> Result<Event<'static>, LinkError> {
        let text = || String::from_utf8_lossy(line.strip_prefix(b"-").unwrap_or(line)).into_owned();
        let is_error = line.starts_with(b"-");
        match self.stage {
            Stage::Greeted => {
                // Who has not logged in may not even greet, and may be told so by its own words.
                let wants_login = ["-NOAUTH", "-NOPERM", "-ERR operation not permitted"];
                let wants_login = wants_login.iter().any(|error| line.starts_with(error.as_bytes()));
                if is_error && !wants_login {
                    return Err(LinkError::NotNow(text()));
                }
                if !is_error && !line.starts_with(b"+") {
                    return Err(unexpected("the answer to PING", line));
                }
                self.introduce();
            }
            Stage::LoggingIn if is_error => return Err(LinkError::Denied(text())),
            Stage::LoggingIn => self.stage = Stage::Introduced(self.introductions()),
            // A primary that does not know an option says so, and goes on.
            Stage::Introduced(left) => {
                if line.starts_with(b"-NOAUTH") {
                    return Err(LinkError::Denied(text()));
                }
                match left {
                    2.. => self.stage = Stage::Introduced(left - 1),
                    _ => self.ask(),
                }
            }
            Stage::Asked => return self.take_answer(line),
            Stage::SnapshotHead(position) => return self.take_snapshot_head(line, position),
            Stage::Measured(_) | Stage::Marked(_) | Stage::Streaming => {}
        }
        Ok(Event::Nothing)
    }

    /// How many commands it takes to tell of itself.
    fn introductions(&self) -> usize {
        3 + usize::from(self.introduction.address.is_some())
    }

    /// Tells of itself, all at once; the answers come in order.
    fn introduce(&mut self) {
        self.stage = Stage::Introduced(self.introductions());
        let out = &mut self.output;
        if let Some(Credentials { user, password }) = &self.introduction.credentials {
            match user {
                Some(user) => resp::encode_command(&[b"AUTH", user.as_slice(), password.as_slice()], out),
                None => resp::encode_command(&[b"AUTH", password.as_slice()], out),
            }
            self.stage = Stage::LoggingIn;
        }
        let port = self.introduction.listening_port.to_string();
        resp::encode_command(&["REPLCONF", "listening-port", &port], out);
        if let Some(address) = &self.introduction.address {
            resp::encode_command(&["REPLCONF", "ip-address", address], out);
        }
        resp::encode_command(&["REPLCONF", "capa", "eof", "capa", "psync2"], out);
        // One that knows it not, as Redis, says so.
        resp::encode_command(&["REPLCONF", "version", self.introduction.version], out);
    }

    /// Asks for the stream. A primary refuses that while it has answers to other things to send.
    fn ask(&mut self) {
        let out = &mut self.output;
        self.stage = Stage::Asked;
        match self.position {
            Some(Position { id, offset }) => {
                let first = (offset + 1).to_string();
                let words: [&[u8]; 4] = [b"PSYNC", id.as_bytes(), first.as_bytes(), b"FAILOVER"];
                resp::encode_command(&words[..3 + usize::from(self.is_failover)], out);
            }
            None => resp::encode_command(&["PSYNC", "?", "-1"], out),
        }
    }

    fn take_answer(&mut self, line: &[u8]) -> Result<Event<'static>, LinkError> {
        let awaited = "the answer to PSYNC";
        let text = || String::from_utf8_lossy(line.get(1..).unwrap_or_default()).into_owned();
        let mut words = line.split(|byte| *byte == b' ');
        match words.next().unwrap_or_default() {
            b"+FULLRESYNC" => {
                let id = words.next().and_then(ReplicationId::parse);
                let offset = words.next().and_then(base::number::parse_i64);
                let offset = offset.and_then(|offset| u64::try_from(offset).ok());
                let (Some(id), Some(offset)) = (id, offset) else { return Err(unexpected(awaited, line)) };
                self.stage = Stage::SnapshotHead(Position { id, offset });
                Ok(Event::Nothing)
            }
            b"+CONTINUE" => {
                let Some(Position { id: before, .. }) = self.position else {
                    return Err(unexpected(awaited, line));
                };
                let id = match words.next().filter(|word| !word.is_empty()) {
                    None => before,
                    Some(word) => ReplicationId::parse(word).ok_or_else(|| unexpected(awaited, line))?,
                };
                self.stage = Stage::Streaming;
                Ok(Event::Continued(id))
            }
            b"-NOMASTERLINK" | b"-LOADING" | b"-MASTERDOWN" | b"-BUSY" | b"-TRYAGAIN" => {
                Err(LinkError::NotNow(text()))
            }
            b"-NOAUTH" | b"-NOPERM" | b"-WRONGPASS" => Err(LinkError::Denied(text())),
            word if word.starts_with(b"-") => Err(LinkError::NoPsync(text())),
            _ => Err(unexpected(awaited, line)),
        }
    }

    fn take_snapshot_head(&mut self, line: &[u8], position: Position) -> Result<Event<'static>, LinkError> {
        let awaited = "the length of the snapshot";
        if let Some(text) = line.strip_prefix(b"-") {
            return Err(LinkError::NotNow(String::from_utf8_lossy(text).into_owned()));
        }
        let Some(length) = line.strip_prefix(b"$") else { return Err(unexpected(awaited, line)) };
        if let Some(mark) = length.strip_prefix(b"EOF:") {
            let mark = mark.try_into().map_err(|_| unexpected(awaited, line))?;
            self.stage = Stage::Marked(mark);
            return Ok(Event::Snapshot(position, None));
        }
        let length = base::number::parse_i64(length).and_then(|length| u64::try_from(length).ok());
        let length = length.ok_or_else(|| unexpected(awaited, line))?;
        self.stage = Stage::Measured(length);
        Ok(Event::Snapshot(position, Some(length)))
    }
}

fn unexpected(awaited: &'static str, came: &[u8]) -> LinkError {
    const SHOWN_BYTES_MAX: usize = 80;
    let came = came[..came.len().min(SHOWN_BYTES_MAX)].escape_ascii().to_string();
    LinkError::Unexpected { awaited, came }
}

#[cfg(test)]
mod tests;
