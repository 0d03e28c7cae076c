//! What goes wrong, and what draws a warning, with the texts that people and clients read.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::directive::Directive;
use crate::kind::Problem;
use crate::{PROGRAM, VERSION, files};

/// Where a line of the configuration came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file: the configuration file or one that it includes.
    File(Arc<Path>),
    /// Standard input.
    Stdin,
    /// An option of the command line.
    CommandLine,
}

/// One line of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where the line came from.
    pub source: Source,
    /// Its number, from 1; of an option of the command line, which one it is.
    pub line: usize,
    /// The line itself, without the blanks around it.
    pub text: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::File(path) => write!(f, "'{}', line {}", path.display(), self.line),
            Source::Stdin => write!(f, "standard input, line {}", self.line),
            // Not the text, which may hold a password: this goes to logs.
            Source::CommandLine => f.write_str("command line"),
        }
    }
}

/// Why the configuration could not be read. `Display` is what to print before the program ends.
#[derive(Debug)]
pub enum LoadError {
    /// A file could not be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Standard input could not be read.
    UnreadableStdin(io::Error),
    /// A line is wrong.
    Line {
        /// The line.
        place: Place,
        /// What is wrong with it, as Redis words it.
        problem: Cow<'static, str>,
    },
}

impl LoadError {
    /// The error of a line that only the rest of the program can judge, as a command to rename that does
    /// not exist.
    pub fn at(place: &Place, problem: impl Into<Cow<'static, str>>) -> Self {
        Self::Line { place: place.clone(), problem: problem.into() }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, error } => {
                let error = files::describe(error);
                write!(f, "Fatal error, can't open config file '{}': {error}", path.display())
            }
            Self::UnreadableStdin(error) => {
                write!(f, "Fatal error, can't read config from stdin: {}", files::describe(error))
            }
            Self::Line { place, problem } => {
                writeln!(f, "*** FATAL CONFIG FILE ERROR ({PROGRAM} {VERSION}) ***")?;
                match &place.source {
                    Source::File(path) => {
                        let path = path.display();
                        writeln!(f, "Reading the configuration file '{path}', at line {}", place.line)?;
                    }
                    Source::Stdin => {
                        writeln!(f, "Reading the configuration from standard input, at line {}", place.line)?;
                    }
                    Source::CommandLine => writeln!(f, "Reading the options, at command line")?,
                }
                writeln!(f, ">>> '{}'", place.text)?;
                f.write_str(problem)
            }
        }
    }
}

impl std::error::Error for LoadError {}

/// A line that was accepted but does nothing. `Display` is a line for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The directive, as the line spells it, in lower case.
    pub directive: String,
    /// Why it does nothing.
    pub reason: &'static str,
    /// The line; of several, the last one.
    pub place: Place,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "directive '{}' is ignored: {} ({})", self.directive, self.reason, self.place)
    }
}

/// Why CONFIG SET changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetError {
    /// There is no directive of this name.
    Unknown {
        /// The name as the client spelt it.
        name: Vec<u8>,
    },
    /// A value was refused.
    Refused {
        /// The name: as the client spelt it where the directive may not be set at all, in lower case where
        /// its value is wrong.
        name: Vec<u8>,
        /// Why, as Redis words it.
        problem: Problem,
    },
}

impl SetError {
    /// The error of a value that is well formed but that the server could not put into effect.
    pub fn not_applied(directive: &Directive, problem: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused { name: directive.name.into(), problem: problem.into() }
    }

    /// The text of the error reply, with its code.
    pub fn reply(&self) -> Vec<u8> {
        match self {
            Self::Unknown { name } => {
                [b"ERR Unknown option or number of arguments for CONFIG SET - '", name.as_slice(), b"'"]
                    .concat()
            }
            Self::Refused { name, problem } => [
                b"ERR CONFIG SET failed (possibly related to argument '",
                name.as_slice(),
                b"') - ",
                problem.as_bytes(),
            ]
            .concat(),
        }
    }
}

impl fmt::Display for SetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.reply()))
    }
}

impl std::error::Error for SetError {}

/// Why CONFIG REWRITE failed. `Display` is the text of the error reply, with its code.
#[derive(Debug)]
pub enum RewriteError {
    /// The server was started without a file.
    NoFile,
    /// The file could not be read or replaced.
    Io(io::Error),
}

impl fmt::Display for RewriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFile => f.write_str("ERR The server is running without a config file"),
            Self::Io(error) => write!(f, "ERR Rewriting config file: {}", files::describe(error)),
        }
    }
}

impl std::error::Error for RewriteError {}
