//! Categories of commands.

/// A set of categories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Categories(u32);

/// All there are, in Redis' order.
const NAMES: [&str; 21] = [
    "keyspace",
    "read",
    "write",
    "set",
    "sortedset",
    "list",
    "hash",
    "string",
    "bitmap",
    "hyperloglog",
    "geo",
    "stream",
    "pubsub",
    "admin",
    "fast",
    "slow",
    "blocking",
    "dangerous",
    "connection",
    "transaction",
    "scripting",
];

impl Categories {
    /// The names of all categories.
    pub fn names() -> impl ExactSizeIterator<Item = &'static str> {
        NAMES.into_iter()
    }

    /// The category of this name, in any case, alone.
    pub fn named(name: &[u8]) -> Option<Categories> {
        let place = NAMES.iter().position(|known| name.eq_ignore_ascii_case(known.as_bytes()))?;
        Some(Categories(1 << place))
    }

    /// Those of either.
    pub fn and(self, other: Categories) -> Categories {
        Categories(self.0 | other.0)
    }

    /// Whether the two have one in common.
    pub fn meet(self, other: Categories) -> bool {
        self.0 & other.0 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_a_category_of_its_own() {
        let all: Vec<Categories> = Categories::names()
            .map(|name| Categories::named(name.to_uppercase().as_bytes()).unwrap())
            .collect();
        for (place, category) in all.iter().enumerate() {
            assert!(all.iter().enumerate().all(|(other, it)| it.meet(*category) == (other == place)));
        }
        assert_eq!(Categories::named(b"all"), None);
    }
}
