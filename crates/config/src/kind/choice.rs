//! `yes` and `no`, and directives that take words from a list.

use std::marker::PhantomData;

use super::{Kind, Prior, Problem, only};
use crate::directive::{Arguments, Syntax};

/// `yes` or `no`.
pub(crate) struct YesNo;

impl Kind for YesNo {
    type Value = bool;

    fn syntax(&self) -> Syntax {
        Syntax::YesNo
    }

    fn parse(&self, arguments: &[Vec<u8>], _: Prior<'_, bool>) -> Result<bool, Problem> {
        match only(arguments)?.to_ascii_lowercase().as_slice() {
            b"yes" => Ok(true),
            b"no" => Ok(false),
            _ => Err("argument must be 'yes' or 'no'".into()),
        }
    }

    fn render(&self, value: &bool) -> Vec<u8> {
        if *value { b"yes".to_vec() } else { b"no".to_vec() }
    }
}

/// A type whose values have names in redis.conf.
pub(crate) trait Choice: Copy + PartialEq + 'static {
    /// Every name and its value, in Redis' order; of several names of a value the first is shown.
    const NAMES: &'static [(&'static str, Self)];

    /// The name that is shown.
    fn name(self) -> &'static str {
        let name = Self::NAMES.iter().find(|(_, choice)| *choice == self).map(|(name, _)| *name);
        name.expect("every variant has a name: both come from `choices!`")
    }
}

/// Declares enums whose variants have names in redis.conf.
macro_rules! choices {
    ($(
        $(#[$about:meta])*
        $choice:ident {
            $( $(#[$variant_about:meta])* $variant:ident = $name:literal $(| $other:literal)*, )+
        }
    )+) => {$(
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $choice {
            $( $(#[$variant_about])* $variant, )+
        }

        impl $crate::kind::choice::Choice for $choice {
            const NAMES: &'static [(&'static str, Self)] =
                &[$( ($name, Self::$variant), $( ($other, Self::$variant), )* )+];
        }
    )+};
}
pub(crate) use choices;

/// One word from a list.
pub(crate) struct OneOf<C>(PhantomData<C>);

/// One of the names of a [`Choice`].
pub(crate) fn one_of<C>() -> OneOf<C> {
    OneOf(PhantomData)
}

impl<C: Choice> Kind for OneOf<C> {
    type Value = C;

    fn syntax(&self) -> Syntax {
        Syntax::OneOf(names::<C>().collect())
    }

    fn parse(&self, arguments: &[Vec<u8>], _: Prior<'_, C>) -> Result<C, Problem> {
        let word = only(arguments)?;
        named(word).ok_or_else(not_among::<C>)
    }

    fn render(&self, value: &C) -> Vec<u8> {
        value.name().into()
    }
}

/// What SIGINT or SIGTERM do besides stopping the server (`shutdown-on-sigint`, `shutdown-on-sigterm`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShutdownFlags(u8);

impl ShutdownFlags {
    /// Save if save points are configured.
    pub const DEFAULT: Self = Self(0);
    /// Save even if no save points are configured.
    pub const SAVE: Self = Self(1);
    /// Do not save.
    pub const NOSAVE: Self = Self(2);
    /// Do not wait for replicas.
    pub const NOW: Self = Self(4);
    /// Stop even if saving fails.
    pub const FORCE: Self = Self(8);

    /// Whether all of `flags` are set.
    pub fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }
}

impl Choice for ShutdownFlags {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("default", Self::DEFAULT),
        ("save", Self::SAVE),
        ("nosave", Self::NOSAVE),
        ("now", Self::NOW),
        ("force", Self::FORCE),
    ];
}

/// One or more words that together make [`ShutdownFlags`].
pub(crate) struct ShutdownWords;

impl Kind for ShutdownWords {
    type Value = ShutdownFlags;

    fn arguments(&self) -> Arguments {
        Arguments::Many
    }

    fn syntax(&self) -> Syntax {
        Syntax::AnyOf(names::<ShutdownFlags>().collect())
    }

    fn parse(&self, arguments: &[Vec<u8>], _: Prior<'_, ShutdownFlags>) -> Result<ShutdownFlags, Problem> {
        if arguments.is_empty() {
            return Err(not_among::<ShutdownFlags>());
        }
        let mut flags = ShutdownFlags::DEFAULT;
        for word in arguments {
            flags.0 |= named::<ShutdownFlags>(word).ok_or_else(not_among::<ShutdownFlags>)?.0;
        }
        if flags.contains(ShutdownFlags::SAVE) && flags.contains(ShutdownFlags::NOSAVE) {
            return Err("shutdown options SAVE and NOSAVE can't be used simultaneously".into());
        }
        Ok(flags)
    }

    fn render(&self, value: &ShutdownFlags) -> Vec<u8> {
        if *value == ShutdownFlags::DEFAULT {
            return b"default".to_vec();
        }
        let set = ShutdownFlags::NAMES.iter().filter(|(_, flag)| flag.0 != 0 && value.contains(*flag));
        super::join(set.map(|(name, _)| name))
    }
}

/// The value named `word`, whatever its case.
pub(super) fn named<C: Choice>(word: &[u8]) -> Option<C> {
    C::NAMES.iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes())).map(|(_, choice)| *choice)
}

fn names<C: Choice>() -> impl Iterator<Item = &'static str> {
    C::NAMES.iter().map(|(name, _)| *name)
}

/// What is wrong with a word that names no value.
pub(super) fn not_among<C: Choice>() -> Problem {
    let names = names::<C>().collect::<Vec<_>>().join(", ");
    format!("argument(s) must be one of the following: {names}").into()
}

#[cfg(test)]
mod tests {
    use super::super::parse_new;
    use super::*;
    use crate::table::memory::MaxmemoryPolicy;
    use crate::table::process::{LogLevel, OomScoreAdjustment};

    #[test]
    fn yes_and_no() {
        assert_eq!(parse_new(&YesNo, &false, "YES"), Ok(true));
        assert_eq!(parse_new(&YesNo, &true, "no"), Ok(false));
        for other in ["true", "1", "''"] {
            assert_eq!(parse_new(&YesNo, &true, other).unwrap_err(), "argument must be 'yes' or 'no'");
        }
    }

    #[test]
    fn one_word() {
        let level = one_of::<LogLevel>();
        assert_eq!(parse_new(&level, &LogLevel::Notice, "Debug"), Ok(LogLevel::Debug));
        assert_eq!(
            parse_new(&level, &LogLevel::Notice, "loud").unwrap_err(),
            "argument(s) must be one of the following: debug, verbose, notice, warning, nothing"
        );
        assert_eq!(level.render(&LogLevel::Nothing), b"nothing");
        assert_eq!(
            parse_new(&one_of::<MaxmemoryPolicy>(), &MaxmemoryPolicy::NoEviction, "lru").unwrap_err(),
            "argument(s) must be one of the following: volatile-lru, volatile-lfu, volatile-random, \
             volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, noeviction"
        );
    }

    #[test]
    fn of_several_names_the_first_is_shown() {
        let adjustment = one_of::<OomScoreAdjustment>();
        let relative = parse_new(&adjustment, &OomScoreAdjustment::No, "relative").unwrap();
        assert_eq!(adjustment.render(&relative), b"yes");
    }

    #[test]
    fn shutdown_words() {
        let parse = |line| parse_new(&ShutdownWords, &ShutdownFlags::DEFAULT, line);
        let flags = parse("force NOW default").unwrap();
        assert!(flags.contains(ShutdownFlags::FORCE) && flags.contains(ShutdownFlags::NOW));
        assert_eq!(ShutdownWords.render(&flags), b"now force");
        assert_eq!(ShutdownWords.render(&parse("default").unwrap()), b"default");
        assert_eq!(
            parse("save nosave").unwrap_err(),
            "shutdown options SAVE and NOSAVE can't be used simultaneously"
        );
        for wrong in ["", "later"] {
            assert_eq!(
                parse(wrong).unwrap_err(),
                "argument(s) must be one of the following: default, save, nosave, now, force"
            );
        }
    }
}
