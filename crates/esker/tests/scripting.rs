//! Scripts and functions: atomic, sandboxed, and in nobody's way but that of those who need the same keys.

mod harness;

use harness::{Client, Server, Value, eventually};
use std::thread;
use std::time::Duration;

fn eval(client: &mut Client, script: &str, words: &[&str]) -> Value {
    client.call_with(&[&["EVAL", script][..], words].concat())
}

/// A server on each engine in turn.
fn servers() -> impl Iterator<Item = Server> {
    ["memory", "disk"].into_iter().map(|engine| Server::start(&["--engine", engine]))
}

fn is_slow(client: &mut Client) -> bool {
    let reply = client.call("PING");
    reply.is_error() && reply.error().starts_with("BUSY")
}

/// A client that runs a script in the background; others learn that it is slow.
fn run_slowly(server: &Server, script: &str, words: &[&str]) -> Client {
    let mut client = server.connect();
    let words = [&["EVAL", script][..], words].concat();
    client.send_raw(&harness::encode(&words)).expect("a request");
    let mut other = server.connect();
    eventually("slow", || is_slow(&mut other));
    client
}

#[test]
fn keys_declared_or_not_are_read_and_written() {
    for server in servers() {
        let mut client = server.connect();
        let set = "redis.call('SET', KEYS[1], ARGV[1]) return redis.call('GET', KEYS[1])";
        // The first run finds out what the script touches, the others know.
        for value in ["1", "2", "3"] {
            assert_eq!(eval(&mut client, set, &["1", "k", value]), Value::bulk(value));
        }
        let undeclared = "redis.call('INCR', 'n') return redis.call('MGET', KEYS[1], 'n', 'none')[2]";
        for value in ["1", "2", "3"] {
            assert_eq!(eval(&mut client, undeclared, &["1", "k"]), Value::bulk(value));
        }
        let all = "return {redis.call('DBSIZE'), #redis.call('KEYS', '*'), #redis.call('SCAN', 0)[2]}";
        for _ in 0..2 {
            let expected = Value::Array(vec![Value::Int(2), Value::Int(2), Value::Int(2)]);
            assert_eq!(eval(&mut client, all, &["0"]), expected);
        }
        assert_eq!(
            eval(&mut client, "redis.call('FLUSHALL') return redis.call('DBSIZE')", &["0"]),
            Value::Int(0)
        );
    }
}

#[test]
fn a_script_that_has_kept_to_its_keys_and_then_does_not_runs_again() {
    for server in servers() {
        let mut client = server.connect();
        let script = "if ARGV[1] ~= '' then return redis.call('INCR', ARGV[1]) end return redis.call('EXISTS', KEYS[1])";
        for _ in 0..2 {
            assert_eq!(eval(&mut client, script, &["1", "k", ""]), Value::Int(0));
        }
        assert_eq!(eval(&mut client, script, &["1", "k", "other"]), Value::Int(1));
        // It was not run twice as far as anybody can see, and has written before it touches another key.
        let script =
            "redis.call('INCR', KEYS[1]) if ARGV[1] ~= '' then redis.call('INCR', ARGV[1]) end return 1";
        for _ in 0..2 {
            assert_eq!(eval(&mut client, script, &["1", "k", ""]), Value::Int(1));
        }
        assert_eq!(eval(&mut client, script, &["1", "k", "other"]), Value::Int(1));
        assert_eq!(client.call("MGET k other"), Value::bulks(["3", "2"]));
    }
}

#[test]
fn scripts_on_many_keys_are_atomic_and_none_waits_for_ever() {
    const ROUNDS: usize = 300;
    for server in servers() {
        // Each moves one from a key to another that it does not declare; the sum stays.
        let scripts = [
            "redis.call('DECR', 'k' .. ARGV[1]) redis.call('INCR', 'k' .. ARGV[2]) return 1",
            "redis.call('DECR', KEYS[1]) redis.call('INCR', KEYS[2]) return 1",
            "local s = 0 for i = 0, 7 do s = s + (redis.call('GET', 'k' .. i) or 0) end return s",
        ];
        thread::scope(|scope| {
            for number in 0..6 {
                let server = &server;
                scope.spawn(move || {
                    let mut client = server.connect();
                    for round in 0..ROUNDS {
                        let (from, to) = ((round * 3 + number) % 8, (round * 5 + 2 * number) % 8);
                        let (from, to) = (from.to_string(), to.to_string());
                        let (first, second) = (format!("k{from}"), format!("k{to}"));
                        let script = scripts[number % 3];
                        let reply = match number % 3 {
                            0 => eval(&mut client, script, &["0", &from, &to]),
                            1 => eval(&mut client, script, &["2", &first, &second]),
                            _ => eval(&mut client, script, &["0"]),
                        };
                        let expected = if number % 3 == 2 { 0 } else { 1 };
                        assert_eq!(reply, Value::Int(expected));
                    }
                });
            }
            let server = &server;
            scope.spawn(move || {
                let mut client = server.connect();
                for _ in 0..ROUNDS / 10 {
                    client.call("DBSIZE");
                    for line in ["MULTI", "KEYS k*", "GET k1", "EXEC"] {
                        client.call(line);
                    }
                }
            });
        });
        assert_eq!(eval(&mut server.connect(), scripts[2], &["0"]), Value::Int(0));
    }
}

#[test]
fn within_a_transaction_a_script_is_part_of_it() {
    for server in servers() {
        let mut client = server.connect();
        client.call("MULTI");
        client.call("SET a 1");
        eval(&mut client, "redis.call('INCR', KEYS[1]) return redis.call('INCR', 'undeclared')", &["1", "a"]);
        eval(&mut client, "return redis.call('NOSUCH')", &["0"]);
        client.call("GET a");
        let replies = client.call("EXEC");
        let replies = replies.elements();
        assert_eq!((&replies[1], &replies[3]), (&Value::Int(1), &Value::bulk("2")));
        assert!(replies[2].error().starts_with("ERR Unknown command called from script"));
    }
}

#[test]
fn what_a_script_did_before_it_failed_stays() {
    for server in servers() {
        let mut client = server.connect();
        let mut waiting = server.connect();
        waiting.send("BLPOP list 0");
        eventually("blocked", || server.info("blocked_clients") == 1);
        let script = "redis.call('RPUSH', KEYS[1], 'a') redis.call('SET', KEYS[2], 1) error('enough')";
        let reply = eval(&mut client, script, &["2", "list", "s"]);
        let digest = client.call_with(&["SCRIPT", "LOAD", script]).text();
        assert_eq!(reply.error(), format!("ERR user_script:1: enough script: {digest}, on @user_script:1."));
        assert_eq!(waiting.read().expect("a reply"), Value::bulks(["list", "a"]));
        assert_eq!(client.call("GET s"), Value::bulk("1"));
    }
}

#[test]
fn a_slow_script_can_be_killed_and_others_are_told() {
    for server in servers() {
        let mut client = server.connect();
        client.call("CONFIG SET busy-reply-threshold 50");
        for endless in [
            "while true do end",
            "while true do pcall(function() while true do end end) end",
            "while true do redis.call('GET', KEYS[1]) end",
            "return ('a'):rep(5000):find(('.-'):rep(20) .. 'b')",
        ] {
            let mut slow = run_slowly(&server, endless, &["1", "k"]);
            assert!(client.call("SHUTDOWN").error().starts_with("BUSY"));
            assert!(client.call("FUNCTION KILL").error().starts_with("BUSY"));
            client.call("MULTI");
            assert_eq!(client.call("SCRIPT KILL"), Value::Simple(b"QUEUED".to_vec()));
            client.call("DISCARD");
            assert_eq!(client.call("SCRIPT KILL"), Value::ok());
            let reply = slow.read().expect("a reply");
            assert!(reply.error().starts_with("ERR Script killed by user with SCRIPT KILL."), "{reply:?}");
            assert_eq!(client.call("SET k 1"), Value::ok());
        }
        assert_eq!(client.call("SCRIPT KILL").error(), "NOTBUSY No scripts in execution right now.");
    }
}

#[test]
fn a_script_that_has_written_cannot_be_killed_and_the_server_can_be_stopped() {
    let mut server = Server::start(&["--busy-reply-threshold", "50"]);
    let _slow = run_slowly(&server, "redis.call('SET', KEYS[1], 1) while true do end", &["1", "k"]);
    let mut client = server.connect();
    assert!(client.call("SCRIPT KILL").error().starts_with("UNKILLABLE"));
    client.send("SHUTDOWN NOSAVE");
    server.wait();
}

#[test]
fn a_slow_script_is_in_the_way_only_of_those_who_need_its_keys() {
    for server in servers() {
        let mut client = server.connect();
        client.call("SET mine 1");
        let mut slow = server.connect();
        let endless = ["EVAL", "while true do end", "1", "mine"];
        slow.send_raw(&harness::encode(&endless)).expect("a request");
        thread::sleep(Duration::from_millis(100));
        // More than there are workers wait for its key.
        let mut waiting: Vec<Client> = (0..8).map(|_| server.connect()).collect();
        waiting.iter_mut().for_each(|client| client.send("GET mine"));
        for _ in 0..100 {
            assert_eq!(client.call("SET other 1"), Value::ok());
            assert_eq!(
                eval(&mut client, "return redis.call('GET', KEYS[1])", &["1", "other"]),
                Value::bulk("1")
            );
        }
        assert_eq!(client.call("SCRIPT KILL").error(), "NOTBUSY No scripts in execution right now.");
        client.call("CONFIG SET busy-reply-threshold 1");
        eventually("killed", || client.call("SCRIPT KILL") == Value::ok());
        assert!(slow.read().expect("a reply").is_error());
        for client in &mut waiting {
            assert_eq!(client.read().expect("a reply"), Value::bulk("1"));
        }
    }
}

#[test]
fn hostile_scripts_end_with_an_error_and_the_server_goes_on() {
    let server = Server::start(&["--script-memory-max", "32mb"]);
    let mut client = server.connect();
    for script in [
        "return string.rep('x', 2000000000)",
        "local s = 'x' while true do s = s .. s end",
        "local t = {} while true do t[#t + 1] = {1, 2, 3} end",
        "local function f() return 1 + f() end return f()",
        "local t = {} t[1] = t return cjson.encode(t)",
        "return cjson.decode(string.rep('[', 100000))",
        "return loadstring(string.dump(function() end))()",
        "return ('x'):rep(100000):find(('x?'):rep(100000))",
        "return ('x'):rep(1000000):gsub('x', ('y'):rep(1000000))",
        "redis.call('EVAL', 'return 1', 0)",
        "redis.call('MULTI')",
        "redis.call('SUBSCRIBE', 'c')",
        "return redis.call('SET', 'k')",
        "rawset(_G, 'x', 1)",
        "getmetatable('').__index = nil",
        "return io.open('/etc/passwd')",
        "return os.execute('true')",
        "coroutine.wrap(function() error({}) end)()",
        "error(setmetatable({}, {__index = function() error('x') end, __tostring = function() error('y') end}))",
    ] {
        let reply = eval(&mut client, script, &["0"]);
        assert!(reply.is_error(), "{script}: {reply:?}");
        assert_eq!(client.call("PING"), Value::Simple(b"PONG".to_vec()), "{script}");
    }
    // Nobody here reads so deep a reply.
    let mut other = server.connect();
    let deep = ["EVAL", "local t = {} t[1] = t return t", "0"];
    other.send_raw(&harness::encode(&deep)).expect("a request");
    thread::sleep(Duration::from_millis(100));
    let wide = eval(&mut client, "local t = {} for i = 1, 100000 do t[i] = i end return t", &["0"]);
    assert_eq!(wide.elements().len(), 100_000);
    assert_eq!(eval(&mut client, "return #redis.call('PING').ok", &["0"]), Value::Int(4));
}

#[test]
fn scripts_select_and_speak_for_themselves() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    eval(
        &mut client,
        "redis.call('SELECT', 9) redis.call('SET', KEYS[1], 'nine') redis.setresp(3)",
        &["1", "k"],
    );
    assert!(client.call("GET k").is_null());
    // Within a transaction too: what follows works on the client's database.
    client.call("MULTI");
    eval(&mut client, "redis.call('SELECT', 9)", &["0"]);
    client.call("SET after 1");
    client.call("EXEC");
    assert_eq!(client.call("GET after"), Value::bulk("1"));
    client.call("SELECT 9");
    assert_eq!(client.call("GET k"), Value::bulk("nine"));
    let read = "#!lua flags=no-writes\nreturn redis.call('SET', KEYS[1], 1)";
    assert!(eval(&mut client, read, &["1", "k"]).error().starts_with("ERR Write commands are not allowed"));
    let reply = client.call_with(&["EVAL_RO", "#!lua\nreturn 1", "0"]);
    assert_eq!(reply.error(), "ERR Can not execute a script with write flag using *_ro command.");
}

#[test]
fn libraries_are_loaded_listed_dumped_and_replaced() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let code = "#!lua name=lib\nredis.register_function{function_name='f', callback=function(k, a) return {k[1], a[1]} end, flags={'no-writes'}}";
    assert_eq!(client.call_with(&["FUNCTION", "LOAD", code]), Value::bulk("lib"));
    assert_eq!(client.call("FCALL_RO f 1 key argument"), Value::bulks(["key", "argument"]));
    let payload = client.call("FUNCTION DUMP");
    let payload = payload.bytes().expect("a payload").to_vec();
    let restore = |client: &mut Client, policy: &str| {
        client.call_with(&[b"FUNCTION", &b"RESTORE"[..], &payload, policy.as_bytes()])
    };
    assert_eq!(restore(&mut client, "APPEND").error(), "ERR Library lib already exists");
    client.call("FUNCTION FLUSH");
    assert_eq!(client.call("FCALL f 0").error(), "ERR Function not found");
    assert_eq!(restore(&mut client, "APPEND"), Value::ok());
    assert_eq!(restore(&mut client, "FLUSH"), Value::ok());
    assert_eq!(client.call("FCALL f 1 key argument"), Value::bulks(["key", "argument"]));
    let endless = "#!lua name=endless\nwhile true do end";
    assert_eq!(client.call_with(&["FUNCTION", "LOAD", endless]).error(), "ERR FUNCTION LOAD timeout");
    let other = "#!lua name=lib\nredis.register_function('f', function() return 2 end)";
    assert_eq!(client.call_with(&["FUNCTION", "LOAD", "REPLACE", other]), Value::bulk("lib"));
    assert_eq!(client.call("FCALL f 0"), Value::Int(2));
}

#[test]
fn time_rests_while_a_script_runs() {
    let server = Server::start(&["--enable-debug-command", "yes"]);
    let mut client = server.connect();
    client.call("DEBUG SET-DISABLE-DENY-SCRIPTS 1");
    let script = "local before = redis.call('TIME') redis.call('DEBUG', 'SLEEP', 0.01) return {before, redis.call('TIME')}";
    let reply = eval(&mut client, script, &["0"]);
    assert_eq!(reply.elements()[0], reply.elements()[1], "{reply:?}");
    let seconds = |reply: &Value| reply.elements()[0].text().parse::<u64>().expect("seconds");
    assert!(seconds(&client.call("TIME")) - seconds(&reply.elements()[0]) < 20);
}

#[test]
fn a_script_sees_the_time_to_the_microsecond() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    // As a limit on calls in a sliding window keeps them apart.
    let script = "local now = redis.call('TIME') return redis.call('ZADD', KEYS[1], now[1], now[1] * 1000000 + now[2])";
    (0..200).for_each(|_| _ = eval(&mut client, script, &["1", "calls"]));
    assert_eq!(client.call("ZCARD calls"), 200);
}

#[test]
fn what_a_script_does_itself_is_no_commands_time() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let script =
        "local began = os.clock() while os.clock() - began < 0.1 do end return redis.call('GET', KEYS[1])";
    eval(&mut client, script, &["1", "key"]);
    let field = |line: &str| {
        let (_, rest) = line.split_once("usec=")?;
        rest.split(',').next()?.parse::<u64>().ok()
    };
    let info = client.call("INFO commandstats").text();
    let spent_us = |name: &str| {
        let line = info.lines().find(|line| line.starts_with(&format!("cmdstat_{name}:")));
        line.and_then(field).expect("a time")
    };
    assert!(spent_us("eval") > 100_000 && spent_us("get") < 50_000, "{info}");
}

#[test]
fn commands_that_might_block_answer_at_once_in_scripts() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.call("ZADD z 1 a");
    let script = "return {redis.call('BZMPOP', 0, 1, 'z', 'MIN')[1], redis.call('BZMPOP', 0, 1, 'z', 'MIN')}";
    assert_eq!(eval(&mut client, script, &["1", "z"]), Value::Array(vec![Value::bulk("z"), Value::NullBulk]));
}
