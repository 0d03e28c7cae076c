//! All that touches the file system: finding what a pattern names, checking a directory, replacing a file.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

/// The system's own words for `error`, without Rust's error number behind them.
pub fn describe(error: &io::Error) -> String {
    let text = error.to_string();
    text.split_once(" (os error ").map_or(text.as_str(), |(words, _)| words).to_owned()
}

/// The absolute path, free of links, of the directory that `requested` names from `current`.
pub(crate) fn existing_directory(current: &Path, requested: &OsStr) -> io::Result<PathBuf> {
    if requested.is_empty() {
        return Path::new("").canonicalize();
    }
    // With a dot at the end, the system refuses what is not a directory.
    current.join(requested).join(".").canonicalize()
}

/// The content of the file at `path`, which is empty if there is no such file.
pub(crate) fn read_if_exists(path: &Path) -> io::Result<Vec<u8>> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        result => result,
    }
}

/// Whether `path` is a pattern rather than the name of one file.
pub(crate) fn is_pattern(path: &OsStr) -> bool {
    path.as_bytes().iter().any(|byte| matches!(byte, b'*' | b'?' | b'['))
}

/// The existing files that `pattern` names, sorted. As in a shell, a wildcard stays within one component
/// of the path and does not match a dot at its beginning.
pub(crate) fn matching_files(pattern: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for component in pattern.components() {
        let name = component.as_os_str();
        found = if matches!(component, Component::Normal(_)) && is_pattern(name) {
            found.iter().flat_map(|directory| matching_entries(directory, name.as_bytes())).collect()
        } else {
            found.into_iter().map(|path| path.join(name)).collect()
        };
    }
    found.retain(|path| path.exists());
    found.sort();
    found
}

/// The entries of `directory` whose names `pattern` matches; none if it cannot be read, as in `glob(3)`.
fn matching_entries(directory: &Path, pattern: &[u8]) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let names = entries.flatten().map(|entry| entry.file_name());
    let visible = names.filter(|name| pattern.starts_with(b".") || !name.as_bytes().starts_with(b"."));
    visible
        .filter(|name| base::glob::matches(pattern, name.as_bytes()))
        .map(|name| directory.join(name))
        .collect()
}

/// How many temporary names beside a file are tried.
const TEMPORARY_NAMES_MAX: u32 = 100;

/// Puts `content` in the place of the file at `path`, which holds either the old or the new content at any
/// time, also across a crash. Whoever could not read the old one cannot read the new one.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let (temporary, mut file) = create_beside(path)?;
    let written =
        file.write_all(content).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = written {
        // The first error is the one to report; a file left behind is all that a second one would add.
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory)?.sync_all()
}

/// A new file beside `path`, readable by those who may read the one there is, or by all, as far as the umask allows.
fn create_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    const READABLE_BY_ALL: u32 = 0o644;
    let mode = fs::metadata(path).map_or(READABLE_BY_ALL, |old| old.permissions().mode() & 0o777);
    let mut attempt = 0;
    loop {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{attempt}.tmp"));
        let temporary = PathBuf::from(name);
        match OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary) {
            Ok(file) => return Ok((temporary, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < TEMPORARY_NAMES_MAX => {
                attempt += 1;
            }
            Err(error) => return Err(error),
        }
    }
}
