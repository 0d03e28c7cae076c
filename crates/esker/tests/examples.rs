//! The examples of the commands on connections and the server, each on a server of its own: a line that begins with `> `
//! is sent, and the lines up to the next one are what a prompt prints of the replies. A single `*` stands for a reply that is
//! not the same every time. The examples of the commands on the keyspace run in the room `commands`.

#![allow(clippy::unwrap_used, reason = "a test")]

mod harness;

use harness::{Server, Spec, is_on_disk};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long to wait for more of a reply that is not yet the expected one.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long it has to be quiet after the last reply.
const QUIET: Duration = Duration::from_millis(20);

struct Prompt {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Prompt {
    fn connect(server: &Server) -> Prompt {
        let stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Prompt { stream, received: Vec::new() }
    }

    /// The next reply as it is printed; none when the connection ends or nothing comes.
    fn read(&mut self) -> Option<String> {
        loop {
            if let Some((value, len)) = resp::decode(&self.received).expect("a well-formed reply") {
                let printed = resp::display::render(&value);
                self.received.drain(..len);
                return Some(printed);
            }
            let mut bytes = [0; 16 * 1024];
            match self.stream.read(&mut bytes) {
                Ok(0) => return None,
                Ok(len) => self.received.extend_from_slice(&bytes[..len]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::ConnectionReset) => {
                    return None;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// What is printed of the replies to `line`: as many of them as it takes to be `expected`, if it ever is.
    fn type_in(&mut self, line: &str, expected: &[&str]) -> Vec<String> {
        let words = resp::OwnedArguments::from_line(line.as_bytes()).expect("the line has balanced quotes");
        let words: Vec<&[u8]> = words.as_arguments().iter().collect();
        self.stream.write_all(&harness::encode(&words)).unwrap();
        let mut printed = Vec::new();
        while let Some(reply) = self.read() {
            printed.extend(reply.lines().map(|line| line.trim().to_owned()));
            if expected == ["*"] || printed == expected {
                break;
            }
        }
        printed
    }
}

/// What differs from the transcript.
fn differences(transcript: &str) -> Vec<String> {
    let server = Spec::under_test().with(&["--enable-debug-command", "yes"]).start();
    let mut prompt = Prompt::connect(&server);
    let mut found = Vec::new();
    let mut lines = transcript.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
    while let Some(line) = lines.next() {
        let input = line.strip_prefix("> ").unwrap_or_else(|| panic!("stray line {line:?}"));
        let mut expected = Vec::new();
        while let Some(next) = lines.next_if(|line| !line.starts_with("> ")) {
            expected.push(next);
        }
        let printed = prompt.type_in(input, &expected);
        let is_there = !printed.is_empty() || expected.is_empty();
        if !(is_there && (expected == ["*"] || printed == expected)) {
            found.push(format!("> {input}\n{}", printed.join("\n")));
        }
    }
    prompt.stream.set_read_timeout(Some(QUIET)).unwrap();
    found.extend(prompt.read().map(|more| format!("and then\n{more}")));
    found
}

#[test]
fn examples_say_what_happens() {
    let all = server::commands::all().flat_map(|command| std::iter::once(command).chain(command.subcommands));
    let mut seen = 0;
    let mut wrong = Vec::new();
    for command in all.filter(|command| command.examples.contains("> ")) {
        seen += 1;
        if command.name == "compact" && is_on_disk() {
            // Its example is of a database in memory.
            continue;
        }
        let found = differences(command.examples);
        if !found.is_empty() {
            wrong.push(format!("{}:\n{}", command.name, found.join("\n")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(seen > 80, "only {seen} commands have examples");
}

#[test]
fn a_wrong_example_is_found() {
    for wrong in [
        "> PING\nPANG",
        "> PING",
        "> SUBSCRIBE a b\n1) \"subscribe\"\n2) \"a\"\n3) (integer) 1",
        "> QUIT\nOK\n> PING\nPONG",
    ] {
        assert_eq!(differences(wrong).len(), 1, "{wrong}");
    }
    assert!(differences("> PING\nPONG\n> INFO\n*").is_empty());
}
