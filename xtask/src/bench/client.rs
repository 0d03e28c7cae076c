//! The smallest Redis client that loads data: pipelined requests, replies of one line. It can ask for a longer reply,
//! one at a time.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long a server may leave a request unanswered.
const REPLY_TIME_MAX: Duration = Duration::from_secs(60);

/// Commands sent before their replies are read, when loading.
const LOAD_BATCH_COMMANDS: usize = 1000;

/// One connection. Requests gather until they are sent.
pub struct Connection {
    stream: TcpStream,
    replies: BufReader<TcpStream>,
    requests: Vec<u8>,
    gathered: usize,
    unanswered: usize,
    line: String,
}

impl Connection {
    /// Connects to `port` on 127.0.0.1.
    pub fn open(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(REPLY_TIME_MAX))?;
        stream.set_write_timeout(Some(REPLY_TIME_MAX))?;
        let replies = BufReader::new(stream.try_clone()?);
        Ok(Self { stream, replies, requests: Vec::new(), gathered: 0, unanswered: 0, line: String::new() })
    }

    /// Adds a command to those to be sent.
    pub fn gather(&mut self, words: &[&[u8]]) {
        encode(words, &mut self.requests);
        self.gathered += 1;
    }

    /// Sends the commands gathered, without waiting for the replies.
    pub fn send(&mut self) -> io::Result<()> {
        self.stream.write_all(&self.requests)?;
        self.requests.clear();
        self.unanswered += std::mem::take(&mut self.gathered);
        Ok(())
    }

    /// Reads the replies to all commands sent, and returns the last one's integer (0 for a status).
    /// An error reply is an error.
    pub fn receive(&mut self) -> io::Result<i64> {
        let mut last = 0;
        while self.unanswered > 0 {
            last = self.read_reply()?;
            self.unanswered -= 1;
        }
        Ok(last)
    }

    /// Sends one command and reads its reply, as [`receive`](Self::receive) does.
    pub fn call(&mut self, words: &[&[u8]]) -> io::Result<i64> {
        self.gather(words);
        self.send()?;
        self.receive()
    }

    /// Sends one command and returns the strings, numbers and statuses in its reply, in order. An error reply is
    /// an error.
    pub fn ask(&mut self, words: &[&[u8]]) -> io::Result<Vec<Vec<u8>>> {
        self.gather(words);
        self.send()?;
        self.unanswered -= 1;
        let mut texts = Vec::new();
        let mut open = 1;
        while open > 0 {
            open -= 1;
            self.read_line()?;
            let text = self.line.trim_end();
            let length = || text[1..].parse::<i64>().map_err(|_| unexpected(text));
            match text.as_bytes().first() {
                Some(b'+' | b':') => texts.push(text.as_bytes()[1..].to_vec()),
                Some(b'*') => open += length()?.max(0),
                Some(b'$') => {
                    let Ok(length) = usize::try_from(length()?) else { continue };
                    let mut bytes = vec![0; length + 2];
                    self.replies.read_exact(&mut bytes)?;
                    bytes.truncate(length);
                    texts.push(bytes);
                }
                Some(b'-') => return Err(refused(text)),
                _ => return Err(unexpected(text)),
            }
        }
        Ok(texts)
    }

    /// Lets the server leave a request unanswered for so long.
    pub fn set_reply_time_max(&self, time: Duration) -> io::Result<()> {
        self.stream.set_read_timeout(Some(time))
    }

    /// Sends the commands that `gather` adds for each of `0..count`, in batches.
    pub fn load(&mut self, count: usize, mut gather: impl FnMut(&mut Self, usize)) -> io::Result<()> {
        for item in 0..count {
            gather(self, item);
            if self.gathered >= LOAD_BATCH_COMMANDS {
                self.send()?;
                self.receive()?;
            }
        }
        self.send()?;
        self.receive()?;
        Ok(())
    }

    fn read_reply(&mut self) -> io::Result<i64> {
        self.read_line()?;
        let text = self.line.trim_end();
        match text.as_bytes().first() {
            Some(b'+') => Ok(0),
            Some(b':') => text[1..].parse().map_err(|_| unexpected(text)),
            Some(b'$') => {
                let length: usize = text[1..].parse().map_err(|_| unexpected(text))?;
                self.replies.read_exact(&mut vec![0; length + 2])?;
                Ok(0)
            }
            Some(b'-') => Err(refused(text)),
            _ => Err(unexpected(text)),
        }
    }

    /// Reads a whole line, its end included.
    fn read_line(&mut self) -> io::Result<()> {
        self.line.clear();
        self.replies.read_line(&mut self.line)?;
        if self.line.ends_with("\r\n") {
            Ok(())
        } else {
            Err(io::Error::other("the server closed the connection"))
        }
    }
}

fn unexpected(text: &str) -> io::Error {
    io::Error::other(format!("unexpected reply {text:?}"))
}

fn refused(text: &str) -> io::Error {
    io::Error::other(format!("the server answers {:?}", &text[1..]))
}

/// Appends a command to `out`: an array of bulk strings.
fn encode(words: &[&[u8]], out: &mut Vec<u8>) {
    write!(out, "*{}\r\n", words.len()).expect("writing to memory does not fail");
    for word in words {
        write!(out, "${}\r\n", word.len()).expect("writing to memory does not fail");
        out.extend_from_slice(word);
        out.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_command_is_an_array_of_bulk_strings() {
        let mut out = Vec::new();
        encode(&[b"SET", b"key", b""], &mut out);
        assert_eq!(out, b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$0\r\n\r\n");
    }

    /// A connection to a server that says `replies` and closes for sending; the server's end.
    fn connect(replies: &[&str]) -> (Connection, TcpStream) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let connection = Connection::open(listener.local_addr().unwrap().port()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        server.write_all(replies.concat().as_bytes()).unwrap();
        server.shutdown(std::net::Shutdown::Write).unwrap();
        (connection, server)
    }

    /// What [`Connection::receive`] makes of `replies` to as many commands.
    fn receive(replies: &[&str]) -> io::Result<i64> {
        let (mut connection, _server) = connect(replies);
        connection.unanswered = replies.len();
        connection.receive()
    }

    /// What [`Connection::ask`] makes of `reply`.
    fn ask(reply: &str) -> io::Result<Vec<Vec<u8>>> {
        let (mut connection, _server) = connect(&[reply]);
        connection.ask(&[b"ANY"])
    }

    #[test]
    fn a_long_reply_comes_as_its_texts() {
        assert_eq!(ask("$4\r\na\r\nb\r\n").unwrap(), [b"a\r\nb"]);
        let nested = "*4\r\n$1\r\na\r\n$-1\r\n*1\r\n:7\r\n+OK\r\n";
        assert_eq!(ask(nested).unwrap(), [&b"a"[..], b"7", b"OK"]);
        for bad in ["-ERR no\r\n", "$4\r\na", "*2\r\n:1\r\n", "?\r\n", ""] {
            assert!(ask(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_last_reply_counts_unless_one_is_an_error() {
        assert_eq!(receive(&["+OK\r\n", ":42\r\n"]).unwrap(), 42);
        assert_eq!(receive(&[":7\r\n", "+PONG\r\n"]).unwrap(), 0);
        assert_eq!(receive(&["$3\r\n1-0\r\n", ":7\r\n"]).unwrap(), 7);
        for bad in [["-ERR no\r\n", ":1\r\n"], [":1\r\n", ""], [":1\r\n", ":2"], ["$9\r\na\r\n", ":1\r\n"]] {
            assert!(receive(&bad).is_err(), "{bad:?}");
        }
    }
}
