//! Commands on keys, whatever they hold.

pub(crate) mod database;
pub(crate) mod deadline;
mod sorting;

crate::family! {
    copy, del, dump, exists, expire, expireat, expiretime, keys, r#move, object, persist, pexpire, pexpireat, pexpiretime,
    pttl, randomkey, rename, renamenx, restore, scan, sort, sort_ro, touch, ttl, r#type, unlink,
}
