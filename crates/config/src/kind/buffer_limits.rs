//! `client-output-buffer-limit`: how much may wait to be sent to a client.

use base::number::parse_memory;

use super::number::{format_memory, lenient_integer};
use super::{Kind, Prior, Problem, RewriteLine};
use crate::directive::{Arguments, Syntax};

/// When a client is closed because of what waits to be sent to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputBufferLimit {
    /// At once when this many bytes wait; 0 is no limit.
    pub hard_bytes: u64,
    /// When this many bytes wait for `soft_seconds` on end; 0 is no limit.
    pub soft_bytes: u64,
    /// How long the soft limit may be exceeded, in seconds.
    pub soft_seconds: u64,
}

/// The limit of each class of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputBufferLimits {
    /// Clients that send commands, those in MONITOR too.
    pub normal: OutputBufferLimit,
    /// Replicas.
    pub replica: OutputBufferLimit,
    /// Clients subscribed to at least one channel or pattern.
    pub pubsub: OutputBufferLimit,
}

impl OutputBufferLimits {
    /// Redis' defaults.
    pub(crate) const DEFAULT: Self = Self {
        normal: OutputBufferLimit { hard_bytes: 0, soft_bytes: 0, soft_seconds: 0 },
        replica: OutputBufferLimit { hard_bytes: 256 << 20, soft_bytes: 64 << 20, soft_seconds: 60 },
        pubsub: OutputBufferLimit { hard_bytes: 32 << 20, soft_bytes: 8 << 20, soft_seconds: 60 },
    };

    fn class_mut(&mut self, class: &[u8]) -> Option<&mut OutputBufferLimit> {
        match class.to_ascii_lowercase().as_slice() {
            b"normal" => Some(&mut self.normal),
            b"replica" | b"slave" => Some(&mut self.replica),
            b"pubsub" => Some(&mut self.pubsub),
            _ => None,
        }
    }
}

/// Any number of groups of a class, its hard limit, its soft limit and the soft limit's seconds. Classes
/// that are not named keep their limits.
pub(crate) struct BufferLimits;

impl Kind for BufferLimits {
    type Value = OutputBufferLimits;

    fn arguments(&self) -> Arguments {
        Arguments::Many
    }

    fn syntax(&self) -> Syntax {
        Syntax::Form("(normal | replica | pubsub) <hard bytes> <soft bytes> <soft seconds> …")
    }

    fn parse(
        &self,
        arguments: &[Vec<u8>],
        prior: Prior<'_, OutputBufferLimits>,
    ) -> Result<OutputBufferLimits, Problem> {
        let (groups, []) = arguments.as_chunks::<4>() else {
            return Err("Wrong number of arguments in buffer limit configuration.".into());
        };
        let mut limits = *prior.value;
        for [class, hard, soft, seconds] in groups {
            let class = limits
                .class_mut(class)
                .ok_or("Invalid client class specified in buffer limit configuration.")?;
            *class = limit(hard, soft, seconds)
                .ok_or("Error in hard, soft or soft_seconds setting in buffer limit configuration.")?;
        }
        Ok(limits)
    }

    /// Shows the replicas under the name that clients of old expect, as Redis does.
    fn render(&self, value: &OutputBufferLimits) -> Vec<u8> {
        let classes = [("normal", value.normal), ("slave", value.replica), ("pubsub", value.pubsub)];
        super::join(classes.map(|(class, limit)| {
            format!("{class} {} {} {}", limit.hard_bytes, limit.soft_bytes, limit.soft_seconds)
        }))
    }

    fn rewrite(
        &self,
        name: &str,
        value: &OutputBufferLimits,
        default: &OutputBufferLimits,
    ) -> Vec<RewriteLine> {
        let line = |class: &str, limit: OutputBufferLimit, default: OutputBufferLimit| {
            let hard = format_memory(i128::from(limit.hard_bytes));
            let soft = format_memory(i128::from(limit.soft_bytes));
            let text = format!("{class} {hard} {soft} {}", limit.soft_seconds);
            RewriteLine::new(name, text, limit != default)
        };
        vec![
            line("normal", value.normal, default.normal),
            line("replica", value.replica, default.replica),
            line("pubsub", value.pubsub, default.pubsub),
        ]
    }
}

fn limit(hard: &[u8], soft: &[u8], seconds: &[u8]) -> Option<OutputBufferLimit> {
    Some(OutputBufferLimit {
        hard_bytes: parse_memory(hard)?,
        soft_bytes: parse_memory(soft)?,
        soft_seconds: u64::try_from(lenient_integer(seconds)?).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::parse_new;
    use super::*;

    const DEFAULT: OutputBufferLimits = OutputBufferLimits::DEFAULT;

    #[test]
    fn named_classes_change_and_others_stay() {
        let limits = parse_new(&BufferLimits, &DEFAULT, "pubsub 1mb 2kb 3 SLAVE 1 0 0").unwrap();
        assert_eq!(
            limits.pubsub,
            OutputBufferLimit { hard_bytes: 1 << 20, soft_bytes: 2048, soft_seconds: 3 }
        );
        assert_eq!(limits.replica.hard_bytes, 1);
        assert_eq!(limits.normal, DEFAULT.normal);
        assert_eq!(parse_new(&BufferLimits, &DEFAULT, ""), Ok(DEFAULT));
    }

    #[test]
    fn rendered() {
        let expected = "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60";
        assert_eq!(BufferLimits.render(&DEFAULT), expected.as_bytes());
        let limits = parse_new(&BufferLimits, &DEFAULT, "replica 1mb 0 0").unwrap();
        assert_eq!(
            BufferLimits.rewrite("limit", &limits, &DEFAULT),
            [
                RewriteLine::new("limit", "normal 0 0 0", false),
                RewriteLine::new("limit", "replica 1mb 0 0", true),
                RewriteLine::new("limit", "pubsub 32mb 8mb 60", false),
            ]
        );
    }

    #[test]
    fn problems() {
        let check =
            |line, expected| assert_eq!(parse_new(&BufferLimits, &DEFAULT, line).unwrap_err(), expected);
        check("normal 1 2", "Wrong number of arguments in buffer limit configuration.");
        for line in ["master 1 2 3", "monitor 1 2 3"] {
            check(line, "Invalid client class specified in buffer limit configuration.");
        }
        for line in ["normal x 2 3", "normal 1 x 3", "normal 1 2 -3", "normal 1 2 x"] {
            check(line, "Error in hard, soft or soft_seconds setting in buffer limit configuration.");
        }
    }
}
