//! Commands on sorted sets of positions, whose scores are the cells that `base::geo` describes.

mod coordinates;
mod distance;
mod query;
mod search;

crate::family! {
    geoadd, geodist, geohash, geopos, georadius, georadius_ro, georadiusbymember, georadiusbymember_ro, geosearch,
    geosearchstore,
}
