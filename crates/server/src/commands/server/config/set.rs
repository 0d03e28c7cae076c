//! CONFIG SET: see its summary.

use std::sync::Arc;

use commands::prelude::*;
use config::{SetError, Update};

use crate::commands::server::is_local;
use crate::server::Server;
use crate::session::Session;

command! {
    name: "config|set",
    group: Server,
    since: "2.0.0",
    complexity: "O(N) when N is the number of configuration parameters provided",
    summary: "Sets configuration parameters in-flight.",
    handler: Admin,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > CONFIG SET slowlog-max-len 64 latency-tracking no
        OK
        > CONFIG SET slowlog-max-len many
        (error) ERR CONFIG SET failed (possibly related to argument 'slowlog-max-len') - argument couldn't be parsed into an integer
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "data")]
    settings: Many<Setting<'a>>,
}

/// A directive and its new value.
#[derive(Args)]
pub struct Setting<'a> {
    parameter: &'a [u8],
    value: &'a [u8],
}

/// What is read when the sockets are opened, and not again.
const ONLY_AT_START: [&str; 3] = ["bind", "port", "tls-port"];

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let settings: Vec<_> = args.settings.iter().map(|setting| (setting.parameter, setting.value)).collect();
    // Held until the settings are published, so that changes take effect in the order in which they were made.
    let mut config = session.server.config.lock();
    let update = config.set(&settings, is_local(&session.client)).map_err(refusal)?;
    apply(&session.server, &update).map_err(refusal)?;
    *config = update.config;
    session.server.publish(Arc::clone(config.settings()));
    crate::append_only::follow(&session.server);
    if update.changed.iter().any(|directive| directive.name == "requirepass") {
        let password = config.settings().security.requirepass.as_ref();
        session.server.users.require_password(password.map(|secret| secret.reveal()));
    }
    reply.ok();
    Ok(())
}

fn refusal(error: SetError) -> Error {
    Error::Text(error.to_string().into())
}

/// Puts into effect what nobody reads from the settings.
fn apply(server: &Server, update: &Update) -> std::result::Result<(), SetError> {
    for directive in &update.changed {
        if ONLY_AT_START.contains(&directive.name) {
            return Err(SetError::not_applied(directive, "it is read only when the server starts"));
        }
    }
    apply_encryption(server, update)?;
    if let Some(directive) = update.changed.iter().find(|directive| directive.name == "dir") {
        std::env::set_current_dir(&update.config.settings().process.dir)
            .map_err(|error| SetError::not_applied(directive, error.to_string()))?;
    }
    Ok(())
}

/// Reads the files of encrypted connections again, also where a directive is given the value that it has: the file
/// may be another.
fn apply_encryption(server: &Server, update: &Update) -> std::result::Result<(), SetError> {
    let directive = update.given.iter().find(|directive| directive.group == "tls");
    let Some(directive) = directive.filter(|_| server.encryption.is_configured()) else { return Ok(()) };
    server.encryption.configure(&update.config.settings().tls).map_err(|error| {
        tracing::warn!("CONFIG SET of TLS: {error}");
        SetError::not_applied(directive, "Unable to update TLS configuration. Check server logs.")
    })
}
