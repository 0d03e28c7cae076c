//! Who there is, how to become one of them, and what each may do.

use super::{NO_KEY, check, log_in, set, wait_until_blocked};
use crate::harness::{Client, SOON, Server, Value, encode};

#[test]
fn a_password_lets_in_and_nothing_else() {
    let server = Server::start(&[]);
    let mut admin = server.connect();
    let mut client = server.connect();
    const WRONG: &str = "WRONGPASS invalid username-password pair or user is disabled.";
    admin.call("ACL SETUSER ann >one >two +@all ~*");
    assert_eq!(client.call("AUTH ann one").error(), WRONG, "who is off is not let in");
    admin.call("ACL SETUSER ann on");
    for password in ["one", "two"] {
        assert_eq!(client.call(&format!("AUTH ann {password}")), Value::ok());
    }
    for request in ["AUTH ann three", "AUTH nobody one", "HELLO 3 AUTH ann x SETNAME me", "AUTH default"] {
        assert!(client.call(request).is_error(), "{request}");
    }
    assert_eq!(client.call("ACL WHOAMI"), Value::bulk("ann"), "a login that fails changes nothing");
    assert_eq!(client.call("CLIENT GETNAME"), Value::NullBulk);
    assert!(!client.call("HELLO 3 AUTH nobody x AUTH default any SETNAME me").is_error());
    assert_eq!(client.call("ACL WHOAMI"), Value::bulk("default"));
}

#[test]
fn requirepass_is_the_default_users_password() {
    let server = Server::start(&["--requirepass", "secret"]);
    let mut client = server.connect();
    assert_eq!(client.call("GET a").error(), "NOAUTH Authentication required.");
    assert!(client.call("AUTH default wrong").is_error());
    assert_eq!(client.call("AUTH secret"), Value::ok());
    assert_eq!(client.call("CONFIG SET requirepass other"), Value::ok());
    assert_eq!(client.call("GET a"), Value::NullBulk, "who is in stays in");
    assert!(server.connect().call("AUTH secret").is_error());
    assert_eq!(server.connect().call("AUTH other"), Value::ok());
    let mut early = server.connect();
    assert_eq!(early.call("GET a").error(), "NOAUTH Authentication required.");
    client.call_with(&["CONFIG", "SET", "requirepass", ""]);
    assert_eq!(early.call("GET a"), Value::NullBulk, "nobody needs a password any more");
    // No longer a stranger, so no longer held to ten words.
    let mset: Vec<String> =
        std::iter::once("MSET".to_owned()).chain((0..40).map(|n| n.to_string())).collect();
    assert_eq!(early.call_with(&mset), Value::ok());
    client.call("ACL SETUSER default off");
    assert_eq!(server.connect().call("GET a").error(), "NOAUTH Authentication required.");
    assert!(server.connect().call("HELLO 3").error().starts_with("NOAUTH HELLO must be called"));
}

#[test]
fn a_change_of_rules_holds_for_who_is_connected() {
    let server = Server::start(&[]);
    let mut admin = server.connect();
    let mut ann = log_in(&server, &mut admin, "ann", "+get ~a*");
    check(&mut ann, "GET a", true);
    assert_eq!(ann.call("GET b").error(), NO_KEY);
    assert_eq!(ann.call("SET a 1").error(), "NOPERM User ann has no permissions to run the 'set' command");
    assert_eq!(
        ann.call("CONFIG GET a").error(),
        "NOPERM User ann has no permissions to run the 'config|get' command"
    );
    set(&mut admin, "ann", "+set +config|get resetkeys ~b*");
    check(&mut ann, "SET b 1", true);
    check(&mut ann, "CONFIG GET port", true);
    check(&mut ann, "GET a", false);
    check(&mut ann, "CONFIG SET timeout 0", false);
    // Rules that fail change nothing, not even those before.
    assert!(admin.call("ACL SETUSER ann +@all ~c nosuch").is_error());
    check(&mut ann, "GET c", false);
    // Off is for those who come.
    admin.call("ACL SETUSER ann off");
    check(&mut ann, "SET b 1", true);
    assert!(server.connect().call("AUTH ann any").is_error());
    // Commands that everybody may run.
    admin.call("ACL SETUSER ann reset on");
    for request in ["AUTH default any", "RESET"] {
        check(&mut ann, request, true);
    }
    assert_eq!(ann.call("ACL WHOAMI"), Value::bulk("default"));
}

#[test]
fn a_restricted_default_user_restricts_who_is_connected() {
    let server = Server::start(&[]);
    let (mut admin, mut other) = (server.connect(), server.connect());
    set(&mut admin, "root", "+@all ~* &*");
    admin.call("AUTH root any");
    set(&mut admin, "default", "-@all +get resetkeys ~a");
    check(&mut other, "GET a", true);
    check(&mut other, "GET b", false);
    check(&mut other, "SET a 1", false);
    check(&mut server.connect(), "SET a 1", false);
    set(&mut admin, "default", "+@all ~*");
    check(&mut other, "SET b 1", true);
}

#[test]
fn whose_user_is_deleted_is_disconnected() {
    let server = Server::start(&[]);
    let mut admin = server.connect();
    let mut ann = log_in(&server, &mut admin, "ann", "+@all ~* &*");
    let mut blocked = log_in(&server, &mut admin, "ann", "+@all ~* &*");
    blocked.send("BLPOP list 0");
    wait_until_blocked(&server, 1);
    assert_eq!(admin.call("ACL DELUSER ann nobody"), Value::Int(1));
    assert!(ann.is_closed_within(SOON) && blocked.is_closed_within(SOON));
    assert_eq!(admin.call("ACL GETUSER ann"), Value::NullBulk);
    // The same name again is another user.
    set(&mut admin, "ann", "+get ~*");
    assert_eq!(admin.call("ACL DELUSER default").error(), "ERR The 'default' user cannot be removed");
    // Who deletes itself still gets the reply.
    let mut bob = log_in(&server, &mut admin, "bob", "+@all ~* &*");
    assert_eq!(bob.call("ACL DELUSER bob"), Value::Int(1));
    assert!(bob.is_closed_within(SOON));
}

/// What a deleted user's client had sent already is not run.
#[test]
fn nothing_of_a_deleted_users_pipeline_runs() {
    let server = Server::start(&[]);
    let mut admin = server.connect();
    let mut ann = log_in(&server, &mut admin, "ann", "+@all ~* &*");
    let requests = [encode(&["ACL", "DELUSER", "ann"]), encode(&["SET", "a", "1"])].concat();
    ann.send_raw(&requests).unwrap();
    assert_eq!(ann.read().unwrap(), Value::Int(1));
    assert!(ann.is_closed_within(SOON));
    assert_eq!(admin.call("EXISTS a"), Value::Int(0));
}

#[test]
fn clients_are_listed_and_ended_by_their_users() {
    let server = Server::start(&[]);
    let mut admin = server.connect();
    let mut ann = log_in(&server, &mut admin, "ann", "+@all ~* &*");
    assert!(ann.call("CLIENT INFO").text().contains(" user=ann "));
    let users = |admin: &mut Client| {
        let list = admin.call("CLIENT LIST").text();
        ["ann", "default"].map(|user| list.matches(&format!(" user={user} ")).count())
    };
    assert_eq!(users(&mut admin), [1, 1]);
    assert_eq!(admin.call("CLIENT KILL USER nobody ID 1").error(), "ERR No such user 'nobody'");
    assert_eq!(ann.call("CLIENT KILL USER ann SKIPME yes"), Value::Int(0));
    assert_eq!(admin.call("CLIENT KILL USER ann"), Value::Int(1));
    assert_eq!(users(&mut admin), [0, 1]);
    assert!(ann.is_closed_within(SOON));
}

#[test]
fn a_user_is_told_as_it_was_made() {
    let server = Server::start(&[]);
    let mut admin = server.connect();
    admin.call("ACL SETUSER ann on #c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2 ~a %R~b &c +@read -get");
    admin.call("ACL SETUSER ann ( +set %W~w ) sanitize-payload");
    let list = admin.call("ACL LIST");
    let expected = "user ann on sanitize-payload #c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2 ~a \
                    %R~b resetchannels &c -@all +@read -get (%W~w resetchannels -@all +set)";
    assert_eq!(list.elements()[0], Value::bulk(expected));
    assert_eq!(list.elements()[1], Value::bulk("user default on nopass sanitize-payload ~* &* +@all"));
    assert_eq!(admin.call("ACL USERS"), Value::bulks(["ann", "default"]));
    assert_eq!(
        admin.call_with(&["ACL", "SETUSER", "a b"]).error(),
        "ERR Usernames can't contain spaces or null characters"
    );
}

#[test]
fn generated_passwords() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let first = client.call("ACL GENPASS").text();
    assert_eq!(first.len(), 64);
    assert_ne!(first, client.call("ACL GENPASS").text());
    assert_eq!(client.call("ACL GENPASS 5").text().len(), 2);
    assert_eq!(client.call("ACL GENPASS 4096").text().len(), 1024);
    for bits in ["0", "-1", "4097"] {
        assert!(client.call(&format!("ACL GENPASS {bits}")).is_error());
    }
}

/// Commands are known by the names that they were made with, whatever they are called.
#[test]
fn a_renamed_command_is_still_the_same() {
    let server = Server::start(&["--rename-command", "GET", "fetch"]);
    let mut admin = server.connect();
    let mut ann = log_in(&server, &mut admin, "ann", "~* +@all -get");
    assert_eq!(ann.call("FETCH a").error(), "NOPERM User ann has no permissions to run the 'get' command");
    assert!(admin.call("ACL SETUSER ann +fetch").is_error());
    set(&mut admin, "ann", "+get");
    assert_eq!(ann.call("FETCH a"), Value::NullBulk);
}
