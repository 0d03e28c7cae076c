//! Which channels a selector allows.

use crate::RuleError;
use crate::keys::is_pattern;

/// The channels that a selector allows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Channels {
    is_all: bool,
    patterns: Vec<Box<[u8]>>,
}

impl Channels {
    /// All channels, or none.
    pub fn reset(&mut self, is_all: bool) {
        *self = Channels { is_all, patterns: Vec::new() };
    }

    /// Adds a pattern.
    pub fn add(&mut self, pattern: &[u8]) -> Result<(), RuleError> {
        if self.is_all {
            return Err(RuleError::ChannelsAfterAll);
        }
        if !is_pattern(pattern) {
            return Err(RuleError::Syntax);
        }
        if !self.patterns.iter().any(|known| **known == *pattern) {
            self.patterns.push(pattern.into());
        }
        Ok(())
    }

    pub fn is_all(&self) -> bool {
        self.is_all
    }

    /// Whether a message may go to the channel of this name, or be received from it.
    pub fn allow(&self, channel: &[u8]) -> bool {
        self.is_all || self.patterns.iter().any(|pattern| base::glob::matches(pattern, channel))
    }

    /// Whether `pattern` may be listened to: it has to stand in a rule as it is, for nobody can tell of two patterns
    /// whether one matches all that the other does.
    pub fn allow_pattern(&self, pattern: &[u8]) -> bool {
        self.is_all || self.patterns.iter().any(|known| **known == *pattern)
    }

    /// The patterns, where not all channels are allowed.
    pub fn patterns(&self) -> impl Iterator<Item = &[u8]> {
        self.patterns.iter().map(|pattern| &**pattern)
    }

    /// The patterns as rules.
    pub fn rules(&self) -> Vec<Vec<u8>> {
        if self.is_all {
            return vec![b"&*".to_vec()];
        }
        self.patterns.iter().map(|pattern| [b"&", &**pattern].concat()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_matched_and_a_pattern_is_compared() {
        let mut channels = Channels::default();
        channels.add(b"news:*").unwrap();
        channels.add(b"news:*").unwrap();
        assert!(channels.allow(b"news:1") && !channels.allow(b"other"));
        assert!(channels.allow_pattern(b"news:*") && !channels.allow_pattern(b"news:1*"));
        assert_eq!(channels.rules(), [b"&news:*"]);
        channels.reset(true);
        assert!(channels.allow_pattern(b"*"));
        assert_eq!(channels.add(b"a"), Err(RuleError::ChannelsAfterAll));
        channels.reset(false);
        assert_eq!(channels.add(b"a b"), Err(RuleError::Syntax));
    }
}
