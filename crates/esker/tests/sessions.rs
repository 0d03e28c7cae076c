//! What belongs to one connection, and what one connection does to others: replies turned off,
//! pauses, kills, monitors, the state that RESET clears.

mod harness;

use harness::{Client, SOON, Server, Value, eventually};
use std::time::{Duration, Instant};

#[test]
fn replies_can_be_skipped_and_turned_off() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.send("CLIENT REPLY SKIP");
    client.send("SET a 1");
    assert_eq!(client.call("GET a"), Value::bulk("1"));
    client.send("CLIENT REPLY OFF");
    for line in ["INCR a", "NOSUCH", "GET a"] {
        client.send(line);
    }
    assert_eq!(client.call("CLIENT REPLY ON"), Value::ok());
    assert_eq!(client.call("GET a"), Value::bulk("2"));
}

#[test]
fn a_pause_holds_writes_or_everything() {
    let server = Server::start(&[]);
    let (mut client, mut other) = (server.connect(), server.connect());
    assert_eq!(client.call("CLIENT PAUSE 60000 WRITE"), Value::ok());
    assert_eq!(other.call("GET a"), Value::NullBulk);
    other.send("SET a 1");
    assert_eq!(client.call("EXISTS a"), Value::Int(0));
    assert_eq!(client.call("CLIENT UNPAUSE"), Value::ok());
    assert_eq!(other.read().unwrap(), Value::ok());

    let start = Instant::now();
    assert_eq!(client.call("CLIENT PAUSE 150"), Value::ok());
    assert_eq!(other.call("GET a"), Value::bulk("1"));
    assert!(start.elapsed() >= Duration::from_millis(150), "{:?}", start.elapsed());
}

#[test]
fn clients_are_killed_by_what_they_are() {
    let server = Server::start(&[]);
    let mut killer = server.connect();
    let filters =
        ["ID {id}", "ADDR {addr}", "LADDR {laddr} SKIPME yes", "TYPE normal", "USER default ID {id}"];
    for filter in filters {
        let mut victim = server.connect();
        let info = victim.call("CLIENT INFO").text();
        let field = |name: &str| {
            let value = info.split_whitespace().find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
            value.unwrap_or_else(|| panic!("{name} in {info}")).to_owned()
        };
        let mut line = format!("CLIENT KILL {filter}");
        for name in ["id", "addr", "laddr"] {
            line = line.replace(&format!("{{{name}}}"), &field(name));
        }
        assert_eq!(killer.call(&line), Value::Int(1), "{line}");
        assert!(victim.is_closed_within(SOON), "{line}");
    }
    let mut subscriber = server.connect();
    subscriber.call("SUBSCRIBE news");
    assert_eq!(killer.call("CLIENT KILL TYPE pubsub"), Value::Int(1));
    assert!(subscriber.is_closed_within(SOON));
    // Who kills itself still gets the reply.
    let id = killer.call("CLIENT ID").int();
    assert_eq!(killer.call(&format!("CLIENT KILL ID {id} SKIPME no")), Value::Int(1));
    assert!(killer.is_closed_within(SOON));
}

/// As in Redis, though nothing has changed.
#[test]
fn a_trim_that_removes_nothing_fails_the_watch() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    for line in ["RPUSH list a b", "WATCH list", "LTRIM list 0 -1", "MULTI"] {
        client.call(line);
    }
    assert_eq!(client.call("EXEC"), Value::NullArray);
}

/// A stranger may send ten words at once and no more. Who has just given the password is none.
#[test]
fn a_pipeline_may_begin_with_the_password() {
    let server = Server::start(&["--requirepass", "secret"]);
    let auth = ["AUTH", "secret"].map(str::to_owned).to_vec();
    let mset = std::iter::once("MSET".to_owned()).chain((0..40).map(|word| word.to_string())).collect();
    assert_eq!(server.connect().pipeline(&[auth, mset]), [Value::ok(), Value::ok()]);
}

#[test]
fn quit_answers_and_closes() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.send("SET a 1");
    client.send("QUIT");
    client.send("SET a 2");
    assert_eq!(client.read().unwrap(), Value::ok());
    assert_eq!(client.read().unwrap(), Value::ok());
    assert!(client.is_closed_within(SOON));
    assert_eq!(server.connect().call("GET a"), Value::bulk("1"));
}

#[test]
fn reset_clears_all_that_the_connection_has_set() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    for line in ["HELLO 3", "SELECT 5", "CLIENT SETNAME me", "SUBSCRIBE news", "WATCH a", "MULTI", "SET a 1"]
    {
        assert!(!client.call(line).is_error(), "{line}");
    }
    assert_eq!(client.call("RESET"), Value::Simple(b"RESET".to_vec()));
    assert_eq!(server.connect().call("PUBLISH news x"), Value::Int(0));
    assert_eq!(client.call("CLIENT GETNAME"), Value::NullBulk);
    assert_eq!(client.call("EXEC").error(), "ERR EXEC without MULTI");
    let info = client.call("CLIENT INFO").text();
    assert!(info.contains(" db=0 ") && info.contains(" resp=2") && info.contains(" flags=N "), "{info}");
}

#[test]
fn a_monitor_sees_every_command_but_secrets() {
    let server = Server::start(&[]);
    let (mut monitor, mut client) = (server.connect(), server.connect());
    assert_eq!(monitor.call("MONITOR"), Value::ok());
    client.call("SELECT 2");
    client.call_with(&[b"SET".as_slice(), b"k", b"a \"b\"\n\xff"]);
    client.call("AUTH secret");
    client.call("NOSUCH");
    client.call("MULTI");
    client.call("INCR n");
    client.call("EXEC");
    client.call("ECHO end");
    let mut lines = Vec::new();
    while lines.last().is_none_or(|line: &String| !line.ends_with("\"end\"")) {
        let Value::Simple(line) = monitor.read().unwrap() else { panic!("MONITOR sends status lines") };
        // time [database address] "command" "argument"…
        let line = String::from_utf8(line).unwrap();
        let (head, command) = line.split_once("] ").expect("a head and a command");
        let (time, place) = head.split_once(" [").expect("a time and a place");
        assert!(time.split_once('.').is_some_and(|(_, micros)| micros.len() == 6), "{line}");
        let database = place.split(' ').next().unwrap();
        assert!(place.contains(" 127.0.0.1:"), "{line}");
        lines.push(format!("{database} {command}"));
    }
    let expected = [
        // Shown after it has run, and so in the database that it has chosen.
        "2 \"SELECT\" \"2\"",
        "2 \"SET\" \"k\" \"a \\\"b\\\"\\n\\xff\"",
        "2 \"AUTH\" \"(redacted)\"",
        "2 \"MULTI\"",
        "2 \"INCR\" \"n\"",
        "2 \"EXEC\"",
        "2 \"ECHO\" \"end\"",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_resp2_subscriber_may_only_subscribe() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.call("SUBSCRIBE news");
    assert_eq!(
        client.call("GET a").error(),
        "ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"
    );
    assert_eq!(client.call("PING"), Value::bulks(["pong", ""]));
    assert_eq!(client.call("PING x"), Value::bulks(["pong", "x"]));
    client.call("UNSUBSCRIBE");
    assert_eq!(client.call("GET a"), Value::NullBulk);
}

#[test]
fn the_protocol_can_change_at_any_time() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.call("HSET h f v");
    let greeting = client.call("HELLO 3 SETNAME me");
    let Value::Map(fields) = &greeting else { panic!("{greeting:?}") };
    let names: Vec<String> = fields.iter().map(|(name, _)| name.text()).collect();
    assert_eq!(names, ["server", "version", "proto", "id", "mode", "role", "modules"]);
    assert_eq!(fields[2].1, Value::Int(3));
    assert_eq!(client.call("HGETALL h"), Value::Map(vec![(Value::bulk("f"), Value::bulk("v"))]));
    assert_eq!(client.call("GET nosuch"), Value::Null);
    assert_eq!(client.call("CLIENT GETNAME"), Value::bulk("me"));
    assert!(matches!(client.call("HELLO 2"), Value::Array(_)));
    assert_eq!(client.call("HGETALL h"), Value::bulks(["f", "v"]));
    // In one pipeline, from one reply to the next.
    let replies = client.pipeline(&[vec!["GET", "x"], vec!["HELLO", "3"], vec!["GET", "x"]]);
    assert_eq!((&replies[0], &replies[2]), (&Value::NullBulk, &Value::Null));
}

#[test]
fn info_counts_what_happens() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    for line in ["SET a 1 EX 100", "GET a", "GET a", "GET nosuch", "LPUSH a x", "SELECT 3", "SET b 1"] {
        client.call(line);
    }
    let info = client.call("INFO everything").text();
    let expected = [
        "keyspace_hits:2",
        "keyspace_misses:1",
        "connected_clients:1",
        "errorstat_WRONGTYPE:count=1",
        "db0:keys=1,expires=1,",
        "db3:keys=1,expires=0,",
        "cmdstat_get:calls=3,",
    ];
    for line in expected {
        assert!(info.lines().any(|found| found.starts_with(line)), "{line} is not in\n{info}");
    }
    assert_eq!(client.call("CONFIG RESETSTAT"), Value::ok());
    assert_eq!(server.info("keyspace_hits"), 0);
}

/// A transaction holds its keys' slots: what looks at all slots must not wait for them.
#[test]
fn administration_within_a_transaction_waits_for_nobody() {
    let server = Server::start(&["--enable-debug-command", "local"]);
    let mut client = server.connect();
    client.call("SET k v");
    for queued in ["MULTI", "SET k w", "MEMORY STATS", "INFO everything", "DBSIZE", "DEBUG OBJECT k"] {
        assert!(!matches!(client.call(queued), Value::Error(_)), "{queued}");
    }
    let replies = client.call("EXEC");
    assert_eq!(replies.elements().len(), 5);
    assert_eq!(client.call("GET k"), Value::bulk("w"));
}

/// Each command within EXEC is seen as if it had come alone.
#[test]
fn commands_within_a_transaction_are_noted_one_by_one() {
    let server = Server::start(&["--slowlog-log-slower-than", "0", "--latency-monitor-threshold", "1"]);
    let mut client = server.connect();
    for line in [
        "CONFIG RESETSTAT",
        "SET text x",
        "SLOWLOG RESET",
        "MULTI",
        "INCR text",
        "LPUSH text x",
        "SLOWLOG LEN",
        "EXEC",
    ] {
        assert!(!client.call(line).is_error(), "{line}");
    }
    let words =
        |entry: &Value| entry.elements()[3].elements().iter().map(Value::text).collect::<Vec<_>>().join(" ");
    let slow: Vec<String> = client.call("SLOWLOG GET 20").elements().iter().map(words).collect();
    for line in ["MULTI", "INCR text", "LPUSH text x", "SLOWLOG LEN"] {
        assert!(slow.contains(&line.to_owned()), "{line} is not in {slow:?}");
    }
    let info = client.call("INFO everything").text();
    for line in ["errorstat_ERR:count=1", "errorstat_WRONGTYPE:count=1", "cmdstat_incr:calls=1,"] {
        assert!(info.lines().any(|found| found.starts_with(line)), "{line} is not in\n{info}");
    }
}

/// Who waits for a slot that another one works on is told so in the slow log.
#[test]
fn the_slow_log_tells_waiting_from_working() {
    let server = Server::start(&["--slowlog-log-slower-than", "0", "--io-threads", "2"]);
    let (mut busy, mut client) = (server.connect(), server.connect());
    for from in (0..200_000).step_by(1000) {
        let members: Vec<String> = (from..from + 1000).map(|member| member.to_string()).collect();
        busy.call(&format!("SADD big{{t}} {}", members.join(" ")));
    }
    client.call("SET one{t} 1");
    let entry = |client: &mut Client, name: &str| {
        let calls = client.call("SLOWLOG GET 20 DETAILS");
        let of_name = |entry: &&Value| entry.elements()[3].elements()[0] == *name;
        let entry = calls.elements().iter().find(of_name).expect("the call is there").clone();
        assert_eq!(entry.elements().len(), 8);
        (entry.elements()[2].int(), entry.elements()[6].clone(), entry.elements()[7].int())
    };
    eventually("a command waits for another one", || {
        busy.send("SUNIONSTORE all{t} big{t}");
        client.call("GET one{t}");
        let (took_us, slots, waited_us) = entry(&mut client, "GET");
        busy.read().expect("a reply");
        assert_eq!(slots.elements().len(), 1);
        assert_eq!(slots, entry(&mut client, "SUNIONSTORE").1);
        assert!(waited_us <= took_us);
        waited_us > 1000
    });
    let (took_us, _, waited_us) = entry(&mut client, "SUNIONSTORE");
    assert!(took_us > 1000 && waited_us < took_us / 2, "{waited_us} of {took_us}");
    assert_eq!(client.call("SLOWLOG GET 1").elements()[0].elements().len(), 6);
}

#[test]
fn clients_are_listed_and_killed_by_ids_that_may_be_wrong() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let id = client.call("CLIENT ID").int();
    let list = client.call(&format!("CLIENT LIST ID {id} 0 999999 {id}")).text();
    assert_eq!(list.lines().count(), 2, "{list}");
    let errors = [
        ("CLIENT LIST ID x", "ERR Invalid client ID"),
        ("CLIENT LIST ID 1 TYPE normal", "ERR Invalid client ID"),
        ("CLIENT LIST TYPE normal ID 1", "ERR syntax error"),
        ("CLIENT LIST ID", "ERR syntax error"),
        ("CLIENT LIST TYPE", "ERR syntax error"),
        ("CLIENT LIST TYPE odd", "ERR Unknown client type 'odd'"),
        ("CLIENT KILL ID 0", "ERR client-id should be greater than 0"),
        ("CLIENT KILL ID x", "ERR client-id should be greater than 0"),
        ("CLIENT KILL USER nobody", "ERR No such user 'nobody'"),
        ("CLIENT KILL SKIPME maybe", "ERR syntax error"),
        ("CLIENT KILL ID 1 2", "ERR syntax error"),
        ("CLIENT KILL 1.2.3.4:5", "ERR No such client"),
        ("CLIENT UNBLOCK x SOMEHOW", "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"),
        ("CLIENT UNBLOCK x", "ERR value is not an integer or out of range"),
        ("CLIENT PAUSE x SOME", "ERR CLIENT PAUSE mode must be WRITE or ALL"),
        ("CLIENT PAUSE x", "ERR timeout is not an integer or out of range"),
        ("CLIENT PAUSE -1", "ERR timeout is negative"),
        (
            "client pause x all more",
            "ERR unknown subcommand or wrong number of arguments for 'pause'. Try CLIENT HELP.",
        ),
    ];
    for (line, error) in errors {
        assert_eq!(client.call(line).error(), error, "{line}");
    }
}

/// What looks at all keys within a transaction finds what the transaction has done so far.
#[test]
fn a_transaction_counts_its_own_keys() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.call("SET gone x");
    for queued in ["MULTI", "DEL gone", "SET a 1", "DBSIZE", "SET b 1", "DBSIZE", "KEYS *", "EXEC"] {
        let reply = client.call(queued);
        if queued == "EXEC" {
            let replies = reply.elements();
            assert_eq!((&replies[2], &replies[4]), (&Value::Int(1), &Value::Int(2)));
            assert_eq!(replies[5].elements().len(), 2);
        }
    }
}

#[test]
fn the_keys_of_a_request_are_told_from_its_shape() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let cases: &[(&str, &[&str])] = &[
        ("GETEX k PERSIST EX 100", &["k"]),
        ("MSET a 1 b", &["a", "b"]),
        ("ZUNIONSTORE to 2 a b WEIGHTS nonsense", &["to", "a", "b"]),
        ("SORT l BY x STORE to LIMIT", &["l", "to"]),
        ("GEORADIUS g x y z m STORE to", &["g", "to"]),
        ("GEORADIUS g x y z m STORE", &["g"]),
        ("BLPOP a b 0", &["a", "b"]),
    ];
    for (request, keys) in cases {
        let found = client.call(&format!("COMMAND GETKEYS {request}"));
        assert_eq!(found, Value::bulks(keys.iter().copied()), "{request}");
    }
    let errors = [
        ("SPUBLISH channel m", "ERR The command has no key arguments"),
        ("ZUNIONSTORE to 5 a", "ERR Invalid arguments specified for command"),
        ("SET k", "ERR Invalid number of arguments specified for command"),
        ("NOSUCH k", "ERR Invalid command specified"),
    ];
    for (request, error) in errors {
        assert_eq!(client.call(&format!("COMMAND GETKEYS {request}")).error(), error, "{request}");
    }
}

#[test]
fn uses_are_counted_under_the_policies_that_choose_by_them_unless_the_client_touches_nothing() {
    let server = Server::start(&["--lfu-log-factor", "0"]);
    let mut client = server.connect();
    assert_eq!(client.call("SET key v"), Value::ok());
    for policy in ["noeviction", "allkeys-lru", "volatile-ttl"] {
        client.call(&format!("CONFIG SET maxmemory-policy {policy}"));
        assert_eq!(client.call("OBJECT IDLETIME key"), Value::Int(0), "{policy}");
        assert!(
            client.call("OBJECT FREQ key").error().starts_with("ERR An LFU maxmemory policy is not selected")
        );
    }
    let mut uses = 5;
    for policy in ["allkeys-lfu", "volatile-lfu"] {
        client.call(&format!("CONFIG SET maxmemory-policy {policy}"));
        client.call("GET key");
        uses += 1;
        assert_eq!(client.call("OBJECT FREQ key"), Value::Int(uses), "{policy}");
        assert!(
            client.call("OBJECT IDLETIME key").error().starts_with("ERR An LFU maxmemory policy is selected")
        );
    }
    client.call("CLIENT NO-TOUCH ON");
    client.call("GET key");
    assert_eq!(client.call("OBJECT FREQ key"), Value::Int(uses));
    client.call("CLIENT NO-TOUCH OFF");
    // One use in a billion and more: it will not be this one.
    client.call("CONFIG SET lfu-log-factor 2147483647");
    client.call("GET key");
    assert_eq!(client.call("OBJECT FREQ key"), Value::Int(uses));
}

/// How a key is used may depend on the options; numbers at the edge are no keys.
#[test]
fn the_flags_of_keys_follow_the_request() {
    let server = Server::start(&[]);
    if !server.is_esker() {
        return;
    }
    let mut client = server.connect();
    for (request, expected) in [
        ("SET one GET", "one OW update"),
        ("SET one 1 GET", "one RW access update"),
        ("BITFIELD one GET u8 0", "one RO access"),
        ("BITFIELD one SET u8 0 1", "one RW access update"),
        ("SORT one STORE two", "one RO access two OW update"),
        ("MSETEX 2 a 1 b 2 NX", "a OW update b OW update"),
        ("XREAD STREAMS a b 0 0", "a RO access b RO access"),
    ] {
        let reply = client.call(&format!("COMMAND GETKEYSANDFLAGS {request}"));
        let words = reply.elements().iter().flat_map(|key| {
            let [name, flags] = [0, 1].map(|place| key.elements()[place].clone());
            let flags: Vec<String> = flags.elements().iter().map(Value::text).collect();
            std::iter::once(name.text()).chain(flags)
        });
        assert_eq!(words.collect::<Vec<_>>().join(" "), expected, "{request}");
    }
    for count in [i64::MIN, -1, 0, i64::MAX] {
        let reply = client.call(&format!("COMMAND GETKEYSANDFLAGS ZUNION {count} one"));
        assert_eq!(reply.error(), "ERR Invalid arguments specified for command", "{count}");
    }
}

#[test]
fn a_second_multi_breaks_the_transaction() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.call("MULTI");
    assert_eq!(client.call("MULTI").error(), "ERR MULTI calls can not be nested");
    if server.is_esker() {
        assert!(client.call("EXEC").error().starts_with("EXECABORT"));
    }
}

#[test]
fn the_full_name_of_a_subcommand_is_no_command() {
    let server = Server::start(&[]);
    assert!(server.connect().call("CONFIG|GET port").error().starts_with("ERR unknown command"));
}

#[test]
fn what_is_fixed_may_be_set_to_what_it_is() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    if !server.is_esker() {
        return;
    }
    assert_eq!(client.call("CONFIG SET metrics-port 0"), Value::ok());
    assert!(client.call("CONFIG SET metrics-port 1").error().contains("immutable"));
}

#[test]
fn slowlog_has_what_scripts_call_and_what_has_waited() {
    let server = Server::start(&["--slowlog-log-slower-than", "0"]);
    let (mut client, mut waiting) = (server.connect(), server.connect());
    client.call_with(&["EVAL", "return redis.call('ping')", "0"]);
    waiting.send("BLPOP list 0");
    eventually("it waits", || server.info("blocked_clients") == 1);
    let words = |client: &mut harness::Client| format!("{:?}", client.call("SLOWLOG GET 100"));
    let before = words(&mut client);
    assert!(before.contains("ping") && !before.contains("BLPOP"), "{before}");
    client.call("RPUSH list x");
    assert!(waiting.read().is_ok());
    assert!(words(&mut client).contains("BLPOP"));
}

/// Without a cluster its commands are known and refused, whatever their arguments.
#[test]
fn commands_of_a_cluster_are_known_and_refused() {
    const NONE: &str = "ERR This instance has cluster support disabled";
    let server = Server::start(&[]);
    let mut client = server.connect();
    for request in
        ["CLUSTER INFO", "CLUSTER ADDSLOTS x", "cluster reset hard", "CLUSTER FAILOVER x", "ASKING"]
    {
        assert_eq!(client.call(request).error(), NONE, "{request}");
    }
    assert_eq!(
        client.call("CLUSTER INFO x").error(),
        "ERR wrong number of arguments for 'cluster|info' command"
    );
    assert_eq!(client.call("CLUSTER NOSUCH").error(), "ERR unknown subcommand 'NOSUCH'. Try CLUSTER HELP.");
    let script = "return redis.call('CLUSTER', ARGV[1])";
    let reset = client.call_with(&["EVAL", script, "0", "RESET"]);
    assert!(reset.error().starts_with("ERR This Redis command is not allowed from script"), "{reset:?}");
    assert!(client.call_with(&["EVAL", script, "0", "INFO"]).error().starts_with(NONE));
    let listed = client.call("COMMAND LIST FILTERBY PATTERN cluster|[hr]*");
    let mut names: Vec<_> = listed.elements().iter().map(Value::text).collect();
    names.sort();
    assert_eq!(names, ["cluster|help", "cluster|replicas", "cluster|replicate", "cluster|reset"]);
    assert_eq!(client.call("COMMAND DOCS cluster|info").elements()[0].text(), "cluster|info");
    let info = client.call("COMMAND INFO cluster|reset");
    assert_eq!(info.elements()[0].elements()[1], Value::Int(-2));
    if server.is_esker() {
        let help = client.call("CLUSTER HELP");
        assert!(help.elements().iter().any(|line| line.text().starts_with("KEYSLOT key")), "{help:?}");
    }
}
