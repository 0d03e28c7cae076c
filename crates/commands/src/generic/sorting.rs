//! What SORT and SORT_RO have in common: the elements of a list, set or sorted set, in an order.

use std::cmp::Ordering;

use values::entry::Kind;
use values::list::ListRef;
use values::set::SetRef;
use values::string::Digits;
use values::zset::ZSetRef;

use crate::args;
use crate::prelude::*;

/// How to sort, and what to give for each element.
pub struct Options<'a> {
    by: Option<&'a [u8]>,
    limit: Option<(i64, i64)>,
    get: Vec<&'a [u8]>,
    is_descending: bool,
    is_text: bool,
    /// Where to put the result, for SORT.
    pub store: Option<Key<'a>>,
}

const OPTIONS: [Spec; 5] = [
    Spec { optional: true, ..Spec::of(args::Kind::Pattern) }.named("by-pattern").with_token("BY"),
    Spec {
        optional: true,
        ..Spec::block(&[
            Spec::of(args::Kind::Integer).named("offset"),
            Spec::of(args::Kind::Integer).named("count"),
        ])
    }
    .named("limit")
    .with_token("LIMIT"),
    Spec { optional: true, multiple: true, ..Spec::of(args::Kind::Pattern) }
        .named("get-pattern")
        .with_token("GET"),
    Spec {
        optional: true,
        ..Spec::one_of(&[
            Spec::TOKEN.named("asc").with_token("ASC"),
            Spec::TOKEN.named("desc").with_token("DESC"),
        ])
    }
    .named("order"),
    Spec { optional: true, ..Spec::TOKEN }.named("sorting").with_token("ALPHA"),
];

/// The options of SORT_RO.
pub const READ_ONLY: Spec = Spec::block(&OPTIONS);

/// The options of SORT.
pub const WITH_STORE: Spec = Spec::block(&[
    OPTIONS[0],
    OPTIONS[1],
    OPTIONS[2],
    OPTIONS[3],
    OPTIONS[4],
    Spec { optional: true, ..Spec::of(args::Kind::Key) }
        .named("destination")
        .with_token("STORE")
        .with_access("OW UPDATE"),
]);

impl<'a> Options<'a> {
    /// Reads the options; `STORE` is one of them where `may_store`.
    pub fn read(parser: &mut Parser<'a>, may_store: bool) -> Result<Options<'a>> {
        let mut options = Options {
            by: None,
            limit: None,
            get: Vec::new(),
            is_descending: false,
            is_text: false,
            store: None,
        };
        while let Some(word) = parser.peek() {
            parser.skip();
            let left = parser.remaining();
            match word.to_ascii_lowercase().as_slice() {
                b"asc" => options.is_descending = false,
                b"desc" => options.is_descending = true,
                b"alpha" => options.is_text = true,
                b"limit" if left >= 2 => options.limit = Some((i64::parse(parser)?, i64::parse(parser)?)),
                b"by" if left >= 1 => options.by = Some(parser.next()?),
                b"get" if left >= 1 => options.get.push(parser.next()?),
                b"store" if left >= 1 && may_store => options.store = Some(Key::parse(parser)?),
                _ => return Err(Error::Syntax),
            }
        }
        Ok(options)
    }

    /// Which slots are needed: patterns may lead to any key.
    pub fn scope(&self) -> Scope {
        let leads_elsewhere = |pattern: &&[u8]| pattern.contains(&b'*');
        let any = self.by.iter().chain(&self.get).any(leads_elsewhere);
        if any { Scope::Everything } else { Scope::Keys }
    }

    /// A `BY` without a `*` asks for no sorting at all.
    fn is_sorted(&self) -> bool {
        self.by.is_none_or(|by| by.contains(&b'*'))
    }
}

/// What is given for the elements, in their order: `GET` by `GET` for each element, or the element itself.
pub fn sort(view: &ReadView<'_>, key: &Key<'_>, options: &Options<'_>) -> Result<Vec<Option<Vec<u8>>>> {
    let (mut elements, kind) = elements(view, key)?;
    let must_be_deterministic = kind == Some(Kind::Set) && options.store.is_some();
    if options.is_sorted() {
        order(view, &mut elements, options)?;
    } else if must_be_deterministic {
        elements.sort_unstable();
        if options.is_descending {
            elements.reverse();
        }
    } else if options.is_descending && kind != Some(Kind::Set) {
        elements.reverse();
    }
    let len = elements.len();
    let (offset, count) = options.limit.unwrap_or((0, -1));
    let offset = usize::try_from(offset).unwrap_or(0).min(len);
    let count = usize::try_from(count).unwrap_or(len);
    let chosen = elements.into_iter().skip(offset).take(count);
    if options.get.is_empty() {
        return Ok(chosen.map(Some).collect());
    }
    let mut given = Vec::new();
    for element in chosen {
        given.extend(options.get.iter().map(|pattern| look_up(view, pattern, &element)));
    }
    Ok(given)
}

fn elements(view: &ReadView<'_>, key: &Key<'_>) -> Result<(Vec<Vec<u8>>, Option<Kind>)> {
    let Some(entry) = view.find(key) else { return Ok((Vec::new(), None)) };
    let elements = match entry.kind() {
        Kind::List => ListRef::of(entry).iter().map(<[u8]>::to_vec).collect(),
        Kind::Set => SetRef::of(entry).iter().map(|member| member.to_vec()).collect(),
        Kind::ZSet => ZSetRef::of(entry).iter().map(|(member, _)| member.to_vec()).collect(),
        Kind::String | Kind::Hash | Kind::Stream => return Err(Error::WrongType),
    };
    Ok((elements, Some(entry.kind())))
}

/// Sorts by the elements' weights; what weighs the same goes by its bytes.
fn order(view: &ReadView<'_>, elements: &mut Vec<Vec<u8>>, options: &Options<'_>) -> Result<()> {
    let weigh = |element: &[u8]| match options.by {
        Some(pattern) => look_up(view, pattern, element),
        None => Some(element.to_vec()),
    };
    let direct = |ordering: Ordering| if options.is_descending { ordering.reverse() } else { ordering };
    if options.is_text {
        let mut weighed: Vec<(Option<Vec<u8>>, Vec<u8>)> =
            elements.drain(..).map(|element| (weigh(&element), element)).collect();
        weighed.sort_by(|left, right| direct(left.cmp(right)));
        elements.extend(weighed.into_iter().map(|(_, element)| element));
        return Ok(());
    }
    let mut weighed = Vec::with_capacity(elements.len());
    for element in elements.drain(..) {
        let weight = match weigh(&element) {
            Some(text) => base::number::parse_f64_as_c(&text)
                .filter(|number| !number.is_out_of_range)
                .map(|number| number.value)
                .ok_or(Error::fixed("ERR One or more scores can't be converted into double"))?,
            None => 0.0,
        };
        weighed.push((weight, element));
    }
    // Zeros of both signs are the same.
    let compare = |left: f64, right: f64| left.partial_cmp(&right).unwrap_or(Ordering::Equal);
    weighed.sort_by(|left, right| direct(compare(left.0, right.0).then_with(|| left.1.cmp(&right.1))));
    elements.extend(weighed.into_iter().map(|(_, element)| element));
    Ok(())
}

/// The string (or, behind `->`, the field of the hash) whose key is the pattern with the element in place of its
/// first `*`. `#` is the element itself; a pattern without a `*` is nothing.
fn look_up(view: &ReadView<'_>, pattern: &[u8], element: &[u8]) -> Option<Vec<u8>> {
    if pattern == b"#" {
        return Some(element.to_vec());
    }
    let star = pattern.iter().position(|byte| *byte == b'*')?;
    let after = &pattern[star + 1..];
    // A field has a name: an arrow at the very end is part of the key.
    let arrow = after.windows(2).position(|pair| pair == b"->").filter(|at| at + 2 < after.len());
    let (suffix, field) = match arrow {
        Some(at) => (&after[..at], Some(&after[at + 2..])),
        None => (after, None),
    };
    let name = [&pattern[..star], element, suffix].concat();
    let key = Key::new(&name);
    match field {
        Some(field) => view.hash(&key).ok()??.get(field).map(<[u8]>::to_vec),
        None => Some(view.string(&key).ok()??.bytes(&mut Digits::new()).to_vec()),
    }
}

/// Replies with what [`sort`] gave.
pub fn reply_sorted(sorted: &[Option<Vec<u8>>], reply: &mut Reply) {
    reply.array(sorted.len());
    for value in sorted {
        match value {
            Some(value) => reply.bulk(value),
            None => reply.null(),
        }
    }
}
