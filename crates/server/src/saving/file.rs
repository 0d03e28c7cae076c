//! Writing the file: to another name first, so that the last one stays until the new one is on disk.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use config::Settings;
use config::table::persistence::RdbVersion;
use keyspace::{CannotBegin, Encode};
use rdb::file::{Usage, Writer, encode_key};
use rdb::{Format, Version};

use super::sink::{Sink, Stepwise};
use super::{SaveError, temporary};
use crate::clock::unix_ms;
use crate::replication::saved::Saved;
use crate::server::{Server, counting};

/// What comes in smaller pieces than this is gathered before it is written.
const BUFFER_BYTES: usize = 64 << 10;

/// Where the file is.
pub(crate) fn path(settings: &Settings) -> PathBuf {
    settings.process.dir.join(&settings.persistence.dbfilename)
}

/// The version that the settings ask for.
pub(crate) fn version(settings: &Settings) -> Version {
    match settings.persistence.rdb_version {
        RdbVersion::V10 => Version::V10,
        RdbVersion::V11 => Version::V11,
    }
}

/// Saves everything; `at_the_instant` is called in the moment whose data it is.
pub(super) fn write(server: &Server, at_the_instant: impl FnOnce()) -> Result<(), SaveError> {
    let settings = server.settings();
    let target = path(&settings);
    let dir = &settings.process.dir;
    let temporary = temporary::of_save(dir);
    let failed = |what: &Path, error: &io::Error| {
        SaveError::Failed(format!("'{}' cannot be written: {error}", what.display()))
    };
    let written = write_to(server, &settings, &temporary, at_the_instant);
    let named = written.and_then(|()| {
        std::fs::rename(&temporary, &target).map_err(|error| failed(&target, &error))?;
        // The new name is safe when the folder is.
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(|error| failed(dir, &error))
    });
    if named.is_err() {
        // It may never have been made.
        let _ = std::fs::remove_file(&temporary);
    }
    named
}

fn write_to(
    server: &Server,
    settings: &Settings,
    path: &Path,
    at_the_instant: impl FnOnce(),
) -> Result<(), SaveError> {
    let failed =
        |error: io::Error| SaveError::Failed(format!("'{}' cannot be written: {error}", path.display()));
    let file = temporary::create(path).map_err(failed)?;
    let syncs = settings.persistence.rdb_save_incremental_fsync;
    let out = BufWriter::with_capacity(BUFFER_BYTES, Stepwise::new(file, syncs));
    let version = version(settings);
    let mut writer = Writer::new(out, version, settings.persistence.rdbchecksum).map_err(failed)?;

    let began = Instant::now();
    let now = || {
        at_the_instant();
        (server.scripting.functions.now(), server.replication.feed.saved())
    };
    let begun = {
        let _between = server.replication.between_units();
        server.keyspace.begin_snapshot(encoder(settings, version), now)
    };
    let (snapshot, (functions, saved)) = begun.map_err(|error| match error {
        CannotBegin::Runs => SaveError::Runs,
        CannotBegin::Fault(fault) => SaveError::Failed(fault.to_string()),
    })?;
    let took = began.elapsed();
    server.note_cycle("snapshot-begin", took);
    tracing::debug!(microseconds = took.as_micros() as u64, "All slots were held for a snapshot");
    let total: usize = snapshot.sizes().iter().map(|size| size.keys).sum();
    let is_cancelled = &server.saves.is_cancelled;
    server.saves.keys_total.store(total as u64, Ordering::Relaxed);

    let mut besides: Vec<_> = saved.into_iter().flat_map(Saved::to_aux).collect();
    besides.push(("aof-base", "0".to_owned()));
    write_head(server, &mut writer, &besides).map_err(failed)?;
    let goes_on = |keys: usize| {
        if is_cancelled.load(Ordering::Relaxed) {
            return Err(io::Error::other("it was cancelled"));
        }
        server.saves.keys_done.fetch_add(keys as u64, Ordering::Relaxed);
        delay(server, keys, || is_cancelled.load(Ordering::Relaxed));
        Ok(())
    };
    let mut sink = Sink::Rdb(writer);
    let taken = sink.take(snapshot, &functions, |_| false, goes_on);
    if is_cancelled.load(Ordering::Relaxed) {
        return Err(SaveError::Cancelled);
    }
    let out = taken.and_then(|()| sink.finish()).map_err(failed)?;
    let file = out.into_inner().map_err(|error| failed(error.into_error()))?.into_file();
    file.sync_all().map_err(failed)
}

/// What Redis says at the beginning of a file, and what there is to say beside that.
pub(crate) fn write_head(
    server: &Server,
    writer: &mut Writer<impl Write>,
    besides: &[(&str, String)],
) -> io::Result<()> {
    let used_bytes = (server.allocator.used_bytes)();
    for (name, value) in [
        ("redis-ver", crate::REDIS_VERSION.to_owned()),
        ("redis-bits", usize::BITS.to_string()),
        ("ctime", (unix_ms() / 1000).to_string()),
        ("used-mem", used_bytes.to_string()),
    ]
    .iter()
    .chain(besides)
    {
        writer.aux(name, value.as_bytes())?;
    }
    Ok(())
}

/// What makes the record of an entry.
pub(crate) fn encoder(settings: &Settings, version: Version) -> Encode {
    use config::table::memory::MaxmemoryPolicy as Policy;
    let format = Format { version, compress: settings.persistence.rdbcompression };
    let now_ms = unix_ms();
    let usage = match (settings.memory.maxmemory_policy, counting(settings)) {
        (Policy::AllkeysLru | Policy::VolatileLru, _) => Usage::Idle { now_ms },
        (_, Some(counting)) => Usage::Frequency { now_ms, counting },
        _ => Usage::Untold,
    };
    Box::new(move |entry, out| encode_key(entry, format, usage, out))
}

/// `rdb-key-save-delay`: so many microseconds for each key, or, when negative, one for so many keys. It may be changed
/// meanwhile.
pub(crate) fn delay(server: &Server, keys: usize, is_over: impl Fn() -> bool) {
    const STEP: Duration = Duration::from_millis(10);
    let began = Instant::now();
    while !is_over() {
        let delay_us = server.settings().persistence.rdb_key_save_delay_us;
        let each = u64::from(delay_us.unsigned_abs());
        let us = match delay_us {
            0 => return,
            1.. => each * keys as u64,
            _ => keys as u64 / each.max(1),
        };
        match Duration::from_micros(us).checked_sub(began.elapsed()) {
            Some(left) if !left.is_zero() => std::thread::sleep(left.min(STEP)),
            _ => return,
        }
    }
}
