//! Changing the libraries of functions: what was changed is kept where databases are on disk, and copies are told.
//!
//! A store has the libraries beside its databases, so they survive what these survive. Without a store they are in
//! `dump.rdb` and in the append-only file, as the keys are.

use std::sync::Arc;

use commands::Result;
use keyspace::Effects;
use resp::Arguments;

use super::{Registry, make_library};
use crate::server::Server;
use crate::session::Session;

impl Server {
    /// Changes the libraries of functions; `request` does the same to a copy, where copies are to be told. Of something
    /// that fails nothing has happened. `is_copy` says that a log of another server tells of this.
    pub(crate) fn change_libraries(
        &self,
        request: Option<Arguments<'_>>,
        is_copy: bool,
        change: impl FnOnce(&mut Registry) -> Result<()>,
    ) -> Result<()> {
        self.scripting.functions.change(change, |registry| {
            let mut effects = Effects::default();
            if let Some(request) = request.filter(|_| self.keyspace.records_effects()) {
                effects.push(self.database_of_libraries(), request);
            }
            let Some(store) = self.keyspace.store() else {
                if !effects.is_empty() {
                    self.keyspace.append(&effects);
                }
                return Ok(());
            };
            Ok(self.keyspace.keep_libraries(
                &**store,
                registry.payload(rdb::Version::V11),
                effects,
                is_copy,
            )?)
        })
    }

    /// They belong to none, and so to one that is where they are: in the store, if there is one, or else in every log.
    fn database_of_libraries(&self) -> u16 {
        let has_store = self.keyspace.store().is_some();
        let mut databases = 0..self.keyspace.databases();
        let database = databases.find(|database| self.keyspace.engine(*database).is_stored() == has_store);
        database.unwrap_or(0)
    }

    /// Has the libraries be those that the store has, if it has any.
    ///
    /// # Errors
    /// A text that names the library that cannot be loaded, or says why they cannot be read.
    pub(crate) fn load_libraries(self: &Arc<Self>) -> std::result::Result<(), String> {
        let Some(stored) = self.stored_libraries()? else { return Ok(()) };
        let failed = |error: &dyn std::fmt::Display| format!("The stored libraries of functions: {error}");
        let mut registry = Registry::default();
        for code in rdb::dump::decode_functions(&stored).map_err(|error| failed(&error))? {
            make_library(self, &code)
                .and_then(|library| registry.add(library.into(), false))
                .map_err(|error| failed(&error.text("")))?;
        }
        let replace = |current: &mut Registry| {
            *current = registry;
            Ok(())
        };
        let taken = self.scripting.functions.change(replace, |_| Ok(()));
        taken.map_err(|error| failed(&error.text("")))
    }

    /// What the store has of them.
    pub(crate) fn stored_libraries(&self) -> std::result::Result<Option<Vec<u8>>, String> {
        let stored = self.keyspace.store().map_or(Ok(None), |store| store.libraries());
        stored.map_err(|fault| fault.to_string())
    }
}

impl Session {
    /// See [`Server::change_libraries`]; the client hears of it when it is as safe as what is written to keys.
    pub(crate) fn change_libraries(
        &mut self,
        request: Arguments<'_>,
        change: impl FnOnce(&mut Registry) -> Result<()>,
    ) -> Result<()> {
        self.server.change_libraries(Some(request), self.is_replaying, change)?;
        self.has_written = true;
        Ok(())
    }
}
