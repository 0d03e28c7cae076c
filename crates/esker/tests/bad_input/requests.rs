//! Requests that are wrong: in their form, in the number of arguments, in the arguments.

use crate::harness::{Client, Server, Value, words};
use std::time::Duration;

/// Longer than any line of a request may be: Redis' `PROTO_INLINE_MAX_SIZE`.
const LINE_BYTES_TOO_MANY: usize = 64 * 1024 + 1;

const CLOSED_WITHIN: Duration = Duration::from_secs(5);

fn repeated(start: &str, byte: u8) -> Vec<u8> {
    let mut request = start.as_bytes().to_vec();
    request.resize(start.len() + LINE_BYTES_TOO_MANY, byte);
    request
}

/// Sends `request` on a connection of its own: it is answered by `error`, then closed.
#[track_caller]
fn check_refused(server: &Server, request: &[u8], error: &str) {
    let mut client = server.connect();
    client.send_raw(request).expect("the request is sent");
    let shown = request[..request.len().min(40)].escape_ascii().to_string();
    let reply = client.read().unwrap_or_else(|ended| panic!("{shown}: {ended} instead of {error}"));
    assert_eq!(reply, Value::Error(format!("ERR Protocol error: {error}")), "{shown}");
    assert!(client.is_closed_within(CLOSED_WITHIN), "{shown}: the connection stays open");
}

#[test]
fn malformed_requests_are_refused_and_the_connection_is_closed() {
    let server = Server::start(&[]);
    let cases: &[(&[u8], &str)] = &[
        (b"*abc\r\n", "invalid multibulk length"),
        (b"*\r\n", "invalid multibulk length"),
        (b"* 1\r\n", "invalid multibulk length"),
        (b"*1.0\r\n", "invalid multibulk length"),
        (b"*2147483648\r\n", "invalid multibulk length"),
        (b"*9223372036854775808\r\n", "invalid multibulk length"),
        (b"*1\r\nPING\r\n", "expected '$', got 'P'"),
        (b"*1\r\n:1\r\n", "expected '$', got ':'"),
        (b"*2\r\n$4\r\nECHO\r\n*1\r\n$1\r\na\r\n", "expected '$', got '*'"),
        (b"*1\r\n$abc\r\n", "invalid bulk length"),
        (b"*1\r\n$\r\n", "invalid bulk length"),
        (b"*1\r\n$-1\r\n", "invalid bulk length"),
        (b"*1\r\n$+4\r\nPING\r\n", "invalid bulk length"),
        (b"*1\r\n$536870913\r\n", "invalid bulk length"),
        (b"*1\r\n$9223372036854775808\r\n", "invalid bulk length"),
        (b"SET a \"b\r\n", "unbalanced quotes in request"),
        (b"SET a \"b\"c\r\n", "unbalanced quotes in request"),
        (b"SET a 'b\r\n", "unbalanced quotes in request"),
        (&repeated("", b'a'), "too big inline request"),
        (&repeated("*", b'1'), "too big mbulk count string"),
        (&repeated("*1\r\n$", b'1'), "too big bulk count string"),
    ];
    for (request, error) in cases {
        check_refused(&server, request, error);
    }
    assert_eq!(server.connect().call("PING"), Value::Simple(b"PONG".to_vec()));
}

#[test]
fn before_authentication_requests_are_kept_small() {
    let server = Server::start(&["--requirepass", "secret"]);
    check_refused(&server, b"*11\r\n", "unauthenticated multibulk length");
    check_refused(&server, b"*2147483647\r\n", "unauthenticated multibulk length");
    check_refused(&server, b"*1000000\r\n", "unauthenticated multibulk length");
    check_refused(&server, b"*2\r\n$4\r\nECHO\r\n$16385\r\n", "unauthenticated bulk length");

    let mut client = server.connect();
    let denied = "NOAUTH Authentication required.";
    for command in ["GET a", "PING", "MULTI", "SUBSCRIBE a", "COMMAND COUNT", "CLIENT ID"] {
        assert_eq!(client.call(command).error(), denied, "{command}");
    }
    let wrong = "WRONGPASS invalid username-password pair or user is disabled.";
    assert_eq!(client.call("AUTH guess").error(), wrong);
    assert_eq!(client.call("AUTH nobody secret").error(), wrong);
    assert_eq!(client.call("HELLO 3 AUTH default guess").error(), wrong);
    assert!(
        client.call("HELLO 3").error().starts_with("NOAUTH HELLO must be called with the client already")
    );
    assert_eq!(client.call("AUTH secret"), Value::ok());
    assert_eq!(client.call("SET a 1"), Value::ok());
    assert_eq!(server.connect().call("AUTH default secret"), Value::ok());
}

#[test]
fn empty_requests_are_skipped() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    for nothing in ["\r\n", "\n", "   \r\n", "*0\r\n", "*-1\r\n", "*-2147483649\r\n"] {
        client.send_raw(nothing.as_bytes()).unwrap();
        assert_eq!(client.call("ECHO on"), Value::bulk("on"), "{nothing:?}");
    }
}

#[test]
fn inline_requests_are_split_as_redis_splits_them() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let cases: &[(&str, &[u8])] = &[
        ("ECHO a\r\n", b"a"),
        ("ECHO a\n", b"a"),
        ("  echo   a  \r\n", b"a"),
        ("ECHO\ta\r\n", b"a"),
        ("ECHO \"a b\"\r\n", b"a b"),
        ("ECHO 'a \"b\"'\r\n", b"a \"b\""),
        ("ECHO 'it\\'s'\r\n", b"it's"),
        ("ECHO '\\n'\r\n", b"\\n"),
        ("ECHO \"\\x00\\xfF\\n\\r\\t\\a\\b\\\"\\q\"\r\n", b"\0\xff\n\r\t\x07\x08\"q"),
        ("ECHO \"\"\r\n", b""),
    ];
    for (request, echoed) in cases {
        client.send_raw(request.as_bytes()).unwrap();
        assert_eq!(client.read().unwrap(), Value::bulk(echoed), "{request:?}");
    }
}

#[test]
fn a_request_may_arrive_byte_by_byte() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    for byte in b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$4\r\n\r\n\r\n\r\nPING\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n" {
        client.send_raw(&[*byte]).unwrap();
    }
    assert_eq!(client.read().unwrap(), Value::ok());
    assert_eq!(client.read().unwrap(), Value::Simple(b"PONG".to_vec()));
    assert_eq!(client.read().unwrap(), Value::bulk("\r\n\r\n"));
}

/// A browser that is led to the port must not be able to run commands.
#[test]
fn http_requests_are_cut_off() {
    let server = Server::start(&[]);
    let requests = [
        "POST /SET HTTP/1.1\r\nContent-Length: 9\r\n\r\nSET a 1\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\nSET a 1\r\n",
    ];
    for request in requests {
        let mut client = server.connect();
        client.send_raw(request.as_bytes()).unwrap();
        assert!(client.is_closed_within(CLOSED_WITHIN), "{request}");
    }
    assert_eq!(server.connect().call("EXISTS a"), Value::Int(0));
    assert!(server.log().to_lowercase().contains("security"), "{}", server.log());
}

#[test]
fn a_request_half_sent_keeps_nobody_waiting() {
    let server = Server::start(&[]);
    let halves =
        ["*3\r\n$3\r\nSET\r\n$1\r\na", "*2\r\n$4\r\nEC", "*", "$", "SET a", "*1\r\n$5000000\r\nabc", "\""];
    let mut held: Vec<Client> = (0..70).map(|_| server.connect()).collect();
    for (client, half) in held.iter_mut().zip(halves.iter().cycle()) {
        client.send_raw(half.as_bytes()).unwrap();
    }
    let mut other = server.connect();
    for count in 1..=200 {
        assert_eq!(other.call("INCR n"), Value::Int(count));
    }
    held[0].send_raw(b"\r\n$1\r\nb\r\n").unwrap();
    assert_eq!(held[0].read().unwrap(), Value::ok());
    assert_eq!(other.call("GET a"), Value::bulk("b"));
}

/// COMMAND tells the arity of every command and subcommand; each insists on it.
#[test]
fn a_wrong_number_of_arguments_is_refused_by_every_command() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let commands = client.call("COMMAND");
    assert!(commands.elements().len() > 150);
    for command in commands.elements() {
        check_arity(&mut client, command);
        command.elements()[9].elements().iter().for_each(|subcommand| check_arity(&mut client, subcommand));
    }
}

fn check_arity(client: &mut Client, entry: &Value) {
    let name = entry.elements()[0].text();
    let arity = entry.elements()[1].int();
    let mut line: Vec<&str> = name.split('|').collect();
    // A failed EXEC always says that the transaction is gone, even where there was none.
    let code = if name == "exec" { "EXECABORT Transaction discarded because of:" } else { "ERR" };
    let error = Value::Error(format!("{code} wrong number of arguments for '{name}' command"));
    let mut check = |line: &[&str]| assert_eq!(client.call_with(line), error, "{line:?}");
    let least = arity.unsigned_abs() as usize;
    if least > line.len() {
        line.resize(least - 1, "x");
        check(&line);
    }
    if arity > 0 {
        line.resize(least + 1, "x");
        check(&line);
    }
}

#[test]
fn counts_and_numbers_out_of_range_are_refused() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    for line in
        ["SET s hello", "SET n 9223372036854775807", "RPUSH l a b", "SADD e a b", "HSET h a 1", "ZADD z 1 a"]
    {
        client.call(line);
    }
    let range = "ERR value is out of range";
    let positive = "ERR value is out of range, must be positive";
    let integer = "ERR value is not an integer or out of range";
    let syntax = "ERR syntax error";
    let too_long = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
    let bit_offset = "ERR bit offset is not an integer or out of range";
    let cases = [
        ("LPOP l -1", positive),
        ("RPOP l 9223372036854775808", positive),
        ("SPOP e -1", positive),
        ("LMPOP 0 l LEFT", "ERR numkeys should be greater than 0"),
        ("LMPOP 9223372036854775807 l LEFT", syntax),
        ("LMPOP 1 l LEFT COUNT 0", "ERR count should be greater than 0"),
        ("LPOS l a RANK 0", "ERR RANK can't be zero"),
        ("LPOS l a COUNT -1", "ERR COUNT can't be negative"),
        ("LPOS l a MAXLEN -1", "ERR MAXLEN can't be negative"),
        ("LSET l 9999 x", "ERR index out of range"),
        ("SRANDMEMBER e -9223372036854775808", range),
        ("HRANDFIELD h -9223372036854775808", range),
        ("HRANDFIELD h -9223372036854775807 WITHVALUES", range),
        ("ZRANDMEMBER z -9223372036854775808", range),
        ("ZRANDMEMBER z 9223372036854775807 WITHSCORES", range),
        ("SINTERCARD 0 e", "ERR numkeys should be greater than 0"),
        ("SINTERCARD 9223372036854775807 e", "ERR Number of keys can't be greater than number of args"),
        ("SINTERCARD 3 e e", "ERR Number of keys can't be greater than number of args"),
        ("SINTERCARD 1 e LIMIT -1", "ERR LIMIT can't be negative"),
        ("ZUNION 2147483647 z", syntax),
        ("ZUNION 0 z", "ERR at least 1 input key is needed for 'zunion' command"),
        ("ZINTERSTORE z -1 z", "ERR at least 1 input key is needed for 'zinterstore' command"),
        ("ZADD z nan a", "ERR value is not a valid float"),
        ("ZRANGE z 0 9223372036854775808", integer),
        ("SETRANGE s -1 x", "ERR offset is out of range"),
        ("SETRANGE s 536870912 x", too_long),
        ("SETRANGE s 9223372036854775807 x", too_long),
        ("SETBIT s -1 1", bit_offset),
        ("SETBIT s 4294967296 1", bit_offset),
        ("SETBIT s 1 2", "ERR bit is not an integer or out of range"),
        ("GETBIT s 9223372036854775807", bit_offset),
        ("BITFIELD s SET u8 9223372036854775807 1", bit_offset),
        (
            "BITFIELD s GET u64 0",
            "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.",
        ),
        ("INCR n", "ERR increment or decrement would overflow"),
        ("DECRBY n -9223372036854775808", "ERR decrement would overflow"),
        ("INCRBYFLOAT n inf", "ERR increment would produce NaN or Infinity"),
        ("HINCRBY h a 9223372036854775807", "ERR increment or decrement would overflow"),
        ("EXPIRE s 9223372036854775807", "ERR invalid expire time in 'expire' command"),
        ("SET s x EX 0", "ERR invalid expire time in 'set' command"),
        ("SETEX s -1 x", "ERR invalid expire time in 'setex' command"),
        ("PSETEX s 9223372036854775807 x", "ERR invalid expire time in 'psetex' command"),
        ("GETEX s PX 9223372036854775808", integer),
        ("SELECT 16", "ERR DB index is out of range"),
        ("SELECT -1", "ERR DB index is out of range"),
        ("MOVE s 99", "ERR DB index is out of range"),
        ("COPY s t DB 16", "ERR DB index is out of range"),
        ("SWAPDB 0 16", "ERR DB index is out of range"),
        ("SCAN 0 COUNT 0", syntax),
        ("SCAN 0 COUNT -1", syntax),
        ("SCAN 18446744073709551616", "ERR invalid cursor"),
        ("BLPOP l -1", "ERR timeout is negative"),
        ("BLPOP l abc", "ERR timeout is not a float or out of range"),
        ("LCS s s MINMATCHLEN abc", integer),
        ("GEOADD g 181 0 a", "ERR invalid longitude,latitude pair 181.000000,0.000000"),
        ("GEORADIUS g 0 0 -1 km", "ERR radius cannot be negative"),
        (
            "OBJECT FREQ s",
            "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.",
        ),
        ("CLIENT KILL ID -1", "ERR client-id should be greater than 0"),
        ("CLIENT UNBLOCK x", integer),
        ("HELLO 4", "NOPROTO unsupported protocol version"),
        (
            "DEBUG SLEEP 0",
            "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.",
        ),
    ];
    for (line, error) in cases {
        let reply = client.call(line);
        assert!(
            matches!(&reply, Value::Error(text) if text.starts_with(error)),
            "{line}: {reply:?} instead of {error}"
        );
    }
    // Ranges, on the other hand, are cut to what there is.
    assert_eq!(client.call("GETRANGE s -9223372036854775808 9223372036854775807"), Value::bulk("hello"));
    assert_eq!(client.call("LRANGE l -9223372036854775808 9223372036854775807"), Value::bulks(["a", "b"]));
    assert_eq!(client.call("LPOP l 9223372036854775807"), Value::bulks(["a", "b"]));
    assert_eq!(client.call("SCAN 0 COUNT 9223372036854775807").elements()[0], Value::bulk("0"));
    assert_eq!(client.call("SRANDMEMBER e -100000").elements().len(), 100_000);
    assert_eq!(client.call("ZRANGE z 0 -1 WITHSCORES"), Value::bulks(["a", "1"]));
}

/// Names and values are bytes; nothing demands that they be text.
#[test]
fn invalid_utf8_is_welcome_wherever_bytes_are() {
    const RAW: &[u8] = b"\xff\xfe\x80\0\xc3\x28";
    let server = Server::start(&[]);
    let mut client = server.connect();
    let raw = || Value::bulk(RAW);
    // In each line `?` stands for the raw bytes.
    let mut call = |line: &str| {
        let arguments: Vec<&[u8]> =
            words(line).into_iter().map(|word| if word == "?" { RAW } else { word.as_bytes() }).collect();
        client.call_with(&arguments)
    };
    assert_eq!(call("ECHO ?"), raw());
    assert_eq!(call("SET ? ?"), Value::ok());
    assert_eq!(call("GET ?"), raw());
    assert_eq!(call("KEYS ?"), Value::Array(vec![raw()]));
    assert_eq!(call("SCAN 0 MATCH ?").elements()[1], Value::Array(vec![raw()]));
    assert_eq!(call("RENAME ? s"), Value::ok());
    assert_eq!(call("HSET ? ? ?"), Value::Int(1));
    assert_eq!(call("HGETALL ?"), Value::Array(vec![raw(), raw()]));
    assert_eq!(call("RPUSH l ? a"), Value::Int(2));
    assert_eq!(call("SORT l ALPHA BY nosort GET #"), Value::Array(vec![raw(), Value::bulk("a")]));
    assert_eq!(call("SADD e ?"), Value::Int(1));
    assert_eq!(call("SMEMBERS e"), Value::Array(vec![raw()]));
    assert_eq!(call("ZADD z 0 ?"), Value::Int(1));
    assert_eq!(call("ZRANGEBYLEX z - +"), Value::Array(vec![raw()]));
    assert_eq!(call("PFADD f ?"), Value::Int(1));
    assert_eq!(call("GEOADD g 1 1 ?"), Value::Int(1));
    assert_eq!(call("PUBLISH ? ?"), Value::Int(0));
    assert_eq!(call("PUBSUB NUMSUB ?"), Value::Array(vec![raw(), Value::Int(0)]));
    assert_eq!(call("CONFIG GET ?"), Value::Array(vec![]));
    assert_eq!(call("EXISTS ?"), Value::Int(1));
    for line in [
        "? a",
        "SELECT ?",
        "INCRBY n ?",
        "ZADD z ? a",
        "CLIENT SETNAME ?",
        "CONFIG SET ? ?",
        "OBJECT ? a",
        "HELLO ?",
    ] {
        assert!(call(line).is_error(), "{line}");
    }
    let mut subscriber = server.connect();
    subscriber.send_raw(&crate::harness::encode(&[b"PSUBSCRIBE".as_slice(), RAW])).unwrap();
    assert_eq!(subscriber.read().unwrap().elements()[1], raw());
}

#[test]
fn unknown_commands_are_named_with_their_arguments() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let cases = [
        ("nosuch", "ERR unknown command 'nosuch', with args beginning with: "),
        ("NOSUCH a b", "ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b' "),
        ("CONFIG nosuch", "ERR unknown subcommand 'nosuch'. Try CONFIG HELP."),
    ];
    for (line, error) in cases {
        assert_eq!(client.call(line).error(), error);
    }
    let long = "x".repeat(500);
    let text = client.call_with(&[long.as_str(), long.as_str(), long.as_str()]).error().to_owned();
    assert!(text.len() < 400, "the error does not repeat everything: {text}");
    // A line end in a name must not become one in the reply.
    let reply = client.call_with(&["a\r\nb"]);
    assert!(reply.error().starts_with("ERR unknown command 'a  b'"), "{reply:?}");
}
