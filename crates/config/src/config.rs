//! The configuration of a running server: CONFIG GET, SET and REWRITE.

use std::path::Path;
use std::sync::Arc;

use crate::directive::{Arguments, Directive};
use crate::error::{RewriteError, SetError};
use crate::kind::Problem;
use crate::table::{self, Settings};
use crate::{Host, Primary, files, rewrite};

/// The value of every directive, and the file to write them to. Cheap to clone; changing one makes another.
#[derive(Clone, Debug)]
pub struct Config {
    settings: Arc<Settings>,
    defaults: Arc<Settings>,
    file: Option<Arc<Path>>,
}

/// What CONFIG SET makes of a configuration.
#[derive(Clone, Debug)]
pub struct Update {
    /// The configuration with the new values.
    pub config: Config,
    /// The directives that were given, in that order.
    pub given: Vec<&'static Directive>,
    /// Those of them whose values differ from before.
    pub changed: Vec<&'static Directive>,
}

impl Config {
    pub(crate) fn new(settings: Settings, defaults: Settings, file: Option<&Path>) -> Self {
        Self { settings: Arc::new(settings), defaults: Arc::new(defaults), file: file.map(Arc::from) }
    }

    /// The configuration of a server on `host` that is given none.
    pub fn of_defaults(host: &Host) -> Self {
        let defaults = Settings::defaults(host);
        Self::new(defaults.clone(), defaults, None)
    }

    /// The value of every directive.
    pub fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    /// The absolute path of the configuration file that the server was started with.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The same, but for the primary that the server follows: what REPLICAOF makes of it.
    pub fn with_primary(&self, primary: Option<Primary>) -> Self {
        let mut settings = Settings::clone(&self.settings);
        settings.replication.replicaof = primary;
        Self { settings: Arc::new(settings), ..self.clone() }
    }

    /// CONFIG GET: the names that any of `patterns` matches, with their values, each once.
    ///
    /// A pattern with a wildcard (`*`, `?`, `[`) matches names and aliases alike, but no hidden ones.
    /// Without a wildcard it is a name, and comes back as the client spelt it.
    pub fn get<P: AsRef<[u8]>>(&self, patterns: &[P]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut found: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        for pattern in patterns.iter().map(AsRef::as_ref) {
            if pattern.iter().any(|byte| matches!(byte, b'*' | b'?' | b'[')) {
                for directive in table::directives().filter(|directive| !directive.traits.hidden) {
                    for name in directive
                        .names()
                        .filter(|name| base::glob::matches_ignore_case(pattern, name.as_bytes()))
                    {
                        self.add_value(&mut found, directive, name.as_bytes());
                    }
                }
            } else if let Some((directive, _)) = table::directive(pattern) {
                self.add_value(&mut found, directive, pattern);
            }
        }
        found
    }

    fn add_value(&self, found: &mut Vec<(Vec<u8>, Vec<u8>)>, directive: &Directive, name: &[u8]) {
        if !found.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            found.push((name.to_vec(), directive.value(&self.settings)));
        }
    }

    /// CONFIG SET of several pairs of a name and a value, all or none. The server acts on what changed and
    /// then publishes the new configuration, or answers [`SetError::not_applied`] and keeps this one.
    ///
    /// # Errors
    /// The first pair that names no directive, one that may not be set, or one named before; else the first
    /// whose value is wrong.
    pub fn set<N, V>(&self, pairs: &[(N, V)], client_is_local: bool) -> Result<Update, SetError>
    where
        N: AsRef<[u8]>,
        V: AsRef<[u8]>,
    {
        let mut targets: Vec<(&Directive, &str, &[u8])> = Vec::with_capacity(pairs.len());
        for (name, value) in pairs {
            let (directive, known) = self.settable(name.as_ref(), client_is_local)?;
            // As in Redis, an alias and the name that it stands for may both be given; the later one wins.
            if targets.iter().any(|(_, earlier, _)| *earlier == known) {
                return Err(refused(name.as_ref(), "duplicate parameter".into()));
            }
            targets.push((directive, known, value.as_ref()));
        }
        let mut settings = Settings::clone(&self.settings);
        for (directive, known, value) in &targets {
            if directive.traits.fixed && directive.value(&self.settings) == *value {
                continue;
            }
            let arguments = match directive.arguments() {
                Arguments::One => vec![value.to_vec()],
                Arguments::Many if value.is_empty() => Vec::new(),
                Arguments::Many => value.split(|byte| *byte == b' ').map(<[u8]>::to_vec).collect(),
            };
            (directive.assign)(&mut settings, &arguments, false)
                .map_err(|problem| refused(known.as_bytes(), problem))?;
        }
        let mut given: Vec<&Directive> = Vec::new();
        for (directive, ..) in targets {
            if !given.iter().any(|earlier| earlier.name == directive.name) {
                given.push(directive);
            }
        }
        let differs = |directive: &&Directive| directive.value(&settings) != directive.value(&self.settings);
        let changed: Vec<&Directive> = given.iter().copied().filter(differs).collect();
        if let Some(fixed) = changed.iter().find(|directive| directive.traits.fixed) {
            return Err(refused(fixed.name.as_bytes(), "can't set immutable config".into()));
        }
        Ok(Update { config: Self { settings: Arc::new(settings), ..self.clone() }, given, changed })
    }

    /// The directive called `name`, if it may be set, and that name as the table spells it.
    fn settable(
        &self,
        name: &[u8],
        client_is_local: bool,
    ) -> Result<(&'static Directive, &'static str), SetError> {
        let (directive, known) =
            table::directive(name).ok_or_else(|| SetError::Unknown { name: name.to_vec() })?;
        if directive.traits.immutable {
            return Err(refused(name, "can't set immutable config".into()));
        }
        let access = self.settings.security.enable_protected_configs;
        if directive.traits.protected && !access.allows(client_is_local) {
            return Err(refused(name, "can't set protected config".into()));
        }
        Ok((directive, known))
    }

    /// CONFIG REWRITE: writes the values into the file that the server was started with. Comments, the
    /// order of lines and includes stay; lines of directives change to the present values; what is missing
    /// and not a default is added at the end. The `user` lines become those of `users`, each a name and its rules in one
    /// line. The file is replaced at once, and never half written.
    ///
    /// # Errors
    /// If there is no file, or it cannot be read or replaced; the old file then stays as it is.
    pub fn rewrite(&self, users: &[Vec<u8>]) -> Result<(), RewriteError> {
        let path = self.file().ok_or(RewriteError::NoFile)?;
        let old = files::read_if_exists(path).map_err(RewriteError::Io)?;
        let new = rewrite::rewritten(&old, &self.settings, &self.defaults, users);
        files::replace(path, &new).map_err(RewriteError::Io)
    }
}

fn refused(name: &[u8], problem: Problem) -> SetError {
    SetError::Refused { name: name.to_vec(), problem }
}

#[cfg(test)]
mod tests;
