//! What a client has been told, kept by the client: the state of its keys after everything that was acknowledged, and
//! what was sent since and may have happened or not.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::harness::{Client, Rng, Value, eventually};

/// Names of keys for each client.
const KEYS: usize = 24;

/// Elements that a collection grows by at once: several such, and it does not fit into one record.
const ELEMENTS: usize = 150;

/// Names of keys for each client that are there for a moment only.
const FADING_KEYS: usize = 4;

/// What the clocks of client and server may differ by, and what an answer may take.
const SLACK_MS: u64 = 20;

/// Gives all of its keys the same text.
const SCRIPT: &[u8] = b"for _, key in ipairs(KEYS) do redis.call('SET', key, ARGV[1]) end return #KEYS";

/// After the test, in Unix milliseconds.
const FUTURE_MS: u64 = 4_102_444_800_000;

type Bytes = Vec<u8>;
type Place = (u16, Bytes);

/// What a key holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Text(Bytes),
    List(Vec<Bytes>),
    Set(BTreeSet<Bytes>),
    Hash(BTreeMap<Bytes, Bytes>),
    ZSet(BTreeMap<Bytes, i64>),
    /// IDs and the value of the one field.
    Stream(BTreeMap<Bytes, Bytes>),
}

/// Keys with their values and deadlines, by database and name.
type State = HashMap<Place, (Content, Option<u64>)>;

/// Something that a client does in one go.
#[derive(Clone, Debug)]
enum Change {
    Put(Place, Content),
    /// A text that is there until this Unix millisecond.
    Fade(Place, Content, u64),
    Grow(Place, Content),
    /// By the command that takes out these elements; of a list, so many from its front.
    Shrink(Place, &'static str, Vec<Bytes>),
    /// By one command.
    Remove(u16, Vec<Bytes>),
    Rename(Place, Place),
    Expire(Place, Option<u64>),
    Empty(u16),
    Swap(u16, u16),
    /// Within MULTI and EXEC.
    Together(Vec<Change>),
    /// By one script.
    Script(Vec<Place>, Content),
}

/// One client's ledger.
pub struct Ledger {
    rng: Rng,
    prefix: String,
    /// The databases that it writes to, and whether they are its own, to be emptied and exchanged.
    databases: Vec<u16>,
    owns: bool,
    told: State,
    /// Sent in this order, and not answered.
    in_doubt: Vec<Change>,
    /// The number of the last entry of a stream that was sent.
    entries: u64,
    /// Changes that were acknowledged.
    pub acknowledged: usize,
}

impl Ledger {
    /// The ledger of a client whose keys begin with `prefix`.
    pub fn new(seed: u64, prefix: &str, databases: &[u16], owns: bool) -> Ledger {
        Ledger {
            rng: Rng::new(seed),
            prefix: prefix.to_owned(),
            databases: databases.to_vec(),
            owns,
            told: State::new(),
            in_doubt: Vec::new(),
            // So that they all have as many digits.
            entries: 1_000_000,
            acknowledged: 0,
        }
    }

    /// Writes until the server does not answer any more.
    pub fn write_until_it_ends(&mut self, client: &mut Client) {
        while self.write(client).is_ok_and(|refused| refused.is_none()) {}
    }

    /// Sends some changes at once and takes down those that are acknowledged. Returns the error that one was answered
    /// with, if that is so.
    pub fn write(&mut self, client: &mut Client) -> std::io::Result<Option<String>> {
        let mut state = self.told.clone();
        let mut requests = Vec::new();
        let mut replies = Vec::new();
        let mut selected = None;
        let first = self.in_doubt.len();
        for _ in 0..1 + self.rng.below(6) {
            let change = self.draw(&state);
            let before = requests.len();
            for command in change.commands(&mut selected) {
                requests.push(command);
            }
            replies.push(requests.len() - before);
            change.apply(&mut state);
            self.in_doubt.push(change);
        }
        let bytes: Vec<u8> = requests.iter().flat_map(|words| crate::harness::encode(words)).collect();
        client.send_raw(&bytes)?;
        let mut refused = None;
        for count in replies {
            let mut change_is_refused = false;
            for _ in 0..count {
                if let Some(error) = error_in(&client.read()?) {
                    change_is_refused = true;
                    refused.get_or_insert(error);
                }
            }
            let change = self.in_doubt.remove(first);
            if !change_is_refused {
                change.apply(&mut self.told);
                self.acknowledged += 1;
            }
        }
        Ok(refused)
    }

    fn place(&mut self) -> Place {
        let database = *self.rng.pick(&self.databases);
        (database, format!("{}:{}", self.prefix, self.rng.below(KEYS)).into_bytes())
    }

    fn draw(&mut self, state: &State) -> Change {
        let (place, other) = (self.place(), self.place());
        match self.rng.below(100) {
            0..30 => self.put_or_grow(state, place),
            30..45 => Change::Put(place, self.text()),
            45..60 => match state.get(&place) {
                Some((content, _)) => self.shrink(place, content),
                None => self.put_or_grow(state, place),
            },
            60..66 if place.0 == other.0 => Change::Remove(place.0, vec![place.1, other.1]),
            66..72 if state.contains_key(&place) && place.0 == other.0 => Change::Rename(place, other),
            72..80 if state.contains_key(&place) => {
                let deadline = FUTURE_MS + self.rng.below(1000) as u64;
                Change::Expire(place, self.rng.chance(80).then_some(deadline))
            }
            80..92 => {
                let content = self.text();
                let twin = (place.0, [&place.1[..], b":twin"].concat());
                let mut changes =
                    vec![Change::Put(place.clone(), content.clone()), Change::Put(twin, content)];
                if other != place {
                    changes.push(self.put_or_grow(state, other));
                }
                Change::Together(changes)
            }
            92..95 => {
                let name = format!("{}:fading:{}", self.prefix, self.rng.below(FADING_KEYS));
                let deadline_ms = now_ms() + 30 + self.rng.below(400) as u64;
                Change::Fade((place.0, name.into_bytes()), self.text(), deadline_ms)
            }
            95..98 => {
                let twin = (place.0, [&place.1[..], b":twin"].concat());
                Change::Script(vec![place, twin], self.text())
            }
            98 if self.owns => Change::Empty(place.0),
            99 if self.owns && self.databases.len() == 2 => {
                Change::Swap(self.databases[0], self.databases[1])
            }
            _ => self.put_or_grow(state, place),
        }
    }

    fn text(&mut self) -> Content {
        let length = if self.rng.chance(5) { 20_000 } else { 40 };
        Content::Text(format!("{:0length$}", self.rng.next()).into_bytes())
    }

    /// More elements for the collection at `place`, or a new one.
    fn put_or_grow(&mut self, state: &State, place: Place) -> Change {
        let count = if self.rng.chance(50) { ELEMENTS } else { 3 };
        let kind = match state.get(&place) {
            Some((Content::Text(_), _)) => return Change::Put(place, self.text()),
            Some((Content::List(_), _)) => 0,
            Some((Content::Set(_), _)) => 1,
            Some((Content::Hash(_), _)) => 2,
            Some((Content::ZSet(_), _)) => 3,
            Some((Content::Stream(_), _)) => 4,
            None => self.rng.below(5),
        };
        if kind == 4 {
            // One entry is one command. IDs ascend, also in what may not have happened.
            self.entries += 1;
            let id = format!("{}-1", self.entries).into_bytes();
            let value = self.rng.next().to_string().into_bytes();
            return Change::Grow(place, Content::Stream([(id, value)].into()));
        }
        let mut names = Vec::new();
        for _ in 0..count {
            names.push(format!("element-{}", self.rng.below(700)).into_bytes());
        }
        let mut with_value = |name: Bytes| (name, self.rng.below(100));
        let grown = match kind {
            0 => Content::List(names),
            1 => Content::Set(names.into_iter().collect()),
            2 => Content::Hash(
                names
                    .into_iter()
                    .map(&mut with_value)
                    .map(|(name, value)| (name, value.to_string().into_bytes()))
                    .collect(),
            ),
            _ => Content::ZSet(
                names.into_iter().map(with_value).map(|(name, score)| (name, score as i64)).collect(),
            ),
        };
        Change::Grow(place, grown)
    }

    fn shrink(&mut self, place: Place, content: &Content) -> Change {
        let some = |rng: &mut Rng, names: Vec<&Bytes>| -> Vec<Bytes> {
            let percent = *rng.pick(&[5, 60]);
            names.into_iter().filter(|_| rng.chance(percent)).cloned().collect()
        };
        let rng = &mut self.rng;
        let (command, names) = match content {
            Content::Text(_) => return Change::Remove(place.0, vec![place.1]),
            Content::List(elements) => ("LTRIM", elements[..rng.below(elements.len() + 1)].to_vec()),
            Content::Set(members) => ("SREM", some(rng, members.iter().collect())),
            Content::Hash(pairs) => ("HDEL", some(rng, pairs.keys().collect())),
            Content::ZSet(scores) => ("ZREM", some(rng, scores.keys().collect())),
            Content::Stream(entries) => ("XDEL", some(rng, entries.keys().collect())),
        };
        if let Content::Stream(entries) = content
            && entries.len() == names.len()
        {
            // An empty stream would stay.
            return Change::Remove(place.0, vec![place.1]);
        }
        match names.is_empty() {
            true => Change::Expire(place, Some(FUTURE_MS)),
            false => Change::Shrink(place, command, names),
        }
    }

    /// Compares what the server holds with what it has told: everything that was acknowledged is there, and of what
    /// was not, a part from the beginning. Goes on with that.
    #[track_caller]
    pub fn settle(&mut self, client: &mut Client) {
        let begin_ms = now_ms();
        let found = self.read_all(client);
        // When these are to be gone, they may have been there when they were looked at, or not.
        let unsure_ms = begin_ms - SLACK_MS..now_ms() + SLACK_MS;
        let difference = |expected: &State, found: &State| difference(expected, found, &unsure_ms);
        let mut state = std::mem::take(&mut self.told);
        let in_doubt = std::mem::take(&mut self.in_doubt);
        let mut differences = vec![difference(&state, &found)];
        for change in &in_doubt {
            if differences.last().is_some_and(Option::is_none) {
                break;
            }
            change.apply(&mut state);
            differences.push(difference(&state, &found));
        }
        // What was sent last need not have arrived, and then neither did what followed.
        let is_lost = differences.iter().all(Option::is_some);
        assert!(
            !is_lost,
            "client {}, {} acknowledged: the server holds none of the states it may be in:\n{:#?}\nin doubt: {}",
            self.prefix,
            self.acknowledged,
            differences,
            in_doubt.iter().map(Change::describe).collect::<Vec<_>>().join(", ")
        );
        self.told = found;
    }

    /// All that the server holds of this client's keys, each read in more than one way.
    #[track_caller]
    fn read_all(&self, client: &mut Client) -> State {
        let mut state = State::new();
        for database in &self.databases {
            client.call(&format!("SELECT {database}"));
            let keys = client.call(&format!("KEYS {}:*", self.prefix));
            for name in keys.elements() {
                let name = name.bytes().expect("a name");
                // It may have faded meanwhile.
                let Some(content) = read(client, name) else { continue };
                let deadline = client.call_with(&[b"PEXPIRETIME", name]).int();
                if deadline == -2 {
                    continue;
                }
                let deadline = (deadline >= 0).then_some(deadline as u64);
                state.insert((*database, name.to_vec()), (content, deadline));
            }
        }
        state
    }
}

/// Whether DBSIZE, KEYS and SCAN agree in each of so many databases.
#[track_caller]
pub fn check_counts(client: &mut Client, databases: u16) {
    for database in 0..databases {
        client.call(&format!("SELECT {database}"));
        // What has faded is counted until it is swept, and something may fade between the questions.
        eventually("DBSIZE, KEYS and SCAN agree", || {
            let keys: BTreeSet<Bytes> = bytes(client.call("KEYS *").elements()).into_iter().collect();
            client.call("DBSIZE") == keys.len() as i64 && scanned(client) == keys
        });
    }
}

/// What SCAN finds.
fn scanned(client: &mut Client) -> BTreeSet<Bytes> {
    let mut scanned = BTreeSet::new();
    let mut cursor = "0".to_owned();
    loop {
        let reply = client.call(&format!("SCAN {cursor} COUNT 100"));
        cursor = reply.elements()[0].text();
        scanned.extend(bytes(reply.elements()[1].elements()));
        if cursor == "0" {
            return scanned;
        }
    }
}

/// The first difference between the state that is expected and the one that was found, while what is to be gone in
/// `unsure_ms` was about to go.
fn difference(expected: &State, found: &State, unsure_ms: &Range<u64>) -> Option<String> {
    let name = |(database, name): &Place| format!("{}/{}", database, name.escape_ascii());
    let is_unsure = |deadline: &Option<u64>| deadline.is_some_and(|deadline| unsure_ms.contains(&deadline));
    let is_gone = |deadline: &Option<u64>| deadline.is_some_and(|deadline| deadline < unsure_ms.start);
    for (place, (content, deadline)) in expected {
        if is_unsure(deadline) || is_gone(deadline) {
            continue;
        }
        match found.get(place) {
            None => return Some(format!("{} ({}) is missing", name(place), content.describe())),
            Some((there, _)) if there != content => {
                return Some(format!(
                    "{} is {} and should be {}",
                    name(place),
                    there.describe(),
                    content.describe()
                ));
            }
            Some((_, there)) if there != deadline => {
                return Some(format!("{} expires at {there:?} and should at {deadline:?}", name(place)));
            }
            Some(_) => {}
        }
    }
    let is_expected = |place: &Place| {
        expected.get(place).is_some_and(|(_, deadline)| is_unsure(deadline) || !is_gone(deadline))
    };
    let extra = found.keys().find(|place| !is_expected(place))?;
    Some(format!("{} is there and should not be", name(extra)))
}

/// The value of a key, which must be the same by every way to ask for it.
#[track_caller]
fn read(client: &mut Client, name: &[u8]) -> Option<Content> {
    let shown = name.escape_ascii().to_string();
    let mut ask = |words: &[&[u8]]| client.call_with(words);
    Some(match ask(&[b"TYPE", name]).text().as_str() {
        "none" => return None,
        "string" => Content::Text(ask(&[b"GET", name]).bytes()?.to_vec()),
        "list" => {
            let elements = bytes(ask(&[b"LRANGE", name, b"0", b"-1"]).elements());
            assert_eq!(ask(&[b"LLEN", name]), elements.len() as i64, "LLEN {shown}");
            for index in (0..elements.len()).step_by(50) {
                let element = ask(&[b"LINDEX", name, index.to_string().as_bytes()]);
                assert_eq!(element.bytes(), Some(&elements[index][..]), "LINDEX {shown} {index}");
            }
            Content::List(elements)
        }
        "set" => {
            let members: BTreeSet<Bytes> = bytes(ask(&[b"SMEMBERS", name]).elements()).into_iter().collect();
            assert_eq!(ask(&[b"SCARD", name]), members.len() as i64, "SCARD {shown}");
            let listed: Vec<&[u8]> = members.iter().map(Vec::as_slice).collect();
            let found = ask(&[&[&b"SMISMEMBER"[..], name], &listed[..]].concat());
            assert!(found.elements().iter().all(|found| *found == 1), "SMISMEMBER {shown}: {found:?}");
            Content::Set(members)
        }
        "hash" => {
            let flat = bytes(ask(&[b"HGETALL", name]).elements());
            let pairs: BTreeMap<Bytes, Bytes> =
                flat.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
            assert_eq!(ask(&[b"HLEN", name]), pairs.len() as i64, "HLEN {shown}");
            let listed: Vec<&[u8]> = pairs.keys().map(Vec::as_slice).collect();
            let values = bytes(ask(&[&[&b"HMGET"[..], name], &listed[..]].concat()).elements());
            assert!(values.iter().eq(pairs.values()), "HMGET {shown}");
            Content::Hash(pairs)
        }
        "zset" => {
            let flat = bytes(ask(&[b"ZRANGE", name, b"0", b"-1", b"WITHSCORES"]).elements());
            let number = |text: &[u8]| String::from_utf8_lossy(text).parse::<i64>().expect("an integer");
            let ranked: Vec<(Bytes, i64)> =
                flat.chunks(2).map(|pair| (pair[0].clone(), number(&pair[1]))).collect();
            assert_eq!(ask(&[b"ZCARD", name]), ranked.len() as i64, "ZCARD {shown}");
            let listed: Vec<&[u8]> = ranked.iter().map(|(member, _)| member.as_slice()).collect();
            let scores = bytes(ask(&[&[&b"ZMSCORE"[..], name], &listed[..]].concat()).elements());
            assert!(
                scores.iter().map(|score| number(score)).eq(ranked.iter().map(|(_, score)| *score)),
                "ZMSCORE {shown}"
            );
            for (rank, (member, _)) in ranked.iter().enumerate().step_by(25) {
                assert_eq!(ask(&[b"ZRANK", name, member]), rank as i64, "ZRANK {shown}");
            }
            Content::ZSet(ranked.into_iter().collect())
        }
        "stream" => {
            let entries = ask(&[b"XRANGE", name, b"-", b"+"]);
            let entry = |entry: &Value| {
                let [id, fields] = entry.elements() else { panic!("{shown}: {entry:?}") };
                (id.bytes().expect("an ID").to_vec(), fields.elements()[1].bytes().expect("a value").to_vec())
            };
            let entries: BTreeMap<Bytes, Bytes> = entries.elements().iter().map(entry).collect();
            assert_eq!(ask(&[b"XLEN", name]), entries.len() as i64, "XLEN {shown}");
            Content::Stream(entries)
        }
        other => panic!("{shown} is of type {other}"),
    })
}

fn bytes(values: &[Value]) -> Vec<Bytes> {
    values
        .iter()
        .map(|value| value.bytes().unwrap_or_else(|| panic!("a string: {value:?}")).to_vec())
        .collect()
}

/// The error in a reply, on its own or among those of a transaction.
fn error_in(reply: &Value) -> Option<String> {
    match reply {
        Value::Error(text) => Some(text.clone()),
        Value::Array(replies) => replies.iter().find_map(error_in),
        _ => None,
    }
}

impl Content {
    fn describe(&self) -> String {
        match self {
            Content::Text(text) => format!("a string of {}", text.len()),
            Content::List(elements) => format!("a list of {}", elements.len()),
            Content::Set(members) => format!("a set of {}", members.len()),
            Content::Hash(pairs) => format!("a hash of {}", pairs.len()),
            Content::ZSet(scores) => format!("a sorted set of {}", scores.len()),
            Content::Stream(entries) => format!("a stream of {}", entries.len()),
        }
    }

    fn text(&self) -> &[u8] {
        match self {
            Content::Text(text) => text,
            other => panic!("{} is no text", other.describe()),
        }
    }

    fn grow(&mut self, more: Content) {
        match (self, more) {
            (Content::List(elements), Content::List(more)) => elements.extend(more),
            (Content::Set(members), Content::Set(more)) => members.extend(more),
            (Content::Hash(pairs), Content::Hash(more)) => pairs.extend(more),
            (Content::ZSet(scores), Content::ZSet(more)) => scores.extend(more),
            (Content::Stream(entries), Content::Stream(more)) => entries.extend(more),
            (there, more) => panic!("{} cannot grow by {}", there.describe(), more.describe()),
        }
    }

    fn shrink(&mut self, names: &[Bytes]) {
        match self {
            Content::Text(_) => {}
            // From the front.
            Content::List(elements) => drop(elements.drain(..names.len().min(elements.len()))),
            Content::Set(members) => members.retain(|member| !names.contains(member)),
            Content::Hash(pairs) => pairs.retain(|field, _| !names.contains(field)),
            Content::ZSet(scores) => scores.retain(|member, _| !names.contains(member)),
            Content::Stream(entries) => entries.retain(|id, _| !names.contains(id)),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Content::Text(_) => false,
            Content::List(elements) => elements.is_empty(),
            Content::Set(members) => members.is_empty(),
            Content::Hash(pairs) => pairs.is_empty(),
            Content::ZSet(scores) => scores.is_empty(),
            Content::Stream(entries) => entries.is_empty(),
        }
    }
}

impl Change {
    fn describe(&self) -> String {
        match self {
            Change::Put(place, content) => {
                format!("put {:?} {}", place.1.escape_ascii().to_string(), content.describe())
            }
            Change::Grow(place, more) => {
                format!("grow {:?} by {}", place.1.escape_ascii().to_string(), more.describe())
            }
            Change::Shrink(place, _, names) => {
                format!("shrink {:?} by {}", place.1.escape_ascii().to_string(), names.len())
            }
            Change::Together(changes) => {
                format!("[{}]", changes.iter().map(Change::describe).collect::<Vec<_>>().join(", "))
            }
            other => format!("{other:?}"),
        }
    }

    fn apply(&self, state: &mut State) {
        match self {
            Change::Put(place, content) => drop(state.insert(place.clone(), (content.clone(), None))),
            Change::Fade(place, content, deadline_ms) => {
                drop(state.insert(place.clone(), (content.clone(), Some(*deadline_ms))));
            }
            Change::Script(places, content) => {
                for place in places {
                    state.insert(place.clone(), (content.clone(), None));
                }
            }
            Change::Grow(place, more) => match state.get_mut(place) {
                Some((content, _)) => content.grow(more.clone()),
                None => drop(state.insert(place.clone(), (more.clone(), None))),
            },
            Change::Shrink(place, _, names) => {
                if let Some((content, _)) = state.get_mut(place) {
                    content.shrink(names);
                    if content.is_empty() {
                        state.remove(place);
                    }
                }
            }
            Change::Remove(database, names) => {
                for name in names {
                    state.remove(&(*database, name.clone()));
                }
            }
            Change::Rename(from, to) => {
                if let Some(moved) = state.remove(from) {
                    state.insert(to.clone(), moved);
                }
            }
            Change::Expire(place, deadline_ms) => {
                if let Some((_, deadline)) = state.get_mut(place) {
                    *deadline = *deadline_ms;
                }
            }
            Change::Empty(database) => state.retain(|(in_database, _), _| in_database != database),
            Change::Swap(first, second) => {
                *state = state
                    .drain()
                    .map(|((database, name), value)| match database {
                        database if database == *first => ((*second, name), value),
                        database if database == *second => ((*first, name), value),
                        database => ((database, name), value),
                    })
                    .collect();
            }
            Change::Together(changes) => changes.iter().for_each(|change| change.apply(state)),
        }
    }

    /// The requests, with those that select the database where it is not selected.
    fn commands(&self, selected: &mut Option<u16>) -> Vec<Vec<Bytes>> {
        let mut requests: Vec<Vec<Bytes>> = Vec::new();
        let mut select = |database: u16, requests: &mut Vec<Vec<Bytes>>| {
            if *selected != Some(database) {
                *selected = Some(database);
                requests.push(words(&[b"SELECT", database.to_string().as_bytes()]));
            }
        };
        match self {
            Change::Put(place, Content::Text(text)) => {
                select(place.0, &mut requests);
                requests.push(words(&[b"SET", &place.1, text]));
            }
            Change::Put(place, _) => panic!("{:?} is made by growing", place.1),
            Change::Fade(place, content, deadline_ms) => {
                select(place.0, &mut requests);
                let deadline = deadline_ms.to_string();
                requests.push(words(&[b"SET", &place.1, content.text(), b"PXAT", deadline.as_bytes()]));
            }
            Change::Script(places, content) => {
                select(places[0].0, &mut requests);
                let keys = places.iter().map(|place| place.1.clone()).collect();
                let count = places.len().to_string();
                requests.push(
                    [words(&[b"EVAL", SCRIPT, count.as_bytes()]), keys, words(&[content.text()])].concat(),
                );
            }
            Change::Grow(place, more) => {
                select(place.0, &mut requests);
                let mut request = vec![Bytes::new(), place.1.clone()];
                request[0] = match more {
                    Content::Text(_) => panic!("a string does not grow"),
                    Content::List(elements) => {
                        request.extend(elements.iter().cloned());
                        b"RPUSH".to_vec()
                    }
                    Content::Set(members) => {
                        request.extend(members.iter().cloned());
                        b"SADD".to_vec()
                    }
                    Content::Hash(pairs) => {
                        request
                            .extend(pairs.iter().flat_map(|(field, value)| [field.clone(), value.clone()]));
                        b"HSET".to_vec()
                    }
                    Content::ZSet(scores) => {
                        let pair = |(member, score): (&Bytes, &i64)| {
                            [score.to_string().into_bytes(), member.clone()]
                        };
                        request.extend(scores.iter().flat_map(pair));
                        b"ZADD".to_vec()
                    }
                    Content::Stream(entries) => {
                        let entry =
                            |(id, value): (&Bytes, &Bytes)| [id.clone(), b"field".to_vec(), value.clone()];
                        request.extend(entries.iter().flat_map(entry));
                        b"XADD".to_vec()
                    }
                };
                requests.push(request);
            }
            Change::Shrink(place, command, names) => {
                select(place.0, &mut requests);
                requests.push(match *command {
                    "LTRIM" => words(&[b"LTRIM", &place.1, names.len().to_string().as_bytes(), b"-1"]),
                    command => [&words(&[command.as_bytes(), &place.1])[..], names].concat(),
                });
            }
            Change::Remove(database, names) => {
                select(*database, &mut requests);
                requests.push([&words(&[b"DEL"])[..], names].concat());
            }
            Change::Rename(from, to) => {
                select(from.0, &mut requests);
                requests.push(words(&[b"RENAME", &from.1, &to.1]));
            }
            Change::Expire(place, deadline_ms) => {
                select(place.0, &mut requests);
                requests.push(match deadline_ms {
                    Some(deadline_ms) => words(&[b"PEXPIREAT", &place.1, deadline_ms.to_string().as_bytes()]),
                    None => words(&[b"PERSIST", &place.1]),
                });
            }
            Change::Empty(database) => {
                select(*database, &mut requests);
                requests.push(words(&[b"FLUSHDB"]));
            }
            Change::Swap(first, second) => {
                requests.push(words(&[
                    b"SWAPDB",
                    first.to_string().as_bytes(),
                    second.to_string().as_bytes(),
                ]));
            }
            Change::Together(changes) => {
                requests.push(words(&[b"MULTI"]));
                requests.extend(changes.iter().flat_map(|change| change.commands(selected)));
                requests.push(words(&[b"EXEC"]));
            }
        }
        requests
    }
}

fn now_ms() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    since_epoch.as_millis() as u64
}

fn words(words: &[&[u8]]) -> Vec<Bytes> {
    words.iter().map(|word| word.to_vec()).collect()
}

/// The number that an environment variable is set to.
pub fn number_from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}
