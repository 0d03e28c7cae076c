//! EVAL: see its summary.

use commands::args::ScriptKeys;
use commands::prelude::*;

command! {
    name: "eval",
    group: Scripting,
    since: "2.6.0",
    complexity: "Depends on the script that is executed.",
    summary: "Executes a server-side Lua script.",
    handler: Script,
    arity: -3,
    flags: [NoScript, Stale, SkipMonitor, MayReplicate, NoMandatoryKeys],
    examples: r#"
        > EVAL "return redis.call('SET', KEYS[1], ARGV[1])" 1 seat taken
        OK
        > EVAL "return {KEYS[1], ARGV[1], 3.9}" 1 key argument
        1) "key"
        2) "argument"
        3) (integer) 3
        > EVAL "return 1" -1
        (error) ERR Number of keys can't be negative
    "#,
}

#[derive(Args)]
struct Args<'a> {
    #[arg(name = "script")]
    _what: &'a [u8],
    #[arg(name = "key", access = "RW ACCESS UPDATE")]
    keys: ScriptKeys<'a>,
    #[arg(name = "arg")]
    _arguments: Option<Many<&'a [u8]>>,
}
