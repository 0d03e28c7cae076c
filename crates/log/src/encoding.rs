//! Requests as bytes: arrays of bulk strings, as the append-only file and replicas have them.

use std::cell::RefCell;

use keyspace::Effect;

/// A thread keeps its buffer up to this size.
const BUFFER_BYTES_KEPT: usize = 64 * 1024;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What begins a unit of several commands.
const MULTI: &[u8] = b"*1\r\n$5\r\nMULTI\r\n";

/// What ends it.
const EXEC: &[u8] = b"*1\r\n$4\r\nEXEC\r\n";

fn push_header(out: &mut Vec<u8>, sign: u8, number: usize) {
    out.push(sign);
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Adds a request.
pub fn push_command<'w>(out: &mut Vec<u8>, words: impl ExactSizeIterator<Item = &'w [u8]>) {
    push_header(out, b'*', words.len());
    for word in words {
        push_header(out, b'$', word.len());
        out.extend_from_slice(word);
        out.extend_from_slice(b"\r\n");
    }
}

/// Adds that what follows is done in `database`.
pub fn push_select(out: &mut Vec<u8>, database: u16) {
    let number = itoa::Buffer::new().format(database).as_bytes().to_vec();
    push_command(out, [b"SELECT".as_slice(), &number].into_iter());
}

/// Adds a note of the time, in Unix seconds, as Redis writes it with `aof-timestamp-enabled`.
pub(crate) fn push_timestamp(out: &mut Vec<u8>, unix_s: u64) {
    out.extend_from_slice(b"#TS:");
    out.extend_from_slice(itoa::Buffer::new().format(unix_s).as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// The bytes of what one transaction did. Several commands are enclosed in MULTI and EXEC.
pub struct Unit<'b> {
    is_several: bool,
    /// The database of its first command, which `bytes` do not say.
    first: u16,
    /// The database of its last command.
    pub last: u16,
    /// What comes behind its head.
    pub bytes: &'b [u8],
}

impl Unit<'_> {
    /// Adds what comes before [`Unit::bytes`] where a database is selected, or none is for certain.
    pub fn push_head(&self, out: &mut Vec<u8>, selected: Option<u16>) {
        if self.is_several {
            out.extend_from_slice(MULTI);
        }
        if selected != Some(self.first) {
            push_select(out, self.first);
        }
    }
}

/// Has `take` have the bytes of a unit; not if there are no commands.
pub fn with_unit<'e>(effects: impl Iterator<Item = Effect<'e>> + Clone, take: impl FnOnce(Unit<'_>)) {
    let Some(first) = effects.clone().next().map(|effect| effect.database) else { return };
    let is_several = effects.clone().nth(1).is_some();
    BUFFER.with_borrow_mut(|buffer| {
        buffer.clear();
        let mut last = first;
        for effect in effects {
            if effect.database != last {
                push_select(buffer, effect.database);
                last = effect.database;
            }
            push_command(buffer, effect.words());
        }
        if is_several {
            buffer.extend_from_slice(EXEC);
        }
        take(Unit { is_several, first, last, bytes: buffer });
        buffer.shrink_to(BUFFER_BYTES_KEPT);
    });
}
