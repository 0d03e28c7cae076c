//! What follows from a command's handler and declaration: its flags and its ACL categories.

use commands::{Command, Flag, Group, Handler};

use super::key_specs::KeySpec;

/// The flags of `COMMAND INFO`, in Redis' order.
pub(super) fn flags(command: &Command, specs: &[KeySpec]) -> Vec<&'static str> {
    let is_pubsub = command.group == Group::PubSub;
    [
        ("write", command.is_write()),
        ("readonly", is_read(command) || is_read_only_script(command)),
        ("denyoom", command.has(Flag::DenyOom)),
        ("admin", command.is_admin()),
        ("pubsub", is_pubsub && !is_container(command) && !is_help(command)),
        ("noscript", command.has(Flag::NoScript)),
        ("blocking", is_blocking(command)),
        ("loading", command.has(Flag::Loading)),
        ("stale", command.has(Flag::Stale)),
        ("skip_monitor", command.has(Flag::SkipMonitor)),
        ("skip_slowlog", command.has(Flag::SkipSlowlog)),
        ("fast", command.has(Flag::Fast)),
        ("no_auth", command.has(Flag::NoAuth)),
        ("no_mandatory_keys", command.has(Flag::NoMandatoryKeys)),
        ("no_async_loading", command.has(Flag::NoAsyncLoading)),
        ("no_multi", command.has(Flag::NoMulti)),
        ("movablekeys", specs.iter().any(KeySpec::is_movable)),
        ("allow_busy", command.has(Flag::AllowBusy)),
    ]
    .into_iter()
    .filter(|(_, holds)| *holds)
    .map(|(name, _)| name)
    .collect()
}

/// The ACL categories, without their `@`.
pub(crate) fn categories(command: &Command) -> Vec<&'static str> {
    let is_admin = command.is_admin();
    let is_fast = command.has(Flag::Fast);
    let rest = [
        ("read", is_read(command)),
        ("write", command.is_write()),
        ("admin", is_admin),
        ("fast", is_fast),
        ("slow", !is_fast),
        ("blocking", is_blocking(command)),
        ("dangerous", is_admin || command.has(Flag::Dangerous)),
    ];
    let rest = rest.into_iter().filter(|(_, holds)| *holds).map(|(name, _)| name);
    families(command).into_iter().chain(rest).collect()
}

/// The categories by what a command is about: mostly its group's.
fn families(command: &Command) -> Vec<&'static str> {
    match command.name {
        "dbsize" | "flushall" | "flushdb" | "swapdb" => vec!["keyspace"],
        "asking" | "readonly" | "readwrite" | "wait" | "waitaof" => vec!["connection"],
        // Not to be known by everybody, though nothing that only who runs the server may do.
        "lastsave" | "role" => vec!["admin"],
        "sort" | "sort_ro" => vec!["set", "sortedset", "list"],
        name if name.split('|').next() == Some("command") => vec!["connection"],
        _ if is_container(command) || command.name == "pubsub|help" => Vec::new(),
        _ => command.group.category().into_iter().collect(),
    }
}

fn is_container(command: &Command) -> bool {
    matches!(command.handler, Handler::Container)
}

/// Whether it reads keys; PFCOUNT may do it better the next time, LOLWUT is one for Redis too, and a self-test is none.
fn is_read(command: &Command) -> bool {
    matches!(command.handler, Handler::Read(_) | Handler::BlockingRead(_)) && !is_help(command) && !command.is_admin() || matches!(command.name, "pfcount" | "lolwut")
}

/// Whether it runs scripts that write nothing. It is not in the category of those that read: what it reads is for the script.
fn is_read_only_script(command: &Command) -> bool {
    matches!(command.handler, Handler::Script) && command.name.ends_with("_ro")
}

/// Whether it only explains its container.
fn is_help(command: &Command) -> bool {
    command.name.ends_with("|help")
}

fn is_blocking(command: &Command) -> bool {
    let waits_for_replicas = matches!(command.name, "wait" | "waitaof");
    waits_for_replicas || matches!(command.handler, Handler::Blocking(_) | Handler::BlockingRead(_))
}
