//! Random traffic, valid and damaged, in random pieces: nothing panics, no cut changes what the bytes mean,
//! and what they mean is what a second, naive reading of the rules says.
//!
//! The seeds are fixed, so that a failure repeats itself. Two tests are fuzz targets: bytes from a corpus, damaged
//! and made up, are read as a server and as a client reads them.

use fuzzing::{Choices, fuzz};
use resp::{
    Decoder, OwnedArguments, ProtocolError, Reply, RequestLimits, RequestParser, Value, Version, decode,
    encode_command,
};

/// SplitMix64: small, and good enough to choose what to break.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// A length: mostly short, sometimes of three digits, seldom long.
    fn length(&mut self) -> usize {
        match self.below(20) {
            0 => self.below(3000),
            1..=3 => self.below(300),
            _ => self.below(20),
        }
    }

    fn bytes(&mut self) -> Vec<u8> {
        (0..self.length()).map(|_| self.byte()).collect()
    }

    /// A byte, of those with a meaning more often than of others.
    fn byte(&mut self) -> u8 {
        const SPECIAL: &[u8] = b"\r\n\r\n*$:-+0123456789 \"'\\xn\0\x0b~%>|,#(_=!";
        if self.below(2) == 0 { self.next() as u8 } else { SPECIAL[self.below(SPECIAL.len())] }
    }

    /// Damages `bytes` in some places.
    fn damage(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..self.below(4) {
            let at = self.below(bytes.len() + 1);
            match self.below(4) {
                0 if at < bytes.len() => bytes[at] = self.byte(),
                1 if at < bytes.len() => drop(bytes.remove(at)),
                2 => bytes.truncate(at),
                _ => bytes.insert(at, self.byte()),
            }
        }
    }
}

/// The requests on a connection and, at its end, the bytes left over or the error that closed it.
type Transcript = (Vec<OwnedArguments>, Result<usize, ProtocolError>);

/// Small enough to be met.
const LIMITS: RequestLimits =
    RequestLimits { bulk_bytes_max: 2000, arguments_max: 25, inline_bytes_max: 100, unauthenticated: false };

/// Reads `traffic` as a server does, arriving in pieces.
fn read(traffic: &[u8], mut piece: impl FnMut() -> usize) -> Transcript {
    let mut parser = RequestParser::new();
    let mut requests = Vec::new();
    let (mut consumed, mut arrived) = (0, 0);
    loop {
        let input = &traffic[consumed..arrived];
        // Batches of any size, of which not all requests are taken.
        let batch = 1 + piece() % 5;
        match parser.parse_batch(input, &LIMITS, batch) {
            Ok(0) if arrived == traffic.len() => return (requests, Ok(traffic.len() - consumed)),
            Ok(complete @ 1..) => {
                assert!(complete <= batch);
                let taken = 1 + piece() % complete;
                requests.extend((0..taken).map(|request| parser.arguments_of(request, input).into()));
                let bytes = parser.end_of(taken - 1);
                assert!(0 < bytes && bytes <= input.len());
                consumed += bytes;
            }
            Ok(0) => {
                assert!(parser.missing() > 0);
                arrived = traffic.len().min(arrived + piece());
            }
            Err(error) => return (requests, Err(error)),
        }
    }
}

/// The same, written down from the rules without a thought for speed; only the splitting of lines is shared.
fn read_naively(traffic: &[u8]) -> Transcript {
    let (mut requests, mut rest) = (Vec::new(), traffic);
    while !rest.is_empty() {
        match request_naively(rest) {
            Ok(Some((arguments, bytes))) => {
                requests.push(arguments);
                rest = &rest[bytes..];
            }
            Ok(None) => break,
            Err(error) => return (requests, Err(error)),
        }
    }
    (requests, Ok(rest.len()))
}

fn request_naively(input: &[u8]) -> Result<Option<(OwnedArguments, usize)>, ProtocolError> {
    if input[0] != b'*' {
        let Some(line) = line_naively(input, b'\n', ProtocolError::TooBigInlineRequest)? else {
            return Ok(None);
        };
        let text = line.strip_suffix(b"\r").unwrap_or(line);
        return Ok(Some((OwnedArguments::from_line(text)?, line.len() + 1)));
    }
    let Some(line) = line_naively(input, b'\r', ProtocolError::TooBigMultibulkCount)? else {
        return Ok(None);
    };
    let mut position = line.len() + 2;
    if position > input.len() {
        return Ok(None);
    }
    let count = integer_naively(&line[1..]).ok_or(ProtocolError::InvalidMultibulkLength)?;
    if count > LIMITS.arguments_max as i64 {
        return Err(ProtocolError::InvalidMultibulkLength);
    }
    let mut parts = Vec::new();
    for _ in 0..count {
        let rest = &input[position..];
        let Some(line) = line_naively(rest, b'\r', ProtocolError::TooBigBulkCount)? else { return Ok(None) };
        if line.len() + 2 > rest.len() {
            return Ok(None);
        }
        if rest[0] != b'$' {
            return Err(ProtocolError::ExpectedBulk(rest[0]));
        }
        let length = integer_naively(&line[1..]).ok_or(ProtocolError::InvalidBulkLength)?;
        if length < 0 || length > LIMITS.bulk_bytes_max as i64 {
            return Err(ProtocolError::InvalidBulkLength);
        }
        position += line.len() + 2;
        let end = position + length as usize;
        if end + 2 > input.len() {
            return Ok(None);
        }
        parts.push(&input[position..end]);
        position = end + 2;
    }
    Ok(Some((OwnedArguments::from_parts(&parts), position)))
}

fn line_naively(
    input: &[u8],
    terminator: u8,
    too_big: ProtocolError,
) -> Result<Option<&[u8]>, ProtocolError> {
    match input.iter().position(|&byte| byte == terminator) {
        Some(end) if end <= LIMITS.inline_bytes_max => Ok(Some(&input[..end])),
        None if input.len() <= LIMITS.inline_bytes_max => Ok(None),
        _ => Err(too_big),
    }
}

/// A number that is written as its value would be.
fn integer_naively(text: &[u8]) -> Option<i64> {
    let text = str::from_utf8(text).ok()?;
    text.parse().ok().filter(|number: &i64| number.to_string() == text)
}

/// Appends a request and says what its arguments are.
fn random_request(random: &mut Random, traffic: &mut Vec<u8>) -> OwnedArguments {
    if random.below(4) > 0 {
        let arguments: Vec<_> = (0..random.below(12)).map(|_| random.bytes()).collect();
        encode_command(&arguments, traffic);
        return OwnedArguments::from_parts(&arguments);
    }
    let words = ["get", "KEY", "\"a b\"", "'it\\'s'", "\"\\x00\\n\"", "x\"y\"", "", "é"];
    let line: Vec<_> = (0..random.below(8)).map(|_| words[random.below(words.len())]).collect();
    let line = line.join([" ", "  ", "\t"][random.below(3)]);
    traffic.extend_from_slice(line.as_bytes());
    traffic.extend_from_slice(if random.below(2) == 0 { b"\n" } else { b"\r\n" });
    OwnedArguments::from_line(line.as_bytes()).expect("the words are balanced")
}

/// Pieces of a random scale, so that some runs see single bytes and some nearly everything.
fn random_pieces(random: &mut Random) -> impl FnMut() -> usize {
    let scale = [1, 3, 10, 100, 1000][random.below(5)];
    let mut random = Random(random.next());
    move || 1 + random.below(scale)
}

#[test]
fn valid_requests_are_read_as_they_were_written() {
    let mut random = Random(1);
    for _ in 0..2000 {
        let mut traffic = Vec::new();
        let requests: Vec<_> =
            (0..random.below(6)).map(|_| random_request(&mut random, &mut traffic)).collect();
        // One may be longer than the small limits allow: then the naive reading says where it ends.
        let found = read(&traffic, random_pieces(&mut random));
        match found.1 {
            Ok(rest) => assert_eq!((&found.0, rest), (&requests, 0)),
            Err(_) => assert_eq!(found, read_naively(&traffic)),
        }
    }
}

#[test]
fn damaged_requests_mean_the_same_however_they_are_cut() {
    let mut random = Random(2);
    let (mut errors, mut waiting) = (0, 0);
    for _ in 0..20_000 {
        let mut traffic = Vec::new();
        for _ in 0..1 + random.below(3) {
            random_request(&mut random, &mut traffic);
        }
        random.damage(&mut traffic);
        let expected = read_naively(&traffic);
        match expected.1 {
            Ok(rest) => waiting += usize::from(rest > 0),
            Err(_) => errors += 1,
        }
        for _ in 0..2 {
            let found = read(&traffic, random_pieces(&mut random));
            assert_eq!(found, expected, "{}", traffic.escape_ascii());
        }
        assert_eq!(read(&traffic, || traffic.len()), expected, "{}", traffic.escape_ascii());
    }
    assert!(
        errors > 1000 && waiting > 1000,
        "the damage is worth little: {errors} errors, {waiting} waiting"
    );
}

/// Writes a random reply and says what a client should see.
fn random_value(random: &mut Random, depth: usize, reply: &mut Reply) -> Value {
    let resp3 = reply.version() == Version::Resp3;
    let kind = random.below(if depth < 4 { 13 } else { 9 });
    match kind {
        0 => {
            reply.simple("PONG");
            Value::Simple("PONG".into())
        }
        1 => {
            reply.error("ERR one\r\nline");
            Value::Error("ERR one  line".into())
        }
        2 => {
            let value = (random.next() >> random.below(64)) as i64;
            reply.integer(value);
            Value::Integer(value)
        }
        3 => {
            reply.null();
            Value::Null
        }
        4 => {
            reply.null_array();
            if resp3 { Value::Null } else { Value::NullArray }
        }
        5 => {
            let value = random.below(2) == 0;
            reply.boolean(value);
            if resp3 { Value::Boolean(value) } else { Value::Integer(value.into()) }
        }
        6 => {
            let text = random.bytes();
            reply.verbatim("txt", &text);
            if resp3 { Value::Verbatim { format: "txt".into(), text } } else { Value::Bulk(text) }
        }
        7 => {
            let value = f64::from_bits(random.next());
            reply.double(value);
            // A reader must get back the number that was written, however it is laid out.
            let text = match decode(&{
                let mut alone = Reply::new(Version::Resp2);
                alone.double(value);
                alone.into_vec()
            }) {
                Ok(Some((Value::Bulk(text), _))) => String::from_utf8(text).expect("a number is ASCII"),
                other => panic!("a double is a bulk string in RESP2, not {other:?}"),
            };
            let back: f64 = text.parse().expect("a double is a number");
            assert!(back == value || back.is_nan() && value.is_nan(), "{value:?} became {text}");
            if resp3 { Value::Double(resp::Double { value, text }) } else { Value::Bulk(text.into_bytes()) }
        }
        8 => {
            let bytes = random.bytes();
            reply.bulk(&bytes);
            Value::Bulk(bytes)
        }
        9 => {
            let len = random.length() % 20;
            reply.array(len);
            Value::Array((0..len).map(|_| random_value(random, depth + 1, reply)).collect())
        }
        10 => {
            let len = random.below(4);
            let mark = reply.begin();
            let values = (0..len).map(|_| random_value(random, depth + 1, reply)).collect();
            reply.end_set(mark, len);
            if resp3 { Value::Set(values) } else { Value::Array(values) }
        }
        11 => {
            let len = random.below(4);
            let mark = reply.begin();
            let values: Vec<_> = (0..2 * len).map(|_| random_value(random, depth + 1, reply)).collect();
            reply.end_map(mark, len);
            if resp3 {
                Value::Map(values.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect())
            } else {
                Value::Array(values)
            }
        }
        _ if resp3 => {
            reply.attribute(1);
            let attributes =
                vec![(random_value(random, depth + 1, reply), random_value(random, depth + 1, reply))];
            let value = Box::new(random_value(random, depth + 1, reply));
            Value::Attributed { attributes, value }
        }
        _ => {
            reply.big_number("-123456789012345678901234567890");
            Value::Bulk(b"-123456789012345678901234567890".to_vec())
        }
    }
}

/// What a client makes of `traffic` that arrives in pieces.
fn decode_in_pieces(
    traffic: &[u8],
    mut piece: impl FnMut() -> usize,
) -> (Vec<Value>, Result<usize, resp::DecodeError>) {
    let mut decoder = Decoder::new();
    let mut values = Vec::new();
    let (mut consumed, mut arrived) = (0, 0);
    loop {
        match decoder.decode(&traffic[consumed..arrived]) {
            Ok(Some((value, bytes))) => {
                values.push(value);
                consumed += bytes;
            }
            Ok(None) if arrived == traffic.len() => return (values, Ok(traffic.len() - consumed)),
            Ok(None) => arrived = traffic.len().min(arrived + piece()),
            Err(error) => return (values, Err(error)),
        }
    }
}

#[test]
fn replies_are_decoded_as_they_were_written() {
    let mut random = Random(3);
    for round in 0..3000 {
        let mut reply = Reply::new(if round % 2 == 0 { Version::Resp2 } else { Version::Resp3 });
        let values: Vec<_> = (0..3).map(|_| random_value(&mut random, 0, &mut reply)).collect();
        let found = decode_in_pieces(reply.as_bytes(), random_pieces(&mut random));
        assert_eq!(found, (values, Ok(0)));
    }
}

#[test]
fn damaged_replies_mean_the_same_however_they_are_cut() {
    let mut random = Random(4);
    let mut errors = 0;
    for round in 0..10_000 {
        let mut reply = Reply::new(if round % 4 == 0 { Version::Resp2 } else { Version::Resp3 });
        random_value(&mut random, 2, &mut reply);
        let mut traffic = reply.into_vec();
        random.damage(&mut traffic);
        let whole = decode_in_pieces(&traffic, || traffic.len().max(1));
        let pieces = decode_in_pieces(&traffic, random_pieces(&mut random));
        assert_eq!(pieces, whole, "{}", traffic.escape_ascii());
        errors += usize::from(whole.1.is_err());
    }
    assert!(errors > 500, "the damage is worth little: {errors} errors");
}

/// Reads `traffic` whole and in pieces of many sizes; all must say the same.
fn check_cuts<T: PartialEq + std::fmt::Debug>(
    traffic: &[u8],
    read: impl Fn(&mut dyn FnMut() -> usize) -> T,
) -> T {
    let whole = read(&mut || traffic.len().max(1));
    for size in [1, 2, 3, 7, 64] {
        assert_eq!(read(&mut || size), whole, "in pieces of {size}: {}", traffic.escape_ascii());
    }
    let mut choices = Choices::new(traffic);
    let mut random = choices.random();
    assert_eq!(read(&mut || 1 + random.below(20) as usize), whole, "{}", traffic.escape_ascii());
    whole
}

#[test]
fn any_bytes_are_requests_or_an_error() {
    fuzz(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/requests"), |traffic| {
        let found = check_cuts(traffic, |piece| read(traffic, piece));
        assert_eq!(found, read_naively(traffic), "{}", traffic.escape_ascii());
        // What has been understood can be said again, and is then understood as the same.
        for request in found.0 {
            let arguments: Vec<_> = request.as_arguments().iter().collect();
            // A line may have more.
            if arguments.len() <= LIMITS.arguments_max {
                let mut again = Vec::new();
                encode_command(&arguments, &mut again);
                assert_eq!(read(&again, || again.len()), (vec![request], Ok(0)));
            }
        }
    });
}

#[test]
fn any_bytes_are_replies_or_an_error() {
    fuzz(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/replies"), |traffic| {
        let (values, end) = check_cuts(traffic, |piece| decode_in_pieces(traffic, piece));
        // One at a time, from where the last one ended, gives the same.
        let mut rest = traffic;
        for value in &values {
            let (decoded, bytes) = decode(rest).expect("it was decoded").expect("it was whole");
            assert_eq!(&decoded, value);
            rest = &rest[bytes..];
        }
        match end {
            Ok(left) => assert_eq!((decode(rest), rest.len()), (Ok(None), left)),
            Err(error) => assert_eq!(decode(rest), Err(error)),
        }
        // People read them, whatever they are.
        values.iter().for_each(|value| _ = format!("{value:?}"));
    });
}
