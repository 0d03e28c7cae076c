//! Commands on the server as a whole.

crate::commands::session_family! {
    acl { cat, deluser, dryrun, genpass, getuser, help, list, load, log, save, setuser, users, whoami },
    bgrewriteaof,
    bgsave,
    command run { count, docs, getkeys, getkeysandflags, help, info, list },
    compact,
    config { get, help, resetstat, rewrite, set },
    debug,
    info,
    lastsave,
    latency { doctor, graph, help, histogram, history, latest, reset },
    lolwut,
    memory { doctor, help, malloc_stats, purge, stats },
    module { help, list },
    monitor,
    role,
    save,
    shutdown,
    slowlog { get, help, len, reset },
    time,
}

pub(crate) use command::key_specs::{self, slots_of};
pub(crate) use command::traits;

use crate::client::Client;

/// Whether the client is on this machine.
fn is_local(client: &Client) -> bool {
    let ip = client.address.rsplit_once(':').map_or("", |(ip, _)| ip.trim_matches(['[', ']']));
    client.is_unix || ip.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}
