//! A socket whose bytes are encrypted, which reads and writes as a plain one does.
//!
//! Records are taken from and put into buffers of the worker thread. A connection keeps only what is left over: the
//! beginning of a record, and what the socket did not take.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tls::Channel;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// One read takes at most this much from the socket.
const READ_BYTES_MAX: usize = 64 * 1024;

/// So much is encrypted at once: what a connection may have to keep where the socket takes none of it.
const WRITE_BYTES_MAX: usize = 64 * 1024;

struct Buffers {
    incoming: Box<[u8]>,
    outgoing: Vec<u8>,
}

thread_local! {
    /// The worker's own buffers for records.
    static BUFFERS: RefCell<Buffers> = RefCell::new(Buffers {
        incoming: vec![0; READ_BYTES_MAX].into_boxed_slice(),
        outgoing: Vec::new(),
    });
}

/// An encrypted connection after its handshake.
pub(crate) struct TlsStream {
    socket: TcpStream,
    channel: Channel,
    /// Records that the socket did not take yet.
    outgoing: Vec<u8>,
    /// What was decrypted and did not fit the reader's buffer.
    plain: Vec<u8>,
}

impl TlsStream {
    /// A connection that has agreed on its keys; `plain` came with the handshake.
    pub fn new(socket: TcpStream, channel: Channel, plain: Vec<u8>) -> Self {
        Self { socket, channel, outgoing: Vec::new(), plain }
    }

    /// Hands out what was decrypted before.
    fn take_kept(&mut self, buffer: &mut ReadBuf<'_>) {
        let bytes = self.plain.len().min(buffer.remaining());
        buffer.put_slice(&self.plain[..bytes]);
        self.plain.drain(..bytes);
        if self.plain.is_empty() {
            self.plain = Vec::new();
        }
    }

    /// Reads once and decrypts what is there.
    fn read_records(
        &mut self,
        records: &mut [u8],
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<usize>> {
        let kept = self.channel.kept().len();
        records[..kept].copy_from_slice(self.channel.kept());
        let mut unread = ReadBuf::new(records);
        unread.set_filled(kept);
        ready!(Pin::new(&mut self.socket).poll_read(context, &mut unread))?;
        let end = unread.filled().len();
        let plain = &mut self.plain;
        let received = self.channel.receive(&mut records[..end], &mut self.outgoing, |bytes| {
            let (now, later) = bytes.split_at(bytes.len().min(buffer.remaining()));
            buffer.put_slice(now);
            plain.extend_from_slice(later);
        });
        if !self.outgoing.is_empty() {
            // What has to be answered, such as why the records were refused; the task is woken if it has to wait.
            let _ = self.send_kept(context)?;
        }
        received.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Poll::Ready(Ok(end - kept))
    }

    /// Sends records that wait, as far as the socket takes them.
    fn send_kept(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut sent = 0;
        let result = loop {
            if sent == self.outgoing.len() {
                break Poll::Ready(Ok(()));
            }
            match Pin::new(&mut self.socket).poll_write(context, &self.outgoing[sent..]) {
                Poll::Ready(Ok(0)) => break Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(bytes)) => sent += bytes,
                Poll::Ready(Err(error)) => break Poll::Ready(Err(error)),
                Poll::Pending => break Poll::Pending,
            }
        };
        self.outgoing.drain(..sent);
        if self.outgoing.is_empty() {
            self.outgoing = Vec::new();
        }
        result
    }
}

impl AsyncRead for TlsStream {
    /// As a socket: ready without having read anything when nothing more will come.
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let stream = &mut *self;
        if !stream.plain.is_empty() {
            stream.take_kept(buffer);
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        BUFFERS.with_borrow_mut(|buffers| {
            while !stream.channel.is_closed_by_peer() && buffer.filled().len() == before {
                let read = ready!(stream.read_records(&mut buffers.incoming, context, buffer))?;
                if read == 0 {
                    break;
                }
            }
            Poll::Ready(Ok(()))
        })
    }
}

impl AsyncWrite for TlsStream {
    /// Takes bytes when all records before them have gone; the last of theirs may have to be flushed.
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        plain: &[u8],
    ) -> Poll<io::Result<usize>> {
        let stream = &mut *self;
        ready!(stream.send_kept(context))?;
        let taken = plain.len().min(WRITE_BYTES_MAX);
        BUFFERS.with_borrow_mut(|buffers| {
            let records = &mut buffers.outgoing;
            records.clear();
            stream.channel.send(&plain[..taken], records).map_err(io::Error::other)?;
            let sent = match Pin::new(&mut stream.socket).poll_write(context, records) {
                Poll::Ready(sent) => sent?,
                Poll::Pending => 0,
            };
            if sent < records.len() {
                stream.outgoing.extend_from_slice(&records[sent..]);
                // The socket takes more, or is asked to wake the task when it does.
                if let Poll::Ready(result) = stream.send_kept(context) {
                    result?;
                }
            }
            Poll::Ready(Ok(taken))
        })
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.send_kept(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.send_kept(context))?;
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

impl Drop for TlsStream {
    /// However the connection ends, the peer is told that this was all, if the socket takes so much.
    fn drop(&mut self) {
        if self.outgoing.is_empty() && self.channel.close(&mut self.outgoing).is_ok() {
            // Where it does not, the peer sees the connection end.
            let _ = self.socket.try_write(&self.outgoing);
        }
    }
}
