//! `bit`: operations on the lower 32 bits of numbers, after Mike Pall's Lua BitOp.

use mlua::{Lua, MultiValue, Result, Table};

use super::Arguments;

/// The library.
pub(crate) fn table(lua: &Lua) -> Result<Table> {
    let table = lua.create_table()?;
    add(lua, &table, "tobit", |arguments| bits(arguments, 1))?;
    add(lua, &table, "bnot", |arguments| Ok(!bits(arguments, 1)?))?;
    add(lua, &table, "band", |arguments| fold(arguments, |a, b| a & b))?;
    add(lua, &table, "bor", |arguments| fold(arguments, |a, b| a | b))?;
    add(lua, &table, "bxor", |arguments| fold(arguments, |a, b| a ^ b))?;
    add(lua, &table, "lshift", |arguments| shift(arguments, |bits, by| bits << by))?;
    add(lua, &table, "rshift", |arguments| shift(arguments, |bits, by| bits >> by))?;
    add(lua, &table, "arshift", |arguments| shift(arguments, |bits, by| (bits as i32 >> by) as u32))?;
    add(lua, &table, "rol", |arguments| shift(arguments, u32::rotate_left))?;
    add(lua, &table, "ror", |arguments| shift(arguments, u32::rotate_right))?;
    add(lua, &table, "bswap", |arguments| Ok(bits(arguments, 1)?.swap_bytes()))?;
    table.set("tohex", lua.create_function(tohex)?)?;
    Ok(table)
}

/// Adds an operation, whose result is a signed number.
fn add(
    lua: &Lua,
    table: &Table,
    name: &'static str,
    operation: fn(&Arguments<'_>) -> Result<u32>,
) -> Result<()> {
    let function = lua.create_function(move |lua, values: MultiValue| {
        operation(&Arguments::new(lua, name, values)).map(|bits| bits as i32)
    })?;
    table.set(name, function)
}

/// The lower 32 bits of an argument, rounded to the nearest integer (to even between two).
fn bits(arguments: &Arguments<'_>, number: usize) -> Result<u32> {
    /// 2^52 + 2^51: what is added to it keeps its integer part in the lower bits of its mantissa.
    const SHIFT: f64 = 6_755_399_441_055_744.0;
    arguments.number(number).map(|value| (value + SHIFT).to_bits() as u32)
}

fn fold(arguments: &Arguments<'_>, operation: fn(u32, u32) -> u32) -> Result<u32> {
    let first = bits(arguments, 1)?;
    (2..=arguments.len()).try_fold(first, |so_far, number| Ok(operation(so_far, bits(arguments, number)?)))
}

fn shift(arguments: &Arguments<'_>, operation: fn(u32, u32) -> u32) -> Result<u32> {
    Ok(operation(bits(arguments, 1)?, bits(arguments, 2)? & 31))
}

/// The last digits in hexadecimal; a negative number of digits asks for capitals.
fn tohex(lua: &Lua, values: MultiValue) -> Result<String> {
    let arguments = Arguments::new(lua, "tohex", values);
    let bits = bits(&arguments, 1)?;
    let digits = if arguments.len() < 2 { 8 } else { self::bits(&arguments, 2)? as i32 };
    let count = digits.unsigned_abs().min(8) as usize;
    let text = if digits < 0 { format!("{bits:08X}") } else { format!("{bits:08x}") };
    Ok(text[8 - count..].to_owned())
}
