//! A string, set, edited in place and counted, against a vector of bytes.

use super::{element, rehouse, run};
use crate::buffer::Buffer;
use crate::entry::{Entry, Form};
use crate::string::{StringRef, make_bytes, pack, set_integer};

#[test]
fn a_string_in_its_forms() {
    run("string", |choices| {
        let mut entry = Entry::new(b"key", Form::Bytes, b"");
        let mut model: Vec<u8> = Vec::new();
        while !choices.are_over() {
            match choices.below(6) {
                0 => {
                    model = element(choices);
                    let mut scratch = [0; 8];
                    let (form, bytes) = pack(&model, &mut scratch);
                    entry.set_value(form, bytes);
                }
                1 => {
                    let value = choices.bits() as i64 >> choices.below(64);
                    set_integer(&mut entry, value);
                    model = value.to_string().into_bytes();
                }
                // Any part is replaced by any other: what APPEND, SETRANGE and HyperLogLog's runs do.
                2 | 3 => {
                    let at = choices.below(model.len() + 1);
                    let removed = choices.below(model.len() - at + 1);
                    let inserted = element(choices);
                    make_bytes(&mut entry);
                    entry.buffer().splice(at, removed, inserted.len()).copy_from_slice(&inserted);
                    model.splice(at..at + removed, inserted);
                }
                4 => {
                    let len = choices.below(1 << 15);
                    make_bytes(&mut entry);
                    assert_eq!(entry.buffer().grow(len), len > model.len());
                    model.resize(len.max(model.len()), 0);
                }
                _ => rehouse(&mut entry, choices),
            }
            let string = StringRef::of(entry.as_ref());
            assert!(string.to_vec() == model, "{string:?} instead of {}", model.escape_ascii());
            assert_eq!((string.len(), string.is_empty()), (model.len(), model.is_empty()));
            let text = str::from_utf8(&model).unwrap_or_default();
            let number = text.parse().ok().filter(|number: &i64| number.to_string() == text);
            assert_eq!(string.integer(), number, "{text}");
        }
    });
}
