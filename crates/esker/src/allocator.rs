//! The figures and services of the program's allocator, for the server to report and use.
#![allow(unsafe_code, reason = "giving memory back is a command of the allocator without a safe interface")]

mod gauge;

use std::ffi::CStr;

use server::{Allocator, AllocatorFigures};
use tikv_jemalloc_ctl::{background_thread, epoch, raw, stats, stats_print};

/// jemalloc, as the server sees it.
pub const JEMALLOC: Allocator = Allocator {
    name: "jemalloc-5.3.1",
    figures,
    used_bytes: gauge::used_bytes,
    tell: gauge::tell,
    purge,
    purge_in_background,
    report,
};

/// Makes the memory that is used no longer go back to the system within about a second, instead of ten: what the
/// splitting of tables leaves behind is a tenth of a large set. To be called before any worker starts, since the
/// allocator's arenas take it over when they are made.
pub fn give_back_soon() {
    const DECAY_MS: isize = 1000;
    // The arena that there is already, and those to come.
    for name in [&b"arena.0.dirty_decay_ms\0"[..], b"arenas.dirty_decay_ms\0"] {
        // SAFETY: the name ends in a zero byte, and what it names is of this type (`ssize_t`).
        if let Err(error) = unsafe { raw::write(name, DECAY_MS) } {
            tracing::warn!(%error, "The allocator will not give memory back any sooner than by default");
        }
    }
}

/// Figures that cannot be read are 0.
fn figures() -> AllocatorFigures {
    let bytes = |read: tikv_jemalloc_ctl::Result<usize>| read.unwrap_or(0) as u64;
    let used_bytes = gauge::gauge_against(|| {
        // The figures are those of the moment at which the epoch was last advanced.
        if epoch::advance().is_ok() {
            bytes(stats::allocated::read()).saturating_sub(kept_by_threads())
        } else {
            0
        }
    });
    AllocatorFigures {
        used_bytes,
        allocated_bytes: bytes(stats::allocated::read()),
        active_bytes: bytes(stats::active::read()),
        resident_bytes: bytes(stats::resident::read()),
    }
}

/// Bytes that nobody uses, which threads keep at hand: the allocator counts them as handed out.
fn kept_by_threads() -> u64 {
    // `stats.arenas.<MALLCTL_ARENAS_ALL>.tcache_bytes`
    // SAFETY: the name ends in a zero byte, and what it names is of this type (`size_t`).
    unsafe { raw::read::<usize>(b"stats.arenas.4096.tcache_bytes\0") }.unwrap_or(0) as u64
}

fn report() -> String {
    let mut text = Vec::new();
    match stats_print::stats_print(&mut text, stats_print::Options::default()) {
        Ok(()) => String::from_utf8_lossy(&text).into_owned(),
        Err(error) => error.to_string(),
    }
}

fn purge_in_background(is_on: bool) {
    if let Err(error) = background_thread::write(is_on) {
        tracing::warn!(%error, is_on, "The allocator's background thread cannot be switched");
    }
}

fn purge() {
    /// `arena.<MALLCTL_ARENAS_ALL>.purge`
    const PURGE_ALL: &CStr = c"arena.4096.purge";
    let none = std::ptr::null_mut;
    // SAFETY: the name is a C string, and the command takes and returns no value, which null pointers say.
    let code =
        unsafe { tikv_jemalloc_sys::mallctl(PURGE_ALL.as_ptr(), none(), std::ptr::null_mut(), none(), 0) };
    if code != 0 {
        tracing::warn!(code, "Unused memory could not be given back");
    }
}
