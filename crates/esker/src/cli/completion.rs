//! What a word may become: names of commands, of subcommands, and of what `help` knows.

use super::catalogue::{self, BUILT_IN};
use super::typed;

/// The words that the one at the end of `line` may become, and where it begins. Their case is the typed one's.
pub fn complete(line: &str) -> (usize, Vec<String>) {
    let start = line
        .rfind(char::is_whitespace)
        .map_or(0, |blank| blank + line[blank..].chars().next().map_or(0, char::len_utf8));
    let prefix = &line[start..];
    let words: Vec<Vec<u8>> = match typed::parse(&line.as_bytes()[..start]) {
        // A number before the first word repeats it; alone it is a word of its own.
        Some(typed) if typed.words.len() == 1 && is_number(&typed.words[0]) => Vec::new(),
        Some(typed) => typed.words,
        None => return (start, Vec::new()),
    };
    let names: Vec<&str> = match words.as_slice() {
        [] => {
            let names = catalogue::commands().iter().map(|command| command.name);
            names.chain(BUILT_IN.iter().copied()).collect()
        }
        [help] if help.eq_ignore_ascii_case(b"help") => return (start, help_topics(prefix)),
        [help, container] if help.eq_ignore_ascii_case(b"help") => subcommands(container),
        [container] => subcommands(container),
        _ => Vec::new(),
    };
    (start, matching(names.into_iter(), prefix))
}

fn is_number(word: &[u8]) -> bool {
    std::str::from_utf8(word).is_ok_and(|word| word.parse::<i64>().is_ok())
}

fn subcommands(container: &[u8]) -> Vec<&'static str> {
    let command = catalogue::find(&[container]).map(|(command, _)| command);
    command.map_or(Vec::new(), |command| command.subcommands.iter().map(catalogue::last_word).collect())
}

fn help_topics(prefix: &str) -> Vec<String> {
    if let Some(group) = prefix.strip_prefix('@') {
        let groups = catalogue::groups().into_iter().filter(|name| name.starts_with(&group.to_lowercase()));
        return groups.map(|name| format!("@{name}")).collect();
    }
    matching(catalogue::commands().iter().map(|command| command.name), prefix)
}

/// The names that begin as `prefix` does: in lower case if anything in it is, else in upper case.
fn matching<'a>(names: impl Iterator<Item = &'a str>, prefix: &str) -> Vec<String> {
    let lower = prefix.to_lowercase();
    let is_lower = prefix.contains(char::is_lowercase);
    let mut found: Vec<String> = names
        .filter(|name| name.starts_with(&lower))
        .map(|name| if is_lower { name.to_owned() } else { name.to_uppercase() })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::complete;

    fn check(line: &str, start: usize, expected: &[&str]) {
        let (found_start, found) = complete(line);
        assert_eq!(
            (found_start, found),
            (start, expected.iter().map(|&word| word.to_owned()).collect()),
            "{line}"
        );
    }

    #[test]
    fn names_of_commands_follow_the_case_that_was_typed() {
        check("GETD", 0, &["GETDEL"]);
        check("getd", 0, &["getdel"]);
        check("Getd", 0, &["getdel"]);
        check("3 GETD", 2, &["GETDEL"]);
        check("exi", 0, &["exists", "exit"]);
        check("nosuch", 0, &[]);
        assert!(complete("").1.contains(&"PING".to_owned()));
    }

    #[test]
    fn names_of_subcommands_follow_their_container() {
        check("config re", 7, &["resetstat", "rewrite"]);
        check("CONFIG S", 7, &["SET"]);
        check("OBJECT ", 7, &["ENCODING", "FREQ", "HELP", "IDLETIME", "REFCOUNT"]);
        check("GET ", 4, &[]);
        check("CONFIG SET s", 11, &[]);
    }

    #[test]
    fn help_knows_commands_and_groups() {
        check("help getd", 5, &["getdel"]);
        check("help @sor", 5, &["@sorted-set"]);
        check("HELP CONFIG SE", 12, &["SET"]);
    }

    #[test]
    fn nothing_completes_within_quotes() {
        check("GET \"a ge", 7, &[]);
    }
}
