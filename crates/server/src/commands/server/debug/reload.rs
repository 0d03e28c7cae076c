//! DEBUG RELOAD: what is there is saved, thrown away, and loaded.

use std::sync::Arc;

use commands::prelude::*;
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
            server.empty(|_| false).and_then(|()| server.forget_functions()).map_err(Error::new)?;
        }
        let taking = Taking { into_stored: IntoStored::All, replaces, keeps_expired: false };
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
