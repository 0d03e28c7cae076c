//! Scripts that mean harm: to the interpreter, to other scripts, to the server's memory and time.

use crate::harness::{Client, SOON, Server, Value, encode, eventually};

fn eval(client: &mut Client, script: &[u8]) -> Value {
    client.call_with(&[b"EVAL", script, b"0"])
}

/// Compiled code is not checked by Lua when it is run, and would lead anywhere.
#[test]
fn compiled_code_is_not_run_whichever_way_it_comes() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let compiled = b"\x1bLua\x51\x00\x01\x04\x08\x04\x08\x00";
    let library = [b"#!lua name=l\n".as_slice(), compiled].concat();
    for request in [
        vec![b"EVAL".as_slice(), compiled, b"0"],
        vec![b"EVAL_RO", compiled, b"0"],
        vec![b"SCRIPT", b"LOAD", compiled],
        vec![b"FUNCTION", b"LOAD", compiled],
        vec![b"FUNCTION", b"LOAD", &library],
    ] {
        let reply = client.call_with(&request);
        assert!(reply.is_error(), "{}: {reply:?}", request[0].escape_ascii());
    }
    // The functions that read code take none of it either; where there is none that writes it, the better.
    for loaded in [
        "loadstring(ARGV[1])",
        "load(function() local s = ARGV[1] ARGV[1] = nil return s end)",
        "loadstring(string.dump(function() return 1 end))",
        "loadstring('\\27' .. string.dump(function() return 1 end):sub(2))",
    ] {
        let script = format!(
            "local ok, f = pcall(function() return {loaded} end) return ok and type(f) == 'function'"
        );
        let reply = client.call_with(&[b"EVAL", script.as_bytes(), b"0", compiled]);
        assert_eq!(reply, Value::NullBulk, "{loaded}");
    }
    assert_eq!(client.call("PING").text(), "PONG");
}

/// What all scripts share stays as it is, whoever tries and however.
#[test]
fn no_script_changes_what_the_others_see() {
    let server = Server::start(&["--io-threads", "1"]);
    let mut client = server.connect();
    let seen = "
        local t = {}
        for _, library in ipairs({redis, string, table, math, cjson, cmsgpack, bit, struct, os, coroutine}) do
            for name, value in pairs(library) do t[#t + 1] = tostring(name) .. type(value) end
        end
        for name, value in pairs(_G) do if name ~= 'KEYS' and name ~= 'ARGV' then t[#t + 1] = tostring(name) end end
        table.sort(t)
        t[#t + 1] = ('x'):upper() .. #('xyz') .. tostring(pcall(function() return undefined end))
        t[#t + 1] = redis.sha1hex('') .. cjson.encode({1}) .. tostring(redis.call('PING').ok)
        return table.concat(t, ' ')";
    let before = eval(&mut client, seen.as_bytes());
    assert!(before.text().contains("X3false"), "{before:?}");
    for attack in [
        "string.upper = nil",
        "getmetatable('').__index = {upper = function() return 'mine' end}",
        "getmetatable('').__index.upper = function() return 'mine' end",
        "rawset(getmetatable(''), '__index', {})",
        "rawset(string, 'upper', 1)",
        "setmetatable(string, {})",
        "setmetatable(_G, {__index = function() return 1 end})",
        "setmetatable('', {})",
        "rawset(_G, 'redis', {})",
        "getmetatable(_G).__index.redis = nil",
        "getmetatable(_G).__newindex = nil",
        "getmetatable(redis).__newindex = nil",
        "redis.call = function() return {ok = 'mine'} end",
        "redis.sha1hex = redis.call",
        "server = nil",
        "table.insert(redis, 'x')",
        "table.sort(string, function() return true end)",
        "table.foreach = table.foreach or 1",
        "getfenv(0).undefined = 1",
        "getfenv(1).undefined = 1",
        "getfenv(2).undefined = 1",
        "getfenv(string.upper).undefined = 1",
        "getfenv(redis.call).undefined = 1",
        "setfenv(0, {})",
        "setfenv(1, setmetatable({}, {__index = _G})) undefined = 1",
        "setfenv(redis.call, {})",
        "setfenv(string.upper, {})",
        "undefined = 1",
        "local m = newproxy(true) getmetatable(m).__gc = function() undefined = 1 end",
        "setmetatable({}, {__gc = function() undefined = 1 end}) collectgarbage()",
        "debug.sethook(function() end)",
        "debug.getregistry().x = 1",
        "debug.setmetatable('', nil)",
        "package.loaded.string = nil",
        "module('undefined')",
        "require('os').execute('true')",
        "coroutine.wrap(function() getfenv(0).undefined = 1 end)()",
        "loadstring('undefined = 1')()",
        "cjson.encode_number_precision(3) cjson.encode_sparse_array(true) cjson.encode_max_depth(1)",
        "cjson.decode_max_depth(1) cjson.decode_invalid_numbers(true)",
        "redis.setresp(3)",
        "math.randomseed(1)",
        "string.gsub('x', 'x', function() string.upper = nil end)",
        "xpcall(function() error('x') end, function() getmetatable('').__index = nil end)",
        "for name in pairs(redis) do redis[name] = nil end",
        "next, pairs, ipairs = nil",
        "KEYS[1] = 'x' ARGV[1] = 'x' KEYS, ARGV = nil",
    ] {
        // As a script, as one that catches what is refused, and as a library while it is loaded and when it is called.
        eval(&mut client, attack.as_bytes());
        eval(&mut client, format!("pcall(function() {attack} end)").as_bytes());
        let library = format!(
            "#!lua name=l\npcall(function() {attack} end)\nredis.register_function('f', function() {attack} end)"
        );
        client.call_with(&["FUNCTION", "LOAD", "REPLACE", &library]);
        client.call("FCALL f 0");
        client.call("FUNCTION FLUSH");
        assert_eq!(eval(&mut client, seen.as_bytes()), before, "{attack}");
    }
}

/// Whatever a script is busy with, it can be stopped, and others are served meanwhile.
#[test]
fn whatever_takes_without_end_can_be_stopped() {
    let server = Server::start(&["--busy-reply-threshold", "20"]);
    let mut client = server.connect();
    for endless in [
        "while true do end",
        "repeat until false",
        "while true do local t = {} end",
        "local function f() return f() end f()",
        "while true do pcall(error) end",
        "while true do xpcall(function() while true do end end, function() while true do end end) end",
        "local c = coroutine.wrap(function() while true do coroutine.yield() end end) while true do c() end",
        "return ('a'):rep(5000):match(('a*'):rep(20) .. 'b')",
        "return ('a'):rep(5000):gsub(('.-'):rep(20) .. 'b', '')",
        "for _ in ('a'):rep(5000):gmatch(('.-'):rep(20) .. 'b') do end",
        "return ('('):rep(200000):find(('%b()'):rep(3)) or ('x'):rep(5000):find(('x*'):rep(30) .. 'y')",
        "table.sort({3, 1, 2}, function() while true do end end)",
        "return string.gsub('x', 'x', function() while true do end end)",
        "return setmetatable({}, {__index = function() while true do end end}).x",
        "return tostring(setmetatable({}, {__tostring = function() while true do end end}))",
        "return loadstring('while true do end')()",
        "while true do redis.pcall('NOSUCH') end",
        "while true do cjson.decode(cjson.encode({1, 2, 3})) end",
        "while true do redis.sha1hex(('x'):rep(1000)) end",
    ] {
        let mut slow = server.connect();
        slow.send_raw(&encode(&["EVAL", endless, "0"])).unwrap();
        eventually(endless, || client.call("SCRIPT KILL") == Value::ok());
        let reply = slow.read().unwrap();
        assert!(reply.error().contains("Script killed by user"), "{endless}: {reply:?}");
    }
    assert_eq!(client.call("PING").text(), "PONG");
}

/// Memory is bounded for whatever a script makes, in Lua or in the libraries.
#[test]
fn memory_is_bounded_wherever_it_is_asked_for() {
    let server = Server::start(&["--script-memory-max", "16mb", "--io-threads", "1"]);
    let mut client = server.connect();
    client.call_with(&["SET", "big", &"x".repeat(1 << 20)]);
    for bomb in [
        "return string.rep('x', 2000000000)",
        "return ('x'):rep(1000000):rep(1000)",
        "local s = 'x' while true do s = s .. s end",
        "local t = {} while true do t[#t + 1] = {} end",
        "local t = {} for i = 1, 100000000 do t[i] = i end",
        "local t = {} while true do t[#t + 1] = redis.call('GET', 'big') .. #t end",
        "local t = {} for i = 1, 1000 do t[i] = ('x'):rep(100000) end return table.concat(t)",
        "local s = ('x'):rep(100000) return (s:gsub('x', s))",
        "return string.format(('%s'):rep(100), unpack({('x'):rep(1000000), ('x'):rep(1000000)}))",
        "local t = {} while true do t[#t + 1] = coroutine.create(function() end) end",
        "local t = {} while true do t[#t + 1] = assert(loadstring('return ' .. #t)) end",
        "local s = ('x'):rep(1000000) local t = {} for i = 1, 1000 do t[i] = s end return #cjson.encode(t)",
        "local s = ('x'):rep(1000000) local t = {} for i = 1, 1000 do t[i] = s end return #cmsgpack.pack(t)",
        "local t = {} while true do t[#t + 1] = cjson.decode('[' .. ('[],'):rep(10000) .. '[]]') end",
        "local t = {} while true do t[#t + 1] = struct.pack('c1000000', ('x'):rep(1000000)) .. #t end",
        "local s, t = ('x'):rep(1000000), {} for i = 1, 5000 do t[i] = s end return redis.call('ECHO', unpack(t))",
        "local s, t = ('x'):rep(1000000), {} for i = 1, 5000 do t[i] = s end return redis.pcall('ECHO', unpack(t)).nothing.more",
        "local s, t = ('x'):rep(1000000), {} for i = 1, 200 do t[i] = s end return #struct.pack(('c0'):rep(200), unpack(t))",
        "local t = {'x'} for i = 1, 40 do t = {t, t} end return #cjson.encode(t)",
        "local t = {('x'):rep(1000)} for i = 1, 14 do t = {t, t, t, t, t} end return #cmsgpack.pack(t)",
        "return {unpack({}, 1, 100000000)}",
        "local function f(...) return 1 + f(1, ...) end return f()",
    ] {
        let reply = eval(&mut client, bomb.as_bytes());
        assert!(reply.is_error(), "{bomb}: {:.100}", format!("{reply:?}"));
        assert_eq!(eval(&mut client, b"return #redis.call('GET', 'big')"), Value::Int(1 << 20), "{bomb}");
    }
    if let Some(peak) = server.peak_resident_bytes() {
        assert!(peak < 400 << 20, "{} MB at the most", peak >> 20);
    }
}

/// Patterns are matched in time that grows no faster than pattern times text, wherever they are used.
#[test]
fn patterns_that_would_explode_do_not() {
    let server = Server::start(&["--io-threads", "1"]);
    let mut client = server.connect();
    let pattern = "a*".repeat(10_000) + "b";
    let text = "a".repeat(20_000);
    client.call_with(&["SET", &text, "1"]);
    client.call_with(&["SADD", "set", &text]);
    let begin = std::time::Instant::now();
    for (request, expected) in [
        (vec!["KEYS", &pattern], Value::Array(Vec::new())),
        (
            vec!["PSUBSCRIBE", &pattern],
            Value::Array(vec![Value::bulk("psubscribe"), Value::bulk(&pattern), Value::Int(1)]),
        ),
        (
            vec!["PUNSUBSCRIBE"],
            Value::Array(vec![Value::bulk("punsubscribe"), Value::bulk(&pattern), Value::Int(0)]),
        ),
        (vec!["PUBSUB", "CHANNELS", &pattern], Value::Array(Vec::new())),
        (vec!["CONFIG", "GET", &pattern], Value::Array(Vec::new())),
        (vec!["COMMAND", "LIST", "FILTERBY", "PATTERN", &pattern], Value::Array(Vec::new())),
    ] {
        assert_eq!(client.call_with(&request), expected, "{}", request[0]);
    }
    for request in [["SCAN", "0", "MATCH", &pattern].as_slice(), &["SSCAN", "set", "0", "MATCH", &pattern]] {
        assert_eq!(client.call_with(request).elements()[1].elements().len(), 0, "{}", request[0]);
    }
    let mut listener = server.connect();
    listener.send_raw(&encode(&["PSUBSCRIBE", &pattern])).unwrap();
    listener.read().unwrap();
    assert_eq!(client.call_with(&["PUBLISH", &text, "x"]), Value::Int(0));
    let rule = format!("~{pattern}");
    assert_eq!(
        client.call_with(&["ACL", "SETUSER", "ann", "on", "nopass", "+@all", &rule, "&*"]),
        Value::ok()
    );
    client.call("AUTH ann any");
    assert!(client.call_with(&["GET", &text]).error().starts_with("NOPERM"));
    assert!(begin.elapsed() < SOON, "{:?}", begin.elapsed());
}

/// A reply that takes little in Lua and much on its way is given up at the limit of what a client may have to read.
#[test]
fn a_reply_that_doubles_at_each_level_is_cut_off() {
    let server = Server::start(&["--client-output-buffer-limit", "normal 8mb 0 0"]);
    let mut client = server.connect();
    let script = "local t = {'x'} for i = 1, 60 do t = {t, t} end return t";
    client.send_raw(&encode(&["EVAL", script, "0"])).unwrap();
    assert!(client.is_closed_within(SOON));
    assert_eq!(server.connect().call("PING").text(), "PONG");
}
