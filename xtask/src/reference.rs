//! `cargo xtask reference`: the documents in `docs/` that are written from the tables in the code.
//!
//! `commands.md` comes from the commands' declarations, their examples included, and `configuration.md` from the
//! table of directives, so neither can say what the program does not. With `--check` nothing is written: it fails
//! with the names of the documents that are not current.

use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};

use commands::{Command, Flag, Handler};
use config::{Directive, Host, Support};

const HELP: &str = "\
Writes docs/commands.md and docs/configuration.md from the tables in the code.

Usage: cargo xtask reference [--check]

  --check   write nothing; fail if a document is not current
  --help    this text
";

/// Writes the documents, or checks them, as `arguments` ask for.
///
/// Errors when an argument is wrong, a file cannot be written, or, with `--check`, a document is stale.
pub fn run(arguments: impl Iterator<Item = String>) -> io::Result<()> {
    let mut is_check = false;
    for argument in arguments {
        match argument.as_str() {
            "--check" => is_check = true,
            "--help" | "-h" => {
                print!("{HELP}");
                return Ok(());
            }
            _ => return Err(io::Error::other(format!("unknown option {argument}\n\n{HELP}"))),
        }
    }
    let folder = docs_folder();
    let documents = [("commands.md", commands_page()), ("configuration.md", configuration_page())];
    if !is_check {
        std::fs::create_dir_all(&folder)?;
        for (name, text) in documents {
            std::fs::write(folder.join(name), text)?;
        }
        return Ok(());
    }
    let stale: Vec<String> = documents
        .iter()
        .filter(|(name, text)| std::fs::read_to_string(folder.join(name)).ok().as_ref() != Some(text))
        .map(|(name, _)| format!("docs/{name}"))
        .collect();
    if stale.is_empty() {
        return Ok(());
    }
    Err(io::Error::other(format!("not current: {}; run cargo xtask reference", stale.join(", "))))
}

fn docs_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

fn commands_page() -> String {
    let mut commands: Vec<&Command> = commands::data_commands().chain(server::commands::all()).collect();
    commands.sort_unstable_by_key(|command| (command.group.name(), command.name));
    let mut page = String::from(
        "# Commands\n\n\
         Written by `cargo xtask reference` from the declarations in the code; edit those.\n\n\
         In the examples, which run as tests for commands on keys, a line that begins with `> ` is typed, the others are what a prompt prints; \
         a single `*` stands for a reply that is not the same every time. Arity counts the command's own words \
         and is negative where it is a minimum.\n",
    );
    for family in commands.chunk_by(|one, next| one.group == next.group) {
        append(&mut page, format_args!("\n## {}\n", family[0].group.name()));
        for command in family {
            append_command(&mut page, command, "###");
            for subcommand in command.subcommands {
                append_command(&mut page, subcommand, "####");
            }
        }
    }
    page
}

fn append_command(page: &mut String, command: &Command, heading: &str) {
    let name = command.name.replace('|', " ").to_uppercase();
    append(page, format_args!("\n{heading} {name}\n\n`{}`\n\n", commands::syntax::line(command)));
    append(page, format_args!("{}\n\n", command.summary));
    append(
        page,
        format_args!(
            "Since {} · {} · arity {}",
            command.since,
            command.complexity.trim_end_matches('.'),
            command.arity()
        ),
    );
    let flags = flags(command);
    if !flags.is_empty() {
        append(page, format_args!(" · {}", flags.join(", ")));
    }
    page.push('\n');
    let examples = dedent(command.examples);
    if !examples.is_empty() {
        append(page, format_args!("\n```text\n{examples}\n```\n"));
    }
}

/// The lines of an indented literal without what all of them are indented by, and without empty ones around.
fn dedent(text: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let filled = text.lines().filter(|line| !line.trim().is_empty());
    let common = filled.map(indent).min().unwrap_or(0);
    let lines: Vec<&str> = text.lines().map(|line| line.get(common..).unwrap_or("").trim_end()).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

/// What the handler's type and the declaration say of a command, in the words of `COMMAND INFO`.
fn flags(command: &Command) -> Vec<&'static str> {
    let by_handler = [
        ("write", command.is_write()),
        ("readonly", matches!(command.handler, Handler::Read(_))),
        ("blocking", matches!(command.handler, Handler::Blocking(_))),
        ("admin", matches!(command.handler, Handler::Admin)),
    ];
    let declared = [
        ("denyoom", Flag::DenyOom),
        ("noscript", Flag::NoScript),
        ("loading", Flag::Loading),
        ("stale", Flag::Stale),
        ("skip_monitor", Flag::SkipMonitor),
        ("skip_slowlog", Flag::SkipSlowlog),
        ("fast", Flag::Fast),
        ("no_auth", Flag::NoAuth),
        ("no_multi", Flag::NoMulti),
        ("allow_busy", Flag::AllowBusy),
    ];
    let declared = declared.into_iter().map(|(name, flag)| (name, command.has(flag)));
    by_handler.into_iter().chain(declared).filter(|(_, holds)| *holds).map(|(name, _)| name).collect()
}

fn configuration_page() -> String {
    let mut page = String::from(
        "# Configuration\n\n\
         Written by `cargo xtask reference` from the table in `crates/config/src/table/`; edit that.\n\n\
         Every directive can stand in a redis.conf and, as `--name value`, on the command line. One that is \
         *ignored* is accepted, kept and shown by `CONFIG GET`, and changes nothing.\n",
    );
    let directives: Vec<&Directive> = config::directives().collect();
    for group in directives.chunk_by(|one, next| one.group == next.group) {
        append(&mut page, format_args!("\n## {}\n\n", group[0].group));
        page.push_str("| directive | takes | default | what it is for |\n|---|---|---|---|\n");
        for directive in group {
            let names: Vec<String> = directive.names().map(code).collect();
            let syntax = code(directive.syntax().to_string());
            let about = about(
                directive.summary,
                directive.support,
                directive.traits.immutable || directive.traits.fixed,
            );
            append(
                &mut page,
                format_args!("| {} | {syntax} | {} | {about} |\n", names.join(", "), default(directive)),
            );
        }
    }
    page.push_str("\n## Lines that are no parameters\n\n| line | what it is for |\n|---|---|\n");
    for statement in config::statements() {
        let line = code(format!("{} {}", statement.name, statement.form));
        append(
            &mut page,
            format_args!("| {line} | {} |\n", about(statement.summary, statement.support, false)),
        );
    }
    page
}

fn about(summary: &str, support: Support, is_immutable: bool) -> String {
    let mut about = summary.replace('|', "\\|");
    if is_immutable {
        about.push_str(" Set only at the start.");
    }
    if let Support::Ignored(reason) = support {
        append(&mut about, format_args!(" *Ignored: {}.*", reason.replace('|', "\\|")));
    }
    about
}

/// The default, or that it is the machine's to say: told by two machines that differ in everything.
fn default(directive: &Directive) -> String {
    let on = |cores, dir: &str| directive.default_value(&Host { cores, working_dir: dir.into() });
    let (one, other) = (on(1, "/one"), on(2, "/other"));
    if one != other { "depends on the machine".to_owned() } else { code(String::from_utf8_lossy(&one)) }
}

/// Inline code that may stand in a table; an empty text is two quotes.
fn code(text: impl AsRef<str>) -> String {
    match text.as_ref() {
        "" => "`\"\"`".to_owned(),
        text => format!("`{}`", text.replace('|', "\\|")),
    }
}

fn append(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.write_fmt(text).expect("a String takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_in_the_reference() {
        let page = commands_page();
        for command in commands::data_commands().chain(server::commands::all()) {
            let heading = format!("\n### {}\n", command.name.to_uppercase());
            assert_eq!(page.matches(&heading).count(), 1, "{heading}");
        }
        assert!(page.contains("\n#### CLIENT ID\n") && page.contains("> GETDEL ticket\n\"A7\"\n"));
    }

    #[test]
    fn every_directive_is_in_the_reference() {
        let page = configuration_page();
        for directive in config::directives() {
            assert_eq!(page.matches(&format!("\n| `{}`", directive.name)).count(), 1, "{}", directive.name);
        }
    }

    #[test]
    fn what_depends_on_the_machine_is_not_written_down() {
        let default_of = |name: &[u8]| default(config::directive(name).unwrap().0);
        assert_eq!(default_of(b"io-threads"), "depends on the machine");
        assert_eq!(default_of(b"port"), "`6379`");
    }

    #[test]
    fn examples_lose_their_indent_and_keep_their_shape() {
        assert_eq!(dedent("\n    > A\n      1) x\n\n    > B\n    "), "> A\n  1) x\n\n> B");
    }

    #[test]
    fn a_bar_does_not_end_a_cell() {
        assert_eq!(code("yes | no"), "`yes \\| no`");
        assert_eq!(code(""), "`\"\"`");
    }
}
