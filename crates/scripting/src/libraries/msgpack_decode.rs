//! The reading half of `cmsgpack`.

use mlua::{Lua, MultiValue, Result, Table, Value};

use super::Arguments;
use crate::error;

/// Values nested deeper are refused.
const NESTING_MAX: usize = 1000;

/// As many values as one call returns.
const RESULTS_MAX: usize = 7000;

/// Puts `unpack`, `unpack_one` and `unpack_limit` into `table`.
pub(super) fn register(lua: &Lua, table: &Table) -> Result<()> {
    let all = |lua: &Lua, values| unpack(&Arguments::new(lua, "unpack", values), 0, 0);
    table.set("unpack", lua.create_function(all)?)?;
    let one = |lua: &Lua, values| {
        let arguments = Arguments::new(lua, "unpack_one", values);
        let offset = arguments.integer_or(2, 0)?;
        unpack(&arguments, 1, offset)
    };
    table.set("unpack_one", lua.create_function(one)?)?;
    let limited = |lua: &Lua, values| {
        let arguments = Arguments::new(lua, "unpack_limit", values);
        let (limit, offset) = (arguments.integer(2)?, arguments.integer_or(3, 0)?);
        unpack(&arguments, limit, offset)
    };
    table.set("unpack_limit", lua.create_function(limited)?)
}

/// Up to `limit` values from `offset` on, after where the next one begins (-1 at the end); without a limit and an offset,
/// all of them and nothing else.
fn unpack(arguments: &Arguments<'_>, limit: i64, offset: i64) -> Result<MultiValue> {
    let lua = arguments.lua;
    let data = arguments.string(1)?;
    let data = data.as_bytes();
    let len = data.len();
    if limit < 0 || offset < 0 {
        return Err(error::text(
            lua,
            format_args!("Invalid request to unpack with offset of {offset} and limit of {len}."),
        ));
    }
    let start = usize::try_from(offset).unwrap_or(usize::MAX);
    if start > len {
        return Err(error::text(lua, format_args!("Start offset {offset} greater than input length {len}.")));
    }
    let takes_all = limit == 0 && offset == 0;
    let limit = if takes_all { usize::MAX } else { usize::try_from(limit).unwrap_or(usize::MAX) };
    let mut reader = Reader { lua, rest: &data[start..] };
    let mut results = Vec::new();
    while !reader.rest.is_empty() && results.len() < limit {
        if results.len() >= RESULTS_MAX {
            let text = "too many return values at once; use unpack_one or unpack_limit instead.";
            return Err(error::text(lua, text));
        }
        results.push(reader.value(0)?);
    }
    if !takes_all {
        let left = reader.rest.len();
        let next = if left == 0 { -1.0 } else { (len - left) as f64 };
        results.insert(0, Value::Number(next));
    }
    Ok(results.into())
}

struct Reader<'a> {
    lua: &'a Lua,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or_else(|| error::text(self.lua, "Missing bytes in input."))?;
        self.rest = rest;
        Ok(taken)
    }

    /// A number of `count` bytes, the first of which counts most.
    fn unsigned(&mut self, count: usize) -> Result<u64> {
        Ok(self.take(count)?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    fn signed(&mut self, count: usize) -> Result<i64> {
        let unused = 64 - 8 * count as u32;
        Ok((self.unsigned(count)? << unused) as i64 >> unused)
    }

    fn string(&mut self, len: usize) -> Result<Value> {
        Ok(Value::String(self.lua.create_string(self.take(len)?)?))
    }

    fn value(&mut self, depth: usize) -> Result<Value> {
        let first = self.take(1)?.first().copied().unwrap_or_default();
        Ok(match first {
            0x00..=0x7f => Value::Number(f64::from(first)),
            0xe0..=0xff => Value::Number(f64::from(first as i8)),
            0x80..=0x8f => self.map(usize::from(first & 15), depth)?,
            0x90..=0x9f => self.array(usize::from(first & 15), depth)?,
            0xa0..=0xbf => self.string(usize::from(first & 31))?,
            0xc0 => Value::Nil,
            0xc2 => Value::Boolean(false),
            0xc3 => Value::Boolean(true),
            0xc4..=0xc6 => {
                let len = self.unsigned(1 << (first - 0xc4))? as usize;
                self.string(len)?
            }
            0xca => Value::Number(f64::from(f32::from_bits(self.unsigned(4)? as u32))),
            0xcb => Value::Number(f64::from_bits(self.unsigned(8)?)),
            0xcc..=0xcf => Value::Number(self.unsigned(1 << (first - 0xcc))? as f64),
            0xd0..=0xd3 => Value::Number(self.signed(1 << (first - 0xd0))? as f64),
            0xd9..=0xdb => {
                let len = self.unsigned(1 << (first - 0xd9))? as usize;
                self.string(len)?
            }
            0xdc | 0xdd => {
                let len = self.unsigned(2 << (first - 0xdc))? as usize;
                self.array(len, depth)?
            }
            0xde | 0xdf => {
                let len = self.unsigned(2 << (first - 0xde))? as usize;
                self.map(len, depth)?
            }
            _ => return Err(error::text(self.lua, "Bad data format in input.")),
        })
    }

    fn check_depth(&self, depth: usize) -> Result<()> {
        if depth < NESTING_MAX { Ok(()) } else { Err(error::text(self.lua, "Too much nesting in input.")) }
    }

    /// Memory is taken as elements come, not for as many as the header claims.
    fn array(&mut self, len: usize, depth: usize) -> Result<Value> {
        self.check_depth(depth)?;
        let table = self.lua.create_table()?;
        for index in 1..=len {
            let value = self.value(depth + 1)?;
            table.raw_seti(index, value)?;
        }
        Ok(Value::Table(table))
    }

    fn map(&mut self, len: usize, depth: usize) -> Result<Value> {
        self.check_depth(depth)?;
        let table = self.lua.create_table()?;
        for _ in 0..len {
            let key = self.value(depth + 1)?;
            let value = self.value(depth + 1)?;
            match key {
                Value::Nil => return Err(error::text(self.lua, "table index is nil")),
                Value::Number(key) if key.is_nan() => {
                    return Err(error::text(self.lua, "table index is NaN"));
                }
                key => table.raw_set(key, value)?,
            }
        }
        Ok(Value::Table(table))
    }
}
