//! `maxmemory`: keys go to make room as the policy says, or commands that need memory are refused.

mod harness;

use harness::{Client, Server, Value, eventually, is_on_disk, pass_over};
use std::time::Duration;

const OOM: &str = "OOM command not allowed when used memory > 'maxmemory'.";
/// What a test fills before memory is full.
const ROOM_BYTES: i64 = 2 << 20;
const VALUE_BYTES: usize = 1000;
/// What INFO itself, and the connection that it comes by, may take.
const INFO_BYTES: i64 = 64 << 10;
/// More than fit.
const KEYS: usize = 5000;

fn used(server: &Server) -> i64 {
    server.info("used_memory")
}

fn oom() -> Value {
    Value::Error(OOM.to_owned())
}

/// A server whose memory is full after about `ROOM_BYTES` more.
fn limited(policy: &str) -> (Server, Client) {
    let server = Server::start(&["--maxmemory-policy", policy]);
    let mut client = server.connect();
    // What the first key and the first commands take for good.
    for line in ["SET first v", "GET first", "INFO everything", "DEL first"] {
        client.call(line);
    }
    let limit = used(&server) + ROOM_BYTES;
    assert_eq!(client.call(&format!("CONFIG SET maxmemory {limit}")), Value::ok());
    (server, client)
}

/// Writes keys of this prefix until `count` of them were taken or one was refused; says how many were taken.
fn fill(client: &mut Client, prefix: &str, count: usize, options: &str) -> usize {
    let value = "x".repeat(VALUE_BYTES);
    for number in 0..count {
        let reply = client.call(&format!("SET {prefix}:{number} {value} {options}"));
        if reply == oom() {
            return number;
        }
        assert_eq!(reply, Value::ok());
    }
    count
}

fn count(client: &mut Client, prefix: &str) -> usize {
    client.call(&format!("KEYS {prefix}:*")).elements().len()
}

#[test]
fn without_a_policy_commands_that_need_memory_are_refused() {
    if is_on_disk() {
        return pass_over("what is stored needs no memory");
    }
    let (server, mut client) = limited("noeviction");
    let taken = fill(&mut client, "k", KEYS, "");
    assert!((1000..KEYS).contains(&taken), "{taken}");
    client.call(&format!("CONFIG SET maxmemory {}", used(&server) - ROOM_BYTES / 10));
    for line in ["SET k:0 v", "APPEND k:0 v", "LPUSH l v", "SADD s v", "HSET h f v", "SETBIT b 1 1"] {
        assert_eq!(client.call(line), oom(), "{line}");
    }
    for line in ["GET k:0", "EXPIRE k:0 100", "PING", "DBSIZE", "CONFIG GET maxmemory", "DEL k:0"] {
        assert!(!client.call(line).is_error(), "{line}");
    }
    assert_eq!(client.call("DBSIZE"), taken as i64 - 1);
    assert_eq!(server.info("evicted_keys"), 0);
    assert!(server.info("current_eviction_exceeded_time") >= 0);
    for number in 1..500 {
        client.call(&format!("DEL k:{number}"));
    }
    assert_eq!(client.call("SET k:0 v"), Value::ok());
    client.call("CONFIG SET maxmemory 1");
    assert_eq!(client.call("SET k:0 v"), oom());
    client.call("CONFIG SET maxmemory 0");
    assert_eq!(client.call("SET k:0 v"), Value::ok());
}

#[test]
fn a_transaction_is_refused_where_one_of_its_commands_is() {
    if is_on_disk() {
        return pass_over("what is stored needs no memory");
    }
    let server = Server::start(&[]);
    let (mut client, mut other) = (server.connect(), server.connect());
    client.call("SET k v");
    client.call("MULTI");
    other.call("CONFIG SET maxmemory 1");
    assert_eq!(client.call("GET k"), Value::Simple(b"QUEUED".to_vec()));
    assert_eq!(client.call("SET k w"), oom());
    let broken = "EXECABORT Transaction discarded because of previous errors.";
    assert_eq!(client.call("EXEC"), Value::Error(broken.to_owned()));
    other.call("CONFIG SET maxmemory 0");
    client.call("MULTI");
    client.call("SET k w");
    other.call("CONFIG SET maxmemory 1");
    let refused = format!("EXECABORT Transaction discarded because of: {OOM}");
    assert_eq!(client.call("EXEC"), Value::Error(refused));
    assert_eq!(client.call("EXEC"), Value::Error("ERR EXEC without MULTI".to_owned()));
    client.call("MULTI");
    client.call("GET k");
    client.call("DEL k");
    assert_eq!(client.call("EXEC"), Value::Array(vec![Value::bulk("v"), Value::Int(1)]));
}

#[test]
fn every_policy_keeps_within_the_limit() {
    if is_on_disk() {
        return pass_over("what is stored is not evicted");
    }
    for policy in ["lru", "lfu", "random", "ttl"] {
        for prefix in ["allkeys", "volatile"] {
            if (prefix, policy) == ("allkeys", "ttl") {
                continue;
            }
            let policy = format!("{prefix}-{policy}");
            let (server, mut client) = limited(&policy);
            let limit = client.call("CONFIG GET maxmemory").elements()[1].text().parse::<i64>().unwrap();
            assert_eq!(fill(&mut client, "k", KEYS, "EX 10000"), KEYS, "{policy}");
            eventually("memory is within the limit", || used(&server) <= limit + INFO_BYTES);
            client.call("CONFIG SET maxmemory 0");
            let left = client.call("DBSIZE").int();
            assert!((1000..3000).contains(&left), "{policy}: {left}");
            assert_eq!(server.info("evicted_keys"), KEYS as i64 - left, "{policy}");
        }
    }
}

#[test]
fn volatile_policies_spare_what_does_not_expire() {
    if is_on_disk() {
        return pass_over("what is stored is not evicted");
    }
    for policy in ["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"] {
        let (_server, mut client) = limited(policy);
        assert_eq!(fill(&mut client, "stays", 800, ""), 800);
        assert_eq!(fill(&mut client, "goes", KEYS, "EX 10000"), KEYS, "{policy}");
        assert_eq!(count(&mut client, "stays"), 800, "{policy}");
        // When all that expires is gone, there is nothing left that may go.
        let taken = fill(&mut client, "more", KEYS, "");
        assert!(taken < KEYS, "{policy}: {taken}");
        assert_eq!(count(&mut client, "stays"), 800, "{policy}");
        assert_eq!(count(&mut client, "more"), taken, "{policy}");
        assert!(count(&mut client, "goes") < 10, "{policy}");
    }
}

#[test]
fn what_is_used_stays_and_what_expires_first_goes_first() {
    if is_on_disk() {
        return pass_over("what is stored is not evicted");
    }
    let uses = |client: &mut Client, number: usize| {
        for key in 0..300 {
            (0..number).for_each(|_| drop(client.call(&format!("GET hot:{key}"))));
        }
    };
    for (policy, rounds) in [("allkeys-lru", 1), ("allkeys-lfu", 8)] {
        let (_server, mut client) = limited(policy);
        client.call("CONFIG SET lfu-log-factor 0");
        fill(&mut client, "hot", 300, "");
        fill(&mut client, "cold", 1000, "");
        std::thread::sleep(Duration::from_millis(2100));
        uses(&mut client, rounds);
        fill(&mut client, "new", 1200, "");
        let (hot, cold) = (count(&mut client, "hot"), count(&mut client, "cold"));
        assert!(hot > 285 && cold < 700, "{policy}: {hot} of 300, {cold} of 1000");
    }
    let (_server, mut client) = limited("volatile-ttl");
    fill(&mut client, "late", 700, "EX 20000");
    fill(&mut client, "soon", 700, "EX 1000");
    fill(&mut client, "new", 1000, "EX 30000");
    let (late, soon) = (count(&mut client, "late"), count(&mut client, "soon"));
    assert!(late > 600 && soon < 450, "{late} of 700, {soon} of 700");
}

#[test]
fn others_learn_of_it() {
    if is_on_disk() {
        return pass_over("what is stored is not evicted");
    }
    let server = Server::start(&["--maxmemory-policy", "allkeys-random", "--notify-keyspace-events", "Ee"]);
    let mut listener = server.connect();
    listener.call("SUBSCRIBE __keyevent@0__:evicted");
    let mut tracker = server.connect_resp3();
    tracker.call("CLIENT TRACKING ON");
    let (mut client, mut watcher) = (server.connect(), server.connect());
    client.call("SET k v");
    tracker.call("GET k");
    watcher.call("WATCH k");
    client.call("CONFIG SET maxmemory 1");
    let event = ["message", "__keyevent@0__:evicted", "k"].map(Value::bulk);
    assert_eq!(listener.read().unwrap(), Value::Array(event.to_vec()));
    let keys = Value::Array(vec![Value::bulk("k")]);
    assert_eq!(tracker.read().unwrap(), Value::Push(vec![Value::bulk("invalidate"), keys]));
    watcher.call("MULTI");
    watcher.call("PING");
    assert_eq!(watcher.call("EXEC"), Value::NullArray);
    assert_eq!(server.info("evicted_keys"), 1);
    client.call("CONFIG RESETSTAT");
    assert_eq!(server.info("evicted_keys"), 0);
}

#[test]
fn a_lower_limit_is_reached_without_anybody_asking() {
    if is_on_disk() {
        return pass_over("what is stored is not evicted");
    }
    let server = Server::start(&["--maxmemory-policy", "allkeys-lru"]);
    let mut client = server.connect();
    fill(&mut client, "k", 4000, "");
    let members: Vec<String> = (0..50_000).map(|member| format!("member:{member}")).collect();
    for chunk in members.chunks(1000) {
        client.call(&format!("SADD large {}", chunk.join(" ")));
    }
    let limit = used(&server) - (3 << 20);
    client.call(&format!("CONFIG SET maxmemory {limit}"));
    client.call("CONFIG SET maxmemory-samples 10");
    eventually("memory is within the limit", || used(&server) <= limit);
    assert!(client.call("DBSIZE").int() > 100);
}

#[test]
fn a_pause_evicts_nothing() {
    let server = Server::start(&["--maxmemory-policy", "allkeys-random"]);
    let mut client = server.connect();
    client.call("SET k v");
    client.call("CLIENT PAUSE 100000 WRITE");
    client.call("CONFIG SET maxmemory 1");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(client.call("DBSIZE"), 1);
    client.call("CONFIG SET maxmemory 0");
    client.call("CLIENT UNPAUSE");
    assert_eq!(client.call("GET k"), Value::bulk("v"));
}

#[test]
fn many_writers_at_the_limit_get_on() {
    if is_on_disk() {
        return pass_over("what is stored is not evicted");
    }
    let (server, mut client) = limited("allkeys-lru");
    let limit = client.call("CONFIG GET maxmemory").elements()[1].text().parse::<i64>().unwrap();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let mut client = server.connect();
            scope.spawn(move || {
                let value = "x".repeat(VALUE_BYTES);
                // All in one slot, then all over the keyspace.
                for key in ["{tag}", ""] {
                    for number in 0..1500 {
                        let line = format!("SET {key}{writer}:{number} {value}");
                        assert_eq!(client.call(&line), Value::ok(), "{line}");
                    }
                }
            });
        }
    });
    eventually("memory is within the limit", || used(&server) <= limit + INFO_BYTES);
}

#[test]
fn on_disk_the_cache_becomes_smaller_and_nothing_is_lost() {
    const COUNT: usize = 3000;
    let server = Server::start(&["--engine", "disk", "--maxmemory-policy", "allkeys-lru"]);
    let mut client = server.connect();
    fill(&mut client, "k", COUNT, "");
    let cached = server.info("disk_cache_bytes");
    assert!(cached > 2 << 20, "{cached}");
    client.call("CONFIG SET maxmemory 1");
    eventually("the cache is empty", || server.info("disk_cache_bytes") == 0);
    assert_eq!(fill(&mut client, "more", 100, ""), 100);
    assert_eq!(client.call("DBSIZE"), COUNT as i64 + 100);
    assert_eq!(client.call("STRLEN k:17"), VALUE_BYTES as i64);
    assert_eq!(server.info("evicted_keys"), 0);
    client.call("CONFIG SET maxmemory 1gb");
    eventually("what is read is cached again", || {
        (0..100).for_each(|number| drop(client.call(&format!("GET k:{number}"))));
        server.info("disk_cache_bytes") > 50_000
    });
}

/// Bytes of a request that is not complete.
fn half_a_request(bytes: usize) -> Vec<u8> {
    let mut request = format!("*2\r\n$3\r\nGET\r\n${}\r\n", bytes + 1000).into_bytes();
    request.resize(request.len() + bytes, b'x');
    request
}

#[test]
fn the_largest_clients_are_closed_until_the_others_fit() {
    let server = Server::start(&["--maxmemory-clients", "4mb"]);
    let mut spared = server.connect();
    spared.call("CLIENT NO-EVICT ON");
    spared.send_raw(&half_a_request(3 << 20)).unwrap();
    let mut small: Vec<Client> = (0..3).map(|_| server.connect()).collect();
    for client in &mut small {
        client.send_raw(&half_a_request(100_000)).unwrap();
    }
    let mut large = server.connect();
    // It may be closed before all is sent.
    let _ = large.send_raw(&half_a_request(2 << 20));
    eventually("the largest is closed", || server.info("evicted_clients") == 1);
    assert!(large.read().is_err());
    assert_eq!(server.connect().call("PING"), Value::Simple(b"PONG".to_vec()));
    assert_eq!(server.info("evicted_clients"), 1);
    server.connect().call("CONFIG SET maxmemory-clients 3200000");
    eventually("all are closed that may be", || server.info("evicted_clients") >= 4);
    for client in &mut small {
        assert!(client.read().is_err());
    }
    server.connect().call("CONFIG SET maxmemory-clients 0");
    assert!(server.connect().call("CLIENT LIST").text().contains(" flags=e "));
}

#[test]
fn replies_and_queued_commands_count_for_a_client() {
    let server = Server::start(&["--maxmemory-clients", "2mb"]);
    let value = "x".repeat(300_000);
    let mut queuing = server.connect();
    queuing.call("MULTI");
    let refused = (0..10).find(|_| queuing.try_call(&["SET", "k", &value]).is_err());
    assert!(refused.is_some_and(|at| (4..10).contains(&at)), "{refused:?}");
    let mut client = server.connect();
    client.call("CLIENT NO-EVICT ON");
    client.call(&format!("SET k {value}"));
    let mut lazy = server.connect();
    // Replies pile up once the socket takes no more; nobody reads them.
    eventually("it is closed", || {
        let _ = lazy.send_raw(&b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n".repeat(10));
        server.info("evicted_clients") >= 2
    });
    assert_eq!(client.call("STRLEN k"), 300_000);
}

#[test]
fn whoever_caches_a_key_that_goes_learns_of_it_before_the_reply() {
    if is_on_disk() {
        return pass_over("what is stored is not evicted");
    }
    let server = Server::start(&["--maxmemory-policy", "volatile-random"]);
    let mut client = server.connect_resp3();
    client.call("CLIENT TRACKING ON");
    for line in ["SETEX brief 10000 x", "GET brief", "SETBIT first 0 0", "GETBIT first 0"] {
        client.call(line);
    }
    let limit = used(&server) + (1 << 20);
    assert_eq!(client.call(&format!("CONFIG SET maxmemory {limit}")), Value::ok());
    // 4 MB at once: more than any worker may take on its own, so all have to look before they go on.
    client.call("SETBIT large 32000000 0");
    client.send("GETBIT large 0");
    let told = client.read().expect("a message");
    assert!(matches!(&told, Value::Push(_)) && format!("{told:?}").contains("brief"), "{told:?}");
    assert_eq!(client.read().expect("a reply"), Value::Int(0));
}

#[test]
fn clients_that_take_too_much_go_before_keys() {
    if is_on_disk() {
        return pass_over("what is stored is not evicted");
    }
    let server = Server::start(&["--maxmemory-policy", "allkeys-lru"]);
    let mut client = server.connect();
    client.call("CLIENT NO-EVICT ON");
    for index in 0..20 {
        client.call(&format!("SETRANGE {index} 100000 x"));
    }
    let mut listeners: Vec<Client> = (0..20).map(|_| server.connect()).collect();
    listeners.iter_mut().for_each(|listener| _ = listener.call("SUBSCRIBE news"));
    client.call("CONFIG SET maxmemory-clients 3mb");
    client.call(&format!("CONFIG SET maxmemory {}", used(&server) + (6 << 20)));
    let message = "x".repeat(100_000);
    // They do not read, so what they are sent piles up once their sockets take no more.
    eventually("some are closed", || {
        (0..20).for_each(|_| _ = client.call_with(&["PUBLISH", "news", &message]));
        server.info("evicted_clients") > 0
    });
    for _ in 0..200 {
        client.call_with(&["PUBLISH", "news", &message]);
    }
    assert_eq!((server.info("evicted_keys"), client.call("DBSIZE")), (0, Value::Int(20)));
}

#[test]
fn what_may_go_is_found_as_soon_as_there_is_any() {
    if is_on_disk() {
        return pass_over("what is stored is not evicted");
    }
    let (_server, mut client) = limited("volatile-lru");
    let taken = fill(&mut client, "lasting", KEYS, "");
    assert!(taken < KEYS);
    (0..100).for_each(|number| _ = client.call(&format!("EXPIRE lasting:{number} 1000")));
    assert_eq!(fill(&mut client, "more", 50, ""), 50);
}

#[test]
fn what_is_moved_keeps_the_counts_of_its_uses() {
    if is_on_disk() {
        return pass_over("what is read again from disk begins anew");
    }
    let server = Server::start(&["--maxmemory-policy", "allkeys-lfu"]);
    let mut client = server.connect();
    client.call("SET a 1");
    (0..1000).for_each(|_| _ = client.call("GET a"));
    let before = client.call("OBJECT FREQ a").int();
    assert!(before > 8, "{before}");
    client.call("RENAME a b");
    assert!(client.call("OBJECT FREQ b").int() >= before);
    client.call("MOVE b 1");
    client.call("COPY c d");
    client.call("SELECT 1");
    assert!(client.call("OBJECT FREQ b").int() >= before);
    client.call("COPY b c");
    assert_eq!(client.call("OBJECT FREQ c"), 5);
}
