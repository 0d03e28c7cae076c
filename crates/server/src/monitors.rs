//! MONITOR: every command, as it has run, to those who asked to see them.

use std::sync::Arc;

use commands::{Command, Flag};
use resp::{Arguments, Reply};
use sync::Mutex;

use crate::attention::{Attention, Concern};
use crate::client::{Client, ClientFlag};
use crate::secrets::visible_words;
use crate::session::Session;

/// Those who see every command.
#[derive(Default)]
pub struct Monitors {
    clients: Mutex<Vec<Arc<Client>>>,
}

impl Monitors {
    /// Takes the client in.
    pub fn join(&self, client: &Arc<Client>, attention: &Attention) {
        let mut clients = self.clients.lock();
        if !client.has(ClientFlag::Monitor) {
            client.set(ClientFlag::Monitor, true);
            clients.push(Arc::clone(client));
        }
        attention.set(Concern::Monitor, true);
    }

    /// Lets the client go.
    pub fn leave(&self, client: &Arc<Client>, attention: &Attention) {
        if client.has(ClientFlag::Monitor) {
            let mut clients = self.clients.lock();
            clients.retain(|other| !Arc::ptr_eq(other, client));
            client.set(ClientFlag::Monitor, false);
            attention.set(Concern::Monitor, !clients.is_empty());
        }
    }

    /// Shows them what `session` has run, in the database that it is in since; but nothing of
    /// administration.
    pub fn show(&self, session: &Session, command: &Command, arguments: Arguments<'_>) {
        if !is_hidden(command) {
            self.show_call(session, arguments);
        }
    }

    /// As [`Monitors::show`], whatever the command: for those that show themselves before they run.
    pub fn show_call(&self, session: &Session, arguments: Arguments<'_>) {
        let address = if session.client.is_unix {
            format!("unix:{}", session.client.local_address.trim_end_matches(":0"))
        } else {
            session.client.address.clone()
        };
        self.show_as(&address, session.database, arguments);
    }

    /// As [`Monitors::show`], of what a script has run.
    pub fn show_script(&self, database: u16, command: &Command, arguments: Arguments<'_>) {
        if !is_hidden(command) {
            self.show_as("lua", database, arguments);
        }
    }

    fn show_as(&self, address: &str, database: u16, arguments: Arguments<'_>) {
        let now_us = crate::clock::unix_us();
        let mut line =
            format!("{}.{:06} [{database} {address}]", now_us / 1_000_000, now_us % 1_000_000).into_bytes();
        for word in visible_words(arguments) {
            line.push(b' ');
            quote(word, &mut line);
        }
        for client in self.clients.lock().iter() {
            let mut reply = Reply::new(client.version());
            reply.simple(&line);
            client.send(reply.as_bytes());
        }
    }
}

fn is_hidden(command: &Command) -> bool {
    command.is_admin() || command.has(Flag::SkipMonitor)
}

/// Writes `bytes` in double quotes, with what cannot be printed escaped: `sdscatrepr` of Redis.
pub fn quote(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', byte]),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\t' => out.extend(b"\\t"),
            0x07 => out.extend(b"\\a"),
            0x08 => out.extend(b"\\b"),
            b' '..=b'~' => out.push(byte),
            _ => out.extend(format!("\\x{byte:02x}").bytes()),
        }
    }
    out.push(b'"');
}
