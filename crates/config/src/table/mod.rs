//! The table of every directive of Redis 7.2, of those of Esker's own ([`disk`]), and the [`Settings`] that
//! it fills.
//!
//! Each module holds one group: a struct of typed fields and, declared in the same lines, the directives
//! that fill them. An entry reads
//!
//! ```text
//! /// One line that says what it is for.
//! "name" | "alias" [marks] => field: Type = default, kind, Supported or Ignored("reason");
//! ```
//!
//! where the marks are fields of [`Traits`](crate::Traits) and the kind must yield the field's type.

pub mod clients;
pub mod cluster;
pub mod disk;
pub mod encodings;
pub mod memory;
pub mod network;
pub mod observability;
pub mod persistence;
pub mod process;
pub mod replication;
pub mod security;
pub mod tls;

use crate::Host;
use crate::directive::{Directive, Statement, Support};

/// Declares a group: its struct, its defaults and its directives.
macro_rules! group {
    (
        $(#[$about:meta])+
        $group:ident in $place:ident, defaults on $host:ident;
        $(
            #[doc = $summary:literal]
            $name:literal $(| $alias:literal)* $([$($mark:ident),+])?
                => $field:ident: $type:ty = $default:expr, $kind:expr, $support:expr;
        )+
    ) => {
        $(#[$about])+
        #[derive(Clone, Debug, PartialEq)]
        pub struct $group {
            $(
                #[doc = concat!("`", $name, "`:", $summary)]
                pub $field: $type,
            )+
        }

        impl $group {
            pub(crate) fn defaults($host: &$crate::Host) -> Self {
                let _ = $host;
                Self { $( $field: $default, )+ }
            }

            pub(crate) const DIRECTIVES: &'static [$crate::Directive] = &[$(
                $crate::Directive {
                    name: $name,
                    aliases: &[$($alias),*],
                    group: stringify!($place),
                    summary: $summary.trim_ascii(),
                    support: $support,
                    traits: $crate::Traits { $($($mark: true,)+)? ..$crate::Traits::NONE },
                    arguments: || $crate::kind::Kind::arguments(&$crate::table::of_type::<$type, _>($kind)),
                    syntax: || $crate::kind::Kind::syntax(&$crate::table::of_type::<$type, _>($kind)),
                    assign: |settings, arguments, repeated| {
                        let field = &mut settings.$place.$field;
                        let prior = $crate::kind::Prior { value: &*field, repeated };
                        *field = $crate::kind::Kind::parse(&$kind, arguments, prior)?;
                        Ok(())
                    },
                    value: |settings| $crate::kind::Kind::render(&$kind, &settings.$place.$field),
                    rewrite: |settings, defaults| {
                        let (value, default) = (&settings.$place.$field, &defaults.$place.$field);
                        $crate::kind::Kind::rewrite(&$kind, $name, value, default)
                    },
                },
            )+];
        }
    };
}
pub(crate) use group;

/// A kind, with the type of its value spelt out where nothing else says it.
pub(crate) fn of_type<V, K: crate::kind::Kind<Value = V>>(kind: K) -> K {
    kind
}

/// Declares [`Settings`] from its groups.
macro_rules! groups {
    ($( $(#[$about:meta])* $place:ident: $group:ty, )+) => {
        /// The value of every directive. The server shares one behind an `Arc` and publishes another when
        /// CONFIG SET changes something.
        ///
        /// Every field works in CONFIG GET and SET; those whose directive is [`Support::Ignored`] have no
        /// reader yet.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Settings {
            $( $(#[$about])* pub $place: $group, )+
        }

        impl Settings {
            /// The value of every directive that nothing sets, on `host`.
            pub fn defaults(host: &Host) -> Self {
                Self { $( $place: <$group>::defaults(host), )+ }
            }
        }

        const GROUPS: &[&[Directive]] = &[$( <$group>::DIRECTIVES, )+];
    };
}
groups! {
    /// Where the server listens.
    network: network::Network,
    /// Encrypted connections.
    tls: tls::Tls,
    /// The process: its place, its threads, its log, its end.
    process: process::Process,
    /// Who may do what.
    security: security::Security,
    /// Limits on clients and on what they send.
    clients: clients::Clients,
    /// How much memory data may use and how it is given back.
    memory: memory::Memory,
    /// When values change from a packed form to an indexed one.
    encodings: encodings::Encodings,
    /// What is recorded and told about the running server.
    observability: observability::Observability,
    /// Saving to disk.
    persistence: persistence::Persistence,
    /// Which engine serves which database, and how the one on disk works.
    disk: disk::Disk,
    /// Primaries and replicas.
    replication: replication::Replication,
    /// The cluster.
    cluster: cluster::Cluster,
}

/// Every directive, group by group.
pub fn directives() -> impl Iterator<Item = &'static Directive> {
    GROUPS.iter().copied().flatten()
}

/// The directive called `name`, by any of its names, and the name that matched as the table spells it.
pub fn directive(name: &[u8]) -> Option<(&'static Directive, &'static str)> {
    directives().find_map(|directive| {
        let matched = directive.names().find(|known| name.eq_ignore_ascii_case(known.as_bytes()))?;
        Some((directive, matched))
    })
}

/// Why nothing about modules has an effect.
pub(crate) const NO_MODULES_REASON: &str = "modules for Redis cannot be loaded";

/// The lines of redis.conf that are no parameters.
pub fn statements() -> &'static [Statement] {
    &[
        Statement {
            name: "include",
            form: "<file or pattern>",
            summary: "Read these files here, as if their lines stood in place of this one.",
            support: Support::Supported,
        },
        Statement {
            name: "rename-command",
            form: "<command> <new name | \"\">",
            summary: "Give a command another name, or none to take it away.",
            support: Support::Supported,
        },
        Statement {
            name: "user",
            form: "<name> <rule> …",
            summary: "Declare a user of the access control list.",
            support: Support::Supported,
        },
        Statement {
            name: "loadmodule",
            form: "<file> <argument> …",
            summary: "Load a module.",
            support: Support::Ignored(NO_MODULES_REASON),
        },
    ]
}

#[cfg(test)]
mod tests;
