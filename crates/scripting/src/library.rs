//! Libraries: texts that register functions.

use std::rc::Rc;

use mlua::{Lua, MultiValue, Result, Table, Value};

use crate::error::{self, plain};
use crate::header::Flags;
use crate::host::Host;
use crate::vm::{Function, Shared, Vm};

/// A function as its library has registered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionDeclaration {
    /// What FCALL knows it by.
    pub name: String,
    /// What FUNCTION LIST tells of it.
    pub description: Option<Vec<u8>>,
    /// What it says of itself.
    pub flags: Flags,
}

/// A library that was loaded into a [`Vm`].
#[derive(Default)]
pub struct Library {
    /// Its functions, in the order in which they were registered.
    pub functions: Vec<(FunctionDeclaration, Function)>,
}

/// A library while it registers its functions.
pub(crate) type Loading = Library;

impl Vm {
    /// Runs the text of a library, without its first line, and returns what it has registered. `host` may stop it.
    ///
    /// # Errors
    /// Why it cannot be compiled, or what it failed with.
    pub fn load_library(&self, text: &[u8], host: &mut dyn Host) -> std::result::Result<Library, String> {
        let chunk = self.compile_as(text, "@user_function");
        let chunk = chunk.map_err(|error| format!("Error compiling function: {error}"))?;
        let failed = |text: String| format!("Error registering functions: {text}");
        self.begin().map_err(|error| failed(plain(&error)))?;
        *self.shared().loading.borrow_mut() = Some(Loading::default());
        let result = self.hosted(host, || self.run_library.call::<(bool, Value)>(chunk.0));
        let loaded = self.shared().loading.borrow_mut().take().unwrap_or_default();
        self.tidy();
        let text = |value: &Value| value.to_string().unwrap_or_default();
        match result {
            Ok((true, _)) => Ok(loaded),
            Ok((false, Value::Table(table))) => {
                let err: Value = table.raw_get("err").map_err(|error| failed(plain(&error)))?;
                Err(failed(text(&err)))
            }
            Ok((false, other)) => Err(failed(format!("ERR {}", text(&other)))),
            Err(error) => Err(failed(format!("ERR {}", plain(&error)))),
        }
    }
}

/// `register_function`, which only a library that is being loaded can call.
pub(crate) fn register_function(lua: &Lua, shared: &Rc<Shared>) -> Result<mlua::Function> {
    let shared = Rc::clone(shared);
    lua.create_function(move |_, arguments: MultiValue| {
        let mut loading = shared.loading.borrow_mut();
        let Some(library) = loading.as_mut() else {
            let text = "ERR server.register_function can only be called on FUNCTION LOAD command";
            return Err(error::table(text));
        };
        let (declaration, function) = read(arguments).map_err(|text| error::table(format!("ERR {text}")))?;
        if !is_name(declaration.name.as_bytes()) {
            let text = "ERR Library names can only contain letters, numbers, or underscores(_) and must be at \
                        least one character long";
            return Err(error::table(text));
        }
        if library.functions.iter().any(|(known, _)| known.name == declaration.name) {
            return Err(error::table("ERR Function already exists in the library"));
        }
        library.functions.push((declaration, Function(function)));
        Ok(())
    })
}

/// Whether a library or a function may have this name.
pub fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

type Read = std::result::Result<(FunctionDeclaration, mlua::Function), &'static str>;

fn read(arguments: MultiValue) -> Read {
    let mut arguments = arguments.into_iter();
    match (arguments.next(), arguments.next(), arguments.next()) {
        (Some(named), None, None) => read_named(&named),
        (Some(name), Some(callback), None) => {
            let name = text(&name).ok_or("first argument to server.register_function must be a string")?;
            let Value::Function(callback) = callback else {
                return Err("second argument to server.register_function must be a function");
            };
            Ok((declaration(&name, None, Flags::default()), callback))
        }
        _ => Err("wrong number of arguments to server.register_function"),
    }
}

fn declaration(name: &[u8], description: Option<Vec<u8>>, flags: Flags) -> FunctionDeclaration {
    FunctionDeclaration { name: String::from_utf8_lossy(name).into_owned(), description, flags }
}

fn text(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::String(text) => Some(text.as_bytes().to_vec()),
        _ => None,
    }
}

fn read_named(named: &Value) -> Read {
    let Value::Table(named) = named else {
        return Err(
            "calling server.register_function with a single argument is only applicable to Lua table \
                    (representing named arguments).",
        );
    };
    let (mut name, mut description, mut callback, mut flags) = (None, None, None, Flags::default());
    for pair in named.pairs::<Value, Value>() {
        let Ok((key, value)) = pair else { break };
        let key = text(&key).ok_or("named argument key given to server.register_function is not a string")?;
        match key.to_ascii_lowercase().as_slice() {
            b"function_name" => {
                let given = text(&value);
                let error = "function_name argument given to server.register_function must be a string";
                name = Some(given.ok_or(error)?);
            }
            b"description" => {
                let given = text(&value);
                let error = "description argument given to server.register_function must be a string";
                description = Some(given.ok_or(error)?);
            }
            b"callback" => {
                let Value::Function(given) = value else {
                    return Err("callback argument given to server.register_function must be a function");
                };
                callback = Some(given);
            }
            b"flags" => {
                let Value::Table(given) = value else {
                    return Err("flags argument to server.register_function must be a table representing \
                                function flags");
                };
                flags = read_flags(&given).ok_or("unknown flag given")?;
            }
            _ => return Err("unknown argument given to server.register_function"),
        }
    }
    let name = name.ok_or("server.register_function must get a function name argument")?;
    let callback = callback.ok_or("server.register_function must get a callback argument")?;
    Ok((declaration(&name, description, flags), callback))
}

fn read_flags(table: &Table) -> Option<Flags> {
    let mut flags = Flags::default();
    for index in 1.. {
        match table.raw_get(index).ok()? {
            Value::Nil => break,
            Value::String(name) => {
                flags = flags.and(Flags::named(&name.to_string_lossy().to_ascii_lowercase())?);
            }
            _ => return None,
        }
    }
    Some(flags)
}
