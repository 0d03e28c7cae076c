//! A selector: commands, keys and channels that are allowed together.

use crate::RuleError;
use crate::catalogue::Catalogue;
use crate::channels::Channels;
use crate::commands::Commands;
use crate::keys::Keys;
use crate::user::NewChannels;

/// Commands, keys and channels that are allowed together. A user has one for the rules outside of parentheses, and one
/// for each pair of parentheses; a request must be allowed by one of them alone.
#[derive(Clone, Debug)]
pub struct Selector {
    pub(crate) commands: Commands,
    pub(crate) keys: Keys,
    pub(crate) channels: Channels,
}

impl Selector {
    /// One that allows nothing, but for the channels that whoever is new may use.
    pub(crate) fn new(catalogue: &Catalogue, new_channels: NewChannels) -> Selector {
        let mut channels = Channels::default();
        channels.reset(new_channels == NewChannels::All);
        Selector { commands: Commands::none(catalogue), keys: Keys::default(), channels }
    }

    /// Whether it allows everything.
    #[inline]
    pub(crate) fn is_unrestricted(&self) -> bool {
        self.commands.is_all() && self.keys.is_all() && self.channels.is_all()
    }

    /// Applies one rule.
    pub(crate) fn apply(&mut self, rule: &[u8], catalogue: &Catalogue) -> Result<(), RuleError> {
        match rule.to_ascii_lowercase().as_slice() {
            b"allkeys" | b"~*" => self.keys.reset(true),
            b"resetkeys" => self.keys.reset(false),
            b"allchannels" | b"&*" => self.channels.reset(true),
            b"resetchannels" => self.channels.reset(false),
            b"allcommands" | b"+@all" => self.commands.reset(true),
            b"nocommands" | b"-@all" => self.commands.reset(false),
            _ => match rule {
                [b'~' | b'%', ..] => self.keys.add(rule)?,
                [b'&', pattern @ ..] => self.channels.add(pattern)?,
                [sign @ (b'+' | b'-'), what @ ..] => self.commands.apply(*sign == b'+', what, catalogue)?,
                _ => return Err(RuleError::Syntax),
            },
        }
        Ok(())
    }

    /// The rules on commands, in one line.
    pub fn command_rules(&self) -> Vec<u8> {
        self.commands.rules()
    }

    /// The rules on keys, in one line.
    pub fn key_rules(&self) -> Vec<u8> {
        self.keys.rules().join(&b' ')
    }

    /// The rules on channels, in one line.
    pub fn channel_rules(&self) -> Vec<u8> {
        self.channels.rules().join(&b' ')
    }

    /// All rules, in one line, such that they make this selector whatever it was before.
    pub(crate) fn describe(&self) -> Vec<u8> {
        let mut rules = self.keys.rules();
        if !self.channels.is_all() {
            rules.push(b"resetchannels".to_vec());
        }
        rules.extend(self.channels.rules());
        rules.push(self.commands.rules());
        rules.join(&b' ')
    }
}
