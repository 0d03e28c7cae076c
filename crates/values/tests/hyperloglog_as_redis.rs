//! The bytes of a HyperLogLog beside those of a real `redis-server`. Where none is on PATH, this says so and passes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use values::hyperloglog;

struct Redis {
    process: Child,
    stream: BufReader<TcpStream>,
}

impl Redis {
    /// A server of its own on a free port; `None` if the program is not there.
    fn start() -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a port")
            .port();
        let mut process = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .spawn()
            .ok()?;
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) {
                return Some(Self { process, stream: BufReader::new(stream) });
            }
            if Instant::now() > deadline {
                process.kill().expect("it is ours");
                panic!("redis-server does not listen");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What the server replies: an integer's digits or a string's bytes.
    fn call(&mut self, arguments: &[&[u8]]) -> Vec<u8> {
        let mut request = format!("*{}\r\n", arguments.len()).into_bytes();
        for argument in arguments {
            request.extend_from_slice(format!("${}\r\n", argument.len()).as_bytes());
            request.extend_from_slice(argument);
            request.extend_from_slice(b"\r\n");
        }
        self.stream.get_mut().write_all(&request).expect("the server reads");
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("the server replies");
        let (kind, line) = line.trim_end().split_at(1);
        if kind != "$" {
            return line.as_bytes().to_vec();
        }
        let mut bytes = vec![0; line.parse::<usize>().expect("a length") + 2];
        self.stream.read_exact(&mut bytes).expect("the server replies");
        bytes.truncate(bytes.len() - 2);
        bytes
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.process.kill().expect("it is ours");
        self.process.wait().expect("it is ours");
    }
}

#[test]
fn the_same_bytes_and_counts() {
    let Some(mut redis) = Redis::start() else {
        println!("no redis-server on PATH: nothing compared");
        return;
    };
    let sparse_bytes_max = 3_000;
    let mut ours = [hyperloglog::empty(), hyperloglog::empty()];
    for (key, bytes) in [b"{k}0", b"{k}1"].into_iter().zip(&mut ours) {
        redis.call(&[b"PFADD", key]);
        hyperloglog::invalidate_count(bytes);
        for element in 0..2_500u32 {
            let element = format!("{}:{}", key.escape_ascii(), element.wrapping_mul(2_654_435_761) % 100_000);
            let changed =
                hyperloglog::add(bytes, element.as_bytes(), sparse_bytes_max).expect("our own format");
            assert_eq!(redis.call(&[b"PFADD", key, element.as_bytes()]), if changed { b"1" } else { b"0" });
            assert_eq!(redis.call(&[b"GET", key]), *bytes, "after {element}");
        }
        let count = hyperloglog::count(bytes).expect("our own format");
        assert_eq!(redis.call(&[b"PFCOUNT", key]), count.to_string().into_bytes());
        assert_eq!(redis.call(&[b"GET", key]), *bytes, "after counting");
    }
    let mut union = hyperloglog::Registers::new();
    for bytes in &ours {
        union.merge(bytes).expect("our own format");
    }
    assert_eq!(redis.call(&[b"PFCOUNT", b"{k}0", b"{k}1"]), union.count().to_string().into_bytes());

    let mut merged = hyperloglog::empty();
    union.store(&mut merged, sparse_bytes_max).expect("our own format");
    assert_eq!(redis.call(&[b"PFMERGE", b"{k}2", b"{k}0", b"{k}1"]), b"OK");
    assert_eq!(redis.call(&[b"GET", b"{k}2"]), merged);
}
