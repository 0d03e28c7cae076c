//! Looking ahead: what the requests of a batch are going to need, found out for all before the first is executed.
//!
//! A look-up waits for memory three or four times, each time for what the time before has brought. Where several
//! requests are there, the processor waits for all of them together. Nothing depends on it: what is found here is
//! what would be found later, and memory that is fetched in vain costs a little time.

use keyspace::Key;
use resp::RequestParser;
use smallvec::SmallVec;

use crate::server::Server;
use crate::table::Entry;

/// So many requests are read before the first of them is executed.
pub(crate) const REQUESTS_MAX: usize = 16;

/// With fewer different keys, or elements of collections, there is less to win than it costs.
const FETCHED_MIN: usize = 4;

/// A longer word is no key and no element to be known ahead.
const WORD_BYTES_MAX: usize = 256;

/// What is known of a request ahead.
pub(crate) struct Ahead<'a> {
    /// The command that its first word names.
    pub entry: Option<&'a Entry>,
    /// Its second word as a key: for nearly all commands the first one.
    pub first_key: Option<Key<'a>>,
}

/// Looks at the `requests` that `parser` has just read from `input`, and has the processor load what they are
/// likely to need in `database`.
#[inline]
pub(crate) fn look<'a>(
    server: &'a Server,
    database: u16,
    parser: &'a RequestParser,
    input: &'a [u8],
    requests: usize,
) -> SmallVec<[Ahead<'a>; REQUESTS_MAX]> {
    let mut ahead = SmallVec::new();
    let mut keys: SmallVec<[Key<'a>; REQUESTS_MAX]> = SmallVec::new();
    let mut elements: SmallVec<[(Key<'a>, u64); REQUESTS_MAX]> = SmallVec::new();
    // Those of a batch are often the same.
    let mut named: Option<(&[u8], Option<&'a Entry>)> = None;
    for request in 0..requests {
        let arguments = parser.arguments_of(request, input);
        let word = |at| arguments.get(at).filter(|word| word.len() <= WORD_BYTES_MAX);
        let first_key = word(1).map(|bytes| match keys.last() {
            Some(last) if last.bytes == bytes => Key { bytes, ..*last },
            _ => {
                let key = Key::new(bytes);
                server.keyspace.prefetch_slot(&key);
                keys.push(key);
                key
            }
        });
        let entry = arguments.get(0).and_then(|name| match named {
            Some((last, entry)) if last == name => entry,
            _ => {
                let entry = server.table.find(name);
                named = Some((name, entry));
                entry
            }
        });
        let element = entry.and_then(|entry| entry.element_at).and_then(word);
        if let (Some(key), Some(element)) = (first_key, element) {
            elements.push((key, base::hash::hash(element)));
        }
        ahead.push(Ahead { entry, first_key });
    }
    if keys.len() >= FETCHED_MIN {
        server.keyspace.prefetch(database, &keys);
    } else if elements.len() >= FETCHED_MIN {
        server.keyspace.prefetch_elements(database, &elements);
    }
    ahead
}
