//! What scripts find in `redis` and `server`.

use std::rc::Rc;

use mlua::{Function, Lua, MultiValue, Table, Value};
use resp::{ArgumentsBuffer, Version};

use crate::host::{Level, Outcome, Replication};
use crate::stack::{self, Answer, Kind, Native, Stack};
use crate::vm::{BUFFER_BYTES_MAX, Shared};
use crate::{error, libraries, library};

/// Everything that the prelude builds the world of scripts from, beside Lua's own. `versions` are pairs of a name, such
/// as `REDIS`, and a version in three parts.
pub(crate) fn native(lua: &Lua, shared: &Rc<Shared>, versions: &[(&str, &str)]) -> mlua::Result<Table> {
    let native = lua.create_table()?;
    native.set("server", server(lua, shared, versions)?)?;
    native.set("loading", loading(lua, shared, versions)?)?;
    native.set("translate", translate(lua)?)?;
    libraries::random::register(lua, shared, &native)?;
    let patterns = lua.create_table()?;
    libraries::pattern::register(lua, shared, &patterns)?;
    native.set("patterns", patterns)?;
    native.set("bit", libraries::bit::table(lua)?)?;
    native.set("struct", libraries::structs::table(lua, shared)?)?;
    native.set("cmsgpack", libraries::msgpack::table(lua, shared)?)?;
    native.set("cjson", libraries::json::table(lua, shared)?)?;
    Ok(native)
}

fn server(lua: &Lua, shared: &Rc<Shared>, versions: &[(&str, &str)]) -> mlua::Result<Table> {
    let server = lua.create_table()?;
    server.set("call", stack::native::<Call<true>>(lua, shared)?)?;
    server.set("pcall", stack::native::<Call<false>>(lua, shared)?)?;
    server.set("acl_check_cmd", stack::native::<CheckAcl>(lua, shared)?)?;
    server.set("setresp", setresp(lua, shared)?)?;
    server.set("sha1hex", lua.create_function(sha1hex)?)?;
    server.set("error_reply", lua.create_function(error_reply)?)?;
    server.set("status_reply", lua.create_function(status_reply)?)?;
    server.set("set_repl", set_repl(lua, shared)?)?;
    for (name, flags) in REPLICATION {
        server.set(name, flags)?;
    }
    add_log_and_versions(lua, shared, versions, &server)?;
    Ok(server)
}

/// What the tables are that a library finds while it is loaded.
fn loading(lua: &Lua, shared: &Rc<Shared>, versions: &[(&str, &str)]) -> mlua::Result<Table> {
    let loading = lua.create_table()?;
    loading.set("register_function", library::register_function(lua, shared)?)?;
    add_log_and_versions(lua, shared, versions, &loading)?;
    Ok(loading)
}

fn add_log_and_versions(
    lua: &Lua,
    shared: &Rc<Shared>,
    versions: &[(&str, &str)],
    table: &Table,
) -> mlua::Result<()> {
    table.set("log", log(lua, shared)?)?;
    for (number, (name, _)) in (0..).zip(LEVELS) {
        table.set(name, number)?;
    }
    for (name, version) in versions {
        let parts = version.split('.').map(|part| part.parse().unwrap_or(0));
        let number = parts.fold(0, |number: u32, part: u32| number << 8 | part);
        table.set(format!("{name}_VERSION"), *version)?;
        table.set(format!("{name}_VERSION_NUM"), number)?;
    }
    table.set("SERVER_NAME", "valkey")
}

/// Has the prelude translate errors of ours.
fn translate(lua: &Lua) -> mlua::Result<Function> {
    lua.create_function(|lua, failure: Value| match &failure {
        Value::Error(inner) => error::translate(lua, inner),
        _ => Ok(failure),
    })
}

/// Gathers a command's words, or says why they are none. One string may stand among them thousands of times, so all of them
/// together may have no more than `bytes_max`.
fn gather(words: &Stack, into: &mut ArgumentsBuffer, bytes_max: usize) -> Result<(), &'static str> {
    into.clear(BUFFER_BYTES_MAX);
    if words.len() == 0 {
        return Err("ERR Please specify at least one argument for this call");
    }
    for at in 1..=words.len() {
        match words.kind(at) {
            Kind::String => into.push(words.bytes(at)),
            Kind::Number => push_number(words.number(at), into),
            _ => return Err("ERR Command arguments must be strings or integers"),
        }
        if into.bytes_len() > bytes_max {
            return Err("ERR not enough memory");
        }
    }
    Ok(())
}

fn push_number(number: f64, into: &mut ArgumentsBuffer) {
    let integer = number as i64;
    // As in Redis 7.2, the zero with a sign is 0.
    #[allow(clippy::float_cmp, reason = "only what is an integer to the bit is written as one")]
    match integer as f64 == number {
        true => into.push(integer.to_string().as_bytes()),
        false => into.push(&base::number::format_double(number)),
    }
}

/// `call`, or `pcall`, which returns errors instead of raising them.
struct Call<const RAISES: bool>;

impl<const RAISES: bool> Native for Call<RAISES> {
    const RAISES: bool = RAISES;

    fn serve(shared: &Shared, words: &Stack) -> Answer {
        if shared.is_stopped() {
            return Answer::Stop;
        }
        let mut arguments = shared.arguments.borrow_mut();
        let mut reply = shared.reply.borrow_mut();
        reply.clear();
        if let Err(error) = gather(words, &mut arguments, shared.memory_bytes_max.get()) {
            reply.error(error);
            return Answer::Reply;
        }
        match shared.with_host(|host| host.call(arguments.as_arguments(), &mut reply)) {
            Some(Outcome::Replied) => Answer::Reply,
            Some(Outcome::Refused(text)) => {
                reply.error(text);
                Answer::Reply
            }
            Some(Outcome::Stop) | None => Answer::Stop,
        }
    }
}

/// `acl_check_cmd`.
struct CheckAcl;

impl Native for CheckAcl {
    const RAISES: bool = true;

    fn serve(shared: &Shared, words: &Stack) -> Answer {
        let mut arguments = shared.arguments.borrow_mut();
        let permits = gather(words, &mut arguments, shared.memory_bytes_max.get()).and_then(|()| {
            let permits = shared.with_host(|host| host.permits(arguments.as_arguments())).flatten();
            permits.ok_or("ERR Invalid command passed to server.acl_check_cmd()")
        });
        match permits {
            Ok(permits) => Answer::Boolean(permits),
            Err(error) => {
                let mut reply = shared.reply.borrow_mut();
                reply.clear();
                reply.error(error);
                Answer::Reply
            }
        }
    }
}

fn setresp(lua: &Lua, shared: &Rc<Shared>) -> mlua::Result<Function> {
    let shared = Rc::clone(shared);
    lua.create_function(move |lua, arguments: MultiValue| {
        if arguments.len() != 1 {
            return Err(error::table("ERR server.setresp() requires one argument."));
        }
        let version = match number(lua, arguments.front())? {
            Some(2.0) => Version::Resp2,
            Some(3.0) => Version::Resp3,
            _ => return Err(error::table("ERR RESP version must be 2 or 3.")),
        };
        shared.reply.borrow_mut().set_version(version);
        Ok(())
    })
}

/// The number that an argument is, as Lua understands it.
fn number(lua: &Lua, argument: Option<&Value>) -> mlua::Result<Option<f64>> {
    argument.map_or(Ok(None), |argument| lua.coerce_number(argument.clone()))
}

fn sha1hex(lua: &Lua, arguments: MultiValue) -> mlua::Result<mlua::LuaString> {
    if arguments.len() != 1 {
        return Err(error::table("ERR wrong number of arguments"));
    }
    let text = arguments.front().cloned().map_or(Ok(None), |text| lua.coerce_string(text))?;
    let digest = text.map_or_else(|| crate::digest(b""), |text| crate::digest(&text.as_bytes()));
    lua.create_string(digest)
}

/// The argument, if it is one and a text.
fn only_text(arguments: &MultiValue) -> Option<Vec<u8>> {
    match (arguments.len(), arguments.front()) {
        (1, Some(Value::String(text))) => Some(text.as_bytes().to_vec()),
        _ => None,
    }
}

const NOT_ONE_TEXT: &str = "ERR wrong number or type of arguments";

fn error_reply(lua: &Lua, arguments: MultiValue) -> mlua::Result<Table> {
    let text = only_text(&arguments).unwrap_or_else(|| NOT_ONE_TEXT.into());
    let text = text.strip_prefix(b"-").unwrap_or(&text);
    let text = if text.contains(&b' ') { text.to_vec() } else { [b"ERR ", text].concat() };
    let is_break = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let end = text.iter().rposition(|byte| !is_break(byte)).map_or(0, |last| last + 1);
    let table = lua.create_table()?;
    table.raw_set("err", lua.create_string(&text[..end])?)?;
    Ok(table)
}

fn status_reply(lua: &Lua, arguments: MultiValue) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    match only_text(&arguments) {
        Some(text) => table.raw_set("ok", lua.create_string(text)?)?,
        None => table.raw_set("err", NOT_ONE_TEXT)?,
    }
    Ok(table)
}

const TO_FILE: i64 = 1;
const TO_REPLICAS: i64 = 2;

/// What `set_repl` takes.
const REPLICATION: [(&str, i64); 5] = [
    ("REPL_NONE", 0),
    ("REPL_AOF", TO_FILE),
    ("REPL_SLAVE", TO_REPLICAS),
    ("REPL_REPLICA", TO_REPLICAS),
    ("REPL_ALL", TO_FILE | TO_REPLICAS),
];

fn set_repl(lua: &Lua, shared: &Rc<Shared>) -> mlua::Result<Function> {
    let shared = Rc::clone(shared);
    lua.create_function(move |lua, arguments: MultiValue| {
        if arguments.len() != 1 {
            return Err(error::table("ERR server.set_repl() requires one argument."));
        }
        let flags = number(lua, arguments.front())?.unwrap_or_default() as i64;
        if flags & !(TO_FILE | TO_REPLICAS) != 0 {
            let text = "ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.";
            return Err(error::table(text));
        }
        let replication =
            Replication { to_file: flags & TO_FILE != 0, to_replicas: flags & TO_REPLICAS != 0 };
        shared.with_host(|host| host.replicate(replication));
        Ok(())
    })
}

const LEVELS: [(&str, Level); 4] = [
    ("LOG_DEBUG", Level::Debug),
    ("LOG_VERBOSE", Level::Verbose),
    ("LOG_NOTICE", Level::Notice),
    ("LOG_WARNING", Level::Warning),
];

fn log(lua: &Lua, shared: &Rc<Shared>) -> mlua::Result<Function> {
    let shared = Rc::clone(shared);
    lua.create_function(move |lua, arguments: MultiValue| {
        if arguments.len() < 2 {
            return Err(error::table("ERR server.log() requires two arguments or more."));
        }
        let Some(level) = number(lua, arguments.front())? else {
            return Err(error::table("ERR First argument must be a number (log level)."));
        };
        let level = LEVELS.get(level as usize).filter(|_| level >= 0.0);
        let Some((_, level)) = level else { return Err(error::table("ERR Invalid log level.")) };
        let mut line = Vec::new();
        for part in arguments.iter().skip(1) {
            if let Some(part) = lua.coerce_string(part.clone())? {
                if !line.is_empty() {
                    line.push(b' ');
                }
                line.extend_from_slice(&part.as_bytes());
            }
        }
        shared.with_host(|host| host.log(*level, &line));
        Ok(())
    })
}
