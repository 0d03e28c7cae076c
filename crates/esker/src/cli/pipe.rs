//! Standard input to the server as it is, as `redis-cli --pipe` does: the fastest way to fill one.
//!
//! The requests go out on a thread of their own while their replies are counted, so that neither side waits for
//! the other to read. Behind the last one goes an ECHO of a text that nobody else sends; when it comes back, all
//! is done.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant};

use resp::{Value, encode_command};

use super::connection::Connection;
use super::runner::Stop;
use super::session::Session;

const ALL_SENT: &str = "All data transferred. Waiting for the last reply...";

/// Sends everything. Without a reply for as long as `patience`, once all is sent, it gives up; for nothing never.
///
/// # Errors
/// When a command has failed too.
pub fn run(session: &mut Session, patience: Option<Duration>) -> Result<(), Stop> {
    session.connect().map_err(Stop::Connection)?;
    let Some(connection) = session.connection() else { return Err(Stop::Failed) };
    // Random as a new hasher is.
    let end = format!("end of pipe {:016x}", RandomState::new().build_hasher().finish());
    let sent = send_in_background(connection, end.clone())?;
    let mut count = Count::default();
    let is_whole = count.replies(connection, end.as_bytes(), &sent, patience)?;
    if is_whole {
        say("Last reply received from server.")?;
    } else {
        count.errors += 1;
    }
    say(&format!("errors: {}, replies: {}", count.errors, count.replies))?;
    if count.errors == 0 { Ok(()) } else { Err(Stop::Failed) }
}

fn say(line: &str) -> Result<(), Stop> {
    writeln!(io::stdout(), "{line}").map_err(Stop::Output)
}

/// Copies standard input to the server and the end behind it. The receiver learns how that went.
fn send_in_background(connection: &Connection, end: String) -> Result<Receiver<io::Result<()>>, Stop> {
    let mut writer = connection.writer().map_err(|error| Stop::Connection(error.to_string()))?;
    let (report, sent) = channel();
    std::thread::spawn(move || {
        // An inline command may have been left open; an empty one is none.
        let mut last = b"\r\n".to_vec();
        encode_command(&["ECHO".as_bytes(), end.as_bytes()], &mut last);
        let result = io::copy(&mut io::stdin().lock(), &mut writer).and_then(|_| writer.write_all(&last));
        // Nobody hears it where the connection was lost before.
        let _ = report.send(result);
    });
    Ok(sent)
}

/// What has come.
#[derive(Default)]
struct Count {
    replies: u64,
    errors: u64,
}

impl Count {
    /// Counts replies up to the end; whether it came.
    fn replies(
        &mut self,
        connection: &mut Connection,
        end: &[u8],
        sent: &Receiver<io::Result<()>>,
        patience: Option<Duration>,
    ) -> Result<bool, Stop> {
        let mut is_sent = false;
        loop {
            let waiting_since = Instant::now();
            let mut problem = None;
            let reply = connection.receive_unless(|| {
                match sent.try_recv() {
                    Ok(Ok(())) => {
                        is_sent = true;
                        problem = say(ALL_SENT).err();
                    }
                    Ok(Err(error)) => problem = Some(Stop::Input(error)),
                    Err(TryRecvError::Empty | TryRecvError::Disconnected) => {}
                }
                let is_late = patience.is_some_and(|patience| waiting_since.elapsed() >= patience);
                problem.is_some() || is_sent && is_late
            });
            if let Some(problem) = problem {
                return Err(problem);
            }
            match reply.map_err(|lost| Stop::Connection(lost.to_string()))? {
                None => {
                    let seconds = patience.unwrap_or_default().as_secs_f64();
                    eprintln!("No replies for {seconds} seconds: exiting.");
                    return Ok(false);
                }
                Some(Value::Bulk(text)) if text == end => {
                    if !is_sent {
                        say(ALL_SENT)?;
                    }
                    return Ok(true);
                }
                Some(Value::Push(_)) => {}
                Some(reply) => {
                    self.replies += 1;
                    if let Value::Error(text) = reply {
                        self.errors += 1;
                        eprintln!("{text}");
                    }
                }
            }
        }
    }
}
