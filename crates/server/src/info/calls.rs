//! INFO commandstats, errorstats and latencystats.

use super::Fields;
use crate::server::Server;
use crate::statistics::CommandReport;

pub(super) fn commandstats(server: &Server, fields: &mut Fields) {
    for entry in server.table.entries() {
        let report = server.statistics.command(entry.index);
        let rejected = server.statistics.rejected(entry.index);
        if report.calls > 0 || rejected > 0 {
            let us = report.time_ns / 1000;
            let mean_us = report.time_ns as f64 / 1000.0 / report.calls.max(1) as f64;
            let (calls, failed) = (report.calls, report.failed);
            fields.add(
                format_args!("cmdstat_{}", entry.command.name),
                format_args!(
                    "calls={calls},usec={us},usec_per_call={mean_us:.2},rejected_calls={rejected},\
                     failed_calls={failed}"
                ),
            );
        }
    }
}

pub(super) fn errorstats(server: &Server, fields: &mut Fields) {
    for (code, count) in server.statistics.errors() {
        fields.add(format_args!("errorstat_{code}"), format_args!("count={count}"));
    }
}

pub(super) fn latencystats(server: &Server, fields: &mut Fields) {
    let settings = server.settings();
    if !settings.observability.latency_tracking {
        return;
    }
    let percentiles = &settings.observability.latency_tracking_info_percentiles.0;
    for entry in server.table.entries() {
        let report = server.statistics.command(entry.index);
        if report.calls > 0 {
            let shown = percentiles
                .iter()
                .map(|percentile| format!("p{percentile}={:.3}", percentile_us(&report, *percentile)))
                .collect::<Vec<_>>();
            fields.add(format_args!("latency_percentiles_usec_{}", entry.command.name), shown.join(","));
        }
    }
}

/// No more than this many microseconds is what so many percent of the calls took: the upper end of the bucket
/// that the percentile falls into.
fn percentile_us(report: &CommandReport, percentile: f64) -> f64 {
    let total: u64 = report.durations.iter().sum();
    let rank = (total as f64 * percentile / 100.0).ceil().max(1.0) as u64;
    let mut below = 0;
    for (power, count) in report.durations.iter().enumerate() {
        below += count;
        if below >= rank {
            return 2_f64.powi(power as i32 + 1) / 1000.0;
        }
    }
    0.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::DURATION_BUCKETS;

    #[test]
    fn a_percentile_is_the_upper_end_of_its_bucket() {
        let mut durations = [0; DURATION_BUCKETS];
        (durations[9], durations[19]) = (99, 1);
        let report = CommandReport { calls: 100, time_ns: 0, failed: 0, durations };
        assert_eq!(percentile_us(&report, 99.0), 1.024);
        assert_eq!(percentile_us(&report, 99.9), 1048.576);
    }
}
