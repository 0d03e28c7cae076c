//! Lua's patterns: the functions of `string` that use them.
//!
//! Lua's own try every way to match there is, without end, and go as deep as a pattern is long. These ask now and then
//! whether the script may go on, and refuse patterns that are too complex. What matches is the same.

use std::cell::Cell;
use std::rc::Rc;

use mlua::{Lua, MultiValue, Result, Table, Value};

use super::Arguments;
use super::matcher::{Capture, Fault, Match, Matcher};
use crate::error::{self, Raised};
use crate::vm::Shared;

/// Puts `find`, `match`, `gmatch`, what `gsub` is made of, into `table`.
pub(crate) fn register(lua: &Lua, shared: &Rc<Shared>, table: &Table) -> Result<()> {
    let own = Rc::clone(shared);
    let finds = move |lua: &Lua, values| find(lua, &own, Arguments::new(lua, "find", values), true);
    table.set("find", lua.create_function(finds)?)?;
    let own = Rc::clone(shared);
    let matches = move |lua: &Lua, values| find(lua, &own, Arguments::new(lua, "match", values), false);
    table.set("match", lua.create_function(matches)?)?;
    let own = Rc::clone(shared);
    let gmatch = move |lua: &Lua, values| gmatch(lua, &own, &Arguments::new(lua, "gmatch", values));
    table.set("gmatch", lua.create_function(gmatch)?)?;
    let own = Rc::clone(shared);
    let gsub = move |lua: &Lua, values| gsub(lua, &own, &Arguments::new(lua, "gsub", values));
    table.set("gsub", lua.create_function(gsub)?)?;
    let own = Rc::clone(shared);
    let step = move |lua: &Lua, values| step(lua, &own, &Arguments::new(lua, "gsub", values));
    table.set("step", lua.create_function(step)?)
}

/// Finds matches of one pattern in one text.
struct Search<'a> {
    lua: &'a Lua,
    shared: &'a Shared,
    text: &'a [u8],
    pattern: &'a [u8],
    is_anchored: bool,
}

impl<'a> Search<'a> {
    fn new(lua: &'a Lua, shared: &'a Shared, text: &'a [u8], pattern: &'a [u8]) -> Search<'a> {
        let is_anchored = pattern.first() == Some(&b'^');
        Search { lua, shared, text, pattern: &pattern[usize::from(is_anchored)..], is_anchored }
    }

    /// The match that begins at `from`.
    fn at(&self, from: usize) -> Result<Option<Match>> {
        let goes_on = || self.shared.with_host(|host| host.goes_on()) != Some(false);
        Matcher::new(self.text, self.pattern, &goes_on).run(from).map_err(|fault| match fault {
            Fault::Malformed(what) => error::text(self.lua, what),
            Fault::Stopped => {
                self.shared.stop_now(self.lua);
                mlua::Error::external(Raised::Stopped)
            }
        })
    }

    /// The first match from `from` on.
    fn first(&self, from: usize) -> Result<Option<Match>> {
        for start in from..=self.text.len() {
            let found = self.at(start)?;
            if found.is_some() || self.is_anchored {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn capture(&self, capture: Capture) -> Result<Value> {
        match capture {
            Capture::Part(start, end) => Ok(Value::String(self.lua.create_string(&self.text[start..end])?)),
            Capture::Position(position) => Ok(Value::Number((position + 1) as f64)),
        }
    }

    /// What a match has captured: the whole where there are no captures.
    fn captures(&self, found: &Match, into: &mut Vec<Value>) -> Result<()> {
        if found.captures.is_empty() {
            into.push(self.capture(Capture::Part(found.start, found.end))?);
        }
        found.captures.iter().try_for_each(|capture| {
            into.push(self.capture(*capture)?);
            Ok(())
        })
    }

    fn first_capture(&self, found: &Match) -> Result<Value> {
        self.capture(found.captures.first().copied().unwrap_or(Capture::Part(found.start, found.end)))
    }
}

/// Where a search begins, counted from 0: what Lua counts from 1, or from the end where it is negative.
fn begin(arguments: &Arguments<'_>, number: usize, len: usize) -> Result<usize> {
    let begin = arguments.integer_or(number, 1)?;
    let begin = if begin < 0 { begin.saturating_add(len as i64).max(0) } else { (begin - 1).max(0) };
    Ok(usize::try_from(begin).unwrap_or(usize::MAX).min(len))
}

/// `find` and `match`.
fn find(lua: &Lua, shared: &Shared, arguments: Arguments<'_>, tells_place: bool) -> Result<MultiValue> {
    let (text, pattern) = (arguments.string(1)?, arguments.string(2)?);
    let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
    let from = begin(&arguments, 3, text.len())?;
    let is_plain =
        matches!(arguments.get(4), Some(value) if !matches!(value, Value::Nil | Value::Boolean(false)));
    let mut results = Vec::new();
    if tells_place && (is_plain || !pattern.iter().any(|byte| b"^$*+?.([%-".contains(byte))) {
        let Some(at) = position(&text[from..], &pattern) else { return Ok(one(Value::Nil)) };
        results.push(Value::Number((from + at + 1) as f64));
        results.push(Value::Number((from + at + pattern.len()) as f64));
        return Ok(results.into());
    }
    let search = Search::new(lua, shared, &text, &pattern);
    let Some(found) = search.first(from)? else { return Ok(one(Value::Nil)) };
    if tells_place {
        results.push(Value::Number((found.start + 1) as f64));
        results.push(Value::Number(found.end as f64));
    }
    if !tells_place || !found.captures.is_empty() {
        search.captures(&found, &mut results)?;
    }
    Ok(results.into())
}

/// Where `needle` first is in `text`.
fn position(text: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, needle)
}

fn one(value: Value) -> MultiValue {
    MultiValue::from_vec(vec![value])
}

fn gmatch(lua: &Lua, shared: &Rc<Shared>, arguments: &Arguments<'_>) -> Result<mlua::Function> {
    let (text, pattern) = (arguments.string(1)?, arguments.string(2)?);
    let from = Cell::new(0);
    let own = Rc::clone(shared);
    lua.create_function(move |lua, _: MultiValue| {
        let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
        // Here `^` is no anchor but a character that stands for itself, as in Lua.
        let search =
            Search { is_anchored: false, pattern: &pattern, ..Search::new(lua, &own, &text, &pattern) };
        if from.get() > text.len() {
            return Ok(one(Value::Nil));
        }
        let Some(found) = search.first(from.get())? else { return Ok(one(Value::Nil)) };
        from.set(found.end + usize::from(found.end == found.start));
        let mut results = Vec::new();
        search.captures(&found, &mut results)?;
        Ok(results.into())
    })
}

/// `gsub`, with a text or a table to replace by.
fn gsub(lua: &Lua, shared: &Shared, arguments: &Arguments<'_>) -> Result<MultiValue> {
    let (text, pattern) = (arguments.string(1)?, arguments.string(2)?);
    let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
    let by = match arguments.get(3) {
        Some(Value::Table(_)) => arguments.get(3).cloned().unwrap_or(Value::Nil),
        Some(Value::String(_) | Value::Number(_) | Value::Integer(_)) => Value::String(arguments.string(3)?),
        _ => return Err(arguments.error(3, "string/function/table expected")),
    };
    let count_max = arguments.integer_or(4, text.len() as i64 + 1)?;
    let search = Search::new(lua, shared, &text, &pattern);
    let (mut result, mut at, mut count) = (Output { shared, lua, bytes: Vec::new() }, 0, 0);
    while count < count_max {
        match search.at(at)? {
            Some(found) => {
                count += 1;
                replace(&search, &found, &by, &mut result)?;
                if found.end > at {
                    at = found.end;
                } else if at < text.len() {
                    result.add(&text[at..=at])?;
                    at += 1;
                } else {
                    break;
                }
            }
            None if at < text.len() => {
                result.add(&text[at..=at])?;
                at += 1;
            }
            None => break,
        }
        if search.is_anchored {
            break;
        }
    }
    result.add(&text[at.min(text.len())..])?;
    let results = vec![Value::String(lua.create_string(result.bytes)?), Value::Number(count as f64)];
    Ok(results.into())
}

/// A text that grows, though not beyond what the interpreter may use.
struct Output<'a> {
    shared: &'a Shared,
    lua: &'a Lua,
    bytes: Vec<u8>,
}

impl Output<'_> {
    fn add(&mut self, bytes: &[u8]) -> Result<()> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() > self.shared.memory_bytes_max.get() {
            return Err(error::text(self.lua, "not enough memory"));
        }
        Ok(())
    }
}

fn replace(search: &Search<'_>, found: &Match, by: &Value, result: &mut Output<'_>) -> Result<()> {
    let whole = &search.text[found.start..found.end];
    match by {
        Value::String(by) => replace_by_text(search, found, &by.as_bytes(), result),
        Value::Table(by) => match by.get(search.first_capture(found)?)? {
            Value::Nil | Value::Boolean(false) => result.add(whole),
            value @ (Value::String(_) | Value::Number(_) | Value::Integer(_)) => {
                let text = search.lua.coerce_string(value)?;
                result.add(&text.map_or_else(Vec::new, |text| text.as_bytes().to_vec()))
            }
            other => {
                let kind = other.type_name();
                Err(error::text(search.lua, format_args!("invalid replacement value (a {kind})")))
            }
        },
        _ => Ok(()),
    }
}

/// Adds the text, in which `%1` is the first capture, `%0` the whole, and `%` before anything else that itself.
fn replace_by_text(search: &Search<'_>, found: &Match, by: &[u8], result: &mut Output<'_>) -> Result<()> {
    let whole = Capture::Part(found.start, found.end);
    let mut rest = by;
    while let Some(percent) = memchr::memchr(b'%', rest) {
        result.add(&rest[..percent])?;
        let after = rest.get(percent + 1).copied();
        match after {
            Some(digit @ b'0'..=b'9') => {
                let index = usize::from(digit - b'0');
                let capture = match index {
                    0 => whole,
                    1 if found.captures.is_empty() => whole,
                    index => *found
                        .captures
                        .get(index - 1)
                        .ok_or_else(|| error::text(search.lua, "invalid capture index"))?,
                };
                match capture {
                    Capture::Part(start, end) => result.add(&search.text[start..end])?,
                    Capture::Position(position) => result.add((position + 1).to_string().as_bytes())?,
                }
            }
            Some(other) => result.add(&[other])?,
            None => {}
        }
        rest = rest.get(percent + 2..).unwrap_or_default();
    }
    result.add(rest)
}

/// For `gsub` with a function, which the prelude calls itself: whether there is a match at a position (counted from 0),
/// where it ends, and what it has captured.
fn step(lua: &Lua, shared: &Shared, arguments: &Arguments<'_>) -> Result<MultiValue> {
    let (text, pattern) = (arguments.string(1)?, arguments.string(2)?);
    let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
    let at = usize::try_from(arguments.integer(3)?).unwrap_or(0).min(text.len());
    let search = Search::new(lua, shared, &text, &pattern);
    // Without an anchor the prelude need not ask at every position.
    let found = if search.is_anchored { search.at(at)? } else { search.first(at)? };
    let Some(found) = found else { return Ok(one(Value::Nil)) };
    let mut results = vec![Value::Number(found.start as f64), Value::Number(found.end as f64)];
    search.captures(&found, &mut results)?;
    Ok(results.into())
}
