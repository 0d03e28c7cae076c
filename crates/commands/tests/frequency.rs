//! What OBJECT FREQ and OBJECT IDLETIME say, and under which policy of eviction.

mod common;

use common::Prompt;
use values::access::Counting;

const EVERY_USE: Option<Counting> = Some(Counting { log_factor: 0, decay_minutes: 1 });

#[test]
fn the_policy_decides_which_of_the_two_answers() {
    let mut prompt = Prompt::new();
    prompt.check(
        "> SET key v
        OK
        > OBJECT IDLETIME key
        (integer) 0
        > OBJECT FREQ key
        (error) ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.
        > OBJECT FREQ nosuch
        (nil)",
    );
    prompt.context.counting = EVERY_USE;
    prompt.check(
        "> OBJECT IDLETIME key
        (error) ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.
        > OBJECT FREQ key
        (integer) 5
        > OBJECT IDLETIME nosuch
        (nil)
        > OBJECT FREQ nosuch
        (nil)",
    );
}

#[test]
fn uses_raise_the_frequency_and_time_lowers_it() {
    let mut prompt = Prompt::new();
    prompt.context.counting = EVERY_USE;
    prompt.check(
        "> SET key v
        OK
        > OBJECT FREQ key
        (integer) 5
        > GET key
        \"v\"
        > TOUCH key key
        (integer) 2
        > STRLEN key
        (integer) 1
        > OBJECT ENCODING key
        \"embstr\"
        > OBJECT FREQ key
        (integer) 9",
    );
    prompt.context.now_ms += 2 * 60_000;
    prompt.check("> OBJECT FREQ key\n(integer) 7\n> GET key\n\"v\"\n> OBJECT FREQ key\n(integer) 8");
    prompt.context.touch = false;
    prompt.check("> GET key\n\"v\"\n> OBJECT FREQ key\n(integer) 8");
    prompt.context.now_ms += 60 * 60_000;
    prompt.check("> OBJECT FREQ key\n(integer) 0");
}

#[test]
fn a_change_of_policy_begins_anew_with_the_next_use() {
    let mut prompt = Prompt::new();
    prompt.context.counting = EVERY_USE;
    prompt.check("> SET key v\nOK\n> GET key\n\"v\"\n> GET key\n\"v\"\n> OBJECT FREQ key\n(integer) 7");
    prompt.context.counting = None;
    prompt.context.now_ms += 5 * 60_000;
    prompt
        .check("> OBJECT IDLETIME key\n(integer) 300\n> GET key\n\"v\"\n> OBJECT IDLETIME key\n(integer) 0");
    prompt.context.counting = EVERY_USE;
    prompt.check("> OBJECT FREQ key\n(integer) 5\n> GET key\n\"v\"\n> OBJECT FREQ key\n(integer) 6");
}

#[test]
fn the_frequency_stops_at_255() {
    let mut prompt = Prompt::new();
    prompt.context.counting = EVERY_USE;
    prompt.type_in("SET key v");
    for _ in 0..300 {
        prompt.type_in("GET key");
    }
    prompt.check("> OBJECT FREQ key\n(integer) 255");
}

#[test]
fn commands_that_write_use_their_keys_too() {
    let mut prompt = Prompt::new();
    prompt.context.counting = EVERY_USE;
    prompt.check(
        "> RPUSH list a
        (integer) 1
        > OBJECT FREQ list
        (integer) 5
        > RPUSH list b
        (integer) 2
        > LPOP list
        \"a\"
        > OBJECT FREQ list
        (integer) 7
        > INCR n
        (integer) 1
        > OBJECT FREQ n
        (integer) 5
        > INCR n
        (integer) 2
        > OBJECT FREQ n
        (integer) 6
        > EXPIRE n 1000
        (integer) 1
        > OBJECT FREQ n
        (integer) 7",
    );
}
