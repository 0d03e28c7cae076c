//! The manifest: which files an append-only file consists of, in which order.
//!
//! One line for each file, as Redis 7 writes it (`aof.c`): `file appendonly.aof.1.base.rdb seq 1 type b`. A base is what
//! there was at some moment; the incremental files behind it are what was done since, in the order of their numbers.
//! Files that are history are no longer needed and about to be deleted. A name that is not plain text stands in double
//! quotes, with escapes.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// Everything as of some moment.
    Base,
    /// What was done since.
    Incremental,
    /// Not needed any more.
    History,
}

impl PartKind {
    fn letter(self) -> char {
        match self {
            PartKind::Base => 'b',
            PartKind::Incremental => 'i',
            PartKind::History => 'h',
        }
    }
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name, in the directory of the manifest.
    pub name: String,
    /// Its number among those of its kind.
    pub number: u64,
    /// What it is.
    pub kind: PartKind,
}

/// The files of an append-only file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// In the order in which they are listed: the base, what is history, what was done since.
    pub parts: Vec<Part>,
}

/// A manifest that cannot be read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadManifest {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong.
    pub why: String,
}

impl std::fmt::Display for BadManifest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

impl std::error::Error for BadManifest {}

/// A longer line is none, as in Redis.
const LINE_BYTES_MAX: usize = 1022;

impl Manifest {
    /// The path of the manifest of the append-only file called `name` in `dir`.
    pub fn path(dir: &Path, name: &str) -> PathBuf {
        dir.join(format!("{name}.manifest"))
    }

    /// Reads the text of a manifest.
    ///
    /// # Errors
    /// Where it is none: nothing is passed over in silence.
    pub fn parse(text: &str) -> Result<Manifest, BadManifest> {
        let mut manifest = Manifest::default();
        let mut last_line = 1;
        for (line, text) in (1..).zip(text.lines()) {
            let bad = |why: &str| BadManifest { line, why: why.to_owned() };
            if text.starts_with('#') {
                continue;
            }
            if text.len() > LINE_BYTES_MAX {
                return Err(bad("The AOF manifest file contains too long line"));
            }
            let part = parse_line(text).map_err(|why| bad(&why))?;
            manifest.admit(&part).map_err(bad)?;
            manifest.parts.push(part);
            last_line = line;
        }
        manifest.has_sound_history().map_err(|why| BadManifest { line: last_line, why: why.to_owned() })?;
        if manifest.parts.is_empty() {
            return Err(BadManifest { line: 1, why: "Found an empty AOF manifest".to_owned() });
        }
        Ok(manifest)
    }

    /// Whether the part may follow those that there are.
    fn admit(&self, part: &Part) -> Result<(), &'static str> {
        match part.kind {
            PartKind::Base if self.base().is_some() => Err("Found duplicate base file information"),
            PartKind::Incremental
                if self.incremental().last().is_some_and(|last| last.number >= part.number) =>
            {
                Err("Found a non-monotonic sequence number")
            }
            _ if self.parts.iter().any(|other| other.name == part.name) => Err("a file is listed twice"),
            _ => Ok(()),
        }
    }

    /// Whether what is said to be history, and so is deleted, can be: a rewrite makes it so of the base that it replaces, and
    /// of the incremental files before the one that it keeps. A single wrong letter would have what is needed be history.
    fn has_sound_history(&self) -> Result<(), &'static str> {
        let is_incremental = |part: &&Part| part.name.ends_with(".incr.aof");
        let kept = self.incremental().next().map_or(0, |part| part.number);
        let newest = self.history().filter(is_incremental).map(|part| part.number).max();
        if newest.is_some_and(|newest| newest >= kept) {
            return Err("an incremental file is history though none that is newer is kept");
        }
        if newest.is_some() && self.base().is_some() && self.history().all(|part| is_incremental(&part)) {
            return Err("an incremental file is history though no base is");
        }
        Ok(())
    }

    /// The text of the manifest.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for Part { name, number, kind } in &self.parts {
            // Writing to a string does not fail.
            let _ = writeln!(text, "file {} seq {number} type {}", quoted(name), kind.letter());
        }
        text
    }

    /// The base file, if there is one.
    pub fn base(&self) -> Option<&Part> {
        self.parts.iter().find(|part| part.kind == PartKind::Base)
    }

    /// The incremental files, in order.
    pub fn incremental(&self) -> impl DoubleEndedIterator<Item = &Part> {
        self.parts.iter().filter(|part| part.kind == PartKind::Incremental)
    }

    /// What is to be loaded, in order.
    pub fn loaded(&self) -> impl Iterator<Item = &Part> {
        self.base().into_iter().chain(self.incremental())
    }

    /// The files that are not needed any more.
    pub fn history(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| part.kind == PartKind::History)
    }

    /// The incremental file that comes next, of the append-only file called `name`.
    pub fn next_incremental(&self, name: &str) -> Part {
        let number = self.incremental().map(|part| part.number).max().unwrap_or(0) + 1;
        Part { name: format!("{name}.{number}.incr.aof"), number, kind: PartKind::Incremental }
    }

    /// The base that comes next; `suffix` says what it is made of: `rdb` or `aof`.
    pub fn next_base(&self, name: &str, suffix: &str) -> Part {
        let bases = self.parts.iter().filter(|part| part.kind != PartKind::Incremental);
        let number = bases.map(|part| part.number).max().unwrap_or(0) + 1;
        Part { name: format!("{name}.{number}.base.{suffix}"), number, kind: PartKind::Base }
    }

    /// The manifest once `base` has taken the place of everything before the incremental file of number `first_kept`.
    pub fn with_base(&self, base: Part, first_kept: u64) -> Manifest {
        let mut parts = vec![base];
        let mut kept = Vec::new();
        for part in &self.parts {
            if part.kind == PartKind::Incremental && part.number >= first_kept {
                kept.push(part.clone());
            } else {
                parts.push(Part { kind: PartKind::History, ..part.clone() });
            }
        }
        parts.append(&mut kept);
        Manifest { parts }
    }

    /// Without what is history.
    pub fn without_history(&self) -> Manifest {
        let is_needed = |part: &&Part| part.kind != PartKind::History;
        Manifest { parts: self.parts.iter().filter(is_needed).cloned().collect() }
    }

    /// Where the manifest of the append-only file called `name` is written, before it takes the place of the one there is.
    pub(crate) fn temporary_name(name: &str) -> String {
        format!("temp-{name}.manifest")
    }

    /// Writes the manifest in place of the one before: after a crash it is the one or the other, and this one once the
    /// directory is on disk.
    ///
    /// # Errors
    /// When the file system fails; then the one before is still there.
    pub fn store(&self, dir: &Path, name: &str) -> io::Result<()> {
        let temporary = dir.join(Manifest::temporary_name(name));
        let mut file = File::create(&temporary)?;
        file.write_all(self.text().as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, Manifest::path(dir, name))
    }
}

/// Has the names in `dir` be on disk.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

fn parse_line(line: &str) -> Result<Part, String> {
    let words = split(line).ok_or("Invalid AOF manifest file format: the quotes do not match")?;
    if words.len() < 6 || words.len() % 2 == 1 {
        return Err("Invalid AOF manifest file format: it is not made of names and values".to_owned());
    }
    let (mut name, mut number, mut kind) = (None, None, None);
    let mut keys = Vec::new();
    for pair in words.chunks_exact(2) {
        let [key, value] = pair else { continue };
        // Two lines that have become one.
        if keys.contains(key) {
            return Err(format!("'{key}' is there twice"));
        }
        keys.push(key.clone());
        match key.to_ascii_lowercase().as_str() {
            "file" if value.contains(['/', '\\']) => {
                return Err("a file can't be a path, just a name".to_owned());
            }
            "file" => name = Some(value.clone()),
            "seq" => number = value.parse().ok().filter(|number| *number > 0),
            "type" => {
                kind = match value.as_str() {
                    "b" => Some(PartKind::Base),
                    "i" => Some(PartKind::Incremental),
                    "h" => Some(PartKind::History),
                    other => return Err(format!("Unknown AOF file type '{other}'")),
                }
            }
            // What a later version may add.
            _ => {}
        }
    }
    match (name.filter(|name| !name.is_empty()), number, kind) {
        (Some(name), Some(number), Some(kind)) => Ok(Part { name, number, kind }),
        _ => Err("Invalid AOF manifest file format: it lacks a file, a number or a type".to_owned()),
    }
}

/// The words of a line, some of which may be in double quotes; `None` where one is not closed.
fn split(line: &str) -> Option<Vec<String>> {
    let arguments = resp::OwnedArguments::from_line(line.as_bytes()).ok()?;
    let text = |word: &[u8]| String::from_utf8(word.to_vec()).ok();
    arguments.as_arguments().iter().map(text).collect()
}

/// The name as it stands in a manifest.
fn quoted(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'\\');
    if name.bytes().all(is_plain) {
        return name.to_owned();
    }
    let mut quoted = String::from("\"");
    for byte in name.bytes() {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', char::from(byte)]),
            b'\n' => quoted.push_str("\\n"),
            b'\r' => quoted.push_str("\\r"),
            b'\t' => quoted.push_str("\\t"),
            b'\x07' => quoted.push_str("\\a"),
            b'\x08' => quoted.push_str("\\b"),
            b' '..=b'~' => quoted.push(char::from(byte)),
            // Writing to a string does not fail.
            byte => _ = write!(quoted, "\\x{byte:02x}"),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
file appendonly.aof.2.base.rdb seq 2 type b
file appendonly.aof.1.base.rdb seq 1 type h
file appendonly.aof.3.incr.aof seq 3 type i
file appendonly.aof.4.incr.aof seq 4 type i
";

    #[test]
    fn a_manifest_is_read_and_written() {
        let manifest = Manifest::parse(TEXT).expect("it is one");
        assert_eq!(manifest.text(), TEXT);
        let loaded: Vec<u64> = manifest.loaded().map(|part| part.number).collect();
        assert_eq!(loaded, [2, 3, 4]);
        assert_eq!(manifest.next_incremental("a").name, "a.5.incr.aof");
        assert_eq!(manifest.next_base("a", "rdb").name, "a.3.base.rdb");
    }

    #[test]
    fn what_a_new_base_replaces_is_history() {
        let manifest = Manifest::parse(TEXT).expect("it is one");
        let after = manifest.with_base(manifest.next_base("appendonly.aof", "aof"), 4);
        let kinds: Vec<(u64, char)> =
            after.parts.iter().map(|part| (part.number, part.kind.letter())).collect();
        assert_eq!(kinds, [(3, 'b'), (2, 'h'), (1, 'h'), (3, 'h'), (4, 'i')]);
        assert_eq!(after.without_history().parts.len(), 2);
    }

    #[test]
    fn names_that_are_not_plain_are_quoted() {
        for name in ["plain", "with blank", "quo\"te", "back\\slash", "umläut"] {
            assert_eq!(split(&quoted(name)), Some(vec![name.to_owned()]), "{name}");
        }
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        for text in [
            "",
            "file a seq 1",
            "file a seq 0 type b",
            "file a seq 1 type x",
            "file ../a seq 1 type b",
            "file a seq 1 type b\nfile b seq 2 type b",
            "file a seq 2 type i\nfile b seq 1 type i",
            "file \"a seq 1 type b",
            "file a seq 1 type b\n\n",
            "file a seq 1 type b file b seq 1 type i",
            "file a seq 1 type b\nfile a seq 1 type i",
            // What is deleted as history must not be what is needed.
            "file a.1.base.rdb seq 1 type b\nfile a.1.incr.aof seq 1 type h",
            "file a.1.base.rdb seq 1 type b\nfile a.1.incr.aof seq 1 type h\nfile a.2.incr.aof seq 2 type i",
        ] {
            assert!(Manifest::parse(text).is_err(), "{text}");
        }
    }
}
