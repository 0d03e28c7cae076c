//! DEBUG OBJECT: a key's value, as far as tests look at it.

use commands::prelude::*;
use keyspace::{Context, Needs};

use crate::clock::unix_ms;
use crate::session::Session;

pub(super) fn reply_object(session: &mut Session, name: &[u8], reply: &mut Reply) -> Result<()> {
    let key = Key::new(name);
    let now_ms = unix_ms();
    // What has expired is there as long as nobody has removed it.
    let context = Context { is_copy: true, ..session.context(now_ms) };
    let view = session.server.keyspace.read(&Needs::of_slots([key.slot].into_iter().collect()), context);
    let entry = view.peek(&key).ok_or(Error::NoSuchKey)?;
    reply.simple(format!(
        "Value at:{:p} refcount:1 encoding:{} serializedlength:{} lru:{} lru_seconds_idle:{}",
        entry.key().as_ptr(),
        keyspace::encoding_name(entry),
        entry.memory_bytes(),
        entry.accessed().clock(),
        entry.accessed().idle_seconds(now_ms),
    ));
    Ok(())
}
