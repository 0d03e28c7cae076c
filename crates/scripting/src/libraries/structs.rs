//! `struct`: numbers and strings packed as C lays them out, after Roberto Ierusalimschy's library.

use std::rc::Rc;

use mlua::{Lua, MultiValue, Result, Table, Value};

use super::Arguments;
use crate::error;
use crate::vm::Shared;

/// The widest integer, in bytes.
const INTEGER_BYTES_MAX: usize = 32;

/// What `!` without a number aligns to.
const ALIGNMENT_MAX: usize = 8;

/// The library.
pub(crate) fn table(lua: &Lua, shared: &Rc<Shared>) -> Result<Table> {
    let table = lua.create_table()?;
    let own = Rc::clone(shared);
    // One string may be packed many times, so what is packed has an end of its own.
    let pack = move |lua: &Lua, values: MultiValue| pack(lua, values, own.memory_bytes_max.get());
    table.set("pack", lua.create_function(pack)?)?;
    table.set("unpack", lua.create_function(unpack)?)?;
    table.set("size", lua.create_function(size)?)?;
    Ok(table)
}

/// A format that is being read, and what its options have set.
struct Format<'a, 'l> {
    arguments: &'a Arguments<'l>,
    text: &'a [u8],
    is_big_endian: bool,
    alignment: usize,
}

/// One item of a format.
#[derive(Clone, Copy)]
struct Item {
    option: u8,
    size: usize,
}

impl<'a, 'l> Format<'a, 'l> {
    fn new(arguments: &'a Arguments<'l>, text: &'a [u8]) -> Self {
        let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
        Format { arguments, text, is_big_endian: cfg!(target_endian = "big"), alignment: 1 }
    }

    fn error(&self, text: impl std::fmt::Display) -> mlua::Error {
        error::text(self.arguments.lua, text)
    }

    /// The number that stands next, or `default`.
    fn number(&mut self, default: usize) -> Result<usize> {
        let digits = self.text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return Ok(default);
        }
        let (number, rest) = self.text.split_at(digits);
        self.text = rest;
        let number = std::str::from_utf8(number).ok().and_then(|number| number.parse::<i32>().ok());
        let number = number.and_then(|number| usize::try_from(number).ok());
        number.ok_or_else(|| self.error("integral size overflow"))
    }

    /// The next item that is not only a setting.
    fn next(&mut self) -> Result<Option<Item>> {
        while let [option, rest @ ..] = self.text {
            self.text = rest;
            let size = match option {
                b'B' | b'b' | b'x' => 1,
                b'H' | b'h' => 2,
                b'L' | b'l' | b'T' | b'd' => 8,
                b'f' => 4,
                b'c' => self.number(1)?,
                b's' => 0,
                b'i' | b'I' => {
                    let size = self.number(4)?;
                    if size > INTEGER_BYTES_MAX {
                        let limit = INTEGER_BYTES_MAX;
                        return Err(
                            self.error(format_args!("integral size {size} is larger than limit of {limit}"))
                        );
                    }
                    size
                }
                _ => {
                    self.set(*option)?;
                    continue;
                }
            };
            return Ok(Some(Item { option: *option, size }));
        }
        Ok(None)
    }

    fn set(&mut self, option: u8) -> Result<()> {
        match option {
            b' ' => {}
            b'>' => self.is_big_endian = true,
            b'<' => self.is_big_endian = false,
            b'!' => {
                let alignment = self.number(ALIGNMENT_MAX)?;
                if !alignment.is_power_of_two() {
                    return Err(self.error(format_args!("alignment {alignment} is not a power of 2")));
                }
                self.alignment = alignment;
            }
            other => {
                let other = char::from(other);
                return Err(self.arguments.error(1, format_args!("invalid format option '{other}'")));
            }
        }
        Ok(())
    }

    /// How many bytes are between `position` and where the item may begin.
    fn padding(&self, position: usize, item: Item) -> usize {
        if item.size == 0 || item.option == b'c' {
            return 0;
        }
        let size = item.size.min(self.alignment);
        size.wrapping_sub(position & (size - 1)) & (size - 1)
    }

    /// The bytes, the other way round where the format says so; they are in the order of little endian.
    fn ordered<const N: usize>(&self, mut bytes: [u8; N]) -> [u8; N] {
        if self.is_big_endian {
            bytes.reverse();
        }
        bytes
    }
}

fn pack(lua: &Lua, values: MultiValue, bytes_max: usize) -> Result<mlua::LuaString> {
    let arguments = Arguments::new(lua, "pack", values);
    let text = arguments.string(1)?;
    let text = text.as_bytes();
    let mut format = Format::new(&arguments, &text);
    let mut packed = Vec::new();
    let mut number = 2;
    while let Some(item) = format.next()? {
        packed.resize(packed.len() + format.padding(packed.len(), item), 0);
        let taken = number;
        number += usize::from(item.option != b'x');
        match item.option {
            b'x' => packed.push(0),
            b'f' => packed.extend(format.ordered((arguments.number(taken)? as f32).to_le_bytes())),
            b'd' => packed.extend(format.ordered(arguments.number(taken)?.to_le_bytes())),
            b'c' | b's' => {
                let string = arguments.string(taken)?;
                let string = string.as_bytes();
                let size = if item.size == 0 { string.len() } else { item.size };
                let part = string.get(..size).ok_or_else(|| arguments.error(number, "string too short"))?;
                packed.extend_from_slice(part);
                if item.option == b's' {
                    packed.push(0);
                }
            }
            _ => {
                let value = arguments.number(taken)?;
                let value = if value < 0.0 { value as i64 as u64 } else { value as u64 };
                let mut bytes = [0; INTEGER_BYTES_MAX];
                bytes[..8].copy_from_slice(&value.to_le_bytes());
                let bytes = &mut bytes[..item.size];
                if format.is_big_endian {
                    bytes.reverse();
                }
                packed.extend_from_slice(bytes);
            }
        }
        if packed.len() > bytes_max {
            return Err(error::text(lua, "not enough memory"));
        }
    }
    lua.create_string(packed)
}

fn unpack(lua: &Lua, values: MultiValue) -> Result<MultiValue> {
    /// As many values as Lua's own functions return.
    const RESULTS_MAX: usize = 7000;
    let arguments = Arguments::new(lua, "unpack", values);
    let text = arguments.string(1)?;
    let text = text.as_bytes();
    let data = arguments.string(2)?;
    let data = data.as_bytes();
    let position = usize::try_from(arguments.integer_or(3, 1)?).ok().filter(|position| *position > 0);
    let position = position.ok_or_else(|| arguments.error(3, "offset must be 1 or greater"))?;
    let mut position = position - 1;
    let too_short = || arguments.error(2, "data string too short");
    let mut format = Format::new(&arguments, &text);
    let mut results: Vec<Value> = Vec::new();
    while let Some(mut item) = format.next()? {
        position = position.saturating_add(format.padding(position, item));
        let rest = data.get(position..).ok_or_else(too_short)?;
        if results.len() >= RESULTS_MAX {
            return Err(error::text(lua, "stack overflow (too many results)"));
        }
        if item.option == b'c' && item.size == 0 {
            let size = match results.pop() {
                Some(Value::Number(size)) => size,
                Some(Value::Integer(size)) => size as f64,
                _ => return Err(error::text(lua, "format 'c0' needs a previous size")),
            };
            item.size = size as usize;
        }
        let part = rest.get(..item.size).ok_or_else(too_short)?;
        match item.option {
            b'x' => {}
            b'f' => {
                let bytes = part.try_into().unwrap_or_default();
                results.push(Value::Number(f64::from(f32::from_le_bytes(format.ordered(bytes)))));
            }
            b'd' => {
                let bytes = part.try_into().unwrap_or_default();
                results.push(Value::Number(f64::from_le_bytes(format.ordered(bytes))));
            }
            b'c' => results.push(Value::String(lua.create_string(part)?)),
            b's' => {
                let len = rest.iter().position(|byte| *byte == 0);
                let len = len.ok_or_else(|| error::text(lua, "unfinished string in data"))?;
                results.push(Value::String(lua.create_string(&rest[..len])?));
                item.size = len + 1;
            }
            option => {
                let number = integer(part, format.is_big_endian, option.is_ascii_lowercase());
                results.push(Value::Number(number));
            }
        }
        position += item.size;
    }
    results.push(Value::Number((position + 1) as f64));
    Ok(results.into())
}

/// The number that lies in these bytes. Of more than eight the lower ones count.
fn integer(bytes: &[u8], is_big_endian: bool, is_signed: bool) -> f64 {
    let mut value = 0u64;
    let add = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
    value = if is_big_endian { bytes.iter().fold(value, add) } else { bytes.iter().rev().fold(value, add) };
    if !is_signed {
        return value as f64;
    }
    let unused = 64 - 8 * bytes.len().clamp(1, 8) as u32;
    ((value << unused) as i64 >> unused) as f64
}

fn size(lua: &Lua, values: MultiValue) -> Result<f64> {
    let arguments = Arguments::new(lua, "size", values);
    let text = arguments.string(1)?;
    let text = text.as_bytes();
    let mut format = Format::new(&arguments, &text);
    let mut position = 0usize;
    while let Some(item) = format.next()? {
        position += format.padding(position, item);
        match item {
            Item { option: b's', .. } => return Err(arguments.error(1, "option 's' has no fixed size")),
            Item { option: b'c', size: 0 } => {
                return Err(arguments.error(1, "option 'c0' has no fixed size"));
            }
            item => position += item.size,
        }
    }
    Ok(position as f64)
}
