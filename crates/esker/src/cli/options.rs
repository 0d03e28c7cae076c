//! The command line of `esker cli`: redis-cli's options, for what there is.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::{Arg, Parser};

use super::connection::Target;
use super::output::Style;
use super::session::{Login, Protocol};
use super::tls::TlsOptions;
use super::uri;

/// `--help`.
pub const HELP: &str = "\
Talk to a server: at a prompt, or one command.

Usage: esker cli [options] [command [argument …]]

  esker cli                          a prompt, with history, completion and hints
  esker cli SET greeting hello       one command
  esker cli < commands.txt           commands line by line
  esker cli -x SET page < page.html  the last argument from standard input

Where to
  -h, --host HOST      the server's name or address (127.0.0.1)
  -p, --port PORT      its port (6379)
  -s, --socket PATH    a Unix socket instead
  -u, --uri URI        redis://user:password@host:port/database, or rediss://… for an encrypted connection
  -n, --db NUMBER      the database (0)
  -t SECONDS           how long to wait for the connection
Who
  -a, --pass PASSWORD  the password; the environment's REDISCLI_AUTH is safer
      --user NAME      the user it belongs to
      --askpass        ask for the password
      --no-auth-warning
                       do not warn of a password on the command line
Encryption
      --tls            encrypt the connection
      --cacert FILE    trust the authorities in this file, instead of the system's
      --cacertdir DIR  trust those in the files of this directory
      --cert FILE      show this certificate
      --key FILE       its private key
      --sni NAME       ask for the server of this name, and accept no certificate for another
      --insecure       accept any certificate
Which commands
  -r COUNT             run the command so many times; -1: for ever
  -i SECONDS           wait so long between two times, as in 0.1
  -x                   read the last argument from standard input
  -X TAG               read the argument that is TAG from standard input
  -e                   end with status 1 when a command fails
      --pipe           send standard input as it is, and count the replies
      --pipe-timeout SECONDS
                       how long to wait for the last of them (30); 0: for ever
What is shown
  -2, -3               the version of the protocol: 3 for people and --json, 2 for programs, unless told
      --raw            replies as they are; what happens where the output is no terminal
      --no-raw         replies as a person reads them, wherever they go
      --json           replies as JSON, of RESP3 unless told
      --csv            replies as comma-separated values
  -d DELIMITER         what separates the elements of a raw reply (a line end)
      --show-pushes yes|no
                       whether to show messages that answer no command
      --help, --version

The prompt remembers lines in ~/.esker_history, or where ESKER_HISTFILE says; lines with passwords never.
";

/// What the command line asks for.
#[derive(Debug)]
pub enum Request {
    /// The help.
    Help,
    /// The version.
    Version,
    /// To talk to a server.
    Run(Box<Options>),
}

/// Which argument of the command comes from standard input.
#[derive(Debug, PartialEq, Eq)]
pub enum Input {
    /// None.
    None,
    /// One behind those that are given.
    LastArgument,
    /// The one that reads so.
    Tagged(Vec<u8>),
}

/// How to talk to a server.
#[derive(Debug)]
pub struct Options {
    /// Where it is.
    pub target: Target,
    /// How the connection is encrypted, where it is.
    pub tls: Option<TlsOptions>,
    /// Who we are.
    pub login: Option<Login>,
    /// Whether others on this machine could see the password.
    pub is_password_on_command_line: bool,
    /// Whether to say nothing about that.
    pub hides_auth_warning: bool,
    /// Whether to ask for the password.
    pub asks_password: bool,
    /// The number of the database.
    pub database: u32,
    /// How long to wait for the connection; for ever where nothing is said.
    pub connect_timeout: Option<Duration>,
    /// The version of the protocol, where it is said.
    pub protocol: Option<Protocol>,
    /// How often the command runs; for ever where there is no number.
    pub repeat: Option<u64>,
    /// How long to wait between two times.
    pub interval: Duration,
    /// Which argument comes from standard input.
    pub input: Input,
    /// How replies are printed, where it is said.
    pub style: Option<Style>,
    /// What separates the elements of a raw reply.
    pub delimiter: Vec<u8>,
    /// Whether messages that answer no command are shown, where it is said.
    pub shows_pushes: Option<bool>,
    /// Whether an error ends it with a status that says so.
    pub exits_on_error: bool,
    /// Whether standard input goes to the server as it is.
    pub pipes: bool,
    /// How long to wait then for the last reply; for ever where nothing is said.
    pub pipe_patience: Option<Duration>,
    /// The command; none for a prompt or a script.
    pub words: Vec<Vec<u8>>,
}

/// Reads the command line; `password` is the environment's.
///
/// # Errors
/// What is wrong, in words that name the option.
pub fn parse(arguments: &[OsString], password: Option<Vec<u8>>) -> Result<Request, String> {
    let mut options = Options::default();
    let (mut host, mut port, mut socket) = ("127.0.0.1".to_owned(), 6379, None::<PathBuf>);
    let (mut user, mut password, mut is_given) = (None, password, false);
    let (mut is_encrypted, mut tls) = (false, TlsOptions::default());
    let mut parser = Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(told)? {
        match argument {
            Arg::Long("help") => return Ok(Request::Help),
            Arg::Long("version") | Arg::Short('v' | 'V') => return Ok(Request::Version),
            Arg::Short('h') | Arg::Long("host") => match parser.value() {
                Ok(value) => host = text("-h", value)?,
                // As redis-cli: alone it asks for help.
                Err(_) => return Ok(Request::Help),
            },
            Arg::Short('p') | Arg::Long("port") => port = number("-p", value(&mut parser)?)?,
            Arg::Short('s') | Arg::Long("socket") => socket = Some(value(&mut parser)?.into()),
            Arg::Short('n') | Arg::Long("db") => options.database = number("-n", value(&mut parser)?)?,
            Arg::Short('t') => options.connect_timeout = Some(seconds("-t", value(&mut parser)?)?),
            Arg::Short('a') | Arg::Long("pass") => {
                password = Some(value(&mut parser)?.into_vec());
                is_given = true;
            }
            Arg::Long("user") => user = Some(value(&mut parser)?.into_vec()),
            Arg::Short('u') | Arg::Long("uri") => {
                let uri = uri::parse(&text("-u", value(&mut parser)?)?)?;
                is_encrypted |= uri.is_encrypted;
                host = uri.host.unwrap_or(host);
                port = uri.port.unwrap_or(port);
                options.database = uri.database.unwrap_or(options.database);
                user = uri.user.or(user);
                is_given |= uri.password.is_some();
                password = uri.password.or(password);
            }
            Arg::Long("tls") => is_encrypted = true,
            Arg::Long("cacert") => tls.authority_file = Some(value(&mut parser)?.into()),
            Arg::Long("cacertdir") => tls.authority_directory = Some(value(&mut parser)?.into()),
            Arg::Long("cert") => tls.certificate = Some(value(&mut parser)?.into()),
            Arg::Long("key") => tls.key = Some(value(&mut parser)?.into()),
            Arg::Long("sni") => tls.name = Some(text("--sni", value(&mut parser)?)?),
            Arg::Long("insecure") => tls.trusts_anybody = true,
            Arg::Long("askpass") => options.asks_password = true,
            Arg::Long("no-auth-warning") => options.hides_auth_warning = true,
            Arg::Short('r') => {
                let count: i64 = number("-r", value(&mut parser)?)?;
                options.repeat = u64::try_from(count).ok();
            }
            Arg::Short('i') => options.interval = seconds("-i", value(&mut parser)?)?,
            Arg::Short('x') => options.input = Input::LastArgument,
            Arg::Short('X') => options.input = Input::Tagged(value(&mut parser)?.into_vec()),
            Arg::Short('e') => options.exits_on_error = true,
            Arg::Short('2') => options.protocol = Some(Protocol::Resp2),
            Arg::Short('3') => options.protocol = Some(Protocol::Resp3),
            Arg::Long("raw") => options.style = Some(Style::Raw),
            Arg::Long("json") => options.style = Some(Style::Json),
            Arg::Long("csv") => options.style = Some(Style::Csv),
            Arg::Long("pipe") => options.pipes = true,
            Arg::Long("pipe-timeout") => {
                let patience = seconds("--pipe-timeout", value(&mut parser)?)?;
                options.pipe_patience = Some(patience).filter(|patience| !patience.is_zero());
            }
            Arg::Long("no-raw") => options.style = Some(Style::Formatted),
            Arg::Short('d') => options.delimiter = value(&mut parser)?.into_vec(),
            Arg::Long("show-pushes") => {
                options.shows_pushes = Some(match text("--show-pushes", value(&mut parser)?)?.as_str() {
                    "yes" | "y" => true,
                    "no" | "n" => false,
                    other => return Err(format!("--show-pushes takes yes or no, not '{other}'")),
                });
            }
            Arg::Value(first) => {
                let rest = parser.raw_args().map_err(told)?;
                options.words = std::iter::once(first).chain(rest).map(OsString::into_vec).collect();
            }
            Arg::Short(_) | Arg::Long(_) => return Err(told(argument.unexpected())),
        }
    }
    options.target = match socket {
        Some(path) => Target::Unix(path),
        None => Target::Tcp { host, port },
    };
    options.tls = is_encrypted.then_some(tls);
    options.is_password_on_command_line = is_given && !options.asks_password;
    options.login = match (user, password) {
        (user, Some(password)) if !options.asks_password => Some(Login { user, password }),
        (user, _) if options.asks_password => Some(Login { user, password: Vec::new() }),
        _ => None,
    };
    if options.words.is_empty() && options.input != Input::None {
        return Err(
            "-x and -X take an argument of a command from standard input, and there is none".to_owned()
        );
    }
    if options.pipes && !options.words.is_empty() {
        return Err("--pipe takes commands from standard input, and none besides".to_owned());
    }
    Ok(Request::Run(Box::new(options)))
}

impl Default for Options {
    fn default() -> Self {
        Self {
            target: Target::Tcp { host: String::new(), port: 0 },
            tls: None,
            login: None,
            is_password_on_command_line: false,
            hides_auth_warning: false,
            asks_password: false,
            database: 0,
            connect_timeout: None,
            protocol: None,
            repeat: Some(1),
            interval: Duration::ZERO,
            input: Input::None,
            style: None,
            delimiter: b"\n".to_vec(),
            shows_pushes: None,
            exits_on_error: false,
            pipes: false,
            pipe_patience: Some(Duration::from_secs(30)),
            words: Vec::new(),
        }
    }
}

fn told(error: lexopt::Error) -> String {
    match error {
        lexopt::Error::UnexpectedOption(option) => format!("Unrecognized option: '{option}'"),
        other => other.to_string(),
    }
}

fn value(parser: &mut Parser) -> Result<OsString, String> {
    parser.value().map_err(told)
}

fn text(option: &str, value: OsString) -> Result<String, String> {
    value.into_string().map_err(|value| format!("{option} takes a text, not {}", value.display()))
}

fn number<N: std::str::FromStr>(option: &str, value: OsString) -> Result<N, String> {
    let number = value.to_str().and_then(|text| text.parse().ok());
    number.ok_or_else(|| format!("{option} takes a number, not '{}'", OsStr::display(&value)))
}

fn seconds(option: &str, value: OsString) -> Result<Duration, String> {
    let seconds: f64 = number(option, value)?;
    Duration::try_from_secs_f64(seconds).map_err(|_| format!("{option} takes a number of seconds"))
}

#[cfg(test)]
mod tests;
