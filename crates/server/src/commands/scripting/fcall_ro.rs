//! FCALL_RO: see its summary.

use commands::args::ScriptKeys;
use commands::prelude::*;

command! {
    name: "fcall_ro",
    group: Scripting,
    since: "7.0.0",
    complexity: "Depends on the function that is executed.",
    summary: "Invokes a read-only function.",
    handler: Script,
    arity: -3,
    flags: [NoScript, Stale, SkipMonitor, NoMandatoryKeys],
    examples: r##"
        > FUNCTION LOAD "#!lua name=shop\nredis.register_function('sell', function(keys) return redis.call('DECR', keys[1]) end)"
        "shop"
        > FCALL_RO sell 1 stock
        (error) ERR Can not execute a script with write flag using *_ro command.
    "##,
}

#[derive(Args)]
struct Args<'a> {
    #[arg(name = "function")]
    _what: &'a [u8],
    #[arg(name = "key", access = "RO ACCESS")]
    keys: ScriptKeys<'a>,
    #[arg(name = "arg")]
    _arguments: Option<Many<&'a [u8]>>,
}
