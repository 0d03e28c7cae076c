//! Which events of keys there are: the classes that `notify-keyspace-events` chooses from.

/// A set of classes of keyspace events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventClasses(u16);

impl EventClasses {
    /// No events.
    pub const NONE: Self = Self(0);
    /// `K`: publish to `__keyspace@<db>__:<key>`.
    pub const KEYSPACE: Self = Self(1 << 0);
    /// `E`: publish to `__keyevent@<db>__:<event>`.
    pub const KEYEVENT: Self = Self(1 << 1);
    /// `g`: commands of no type, as DEL, EXPIRE, RENAME.
    pub const GENERIC: Self = Self(1 << 2);
    /// `$`: string commands.
    pub const STRING: Self = Self(1 << 3);
    /// `l`: list commands.
    pub const LIST: Self = Self(1 << 4);
    /// `s`: set commands.
    pub const SET: Self = Self(1 << 5);
    /// `h`: hash commands.
    pub const HASH: Self = Self(1 << 6);
    /// `z`: sorted set commands.
    pub const ZSET: Self = Self(1 << 7);
    /// `x`: a key expired.
    pub const EXPIRED: Self = Self(1 << 8);
    /// `e`: a key was evicted.
    pub const EVICTED: Self = Self(1 << 9);
    /// `t`: stream commands.
    pub const STREAM: Self = Self(1 << 10);
    /// `m`: a key that does not exist was read; not among `A`.
    pub const KEY_MISS: Self = Self(1 << 11);
    /// `d`: modules' own types.
    pub const MODULE: Self = Self(1 << 12);
    /// `n`: a key was created; not among `A`.
    pub const NEW: Self = Self(1 << 13);
    /// Any change of a key, whatever it is called. Not one of Redis' classes: it is what client-side caching asks for.
    pub const CHANGED: Self = Self(1 << 14);
    /// What transactions did, whole. Not one of Redis' classes: it is what the log asks for.
    pub const EFFECTS: Self = Self(1 << 15);
    /// `A`: all of `g$lshzxetd`.
    pub const ALL: Self = Self(
        Self::GENERIC.0
            | Self::STRING.0
            | Self::LIST.0
            | Self::SET.0
            | Self::HASH.0
            | Self::ZSET.0
            | Self::EXPIRED.0
            | Self::EVICTED.0
            | Self::STREAM.0
            | Self::MODULE.0,
    );

    /// Whether all of `classes` are in the set.
    #[inline]
    pub const fn contains(self, classes: Self) -> bool {
        self.0 & classes.0 == classes.0
    }

    /// These and those of `classes`.
    pub const fn with(self, classes: Self) -> Self {
        Self(self.0 | classes.0)
    }

    /// These but for those of `classes`.
    pub const fn without(self, classes: Self) -> Self {
        Self(self.0 & !classes.0)
    }

    /// Whether there are none.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The set as a number.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The set whose number this is.
    #[inline]
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }
}
