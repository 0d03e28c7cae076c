//! What a script returns, as a reply.

use mlua::{Result, Table, Value};
use resp::{Reply, Version};

use crate::vm::Returned;

/// How deep what is returned may be nested.
const DEPTH_MAX: usize = 500;

/// Writes `value` to `reply`. In `version` the script has spoken with the server; `reply` speaks the client's.
pub(crate) fn encode(value: &Value, version: Version, reply: &mut Reply) -> Result<Returned> {
    Encoder { version, reply }.value(value, 0)?;
    match value {
        Value::Table(table) if error_text(table)?.is_some() => {
            let is_counted = table.raw_get::<Value>("ignore_error_stats_update")? == Value::Boolean(true);
            Ok(if is_counted { Returned::CountedError } else { Returned::Error })
        }
        _ => Ok(Returned::Value),
    }
}

struct Encoder<'a> {
    version: Version,
    reply: &'a mut Reply,
}

impl Encoder<'_> {
    fn value(&mut self, value: &Value, depth: usize) -> Result<()> {
        if self.reply.give_up_if_too_long() {
            return Ok(());
        }
        match value {
            Value::String(string) => self.reply.bulk(&string.as_bytes()),
            Value::Boolean(value) if self.version == Version::Resp3 => self.reply.boolean(*value),
            Value::Boolean(true) => self.reply.integer(1),
            Value::Integer(number) => self.reply.integer(*number),
            Value::Number(number) => self.reply.integer(*number as i64),
            Value::Table(_) if depth >= DEPTH_MAX => self.reply.error("ERR reached lua stack limit"),
            Value::Table(table) => self.table(table, depth)?,
            _ => self.reply.null(),
        }
        Ok(())
    }

    /// A table is what its fields say, or else an array.
    fn table(&mut self, table: &Table, depth: usize) -> Result<()> {
        if let Some(text) = error_text(table)? {
            self.reply.error(text);
            return Ok(());
        }
        if let Value::String(text) = table.raw_get("ok")? {
            self.reply.simple(&*text.as_bytes());
            return Ok(());
        }
        let double = match table.raw_get("double")? {
            Value::Integer(number) => Some(number as f64),
            Value::Number(number) => Some(number),
            _ => None,
        };
        if let Some(double) = double {
            self.reply.double(double);
            return Ok(());
        }
        if let Value::String(digits) = table.raw_get("big_number")? {
            let digits = digits.to_string_lossy();
            self.reply.big_number(&digits);
            return Ok(());
        }
        if let Value::Table(verbatim) = table.raw_get("verbatim_string")?
            && let (Value::String(format), Value::String(text)) =
                (verbatim.raw_get("format")?, verbatim.raw_get("string")?)
        {
            let format: String = format.to_string_lossy().chars().filter(char::is_ascii).collect();
            self.reply.verbatim(&format!("{format:<3.3}"), &text.as_bytes());
            return Ok(());
        }
        if let Value::Table(map) = table.raw_get("map")? {
            let mark = self.reply.begin();
            let mut len = 0;
            map.for_each(|key: Value, value: Value| {
                len += 1;
                self.value(&key, depth + 1)?;
                self.value(&value, depth + 1)
            })?;
            self.reply.end_map(mark, len);
            return Ok(());
        }
        if let Value::Table(set) = table.raw_get("set")? {
            let mark = self.reply.begin();
            let mut len = 0;
            set.for_each(|member: Value, _: Value| {
                len += 1;
                self.value(&member, depth + 1)
            })?;
            self.reply.end_set(mark, len);
            return Ok(());
        }
        self.array(table, depth)
    }

    /// Elements from 1 up to the first that is missing.
    fn array(&mut self, table: &Table, depth: usize) -> Result<()> {
        let mark = self.reply.begin();
        let mut len = 0;
        loop {
            let element: Value = table.raw_get(len + 1)?;
            if element.is_nil() || self.reply.is_given_up() {
                self.reply.end_array(mark, len);
                return Ok(());
            }
            self.value(&element, depth + 1)?;
            len += 1;
        }
    }
}

/// The text of a table that stands for an error.
fn error_text(table: &Table) -> Result<Option<Vec<u8>>> {
    Ok(match table.raw_get("err")? {
        Value::String(text) => Some(text.as_bytes().to_vec()),
        _ => None,
    })
}
