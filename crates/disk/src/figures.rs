//! What is to be known of the store, for `INFO`.

use fjall::Keyspace;
use keyspace::engine::Figure;

use crate::store::Disk;

/// The figures.
pub fn of(disk: &Disk) -> Vec<Figure> {
    let count = |name, value| Figure { name, value, is_count: true };
    let state = |name, value| Figure { name, value, is_count: false };
    let (used, allowed) = disk.budget().bytes();
    let (hits, misses, evictions) = disk.budget().counts();
    let lsm = disk.lsm();
    let Some(lsm) = &*lsm else { return Vec::new() };
    let database = &lsm.database;
    let trees: Vec<Keyspace> = lsm.trees();
    let sum = |figure: &dyn Fn(&Keyspace) -> u64| trees.iter().map(figure).sum::<u64>();
    let (compacting, to_compact) = disk.compactions().state();
    let (stalled, stalls) = disk.stalls();
    let (seen, expected) = disk.compactions().progress.of_running();
    vec![
        state("disk_bytes", database.disk_space().unwrap_or_default()),
        state("disk_free_bytes", disk.free_bytes()),
        state("disk_stream_bytes", lsm.stream.tree().map_or(0, Keyspace::disk_space)),
        state("disk_journal_bytes", database.journal_disk_space().unwrap_or_default()),
        state("disk_journals", database.journal_count() as u64),
        state("disk_cache_bytes", used as u64),
        state("disk_cache_bytes_max", allowed as u64),
        count("disk_cache_hits", hits),
        count("disk_cache_misses", misses),
        count("disk_cache_evictions", evictions),
        state("disk_block_cache_bytes", database.cache_size()),
        state("disk_block_cache_bytes_max", database.cache_capacity()),
        count("disk_block_cache_hits", sum(&|tree| tree.metrics().block_load_cached_count() as u64)),
        count("disk_block_reads", sum(&|tree| tree.metrics().block_load_io_count() as u64)),
        count("disk_block_read_bytes", sum(&|tree| tree.metrics().block_io())),
        count("disk_filter_queries", sum(&|tree| tree.metrics().filter_queries() as u64)),
        count("disk_filter_hits", sum(&|tree| tree.metrics().io_skipped_by_filter() as u64)),
        state("disk_memtable_bytes", database.write_buffer_size()),
        state("disk_pending_flushes", database.outstanding_flushes() as u64),
        state("disk_pending_memtables", sum(&|tree| tree.sealed_memtable_count() as u64)),
        state("disk_writers_stalled", stalled as u64),
        count("disk_write_stalls", stalls),
        state("disk_level0_tables", sum(&|tree| tree.l0_table_count() as u64)),
        state("disk_tables", sum(&|tree| tree.table_count() as u64)),
        state("disk_compactions_running", database.active_compactions() as u64),
        count("disk_compactions_done", database.compactions_completed() as u64),
        count("disk_compaction_milliseconds", database.time_compacting().as_millis() as u64),
        state("disk_compact_running", u64::from(compacting.is_some())),
        state("disk_compact_database", u64::from(compacting.unwrap_or_default())),
        state("disk_compact_waiting", to_compact as u64),
        state("disk_compact_records_seen", seen),
        state("disk_compact_records_expected", expected),
        state("disk_spaces_to_delete", disk.retired() as u64),
        state("disk_collections_to_reclaim", disk.graves() as u64),
        count("disk_commits", disk.commits()),
        state("disk_commits_unsynced", disk.unsynced()),
        state("disk_writable", u64::from(disk.is_writable())),
    ]
}
