//! A line as it was typed: how often, and which words.

use resp::OwnedArguments;

/// A command line, understood.
#[derive(Debug, PartialEq, Eq)]
pub struct Typed {
    /// How often to run it: `3 INCR n`. For ever where the number is negative.
    pub repeat: Option<u64>,
    /// The command and its arguments; none in an empty line.
    pub words: Vec<Vec<u8>>,
}

/// Splits a line as redis-cli does; nothing where its quotes do not balance.
pub fn parse(line: &[u8]) -> Option<Typed> {
    let arguments = OwnedArguments::from_line(line).ok()?;
    let mut words: Vec<Vec<u8>> = arguments.as_arguments().iter().map(<[u8]>::to_vec).collect();
    let count = words.first().filter(|_| words.len() > 1).and_then(|word| number(word));
    if count.is_some() {
        words.remove(0);
    }
    let repeat = count.map_or(Some(1), |count| u64::try_from(count).ok());
    Some(Typed { repeat, words })
}

/// A line that is still being typed.
#[derive(Debug, PartialEq, Eq)]
pub struct Typing {
    /// The words, without a number of repetitions before them.
    pub words: Vec<Vec<u8>>,
    /// Whether the last of them may still grow.
    pub is_open: bool,
}

/// Splits a line whose last quote may still be open; nothing where it cannot become a command.
pub fn parse_unfinished(line: &str) -> Option<Typing> {
    let closed = |quote: &str| parse(format!("{line}{quote}").as_bytes());
    if let Some(typed) = parse(line.as_bytes()) {
        return Some(Typing {
            words: typed.words,
            is_open: !line.ends_with(|end: char| end.is_whitespace()),
        });
    }
    let typed = closed("\"").or_else(|| closed("'"))?;
    Some(Typing { words: typed.words, is_open: true })
}

fn number(word: &[u8]) -> Option<i64> {
    std::str::from_utf8(word).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<Vec<u8>> {
        words.iter().map(|word| word.as_bytes().to_vec()).collect()
    }

    #[test]
    fn a_number_before_the_command_repeats_it() {
        let check = |line: &str, repeat, expected: &[&str]| {
            assert_eq!(parse(line.as_bytes()), Some(Typed { repeat, words: words(expected) }), "{line}");
        };
        check("SET a \"b c\"", Some(1), &["SET", "a", "b c"]);
        check("3 INCR n", Some(3), &["INCR", "n"]);
        check("-1 PING", None, &["PING"]);
        check("3", Some(1), &["3"]);
        check("", Some(1), &[]);
        assert_eq!(parse(b"GET \"a"), None);
    }

    #[test]
    fn an_open_quote_is_a_word_in_the_making() {
        let check = |line: &str, expected: &[&str], is_open| {
            assert_eq!(parse_unfinished(line), Some(Typing { words: words(expected), is_open }), "{line}");
        };
        check("GET a", &["GET", "a"], true);
        check("GET a ", &["GET", "a"], false);
        check("GET \"a ", &["GET", "a "], true);
        check("GET 'a ", &["GET", "a "], true);
        check("2 GET ", &["GET"], false);
        assert_eq!(parse_unfinished("GET \"a\"b"), None);
    }
}
