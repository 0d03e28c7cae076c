//! The first line of a script or a library: `#!lua flags=no-writes` or `#!lua name=mylib`.

use std::fmt;

/// What a script or a function says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u8);

impl Flags {
    /// It changes nothing.
    pub const NO_WRITES: Flags = Flags(1);
    /// It may run when memory is short.
    pub const ALLOW_OOM: Flags = Flags(1 << 1);
    /// It may run on a replica that has lost its primary.
    pub const ALLOW_STALE: Flags = Flags(1 << 2);
    /// It must not run in a cluster.
    pub const NO_CLUSTER: Flags = Flags(1 << 3);
    /// It may use keys of several slots.
    pub const ALLOW_CROSS_SLOT_KEYS: Flags = Flags(1 << 4);

    const NAMES: [(&'static str, Flags); 5] = [
        ("no-writes", Flags::NO_WRITES),
        ("allow-oom", Flags::ALLOW_OOM),
        ("allow-stale", Flags::ALLOW_STALE),
        ("no-cluster", Flags::NO_CLUSTER),
        ("allow-cross-slot-keys", Flags::ALLOW_CROSS_SLOT_KEYS),
    ];

    /// The flag of this name.
    pub fn named(name: &str) -> Option<Flags> {
        Flags::NAMES.iter().find(|(own, _)| *own == name).map(|(_, flag)| *flag)
    }

    /// Whether `flag` is among them.
    pub fn has(self, flag: Flags) -> bool {
        self.0 & flag.0 != 0
    }

    /// These and `more`.
    #[must_use]
    pub fn and(self, more: Flags) -> Flags {
        Flags(self.0 | more.0)
    }

    /// Their names.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Flags::NAMES.into_iter().filter(move |(_, flag)| self.has(*flag)).map(|(name, _)| name)
    }
}

/// What the first line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The engine: `lua`, or what else stands there.
    pub engine: String,
    /// `name=` and the like, and what follows.
    pub options: Vec<String>,
    /// How many bytes it takes, without the line's end.
    pub len: usize,
}

/// Why a first line cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderError(String);

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HeaderError {
    fn new(text: impl Into<String>) -> HeaderError {
        HeaderError(text.into())
    }
}

impl Header {
    /// The header of `text`, if it has one.
    ///
    /// # Errors
    /// When the line does not end, or cannot be split into words.
    pub fn of(text: &[u8]) -> Result<Option<Header>, HeaderError> {
        if !text.starts_with(b"#!") {
            return Ok(None);
        }
        let end = text.iter().position(|byte| *byte == b'\n');
        let len = end.ok_or(HeaderError::new("Invalid script shebang"))?;
        let words = resp::OwnedArguments::from_line(&text[2..len]);
        let words = words.map_err(|_| HeaderError::new("Invalid engine in script shebang"))?;
        let word = |word: &[u8]| String::from_utf8_lossy(word).into_owned();
        let mut words = words.as_arguments().iter().map(word);
        let engine =
            if text[2..len].first().is_some_and(u8::is_ascii_whitespace) { None } else { words.next() };
        let engine = engine.unwrap_or_default();
        Ok(Some(Header { engine, options: words.collect(), len }))
    }

    /// The flags of a script that has this header.
    ///
    /// # Errors
    /// Another engine, or what no script can say.
    pub fn script_flags(&self) -> Result<Flags, HeaderError> {
        if self.engine != "lua" {
            let engine = &self.engine;
            return Err(HeaderError::new(format!("Unexpected engine in script shebang: #!{engine}")));
        }
        let mut flags = Flags::default();
        for option in &self.options {
            let Some(names) = option.strip_prefix("flags=") else {
                return Err(HeaderError::new(format!("Unknown lua shebang option: {option}")));
            };
            for name in names.split(',').filter(|_| !names.is_empty()) {
                let unknown = || HeaderError::new(format!("Unexpected flag in script shebang: {name}"));
                flags = flags.and(Flags::named(name).ok_or_else(unknown)?);
            }
        }
        Ok(flags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_say_engine_and_flags() {
        let flags =
            |text: &str| Header::of(text.as_bytes()).map(|header| header.map(|header| header.script_flags()));
        assert_eq!(flags("return 1"), Ok(None));
        assert_eq!(flags("#!lua\nreturn 1"), Ok(Some(Ok(Flags::default()))));
        let both = Flags::NO_WRITES.and(Flags::ALLOW_STALE);
        assert_eq!(flags("#!lua flags=no-writes,allow-stale\n"), Ok(Some(Ok(both))));
        assert_eq!(both.names().collect::<Vec<_>>(), ["no-writes", "allow-stale"]);
        for (text, expected) in [
            ("#!lua", "Invalid script shebang"),
            ("#!not-lua\n", "Unexpected engine in script shebang: #!not-lua"),
            ("#!lua badger=data\n", "Unknown lua shebang option: badger=data"),
            ("#!lua flags=allow-what\n", "Unexpected flag in script shebang: allow-what"),
        ] {
            let error = match flags(text) {
                Err(error) | Ok(Some(Err(error))) => error.to_string(),
                other => panic!("{other:?}"),
            };
            assert_eq!(error, expected);
        }
    }
}
