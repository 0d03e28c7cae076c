//! What is still to be typed: the rest of a command's syntax, behind the words that are there.

use commands::args::{Kind, Spec};
use commands::syntax;

use super::{catalogue, typed};

/// The syntax of what may follow `line`, with a blank before it where the line needs one; nothing where the line
/// is complete, begins with no command, or does not fit its command.
pub fn hint(line: &str) -> Option<String> {
    let typing = typed::parse_unfinished(line)?;
    let (command, name_words) = catalogue::find(&typing.words)?;
    let arguments = &typing.words[name_words..];
    let rest = if !command.subcommands.is_empty() && arguments.is_empty() {
        let names: Vec<String> =
            command.subcommands.iter().map(|command| catalogue::last_word(command).to_uppercase()).collect();
        format!("<{}>", names.join(" | "))
    } else {
        let Matched { used, rest } = sequence(command.arguments, arguments)?;
        if used < arguments.len() {
            return None;
        }
        rest.join(" ")
    };
    let blank = if typing.is_open { " " } else { "" };
    (!rest.is_empty()).then(|| format!("{blank}{rest}"))
}

/// Words that fit a specification.
struct Matched {
    /// How many.
    used: usize,
    /// What may follow, where the words end with them.
    rest: Vec<String>,
}

/// Fits words to arguments as the parser does: in order, but neighbouring optional ones come in any order.
fn sequence(specs: &[Spec], words: &[Vec<u8>]) -> Option<Matched> {
    let mut left: Vec<&Spec> = specs.iter().collect();
    let mut matched = Matched { used: 0, rest: Vec::new() };
    while matched.used < words.len() && !left.is_empty() {
        let optional = left.iter().take_while(|spec| spec.optional).count();
        let next = &left[..left.len().min(optional + 1)];
        // What is known by its first word comes before what takes any.
        let (known, any): (Vec<usize>, Vec<usize>) =
            (0..next.len()).partition(|&index| is_known_by_first_word(next[index]));
        let found = known.into_iter().chain(any).find_map(|index| {
            let one = repeated(next[index], &words[matched.used..]).filter(|one| one.used > 0)?;
            Some((index, one))
        });
        let Some((index, one)) = found else { break };
        matched.used += one.used;
        matched.rest = one.rest;
        if index < optional {
            left.remove(index);
        } else {
            left.drain(..=index);
        }
    }
    if words.len() > matched.used {
        // The words do not end here, so nothing of ours follows; unless something that must be there is missing.
        return left.iter().all(|spec| spec.optional).then_some(Matched { rest: Vec::new(), ..matched });
    }
    matched.rest.extend(left.into_iter().map(syntax::argument));
    Some(matched)
}

/// A block is known by the first word if what it begins with is.
fn is_known_by_first_word(spec: &Spec) -> bool {
    spec.begins_with_token()
        || (spec.kind == Kind::Block && spec.parts.first().is_some_and(is_known_by_first_word))
}

/// Fits words to one argument, as often as it may come.
fn repeated(spec: &Spec, words: &[Vec<u8>]) -> Option<Matched> {
    let mut matched = with_token(spec, words)?;
    while spec.multiple && !spec.counted && matched.used < words.len() {
        let rest = &words[matched.used..];
        // The word that introduces it may come again, or not.
        let Some(again) = with_token(spec, rest).or_else(|| once(spec, rest)).filter(|one| one.used > 0)
        else {
            break;
        };
        matched = Matched { used: matched.used + again.used, rest: again.rest };
    }
    if !spec.counted {
        matched.rest.extend(syntax::repetition(spec));
    }
    Some(matched)
}

fn with_token(spec: &Spec, words: &[Vec<u8>]) -> Option<Matched> {
    let Some(token) = spec.token else { return once(spec, words) };
    let (first, rest) = words.split_first()?;
    if !first.eq_ignore_ascii_case(token.as_bytes()) {
        return None;
    }
    if spec.kind == Kind::PureToken {
        return Some(Matched { used: 1, rest: Vec::new() });
    }
    let matched = once(spec, rest)?;
    Some(Matched { used: 1 + matched.used, rest: matched.rest })
}

/// Fits words to one argument, behind the word that introduces it.
fn once(spec: &Spec, words: &[Vec<u8>]) -> Option<Matched> {
    match spec.kind {
        Kind::Block => sequence(spec.parts, words),
        Kind::OneOf if words.is_empty() => {
            let choices: Vec<String> = spec.parts.iter().map(syntax::argument).collect();
            Some(Matched { used: 0, rest: vec![format!("<{}>", choices.join(" | "))] })
        }
        Kind::OneOf => spec.parts.iter().find_map(|part| repeated(part, words)),
        Kind::PureToken => None,
        _ if spec.counted => Some(counted(spec, words)),
        _ if words.is_empty() => Some(Matched { used: 0, rest: vec![spec.name.to_owned()] }),
        _ => Some(Matched { used: 1, rest: Vec::new() }),
    }
}

/// Fits words to a number of keys and so many keys.
fn counted(spec: &Spec, words: &[Vec<u8>]) -> Matched {
    let Some((count, keys)) = words.split_first() else {
        return Matched {
            used: 0,
            rest: vec![syntax::argument(&Spec { token: None, optional: false, ..*spec })],
        };
    };
    let count = std::str::from_utf8(count).ok().and_then(|count| count.parse::<usize>().ok()).unwrap_or(1);
    let missing = count.saturating_sub(keys.len());
    let used = 1 + count.min(keys.len());
    // As many as the number says, as long as a line has room for them.
    let rest = match missing {
        0 => Vec::new(),
        1..=3 => vec![spec.name.to_owned(); missing],
        _ => [Some(spec.name.to_owned()), syntax::repetition(spec)].into_iter().flatten().collect(),
    };
    Matched { used, rest }
}

#[cfg(test)]
mod tests {
    use super::hint;

    #[track_caller]
    fn check(line: &str, expected: &str) {
        assert_eq!(hint(line).unwrap_or_default(), expected, "{line}");
    }

    #[test]
    fn words_that_are_there_are_not_asked_for() {
        check("GETRANGE", " key start end");
        check("getrange ", "key start end");
        check("GETRANGE k ", "start end");
        check("GETRANGE k 0", " end");
        check("GETRANGE k 0 1", "");
        check("GETRANGE k 0 1 2", "");
        check("2 GETDEL ", "key");
        check("GETDEL \"a b", "");
        check("nosuch ", "");
        check("", "");
    }

    #[test]
    fn optional_arguments_come_in_any_order() {
        check(
            "SET k v ",
            "[NX | XX | IFEQ comparison-value] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | \
             PXAT unix-time-milliseconds | KEEPTTL]",
        );
        check("SET k v GET ex ", "seconds [NX | XX | IFEQ comparison-value]");
        check("SET k v EX 10 ", "[NX | XX | IFEQ comparison-value] [GET]");
        check("SET k v NX GET KEEPTTL", "");
        check("SET k v nonsense ", "");
        check("LPOS l e MAXLEN 5 ", "[RANK rank] [COUNT num-matches]");
        check(
            "GEOSEARCH g FROMLONLAT 1 ",
            "latitude <BYRADIUS radius <m | km | ft | mi> | BYBOX width height \
             <m | km | ft | mi>> [ASC | DESC] [COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]",
        );
        check(
            "GEOSEARCH g FROMMEMBER m BYRADIUS 5 ",
            "<m | km | ft | mi> [ASC | DESC] [COUNT count [ANY]] \
             [WITHCOORD] [WITHDIST] [WITHHASH]",
        );
    }

    #[test]
    fn what_may_come_again_says_so() {
        check("DEL a ", "[key ...]");
        check("DEL a b ", "[key ...]");
        check("MSET a ", "value [key value ...]");
        check("MSET a 1 b ", "value [key value ...]");
        check("ZADD z NX ", "[XX] [GT] [LT] [CH] [INCR] score member [score member ...]");
        check("ZADD z 1 ", "member [score member ...]");
    }

    #[test]
    fn as_many_keys_as_the_number_says() {
        check("SINTERCARD ", "numkeys key [key ...] [LIMIT limit]");
        check("SINTERCARD 2 a ", "key [LIMIT limit]");
        check("SINTERCARD 2 a b ", "[LIMIT limit]");
        check("SINTERCARD 2 a b LIMIT ", "limit");
        check("LMPOP 9 a ", "key [key ...] <LEFT | RIGHT> [COUNT count]");
    }

    #[test]
    fn subcommands_come_first() {
        check("OBJECT ", "<ENCODING | FREQ | HELP | IDLETIME | REFCOUNT>");
        check("object encoding ", "key");
        check("CONFIG SET maxmemory ", "value [parameter value ...]");
    }
}
