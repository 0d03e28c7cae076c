//! What is noted of what was denied: ACL LOG, INFO, and what nobody may read there.

use super::{check, log_in};
use crate::harness::{Client, Server, Value};

/// The newest denial: reason, context, object, user.
fn newest(admin: &mut Client) -> [String; 4] {
    let log = admin.call("ACL LOG 1");
    let entry = log.elements()[0].elements().to_vec();
    [3, 5, 7, 9].map(|place| entry[place].text())
}

#[test]
fn every_kind_of_denial_is_noted_and_counted() {
    let server = Server::start(&[]);
    let mut admin = server.connect();
    let mut ann = log_in(&server, &mut admin, "ann", "+@all -get ~a &a");
    let mut expect = |request: &str, [reason, context, object, user]: [&str; 4]| {
        assert!(ann.call(request).is_error(), "{request}");
        assert_eq!(newest(&mut admin), [reason, context, object, user], "{request}");
    };
    expect("GET a", ["command", "toplevel", "get", "ann"]);
    expect("MGET a b", ["key", "toplevel", "b", "ann"]);
    expect("PUBLISH b x", ["channel", "toplevel", "b", "ann"]);
    expect("AUTH bob x", ["auth", "toplevel", "AUTH", "bob"]);
    expect("hello 3 AUTH bob x", ["auth", "toplevel", "hello", "bob"]);
    ann.call("MULTI");
    assert!(ann.call("SET c 1").is_error());
    assert_eq!(newest(&mut admin), ["key", "multi", "c", "ann"]);
    for (kind, count) in [("auth", 2), ("cmd", 1), ("key", 2), ("channel", 1)] {
        assert_eq!(server.info(&format!("acl_access_denied_{kind}")), count, "{kind}");
    }
    let client = admin.call("ACL LOG 1").elements()[0].elements()[13].text();
    assert!(client.contains(" cmd=set ") && client.contains(" user=ann "), "{client}");
    assert!(admin.call("INFO commandstats").text().contains("rejected_calls=1"));
    admin.call("CONFIG RESETSTAT");
    assert_eq!(server.info("acl_access_denied_key"), 0);
    assert_eq!(admin.call("ACL LOG RESET"), Value::ok());
    assert_eq!(admin.call("ACL LOG"), Value::Array(Vec::new()));
}

#[test]
fn denials_that_are_alike_are_one_entry_and_there_are_not_too_many() {
    let server = Server::start(&["--acllog-max-len", "3"]);
    let mut admin = server.connect();
    let mut ann = log_in(&server, &mut admin, "ann", "+@all ~a");
    for request in ["GET b", "GET b", "GET c", "GET b"] {
        check(&mut ann, request, false);
    }
    let log = admin.call("ACL LOG");
    let counts: Vec<i64> = log.elements().iter().map(|entry| entry.elements()[1].int()).collect();
    assert_eq!(counts, [3, 1]);
    for number in 0..10 {
        check(&mut ann, &format!("GET key{number}"), false);
    }
    assert_eq!(admin.call("ACL LOG").elements().len(), 3);
    assert_eq!(admin.call("ACL LOG 2").elements().len(), 2);
    assert_eq!(admin.call("ACL LOG -1").elements().len(), 0);
    assert!(admin.call("ACL LOG many").is_error());
    admin.call("CONFIG SET acllog-max-len 0");
    assert_eq!(admin.call("ACL LOG").elements().len(), 3);
    check(&mut ann, "GET b", false);
    assert_eq!(admin.call("ACL LOG").elements().len(), 0);
}

#[test]
fn no_password_is_shown() {
    let server = Server::start(&["--slowlog-log-slower-than", "0"]);
    let mut admin = server.connect();
    let mut monitor = server.connect();
    monitor.call("MONITOR");
    for request in
        ["ACL SETUSER ann on >secret", "AUTH ann secret", "HELLO 2 AUTH ann secret", "RESET", "PING end"]
    {
        admin.call(request);
    }
    loop {
        let line = monitor.read().unwrap().text();
        assert!(!line.contains("secret"), "{line}");
        if line.contains("end") {
            break;
        }
    }
    let slow = format!("{:?}", admin.call("SLOWLOG GET 100"));
    assert!(!slow.contains("secret") && slow.contains("(redacted)"), "{slow}");
}
