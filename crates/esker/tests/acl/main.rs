//! Access control, from outside: who may do what, what gets around it (nothing), and where users are kept.

#![allow(clippy::unwrap_used, reason = "a test")]

mod bypasses;
mod channels;
mod files;
#[path = "../harness/mod.rs"]
mod harness;
mod logging;
mod scripts;
mod users;

use harness::{Client, Server, Value, eventually};

const NO_KEY: &str = "NOPERM No permissions to access a key";
const NO_CHANNEL: &str = "NOPERM No permissions to access a channel";

/// A user of these rules, logged in; `admin` makes it.
#[track_caller]
fn log_in(server: &Server, admin: &mut Client, name: &str, rules: &str) -> Client {
    set(admin, name, rules);
    let mut client = server.connect();
    assert_eq!(client.call(&format!("AUTH {name} any")), Value::ok(), "{name}");
    client
}

/// Makes or changes a user, which needs no password.
#[track_caller]
fn set(admin: &mut Client, name: &str, rules: &str) {
    assert_eq!(admin.call(&format!("ACL SETUSER {name} on nopass {rules}")), Value::ok(), "{rules}");
}

/// Checks that `client` may run `request`, or may not run that command.
#[track_caller]
fn check(client: &mut Client, request: &str, may: bool) {
    let reply = client.call(request);
    let is_denied = reply.is_error() && reply.error().starts_with("NOPERM");
    assert_eq!(!is_denied, may, "{request}: {reply:?}");
}

/// Waits until so many clients wait for a key.
#[track_caller]
fn wait_until_blocked(server: &Server, clients: i64) {
    eventually("clients wait", || server.info("blocked_clients") == clients);
}
