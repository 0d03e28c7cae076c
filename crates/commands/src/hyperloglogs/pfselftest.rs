//! PFSELFTEST: whether HyperLogLogs estimate as well as they should.

use values::hyperloglog::{self, Corrupt, Encoding, Registers};

use crate::prelude::*;

command! {
    name: "pfselftest",
    group: HyperLogLog,
    since: "2.8.9",
    complexity: "N/A",
    summary: "An internal command for testing HyperLogLog values.",
    handler: Read(pfselftest),
    flags: [Admin],
    examples: r#"
        > PFSELFTEST
        OK
    "#,
}

#[derive(Args)]
pub struct Args {}

/// Adds elements to one that is dense and to one that may be sparse. Whenever there are ten times as many, both
/// must have the same registers and estimate nearly the right number.
fn pfselftest(view: &ReadView<'_>, _: Args, reply: &mut Reply) -> Result<()> {
    const ELEMENTS_MAX: u64 = 1_000_000;
    let seed = view.random();
    let (mut dense, mut other) = (hyperloglog::empty(), hyperloglog::empty());
    hyperloglog::make_dense(&mut dense)?;
    // Beyond what dense registers take, sparse ones would only make a worker busy for many seconds.
    let sparse_bytes_max = view.limits().hyperloglog_sparse_bytes_max.min(dense.len());
    let mut checkpoint = 1;
    for count in 1..=ELEMENTS_MAX {
        let element = (count ^ seed).to_le_bytes();
        hyperloglog::add(&mut dense, &element, sparse_bytes_max)?;
        hyperloglog::add(&mut other, &element, sparse_bytes_max)?;
        if count == checkpoint {
            if count < sparse_bytes_max as u64 / 2
                && hyperloglog::encoding(&other) != Some(Encoding::Sparse)
            {
                return Err(Error::fixed("ERR TESTFAILED sparse encoding not used"));
            }
            check(count, &registers(&dense)?, &registers(&other)?)?;
            checkpoint *= 10;
        }
    }
    reply.ok();
    Ok(())
}

fn registers(bytes: &[u8]) -> std::result::Result<Registers, Corrupt> {
    let mut registers = Registers::new();
    registers.merge(bytes)?;
    Ok(registers)
}

fn check(count: u64, dense: &Registers, other: &Registers) -> Result<()> {
    if dense.ranks() != other.ranks() {
        return Err(Error::fixed("ERR TESTFAILED dense/sparse disagree"));
    }
    // Six standard errors of the estimate.
    let standard_error = 1.04 / (hyperloglog::REGISTERS as f64).sqrt();
    let error_max = if count == 10 { 1 } else { (6.0 * standard_error * count as f64).ceil() as u64 };
    let error = count.abs_diff(dense.count());
    if error > error_max {
        return Err(Error::new(format_args!("TESTFAILED Too big error. card:{count} abserr:{error}")));
    }
    Ok(())
}
