//! DEBUG: what tests need of a server and nobody else should use.
//!
//! As in Redis this is one command, not a container: its first argument says what to do.

mod digest;
mod object;
mod populate;
mod protocol;
mod reload;
mod tables;

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
    examples: r#"
        > DEBUG SLEEP 0
        OK
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "subcommand")]
    words: Many<&'a [u8]>,
}

/// What each subcommand takes, and what it does.
const HELP: [(&str, &str); 27] = [
    ("CHANGE-REPL-ID", "Change the replication id."),
    ("DICT-RESIZING <0|1>", "Accepted; tables here grow by a segment at a time and are never resized."),
    ("DISK-READ-DELAY <seconds>", "Slow every read from the store of databases on disk down; 0 ends that."),
    ("DIGEST", "Reply with a digest of the whole data set."),
    ("DIGEST-SLOTS [<slot> ...]", "Reply with digests of hash slots, or of all that have keys."),
    ("DIGEST-VALUE <key> [<key> ...]", "Reply with digests of the values of keys."),
    ("ERROR <string>", "Return <string> as an error reply."),
    ("HTSTATS <dbid> [full]", "Show figures of the tables of a database."),
    ("HTSTATS-KEY <key> [full]", "Show figures of the table that holds the value of <key>."),
    ("LISTPACK <key>", "Write the size of the packed value of <key> to the log."),
    ("LOADAOF", "Write the append-only file, empty the databases and load it again."),
    ("LOG <message>", "Write <message> to the log."),
    ("OBJECT <key>", "Show low-level information about a key and its value."),
    ("PANIC", "Panic: the connection ends, and nothing else."),
    ("PAUSE-CRON <0|1>", "Do no periodic work, or do it again."),
    ("POPULATE <count> [<prefix>] [<size>]", "Create <count> string keys named key:<num>, or <prefix>:<num>."),
    ("PROTOCOL <type>", "Reply with a test value of the specified type."),
    ("QUICKLIST <key> [<0|1>]", "Write the size of the list of <key> to the log."),
    ("QUICKLIST-PACKED-THRESHOLD <size>", "Accepted; large list elements need no nodes of their own here."),
    ("RELOAD [MERGE] [NOFLUSH] [NOSAVE]", "Save everything, throw it away, and load what was saved."),
    ("REPLYBUFFER PEAK-RESET-TIME <NEVER|RESET|time>", "Accepted; buffers for replies belong to workers here."),
    ("REPLYBUFFER RESIZING <0|1>", "Accepted; buffers for replies belong to workers here."),
    ("SET-ACTIVE-EXPIRE <0|1>", "Remove expired keys in the background, or not."),
    ("SET-DISABLE-DENY-SCRIPTS <0|1>", "Let scripts call what is not for them, or not."),
    ("SET-SKIP-CHECKSUM-VALIDATION <0|1>", "Accepted; nothing with a checksum is read yet."),
    ("SLEEP <seconds>", "Keep one worker busy for <seconds>. Decimals allowed."),
    ("STRINGMATCH-LEN <len> <pattern>", "Match <pattern> against a string of <len> letters."),
];

/// Subcommands that lock slots.
const LOOKS_AT_KEYS: [&[u8]; 10] = [
    b"digest",
    b"digest-slots",
    b"digest-value",
    b"htstats-key",
    b"listpack",
    b"loadaof",
    b"object",
    b"populate",
    b"quicklist",
    b"reload",
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
    let subcommand = args.words[0].to_ascii_lowercase();
    if session.is_in_exec && LOOKS_AT_KEYS.contains(&subcommand.as_slice()) {
        // The transaction holds slots, perhaps the very ones.
        return Err(Error::new("This subcommand of DEBUG is not allowed inside a transaction"));
    }
    match (subcommand.as_slice(), &args.words[1..]) {
        (b"help", []) => reply_help(reply),
        (b"change-repl-id", []) => {
            let replication = &session.server.replication;
            let _between = replication.between_units();
            replication.feed.rename(crate::replication::random_id());
            reply.ok();
        }
        (b"digest", []) => digest::reply_digest(session, reply),
        (b"digest-slots", slots) => digest::reply_slot_digests(session, slots, reply)?,
        (b"digest-value", names) => digest::reply_value_digests(session, names, reply),
        (b"error", [text]) => {
            // The first line only: what follows would be another reply.
            let line = text.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
            reply.error(line);
        }
        (b"htstats", [database] | [database, _]) => tables::reply_database(session, database, reply)?,
        (b"htstats-key", [key] | [key, _]) => tables::reply_table(session, key, reply)?,
        (b"listpack", [key]) => tables::log_form(session, key, "Listpack", reply)?,
        (b"quicklist", [key] | [key, _]) => tables::log_form(session, key, "Quicklist", reply)?,
        (b"log", [message]) => {
            tracing::warn!("DEBUG LOG: {}", String::from_utf8_lossy(message));
            reply.ok();
        }
        (b"object", [key] | [key, _]) => object::reply_object(session, key, reply)?,
        (b"panic", []) => panic!("DEBUG PANIC was called"),
        (b"pause-cron", [word]) => {
            session.server.cron.store(*word == b"0", Ordering::Relaxed);
            reply.ok();
        }
        (b"populate", [count, rest @ ..]) if rest.len() <= 2 => {
            let prefix = rest.first().copied().unwrap_or(b"key");
            populate::populate(session, count, prefix, rest.get(1).copied())?;
            reply.ok();
        }
        (b"protocol", [kind]) => protocol::reply_protocol(kind, reply)?,
        (b"dict-resizing" | b"quicklist-packed-threshold", [_]) => reply.ok(),
        (b"set-skip-checksum-validation", [word]) => {
            rdb::dump::TAKES_ANY_CHECKSUM.store(*word != b"0", Ordering::Relaxed);
            reply.ok();
        }
        (b"loadaof", []) => {
            let server = std::sync::Arc::clone(&session.server);
            let result = tokio::task::block_in_place(|| crate::append_only::reload(&server));
            result.map_err(|why| Error::new(format_args!("Error trying to load the AOF files: {why}")))?;
            reply.ok();
        }
        (b"reload", options) => {
            tokio::task::block_in_place(|| reload::reload(session, options))?;
            reply.ok();
        }
        (b"replybuffer", [what, value]) if what.eq_ignore_ascii_case(b"peak-reset-time") => {
            let is_word = [b"never", b"reset"].iter().any(|word| value.eq_ignore_ascii_case(*word));
            if !is_word && base::number::parse_i64(value).is_none() {
                return Err(Error::NotInteger);
            }
            reply.ok();
        }
        (b"replybuffer", [what, _]) if what.eq_ignore_ascii_case(b"resizing") => reply.ok(),
        (b"set-active-expire", [word]) => {
            session.server.active_expire.store(*word != b"0", Ordering::Relaxed);
            reply.ok();
        }
        (b"disk-read-delay", [seconds]) => {
            let seconds = base::number::parse_f64(seconds).unwrap_or(0.0);
            crate::handoff::delay_reads(Duration::try_from_secs_f64(seconds).unwrap_or_default());
            reply.ok();
        }
        (b"set-disable-deny-scripts", [word]) => {
            session.server.scripting.may_call_all.store(*word != b"0", Ordering::Relaxed);
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
            let name = shown(args.words[0]).into_owned();
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
