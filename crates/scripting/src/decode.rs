//! A command's reply as a script sees it: from the bytes of the protocol straight to values of Lua.

use mlua::{Lua, Result, Table, Value};

/// The value that the encoded reply `bytes` stands for.
pub(crate) fn decode(lua: &Lua, bytes: &[u8]) -> Result<Value> {
    Decoder { lua, bytes, at: 0 }.value()
}

/// What is left of a reply. Replies come from the server's own hand: where one ends too early, `nil` is what is missing.
struct Decoder<'a> {
    lua: &'a Lua,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Decoder<'a> {
    fn line(&mut self) -> &'a [u8] {
        let rest = &self.bytes[self.at.min(self.bytes.len())..];
        let len = rest.windows(2).position(|pair| pair == b"\r\n").unwrap_or(rest.len());
        self.at += len + 2;
        &rest[..len]
    }

    /// So many bytes and a line end.
    fn chunk(&mut self, len: usize) -> &'a [u8] {
        let rest = &self.bytes[self.at.min(self.bytes.len())..];
        self.at += len + 2;
        &rest[..len.min(rest.len())]
    }

    fn single(&self, field: &str, value: impl mlua::IntoLua) -> Result<Value> {
        let table = self.lua.create_table_with_capacity(0, 1)?;
        table.raw_set(field, value)?;
        Ok(Value::Table(table))
    }

    fn value(&mut self) -> Result<Value> {
        let sigil = self.bytes.get(self.at).copied().unwrap_or(b'_');
        self.at += 1;
        let line = self.line();
        let number = || base::number::parse_i64(line).unwrap_or_default();
        match sigil {
            b'+' => self.single("ok", self.lua.create_string(line)?),
            b'-' => {
                let table = self.lua.create_table_with_capacity(0, 2)?;
                table.raw_set("err", self.lua.create_string(line)?)?;
                table.raw_set("ignore_error_stats_update", true)?;
                Ok(Value::Table(table))
            }
            b':' => Ok(Value::Number(number() as f64)),
            b'$' => match usize::try_from(number()) {
                Ok(len) => {
                    let chunk = self.chunk(len);
                    Ok(Value::String(self.lua.create_string(chunk)?))
                }
                Err(_) => Ok(Value::Boolean(false)),
            },
            b'*' | b'>' => match usize::try_from(number()) {
                Ok(len) => self.array(len).map(Value::Table),
                Err(_) => Ok(Value::Boolean(false)),
            },
            b'%' => {
                let pairs = self.lua.create_table()?;
                for _ in 0..number() {
                    let key = self.value()?;
                    let value = self.value()?;
                    if !key.is_nil() {
                        pairs.raw_set(key, value)?;
                    }
                }
                self.single("map", pairs)
            }
            b'~' => {
                let members = self.lua.create_table()?;
                for _ in 0..number() {
                    let member = self.value()?;
                    if !member.is_nil() {
                        members.raw_set(member, true)?;
                    }
                }
                self.single("set", members)
            }
            b'|' => {
                for _ in 0..2 * number() {
                    self.value()?;
                }
                self.value()
            }
            b'#' => Ok(Value::Boolean(line == b"t")),
            b',' => self.single("double", base::number::parse_f64(line).unwrap_or(f64::NAN)),
            b'(' => self.single("big_number", self.lua.create_string(line)?),
            b'=' => {
                let chunk = self.chunk(usize::try_from(number()).unwrap_or(0));
                let verbatim = self.lua.create_table_with_capacity(0, 2)?;
                verbatim.raw_set("format", self.lua.create_string(chunk.get(..3).unwrap_or_default())?)?;
                verbatim.raw_set("string", self.lua.create_string(chunk.get(4..).unwrap_or_default())?)?;
                self.single("verbatim_string", verbatim)
            }
            _ => Ok(Value::Nil),
        }
    }

    fn array(&mut self, len: usize) -> Result<Table> {
        let table = self.lua.create_table_with_capacity(len, 0)?;
        for index in 1..=len {
            let value = self.value()?;
            table.raw_seti(index, value)?;
        }
        Ok(table)
    }
}
