//! Client-side caching: whoever has read a key learns that it has changed.

mod harness;

use harness::{Client, Server, Value, eventually};
use std::time::Duration;

/// What the client is told of: keys, or everything.
fn told(client: &mut Client) -> Vec<String> {
    let message = client.read().expect("a message");
    assert_eq!(message.elements()[0].text(), "invalidate", "{message:?}");
    match &message.elements()[1] {
        Value::Null => vec!["everything".to_owned()],
        keys => keys.elements().iter().map(Value::text).collect(),
    }
}

/// That nothing has come, as far as the server has got.
#[track_caller]
fn told_nothing(client: &mut Client) {
    assert_eq!(client.call("PING"), Value::Simple(b"PONG".to_vec()));
}

/// A client that tracks as `options` say.
fn tracker(server: &Server, options: &str) -> Client {
    let mut client = server.connect_resp3();
    assert_eq!(client.call(&format!("CLIENT TRACKING ON {options}")), Value::ok());
    client
}

#[test]
fn a_reader_learns_once_of_every_kind_of_change() {
    let server = Server::start(&[]);
    let mut writer = server.connect();
    let mut reader = tracker(&server, "");
    writer.call("RPUSH list a b");
    for change in [
        "SET k 1",
        "APPEND k x",
        "EXPIRE k 100",
        "RENAME k other",
        "COPY other k",
        "DEL k",
        "MSET k 1 x 2",
        "SORT list ALPHA STORE k",
        "LPUSH k z",
    ] {
        reader.call("EXISTS k");
        assert!(!writer.call(change).is_error(), "{change}");
        assert_eq!(told(&mut reader), ["k"], "{change}");
        // It is forgotten until it is read again.
        writer.call("SET unread 1");
        told_nothing(&mut reader);
    }
    reader.call("LRANGE k 0 -1");
    for line in ["MULTI", "RPUSH k 1", "RPUSH k 2", "EXEC"] {
        writer.call(line);
    }
    assert_eq!(told(&mut reader), ["k"]);
    for line in ["MULTI", "GET a", "GET b", "EXEC"] {
        reader.call(line);
    }
    writer.call("MSET a 1 b 2");
    assert_eq!([told(&mut reader), told(&mut reader)], [["a"], ["b"]]);
    // Its own change too; time; and a flush.
    reader.call("GET k2");
    reader.call("SET k2 1");
    assert_eq!(told(&mut reader), ["k2"]);
    writer.call("PSETEX brief 30 x");
    reader.call("GET brief");
    assert_eq!(told(&mut reader), ["brief"]);
    reader.call("GET a");
    writer.call("FLUSHALL");
    assert_eq!(told(&mut reader), ["everything"]);
    writer.call("SET a 1");
    told_nothing(&mut reader);
    // Reads that wait.
    reader.send("XREAD BLOCK 0 STREAMS stream $");
    eventually("it waits", || server.info("blocked_clients") == 1);
    writer.call("XADD stream 1-1 f v");
    assert!(!matches!(reader.read().expect("a reply"), Value::Push(_)));
    writer.call("XADD stream 2-1 f v");
    assert_eq!(told(&mut reader), ["stream"]);
    // A read that writes down what it has found.
    writer.call("PFADD visitors a b c");
    reader.call("PFCOUNT visitors");
    assert_eq!(told(&mut reader), ["visitors"]);
    reader.call("PFCOUNT visitors");
    told_nothing(&mut reader);
    writer.call("PFADD visitors d");
    assert_eq!(told(&mut reader), ["visitors"]);
}

#[test]
fn options_say_what_is_remembered_and_told() {
    let server = Server::start(&[]);
    let mut writer = server.connect();
    let mut quiet = tracker(&server, "NOLOOP");
    quiet.call("GET k");
    quiet.call("SET k 1");
    told_nothing(&mut quiet);

    let mut choosy = tracker(&server, "OPTIN");
    choosy.call("GET a");
    choosy.call("CLIENT CACHING YES");
    choosy.call("CLIENT ID");
    choosy.call("GET b");
    choosy.call("GET c");
    writer.call("MSET a 1 b 2 c 3");
    assert_eq!(told(&mut choosy), ["b"]);
    told_nothing(&mut choosy);

    let mut shy = tracker(&server, "OPTOUT");
    shy.call("CLIENT CACHING NO");
    shy.call("GET a");
    shy.call("GET b");
    writer.call("MSET a 1 b 2");
    assert_eq!(told(&mut shy), ["b"]);
    told_nothing(&mut shy);

    let mut broad = tracker(&server, "BCAST PREFIX user: PREFIX job:");
    writer.call("MSET user:1 a other b job:2 c user:3 d");
    assert_eq!(told(&mut broad), ["job:2"]);
    assert_eq!(told(&mut broad), ["user:1", "user:3"]);
    told_nothing(&mut broad);
    assert!(broad.call("CLIENT TRACKING ON BCAST PREFIX user:x").is_error());
    broad.call("CLIENT TRACKING OFF");
    writer.call("SET user:1 b");
    told_nothing(&mut broad);
    drop((quiet, choosy, shy, broad));
    eventually("nobody tracks", || server.info("tracking_clients") == 0);
    assert_eq!(server.info("tracking_total_prefixes"), 0);
    assert_eq!(server.info("tracking_total_items"), 0);
}

#[test]
fn another_connection_may_be_told_instead() {
    let server = Server::start(&[]);
    let (mut writer, mut reader, mut listener) = (server.connect(), server.connect(), server.connect());
    let id = listener.call("CLIENT ID").int();
    listener.call("SUBSCRIBE __redis__:invalidate");
    assert_eq!(reader.call(&format!("CLIENT TRACKING ON REDIRECT {id}")), Value::ok());
    assert_eq!(reader.call("CLIENT GETREDIR"), Value::Int(id));
    reader.call("GET k");
    writer.call("SET k 1");
    let message = listener.read().expect("a message");
    assert_eq!(message.elements()[1].text(), "__redis__:invalidate");
    assert_eq!(message.elements()[2], Value::bulks(["k"]));
    // In RESP3 it learns that the other one is gone.
    reader.call("HELLO 3");
    drop(listener);
    eventually("it is gone", || {
        reader.call("GET k");
        writer.call("SET k 1");
        let message = reader.call("CLIENT TRACKINGINFO");
        format!("{message:?}").contains("tracking-redir-broken")
            || format!("{message:?}").contains("broken_redirect")
    });
}

#[test]
fn who_has_read_the_answer_to_quit_is_told_nothing_more() {
    let server = Server::start(&[]);
    let mut writer = server.connect();
    for _ in 0..100 {
        let mut listener = server.connect();
        let id = listener.call("CLIENT ID").int();
        let mut reader = tracker(&server, &format!("REDIRECT {id}"));
        reader.call("GET k");
        assert_eq!(listener.call("QUIT"), Value::ok());
        writer.call("SET k 1");
        let message = reader.read().expect("a message");
        assert_eq!(message.elements()[0].text(), "tracking-redir-broken");
    }
}

#[test]
fn what_is_remembered_has_an_end() {
    let server = Server::start(&["--tracking-table-max-keys", "10"]);
    let mut reader = tracker(&server, "");
    for number in 0..30 {
        reader.send(&format!("GET key:{number}"));
    }
    let mut forgotten = 0;
    for _ in 0..50 {
        forgotten += usize::from(matches!(reader.read().expect("a reply"), Value::Push(_)));
    }
    assert_eq!(forgotten, 20);
    assert_eq!(server.info("tracking_total_keys"), 10);
    assert_eq!(server.info("tracking_total_items"), 10);
}

#[test]
fn a_lowered_limit_is_kept_without_any_read() {
    let server = Server::start(&[]);
    let mut reader = tracker(&server, "");
    for number in 0..1000 {
        reader.call(&format!("GET key:{number}"));
    }
    server.connect().call("CONFIG SET tracking-table-max-keys 10");
    eventually("most is forgotten", || server.info("tracking_total_keys") == 10);
    let keys: Vec<String> = (0..990).flat_map(|_| told(&mut reader)).collect();
    assert_eq!(keys.first().map(String::as_str), Some("key:0"));
    told_nothing(&mut reader);
}

#[test]
fn a_key_that_is_read_and_changed_again_and_again_is_remembered_once() {
    let server = Server::start(&["--tracking-table-max-keys", "2"]);
    let (mut reader, mut writer) = (tracker(&server, ""), server.connect());
    reader.call("GET first");
    for _ in 0..5000 {
        reader.call("GET k");
        writer.call("SET k 1");
        assert_eq!(told(&mut reader), ["k"]);
    }
    reader.call("GET k");
    // It is younger than the first, whatever it was before.
    reader.call("GET third");
    assert_eq!(told(&mut reader), ["first"]);
    told_nothing(&mut reader);
}

#[test]
fn what_a_transaction_reads_is_as_new_as_its_last_change() {
    let server = Server::start(&[]);
    let (mut reader, mut writer) = (tracker(&server, ""), server.connect());
    let mut transaction = |lines: &[&str]| {
        reader.call("MULTI");
        lines.iter().for_each(|line| drop(reader.call(line)));
        reader.call("EXEC");
        let mut changed = Vec::new();
        writer.call("SET k other");
        reader.send("ECHO end");
        loop {
            match reader.read().expect("a reply") {
                Value::Push(message) => changed.push(message[1].elements()[0].text()),
                _ => return changed,
            }
        }
    };
    // It reads what it wrote, so only the other change is news.
    assert_eq!(transaction(&["SET k 1", "GET k"]), ["k"]);
    // It writes what it read.
    assert_eq!(transaction(&["GET k", "SET k 1"]), ["k"]);
    assert_eq!(transaction(&["GET k", "SET k 1", "GET k"]), ["k", "k"]);
    assert_eq!(transaction(&["SET k 1"]), [""; 0]);
}

#[test]
fn whoever_finds_that_a_key_has_expired_tells_of_it() {
    let server = Server::start(&["--notify-keyspace-events", "Ex", "--enable-debug-command", "yes"]);
    let (mut reader, mut listener) = (tracker(&server, ""), server.connect());
    listener.call("PSUBSCRIBE *");
    let mut other = server.connect();
    assert_eq!(other.call("DEBUG SET-ACTIVE-EXPIRE 0"), Value::ok());
    for (number, line) in ["GET brief", "TTL brief", "MULTI; GET brief; EXEC"].iter().enumerate() {
        other.call("PSETEX brief 1 x");
        reader.call("GET brief");
        std::thread::sleep(Duration::from_millis(5));
        // Its own read may have been the one that found out.
        line.split("; ").for_each(|line| drop(other.call(line)));
        let message = listener.read().expect("a message");
        assert_eq!(message.elements()[3].text(), "brief", "{line}");
        let expired: usize = server.info("expired_keys") as usize;
        assert_eq!(expired, number + 1, "{line}");
    }
}

#[test]
fn the_reply_that_ends_a_wait_comes_before_what_follows_from_it() {
    let server = Server::start(&[]);
    let (mut waiting, mut writer) = (tracker(&server, ""), server.connect());
    for _ in 0..200 {
        waiting.call("LRANGE to 0 -1");
        waiting.send("BLMOVE from to LEFT RIGHT 0");
        eventually("it waits", || server.info("blocked_clients") == 1);
        writer.call("RPUSH from x");
        assert_eq!(waiting.read().expect("a reply"), *"x");
        assert_eq!(told(&mut waiting), ["to"]);
    }
}

/// What a lowered limit has forgotten is told before anything that is asked afterwards.
#[test]
fn a_lowered_limit_counts_at_once() {
    let server = Server::start(&["--enable-debug-command", "yes"]);
    let mut admin = server.connect();
    admin.call("DEBUG PAUSE-CRON 1");
    let mut reader = tracker(&server, "");
    reader.call("MGET a b");
    reader.call("MULTI");
    admin.call("CONFIG SET tracking-table-max-keys 1");
    assert_eq!(told(&mut reader), ["a"]);
    reader.send("PING");
    assert_eq!(reader.read().expect("a reply"), Value::Simple(b"QUEUED".to_vec()));
}

#[test]
fn what_a_transaction_says_of_caching_holds_to_its_end() {
    let server = Server::start(&[]);
    let (mut reader, mut writer) = (tracker(&server, "OPTIN"), server.connect());
    for line in ["MULTI", "GET a", "CLIENT CACHING YES", "GET b", "GET c", "EXEC", "GET d"] {
        reader.call(line);
    }
    writer.call("MSET a 1 b 1 d 1");
    writer.call("SET c 1");
    assert_eq!(told(&mut reader), ["b"]);
    assert_eq!(told(&mut reader), ["c"]);
    told_nothing(&mut reader);
}
