//! `cmsgpack`: MessagePack, after Salvatore Sanfilippo's library.
//!
//! The format is described at <https://github.com/msgpack/msgpack/blob/master/spec-old.md>: strings and byte strings are
//! one and the same, as they are in Lua.

use mlua::{Lua, MultiValue, Result, Table, Value};

use super::msgpack_decode;
use crate::error;

/// Tables nested deeper are packed as nothing.
const NESTING_MAX: usize = 16;

/// The library.
pub(crate) fn table(lua: &Lua) -> Result<Table> {
    let table = lua.create_table()?;
    table.set("pack", lua.create_function(pack)?)?;
    msgpack_decode::register(lua, &table)?;
    table.set("_NAME", "cmsgpack")?;
    table.set("_VERSION", "lua-cmsgpack 0.4.0")?;
    table.set("_COPYRIGHT", "Copyright (C) 2012, Redis Ltd.")?;
    table.set("_DESCRIPTION", "MessagePack C implementation for Lua")?;
    Ok(table)
}

fn pack(lua: &Lua, values: MultiValue) -> Result<mlua::LuaString> {
    if values.is_empty() {
        return Err(error::argument(lua, 0, "pack", "MessagePack pack needs input."));
    }
    let mut packed = Vec::new();
    for value in &values {
        pack_value(value, 0, &mut packed)?;
    }
    lua.create_string(packed)
}

fn pack_value(value: &Value, depth: usize, packed: &mut Vec<u8>) -> Result<()> {
    match value {
        Value::String(string) => pack_string(&string.as_bytes(), packed),
        Value::Boolean(value) => packed.push(if *value { 0xc3 } else { 0xc2 }),
        Value::Integer(number) => pack_integer(*number, packed),
        Value::Number(number) if *number as i64 as f64 == *number => pack_integer(*number as i64, packed),
        Value::Number(number) => pack_double(*number, packed),
        Value::Table(table) if depth < NESTING_MAX => pack_table(table, depth, packed)?,
        _ => packed.push(0xc0),
    }
    Ok(())
}

/// A header whose length has as few bytes as it takes: with `short`, up to `short_max`, it is part of the first.
fn pack_header(len: usize, short: u8, short_max: usize, wide: [Option<u8>; 3], packed: &mut Vec<u8>) {
    let [one, two, four] = wide;
    match (len, one, two, four) {
        (len, ..) if len <= short_max => packed.push(short | len as u8),
        (len, Some(first), ..) if len <= 0xff => packed.extend([first, len as u8]),
        (len, _, Some(first), _) if len <= 0xffff => {
            packed.push(first);
            packed.extend((len as u16).to_be_bytes());
        }
        (len, _, _, first) => {
            packed.extend(first);
            packed.extend((len as u32).to_be_bytes());
        }
    }
}

fn pack_string(string: &[u8], packed: &mut Vec<u8>) {
    pack_header(string.len(), 0xa0, 31, [Some(0xd9), Some(0xda), Some(0xdb)], packed);
    packed.extend_from_slice(string);
}

fn pack_integer(number: i64, packed: &mut Vec<u8>) {
    match number {
        0..=127 => packed.push(number as u8),
        128..=0xff => packed.extend([0xcc, number as u8]),
        0x100..=0xffff => {
            packed.push(0xcd);
            packed.extend((number as u16).to_be_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            packed.push(0xce);
            packed.extend((number as u32).to_be_bytes());
        }
        0x1_0000_0000.. => {
            packed.push(0xcf);
            packed.extend((number as u64).to_be_bytes());
        }
        -32..=-1 => packed.push(number as i8 as u8),
        -128..=-33 => packed.extend([0xd0, number as i8 as u8]),
        -0x8000..=-129 => {
            packed.push(0xd1);
            packed.extend((number as i16).to_be_bytes());
        }
        -0x8000_0000..=-0x8001 => {
            packed.push(0xd2);
            packed.extend((number as i32).to_be_bytes());
        }
        ..=-0x8000_0001 => {
            packed.push(0xd3);
            packed.extend(number.to_be_bytes());
        }
    }
}

/// Half as wide where that loses nothing.
fn pack_double(number: f64, packed: &mut Vec<u8>) {
    let single = number as f32;
    if f64::from(single) == number {
        packed.push(0xca);
        packed.extend(single.to_be_bytes());
    } else {
        packed.push(0xcb);
        packed.extend(number.to_be_bytes());
    }
}

fn pack_table(table: &Table, depth: usize, packed: &mut Vec<u8>) -> Result<()> {
    if is_array(table)? {
        let len = table.raw_len();
        pack_header(len, 0x90, 15, [None, Some(0xdc), Some(0xdd)], packed);
        for index in 1..=len {
            pack_value(&table.raw_get(index)?, depth + 1, packed)?;
        }
        return Ok(());
    }
    let mut pairs = 0;
    table.for_each(|_: Value, _: Value| {
        pairs += 1;
        Ok(())
    })?;
    pack_header(pairs, 0x80, 15, [None, Some(0xde), Some(0xdf)], packed);
    table.for_each(|key: Value, value: Value| {
        pack_value(&key, depth + 1, packed)?;
        pack_value(&value, depth + 1, packed)
    })
}

/// Whether the keys are the numbers from 1 up to how many there are.
fn is_array(table: &Table) -> Result<bool> {
    let (mut count, mut highest, mut only_indices) = (0, 0, true);
    table.for_each(|key: Value, _: Value| {
        match key {
            Value::Integer(index) if index > 0 => highest = highest.max(index),
            _ => only_indices = false,
        }
        count += 1;
        Ok(())
    })?;
    Ok(only_indices && highest == count)
}
