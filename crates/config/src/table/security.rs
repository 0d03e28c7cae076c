//! Who may do what.

use std::path::PathBuf;

use super::{NO_MODULES_REASON, group};
use crate::Support::{Ignored, Supported};
use crate::kind::choice::{choices, one_of};
use crate::kind::number::{LONG_MAX, integer};
use crate::kind::text::{Secret, text};

choices! {
    /// Who may do what is dangerous.
    ProtectedAccess {
        /// Nobody.
        No = "no",
        /// Everybody.
        Yes = "yes",
        /// Clients on this machine: over loopback or the Unix socket.
        Local = "local",
    }

    /// Channels that a new user may use (`acl-pubsub-default`).
    AclPubsubDefault {
        /// All of them.
        AllChannels = "allchannels",
        /// None of them.
        ResetChannels = "resetchannels",
    }
}

impl ProtectedAccess {
    /// Whether a client may, given whether it is on this machine.
    pub fn allows(self, client_is_local: bool) -> bool {
        match self {
            Self::No => false,
            Self::Yes => true,
            Self::Local => client_is_local,
        }
    }
}

group! {
    /// Who may do what.
    Security in security, defaults on host;

    /// Password that clients must give; empty for none.
    "requirepass" [sensitive] => requirepass: Option<Secret> = None, text(), Supported;

    /// Who may CONFIG SET the directives that name files.
    "enable-protected-configs" [immutable] => enable_protected_configs: ProtectedAccess = ProtectedAccess::No,
        one_of(), Supported;

    /// Who may use DEBUG.
    "enable-debug-command" [immutable] => enable_debug_command: ProtectedAccess = ProtectedAccess::No,
        one_of(), Supported;

    /// Who may use MODULE.
    "enable-module-command" [immutable] => enable_module_command: ProtectedAccess = ProtectedAccess::No,
        one_of(), Ignored(NO_MODULES_REASON);

    /// File that holds the users; empty keeps them in this configuration.
    "aclfile" [immutable] => aclfile: PathBuf = PathBuf::new(), text(), Supported;

    /// Entries that ACL LOG keeps.
    "acllog-max-len" => acllog_entries_max: usize = 128, integer(0, LONG_MAX), Supported;

    /// Channels that a new user may use.
    "acl-pubsub-default" => acl_pubsub_default: AclPubsubDefault = AclPubsubDefault::ResetChannels, one_of(),
        Supported;
}
