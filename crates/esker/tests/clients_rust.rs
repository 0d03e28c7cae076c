//! The `redis` crate as its users use it, in both protocols: it must not notice that it does not
//! talk to Redis.

mod harness;

use harness::{Server, eventually};
use redis::{
    AsyncTypedCommands, Client, Connection, ErrorKind, ExistenceCheck, Expiry, FromRedisValue,
    IntegerReplyOrNoOp, ProtocolVersion, PushInfo, PushKind, RedisResult, ServerErrorKind, SetExpiry,
    SetOptions, TypedCommands, Value,
};
use std::collections::{HashMap, HashSet};
use std::thread;
use std::time::Duration;

const PROTOCOLS: [&str; 2] = ["resp2", "resp3"];

fn client(server: &Server, protocol: &str) -> Client {
    Client::open(format!("redis://{}/?protocol={protocol}", server.address())).expect("a well-formed address")
}

fn connect(server: &Server, protocol: &str) -> Connection {
    let connection = client(server, protocol).get_connection().expect("the server accepts connections");
    connection.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout that is not zero");
    connection
}

/// Runs `test` in both protocols, each time on an empty server.
fn in_both_protocols(test: impl Fn(&Server, &str, &mut Connection)) {
    let server = Server::start(&[]);
    for protocol in PROTOCOLS {
        let mut connection = connect(&server, protocol);
        test(&server, protocol, &mut connection);
        connection.flushall().expect("the server goes on");
    }
}

#[test]
fn strings_make_the_round_trip() {
    in_both_protocols(|_, _, connection| {
        connection.set("text", "grüße").unwrap();
        assert_eq!(connection.get("text").unwrap().as_deref(), Some("grüße"));
        assert_eq!(connection.get("missing").unwrap(), None);
        let bytes: Vec<u8> = (0..=255).collect();
        connection.set("bytes", &bytes).unwrap();
        let read: Vec<u8> = redis::cmd("GET").arg("bytes").query(connection).unwrap();
        assert_eq!(read, bytes);

        assert_eq!(connection.incr("n", 41).unwrap(), 41);
        assert_eq!(connection.incr("n", 1).unwrap(), 42);
        let sum: f64 = redis::cmd("INCRBYFLOAT").arg("n").arg(0.5).query(connection).unwrap();
        assert_eq!(sum, 42.5);
        connection.mset(&[("a", "1"), ("b", "2")]).unwrap();
        assert_eq!(
            connection.mget(&["a", "x", "b"]).unwrap(),
            [Some("1".to_owned()), None, Some("2".to_owned())]
        );

        let options =
            SetOptions::default().conditional_set(ExistenceCheck::NX).with_expiration(SetExpiry::EX(100));
        let set =
            |connection: &mut Connection| connection.set_options("once", "first", options.clone()).unwrap();
        assert!(set(connection).is_some());
        assert!(set(connection).is_none());
        assert_eq!(connection.ttl("once").unwrap(), IntegerReplyOrNoOp::IntegerReply(100));
        assert_eq!(connection.get_ex("once", Expiry::PERSIST).unwrap().as_deref(), Some("first"));
        assert_eq!(connection.ttl("once").unwrap(), IntegerReplyOrNoOp::ExistsButNotRelevant);
        assert_eq!(connection.ttl("missing").unwrap(), IntegerReplyOrNoOp::NotExists);
    });
}

#[test]
fn collections_make_the_round_trip() {
    in_both_protocols(|_, _, connection| {
        connection.rpush("l", &["a", "b", "c"]).unwrap();
        assert_eq!(connection.lrange("l", 0, -1).unwrap(), ["a", "b", "c"]);
        assert_eq!(connection.llen("l").unwrap(), 3);

        connection.hset_multiple("h", &[("name", "esker"), ("kind", "ridge")]).unwrap();
        let expected = HashMap::from([("name", "esker"), ("kind", "ridge")]);
        let found = connection.hgetall("h").unwrap();
        assert_eq!(
            found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<HashMap<_, _>>(),
            expected
        );

        connection.sadd("s", &["x", "y", "x"]).unwrap();
        assert_eq!(connection.smembers("s").unwrap(), HashSet::from(["x".to_owned(), "y".to_owned()]));

        connection.zadd_multiple("z", &[(1.5, "one"), (2.25, "two"), (f64::INFINITY, "last")]).unwrap();
        let scores = connection.zrange_withscores("z", 0, -1).unwrap();
        assert_eq!(
            scores,
            [("one".to_owned(), 1.5), ("two".to_owned(), 2.25), ("last".to_owned(), f64::INFINITY)]
        );
        let score: Option<f64> = redis::cmd("ZSCORE").arg("z").arg("two").query(connection).unwrap();
        assert_eq!(score, Some(2.25));

        let keys: HashSet<String> = connection.scan().unwrap().map(Result::unwrap).collect();
        assert_eq!(keys, ["l", "h", "s", "z"].map(str::to_owned).into());
    });
}

#[test]
fn errors_are_told_by_their_code() {
    in_both_protocols(|_, _, connection| {
        connection.set("text", "x").unwrap();
        let wrong_type = connection.lpush("text", 1).unwrap_err();
        assert_eq!(wrong_type.code(), Some("WRONGTYPE"));
        let no_integer = connection.incr("text", 1).unwrap_err();
        assert_eq!(no_integer.kind(), ErrorKind::Server(ServerErrorKind::ResponseError));
        assert_eq!(no_integer.detail(), Some("value is not an integer or out of range"));
        // An error leaves the connection usable.
        assert_eq!(connection.get("text").unwrap().as_deref(), Some("x"));
    });
}

#[test]
fn pipelines_answer_in_order_and_past_an_error() {
    in_both_protocols(|_, _, connection| {
        let mut pipeline = redis::pipe();
        for number in 0..2000 {
            pipeline.set(format!("k{number}"), number).ignore().get(format!("k{number}"));
        }
        let values: Vec<usize> = pipeline.query(connection).unwrap();
        assert_eq!(values, (0..2000).collect::<Vec<_>>());

        let failed: RedisResult<()> =
            redis::pipe().set("k0", "x").incr("k0", 1).set("after", 1).exec(connection);
        assert!(failed.is_err());
        assert_eq!(connection.get("after").unwrap().as_deref(), Some("1"));
    });
}

#[test]
fn transactions_answer_for_every_command() {
    in_both_protocols(|_, _, connection| {
        let (first, all): (i64, Vec<String>) = redis::pipe()
            .atomic()
            .incr("n", 1)
            .rpush("l", "a")
            .ignore()
            .lrange("l", 0, -1)
            .query(connection)
            .unwrap();
        assert_eq!((first, all), (1, vec!["a".to_owned()]));
    });
}

#[test]
fn a_watched_key_that_changes_makes_the_transaction_start_again() {
    in_both_protocols(|server, protocol, connection| {
        let mut other = connect(server, protocol);
        connection.set("n", 1).unwrap();
        let mut attempts = 0;
        let (after,): (i64,) = redis::transaction(connection, &["n"], |connection, pipeline| {
            attempts += 1;
            let before: i64 = redis::cmd("GET").arg("n").query(connection)?;
            if attempts == 1 {
                other.set("n", 10)?;
            }
            pipeline.set("n", before * 2).ignore().cmd("GET").arg("n").query(connection)
        })
        .unwrap();
        assert_eq!((attempts, after), (2, 20));
    });
}

#[test]
fn messages_reach_subscribers_of_channels_and_patterns() {
    in_both_protocols(|server, protocol, connection| {
        let mut listener = connect(server, protocol);
        let mut subscription = listener.as_pubsub();
        subscription.subscribe(&["news", "sport"]).unwrap();
        subscription.psubscribe("w*").unwrap();
        // With RESP3 the crate does not wait for the confirmations.
        eventually("the subscriptions are in place", || {
            redis::cmd("PUBSUB").arg("NUMPAT").query::<u64>(connection).unwrap() == 1
        });
        assert_eq!(connection.publish("news", "first").unwrap(), 1);
        assert_eq!(connection.publish("weather", "rain").unwrap(), 1);
        assert_eq!(connection.publish("other", "nobody").unwrap(), 0);

        let message = subscription.get_message().unwrap();
        assert_eq!(
            (message.get_channel_name(), message.get_payload::<String>().unwrap()),
            ("news", "first".to_owned())
        );
        let message = subscription.get_message().unwrap();
        assert_eq!(message.get_pattern::<String>().unwrap(), "w*");
        assert_eq!(
            (message.get_channel_name(), message.get_payload::<String>().unwrap()),
            ("weather", "rain".to_owned())
        );

        subscription.unsubscribe("news").unwrap();
        assert_eq!(connection.publish("news", "late").unwrap(), 0);
    });
}

#[test]
fn resp3_pushes_come_between_replies() {
    let server = Server::start(&[]);
    let mut connection = connect(&server, "resp3");
    let (sender, pushes) = std::sync::mpsc::channel();
    connection.set_push_sender(sender);
    connection.subscribe_resp3("news").unwrap();
    connection.psubscribe_resp3("n*").unwrap();
    redis::cmd("SSUBSCRIBE").arg("shard").set_no_response(true).exec(&mut connection).unwrap();
    // A subscriber may go on using the connection, and hears itself.
    assert_eq!(connection.publish("news", "x").unwrap(), 2);
    assert_eq!(redis::cmd("SPUBLISH").arg("shard").arg("y").query::<i64>(&mut connection).unwrap(), 1);
    connection.set("k", "v").unwrap();
    assert_eq!(connection.get("k").unwrap().as_deref(), Some("v"));

    let text = |value: &Value| String::from_redis_value_ref(value).unwrap();
    let messages: Vec<(PushKind, Vec<String>)> = pushes
        .try_iter()
        .filter(|push| matches!(push.kind, PushKind::Message | PushKind::PMessage | PushKind::SMessage))
        .map(|PushInfo { kind, data }| (kind, data.iter().map(text).collect()))
        .collect();
    let expected = [
        (PushKind::Message, vec!["news", "x"]),
        (PushKind::PMessage, vec!["n*", "news", "x"]),
        (PushKind::SMessage, vec!["shard", "y"]),
    ];
    assert_eq!(messages, expected.map(|(kind, data)| (kind, data.into_iter().map(str::to_owned).collect())));
}

#[test]
fn a_blocking_pop_waits_for_its_element() {
    in_both_protocols(|server, protocol, connection| {
        let mut waiting = connect(server, protocol);
        let taken = thread::spawn(move || waiting.blpop("queue", 10.0).unwrap());
        harness::eventually("the client waits", || server.info("blocked_clients") == 1);
        connection.rpush("queue", "job").unwrap();
        assert_eq!(taken.join().unwrap(), Some(["queue".to_owned(), "job".to_owned()]));
        assert_eq!(connection.blpop("queue", 0.01).unwrap(), None);
    });
}

#[test]
fn many_tasks_share_a_multiplexed_connection() {
    const TASKS: i64 = 50;
    let server = Server::start(&[]);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for protocol in PROTOCOLS {
        let client = client(&server, protocol);
        runtime.block_on(async {
            let connection = client.get_multiplexed_async_connection().await.unwrap();
            let tasks: Vec<_> = (0..TASKS)
                .map(|task| {
                    let mut connection = connection.clone();
                    tokio::spawn(async move {
                        connection.set(format!("k{task}"), task).await.unwrap();
                        connection.incr("sum", task).await.unwrap();
                        connection.get_int(format!("k{task}")).await.unwrap()
                    })
                })
                .collect();
            for (task, found) in tasks.into_iter().enumerate() {
                assert_eq!(found.await.unwrap(), Some(task as isize));
            }
            let mut connection = connection;
            assert_eq!(connection.get_int("sum").await.unwrap(), Some((TASKS * (TASKS - 1) / 2) as isize));
            connection.flushall().await.unwrap();
        });
    }
}

#[test]
fn the_connection_s_settings_are_made_at_connecting() {
    let server = Server::start(&["--requirepass", "secret"]);
    for protocol in PROTOCOLS {
        let address = server.address();
        let client = Client::open(format!("redis://:secret@{address}/3?protocol={protocol}")).unwrap();
        let mut connection = client.get_connection().unwrap();
        let info: String = redis::cmd("CLIENT").arg("INFO").query(&mut connection).unwrap();
        assert!(info.contains(" db=3 "), "{info}");
        let refused =
            Client::open(format!("redis://:wrong@{address}/?protocol={protocol}")).unwrap().get_connection();
        assert!(refused.is_err());
    }
    let socket = server.unix_socket();
    let client = Client::open(format!("unix://{}?pass=secret", socket.display())).unwrap();
    client.get_connection().unwrap().ping().unwrap();
    assert_eq!(client.get_connection_info().redis_settings().protocol(), ProtocolVersion::RESP2);
}
