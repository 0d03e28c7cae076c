//! What GEOSEARCH, GEORADIUS and their kin are asked: around what, how far, and what to give.
//!
//! As in Redis one reader serves them all. It reads from left to right when the key is known, for a centre may
//! be one of its members, so that the first thing that is wrong is the error.

use std::marker::PhantomData;

use base::geo::{Position, Search, Shape};
use values::zset::ZSetRef;

use super::coordinates::read_position;
use super::distance::Unit;
use crate::args::Kind;
use crate::prelude::*;

/// How a query begins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Head {
    /// With a longitude, a latitude, a radius and its unit: GEORADIUS.
    Coordinates,
    /// With a member, a radius and its unit: GEORADIUSBYMEMBER.
    Member,
    /// With any option, the centre and the shape being options themselves: GEOSEARCH.
    Options,
}

/// Whether and how the result is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Storing {
    /// It is not.
    Never,
    /// An option names where: GEORADIUS.
    ByOption,
    /// It is, with an option for what: GEOSEARCHSTORE.
    Always,
}

/// What is stored as the score.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// The position's cell.
    Cell,
    /// The distance from the centre, in the query's unit.
    Distance,
}

/// The order of what is found, by the distance from the centre.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Order {
    NearestFirst,
    FarthestFirst,
}

/// Which words a query is made of.
pub trait Form {
    /// How it begins.
    const HEAD: Head;
    /// Whether it stores.
    const STORING: Storing;
    /// The words, for the documentation.
    const PARTS: &'static [Spec];
}

/// The words of a query, which are read when its key is known.
pub struct Words<'a, F> {
    parser: Parser<'a>,
    form: PhantomData<fn() -> F>,
}

impl<'a, F: Form> Words<'a, F> {
    /// Reads the query, on `zset`, the sorted set at its key if there is one.
    pub fn read(&self, zset: Option<ZSetRef<'_>>) -> Result<Query<'a>> {
        Query::read(self.parser, F::HEAD, F::STORING, zset)
    }

    /// The key after the last STORE or STOREDIST: the one that a query without an error stores under.
    fn store_key(&self) -> Option<Key<'a>> {
        /// What comes before the options: coordinates or a member, a radius and its unit.
        const HEAD_WORDS_MIN: usize = 3;
        let mut parser = self.parser;
        (0..HEAD_WORDS_MIN).for_each(|_| parser.skip());
        let mut found = None;
        while let Ok(word) = parser.next() {
            if word.eq_ignore_ascii_case(b"STORE") || word.eq_ignore_ascii_case(b"STOREDIST") {
                found = Key::parse(&mut parser).ok().or(found);
            }
        }
        found
    }
}

impl<'a, F: Form> Parse<'a> for Words<'a, F> {
    const SPEC: Spec = Spec::block(F::PARTS);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        Ok(Words { parser: parser.rest(), form: PhantomData })
    }

    fn keys(&self, visit: &mut impl FnMut(Key<'a>)) {
        if F::STORING == Storing::ByOption
            && let Some(key) = self.store_key()
        {
            visit(key);
        }
    }
}

/// A query.
#[derive(Default)]
pub struct Query<'a> {
    /// Where to look; not known when there is no key and so no member.
    pub search: Option<Search>,
    /// The unit of its distances.
    pub unit: Option<Unit>,
    /// Whether to give distances.
    pub with_distance: bool,
    /// Whether to give cells.
    pub with_cell: bool,
    /// Whether to give positions.
    pub with_position: bool,
    /// How many to give at most.
    pub count: Option<usize>,
    /// Whether any so many will do, and not only the nearest.
    pub any: bool,
    /// In which order to give them.
    pub order: Option<Order>,
    /// Where to store them, if an option says so.
    pub store: Option<Key<'a>>,
    /// What to store.
    pub stored: Option<Stored>,
}

/// The centre and shape as far as they are read.
#[derive(Default)]
struct Area {
    /// By coordinates, or by a member.
    center: Option<(Center, Option<Position>)>,
    shape: Option<(Shape, Unit)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Center {
    Coordinates,
    Member,
}

impl<'a> Query<'a> {
    fn read(
        mut parser: Parser<'a>,
        head: Head,
        storing: Storing,
        zset: Option<ZSetRef<'_>>,
    ) -> Result<Query<'a>> {
        let mut query = Query::default();
        let mut area = Area::default();
        match (head, zset) {
            (Head::Coordinates, _) => {
                area.center = Some((Center::Coordinates, Some(read_position(&mut parser)?)));
                area.shape = Some(read_circle(&mut parser)?);
            }
            (Head::Member, Some(_)) => {
                area.center = Some((Center::Member, read_member(&mut parser, zset)?));
                area.shape = Some(read_circle(&mut parser)?);
            }
            // Redis looks at neither the member nor the radius.
            (Head::Member, None) => (0..3).for_each(|_| parser.skip()),
            (Head::Options, _) => {}
        }
        while let Some(word) = parser.peek() {
            parser.skip();
            let is_read = query.read_option(word, &mut parser, storing)?
                || head == Head::Options && area.read_option(word, &mut parser, zset)?;
            if !is_read {
                return Err(Error::Syntax);
            }
        }
        query.check(head, storing, &area, parser.name())?;
        query.unit = area.shape.map(|(_, unit)| unit);
        if let (Some((_, Some(center))), Some((shape, _))) = (area.center, area.shape) {
            query.search = Some(Search { center, shape });
        }
        Ok(query)
    }

    /// Reads the option that `word` begins, if it is one of those that all queries take.
    fn read_option(&mut self, word: &[u8], parser: &mut Parser<'a>, storing: Storing) -> Result<bool> {
        const NO_COUNT: Error = Error::fixed("ERR COUNT must be > 0");
        let is = |token: &[u8]| word.eq_ignore_ascii_case(token);
        if is(b"WITHDIST") {
            self.with_distance = true;
        } else if is(b"WITHHASH") {
            self.with_cell = true;
        } else if is(b"WITHCOORD") {
            self.with_position = true;
        } else if is(b"ANY") {
            self.any = true;
        } else if is(b"ASC") {
            self.order = Some(Order::NearestFirst);
        } else if is(b"DESC") {
            self.order = Some(Order::FarthestFirst);
        } else if is(b"COUNT") {
            let count = i64::parse(parser)?;
            self.count = Some(usize::try_from(count).ok().filter(|count| *count > 0).ok_or(NO_COUNT)?);
        } else if is(b"STORE") && storing == Storing::ByOption {
            self.store = Some(Key::parse(parser)?);
            self.stored = Some(Stored::Cell);
        } else if is(b"STOREDIST") && storing == Storing::ByOption {
            self.store = Some(Key::parse(parser)?);
            self.stored = Some(Stored::Distance);
        } else if is(b"STOREDIST") && storing == Storing::Always {
            self.stored = Some(Stored::Distance);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Refuses options that do not go together, and a search without a centre or a shape.
    fn check(&self, head: Head, storing: Storing, area: &Area, name: &[u8]) -> Result<()> {
        const STORE_AND_MORE: Error = Error::fixed(
            "ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options",
        );
        const SEARCHSTORE_AND_MORE: Error = Error::fixed(
            "ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options",
        );
        const ANY_OF_ALL: Error = Error::fixed("ERR the ANY argument requires COUNT argument");
        if self.with_distance || self.with_cell || self.with_position {
            match storing {
                Storing::Always => return Err(SEARCHSTORE_AND_MORE),
                Storing::ByOption if self.store.is_some() => return Err(STORE_AND_MORE),
                _ => {}
            }
        }
        if head == Head::Options {
            let name = shown(name);
            if area.center.is_none() {
                return Err(Error::new(format_args!(
                    "exactly one of FROMMEMBER or FROMLONLAT can be specified for {name}"
                )));
            }
            if area.shape.is_none() {
                return Err(Error::new(format_args!(
                    "exactly one of BYRADIUS and BYBOX can be specified for {name}"
                )));
            }
        }
        if self.any && self.count.is_none() { Err(ANY_OF_ALL) } else { Ok(()) }
    }
}

impl Area {
    /// Reads the option that `word` begins, if it is a centre or a shape and none of the other sort was given.
    fn read_option(
        &mut self,
        word: &[u8],
        parser: &mut Parser<'_>,
        zset: Option<ZSetRef<'_>>,
    ) -> Result<bool> {
        let is = |token: &[u8], words: usize| word.eq_ignore_ascii_case(token) && parser.remaining() >= words;
        let may_be = |sort| self.center.is_none_or(|(center, _)| center == sort);
        let is_box = self.shape.map(|(shape, _)| matches!(shape, Shape::Box { .. }));
        if is(b"FROMMEMBER", 1) && may_be(Center::Member) {
            self.center = Some((Center::Member, read_member(parser, zset)?));
        } else if is(b"FROMLONLAT", 2) && may_be(Center::Coordinates) {
            self.center = Some((Center::Coordinates, Some(read_position(parser)?)));
        } else if is(b"BYRADIUS", 2) && is_box != Some(true) {
            self.shape = Some(read_circle(parser)?);
        } else if is(b"BYBOX", 3) && is_box != Some(false) {
            self.shape = Some(read_box(parser)?);
        } else {
            return Ok(false);
        }
        Ok(true)
    }
}

/// Reads a member of `zset`: its position. Without a set, any member will do.
fn read_member(parser: &mut Parser<'_>, zset: Option<ZSetRef<'_>>) -> Result<Option<Position>> {
    const NO_MEMBER: Error = Error::fixed("ERR could not decode requested zset member");
    let member = parser.next()?;
    match zset {
        None => Ok(None),
        Some(zset) => zset.score(member).map(|score| Some(Position::from_score(score))).ok_or(NO_MEMBER),
    }
}

fn read_length(parser: &mut Parser<'_>, not_numeric: Error) -> Result<f64> {
    base::number::parse_f64(parser.next()?).ok_or(not_numeric)
}

fn read_circle(parser: &mut Parser<'_>) -> Result<(Shape, Unit)> {
    const NOT_NUMERIC: Error = Error::fixed("ERR need numeric radius");
    const NEGATIVE: Error = Error::fixed("ERR radius cannot be negative");
    let radius = read_length(parser, NOT_NUMERIC)?;
    if radius < 0.0 {
        return Err(NEGATIVE);
    }
    let unit = Unit::parse(parser)?;
    Ok((Shape::Circle { radius_m: radius * unit.metres() }, unit))
}

fn read_box(parser: &mut Parser<'_>) -> Result<(Shape, Unit)> {
    const WIDTH_NOT_NUMERIC: Error = Error::fixed("ERR need numeric width");
    const HEIGHT_NOT_NUMERIC: Error = Error::fixed("ERR need numeric height");
    const NEGATIVE: Error = Error::fixed("ERR height or width cannot be negative");
    let width = read_length(parser, WIDTH_NOT_NUMERIC)?;
    let height = read_length(parser, HEIGHT_NOT_NUMERIC)?;
    if width < 0.0 || height < 0.0 {
        return Err(NEGATIVE);
    }
    let unit = Unit::parse(parser)?;
    Ok((Shape::Box { width_m: width * unit.metres(), height_m: height * unit.metres() }, unit))
}

/// How the parts of queries are documented.
pub mod spec {
    use super::{Kind, Spec, Unit};
    pub use crate::geo::coordinates::{LATITUDE, LONGITUDE};

    /// A member as the centre.
    pub const MEMBER: Spec = Spec::of(Kind::String).named("member");
    /// A radius.
    pub const RADIUS: Spec = Spec::of(Kind::Double).named("radius");
    /// The unit of what comes before it.
    pub const UNIT: Spec = <Unit as super::Parse<'_>>::SPEC;
    /// Gives positions.
    pub const WITHCOORD: Spec = flag("withcoord", "WITHCOORD");
    /// Gives distances.
    pub const WITHDIST: Spec = flag("withdist", "WITHDIST");
    /// Gives cells.
    pub const WITHHASH: Spec = flag("withhash", "WITHHASH");
    /// How many are given.
    pub const COUNT: Spec = Spec {
        optional: true,
        ..Spec::block(&[Spec::of(Kind::Integer).named("count").with_token("COUNT"), flag("any", "ANY")])
            .named("count-block")
    };
    /// In which order.
    pub const ORDER: Spec = Spec {
        optional: true,
        ..Spec::one_of(&[
            Spec::TOKEN.named("asc").with_token("ASC"),
            Spec::TOKEN.named("desc").with_token("DESC"),
        ])
        .named("order")
    };
    /// Where the result goes.
    pub const STORE: Spec = Spec {
        optional: true,
        ..Spec::one_of(&[
            Spec::of(Kind::Key).named("storekey").with_token("STORE").with_access("OW UPDATE"),
            Spec::of(Kind::Key).named("storedistkey").with_token("STOREDIST").with_access("OW UPDATE"),
        ])
        .named("store")
    };
    /// GEOSEARCH's centre.
    pub const FROM: Spec = Spec::one_of(&[
        MEMBER.with_token("FROMMEMBER"),
        Spec::block(&[LONGITUDE, LATITUDE]).named("fromlonlat").with_token("FROMLONLAT"),
    ])
    .named("from");
    /// GEOSEARCH's shape.
    pub const BY: Spec = Spec::one_of(&[
        Spec::block(&[RADIUS.with_token("BYRADIUS"), UNIT]).named("circle"),
        Spec::block(&[
            Spec::of(Kind::Double).named("width").with_token("BYBOX"),
            Spec::of(Kind::Double).named("height"),
            UNIT,
        ])
        .named("box"),
    ])
    .named("by");

    /// An optional token.
    pub const fn flag(name: &'static str, token: &'static str) -> Spec {
        Spec { optional: true, ..Spec::TOKEN.named(name).with_token(token) }
    }
}
