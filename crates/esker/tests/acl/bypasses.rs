//! Ways around access control that must not be there.

use super::{NO_KEY, check, log_in, set, wait_until_blocked};
use crate::harness::{Rng, Server, Value};
use std::time::{Duration, Instant};

const CHANGED: &str = "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. \
                       This command is no longer allowed for the following reason: ";

#[test]
fn a_transaction_is_checked_when_it_is_queued() {
    let server = Server::start(&[]);
    let mut admin = server.connect();
    let mut ann = log_in(&server, &mut admin, "ann", "+multi +exec +set ~a*");
    assert_eq!(ann.call("MULTI"), Value::ok());
    check(&mut ann, "SET a1 1", true);
    check(&mut ann, "SET b 1", false);
    check(&mut ann, "FLUSHALL", false);
    assert!(ann.call("EXEC").error().starts_with("EXECABORT"));
    assert_eq!(admin.call("EXISTS a1 b"), Value::Int(0));
}

#[test]
fn a_transaction_is_checked_again_when_it_runs() {
    let server = Server::start(&[]);
    let mut admin = server.connect();
    let mut ann = log_in(&server, &mut admin, "ann", "+@all ~a* &c*");
    for request in ["MULTI", "SET a1 1", "SET a2 2", "INCR a1", "PUBLISH c1 x", "GET a1"] {
        assert!(!ann.call(request).is_error(), "{request}");
    }
    set(&mut admin, "ann", "-incr resetkeys ~a1 resetchannels");
    let replies = ann.call("EXEC");
    let errors: Vec<Option<&str>> = replies
        .elements()
        .iter()
        .map(|reply| reply.is_error().then(|| reply.error().strip_prefix(CHANGED).unwrap_or(reply.error())))
        .collect();
    let expected = [
        None,
        Some("no permission to touch the specified keys"),
        Some("no permission to execute the command or subcommand"),
        Some("no permission to access one of the channels used as argument to the command"),
        None,
    ];
    assert_eq!(errors, expected);
    assert_eq!(replies.elements()[4], Value::bulk("1"));
    assert_eq!(admin.call("EXISTS a2"), Value::Int(0));
}

/// A login within a transaction holds for what comes after it there.
#[test]
fn a_login_within_a_transaction() {
    let server = Server::start(&[]);
    let mut admin = server.connect();
    let mut ann = log_in(&server, &mut admin, "ann", "+@all ~*");
    set(&mut admin, "bob", "+get ~b");
    for request in ["MULTI", "SET a 1", "AUTH bob any", "SET a 2", "GET b"] {
        assert!(!ann.call(request).is_error(), "{request}");
    }
    let replies = ann.call("EXEC");
    let are_errors: Vec<bool> = replies.elements().iter().map(Value::is_error).collect();
    assert_eq!(are_errors, [false, false, true, false]);
    assert_eq!(admin.call("GET a"), Value::bulk("1"));
}

#[test]
fn who_waits_is_checked_again_when_served() {
    let server = Server::start(&[]);
    let mut admin = server.connect();
    let mut ann = log_in(&server, &mut admin, "ann", "+@all ~*");
    let mut bob = log_in(&server, &mut admin, "bob", "+@all ~*");
    ann.send("BLPOP list 0");
    wait_until_blocked(&server, 1);
    bob.send("BLPOP list 0");
    wait_until_blocked(&server, 2);
    set(&mut admin, "ann", "resetkeys ~other");
    assert_eq!(admin.call("RPUSH list one"), Value::Int(1));
    assert_eq!(ann.read().unwrap().error(), NO_KEY);
    assert_eq!(bob.read().unwrap(), Value::bulks(["list", "one"]), "it goes to the next");
    check(&mut ann, "GET other", true);
}

#[test]
fn sort_looks_up_other_keys_only_for_who_may_read_all() {
    let server = Server::start(&[]);
    let mut admin = server.connect();
    for request in ["RPUSH list 1 2", "MSET secret1 b secret2 a"] {
        admin.call(request);
    }
    const BY: &str = "ERR BY option of SORT denied due to insufficient ACL permissions.";
    const GET: &str = "ERR GET option of SORT denied due to insufficient ACL permissions.";
    let mut ann = log_in(&server, &mut admin, "ann", "+@all ~list ~sorted");
    for command in ["SORT", "SORT_RO"] {
        assert_eq!(ann.call(&format!("{command} list")), Value::bulks(["1", "2"]));
        assert_eq!(ann.call(&format!("{command} list BY nosort")), Value::bulks(["1", "2"]));
        assert_eq!(ann.call(&format!("{command} list BY secret* ALPHA")).error(), BY);
        assert_eq!(ann.call(&format!("{command} list GET secret*")).error(), GET);
        assert_eq!(ann.call(&format!("{command} list LIMIT 0 1 get secret*")).error(), GET);
        // No pattern of keys, and not all of them in one selector.
        set(&mut admin, "ann", "%W~* ~secret* (%R~* -@all)");
        assert_eq!(ann.call(&format!("{command} list GET secret*")).error(), GET);
    }
    assert_eq!(ann.call("SORT list GET secret* STORE sorted").error(), GET);
    for request in ["MULTI", "SORT list GET secret*"] {
        ann.call(request);
    }
    assert_eq!(ann.call("EXEC").elements()[0].error(), GET);
    assert_eq!(admin.call("EXISTS sorted"), Value::Int(0));
    set(&mut admin, "ann", "%R~*");
    assert_eq!(ann.call("SORT list BY secret* ALPHA"), Value::bulks(["2", "1"]));
    check(&mut ann, "SORT list STORE other", true);
    set(&mut admin, "ann", "resetkeys %R~list %W~sorted");
    check(&mut ann, "SORT list STORE sorted", true);
    check(&mut ann, "SORT sorted STORE sorted", false);
    check(&mut ann, "SORT list STORE list", false);
}

#[test]
fn every_key_counts_wherever_it_stands() {
    let server = Server::start(&[]);
    let mut admin = server.connect();
    let mut ann = log_in(&server, &mut admin, "ann", "+@all %R~r* %W~w* ~b*");
    for (request, may) in [
        ("COPY r w", true),
        ("COPY w r", false),
        ("COPY r r2", false),
        ("RENAME b w", true),
        ("RENAME r b", false),
        ("OBJECT ENCODING r", true),
        ("OBJECT ENCODING w", true),
        ("OBJECT ENCODING x", false),
        ("MEMORY USAGE x", false),
        ("EXISTS r w b", true),
        ("EXISTS r w x", false),
        ("MGET r1 r2 b", true),
        ("MGET r1 r2 w", false),
        ("MSET w 1 b 2", true),
        ("MSET w 1 r 2", false),
        ("DEL w r", false),
        ("WATCH x", false),
        ("SET w 1", true),
        ("SET w 1 GET", false),
        ("SINTERSTORE w r r2", true),
        ("SINTERSTORE w r x", false),
        ("SUNION r x", false),
        ("ZUNIONSTORE w 2 r r2", true),
        ("ZUNIONSTORE w 2 r x", false),
        ("ZINTERCARD 2 r x", false),
        ("LMPOP 2 b x LEFT", false),
        ("BLMPOP 0.01 2 b x LEFT", false),
        ("BLMOVE b x LEFT LEFT 0.01", false),
        ("XREAD COUNT 1 STREAMS r x 0 0", false),
        ("XREAD COUNT 1 STREAMS r r2 0 0", true),
        ("XREAD STREAMS streams 0", false),
        ("XREADGROUP GROUP streams c STREAMS x 0", false),
        ("GEORADIUS r 0 0 1 m STORE w", true),
        ("GEORADIUS r 0 0 1 m STORE x", false),
        ("GEORADIUS r 0 0 1 m STORE w STORE x", false),
        ("GEORADIUS r 0 0 1 m STORE w STOREDIST x", false),
        ("GEOSEARCHSTORE w r FROMLONLAT 0 0 BYRADIUS 1 m", true),
        ("GEOSEARCHSTORE w x FROMLONLAT 0 0 BYRADIUS 1 m", false),
        ("PFCOUNT r x", false),
        ("PFMERGE w", false),
        ("BITOP AND w r r2", true),
        ("BITOP AND w r x", false),
        ("LCS r x", false),
        ("MSETEX 1 x 1", false),
        ("BITFIELD r GET u8 0", true),
        ("BITFIELD r SET u8 0 1", false),
        ("MOVE x 1", false),
    ] {
        check(&mut ann, request, may);
    }
}

/// Each of them alone would not permit it.
#[test]
fn selectors_do_not_permit_together_what_none_permits_alone() {
    let server = Server::start(&[]);
    let mut admin = server.connect();
    let mut ann = log_in(&server, &mut admin, "ann", "(+copy +get %R~r*) (+copy +set %W~w*) (+publish) (&*)");
    for (request, may) in [
        ("GET r", true),
        ("SET w 1", true),
        ("COPY r w", false),
        ("SET r 1", false),
        ("GET w", false),
        ("PUBLISH c x", false),
    ] {
        check(&mut ann, request, may);
    }
    set(&mut admin, "ann", "(+copy %R~r* %W~w*)");
    check(&mut ann, "COPY r w", true);
}

#[test]
fn what_belongs_to_administration_is_for_whom_it_is_allowed() {
    let server = Server::start(&["--enable-debug-command", "yes"]);
    let mut admin = server.connect();
    let mut ann = log_in(&server, &mut admin, "ann", "+@all ~* &* -@admin -@dangerous");
    for request in [
        "MONITOR",
        "CLIENT LIST",
        "CLIENT KILL TYPE normal",
        "CONFIG GET requirepass",
        "CONFIG SET requirepass mine",
        "CONFIG SET acllog-max-len 0",
        "CONFIG REWRITE",
        "ACL SETUSER ann +@all",
        "ACL DELUSER default",
        "ACL LOG RESET",
        "ACL LOAD",
        "ACL DRYRUN default GET a",
        "DEBUG OBJECT a",
        "FLUSHALL",
        "KEYS *",
        "SHUTDOWN NOSAVE",
        "SLOWLOG GET",
        "LATENCY RESET",
        "SORT a",
    ] {
        check(&mut ann, request, false);
    }
    for request in ["ACL WHOAMI", "ACL CAT", "CLIENT ID", "CLIENT SETNAME me", "COMMAND COUNT", "SUBSCRIBE a"]
    {
        check(&mut ann, request, true);
    }
}

/// A first argument may be allowed alone; a word that only looks like it is not it.
#[test]
fn first_arguments() {
    let server = Server::start(&[]);
    let mut admin = server.connect();
    let mut ann = log_in(&server, &mut admin, "ann", "+select|0 +@all -select +select|0");
    for (request, may) in
        [("SELECT 0", true), ("SELECT 1", false), ("SELECT 00", false), ("select +0", false)]
    {
        check(&mut ann, request, may);
    }
}

/// A stranger learns nothing and costs little, however often it tries.
#[test]
fn a_flood_of_logins() {
    let server = Server::start(&["--requirepass", "secret"]);
    let mut client = server.connect();
    let long = "x".repeat(16_000);
    let requests: Vec<Vec<String>> =
        (0..2000).map(|number| ["AUTH".to_owned(), format!("{number}{long}"), long.clone()].into()).collect();
    for requests in requests.chunks(20) {
        assert!(client.pipeline(requests).iter().all(Value::is_error));
    }
    client.call("AUTH secret");
    let info = client.call("INFO stats").text();
    assert!(info.contains("acl_access_denied_auth:2000"), "{info}");
    let entries = client.call("ACL LOG 1000000");
    assert_eq!(entries.elements().len(), 128);
    assert!(entries.elements().iter().all(|entry| entry.elements()[9].text().len() <= 1024));
}

/// Whatever the users may do at each moment, none of them may ever touch one key; and nobody waits for anybody.
#[test]
fn users_that_change_while_they_work() {
    const RULES: [&str; 6] = [
        "reset on nopass +@all ~a* &a*",
        "reset on nopass +@all ~b* &*",
        "resetkeys ~a* ~b*",
        "resetchannels &b*",
        "-@all +@read +auth",
        "reset on nopass (+@all ~a*) (+@write ~b* &a*)",
    ];
    const REQUESTS: [&str; 16] = [
        "SET secret 1",
        "SET a1 1",
        "COPY b1 secret",
        "SORT b1 STORE secret",
        "RENAME a1 secret",
        "MULTI",
        "EXEC",
        "DISCARD",
        "AUTH ann any",
        "AUTH bob any",
        "BLPOP a2 0.01",
        "RPUSH a2 1",
        "GEORADIUS a3 0 0 1 m STORE a4 STORE secret",
        "PUBLISH a1 x",
        "BLMOVE a2 secret LEFT LEFT 0.01",
        "INCR b2",
    ];
    let server = Server::start(&[]);
    let mut admin = server.connect();
    for name in ["ann", "bob"] {
        set(&mut admin, name, RULES[0]);
    }
    let end = Instant::now() + Duration::from_secs(2);
    std::thread::scope(|scope| {
        for worker in 0..4 {
            let server = &server;
            scope.spawn(move || {
                let mut rng = Rng::new(worker);
                while Instant::now() < end {
                    let mut client = server.connect();
                    // Who is gone is asked to come again.
                    let _ = client.try_call(&["AUTH", "ann", "any"]).is_ok_and(|reply| {
                        !reply.is_error()
                            && (0..50).all(|_| {
                                let request = *rng.pick(&REQUESTS);
                                client.try_call(&request.split(' ').collect::<Vec<_>>()).is_ok()
                            })
                    });
                }
            });
        }
        let mut rng = Rng::new(99);
        let mut changes = 0;
        while Instant::now() < end {
            let name = *rng.pick(&["ann", "bob"]);
            let request = if rng.chance(5) {
                format!("ACL DELUSER {name}")
            } else {
                format!("ACL SETUSER {name} {}", rng.pick(&RULES))
            };
            admin.call(&request);
            changes += 1;
        }
        assert!(changes > 100, "{changes}");
    });
    assert_eq!(admin.call("EXISTS secret"), Value::Int(0));
    assert!(!server.log().contains("panicked"), "{}", server.log());
    admin.call("ACL DELUSER ann bob");
    crate::harness::eventually("nobody is left", || {
        !admin.call("CLIENT LIST").text().lines().any(|line| !line.contains(" user=default "))
    });
}
