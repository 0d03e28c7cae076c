//! Waiting until a process has nothing to do: no flush, no compaction, no reply on its way.
//!
//! The server tells of its flushes and compactions in INFO. One that does not know these figures is judged by its CPU
//! time alone, as everything is in the end: a job may be about to begin.

use std::io;
use std::time::{Duration, Instant};

use crate::bench::process;
use crate::bench::servers::Server;

/// For how long little may happen before a process counts as quiet.
const WINDOW: Duration = Duration::from_millis(250);
/// The share of a core that a process with nothing to do may take for its clocks.
const SHARE_MAX: f64 = 0.03;
/// After which time it will not be quiet any more.
const WAIT_MAX: Duration = Duration::from_secs(900);

/// What has to be zero in INFO.
const AT_REST: [&str; 3] = ["disk_compactions_running:", "disk_pending_flushes:", "disk_pending_memtables:"];

/// Waits until `server` is quiet.
pub fn wait_for(server: &Server) -> io::Result<()> {
    let mut connection = server.connect()?;
    wait(
        || server.cpu_time(),
        || {
            let info = connection.ask(&[b"INFO", b"disk"])?.concat();
            Ok(is_at_rest(&String::from_utf8_lossy(&info)))
        },
    )
}

/// Has `server` compact its database, and waits until that is done.
pub fn compact(server: &Server) -> io::Result<()> {
    let mut connection = server.connect()?;
    connection.set_reply_time_max(WAIT_MAX)?;
    connection.ask(&[b"COMPACT"])?;
    wait_for(server)
}

/// Waits until this process itself is quiet and `is_idle` says so.
pub fn wait_for_self(mut is_idle: impl FnMut() -> bool) -> io::Result<()> {
    wait(|| process::cpu_time(std::process::id()), || Ok(is_idle()))
}

fn wait(
    cpu_time: impl Fn() -> io::Result<Duration>,
    mut is_idle: impl FnMut() -> io::Result<bool>,
) -> io::Result<()> {
    let deadline = Instant::now() + WAIT_MAX;
    loop {
        let (began, before) = (Instant::now(), cpu_time()?);
        std::thread::sleep(WINDOW);
        let spent = (cpu_time()? - before).as_secs_f64();
        if spent < began.elapsed().as_secs_f64() * SHARE_MAX && is_idle()? {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "what goes on in the background does not end",
            ));
        }
    }
}

/// Whether no figure that `info` has of jobs is other than zero.
fn is_at_rest(info: &str) -> bool {
    let mut jobs = info.lines().filter_map(|line| AT_REST.iter().find_map(|name| line.strip_prefix(name)));
    jobs.all(|count| count.trim() == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_job_counts_and_unknown_figures_do_not() {
        assert!(is_at_rest(""));
        assert!(is_at_rest(
            "# Disk\r\ndisk_tables:7\r\ndisk_compactions_running:0\r\ndisk_pending_flushes:0\r\n"
        ));
        assert!(!is_at_rest("disk_compactions_running:0\r\ndisk_pending_memtables:2\r\n"));
    }
}
