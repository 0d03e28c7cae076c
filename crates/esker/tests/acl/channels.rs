//! Channels: who may speak and listen, and who no longer may.

use super::{NO_CHANNEL, check, log_in, set};
use crate::harness::{Client, SOON, Server, Value, eventually};

#[test]
fn channels_are_matched_and_patterns_are_taken_literally() {
    let server = Server::start(&[]);
    let mut admin = server.connect();
    let mut ann = log_in(&server, &mut admin, "ann", "+@all ~* &news:* &one");
    ann.call("HELLO 3");
    for (request, may) in [
        ("PUBLISH news:1 x", true),
        ("PUBLISH other x", false),
        ("SPUBLISH news:1 x", true),
        ("SPUBLISH other x", false),
        ("SUBSCRIBE news:1", true),
        ("SUBSCRIBE news:1 other", false),
        ("SSUBSCRIBE one", true),
        ("SSUBSCRIBE other", false),
        ("PSUBSCRIBE news:*", true),
        ("PSUBSCRIBE news:1*", false),
        ("PSUBSCRIBE *", false),
        ("UNSUBSCRIBE other", true),
        ("PUNSUBSCRIBE other", true),
        ("PUBSUB CHANNELS", true),
    ] {
        check(&mut ann, request, may);
    }
    assert_eq!(ann.call("PUBLISH other x").error(), NO_CHANNEL);
}

#[test]
fn a_new_user_may_use_the_channels_that_the_configuration_says() {
    let server = Server::start(&["--acl-pubsub-default", "allchannels"]);
    let mut admin = server.connect();
    let channels =
        |admin: &mut Client, user: &str| admin.call(&format!("ACL GETUSER {user}")).elements()[9].text();
    admin.call("ACL SETUSER ann");
    assert_eq!(channels(&mut admin, "ann"), "&*");
    assert!(admin.call("ACL SETUSER bob &a").error().contains("'resetchannels'"));
    admin.call("CONFIG SET acl-pubsub-default resetchannels");
    assert_eq!(channels(&mut admin, "ann"), "&*", "who is there already keeps what it has");
    admin.call("ACL SETUSER bob &a");
    assert_eq!(channels(&mut admin, "bob"), "&a");
    admin.call("ACL SETUSER ann reset");
    assert_eq!(channels(&mut admin, "ann"), "");
}

#[test]
fn who_may_listen_no_more_is_disconnected() {
    let server = Server::start(&[]);
    let mut admin = server.connect();
    for (subscribe, rules_before, rules_after, stays) in [
        ("SUBSCRIBE a", "&a", "&a &b", true),
        ("SUBSCRIBE a", "&a", "&a*", true),
        ("SUBSCRIBE a", "&a", "", false),
        ("SUBSCRIBE a", "&*", "&b", false),
        ("SSUBSCRIBE a", "&a", "&b", false),
        ("PSUBSCRIBE a*", "&a*", "&a* &b", true),
        ("PSUBSCRIBE a*", "&a*", "&a", false),
        ("PSUBSCRIBE a", "&*", "resetchannels", false),
        ("SUBSCRIBE a", "&a &b", "&*", true),
    ] {
        let mut ann = log_in(&server, &mut admin, "ann", &format!("reset on nopass +@all {rules_before}"));
        let mut idle = log_in(&server, &mut admin, "ann", "");
        let mut other = log_in(&server, &mut admin, "bob", "+@all &*");
        ann.call(subscribe);
        other.call(subscribe);
        set(&mut admin, "ann", &format!("resetchannels {rules_after}"));
        let case = format!("{subscribe}: {rules_before} to {rules_after}");
        let list = admin.call("CLIENT LIST TYPE pubsub").text();
        assert_eq!(list.contains(" user=ann "), stays, "{case}");
        assert!(list.contains(" user=bob "), "{case}");
        if stays {
            check(&mut ann, "PING", true);
        } else {
            assert!(ann.is_closed_within(SOON), "{case}");
        }
        check(&mut idle, "PING", true);
        admin.call("ACL DELUSER ann bob");
    }
}

/// Whoever takes away a channel is never too early to find a listener.
#[test]
fn nobody_slips_in_while_a_channel_is_taken_away() {
    let server = Server::start(&[]);
    let mut admin = server.connect();
    for _ in 0..50 {
        let mut ann = log_in(&server, &mut admin, "ann", "+@all &a");
        ann.send("SUBSCRIBE a");
        set(&mut admin, "ann", "resetchannels");
        eventually("nobody listens", || {
            admin.call("PUBSUB NUMSUB a") == Value::Array(vec![Value::bulk("a"), Value::Int(0)])
        });
    }
}
