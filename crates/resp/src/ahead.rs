//! Looking ahead in a batch: the likely keys of the requests that come next, for those who fetch what these keys
//! stand for before it is needed.

use crate::request::short_header;

/// Calls `found` with the word behind the name of each of the first `requests` requests in `input`: the first key,
/// for nearly all commands. Returns how many bytes were looked at.
///
/// This is a guess: it ends at whatever is incomplete, wrong or merely unusual, and says nothing of what a parser
/// will make of the input.
#[inline]
pub fn first_keys<'a>(input: &'a [u8], requests: usize, mut found: impl FnMut(&'a [u8])) -> usize {
    let mut at = 0;
    for _ in 0..requests {
        let Some((key, end)) = first_key(input, at) else { break };
        if let Some(key) = key {
            found(key);
        }
        at = end;
    }
    at
}

/// The second word of the request at `begin`, if it has one, and where the request ends.
#[inline]
fn first_key(input: &[u8], begin: usize) -> Option<(Option<&[u8]>, usize)> {
    /// Longer requests take their time anyway.
    const WORDS_MAX: usize = 8;
    let (words, mut at) = short_header(input, begin, b'*')?;
    if words > WORDS_MAX {
        return None;
    }
    let mut key = None;
    for word in 0..words {
        let (bytes, start) = short_header(input, at, b'$')?;
        if word == 1 {
            key = Some(input.get(start..start + bytes)?);
        }
        at = start + bytes + 2;
    }
    (at <= input.len()).then_some((key, at))
}

#[cfg(test)]
mod tests {
    use super::first_keys;

    /// The keys seen in `input`, and how far it was looked at.
    fn look(input: &str, requests: usize) -> (Vec<String>, usize) {
        let mut keys = Vec::new();
        let looked = first_keys(input.as_bytes(), requests, |key| {
            keys.push(String::from_utf8(key.to_vec()).expect("text"));
        });
        (keys, looked)
    }

    const GET: &str = "*2\r\n$3\r\nGET\r\n$2\r\nab\r\n";
    const SET: &str = "*3\r\n$3\r\nSET\r\n$2\r\nbc\r\n$5\r\nhello\r\n";
    const PING: &str = "*1\r\n$4\r\nPING\r\n";

    #[test]
    fn the_second_words_of_whole_requests_are_found() {
        let input = [GET, PING, SET].concat();
        assert_eq!(look(&input, 16), (vec!["ab".to_owned(), "bc".to_owned()], input.len()));
        assert_eq!(look(&input, 1), (vec!["ab".to_owned()], GET.len()));
        assert_eq!(look("", 16), (vec![], 0));
    }

    #[test]
    fn it_ends_at_what_is_cut_off_or_unusual() {
        let whole = [GET, SET].concat();
        for end in 0..whole.len() {
            let (keys, looked) = look(&whole[..end], 16);
            assert_eq!((keys.len(), looked), if end < GET.len() { (0, 0) } else { (1, GET.len()) });
        }
        for unusual in
            ["PING\r\n", "*-1\r\n", "*2\r\n$3\r\nGET\r\n:1\r\n", "*9999\r\n$1\r\na\r\n", "*2\r\n$-1\r\n"]
        {
            assert_eq!(
                look(&[GET, unusual, GET].concat(), 16),
                (vec!["ab".to_owned()], GET.len()),
                "{unusual:?}"
            );
        }
    }
}
