//! Scripts, functions and transactions as ways around access control.

use super::{NO_KEY, check, log_in, set};
use crate::harness::{Client, SOON, Server, Value};

const LIBRARY: &str = "#!lua name=lib
redis.register_function('get', function(keys) return redis.call('GET', keys[1]) end)
redis.register_function('hidden', function() return redis.call('GET', 'secret') end)
redis.register_function('caught', function() return redis.pcall('GET', 'secret') end)
redis.register_function('publish', function() return redis.call('PUBLISH', 'secret', 'x') end)
redis.register_function('sort', function() return redis.call('SORT', 'a:list', 'BY', 'nosort', 'GET', 'secret*') end)
redis.register_function('store', function() return redis.call('SORT', 'a:list', 'STORE', 'secret') end)
redis.register_function('copy', function() return redis.call('COPY', 'secret', 'a:copy') end)
redis.register_function('object', function() return redis.call('OBJECT', 'ENCODING', 'secret') end)
redis.register_function('delete', function() return redis.call('DEL', 'a:1') end)";

#[track_caller]
fn check_denied(client: &mut Client, request: &[&str]) {
    let reply = client.call_with(request);
    let is_denied = |text: &str| {
        ["NOPERM", "ACL failure in script", "denied due to"].iter().any(|part| text.contains(part))
    };
    assert!(reply.is_error() && is_denied(reply.error()), "{request:?}: {reply:?}");
}

/// Whoever wrote a function, it may do what its caller may.
#[test]
fn a_function_may_do_what_its_caller_may() {
    let server = Server::start(&[]);
    let mut admin = server.connect();
    admin.call("MSET secret 1 a:1 one");
    admin.call("RPUSH a:list 1");
    assert_eq!(admin.call_with(&["FUNCTION", "LOAD", LIBRARY]).text(), "lib");
    let mut ann = log_in(&server, &mut admin, "ann", "+@all -del ~a:* &a:*");
    assert_eq!(ann.call("FCALL get 1 a:1").text(), "one");
    for function in ["hidden", "caught", "publish", "sort", "store", "copy", "object", "delete"] {
        check_denied(&mut ann, &["FCALL", function, "0"]);
        ann.call("MULTI");
        ann.call(&format!("FCALL {function} 0"));
        let replies = ann.call("EXEC");
        assert!(replies.elements()[0].is_error(), "{function}: {replies:?}");
    }
    assert_eq!(ann.call("FCALL get 1 secret").error(), NO_KEY);
    assert_eq!(ann.call("FCALL_RO get 1 secret").error(), NO_KEY);
    assert_eq!(admin.call("EXISTS a:copy a:1"), Value::Int(1));
    assert_eq!(admin.call("GET secret").text(), "1");
    // The same functions, for who may.
    assert_eq!(admin.call("FCALL hidden 0").text(), "1");
    set(&mut admin, "ann", "~secret");
    assert_eq!(ann.call("FCALL hidden 0").text(), "1");
}

/// Who may not run scripts may not run them by any other name, and a script that somebody else has loaded is no better.
#[test]
fn scripts_are_for_who_may_run_them() {
    let server = Server::start(&[]);
    let mut admin = server.connect();
    let digest = admin.call_with(&["SCRIPT", "LOAD", "return redis.call('GET', 'secret')"]).text();
    admin.call_with(&["FUNCTION", "LOAD", LIBRARY]);
    let mut ann = log_in(&server, &mut admin, "ann", "+@all -@scripting ~a:* &*");
    for request in [
        "EVAL x 0",
        "EVAL_RO x 0",
        "EVALSHA x 0",
        "EVALSHA_RO x 0",
        "FCALL get 1 a:1",
        "FCALL_RO get 1 a:1",
        "SCRIPT LOAD x",
        "SCRIPT FLUSH",
        "SCRIPT KILL",
        "FUNCTION LOAD x",
        "FUNCTION FLUSH",
        "FUNCTION DUMP",
        "FUNCTION LIST",
        "FUNCTION DELETE lib",
        "FUNCTION RESTORE x",
        "FUNCTION KILL",
    ] {
        check(&mut ann, request, false);
    }
    set(&mut admin, "ann", "+evalsha");
    check_denied(&mut ann, &["EVALSHA", &digest, "0"]);
    check_denied(&mut ann, &["EVALSHA", &digest, "1", "secret"]);
}

/// A script is no way to become somebody else, or to do what concerns the connection or the server.
#[test]
fn a_script_changes_nobodys_rights() {
    let server = Server::start(&[]);
    let mut admin = server.connect();
    let mut ann = log_in(&server, &mut admin, "ann", "+@all -@admin -@dangerous ~a:*");
    for command in [
        "'AUTH', 'default', ''",
        "'HELLO', 3, 'AUTH', 'default', ''",
        "'ACL', 'SETUSER', 'ann', '+@all', '~*'",
        "'CONFIG', 'SET', 'requirepass', 'x'",
        "'CONFIG', 'GET', '*'",
        "'MONITOR'",
        "'CLIENT', 'KILL', 'TYPE', 'normal'",
        "'RESET'",
        "'SUBSCRIBE', 'c'",
        "'PSUBSCRIBE', '*'",
        "'MULTI'",
        "'WATCH', 'secret'",
        "'SHUTDOWN'",
        "'DEBUG', 'SLEEP', 0",
        "'FLUSHALL'",
        "'KEYS', '*'",
    ] {
        for call in ["call", "pcall"] {
            let script = format!("return redis.{call}({command})");
            let reply = ann.call_with(&["EVAL", &script, "0"]);
            assert!(reply.is_error(), "{script}: {reply:?}");
        }
    }
    assert_eq!(ann.call("ACL WHOAMI").text(), "ann");
    check(&mut ann, "GET secret", false);
    // What belongs to the connection is closed to those who may do everything, too.
    for command in [
        "'AUTH', 'ann', 'any'",
        "'SUBSCRIBE', 'c'",
        "'MONITOR'",
        "'MULTI'",
        "'WATCH', 'k'",
        "'ACL', 'SETUSER', 'bob'",
    ] {
        let reply = admin.call_with(&["EVAL", &format!("return redis.call({command})"), "0"]);
        assert!(reply.error().contains("not allowed from script"), "{command}: {reply:?}");
    }
}

/// What others do and say is not shown to who may not know: neither by MONITOR, nor within transactions or scripts.
#[test]
fn a_monitor_learns_no_secret() {
    let server = Server::start(&[]);
    let mut admin = server.connect();
    let mut monitor = server.connect();
    assert_eq!(monitor.call("MONITOR"), Value::ok());
    for request in [
        "MULTI",
        "AUTH default hidden",
        "CONFIG SET requirepass hidden",
        "ACL SETUSER bob >hidden",
        "EXEC",
        "AUTH hidden",
        "HELLO 3 AUTH default hidden",
        "CONFIG SET requirepass hidden tls-key-file-pass hidden",
        "CONFIG SET masterauth hidden",
        "ACL SETUSER ann on >hidden +@all ~*",
        "AUTH ann hidden",
        "CONFIG GET requirepass",
        "ECHO end",
    ] {
        admin.call(request);
    }
    loop {
        let line = monitor.read().unwrap().text();
        assert!(!line.contains("hidden"), "{line}");
        if line.contains("\"end\"") {
            break;
        }
    }
    // A monitor whose user is gone is gone too.
    let mut ann = log_in(&server, &mut admin, "watcher", "+@all ~*");
    assert_eq!(ann.call("MONITOR"), Value::ok());
    admin.call("ACL DELUSER watcher");
    assert!(ann.is_closed_within(SOON));
}
