use super::*;
use base::random::Random;

/// Redis' default of `hll-sparse-max-bytes`.
const SPARSE_BYTES_MAX: usize = 3_000;

fn with_elements(elements: impl IntoIterator<Item = u64>, sparse_bytes_max: usize) -> Vec<u8> {
    let mut bytes = empty();
    for element in elements {
        add(&mut bytes, &element.to_le_bytes(), sparse_bytes_max).expect("our own format");
    }
    bytes
}

fn registers(bytes: &[u8]) -> Registers {
    let mut registers = Registers::new();
    registers.merge(bytes).expect("our own format");
    registers
}

#[test]
fn the_published_hash() {
    // Values of the reference implementation with Redis' seed.
    for (text, expected) in [
        ("", 0xd8df_ea65_85bc_9732),
        ("a", 0x53d2_470a_9b43_b1a7),
        ("abcdefg", 0x22fe_613b_b08c_9602),
        ("abcdefgh", 0xf3a6_5df5_5991_4567),
        ("abcdefghi", 0x834f_ba4d_9152_daf7),
        ("The quick brown fox", 0xb8cb_2a48_ba03_f3e4),
    ] {
        assert_eq!(hash(text.as_bytes()), expected, "{text:?}");
    }
}

#[test]
fn ranks_are_from_1_to_51() {
    let mut seen = [false; 64];
    for element in 0..100_000u64 {
        let (index, rank) = register_and_rank(&element.to_le_bytes());
        assert!(index < REGISTERS && (1..=51).contains(&rank));
        seen[usize::from(rank)] = true;
    }
    assert!(seen[1..=10].iter().all(|&seen| seen));
}

#[test]
fn the_empty_one() {
    let mut bytes = empty();
    assert_eq!(bytes, b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\0\x7f\xff");
    assert_eq!(encoding(&bytes), Some(Encoding::Sparse));
    assert_eq!(cached_count(&bytes), Some(0));
    invalidate_count(&mut bytes);
    assert_eq!(cached_count(&bytes), None);
    assert_eq!(count(&mut bytes), Ok(0));
    assert_eq!(bytes, empty());
}

#[test]
fn the_count_is_cached_until_a_register_changes() {
    let mut bytes = empty();
    assert_eq!(add(&mut bytes, b"a", SPARSE_BYTES_MAX), Ok(true));
    assert_eq!(cached_count(&bytes), None);
    assert_eq!(count(&mut bytes), Ok(1));
    assert_eq!(cached_count(&bytes), Some(1));
    assert_eq!(add(&mut bytes, b"a", SPARSE_BYTES_MAX), Ok(false));
    assert_eq!(cached_count(&bytes), Some(1));
    assert_eq!(make_dense(&mut bytes), Ok(true));
    assert_eq!(make_dense(&mut bytes), Ok(false));
    assert_eq!(cached_count(&bytes), Some(1));
    assert_eq!(add(&mut bytes, b"b", SPARSE_BYTES_MAX), Ok(true));
    assert_eq!(cached_count(&bytes), None);
    assert_eq!(count(&mut bytes), Ok(2));
}

/// The standard error is 1.04 / sqrt(16,384), that is 0.81%: four of them are met once in 16,000 seeds.
#[test]
fn counts_are_within_the_error_bound() {
    for seed in 0..3u64 {
        let mut bytes = empty();
        let mut next_check = 1;
        for element in 1..=100_000u64 {
            add(&mut bytes, &(element ^ seed << 40).to_le_bytes(), SPARSE_BYTES_MAX).expect("our own format");
            if element == next_check {
                next_check = next_check * 3 + 1;
                let estimated = count(&mut bytes).expect("our own format");
                let error = estimated.abs_diff(element) as f64 / element as f64;
                assert!(error < 4.0 * 0.0081, "seed {seed}: {estimated} for {element}");
            }
        }
    }
}

#[test]
fn sparse_and_dense_hold_the_same() {
    let mut random = Random::from_seed(1);
    for _ in 0..20 {
        let count_max = 1 + random.below(3_000);
        let elements: Vec<u64> = (0..count_max).map(|_| random.next_u64()).collect();
        let (mut sparse, mut dense) = (empty(), empty());
        make_dense(&mut dense).expect("our own format");
        for element in &elements {
            let element = element.to_le_bytes();
            // Without a limit it stays sparse, save for the one element in a billion with a rank above 32.
            assert_eq!(add(&mut sparse, &element, usize::MAX), add(&mut dense, &element, SPARSE_BYTES_MAX));
        }
        assert_eq!((encoding(&sparse), encoding(&dense)), (Some(Encoding::Sparse), Some(Encoding::Dense)));
        assert_eq!(registers(&sparse).ranks(), registers(&dense).ranks());
        assert_eq!(count(&mut sparse), count(&mut dense));
        assert_eq!(registers(&sparse).count(), count(&mut dense).expect("our own format"));
        make_dense(&mut sparse).expect("our own format");
        assert_eq!(sparse, dense);
    }
}

#[test]
fn sparse_becomes_dense_at_the_limit() {
    let mut bytes = empty();
    for element in 0..5_000u64 {
        add(&mut bytes, &element.to_le_bytes(), 500).expect("our own format");
        match encoding(&bytes) {
            Some(Encoding::Sparse) => assert!(bytes.len() <= 500),
            other => {
                assert_eq!(other, Some(Encoding::Dense));
                assert_eq!(bytes.len(), 12_304);
                assert!((100..500).contains(&element), "dense after {element} elements");
                assert_eq!(
                    registers(&bytes).ranks(),
                    registers(&with_elements(0..=element, usize::MAX)).ranks()
                );
                return;
            }
        }
    }
    panic!("it never became dense");
}

#[test]
fn merging_is_adding_to_one() {
    let (a, b) = (0..1_000, 500..20_000);
    let mut together = with_elements(a.clone().chain(b.clone()), SPARSE_BYTES_MAX);
    let (sparse, dense) = (with_elements(a, usize::MAX), with_elements(b, SPARSE_BYTES_MAX));
    let mut union = Registers::default();
    union.merge(&sparse).expect("our own format");
    union.merge(&dense).expect("our own format");
    assert_eq!(Ok(union.count()), count(&mut together));

    let mut merged = sparse.clone();
    union.store(&mut merged, usize::MAX).expect("our own format");
    assert_eq!(encoding(&merged), Some(Encoding::Dense));
    assert_eq!(cached_count(&merged), None);
    assert_eq!(count(&mut merged), count(&mut together));
    assert_eq!(merged, together);

    // Only sparse ones merge to a sparse one.
    let mut merged = empty();
    registers(&sparse).store(&mut merged, usize::MAX).expect("our own format");
    assert_eq!(encoding(&merged), Some(Encoding::Sparse));
    assert_eq!(registers(&merged).ranks(), registers(&sparse).ranks());
}

#[test]
fn runs_in_words() {
    assert_eq!(describe_runs(&empty()), Ok(Some("Z:16384".to_string())));
    let mut bytes = with_elements(0..2, SPARSE_BYTES_MAX);
    let words = describe_runs(&bytes).expect("our own format").expect("sparse");
    assert_eq!(words.matches("v:").count(), 2, "{words}");
    make_dense(&mut bytes).expect("our own format");
    assert_eq!(describe_runs(&bytes), Ok(None));
    assert_eq!((Encoding::Dense.name(), Encoding::Sparse.name()), ("dense", "sparse"));
}

fn check_corrupt(bytes: &[u8]) {
    let name = bytes[..bytes.len().min(40)].escape_ascii();
    assert_eq!(count(&mut bytes.to_vec()), Err(Corrupt), "{name}");
    assert_eq!(Registers::new().merge(bytes), Err(Corrupt), "{name}");
    if encoding(bytes) != Some(Encoding::Dense) {
        assert_eq!(make_dense(&mut bytes.to_vec()), Err(Corrupt), "{name}");
    }
}

#[test]
fn what_is_no_hyperloglog() {
    let valid = empty();
    let mut dense = empty();
    make_dense(&mut dense).expect("our own format");
    let with_byte = |at: usize, byte: u8| {
        let mut bytes = valid.clone();
        bytes[at] = byte;
        bytes
    };
    for bytes in [
        Vec::new(),
        b"HYLL".to_vec(),
        valid[..15].to_vec(),
        with_byte(0, b'h'),
        with_byte(4, 2),
        with_byte(4, 0),
        dense[..dense.len() - 1].to_vec(),
        [dense, vec![0]].concat(),
    ] {
        assert_eq!(encoding(&bytes), None);
        assert_eq!(cached_count(&bytes), None);
        assert_eq!(add(&mut bytes.clone(), b"a", SPARSE_BYTES_MAX), Err(Corrupt));
        assert_eq!(describe_runs(&bytes), Err(Corrupt));
        let mut marked = bytes.clone();
        invalidate_count(&mut marked);
        assert_eq!(marked, bytes);
        check_corrupt(&bytes);
    }
}

#[test]
fn runs_that_are_not_all_registers() {
    let with_runs = |runs: &[u8]| [&empty()[..HEADER_BYTES], runs].concat();
    check_corrupt(&with_runs(&[]));
    check_corrupt(&with_runs(&[0x7f, 0xfe]));
    check_corrupt(&with_runs(&[0x7f, 0xff, 0x00]));
    check_corrupt(&with_runs(&[0x7f]));
    check_corrupt(&with_runs(&[0x7f, 0xfe, 0x81]));
    check_corrupt(&with_runs(&[0x83; 4_097]));
    assert_eq!(count(&mut with_runs(&[0x83; 4_096])).map(|count| count > 0), Ok(true));
    assert_eq!(add(&mut with_runs(&[0x00]), b"a", SPARSE_BYTES_MAX), Err(Corrupt));
}

/// Whatever the bytes are, every function returns.
#[test]
fn random_corruption_never_panics() {
    let mut random = Random::from_seed(9);
    let originals = [
        with_elements(0..20, SPARSE_BYTES_MAX),
        with_elements(0..700, SPARSE_BYTES_MAX),
        with_elements(0..9_000, SPARSE_BYTES_MAX),
    ];
    let mut corrupt = 0;
    for round in 0..2_000 {
        let mut bytes = originals[round % originals.len()].clone();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len() as u64) as usize;
            match random.below(4) {
                0 => bytes.truncate(at.max(1)),
                1 => bytes.insert(at, random.next_u64() as u8),
                2 => bytes[at] ^= 1 << random.below(8),
                _ => bytes[at] = random.next_u64() as u8,
            }
        }
        let mut other = bytes.clone();
        for element in 0..50u64 {
            if add(&mut other, &element.to_le_bytes(), SPARSE_BYTES_MAX).is_err() {
                break;
            }
        }
        let mut merged = Registers::new();
        corrupt += u32::from(merged.merge(&bytes).is_err());
        assert!(merged.count() < OUT_OF_DATE);
        let _ = (merged.store(&mut other, SPARSE_BYTES_MAX), make_dense(&mut other));
        let _ = (describe_runs(&bytes), cached_count(&bytes));
        if let Ok(count) = count(&mut bytes) {
            assert_eq!(cached_count(&bytes), Some(count));
        }
    }
    assert!((300..1_900).contains(&corrupt), "{corrupt} of 2,000 were found corrupt");
}
