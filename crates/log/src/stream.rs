//! The stream of what was done: one order of all changes, as the bytes of requests.
//!
//! Transactions append while their slots are locked, so the order of the stream is that in which they ran. What is
//! appended is made into bytes outside of the stream's lock, which is held for as long as it takes to copy them. A unit
//! of several commands is enclosed in MULTI and EXEC. Which database a command is for is said where it changes.
//!
//! The offset of a byte counts from where the process began. One reader takes the bytes out ([`Stream::take`]).

use std::sync::atomic::{AtomicU64, Ordering};

use keyspace::{Effects, Log};
use sync::Mutex;

use crate::encoding::{Unit, push_timestamp, with_unit};

/// The changes to the databases of one kind.
pub struct Stream {
    tail: Mutex<Tail>,
    /// As in `tail`, for those who only look.
    end: AtomicU64,
    /// By database, whether it is passed over.
    is_left_out: Box<[bool]>,
    /// The time that is noted, in Unix seconds; 0 is none.
    time_s: AtomicU64,
}

/// What was appended and not taken.
#[derive(Default)]
struct Tail {
    bytes: Vec<u8>,
    /// The offset behind it.
    end: u64,
    /// The database that the last command is for.
    selected: Option<u16>,
    /// Where another file begins, as an offset.
    cut: Option<u64>,
    /// The time that was noted last.
    noted_s: u64,
}

/// What was taken from a stream.
pub(crate) struct Taken {
    /// The offset behind it.
    pub end: u64,
    /// How many of the bytes that were taken belong to the file before, if another one begins among them or behind them.
    pub cut: Option<usize>,
}

impl Stream {
    /// A stream of the changes to all databases but those that `is_left_out` says, by their number.
    pub fn new(is_left_out: Box<[bool]>) -> Stream {
        Stream { tail: Mutex::default(), end: AtomicU64::new(0), is_left_out, time_s: AtomicU64::new(0) }
    }

    /// The offset behind everything that was appended.
    #[inline]
    pub fn end(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    /// Has the time be noted where it changes, in Unix seconds; 0 ends that.
    pub fn set_time(&self, unix_s: u64) {
        self.time_s.store(unix_s, Ordering::Relaxed);
    }

    /// Whether changes to `database` are part of it.
    fn has(&self, database: u16) -> bool {
        !self.is_left_out.get(usize::from(database)).is_some_and(|is_left_out| *is_left_out)
    }

    /// Has what is appended from now on be another file's, which nothing that came before says anything for. Returns
    /// the offset where it begins.
    pub fn cut(&self) -> u64 {
        let mut tail = self.tail.lock();
        tail.cut = Some(tail.end);
        tail.selected = None;
        tail.noted_s = 0;
        tail.end
    }

    /// Moves what was appended to the end of `out`.
    pub(crate) fn take(&self, out: &mut Vec<u8>) -> Taken {
        let mut tail = self.tail.lock();
        let begin = tail.end - tail.bytes.len() as u64;
        let cut = tail.cut.take().map(|cut| cut.saturating_sub(begin) as usize);
        if out.is_empty() {
            std::mem::swap(&mut tail.bytes, out);
        } else {
            out.extend_from_slice(&tail.bytes);
            tail.bytes.clear();
        }
        Taken { end: tail.end, cut }
    }

    /// Bytes that were appended and not taken.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.tail.lock().bytes.len()
    }

    fn push(&self, unit: &Unit<'_>) {
        let time_s = self.time_s.load(Ordering::Relaxed);
        let mut guard = self.tail.lock();
        let tail = &mut *guard;
        let before = tail.bytes.len();
        if time_s > tail.noted_s {
            push_timestamp(&mut tail.bytes, time_s);
            tail.noted_s = time_s;
        }
        unit.push_head(&mut tail.bytes, tail.selected);
        tail.bytes.extend_from_slice(unit.bytes);
        tail.selected = Some(unit.last);
        tail.end += (tail.bytes.len() - before) as u64;
        self.end.store(tail.end, Ordering::Release);
    }
}

impl Log for Stream {
    fn append(&self, unit: &Effects) {
        let effects = unit.iter().filter(|effect| self.has(effect.database));
        with_unit(effects, |unit| self.push(&unit));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<&[u8]> {
        line.split(' ').map(str::as_bytes).collect()
    }

    fn append(stream: &Stream, unit: &[(u16, &str)]) {
        let mut effects = Effects::default();
        unit.iter().for_each(|(database, line)| effects.push(*database, words(line)));
        stream.append(&effects);
    }

    /// What was appended, a line for each request.
    fn taken(stream: &Stream) -> String {
        let mut bytes = Vec::new();
        stream.take(&mut bytes);
        let text = String::from_utf8(bytes).expect("plain text");
        let is_data = |line: &&str| !line.starts_with(['*', '$']);
        let starts: Vec<&str> = text.split('*').filter(|request| !request.is_empty()).collect();
        let lines = starts.iter().map(|request| {
            let words: Vec<&str> = request.lines().skip(1).filter(is_data).collect();
            words.join(" ")
        });
        lines.collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn a_unit_is_whole_and_its_databases_are_named() {
        let stream = Stream::new([false, false, true].into());
        append(&stream, &[(0, "SET a 1")]);
        append(&stream, &[(0, "SET b 1")]);
        append(&stream, &[(1, "DEL a"), (0, "DEL b")]);
        append(&stream, &[(0, "INCR a")]);
        let expected = "SELECT 0; SET a 1; SET b 1; MULTI; SELECT 1; DEL a; SELECT 0; DEL b; EXEC; INCR a";
        assert_eq!(taken(&stream), expected);
    }

    #[test]
    fn what_is_left_out_leaves_no_trace() {
        let stream = Stream::new([false, false, true].into());
        append(&stream, &[(2, "SET a 1")]);
        assert_eq!((taken(&stream).as_str(), stream.end()), ("", 0));
        append(&stream, &[(2, "SET a 1"), (1, "SET b 1"), (2, "SET c 1")]);
        assert_eq!(taken(&stream), "SELECT 1; SET b 1");
    }

    #[test]
    fn behind_a_cut_all_is_said_again() {
        let stream = Stream::new([false].into());
        append(&stream, &[(0, "SET a 1")]);
        let at = stream.cut();
        append(&stream, &[(0, "SET b 1")]);
        let mut bytes = Vec::new();
        let taken = stream.take(&mut bytes);
        assert_eq!((taken.cut, taken.end), (Some(at as usize), bytes.len() as u64));
        assert!(bytes[at as usize..].starts_with(b"*2\r\n$6\r\nSELECT"));
    }

    #[test]
    fn the_time_is_noted_when_it_changes() {
        let stream = Stream::new([false].into());
        stream.set_time(7);
        append(&stream, &[(0, "SET a 1")]);
        append(&stream, &[(0, "SET a 1")]);
        stream.set_time(8);
        append(&stream, &[(0, "SET a 1")]);
        let mut bytes = Vec::new();
        stream.take(&mut bytes);
        let text = String::from_utf8(bytes).expect("plain text");
        assert_eq!(text.matches("#TS:7\r\n").count(), 1);
        assert_eq!(text.matches("#TS:8\r\n").count(), 1);
    }
}
