//! With a redis-server on one of the sides: how one moves to Esker, and back.

use super::*;

#[test]
fn esker_follows_redis() {
    let Some(primary) = redis(&[]) else { return };
    let mut source = primary.connect();
    fill(&mut source);
    let server = Server::start(&[]);
    let mut replica = server.connect();
    replica.call("SET old data");
    follow(&mut replica, &primary);
    assert_same(&mut source, &mut replica);
    assert_eq!(replica.call("EXISTS old"), Value::Int(0), "a replica holds what its primary holds");
    for line in CHANGES {
        let reply = source.call(line);
        assert!(!reply.is_error(), "{line}: {reply:?}");
    }
    catch_up(&mut source, &mut replica);
    assert_same(&mut source, &mut replica);
    assert!(replica.call("SET a 1").error().starts_with("READONLY "));
    assert_eq!(source.call("WAIT 1 10000"), Value::Int(1));
    // The switch: what was the primary may follow now, and lacks nothing.
    assert_eq!(replica.call("REPLICAOF NO ONE"), Value::ok());
    assert_eq!(replica.call("SET a 1"), Value::ok());
    follow(&mut source, &server);
    catch_up(&mut replica, &mut source);
    assert_same(&mut replica, &mut source);
}

#[test]
fn redis_follows_esker() {
    let server = Server::start(&[]);
    let mut primary = server.connect();
    fill(&mut primary);
    let Some(peer) = redis(&[]) else { return };
    let mut replica = peer.connect();
    follow(&mut replica, &server);
    catch_up(&mut primary, &mut replica);
    assert_same(&mut primary, &mut replica);
    for line in CHANGES {
        let reply = primary.call(line);
        assert!(!reply.is_error(), "{line}: {reply:?}");
    }
    catch_up(&mut primary, &mut replica);
    assert_same(&mut primary, &mut replica);
    assert_eq!(primary.call("WAIT 1 10000"), Value::Int(1));
    assert!(field(&mut primary, "replication", "slave0").contains("state=online"));
}

#[test]
fn a_link_that_was_cut_goes_on_with_redis_on_either_side() {
    let server = Server::start(&[]);
    let Some(peer) = redis(&[]) else { return };
    for (primary, replica) in [(&server, &peer), (&peer, &server)] {
        let (mut source, mut copy) = (primary.connect(), replica.connect());
        source.call("REPLICAOF NO ONE");
        follow(&mut copy, primary);
        source.call("CONFIG RESETSTAT");
        source.call("SET before 1");
        assert_eq!(source.call("CLIENT KILL TYPE replica"), Value::Int(1));
        source.call("SET after 1");
        eventually("it goes on", || field(&mut source, "stats", "sync_partial_ok") == "1");
        catch_up(&mut source, &mut copy);
        assert_eq!(field(&mut source, "stats", "sync_full"), "0");
        assert_same(&mut source, &mut copy);
    }
}

#[test]
fn redis_cli_fetches_a_snapshot() {
    let Some(program) = find_program("redis-cli") else { return pass_over("there is no redis-cli") };
    let server = Server::start(&[]);
    let mut client = server.connect();
    fill(&mut client);
    let directory = crate::harness::temporary_directory();
    let path = directory.path().join("dump.rdb");
    let mut command = std::process::Command::new(program);
    command.args(["-p", &server.port().to_string(), "--rdb"]).arg(&path);
    let (is_success, said) = crate::harness::run_to_end(&mut command, b"", SOON);
    assert!(is_success, "{said}");
    let dir = directory.path().to_str().expect("a path in UTF-8");
    let loaded = Server::start(&["--engine", "memory", "--dir", dir]);
    assert_same(&mut client, &mut loaded.connect());
}
