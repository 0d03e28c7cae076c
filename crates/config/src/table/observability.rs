//! What is recorded and told about the running server.

use super::group;
use crate::Support::Supported;
use crate::kind::choice::YesNo;
use crate::kind::events::EventLetters;
use crate::kind::number::{LLONG_MAX, LONG_MAX, integer};
use crate::kind::percentiles::PercentileList;
use crate::{EventClasses, Percentiles};

group! {
    /// What is recorded and told about the running server.
    Observability in observability, defaults on host;

    /// Microseconds above which a command is kept in SLOWLOG; 0 keeps all, -1 keeps none.
    "slowlog-log-slower-than" => slowlog_log_slower_than_us: i64 = 10_000, integer(-1, i64::MAX), Supported;

    /// Commands that SLOWLOG keeps.
    "slowlog-max-len" => slowlog_entries_max: usize = 128, integer(0, LONG_MAX), Supported;

    /// Milliseconds above which LATENCY records an event; 0 records none.
    "latency-monitor-threshold" => latency_monitor_threshold_ms: u64 = 0, integer(0, LLONG_MAX), Supported;

    /// Keep the distribution of every command's latency.
    "latency-tracking" => latency_tracking: bool = true, YesNo, Supported;

    /// Percentiles that INFO latencystats shows.
    "latency-tracking-info-percentiles" => latency_tracking_info_percentiles: Percentiles =
        Percentiles(vec![50.0, 99.0, 99.9]), PercentileList, Supported;

    /// Changes of keys that are published; empty for none.
    "notify-keyspace-events" => notify_keyspace_events: EventClasses = EventClasses::NONE, EventLetters,
        Supported;
}
