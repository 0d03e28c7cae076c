//! What is wrong with the files and the words that encryption is made of.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A directive, or an option, that cannot be put into effect. `Display` is a line for the log.
#[derive(Debug)]
pub struct Error {
    directive: &'static str,
    path: Option<PathBuf>,
    problem: String,
}

impl Error {
    /// What is wrong with the value of `directive`.
    pub(crate) fn of(directive: &'static str, problem: impl Into<String>) -> Self {
        Self { directive, path: None, problem: problem.into() }
    }

    /// What is wrong with the file that `directive` names.
    pub(crate) fn of_file(directive: &'static str, path: &Path, problem: impl fmt::Display) -> Self {
        Self { directive, path: Some(path.to_owned()), problem: problem.to_string() }
    }

    /// A file that cannot be read.
    pub(crate) fn unreadable(directive: &'static str, path: &Path, error: &io::Error) -> Self {
        let text = error.to_string();
        Self::of_file(directive, path, text.split(" (os error").next().unwrap_or(&text))
    }

    /// The directive or option.
    pub fn directive(&self) -> &'static str {
        self.directive
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.directive)?;
        if let Some(path) = &self.path {
            write!(f, " '{}'", path.display())?;
        }
        write!(f, ": {}", self.problem)
    }
}

impl std::error::Error for Error {}
