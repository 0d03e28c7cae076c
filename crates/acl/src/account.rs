//! Accounts: users under the names that clients log in to.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::{ArcSwap, Guard};
use sync::Mutex;

use crate::catalogue::Catalogue;
use crate::password::Password;
use crate::user::{NewChannels, User, merge_selectors};

/// What a client is logged in to. The user behind it may change while the client goes on.
#[derive(Debug)]
pub struct Account {
    user: ArcSwap<User>,
    is_deleted: AtomicBool,
}

impl Account {
    fn new(user: User) -> Arc<Account> {
        Arc::new(Account { user: ArcSwap::from_pointee(user), is_deleted: AtomicBool::new(false) })
    }

    /// The user as it is now.
    #[inline]
    pub fn user(&self) -> Guard<Arc<User>> {
        self.user.load()
    }

    /// Whether it was deleted: who is still logged in to it may do nothing any more.
    pub fn is_deleted(&self) -> bool {
        self.is_deleted.load(Ordering::SeqCst)
    }
}

/// An account whose user was changed.
#[derive(Debug)]
pub struct Change {
    /// The account.
    pub account: Arc<Account>,
    /// Its user before.
    pub before: Arc<User>,
}

/// All accounts.
#[derive(Debug)]
pub struct Users {
    catalogue: Catalogue,
    default: Arc<Account>,
    /// By name. Whoever changes one holds it.
    accounts: Mutex<BTreeMap<Box<[u8]>, Arc<Account>>>,
}

impl Users {
    /// The default user alone.
    pub fn new(catalogue: Catalogue) -> Users {
        let user = User::default_user(&catalogue);
        let name = Box::from(user.name());
        let default = Account::new(user);
        let accounts = Mutex::new(BTreeMap::from([(name, Arc::clone(&default))]));
        Users { catalogue, default, accounts }
    }

    /// The commands that rules are about.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The account that every connection begins with.
    pub fn default_account(&self) -> &Arc<Account> {
        &self.default
    }

    /// Whether a connection that has just begun may go on without a password.
    pub fn are_strangers_welcome(&self) -> bool {
        let user = self.default.user();
        user.is_on() && user.needs_no_password()
    }

    /// The account of this name.
    pub fn find(&self, name: &[u8]) -> Option<Arc<Account>> {
        self.accounts.lock().get(name).cloned()
    }

    /// All users, by name.
    pub fn all(&self) -> Vec<Arc<User>> {
        self.accounts.lock().values().map(|account| account.user.load_full()).collect()
    }

    /// The account of this name, if the password is right. It takes as long for a name that nobody has.
    pub fn authenticate(&self, name: &[u8], password: &[u8]) -> Option<Arc<Account>> {
        let password = Password::of(password);
        self.find(name).filter(|account| account.user().accepts(&password))
    }

    /// Applies the rules to the user of this name, which is made where there is none; all of them or none. An error
    /// says which rule is wrong.
    pub fn set<W: AsRef<[u8]>>(
        &self,
        name: &[u8],
        rules: impl IntoIterator<Item = W>,
        new_channels: NewChannels,
    ) -> Result<Change, String> {
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let rules = merge_selectors(rules).map_err(|word| {
            format!("Unmatched parenthesis in acl selector starting at '{}'.", shown(&word))
        })?;
        let mut accounts = self.accounts.lock();
        let known = accounts.get(name).cloned();
        let mut user = match &known {
            Some(account) => User::clone(&account.user()),
            None => User::new(name, &self.catalogue, new_channels),
        };
        for rule in &rules {
            user.apply(rule, &self.catalogue, new_channels)
                .map_err(|error| format!("Error in ACL SETUSER modifier '{}': {error}", shown(rule)))?;
        }
        Ok(self.put(&mut accounts, user))
    }

    /// Sets the default user's one password, or that it needs none.
    pub fn require_password(&self, password: Option<&[u8]>) {
        let _accounts = self.accounts.lock();
        let mut user = User::clone(&self.default.user());
        user.require(password);
        self.default.user.store(Arc::new(user));
    }

    /// Puts the user in the place of the one of that name.
    pub fn replace(&self, user: User) -> Change {
        self.put(&mut self.accounts.lock(), user)
    }

    /// Has `users` and the default user be all users: who is not among them is deleted, and the default user, where it is
    /// not, is as new.
    pub fn replace_all(&self, users: Vec<User>) -> (Vec<Change>, Vec<Arc<Account>>) {
        let mut accounts = self.accounts.lock();
        let stays = |name: &[u8]| name == b"default" || users.iter().any(|user| user.name() == name);
        let gone: Vec<Box<[u8]>> = accounts.keys().filter(|name| !stays(name)).cloned().collect();
        let deleted = gone.iter().filter_map(|name| self.remove(&mut accounts, name)).collect();
        let has_default = users.iter().any(|user| user.name() == b"default");
        let default = (!has_default).then(|| User::default_user(&self.catalogue));
        let changes = users.into_iter().chain(default).map(|user| self.put(&mut accounts, user)).collect();
        (changes, deleted)
    }

    /// Deletes the user of this name: whoever is logged in to its account may do nothing from now on.
    pub fn delete(&self, name: &[u8]) -> Option<Arc<Account>> {
        self.remove(&mut self.accounts.lock(), name)
    }

    fn put(&self, accounts: &mut BTreeMap<Box<[u8]>, Arc<Account>>, user: User) -> Change {
        match accounts.get(user.name()) {
            Some(account) => {
                let before = account.user.swap(Arc::new(user));
                Change { account: Arc::clone(account), before }
            }
            None => {
                let name = Box::from(user.name());
                let account = Account::new(user);
                let before = account.user.load_full();
                accounts.insert(name, Arc::clone(&account));
                Change { account, before }
            }
        }
    }

    fn remove(&self, accounts: &mut BTreeMap<Box<[u8]>, Arc<Account>>, name: &[u8]) -> Option<Arc<Account>> {
        let account = accounts.remove(name)?;
        account.user.store(Arc::new(User::new(name, &self.catalogue, NewChannels::None)));
        account.is_deleted.store(true, Ordering::SeqCst);
        Some(account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::tests::some_commands;

    fn users() -> Users {
        Users::new(some_commands())
    }

    fn rules(users: &Users, name: &str) -> Option<String> {
        users.find(name.as_bytes()).map(|account| String::from_utf8(account.user().rules()).unwrap())
    }

    #[test]
    fn a_change_is_seen_by_who_is_logged_in() {
        let users = users();
        users.set(b"ann", ["on", ">secret"], NewChannels::None).unwrap();
        let account = users.authenticate(b"ann", b"secret").unwrap();
        assert!(users.authenticate(b"ann", b"wrong").is_none() && users.authenticate(b"bob", b"").is_none());
        users.set(b"ann", ["allkeys", "allchannels", "+@all"], NewChannels::None).unwrap();
        assert!(account.user().is_unrestricted());
        let deleted = users.delete(b"ann").unwrap();
        assert!(Arc::ptr_eq(&deleted, &account) && account.is_deleted());
        assert!(!account.user().is_unrestricted());
    }

    #[test]
    fn all_rules_are_applied_or_none() {
        let users = users();
        let error = users.set(b"ann", ["on", "nosuch"], NewChannels::None).unwrap_err();
        assert_eq!(error, "Error in ACL SETUSER modifier 'nosuch': Syntax error");
        let error = users.set(b"ann", ["(+get", "(+set"], NewChannels::None).unwrap_err();
        assert_eq!(error, "Unmatched parenthesis in acl selector starting at '(+get'.");
        assert_eq!(rules(&users, "ann"), None);
    }

    #[test]
    fn all_users_are_replaced_at_once() {
        let users = users();
        for name in ["ann", "bob"] {
            users.set(name.as_bytes(), ["on"], NewChannels::None).unwrap();
        }
        users.set(b"default", ["off"], NewChannels::None).unwrap();
        assert!(!users.are_strangers_welcome());
        let bob = users.find(b"bob").unwrap();
        let new = ["bob", "eve"].map(|name| User::new(name.as_bytes(), users.catalogue(), NewChannels::All));
        let (changes, deleted) = users.replace_all(new.into());
        assert_eq!((changes.len(), deleted.len()), (3, 1));
        assert!(users.are_strangers_welcome(), "a default user that is not named is as new");
        assert!(Arc::ptr_eq(&bob, &users.find(b"bob").unwrap()), "who is logged in stays");
        let names: Vec<_> = users.all().iter().map(|user| user.name().to_vec()).collect();
        assert_eq!(names, [b"bob".to_vec(), b"default".to_vec(), b"eve".to_vec()]);
    }

    #[test]
    fn the_default_users_password() {
        let users = users();
        users.require_password(Some(b"secret"));
        assert!(!users.are_strangers_welcome());
        assert!(users.authenticate(b"default", b"secret").is_some());
        users.require_password(None);
        assert!(users.authenticate(b"default", b"anything").is_some());
    }
}
