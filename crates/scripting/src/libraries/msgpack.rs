//! `cmsgpack`: MessagePack, after Salvatore Sanfilippo's library.
//!
//! The format is described at <https://github.com/msgpack/msgpack/blob/master/spec-old.md>: strings and byte strings are
//! one and the same, as they are in Lua.

use std::rc::Rc;

use mlua::{Lua, MultiValue, Result, Table, Value};

use super::msgpack_decode;
use crate::error;
use crate::vm::Shared;

/// Tables nested deeper are packed as nothing.
const NESTING_MAX: usize = 16;

/// The library.
pub(crate) fn table(lua: &Lua, shared: &Rc<Shared>) -> Result<Table> {
    let table = lua.create_table()?;
    let own = Rc::clone(shared);
    let pack = move |lua: &Lua, values: MultiValue| pack(lua, &values, own.memory_bytes_max.get());
    table.set("pack", lua.create_function(pack)?)?;
    msgpack_decode::register(lua, &table)?;
    table.set("_NAME", "cmsgpack")?;
    table.set("_VERSION", "lua-cmsgpack 0.4.0")?;
    table.set("_COPYRIGHT", "Copyright (C) 2012, Redis Ltd.")?;
    table.set("_DESCRIPTION", "MessagePack C implementation for Lua")?;
    Ok(table)
}

fn pack(lua: &Lua, values: &MultiValue, bytes_max: usize) -> Result<mlua::LuaString> {
    if values.is_empty() {
        return Err(error::argument(lua, 0, "pack", "MessagePack pack needs input."));
    }
    let mut packer = Packer { lua, packed: Vec::new(), bytes_max };
    for value in values {
        packer.value(value, 0)?;
    }
    lua.create_string(packer.packed)
}

struct Packer<'a> {
    lua: &'a Lua,
    packed: Vec<u8>,
    /// A value may stand at many places, so what is packed has an end of its own.
    bytes_max: usize,
}

impl Packer<'_> {
    fn value(&mut self, value: &Value, depth: usize) -> Result<()> {
        let packed = &mut self.packed;
        if packed.len() > self.bytes_max {
            return Err(error::text(self.lua, "not enough memory"));
        }
        match value {
            Value::String(string) => pack_string(&string.as_bytes(), packed),
            Value::Boolean(value) => packed.push(if *value { 0xc3 } else { 0xc2 }),
            Value::Integer(number) => pack_integer(*number, packed),
            Value::Number(number) if *number as i64 as f64 == *number => pack_integer(*number as i64, packed),
            Value::Number(number) => pack_double(*number, packed),
            Value::Table(table) if depth < NESTING_MAX => self.table(table, depth)?,
            _ => packed.push(0xc0),
        }
        Ok(())
    }

    fn table(&mut self, table: &Table, depth: usize) -> Result<()> {
        if is_array(table)? {
            let len = table.raw_len();
            pack_header(len, 0x90, 15, [None, Some(0xdc), Some(0xdd)], &mut self.packed);
            for index in 1..=len {
                self.value(&table.raw_get(index)?, depth + 1)?;
            }
            return Ok(());
        }
        let mut pairs = 0;
        table.for_each(|_: Value, _: Value| {
            pairs += 1;
            Ok(())
        })?;
        pack_header(pairs, 0x80, 15, [None, Some(0xde), Some(0xdf)], &mut self.packed);
        table.for_each(|key: Value, value: Value| {
            self.value(&key, depth + 1)?;
            self.value(&value, depth + 1)
        })
    }
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
