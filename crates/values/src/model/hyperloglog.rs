//! A HyperLogLog, sparse and dense, in a string of the keyspace and merged, against an array of registers; and
//! damaged bytes, which are refused or read, but never more than that.

use super::{element, elements, run};
use crate::buffer::Buffer;
use crate::entry::{Entry, Form};
use crate::hyperloglog::{self, Encoding, Registers, add, cached_count, count, encoding, make_dense};

/// The registers and their number, in the plainest form.
type Model = Vec<u8>;

const REGISTERS: usize = 16_384;

/// The same from the definition: the register is the hash's low 14 bits, the rank the zeros above them and one.
fn raise(model: &mut Model, element: &[u8]) -> bool {
    let (register, rank) = hyperloglog::register_and_rank(element);
    let raises = model[register] < rank;
    model[register] = model[register].max(rank);
    raises
}

fn compare(bytes: &[u8], model: &Model) {
    let mut registers = Registers::new();
    registers.merge(bytes).expect("our own format");
    assert!(registers.ranks()[..] == model[..]);
    assert_eq!(cached_count(bytes).unwrap_or_else(|| registers.count()), registers.count());
    let mut counted = bytes.to_vec();
    assert_eq!(count(&mut counted), Ok(registers.count()));
    assert_eq!(cached_count(&counted), Some(registers.count()));
}

#[test]
fn a_hyperloglog_in_both_encodings() {
    run("hyperloglog", |choices| {
        let sparse_bytes_max = choices.pick(&[3000, 0, 30, 500, 16_000]);
        let fresh = || (Entry::new(b"key", Form::EditedBytes, &hyperloglog::empty()), vec![0; REGISTERS]);
        let (mut entry, mut model) = fresh();
        let (mut other, mut other_model) = fresh();
        while !choices.are_over() {
            let was = encoding(entry.value());
            match choices.below(8) {
                0 | 1 => {
                    let element = element(choices);
                    assert_eq!(
                        add(&mut entry.buffer(), &element, sparse_bytes_max),
                        Ok(raise(&mut model, &element))
                    );
                }
                2 | 3 => {
                    for element in elements(choices) {
                        assert_eq!(
                            add(&mut entry.buffer(), &element, sparse_bytes_max),
                            Ok(raise(&mut model, &element))
                        );
                    }
                }
                4 => {
                    let mut merged = Registers::new();
                    merged.merge(entry.value()).expect("our own format");
                    merged.merge(other.value()).expect("our own format");
                    merged.store(&mut entry.buffer(), sparse_bytes_max).expect("our own format");
                    model.iter_mut().zip(&other_model).for_each(|(rank, other)| *rank = (*rank).max(*other));
                    compare(entry.value(), &model);
                }
                5 => {
                    std::mem::swap(&mut entry, &mut other);
                    std::mem::swap(&mut model, &mut other_model);
                    continue;
                }
                6 if choices.below(8) == 0 => _ = make_dense(&mut entry.buffer()).expect("our own format"),
                6 => _ = count(entry.buffer().bytes_mut()).expect("our own format"),
                _ => {
                    compare(entry.value(), &model);
                    check_damaged(entry.value(), choices);
                }
            }
            let is_dense = encoding(entry.value()) == Some(Encoding::Dense);
            assert!(was == Some(Encoding::Sparse) || is_dense, "what is dense stays dense");
            assert!(is_dense || entry.value().len() <= sparse_bytes_max.max(hyperloglog::empty().len()));
        }
        compare(entry.value(), &model);
    });
}

/// Nobody stops a client from writing anything into the string. All that may happen is an error.
fn check_damaged(bytes: &[u8], choices: &mut fuzzing::Choices<'_>) {
    let mut damaged = bytes.to_vec();
    for _ in 0..choices.below(4) {
        let at = choices.below(damaged.len().min(256));
        damaged[at] = choices.byte();
    }
    if choices.below(4) == 0 {
        damaged.truncate(choices.below(damaged.len() + 1));
    }
    let is_sound = Registers::new().merge(&damaged).is_ok();
    assert_eq!(count(&mut damaged.clone()).is_ok(), is_sound);
    let element = element(choices);
    let added = add(&mut damaged.clone(), &element, 3000);
    assert!(added.is_ok() || !is_sound, "what can be counted can be added to");
    let mut dense = damaged.clone();
    assert!(make_dense(&mut dense).is_ok() || !is_sound);
    // PFDEBUG shows the runs.
    _ = hyperloglog::describe_runs(&damaged);
    if is_sound {
        let (mut before, mut after) = (Registers::new(), Registers::new());
        before.merge(&damaged).expect("it was read just now");
        after.merge(&dense).expect("it was made just now");
        assert!(before.ranks() == after.ranks(), "dense registers are those that were sparse");
    }
}
