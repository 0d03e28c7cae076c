//! Numbers: plain, octal, amounts of memory, and memory or a percentage.

use std::num::IntErrorKind;

use base::number::{parse_i64, parse_memory};

use super::{Kind, Prior, Problem, RewriteLine, only};
use crate::directive::Syntax;

/// An integer type that a field of the settings may have.
pub(crate) trait Number: Copy + PartialOrd {
    fn widen(self) -> i128;
    fn narrow(wide: i128) -> Option<Self>;
}

macro_rules! numbers {
    ($($number:ty),+) => {$(
        impl Number for $number {
            fn widen(self) -> i128 {
                self as i128
            }
            fn narrow(wide: i128) -> Option<Self> {
                Self::try_from(wide).ok()
            }
        }
    )+};
}
numbers!(i32, i64, u8, u16, u32, u64, usize);

/// C's INT_MAX: the greatest value of many directives that Redis keeps in an `int`.
pub(crate) const INT_MAX: u32 = i32::MAX as u32;

/// C's LONG_MAX, for counts and sizes.
pub(crate) const LONG_MAX: usize = i64::MAX as usize;

/// C's LONG_MAX, for what is 64 bits wide on every machine.
pub(crate) const LLONG_MAX: u64 = i64::MAX as u64;

/// A whole number within bounds, both inclusive.
pub(crate) struct Integer<T> {
    min: T,
    max: T,
    /// Values allowed by the bounds are moved into this range.
    clamp: Option<(T, T)>,
}

/// A number from `min` to `max`.
pub(crate) fn integer<T>(min: T, max: T) -> Integer<T> {
    Integer { min, max, clamp: None }
}

impl<T: Number> Integer<T> {
    /// Accepts what the bounds allow but keeps the nearest value from `least` to `most`.
    pub(crate) fn clamped(self, least: T, most: T) -> Self {
        Self { clamp: Some((least, most)), ..self }
    }
}

impl<T: Number> Kind for Integer<T> {
    type Value = T;

    fn syntax(&self) -> Syntax {
        Syntax::Integer { min: self.min.widen(), max: self.max.widen() }
    }

    fn parse(&self, arguments: &[Vec<u8>], _: Prior<'_, T>) -> Result<T, Problem> {
        let number = parse_i64(only(arguments)?).ok_or("argument couldn't be parsed into an integer")?;
        let value = within(i128::from(number), self.min, self.max)?;
        Ok(match self.clamp {
            Some((least, _)) if value < least => least,
            Some((_, most)) if value > most => most,
            _ => value,
        })
    }

    fn render(&self, value: &T) -> Vec<u8> {
        value.widen().to_string().into_bytes()
    }
}

/// A number written in octal, within bounds.
pub(crate) struct Octal<T> {
    min: T,
    max: T,
}

/// An octal number from `min` to `max`.
pub(crate) fn octal<T>(min: T, max: T) -> Octal<T> {
    Octal { min, max }
}

impl<T: Number> Kind for Octal<T> {
    type Value = T;

    fn syntax(&self) -> Syntax {
        Syntax::Octal { min: self.min.widen(), max: self.max.widen() }
    }

    fn parse(&self, arguments: &[Vec<u8>], _: Prior<'_, T>) -> Result<T, Problem> {
        const PROBLEM: &str = "argument couldn't be parsed as an octal number";
        let text = std::str::from_utf8(only(arguments)?).map_err(|_| PROBLEM)?;
        let number = i64::from_str_radix(text, 8).map_err(|_| PROBLEM)?;
        let (min, max) = (self.min.widen(), self.max.widen());
        T::narrow(i128::from(number))
            .filter(|value| *value >= self.min && *value <= self.max)
            .ok_or_else(|| format!("argument must be between {min:o} and {max:o} inclusive").into())
    }

    fn render(&self, value: &T) -> Vec<u8> {
        format!("{:o}", value.widen()).into_bytes()
    }
}

/// An amount of memory in bytes, within bounds. Redis takes an empty argument for 0 bytes and an amount
/// beyond 64 bits for its remainder; here both are refused.
pub(crate) struct Memory<T> {
    min: T,
    max: T,
}

/// An amount of memory from `min` to `max` bytes.
pub(crate) fn memory<T>(min: T, max: T) -> Memory<T> {
    Memory { min, max }
}

impl<T: Number> Kind for Memory<T> {
    type Value = T;

    fn syntax(&self) -> Syntax {
        Syntax::Memory { min: self.min.widen(), max: self.max.widen() }
    }

    fn parse(&self, arguments: &[Vec<u8>], _: Prior<'_, T>) -> Result<T, Problem> {
        let bytes = parse_memory(only(arguments)?).ok_or("argument must be a memory value")?;
        within(i128::from(bytes), self.min, self.max)
    }

    fn render(&self, value: &T) -> Vec<u8> {
        value.widen().to_string().into_bytes()
    }

    fn rewrite(&self, name: &str, value: &T, default: &T) -> Vec<RewriteLine> {
        vec![RewriteLine::new(name, format_memory(value.widen()), value != default)]
    }
}

/// What all clients together may use (`maxmemory-clients`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientsMemory {
    /// So many bytes; 0 is no limit.
    Bytes(u64),
    /// So many percent of `maxmemory`, 1 to 100.
    PercentOfMaxmemory(u8),
}

/// An amount of memory, or a percentage from 0 to 100.
pub(crate) struct MemoryOrPercent;

impl Kind for MemoryOrPercent {
    type Value = ClientsMemory;

    fn syntax(&self) -> Syntax {
        Syntax::MemoryOrPercent
    }

    fn parse(&self, arguments: &[Vec<u8>], _: Prior<'_, ClientsMemory>) -> Result<ClientsMemory, Problem> {
        let argument = only(arguments)?;
        if let Some(bytes) = parse_memory(argument) {
            return within(i128::from(bytes), 0, LLONG_MAX).map(ClientsMemory::Bytes);
        }
        let percent = argument.strip_suffix(b"%").and_then(parse_i64).filter(|percent| *percent >= 0);
        match percent.ok_or("argument must be a memory or percent value")? {
            0 => Ok(ClientsMemory::Bytes(0)),
            percent => u8::try_from(percent)
                .ok()
                .filter(|percent| *percent <= 100)
                .map(ClientsMemory::PercentOfMaxmemory)
                .ok_or("percentage argument must be less or equal to 100".into()),
        }
    }

    fn render(&self, value: &ClientsMemory) -> Vec<u8> {
        match value {
            ClientsMemory::Bytes(bytes) => bytes.to_string().into_bytes(),
            ClientsMemory::PercentOfMaxmemory(percent) => format!("{percent}%").into_bytes(),
        }
    }

    fn rewrite(&self, name: &str, value: &ClientsMemory, default: &ClientsMemory) -> Vec<RewriteLine> {
        let text = match value {
            ClientsMemory::Bytes(bytes) => format_memory(i128::from(*bytes)),
            ClientsMemory::PercentOfMaxmemory(percent) => format!("{percent}%"),
        };
        vec![RewriteLine::new(name, text, value != default)]
    }
}

/// `number` as a `T` from `min` to `max`.
pub(super) fn within<T: Number>(number: i128, min: T, max: T) -> Result<T, Problem> {
    T::narrow(number).filter(|value| *value >= min && *value <= max).ok_or_else(|| {
        format!("argument must be between {} and {} inclusive", min.widen(), max.widen()).into()
    })
}

/// An integer as C's `strtoll` takes it when it must use up the whole text: leading blanks and a plus are
/// fine, an empty text is 0, what does not fit becomes the nearest that does.
pub(crate) fn lenient_integer(text: &[u8]) -> Option<i64> {
    let digits = std::str::from_utf8(text).ok()?.trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
    match digits.parse() {
        Ok(number) => Some(number),
        Err(error) => match error.kind() {
            IntErrorKind::Empty if text.is_empty() => Some(0),
            IntErrorKind::PosOverflow => Some(i64::MAX),
            IntErrorKind::NegOverflow => Some(i64::MIN),
            _ => None,
        },
    }
}

/// An amount of memory in the greatest unit that divides it.
pub(crate) fn format_memory(bytes: i128) -> String {
    const UNITS: [(i128, &str); 3] = [(1 << 30, "gb"), (1 << 20, "mb"), (1 << 10, "kb")];
    let unit = UNITS.iter().find(|(size, _)| bytes != 0 && bytes % size == 0);
    unit.map_or_else(|| bytes.to_string(), |(size, name)| format!("{}{name}", bytes / size))
}

#[cfg(test)]
mod tests {
    use super::super::parse_new;
    use super::*;

    #[test]
    fn integers() {
        let port = integer(0_u16, 65535);
        assert_eq!(parse_new(&port, &0, "6380"), Ok(6380));
        for not_a_number in ["abc", "1x", "+1", "01", "-0", "''", "1.0", "9223372036854775808"] {
            let problem = parse_new(&port, &0, not_a_number).unwrap_err();
            assert_eq!(problem, "argument couldn't be parsed into an integer", "{not_a_number}");
        }
        for out_of_bounds in ["-1", "65536", "9223372036854775807"] {
            let problem = parse_new(&port, &0, out_of_bounds).unwrap_err();
            assert_eq!(problem, "argument must be between 0 and 65535 inclusive", "{out_of_bounds}");
        }
        assert_eq!(parse_new(&port, &0, "1 2").unwrap_err(), "wrong number of arguments");
        assert_eq!(parse_new(&integer(i32::MIN, i32::MAX), &0, "-2"), Ok(-2));
        assert_eq!(
            parse_new(&integer(0, LONG_MAX), &0, "-1").unwrap_err(),
            "argument must be between 0 and 9223372036854775807 inclusive"
        );
    }

    #[test]
    fn clamped_integers() {
        let hz = integer(0, INT_MAX).clamped(1, 500);
        assert_eq!(parse_new(&hz, &10, "0"), Ok(1));
        assert_eq!(parse_new(&hz, &10, "99"), Ok(99));
        assert_eq!(parse_new(&hz, &10, "100000"), Ok(500));
        assert!(parse_new(&hz, &10, "-1").is_err());
    }

    #[test]
    fn octals() {
        let permissions = octal(0_u32, 0o777);
        assert_eq!(parse_new(&permissions, &0, "700"), Ok(0o700));
        assert_eq!(parse_new(&permissions, &0, "0770"), Ok(0o770));
        assert_eq!(permissions.render(&0o770), b"770");
        let problem = parse_new(&permissions, &0, "9").unwrap_err();
        assert_eq!(problem, "argument couldn't be parsed as an octal number");
        let problem = parse_new(&permissions, &0, "1000").unwrap_err();
        assert_eq!(problem, "argument must be between 0 and 777 inclusive");
    }

    #[test]
    fn memory_directives() {
        let limit = memory(1 << 20, LONG_MAX);
        assert_eq!(parse_new(&limit, &0, "512mb"), Ok(512 << 20));
        for no_memory in ["x", "-1", "1tb", "''", "99999999999gb"] {
            assert_eq!(parse_new(&limit, &0, no_memory).unwrap_err(), "argument must be a memory value");
        }
        assert_eq!(
            parse_new(&limit, &0, "1").unwrap_err(),
            "argument must be between 1048576 and 9223372036854775807 inclusive"
        );
        assert_eq!(limit.render(&(512 << 20)), b"536870912");
        assert_eq!(limit.rewrite("limit", &(512 << 20), &1), [RewriteLine::new("limit", "512mb", true)]);
    }

    #[test]
    fn memory_or_percent() {
        let none = ClientsMemory::Bytes(0);
        let parse = |text| parse_new(&MemoryOrPercent, &none, text);
        assert_eq!(parse("50%"), Ok(ClientsMemory::PercentOfMaxmemory(50)));
        assert_eq!(parse("0%"), Ok(none));
        assert_eq!(parse("1gb"), Ok(ClientsMemory::Bytes(1 << 30)));
        assert_eq!(parse("101%").unwrap_err(), "percentage argument must be less or equal to 100");
        for neither in ["-1%", "%", "abc", "-5", "1x%"] {
            assert_eq!(parse(neither).unwrap_err(), "argument must be a memory or percent value");
        }
        assert_eq!(MemoryOrPercent.render(&ClientsMemory::PercentOfMaxmemory(7)), b"7%");
    }

    #[test]
    fn memory_formats() {
        let check = |bytes, expected: &str| assert_eq!(format_memory(bytes), expected);
        check(0, "0");
        check(1000, "1000");
        check(3 << 10, "3kb");
        check(3 << 20, "3mb");
        check(3 << 30, "3gb");
        check((1 << 20) + (1 << 10), "1025kb");
    }

    #[test]
    fn lenient_integers() {
        let check = |text: &str, expected| assert_eq!(lenient_integer(text.as_bytes()), expected, "{text:?}");
        check("60", Some(60));
        check(" +60", Some(60));
        check("007", Some(7));
        check("", Some(0));
        check("99999999999999999999", Some(i64::MAX));
        check("-99999999999999999999", Some(i64::MIN));
        check("60 ", None);
        check("x", None);
        check(" ", None);
    }
}
