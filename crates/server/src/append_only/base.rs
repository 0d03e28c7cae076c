//! A base: everything as of one moment, as a snapshot or as commands.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use config::Settings;
use keyspace::{Encode, Snapshot};
use rdb::Version;
use rdb::file::Writer;

use crate::clock::unix_ms;
use crate::loading::{IntoStored, Taking};
use crate::saving::file::{delay, encoder, version, write_head};
use crate::saving::sink::{Sink, Stepwise};
use crate::scripting::Registry;
use crate::server::Server;

/// What comes in smaller pieces than this is gathered before it is written.
const BUFFER_BYTES: usize = 64 << 10;

/// How the base is written.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// As a snapshot file: `aof-use-rdb-preamble yes`.
    Rdb(Version),
    /// As commands.
    Commands,
}

impl Form {
    /// What the settings ask for.
    pub fn of(settings: &Settings) -> Form {
        match settings.persistence.aof_use_rdb_preamble {
            true => Form::Rdb(version(settings)),
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
        match self {
            Form::Commands => Box::new(log::commands::push_key),
            Form::Rdb(version) => encoder(&server.settings(), version),
        }
    }
}

/// Writes what is served from memory of `snapshot`, with the libraries of that moment, to a file that is then on disk.
/// It ends early when the rewrite is given up.
pub(super) fn write(
    server: &Server,
    snapshot: Snapshot<'_>,
    functions: &Registry,
    path: &Path,
    form: Form,
) -> io::Result<()> {
    let settings = server.settings();
    let file = Stepwise::new(File::create(path)?, settings.persistence.aof_rewrite_incremental_fsync);
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, file);
    let mut sink = match form {
        Form::Rdb(version) => {
            let mut writer = Writer::new(out, version, settings.persistence.rdbchecksum)?;
            write_head(server, &mut writer, &[("aof-base", "1".to_owned())])?;
            Sink::Rdb(writer)
        }
        Form::Commands => {
            if settings.persistence.aof_timestamp_enabled {
                write!(out, "#TS:{}\r\n", unix_ms() / 1000)?;
            }
            Sink::Commands(out)
        }
    };
    let is_stored = |database| server.keyspace.engine(database).is_stored();
    let is_given_up = &server.append_only.is_given_up;
    sink.take(snapshot, functions, is_stored, |keys| {
        delay(server, keys, || is_given_up.load(Ordering::Acquire));
        if is_given_up.load(Ordering::Acquire) { Err(io::Error::other("it was given up")) } else { Ok(()) }
    })?;
    let out = sink.finish()?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.into_file().sync_all()
}

/// What is left to be read behind a snapshot, and its offset.
pub(super) type Rest = (io::Chain<io::Cursor<Vec<u8>>, BufReader<File>>, u64);

/// Loads a snapshot, keys whose time has passed too: what was done later may depend on them. Returns what lies behind it.
pub(super) fn load(server: &Arc<Server>, file: BufReader<File>, path: &Path) -> Result<Rest, String> {
    let taking = Taking { into_stored: IntoStored::Nothing, replaces: true, keeps_expired: true };
    let (file, ahead, offset) =
        server.load_beginning(file, path, taking).map_err(|error| error.to_string())?;
    Ok((io::Cursor::new(ahead).chain(file), offset))
}
