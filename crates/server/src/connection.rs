//! A client's connection: bytes from the socket to the session and back.
//!
//! Bytes are read into a buffer of the worker thread, requests are executed right there, and their replies are
//! written to the socket in one go from another. Only what is left over (half a request, a reply that the socket
//! does not take) is kept with the connection, so an idle connection holds next to no memory.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use keyspace::fault::Fault;
use resp::{Reply, RequestLimits, RequestParser, Version};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::ahead;
use crate::attention::Concern;
use crate::client::Client;
use crate::request::{Batch, Request, execute};
use crate::server::Server;
use crate::session::Session;
use crate::statistics;

/// One read takes at most this much: what a batch executes before its replies are sent.
const READ_BYTES_MAX: usize = 64 * 1024;

/// From here on kept input grows twofold.
const LARGE_INPUT_BYTES: usize = 1024 * 1024;

/// A connection that has read this many full buffers in a row lets others go first.
const READS_IN_A_ROW_MAX: usize = 4;

/// A batch ends when its replies have grown to this: they are sent, and held against the client's limit, before
/// more are made. A worker's reply buffer is not kept when it grew beyond.
const REPLY_BYTES_MAX: usize = 1024 * 1024;

/// A reply of which only a number in the request says how long it is, such as that of SRANDMEMBER with a negative
/// count, is given up when it grows beyond this, where `client-output-buffer-limit` sets no bound: as long as the
/// longest value.
const REPLY_BY_COUNT_BYTES_MAX: usize = 512 * 1024 * 1024;

struct Buffers {
    input: Box<[u8]>,
    reply: Reply,
}

thread_local! {
    /// The worker's own buffers. A batch is executed without waiting, so one pair is enough for all connections.
    static BUFFERS: RefCell<Buffers> = RefCell::new(Buffers {
        input: vec![0; READ_BYTES_MAX].into_boxed_slice(),
        reply: Reply::new(Version::Resp2),
    });
}

/// Why a connection ended, where it is worth a word in the log.
#[derive(Debug)]
pub(crate) enum End {
    /// The client closed it, or it was asked to.
    Closed,
    /// The socket failed.
    Socket(io::Error),
    /// Requests piled up beyond `client-query-buffer-limit`.
    QueryBufferLimit(usize),
    /// Replies piled up beyond `client-output-buffer-limit`.
    OutputBufferLimit(usize),
    /// What was done could not be made to last, so nobody is told that it was done.
    Store(Fault),
}

/// Serves a client until one of the two sides ends it.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    server: Arc<Server>,
    client: Arc<Client>,
    stream: S,
) -> End {
    let mut connection = Connection {
        limits: Limits::of(&server, false),
        session: Session::new(Arc::clone(&server), client),
        server,
        stream,
        parser: RequestParser::new(),
        input: Vec::new(),
        output: Vec::new(),
        sent: 0,
        unsynced: None,
        unlogged: None,
        soft_limit_since: None,
        timer: None,
        is_input_closed: false,
        closes_when_sent: false,
        has_more: false,
    };
    let end = poll_fn(|context| connection.poll(context)).await;
    let server = Arc::clone(&connection.server);
    drop(connection);
    server.tell_memory();
    end
}

/// The settings that a connection looks at on every read.
struct Limits {
    generation: u64,
    request: RequestLimits,
    query_buffer_bytes_max: usize,
    reply_by_count_bytes_max: usize,
}

impl Limits {
    fn of(server: &Server, is_authenticated: bool) -> Limits {
        let generation = server.generation();
        let settings = server.settings();
        Limits {
            generation,
            request: RequestLimits {
                bulk_bytes_max: settings.clients.bulk_bytes_max,
                unauthenticated: !is_authenticated,
                ..RequestLimits::default()
            },
            query_buffer_bytes_max: settings.clients.query_buffer_bytes_max,
            reply_by_count_bytes_max: match settings.clients.output_buffer_limits.normal.hard_bytes {
                0 => REPLY_BY_COUNT_BYTES_MAX,
                bytes_max => bytes_max as usize,
            },
        }
    }
}

struct Connection<S> {
    server: Arc<Server>,
    session: Session,
    stream: S,
    parser: RequestParser,
    /// What was read and not executed yet: the beginning of a request, or what waits for a blocking command.
    input: Vec<u8>,
    /// What the socket did not take yet, from `sent` on.
    output: Vec<u8>,
    sent: usize,
    /// The commit that must be on disk before anything is sent.
    unsynced: Option<u64>,
    /// The offset of the append-only file up to which that must be on disk.
    unlogged: Option<u64>,
    /// Since when more is waiting to be sent than the soft limit allows.
    soft_limit_since: Option<Instant>,
    /// The end of a wait: the moment in Unix milliseconds, and what wakes this task then.
    timer: Option<(u64, Pin<Box<Sleep>>)>,
    limits: Limits,
    is_input_closed: bool,
    closes_when_sent: bool,
    /// Whether the last batch ended because of its replies' size, and may have left whole requests in `input`.
    has_more: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Goes on as far as it can without waiting; ready when the connection is over.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<End> {
        let result = self.advance(context);
        self.server.note_use_by(&self.session.client);
        match result {
            Ok(()) => Poll::Pending,
            Err(end) => Poll::Ready(end),
        }
    }

    fn advance(&mut self, context: &mut Context<'_>) -> Result<(), End> {
        self.session.client.register(context.waker());
        for _ in 0..READS_IN_A_ROW_MAX {
            if self.session.client.is_killed() {
                return Err(End::Closed);
            }
            self.take_mail(context);
            if !self.session.is_blocked() && !self.input.is_empty() && !self.closes_when_sent {
                self.execute_kept()?;
                if self.session.is_blocked() {
                    // Its timer has to be set before this task waits for anything.
                    self.end_wait(context);
                    if !self.session.is_blocked() {
                        continue;
                    }
                }
            }
            if !self.output.is_empty() {
                self.make_durable()?;
                if self.waits_for_disk(context)? {
                    return Ok(());
                }
            }
            self.feed_replica()?;
            // Who is fed what there is room for has to be fed again once all of that is sent: nobody will tell of it.
            let may_be_fed = self.session.replica.is_some() && !self.output.is_empty();
            let is_all_sent = self.flush(context)?;
            self.check_output_limit()?;
            if self.closes_when_sent {
                return if is_all_sent { Err(End::Closed) } else { Ok(()) };
            }
            if self.has_more {
                continue;
            }
            if self.is_input_closed {
                return Err(End::Closed);
            }
            if self.read(context)?.is_pending() && !(may_be_fed && is_all_sent) {
                return Ok(());
            }
        }
        context.waker().wake_by_ref();
        Ok(())
    }

    /// Reads once and executes what is there; pending when there is nothing to read.
    fn read(&mut self, context: &mut Context<'_>) -> Result<Poll<()>, End> {
        if self.session.is_blocked() || !self.input.is_empty() {
            return self.read_behind(context);
        }
        BUFFERS.with_borrow_mut(|buffers| {
            let mut unread = ReadBuf::new(&mut buffers.input);
            match Pin::new(&mut self.stream).poll_read(context, &mut unread) {
                Poll::Pending => return Ok(Poll::Pending),
                Poll::Ready(result) => result.map_err(End::Socket)?,
            }
            let read = unread.filled().len();
            if read == 0 {
                self.is_input_closed = true;
                return Ok(Poll::Ready(()));
            }
            let input = &buffers.input[..read];
            let reply = &mut buffers.reply;
            let consumed = self.execute_all(input, reply)?;
            self.input.extend_from_slice(&input[consumed..]);
            self.note_input();
            self.make_durable()?;
            self.send(reply, read, context)?;
            Ok(Poll::Ready(()))
        })
    }

    /// Reads to the end of what is kept, and executes nothing: the caller goes on with that.
    fn read_behind(&mut self, context: &mut Context<'_>) -> Result<Poll<()>, End> {
        // A large argument is read in one piece rather than in many.
        let room = self.parser.missing().clamp(READ_BYTES_MAX, 16 * 1024 * 1024);
        let spare = self.input.capacity() - self.input.len();
        if spare < room.min(READ_BYTES_MAX) {
            // By a quarter, so that the whole is not moved too often, and no more, since it counts for the client; where
            // it is large, twofold: what was moved out of goes back to the system only some time later.
            let kept = self.input.len();
            self.input.reserve_exact(room.max(if kept < LARGE_INPUT_BYTES { kept / 4 } else { kept }));
        }
        let before = self.input.len();
        let mut unread = ReadBuf::uninit(self.input.spare_capacity_mut());
        match Pin::new(&mut self.stream).poll_read(context, &mut unread) {
            Poll::Pending => return Ok(Poll::Pending),
            Poll::Ready(result) => result.map_err(End::Socket)?,
        }
        let read = unread.filled().len();
        // SAFETY: `poll_read` has initialised the first `read` bytes of the spare capacity.
        #[allow(unsafe_code)]
        unsafe {
            self.input.set_len(before + read);
        }
        if read == 0 {
            self.is_input_closed = true;
        }
        self.count_traffic(read, 0);
        self.note_input();
        if self.input.len() > self.limits.query_buffer_bytes_max {
            self.server.statistics.query_limit_disconnections.add(1);
            return Err(End::QueryBufferLimit(self.input.len()));
        }
        // Before a large request is executed, and no longer kept.
        self.server.note_use_by(&self.session.client);
        Ok(Poll::Ready(()))
    }

    fn note_input(&self) {
        let client = &self.session.client;
        client.input_bytes.store(self.input.len(), Ordering::Relaxed);
        client.input_spare_bytes.store(self.input.capacity() - self.input.len(), Ordering::Relaxed);
    }

    /// Executes what was kept.
    fn execute_kept(&mut self) -> Result<(), End> {
        let mut input = std::mem::take(&mut self.input);
        let consumed = BUFFERS.with_borrow_mut(|buffers| {
            let consumed = self.execute_all(&input, &mut buffers.reply);
            self.output.extend_from_slice(buffers.reply.as_bytes());
            tidy(&mut buffers.reply);
            consumed
        })?;
        if consumed == input.len() {
            // Large buffers are not kept for what may never come again.
            input = if input.capacity() > READ_BYTES_MAX { Vec::new() } else { input };
            input.clear();
        } else {
            input.drain(..consumed);
        }
        self.input = input;
        self.note_input();
        Ok(())
    }

    /// Executes the requests in `input`, as long as none has to wait, and returns how many bytes they took. Their
    /// replies are in `reply`, after which the connection may be about to close.
    fn execute_all(&mut self, input: &[u8], reply: &mut Reply) -> Result<usize, End> {
        let worker = statistics::worker();
        self.server.watchdog.begin(worker);
        let consumed = self.execute_requests(input, reply);
        self.server.watchdog.end(worker);
        consumed
    }

    /// Takes over settings that have changed.
    #[inline]
    fn renew_limits(&mut self) {
        if self.limits.generation != self.server.generation()
            || self.limits.request.unauthenticated != self.session.must_log_in()
        {
            self.limits = Limits::of(&self.server, !self.session.must_log_in());
        }
    }

    fn execute_requests(&mut self, input: &[u8], reply: &mut Reply) -> Result<usize, End> {
        // A panic may have left something behind, which is nobody else's business.
        reply.clear();
        reply.set_version(self.session.version);
        self.renew_limits();
        reply.set_bytes_max(self.limits.reply_by_count_bytes_max.saturating_add(REPLY_BYTES_MAX));
        let mut batch = Batch::begin();
        let mut consumed = 0;
        let mut executed = 0;
        self.has_more = false;
        'batches: while consumed < input.len() && !self.session.is_blocked() {
            // The batch before may have been an AUTH or a CONFIG SET.
            self.renew_limits();
            let rest = &input[consumed..];
            let requests = match self.parser.parse_batch(rest, &self.limits.request, ahead::REQUESTS_MAX) {
                Ok(0) => break,
                Ok(requests) => requests,
                Err(error) => {
                    reply.protocol_error(&error);
                    tracing::warn!(
                        client = %self.session.client.address,
                        "Protocol error ({error}) from client, closing connection"
                    );
                    self.closes_when_sent = true;
                    consumed = input.len();
                    break;
                }
            };
            let known = ahead::look(&self.server, self.session.database, &self.parser, rest, requests);
            let begin = consumed;
            for request in 0..requests {
                if reply.len() >= REPLY_BYTES_MAX {
                    self.has_more = true;
                    break 'batches;
                }
                let arguments = self.parser.arguments_of(request, rest);
                if !arguments.is_empty() {
                    let request = Request { arguments, ahead: known.get(request) };
                    execute(&self.server, &mut self.session, request, reply, &mut batch);
                    if self.session.held.is_some() {
                        break 'batches;
                    }
                    // What waits is executed when the wait is over.
                    executed += u64::from(self.session.waiting.is_none());
                }
                consumed = begin + self.parser.end_of(request);
                if reply.is_given_up() {
                    return Err(self.give_up(reply));
                }
                // Where it waits, the reply may have come before the mail.
                if self.session.client.has_mail() && self.session.waiting.is_none() {
                    self.session.client.collect_mail(|mail| reply.raw(mail));
                }
                if self.session.client.closes_after_reply() {
                    self.closes_when_sent = true;
                    consumed = input.len();
                    break 'batches;
                }
                if self.session.is_blocked() {
                    break 'batches;
                }
            }
        }
        if executed > 0 {
            let client = &self.session.client;
            client.last_active_ms.store(batch.now_ms, Ordering::Relaxed);
            client.commands.store(client.commands.load(Ordering::Relaxed) + executed, Ordering::Relaxed);
        }
        Ok(consumed)
    }

    /// Counts bytes that came and went.
    #[inline]
    fn count_traffic(&self, received: usize, sent: usize) {
        self.server.statistics.count_traffic(received, sent);
        let client = &self.session.client;
        for (counter, bytes) in [(&client.received_bytes, received), (&client.sent_bytes, sent)] {
            // Only this task adds to it.
            counter.store(counter.load(Ordering::Relaxed) + bytes as u64, Ordering::Relaxed);
        }
    }

    /// The end of a connection whose reply became too long to be finished.
    fn give_up(&self, reply: &mut Reply) -> End {
        let bytes = reply.len();
        tidy(reply);
        self.server.statistics.output_limit_disconnections.add(1);
        End::OutputBufferLimit(bytes)
    }

    /// Sends `reply`, directly where nothing is waiting before it; `read` bytes were its requests.
    fn send(&mut self, reply: &mut Reply, read: usize, context: &mut Context<'_>) -> Result<(), End> {
        let mut sent = 0;
        if self.output.is_empty() && self.unsynced.is_none() && self.unlogged.is_none() {
            while sent < reply.len() {
                match Pin::new(&mut self.stream).poll_write(context, &reply.as_bytes()[sent..]) {
                    Poll::Ready(Ok(0)) => return Err(End::Closed),
                    Poll::Ready(Ok(count)) => sent += count,
                    Poll::Ready(Err(error)) => return Err(End::Socket(error)),
                    Poll::Pending => break,
                }
            }
        }
        self.output.extend_from_slice(&reply.as_bytes()[sent..]);
        self.count_traffic(read, sent);
        tidy(reply);
        self.check_output_limit()
    }

    /// Before a reply goes out, what it tells of is with the system, and what must be on disk before that is noted.
    #[inline]
    fn make_durable(&mut self) -> Result<(), End> {
        let has_written = std::mem::take(&mut self.session.has_written);
        if has_written {
            let written = self.server.append_only.files.write_out();
            self.unlogged = written.map_err(|failure| self.unwritten(&failure))?;
        }
        let Some(store) = self.server.keyspace.store() else { return Ok(()) };
        let flushed = store.flush();
        if has_written {
            // Who has only read can be told: what fails to be written is somebody else's.
            flushed.map_err(End::Store)?;
            self.unsynced = store.to_be_awaited();
        }
        Ok(())
    }

    /// The end of a client that cannot be told that what it has done will stay; the next ones read why.
    #[cold]
    fn unwritten(&self, failure: &str) -> End {
        self.server.attention.set(Concern::Unwritten, true);
        End::Store(Fault::new(format!("MISCONF Errors writing to the AOF file: {failure}")))
    }

    /// Whether what waits to be sent has to wait for the disk.
    fn waits_for_disk(&mut self, context: &mut Context<'_>) -> Result<bool, End> {
        if let Some(offset) = self.unlogged {
            match self.server.append_only.files.poll_synced(offset, context.waker()) {
                Poll::Pending => {
                    self.server.append_only.awaited.notify_one();
                    return Ok(true);
                }
                Poll::Ready(result) => {
                    self.unlogged = None;
                    result.map_err(|failure| self.unwritten(&failure))?;
                }
            }
        }
        let (Some(commit), Some(store)) = (self.unsynced, self.server.keyspace.store()) else {
            return Ok(false);
        };
        match store.poll_safe(commit, context.waker()) {
            Poll::Pending => Ok(true),
            Poll::Ready(result) => {
                self.unsynced = None;
                result.map(|()| false).map_err(End::Store)
            }
        }
    }

    /// Where the client is a replica that has been sent all that was for it, gets what is.
    fn feed_replica(&mut self) -> Result<(), End> {
        let Some(replica) = self.session.replica.as_ref().filter(|_| self.output.is_empty()) else {
            return Ok(());
        };
        if !replica.pull(&self.server.replication.feed, &mut self.output) {
            return Err(End::Closed);
        }
        if !self.output.is_empty() && self.server.replication.feed.is_stored() {
            // No replica is to have what a killed process would have lost.
            self.server.keyspace.flush().map_err(End::Store)?;
        }
        Ok(())
    }

    /// Sends what waits, as far as the socket takes it; whether that was all.
    fn flush(&mut self, context: &mut Context<'_>) -> Result<bool, End> {
        let begin = self.sent;
        while self.sent < self.output.len() {
            match Pin::new(&mut self.stream).poll_write(context, &self.output[self.sent..]) {
                Poll::Ready(Ok(0)) => return Err(End::Closed),
                Poll::Ready(Ok(count)) => self.sent += count,
                Poll::Ready(Err(error)) => return Err(End::Socket(error)),
                Poll::Pending => break,
            }
        }
        if self.sent > begin {
            self.count_traffic(0, self.sent - begin);
        }
        if self.sent == self.output.len() {
            self.sent = 0;
            if !self.output.is_empty() {
                self.output = Vec::new();
                self.note_output();
            }
        } else if self.sent > self.output.len() / 2 {
            self.output.drain(..self.sent);
            self.sent = 0;
            self.note_output();
        }
        // A socket in the clear keeps nothing.
        match Pin::new(&mut self.stream).poll_flush(context) {
            Poll::Ready(Ok(())) => Ok(self.output.is_empty()),
            Poll::Ready(Err(error)) => Err(End::Socket(error)),
            Poll::Pending => Ok(false),
        }
    }

    fn note_output(&self) {
        let (client, waiting) = (&self.session.client, self.output.len() - self.sent);
        client.output_bytes.store(waiting, Ordering::Relaxed);
        client.output_spare_bytes.store(self.output.capacity() - waiting, Ordering::Relaxed);
    }

    /// Takes what others sent to this client: first the reply that ends its wait, if there is one, since whoever serves
    /// it tells what follows from that later.
    fn take_mail(&mut self, context: &mut Context<'_>) {
        if !self.session.client.has_mail() {
            return self.end_wait(context);
        }
        let mut taken = Vec::new();
        self.session.client.collect_mail(|mail| taken.extend_from_slice(mail));
        self.end_wait(context);
        self.output.extend_from_slice(&taken);
    }

    /// Ends the wait in a blocking command or for the end of a pause, if it was served or its time is over.
    fn end_wait(&mut self, context: &mut Context<'_>) {
        if let Some((waiter, until_ms)) = self.session.waiting.clone() {
            if until_ms.is_some_and(|until_ms| self.has_come(until_ms, context)) {
                waiter.time_out();
            }
            if let Some(reply) = waiter.outcome() {
                self.output.extend_from_slice(&reply);
                self.session.has_written = true;
                self.session.client.commands.fetch_add(1, Ordering::Relaxed);
                self.timer = None;
                self.session.stop_waiting();
            }
        }
        while let Some(held) = self.session.held {
            match self.server.held_until_ms(held) {
                Some(until_ms) if !self.has_come(until_ms, context) => break,
                // The clock lags behind the timer.
                Some(_) => self.timer = None,
                None => {
                    self.timer = None;
                    self.session.stop_holding();
                }
            }
        }
    }

    /// Whether this moment has come, in Unix milliseconds; if not, the task will be woken then.
    fn has_come(&mut self, moment_ms: u64, context: &mut Context<'_>) -> bool {
        /// No timer can be set for longer than this, nor will anyone be there to see it end.
        const TIMER_MS_MAX: u64 = 365 * 24 * 3600 * 1000;
        if self.timer.as_ref().is_none_or(|(set_for_ms, _)| *set_for_ms != moment_ms) {
            let left_ms = moment_ms.saturating_sub(crate::clock::unix_ms()).clamp(1, TIMER_MS_MAX);
            self.timer = Some((moment_ms, Box::pin(tokio::time::sleep(Duration::from_millis(left_ms)))));
        }
        self.timer.as_mut().is_some_and(|(_, timer)| timer.as_mut().poll(context).is_ready())
    }

    /// Closes the connection when more waits to be sent than `client-output-buffer-limit` allows.
    fn check_output_limit(&mut self) -> Result<(), End> {
        let waiting = self.output.len() - self.sent;
        if waiting == 0 {
            self.soft_limit_since = None;
            return Ok(());
        }
        self.note_output();
        let settings = self.server.settings();
        let limits = &settings.clients.output_buffer_limits;
        let limit = match &self.session.replica {
            // It has one piece of what it lacks here; how much that is, others watch.
            Some(_) => return Ok(()),
            None if self.session.subscriptions.any() => limits.pubsub,
            None => limits.normal,
        };
        let is_over = |bytes_max: u64| bytes_max > 0 && waiting as u64 > bytes_max;
        let is_over_hard = is_over(limit.hard_bytes);
        let soft_since = if is_over(limit.soft_bytes) {
            Some(*self.soft_limit_since.get_or_insert_with(Instant::now))
        } else {
            self.soft_limit_since = None;
            None
        };
        let soft_for = soft_since.map(|since| since.elapsed().as_secs());
        if is_over_hard || soft_for.is_some_and(|seconds| seconds > limit.soft_seconds) {
            self.server.statistics.output_limit_disconnections.add(1);
            return Err(End::OutputBufferLimit(waiting));
        }
        self.server.note_use_by(&self.session.client);
        Ok(())
    }
}

/// Empties a worker's reply buffer, and gives its memory back when it is unusually large.
fn tidy(reply: &mut Reply) {
    reply.clear();
    if reply.capacity() > REPLY_BYTES_MAX {
        reply.shrink_to(READ_BYTES_MAX);
    }
}
