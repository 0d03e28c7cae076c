use super::*;

const ID: &str = "00112233445566778899aabbccddeeff00112233";
const OTHER: &str = "ffeeddccbbaa99887766554433221100ffeeddcc";
const MARK: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCD";

fn id(text: &str) -> ReplicationId {
    ReplicationId::parse(text.as_bytes()).unwrap()
}

/// What came of a whole conversation.
#[derive(Debug, Default, PartialEq)]
struct Came {
    snapshot: Option<(Position, Option<u64>)>,
    bytes: Vec<u8>,
    is_whole: bool,
    continued: Option<ReplicationId>,
    stream: Vec<u8>,
    sent: Vec<u8>,
}

/// Gives `input` to the link in pieces of `piece` bytes.
fn converse(link: &mut Link, input: &[u8], piece: usize) -> Result<Came, LinkError> {
    let mut came = Came::default();
    let mut waiting = Vec::new();
    for piece in input.chunks(piece) {
        waiting.extend_from_slice(piece);
        loop {
            let (taken, event) = link.receive(&waiting)?;
            let is_nothing = event == Event::Nothing;
            match event {
                Event::Nothing => {}
                Event::Snapshot(position, length) => came.snapshot = Some((position, length)),
                Event::SnapshotBytes(bytes) => came.bytes.extend_from_slice(bytes),
                Event::SnapshotEnd => came.is_whole = true,
                Event::Continued(id) => came.continued = Some(id),
                Event::Stream(bytes) => came.stream.extend_from_slice(bytes),
            }
            waiting.drain(..taken);
            came.sent.extend(link.take_output());
            if taken == 0 && is_nothing {
                break;
            }
        }
    }
    Ok(came)
}

/// As [`converse`], with a new link each, for pieces of all sizes; what comes of it must not depend on these.
fn converse_in_pieces(introduction: &Introduction, position: Option<Position>, input: &[u8]) -> Came {
    let whole = converse(&mut Link::new(introduction.clone(), position, false), input, input.len()).unwrap();
    for piece in 1..input.len() {
        let came = converse(&mut Link::new(introduction.clone(), position, false), input, piece).unwrap();
        assert_eq!(came, whole, "in pieces of {piece}");
    }
    whole
}

#[test]
fn a_new_replica_gets_a_snapshot_of_known_length() {
    let input = format!(
        "+PONG\r\n+OK\r\n+OK\r\n-ERR Unrecognized REPLCONF option: version\r\n+FULLRESYNC {ID} 1000\r\n\n\n$9\r\nREDIS0011*1\r\n$4\r\nPING\r\n"
    );
    let introduction = Introduction { listening_port: 7001, version: "7.2.4", ..Introduction::default() };
    let came = converse_in_pieces(&introduction, None, input.as_bytes());
    let position = Position { id: id(ID), offset: 1000 };
    assert_eq!(came.snapshot, Some((position, Some(9))));
    assert_eq!(came.bytes, b"REDIS0011");
    assert!(came.is_whole);
    assert_eq!(came.stream, b"*1\r\n$4\r\nPING\r\n");
    let sent = "*1\r\n$4\r\nPING\r\n*3\r\n$8\r\nREPLCONF\r\n$14\r\nlistening-port\r\n$4\r\n7001\r\n*5\r\n$8\r\nREPLCONF\r\n\
                $4\r\ncapa\r\n$3\r\neof\r\n$4\r\ncapa\r\n$6\r\npsync2\r\n*3\r\n$8\r\nREPLCONF\r\n$7\r\nversion\r\n$5\r\n7.2.4\r\n*3\r\n$5\r\nPSYNC\r\n$1\r\n?\r\n$2\r\n-1\r\n";
    assert_eq!(String::from_utf8(came.sent).unwrap(), sent);
}

#[test]
fn a_snapshot_may_end_with_a_mark() {
    // What looks like the mark's beginning is none.
    let content = format!("REDIS0011{}{}", &MARK[..39], &MARK[..20]);
    let input = format!(
        "+PONG\r\n+OK\r\n+OK\r\n-ERR Unrecognized REPLCONF option: version\r\n+FULLRESYNC {ID} 0\r\n$EOF:{MARK}\r\n{content}{MARK}*1\r\n"
    );
    let came = converse_in_pieces(&Introduction::default(), None, input.as_bytes());
    assert_eq!(came.snapshot, Some((Position { id: id(ID), offset: 0 }, None)));
    assert_eq!(String::from_utf8(came.bytes).unwrap(), content);
    assert!(came.is_whole);
    assert_eq!(came.stream, b"*1\r\n");
}

#[test]
fn a_replica_that_knows_the_stream_goes_on() {
    let introduction = Introduction {
        credentials: Some(Credentials { user: Some(b"replica".to_vec()), password: b"secret".to_vec() }),
        listening_port: 6379,
        address: Some("10.1.1.1".to_owned()),
        version: "7.2.4",
    };
    let position = Some(Position { id: id(ID), offset: 77 });
    // Before it has logged in even the greeting is refused.
    let refused = "-NOAUTH Authentication required.\r\n+OK\r\n+OK\r\n-ERR unknown option\r\n+OK\r\n+OK\r\n";
    for (answer, name) in [("+CONTINUE".to_owned(), ID), (format!("+CONTINUE {OTHER}"), OTHER)] {
        // Two lines of REPLCONF and one of the address, of which one is refused: it goes on all the same.
        let input = format!("{refused}{answer}\r\n*1\r\n");
        let came = converse_in_pieces(&introduction, position, input.as_bytes());
        assert_eq!(came.continued, Some(id(name)));
        assert_eq!(came.stream, b"*1\r\n");
        assert_eq!(came.snapshot, None);
        let sent = String::from_utf8(came.sent).unwrap();
        assert!(sent.contains("AUTH\r\n$7\r\nreplica\r\n$6\r\nsecret\r\n"), "{sent}");
        assert!(sent.contains("ip-address\r\n$8\r\n10.1.1.1\r\n"), "{sent}");
        assert!(sent.ends_with(&format!("PSYNC\r\n$40\r\n{ID}\r\n$2\r\n78\r\n")), "{sent}");
    }
}

#[test]
fn what_goes_wrong_is_named() {
    let greeted = "+PONG\r\n+OK\r\n+OK\r\n-ERR Unrecognized REPLCONF option: version\r\n";
    let full = format!("{greeted}+FULLRESYNC {ID} 5\r\n");
    let cases = [
        ("-LOADING Redis is loading\r\n".to_owned(), "cannot serve now: LOADING"),
        ("HTTP/1.1 400 Bad Request\r\n".to_owned(), "in place of the answer to PING"),
        ("x".repeat(LINE_BYTES_MAX + 1), "in place of a line"),
        ("+PONG\r\n-NOAUTH Authentication required.\r\n".to_owned(), "refuses the login"),
        (
            format!("{greeted}-NOMASTERLINK Can't SYNC while not connected with my master\r\n"),
            "cannot serve now",
        ),
        (format!("{greeted}-ERR unknown command 'PSYNC'\r\n"), "does not know PSYNC"),
        (format!("{greeted}-NOPERM no\r\n"), "refuses the login"),
        (format!("{greeted}+FULLRESYNC nonsense 5\r\n"), "in place of the answer to PSYNC"),
        (format!("{greeted}+FULLRESYNC {ID} -5\r\n"), "in place of the answer to PSYNC"),
        (format!("{greeted}+FULLRESYNC {ID}\r\n"), "in place of the answer to PSYNC"),
        (format!("{greeted}+CONTINUE\r\n"), "in place of the answer to PSYNC"),
        (format!("{full}$EOF:short\r\n"), "in place of the length of the snapshot"),
        (format!("{full}$-1\r\n"), "in place of the length of the snapshot"),
        (format!("{full}+OK\r\n"), "in place of the length of the snapshot"),
        (format!("{full}-ERR Unable to perform background save\r\n"), "cannot serve now"),
    ];
    for (input, expected) in cases {
        for piece in [1, 7, input.len()] {
            let mut link = Link::new(Introduction::default(), None, false);
            let error = converse(&mut link, input.as_bytes(), piece).unwrap_err().to_string();
            assert!(error.contains(expected), "{input:?}: {error}");
        }
    }
    let introduction = Introduction {
        credentials: Some(Credentials { user: None, password: b"wrong".to_vec() }),
        ..Introduction::default()
    };
    let input = b"-NOAUTH Authentication required.\r\n-WRONGPASS invalid username-password pair\r\n";
    let error = converse(&mut Link::new(introduction, None, false), input, 3).unwrap_err();
    assert!(matches!(error, LinkError::Denied(_)), "{error}");
}

#[test]
fn acknowledgements() {
    assert_eq!(acknowledgement(12, None), b"*3\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n$2\r\n12\r\n");
    let with_disk = b"*5\r\n$8\r\nREPLCONF\r\n$3\r\nACK\r\n$2\r\n12\r\n$4\r\nFACK\r\n$1\r\n7\r\n";
    assert_eq!(acknowledgement(12, Some(7)), with_disk);
}
