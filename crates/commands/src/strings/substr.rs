//! SUBSTR: GETRANGE under the name that it had first.

use super::getrange::{Args, getrange};
use crate::prelude::*;

command! {
    name: "substr",
    group: String,
    since: "1.0.0",
    complexity: "O(N) where N is the length of the returned string, which is copied once; finding it takes no time.",
    summary: "Returns a substring from a string value.",
    handler: Read(getrange),
    examples: r#"
        > SET greeting "hello, world"
        OK
        > SUBSTR greeting 0 4
        "hello"
    "#,
}
