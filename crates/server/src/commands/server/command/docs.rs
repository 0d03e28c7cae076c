//! COMMAND DOCS: see its summary.

use commands::prelude::*;
use commands::Command;
use commands::args::Kind;

use crate::session::Session;

command! {
    name: "command|docs",
    group: Server,
    since: "7.0.0",
    complexity: "O(N) where N is the number of commands to look up",
    summary: "Returns documentary information about one, multiple or all commands.",
    handler: Session,
    flags: [Loading, Stale],
    examples: r#"
        > COMMAND DOCS nosuch
        (empty array)
        > COMMAND DOCS get
        *
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    #[arg(name = "command-name")]
    names: Option<Many<&'a [u8]>>,
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let table = &session.server.table;
    let Some(names) = args.names else {
        reply.map(table.named().count());
        for (name, entry) in table.named() {
            reply.bulk(name);
            reply_command(entry.command, reply);
        }
        return Ok(());
    };
    // Names that no command has are left out.
    let found: Vec<_> = names.iter().filter_map(|name| super::find(session, name)).collect();
    reply.map(found.len());
    for entry in found {
        reply.bulk(entry.command.name.as_bytes());
        reply_command(entry.command, reply);
    }
    Ok(())
}

fn reply_command(command: &Command, reply: &mut Reply) {
    let texts = [
        ("summary", command.summary),
        ("since", command.since),
        ("group", command.group.name()),
        ("complexity", command.complexity),
    ];
    let arguments = documented(command.arguments);
    let has_arguments = !arguments.is_empty();
    let has_subcommands = !command.subcommands.is_empty();
    reply.map(texts.len() + usize::from(has_arguments) + usize::from(has_subcommands));
    for (name, text) in texts {
        reply.bulk(name.as_bytes());
        reply.bulk(text.as_bytes());
    }
    if has_arguments {
        reply.bulk(b"arguments");
        reply_arguments(&arguments, &mut 0, reply);
    }
    if has_subcommands {
        reply.bulk(b"subcommands");
        reply.map(command.subcommands.len());
        for subcommand in command.subcommands {
            reply.bulk(subcommand.name.as_bytes());
            reply_command(subcommand, reply);
        }
    }
}

/// The arguments as they are documented: blocks without a name give way to their parts, and a number of keys is
/// an argument of its own.
fn documented(specs: &[Spec]) -> Vec<Spec> {
    let mut arguments = Vec::new();
    for spec in specs {
        if spec.kind == Kind::Block && spec.name.is_empty() {
            arguments.extend(documented(spec.parts));
        } else if spec.counted {
            arguments.push(Spec::of(Kind::Integer).named("numkeys"));
            arguments.push(*spec);
        } else {
            arguments.push(*spec);
        }
    }
    arguments
}

/// `key_specs` counts the key specifications so far.
fn reply_arguments(arguments: &[Spec], key_specs: &mut i64, reply: &mut Reply) {
    reply.array(arguments.len());
    for argument in arguments {
        let flags: Vec<&str> = [(argument.optional, "optional"), (argument.multiple, "multiple")]
            .into_iter()
            .filter(|(holds, _)| *holds)
            .map(|(_, name)| name)
            .collect();
        let is_group = matches!(argument.kind, Kind::OneOf | Kind::Block);
        let is_key = argument.kind == Kind::Key;
        let parts = documented(argument.parts);
        let mark = reply.begin();
        let mut len = 2;
        let text = |name: &str, text: &str, reply: &mut Reply| {
            reply.bulk(name.as_bytes());
            reply.bulk(text.as_bytes());
        };
        text("name", argument.name, reply);
        text("type", argument.kind.name(), reply);
        if !is_group {
            text("display_text", argument.name, reply);
            len += 1;
        }
        if is_key {
            reply.bulk(b"key_spec_index");
            reply.integer(*key_specs);
            *key_specs += 1;
            len += 1;
        }
        if let Some(token) = argument.token {
            text("token", token, reply);
            len += 1;
        }
        if !flags.is_empty() {
            reply.bulk(b"flags");
            reply.set(flags.len());
            flags.iter().for_each(|flag| reply.simple(flag));
            len += 1;
        }
        if !parts.is_empty() {
            reply.bulk(b"arguments");
            reply_arguments(&parts, key_specs, reply);
            len += 1;
        }
        reply.end_map(mark, len);
    }
}
