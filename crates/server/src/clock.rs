//! The one place that reads the clock.

use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use quanta::Clock;

/// Unix time in milliseconds.
pub(crate) fn unix_ms() -> u64 {
    since_epoch().as_millis() as u64
}

/// Unix time in microseconds.
pub(crate) fn unix_us() -> u64 {
    since_epoch().as_micros() as u64
}

fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Measures short times: a command is timed from the end of the one before it, so that a batch reads the clock
/// once for each command. It counts the processor's ticks where these are known to be steady.
#[derive(Clone, Copy)]
pub(crate) struct Stopwatch {
    last: u64,
}

impl Stopwatch {
    pub fn start() -> Stopwatch {
        Stopwatch { last: TICKS.raw() }
    }

    /// The time since the start or the last lap, in milliseconds; the lap goes on.
    pub fn elapsed_ms(&self) -> u64 {
        self.elapsed_us() / 1000
    }

    /// The same in microseconds.
    pub fn elapsed_us(&self) -> u64 {
        TICKS.delta_as_nanos(self.last, TICKS.raw()) / 1000
    }

    /// The time since the start or the last lap, in nanoseconds.
    #[inline]
    pub fn lap_ns(&mut self) -> u64 {
        let now = TICKS.raw();
        let lap_ns = TICKS.delta_as_nanos(self.last, now);
        self.last = now;
        lap_ns
    }
}

/// Reads the ticks in a third of the time that the system's clock takes.
static TICKS: LazyLock<Clock> = LazyLock::new(Clock::new);
