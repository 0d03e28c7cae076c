//! Too much of everything: connections, requests, bytes.

use crate::harness::{Client, Server, Value, encode, eventually, is_on_disk, pass_over};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io::{BufRead, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const MIB: usize = 1024 * 1024;

/// However busy the server is with one client, another one is answered within this.
const OTHERS_WAIT_MAX: Duration = Duration::from_secs(2);

/// Calls PING until `done`, and returns how long the slowest took.
fn slowest_ping(server: &Server, done: &AtomicBool) -> Duration {
    let mut client = server.connect();
    let mut slowest = Duration::ZERO;
    while !done.load(Ordering::Relaxed) {
        let start = Instant::now();
        assert_eq!(client.call("PING"), Value::Simple(b"PONG".to_vec()));
        slowest = slowest.max(start.elapsed());
        thread::sleep(Duration::from_millis(1));
    }
    slowest
}

#[test]
fn a_million_pipelined_commands_are_all_answered() {
    const COMMANDS: usize = 1_000_000;
    const PONG: &[u8] = b"+PONG\r\n";
    let server = Server::start(&[]);
    let done = AtomicBool::new(false);
    let slowest = thread::scope(|scope| {
        let other = scope.spawn(|| slowest_ping(&server, &done));
        let mut client = server.connect();
        let sender = client.send_raw_beside(encode(&["PING"]).repeat(COMMANDS));
        let mut replies = vec![0; PONG.len() * 10_000];
        for _ in 0..COMMANDS / 10_000 {
            client.raw_reader().read_exact(&mut replies).unwrap();
            assert!(replies.chunks(PONG.len()).all(|reply| reply == PONG));
        }
        sender.join().unwrap().expect("the server takes it all");
        assert_eq!(client.call("ECHO end"), Value::bulk("end"));
        done.store(true, Ordering::Relaxed);
        other.join().unwrap()
    });
    assert!(slowest < OTHERS_WAIT_MAX, "another client waited {slowest:?}");
}

/// One worker waits for the sockets on behalf of all. When it gets a command that takes long, another must take over,
/// or everybody waits.
#[test]
fn a_long_command_keeps_nobody_waiting_while_a_worker_is_at_rest() {
    const LONG: Duration = Duration::from_millis(400);
    let server = Server::start(&["--io-threads", "2", "--enable-debug-command", "yes"]);
    let mut slow = server.connect();
    // Whether the long command meets the worker that waits for the sockets is a matter of luck: five tries.
    for _ in 0..5 {
        // Long enough for the one who watches over long commands to have gone to sleep.
        thread::sleep(Duration::from_millis(150));
        let done = AtomicBool::new(false);
        let slowest = thread::scope(|scope| {
            slow.send(&format!("DEBUG SLEEP {}", LONG.as_secs_f64()));
            let other = scope.spawn(|| slowest_ping(&server, &done));
            assert_eq!(slow.read().unwrap(), Value::Simple(b"OK".to_vec()));
            done.store(true, Ordering::Relaxed);
            other.join().unwrap()
        });
        assert!(slowest < LONG / 2, "another client waited {slowest:?}");
    }
}

#[test]
fn a_client_that_never_reads_is_cut_off_at_the_output_limit() {
    let server = Server::start(&["--client-output-buffer-limit", "normal 4mb 0 0"]);
    let mut other = server.connect();
    other.call_with(&["SET", "big", &"x".repeat(MIB)]);
    let before = server.resident_bytes();
    let mut greedy = server.connect();
    // 300 MiB of replies, asked for in 6 KB.
    greedy.send_raw(&encode(&["GET", "big"]).repeat(300)).unwrap();
    eventually("the log tells that the client is cut off", || {
        assert_eq!(other.call("PING"), Value::Simple(b"PONG".to_vec()));
        server.log().to_lowercase().contains("output buffer")
    });
    assert_eq!(server.info("client_output_buffer_limit_disconnections"), 1);
    assert!(greedy.is_closed_within(Duration::from_secs(10)));
    if let (Some(before), Some(peak)) = (before, server.peak_resident_bytes()) {
        assert!(peak < before + 64 * MIB, "memory grew from {before} to {peak}");
    }
}

#[test]
fn a_client_over_the_soft_limit_is_cut_off_when_its_time_is_over_though_nothing_happens() {
    let server = Server::start(&["--client-output-buffer-limit", "normal 0 100kb 1"]);
    let mut other = server.connect();
    other.call_with(&["SET", "big", &"x".repeat(MIB)]);
    let mut greedy = server.connect();
    greedy.send_raw(&encode(&["GET", "big"]).repeat(20)).unwrap();
    eventually("it is cut off", || server.info("client_output_buffer_limit_disconnections") == 1);
    // Whoever goes on reading in time is not.
    let mut quick = server.connect();
    quick.send_raw(&encode(&["GET", "big"]).repeat(20)).unwrap();
    for _ in 0..20 {
        assert_eq!(quick.read().unwrap().bytes().map(<[u8]>::len), Some(MIB));
    }
    thread::sleep(Duration::from_millis(2500));
    assert_eq!(quick.call("PING").text(), "PONG");
}

/// Redis draws as many as the count says, however many that are.
#[test]
fn a_count_without_end_is_cut_off_at_the_output_limit() {
    let server = Server::start(&["--client-output-buffer-limit", "normal 8mb 0 0"]);
    let mut other = server.connect();
    other.call("SADD e a");
    other.call("HSET h a 1");
    other.call("ZADD z 1 a");
    let before = server.resident_bytes();
    let draws = [
        "SRANDMEMBER e -9223372036854775807",
        "HRANDFIELD h -9223372036854775807",
        "HRANDFIELD h -4611686018427387903 WITHVALUES",
        "ZRANDMEMBER z -4611686018427387903",
        "ZRANDMEMBER z -4611686018427387903 WITHSCORES",
    ];
    for draw in draws {
        for hello in ["HELLO 2", "HELLO 3"] {
            let mut greedy = server.connect();
            greedy.call(hello);
            greedy.send(draw);
            assert!(greedy.is_closed_within(Duration::from_secs(10)), "{draw}");
        }
    }
    let mut in_a_transaction = server.connect();
    in_a_transaction.send_raw(b"MULTI\r\nSRANDMEMBER e -9223372036854775807\r\nEXEC\r\n").unwrap();
    assert!(in_a_transaction.is_closed_within(Duration::from_secs(10)));
    assert!(server.log().to_lowercase().contains("output buffer"), "{}", server.log());
    assert_eq!(other.call("SRANDMEMBER e -100000").elements().len(), 100_000);
    if let (Some(before), Some(peak)) = (before, server.peak_resident_bytes()) {
        assert!(peak < before + 64 * MIB, "memory grew from {before} to {peak}");
    }
}

#[test]
fn a_subscriber_that_never_reads_is_cut_off_and_the_publisher_goes_on() {
    let server = Server::start(&["--client-output-buffer-limit", "pubsub 1mb 0 0"]);
    let mut subscriber = server.connect();
    subscriber.call("SUBSCRIBE news");
    let mut publisher = server.connect();
    let message = "x".repeat(MIB / 4);
    let (before, start) = (server.resident_bytes(), Instant::now());
    // The sockets' own buffers hold some of it; a hundred MiB is more than they may.
    let received =
        (0..400).map(|_| publisher.call_with(&["PUBLISH", "news", &message]).int()).collect::<Vec<_>>();
    assert_eq!(received.first(), Some(&1));
    assert_eq!(received.last(), Some(&0), "the subscriber has been cut off");
    assert!(start.elapsed() < OTHERS_WAIT_MAX * 5, "400 messages took {:?}", start.elapsed());
    assert!(server.log().to_lowercase().contains("output buffer"), "{}", server.log());
    if let (Some(before), Some(peak)) = (before, server.peak_resident_bytes()) {
        assert!(peak < before + 32 * MIB, "memory grew from {before} to {peak}");
    }
    assert!(subscriber.is_closed_within(Duration::from_secs(10)));
}

/// Raises the limit of open files, for this process and the servers that it starts, as far as the
/// system allows, and returns it.
fn raise_open_files_limit() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum.unwrap_or(u64::MAX),
        Err(_) => limit.current.unwrap_or(u64::MAX),
    }
}

#[test]
fn ten_thousand_idle_connections_are_held() {
    const WANTED: usize = 10_000;
    /// Files that this process and the server need for everything else.
    const OTHER_FILES: u64 = 500;
    /// What an idle connection may cost the server.
    const BYTES_PER_CONNECTION_MAX: usize = 8 * 1024;
    let possible = raise_open_files_limit().saturating_sub(OTHER_FILES).try_into().unwrap_or(usize::MAX);
    let connections = WANTED.min(possible);
    if connections < WANTED {
        pass_over(&format!("only {connections} connections: the limit of open files allows no more"));
    }
    let server = Server::start(&["--maxclients", "10100"]);
    let mut other = server.connect();
    let before = server.resident_bytes();
    let idle: Vec<Client> = (0..connections).map(|_| server.connect()).collect();
    eventually("all are connected", || {
        let clients = other.call("INFO clients").text();
        clients.contains(&format!("connected_clients:{}\r\n", connections + 1))
    });
    let start = Instant::now();
    for _ in 0..100 {
        assert_eq!(other.call("PING"), Value::Simple(b"PONG".to_vec()));
    }
    assert!(start.elapsed() < OTHERS_WAIT_MAX, "100 PINGs among the idle took {:?}", start.elapsed());
    if let (Some(before), Some(after)) = (before, server.resident_bytes()) {
        let each = after.saturating_sub(before) / connections;
        assert!(each < BYTES_PER_CONNECTION_MAX, "an idle connection costs {each} bytes");
    }
    let mut last = idle.into_iter().next_back().expect("there are connections");
    assert_eq!(last.call("ECHO awake"), Value::bulk("awake"));
}

#[test]
fn values_and_keys_may_have_512_mib_and_not_a_byte_more() {
    const LENGTH: usize = 512 * MIB;
    if is_on_disk() {
        return pass_over("a database on disk takes keys of 64 KB");
    }
    let server = Server::start(&["--client-query-buffer-limit", "1gb"]);
    let mut client = server.connect();
    client.set_timeout(Some(Duration::from_secs(60)));
    let chunk: Vec<u8> = (0..MIB).map(|place| (place % 251) as u8).collect();
    let send_big = |client: &mut Client, head: &str, tail: &[u8]| {
        client.send_raw(head.as_bytes()).unwrap();
        for _ in 0..LENGTH / MIB {
            client.send_raw(&chunk).unwrap();
        }
        client.send_raw(tail).unwrap();
    };
    let mut other = server.connect();

    send_big(&mut client, &format!("*3\r\n$3\r\nSET\r\n$1\r\nv\r\n${LENGTH}\r\n"), b"\r\n");
    assert_eq!(client.read().unwrap(), Value::ok());
    assert_eq!(other.call("STRLEN v"), Value::Int(LENGTH as i64));
    assert_eq!(
        other.call_with(&["APPEND", "v", "x"]).error(),
        "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
    );

    client.send("GET v");
    let mut line = String::new();
    client.raw_reader().read_line(&mut line).unwrap();
    assert_eq!(line, format!("${LENGTH}\r\n"));
    let mut received = vec![0; MIB];
    for _ in 0..LENGTH / MIB {
        client.raw_reader().read_exact(&mut received).unwrap();
        assert!(received == chunk, "the value comes back as it was");
    }
    client.raw_reader().read_exact(&mut received[..2]).unwrap();
    assert_eq!(other.call("DEL v"), Value::Int(1));

    send_big(&mut client, &format!("*3\r\n$3\r\nSET\r\n${LENGTH}\r\n"), b"\r\n$1\r\nv\r\n");
    assert_eq!(client.read().unwrap(), Value::ok());
    assert_eq!(other.call("DBSIZE"), Value::Int(1));

    let mut refused = server.connect();
    refused.send_raw(format!("*2\r\n$3\r\nGET\r\n${}\r\n", LENGTH + 1).as_bytes()).unwrap();
    assert_eq!(refused.read().unwrap().error(), "ERR Protocol error: invalid bulk length");
    if let Some(peak) = server.peak_resident_bytes() {
        assert!(peak < 4 * LENGTH, "{peak} bytes for a value of {LENGTH}");
    }
}

#[test]
fn a_request_above_the_query_buffer_limit_is_cut_off() {
    let server = Server::start(&["--client-query-buffer-limit", "1mb"]);
    let mut client = server.connect();
    // The server may close before all of it is sent.
    let _ = client.send_raw(format!("*2\r\n$4\r\nECHO\r\n${}\r\n", 8 * MIB).as_bytes());
    let _ = client.send_raw(&vec![b'x'; 4 * MIB]);
    assert!(client.is_closed_within(Duration::from_secs(10)));
    assert_eq!(server.connect().call("PING"), Value::Simple(b"PONG".to_vec()));
}

#[test]
fn above_maxclients_connections_are_refused() {
    let server = Server::start(&["--maxclients", "10"]);
    let mut clients: Vec<Client> = Vec::new();
    eventually("ten clients are served", || {
        let mut client = server.connect();
        // The connection by which the harness found the server up may not be gone yet.
        if client.try_call(&["PING"]).is_ok_and(|reply| reply == *"PONG") {
            clients.push(client);
        }
        clients.len() == 10
    });
    let mut refused = server.connect();
    assert_eq!(refused.read().unwrap().error(), "ERR max number of clients reached");
    assert!(refused.is_closed_within(Duration::from_secs(5)));
    clients.pop();
    eventually("there is room again", || {
        server.connect().try_call(&["PING"]).is_ok_and(|reply| reply == *"PONG")
    });
    assert_eq!(clients[0].call("CONFIG SET maxclients 9"), Value::ok());
}

#[test]
fn idle_clients_are_closed_after_the_timeout() {
    let server = Server::start(&["--timeout", "1"]);
    let mut idle = server.connect();
    let mut half = server.connect();
    let mut subscriber = server.connect();
    let mut blocked = server.connect();
    let mut busy = server.connect();
    idle.call("PING");
    half.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5\r\nab").unwrap();
    let idle_since = Instant::now();
    subscriber.call("SUBSCRIBE news");
    blocked.send("BLPOP l 0");
    let closed = thread::scope(|scope| {
        let closed =
            scope.spawn(|| idle.is_closed_within(Duration::from_secs(10)).then(|| idle_since.elapsed()));
        while !closed.is_finished() {
            assert_eq!(busy.call("PING"), Value::Simple(b"PONG".to_vec()));
            thread::sleep(Duration::from_millis(100));
        }
        closed.join().unwrap()
    });
    assert!(closed.is_some_and(|after| after >= Duration::from_secs(1)), "closed after {closed:?}");
    assert!(half.is_closed_within(Duration::from_secs(10)), "half a command is no activity");
    // Those who wait for something are not idle.
    assert_eq!(busy.call("PUBLISH news x"), Value::Int(1));
    assert_eq!(busy.call("RPUSH l x"), Value::Int(1));
    assert_eq!(subscriber.read().unwrap().elements()[2], Value::bulk("x"));
    assert_eq!(blocked.read().unwrap(), Value::bulks(["l", "x"]));
}
