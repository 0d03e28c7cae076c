//! CLIENT TRACKINGINFO: see its summary.

use std::sync::atomic::Ordering;

use commands::prelude::*;

use crate::client::ClientFlag;
use crate::session::Session;
use crate::tracking::Choice;

command! {
    name: "client|trackinginfo",
    group: Connection,
    since: "6.2.0",
    complexity: "O(1)",
    summary: "Returns information about server-assisted client-side caching for the connection.",
    handler: Session,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > CLIENT TRACKINGINFO
        1) "flags"
        2) 1) "off"
        3) "redirect"
        4) (integer) -1
        5) "prefixes"
        6) (empty array)
    "#,
}

#[derive(Args)]
pub struct Args {}

pub(crate) fn run(session: &mut Session, _: Args, reply: &mut Reply) -> Result<()> {
    let tracking = session.tracking.as_ref();
    let has_chosen = tracking.is_some_and(|tracking| tracking.has_chosen);
    let chooses = |choice| tracking.is_some_and(|tracking| tracking.choice == choice);
    let flags: Vec<&str> = [
        ("on", tracking.is_some()),
        ("off", tracking.is_none()),
        ("bcast", session.client.has(ClientFlag::Broadcast)),
        ("optin", chooses(Choice::OptIn)),
        ("caching-yes", chooses(Choice::OptIn) && has_chosen),
        ("optout", chooses(Choice::OptOut)),
        ("caching-no", chooses(Choice::OptOut) && has_chosen),
        ("noloop", tracking.is_some_and(|tracking| tracking.no_loop)),
        ("broken_redirect", session.client.has(ClientFlag::BrokenRedirect)),
    ]
    .into_iter()
    .filter_map(|(name, holds)| holds.then_some(name))
    .collect();
    reply.map(3);
    reply.bulk(b"flags");
    reply.set(flags.len());
    flags.iter().for_each(|flag| reply.bulk(flag.as_bytes()));
    reply.bulk(b"redirect");
    reply.integer(session.client.redirect.load(Ordering::Relaxed));
    reply.bulk(b"prefixes");
    let mut prefixes: Vec<_> = tracking.iter().flat_map(|tracking| tracking.prefixes.iter().flatten()).collect();
    prefixes.sort_unstable();
    reply.array(prefixes.len());
    prefixes.iter().for_each(|prefix| reply.bulk(prefix));
    Ok(())
}
