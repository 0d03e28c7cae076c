//! PFDEBUG: looks into a HyperLogLog.

use keyspace::StringMut;
use values::hyperloglog::{self, Registers};

use super::value::bytes;
use crate::prelude::*;

command! {
    name: "pfdebug",
    group: HyperLogLog,
    since: "2.8.9",
    complexity: "N/A",
    summary: "Internal commands for debugging HyperLogLog values.",
    handler: Write(pfdebug),
    flags: [Admin, DenyOom],
    examples: r#"
        > PFADD visitors alice
        (integer) 1
        > PFDEBUG ENCODING visitors
        sparse
        > PFDEBUG DECODE visitors
        "Z:1341 v:6,1 Z:15042"
        > PFDEBUG TODENSE visitors
        (integer) 1
        > PFDEBUG ENCODING visitors
        dense
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    subcommand: &'a [u8],
    #[arg(access = "RW ACCESS")]
    key: Key<'a>,
}

fn pfdebug(txn: &mut WriteTxn<'_>, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    const NO_KEY: Error = Error::fixed("ERR The specified key does not exist");
    const NOT_SPARSE: Error = Error::fixed("ERR HLL encoding is not sparse");
    let mut string = txn.string_mut(&args.key)?.ok_or(NO_KEY)?;
    let value = bytes(string.read())?;
    match args.subcommand.to_ascii_lowercase().as_slice() {
        b"getreg" => {
            let mut registers = Registers::new();
            registers.merge(value)?;
            make_dense(&mut string)?;
            reply.array(registers.ranks().len());
            registers.ranks().iter().for_each(|rank| reply.integer(i64::from(*rank)));
        }
        b"decode" => {
            let runs = hyperloglog::describe_runs(value)?.ok_or(NOT_SPARSE)?;
            reply.bulk(runs.as_bytes());
        }
        b"encoding" => {
            let encoding = hyperloglog::encoding(value).ok_or(hyperloglog::Corrupt)?;
            reply.simple(encoding.name());
        }
        b"todense" => {
            reply.integer(i64::from(make_dense(&mut string)?));
        }
        _ => {
            let name = shown(args.subcommand);
            return Err(Error::new(format_args!("Unknown PFDEBUG subcommand '{name}'")));
        }
    }
    Ok(())
}

/// Makes it dense, and says whether it was not. Redis tells no watcher of that.
fn make_dense(string: &mut StringMut<'_>) -> Result<bool> {
    let mut result = Ok(false);
    string.rewrite(|buffer| {
        result = hyperloglog::make_dense(buffer);
        result == Ok(true)
    });
    Ok(result?)
}
