//! Scripts can do no more than who calls them, and need memory as others do.

mod harness;

use harness::{Server, Value, is_on_disk, pass_over};

#[test]
fn a_script_may_do_what_its_caller_may() {
    let server = Server::start(&[]);
    let (mut admin, mut ann) = (server.connect(), server.connect());
    admin.call("ACL SETUSER ann on nopass ~own:* +@scripting +get +set +sort +sadd");
    ann.call("AUTH ann any");
    let mut eval = |script: &str, words: &[&str]| {
        let mut request = vec!["EVAL", script];
        request.extend(words);
        ann.call_with(&request)
    };
    assert_eq!(eval("return redis.call('set', KEYS[1], 1)", &["1", "own:k"]), Value::ok());
    // A key that was not declared, a command, an option that reads other keys.
    for (script, reason) in [
        ("return redis.call('get', 'other')", "ACL failure in script: No permissions to access a key"),
        ("return redis.call('del', 'own:k')", "has no permissions to run the 'del' command"),
        ("return redis.call('sort', 'own:s', 'get', 'other')", "option of SORT denied"),
    ] {
        let reply = eval(script, &["0"]);
        assert!(reply.error().contains(reason), "{reply:?}");
        // Not even where the script goes on.
        let caught = eval(&script.replace("redis.call", "redis.pcall"), &["0"]);
        assert!(caught.is_error(), "{caught:?}");
    }
    let may = |command: &str| format!("return redis.acl_check_cmd({command})");
    assert_eq!(eval(&may("'get', 'own:k'"), &["0"]), 1);
    assert_eq!(eval(&may("'get', 'other'"), &["0"]), Value::NullBulk);
    assert!(eval(&may("'nosuch'"), &["0"]).is_error());
    // A key that the request declares is checked before the script begins.
    assert!(eval("return 1", &["1", "other"]).error().starts_with("NOPERM"));
    let log = format!("{:?}", admin.call("ACL LOG"));
    assert!(log.contains("lua") && log.contains("other"), "{log}");
}

#[test]
fn a_script_that_needs_memory_is_refused_where_there_is_none() {
    if is_on_disk() {
        return pass_over("no command on a database on disk is refused for lack of memory");
    }
    let server = Server::start(&["--enable-debug-command", "yes"]);
    let mut client = server.connect();
    client.call("SET k 1");
    client.call("CONFIG SET maxmemory 1");
    let mut eval = |script: &str| client.call_with(&["EVAL", script, "1", "k"]);
    let set = "return redis.call('set', KEYS[1], 2)";
    assert!(eval(set).error().starts_with("OOM command not allowed"), "{:?}", eval(set));
    // What it has begun it may end, as in Redis.
    assert_eq!(eval("redis.call('del', KEYS[1]) return redis.call('set', KEYS[1], 3)"), Value::ok());
    assert_eq!(eval("return redis.call('get', KEYS[1])"), *"3");
    let flagged = |flags: &str| format!("#!lua flags={flags}\n{set}");
    assert_eq!(eval(&flagged("allow-oom")), Value::ok());
    assert!(eval(&format!("#!lua\n{set}")).error().starts_with("OOM allow-oom flag is not set"));
    let read = "#!lua flags=no-writes\nreturn redis.call('get', KEYS[1])";
    assert_eq!(eval(read), *"2");
}
