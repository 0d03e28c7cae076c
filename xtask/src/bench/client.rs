//! The smallest Redis client that loads data: pipelined requests, replies of one line.

use std::io::{self, BufRead, BufReader, Write};
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
        self.line.clear();
        self.replies.read_line(&mut self.line)?;
        let Some(text) = self.line.strip_suffix("\r\n") else {
            return Err(io::Error::other("the server closed the connection"));
        };
        let unexpected = || io::Error::other(format!("unexpected reply {text:?}"));
        match text.as_bytes().first() {
            Some(b'+') => Ok(0),
            Some(b':') => text[1..].parse().map_err(|_| unexpected()),
            Some(b'-') => Err(io::Error::other(format!("the server answers {:?}", &text[1..]))),
            _ => Err(unexpected()),
        }
    }
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

    /// What [`Connection::receive`] makes of `replies` to as many commands.
    fn receive(replies: &[&str]) -> io::Result<i64> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let mut connection = Connection::open(listener.local_addr().unwrap().port()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        server.write_all(replies.concat().as_bytes()).unwrap();
        drop(server);
        connection.unanswered = replies.len();
        connection.receive()
    }

    #[test]
    fn the_last_reply_counts_unless_one_is_an_error() {
        assert_eq!(receive(&["+OK\r\n", ":42\r\n"]).unwrap(), 42);
        assert_eq!(receive(&[":7\r\n", "+PONG\r\n"]).unwrap(), 0);
        for bad in [["-ERR no\r\n", ":1\r\n"], [":1\r\n", ""], [":1\r\n", ":2"], ["$1\r\na\r\n", ":1\r\n"]] {
            assert!(receive(&bad).is_err(), "{bad:?}");
        }
    }
}
