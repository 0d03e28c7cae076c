//! `esker check-aof`: what is wrong with an append-only file, and mending what can be mended.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use log::Manifest;
use log::check::{Findings, look, truncate};

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

/// What a snapshot begins with.
const SNAPSHOT: &[u8] = b"REDIS";

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

/// Looks at what is asked for. What is found is told in the words of redis-check-aof, which scripts look for.
fn run(task: &Task) -> Result<(), String> {
    let path = task.path.as_deref().unwrap_or(Path::new(""));
    let text = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let is_manifest = path.extension().is_some_and(|extension| extension == "manifest");
    if !is_manifest {
        println!("Start checking Old-Style AOF");
        return check(path, "AOF", true, task);
    }
    println!("Start checking Multi Part AOF");
    let bad = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let text =
        String::from_utf8(text?).map_err(|_| bad(&"Invalid AOF manifest file format: it is no text"))?;
    let manifest = Manifest::parse(&text).map_err(|why| bad(&why))?;
    let dir = path.parent().unwrap_or(Path::new(""));
    let files = manifest.loaded().count();
    if let Some(base) = manifest.base() {
        let path = dir.join(&base.name);
        let format = if begins_with_snapshot(&path)? { "RDB" } else { "RESP" };
        println!("Start to check BASE AOF ({format} format).");
        check(&path, "BASE AOF", files == 1, task)?;
    }
    for (place, part) in manifest.incremental().enumerate() {
        if place == 0 {
            println!("Start to check INCR files.");
        }
        let is_last = manifest.incremental().last() == Some(part);
        check(&dir.join(&part.name), "INCR AOF", is_last, task)?;
    }
    println!("All AOF files and manifest are valid");
    Ok(())
}

fn begins_with_snapshot(path: &Path) -> Result<bool, String> {
    let mut begin = Vec::new();
    let read = File::open(path).and_then(|file| file.take(SNAPSHOT.len() as u64).read_to_end(&mut begin));
    read.map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(begin == SNAPSHOT)
}

/// Looks at one file, which is called a `kind`, the last one or one before it, and mends the last one where that is asked
/// for.
fn check(path: &Path, kind: &str, is_last: bool, task: &Task) -> Result<(), String> {
    let name = path.display();
    let at_fault = |why: &dyn std::fmt::Display| format!("{name}: {why}");
    let mut file = BufReader::new(File::open(path).map_err(|error| at_fault(&error))?);
    let bytes = file.get_ref().metadata().map_err(|error| at_fault(&error))?.len();
    let findings = if file.fill_buf().map_err(|error| at_fault(&error))?.starts_with(SNAPSHOT) {
        let (rest, offset) = pass_over_snapshot(file).map_err(|why| at_fault(&why))?;
        println!("RDB preamble is OK, proceeding with AOF tail...");
        look(BufReader::new(rest), offset, task.until_s)
    } else {
        look(file, 0, task.until_s)
    };
    let Findings { commands, good_until, lines, .. } = findings;
    println!(
        "AOF analyzed: filename={name}, size={bytes}, ok_up_to={good_until}, ok_up_to_line={lines}, diff={}, \
         commands={commands}",
        bytes - good_until
    );
    let (cut, to) = match (&findings.damage, findings.later_from, task.until_s) {
        (None, None, _) => {
            println!("{kind} {name} is {}", if bytes == 0 { "empty" } else { "valid" });
            return Ok(());
        }
        (_, Some(0), Some(until_s)) => {
            return Err(format!("AOF {name} has nothing before timestamp {until_s}, aborting..."));
        }
        (_, Some(offset), Some(until_s)) => (offset, format!(" to timestamp {until_s}")),
        (Some(damage), _, _) => {
            println!("{}", at_fault(damage));
            if !task.fixes {
                return Err(format!("AOF {name} is not valid. Use the --fix option to try fixing it."));
            }
            (good_until, String::new())
        }
        (None, Some(_), None) => return Ok(()),
    };
    if !is_last {
        return Err(format!(
            "Failed to truncate AOF {name}{to} to offset {cut} because it is not the last file"
        ));
    }
    truncate(path, cut).map_err(|error| format!("Failed to truncate AOF {name}{to}: {error}"))?;
    println!("Successfully truncated AOF {name}{to} to offset {cut}, {} bytes less", bytes - cut);
    Ok(())
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
