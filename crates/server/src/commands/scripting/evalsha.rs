//! EVALSHA: see its summary.

use commands::args::ScriptKeys;
use commands::prelude::*;

command! {
    name: "evalsha",
    group: Scripting,
    since: "2.6.0",
    complexity: "Depends on the script that is executed.",
    summary: "Executes a server-side Lua script by SHA1 digest.",
    handler: Script,
    arity: -3,
    flags: [NoScript, Stale, SkipMonitor, MayReplicate, NoMandatoryKeys],
    examples: r#"
        > SCRIPT LOAD "return 1"
        "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"
        > EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0
        (integer) 1
        > EVALSHA ffffffffffffffffffffffffffffffffffffffff 0
        (error) NOSCRIPT No matching script. Please use EVAL.
    "#,
}

#[derive(Args)]
struct Args<'a> {
    #[arg(name = "sha1")]
    _what: &'a [u8],
    #[arg(name = "key", access = "RW ACCESS UPDATE")]
    keys: ScriptKeys<'a>,
    #[arg(name = "arg")]
    _arguments: Option<Many<&'a [u8]>>,
}
