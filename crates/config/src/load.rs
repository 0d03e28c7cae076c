//! Reading the configuration: the file, what it includes, standard input, the command line.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use crate::directive::{Arguments, Directive, Support};
use crate::error::{LoadError, Place, Source, Warning};
use crate::kind::Problem;
use crate::line::{split_words, trim};
use crate::{CommandLine, Config, Host, Settings, elsewhere, files, table};

/// How deep files may include each other; a file that includes itself ends here.
const INCLUDE_DEPTH_MAX: usize = 32;

/// What was read.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Lines that do nothing.
    pub warnings: Vec<Warning>,
    /// The `rename-command` lines. Whether the commands exist is for the server to say, with
    /// [`LoadError::at`].
    pub renamed_commands: Vec<RenamedCommand>,
    /// The `user` lines.
    pub users: Vec<UserLine>,
}

/// A `rename-command` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenamedCommand {
    /// The command.
    pub command: Vec<u8>,
    /// Its new name; empty if the command is to be taken away.
    pub new_name: Vec<u8>,
    /// The line.
    pub place: Place,
}

/// A `user` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserLine {
    /// The user's name.
    pub name: Vec<u8>,
    /// The rules behind the name.
    pub rules: Vec<Vec<u8>>,
    /// The line.
    pub place: Place,
}

/// Reads the configuration that `command_line` names. Of several lines about one directive the last one
/// counts; the file comes first, then `stdin` if the command line asks for it, then the options.
///
/// # Errors
/// The first line that is wrong, or the first file that cannot be read.
pub fn load(command_line: &CommandLine, host: &Host, stdin: impl Read) -> Result<Loaded, LoadError> {
    let mut loader = Loader::new(host);
    if let Some(file) = &command_line.file {
        loader.read_files(file.as_os_str(), 0)?;
    }
    if command_line.stdin {
        loader.read_stdin(stdin)?;
    }
    for (index, option) in command_line.options.iter().enumerate() {
        let place = Place { source: Source::CommandLine, line: index + 1, text: option.text.clone() };
        loader.read_line(place, option.words.clone(), 0)?;
    }
    let file = command_line.file.as_ref().map(|file| host.working_dir.join(file));
    loader.finish(file.as_deref())
}

/// The state of reading: everything that the lines so far have said.
struct Loader {
    defaults: Settings,
    settings: Settings,
    /// The last line about each directive, by the directive's first name.
    places: HashMap<&'static str, Place>,
    /// The first line about each database that has an engine of its own, in the order of the settings.
    database_places: Vec<Place>,
    /// Warnings about lines that are no directives of ours.
    warnings: Vec<Warning>,
    renamed_commands: Vec<RenamedCommand>,
    users: Vec<UserLine>,
}

impl Loader {
    fn new(host: &Host) -> Self {
        let defaults = Settings::defaults(host);
        Self {
            settings: defaults.clone(),
            defaults,
            places: HashMap::new(),
            database_places: Vec::new(),
            warnings: Vec::new(),
            renamed_commands: Vec::new(),
            users: Vec::new(),
        }
    }

    /// Reads the file called `name`, or every file that the pattern `name` names, which may be none. A
    /// relative name begins at `dir` as set so far: Redis changes directory where it reads that line.
    fn read_files(&mut self, name: &OsStr, depth: usize) -> Result<(), LoadError> {
        let path = self.settings.process.dir.join(name);
        if !files::is_pattern(name) {
            return self.read_file(&path, depth);
        }
        files::matching_files(&path).iter().try_for_each(|path| self.read_file(path, depth))
    }

    fn read_file(&mut self, path: &Path, depth: usize) -> Result<(), LoadError> {
        let text = fs::read(path).map_err(|error| LoadError::Unreadable { path: path.into(), error })?;
        self.read_text(&Source::File(Arc::from(path)), &text, depth)
    }

    fn read_stdin(&mut self, mut stdin: impl Read) -> Result<(), LoadError> {
        let mut text = Vec::new();
        stdin.read_to_end(&mut text).map_err(LoadError::UnreadableStdin)?;
        self.read_text(&Source::Stdin, &text, 0)
    }

    fn read_text(&mut self, source: &Source, text: &[u8], depth: usize) -> Result<(), LoadError> {
        for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let line = trim(line);
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let text = String::from_utf8_lossy(line).into_owned();
            self.read_line(
                Place { source: source.clone(), line: index + 1, text },
                split_words(line),
                depth,
            )?;
        }
        Ok(())
    }

    /// Acts on one line, given its words unless its quotes are unbalanced.
    fn read_line(
        &mut self,
        place: Place,
        words: Option<Vec<Vec<u8>>>,
        depth: usize,
    ) -> Result<(), LoadError> {
        let refuse = |problem: &'static str| Err(LoadError::at(&place, problem));
        let Some(words) = words else { return refuse(UNBALANCED_QUOTES) };
        let Some((first, arguments)) = words.split_first() else { return Ok(()) };
        let name = String::from_utf8_lossy(first).to_ascii_lowercase();
        if let Some((directive, _)) = table::directive(name.as_bytes()) {
            self.assign(directive, arguments).map_err(|problem| LoadError::at(&place, problem))?;
            // Databases are only ever added, at the end: those that are new were named by this line.
            let databases = self.settings.disk.engine_by_database.iter().len();
            self.database_places.resize_with(databases, || place.clone());
            self.places.insert(directive.name, place);
            return Ok(());
        }
        match (name.as_str(), arguments) {
            ("include", [_]) if depth == INCLUDE_DEPTH_MAX => {
                return refuse("too many files include each other");
            }
            ("include", [file]) => return self.read_files(OsStr::from_bytes(file), depth + 1),
            ("rename-command", [command, new_name]) => {
                let (command, new_name) = (command.clone(), new_name.clone());
                self.renamed_commands.push(RenamedCommand { command, new_name, place });
            }
            ("user", [user, rules @ ..]) => {
                self.users.push(UserLine { name: user.clone(), rules: rules.to_vec(), place });
            }
            ("loadmodule", [_, ..]) => self.warn(name, table::NO_MODULES_REASON, place),
            ("sentinel", [_, ..]) => return refuse("sentinel directive while not in sentinel mode"),
            (module, []) if module.contains('.') => return refuse("Module config specified without value"),
            (other, _) => match elsewhere::reason(other) {
                Some(reason) => self.warn(name, reason, place),
                None => return refuse("Bad directive or wrong number of arguments"),
            },
        }
        Ok(())
    }

    fn assign(&mut self, directive: &Directive, arguments: &[Vec<u8>]) -> Result<(), Problem> {
        let repeated = self.places.contains_key(directive.name);
        match (directive.arguments(), arguments) {
            // So that `--save "900 1"` and `save "900 1"` mean what they say.
            (Arguments::Many, [one]) if !one.is_empty() => {
                let arguments = split_words(one).ok_or(UNBALANCED_QUOTES)?;
                (directive.assign)(&mut self.settings, &arguments, repeated)
            }
            _ => (directive.assign)(&mut self.settings, arguments, repeated),
        }
    }

    fn warn(&mut self, directive: String, reason: &'static str, place: Place) {
        self.warnings.push(Warning { directive, reason, place });
    }

    /// Refuses engines of databases that do not exist; how many there are is known only when all is read.
    fn check_databases(&self) -> Result<(), LoadError> {
        let databases = self.settings.process.databases;
        for ((number, _), place) in self.settings.disk.engine_by_database.iter().zip(&self.database_places) {
            if number >= databases {
                let problem = format!("the database must be less than `databases`, which is {databases}");
                return Err(LoadError::at(place, problem));
            }
        }
        Ok(())
    }

    fn finish(mut self, file: Option<&Path>) -> Result<Loaded, LoadError> {
        self.check_databases()?;
        for directive in table::directives() {
            let Support::Ignored(reason) = directive.support else { continue };
            let Some(place) = self.places.remove(directive.name) else { continue };
            if directive.value(&self.settings) != directive.value(&self.defaults) {
                self.warn(directive.name.to_owned(), reason, place);
            }
        }
        Ok(Loaded {
            config: Config::new(self.settings, self.defaults, file),
            warnings: self.warnings,
            renamed_commands: self.renamed_commands,
            users: self.users,
        })
    }
}

const UNBALANCED_QUOTES: &str = "Unbalanced quotes in configuration line";
