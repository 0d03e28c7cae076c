//! `esker check-aof`: what is wrong with an append-only file, and mending what can be mended.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use log::check::{Findings, look, truncate};
use log::{Manifest, PartKind};

const HELP: &str = "\
Find out what is wrong with an append-only file.

Usage: esker check-aof [--fix | --truncate-to-timestamp TIME] FILE | MANIFEST

  FILE      One file, or the single file of a Redis before version 7.
  MANIFEST  The manifest of an append-only file: all of its files are looked at.

  --fix     Cut the last file off where it cannot be read any more, within a record or a unit that has no end. What is
            damaged before that is not mended.
  --truncate-to-timestamp TIME
            Cut the last file off before the first command that was done after TIME, in Unix seconds. Needs a file that was
            written with aof-timestamp-enabled yes.

The exit status is 0 when all is well, or is now.
";

/// What is asked for.
#[derive(Default)]
struct Task {
    path: Option<PathBuf>,
    fixes: bool,
    until_s: Option<u64>,
}

/// Runs `esker check-aof`.
pub fn main(arguments: &[OsString]) -> ExitCode {
    let task = match parse(arguments) {
        Ok(Some(task)) => task,
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprintln!("{problem}. Try esker check-aof --help.");
            return ExitCode::FAILURE;
        }
    };
    match run(&task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: &[OsString]) -> Result<Option<Task>, String> {
    use lexopt::prelude::*;
    let mut task = Task::default();
    let mut parser = lexopt::Parser::from_args(arguments.iter().cloned());
    while let Some(argument) = parser.next().map_err(|error| error.to_string())? {
        match argument {
            Long("help") | Short('h') => return Ok(None),
            Long("fix") => task.fixes = true,
            Long("truncate-to-timestamp") => {
                let value = parser.value().map_err(|error| error.to_string())?;
                let time = value.to_str().and_then(|text| text.parse().ok());
                task.until_s = Some(time.ok_or("the time is no number of seconds")?);
            }
            Value(path) if task.path.is_none() => task.path = Some(path.into()),
            other => return Err(other.unexpected().to_string()),
        }
    }
    match (&task.path, task.fixes && task.until_s.is_some()) {
        (None, _) => Err("a file is missing".to_owned()),
        (_, true) => Err("--fix and --truncate-to-timestamp do not go together".to_owned()),
        _ => Ok(Some(task)),
    }
}

fn run(task: &Task) -> Result<(), String> {
    let path = task.path.as_deref().unwrap_or(Path::new(""));
    let text = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let is_manifest = path.extension().is_some_and(|extension| extension == "manifest");
    if !is_manifest {
        return check(path, true, task);
    }
    let text = String::from_utf8(text?).map_err(|_| format!("{}: it is no text", path.display()))?;
    let manifest = Manifest::parse(&text).map_err(|bad| format!("{}: {bad}", path.display()))?;
    let dir = path.parent().unwrap_or(Path::new(""));
    let parts: Vec<_> = manifest.loaded().collect();
    for (place, part) in parts.iter().enumerate() {
        let is_last = place + 1 == parts.len() && part.kind == PartKind::Incremental || parts.len() == 1;
        check(&dir.join(&part.name), is_last, task)?;
    }
    println!("All AOF files and the manifest are valid");
    Ok(())
}

/// Looks at one file, the last one or one before it, and mends the last one where that is asked for.
fn check(path: &Path, is_last: bool, task: &Task) -> Result<(), String> {
    let at_fault = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let file = File::open(path).map_err(|error| at_fault(&error))?;
    let bytes = file.metadata().map_err(|error| at_fault(&error))?.len();
    let mut file = BufReader::new(file);
    let begins_with_snapshot = file.fill_buf().map_err(|error| at_fault(&error))?.starts_with(b"REDIS");
    file.rewind().map_err(|error| at_fault(&error))?;
    let findings = if begins_with_snapshot {
        let (rest, offset) = pass_over_snapshot(file).map_err(|why| at_fault(&why))?;
        println!("{}: the snapshot at its beginning is good", path.display());
        look(BufReader::new(rest), offset, task.until_s)
    } else {
        look(file, 0, task.until_s)
    };
    report(path, bytes, &findings);
    let cut = match (&findings.damage, findings.later_from) {
        (_, Some(offset)) if is_last => offset,
        (_, Some(offset)) => {
            return Err(at_fault(&format_args!(
                "what was done later begins at offset {offset}, and this is not the last file"
            )));
        }
        (None, None) => return Ok(()),
        (Some(damage), None) if !is_last => return Err(at_fault(damage)),
        (Some(damage), None) if !task.fixes => {
            return Err(at_fault(&format_args!("{damage}. Use --fix to cut the file off there")));
        }
        (Some(_), None) => findings.good_until,
    };
    truncate(path, cut).map_err(|error| at_fault(&error))?;
    println!("{}: cut off at offset {cut}, {} bytes less", path.display(), bytes - cut);
    Ok(())
}

fn report(path: &Path, bytes: u64, findings: &Findings) {
    let Findings { commands, good_until, .. } = findings;
    println!("{}: {bytes} bytes, {commands} commands, good up to offset {good_until}", path.display());
}

/// Reads a snapshot to its end. Returns what lies behind it, and where that is.
fn pass_over_snapshot(file: BufReader<File>) -> Result<(impl Read, u64), String> {
    let mut reader = rdb::file::Reader::new(file).map_err(|error| error.to_string())?;
    let limits = values::limits::Limits::default();
    loop {
        match reader.next().map_err(|error| error.to_string())? {
            rdb::file::Item::End { .. } => break,
            rdb::file::Item::Key(key) => {
                key.decode(&limits).map_err(|damage| damage.to_string())?;
            }
            _ => {}
        }
    }
    let offset = reader.position();
    let (file, ahead) = reader.into_parts();
    Ok((std::io::Cursor::new(ahead).chain(file), offset))
}
