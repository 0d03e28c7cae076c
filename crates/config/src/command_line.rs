//! The server's arguments, in redis-server's style.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::line::{quote_if_needed, split_words};

/// What `[file | -] [--name value …] … [-]` says.
///
/// An option is a directive with two dashes in front; what follows it, up to the next option, are its
/// values. Name and values may also be one argument. An option takes the argument after it as a value even
/// if that begins with dashes, unless it already has one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// The configuration file.
    pub file: Option<PathBuf>,
    /// Whether the configuration goes on in standard input, after the file.
    pub stdin: bool,
    /// The options, which come last.
    pub(crate) options: Vec<CommandLineOption>,
}

/// One option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommandLineOption {
    /// How it was written.
    pub text: String,
    /// Its name and values; `None` if the quotes in it are unbalanced.
    pub words: Option<Vec<Vec<u8>>>,
}

impl CommandLine {
    /// Reads the arguments after the program's name and its own subcommand.
    pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Self {
        let arguments = arguments.into_iter().collect::<Vec<_>>();
        let mut command_line = Self::default();
        let mut rest = arguments.iter().map(|argument| argument.as_bytes()).enumerate().peekable();
        if let Some(file) = arguments.first().filter(|first| !first.as_bytes().starts_with(b"-")) {
            command_line.file = Some(file.into());
            rest.next();
        }
        let mut expects_value = false;
        while let Some((index, argument)) = rest.next() {
            if argument == b"-" && (index == 0 || rest.peek().is_none()) {
                command_line.stdin = true;
            } else if let Some(option) = argument.strip_prefix(b"--").filter(|_| !expects_value) {
                let words = split_words(option);
                expects_value = words.as_ref().is_none_or(|words| words.len() == 1);
                command_line.options.push(CommandLineOption { text: text(argument), words });
                let next_is_option = rest.peek().is_none_or(|(_, next)| next.starts_with(b"--"));
                if argument.eq_ignore_ascii_case(b"--save") && next_is_option {
                    // `--save` alone means `--save ""`: an empty list of save points.
                    command_line.add_value(b"");
                    expects_value = false;
                }
            } else {
                command_line.add_value(argument);
                expects_value = false;
            }
        }
        command_line
    }

    /// Adds a value to the last option; without one, the value stands where a name should.
    fn add_value(&mut self, value: &[u8]) {
        if self.options.is_empty() {
            self.options.push(CommandLineOption { text: String::new(), words: Some(Vec::new()) });
        }
        let option = self.options.last_mut().expect("just made sure that there is one");
        if !option.text.is_empty() {
            option.text.push(' ');
        }
        option.text.push_str(&text(&quote_if_needed(value)));
        if let Some(words) = &mut option.words {
            words.push(value.to_vec());
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> CommandLine {
        CommandLine::parse(arguments.iter().map(OsString::from))
    }

    fn check(arguments: &[&str], expected: &[&[&str]]) {
        let words = |option: CommandLineOption| {
            let words = option.words.expect("balanced quotes").into_iter();
            words.map(|word| String::from_utf8(word).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(parse(arguments).options.into_iter().map(words).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn options() {
        check(&[], &[]);
        check(&["--port", "6380"], &[&["port", "6380"]]);
        check(&["--port", "6380", "--bind", "a", "b"], &[&["port", "6380"], &["bind", "a", "b"]]);
        check(&["--port 6380", "--loglevel", "debug"], &[&["port", "6380"], &["loglevel", "debug"]]);
        check(&["--save", "900 1", "--port", "1"], &[&["save", "900 1"], &["port", "1"]]);
        check(&["--requirepass", "a \"b"], &[&["requirepass", "a \"b"]]);
        check(&["x.conf", "--port", "1"], &[&["port", "1"]]);
    }

    #[test]
    fn a_value_may_look_like_an_option() {
        check(&["--requirepass", "--secret", "--port", "1"], &[&["requirepass", "--secret"], &["port", "1"]]);
    }

    #[test]
    fn save_alone_is_an_empty_list() {
        check(&["--save"], &[&["save", ""]]);
        check(&["--save", "--port", "1"], &[&["save", ""], &["port", "1"]]);
        check(&["--save", "", "--port", "1"], &[&["save", ""], &["port", "1"]]);
    }

    #[test]
    fn file_and_standard_input() {
        assert_eq!(parse(&["a.conf"]).file, Some("a.conf".into()));
        assert_eq!(parse(&["--port", "a.conf"]).file, None);
        assert!(parse(&["-"]).stdin);
        assert!(parse(&["-", "--port", "1"]).stdin);
        assert!(parse(&["a.conf", "--port", "1", "-"]).stdin);
        assert!(!parse(&["a.conf", "--port", "1"]).stdin);
        check(&["--logfile", "-", "--port", "1"], &[&["logfile", "-"], &["port", "1"]]);
    }

    #[test]
    fn what_errors_will_show() {
        let command_line = parse(&["--bind", "a", "b c", "--logfile \"x"]);
        assert_eq!(command_line.options[0].text, "--bind a \"b c\"");
        assert_eq!(
            command_line.options[1],
            CommandLineOption { text: "--logfile \"x".to_owned(), words: None }
        );
        check(&["-x", "1"], &[&["-x", "1"]]);
    }
}
