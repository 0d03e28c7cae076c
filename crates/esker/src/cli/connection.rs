//! A connection to a server: commands out, replies in. It blocks.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use resp::{DecodeError, Decoder, Value, encode_command};

use super::interrupt;
use super::tls::{Encryption, TlsStream};

/// How much is read at once.
const READ_BYTES: usize = 16 * 1024;

/// How long Ctrl-C may go unseen, where it comes just before a read begins to wait.
const INTERRUPT_CHECK_INTERVAL: Duration = Duration::from_millis(200);

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A host and a port.
    Tcp {
        /// A name or an address.
        host: String,
        /// The port.
        port: u16,
    },
    /// A Unix socket.
    Unix(PathBuf),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

/// Why no reply came.
#[derive(Debug)]
pub enum Lost {
    /// The server has ended the connection.
    Closed,
    /// Something between us and it.
    Io(io::Error),
    /// What came is no reply.
    Protocol(DecodeError),
    /// Ctrl-C.
    Interrupted,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("Error: Server closed the connection"),
            Self::Io(error) => write!(f, "Error: {}", reason(error)),
            Self::Protocol(error) => write!(f, "Error: Protocol error: {error}"),
            Self::Interrupted => f.write_str("Interrupted"),
        }
    }
}

impl From<io::Error> for Lost {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => Self::Closed,
            _ => Self::Io(error),
        }
    }
}

/// An error of the system in its own words, without its number.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("failed to lookup address information: ").unwrap_or(&text);
    text.split(" (os error").next().unwrap_or(text).to_owned()
}

enum Stream {
    Tcp(TcpStream),
    Tls(Box<TlsStream>),
    Unix(UnixStream),
}

impl Stream {
    fn set_nonblocking(&self, is_nonblocking: bool) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_nonblocking(is_nonblocking),
            Self::Tls(stream) => stream.socket().set_nonblocking(is_nonblocking),
            Self::Unix(stream) => stream.set_nonblocking(is_nonblocking),
        }
    }

    fn set_read_timeout(&self, timeout: Duration) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_read_timeout(Some(timeout)),
            Self::Tls(stream) => stream.socket().set_read_timeout(Some(timeout)),
            Self::Unix(stream) => stream.set_read_timeout(Some(timeout)),
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
            Self::Unix(stream) => stream.read(buffer),
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.write_all(bytes),
            Self::Tls(stream) => stream.write_all(bytes),
            Self::Unix(stream) => stream.write_all(bytes),
        }
    }
}

/// An open connection.
pub struct Connection {
    stream: Stream,
    decoder: Decoder,
    /// What has come.
    input: Vec<u8>,
    /// How much of it is understood.
    taken: usize,
}

impl Connection {
    /// Connects; to each address that the host has, until one answers within `timeout`. A connection over TCP is
    /// encrypted where `encryption` says how.
    pub fn open(
        target: &Target,
        encryption: Option<&Encryption>,
        timeout: Option<Duration>,
    ) -> io::Result<Self> {
        let stream = match (target, encryption) {
            (Target::Tcp { host, port }, None) => Stream::Tcp(connect(host, *port, timeout)?),
            (Target::Tcp { host, port }, Some(encryption)) => {
                let socket = connect(host, *port, timeout)?;
                Stream::Tls(Box::new(encryption.begin(host, socket, timeout)?))
            }
            (Target::Unix(path), _) => Stream::Unix(UnixStream::connect(path)?),
        };
        stream.set_read_timeout(INTERRUPT_CHECK_INTERVAL)?;
        Ok(Self { stream, decoder: Decoder::new(), input: Vec::new(), taken: 0 })
    }

    /// Sends a command.
    pub fn send(&mut self, words: &[impl AsRef<[u8]>]) -> Result<(), Lost> {
        let mut bytes = Vec::new();
        encode_command(words, &mut bytes);
        self.stream.write_all(&bytes).map_err(Lost::from)
    }

    /// Where bytes go to the server, for another thread.
    pub fn writer(&self) -> io::Result<Box<dyn Write + Send>> {
        Ok(match &self.stream {
            Stream::Tcp(stream) => Box::new(stream.try_clone()?),
            Stream::Tls(stream) => Box::new(stream.writer()?),
            Stream::Unix(stream) => Box::new(stream.try_clone()?),
        })
    }

    /// Waits for the next reply or message.
    pub fn receive(&mut self) -> Result<Value, Lost> {
        // Nothing but a value ends the wait without an error.
        Ok(self.receive_unless(|| false)?.unwrap_or(Value::Null))
    }

    /// As [`Connection::receive`], but nothing once `gives_up` says so. It is asked several times a second, and
    /// whenever something has come.
    pub fn receive_unless(&mut self, mut gives_up: impl FnMut() -> bool) -> Result<Option<Value>, Lost> {
        loop {
            if let Some(value) = self.decode()? {
                return Ok(Some(value));
            }
            if interrupt::take() {
                return Err(Lost::Interrupted);
            }
            if gives_up() {
                return Ok(None);
            }
            match self.fill() {
                Ok(()) => {}
                Err(Lost::Io(error)) if is_no_end(&error) => {}
                Err(lost) => return Err(lost),
            }
        }
    }

    /// What has come without being waited for, if anything has.
    pub fn receive_waiting(&mut self) -> Result<Option<Value>, Lost> {
        if let Some(value) = self.decode()? {
            return Ok(Some(value));
        }
        self.stream.set_nonblocking(true).map_err(Lost::Io)?;
        let filled = self.fill();
        self.stream.set_nonblocking(false).map_err(Lost::Io)?;
        match filled {
            Ok(()) => self.decode(),
            Err(Lost::Io(error)) if is_no_end(&error) => Ok(None),
            Err(lost) => Err(lost),
        }
    }

    fn decode(&mut self) -> Result<Option<Value>, Lost> {
        let Some((value, bytes)) = self.decoder.decode(&self.input[self.taken..]).map_err(Lost::Protocol)?
        else {
            return Ok(None);
        };
        self.taken += bytes;
        if self.taken == self.input.len() {
            self.input.clear();
            self.taken = 0;
        }
        Ok(Some(value))
    }

    fn fill(&mut self) -> Result<(), Lost> {
        let mut buffer = [0; READ_BYTES];
        let bytes = self.stream.read(&mut buffer)?;
        if bytes == 0 {
            return Err(Lost::Closed);
        }
        self.input.drain(..std::mem::take(&mut self.taken));
        self.input.extend_from_slice(&buffer[..bytes]);
        Ok(())
    }
}

/// Whether a read that ended so may be tried again.
fn is_no_end(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}

fn connect(host: &str, port: u16, timeout: Option<Duration>) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "No address");
    for address in (host, port).to_socket_addrs()? {
        let connected = match timeout.filter(|timeout| !timeout.is_zero()) {
            Some(timeout) => TcpStream::connect_timeout(&address, timeout),
            None => TcpStream::connect(address),
        };
        match connected {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_shown_as_a_person_writes_them() {
        let tcp = |host: &str| Target::Tcp { host: host.to_owned(), port: 6379 }.to_string();
        assert_eq!(tcp("localhost"), "localhost:6379");
        assert_eq!(tcp("::1"), "[::1]:6379");
        assert_eq!(Target::Unix("/tmp/s".into()).to_string(), "/tmp/s");
    }

    #[test]
    fn errors_lose_their_numbers() {
        assert_eq!(reason(&io::Error::from_raw_os_error(libc::ECONNREFUSED)), "Connection refused");
        assert_eq!(reason(&io::Error::other("said so")), "said so");
    }
}
