//! Values, read: any form that Redis 2.6 to 7.4 and Valkey 8 write becomes the form that Esker holds such a value in.

mod collections;
mod hash;
mod stream;
mod zset;

use values::entry::Entry;
use values::limits::Limits;
use values::string;

use crate::damage::{Damage, Flaw};
use crate::input::{Input, Text};
use crate::packed::{Item, Wrong};
use crate::value_type::ValueType;

/// The value in `input`, which is the byte of its type and then nothing but the value, as the value of `key`.
///
/// The entry has no deadline and was never used; its collection has the form that `limits` ask for. Everything is
/// checked, as with Redis' `sanitize-dump-payload yes`, so that memory beyond a small multiple of `input` is taken for
/// compressed strings alone, and never more than what these expand to.
///
/// # Errors
///
/// Where the bytes are damaged, or hold what cannot be a value here: a module's, a collection without elements.
pub fn decode_value(input: &[u8], key: &[u8], limits: &Limits) -> Result<Entry, Damage> {
    let mut input = Input::new(input);
    let byte = input.byte()?;
    let value_type =
        ValueType::from_byte(byte).ok_or_else(|| Damage::new(0, "no known type of value".into()))?;
    let entry = Decoder { input: &mut input, key, limits, repeated: 0 }.value(value_type)?;
    if input.left() > 0 {
        return Err(input.damage("more bytes than the value has"));
    }
    Ok(entry)
}

/// The reading of one value.
struct Decoder<'d, 'a> {
    input: &'d mut Input<'a>,
    key: &'d [u8],
    limits: &'d Limits,
    /// Bytes of the names of a stream's fields, as often as they are repeated.
    repeated: usize,
}

impl<'a> Decoder<'_, 'a> {
    fn value(&mut self, value_type: ValueType) -> Result<Entry, Damage> {
        match value_type {
            ValueType::String => self.string(),
            ValueType::List => self.list_of_strings(),
            ValueType::ListZiplist => self.list_of_ziplist(),
            ValueType::ListQuicklist => self.list_of_ziplists(),
            ValueType::ListQuicklist2 => self.list_of_listpacks(),
            ValueType::Set => self.set_of_strings(),
            ValueType::SetIntset => self.set_of_intset(),
            ValueType::SetListpack => self.set_of_listpack(),
            ValueType::Hash => self.hash_of_strings(),
            ValueType::HashZipmap => self.hash_of_zipmap(),
            ValueType::HashZiplist => self.hash_of_ziplist(),
            ValueType::HashListpack => self.hash_of_listpack(),
            ValueType::HashMetadata => self.hash_of_strings_with_deadlines(true),
            ValueType::HashMetadataPreGa => self.hash_of_strings_with_deadlines(false),
            ValueType::HashListpackEx => self.hash_of_listpack_with_deadlines(true),
            ValueType::HashListpackExPreGa => self.hash_of_listpack_with_deadlines(false),
            ValueType::ZSet => self.zset_of_strings(false),
            ValueType::ZSet2 => self.zset_of_strings(true),
            ValueType::ZSetZiplist => self.zset_of_ziplist(),
            ValueType::ZSetListpack => self.zset_of_listpack(),
            ValueType::StreamListpacks => self.stream(1),
            ValueType::StreamListpacks2 => self.stream(2),
            ValueType::StreamListpacks3 => self.stream(3),
            ValueType::Module2 => {
                let at = self.input.at();
                let id = self.input.length()?;
                Err(Damage::new(at, Flaw::Module(module_name(id))))
            }
            ValueType::ModulePreGa => Err(self.input.damage("a module's value of before Redis 4.0")),
        }
    }

    fn string(&mut self) -> Result<Entry, Damage> {
        let text = self.input.string()?;
        let mut scratch = [0; 8];
        let (form, value) = string::pack(&text.bytes, &mut scratch);
        Ok(Entry::new(self.key, form, value))
    }
}

/// The name of a module's type, which nine characters of six bits and ten bits of version make up (`module.c`).
pub(crate) fn module_name(id: u64) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let letter =
        |index: u64| LETTERS.get((id >> (10 + 6 * (8 - index)) & 63) as usize).copied().map(char::from);
    (0..9).filter_map(letter).collect()
}

const TWICE: &str = "an element that is there twice";
const NO_VALUE: &str = "a field without a value";

/// Calls `f` with every element of the run in `text`, which `open` opens.
fn each<'t, I: Iterator<Item = Result<Item<'t>, Wrong>>>(
    text: &'t Text<'_>,
    open: impl FnOnce(&'t [u8]) -> Result<I, Wrong>,
    mut f: impl FnMut(Item<'t>) -> Result<(), &'static str>,
) -> Result<(), Damage> {
    let damage = |wrong: Wrong| text.damage(wrong.at, wrong.what);
    for item in open(&text.bytes).map_err(damage)? {
        f(item.map_err(damage)?).map_err(|what| text.damage(0, what))?;
    }
    Ok(())
}

/// As [`each`], with the elements in groups of `N`.
fn each_group<'t, const N: usize, I: Iterator<Item = Result<Item<'t>, Wrong>>>(
    text: &'t Text<'_>,
    open: impl FnOnce(&'t [u8]) -> Result<I, Wrong>,
    mut f: impl FnMut([Item<'t>; N]) -> Result<(), &'static str>,
) -> Result<(), Damage> {
    let mut group = Vec::with_capacity(N);
    each(text, open, |item| {
        group.push(item);
        match <[Item<'t>; N]>::try_from(group.as_slice()) {
            Ok(whole) => {
                group.clear();
                f(whole)
            }
            Err(_) => Ok(()),
        }
    })?;
    if !group.is_empty() {
        return Err(text.damage(text.bytes.len(), NO_VALUE));
    }
    Ok(())
}

/// What a collection has become, which must have some elements: the count of them says so.
fn not_empty(entry: Entry, len: usize) -> Result<Entry, Damage> {
    if len == 0 {
        return Err(Damage::new(0, Flaw::Empty));
    }
    Ok(entry)
}
