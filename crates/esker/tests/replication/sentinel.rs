//! Three of Redis' sentinels watch over two Eskers, and a client asks them whom to talk to.

use super::*;
use crate::harness::{TemporaryDirectory, temporary_directory};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A sentinel, which ends with its test.
struct Sentinel {
    child: Child,
    port: u16,
    _directory: TemporaryDirectory,
}

impl Sentinel {
    fn start(program: &Path, primary: u16) -> Sentinel {
        let directory = temporary_directory();
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = free.local_addr().expect("its number").port();
        drop(free);
        let path = directory.path().join("sentinel.conf");
        let lines = [
            format!("port {port}"),
            "bind 127.0.0.1".to_owned(),
            format!("dir {}", directory.path().display()),
            format!("sentinel monitor main 127.0.0.1 {primary} 2"),
            "sentinel down-after-milliseconds main 1000".to_owned(),
            "sentinel failover-timeout main 3000".to_owned(),
        ];
        std::fs::write(&path, lines.join("\n")).expect("the configuration is written");
        let log = std::fs::File::create(directory.path().join("log")).expect("a log");
        let child = Command::new(program)
            .arg(&path)
            .arg("--sentinel")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file can be duplicated"))
            .stderr(log)
            .spawn()
            .expect("a sentinel starts");
        Sentinel { child, port, _directory: directory }
    }

    fn connect(&self) -> Option<Client> {
        Client::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))).ok()
    }

    /// The port of the primary, as the sentinel sees it.
    fn primary(&self) -> Option<u16> {
        let reply = self.connect()?.try_call(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main"]).ok()?;
        reply.elements().get(1)?.text().parse().ok()
    }

    /// A number that it tells of the primary.
    fn knows(&self, name: &str) -> usize {
        let Some(mut client) = self.connect() else { return 0 };
        let Ok(reply) = client.try_call(&["SENTINEL", "MASTER", "main"]) else { return 0 };
        let pairs = reply.elements().chunks(2);
        let mut found = pairs.filter(|pair| pair[0].text() == name);
        found.next().and_then(|pair| pair[1].text().parse().ok()).unwrap_or(0)
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn sentinels_let_a_replica_take_over() {
    let Some(program) = find_program("redis-server") else {
        return pass_over("there is no redis-server");
    };
    let mut primary = Server::start(&[]);
    let replica = Server::start(&[]);
    let (mut source, mut copy) = (primary.connect(), replica.connect());
    source.call("SET a 1");
    follow(&mut copy, &primary);
    let sentinels: [Sentinel; 3] = std::array::from_fn(|_| Sentinel::start(&program, primary.port()));
    eventually("the sentinels know each other and the replica", || {
        sentinels
            .iter()
            .all(|sentinel| sentinel.knows("num-other-sentinels") == 2 && sentinel.knows("num-slaves") == 1)
    });
    source.call("SET b 2");
    assert_eq!(source.call("WAIT 1 10000"), Value::Int(1));
    primary.stop_by(rustix::process::Signal::KILL);
    eventually("all sentinels name the replica", || {
        sentinels.iter().all(|sentinel| sentinel.primary() == Some(replica.port()))
    });
    // Sentinels close the connections of those who have to ask anew whom to talk to.
    eventually("it takes writes", || {
        copy = replica.connect();
        copy.try_call(&["SET", "c", "3"]).is_ok_and(|reply| reply == Value::ok())
    });
    assert_eq!(copy.call("MGET a b c"), Value::bulks(["1", "2", "3"]));
}
