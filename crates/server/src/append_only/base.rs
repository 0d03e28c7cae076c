//! A base: everything as of one moment, as a snapshot or as commands.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::sync::Arc;

use keyspace::{Context, Key, Needs};
use keyspace::{Encode, Snapshot};
use rdb::file::{Item, Reader, Usage, Writer, encode_key};
use rdb::{Format, Version};

use super::replay::is_left_out;
use crate::clock::unix_ms;
use crate::scripting::Registry;
use crate::server::Server;

/// Written to the file at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// Bytes written between two times that they are brought onto the disk, with `aof-rewrite-incremental-fsync`.
const SYNC_BYTES: u64 = 4 * 1024 * 1024;

/// How the base is written.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// As a snapshot file: `aof-use-rdb-preamble yes`.
    Rdb(Format),
    /// As commands.
    Commands,
}

impl Form {
    /// What the settings ask for.
    pub fn of(settings: &config::Settings) -> Form {
        let persistence = &settings.persistence;
        match persistence.aof_use_rdb_preamble {
            true => Form::Rdb(Format { version: Version::V11, compress: persistence.rdbcompression }),
            false => Form::Commands,
        }
    }

    /// How the name of the file ends.
    pub fn suffix(self) -> &'static str {
        match self {
            Form::Rdb(_) => "rdb",
            Form::Commands => "aof",
        }
    }

    /// Makes the record of an entry.
    pub fn encode(self, server: &Server) -> Encode {
        let (now_ms, counting) = (unix_ms(), server.counting());
        match self {
            Form::Commands => Box::new(log::commands::push_key),
            Form::Rdb(format) => Box::new(move |entry, out| {
                let usage = match counting {
                    Some(counting) => Usage::Frequency { now_ms, counting },
                    None => Usage::Idle { now_ms },
                };
                encode_key(entry, format, usage, out);
            }),
        }
    }
}

/// A file that is brought onto the disk bit by bit, so that the end does not take long.
struct Stepwise {
    file: File,
    unsynced_bytes: u64,
    syncs: bool,
}

impl Write for Stepwise {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.unsynced_bytes += written as u64;
        if self.syncs && self.unsynced_bytes >= SYNC_BYTES {
            self.file.sync_data()?;
            self.unsynced_bytes = 0;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes what is served from memory of `snapshot`, with the libraries of that moment, to a file that is then on disk.
/// `goes_on` is asked now and then.
pub(super) fn write(
    server: &Server,
    mut snapshot: Snapshot<'_>,
    functions: &Registry,
    path: &Path,
    form: Form,
    goes_on: impl Fn() -> bool,
) -> io::Result<()> {
    let settings = server.settings();
    let file = Stepwise {
        file: File::create(path)?,
        unsynced_bytes: 0,
        syncs: settings.persistence.aof_rewrite_incremental_fsync,
    };
    let out = BufWriter::with_capacity(BUFFER_BYTES, file);
    let mut sink = match form {
        Form::Rdb(format) => {
            let mut writer = Writer::new(out, format.version, settings.persistence.rdbchecksum)?;
            writer.aux("redis-ver", crate::REDIS_VERSION.as_bytes())?;
            writer.aux("redis-bits", b"64")?;
            writer.aux("ctime", (unix_ms() / 1000).to_string().as_bytes())?;
            writer.aux("aof-base", b"1")?;
            Sink::Rdb(writer)
        }
        Form::Commands => Sink::Commands(out),
    };
    for library in functions.libraries.values() {
        sink.function(&library.code)?;
    }
    let (mut records, mut database) = (Vec::new(), None);
    let fault = |fault: keyspace::fault::Fault| io::Error::other(fault.to_string());
    while let Some(part) = snapshot.next(&mut records).map_err(fault)? {
        if !goes_on() {
            return Err(io::Error::other("it was given up"));
        }
        if part.keys == 0 {
            continue;
        }
        if server.keyspace.engine(part.database).is_stored() {
            // They come last.
            break;
        }
        if database != Some(part.database) {
            sink.database(part.database)?;
            database = Some(part.database);
        }
        sink.records(&records)?;
    }
    drop(snapshot);
    let out = match sink {
        Sink::Rdb(writer) => writer.finish()?,
        Sink::Commands(out) => out,
    };
    out.into_inner().map_err(io::IntoInnerError::into_error)?.file.sync_all()
}

/// Where a base goes.
enum Sink<W> {
    Rdb(Writer<W>),
    Commands(W),
}

impl<W: Write> Sink<W> {
    fn function(&mut self, code: &[u8]) -> io::Result<()> {
        match self {
            Sink::Rdb(writer) => writer.function(code),
            Sink::Commands(out) => {
                let mut command = Vec::new();
                log::commands::push_function(code, &mut command);
                out.write_all(&command)
            }
        }
    }

    fn database(&mut self, database: u16) -> io::Result<()> {
        match self {
            Sink::Rdb(writer) => writer.database(database),
            Sink::Commands(out) => {
                let mut command = Vec::new();
                log::commands::push_select(&mut command, database);
                out.write_all(&command)
            }
        }
    }

    fn records(&mut self, records: &[u8]) -> io::Result<()> {
        match self {
            Sink::Rdb(writer) => writer.record(records),
            Sink::Commands(out) => out.write_all(records),
        }
    }
}

/// What is left to be read behind a snapshot, and its offset.
pub(super) type Rest = (io::Chain<io::Cursor<Vec<u8>>, BufReader<File>>, u64);

/// Loads a snapshot, keys whose time has passed too: what was done later may depend on them. Returns what lies behind it.
pub(super) fn load(server: &Arc<Server>, file: BufReader<File>) -> Result<Rest, String> {
    let mut reader = Reader::new(file).map_err(|error| error.to_string())?;
    let now_ms = unix_ms();
    let context = Context {
        database: 0,
        now_ms,
        is_copy: true,
        limits: server.limits(),
        seed: 0,
        touch: false,
        counting: server.counting(),
    };
    let mut database = 0;
    loop {
        match reader.next().map_err(|error| error.to_string())? {
            Item::Database(number) => {
                let number = u16::try_from(number).ok();
                let known = number.filter(|number| *number < server.keyspace.databases());
                database = known.ok_or("the file has more databases than the server")?;
            }
            Item::Function(code) => {
                let library = crate::scripting::make_library(server, &code);
                let library = library.map_err(|error| error.text("").into_owned())?;
                let functions = &server.scripting.functions;
                let added = functions.change(|registry| registry.add(library.into(), true));
                added.map_err(|error| error.text("").into_owned())?;
            }
            Item::Key(_) if is_left_out(server, database) => {}
            Item::Key(key) => {
                let entry = key.decode(&context.limits).map_err(|damage| damage.to_string())?;
                let place = Key::new(&key.name);
                let mut txn = server.keyspace.write(&Needs::One(place.slot), context);
                txn.insert_in(database, &place, entry);
                if let Some(access) = key.access(now_ms)
                    && let Some(entry) = txn.peek_in(database, &place)
                {
                    entry.touch(access);
                }
                txn.commit().map_err(|fault| fault.to_string())?;
            }
            Item::End { .. } => break,
            Item::Aux(..) | Item::Sizes(..) | Item::ModuleAux(_) => {}
        }
    }
    let offset = reader.position();
    let (file, ahead) = reader.into_parts();
    Ok((io::Cursor::new(ahead).chain(file), offset))
}
