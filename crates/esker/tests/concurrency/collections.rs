//! Elements that move, and elements that are taken: none lost, none doubled.

use crate::harness::{Client, Rng, Server, Value};
use crate::{CLIENTS, in_parallel, transaction, while_observed};
use std::collections::{BTreeMap, BTreeSet};
use std::thread;

#[test]
fn moving_between_lists_loses_and_doubles_nothing() {
    const ELEMENTS: usize = 60;
    let server = Server::start(&[]);
    let mut client = server.connect();
    let all: BTreeSet<String> = (0..ELEMENTS).map(|element| element.to_string()).collect();
    for element in &all {
        client.call(&format!("RPUSH list:0 {element}"));
    }
    let moves = |client: &mut Client, rng: &mut Rng| {
        let (from, to) = (rng.below(3), rng.below(3));
        let (take, put) = (rng.pick(&["LEFT", "RIGHT"]), rng.pick(&["LEFT", "RIGHT"]));
        match rng.below(4) {
            0 => client.call(&format!("RPOPLPUSH list:{from} list:{to}")),
            1 => client.call(&format!("BLMOVE list:{from} list:{to} {take} {put} 0.001")),
            _ => client.call(&format!("LMOVE list:{from} list:{to} {take} {put}")),
        };
    };
    let reads = [0, 1, 2].map(|list| format!("LRANGE list:{list} 0 -1"));
    while_observed(&server, moves, |client| {
        let lists = transaction(client, &reads);
        let found: Vec<String> = lists.elements().iter().flat_map(Value::elements).map(Value::text).collect();
        assert_eq!(found.len(), ELEMENTS);
        assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), all);
    });
}

#[test]
fn moving_between_sets_loses_and_doubles_nothing() {
    const MEMBERS: usize = 40;
    let server = Server::start(&[]);
    let mut client = server.connect();
    for member in 0..MEMBERS {
        client.call(&format!("SADD set:{} m{member}", member % 3));
    }
    while_observed(
        &server,
        |client, rng| {
            let (from, to, member) = (rng.below(3), rng.below(3), rng.below(MEMBERS));
            client.call(&format!("SMOVE set:{from} set:{to} m{member}"));
        },
        |client| {
            assert_eq!(client.call("SUNION set:0 set:1 set:2").elements().len(), MEMBERS);
            for pair in ["set:0 set:1", "set:1 set:2", "set:0 set:2"] {
                assert_eq!(client.call(&format!("SINTERCARD 2 {pair}")), Value::Int(0));
            }
        },
    );
}

#[test]
fn consumers_get_every_element_once_and_each_producers_in_order() {
    const PRODUCERS: usize = 3;
    const CONSUMERS: usize = 3;
    const EACH: usize = 400;
    let server = Server::start(&[]);
    let consumed: Vec<Vec<String>> = thread::scope(|scope| {
        let consumers = scope.spawn(|| {
            in_parallel(&server, CONSUMERS, |number, client, _| {
                let mut taken = Vec::new();
                loop {
                    // Different commands that wait for the same keys.
                    let reply = match number % 3 {
                        0 => client.call("BLPOP queue other 0"),
                        1 => client.call("BLMPOP 0 2 other queue LEFT COUNT 2"),
                        _ => client.call("BLMOVE queue taken LEFT RIGHT 0"),
                    };
                    let elements = match &reply {
                        Value::Array(parts) => match &parts[1] {
                            Value::Array(elements) => elements.iter().map(Value::text).collect(),
                            element => vec![element.text()],
                        },
                        element => vec![element.text()],
                    };
                    let stops = elements.iter().filter(|element| *element == "stop").count();
                    taken.extend(elements.into_iter().filter(|element| element != "stop"));
                    if stops > 0 {
                        // Whoever takes two gives one back for another consumer.
                        (1..stops).for_each(|_| {
                            client.call("RPUSH queue stop");
                        });
                        return taken;
                    }
                }
            })
        });
        in_parallel(&server, PRODUCERS, |producer, client, rng| {
            let mut next = 0;
            while next < EACH {
                let count = (1 + rng.below(3)).min(EACH - next);
                let elements: Vec<_> =
                    (next..next + count).map(|number| format!("{producer}:{number}")).collect();
                client.call(&format!("RPUSH queue {}", elements.join(" ")));
                next += count;
            }
        });
        for _ in 0..CONSUMERS {
            server.connect().call("RPUSH queue stop");
        }
        consumers.join().expect("no consumer fails")
    });
    let mut seen = BTreeSet::new();
    for taken in &consumed {
        let mut last_of = BTreeMap::new();
        for element in taken {
            assert!(seen.insert(element.clone()), "{element} came twice");
            let (producer, number) = element.split_once(':').expect("producer:number");
            let number: usize = number.parse().expect("a number");
            let last = last_of.insert(producer.to_owned(), number);
            assert!(last.is_none_or(|last| last < number), "{element} came after {last:?}");
        }
    }
    assert_eq!(seen.len(), PRODUCERS * EACH);
}

#[test]
fn popping_the_smallest_gives_each_member_once() {
    const EACH: usize = 400;
    let server = Server::start(&[]);
    let popped = in_parallel(&server, CLIENTS, |number, client, rng| {
        let mut popped = Vec::new();
        for member in 0..EACH {
            client.call(&format!("ZADD z {} {number}:{member}", rng.below(100)));
            let reply = match rng.below(3) {
                0 => client.call("ZPOPMIN z"),
                1 => client.call("ZPOPMAX z"),
                _ => client.call("BZPOPMIN z 0.5"),
            };
            // Others may have taken everything; what comes is `member score` or `key member score`.
            if let Value::Array(parts) = &reply
                && let [.., member, _score] = parts.as_slice()
            {
                popped.push(member.text());
            }
        }
        popped
    });
    let count: usize = popped.iter().map(Vec::len).sum();
    let distinct: BTreeSet<_> = popped.into_iter().flatten().collect();
    assert_eq!(distinct.len(), count, "a member was popped twice");
    let left = server.connect().call("ZCARD z").int() as usize;
    assert_eq!(count + left, CLIENTS * EACH);
}

#[test]
fn popping_from_a_set_gives_each_member_once() {
    const MEMBERS: usize = 3000;
    let server = Server::start(&[]);
    let members: Vec<String> = (0..MEMBERS).map(|member| member.to_string()).collect();
    server.connect().call(&format!("SADD s {}", members.join(" ")));
    let popped = in_parallel(&server, CLIENTS, |_, client, rng| {
        let mut popped = Vec::new();
        loop {
            let members = client.call(&format!("SPOP s {}", 1 + rng.below(20)));
            if members.elements().is_empty() {
                return popped;
            }
            popped.extend(members.elements().iter().map(Value::text));
        }
    });
    let popped: Vec<_> = popped.into_iter().flatten().collect();
    assert_eq!(popped.len(), MEMBERS);
    assert_eq!(popped.into_iter().collect::<BTreeSet<_>>().len(), MEMBERS);
}
