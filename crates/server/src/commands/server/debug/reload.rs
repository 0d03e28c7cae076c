//! DEBUG RELOAD: what is there is saved, thrown away, and loaded.

use std::sync::Arc;

use commands::prelude::*;
use keyspace::{Context, Needs};

use crate::clock::unix_ms;
use crate::loading::{IntoStored, Taking};
use crate::session::Session;

const NOT_LOADED: &str = "ERR Error trying to load the RDB dump, check server logs";

/// Reloads; clients are told meanwhile that data is being loaded.
pub fn reload(session: &mut Session, options: &[&[u8]]) -> Result<()> {
    let (mut saves, mut flushes, mut replaces) = (true, true, false);
    for option in options {
        match option.to_ascii_lowercase().as_slice() {
            b"nosave" => saves = false,
            b"noflush" => flushes = false,
            b"merge" => replaces = true,
            _ => return Err(Error::new("DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.")),
        }
    }
    let server = Arc::clone(&session.server);
    if saves {
        server.save().map_err(Error::new)?;
    }
    server.begin_loading();
    let reloaded = (|| {
        if flushes {
            flush(session)?;
        }
        let taking = Taking { into_stored: IntoStored::All, replaces };
        match server.load(taking) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::fixed(NOT_LOADED)),
            Err(error) => {
                tracing::error!("{error}");
                Err(Error::fixed(NOT_LOADED))
            }
        }
    })();
    server.end_loading();
    reloaded
}

/// Throws everything away: all keys and all functions.
fn flush(session: &mut Session) -> Result<()> {
    let server = Arc::clone(&session.server);
    let now_ms = unix_ms();
    let context = Context { database: 0, ..session.context(now_ms) };
    let mut txn = server.keyspace.write(&Needs::All, context);
    for database in 0..txn.databases() {
        txn.flush(database)?;
    }
    let tally = txn.commit()?;
    drop(txn);
    server.tell_news(tally.news.as_deref(), None);
    server.serve_waiting(tally.ready, now_ms);
    server.scripting.functions.change(|registry| {
        *registry = crate::scripting::Registry::default();
        Ok(())
    })
}
