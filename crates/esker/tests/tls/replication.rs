//! Replication over TLS: who follows whom, and who does not.

use super::harness::{Client, Server, Spec, Value, eventually};
use super::{Encrypted, free_port};

/// A server that follows others over TLS, with the certificates of `of`.
fn replica_with(of: &Encrypted) -> Server {
    let directives = of.certificates.directives();
    Spec::under_test()
        .with(&["--tls-port", &free_port().to_string(), "--tls-replication", "yes"])
        .with(&directives.each_ref().map(String::as_str))
        .start()
}

fn is_up(client: &mut Client) -> bool {
    client.call("INFO replication").text().contains("master_link_status:up")
}

#[test]
fn a_replica_follows_over_tls() {
    let primary = Encrypted::start(&[]);
    let mut source = primary.connect();
    source.call("SET before 1");
    let replica = replica_with(&primary);
    let mut copy = replica.connect();
    assert_eq!(copy.call(&format!("REPLICAOF 127.0.0.1 {}", primary.port)), Value::ok());
    eventually("the link is up", || is_up(&mut copy));
    source.call("SET after 2");
    assert_eq!(source.call("WAIT 1 10000"), Value::Int(1));
    assert_eq!(copy.call("MGET before after"), Value::bulks(["1", "2"]));
}

#[test]
fn whom_a_replica_does_not_trust_it_does_not_follow() {
    let (primary, other) = (Encrypted::start(&[]), Encrypted::start(&[]));
    let replica = replica_with(&other);
    let mut copy = replica.connect();
    copy.call("SET own 1");
    copy.call(&format!("REPLICAOF 127.0.0.1 {}", primary.port));
    eventually("it is in the log", || replica.log().contains("Not connected with the primary"));
    assert!(!is_up(&mut copy));
    assert_eq!(copy.call("GET own"), Value::bulk("1"));
}
