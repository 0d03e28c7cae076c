//! A client that counts: what it writes with each number is known, so what a server holds must be what there was after
//! some number, and nothing else.

use std::io;

use crate::harness::{Client, Rng, encode};

/// Numbers go to so many keys in turn.
const KEYS: u64 = 8;

/// So many of the last elements of the list are looked at; how many there are is counted.
const ELEMENTS: u64 = 100;

const SCRIPT: &str = "redis.call('SET', KEYS[1], ARGV[1]) redis.call('SET', KEYS[2], ARGV[1]) \
                      return redis.call('RPUSH', KEYS[3], ARGV[1])";

/// One client's numbers, which begin with 1.
pub struct Sequence {
    prefix: &'static str,
    rng: Rng,
    /// The last number that was acknowledged, and the last that was sent.
    pub acknowledged: u64,
    pub sent: u64,
}

impl Sequence {
    pub fn new(prefix: &'static str, seed: u64) -> Sequence {
        Sequence { prefix, rng: Rng::new(seed), acknowledged: 0, sent: 0 }
    }

    /// Writes until the server does not answer any more; `told` hears of each number that is acknowledged.
    pub fn write_until_it_ends(&mut self, client: &mut Client, told: impl Fn(u64)) {
        while self.write(client).is_ok() {
            told(self.acknowledged);
        }
    }

    /// Writes while `goes_on` says so, as long as the server answers.
    pub fn write_while(&mut self, client: &mut Client, goes_on: impl Fn() -> bool) {
        while goes_on() && self.write(client).is_ok() {}
    }

    /// Sends some numbers at once.
    fn write(&mut self, client: &mut Client) -> io::Result<()> {
        let count = 1 + self.rng.below(10) as u64;
        let (mut bytes, mut replies) = (Vec::new(), Vec::new());
        for number in self.sent + 1..=self.sent + count {
            let requests = self.requests(number);
            replies.push(requests.len());
            bytes.extend(requests.iter().flat_map(|words| encode(words)));
        }
        self.sent += count;
        client.send_raw(&bytes)?;
        for requests in replies {
            for _ in 0..requests {
                let reply = client.read()?;
                assert!(!reply.is_error(), "{reply:?}");
            }
            self.acknowledged += 1;
        }
        Ok(())
    }

    fn key(&self, name: impl std::fmt::Display) -> String {
        format!("{}:{name}", self.prefix)
    }

    /// Half of the numbers go to one key alone, and half to three at once.
    fn is_unit(number: u64) -> bool {
        number % 4 < 2
    }

    fn requests(&self, number: u64) -> Vec<Vec<String>> {
        let (key, twin, list) = (self.key(number % KEYS), self.key("twin"), self.key("list"));
        let text = number.to_string();
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        match number % 4 {
            0 => vec![
                words(&["MULTI"]),
                words(&["SET", &key, &text]),
                words(&["SET", &twin, &text]),
                words(&["RPUSH", &list, &text]),
                words(&["EXEC"]),
            ],
            1 => vec![words(&["EVAL", SCRIPT, "3", &key, &twin, &list, &text])],
            _ => vec![words(&["SET", &key, &text])],
        }
    }

    /// The number after which there was what the server holds.
    #[track_caller]
    pub fn found(&self, client: &mut Client) -> u64 {
        let mut number = |name: String| {
            let value = client.call(&format!("GET {name}"));
            if value.is_null() { 0 } else { value.text().parse::<u64>().expect("a number") }
        };
        let held: Vec<u64> = (0..KEYS).map(|key| number(self.key(key))).collect();
        let twin = number(self.key("twin"));
        let last = held.iter().copied().max().unwrap_or(0);
        // What the last number before or at `last` is of which that is true, or 0.
        let latest =
            |is_meant: &dyn Fn(u64) -> bool| (1..=last).rev().find(|number| is_meant(*number)).unwrap_or(0);
        for (key, held) in (0..).zip(&held) {
            let expected = latest(&|number| number % KEYS == key);
            assert_eq!(*held, expected, "{} after {last}: {held:?}", self.key(key));
        }
        assert_eq!(twin, latest(&Self::is_unit), "{} after {last}", self.key("twin"));
        let count = (1..=last).filter(|number| Self::is_unit(*number)).count();
        let list = self.key("list");
        assert_eq!(client.call(&format!("LLEN {list}")), count as i64, "{list} after {last}");
        let tail = client.call(&format!("LRANGE {list} -{ELEMENTS} -1"));
        let mut expected: Vec<String> = (1..=last)
            .rev()
            .filter(|number| Self::is_unit(*number))
            .take(ELEMENTS as usize)
            .map(|number| number.to_string())
            .collect();
        expected.reverse();
        let tail: Vec<String> = tail.elements().iter().map(|element| element.text()).collect();
        assert_eq!(tail, expected, "{list} after {last}");
        last
    }

    /// Goes on from `number`, which the server holds.
    pub fn go_on_from(&mut self, number: u64) {
        (self.acknowledged, self.sent) = (number, number);
    }
}
