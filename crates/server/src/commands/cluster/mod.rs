//! Commands of a cluster's nodes. This server is none, and says so to whoever asks, whatever the arguments; CLUSTER HELP
//! helps all the same.

mod cluster;
mod nodes;

use commands::{Error, Result};
use resp::{Arguments, Reply};

use super::SessionCommand;
use crate::session::Session;

/// The commands of this family.
pub(crate) const FAMILY: &[SessionCommand] = &[
    (&nodes::asking::COMMAND, Some(refuse)),
    (&cluster::COMMAND, None),
    (&cluster::addslots::COMMAND, Some(refuse)),
    (&cluster::addslotsrange::COMMAND, Some(refuse)),
    (&cluster::bumpepoch::COMMAND, Some(refuse)),
    (&cluster::count_failure_reports::COMMAND, Some(refuse)),
    (&cluster::countkeysinslot::COMMAND, Some(refuse)),
    (&cluster::delslots::COMMAND, Some(refuse)),
    (&cluster::delslotsrange::COMMAND, Some(refuse)),
    (&cluster::failover::COMMAND, Some(refuse)),
    (&cluster::flushslots::COMMAND, Some(refuse)),
    (&cluster::forget::COMMAND, Some(refuse)),
    (&cluster::getkeysinslot::COMMAND, Some(refuse)),
    (&cluster::help::COMMAND, Some(help)),
    (&cluster::info::COMMAND, Some(refuse)),
    (&cluster::keyslot::COMMAND, Some(refuse)),
    (&cluster::links::COMMAND, Some(refuse)),
    (&cluster::meet::COMMAND, Some(refuse)),
    (&cluster::myid::COMMAND, Some(refuse)),
    (&cluster::myshardid::COMMAND, Some(refuse)),
    (&cluster::nodes::COMMAND, Some(refuse)),
    (&cluster::replicas::COMMAND, Some(refuse)),
    (&cluster::replicate::COMMAND, Some(refuse)),
    (&cluster::reset::COMMAND, Some(refuse)),
    (&cluster::saveconfig::COMMAND, Some(refuse)),
    (&cluster::set_config_epoch::COMMAND, Some(refuse)),
    (&cluster::setslot::COMMAND, Some(refuse)),
    (&cluster::shards::COMMAND, Some(refuse)),
    (&cluster::slaves::COMMAND, Some(refuse)),
    (&cluster::slots::COMMAND, Some(refuse)),
    (&nodes::readonly::COMMAND, Some(refuse)),
    (&nodes::readwrite::COMMAND, Some(refuse)),
];

/// What a server that is no node answers, before it looks at any argument.
fn refuse(_: &mut Session, _: Arguments<'_>, _: &mut Reply) -> Result<()> {
    Err(Error::fixed("ERR This instance has cluster support disabled"))
}

fn help(session: &mut Session, _: Arguments<'_>, reply: &mut Reply) -> Result<()> {
    cluster::help::run(session, cluster::help::Args {}, reply)
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
