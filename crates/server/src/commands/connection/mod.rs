//! Commands on the client's connection.

crate::commands::session_family! {
    auth,
    client { getname, id, info, kill, list, no_evict, no_touch, reply, setinfo, setname, unblock },
    echo,
    hello,
    ping,
    quit,
    reset,
    select,
}
