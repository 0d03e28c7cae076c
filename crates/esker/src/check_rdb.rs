//! `esker check-rdb`: whether a file in Redis' snapshot format can be loaded, and where it cannot.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use rdb::file::{Error, Item, Key, Reader};
use values::limits::Limits;

const HELP: &str = "\
Check a file in Redis' snapshot format (dump.rdb): all of it is read and decoded, as if it were loaded.

Usage: esker check-rdb FILE

Says what is in the file. Where it is damaged, says at which byte and in which key. The exit status is 0 where
the file can be loaded, 1 where it is damaged, and 2 where it cannot be read.
";

const DAMAGED: u8 = 1;
const UNREADABLE: u8 = 2;

/// So many damaged values are told of one by one.
const DAMAGED_TOLD_MAX: usize = 20;

/// Checks the file that is named.
pub fn main(arguments: &[OsString]) -> ExitCode {
    let [path] = arguments else {
        eprint!("{HELP}");
        return ExitCode::from(UNREADABLE);
    };
    if path == "--help" || path == "-h" {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let path = Path::new(path);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) => {
            eprintln!("{}: {error}", path.display());
            return ExitCode::from(UNREADABLE);
        }
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut report =
        Report { now_ms: u64::try_from(now.as_millis()).unwrap_or(u64::MAX), ..Report::default() };
    let result = report.read(file);
    report.tell_databases();
    let status = match result {
        Ok(()) if report.damaged == 0 => {
            report.say(format_args!("{}: can be loaded", path.display()));
            0
        }
        Ok(()) => {
            report.say(format_args!("{}: {} damaged", path.display(), count(report.damaged, "key")));
            DAMAGED
        }
        Err(Error::Damaged(damage)) => {
            report.say(format_args!(
                "{}: damaged at byte {}: {}",
                path.display(),
                damage.offset,
                damage.flaw
            ));
            DAMAGED
        }
        Err(Error::Io(error)) => {
            report.say(format_args!("{}: {error}", path.display()));
            UNREADABLE
        }
    };
    // Who closes the pipe does not want to know the rest.
    _ = std::io::stdout().write_all(report.text.as_bytes());
    ExitCode::from(status)
}

/// What a file has been found to hold.
#[derive(Default)]
struct Report {
    text: String,
    now_ms: u64,
    database: u64,
    databases: BTreeMap<u64, Database>,
    functions: u64,
    damaged: u64,
}

#[derive(Default)]
struct Database {
    keys: u64,
    with_deadline: u64,
    past_deadline: u64,
    types: BTreeMap<&'static str, u64>,
}

impl Report {
    fn say(&mut self, line: std::fmt::Arguments<'_>) {
        _ = writeln!(self.text, "{line}");
    }

    fn read(&mut self, file: File) -> Result<(), Error> {
        let mut reader = Reader::new(file)?;
        self.say(format_args!("RDB version {}", reader.version()));
        loop {
            let item = reader.next();
            match item.inspect_err(|_| self.tell_place(&reader))? {
                Item::Aux(name, value) => {
                    self.say(format_args!("{}: {}", name.escape_ascii(), value.escape_ascii()));
                }
                Item::Database(index) => self.database = index,
                Item::Sizes(..) => {}
                Item::Function(_) => self.functions += 1,
                Item::ModuleAux(name) => {
                    self.say(format_args!("data of the module type {name}, which is passed over"));
                }
                Item::Key(key) => self.check(&key),
                Item::End { is_checked } => {
                    let checksum = if is_checked { "the checksum is right" } else { "there is no checksum" };
                    self.say(format_args!("{} bytes; {checksum}", reader.position()));
                    return Ok(());
                }
            }
        }
    }

    /// Says in which key reading has ended.
    fn tell_place(&mut self, reader: &Reader<File>) {
        if let Some(key) = reader.key_in_hand() {
            let database = self.database;
            self.say(format_args!("while reading the key \"{}\" of database {database}", key.escape_ascii()));
        }
    }

    fn check(&mut self, key: &Key) {
        let database = self.databases.entry(self.database).or_default();
        database.keys += 1;
        database.with_deadline += u64::from(key.deadline_ms.is_some());
        let is_past = key.deadline_ms.is_some_and(|deadline_ms| deadline_ms <= self.now_ms);
        database.past_deadline += u64::from(is_past);
        *database.types.entry(key.value_type.name()).or_default() += 1;
        let Err(damage) = key.decode(&Limits::default()) else { return };
        let name = key.name.escape_ascii();
        if damage.is_empty_collection() {
            self.say(format_args!("the key \"{name}\" has no elements: it is passed over when loading"));
            return;
        }
        self.damaged += 1;
        if self.damaged <= DAMAGED_TOLD_MAX as u64 {
            let (database, value_type) = (self.database, key.value_type.name());
            self.say(format_args!(
                "damaged at byte {}: {}: the key \"{name}\" ({value_type}) of database {database}",
                damage.offset, damage.flaw,
            ));
        }
    }

    fn tell_databases(&mut self) {
        if self.functions > 0 {
            self.say(format_args!("{}", count(self.functions, "function library")));
        }
        for (index, database) in std::mem::take(&mut self.databases) {
            let Database { keys, with_deadline, past_deadline, types } = database;
            self.say(format_args!(
                "database {index}: {}, {with_deadline} with a deadline, which for {past_deadline} has passed",
                count(keys, "key")
            ));
            for (name, keys) in types {
                self.say(format_args!("  {name}: {keys}"));
            }
        }
    }
}

/// So many of them.
fn count(number: u64, what: &str) -> String {
    match (number, what.strip_suffix('y')) {
        (1, _) => format!("1 {what}"),
        (_, Some(stem)) if what.ends_with("ry") => format!("{number} {stem}ies"),
        _ => format!("{number} {what}s"),
    }
}
