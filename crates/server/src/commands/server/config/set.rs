//! CONFIG SET: see its summary.

use std::sync::Arc;

use commands::prelude::*;
use config::{Directive, SetError, Update};

use crate::commands::server::is_local;
use crate::listening::Speech;
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

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let settings: Vec<_> = args.settings.iter().map(|setting| (setting.parameter, setting.value)).collect();
    let server = &session.server;
    // Held until the settings are published, so that changes take effect in the order in which they were made.
    let mut config = server.config.lock();
    let update = config.set(&settings, is_local(&session.client)).map_err(refusal)?;
    let encryption = server.encryption.current();
    if let Err(error) = apply(server, &update) {
        server.encryption.restore(encryption);
        if has_changed(&update, "dir") {
            // It was the working directory a moment ago.
            let _ = std::env::set_current_dir(&config.settings().process.dir);
        }
        return Err(refusal(error));
    }
    *config = update.config;
    server.publish(Arc::clone(config.settings()));
    crate::append_only::follow(server);
    if update.changed.iter().any(|directive| directive.name == "requirepass") {
        let password = config.settings().security.requirepass.as_ref();
        server.users.require_password(password.map(|secret| secret.reveal()));
    }
    reply.ok();
    Ok(())
}

fn refusal(error: SetError) -> Error {
    Error::Text(error.to_string().into())
}

fn has_changed(update: &Update, name: &str) -> bool {
    update.changed.iter().any(|directive| directive.name == name)
}

/// Puts into effect what nobody reads from the settings. What it has done when it fails is for the caller to undo, but for
/// the sockets, which come last.
fn apply(server: &Arc<Server>, update: &Update) -> std::result::Result<(), SetError> {
    let settings = update.config.settings();
    if let Some(directive) = update.changed.iter().find(|directive| directive.name == "dir") {
        std::env::set_current_dir(&settings.process.dir)
            .map_err(|error| SetError::not_applied(directive, error.to_string()))?;
    }
    apply_encryption(server, update)?;
    let of_sockets = |directive: &&&Directive| matches!(directive.name, "bind" | "port" | "tls-port");
    let changed: Vec<_> = update.changed.iter().filter(of_sockets).collect();
    let Some(first) = changed.first() else { return Ok(()) };
    server.listening.change(server, settings).map_err(|speech| {
        let port = match speech {
            Speech::Plain => "port",
            Speech::Encrypted => "tls-port",
        };
        let directive = changed.iter().find(|directive| [port, "bind"].contains(&directive.name)).unwrap_or(first);
        let problem = match directive.name {
            "bind" => "Failed to bind to specified addresses.",
            _ => "Unable to listen on this port. Check server logs.",
        };
        SetError::not_applied(directive, problem)
    })
}

/// Reads the files of encrypted connections again, also where a directive is given the value that it has: the file
/// may be another.
fn apply_encryption(server: &Server, update: &Update) -> std::result::Result<(), SetError> {
    let settings = &update.config.settings().tls;
    let directive = update.given.iter().find(|directive| directive.group == "tls");
    let Some(directive) = directive.filter(|_| settings.port != 0) else { return Ok(()) };
    server.encryption.configure(settings).map_err(|error| {
        tracing::warn!("CONFIG SET of TLS: {error}");
        SetError::not_applied(directive, "Unable to update TLS configuration. Check server logs.")
    })
}
