//! Keyspace notifications: every command tells what it did, in Redis' words.

mod harness;

use harness::{Client, Server, Value, eventually};
use std::time::Duration;

/// Commands, each with the events that follow: `event key`, all in database 0.
const COMMANDS: &[(&str, &[&str])] = &[
    ("SET s 1", &["new s", "set s"]),
    ("SET s 1 EX 100", &["set s", "expire s"]),
    ("SET s 1 NX", &[]),
    ("SETNX s 1", &[]),
    ("SETEX s 100 1", &["set s", "expire s"]),
    ("GETSET s 1", &["set s"]),
    ("INCR s", &["incrby s"]),
    ("DECRBY s 2", &["incrby s"]),
    ("INCRBYFLOAT s 1.5", &["incrbyfloat s"]),
    ("APPEND s x", &["append s"]),
    ("SETRANGE s 1 abc", &["setrange s"]),
    ("SETBIT s 6 1", &["setbit s"]),
    ("BITFIELD s SET u8 0 97", &["setbit s"]),
    ("BITOP NOT b s", &["new b", "set b"]),
    ("BITOP AND b none", &["keymiss none", "del b"]),
    ("MSET s 1 t 2", &["set s", "new t", "set t"]),
    ("GETEX s EX 100", &["expire s"]),
    ("GETEX s PERSIST", &["persist s"]),
    ("GETDEL t", &["del t"]),
    ("PFADD p a b", &["new p", "pfadd p"]),
    ("PFCOUNT p", &[]),
    ("PFMERGE q p", &["keymiss q", "new q", "pfadd q"]),
    ("EXPIRE s 100", &["expire s"]),
    ("PERSIST s", &["persist s"]),
    ("PERSIST s", &[]),
    ("RENAME s r", &["new r", "rename_from s", "rename_to r"]),
    ("COPY r s", &["new s", "copy_to s"]),
    ("COPY r s REPLACE", &["new s", "copy_to s"]),
    ("RENAME s r", &["new r", "rename_from s", "rename_to r"]),
    ("COPY none s", &["keymiss none"]),
    ("COPY r s", &["new s", "copy_to s"]),
    ("EXPIRE s -1", &["del s"]),
    ("DEL r q p none", &["del r", "del q", "del p"]),
    ("RPUSH l a b c d", &["new l", "rpush l"]),
    ("LPUSHX l z", &["lpush l"]),
    ("LSET l 0 y", &["lset l"]),
    ("LINSERT l BEFORE a x", &["linsert l"]),
    ("LREM l 0 none", &[]),
    ("LREM l 0 x", &["lrem l"]),
    ("LTRIM l 0 3", &["ltrim l"]),
    ("LPOP l", &["lpop l"]),
    ("LMOVE l m LEFT RIGHT", &["new m", "rpush m", "lpop l"]),
    ("RPOPLPUSH m m", &["lpush m", "rpop m"]),
    ("LMPOP 1 l RIGHT COUNT 10", &["rpop l", "del l"]),
    ("BLPOP m 0", &["lpop m", "del m"]),
    ("SADD a 1 2 3", &["new a", "sadd a"]),
    ("SADD a 1", &[]),
    ("SMOVE a c 3", &["srem a", "new c", "sadd c"]),
    ("SUNIONSTORE d a c", &["new d", "sunionstore d"]),
    ("SINTERSTORE d a none", &["keymiss none", "del d"]),
    ("SORT a STORE k", &["new k", "sortstore k"]),
    ("SPOP a", &["spop a"]),
    ("SPOP a 5", &["spop a", "del a"]),
    ("SREM c 3", &["srem c", "del c"]),
    ("HSET h f 1 g 2", &["new h", "hset h"]),
    ("HSETNX h f 1", &[]),
    ("HINCRBY h f 1", &["hincrby h"]),
    ("HINCRBYFLOAT h f 1.5", &["hincrbyfloat h"]),
    ("HDEL h f g", &["hdel h", "del h"]),
    ("ZADD z 1 a 2 b 3 c 4 d 5 e", &["new z", "zadd z"]),
    ("ZADD z 1 a", &[]),
    ("ZINCRBY z 1 a", &["zincr z"]),
    ("ZADD z INCR 1 a", &["zincr z"]),
    ("ZRANGESTORE y z 0 1", &["new y", "zrangestore y"]),
    ("ZUNIONSTORE y 1 z", &["zunionstore y"]),
    ("ZPOPMIN z", &["zpopmin z"]),
    ("BZPOPMAX z 0", &["zpopmax z"]),
    ("ZMPOP 1 z MIN", &["zpopmin z"]),
    ("ZREM z none", &[]),
    ("ZREMRANGEBYRANK z 0 0", &["zremrangebyrank z"]),
    ("ZREMRANGEBYSCORE z 0 100", &["zremrangebyscore z", "del z"]),
    ("GEOADD g 13.361389 38.115556 Palermo", &["new g", "zadd g"]),
    ("GEOSEARCHSTORE e g FROMMEMBER Palermo BYRADIUS 1 km", &["new e", "geosearchstore e"]),
    ("GEORADIUSBYMEMBER g Palermo 1 km STORE e", &["georadiusstore e"]),
    ("XADD x 1-1 f v", &["new x", "xadd x"]),
    ("XADD x MAXLEN 1 2-1 f v", &["xadd x", "xtrim x"]),
    ("XGROUP CREATE x w 0", &["xgroup-create x"]),
    ("XREADGROUP GROUP w ann STREAMS x >", &["xgroup-createconsumer x"]),
    ("XGROUP DELCONSUMER x w ann", &["xgroup-delconsumer x"]),
    ("XGROUP SETID x w 0", &["xgroup-setid x"]),
    ("XGROUP DESTROY x w", &["xgroup-destroy x"]),
    ("XDEL x 2-1", &["xdel x"]),
    ("XSETID x 9-9", &["xsetid x"]),
    ("XTRIM x MAXLEN 0", &[]),
    ("GET none", &["keymiss none"]),
    ("TTL none", &["keymiss none"]),
    ("TYPE none", &["keymiss none"]),
    ("XACK none w 1-1", &["keymiss none"]),
    ("ZINTERCARD 1 none", &["keymiss none"]),
];

/// A client that gets the events of all databases.
fn listener(server: &Server) -> Client {
    let mut listener = server.connect();
    listener.call("PSUBSCRIBE __keyevent@*");
    listener
}

/// What the listener got up to the message on the channel `end`.
fn events(listener: &mut Client, speaker: &mut Client) -> Vec<String> {
    speaker.call("PUBLISH __keyevent@end end");
    let mut events = Vec::new();
    loop {
        let message = listener.read().expect("a message");
        let [channel, text] = [2, 3].map(|place| message.elements()[place].text());
        if channel == "__keyevent@end" {
            return events;
        }
        let (database, event) = channel.split_once("__:").expect("an event's channel");
        let database = database.strip_prefix("__keyevent@").expect("of a database");
        events.push(if database == "0" {
            format!("{event} {text}")
        } else {
            format!("{database} {event} {text}")
        });
    }
}

#[test]
fn every_command_tells_what_it_did() {
    let server = Server::start(&["--notify-keyspace-events", "AKEnm"]);
    // 7.0 knows neither the event of a new key nor what is told of some refusals.
    if !server.is_esker() {
        return;
    }
    let (mut listener, mut client) = (listener(&server), server.connect());
    let mut differences = Vec::new();
    for (command, expected) in COMMANDS {
        let reply = client.call(command);
        assert!(!reply.is_error(), "{command}: {reply:?}");
        let told = events(&mut listener, &mut client);
        if told != *expected {
            differences.push(format!("{command}: {told:?} instead of {expected:?}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn only_what_is_asked_for_is_published() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let mut listener = server.connect();
    listener.call("PSUBSCRIBE *");
    let mut heard = |client: &mut Client| {
        for command in ["SET s 1", "RPUSH l a", "DEL s l"] {
            client.call(command);
        }
        client.call("PUBLISH end end");
        let mut heard = Vec::new();
        loop {
            let message = listener.read().expect("a message");
            let [channel, text] = [2, 3].map(|place| message.elements()[place].text());
            if channel == "end" {
                return heard;
            }
            heard.push(format!("{channel} {text}"));
        }
    };
    assert_eq!(heard(&mut client), [""; 0]);
    for (classes, expected) in [
        ("KE", &[][..]),
        ("A", &[]),
        ("Kl", &["__keyspace@0__:l rpush"]),
        ("Eg", &["__keyevent@0__:del s", "__keyevent@0__:del l"]),
        ("KE$", &["__keyspace@0__:s set", "__keyevent@0__:set s"]),
        ("", &[]),
    ] {
        assert_eq!(client.call_with(&["CONFIG", "SET", "notify-keyspace-events", classes]), Value::ok());
        assert_eq!(heard(&mut client), expected, "{classes}");
    }
}

#[test]
fn transactions_moves_waits_and_time_tell_too() {
    let server = Server::start(&["--notify-keyspace-events", "AE"]);
    let (mut listener, mut client) = (listener(&server), server.connect());
    for command in ["MULTI", "SET s 1", "LPUSH l a", "DISCARD"] {
        client.call(command);
    }
    assert_eq!(events(&mut listener, &mut client), [""; 0]);
    for command in ["MULTI", "SET s 1", "SELECT 1", "LPUSH l a", "EXEC"] {
        client.call(command);
    }
    assert_eq!(events(&mut listener, &mut client), ["set s", "1 lpush l"]);
    client.call("MOVE l 0");
    client.call("SELECT 0");
    assert_eq!(events(&mut listener, &mut client), ["1 move_from l", "move_to l"]);
    client.call("DEL l");
    assert_eq!(events(&mut listener, &mut client), ["del l"]);

    let mut waiting = server.connect();
    waiting.send("BLMOVE w v LEFT RIGHT 0");
    eventually("it waits", || server.info("blocked_clients") == 1);
    client.call("RPUSH w a");
    assert!(waiting.read().is_ok());
    assert_eq!(events(&mut listener, &mut client), ["rpush w", "rpush v", "lpop w", "del w"]);

    // By whoever comes first, and by itself.
    client.call("DEBUG SET-ACTIVE-EXPIRE 0");
    client.call("PSETEX late 1 x");
    std::thread::sleep(Duration::from_millis(5));
    assert_eq!(events(&mut listener, &mut client), ["set late", "expire late"]);
    client.call("APPEND late y");
    assert_eq!(events(&mut listener, &mut client), ["expired late", "append late"]);
    client.call("DEBUG SET-ACTIVE-EXPIRE 1");
    client.call("PSETEX soon 5 x");
    assert_eq!(events(&mut listener, &mut client), ["set soon", "expire soon"]);
    let message = listener.read().expect("a message");
    assert_eq!(message.elements()[2].text(), "__keyevent@0__:expired");
    assert_eq!(message.elements()[3].text(), "soon");
}

#[test]
fn subscriptions_are_answered_also_where_replies_are_off() {
    let server = Server::start(&[]);
    let mut client = server.connect_resp3();
    client.send("CLIENT REPLY OFF");
    client.send("SET s 1");
    client.send("SUBSCRIBE news");
    assert_eq!(client.read().expect("a message").elements()[0].text(), "subscribe");
    assert_eq!(server.connect().call("PUBLISH news hello"), Value::Int(1));
    assert_eq!(client.read().expect("a message").elements()[2].text(), "hello");
    client.send("CLIENT REPLY ON");
    assert_eq!(client.read().expect("a reply"), Value::ok());
}
