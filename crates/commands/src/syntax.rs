//! The syntax of a command in one line, as its documentation shows it: `SET key value [NX | XX] [GET] …`.

use crate::args::{Kind, Spec};
use crate::command::Command;

/// The command's name and arguments.
pub fn line(command: &Command) -> String {
    let name = command.name.replace('|', " ").to_uppercase();
    format!("{name} {}", arguments(command.arguments)).trim_end().to_owned()
}

/// The arguments alone.
pub fn arguments(specs: &[Spec]) -> String {
    specs.iter().map(argument).filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
}

/// One argument, in brackets where it may be left out.
pub fn argument(spec: &Spec) -> String {
    let inner = inner(spec);
    let inner = if spec.counted { format!("numkeys {inner}") } else { inner };
    let once = match (spec.token, inner.as_str()) {
        (Some(token), "") => token.to_owned(),
        (Some(token), inner) => format!("{token} {inner}"),
        (None, inner) => inner.to_owned(),
    };
    let repeated = match repetition(spec) {
        None => once,
        Some(again) => format!("{once} {again}"),
    };
    match (spec.optional, spec.kind) {
        (true, _) => format!("[{repeated}]"),
        (false, Kind::OneOf) => format!("<{repeated}>"),
        (false, _) => repeated,
    }
}

/// What may follow an argument that has been given, if it may be repeated: `[key ...]`.
pub fn repetition(spec: &Spec) -> Option<String> {
    spec.multiple.then(|| format!("[{} ...]", inner(spec)))
}

/// An argument once, without the word that introduces it and without the number of keys.
fn inner(spec: &Spec) -> String {
    match spec.kind {
        Kind::PureToken => String::new(),
        Kind::OneOf => spec.parts.iter().map(argument).collect::<Vec<_>>().join(" | "),
        Kind::Block => arguments(spec.parts),
        _ => spec.name.to_owned(),
    }
}
