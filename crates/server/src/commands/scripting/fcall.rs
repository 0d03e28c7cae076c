//! FCALL: see its summary.

use commands::args::ScriptKeys;
use commands::prelude::*;

command! {
    name: "fcall",
    group: Scripting,
    since: "7.0.0",
    complexity: "Depends on the function that is executed.",
    summary: "Invokes a function.",
    handler: Script,
    arity: -3,
    flags: [NoScript, Stale, SkipMonitor, MayReplicate, NoMandatoryKeys],
    examples: r##"
        > FUNCTION LOAD "#!lua name=shop\nredis.register_function('sell', function(keys) return redis.call('DECR', keys[1]) end)"
        "shop"
        > SET stock 3
        OK
        > FCALL sell 1 stock
        (integer) 2
        > FCALL nosuch 0
        (error) ERR Function not found
    "##,
}

#[derive(Args)]
struct Args<'a> {
    #[arg(name = "function")]
    _what: &'a [u8],
    #[arg(name = "key", access = "RW ACCESS UPDATE")]
    keys: ScriptKeys<'a>,
    #[arg(name = "arg")]
    _arguments: Option<Many<&'a [u8]>>,
}
