//! Finding what a query asks for, and replying with it or storing it.

use base::geo::Position;
use values::entry::Entry;
use values::limits::Limits;
use values::zset::{ScoreBound, ScoreRange, ZSetRef};

use super::coordinates::reply_position;
use super::distance::{Unit, reply_distance};
use super::query::{Form, Order, Query, Stored, Words};
use crate::prelude::*;

/// A member that lies where it was searched.
struct Found<'v> {
    member: &'v [u8],
    score: f64,
    position: Position,
    distance_m: f64,
}

/// Replies with what the query in `words` finds at `key`.
pub fn reply_search<F: Form>(
    view: &ReadView<'_>,
    key: &Key<'_>,
    words: &Words<'_, F>,
    reply: &mut Reply,
) -> Result<()> {
    let zset = view.zset(key)?;
    let query = words.read(zset)?;
    reply_found(&find(zset, &query), &query, reply);
    Ok(())
}

/// Stores what the query in `words` finds at `key`, where an option says so: otherwise replies with it.
pub fn reply_or_store<F: Form>(
    txn: &mut WriteTxn<'_>,
    key: &Key<'_>,
    words: &Words<'_, F>,
    reply: &mut Reply,
) -> Result<()> {
    let zset = txn.zset(key)?;
    let query = words.read(zset)?;
    let found = find(zset, &query);
    let Some(destination) = query.store else {
        reply_found(&found, &query, reply);
        return Ok(());
    };
    let result = build(&destination, &found, &query, txn.limits());
    let len = found.len();
    store(txn, &destination, result, len, reply);
    Ok(())
}

/// Stores what the query in `words` finds at `source`.
pub fn store_search<F: Form>(
    txn: &mut WriteTxn<'_>,
    destination: &Key<'_>,
    source: &Key<'_>,
    words: &Words<'_, F>,
    reply: &mut Reply,
) -> Result<()> {
    let zset = txn.zset(source)?;
    let query = words.read(zset)?;
    let found = find(zset, &query);
    let result = build(destination, &found, &query, txn.limits());
    let len = found.len();
    store(txn, destination, result, len, reply);
    Ok(())
}

/// What the query finds, as many and in the order as it says.
fn find<'v>(zset: Option<ZSetRef<'v>>, query: &Query<'_>) -> Vec<Found<'v>> {
    let mut found = Vec::new();
    let (Some(zset), Some(search)) = (zset, query.search) else { return found };
    let enough = query.count.filter(|_| query.any).unwrap_or(usize::MAX);
    let in_ranges = search.score_ranges().into_iter().flat_map(|range| {
        let min = ScoreBound { value: range.start, exclusive: false };
        let max = ScoreBound { value: range.end, exclusive: true };
        let span = zset.score_span(&ScoreRange { min, max });
        zset.range(span.start, span.len(), false)
    });
    let in_shape = in_ranges.filter_map(|(member, score)| {
        let position = Position::from_score(score);
        let distance_m = search.distance_within_m(position)?;
        Some(Found { member, score, position, distance_m })
    });
    found.extend(in_shape.take(enough));
    // Those that a count leaves are the nearest, unless any will do.
    let order = query.order.or(query.count.filter(|_| !query.any).map(|_| Order::NearestFirst));
    let count = query.count.unwrap_or(usize::MAX);
    if let Some(order) = order {
        let compare = |a: &Found<'_>, b: &Found<'_>| match order {
            Order::NearestFirst => a.distance_m.total_cmp(&b.distance_m),
            Order::FarthestFirst => b.distance_m.total_cmp(&a.distance_m),
        };
        if count < found.len() {
            found.select_nth_unstable_by(count, compare);
            found.truncate(count);
        }
        found.sort_by(compare);
    }
    found
}

fn reply_found(found: &[Found<'_>], query: &Query<'_>, reply: &mut Reply) {
    reply.array(found.len());
    let parts = [query.with_distance, query.with_cell, query.with_position];
    let parts = parts.into_iter().filter(|with| *with).count();
    for Found { member, score, position, distance_m } in found {
        if parts > 0 {
            reply.array(1 + parts);
        }
        reply.bulk(member);
        if query.with_distance {
            reply_distance(*distance_m, query.unit.unwrap_or(Unit::Metres), reply);
        }
        if query.with_cell {
            reply.integer(*score as i64);
        }
        if query.with_position {
            reply_position(*position, reply);
        }
    }
}

/// The sorted set that the query stores.
fn build(destination: &Key<'_>, found: &[Found<'_>], query: &Query<'_>, limits: &Limits) -> Entry {
    let metres = query.unit.unwrap_or(Unit::Metres).metres();
    let score = |found: &Found<'_>| match query.stored {
        Some(Stored::Distance) => found.distance_m / metres,
        _ => found.score,
    };
    values::zset::build(destination.bytes, found.iter().map(|found| (found.member, score(found))), limits)
}

fn store(txn: &mut WriteTxn<'_>, destination: &Key<'_>, result: Entry, len: usize, reply: &mut Reply) {
    if len > 0 {
        txn.insert(destination, result);
    } else {
        txn.remove(destination);
    }
    reply.integer(len as i64);
}
