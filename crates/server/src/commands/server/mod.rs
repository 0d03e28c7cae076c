//! Commands on the server as a whole.

crate::commands::session_family! {
    command run { count, docs, getkeys, getkeysandflags, help, info, list },
    config { get, help, resetstat, rewrite, set },
    debug,
    info,
    latency { doctor, graph, help, histogram, history, latest, reset },
    lolwut,
    memory { doctor, help, purge, stats },
    monitor,
    shutdown,
    slowlog { get, help, len, reset },
    time,
}

use crate::client::Client;

/// Whether the client is on this machine.
fn is_local(client: &Client) -> bool {
    let ip = client.address.rsplit_once(':').map_or("", |(ip, _)| ip.trim_matches(['[', ']']));
    client.is_unix || ip.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

/// Declares the HELP of the container whose module this is in.
macro_rules! help {
    ($name:literal, since $since:literal) => {
        use commands::prelude::*;

        use crate::session::Session;

        command! {
            name: $name,
            group: Server,
            since: $since,
            complexity: "O(1)",
            summary: "Returns helpful text about the different subcommands.",
            handler: Admin,
            flags: [Loading, Stale],
            examples: "",
        }

        #[derive(Args)]
        pub struct Args {}

        pub(crate) fn run(_: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
            commands::help::reply_help(&super::COMMAND, reply);
            Ok(())
        }
    };
}
use help;
