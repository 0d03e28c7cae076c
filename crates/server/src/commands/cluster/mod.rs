//! Commands of a cluster's nodes. This server is none, and says so to whoever asks, whatever the arguments; CLUSTER HELP
//! helps all the same, and READONLY and READWRITE mean something to any replica.

mod nodes;
mod subcommands;

use commands::{Error, Result};
use resp::{Arguments, Reply};

use super::SessionCommand;
use crate::session::Session;

/// The commands of this family.
pub(crate) const FAMILY: &[SessionCommand] = &[
    (&nodes::asking::COMMAND, Some(refuse)),
    (&subcommands::COMMAND, None),
    (&subcommands::addslots::COMMAND, Some(refuse)),
    (&subcommands::addslotsrange::COMMAND, Some(refuse)),
    (&subcommands::bumpepoch::COMMAND, Some(refuse)),
    (&subcommands::count_failure_reports::COMMAND, Some(refuse)),
    (&subcommands::countkeysinslot::COMMAND, Some(refuse)),
    (&subcommands::delslots::COMMAND, Some(refuse)),
    (&subcommands::delslotsrange::COMMAND, Some(refuse)),
    (&subcommands::failover::COMMAND, Some(refuse)),
    (&subcommands::flushslots::COMMAND, Some(refuse)),
    (&subcommands::forget::COMMAND, Some(refuse)),
    (&subcommands::getkeysinslot::COMMAND, Some(refuse)),
    (&subcommands::help::COMMAND, Some(help)),
    (&subcommands::info::COMMAND, Some(refuse)),
    (&subcommands::keyslot::COMMAND, Some(refuse)),
    (&subcommands::links::COMMAND, Some(refuse)),
    (&subcommands::meet::COMMAND, Some(refuse)),
    (&subcommands::myid::COMMAND, Some(refuse)),
    (&subcommands::myshardid::COMMAND, Some(refuse)),
    (&subcommands::nodes::COMMAND, Some(refuse)),
    (&subcommands::replicas::COMMAND, Some(refuse)),
    (&subcommands::replicate::COMMAND, Some(refuse)),
    (&subcommands::reset::COMMAND, Some(refuse)),
    (&subcommands::saveconfig::COMMAND, Some(refuse)),
    (&subcommands::set_config_epoch::COMMAND, Some(refuse)),
    (&subcommands::setslot::COMMAND, Some(refuse)),
    (&subcommands::shards::COMMAND, Some(refuse)),
    (&subcommands::slaves::COMMAND, Some(refuse)),
    (&subcommands::slots::COMMAND, Some(refuse)),
    (&nodes::readonly::COMMAND, Some(nodes::read_here)),
    (&nodes::readwrite::COMMAND, Some(nodes::read_at_primary)),
];

/// What a server that is no node answers, before it looks at any argument.
fn refuse(_: &mut Session, _: Arguments<'_>, _: &mut Reply) -> Result<()> {
    Err(Error::fixed("ERR This instance has cluster support disabled"))
}

fn help(session: &mut Session, _: Arguments<'_>, reply: &mut Reply) -> Result<()> {
    subcommands::help::run(session, subcommands::help::Args {}, reply)
}

/// Declares commands that only nodes answer, each in a module of its name. What a command takes is declared for COMMAND
/// and its like; nothing reads it.
macro_rules! declare {
    ($($module:ident: $name:literal, since $since:literal, $complexity:literal, [$($flag:ident),*], $summary:literal
        ($arguments:item))*) => {
        $(
            #[doc = $summary]
            pub(in crate::commands::cluster) mod $module {
                use commands::prelude::*;

                command! {
                    name: $name,
                    group: Cluster,
                    since: $since,
                    complexity: $complexity,
                    summary: $summary,
                    handler: Session,
                    flags: [$($flag),*],
                    examples: "",
                }

                #[derive(Args)]
                $arguments
            }
        )*
    };
}
use declare;
