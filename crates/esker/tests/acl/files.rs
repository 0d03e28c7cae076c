//! Where users are kept: lines of the configuration, or a file of their own.

use super::{check, log_in};
use crate::harness::{SOON, Server, Spec, TemporaryDirectory, Value, temporary_directory};
use std::fs;
use std::path::Path;

fn path(directory: &TemporaryDirectory, name: &str) -> String {
    directory.path().join(name).display().to_string()
}

/// A server that cannot start: what it says.
#[track_caller]
fn complaint(arguments: &[&str]) -> String {
    let spec = Spec::under_test();
    let output = spec.command().args(arguments).args(["--port", "0"]).output().expect("it can be run");
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn users_of_the_configuration() {
    let directory = temporary_directory();
    let file = path(&directory, "redis.conf");
    let lines =
        "user ann on >secret ~a* +@all -flushall (+flushall ~b)\nuser default on nopass ~* +@all -flushdb\n";
    fs::write(&file, lines).unwrap();
    let server = Spec::under_test().configured_by(&file).start();
    let mut client = server.connect();
    check(&mut client, "FLUSHDB", false);
    check(&mut client, "SUBSCRIBE a", false);
    client.call("ACL SETUSER bob on >hush ~\"x");
    assert_eq!(client.call("CONFIG REWRITE"), Value::ok());
    let before = client.call("ACL LIST");
    drop(server);
    let text = fs::read_to_string(&file).unwrap();
    assert!(!text.contains("secret") && !text.contains("hush"), "{text}");
    // The other server has a directory of its own.
    let users: Vec<&str> = text.lines().filter(|line| line.starts_with("user ")).collect();
    fs::write(&file, users.join("\n")).unwrap();
    let server = Spec::under_test().configured_by(&file).start();
    assert_eq!(server.connect().call("ACL LIST"), before);
    let mut client = server.connect();
    assert_eq!(client.call("AUTH ann secret"), Value::ok());
    check(&mut client, "SET b 1", false);
}

#[test]
fn lines_that_are_wrong_stop_the_start() {
    for (line, expected) in [
        ("user ann +nosuch", "Error in user declaration '+nosuch': Unknown command or category name in ACL"),
        ("user ann on nosuch", "Error in user declaration 'nosuch': Syntax error"),
        ("user ann (+get", "Error in user declaration '(+get': Unmatched parenthesis"),
        ("user ann\nuser ann", "Error in user declaration 'ann': Duplicate user found."),
        ("user \"a b\"", "Spaces not allowed in ACL usernames"),
        ("user ann on\naclfile users.acl", "please define either an ACL file or declare users directly"),
        (
            "aclfile /no/such/file",
            "Error loading ACLs, opening file '/no/such/file': No such file or directory",
        ),
    ] {
        let directory = temporary_directory();
        let file = path(&directory, "redis.conf");
        fs::write(&file, line).unwrap();
        let said = complaint(&[&file]);
        assert!(said.contains(expected), "{line}: {said}");
    }
    assert!(complaint(&["--user", "ann", "--user", "ann"]).contains("Duplicate user"));
}

const USERS: &str = "user ann on nopass ~* &* +@all\nuser bob on >bob ~b* &a +@all\n";

/// A server with a file of users.
fn with_file(text: &str) -> (Server, TemporaryDirectory) {
    let directory = temporary_directory();
    let file = path(&directory, "users.acl");
    fs::write(&file, text).unwrap();
    let server = Spec::under_test().with(&["--aclfile", &file]).start();
    (server, directory)
}

fn users_file(directory: &TemporaryDirectory) -> impl AsRef<Path> {
    directory.path().join("users.acl")
}

#[test]
fn a_file_of_users_is_loaded_and_saved() {
    let (server, directory) = with_file(USERS);
    let mut client = server.connect();
    assert_eq!(client.call("ACL USERS"), Value::bulks(["ann", "bob", "default"]));
    client.call("ACL SETUSER eve on >eve (+get ~e*)");
    assert_eq!(client.call("ACL SAVE"), Value::ok());
    let text = fs::read_to_string(users_file(&directory)).unwrap();
    assert!(text.contains("user eve on ") && text.lines().count() == 4, "{text}");
    let names: Vec<_> =
        fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["users.acl"], "nothing is left beside it");
    let before = client.call("ACL LIST");
    client.call("ACL DELUSER eve");
    assert_eq!(client.call("ACL LOAD"), Value::ok());
    assert_eq!(client.call("ACL LIST"), before);
    // The configuration does not hold the users beside.
    assert!(client.call("CONFIG SET aclfile other").is_error());
}

#[test]
fn a_file_that_is_wrong_changes_nothing() {
    let (server, directory) = with_file(USERS);
    let mut client = server.connect();
    let before = client.call("ACL LIST");
    for (text, expected) in [
        ("user ann on\nuser ann off\n", "Duplicate user 'ann' found on line 2. "),
        ("user eve on\nbad line\n", ":2 should start with user keyword followed by the username. "),
        (
            "user eve +nosuch\n",
            ":1: Error in applying operation '+nosuch': Unknown command or category name in ACL. ",
        ),
        ("user eve #secret\n", ":1: The password hash must be exactly 64 characters"),
        ("user eve (+get\n", ":1: Unmatched parenthesis in selector definition."),
        ("# a comment\n", ":1 should start with user keyword"),
    ] {
        fs::write(users_file(&directory), text).unwrap();
        let error = client.call("ACL LOAD").error().to_owned();
        assert!(error.starts_with("ERR ") && error.contains(expected), "{text}: {error}");
        assert!(error.ends_with("no change to the previously active ACL rules was performed"), "{error}");
        assert_eq!(client.call("ACL LIST"), before);
    }
    fs::remove_file(users_file(&directory)).unwrap();
    assert!(client.call("ACL LOAD").error().contains("No such file or directory"));
    assert_eq!(client.call("ACL LIST"), before);
    fs::remove_dir(directory.path()).unwrap();
    assert!(client.call("ACL SAVE").error().starts_with("ERR There was an error trying to save the ACLs."));
}

#[test]
fn loading_disconnects_whom_it_concerns() {
    let (server, _directory) = with_file(USERS);
    let mut admin = server.connect();
    let mut ann = server.connect();
    ann.call("AUTH ann any");
    ann.call("SUBSCRIBE a");
    let mut bob = server.connect();
    bob.call("AUTH bob bob");
    let mut eve = log_in(&server, &mut admin, "eve", "+@all &*");
    let mut listener = server.connect();
    admin.call("ACL SETUSER bob allchannels ~*");
    listener.call("AUTH bob bob");
    listener.call("SUBSCRIBE other");
    check(&mut bob, "GET other", true);
    assert_eq!(admin.call("ACL LOAD"), Value::ok());
    assert_eq!(admin.call("PUBLISH a x"), Value::Int(1));
    assert_eq!(ann.read().unwrap(), Value::bulks(["message", "a", "x"]));
    assert!(eve.is_closed_within(SOON), "its user is not in the file");
    assert!(listener.is_closed_within(SOON), "it listened to what it may not any more");
    check(&mut bob, "GET b", true);
    check(&mut bob, "GET other", false);
}

#[test]
fn without_a_file_there_is_none_to_load() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    for request in ["ACL LOAD", "ACL SAVE"] {
        assert!(client.call(request).error().contains("instance is not configured to use an ACL file"));
    }
}
