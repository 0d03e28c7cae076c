//! What follows from a command's handler and declaration: its flags and its ACL categories.

use commands::{Command, Flag, Group, Handler};

use super::key_specs::KeySpec;

/// The flags of `COMMAND INFO`, in Redis' order.
pub(super) fn flags(command: &Command, specs: &[KeySpec]) -> Vec<&'static str> {
    let is_pubsub = command.group == Group::PubSub;
    [
        ("write", command.is_write()),
        ("readonly", matches!(command.handler, Handler::Read(_))),
        ("denyoom", command.has(Flag::DenyOom)),
        ("admin", matches!(command.handler, Handler::Admin)),
        ("pubsub", is_pubsub),
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
pub(super) fn categories(command: &Command) -> Vec<&'static str> {
    let is_admin = matches!(command.handler, Handler::Admin);
    let is_fast = command.has(Flag::Fast);
    let family = command.group.category();
    let own = family.into_iter().map(|name| (name, true));
    own.chain([
        ("read", matches!(command.handler, Handler::Read(_))),
        ("write", command.is_write()),
        ("admin", is_admin),
        ("fast", is_fast),
        ("slow", !is_fast),
        ("blocking", is_blocking(command)),
        ("dangerous", is_admin || command.has(Flag::Dangerous)),
    ])
    .filter(|(_, holds)| *holds)
    .map(|(name, _)| name)
    .collect()
}

fn is_blocking(command: &Command) -> bool {
    matches!(command.handler, Handler::Blocking(_))
}
