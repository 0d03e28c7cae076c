//! LATENCY: events that took longer than they should, by what they were.

use std::collections::{BTreeMap, VecDeque};

use sync::Mutex;

/// As many samples are kept of each event: Redis' `LATENCY_TS_LEN`.
const SAMPLES_MAX: usize = 160;

/// One event that took long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Unix seconds.
    pub at_s: u64,
    /// How long it took, in milliseconds; the longest of this second.
    pub took_ms: u64,
}

/// What is known of one event.
#[derive(Clone, Debug, Default)]
pub struct Event {
    /// The newest samples, oldest first.
    pub samples: VecDeque<Sample>,
    /// The longest since the last reset, in milliseconds.
    pub longest_ms: u64,
}

/// Events by their names.
#[derive(Default)]
pub struct Latency {
    events: Mutex<BTreeMap<&'static str, Event>>,
}

impl Latency {
    /// Adds an event that took `took_ms`.
    pub fn add(&self, name: &'static str, at_s: u64, took_ms: u64) {
        let mut events = self.events.lock();
        let event = events.entry(name).or_default();
        event.longest_ms = event.longest_ms.max(took_ms);
        match event.samples.back_mut() {
            Some(last) if last.at_s == at_s => last.took_ms = last.took_ms.max(took_ms),
            _ => {
                event.samples.push_back(Sample { at_s, took_ms });
                if event.samples.len() > SAMPLES_MAX {
                    event.samples.pop_front();
                }
            }
        }
    }

    /// All events.
    pub fn events(&self) -> Vec<(&'static str, Event)> {
        self.events.lock().iter().map(|(name, event)| (*name, event.clone())).collect()
    }

    /// The event of this name.
    pub fn event(&self, name: &[u8]) -> Option<Event> {
        let name = std::str::from_utf8(name).ok()?;
        self.events.lock().get(name).cloned()
    }

    /// Forgets the events of these names, or all when there are none; returns how many.
    pub fn reset(&self, names: &[&[u8]]) -> usize {
        let mut events = self.events.lock();
        let before = events.len();
        events.retain(|known, _| !names.is_empty() && !names.contains(&known.as_bytes()));
        before - events.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_of_a_second_is_kept() {
        let latency = Latency::default();
        latency.add("command", 1, 5);
        latency.add("command", 1, 9);
        latency.add("command", 1, 7);
        latency.add("command", 2, 1);
        let event = latency.event(b"command").unwrap();
        assert_eq!(event.samples, [Sample { at_s: 1, took_ms: 9 }, Sample { at_s: 2, took_ms: 1 }]);
        assert_eq!(event.longest_ms, 9);
        assert_eq!(latency.reset(&[b"other"]), 0);
        assert_eq!(latency.reset(&[]), 1);
    }
}
