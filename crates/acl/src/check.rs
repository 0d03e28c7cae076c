//! Whether a user may run a request.

use std::cell::OnceCell;

use smallvec::SmallVec;

use crate::keys::Access;
use crate::selector::Selector;
use crate::user::User;

/// What has to be known of a request.
pub trait Request {
    /// The command's number in the catalogue.
    fn command(&self) -> usize;

    /// Whether everybody may run the command, also who has not logged in.
    fn is_for_everybody(&self) -> bool;

    /// The first argument.
    fn first_argument(&self) -> Option<&[u8]>;

    /// The keys and channels that it names. Asked only of whom not every key and channel is allowed.
    fn mentions(&self) -> Mentions<'_>;
}

/// The keys and channels that a request names.
pub type Mentions<'a> = SmallVec<[Mention<'a>; 4]>;

/// A key or a channel that a request names.
#[derive(Clone, Copy, Debug)]
pub struct Mention<'a> {
    /// Which word of the request it is.
    pub place: usize,
    /// The word.
    pub name: &'a [u8],
    /// What is done with it.
    pub need: Need,
}

/// What is done with what a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Something with a key.
    Key(Access),
    /// A message to a channel, or from it.
    Channel,
    /// Messages from all channels that match.
    Pattern,
}

/// What a denial is about, from what is worth less to be told to what is worth more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The command.
    Command,
    /// A key.
    Key,
    /// Logging in.
    Auth,
    /// A channel.
    Channel,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 4] = [Kind::Command, Kind::Key, Kind::Auth, Kind::Channel];

    /// The name in ACL LOG.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Command => "command",
            Kind::Key => "key",
            Kind::Auth => "auth",
            Kind::Channel => "channel",
        }
    }
}

/// Why a request may not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Denial {
    /// What it is about.
    pub kind: Kind,
    /// Which word of the request: 0 for the command.
    pub place: usize,
}

impl User {
    /// Whether the user may run the request: one selector has to allow all of it. Of the denials of several selectors
    /// it is the one that came closest that is told: the last key or channel that none of them allowed.
    #[inline]
    pub fn check(&self, request: &impl Request) -> Result<(), Denial> {
        if self.root().is_unrestricted() { Ok(()) } else { self.check_selectors(request) }
    }

    fn check_selectors(&self, request: &impl Request) -> Result<(), Denial> {
        let mentions = OnceCell::new();
        let mut told = Denial { kind: Kind::Command, place: 0 };
        for selector in self.selectors() {
            match selector.check(request, &mentions) {
                Ok(()) => return Ok(()),
                Err(denial) => told = told.max(denial),
            }
        }
        Err(told)
    }

    /// Whether the user may run the request and read every key beside, as it needs who looks up keys whose names come
    /// from other keys.
    pub fn may_read_all(&self, request: &impl Request) -> bool {
        let mentions = OnceCell::new();
        let may = |selector: &Selector| {
            selector.keys.allow_reading_all() && selector.check(request, &mentions).is_ok()
        };
        self.selectors().any(may)
    }

    /// Whether the user may receive what is sent to the channel, or to all channels that match where it is a pattern.
    pub fn may_listen(&self, channel: &[u8], is_pattern: bool) -> bool {
        self.selectors().any(|Selector { channels, .. }| {
            if is_pattern { channels.allow_pattern(channel) } else { channels.allow(channel) }
        })
    }

    /// Whether the user may use every channel that `earlier` might, as far as the rules alone tell.
    pub fn keeps_channels_of(&self, earlier: &User) -> bool {
        let keeps = |selector: &Selector| {
            let mut patterns = selector.channels.patterns();
            !selector.channels.is_all() && patterns.all(|pattern| self.may_listen(pattern, true))
        };
        self.selectors().any(|selector| selector.channels.is_all()) || earlier.selectors().all(keeps)
    }
}

impl Selector {
    fn check<'r>(&self, request: &'r impl Request, mentions: &OnceCell<Mentions<'r>>) -> Result<(), Denial> {
        if !request.is_for_everybody() && !self.commands.allow(request.command(), request.first_argument()) {
            return Err(Denial { kind: Kind::Command, place: 0 });
        }
        if self.keys.is_all() && self.channels.is_all() {
            return Ok(());
        }
        for mention in mentions.get_or_init(|| request.mentions()) {
            let (kind, is_allowed) = match mention.need {
                Need::Key(access) => (Kind::Key, self.keys.allow(mention.name, access)),
                Need::Channel => (Kind::Channel, self.channels.allow(mention.name)),
                Need::Pattern => (Kind::Channel, self.channels.allow_pattern(mention.name)),
            };
            if !is_allowed {
                return Err(Denial { kind, place: mention.place });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::tests::some_commands;
    use crate::user::{NewChannels, merge_selectors};

    /// A request whose arguments are `r:key`, `w:key`, `c:channel`, `p:pattern` or plain words.
    struct Words<'a>(Vec<&'a str>);

    impl Request for Words<'_> {
        fn command(&self) -> usize {
            some_commands().find(self.0[0].as_bytes()).unwrap()
        }

        fn is_for_everybody(&self) -> bool {
            self.0[0] == "auth"
        }

        fn first_argument(&self) -> Option<&[u8]> {
            self.0.get(1).map(|word| word.as_bytes())
        }

        fn mentions(&self) -> Mentions<'_> {
            let mention = |(place, word): (usize, &&'_ str)| {
                let (need, name) = word.split_once(':')?;
                let need = match need {
                    "r" => Need::Key(Access { reads: true, writes: false }),
                    "w" => Need::Key(Access { reads: false, writes: true }),
                    "c" => Need::Channel,
                    _ => Need::Pattern,
                };
                Some((place, need, name.len()))
            };
            let found = self.0.iter().enumerate().filter_map(mention);
            found
                .map(|(place, need, len)| {
                    let word = self.0[place].as_bytes();
                    Mention { place, name: &word[word.len() - len..], need }
                })
                .collect()
        }
    }

    fn user(rules: &str) -> User {
        let catalogue = some_commands();
        let mut user = User::new(b"ann", &catalogue, NewChannels::None);
        for rule in merge_selectors(rules.split(' ')).unwrap() {
            user.apply(&rule, &catalogue, NewChannels::None).unwrap();
        }
        user
    }

    /// Checks what is denied: nothing, or a kind and the number of a word.
    #[track_caller]
    fn check(rules: &str, request: &str, expected: Option<(Kind, usize)>) {
        let result = user(rules).check(&Words(request.split(' ').collect()));
        assert_eq!(result.err(), expected.map(|(kind, place)| Denial { kind, place }), "{rules}: {request}");
    }

    #[test]
    fn commands_then_keys_then_channels() {
        check("+@all ~* &*", "copy r:a w:b", None);
        check("", "get r:a", Some((Kind::Command, 0)));
        check("", "auth x", None);
        check("+get", "get r:a", Some((Kind::Key, 1)));
        check("+get ~a", "get r:a", None);
        check("+publish ~*", "publish c:a", Some((Kind::Channel, 1)));
        check("+psubscribe &a* &b", "psubscribe p:a* p:b*", Some((Kind::Channel, 2)));
        check("+select|0", "select 1", Some((Kind::Command, 0)));
        check("+select|0", "select 0", None);
    }

    #[test]
    fn selectors_do_not_add_up() {
        let apart = "(+copy %R~r*) (+copy %W~w*)";
        check(apart, "copy r:r w:w", Some((Kind::Key, 2)));
        check("(+copy %R~r* %W~w*)", "copy r:r w:w", None);
        check("+copy (~*)", "copy r:r w:w", Some((Kind::Key, 1)));
        check("(+get ~a) (+set ~b)", "get r:b", Some((Kind::Key, 1)));
    }

    #[test]
    fn the_denial_that_came_closest_is_told() {
        let rules = "+mget ~key (+mget ~key ~otherkey)";
        check(rules, "get r:key", Some((Kind::Command, 0)));
        check(rules, "mget r:otherkey r:someotherkey", Some((Kind::Key, 2)));
        check(rules, "mget r:key r:otherkey r:someotherkey", Some((Kind::Key, 3)));
    }

    #[test]
    fn channels_are_kept_when_their_rules_are() {
        for (before, after, expected) in [
            ("&a &b*", "&a &b* &c", true),
            ("&a (&b*)", "&b* &a", true),
            ("&a", "&a*", false),
            ("&a &b", "&a", false),
            ("&*", "&a", false),
            ("&*", "(&*)", true),
            ("", "", true),
        ] {
            assert_eq!(user(after).keeps_channels_of(&user(before)), expected, "{before} to {after}");
        }
    }

    #[test]
    fn reading_everything_takes_one_selector_for_all_of_it() {
        let may = |rules: &str| user(rules).may_read_all(&Words(vec!["get", "r:a"]));
        assert!(may("+get ~*") && may("+get %R~*") && may("(+get %R~*)"));
        assert!(!may("+get ~a %W~*") && !may("+get ~a (%R~*)") && !may("~*"));
    }
}
