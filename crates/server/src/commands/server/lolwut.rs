//! LOLWUT: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "lolwut",
    group: Server,
    since: "5.0.0",
    complexity: "O(1)",
    summary: "Displays computer art and the version.",
    handler: Session,
    flags: [Fast],
    examples: r#"
        > LOLWUT
        *
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    version: Version<'a>,
}

/// Redis has a picture for each of its versions, of sizes that one can choose; here there is one, whatever is asked.
pub struct Version<'a>(#[expect(dead_code, reason = "there is nothing to choose")] Parser<'a>);

impl<'a> Parse<'a> for Version<'a> {
    const SPEC: Spec = Spec { optional: true, ..i64::SPEC.with_token("VERSION") };

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        Ok(Version(parser.rest()))
    }
}

/// The picture's lines.
const HEIGHT: i32 = 9;

pub(crate) fn run(_: &mut Session, _: Args<'_>, reply: &mut Reply) -> Result<()> {
    let mut text = String::new();
    // An esker is the winding ridge that a river under a glacier leaves behind.
    for row in 0..HEIGHT {
        let bend = (f64::from(row) * 0.9).sin() * 10.0 + 24.0;
        text.extend(std::iter::repeat_n(' ', bend as usize));
        text.extend(std::iter::repeat_n('~', (2 * row + 3) as usize));
        text.push('\n');
    }
    text.push_str(&format!("\nRedis ver. {} (Esker {})\n", crate::REDIS_VERSION, env!("CARGO_PKG_VERSION")));
    reply.verbatim("txt", text.as_bytes());
    Ok(())
}
