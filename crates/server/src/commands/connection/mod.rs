//! Commands on the client's connection.

pub(crate) use client::describe as describe_client;

crate::commands::session_family! {
    auth,
    client {
        caching, capa, getname, getredir, help, id, info, kill, list, no_evict, no_touch, pause, reply, setinfo,
        setname, tracking, trackinginfo, unblock, unpause
    },
    echo,
    hello,
    ping,
    quit,
    reset,
    select,
}
