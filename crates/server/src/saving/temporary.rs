//! Snapshots on their way: files that get their name, or go, when they are whole.
//!
//! One that a killed process has left behind goes at the next start. A lock, which ends with the process that holds it,
//! tells it from one that another server in the same directory is writing.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::unix_ms;

/// Where this process writes a snapshot, as Redis names it.
pub(super) fn of_save(dir: &Path) -> PathBuf {
    dir.join(format!("temp-{}.rdb", std::process::id()))
}

/// A new place where this process keeps a snapshot that a primary sends, or that a replica is sent.
pub(crate) fn of_replica(dir: &Path) -> PathBuf {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    dir.join(format!("temp-replica-{}-{}-{number}.rdb", std::process::id(), unix_ms()))
}

/// Opens it, empty, to be written and read.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
    // Where the file system has no locks, there is none to find either.
    let _ = file.try_lock();
    Ok(file)
}

/// Removes what nobody is writing any more.
pub(crate) fn remove_left(dir: &Path) {
    // A directory that cannot be read is somebody else's to complain about.
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten().filter(|entry| is_one(&entry.file_name().to_string_lossy())) {
        let path = entry.path();
        let is_left = File::open(&path).is_ok_and(|file| file.try_lock().is_ok());
        if is_left {
            match fs::remove_file(&path) {
                Ok(()) => {
                    tracing::info!(file = %path.display(), "A snapshot that was never finished is removed")
                }
                Err(error) => {
                    tracing::warn!(%error, file = %path.display(), "A snapshot that was never finished stays")
                }
            }
        }
    }
}

fn is_one(name: &str) -> bool {
    let numbers = name.strip_prefix("temp-").and_then(|rest| rest.strip_suffix(".rdb"));
    let numbers = numbers.map(|rest| rest.strip_prefix("replica-").unwrap_or(rest));
    numbers.is_some_and(|numbers| {
        numbers
            .split('-')
            .all(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_writes_any_more_goes() {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let dir = directory.path();
        let written = create(&dir.join("temp-1.rdb")).expect("it can be made");
        drop(create(&dir.join("temp-2.rdb")).expect("it can be made"));
        drop(create(&dir.join("temp-replica-2-3-0.rdb")).expect("it can be made"));
        for other in ["dump.rdb", "temp-.rdb", "temp-x.rdb", "temp-2.aof"] {
            fs::write(dir.join(other), "").expect("it can be written");
        }
        remove_left(dir);
        let names = || {
            let entries = fs::read_dir(dir).expect("it is there").flatten();
            let mut names: Vec<_> =
                entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
            names.sort();
            names
        };
        assert_eq!(names(), ["dump.rdb", "temp-.rdb", "temp-1.rdb", "temp-2.aof", "temp-x.rdb"]);
        drop(written);
        remove_left(dir);
        assert_eq!(names(), ["dump.rdb", "temp-.rdb", "temp-2.aof", "temp-x.rdb"]);
    }
}
