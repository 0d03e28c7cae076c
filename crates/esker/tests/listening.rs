//! Where the server listens can change while it runs; who is connected stays, and what fails changes nothing.

#![allow(clippy::unwrap_used, reason = "a test")]

mod harness;

use harness::{Client, Server, Value};
use std::net::{SocketAddr, TcpListener};

const FAILED: &str = "ERR CONFIG SET failed (possibly related to argument";

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn at(host: &str, port: u16) -> SocketAddr {
    format!("{host}:{port}").parse().unwrap()
}

/// Whether a new client is served there.
fn is_served(address: SocketAddr) -> bool {
    Client::connect(address).and_then(|mut client| client.try_call(&["PING"])).is_ok()
}

fn set(client: &mut Client, words: &[&str]) -> Value {
    client.call_with(&[&["CONFIG", "SET"], words].concat())
}

#[test]
fn the_port_changes_and_who_is_connected_stays() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let (first, second) = (server.port(), free_port());
    assert_eq!(set(&mut client, &["port", &second.to_string()]), Value::ok());
    assert!(is_served(at("127.0.0.1", second)) && !is_served(at("127.0.0.1", first)));
    assert_eq!(client.call("CONFIG GET port"), Value::bulks(["port", &second.to_string()]));
    assert!(client.call("INFO server").text().contains(&format!("tcp_port:{second}\r\n")));
    // The same again is nothing, and none at all is possible.
    assert_eq!(set(&mut client, &["port", &second.to_string()]), Value::ok());
    assert_eq!(set(&mut client, &["port", "0"]), Value::ok());
    assert!(!is_served(at("127.0.0.1", second)));
    assert_eq!(client.call("SET k 1"), Value::ok());
    assert!(Client::connect_unix(&server.unix_socket()).is_ok());
    // Within a transaction too.
    client.call("MULTI");
    client.call("SET k 2");
    set(&mut client, &["port", &first.to_string()]);
    client.call("GET k");
    assert_eq!(client.call("EXEC"), Value::Array(vec![Value::ok(), Value::ok(), Value::bulk("2")]));
    assert!(is_served(server.address()));
}

#[test]
fn a_port_that_is_taken_changes_nothing() {
    let server = Server::start(&["--enable-protected-configs", "yes"]);
    let mut client = server.connect();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let names = ["CONFIG", "GET", "port", "dir", "slowlog-max-len", "bind"];
    let before = client.call_with(&names);
    let error = format!("{FAILED} 'port') - Unable to listen on this port. Check server logs.");
    for settings in [
        ["port", &port].as_slice(),
        &["slowlog-max-len", "7", "port", &port],
        &["port", &port, "slowlog-max-len", "7", "dir", "/"],
        &["dir", "/", "port", &port, "bind", "127.0.0.1"],
    ] {
        assert_eq!(set(&mut client, settings).error(), error);
        assert_eq!(client.call_with(&names), before);
        assert!(is_served(server.address()));
    }
    assert!(server.log().contains(&port), "the log says what could not be had");
    drop(taken);
    assert_eq!(set(&mut client, &["port", &port]), Value::ok());
}

#[test]
fn the_addresses_change() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let (one, two) = (server.address(), at("127.0.0.2", server.port()));
    for (bind, at_one, at_two) in [
        ("127.0.0.2", false, true),
        ("127.0.0.1 127.0.0.2", true, true),
        ("127.0.0.1", true, false),
        ("*", true, true),
        ("127.0.0.1 -192.0.2.1", true, false),
        ("", false, false),
        ("localhost", true, false),
    ] {
        assert_eq!(set(&mut client, &["bind", bind]), Value::ok(), "{bind}");
        assert_eq!((is_served(one), is_served(two)), (at_one, at_two), "{bind}");
        assert_eq!(client.call("CONFIG GET bind"), Value::bulks(["bind", bind]));
    }
    let error = format!("{FAILED} 'bind') - Failed to bind to specified addresses.");
    for bind in ["192.0.2.1", "127.0.0.1 192.0.2.1", "no.such.host.invalid", "127.0.0.2 no.such.host.invalid"]
    {
        assert_eq!(set(&mut client, &["bind", bind]).error(), error, "{bind}");
        assert_eq!((is_served(one), is_served(two)), (true, false), "{bind}");
        assert_eq!(client.call("CONFIG GET bind"), Value::bulks(["bind", "localhost"]));
    }
}

#[test]
fn both_change_at_once() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let port = free_port();
    let settings = ["bind", "127.0.0.2", "port", &port.to_string()];
    assert_eq!(set(&mut client, &settings), Value::ok());
    assert!(is_served(at("127.0.0.2", port)));
    assert!(!is_served(at("127.0.0.1", port)) && !is_served(server.address()));
    let settings = ["bind", "192.0.2.1", "port", &server.port().to_string()];
    assert!(set(&mut client, &settings).error().starts_with(&format!("{FAILED} 'bind'")));
    assert!(is_served(at("127.0.0.2", port)));
}

/// Many at once leave the server where the last of them said, and nowhere else.
#[test]
fn changes_follow_one_another() {
    let server = Server::start(&[]);
    let ports: Vec<u16> = (0..4).map(|_| free_port()).collect();
    let mut clients: Vec<Client> = (0..4).map(|_| server.connect()).collect();
    // Whoever has not been let in when a socket closes is turned away.
    clients.iter_mut().for_each(|client| assert_eq!(client.call("PING").text(), "PONG"));
    std::thread::scope(|scope| {
        for (first, mut client) in clients.into_iter().enumerate() {
            let ports = &ports;
            scope.spawn(move || {
                for round in 0..25 {
                    let port = ports[(first + round) % 4].to_string();
                    assert_eq!(set(&mut client, &["port", &port]), Value::ok());
                    assert_eq!(client.call("SET k 1"), Value::ok());
                }
            });
        }
    });
    let mut client = Client::connect_unix(&server.unix_socket()).unwrap();
    let now = client.call("CONFIG GET port").elements()[1].text();
    for port in ports {
        assert_eq!(is_served(at("127.0.0.1", port)), port.to_string() == now, "{port}, now {now}");
    }
}

#[test]
fn a_socket_in_the_file_system_stays_where_it_is() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    for directive in ["unixsocket", "unixsocketperm", "tcp-backlog"] {
        let reply = set(&mut client, &[directive, "1"]);
        assert_eq!(reply.error(), format!("{FAILED} '{directive}') - can't set immutable config"));
    }
}
