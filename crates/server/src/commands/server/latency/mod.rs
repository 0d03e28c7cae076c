//! LATENCY: what took long, and how long commands take.

pub(super) mod doctor;
pub(super) mod graph;
pub(super) mod help;
pub(super) mod histogram;
pub(super) mod history;
pub(super) mod latest;
pub(super) mod reset;

use commands::prelude::*;

command! {
    name: "latency",
    group: Server,
    since: "2.8.13",
    complexity: "Depends on subcommand.",
    summary: "A container for latency diagnostics commands.",
    handler: Container,
    subcommands: [
        doctor::COMMAND,
        graph::COMMAND,
        help::COMMAND,
        histogram::COMMAND,
        history::COMMAND,
        latest::COMMAND,
        reset::COMMAND,
    ],
    examples: "",
}

#[derive(Args)]
struct Args {}
