//! Which commands a selector allows.

use crate::catalogue::Catalogue;
use crate::keys::is_pattern;
use crate::{Categories, RuleError, elsewhere};

/// The commands that a selector allows: one bit for each, and the rules that led there.
#[derive(Clone, Debug)]
pub(crate) struct Commands {
    bits: Box<[u64]>,
    /// Whether nothing was taken away since `+@all`: then no bit has to be looked at.
    is_all: bool,
    /// Whether the rules begin with all commands, or with none.
    begins_with_all: bool,
    /// Commands that are allowed with these first arguments.
    first_arguments: Vec<(usize, Vec<Box<[u8]>>)>,
    rules: Vec<CommandRule>,
}

/// A rule that still matters: later ones on the same have taken the place of earlier ones.
#[derive(Clone, Debug)]
struct CommandRule {
    allows: bool,
    /// In lower case: a command, a subcommand, a command with its first argument, or a category behind its `@`.
    what: Box<[u8]>,
}

impl Commands {
    /// None of those in `catalogue`.
    pub fn none(catalogue: &Catalogue) -> Commands {
        Commands {
            bits: vec![0; catalogue.len().div_ceil(64)].into(),
            is_all: false,
            begins_with_all: false,
            first_arguments: Vec::new(),
            rules: Vec::new(),
        }
    }

    /// All commands, or none; what was said before is forgotten.
    pub fn reset(&mut self, is_all: bool) {
        self.bits.fill(if is_all { u64::MAX } else { 0 });
        self.is_all = is_all;
        self.begins_with_all = is_all;
        self.first_arguments.clear();
        self.rules.clear();
    }

    pub fn is_all(&self) -> bool {
        self.is_all
    }

    /// Whether the command with this number may run with this first argument.
    #[inline]
    pub fn allow(&self, command: usize, first_argument: Option<&[u8]>) -> bool {
        self.is_all
            || self.bits.get(command / 64).is_some_and(|word| word >> (command % 64) & 1 == 1)
            || self.allow_argument(command, first_argument)
    }

    fn allow_argument(&self, command: usize, first_argument: Option<&[u8]>) -> bool {
        let (Some(arguments), Some(given)) = (self.arguments_of(command), first_argument) else {
            return false;
        };
        arguments.iter().any(|allowed| allowed.eq_ignore_ascii_case(given))
    }

    fn arguments_of(&self, command: usize) -> Option<&Vec<Box<[u8]>>> {
        self.first_arguments.iter().find(|(number, _)| *number == command).map(|(_, arguments)| arguments)
    }

    /// Applies `+what` or `-what`, where `what` is a category behind its `@`, a command, a subcommand, or, only to
    /// allow it, a command with a first argument.
    pub fn apply(&mut self, allows: bool, what: &[u8], catalogue: &Catalogue) -> Result<(), RuleError> {
        // In a file, what is behind a blank would be another rule, and behind the end of a line another user.
        if !is_pattern(what) {
            return Err(RuleError::Unknown);
        }
        if let Some(category) = what.strip_prefix(b"@") {
            let category = Categories::named(category).ok_or(RuleError::Unknown)?;
            for number in catalogue.numbers_in(category) {
                self.set(number, allows, catalogue);
            }
        } else if let Some(number) = catalogue.find(what) {
            self.set(number, allows, catalogue);
        } else if !is_elsewhere(what, catalogue) {
            self.allow_first_argument(allows, what, catalogue)?;
        }
        self.note(allows, what);
        Ok(())
    }

    /// Allows or forbids a command and its subcommands.
    fn set(&mut self, number: usize, allows: bool, catalogue: &Catalogue) {
        for number in catalogue.family(number) {
            let bit = 1 << (number % 64);
            if allows {
                self.bits[number / 64] |= bit;
            } else {
                self.bits[number / 64] &= !bit;
                self.is_all = false;
            }
        }
        self.first_arguments.retain(|(command, _)| *command != number);
    }

    fn allow_first_argument(
        &mut self,
        allows: bool,
        what: &[u8],
        catalogue: &Catalogue,
    ) -> Result<(), RuleError> {
        let bar = what.iter().rposition(|byte| *byte == b'|').ok_or(RuleError::Unknown)?;
        let command = catalogue.find(&what[..bar]).ok_or(RuleError::Unknown)?;
        let argument = &what[bar + 1..];
        if allows && catalogue.is_subcommand(command) {
            return Err(RuleError::ArgumentOfSubcommand);
        }
        if allows && argument.is_empty() {
            return Err(RuleError::Syntax);
        }
        if !allows || catalogue.is_container(command) {
            return Err(RuleError::Unknown);
        }
        match self.first_arguments.iter_mut().find(|(number, _)| *number == command) {
            Some((_, arguments)) if arguments.iter().any(|known| known.eq_ignore_ascii_case(argument)) => {}
            Some((_, arguments)) => arguments.push(argument.into()),
            None => self.first_arguments.push((command, vec![argument.into()])),
        }
        Ok(())
    }

    /// Remembers a rule, in the place of earlier ones on the same or on parts of it.
    fn note(&mut self, allows: bool, what: &[u8]) {
        let what: Box<[u8]> = what.to_ascii_lowercase().into();
        let is_within = |rule: &CommandRule| {
            let rest = rule.what.strip_prefix(&*what);
            rest.is_some_and(|rest| rest.is_empty() || rest[0] == b'|')
        };
        self.rules.retain(|rule| !is_within(rule));
        self.rules.push(CommandRule { allows, what });
    }

    /// The rules that make these, in one line.
    pub fn rules(&self) -> Vec<u8> {
        let mut line = if self.begins_with_all { b"+@all".to_vec() } else { b"-@all".to_vec() };
        for rule in &self.rules {
            line.extend(if rule.allows { b" +" } else { b" -" });
            line.extend(&*rule.what);
        }
        line
    }
}

/// Whether it is about a command that only others have.
fn is_elsewhere(what: &[u8], catalogue: &Catalogue) -> bool {
    let name = what.split(|byte| *byte == b'|').next().unwrap_or_default();
    catalogue.find(name).is_none() && elsewhere::is_command(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::tests::some_commands;

    /// Applies rules and says in which words they come back.
    fn check(rules: &str, expected: &str) -> Commands {
        let catalogue = some_commands();
        let mut commands = Commands::none(&catalogue);
        for rule in rules.split(' ') {
            match rule {
                "+@all" => commands.reset(true),
                "-@all" => commands.reset(false),
                _ => commands.apply(rule.starts_with('+'), &rule.as_bytes()[1..], &catalogue).unwrap(),
            }
        }
        assert_eq!(String::from_utf8(commands.rules()).unwrap(), expected, "{rules}");
        commands
    }

    fn allows(commands: &Commands, request: &str) -> bool {
        let mut words = request.split(' ');
        let number = some_commands().find(words.next().unwrap().as_bytes()).unwrap();
        commands.allow(number, words.next().map(str::as_bytes))
    }

    #[test]
    fn later_rules_take_the_place_of_earlier_ones() {
        check("+@all -@hash -@slow +hget", "+@all -@hash -@slow +hget");
        check("+@all -@hash -@slow +hget -@hash", "+@all -@slow +hget -@hash");
        check("-@string -@slow +@all", "+@all");
        check("-@all +@HASH +@hash +HGET +hget", "-@all +@hash +hget");
        check("-@all +hget -hset +hset -hget", "-@all +hset -hget");
        check("-@all +config +config|get -config|set +config", "-@all +config");
        check("-@all +client|list +config|get +config", "-@all +client|list +config");
        check("-@all +select|0 +select|0 +debug|segfault +debug", "-@all +select|0 +debug");
        check("-@all -@dangerous", "-@all -@dangerous");
    }

    #[test]
    fn commands_subcommands_and_categories() {
        let commands = check("+@all -config|set -@hash +hget", "+@all -config|set -@hash +hget");
        for (request, expected) in
            [("config|get", true), ("config|set", false), ("hget", true), ("hset", false), ("get", true)]
        {
            assert_eq!(allows(&commands, request), expected, "{request}");
        }
        assert!(!commands.is_all());
        assert!(check("+@all", "+@all").is_all());
        let commands = check("+config -config|set", "-@all +config -config|set");
        assert!(allows(&commands, "config|get") && !allows(&commands, "config|set"));
        let commands = check("-client +client|list", "-@all -client +client|list");
        assert!(allows(&commands, "client|list") && !allows(&commands, "client"));
    }

    #[test]
    fn first_arguments() {
        let commands = check("+select|0 +debug|object", "-@all +select|0 +debug|object");
        assert!(
            allows(&commands, "select 0") && !allows(&commands, "select 1") && !allows(&commands, "select")
        );
        assert!(allows(&commands, "debug OBJECT") && !allows(&commands, "debug segfault"));
        let commands = check("+select|0 -select", "-@all -select");
        assert!(!allows(&commands, "select 0"));
    }

    #[test]
    fn what_does_not_exist_is_refused() {
        let catalogue = some_commands();
        for (rule, expected) in [
            ("+nosuch", RuleError::Unknown),
            ("-nosuch", RuleError::Unknown),
            ("+@nosuch", RuleError::Unknown),
            ("+config|nosuch", RuleError::Unknown),
            ("-config|nosuch", RuleError::Unknown),
            ("-select|0", RuleError::Unknown),
            ("+get|a|b", RuleError::Unknown),
            ("+select|", RuleError::Syntax),
            ("+config|get|appendonly", RuleError::ArgumentOfSubcommand),
            ("+", RuleError::Unknown),
            ("+select|0 on", RuleError::Unknown),
            ("+migrate|x\nuser eve on", RuleError::Unknown),
        ] {
            let mut commands = Commands::none(&catalogue);
            let result = commands.apply(rule.starts_with('+'), &rule.as_bytes()[1..], &catalogue);
            assert_eq!(result, Err(expected), "{rule}");
            assert_eq!(commands.rules(), b"-@all");
        }
    }

    #[test]
    fn commands_that_only_others_have_may_be_named() {
        let commands = check("+@all -migrate -script|load", "+@all -migrate -script|load");
        assert!(commands.is_all());
    }
}
