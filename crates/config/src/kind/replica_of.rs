//! `replicaof`: the server to be a replica of.

use super::number::lenient_integer;
use super::{Kind, Prior, Problem, RewriteLine, WRONG_NUMBER_OF_ARGUMENTS};
use crate::directive::{Arguments, Syntax};

/// The server that this one is a replica of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Primary {
    /// Its address or host name.
    pub host: String,
    /// Its TCP port.
    pub port: u16,
}

/// A host and a port, or `no one`.
pub(crate) struct ReplicaOf;

impl Kind for ReplicaOf {
    type Value = Option<Primary>;

    fn arguments(&self) -> Arguments {
        Arguments::Many
    }

    fn syntax(&self) -> Syntax {
        Syntax::Form("<host> <port> | no one")
    }

    fn parse(
        &self,
        arguments: &[Vec<u8>],
        _: Prior<'_, Option<Primary>>,
    ) -> Result<Option<Primary>, Problem> {
        let [host, port] = arguments else { return Err(WRONG_NUMBER_OF_ARGUMENTS.into()) };
        if host.eq_ignore_ascii_case(b"no") && port.eq_ignore_ascii_case(b"one") {
            return Ok(None);
        }
        let port =
            lenient_integer(port).and_then(|port| u16::try_from(port).ok()).ok_or("Invalid master port")?;
        let host = String::from_utf8(host.clone()).map_err(|_| "argument must be valid UTF-8")?;
        Ok(Some(Primary { host, port }))
    }

    fn render(&self, value: &Option<Primary>) -> Vec<u8> {
        value
            .as_ref()
            .map(|primary| format!("{} {}", primary.host, primary.port))
            .unwrap_or_default()
            .into_bytes()
    }

    fn rewrite(&self, name: &str, value: &Option<Primary>, _: &Option<Primary>) -> Vec<RewriteLine> {
        value.iter().map(|_| RewriteLine::new(name, self.render(value), true)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse_new;
    use super::*;

    #[test]
    fn host_and_port() {
        let parse = |line| parse_new(&ReplicaOf, &None, line);
        let primary = parse("10.0.0.1 6379").unwrap();
        assert_eq!(primary, Some(Primary { host: "10.0.0.1".to_owned(), port: 6379 }));
        assert_eq!(ReplicaOf.render(&primary), b"10.0.0.1 6379");
        assert_eq!(ReplicaOf.rewrite("replicaof", &primary, &None).len(), 1);
        assert_eq!(parse("No One"), Ok(None));
        assert_eq!(ReplicaOf.rewrite("replicaof", &None, &None), []);
        assert_eq!(parse("a").unwrap_err(), "wrong number of arguments");
        for line in ["a 65536", "a -1", "a b"] {
            assert_eq!(parse(line).unwrap_err(), "Invalid master port");
        }
    }
}
