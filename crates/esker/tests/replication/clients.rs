//! What a replica's own clients may do: write to it, or be sent to its primary.

use super::*;

#[test]
fn what_clients_write_on_a_replica_expires_there() {
    let [primary, replica] = std::array::from_fn(|_| Server::start(&["--enable-debug-command", "yes"]));
    let [mut source, mut copy] = [&primary, &replica].map(Server::connect);
    follow(&mut copy, &primary);
    // The primary removes nothing, so neither does the replica of what it was sent.
    assert_eq!(source.call("DEBUG SET-ACTIVE-EXPIRE 0"), Value::ok());
    source.call("SET theirs 1 PX 300");
    catch_up(&mut source, &mut copy);
    assert_eq!(copy.call("CONFIG SET replica-read-only no"), Value::ok());
    copy.call("SET plain 1");
    copy.call("SET later 1 EX 1000");
    copy.call("SET sooner 1 EX 1000");
    copy.call("PEXPIRE sooner 100");
    copy.call("SET short 1 PX 100");
    copy.call("MULTI");
    copy.call("SET in:transaction 1");
    copy.call("PEXPIRE in:transaction 100");
    copy.call("EXEC");
    copy.call("EVAL \"redis.call('SET', KEYS[1], 1, 'PX', 100)\" 1 in:script");
    copy.call("HSET hash field value");
    copy.call("PEXPIRE hash 100");
    eventually("they are gone", || copy.call("DBSIZE") == Value::Int(3));
    assert_eq!(copy.call("EXISTS plain later"), Value::Int(2));
    std::thread::sleep(Duration::from_millis(300));
    assert!(copy.call("GET theirs").is_null(), "nobody sees it");
    assert_eq!(copy.call("DBSIZE"), Value::Int(3), "and it stays until its primary says so");
    // A write of its own finds it gone.
    assert_eq!(copy.call("INCR theirs"), Value::Int(1));
    assert_eq!(copy.call("TTL theirs"), Value::Int(-1));
    // What the primary writes in the place of one that was the replica's is not removed with that.
    copy.call("SET both 1 PX 200");
    source.call("SET both 2");
    catch_up(&mut source, &mut copy);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(copy.call("GET both"), Value::bulk("2"));
}

#[test]
fn clients_that_know_how_are_sent_to_the_primary() {
    let [primary, replica] = std::array::from_fn(|_| Server::start(&[]));
    let [mut source, mut copy] = [&primary, &replica].map(Server::connect);
    let mut in_transaction = replica.connect();
    let mut waiting = replica.connect();
    for client in [&mut in_transaction, &mut waiting] {
        assert_eq!(client.call("CLIENT CAPA nothing redirect"), Value::ok());
    }
    assert_eq!(in_transaction.call("SET a 1"), Value::ok(), "on a primary it changes nothing");
    in_transaction.call("MULTI");
    assert_eq!(in_transaction.call("SET a 1").text(), "QUEUED");
    waiting.send("BLPOP list 0");
    eventually("it waits", || replica.info("blocked_clients") == 1);
    follow(&mut copy, &primary);

    let there = format!("REDIRECT 127.0.0.1:{}", primary.port());
    assert_eq!(waiting.read().expect("a reply").error(), there);
    assert_eq!(in_transaction.call("EXEC").error(), there);
    assert_eq!(in_transaction.call("DISCARD").error(), "ERR DISCARD without MULTI");
    in_transaction.call("MULTI");
    assert_eq!(in_transaction.call("SET a 1").error(), there);
    assert!(in_transaction.call("EXEC").error().starts_with("EXECABORT "));
    for command in ["SET a 1", "GET a", "EVAL 'return 1' 0", "PFADD p a", "SUBSCRIBE channel"] {
        let reply = waiting.call(command);
        if command.starts_with("SUBSCRIBE") {
            assert!(!reply.is_error(), "no key is concerned");
        } else {
            assert_eq!(reply.error(), there, "{command}");
        }
    }
    waiting.call("UNSUBSCRIBE");
    assert_eq!(waiting.call("PING").text(), "PONG");
    // Who has asked for it reads here, and still does not write.
    assert_eq!(waiting.call("READONLY"), Value::ok());
    assert!(waiting.call("GET a").is_null());
    assert_eq!(waiting.call("SET a 1").error(), there);
    assert_eq!(waiting.call("READWRITE"), Value::ok());
    assert_eq!(waiting.call("GET a").error(), there);
    // Who has not, is told as ever.
    assert!(copy.call("GET a").is_null());
    assert!(copy.call("SET a 1").error().starts_with("READONLY "));
    source.call("SET a 2");
}

#[test]
fn during_a_failover_clients_wait_to_learn_where_the_primary_is() {
    let [primary, replica] = std::array::from_fn(|_| Server::start(&[]));
    let [mut source, mut copy] = [&primary, &replica].map(Server::connect);
    follow(&mut copy, &primary);
    let mut client = primary.connect();
    client.call("CLIENT CAPA REDIRECT");
    // The replica hears of it later.
    replica.signal(rustix::process::Signal::STOP);
    let failover = format!("FAILOVER TO 127.0.0.1 {} FORCE TIMEOUT 100", replica.port());
    assert_eq!(source.call(&failover), Value::ok());
    eventually("the parts are being exchanged", || {
        field(&mut source, "replication", "master_failover_state") == "failover-in-progress"
    });
    let mut writing = primary.connect();
    writing.call("CLIENT CAPA REDIRECT");
    client.send("GET a");
    writing.send("SET a 1");
    eventually("they wait", || primary.info("blocked_clients") == 2);
    replica.signal(rustix::process::Signal::CONT);
    let there = format!("REDIRECT 127.0.0.1:{}", replica.port());
    assert_eq!(client.read().expect("a reply").error(), there);
    assert_eq!(writing.read().expect("a reply").error(), there);
}

#[test]
fn whoever_ends_the_pause_of_a_failover_lets_nobody_write_on_a_replica() {
    let [primary, replica] = std::array::from_fn(|_| Server::start(&[]));
    let [mut source, mut copy] = [&primary, &replica].map(Server::connect);
    follow(&mut copy, &primary);
    let [mut client, mut plain] = [primary.connect(), primary.connect()];
    client.call("CLIENT CAPA REDIRECT");
    replica.signal(rustix::process::Signal::STOP);
    let failover = format!("FAILOVER TO 127.0.0.1 {} FORCE TIMEOUT 100", replica.port());
    assert_eq!(source.call(&failover), Value::ok());
    eventually("the parts are being exchanged", || {
        field(&mut source, "replication", "master_failover_state") == "failover-in-progress"
    });
    client.send("SET a 1");
    eventually("it waits", || primary.info("blocked_clients") == 1);
    assert_eq!(source.call("CLIENT UNPAUSE"), Value::ok());
    assert!(client.read().expect("a reply").error().starts_with("REDIRECT "));
    assert!(plain.call("SET a 1").error().starts_with("READONLY "));
    assert!(source.call("GET a").is_null());
    replica.signal(rustix::process::Signal::CONT);
}

#[test]
fn scripts_see_no_stale_data_unless_they_say_that_they_may() {
    let replica = Server::start(&["--replica-serve-stale-data", "no"]);
    let mut copy = replica.connect();
    let library = "#!lua name=test
        server.register_function{function_name='plain', callback=function() return 1 end, flags={'no-writes'}}
        local flags = {'allow-stale', 'no-writes'}
        server.register_function{function_name='stale', callback=function() return 1 end, flags=flags}
        server.register_function{function_name='get', callback=function() return redis.call('GET', 'x') end, flags=flags}
        server.register_function{function_name='info', callback=function() return redis.call('INFO', 'server') end, flags=flags}";
    assert!(!copy.call_with(&["FUNCTION", "LOAD", library]).is_error());
    // There is nobody.
    let nobody =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("it has one");
    assert_eq!(copy.call(&format!("REPLICAOF 127.0.0.1 {}", nobody.port())), Value::ok());
    assert!(copy.call("FCALL plain 0").error().starts_with("MASTERDOWN "));
    assert_eq!(copy.call("FCALL stale 0"), Value::Int(1));
    assert!(copy.call("FCALL get 0").error().contains("Can not execute the command on a stale replica"));
    assert!(copy.call("FCALL info 0").text().contains("redis_version"));
    let script =
        |shebang: &str, body: &str| vec!["EVAL".to_owned(), format!("{shebang}{body}"), "0".to_owned()];
    assert_eq!(copy.call_with(&script("", "return 1")), Value::Int(1));
    assert!(copy.call_with(&script("", "return redis.call('GET', 'x')")).error().contains("stale replica"));
    assert!(copy.call_with(&script("#!lua\n", "return 1")).error().starts_with("MASTERDOWN "));
    assert_eq!(copy.call_with(&script("#!lua flags=allow-stale,no-writes\n", "return 1")), Value::Int(1));
    copy.call("REPLICAOF NO ONE");
    assert!(copy.call("FCALL get 0").is_null());
}

#[test]
fn a_replica_calls_its_primary_from_the_address_that_it_is_told() {
    let primary = Server::start(&[]);
    let replica = Server::start(&["--bind-source-addr", "127.0.0.2"]);
    let (mut source, mut copy) = (primary.connect(), replica.connect());
    follow(&mut copy, &primary);
    assert!(field(&mut source, "replication", "slave0").starts_with("ip=127.0.0.2,"));
    // As Valkey calls them.
    assert_eq!(copy.call("CONFIG SET primaryauth secret primaryuser me"), Value::ok());
    assert_eq!(copy.call("CONFIG GET masteruser").elements()[1], Value::bulk("me"));
}
