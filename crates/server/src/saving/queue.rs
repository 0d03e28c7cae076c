//! Records on their way from the thread that makes them to the one that writes them.
//!
//! So that neither waits for the other's work: while the one waits for the disk, the other goes on, until what waits to be
//! written is as much as may be.

use std::collections::VecDeque;

use sync::{Condvar, Mutex};

/// Records wait in pieces of about so many bytes.
pub(super) const PIECE_BYTES: usize = 256 << 10;

/// With so many bytes that are not written yet, whoever makes more waits. A piece that is larger goes alone.
const UNWRITTEN_BYTES_MAX: usize = 16 << 20;

/// Some records of one database.
#[derive(Default)]
pub(super) struct Piece {
    pub database: u16,
    pub records: Vec<u8>,
}

/// The pieces that wait, in their order.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    pieces: VecDeque<Piece>,
    /// Bytes of the pieces that wait and of the one that is being written.
    unwritten_bytes: usize,
    /// Memory of a piece that was written.
    spare: Vec<Vec<u8>>,
    is_closed: bool,
    is_given_up: bool,
}

/// Ends a queue when it goes, however that comes about.
pub(super) struct Closing<'q>(pub &'q Queue);

impl Queue {
    /// Puts a piece behind all others, when there is room, and leaves an empty one in its place. Says whether anybody will
    /// take it.
    pub fn put(&self, piece: &mut Piece) -> bool {
        let bytes = piece.records.len();
        let mut state = self.state.lock();
        while state.unwritten_bytes > 0
            && state.unwritten_bytes + bytes > UNWRITTEN_BYTES_MAX
            && !state.is_closed
        {
            self.changed.wait(&mut state);
        }
        if state.is_closed {
            return false;
        }
        state.unwritten_bytes += bytes;
        let records = state.spare.pop().unwrap_or_default();
        let empty = Piece { database: piece.database, records };
        state.pieces.push_back(std::mem::replace(piece, empty));
        drop(state);
        self.changed.notify_all();
        true
    }

    /// Waits for the next piece; `written` is the one before. `None` when there is none any more.
    pub fn take(&self, written: Option<Piece>) -> Option<Piece> {
        let mut state = self.state.lock();
        if let Some(Piece { mut records, .. }) = written {
            let bytes = records.len();
            state.unwritten_bytes -= bytes;
            if bytes < 2 * PIECE_BYTES && state.spare.is_empty() {
                records.clear();
                state.spare.push(records);
            }
            self.changed.notify_all();
        }
        loop {
            if state.is_given_up {
                return None;
            }
            if let Some(piece) = state.pieces.pop_front() {
                return Some(piece);
            }
            if state.is_closed {
                return None;
            }
            self.changed.wait(&mut state);
        }
    }

    /// Says that nothing more comes: what waits is still taken.
    pub fn close(&self) {
        self.state.lock().is_closed = true;
        self.changed.notify_all();
    }

    /// Says that what waits is not wanted any more.
    fn give_up(&self) {
        let mut state = self.state.lock();
        state.is_closed = true;
        state.is_given_up = true;
        drop(state);
        self.changed.notify_all();
    }
}

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.give_up();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(bytes: usize) -> Piece {
        Piece { database: 0, records: vec![0; bytes] }
    }

    #[test]
    fn whoever_makes_more_than_may_wait_is_let_go_on_when_some_is_written() {
        let queue = Queue::default();
        let sizes = [UNWRITTEN_BYTES_MAX - 1, 2, UNWRITTEN_BYTES_MAX * 2, 1];
        std::thread::scope(|scope| {
            let taker = scope.spawn(|| {
                let mut taken = Vec::new();
                let mut before = None;
                while let Some(piece) = queue.take(before.take()) {
                    taken.push(piece.records.len());
                    assert!(queue.state.lock().unwritten_bytes <= UNWRITTEN_BYTES_MAX * 2);
                    before = Some(piece);
                }
                taken
            });
            for bytes in sizes {
                assert!(queue.put(&mut piece(bytes)));
            }
            queue.close();
            assert_eq!(taker.join().expect("it ends"), sizes);
        });
    }

    #[test]
    fn who_goes_lets_the_other_go() {
        let queue = Queue::default();
        assert!(queue.put(&mut piece(UNWRITTEN_BYTES_MAX)));
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| queue.put(&mut piece(1)));
            drop(Closing(&queue));
            assert!(!waits.join().expect("it ends"));
        });
        assert!(queue.take(None).is_none());
    }
}
