//! What the operating system knows of this process.
#![allow(unsafe_code, reason = "times come from a system call that fills a structure")]

use std::time::Duration;

/// Processor time used, by whom.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CpuTime {
    /// In the kernel.
    pub system: Duration,
    /// In the program.
    pub user: Duration,
}

/// Whose processor time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Whose {
    Process,
    Children,
    Thread,
}

/// The processor time used so far; nothing where the system does not tell.
pub(crate) fn cpu_time(whose: Whose) -> CpuTime {
    let whose = match whose {
        Whose::Process => libc::RUSAGE_SELF,
        Whose::Children => libc::RUSAGE_CHILDREN,
        Whose::Thread => libc::RUSAGE_THREAD,
    };
    let usage = usage(whose);
    let duration = |time: libc::timeval| {
        Duration::from_secs(time.tv_sec as u64) + Duration::from_micros(time.tv_usec as u64)
    };
    CpuTime { system: duration(usage.ru_stime), user: duration(usage.ru_utime) }
}

/// Blocks that the calling thread has read from disks: what was in the system's memory is not among them.
pub(crate) fn blocks_read() -> u64 {
    usage(libc::RUSAGE_THREAD).ru_inblock as u64
}

fn usage(whose: libc::c_int) -> libc::rusage {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the call only writes the structure, of which all zeros is a valid value.
    unsafe {
        libc::getrusage(whose, usage.as_mut_ptr());
        usage.assume_init()
    }
}

/// Bytes of the process that are in memory; 0 where the system does not tell.
pub(crate) fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    kilobytes(&status, "VmRSS:") * 1024
}

/// Bytes of memory that the machine has; 0 where the system does not tell.
pub(crate) fn system_bytes() -> u64 {
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    kilobytes(&memory, "MemTotal:") * 1024
}

fn kilobytes(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
