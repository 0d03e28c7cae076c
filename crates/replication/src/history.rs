//! Which stream of changes a server has, and by which names it goes.

use std::fmt;

/// The name of a stream: 40 hexadecimal digits, drawn at random.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReplicationId([u8; ReplicationId::DIGITS]);

impl ReplicationId {
    /// How long it is.
    pub const DIGITS: usize = 40;

    /// Draws one; `random` gives 64 random bits with each call.
    pub fn random(mut random: impl FnMut() -> u64) -> Self {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut digits = [0; Self::DIGITS];
        for run in digits.chunks_mut(16) {
            let bits = random();
            for (place, digit) in run.iter_mut().enumerate() {
                *digit = HEX[(bits >> (4 * place)) as usize & 15];
            }
        }
        Self(digits)
    }

    /// Reads one as it is sent. Redis takes any 40 characters; so that nothing strange is ever sent on, only letters and
    /// digits are taken.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let digits: [u8; Self::DIGITS] = text.try_into().ok()?;
        digits.iter().all(u8::is_ascii_alphanumeric).then_some(Self(digits))
    }

    /// As it is sent.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for ReplicationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|digit| write!(f, "{}", char::from(*digit)))
    }
}

impl fmt::Debug for ReplicationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How many former names of a stream are known: Redis knows one. A server that is started again gets another name each
/// time, and its replicas may miss some.
pub const FORMER_MAX: usize = 4;

/// The names of a server's stream: the one that it has now, and those that it had before it became a primary. The
/// replicas of the same former primary have that in common, so they need not begin anew (what Redis calls PSYNC2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History {
    id: ReplicationId,
    /// The names before, the last one first, and how many bytes each has that are also this one's.
    former: [Option<(ReplicationId, u64)>; FORMER_MAX],
}

impl History {
    /// A stream that has nothing in common with any other.
    pub fn new(id: ReplicationId) -> Self {
        Self { id, former: [None; FORMER_MAX] }
    }

    /// A stream that had these names before, the last one first, with so many bytes of each.
    pub fn with_former(id: ReplicationId, former: impl IntoIterator<Item = (ReplicationId, u64)>) -> Self {
        let mut history = Self::new(id);
        history.former.iter_mut().zip(former).for_each(|(place, name)| *place = Some(name));
        history
    }

    /// The name.
    pub fn id(&self) -> ReplicationId {
        self.id
    }

    /// The names before, the last one first, and how many bytes each has in common with this one.
    pub fn former(&self) -> impl Iterator<Item = (ReplicationId, u64)> {
        self.former.into_iter().flatten()
    }

    /// From here on the stream goes its own way, under the name `id`: it has `offset` bytes so far.
    pub fn fork(&mut self, id: ReplicationId, offset: u64) {
        self.former.rotate_right(1);
        self.former[0] = Some((self.id, offset));
        self.id = id;
    }

    /// The primary goes by this name since; this server, which follows it, has `offset` bytes so far. Says whether the
    /// name is another than before.
    pub fn follow(&mut self, id: ReplicationId, offset: u64) -> bool {
        let is_another = id != self.id;
        if is_another {
            self.fork(id, offset);
        }
        is_another
    }

    /// Whether the first `offset` bytes of the stream called `id` are also the first of this one.
    pub fn shares(&self, id: ReplicationId, offset: u64) -> bool {
        id == self.id || self.former().any(|(former, common)| id == former && offset <= common)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(digit: char) -> ReplicationId {
        ReplicationId::parse(digit.to_string().repeat(40).as_bytes()).unwrap()
    }

    #[test]
    fn ids_are_forty_digits() {
        let mut seed = 0x0123_4567_89ab_cdef_u64;
        let drawn = ReplicationId::random(|| {
            seed = seed.rotate_left(7);
            seed
        });
        assert_eq!(ReplicationId::parse(drawn.to_string().as_bytes()), Some(drawn));
        assert!(drawn.to_string().bytes().all(|digit| digit.is_ascii_hexdigit()));
        for text in [&b""[..], b"?", &[b'a'; 39], &[b'a'; 41], &[b'\n'; 40]] {
            assert_eq!(ReplicationId::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_promoted_replica_shares_what_its_primary_had() {
        let mut history = History::new(id('a'));
        history.fork(id('b'), 100);
        assert!(history.shares(id('b'), 1000));
        assert!(history.shares(id('a'), 100));
        assert!(!history.shares(id('a'), 101));
        assert!(!history.shares(id('c'), 0));
        history.fork(id('c'), 150);
        assert!(history.shares(id('b'), 150));
        assert!(history.shares(id('a'), 100) && !history.shares(id('a'), 101));
        assert!(!history.follow(id('c'), 170));
        assert_eq!(history.former().next(), Some((id('b'), 150)), "the same name is no news");
        assert_eq!(History::with_former(id('c'), history.former()), history);
        for name in ['d', 'e', 'f'] {
            history.fork(id(name), 200);
        }
        assert_eq!(history.former().count(), FORMER_MAX);
        assert!(history.shares(id('b'), 150) && !history.shares(id('a'), 1), "so many names are known");
    }
}
