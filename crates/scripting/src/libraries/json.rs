//! `cjson`: JSON, after Mark Pulford's Lua CJSON 2.1.

use std::cell::RefCell;
use std::rc::Rc;

use mlua::{LightUserData, Lua, MultiValue, Result, Table, Value};

use super::{Arguments, json_decode};
use crate::error;
use crate::vm::Shared;

/// What scripts can set; each run begins with the defaults.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    sparse_convert: bool,
    sparse_ratio: i64,
    sparse_safe: i64,
    encode_depth_max: usize,
    pub decode_depth_max: usize,
    number_precision: usize,
    encode_invalid: Invalid,
    pub decode_invalid: bool,
    keep_buffer: bool,
}

/// What becomes of numbers that JSON does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Invalid {
    Refused,
    Written,
    Null,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            sparse_convert: false,
            sparse_ratio: 2,
            sparse_safe: 10,
            encode_depth_max: 1000,
            decode_depth_max: 1000,
            number_precision: 14,
            encode_invalid: Invalid::Refused,
            decode_invalid: true,
            keep_buffer: true,
        }
    }
}

/// Deeper than this nothing is read or written, whatever a script sets: a thread's stack has an end.
const DEPTH_MAX: usize = 1000;

/// The library.
pub(crate) fn table(lua: &Lua, shared: &Rc<Shared>) -> Result<Table> {
    let table = lua.create_table()?;
    let own = Rc::clone(shared);
    let encode = move |lua: &Lua, values: MultiValue| {
        let arguments = Arguments::new(lua, "encode", values);
        let value = only(&arguments)?;
        let mut encoder = Encoder {
            lua,
            settings: *own.json.borrow(),
            text: Vec::new(),
            bytes_max: own.memory_bytes_max.get(),
        };
        encoder.value(value, 0)?;
        lua.create_string(encoder.text)
    };
    table.set("encode", lua.create_function(encode)?)?;
    let own = Rc::clone(shared);
    let decode = move |lua: &Lua, values: MultiValue| {
        let arguments = Arguments::new(lua, "decode", values);
        only(&arguments)?;
        let text = arguments.string(1)?;
        let settings = *own.json.borrow();
        json_decode::decode(lua, &text.as_bytes(), &settings)
    };
    table.set("decode", lua.create_function(decode)?)?;
    add_settings(lua, shared, &table)?;
    table.set("null", Value::LightUserData(LightUserData(std::ptr::null_mut())))?;
    table.set("_NAME", "cjson")?;
    table.set("_VERSION", "2.1.0")?;
    Ok(table)
}

fn only<'a>(arguments: &'a Arguments<'_>) -> Result<&'a Value> {
    match arguments.get(1) {
        Some(value) if arguments.len() == 1 => Ok(value),
        _ => Err(arguments.error(1, "expected 1 argument")),
    }
}

/// The functions that change settings and return what is set.
fn add_settings(lua: &Lua, shared: &Rc<Shared>, table: &Table) -> Result<()> {
    let add = |name: &'static str, set: fn(&Arguments<'_>, &mut Settings) -> Result<MultiValue>| {
        let own = Rc::clone(shared);
        let function = lua.create_function(move |lua, values: MultiValue| {
            let settings: &RefCell<Settings> = &own.json;
            set(&Arguments::new(lua, name, values), &mut settings.borrow_mut())
        })?;
        table.set(name, function)
    };
    add("encode_sparse_array", |arguments, settings| {
        at_most(arguments, 3)?;
        settings.sparse_convert = flag(arguments, 1, settings.sparse_convert)?;
        settings.sparse_ratio = integer(arguments, 2, settings.sparse_ratio, 0)?;
        settings.sparse_safe = integer(arguments, 3, settings.sparse_safe, 0)?;
        Ok(MultiValue::from_vec(vec![
            Value::Boolean(settings.sparse_convert),
            Value::Number(settings.sparse_ratio as f64),
            Value::Number(settings.sparse_safe as f64),
        ]))
    })?;
    add("encode_max_depth", |arguments, settings| {
        at_most(arguments, 1)?;
        let depth = integer(arguments, 1, settings.encode_depth_max as i64, 1)?;
        settings.encode_depth_max = depth as usize;
        Ok(one(Value::Number(depth as f64)))
    })?;
    add("decode_max_depth", |arguments, settings| {
        at_most(arguments, 1)?;
        let depth = integer(arguments, 1, settings.decode_depth_max as i64, 1)?;
        settings.decode_depth_max = depth as usize;
        Ok(one(Value::Number(depth as f64)))
    })?;
    add("encode_number_precision", |arguments, settings| {
        at_most(arguments, 1)?;
        let precision = integer(arguments, 1, settings.number_precision as i64, 1)?;
        if precision > 14 {
            return Err(arguments.error(1, "expected integer between 1 and 14"));
        }
        settings.number_precision = precision as usize;
        Ok(one(Value::Number(precision as f64)))
    })?;
    add("encode_keep_buffer", |arguments, settings| {
        at_most(arguments, 1)?;
        settings.keep_buffer = flag(arguments, 1, settings.keep_buffer)?;
        Ok(one(Value::Boolean(settings.keep_buffer)))
    })?;
    add("encode_invalid_numbers", |arguments, settings| {
        at_most(arguments, 1)?;
        settings.encode_invalid = match arguments.get(1) {
            None => settings.encode_invalid,
            Some(Value::String(null)) if *null.as_bytes() == *b"null" => Invalid::Null,
            Some(_) if flag(arguments, 1, false)? => Invalid::Written,
            Some(_) => Invalid::Refused,
        };
        Ok(one(match settings.encode_invalid {
            Invalid::Null => Value::String(arguments.lua.create_string("null")?),
            other => Value::Boolean(other == Invalid::Written),
        }))
    })?;
    add("decode_invalid_numbers", |arguments, settings| {
        at_most(arguments, 1)?;
        settings.decode_invalid = flag(arguments, 1, settings.decode_invalid)?;
        Ok(one(Value::Boolean(settings.decode_invalid)))
    })
}

fn one(value: Value) -> MultiValue {
    MultiValue::from_vec(vec![value])
}

fn at_most(arguments: &Arguments<'_>, count: usize) -> Result<()> {
    if arguments.len() > count { Err(arguments.error(count + 1, "found too many arguments")) } else { Ok(()) }
}

/// A boolean, or `"on"` and `"off"`.
fn flag(arguments: &Arguments<'_>, number: usize, before: bool) -> Result<bool> {
    match arguments.get(number) {
        None | Some(Value::Nil) => Ok(before),
        Some(Value::Boolean(value)) => Ok(*value),
        Some(Value::String(text)) if *text.as_bytes() == *b"on" => Ok(true),
        Some(Value::String(text)) if *text.as_bytes() == *b"off" => Ok(false),
        Some(Value::String(text)) => {
            let text = text.to_string_lossy();
            Err(arguments.error(number, format_args!("invalid option '{text}'")))
        }
        Some(_) => Err(arguments.wrong_type(number, "string")),
    }
}

fn integer(arguments: &Arguments<'_>, number: usize, before: i64, least: i64) -> Result<i64> {
    if arguments.is_missing(number) {
        return Ok(before);
    }
    let value = arguments.integer(number)?;
    if (least..=i64::from(i32::MAX)).contains(&value) {
        return Ok(value);
    }
    let most = i32::MAX;
    Err(arguments.error(number, format_args!("expected integer between {least} and {most}")))
}

struct Encoder<'a> {
    lua: &'a Lua,
    settings: Settings,
    text: Vec<u8>,
    /// A value may stand at many places, so what is written has an end of its own.
    bytes_max: usize,
}

impl Encoder<'_> {
    fn refuse(&self, value: &Value, why: &str) -> mlua::Error {
        let kind = match value {
            Value::Integer(_) => "number",
            other => other.type_name(),
        };
        error::text(self.lua, format_args!("Cannot serialise {kind}: {why}"))
    }

    fn value(&mut self, value: &Value, depth: usize) -> Result<()> {
        if self.text.len() > self.bytes_max {
            return Err(error::text(self.lua, "not enough memory"));
        }
        match value {
            Value::String(string) => self.string(&string.as_bytes()),
            Value::Integer(_) | Value::Number(_) => self.number(value)?,
            Value::Boolean(true) => self.text.extend_from_slice(b"true"),
            Value::Boolean(false) => self.text.extend_from_slice(b"false"),
            Value::Nil => self.text.extend_from_slice(b"null"),
            Value::LightUserData(pointer) if pointer.0.is_null() => self.text.extend_from_slice(b"null"),
            Value::Table(table) => {
                let depth = depth + 1;
                if depth > self.settings.encode_depth_max.min(DEPTH_MAX) {
                    let text = format_args!("Cannot serialise, excessive nesting ({depth})");
                    return Err(error::text(self.lua, text));
                }
                match self.array_len(value, table)? {
                    Some(len) if len > 0 => self.array(table, len, depth)?,
                    _ => self.object(table, depth)?,
                }
            }
            other => return Err(self.refuse(other, "type not supported")),
        }
        Ok(())
    }

    /// Up to which index a table goes that has nothing but elements; `None` for an object.
    fn array_len(&self, value: &Value, table: &Table) -> Result<Option<i64>> {
        let (mut highest, mut count, mut only_indices) = (0, 0, true);
        for pair in table.pairs::<Value, Value>() {
            match pair?.0 {
                Value::Integer(index) if index >= 1 => {
                    highest = highest.max(index);
                    count += 1;
                }
                _ => {
                    only_indices = false;
                    break;
                }
            }
        }
        if !only_indices {
            return Ok(None);
        }
        let Settings { sparse_convert, sparse_ratio, sparse_safe, .. } = self.settings;
        if sparse_ratio > 0 && highest > count * sparse_ratio && highest > sparse_safe {
            return if sparse_convert {
                Ok(None)
            } else {
                Err(self.refuse(value, "excessively sparse array"))
            };
        }
        Ok(Some(highest))
    }

    fn array(&mut self, table: &Table, len: i64, depth: usize) -> Result<()> {
        self.text.push(b'[');
        for index in 1..=len {
            if index > 1 {
                self.text.push(b',');
            }
            self.value(&table.raw_get(index)?, depth)?;
        }
        self.text.push(b']');
        Ok(())
    }

    fn object(&mut self, table: &Table, depth: usize) -> Result<()> {
        self.text.push(b'{');
        let mut is_first = true;
        for pair in table.pairs::<Value, Value>() {
            let (key, value) = pair?;
            if !std::mem::take(&mut is_first) {
                self.text.push(b',');
            }
            match &key {
                Value::String(key) => self.string(&key.as_bytes()),
                Value::Integer(_) | Value::Number(_) => {
                    self.text.push(b'"');
                    self.number(&key)?;
                    self.text.push(b'"');
                }
                key => return Err(self.refuse(key, "table key must be a number or string")),
            }
            self.text.push(b':');
            self.value(&value, depth)?;
        }
        self.text.push(b'}');
        Ok(())
    }

    fn number(&mut self, value: &Value) -> Result<()> {
        let number = match value {
            Value::Integer(number) => *number as f64,
            Value::Number(number) => *number,
            _ => return Ok(()),
        };
        if number.is_finite() {
            write_general(number, self.settings.number_precision, &mut self.text);
            return Ok(());
        }
        match self.settings.encode_invalid {
            Invalid::Refused => return Err(self.refuse(value, "must not be NaN or Inf")),
            Invalid::Null => self.text.extend_from_slice(b"null"),
            Invalid::Written if number.is_nan() => self.text.extend_from_slice(b"nan"),
            Invalid::Written => self.text.extend_from_slice(if number > 0.0 { b"inf" } else { b"-inf" }),
        }
        Ok(())
    }

    fn string(&mut self, string: &[u8]) {
        self.text.reserve(string.len() + 2);
        self.text.push(b'"');
        for byte in string {
            let escaped: &[u8] = match byte {
                b'"' => b"\\\"",
                b'\\' => b"\\\\",
                b'/' => b"\\/",
                8 => b"\\b",
                9 => b"\\t",
                10 => b"\\n",
                12 => b"\\f",
                13 => b"\\r",
                0..=31 | 127 => {
                    self.text.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                    continue;
                }
                byte => std::slice::from_ref(byte),
            };
            self.text.extend_from_slice(escaped);
        }
        self.text.push(b'"');
    }
}

/// Writes a finite number with so many digits as C's `%g` does.
fn write_general(number: f64, precision: usize, text: &mut Vec<u8>) {
    let scientific = format!("{:.*e}", precision - 1, number);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trimmed = |digits: &str| match digits.contains('.') {
        true => digits.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => digits.to_owned(),
    };
    let written = if exponent < -4 || exponent >= precision as i32 {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{}e{sign}{:02}", trimmed(mantissa), exponent.unsigned_abs())
    } else {
        let places = usize::try_from(precision as i32 - 1 - exponent).unwrap_or(0);
        trimmed(&format!("{number:.places$}"))
    };
    text.extend_from_slice(written.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::write_general;

    #[test]
    fn numbers_as_c_writes_them() {
        for (number, precision, expected) in [
            (0.0, 14, "0"),
            (-0.0, 14, "-0"),
            (1.0, 14, "1"),
            (0.1, 14, "0.1"),
            (1e14, 14, "1e+14"),
            (99_999_999_999_999.0, 14, "99999999999999"),
            (123_456.789, 3, "1.23e+05"),
            (1e-5, 14, "1e-05"),
            (0.0001, 14, "0.0001"),
            (1e300, 14, "1e+300"),
            (1.0 / 3.0, 14, "0.33333333333333"),
        ] {
            let mut text = Vec::new();
            write_general(number, precision, &mut text);
            assert_eq!(String::from_utf8_lossy(&text), expected);
        }
    }
}
