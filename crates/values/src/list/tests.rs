use super::*;
use crate::entry::Collection;
use crate::testing::rounds;

fn limits(list_packed_size_max: i64) -> Limits {
    Limits { list_packed_size_max, ..Limits::default() }
}

#[test]
fn five_elements_of_4_bytes_take_32() {
    let mut entry = empty(b"key");
    ListMut::of(&mut entry, &limits(-2)).push(End::Back, ["aaaa", "bbbb", "cccc", "dddd", "eeee"]);
    assert_eq!(entry.value().len(), 32);
}

#[test]
fn it_is_packed_up_to_the_bytes_that_redis_would_take() {
    let limits = limits(-1);
    // 60 bytes take 62 in a listpack: 65 of them and its 7 bytes make 4037. The last one counts without lengths.
    for (last, form) in [(59, Form::ListPacked), (60, Form::ListIndexed)] {
        let mut entry = empty(b"key");
        for _ in 0..65 {
            ListMut::of(&mut entry, &limits).push_back(&[b'x'; 60]);
        }
        ListMut::of(&mut entry, &limits).push_front(&vec![b'y'; last]);
        assert_eq!(entry.form(), form, "{last}");
    }
    // Integers take less there than their digits: 1000 of three bytes, all below 4096.
    let mut entry = empty(b"key");
    for integer in 3000..4000 {
        ListMut::of(&mut entry, &limits).push_back(integer.to_string().as_bytes());
    }
    assert_eq!(entry.form(), Form::ListPacked);
}

#[test]
fn the_elements_of_one_command_count_together() {
    let limits = limits(-1);
    let element = [b'x'; 10];
    let mut at_once = empty(b"key");
    ListMut::of(&mut at_once, &limits).push(End::Back, vec![element; 400]);
    assert_eq!(at_once.form(), Form::ListPacked, "their lengths are not counted before they are in");
    ListMut::of(&mut at_once, &limits).push_back(b"");
    assert_eq!(at_once.form(), Form::ListIndexed);
}

#[test]
fn it_is_packed_again_below_half_of_the_limit() {
    let limits = limits(128);
    let mut entry = empty(b"key");
    ListMut::of(&mut entry, &limits).push(End::Back, (0..129).map(|element| element.to_string()));
    assert_eq!(entry.form(), Form::ListIndexed);
    for left in (64..129).rev() {
        assert_eq!(entry.form(), Form::ListIndexed, "{left}");
        ListMut::of(&mut entry, &limits).pop_back(|_| ());
    }
    assert_eq!((entry.form(), ListRef::of(entry.as_ref()).len()), (Form::ListPacked, 64));
}

#[test]
fn a_failed_change_may_leave_it_indexed() {
    let limits = limits(3);
    for fail in [(|list| assert!(!list.set(9, b"x"))) as fn(&mut ListMut), |list| {
        assert!(!list.insert(End::Front, b"absent", b"x"))
    }] {
        let mut entry = empty(b"key");
        ListMut::of(&mut entry, &limits).push(End::Back, ["a", "b", "c"]);
        fail(&mut ListMut::of(&mut entry, &limits));
        assert_eq!(entry.form(), Form::ListIndexed);
    }
}

#[test]
fn a_list_made_at_once_is_packed_if_it_fits() {
    for (count, form) in [(0, Form::ListPacked), (128, Form::ListPacked), (129, Form::ListIndexed)] {
        let elements: Vec<String> = (0..count).map(|element| element.to_string()).collect();
        let entry = from_elements(b"key", &elements, &limits(128));
        assert_eq!(entry.form(), form);
        assert!(ListRef::of(entry.as_ref()).iter().eq(elements.iter().map(|element| element.as_bytes())));
    }
}

#[test]
fn a_large_element_has_a_chunk_of_its_own() {
    let limits = limits(-2);
    let large = vec![b'x'; 1 << 20];
    let mut entry = empty(b"key");
    ListMut::of(&mut entry, &limits).push(End::Back, ["a", "b", "c"]);
    assert!(ListMut::of(&mut entry, &limits).insert(End::Back, b"b", &large));
    assert!(ListRef::of(entry.as_ref()).iter().eq([b"a", b"b", &large[..], b"c"]));
    assert!(entry.as_ref().memory_bytes() < (1 << 20) * 5 / 4 + 1000);
    assert_eq!(entry.as_ref().free_effort(), 1 + 2 + 3);
    assert!(ListMut::of(&mut entry, &limits).set(2, b"small"));
    assert!(ListRef::of(entry.as_ref()).iter().eq([b"a", b"b", &b"small"[..], b"c"]));
}

#[test]
fn pushed_elements_fill_their_chunks() {
    for end in [End::Front, End::Back] {
        let mut list = IndexedList::new();
        let limit = Limit::of(-2);
        let count = rounds(100_000);
        (0..count).for_each(|_| list.push(end, &[b'x'; 64], limit));
        assert!(list.memory_bytes() < count * 69 + 10_000, "{} bytes", list.memory_bytes());
    }
}
