//! Which keys go to make room, by each policy.

mod common;

use common::Prompt;
use keyspace::{Choice, Eviction, EvictionPolicy, Evictor};
use values::access::Counting;

const COUNTING: Counting = Counting { log_factor: 0, decay_minutes: 1 };

fn policy(choice: Choice, only_expiring: bool) -> EvictionPolicy {
    // As many as there are keys below, so that none is missed by chance.
    EvictionPolicy { choice, only_expiring, samples: 64, is_lazy: false }
}

fn is_on_disk() -> bool {
    std::env::var("ESKER_TEST_ENGINE").is_ok_and(|engine| engine == "disk")
}

/// Evicts until nothing may go; the keys that went, in their order.
fn gone(prompt: &mut Prompt, names: &[&str], policy: &EvictionPolicy) -> Vec<String> {
    let mut evictor = Evictor::default();
    let mut gone = Vec::new();
    while let Eviction::Done(tally) = prompt.evict(&mut evictor, policy) {
        let news = tally.news.expect("a key went");
        assert_eq!((news.evicted, news.expired), (1, 0));
        for name in names {
            let is_gone = prompt.type_in(&format!("EXISTS {name}")) == "(integer) 0";
            if is_gone && !gone.contains(&(*name).to_owned()) {
                gone.push((*name).to_owned());
            }
        }
    }
    gone
}

#[test]
fn each_policy_has_its_order() {
    if is_on_disk() {
        return;
    }
    let by = |choice| {
        let mut prompt = Prompt::new();
        for (name, ttl, uses) in [("a", 300, 9), ("b", 100, 0), ("c", 200, 4)] {
            prompt.context.now_ms += 5000;
            prompt.type_in(&format!("SET {name} v EX {ttl}"));
            if let Choice::LeastFrequentlyUsed(counting) = choice {
                prompt.context.counting = Some(counting);
                (0..uses).for_each(|_| drop(prompt.type_in(&format!("GET {name}"))));
            }
        }
        prompt.context.now_ms += 5000;
        prompt.type_in("SET stays v");
        let gone = gone(&mut prompt, &["a", "b", "c", "stays"], &policy(choice, true));
        assert_eq!(prompt.type_in("DBSIZE"), "(integer) 1");
        gone
    };
    assert_eq!(by(Choice::LeastRecentlyUsed), ["a", "b", "c"]);
    assert_eq!(by(Choice::LeastFrequentlyUsed(COUNTING)), ["b", "c", "a"]);
    assert_eq!(by(Choice::SoonestDeadline), ["b", "c", "a"]);
    assert_eq!(by(Choice::Random).len(), 3);
}

#[test]
fn all_databases_are_looked_at_and_what_was_used_meanwhile_is_spared() {
    if is_on_disk() {
        return;
    }
    let mut prompt = Prompt::new();
    prompt.type_in("SET old v");
    prompt.context.now_ms += 5000;
    prompt.type_in("SET older_no_more v");
    prompt.context.database = 9;
    prompt.type_in("SET other v");
    prompt.context.database = 0;
    let policy = policy(Choice::LeastRecentlyUsed, false);
    let mut evictor = Evictor::default();
    assert!(matches!(prompt.evict(&mut evictor, &policy), Eviction::Done(_)));
    assert_eq!(prompt.type_in("EXISTS old older_no_more"), "(integer) 1");
    prompt.context.now_ms += 5000;
    prompt.type_in("GET older_no_more");
    assert!(matches!(prompt.evict(&mut evictor, &policy), Eviction::Done(_)));
    assert_eq!(prompt.type_in("EXISTS older_no_more"), "(integer) 1");
    prompt.context.database = 9;
    assert_eq!(prompt.type_in("DBSIZE"), "(integer) 0");
}

#[test]
fn what_is_stored_never_goes() {
    if !is_on_disk() {
        return;
    }
    let mut prompt = Prompt::new();
    prompt.type_in("SET k v");
    let policy = policy(Choice::LeastRecentlyUsed, false);
    assert!(matches!(prompt.evict(&mut Evictor::default(), &policy), Eviction::Nothing));
    assert_eq!(prompt.type_in("GET k"), "\"v\"");
}
