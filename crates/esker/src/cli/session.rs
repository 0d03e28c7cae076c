//! What a person has told the server, and wants back after a reconnect: the password, the version of the
//! protocol, the database; and where the conversation stands.

use std::time::Duration;

use resp::Value;

use super::connection::{Connection, Lost, Target, reason};
use super::tls::Encryption;

/// Which version of the protocol to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// The first that servers have.
    Resp2,
    /// RESP3, and a warning where the server does not know it.
    Resp3,
    /// RESP3 where the server knows it.
    Resp3IfKnown,
}

/// Who we are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Login {
    /// The user; nothing for the default one.
    pub user: Option<Vec<u8>>,
    /// The password.
    pub password: Vec<u8>,
}

/// Which commands the server was told not to answer, by CLIENT REPLY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Muting {
    /// None.
    Off,
    /// The next one.
    Next,
    /// All.
    On,
}

/// A conversation with a server, across connections.
pub struct Session {
    target: Target,
    encryption: Option<Encryption>,
    login: Option<Login>,
    protocol: Protocol,
    connect_timeout: Option<Duration>,
    connection: Option<Connection>,
    database: u32,
    /// The database that a transaction will have selected.
    database_after_exec: Option<u32>,
    is_in_transaction: bool,
    muting: Muting,
    speaks_resp3: bool,
}

impl Session {
    /// A conversation that has not begun.
    pub fn new(
        target: Target,
        encryption: Option<Encryption>,
        login: Option<Login>,
        protocol: Protocol,
        database: u32,
        connect_timeout: Option<Duration>,
    ) -> Self {
        Self {
            target,
            encryption,
            login,
            protocol,
            connect_timeout,
            connection: None,
            database,
            database_after_exec: None,
            is_in_transaction: false,
            muting: Muting::Off,
            speaks_resp3: false,
        }
    }

    /// What stands before a line: `127.0.0.1:6379[2](TX)> `.
    pub fn prompt(&self) -> String {
        if self.connection.is_none() {
            return "not connected> ".to_owned();
        }
        let target = match &self.target {
            Target::Unix(path) => format!("esker {}", path.display()),
            tcp @ Target::Tcp { .. } => tcp.to_string(),
        };
        let database = if self.database == 0 { String::new() } else { format!("[{}]", self.database) };
        let transaction = if self.is_in_transaction { "(TX)" } else { "" };
        format!("{target}{database}{transaction}> ")
    }

    /// Whether a transaction has begun.
    pub fn is_in_transaction(&self) -> bool {
        self.is_in_transaction
    }

    /// Whether the server answers the command that is sent now.
    pub fn is_answered(&mut self) -> bool {
        let is_answered = self.muting == Muting::Off;
        if self.muting == Muting::Next {
            self.muting = Muting::Off;
        }
        is_answered
    }

    /// The connection, if there is one.
    pub fn connection(&mut self) -> Option<&mut Connection> {
        self.connection.as_mut()
    }

    /// Lets the connection go, and what was begun on it.
    pub fn disconnect(&mut self) {
        self.connection = None;
        self.is_in_transaction = false;
        self.database_after_exec = None;
        self.muting = Muting::Off;
        self.speaks_resp3 = false;
    }

    /// Connects anew and says again what the server has to know.
    ///
    /// # Errors
    /// Why there is no connection, in a line. A password that is not accepted is only a warning, on standard
    /// error: some servers want none. A database that is not there is an error: commands must not run elsewhere.
    pub fn connect(&mut self) -> Result<(), String> {
        self.disconnect();
        let connection = Connection::open(&self.target, self.encryption.as_ref(), self.connect_timeout)
            .map_err(|error| format!("Could not connect to Redis at {}: {}", self.target, reason(&error)))?;
        self.connection = Some(connection);
        self.introduce().inspect_err(|_| self.disconnect())
    }

    fn introduce(&mut self) -> Result<(), String> {
        if let Some(login) = self.login.clone() {
            let mut words = vec![b"AUTH".to_vec()];
            words.extend(login.user);
            words.push(login.password);
            if let Value::Error(error) = self.ask(&words)? {
                eprintln!("AUTH failed: {error}");
            }
        }
        self.greet()?;
        if self.database != 0 {
            let words = [b"SELECT".to_vec(), self.database.to_string().into_bytes()];
            if let Value::Error(error) = self.ask(&words)? {
                return Err(format!("SELECT {} failed: {error}", self.database));
            }
        }
        Ok(())
    }

    /// Asks for RESP3, where it is wanted.
    fn greet(&mut self) -> Result<(), String> {
        if self.protocol == Protocol::Resp2 {
            return Ok(());
        }
        match self.ask(&[b"HELLO".to_vec(), b"3".to_vec()])? {
            Value::Error(error) if self.protocol == Protocol::Resp3 => eprintln!("HELLO 3 failed: {error}"),
            Value::Error(_) => {}
            _ => self.speaks_resp3 = true,
        }
        Ok(())
    }

    /// Sends a command of our own and waits for its reply.
    fn ask(&mut self, words: &[Vec<u8>]) -> Result<Value, String> {
        let connection = self.connection.as_mut().ok_or("not connected")?;
        let reply = connection.send(words).and_then(|()| connection.receive());
        reply.map_err(|lost: Lost| lost.to_string())
    }

    /// Takes note of what a command has changed about the conversation.
    ///
    /// # Errors
    /// Why the connection is lost, where something has to be said to the server again.
    pub fn note(&mut self, words: &[Vec<u8>], reply: &Value) -> Result<(), String> {
        let is = |index: usize, name: &str| {
            words.get(index).is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()))
        };
        let is_ok = matches!(reply, Value::Simple(line) if line == "OK");
        let is_queued = matches!(reply, Value::Simple(line) if line == "QUEUED");
        if is(0, "exec") || is(0, "discard") {
            self.is_in_transaction = false;
            let is_done = is(0, "exec") && !reply.is_null() && !matches!(reply, Value::Error(_));
            if let Some(database) = self.database_after_exec.take().filter(|_| is_done) {
                self.database = database;
            }
        } else if is(0, "multi") && is_ok {
            self.is_in_transaction = true;
        } else if is(0, "select") && (is_ok || is_queued) {
            let number = words.get(1).and_then(|word| std::str::from_utf8(word).ok()?.parse().ok());
            match number {
                Some(number) if is_ok => self.database = number,
                Some(number) => self.database_after_exec = Some(number),
                None => {}
            }
        } else if is(0, "reset") && matches!(reply, Value::Simple(_)) {
            self.database = 0;
            self.is_in_transaction = false;
            self.database_after_exec = None;
            self.speaks_resp3 = false;
        } else if is(0, "hello") && !matches!(reply, Value::Error(_)) && words.len() > 1 {
            self.speaks_resp3 = is(1, "3");
            self.protocol = if is(1, "3") { Protocol::Resp3 } else { Protocol::Resp2 };
        } else if is(0, "auth") && is_ok {
            self.login = match words {
                [_, password] => Some(Login { user: None, password: password.clone() }),
                [_, user, password] => Some(Login { user: Some(user.clone()), password: password.clone() }),
                _ => return Ok(()),
            };
            // Before, the server did not let us say so.
            if !self.speaks_resp3 {
                self.greet()?;
            }
        }
        Ok(())
    }

    /// Takes note of what CLIENT REPLY has asked for.
    pub fn mute(&mut self, muting: Muting) {
        self.muting = muting;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(session: &mut Session, line: &str, reply: &Value) {
        let words: Vec<Vec<u8>> = line.split(' ').map(|word| word.as_bytes().to_vec()).collect();
        session.note(&words, reply).unwrap();
    }

    fn session() -> Session {
        let target = Target::Tcp { host: "localhost".to_owned(), port: 6379 };
        Session::new(target, None, None, Protocol::Resp2, 0, None)
    }

    #[test]
    fn the_database_is_the_one_that_commands_run_in() {
        let (ok, queued) = (Value::Simple("OK".to_owned()), Value::Simple("QUEUED".to_owned()));
        let mut session = session();
        noted(&mut session, "select 2", &ok);
        noted(&mut session, "SELECT 99", &Value::Error("ERR DB index is out of range".to_owned()));
        assert_eq!(session.database, 2);
        noted(&mut session, "MULTI", &ok);
        noted(&mut session, "SELECT 5", &queued);
        assert_eq!((session.database, session.is_in_transaction), (2, true));
        noted(&mut session, "EXEC", &Value::Null);
        assert_eq!((session.database, session.is_in_transaction), (2, false));
        noted(&mut session, "MULTI", &ok);
        noted(&mut session, "SELECT 5", &queued);
        noted(&mut session, "EXEC", &Value::Array(vec![ok.clone()]));
        assert_eq!(session.database, 5);
        noted(&mut session, "RESET", &Value::Simple("RESET".to_owned()));
        assert_eq!(session.database, 0);
    }

    #[test]
    fn a_password_that_was_accepted_is_used_again() {
        let mut session = session();
        noted(&mut session, "AUTH no", &Value::Error("WRONGPASS".to_owned()));
        assert_eq!(session.login, None);
        noted(&mut session, "AUTH me yes", &Value::Simple("OK".to_owned()));
        assert_eq!(session.login, Some(Login { user: Some(b"me".to_vec()), password: b"yes".to_vec() }));
    }

    #[test]
    fn without_a_connection_the_prompt_says_so() {
        assert_eq!(session().prompt(), "not connected> ");
    }
}
