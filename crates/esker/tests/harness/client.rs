//! A client of a few lines: commands out, [`Value`]s in, nothing interpreted on the way.

use super::{SOON, Value};
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// A request as RESP: an array of bulk strings.
pub fn encode<T: AsRef<[u8]>>(arguments: &[T]) -> Vec<u8> {
    let mut request = format!("*{}\r\n", arguments.len()).into_bytes();
    for argument in arguments {
        let argument = argument.as_ref();
        request.extend_from_slice(format!("${}\r\n", argument.len()).as_bytes());
        request.extend_from_slice(argument);
        request.extend_from_slice(b"\r\n");
    }
    request
}

/// The words of a command line, for commands whose arguments hold no spaces.
pub fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// One connection.
pub struct Client {
    reader: BufReader<Socket>,
    writer: Socket,
}

/// Both halves share one file descriptor: tests hold thousands of connections.
#[derive(Clone)]
enum Socket {
    Tcp(Arc<TcpStream>),
    Unix(Arc<UnixStream>),
    Tls(Arc<Mutex<StreamOwned<ClientConnection, TcpStream>>>),
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => (&**stream).read(buffer),
            Self::Unix(stream) => (&**stream).read(buffer),
            Self::Tls(stream) => stream.lock().expect("one thread reads and writes").read(buffer),
        }
    }
}

impl Client {
    /// Connects over TCP.
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(SOON))?;
        Ok(Self::over(Socket::Tcp(Arc::new(stream))))
    }

    /// Connects over a Unix socket.
    pub fn connect_unix(path: &Path) -> io::Result<Self> {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(SOON))?;
        Ok(Self::over(Socket::Unix(Arc::new(stream))))
    }

    /// Connects over TCP and agrees on keys with a server called `localhost`.
    pub fn connect_tls(address: SocketAddr, config: Arc<ClientConfig>) -> io::Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(SOON))?;
        let name = "localhost".try_into().expect("a name");
        let mut connection = ClientConnection::new(config, name).map_err(io::Error::other)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut stream)?;
        }
        Ok(Self::over(Socket::Tls(Arc::new(Mutex::new(StreamOwned::new(connection, stream))))))
    }

    /// The connection with its keys, for a client that has some.
    pub fn with_tls<T>(&self, ask: impl FnOnce(&mut StreamOwned<ClientConnection, TcpStream>) -> T) -> T {
        let Socket::Tls(stream) = &self.writer else { panic!("for TLS only") };
        ask(&mut stream.lock().expect("one thread reads and writes"))
    }

    fn over(socket: Socket) -> Self {
        Self { reader: BufReader::new(socket.clone()), writer: socket }
    }

    /// Sends a command line split at its spaces and returns the reply.
    #[track_caller]
    pub fn call(&mut self, line: &str) -> Value {
        self.call_with(&words(line))
    }

    /// Sends a command whose arguments may hold any bytes and returns the reply.
    #[track_caller]
    pub fn call_with<T: AsRef<[u8]>>(&mut self, arguments: &[T]) -> Value {
        self.try_call(arguments).unwrap_or_else(|error| {
            let shown: Vec<_> =
                arguments.iter().map(|argument| argument.as_ref().escape_ascii().to_string()).collect();
            panic!("no reply to {:.200}: {error}", shown.join(" "))
        })
    }

    /// Like [`Self::call_with`], for tests in which the connection may end.
    pub fn try_call<T: AsRef<[u8]>>(&mut self, arguments: &[T]) -> io::Result<Value> {
        self.send_raw(&encode(arguments))?;
        self.read()
    }

    /// Sends all `lines` at once and returns their replies.
    #[track_caller]
    pub fn pipeline<T: AsRef<[u8]>>(&mut self, commands: &[Vec<T>]) -> Vec<Value> {
        let requests: Vec<u8> = commands.iter().flat_map(|command| encode(command)).collect();
        self.send_raw(&requests).expect("the pipeline is sent");
        commands.iter().map(|_| self.read().expect("a reply")).collect()
    }

    /// Ends the connection and waits until the server has: it counts this client no more.
    pub fn quit(mut self) {
        // One that the server has closed already is gone as well.
        let _ = self.try_call(&["QUIT"]);
        while self.read().is_ok() {}
    }

    /// Sends a command without waiting for the reply.
    #[track_caller]
    pub fn send(&mut self, line: &str) {
        self.send_raw(&encode(&words(line))).expect("the command is sent");
    }

    /// Sends bytes as they are.
    pub fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &self.writer {
            Socket::Tcp(stream) => (&**stream).write_all(bytes),
            Socket::Unix(stream) => (&**stream).write_all(bytes),
            Socket::Tls(stream) => stream.lock().expect("one thread reads and writes").write_all(bytes),
        }
    }

    /// How long [`Self::read`] waits; `None` for ever.
    pub fn set_timeout(&mut self, timeout: Option<Duration>) {
        match &self.writer {
            Socket::Tcp(stream) => stream.set_read_timeout(timeout),
            Socket::Unix(stream) => stream.set_read_timeout(timeout),
            Socket::Tls(stream) => {
                stream.lock().expect("one thread reads and writes").sock.set_read_timeout(timeout)
            }
        }
        .expect("a timeout that is not zero can be set");
    }

    /// Says that nothing more will be sent; replies still come.
    pub fn finish_sending(&mut self) {
        match &self.writer {
            Socket::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Socket::Unix(stream) => stream.shutdown(Shutdown::Write),
            Socket::Tls(stream) => {
                let mut stream = stream.lock().expect("one thread reads and writes");
                stream.conn.send_close_notify();
                stream.flush()
            }
        }
        .expect("the connection is open");
    }

    /// Sends bytes from a thread of its own, while this one reads.
    pub fn send_raw_beside(&self, bytes: Vec<u8>) -> JoinHandle<io::Result<()>> {
        let Socket::Tcp(stream) = self.writer.clone() else { panic!("for TCP connections only") };
        std::thread::spawn(move || (&*stream).write_all(&bytes))
    }

    /// The bytes of replies that are not decoded by [`Self::read`].
    pub fn raw_reader(&mut self) -> &mut impl BufRead {
        &mut self.reader
    }

    /// True when the server has closed the connection; what it sent before is dropped.
    pub fn is_closed_within(&mut self, limit: Duration) -> bool {
        self.set_timeout(Some(limit));
        let mut scrap = [0; 8192];
        loop {
            match self.reader.read(&mut scrap) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => {
                    use io::ErrorKind::{ConnectionReset, UnexpectedEof};
                    return matches!(error.kind(), ConnectionReset | UnexpectedEof);
                }
            }
        }
    }

    /// The next reply or push.
    pub fn read(&mut self) -> io::Result<Value> {
        let line = self.read_line()?;
        let (kind, rest) = line.split_first().ok_or_else(|| malformed("an empty line"))?;
        let text = || String::from_utf8_lossy(rest).into_owned();
        Ok(match kind {
            b'+' => Value::Simple(rest.to_vec()),
            b'-' => Value::Error(text()),
            b':' => Value::Int(text().parse().map_err(|_| malformed(&text()))?),
            b',' => Value::Double(text()),
            b'(' => Value::BigNumber(text()),
            b'_' if rest.is_empty() => Value::Null,
            b'#' if rest == b"t" => Value::Bool(true),
            b'#' if rest == b"f" => Value::Bool(false),
            b'$' if rest == b"-1" => Value::NullBulk,
            b'*' if rest == b"-1" => Value::NullArray,
            b'$' => Value::Bulk(self.read_blob(length(rest)?)?),
            b'!' => Value::BlobError(self.read_blob(length(rest)?)?),
            b'=' => {
                let blob = self.read_blob(length(rest)?)?;
                match blob.split_at_checked(4) {
                    Some((format, text)) if format[3] == b':' => {
                        Value::Verbatim(format[..3].to_vec(), text.to_vec())
                    }
                    _ => return Err(malformed("a verbatim string without its format")),
                }
            }
            b'*' => Value::Array(self.read_values(length(rest)?)?),
            b'~' => Value::Set(self.read_values(length(rest)?)?),
            b'>' => Value::Push(self.read_values(length(rest)?)?),
            b'%' => Value::Map(self.read_pairs(length(rest)?)?),
            b'|' => Value::Attributed(self.read_pairs(length(rest)?)?, Box::new(self.read()?)),
            _ => return Err(malformed(&line.escape_ascii().to_string())),
        })
    }

    fn read_line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        self.reader.read_until(b'\n', &mut line)?;
        match line.strip_suffix(b"\r\n") {
            Some(content) => Ok(content.to_vec()),
            None if line.is_empty() => Err(io::ErrorKind::UnexpectedEof.into()),
            None => Err(malformed(&line.escape_ascii().to_string())),
        }
    }

    fn read_blob(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut blob = vec![0; length + 2];
        self.reader.read_exact(&mut blob)?;
        if !blob.ends_with(b"\r\n") {
            return Err(malformed("a string longer than it says"));
        }
        blob.truncate(length);
        Ok(blob)
    }

    fn read_values(&mut self, count: usize) -> io::Result<Vec<Value>> {
        (0..count).map(|_| self.read()).collect()
    }

    fn read_pairs(&mut self, count: usize) -> io::Result<Vec<(Value, Value)>> {
        (0..count).map(|_| Ok((self.read()?, self.read()?))).collect()
    }
}

fn length(digits: &[u8]) -> io::Result<usize> {
    let text = String::from_utf8_lossy(digits);
    text.parse().map_err(|_| malformed(&format!("the length {text}")))
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not RESP: {what}"))
}
