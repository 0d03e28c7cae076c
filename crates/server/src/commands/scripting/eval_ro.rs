//! EVAL_RO: see its summary.

use commands::args::ScriptKeys;
use commands::prelude::*;

command! {
    name: "eval_ro",
    group: Scripting,
    since: "7.0.0",
    complexity: "Depends on the script that is executed.",
    summary: "Executes a read-only server-side Lua script.",
    handler: Script,
    arity: -3,
    flags: [NoScript, Stale, SkipMonitor, NoMandatoryKeys],
    examples: r#"
        > SET seat taken
        OK
        > EVAL_RO "return redis.call('GET', KEYS[1])" 1 seat
        "taken"
    "#,
}

#[derive(Args)]
struct Args<'a> {
    #[arg(name = "script")]
    _what: &'a [u8],
    #[arg(name = "key", access = "RO ACCESS")]
    keys: ScriptKeys<'a>,
    #[arg(name = "arg")]
    _arguments: Option<Many<&'a [u8]>>,
}
