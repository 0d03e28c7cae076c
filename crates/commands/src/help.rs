//! HELP of the commands that have subcommands, written from their declarations.

use resp::Reply;

use crate::Command;

/// Replies with a line for each subcommand and its summary, as Redis' HELP subcommands do.
pub fn reply_help(container: &Command, reply: &mut Reply) {
    let name = container.name.to_uppercase();
    reply.array(1 + 2 * container.subcommands.len());
    reply.simple(format!("{name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
    for subcommand in container.subcommands {
        let word = subcommand.name.split('|').next_back().unwrap_or_default().to_uppercase();
        reply.simple(format!("{word} {}", crate::syntax::arguments(subcommand.arguments)).trim_end());
        reply.simple(format!("    {}", subcommand.summary));
    }
}
