//! The prompt: a line is read, run, and answered, until the person has had enough.

use std::borrow::Cow;
use std::cell::Cell;
use std::io::{self, IsTerminal};

use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hint, Hinter};
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Editor, Helper};

use super::runner::{Runner, Stop};
use super::{completion, help, hints, history, interrupt, typed};

const DIM: &str = "\x1b[90m";
const PLAIN: &str = "\x1b[0m";

/// Reads and runs lines until `quit`, Ctrl-D, or Ctrl-C in an empty line.
pub fn run(mut runner: Runner) -> Result<(), Stop> {
    runner.is_interactive = true;
    interrupt::catch();
    let mut editor = Prompt::new().map_err(Stop::Input)?;
    if let Err(Stop::Connection(problem)) = runner.connect() {
        eprintln!("{problem}");
    }
    while let Some(line) = editor.read(&runner.session.prompt()).map_err(Stop::Input)? {
        let Some(typed) = typed::parse(line.as_bytes()) else {
            eprintln!("Invalid argument(s)");
            continue;
        };
        let Some((name, arguments)) = typed.words.split_first() else { continue };
        match name.to_ascii_lowercase().as_slice() {
            b"quit" | b"exit" => return Ok(()),
            b"clear" => editor.clear().map_err(Stop::Input)?,
            b"help" | b"?" => {
                runner.output.print_line(&format!("\n{}\n", help::about(arguments))).map_err(Stop::Output)?;
            }
            _ => match runner.repeat(&typed.words, typed.repeat) {
                Err(Stop::Connection(problem)) => eprintln!("{problem}"),
                other => other?,
            },
        }
    }
    Ok(())
}

/// Asks for a password without showing it.
pub fn ask_password() -> io::Result<Vec<u8>> {
    if !io::stdin().is_terminal() {
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        return Ok(line.trim_end_matches(['\r', '\n']).as_bytes().to_vec());
    }
    let mut editor: Editor<Mask, FileHistory> = Editor::new().map_err(into_io)?;
    editor.set_helper(Some(Mask));
    editor.readline("Please input password: ").map(String::into_bytes).map_err(into_io)
}

fn into_io(error: ReadlineError) -> io::Error {
    match error {
        ReadlineError::Io(error) => error,
        other => io::Error::other(other),
    }
}

/// The editor of lines, with what it remembers.
struct Prompt {
    editor: Editor<Assistant, FileHistory>,
    history_path: Option<std::path::PathBuf>,
}

impl Prompt {
    fn new() -> io::Result<Self> {
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .max_history_size(history::LINES_MAX)
            .and_then(|config| config.history_ignore_dups(true))
            .map_err(into_io)?
            .auto_add_history(false)
            .build();
        let mut editor = Editor::with_config(config).map_err(into_io)?;
        editor.set_helper(Some(Assistant::default()));
        // A history that cannot be read or kept is no reason not to talk.
        let history_path = history::path().filter(|path| history::prepare(path).is_ok());
        if let Some(path) = &history_path {
            let _ = editor.load_history(path);
        }
        Ok(Self { editor, history_path })
    }

    /// The next line; nothing where the person has had enough.
    fn read(&mut self, prompt: &str) -> io::Result<Option<String>> {
        loop {
            match self.editor.readline(prompt) {
                Ok(line) => {
                    self.remember(&line).map_err(into_io)?;
                    return Ok(Some(line));
                }
                Err(ReadlineError::Eof) => return Ok(None),
                Err(ReadlineError::Interrupted) if self.was_empty() => return Ok(None),
                Err(ReadlineError::Interrupted | ReadlineError::Signal(_)) => {}
                Err(error) => return Err(into_io(error)),
            }
        }
    }

    fn was_empty(&self) -> bool {
        self.editor.helper().is_none_or(|assistant| assistant.is_line_empty.get())
    }

    fn remember(&mut self, line: &str) -> rustyline::Result<()> {
        if line.trim().is_empty() || history::is_secret(line) || !self.editor.add_history_entry(line)? {
            return Ok(());
        }
        if let Some(path) = &self.history_path {
            // At once, since a prompt is often just closed. A disk that is full is no reason to stop.
            let _ = self.editor.append_history(path);
        }
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.editor.clear_screen().map_err(into_io)
    }
}

/// What helps with a line while it is typed.
struct Assistant {
    is_line_empty: Cell<bool>,
}

impl Default for Assistant {
    fn default() -> Self {
        Self { is_line_empty: Cell::new(true) }
    }
}

impl Helper for Assistant {}
impl Validator for Assistant {}

impl Completer for Assistant {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (start, words) = completion::complete(&line[..pos]);
        let pairs = words.into_iter().map(|word| Pair { replacement: format!("{word} "), display: word });
        Ok((start, pairs.collect()))
    }
}

/// A hint is read, not taken over.
struct Syntax(String);

impl Hint for Syntax {
    fn display(&self) -> &str {
        &self.0
    }

    fn completion(&self) -> Option<&str> {
        None
    }
}

impl Hinter for Assistant {
    type Hint = Syntax;

    fn hint(&self, line: &str, pos: usize, _: &Context<'_>) -> Option<Syntax> {
        // It is asked after every change, which makes it the one who knows.
        self.is_line_empty.set(line.is_empty());
        if pos < line.len() { None } else { hints::hint(line).map(Syntax) }
    }
}

impl Highlighter for Assistant {
    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(format!("{DIM}{hint}{PLAIN}"))
    }
}

/// Shows stars for what is typed.
struct Mask;

impl Helper for Mask {}
impl Validator for Mask {}
impl Completer for Mask {
    type Candidate = String;
}
impl Hinter for Mask {
    type Hint = String;
}

impl Highlighter for Mask {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        Cow::Owned("*".repeat(line.chars().count()))
    }

    fn highlight_char(&self, _: &str, _: usize, _: CmdKind) -> bool {
        true
    }
}
