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

fn argument(spec: &Spec) -> String {
    let inner = match spec.kind {
        Kind::PureToken => String::new(),
        Kind::OneOf => spec.parts.iter().map(argument).collect::<Vec<_>>().join(" | "),
        Kind::Block => arguments(spec.parts),
        _ if spec.counted => format!("numkeys {}", spec.name),
        _ => spec.name.to_owned(),
    };
    let once = match (spec.token, inner.as_str()) {
        (Some(token), "") => token.to_owned(),
        (Some(token), inner) => format!("{token} {inner}"),
        (None, inner) => inner.to_owned(),
    };
    let repeated = match (spec.multiple, inner.as_str()) {
        (false, _) => once,
        (true, inner) => format!("{once} [{inner} ...]"),
    };
    match (spec.optional, spec.kind) {
        (true, _) => format!("[{repeated}]"),
        (false, Kind::OneOf) => format!("<{repeated}>"),
        (false, _) => repeated,
    }
}
