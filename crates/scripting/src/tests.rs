//! Scripts, run with a host that knows a few commands.

use resp::{Arguments, OwnedArguments, Reply, Version};

use crate::host::{Host, Level, Outcome, Replication};
use crate::vm::{Failure, Limits, Vm};

/// Knows ECHO, FAIL and a few that answer in RESP3; stops a script after so many questions.
#[derive(Default)]
struct Echo {
    questions_max: Option<u32>,
    lines: Vec<String>,
}

impl Host for Echo {
    fn call(&mut self, arguments: Arguments<'_>, reply: &mut Reply) -> Outcome {
        match arguments.get(0).unwrap_or_default() {
            b"echo" => reply.bulk(arguments.get(1).unwrap_or_default()),
            b"set" => reply.ok(),
            b"get" => reply.null(),
            b"fail" => reply.error("WRONGTYPE no"),
            b"list" => {
                reply.array(3);
                reply.integer(1);
                reply.bulk(b"two");
                reply.null();
            }
            b"map" => {
                reply.map(1);
                reply.bulk(b"a");
                reply.double(1.5);
            }
            b"all" => {
                reply.array(5);
                reply.set(1);
                reply.bulk(b"m");
                reply.big_number("12");
                reply.verbatim("txt", b"some");
                reply.boolean(true);
                reply.error("ERR within");
            }
            b"big" => reply.bulk(&vec![b'x'; 16 * 1024 * 1024]),
            b"panic" => panic!("as a bug would"),
            b"stop" => return Outcome::Stop,
            _ => return Outcome::Refused("ERR Unknown command called from script".to_owned()),
        }
        Outcome::Replied
    }

    fn permits(&mut self, arguments: Arguments<'_>) -> Option<bool> {
        (arguments.get(0) == Some(b"echo")).then_some(true)
    }

    fn replicate(&mut self, replication: Replication) {
        self.lines.push(format!("{replication:?}"));
    }

    fn log(&mut self, level: Level, line: &[u8]) {
        self.lines.push(format!("{level:?} {}", String::from_utf8_lossy(line)));
    }

    fn goes_on(&mut self) -> bool {
        self.questions_max = self.questions_max.map(|left| left.saturating_sub(1));
        self.questions_max != Some(0)
    }
}

fn vm() -> Vm {
    let limits = Limits { memory_bytes_max: 64 * 1024 * 1024 };
    Vm::new(limits, &[("REDIS", "7.2.4")], 1).unwrap()
}

fn run_with(vm: &Vm, host: &mut Echo, text: &str) -> Result<String, Failure> {
    let mut reply = Reply::new(Version::Resp2);
    let script = match vm.compile(text.as_bytes()) {
        Ok(script) => script,
        Err(error) => return Err(Failure { text: error.into_bytes(), ..Failure::default() }),
    };
    let words = OwnedArguments::from_parts(&["k1", "k2", "a1"]);
    vm.run(&script, words.as_arguments(), 2, host, &mut reply)?;
    Ok(String::from_utf8_lossy(reply.as_bytes()).replace("\r\n", " ").trim_end().to_owned())
}

fn shown(result: Result<String, Failure>) -> String {
    result.unwrap_or_else(|failure| {
        let place = failure.place.map_or_else(String::new, |(source, line)| format!(" at {source}:{line}"));
        format!("!{}{place}", String::from_utf8_lossy(&failure.text))
    })
}

/// Each script's reply, with a space for every line end, or its error after a `!`. All of them run in one interpreter.
#[track_caller]
fn check(scripts: &[(&str, &str)]) {
    let vm = vm();
    for (script, expected) in scripts {
        assert_eq!(&shown(run_with(&vm, &mut Echo::default(), script)), expected, "{script}");
    }
}

#[test]
fn values_come_and_go() {
    check(&[
        ("return KEYS[2] .. ARGV[1] .. #KEYS", "$5 k2a12"),
        ("return 3.99", ":3"),
        ("return -3.99", ":-3"),
        ("return true", ":1"),
        ("return false", "$-1"),
        ("return", "$-1"),
        ("return {1, 'a', {true}, nil, 5}", "*3 :1 $1 a *1 :1"),
        ("return {ok = 'fi\\nne'}", "+fi ne"),
        ("return {err = 'MY bad'}", "-MY bad"),
        ("return {double = 1.5}", "$3 1.5"),
        ("return {map = {a = 1}}", "*2 $1 a :1"),
        ("return {set = {a = true}}", "*1 $1 a"),
        ("return {big_number = '12'}", "$2 12"),
        ("return {verbatim_string = {format = 'txt', string = 'a'}}", "$1 a"),
        ("return redis.call('list')", "*3 :1 $3 two $-1"),
        ("return redis.call('get') == false", ":1"),
        ("redis.setresp(3); return redis.call('get') == nil", ":1"),
        ("redis.setresp(3); return redis.call('map').map.a.double == 1.5", ":1"),
        (
            "return redis.call('echo', 12) .. redis.call('echo', 1.5) .. redis.call('echo', 1e15)",
            "$21 121.51000000000000000",
        ),
        ("return redis.status_reply('FINE')", "+FINE"),
        ("return redis.status_reply('FI\\0NE')", "+FI"),
        ("return {err = 'ERR\\0OR'}", "-ERR"),
        ("return redis.error_reply('-CODE why')", "-CODE why"),
        ("return redis.error_reply('why')", "-ERR why"),
        ("return redis.sha1hex('')", "$40 da39a3ee5e6b4b0d3255bfef95601890afd80709"),
        ("local t = {} for i = 1, 3 do t = {t} end return t", "*1 *1 *1 *0"),
    ]);
}

#[test]
fn errors_say_what_and_where() {
    check(&[
        ("return redis.call('fail')", "!WRONGTYPE no at @user_script:1"),
        ("\n\nredis.call('fail')", "!WRONGTYPE no at @user_script:3"),
        ("return redis.call('nosuch')", "!ERR Unknown command called from script at @user_script:1"),
        ("return redis.call()", "!ERR Please specify at least one argument for this call at @user_script:1"),
        (
            "return redis.call('echo', {})",
            "!ERR Command arguments must be strings or integers at @user_script:1",
        ),
        ("return redis.pcall('fail').err", "$12 WRONGTYPE no"),
        ("return {pcall(redis.call, 'fail')}", "*2 $-1 $12 WRONGTYPE no"),
        ("return select(2, pcall(redis.call, 'fail'))", "$12 WRONGTYPE no"),
        ("return select(2, pcall(cjson.decode, '['))", "$45 Expected value but found T_END at character 2"),
        (
            "return cjson.decode('[')",
            "!ERR user_script:1: Expected value but found T_END at character 2 at @user_script:1",
        ),
        ("error('x')", "!ERR user_script:1: x at @user_script:1"),
        ("error({err = 'My own'})", "!My own at @user_script:1"),
        ("error({})", "!ERR unknown error at @user_script:1"),
        ("error()", "!ERR nil at @user_script:1"),
        (
            "local a; return a.b",
            "!ERR user_script:1: attempt to index local 'a' (a nil value) at @user_script:1",
        ),
        ("x y", "!user_script:1: '=' expected near 'y'"),
        (
            "return select(2, coroutine.resume(coroutine.create(function() redis.call('fail') end))).err",
            "$12 WRONGTYPE no",
        ),
        (
            "return select(2, xpcall(function() redis.call('fail') end, function(e) return e.err end))",
            "$12 WRONGTYPE no",
        ),
        ("redis.setresp(4)", "!ERR RESP version must be 2 or 3. at @user_script:1"),
        (
            "return redis.acl_check_cmd('nosuch')",
            "!ERR Invalid command passed to server.acl_check_cmd() at @user_script:1",
        ),
    ]);
}

#[test]
fn replies_of_every_kind_come_through() {
    const ALL: &str = "redis.setresp(3) local all = redis.call('all') ";
    check(&[
        (&format!("{ALL} return all[1].set.m"), ":1"),
        (&format!("{ALL} return {{#all, all[2].big_number, all[4]}}"), "*3 :5 $2 12 :1"),
        (
            &format!("{ALL} return all[3].verbatim_string.format .. all[3].verbatim_string.string"),
            "$7 txtsome",
        ),
        (&format!("{ALL} return all[5].err"), "$10 ERR within"),
        ("return redis.call('all')", "*5 *1 $1 m $2 12 $4 some :1 -ERR within"),
        ("return {set = {a = true}, map = {b = 1}}", "*2 $1 b :1"),
        ("return {verbatim_string = {format = 'txt'}, 'an array'}", "*1 $8 an array"),
        ("return {verbatim_string = 1, err = 2, ok = {}, map = 'x', double = '1', 7}", "*1 :7"),
        ("return {map = {[1] = {map = {x = {1, {2}}}}}}", "*2 :1 *2 $1 x *2 :1 *1 :2"),
        ("return redis.call('echo', '')", "$0"),
        ("return #redis.call('echo', ('x'):rep(100000))", ":100000"),
        ("local t = {'echo'} for i = 2, 7000 do t[i] = 'y' end return redis.call(unpack(t))", "$1 y"),
        (
            "local f = coroutine.wrap(function() coroutine.yield(redis.call('echo', 'in')) end) return f()",
            "$2 in",
        ),
        (
            "return redis.call('echo', -0.0) .. redis.call('echo', 2^53) .. redis.call('echo', -math.huge)",
            "$21 09007199254740992-inf",
        ),
    ]);
}

#[test]
fn who_runs_out_of_memory_in_a_call_may_go_on() {
    let vm = vm();
    vm.limit(Limits { memory_bytes_max: 8 * 1024 * 1024 });
    let script = "local ok, why = pcall(redis.call, 'big')
                  return {tostring(ok), tostring(why), redis.call('echo', 'still here')}";
    let result = shown(run_with(&vm, &mut Echo::default(), script));
    assert_eq!(result, "*3 $5 false $17 not enough memory $10 still here");
    assert_eq!(shown(run_with(&vm, &mut Echo::default(), "return redis.call('echo', 'x')")), "$1 x");
}

#[test]
fn a_panic_goes_past_lua_and_leaves_it_whole() {
    let vm = vm();
    for script in [
        "redis.call('panic')",
        "pcall(redis.call, 'panic') return 1",
        "coroutine.wrap(function() pcall(redis.pcall, 'panic') while true do end end)()",
    ] {
        let run = || run_with(&vm, &mut Echo::default(), script);
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
        assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"as a bug would"), "{script}");
        assert_eq!(shown(run_with(&vm, &mut Echo::default(), "return redis.call('echo', 'x')")), "$1 x");
    }
}

#[test]
fn what_the_host_stops_calls_nothing_any_more() {
    let vm = vm();
    for script in [
        "redis.call('stop')",
        "pcall(redis.call, 'stop') return redis.call('fail')",
        "coroutine.wrap(function() pcall(redis.call, 'stop') end)() while true do redis.pcall('fail') end",
        "while true do coroutine.resume(coroutine.create(function() redis.call('stop') end)) end",
    ] {
        let result = shown(run_with(&vm, &mut Echo::default(), script));
        assert!(result.starts_with("!ERR the script was stopped"), "{script}: {result}");
        assert_eq!(shown(run_with(&vm, &mut Echo::default(), "return redis.call('echo', 'x')")), "$1 x");
    }
}

#[test]
fn the_sandbox_has_no_way_out() {
    const READ_ONLY: &str = "!ERR user_script:1: Attempt to modify a readonly table at @user_script:1";
    const RAW: &str = "!ERR Attempt to modify a readonly table at @user_script:1";
    check(&[
        ("a = 1", READ_ONLY),
        ("function f() end", READ_ONLY),
        (
            "return a",
            "!ERR user_script:1: Script attempted to access nonexistent global variable 'a' at @user_script:1",
        ),
        (
            "return print",
            "!ERR user_script:1: Script attempted to access nonexistent global variable 'print' at @user_script:1",
        ),
        ("redis.call = 1", READ_ONLY),
        ("rawset(redis, 'call', 1)", RAW),
        ("rawset(_G, 'a', 1)", RAW),
        ("setmetatable(_G, {})", RAW),
        ("getmetatable(_G).__index = 1", READ_ONLY),
        ("getmetatable('').__index = 1", READ_ONLY),
        ("getmetatable('').__index.len = 1", READ_ONLY),
        ("table.insert(redis, 1)", RAW),
        ("table.sort(_G)", RAW),
        ("table.remove(cjson)", RAW),
        ("getfenv(0).a = 1", READ_ONLY),
        ("getfenv(redis.call).a = 1", READ_ONLY),
        (
            "setfenv(0, {})",
            "!ERR user_script:1: bad argument #1 to 'setfenv' (invalid level) at @user_script:1",
        ),
        (
            "setfenv(pcall, {})",
            "!ERR user_script:1: 'setfenv' cannot change environment of given object at @user_script:1",
        ),
        ("setfenv(1, {}) return 1", ":1"),
        ("return loadstring('\\27Lua') == nil", ":1"),
        ("return load(function() return nil end) ~= nil", ":1"),
        ("local f = string.dump(function() end) return loadstring(f) == nil", ":1"),
        ("local n = 0 for k in pairs(redis) do n = n + 1 end return n > 10", ":1"),
        ("return next(redis) ~= nil and rawget(redis, 'call') == redis.call", ":1"),
        ("return type(os.clock()) .. tostring(os.time)", "$9 numbernil"),
        ("collectgarbage('stop') return collectgarbage('count') > 0", ":1"),
        ("local t = {} t.x = 1 rawset(t, 'y', 2) setmetatable(t, {}) return t.x + t.y", ":3"),
        ("return ('x'):rep(3)", "$3 xxx"),
        ("return redis.register_function", "$-1"),
    ]);
}

#[test]
fn a_script_leaves_nothing_behind() {
    check(&[
        ("setfenv(1, {}) return 1", ":1"),
        ("return KEYS[1]", "$2 k1"),
        ("cjson.encode_max_depth(1) return cjson.encode_max_depth()", ":1"),
        ("return cjson.encode_max_depth()", ":1000"),
        ("redis.setresp(3) return true", ":1"),
        ("return redis.call('get') == false", ":1"),
    ]);
}

#[test]
fn math_random_follows_from_its_seed_and_else_differs() {
    let vm = vm();
    let run = |text: &str| shown(run_with(&vm, &mut Echo::default(), text));
    let seeded = "math.randomseed(10) return tostring(math.random()) .. math.random(1, 1000000)";
    assert_eq!(run(seeded), run(seeded));
    let free = "return tostring(math.random())";
    assert_ne!(run(free), run(free));
    assert_eq!(
        run(
            "for i = 1, 1000 do local r = math.random(3) if r < 1 or r > 3 then return r end end return 'ok'"
        ),
        "$2 ok"
    );
}

#[test]
fn memory_has_an_end() {
    let vm = vm();
    for bomb in [
        "return string.rep('x', 1000000000)",
        "local s = 'x' while true do s = s .. s end",
        "local t = {} while true do t[#t + 1] = {1, 2, 3} end",
        "local s = ('x'):rep(1000000) return (s:gsub('x', s))",
        "local s, t = ('x'):rep(1000000), {} while true do t[#t + 1] = redis.call('echo', s .. #t) end",
    ] {
        let result = shown(run_with(&vm, &mut Echo::default(), bomb));
        assert!(result.starts_with("!ERR ") && result.contains("not enough memory"), "{bomb}: {result}");
        assert_eq!(shown(run_with(&vm, &mut Echo::default(), "return 1")), ":1");
    }
    assert!(vm.used_bytes() < 16 * 1024 * 1024, "{}", vm.used_bytes());
}

/// Whatever a script has left behind, the next one finds the memory that it may have.
#[test]
fn what_one_script_took_the_next_one_has() {
    let vm = vm();
    let live = "local t = {} for i = 1, 95000 do t[i] = {} end return #t";
    let garbage = "local s for i = 1, 200 do s = ('x'):rep(10000 + i) end return 1";
    let decoded =
        "local t = {} while true do t[#t + 1] = cjson.decode('[' .. ('[],'):rep(10000) .. '[]]') end";
    for step in 0..3 {
        vm.limit(Limits { memory_bytes_max: 16 * 1024 * 1024 + step * 4099 });
        for left_behind in [live, garbage, decoded, "local t = {} while true do t[#t + 1] = {} end"] {
            shown(run_with(&vm, &mut Echo::default(), left_behind));
            let next = shown(run_with(&vm, &mut Echo::default(), "return #('x'):rep(4 * 1024 * 1024)"));
            assert_eq!(next, ":4194304", "{step}: {left_behind}: {}", vm.used_bytes());
        }
    }
}

#[test]
fn what_is_stopped_stays_stopped() {
    let vm = vm();
    for endless in [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
        "while true do coroutine.wrap(function() while true do end end)() end",
        "local function f() return f() end f()",
        "while true do xpcall(function() while true do end end, function() while true do end end) end",
        "return setmetatable({}, {__index = function() while true do end end}).x",
        "while true do pcall(redis.call, 'nosuch') end",
        "return ('a'):rep(1000):find(('.-'):rep(20) .. 'b')",
        "return ('a'):rep(1000):gsub(('a*'):rep(20) .. 'b', '')",
    ] {
        let mut host = Echo { questions_max: Some(3), ..Echo::default() };
        let result = shown(run_with(&vm, &mut host, endless));
        assert!(result.starts_with("!"), "{endless}: {result}");
        assert_eq!(shown(run_with(&vm, &mut Echo::default(), "for i = 1, 100000 do end return 1")), ":1");
    }
}

#[test]
fn recursion_has_an_end() {
    // As much as the server's workers have: without optimisation the least of it takes more than a test's thread has.
    let thread = std::thread::Builder::new().stack_size(8 * 1024 * 1024);
    thread.spawn(recurse_without_end).unwrap().join().unwrap();
}

fn recurse_without_end() {
    let vm = vm();
    for deep in [
        "local function f() return 1 + f() end return f()",
        "local t = {} t[1] = t return cjson.encode(t)",
        "return cjson.decode(('['):rep(100000))",
        "return cmsgpack.unpack(('\\145'):rep(100000))",
        "local function f(n) return pcall(f, n + 1) end return f(1)",
        "return ('x'):rep(100000):find(('x?'):rep(100000))",
    ] {
        let result = run_with(&vm, &mut Echo::default(), deep);
        assert!(result.is_err() || !deep.contains("json"), "{deep}: {result:?}");
    }
    let result = run_with(&vm, &mut Echo::default(), "local t = {} t[1] = t return t").unwrap();
    assert!(result.ends_with("reached lua stack limit"));
    assert_eq!(
        shown(run_with(&vm, &mut Echo::default(), "local t = {} t[1] = t return #cmsgpack.pack(t) > 0")),
        ":1"
    );
}

#[test]
fn patterns() {
    check(&[
        ("return {('hello world'):find('o w')}", "*2 :5 :7"),
        ("return {('hello'):find('l+')}", "*2 :3 :4"),
        ("return {('hello'):find('(h)(.)()')}", "*5 :1 :2 $1 h $1 e :3"),
        ("return {('a.b'):find('.', 2, true)}", "*2 :2 :2"),
        ("return ('key=val'):match('^(%w+)=(%w*)$')", "$3 key"),
        ("return ('  x '):match('^%s*(.-)%s*$') .. '|'", "$2 x|"),
        ("return ('abc'):match('b()')", ":3"),
        ("return ('f(a(b)c)d'):match('%b()')", "$7 (a(b)c)"),
        ("return ('THE (quick) fox'):find('%f[%a]%a+%f[%A]', 5)", ":6"),
        ("return ('abab'):match('(ab)%1')", "$2 ab"),
        (
            "local t = {} for k, v in ('a=1,b=2'):gmatch('(%w)=(%w)') do t[#t+1] = k .. v end return t",
            "*2 $2 a1 $2 b2",
        ),
        ("local n = 0 for _ in ('abc'):gmatch('') do n = n + 1 end return n", ":4"),
        ("return {('hello'):gsub('l', 'L')}", "*2 $5 heLLo :2"),
        ("return {('hello'):gsub('', '-')}", "*2 $11 -h-e-l-l-o- :6"),
        ("return {('hello'):gsub('(l)(l)', '%2%1%0%%')}", "*2 $8 hellll%o :1"),
        ("return ('$a $b'):gsub('%$(%w)', {a = 'x'})", "$4 x $b"),
        ("return {('abc'):gsub('%w', function(c) if c ~= 'b' then return c .. c end end)}", "*2 $5 aabcc :3"),
        ("return {('abc'):gsub('', function() return '.' end)}", "*2 $7 .a.b.c. :4"),
        ("return {('abc'):gsub('^a', function() return 'x' end)}", "*2 $3 xbc :1"),
        ("return {('aaa'):gsub('a', 'b', 2)}", "*2 $3 bba :2"),
        ("return ('a]b'):match('[]]')", "$1 ]"),
        ("return ('a-b'):match('[a%-]+')", "$2 a-"),
        ("return ('x'):find('[a')", "!ERR user_script:1: malformed pattern (missing ']') at @user_script:1"),
        ("return ('x'):find('%')", "!ERR user_script:1: malformed pattern (ends with '%') at @user_script:1"),
        ("return ('x'):find('(x')", "!ERR user_script:1: unfinished capture at @user_script:1"),
        ("return ('x'):gsub('x', function() error({err = 'MINE x'}) end)", "!MINE x at @user_script:1"),
        (
            "return select(2, pcall(string.gsub, 'x', 'x', function() redis.call('fail') end))",
            "$12 WRONGTYPE no",
        ),
    ]);
}

#[test]
fn json() {
    check(&[
        ("return cjson.encode({1, 'a', {x = true}, cjson.null})", r#"$23 [1,"a",{"x":true},null]"#),
        ("return cjson.encode({})", "$2 {}"),
        ("return cjson.encode({1, 2, nil, 4})", "$12 [1,2,null,4]"),
        (
            "return cjson.encode({[1] = 1, [100] = 2})",
            "!ERR user_script:1: Cannot serialise table: excessively sparse array at @user_script:1",
        ),
        ("cjson.encode_sparse_array(true) return cjson.encode({[1000] = 2})", r#"$10 {"1000":2}"#),
        (
            "return cjson.encode(1/0)",
            "!ERR user_script:1: Cannot serialise number: must not be NaN or Inf at @user_script:1",
        ),
        ("cjson.encode_invalid_numbers('null') return cjson.encode(1/0)", "$4 null"),
        (
            "return cjson.encode(function() end)",
            "!ERR user_script:1: Cannot serialise function: type not supported at @user_script:1",
        ),
        ("return cjson.encode('a/\"\\n\\1')", r#"$15 "a\/\"\n\u0001""#),
        ("return cjson.encode(0.1) .. cjson.encode(1e20) .. cjson.encode(3)", "$9 0.11e+203"),
        (
            "return cjson.decode('[1, 2.5, \"x\\\\u00e9\\\\ud83d\\\\ude00\", true, false, null]')[3]",
            "$7 xé😀",
        ),
        ("return cjson.decode('{\"a\": {\"b\": [10]}}').a.b[1]", ":10"),
        ("return cjson.decode('null') == cjson.null", ":1"),
        (
            "return cjson.decode('{\"a\" 1}')",
            "!ERR user_script:1: Expected colon but found T_NUMBER at character 6 at @user_script:1",
        ),
        (
            "return cjson.decode('[1 2]')",
            "!ERR user_script:1: Expected comma or array end but found T_NUMBER at character 4 at @user_script:1",
        ),
        (
            "return cjson.decode('\"\\\\q\"')",
            "!ERR user_script:1: Expected value but found invalid escape code at character 2 at @user_script:1",
        ),
        (
            "return cjson.decode('[1] x')",
            "!ERR user_script:1: Expected the end but found invalid token at character 5 at @user_script:1",
        ),
        ("return cjson.decode('-12e2')", ":-1200"),
        ("return cjson.decode('[1e400, -1e-400]')[1] == math.huge", ":1"),
        ("return redis.call('echo', -0.0) .. redis.call('echo', -1.5)", "$5 0-1.5"),
        (
            "return cjson.encode()",
            "!ERR user_script:1: bad argument #1 to 'encode' (expected 1 argument) at @user_script:1",
        ),
    ]);
}

#[test]
fn message_pack() {
    let hex = |expression: &str| {
        format!(
            "local s = cmsgpack.pack({expression}) return (s:gsub('.', function(c) return ('%02x'):format(c:byte()) end))"
        )
    };
    for (expression, expected) in [
        ("1, -1, 200, 70000, -200", "01ffccc8ce00011170d1ff38"),
        ("2^40, 1.5, 0.1", "cf0000010000000000ca3fc00000cb3fb999999999999a"),
        ("'a', true, false, nil", "a161c3c2c0"),
        ("{1, 2}, {a = 1}, {}", "92010281a1610190"),
    ] {
        let result = shown(run_with(&vm(), &mut Echo::default(), &hex(expression)));
        assert_eq!(result, format!("${} {expected}", expected.len()));
    }
    check(&[
        (
            "local a, b, c = cmsgpack.unpack(cmsgpack.pack({1, {x = 'y'}}, -70000, ('z'):rep(300))) return {a[2].x, b, #c}",
            "*3 $1 y :-70000 :300",
        ),
        ("return {cmsgpack.unpack_one(cmsgpack.pack(1, 2))}", "*2 :1 :1"),
        ("return {cmsgpack.unpack_limit(cmsgpack.pack(1, 2, 3), 2)}", "*3 :2 :1 :2"),
        (
            "return cmsgpack.unpack('\\220\\255')",
            "!ERR user_script:1: Missing bytes in input. at @user_script:1",
        ),
        (
            "return cmsgpack.unpack('\\193')",
            "!ERR user_script:1: Bad data format in input. at @user_script:1",
        ),
        (
            "return cmsgpack.unpack('\\221\\255\\255\\255\\255')",
            "!ERR user_script:1: Missing bytes in input. at @user_script:1",
        ),
    ]);
}

#[test]
fn structs_and_bits() {
    check(&[
        ("return {struct.unpack('>I2h<i4', struct.pack('>I2h<i4', 1, -2, 3))}", "*4 :1 :-2 :3 :9"),
        ("return struct.pack('>I2', 258):byte(2)", ":2"),
        ("return {struct.unpack('Bc0', '\\3abc')}", "*2 $3 abc :5"),
        ("return {struct.unpack('s', 'ab\\0c')}", "*2 $2 ab :4"),
        ("return struct.size('!8bd')", ":16"),
        (
            "return struct.pack('z')",
            "!ERR user_script:1: bad argument #1 to 'pack' (invalid format option 'z') at @user_script:1",
        ),
        (
            "return struct.unpack('I4', 'ab')",
            "!ERR user_script:1: bad argument #2 to 'unpack' (data string too short) at @user_script:1",
        ),
        (
            "return struct.pack('i100', 1)",
            "!ERR user_script:1: integral size 100 is larger than limit of 32 at @user_script:1",
        ),
        ("return bit.tohex(255) .. bit.tohex(255, -2)", "$10 000000ffFF"),
        (
            "return {bit.band(255, 15), bit.bor(1, 2), bit.bxor(3, 1), bit.bnot(0), bit.lshift(1, 31), bit.arshift(-8, 1)}",
            "*6 :15 :3 :2 :-1 :-2147483648 :-4",
        ),
        (
            "return bit.band('x')",
            "!ERR user_script:1: bad argument #1 to 'band' (number expected, got string) at @user_script:1",
        ),
    ]);
}

#[test]
fn logs() {
    let mut host = Echo::default();
    assert_eq!(shown(run_with(&vm(), &mut host, "redis.log(redis.LOG_WARNING, 'a', 1)")), "$-1");
    assert_eq!(host.lines, ["Warning a 1"]);
}

#[test]
fn says_who_gets_to_know() {
    let mut host = Echo::default();
    let script =
        "redis.set_repl(redis.REPL_AOF) server.set_repl(server.REPL_SLAVE) redis.set_repl(redis.REPL_NONE)";
    assert_eq!(shown(run_with(&vm(), &mut host, script)), "$-1");
    let expected = [(true, false), (false, true), (false, false)];
    let expected =
        expected.map(|(to_file, to_replicas)| format!("{:?}", Replication { to_file, to_replicas }));
    assert_eq!(host.lines, expected);
}

#[test]
fn libraries_register_functions() {
    let vm = vm();
    let load = |text: &str| {
        let library = vm.load_library(text.as_bytes(), &mut Echo::default());
        library.map(|library| library.functions)
    };
    let functions = load(
        "local count = 0
         local function bump(keys, args) count = count + 1 return {count, keys[1], args[1], redis.call('echo', 'x')} end
         redis.register_function('bump', bump)
         redis.register_function{function_name = 'ro', callback = function() return math.abs(-1) end, flags = {'no-writes'}, description = 'd'}",
    );
    let functions = functions.unwrap_or_else(|error| panic!("{error}"));
    let (ro, _) = &functions[1];
    assert_eq!((ro.name.as_str(), ro.flags.has(crate::Flags::NO_WRITES)), ("ro", true));
    let mut reply = Reply::new(Version::Resp2);
    let words = OwnedArguments::from_parts(&["k", "a"]);
    for _ in 0..2 {
        let host = &mut Echo::default();
        vm.call(&functions[0].1, words.as_arguments(), 1, host, &mut reply).unwrap();
    }
    assert!(reply.as_bytes().ends_with(b"*4\r\n:2\r\n$1\r\nk\r\n$1\r\na\r\n$1\r\nx\r\n"));
    for (text, expected) in [
        ("redis.call('x')", "attempted to access nonexistent global variable 'call'"),
        ("math.abs(1)", "attempted to access nonexistent global variable 'math'"),
        ("a = 1", "Attempt to modify a readonly table"),
        ("redis.register_function('bad name', function() end)", "Library names can only contain letters"),
        ("redis.register_function('a', 1)", "second argument to server.register_function must be a function"),
        (
            "redis.register_function{function_name='a', callback=function() end, x=1}",
            "unknown argument given",
        ),
        ("x y", "Error compiling function: user_function:1:"),
    ] {
        let error = load(text).map(|_| ()).unwrap_err();
        assert!(error.contains(expected), "{text}: {error}");
    }
}
