//! DEBUG: what tests need of a server and nobody else should use.
//!
//! As in Redis this is one command, not a container: its first argument says what to do.

mod object;
mod protocol;

use std::sync::atomic::Ordering;
use std::time::Duration;

use commands::prelude::*;

use crate::commands::server::is_local;
use crate::session::Session;

command! {
    name: "debug",
    group: Server,
    since: "1.0.0",
    complexity: "Depends on subcommand.",
    summary: "A container for debugging commands.",
    handler: Admin,
    arity: -2,
    flags: [NoScript, Loading, Stale],
    examples: "",
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "subcommand")]
    words: Many<&'a [u8]>,
}

/// What each subcommand takes, and what it does.
const HELP: [(&str, &str); 9] = [
    ("ERROR <string>", "Return <string> as an error reply."),
    ("LOG <message>", "Write <message> to the log."),
    ("OBJECT <key>", "Show low-level information about a key and its value."),
    ("PROTOCOL <type>", "Reply with a test value of the specified type."),
    ("QUICKLIST-PACKED-THRESHOLD <size>", "Accepted; large list elements need no nodes of their own here."),
    ("SET-ACTIVE-EXPIRE <0|1>", "Remove expired keys in the background, or not."),
    ("SET-DISABLE-DENY-SCRIPTS <0|1>", "Accepted; there are no scripts to deny commands to."),
    ("SLEEP <seconds>", "Keep one worker busy for <seconds>. Decimals allowed."),
    ("STRINGMATCH-LEN <len> <pattern>", "Match <pattern> against a string of <len> letters."),
];

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let access = session.server.settings().security.enable_debug_command;
    if !access.allows(is_local(&session.client)) {
        return Err(Error::fixed(
            "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it \
             from a local connection, otherwise you need to set this option in the configuration file, and then \
             restart the server.",
        ));
    }
    if session.is_in_exec {
        return Err(Error::new("DEBUG is not allowed inside a transaction"));
    }
    let subcommand = args.words[0].to_ascii_lowercase();
    match (subcommand.as_slice(), &args.words[1..]) {
        (b"help", []) => reply_help(reply),
        (b"error", [text]) => {
            // The first line only: what follows would be another reply.
            let line = text.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
            reply.error(line);
        }
        (b"log", [message]) => {
            tracing::warn!("DEBUG LOG: {}", String::from_utf8_lossy(message));
            reply.ok();
        }
        (b"object", [key] | [key, _]) => object::reply_object(session, key, reply)?,
        (b"protocol", [kind]) => protocol::reply_protocol(kind, reply)?,
        (b"quicklist-packed-threshold" | b"set-disable-deny-scripts", [_]) => reply.ok(),
        (b"set-active-expire", [word]) => {
            session.server.active_expire.store(*word != b"0", Ordering::Relaxed);
            reply.ok();
        }
        (b"sleep", [seconds]) => {
            let seconds = base::number::parse_f64(seconds).unwrap_or(0.0);
            std::thread::sleep(Duration::try_from_secs_f64(seconds).unwrap_or_default());
            reply.ok();
        }
        (b"stringmatch-len", [len, pattern]) => {
            let len = base::number::parse_i64(len).and_then(|len| usize::try_from(len).ok());
            let len = len.filter(|len| *len <= session.server.settings().clients.bulk_bytes_max);
            let text = vec![b'a'; len.ok_or(Error::NotPositive)?];
            // What is measured is the time that it takes.
            std::hint::black_box(base::glob::matches(pattern, &text));
            reply.ok();
        }
        _ => {
            let name = String::from_utf8_lossy(args.words[0]).into_owned();
            return Err(Error::new(format_args!(
                "unknown subcommand or wrong number of arguments for '{name}'. Try DEBUG HELP."
            )));
        }
    }
    Ok(())
}

fn reply_help(reply: &mut Reply) {
    reply.array(1 + 2 * HELP.len());
    reply.simple("DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    for (syntax, summary) in HELP {
        reply.simple(syntax);
        reply.simple(format!("    {summary}"));
    }
}
