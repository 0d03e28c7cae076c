//! Esker on both sides.

use super::*;
use std::time::Instant;

#[test]
fn a_chain_follows_its_head_and_survives_its_loss() {
    let [head, middle, tail] = std::array::from_fn(|_| Server::start(&[]));
    let [mut one, mut two, mut three] = [&head, &middle, &tail].map(Server::connect);
    fill(&mut one);
    follow(&mut two, &head);
    follow(&mut three, &middle);
    for line in CHANGES {
        one.call(line);
    }
    catch_up(&mut one, &mut two);
    catch_up(&mut two, &mut three);
    assert_same(&mut one, &mut three);
    assert_eq!(
        field(&mut one, "replication", "master_replid"),
        field(&mut three, "replication", "master_replid")
    );
    // The middle takes over. Neither its own replica nor the former head has to begin anew.
    two.call("CONFIG RESETSTAT");
    assert_eq!(two.call("REPLICAOF NO ONE"), Value::ok());
    assert_eq!(two.call("SET new head"), Value::ok());
    follow(&mut one, &middle);
    catch_up(&mut two, &mut one);
    catch_up(&mut two, &mut three);
    assert_eq!(field(&mut two, "stats", "sync_full"), "0");
    assert_same(&mut two, &mut one);
    assert_same(&mut two, &mut three);
    assert_eq!(field(&mut one, "replication", "role"), "slave");
    assert_eq!(two.call("ROLE").elements()[0], Value::bulk("master"));
}

#[test]
fn who_follows_a_former_primary_learns_the_name_of_the_stream() {
    let [former, next, other] = std::array::from_fn(|_| Server::start(&[]));
    let [mut one, mut two, mut three] = [&former, &next, &other].map(Server::connect);
    fill(&mut one);
    follow(&mut two, &former);
    follow(&mut three, &former);
    catch_up(&mut one, &mut two);
    assert_eq!(two.call("REPLICAOF NO ONE"), Value::ok());
    // The other one stays behind the former primary, and gets what the new one does by way of it.
    follow(&mut one, &next);
    assert_eq!(two.call("SET by another"), Value::ok());
    catch_up(&mut two, &mut three);
    eventually("the name has come to all", || {
        field(&mut three, "replication", "master_replid") == field(&mut two, "replication", "master_replid")
    });
    // So that it can go on from there.
    follow(&mut three, &next);
    assert_eq!(three.call("GET by"), Value::bulk("another"));
    assert_eq!(field(&mut two, "stats", "sync_full"), "0");
    assert_eq!(field(&mut one, "stats", "sync_full"), "2");
}

#[test]
fn keys_expire_when_the_primary_says_so() {
    let [primary, replica] = std::array::from_fn(|_| Server::start(&["--enable-debug-command", "yes"]));
    let (mut source, mut copy) = (primary.connect(), replica.connect());
    follow(&mut copy, &primary);
    source.call("DEBUG SET-ACTIVE-EXPIRE 0");
    source.call("SET fleeting 1 PX 50");
    catch_up(&mut source, &mut copy);
    std::thread::sleep(Duration::from_millis(100));
    // Nobody sees it any more, but it goes when the primary finds it gone.
    assert!(copy.call("GET fleeting").is_null());
    assert_eq!(copy.call("DBSIZE"), Value::Int(1));
    assert_eq!(source.call("APPEND fleeting 2"), Value::Int(1));
    catch_up(&mut source, &mut copy);
    assert_eq!(copy.call("GET fleeting"), Value::bulk("2"));
    assert_eq!(copy.call("TTL fleeting"), Value::Int(-1));
}

#[test]
fn a_wait_for_replicas_can_be_ended() {
    let [primary, other] = std::array::from_fn(|_| Server::start(&[]));
    let (mut waiting, mut client) = (primary.connect(), primary.connect());
    for (command, error) in [
        ("WAIT 1 -1", "ERR timeout is negative"),
        ("WAIT 1 9223372036854775807", "ERR timeout is out of range"),
        ("WAIT 1 9223372036854775808", "ERR timeout is not an integer or out of range"),
    ] {
        assert_eq!(client.call(command).error(), error);
    }
    client.call("CONFIG RESETSTAT");
    let id = waiting.call("CLIENT ID").int();
    let mut ended = |client: &mut Client, by: &dyn Fn(&mut Client)| {
        waiting.send("WAIT 1 0");
        eventually("it waits", || field(client, "clients", "blocked_clients") == "1");
        by(client);
        waiting.read().expect("an answer")
    };
    let reply = ended(&mut client, &|client| {
        assert_eq!(client.call(&format!("CLIENT UNBLOCK {id}")), Value::Int(1));
    });
    assert_eq!(reply, Value::Int(0));
    let reply = ended(&mut client, &|client| {
        assert_eq!(client.call(&format!("CLIENT UNBLOCK {id} ERROR")), Value::Int(1));
    });
    assert_eq!(reply.error(), "UNBLOCKED client unblocked via CLIENT UNBLOCK");
    let reply = ended(&mut client, &|client| follow(client, &other));
    assert!(reply.error().starts_with("UNBLOCKED force unblock"));
    let calls = field(&mut client, "commandstats", "cmdstat_wait");
    assert!(calls.starts_with("calls=3") && calls.ends_with("failed_calls=2"), "{calls}");
}

#[test]
fn waits_for_replicas() {
    let [primary, replica] = std::array::from_fn(|_| Server::start(&[]));
    let (mut source, mut copy) = (primary.connect(), replica.connect());
    let began = Instant::now();
    assert_eq!(source.call("WAIT 1 100"), Value::Int(0));
    assert!(began.elapsed() >= Duration::from_millis(100));
    follow(&mut copy, &primary);
    source.call("SET a 1");
    assert_eq!(source.call("WAIT 1 0"), Value::Int(1));
    assert_eq!(copy.call("GET a"), Value::bulk("1"));
    assert!(copy.call("WAIT 1 0").is_error());
    replica.signal(rustix::process::Signal::STOP);
    // Its threads stop a moment later.
    std::thread::sleep(Duration::from_millis(100));
    source.call("SET a 2");
    assert_eq!(source.call("WAIT 1 200"), Value::Int(0));
    replica.signal(rustix::process::Signal::CONT);
    assert_eq!(source.call("WAIT 1 0"), Value::Int(1));
    // Within a transaction nobody waits.
    source.call("MULTI");
    source.call("SET a 3");
    source.call("WAIT 5 0");
    assert_eq!(source.call("EXEC").elements().len(), 2);
}

#[test]
fn writes_need_as_many_replicas_as_are_asked_for() {
    let [primary, replica] = std::array::from_fn(|_| Server::start(&[]));
    let (mut source, mut copy) = (primary.connect(), replica.connect());
    assert_eq!(source.call("CONFIG SET min-replicas-to-write 1"), Value::ok());
    assert!(source.call("SET a 1").error().starts_with("NOREPLICAS "));
    assert!(source.call("EVAL return(redis.call('SET',KEYS[1],1)) 1 a").is_error());
    // A script that says that it may write does not begin.
    for (script, is_refused) in [("#!lua\nreturn 1", true), ("#!lua flags=no-writes\nreturn 1", false)] {
        assert_eq!(source.call_with(&["EVAL", script, "0"]).is_error(), is_refused, "{script}");
    }
    assert!(source.call("GET a").is_null());
    follow(&mut copy, &primary);
    eventually("the replica counts", || source.call("SET a 1") == Value::ok());
    // What was queued while there were enough of them is not done when there are too few.
    source.call("MULTI");
    assert_eq!(source.call("SET a 2").text(), "QUEUED");
    primary.connect().call("CONFIG SET min-replicas-to-write 2");
    assert!(
        source.call("EXEC").error().starts_with("EXECABORT Transaction discarded because of: NOREPLICAS ")
    );
    assert_eq!(source.call("GET a").text(), "1");
}

#[test]
fn a_transaction_that_was_begun_on_a_primary_does_not_end_on_a_replica() {
    let [primary, replica] = std::array::from_fn(|_| Server::start(&[]));
    let mut client = replica.connect();
    client.call("MULTI");
    assert_eq!(client.call("SET a 1").text(), "QUEUED");
    follow(&mut replica.connect(), &primary);
    assert!(client.call("EXEC").error().starts_with("EXECABORT Transaction discarded because of: READONLY "));
    assert!(client.call("GET a").is_null());
}

#[test]
fn a_replica_refuses_writes_in_every_way() {
    let [primary, replica] = std::array::from_fn(|_| Server::start(&[]));
    let (mut source, mut copy) = (primary.connect(), replica.connect());
    let mut early = replica.connect();
    early.call("MULTI");
    early.call("SET a 1");
    follow(&mut copy, &primary);
    assert!(copy.call("SET a 1").error().starts_with("READONLY "));
    assert!(copy.call("EVAL return(redis.call('SET',KEYS[1],1)) 1 a").error().contains("READONLY "));
    assert!(early.call("EXEC").error().contains("READONLY "));
    assert_eq!(copy.call("CONFIG SET replica-read-only no"), Value::ok());
    assert_eq!(copy.call("SET own 1"), Value::ok());
    assert_eq!(copy.call("CONFIG SET replica-serve-stale-data no"), Value::ok());
    assert_eq!(copy.call("GET own"), Value::bulk("1"));
    source.send("SHUTDOWN NOSAVE");
    eventually("the link is seen to be down", || {
        let reply = copy.call("GET own");
        reply.is_error() && reply.error().starts_with("MASTERDOWN ")
    });
    assert!(!copy.call("INFO replication").is_error());
}

#[test]
fn parts_are_exchanged_without_losing_a_write() {
    let [primary, replica] = std::array::from_fn(|_| Server::start(&[]));
    let (mut source, mut copy) = (primary.connect(), replica.connect());
    assert!(source.call("FAILOVER").error().contains("requires connected replicas"));
    follow(&mut copy, &primary);
    for number in 0..1000 {
        source.call(&format!("SET key:{number} {number}"));
    }
    source.call("CONFIG RESETSTAT");
    for wrong in
        ["FAILOVER FORCE TIMEOUT 100".to_owned(), format!("FAILOVER TO 127.0.0.1 {} FORCE", replica.port())]
    {
        assert!(source.call(&wrong).error().contains("requires both a timeout and target"), "{wrong}");
    }
    let order = format!("FAILOVER TIMEOUT 20000 TO 127.0.0.1 {} FORCE", replica.port());
    assert_eq!(source.call(&order), Value::ok());
    eventually("the replica is the primary", || field(&mut copy, "replication", "role") == "master");
    eventually("the primary is a replica", || {
        field(&mut source, "replication", "master_link_status") == "up"
    });
    assert_eq!(field(&mut source, "replication", "master_failover_state"), "no-failover");
    assert_eq!(copy.call("SET new 1"), Value::ok());
    catch_up(&mut copy, &mut source);
    assert_same(&mut copy, &mut source);
    assert_eq!(field(&mut copy, "stats", "sync_full"), "0", "both had the same");
}

#[test]
fn a_password_is_needed_where_it_is() {
    let primary = Server::start(&["--requirepass", "secret"]);
    let mut source = primary.connect();
    source.call("AUTH secret");
    source.call("SET a 1");
    let replica = Server::start(&[]);
    let mut copy = replica.connect();
    copy.call(&format!("REPLICAOF 127.0.0.1 {}", primary.port()));
    eventually("the refusal is in the log", || replica.log().contains("masterauth"));
    assert_eq!(field(&mut copy, "replication", "master_link_status"), "down");
    copy.call("CONFIG SET masterauth secret");
    eventually("the link is up", || field(&mut copy, "replication", "master_link_status") == "up");
    assert_eq!(copy.call("GET a"), Value::bulk("1"));
    // One with a user of its own.
    source.call("ACL SETUSER follower on >pass +psync +replconf +ping");
    copy.call("REPLICAOF NO ONE");
    copy.call("CONFIG SET masteruser follower masterauth pass");
    follow(&mut copy, &primary);
}

#[test]
fn who_listens_to_a_replica_hears_what_is_published() {
    let [primary, replica] = std::array::from_fn(|_| Server::start(&[]));
    let (mut source, mut copy) = (primary.connect(), replica.connect());
    follow(&mut copy, &primary);
    let mut listener = replica.connect();
    listener.call("SUBSCRIBE news");
    eventually("it is heard", || {
        source.call("PUBLISH news hello");
        listener.set_timeout(Some(Duration::from_millis(200)));
        listener.read().is_ok_and(|message| message.elements()[2] == Value::bulk("hello"))
    });
}

#[test]
fn a_script_says_what_is_for_replicas() {
    let [primary, replica] = std::array::from_fn(|_| Server::start(&[]));
    let (mut source, mut copy) = (primary.connect(), replica.connect());
    follow(&mut copy, &primary);
    let mut listener = replica.connect();
    listener.call("SUBSCRIBE news");
    listener.set_timeout(Some(Duration::from_secs(30)));
    source.call(
        "EVAL redis.call('SET','a',1)\
         redis.set_repl(redis.REPL_AOF)redis.call('SET','b',2)redis.call('PUBLISH','news','unheard')\
         redis.set_repl(redis.REPL_REPLICA)redis.call('SET','c',3)redis.call('PUBLISH','news','heard')\
         redis.set_repl(redis.REPL_NONE)redis.call('SET','d',4) 0",
    );
    source.call("SET e 5");
    catch_up(&mut source, &mut copy);
    assert_eq!(source.call("EXISTS a b c d e"), Value::Int(5));
    let held = copy.call("MGET a b c d e");
    assert_eq!(
        held.elements().iter().map(|value| *value != Value::NullBulk).collect::<Vec<_>>(),
        [true, false, true, false, true]
    );
    assert_eq!(listener.read().expect("a message").elements()[2], Value::bulk("heard"));
}

#[test]
fn what_a_replica_has_is_in_its_append_only_file() {
    let primary = Server::start(&[]);
    let (directory, mut source) = (crate::harness::temporary_directory(), primary.connect());
    fill(&mut source);
    let dir = directory.path().to_str().expect("a path in UTF-8").to_owned();
    let start = || Server::start(&["--engine", "memory", "--appendonly", "yes", "--dir", &dir]);
    let mut replica = start();
    let mut copy = replica.connect();
    copy.call("SET old data");
    follow(&mut copy, &primary);
    for line in CHANGES {
        source.call(line);
    }
    catch_up(&mut source, &mut copy);
    eventually("the file begins anew with what there is", || {
        field(&mut copy, "persistence", "aof_rewrite_in_progress") == "0"
            && field(&mut copy, "persistence", "aof_enabled") == "1"
    });
    source.call("SET last 1");
    catch_up(&mut source, &mut copy);
    replica.stop_by(rustix::process::Signal::KILL);
    let restarted = start();
    let mut alone = restarted.connect();
    assert_same(&mut source, &mut alone);
}
