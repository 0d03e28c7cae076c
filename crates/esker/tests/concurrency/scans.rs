//! The guarantee of SCAN and its kin while the collection grows and shrinks.

use crate::DURATION;
use crate::harness::{Server, Value};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

/// How a collection is scanned and changed. `{}` stands for the element.
struct Scanned {
    scan: &'static str,
    /// Makes one that comes and goes.
    add: &'static str,
    /// Makes one that stays.
    stay: &'static str,
    remove: &'static str,
    /// Elements come with a value or score after them.
    in_pairs: bool,
}

/// The guarantee of SCAN: what is there from its beginning to its end is returned, however much
/// the collection grows and shrinks meanwhile; and nothing that was not there at any time since then.
#[track_caller]
fn check_scan(scanned: &Scanned) {
    const STAYING: usize = 600;
    const PASSING: usize = 4000;
    let server = Server::start(&[]);
    let mut client = server.connect();
    let line = |template: &str, element: &str| template.replace("{}", element);
    let staying: BTreeSet<String> = (0..STAYING).map(|number| format!("stays:{number}")).collect();
    for element in &staying {
        client.call(&line(scanned.stay, element));
    }
    for template in [scanned.add, scanned.remove] {
        for number in 0..STAYING {
            client.call(&line(template, &format!("gone:{number}")));
        }
    }
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut writer = server.connect();
            while !done.load(Ordering::Relaxed) {
                for template in [scanned.add, scanned.remove] {
                    for chunk in (0..PASSING).collect::<Vec<_>>().chunks(200) {
                        let commands: Vec<Vec<String>> = chunk
                            .iter()
                            .map(|number| line(template, &format!("passes:{number}")))
                            .map(|line| line.split(' ').map(str::to_owned).collect())
                            .collect();
                        writer.pipeline(&commands);
                    }
                }
            }
        });
        let end = Instant::now() + DURATION * 2;
        while Instant::now() < end {
            let mut found = BTreeSet::new();
            let mut cursor = "0".to_owned();
            loop {
                let reply = client.call(&line(scanned.scan, &cursor));
                let step = if scanned.in_pairs { 2 } else { 1 };
                found.extend(reply.elements()[1].elements().iter().step_by(step).map(Value::text));
                cursor = reply.elements()[0].text();
                if cursor == "0" {
                    break;
                }
            }
            let missing: Vec<_> = staying.difference(&found).collect();
            assert!(missing.is_empty(), "not returned: {missing:?}");
            let strange: Vec<_> =
                found.difference(&staying).filter(|element| !element.starts_with("passes:")).collect();
            assert!(strange.is_empty(), "returned, though gone before: {strange:?}");
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn scan_returns_every_key_that_stays() {
    check_scan(&Scanned {
        scan: "SCAN {} COUNT 50",
        add: "SET {} x",
        stay: "SET {} x",
        remove: "DEL {}",
        in_pairs: false,
    });
}

#[test]
fn scan_returns_every_key_that_stays_while_others_expire() {
    check_scan(&Scanned {
        scan: "SCAN {} COUNT 50",
        add: "SET {} x PX 3",
        stay: "SET {} x PX 100000000",
        remove: "DEL {}",
        in_pairs: false,
    });
}

#[test]
fn scan_with_a_pattern_returns_every_key_that_stays() {
    check_scan(&Scanned {
        scan: "SCAN {} MATCH *s:* COUNT 7 TYPE string",
        add: "SET {} x",
        stay: "SET {} x",
        remove: "DEL {}",
        in_pairs: false,
    });
}

#[test]
fn hscan_returns_every_field_that_stays() {
    check_scan(&Scanned {
        scan: "HSCAN h {} COUNT 50",
        add: "HSET h {} x",
        stay: "HSET h {} x",
        remove: "HDEL h {}",
        in_pairs: true,
    });
}

#[test]
fn sscan_returns_every_member_that_stays() {
    check_scan(&Scanned {
        scan: "SSCAN s {} COUNT 50",
        add: "SADD s {}",
        stay: "SADD s {}",
        remove: "SREM s {}",
        in_pairs: false,
    });
}

#[test]
fn zscan_returns_every_member_that_stays() {
    check_scan(&Scanned {
        scan: "ZSCAN z {} COUNT 50",
        add: "ZADD z 1 {}",
        stay: "ZADD z 1 {}",
        remove: "ZREM z {}",
        in_pairs: true,
    });
}
