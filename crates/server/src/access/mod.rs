//! Access control on the way of a request: who may run it, and what is noted of whoever may not.
//!
//! As long as no user is restricted, nothing here is called: [`Concern::Users`](crate::attention::Concern) says so.
//! [`check`] decides for one user; whoever runs a request that did not come by [`crate::request`], such as a script,
//! calls it, then [`forbidden_option`], and notes what was denied with [`Server::note_denial`].

mod accounts;
mod named;

use acl::{Account, Context, Denial, Incident, Kind, User};
use commands::{Error, shown};
use resp::Arguments;

use crate::client::Client;
use crate::server::Server;
use crate::session::Session;
use crate::table::Entry;
pub(crate) use accounts::new_channels;
use named::Named;

/// Whether `user` may run the command with these arguments, the command's name the first of them.
pub(crate) fn check(user: &User, entry: &Entry, arguments: Arguments<'_>) -> Result<(), Denial> {
    user.check(&Named { entry, arguments })
}

/// Whether the client may run the request; if not, that is noted. The error is the reply.
#[inline(never)]
pub(crate) fn admit(session: &Session, entry: &Entry, arguments: Arguments<'_>) -> Result<(), String> {
    let user = session.account.user();
    let Err(denial) = check(&user, entry, arguments) else { return Ok(()) };
    let context = if session.transaction.is_some() { Context::Multi } else { Context::Toplevel };
    let client = &session.client;
    client.last_command.store(entry.index, std::sync::atomic::Ordering::Relaxed);
    session.server.note_denial(client, &user, entry, arguments, denial, context);
    Err(format!("NOPERM {}", reason(&user, entry, denial)))
}

/// As [`admit`], for a command that was queued when the client still might run it.
#[inline(never)]
pub(crate) fn admit_queued(session: &Session, entry: &Entry, arguments: Arguments<'_>) -> Result<(), Error> {
    let user = session.account.user();
    let Err(denial) = check(&user, entry, arguments) else { return Ok(()) };
    session.server.note_denial(&session.client, &user, entry, arguments, denial, Context::Multi);
    let reason = match denial.kind {
        Kind::Command | Kind::Auth => "no permission to execute the command or subcommand",
        Kind::Key => "no permission to touch the specified keys",
        Kind::Channel => "no permission to access one of the channels used as argument to the command",
    };
    Err(Error::Text(
        format!(
            "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This \
             command is no longer allowed for the following reason: {reason}"
        )
        .into(),
    ))
}

/// The error of SORT with an option that looks up keys by patterns, for a user that may not read every key.
pub(crate) fn forbidden_option(account: &Account, entry: &Entry, arguments: Arguments<'_>) -> Option<Error> {
    if !matches!(entry.command.name, "sort" | "sort_ro") {
        return None;
    }
    let option = named::pattern_of_sort(arguments)?;
    let may_read_all = account.user().may_read_all(&Named { entry, arguments });
    (!may_read_all).then(|| {
        Error::new(format_args!("{option} option of SORT denied due to insufficient ACL permissions."))
    })
}

/// Why the user may not, without what others could learn names of keys from.
pub(crate) fn reason(user: &User, entry: &Entry, denial: Denial) -> String {
    match denial.kind {
        Kind::Command | Kind::Auth => {
            let (user, command) = (shown(user.name()), entry.command.name);
            format!("User {user} has no permissions to run the '{command}' command")
        }
        Kind::Key => "No permissions to access a key".to_owned(),
        Kind::Channel => "No permissions to access a channel".to_owned(),
    }
}

/// Why the user may not, for who may know everything.
pub(crate) fn full_reason(user: &User, entry: &Entry, arguments: Arguments<'_>, denial: Denial) -> String {
    let what = match denial.kind {
        Kind::Command | Kind::Auth => return reason(user, entry, denial),
        Kind::Key => "key",
        Kind::Channel => "channel",
    };
    let name = shown(arguments.get(denial.place).unwrap_or_default());
    format!("User {} has no permissions to access the '{name}' {what}", shown(user.name()))
}

impl Server {
    /// Counts a denial, and puts it into the log.
    #[cold]
    pub(crate) fn note_denial(
        &self,
        client: &Client,
        user: &User,
        entry: &Entry,
        arguments: Arguments<'_>,
        denial: Denial,
        context: Context,
    ) {
        let object = match denial.kind {
            Kind::Command | Kind::Auth => entry.command.name.as_bytes(),
            Kind::Key | Kind::Channel => arguments.get(denial.place).unwrap_or_default(),
        };
        self.note_denied(client, denial.kind, context, object, user.name());
    }

    /// Counts that nobody was let in under the name `user`, and puts it into the log; `command` is how it was tried.
    #[cold]
    pub(crate) fn note_failed_login(&self, session: &Session, command: &[u8], user: &[u8]) {
        let is_in_transaction = session.transaction.is_some() || session.is_in_exec;
        let context = if is_in_transaction { Context::Multi } else { Context::Toplevel };
        self.note_denied(&session.client, Kind::Auth, context, command, user);
    }

    fn note_denied(&self, client: &Client, kind: Kind, context: Context, object: &[u8], user: &[u8]) {
        self.statistics.denials[kind as usize].add(1);
        let description = crate::commands::describe_client(client, self);
        let incident = Incident::new(kind, context, object, user, &description, crate::clock::unix_ms());
        self.denials.add(incident, self.settings().security.acllog_entries_max);
    }
}
