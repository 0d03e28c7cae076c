//! `help`, at the prompt: what the declarations say of a command, or of a family.

use std::fmt::Write;

use commands::{Command, syntax};

use super::catalogue;

const GENERAL: &str = "\
esker cli

  help COMMAND       what a command does, its arguments and examples
  help @GROUP        the commands of a group: help @string
  help TAB           the commands and groups there are
  3 COMMAND          run a command three times
  quit, Ctrl-D       leave
  clear              clear the screen

Keys: Tab completes names, Ctrl-R searches the history, Ctrl-C ends a command that waits.";

/// The help for what was typed behind `help`, without a line end.
pub fn about(words: &[Vec<u8>]) -> String {
    let Some(first) = words.first() else { return GENERAL.to_owned() };
    if let Some(group) = first.strip_prefix(b"@") {
        return about_group(&String::from_utf8_lossy(group).to_lowercase());
    }
    match catalogue::find(words) {
        Some((command, _)) => about_command(command),
        None => format!("No help for '{}'; help alone says what there is.", String::from_utf8_lossy(first)),
    }
}

fn about_group(group: &str) -> String {
    let commands = catalogue::commands().iter().filter(|command| command.group.name() == group);
    let entries: Vec<String> = commands.map(|command| entry(command)).collect();
    if entries.is_empty() {
        return format!("No group @{group}. There are: @{}", catalogue::groups().join(", @"));
    }
    entries.join("\n\n")
}

fn entry(command: &Command) -> String {
    format!("  {}\n    {}", syntax::line(command), command.summary)
}

fn about_command(command: &Command) -> String {
    let mut text = format!(
        "  {}\n  summary: {}\n  since: {}\n  group: {}\n  complexity: {}",
        syntax::line(command),
        command.summary,
        command.since,
        command.group.name(),
        command.complexity,
    );
    let examples: Vec<&str> = command.examples.lines().filter(|line| !line.trim().is_empty()).collect();
    if !examples.is_empty() {
        let indent = examples.iter().map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
        text.push_str("\n  examples:");
        for line in examples {
            let _ = write!(text, "\n    {}", line.get(indent..).unwrap_or_default());
        }
    }
    for subcommand in command.subcommands {
        let _ = write!(text, "\n\n{}", entry(subcommand));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::about;

    fn help(line: &str) -> String {
        about(&line.split_whitespace().map(|word| word.as_bytes().to_vec()).collect::<Vec<_>>())
    }

    #[test]
    fn a_command_is_explained_from_its_declaration() {
        let text = help("getdel");
        assert!(text.starts_with("  GETDEL key\n  summary: Returns the string value of a key"), "{text}");
        assert!(
            text.contains("\n  group: string\n") && text.contains("\n    > GETDEL ticket\n    \"A7\""),
            "{text}"
        );
        assert!(help("config SET").starts_with("  CONFIG SET parameter value"), "{}", help("config SET"));
        assert!(help("CONFIG").contains("\n\n  CONFIG REWRITE\n    "));
    }

    #[test]
    fn a_group_lists_its_commands() {
        assert!(help("@Hash").contains("  HDEL key field [field ...]\n    "));
        assert!(help("@nosuch").contains("@sorted-set"));
        assert!(help("nosuch").contains("'nosuch'") && help("").contains("help @GROUP"));
    }
}
