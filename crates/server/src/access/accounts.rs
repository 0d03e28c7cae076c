//! Where users come from, and what follows when they change: who may no longer listen, or is no longer there, is
//! disconnected.

use std::path::Path;
use std::sync::Arc;

use acl::{Account, Change, NewChannels, User};
use config::table::security::AclPubsubDefault;
use config::{LoadError, Settings, UserLine};

use crate::attention::Concern;
use crate::client::{Client, ClientFlag};
use crate::pubsub::Kind;
use crate::server::Server;

/// Which channels a new user may use.
pub(crate) fn new_channels(settings: &Settings) -> NewChannels {
    match settings.security.acl_pubsub_default {
        AclPubsubDefault::AllChannels => NewChannels::All,
        AclPubsubDefault::ResetChannels => NewChannels::None,
    }
}

impl Server {
    /// Takes in the users of the configuration, or those in the file that it names. It is called before there are
    /// clients.
    ///
    /// # Errors
    /// What to print before the program ends.
    pub fn load_users(&self, lines: &[UserLine]) -> Result<(), String> {
        let settings = self.settings();
        let file = &settings.security.aclfile;
        if file.as_os_str().is_empty() {
            return self.declare_users(lines).map_err(|error| error.to_string());
        }
        if !lines.is_empty() {
            return Err("Configuring Esker with users defined in redis.conf and at the same setting an ACL file path is \
                        invalid. This setup is very likely to lead to configuration errors and security holes, please \
                        define either an ACL file or declare users directly in your redis.conf, but not both."
                .to_owned());
        }
        self.load_users_from(file, None)
            .map_err(|errors| format!("Aborting Esker startup because of ACL errors: {errors}"))
    }

    fn declare_users(&self, lines: &[UserLine]) -> Result<(), LoadError> {
        let new_channels = new_channels(&self.settings());
        for (place, line) in lines.iter().enumerate() {
            let name = String::from_utf8_lossy(&line.name);
            let refuse = |what: &[u8], why: &str| {
                let what = String::from_utf8_lossy(what);
                LoadError::at(&line.place, format!("Error in user declaration '{what}': {why}"))
            };
            if !acl::is_name(&line.name) {
                return Err(refuse(&line.name, "Spaces not allowed in ACL usernames"));
            }
            if lines[..place].iter().any(|earlier| earlier.name == line.name) {
                let why = "Duplicate user found. A user can only be defined once in config files";
                return Err(refuse(&line.name, why));
            }
            let rules = acl::merge_selectors(&line.rules)
                .map_err(|word| refuse(&word, "Unmatched parenthesis in selector definition"))?;
            let mut user = User::new(&line.name, self.users.catalogue(), new_channels);
            for rule in &rules {
                user.apply(rule, self.users.catalogue(), new_channels)
                    .map_err(|error| refuse(rule, &error.to_string()))?;
            }
            if !user.is_on() {
                tracing::info!(
                    "The user '{name}' is disabled (there is no 'on' modifier in the user description). Make sure this \
                     is not a configuration error."
                );
            }
            self.heed(&user);
            self.users.replace(user);
        }
        Ok(())
    }

    /// Replaces all users by those in the file, or none if anything is wrong with it. `asker` is who wants it.
    pub(crate) fn load_users_from(&self, file: &Path, asker: Option<&Client>) -> Result<(), String> {
        let name = file.display();
        let text = std::fs::read(file).map_err(|error| {
            let error = config::describe_io_error(&error);
            format!("Error loading ACLs, opening file '{name}': {error}")
        })?;
        let new_channels = new_channels(&self.settings());
        let users = acl::parse(&text, &name.to_string(), self.users.catalogue(), new_channels)?;
        let (changes, deleted) = self.users.replace_all(users);
        changes.iter().for_each(|change| self.follow(change, asker));
        deleted.iter().for_each(|account| self.end_clients_of(account, asker));
        Ok(())
    }

    /// Has requests be checked from now on, if this user may not run all of them.
    pub(crate) fn heed(&self, user: &User) {
        if !user.is_unrestricted() {
            self.attention.set(Concern::Users, true);
        }
    }

    /// What follows when a user has changed: it is heeded, and who listens to what it may not any more is disconnected.
    pub(crate) fn follow(&self, change: &Change, asker: Option<&Client>) {
        let user = change.account.user();
        self.heed(&user);
        if user.keeps_channels_of(&change.before) {
            return;
        }
        let concerned: Vec<Arc<Client>> = self
            .clients
            .all()
            .into_iter()
            .filter(|client| client.has(ClientFlag::Subscribed) && client.is_of(&change.account))
            .collect();
        if concerned.is_empty() {
            return;
        }
        for kind in [Kind::Channel, Kind::Pattern, Kind::Shard] {
            let is_forbidden = |name: &[u8]| !user.may_listen(name, kind == Kind::Pattern);
            for client in self.pubsub.listeners(kind, is_forbidden, &concerned) {
                self.clients.end(&client, asker.map(|asker| asker.id));
            }
        }
    }

    /// Ends the clients of a deleted account.
    pub(crate) fn end_clients_of(&self, account: &Arc<Account>, asker: Option<&Client>) {
        self.attention.set(Concern::Users, true);
        for client in self.clients.all().iter().filter(|client| client.is_of(account)) {
            self.clients.end(client, asker.map(|asker| asker.id));
        }
    }
}
