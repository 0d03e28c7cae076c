//! `bind`: the addresses to listen on.

use super::{Kind, Prior, Problem, RewriteLine, is_emptied};
use crate::directive::{Arguments, Syntax};

/// How many addresses may be named.
const BIND_ADDRESSES_MAX: usize = 16;

/// The addresses to listen on, as the configuration names them: IPv4 or IPv6 addresses or host names, `*`
/// for all of IPv4, `::*` for all of IPv6; a `-` in front allows the address to be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindAddresses(pub Vec<String>);

impl BindAddresses {
    /// Loopback, as the redis.conf that is shipped with Redis has it. Redis without a file would listen on
    /// every interface and lean on protected mode.
    pub(crate) fn loopback() -> Self {
        Self(vec!["127.0.0.1".to_owned(), "-::1".to_owned()])
    }
}

/// A list of addresses that replaces the one before; `bind ""` listens on no TCP port.
pub(crate) struct Addresses;

impl Kind for Addresses {
    type Value = BindAddresses;

    fn arguments(&self) -> Arguments {
        Arguments::Many
    }

    fn syntax(&self) -> Syntax {
        Syntax::Form("<address> … | \"\"")
    }

    fn parse(&self, arguments: &[Vec<u8>], _: Prior<'_, BindAddresses>) -> Result<BindAddresses, Problem> {
        if arguments.len() > BIND_ADDRESSES_MAX {
            return Err("Too many bind addresses specified.".into());
        }
        if is_emptied(arguments) {
            return Ok(BindAddresses(Vec::new()));
        }
        let addresses = arguments.iter().map(|address| String::from_utf8(address.clone()));
        addresses
            .collect::<Result<_, _>>()
            .map(BindAddresses)
            .map_err(|_| "argument must be valid UTF-8".into())
    }

    fn render(&self, value: &BindAddresses) -> Vec<u8> {
        super::join(&value.0)
    }

    /// Redis drops the line where it says the default. Here it stays: Redis' default is every interface, and
    /// the file may go back to Redis.
    fn rewrite(&self, name: &str, value: &BindAddresses, default: &BindAddresses) -> Vec<RewriteLine> {
        let text = if value.0.is_empty() { b"\"\"".to_vec() } else { self.render(value) };
        vec![RewriteLine::new(name, text, value != default)]
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse_new;
    use super::*;

    #[test]
    fn addresses() {
        let default = BindAddresses::loopback();
        let parse = |line: &str| parse_new(&Addresses, &default, line);
        let all = parse("* -::*").unwrap();
        assert_eq!(all.0, ["*", "-::*"]);
        assert_eq!(Addresses.render(&all), b"* -::*");
        assert_eq!(parse("''").unwrap().0, [] as [&str; 0]);
        assert_eq!(parse(&"a ".repeat(16)).unwrap().0.len(), 16);
        assert_eq!(parse(&"a ".repeat(17)).unwrap_err(), "Too many bind addresses specified.");
        assert_eq!(parse(r#""\xff""#).unwrap_err(), "argument must be valid UTF-8");
        assert_eq!(Addresses.rewrite("bind", &all, &default), [RewriteLine::new("bind", "* -::*", true)]);
        let unchanged = RewriteLine::new("bind", "127.0.0.1 -::1", false);
        assert_eq!(Addresses.rewrite("bind", &default, &default), [unchanged]);
        let none = BindAddresses(vec![]);
        assert_eq!(Addresses.rewrite("bind", &none, &default), [RewriteLine::new("bind", "\"\"", true)]);
    }
}
