//! The fields that commands on fields' deadlines name: `FIELDS numfields field [field ...]`.

use crate::args::Kind;
use crate::prelude::*;

/// The fields, which are the last arguments.
pub struct Fields<'a>(pub Many<&'a [u8]>);

const MISSING: Error = Error::fixed("ERR Mandatory argument FIELDS is missing or not at the right position");
const NOT_POSITIVE: Error = Error::fixed("ERR Number of fields must be a positive integer");
const MISMATCH: Error = Error::fixed("ERR The `numfields` parameter must match the number of arguments");

impl<'a> Fields<'a> {
    /// Reads them, where `not_positive` says that there is no number of fields.
    pub fn parse_or(parser: &mut Parser<'a>, not_positive: Error) -> Result<Fields<'a>> {
        parser.expect("FIELDS").map_err(|_| MISSING)?;
        let count = parser.next().ok().and_then(base::number::parse_i64);
        let count = count.and_then(|count| usize::try_from(count).ok()).filter(|count| *count > 0);
        if count.ok_or(not_positive)? != parser.remaining() {
            return Err(MISMATCH);
        }
        Many::parse(parser).map(Fields)
    }
}

impl<'a> Parse<'a> for Fields<'a> {
    const SPEC: Spec = Spec::block(&[
        Spec::of(Kind::Integer).named("numfields"),
        Spec { multiple: true, ..Spec::of(Kind::String).named("field") },
    ])
    .named("fields")
    .with_token("FIELDS");

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        Fields::parse_or(parser, NOT_POSITIVE)
    }
}
