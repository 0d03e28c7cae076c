//! The libraries that scripts know beside Lua's own, with the behaviour that Redis' have: `cjson`, `cmsgpack`, `struct`
//! and `bit`, `math.random`, and the functions of `string` that take patterns.

pub(crate) mod bit;
pub(crate) mod json;
mod json_decode;
mod matcher;
pub(crate) mod msgpack;
mod msgpack_decode;
pub(crate) mod pattern;
pub(crate) mod random;
pub(crate) mod structs;

use mlua::{Lua, LuaString, MultiValue, Result, Value};

use crate::error;

/// The arguments of a call of the function `name`, read as Lua's own functions read theirs.
pub(crate) struct Arguments<'a> {
    pub lua: &'a Lua,
    pub name: &'static str,
    values: MultiValue,
}

impl<'a> Arguments<'a> {
    pub fn new(lua: &'a Lua, name: &'static str, values: MultiValue) -> Arguments<'a> {
        Arguments { lua, name, values }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// The one of this number, counted from 1.
    pub fn get(&self, number: usize) -> Option<&Value> {
        self.values.get(number - 1)
    }

    /// Whether it is left out, or `nil`.
    pub fn is_missing(&self, number: usize) -> bool {
        self.get(number).is_none_or(Value::is_nil)
    }

    pub fn error(&self, number: usize, what: impl std::fmt::Display) -> mlua::Error {
        error::argument(self.lua, number, self.name, what)
    }

    fn wrong_type(&self, number: usize, expected: &str) -> mlua::Error {
        let found = self.get(number).map_or("no value", Value::type_name);
        self.error(number, format_args!("{expected} expected, got {found}"))
    }

    pub fn number(&self, number: usize) -> Result<f64> {
        match self.get(number) {
            Some(Value::Integer(value)) => Ok(*value as f64),
            Some(Value::Number(value)) => Ok(*value),
            Some(value @ Value::String(_)) => {
                let value = self.lua.coerce_number(value.clone())?;
                value.ok_or_else(|| self.wrong_type(number, "number"))
            }
            _ => Err(self.wrong_type(number, "number")),
        }
    }

    /// A number without what is behind its point.
    pub fn integer(&self, number: usize) -> Result<i64> {
        self.number(number).map(|value| value as i64)
    }

    pub fn integer_or(&self, number: usize, default: i64) -> Result<i64> {
        if self.is_missing(number) { Ok(default) } else { self.integer(number) }
    }

    pub fn string(&self, number: usize) -> Result<LuaString> {
        match self.get(number) {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(value @ (Value::Integer(_) | Value::Number(_))) => {
                let text = self.lua.coerce_string(value.clone())?;
                text.ok_or_else(|| self.wrong_type(number, "string"))
            }
            _ => Err(self.wrong_type(number, "string")),
        }
    }
}
