//! What other tasks may know of a client and do to it.
//!
//! A client's session belongs to its connection's task alone. This is the part that is shared: what `CLIENT LIST`
//! shows, the mailbox for what the client did not ask for, and the order to close.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use acl::Account;
use atomic_waker::AtomicWaker;
use resp::Version;
use sync::Mutex;

/// A client's shared side.
pub struct Client {
    /// Counts up from 1; never used again.
    pub id: u64,
    /// Where it connects from: `ip:port`, or the path of the socket and `:0`.
    pub address: String,
    /// Where it connected to.
    pub local_address: String,
    /// The file descriptor.
    pub descriptor: i32,
    /// Whether it came by the Unix socket.
    pub is_unix: bool,
    /// Unix milliseconds.
    pub created_ms: u64,
    /// What it said of itself.
    pub about: Mutex<About>,
    /// The selected database.
    pub database: AtomicU16,
    /// 2 or 3.
    pub protocol: AtomicU8,
    /// Unix milliseconds of the last request.
    pub last_active_ms: AtomicU64,
    /// The number of the last command in the command table; `usize::MAX` before the first.
    pub last_command: AtomicUsize,
    /// The bits of [`ClientFlag`].
    pub flags: AtomicU32,
    /// Channels subscribed to.
    pub channels: AtomicUsize,
    /// Patterns subscribed to.
    pub patterns: AtomicUsize,
    /// Shard channels subscribed to.
    pub shard_channels: AtomicUsize,
    /// Queued commands, if it is within a transaction; -1 otherwise.
    pub queued: std::sync::atomic::AtomicI64,
    /// The client that is told in its place of changed keys: 0 is itself, -1 that nobody is.
    pub redirect: std::sync::atomic::AtomicI64,
    /// Bytes of queued commands.
    pub queued_bytes: AtomicUsize,
    /// Keys watched.
    pub watched: AtomicUsize,
    /// Prefixes that it is told of.
    pub prefixes: AtomicUsize,
    /// Bytes read and not executed yet.
    pub input_bytes: AtomicUsize,
    /// Bytes held ready for more of that.
    pub input_spare_bytes: AtomicUsize,
    /// Bytes of replies not sent yet.
    pub output_bytes: AtomicUsize,
    /// Bytes held ready for more of that.
    pub output_spare_bytes: AtomicUsize,
    /// What was counted of it for all clients together.
    pub(crate) counted_bytes: AtomicUsize,
    /// What it takes until it is gone, since it was closed for what it takes.
    pub(crate) leaving_bytes: AtomicUsize,
    /// Commands executed.
    pub commands: AtomicU64,
    /// Bytes of requests that came.
    pub received_bytes: AtomicU64,
    /// Bytes of replies that went.
    pub sent_bytes: AtomicU64,
    account: Mutex<Arc<Account>>,
    mailbox: Mutex<Vec<u8>>,
    has_mail: AtomicBool,
    must_close: AtomicBool,
    close_after_reply: AtomicBool,
    waker: AtomicWaker,
}

/// The client's own words.
#[derive(Default)]
pub struct About {
    /// `CLIENT SETNAME`
    pub name: Vec<u8>,
    /// `CLIENT SETINFO LIB-NAME`
    pub library_name: Vec<u8>,
    /// `CLIENT SETINFO LIB-VER`
    pub library_version: Vec<u8>,
}

/// What holds of a client at the moment; each is one bit of [`Client::flags`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum ClientFlag {
    /// `MULTI` was called.
    Transaction = 1,
    /// A watched key has changed.
    Dirty = 1 << 1,
    /// It waits in a blocking command.
    Blocked = 1 << 2,
    /// It is subscribed to something.
    Subscribed = 1 << 3,
    /// `MONITOR` was called.
    Monitor = 1 << 4,
    /// `CLIENT NO-EVICT ON`
    NoEvict = 1 << 5,
    /// `CLIENT NO-TOUCH ON`
    NoTouch = 1 << 6,
    /// `READONLY`
    ReadOnly = 1 << 7,
    /// `CLIENT TRACKING ON`
    Tracking = 1 << 8,
    /// The client that was to be told in its place is gone.
    BrokenRedirect = 1 << 9,
    /// `CLIENT TRACKING ON BCAST`
    Broadcast = 1 << 10,
    /// It is this server's primary.
    Primary = 1 << 11,
    /// It is a replica of this server.
    Replica = 1 << 12,
    /// `CLIENT CAPA REDIRECT`
    Redirect = 1 << 13,
}

impl Client {
    /// A client that has just connected.
    pub fn new(
        id: u64,
        address: String,
        local_address: String,
        descriptor: i32,
        is_unix: bool,
        now_ms: u64,
        account: Arc<Account>,
    ) -> Client {
        Client {
            id,
            address,
            local_address,
            descriptor,
            is_unix,
            created_ms: now_ms,
            about: Mutex::new(About::default()),
            database: AtomicU16::new(0),
            protocol: AtomicU8::new(2),
            last_active_ms: AtomicU64::new(now_ms),
            last_command: AtomicUsize::new(usize::MAX),
            flags: AtomicU32::new(0),
            channels: AtomicUsize::new(0),
            patterns: AtomicUsize::new(0),
            shard_channels: AtomicUsize::new(0),
            queued: std::sync::atomic::AtomicI64::new(-1),
            redirect: std::sync::atomic::AtomicI64::new(-1),
            queued_bytes: AtomicUsize::new(0),
            watched: AtomicUsize::new(0),
            prefixes: AtomicUsize::new(0),
            input_bytes: AtomicUsize::new(0),
            input_spare_bytes: AtomicUsize::new(0),
            output_bytes: AtomicUsize::new(0),
            output_spare_bytes: AtomicUsize::new(0),
            counted_bytes: AtomicUsize::new(0),
            leaving_bytes: AtomicUsize::new(0),
            commands: AtomicU64::new(0),
            received_bytes: AtomicU64::new(0),
            sent_bytes: AtomicU64::new(0),
            account: Mutex::new(account),
            mailbox: Mutex::new(Vec::new()),
            has_mail: AtomicBool::new(false),
            must_close: AtomicBool::new(false),
            close_after_reply: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        }
    }

    /// Bytes of memory that it takes, beside its connection.
    pub fn memory_bytes(&self) -> usize {
        /// About what a key that is watched, a channel or a prefix takes in the tables that it stands in.
        const LISTED_BYTES: usize = 128;
        let load = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        let listed = [&self.watched, &self.channels, &self.patterns, &self.shard_channels, &self.prefixes];
        size_of::<Client>()
            + load(&self.input_bytes)
            + load(&self.input_spare_bytes)
            + load(&self.output_bytes)
            + load(&self.output_spare_bytes)
            + load(&self.queued_bytes)
            + if self.has_mail() { self.mail_bytes() } else { 0 }
            + listed.map(load).iter().sum::<usize>() * LISTED_BYTES
    }

    /// Whether `flag` holds.
    pub fn has(&self, flag: ClientFlag) -> bool {
        self.flags.load(Ordering::Relaxed) & flag as u32 != 0
    }

    /// Makes `flag` hold or not.
    pub fn set(&self, flag: ClientFlag, holds: bool) {
        if holds {
            self.flags.fetch_or(flag as u32, Ordering::Relaxed);
        } else {
            self.flags.fetch_and(!(flag as u32), Ordering::Relaxed);
        }
    }

    /// What it is logged in to.
    pub fn account(&self) -> Arc<Account> {
        Arc::clone(&self.account.lock())
    }

    /// Whether it is logged in to this account.
    pub fn is_of(&self, account: &Arc<Account>) -> bool {
        Arc::ptr_eq(&self.account.lock(), account)
    }

    /// Notes what it is logged in to.
    pub(crate) fn set_account(&self, account: Arc<Account>) {
        *self.account.lock() = account;
    }

    /// The version of the protocol that it speaks.
    pub fn version(&self) -> Version {
        if self.protocol.load(Ordering::Relaxed) == 3 { Version::Resp3 } else { Version::Resp2 }
    }

    /// Sends `encoded`, which the client did not ask for, after whatever reply is being written. The connection's
    /// task takes it from there and watches the limits.
    pub fn send(&self, encoded: &[u8]) {
        self.mailbox.lock().extend_from_slice(encoded);
        self.has_mail.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Whether something is in the mailbox.
    #[inline]
    pub(crate) fn has_mail(&self) -> bool {
        self.has_mail.load(Ordering::Acquire)
    }

    /// Bytes waiting in the mailbox.
    pub fn mail_bytes(&self) -> usize {
        self.mailbox.lock().len()
    }

    /// Empties the mailbox into `take`.
    pub(crate) fn collect_mail(&self, take: impl FnOnce(&[u8])) {
        let mut mailbox = self.mailbox.lock();
        self.has_mail.store(false, Ordering::Release);
        take(&mailbox);
        mailbox.clear();
        mailbox.shrink_to(4096);
    }

    /// Orders the connection to close at once.
    pub fn kill(&self) {
        self.must_close.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Whether the connection was ordered to close.
    pub(crate) fn is_killed(&self) -> bool {
        self.must_close.load(Ordering::Acquire)
    }

    /// Orders the connection to close when the replies so far are sent.
    pub fn close_after_reply(&self) {
        self.close_after_reply.store(true, Ordering::Release);
    }

    /// See [`Client::close_after_reply`].
    pub(crate) fn closes_after_reply(&self) -> bool {
        self.close_after_reply.load(Ordering::Acquire)
    }

    /// Whether its connection is about to close, for one reason or the other.
    pub(crate) fn is_leaving(&self) -> bool {
        self.is_killed() || self.closes_after_reply()
    }

    /// Wakes the connection's task.
    pub(crate) fn wake(&self) {
        self.waker.wake();
    }

    /// Has the connection's task woken by [`Client::send`], [`Client::kill`] and [`Client::wake`].
    pub(crate) fn register(&self, waker: &std::task::Waker) {
        self.waker.register(waker);
    }
}
