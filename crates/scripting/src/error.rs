//! Errors on their way through Lua.
//!
//! What a function of ours raises travels as a value of `mlua`'s, in which a [`Raised`] lies. Whoever catches it, the
//! script's `pcall` or the end of the run, has it translated to what scripts know: a text, or a table whose `err` is the
//! text.

use std::fmt;

use mlua::{Error, Lua, Result, Value};

/// What a function of ours raises.
#[derive(Clone, Debug)]
pub(crate) enum Raised {
    /// A text, as functions of Lua raise.
    Text(String),
    /// A table with this `err`, as `redis.call` raises.
    Table(String),
    /// The host has said stop.
    Stopped,
}

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Raised::Text(text) | Raised::Table(text) => f.write_str(text),
            Raised::Stopped => f.write_str("the script was stopped"),
        }
    }
}

impl std::error::Error for Raised {}

/// The error with this text, after the place of the line that called the function that runs.
pub(crate) fn text(lua: &Lua, text: impl fmt::Display) -> Error {
    let place = |level| {
        lua.inspect_stack(level, |frame| {
            let source = frame.source().short_src?;
            Some((frame.current_line()?, source.into_owned()))
        })
    };
    // The prelude's functions stand for Lua's own.
    let caller =
        (1..).map(place).find(|place| !matches!(place, Some(Some((_, source))) if source == "prelude"));
    let place = caller.flatten().flatten().map(|(line, source)| format!("{source}:{line}: "));
    Error::external(Raised::Text(format!("{}{text}", place.unwrap_or_default())))
}

/// The error about an argument of the function called `name`, as Lua's own functions word it.
pub(crate) fn argument(lua: &Lua, number: usize, name: &str, what: impl fmt::Display) -> Error {
    text(lua, format_args!("bad argument #{number} to '{name}' ({what})"))
}

/// A table whose `err` is `text`.
pub(crate) fn table(text: impl Into<String>) -> Error {
    Error::external(Raised::Table(text.into()))
}

/// What a script finds in place of `error`: a table or a text.
pub(crate) fn translate(lua: &Lua, error: &Error) -> Result<Value> {
    match raised(error) {
        Some(Raised::Table(text)) => {
            let table = lua.create_table()?;
            table.raw_set("err", text.as_str())?;
            table.raw_set("ignore_error_stats_update", true)?;
            Ok(Value::Table(table))
        }
        Some(raised) => Ok(Value::String(lua.create_string(raised.to_string())?)),
        None => Ok(Value::String(lua.create_string(plain(error))?)),
    }
}

/// The text of an error of Lua's, without what `mlua` puts around it.
pub(crate) fn plain(error: &Error) -> String {
    match error {
        Error::CallbackError { cause, .. } => plain(cause),
        Error::RuntimeError(text) | Error::SyntaxError { message: text, .. } | Error::MemoryError(text) => {
            text.lines().next().unwrap_or_default().to_owned()
        }
        other => other.to_string(),
    }
}

fn raised(error: &Error) -> Option<&Raised> {
    match error {
        Error::CallbackError { cause, .. } => raised(cause),
        Error::ExternalError(inner) => inner.downcast_ref(),
        _ => None,
    }
}
