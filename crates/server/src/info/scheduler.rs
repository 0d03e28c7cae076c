//! INFO scheduler and locks: what the workers do, and who waits for whom.

use super::Fields;
use crate::server::Server;

/// Lines that wait for locks, shown at most.
const SITES_SHOWN: usize = 16;

pub(super) fn scheduler(_: &Server, fields: &mut Fields) {
    let figures = crate::scheduler::figures();
    fields.add("workers", figures.workers.len());
    fields.add("tasks_alive", figures.tasks_alive);
    fields.add("global_queue_depth", figures.global_queue_depth);
    let (handed_off, waited) = crate::handoff::counts();
    fields.add("blocked_handoffs", handed_off);
    fields.add("blocked_without_handoff", waited);
    fields.add("blocking_threads", figures.blocking_threads);
    fields.add("blocking_queue_depth", figures.blocking_queue_depth);
    for (index, worker) in figures.workers.iter().enumerate() {
        fields.add(
            format_args!("worker_{index}"),
            format_args!(
                "tasks_run={},queue_depth={},steals={},parks={},busy_usec={}",
                worker.tasks_run,
                worker.queue_depth,
                worker.steals,
                worker.parks,
                worker.busy.as_micros()
            ),
        );
    }
}

pub(super) fn locks(_: &Server, fields: &mut Fields) {
    let totals = sync::totals();
    fields.add("lock_waits", totals.waits);
    fields.add("lock_waited_usec", totals.waited_ns / 1000);
    fields.add("lock_waited_max_usec", totals.waited_max_ns / 1000);
    for (index, site) in sync::contention().iter().take(SITES_SHOWN).enumerate() {
        fields.add(
            format_args!("lock_site_{index}"),
            format_args!(
                "file={},line={},kind={},waits={},waited_usec={},waited_max_usec={}",
                site.file,
                site.line,
                format!("{:?}", site.kind).to_lowercase(),
                site.waits,
                site.waited_ns / 1000,
                site.waited_max_ns / 1000
            ),
        );
    }
}
