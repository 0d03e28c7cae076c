//! Those who want no TLS, never finish to agree, or send what is none.

use super::Encrypted;
use super::harness::{Client, Value, eventually};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// As long as a handshake may take, and some more for a busy machine.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10 + 8);

/// Whether the server ends the connection within `limit`.
fn is_closed_within(stream: &mut TcpStream, limit: Duration) -> bool {
    stream.set_read_timeout(Some(limit)).unwrap();
    let mut scrap = [0; 8192];
    loop {
        match stream.read(&mut scrap) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }
}

#[test]
fn plain_text_is_not_answered() {
    let server = Encrypted::start(&[]);
    for text in ["PING\r\n", "*1\r\n$4\r\nPING\r\n", "GET / HTTP/1.1\r\n\r\n"] {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        let address = stream.local_addr().unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        assert!(is_closed_within(&mut stream, Duration::from_secs(5)));
        let is_logged = || {
            let log = server.server.log();
            log.lines().any(|line| {
                line.contains("Error accepting a client connection") && line.contains(&address.to_string())
            })
        };
        if !server.server.is_esker() {
            continue;
        }
        eventually("a line that names the client", is_logged);
    }
    assert_eq!(server.connect().call("PING").text(), "PONG");
}

#[test]
fn tls_is_not_understood_in_the_clear() {
    let server = Encrypted::start(&[]);
    let config = super::client_config(server.certificates.authority(), None);
    assert!(Client::connect_tls(server.server.address(), config).is_err());
    assert_eq!(server.server.connect().call("PING").text(), "PONG");
}

#[test]
fn a_handshake_that_never_ends_is_cut_off() {
    let server = Encrypted::start(&[]);
    if !server.server.is_esker() {
        return;
    }
    let connect = || TcpStream::connect(server.address()).unwrap();
    let (silent, mut half, mut slow) = (connect(), connect(), connect());
    half.write_all(&[22, 3, 1, 2, 0, 1]).unwrap();
    slow.write_all(&[22]).unwrap();
    let begin = Instant::now();
    assert_eq!(server.connect().call("PING").text(), "PONG");
    assert!(begin.elapsed() < Duration::from_secs(5), "nobody else waits");
    // One byte after the other is no progress.
    while slow.write_all(&[3]).is_ok() && begin.elapsed() < HANDSHAKE_LIMIT {
        std::thread::sleep(Duration::from_millis(200));
    }
    for mut stream in [silent, half, slow] {
        assert!(is_closed_within(&mut stream, HANDSHAKE_LIMIT.saturating_sub(begin.elapsed())));
    }
    assert!(begin.elapsed() > Duration::from_secs(5), "but not at once");
    assert!(server.server.log().contains("its handshake took longer than 10s"));
    assert_eq!(server.server.info("connected_clients"), 1);
}

#[test]
fn those_who_have_not_agreed_are_clients_too() {
    let server = Encrypted::start(&["--maxclients", "4"]);
    let mut admin = server.server.connect();
    let silent: Vec<TcpStream> = (0..3).map(|_| TcpStream::connect(server.address()).unwrap()).collect();
    let count = |admin: &mut Client| admin.call("CLIENT LIST").text().lines().count();
    eventually("four clients", || count(&mut admin) == 4);
    let mut refused = server.server.connect();
    assert_eq!(refused.read().unwrap().error(), "ERR max number of clients reached");
    let mut closed = TcpStream::connect(server.address()).unwrap();
    assert!(is_closed_within(&mut closed, Duration::from_secs(5)));

    let address = silent[0].local_addr().unwrap();
    assert_eq!(admin.call(&format!("CLIENT KILL ADDR {address}")), Value::Int(1));
    let [mut killed, gone, _stays] = <[TcpStream; 3]>::try_from(silent).unwrap();
    assert!(is_closed_within(&mut killed, Duration::from_secs(5)));
    drop(gone);
    eventually("two clients", || count(&mut admin) == 2);
    assert_eq!(server.connect().call("PING").text(), "PONG");
}

#[test]
fn garbage_after_the_handshake_ends_the_connection() {
    let server = Encrypted::start(&[]);
    let garbage: [&[u8]; 6] = [
        b"PING\r\n",
        // A record that nobody encrypted, one too long, one of no type, one of nothing, and half of one.
        &[23, 3, 3, 0, 4, 1, 2, 3, 4],
        &[23, 3, 3, 255, 255, 1],
        &[99, 3, 3, 0, 1, 1],
        &[23, 3, 3, 0, 0],
        &[22, 3, 3, 0, 4, 1, 0, 0, 0],
    ];
    for bytes in garbage {
        let mut client = server.connect();
        client.call("PING");
        client.with_tls(|stream| stream.sock.write_all(bytes).unwrap());
        let is_over = client.with_tls(|stream| is_closed_within(&mut stream.sock, Duration::from_secs(5)));
        assert!(is_over, "{bytes:?}");
    }
    let half = server.connect();
    half.with_tls(|stream| stream.sock.write_all(&[23, 3, 3, 64, 0, 1]).unwrap());
    assert_eq!(server.connect().call("PING").text(), "PONG");
    drop(half);
    let log = server.server.log();
    assert!(!log.contains("panicked"), "{log}");
}

#[test]
fn random_handshakes_do_no_harm() {
    let server = Encrypted::start(&[]);
    let mut random = super::harness::Rng::new(7);
    for _ in 0..100 {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        let length = random.below(200);
        let mut bytes: Vec<u8> = (0..length).map(|_| random.below(256) as u8).collect();
        let head = [22, 3, random.below(5) as u8, 0, length as u8, random.below(4) as u8];
        bytes.splice(0..0, head);
        // It may have been refused by then.
        let _ = stream.write_all(&bytes);
    }
    assert_eq!(server.connect().call("PING").text(), "PONG");
    let log = server.server.log();
    assert!(!log.contains("panicked"), "{log}");
}
