//! EVALSHA_RO: see its summary.

use commands::args::ScriptKeys;
use commands::prelude::*;

command! {
    name: "evalsha_ro",
    group: Scripting,
    since: "7.0.0",
    complexity: "Depends on the script that is executed.",
    summary: "Executes a read-only server-side Lua script by SHA1 digest.",
    handler: Script,
    arity: -3,
    flags: [NoScript, Stale, SkipMonitor, NoMandatoryKeys],
    examples: r#"
        > SCRIPT LOAD "return 1"
        "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"
        > EVALSHA_RO e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0
        (integer) 1
    "#,
}

#[derive(Args)]
struct Args<'a> {
    #[arg(name = "sha1")]
    _what: &'a [u8],
    #[arg(name = "key", access = "RO ACCESS")]
    keys: ScriptKeys<'a>,
    #[arg(name = "arg")]
    _arguments: Option<Many<&'a [u8]>>,
}
