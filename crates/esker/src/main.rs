//! Configuration, wiring, main: the one place that knows every room.

mod allocator;
mod check_aof;
mod check_rdb;
mod cli;
mod engines;
mod limits;
mod log;
mod serve;

use std::ffi::OsString;
use std::process::ExitCode;

/// Redis' allocator: its size classes are what the layout of keys is made for, and it gives memory back.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const HELP: &str = "\
Esker serves Redis clients from memory.

Usage: esker [server] [redis.conf | -] [--directive value …]
       esker cli [options] [command [argument …]]
       esker check-aof [--fix] FILE | MANIFEST
       esker check-rdb FILE
       esker --help | --version

  server     Start the server; also what happens without a command. Every directive of redis.conf can be given
             as an option: esker server /etc/redis.conf --port 6380 --appendonly no
  cli        Talk to a server; without a command, at a prompt. See esker cli --help.
  check-aof  Find out what is wrong with an append-only file. See esker check-aof --help.
  check-rdb  Say whether a file in Redis' snapshot format can be loaded, and where it is damaged.
";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match arguments.first().and_then(|first| first.to_str()) {
        Some("--help" | "-h" | "help") => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        Some("--version" | "-v" | "-V") => {
            println!("esker {}", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        Some("check-aof") => check_aof::main(&arguments[1..]),
        Some("check-rdb") => check_rdb::main(&arguments[1..]),
        Some("cli") => cli::main(&arguments[1..]),
        Some("server") => serve::main(&arguments[1..]),
        _ => serve::main(&arguments),
    }
}
