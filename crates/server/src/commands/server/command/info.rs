//! COMMAND INFO: see its summary.

use commands::prelude::*;
use commands::Command;

use super::{key_specs, tips, traits};
use crate::table::Table;
use crate::session::Session;

command! {
    name: "command|info",
    group: Server,
    since: "2.8.13",
    complexity: "O(N) where N is the number of commands to look up",
    summary: "Returns information about one, multiple or all commands.",
    handler: Session,
    flags: [Loading, Stale],
    examples: r#"
        > COMMAND INFO nosuch
        1) (nil)
        > COMMAND INFO get
        *
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "command-name")]
    names: Option<Many<&'a [u8]>>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let Some(names) = args.names else {
        reply_all(&session.server.table, reply);
        return Ok(());
    };
    reply.array(names.len());
    for name in &names {
        match super::find(session, name) {
            Some(entry) => reply_command(entry.command.name.as_bytes(), entry.command, reply),
            None => reply.null(),
        }
    }
    Ok(())
}

/// All commands, with their subcommands inside.
pub(super) fn reply_all(table: &Table, reply: &mut Reply) {
    reply.array(table.named().count());
    for (name, entry) in table.named() {
        reply_command(name, entry.command, reply);
    }
}

fn reply_command(name: &[u8], command: &Command, reply: &mut Reply) {
    let specs = key_specs::of(command);
    reply.array(10);
    reply.bulk(name);
    reply.integer(i64::from(command.arity()));
    let flags = traits::flags(command, &specs);
    reply.set(flags.len());
    for flag in flags {
        reply.simple(flag);
    }
    let range = key_specs::legacy_range(&specs);
    for number in [range.first, range.last, range.step] {
        reply.integer(number);
    }
    let categories = traits::categories(command);
    reply.set(categories.len());
    for category in categories {
        reply.simple(format!("@{category}"));
    }
    let tips = tips::of(command.name);
    reply.set(tips.len());
    for tip in tips {
        reply.bulk(tip.as_bytes());
    }
    reply.set(specs.len());
    for spec in &specs {
        spec.reply(reply);
    }
    reply.set(command.subcommands.len());
    for subcommand in command.subcommands {
        reply_command(subcommand.name.as_bytes(), subcommand, reply);
    }
}
