//! When an entry was last used, or how often: what eviction chooses by, in 24 bits.
//!
//! ```text
//!  31                                   8   6
//!  +-------------------------------------+---+
//!  | Unix seconds                        | 0 |   last used
//!  +-----------------------+-------------+---+
//!  | Unix minutes, 16 bits | counter     | 1 |   how often
//!  +-----------------------+-------------+---+
//! ```
//!
//! The counter is Redis' (`evict.c`): it grows with the logarithm of the uses, since a use raises it the less often
//! the higher it is, and it sinks with time. One bit says which of the two is held, so that nothing need be
//! rewritten where the policy changes: an entry that was not counted begins as a new one does.
//!
//! The bits lie as they do in an entry's header.

/// Where the clock begins.
const CLOCK_AT: u32 = 8;
/// The bit that says that uses are counted.
const COUNTED: u32 = 1 << 6;
/// The bits of the header that are not the form's.
pub(crate) const HEADER_BITS: u32 = !0xff | COUNTED;
/// The counter of a new entry, high enough that it has time to be used again (Redis' `LFU_INIT_VAL`).
const COUNTER_AT_START: u8 = 5;

/// How uses are counted, where a policy chooses by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counting {
    /// `lfu-log-factor`: how much rarer every rise of the counter is than the one before.
    pub log_factor: u32,
    /// `lfu-decay-time`: after so many minutes without use the counter sinks by one; 0 is never.
    pub decay_minutes: u32,
}

/// An entry's last use, or its counted uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access(u32);

impl Access {
    /// A use at a Unix time, of whose seconds 24 bits are kept.
    #[inline]
    pub fn at(now_ms: u64) -> Access {
        Access(((now_ms / 1000) as u32) << CLOCK_AT)
    }

    /// Counted uses as they stand at a Unix time: what a file or a client says that they are.
    pub fn counted(now_ms: u64, counter: u8) -> Access {
        Access(u32::from(minutes_of(now_ms)) << 16 | u32::from(counter) << CLOCK_AT | COUNTED)
    }

    #[inline]
    pub(crate) fn of_header(header: u32) -> Access {
        Access(header & HEADER_BITS)
    }

    #[inline]
    pub(crate) fn in_header(self) -> u32 {
        self.0
    }

    /// The 24 bits, whatever they mean.
    pub fn clock(self) -> u32 {
        self.0 >> CLOCK_AT
    }

    /// Whether uses are counted.
    pub fn is_counted(self) -> bool {
        self.0 & COUNTED != 0
    }

    /// Whether nothing is known of any use, as of what was read from a disk.
    fn is_unknown(self) -> bool {
        self.0 == 0
    }

    /// The counter and its minutes, where uses are counted.
    fn count(self) -> Option<(u8, u16)> {
        self.is_counted().then_some(((self.0 >> CLOCK_AT) as u8, (self.0 >> 16) as u16))
    }

    /// How long ago the last use was; where uses are counted, only to the minute. What nothing is known of is as good as
    /// used now.
    pub fn idle_seconds(self, now_ms: u64) -> u64 {
        match self.count() {
            Some((_, minutes)) => 60 * u64::from(minutes_of(now_ms).wrapping_sub(minutes)),
            None if self.is_unknown() => 0,
            None => u64::from(Access::at(now_ms).clock().wrapping_sub(self.clock()) & 0x00ff_ffff),
        }
    }

    /// The counter as it stands now, sunk by the time since the last use.
    pub fn frequency(self, now_ms: u64, counting: Counting) -> u8 {
        let counter = self.count().map_or(COUNTER_AT_START, |(counter, _)| counter);
        let periods = (self.idle_seconds(now_ms) / 60).checked_div(u64::from(counting.decay_minutes));
        counter.saturating_sub(u8::try_from(periods.unwrap_or(0)).unwrap_or(u8::MAX))
    }

    /// One more use, at `now_ms`; `random` decides whether it raises the counter.
    pub fn count_use(self, now_ms: u64, counting: Counting, random: u64) -> Access {
        let counter = self.frequency(now_ms, counting);
        let risen = u64::from(counter.saturating_sub(COUNTER_AT_START));
        let one_in = risen * u64::from(counting.log_factor) + 1;
        let counter = counter.saturating_add(u8::from(random.is_multiple_of(one_in)));
        Access::counted(now_ms, counter)
    }
}

/// Unix minutes, of which 16 bits are kept.
fn minutes_of(now_ms: u64) -> u16 {
    (now_ms / 60_000) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    const START_MS: u64 = 1_700_000_000_000;
    const MINUTE_MS: u64 = 60_000;
    const USUAL: Counting = Counting { log_factor: 10, decay_minutes: 1 };

    /// The counter after so many uses at one moment.
    fn after_uses(uses: u64, counting: Counting) -> Access {
        let mut random = 1u64;
        (0..uses).fold(Access::at(START_MS), |access, _| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            access.count_use(START_MS, counting, random)
        })
    }

    #[test]
    fn seconds_since_the_last_use_go_round_after_half_a_year() {
        let access = Access::at(START_MS);
        assert_eq!(access.idle_seconds(START_MS + 7900), 7);
        assert_eq!(access.idle_seconds(START_MS + (1 << 24) * 1000), 0);
        assert_eq!(access.count_use(START_MS, USUAL, 1).idle_seconds(START_MS + 3 * MINUTE_MS), 180);
    }

    #[test]
    fn the_counter_grows_as_the_table_of_redis_says() {
        // redis.conf: with a factor of 10 the counter is about 10 after 100 hits, 18 after 1000, 142 after
        // 100,000 and 255 after a million; with a factor of 0 it is 255 after 1000, with one of 100, 8.
        let counter =
            |uses, log_factor| after_uses(uses, Counting { log_factor, ..USUAL }).frequency(START_MS, USUAL);
        assert!((8..=12).contains(&counter(100, 10)), "{}", counter(100, 10));
        assert!((15..=22).contains(&counter(1000, 10)), "{}", counter(1000, 10));
        assert!((130..=155).contains(&counter(100_000, 10)), "{}", counter(100_000, 10));
        assert!((6..=11).contains(&counter(1000, 100)), "{}", counter(1000, 100));
        assert_eq!((counter(1, 0), counter(2, 0), counter(1000, 0)), (6, 7, 255));
    }

    #[test]
    fn the_counter_sinks_by_one_in_every_period() {
        let access = after_uses(3, Counting { log_factor: 0, ..USUAL });
        let after = |minutes, decay_minutes| {
            access.frequency(START_MS + minutes * MINUTE_MS, Counting { decay_minutes, ..USUAL })
        };
        assert_eq!([after(0, 1), after(1, 1), after(7, 1), after(8, 1), after(300, 1)], [8, 7, 1, 0, 0]);
        assert_eq!([after(3, 2), after(4, 2), after(5000, 0)], [7, 6, 8]);
        let next = access.count_use(START_MS + 2 * MINUTE_MS, USUAL, 1);
        assert_eq!(next.frequency(START_MS + 2 * MINUTE_MS, USUAL), 6);
    }

    #[test]
    fn an_entry_that_was_not_counted_is_as_a_new_one() {
        let access = Access::at(START_MS);
        assert_eq!(access.frequency(START_MS, USUAL), COUNTER_AT_START);
        assert_eq!(access.frequency(START_MS + 2 * MINUTE_MS, USUAL), 3);
        assert_eq!(access.count_use(START_MS, USUAL, 1).frequency(START_MS, USUAL), 6);
    }
}
