//! ACL GENPASS: see its summary.

use commands::prelude::*;

use crate::session::Session;

command! {
    name: "acl|genpass",
    group: Server,
    since: "6.0.0",
    complexity: "O(1)",
    summary: "Generates a pseudorandom, secure password that can be used to identify ACL users.",
    handler: Session,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > ACL GENPASS 32
        *
        > ACL GENPASS 5000
        (error) ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096
    "#,
}

const BITS_MAX: i64 = 4096;

#[derive(Args)]
pub struct Args {
    /// A larger request is refused before it is read.
    #[arg(name = "")]
    _words: AtMost<1>,
    bits: Option<i64>,
}

pub(crate) fn run(_: &mut Session, args: Args, reply: &mut Reply) -> Result<()> {
    let bits = args.bits.unwrap_or(256);
    if !(1..=BITS_MAX).contains(&bits) {
        return Err(Error::new(format_args!(
            "ACL GENPASS argument must be the number of bits for the output password, a positive number up to {BITS_MAX}"
        )));
    }
    let digits = bits.unsigned_abs().div_ceil(4) as usize;
    reply.bulk(password(digits).map_err(Error::new)?.as_bytes());
    Ok(())
}

/// So many hexadecimal digits from the system's own randomness, which nobody can guess.
fn password(digits: usize) -> std::io::Result<String> {
    use std::io::Read;
    let mut bytes = vec![0; digits.div_ceil(2)];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let mut password: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    password.truncate(digits);
    Ok(password)
}
