//! Differences, intersections and unions of sets, and what becomes of them.
//!
//! A key that is not there is an empty set. All keys are looked at before anything else, so that one of another
//! type is an error whatever the result would be.

use std::cmp::Reverse;

use values::entry::Entry;
use values::limits::Limits;
use values::set::{self, Member, SetMut, SetRef};

use crate::prelude::*;

/// The arguments of SDIFF, SINTER and SUNION.
#[derive(Args)]
pub struct Args<'a> {
    pub key: Many<Key<'a>>,
}

/// The arguments of SDIFFSTORE and SUNIONSTORE.
#[derive(Args)]
pub struct StoreArgs<'a> {
    #[arg(access = "OW UPDATE")]
    pub destination: Key<'a>,
    #[arg(access = "RO ACCESS")]
    pub key: Many<Key<'a>>,
}

type Sets<'v> = Many<Option<SetRef<'v>>>;

fn sets<'v>(view: &'v ReadView<'_>, keys: &[Key<'_>]) -> Result<Sets<'v>> {
    keys.iter().map(|key| view.set(key).map_err(Error::from)).collect()
}

/// The members of the set at the first key that none of the others has.
pub fn difference<'v>(
    view: &'v ReadView<'_>,
    keys: &[Key<'_>],
) -> Result<impl Iterator<Item = Member<'v>> + use<'v>> {
    let mut sets = sets(view, keys)?.into_iter();
    let first = sets.next().flatten();
    let mut others: Many<SetRef<'v>> = sets.flatten().collect();
    // The largest is the likeliest to have a member.
    others.sort_by_key(|set| Reverse(set.len()));
    let members = first.into_iter().flat_map(SetRef::iter);
    Ok(members.filter(move |member| !others.iter().any(|set| set.contains(member))))
}

/// An intersection that is still to be found.
pub struct Intersection<'v> {
    /// From the smallest set to the largest; none when one of them is empty.
    sets: Many<SetRef<'v>>,
}

impl<'v> Intersection<'v> {
    /// That of the sets at `keys`.
    pub fn of(view: &'v ReadView<'_>, keys: &[Key<'_>]) -> Result<Intersection<'v>> {
        let mut sets: Many<SetRef<'v>> =
            sets(view, keys)?.into_iter().collect::<Option<_>>().unwrap_or_default();
        sets.sort_by_key(|set| set.len());
        Ok(Intersection { sets })
    }

    /// Its members.
    pub fn members(&self) -> impl Iterator<Item = Member<'v>> {
        let members = self.sets.first().into_iter().flat_map(|smallest| smallest.iter());
        members.filter(|member| self.sets[1..].iter().all(|set| set.contains(member)))
    }

    /// A set of its members.
    pub fn to_entry(&self, key: &[u8], limits: &Limits) -> Entry {
        to_entry(key, self.members(), limits)
    }
}

/// A set, called `key`, of the members of all sets at `keys`.
pub fn union(view: &ReadView<'_>, keys: &[Key<'_>], key: &[u8]) -> Result<Entry> {
    let members = sets(view, keys)?.into_iter().flatten().flat_map(SetRef::iter);
    Ok(to_entry(key, members, view.limits()))
}

/// A set of `members`, some of which may be equal.
pub fn to_entry<'m>(key: &[u8], members: impl Iterator<Item = Member<'m>>, limits: &Limits) -> Entry {
    let mut entry = set::empty(key);
    let mut set = SetMut::of(&mut entry, limits);
    members.for_each(|member| {
        set.insert(&member);
    });
    entry
}

/// Replies with members that are all different.
pub fn reply_members<'m>(members: impl Iterator<Item = Member<'m>>, reply: &mut Reply) {
    let mark = reply.begin();
    let mut count = 0;
    for member in members {
        reply.bulk(&member);
        count += 1;
    }
    reply.end_set(mark, count);
}

/// Replies with a whole set.
pub fn reply_set(set: SetRef<'_>, reply: &mut Reply) {
    reply.set(set.len());
    set.iter().for_each(|member| reply.bulk(&member));
}

/// Puts `result` in place of whatever is at `destination`, and replies with its size. An empty one only removes.
pub fn store(txn: &mut WriteTxn<'_>, destination: &Key<'_>, result: Entry, reply: &mut Reply) {
    let len = SetRef::of(result.as_ref()).len();
    if len > 0 {
        txn.insert(destination, result);
    } else {
        txn.remove(destination);
    }
    reply.integer(len as i64);
}
