//! READWRITE: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "readwrite",
    group: Cluster,
    since: "3.0.0",
    complexity: "O(1)",
    summary: "Enables read-write queries for a connection to a Redis Cluster replica node.",
    handler: Session,
    flags: [Loading, Stale, Fast],
    examples: r#"
        > READWRITE
        (error) ERR This instance has cluster support disabled
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(_: &mut Session, _: Args, _: &mut Reply) -> Result<()> {
    super::refuse()
}
