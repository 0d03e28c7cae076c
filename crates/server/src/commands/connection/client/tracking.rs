//! CLIENT TRACKING: see its summary.

use commands::prelude::*;

use super::OnOff;
use crate::session::Session;
use crate::tracking::{Choice, Tracking};

command! {
    name: "client|tracking",
    group: Connection,
    since: "6.0.0",
    complexity: "O(1). Some options may introduce additional complexity.",
    summary: "Controls server-assisted client-side caching for the connection.",
    handler: Session,
    flags: [NoScript, Loading, Stale],
    examples: r#"
        > CLIENT TRACKING ON BCAST PREFIX user: NOLOOP
        OK
        > CLIENT TRACKINGINFO
        1) "flags"
        2) 1) "on"
           2) "bcast"
           3) "noloop"
        3) "redirect"
        4) (integer) 0
        5) "prefixes"
        6) 1) "user:"
        > CLIENT TRACKING ON
        (error) ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.
        > CLIENT TRACKING OFF
        OK
        > CLIENT TRACKING ON REDIRECT 1000000
        (error) ERR The client ID you want redirect to does not exist
    "#,
}

#[derive(Args)]
pub struct Args<'a> {
    status: OnOff,
    #[arg(name = "")]
    options: Options<'a>,
}

/// What is asked for, option by option.
#[derive(Default)]
struct Options<'a> {
    redirects: Vec<i64>,
    prefixes: Vec<&'a [u8]>,
    is_broadcast: bool,
    opts_in: bool,
    opts_out: bool,
    no_loop: bool,
}

impl<'a> Parse<'a> for Options<'a> {
    const SPEC: Spec = Spec::block(&[
        Spec { optional: true, ..i64::SPEC.named("client-id").with_token("REDIRECT") },
        Spec { optional: true, multiple: true, ..<&[u8]>::SPEC.named("prefix").with_token("PREFIX") },
        Spec { optional: true, ..Spec::TOKEN.named("bcast").with_token("BCAST") },
        Spec { optional: true, ..Spec::TOKEN.named("optin").with_token("OPTIN") },
        Spec { optional: true, ..Spec::TOKEN.named("optout").with_token("OPTOUT") },
        Spec { optional: true, ..Spec::TOKEN.named("noloop").with_token("NOLOOP") },
    ]);

    fn parse(parser: &mut Parser<'a>) -> Result<Self> {
        let mut options = Options::default();
        while let Ok(word) = parser.next() {
            let has_value = parser.remaining() > 0;
            let is = |token: &str| word.eq_ignore_ascii_case(token.as_bytes());
            if is("REDIRECT") && has_value {
                options.redirects.push(i64::parse(parser)?);
            } else if is("PREFIX") && has_value {
                options.prefixes.push(parser.next()?);
            } else if is("BCAST") {
                options.is_broadcast = true;
            } else if is("OPTIN") {
                options.opts_in = true;
            } else if is("OPTOUT") {
                options.opts_out = true;
            } else if is("NOLOOP") {
                options.no_loop = true;
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(options)
    }
}

pub(crate) fn run(session: &mut Session, args: Args<'_>, reply: &mut Reply) -> Result<()> {
    let redirect = args.options.redirect(session)?;
    if args.status.is_on() {
        let tracking = args.options.tracking(session, redirect)?;
        session.track(tracking);
    } else {
        session.stop_tracking();
    }
    reply.ok();
    Ok(())
}

impl Options<'_> {
    /// The client that is to be told, which must be there.
    fn redirect(&self, session: &Session) -> Result<Option<u64>> {
        const SEVERAL: Error = Error::fixed("ERR A client can only redirect to a single other client");
        const MISSING: Error = Error::fixed("ERR The client ID you want redirect to does not exist");
        match self.redirects[..] {
            [] => Ok(None),
            [id] => {
                let client = u64::try_from(id).ok().and_then(|id| session.server.clients.find(id));
                client.map(|client| Some(client.id)).ok_or(MISSING)
            }
            _ => Err(SEVERAL),
        }
    }

    /// What the session is to do, if the options go together, and with what it does.
    fn tracking(&self, session: &Session, redirect: Option<u64>) -> Result<Tracking> {
        const ANOTHER_MODE: &str = "before disabling tracking for this client, and then re-enabling it with a different \
                                    mode.";
        let before = session.tracking.as_ref();
        let is_broadcast = |tracking: &Tracking| tracking.prefixes.is_some();
        if !self.is_broadcast && !self.prefixes.is_empty() {
            return Err(Error::new("PREFIX option requires BCAST mode to be enabled"));
        }
        if before.is_some_and(|before| is_broadcast(before) != self.is_broadcast) {
            return Err(Error::new(format_args!("You can't switch BCAST mode on/off {ANOTHER_MODE}")));
        }
        if self.is_broadcast && (self.opts_in || self.opts_out) {
            return Err(Error::new("OPTIN and OPTOUT are not compatible with BCAST"));
        }
        if self.opts_in && self.opts_out {
            return Err(Error::new("You can't specify both OPTIN mode and OPTOUT mode"));
        }
        let choice = match (self.opts_in, self.opts_out) {
            (true, _) => Choice::OptIn,
            (_, true) => Choice::OptOut,
            _ => Choice::All,
        };
        let other = if choice == Choice::OptIn { Choice::OptOut } else { Choice::OptIn };
        if choice != Choice::All && before.is_some_and(|before| before.choice == other) {
            return Err(Error::new(format_args!("You can't switch OPTIN/OPTOUT mode {ANOTHER_MODE}")));
        }
        let prefixes = match self.is_broadcast {
            true => Some(self.all_prefixes(before.and_then(|before| before.prefixes.as_deref()).unwrap_or_default())?),
            false => None,
        };
        Ok(Tracking { redirect, prefixes, choice, no_loop: self.no_loop, has_chosen: false })
    }

    /// The prefixes that there were and those that are new, of which none may begin with another.
    fn all_prefixes(&self, before: &[Box<[u8]>]) -> Result<Vec<Box<[u8]>>> {
        let overlap = |one: &[u8], other: &[u8]| one.starts_with(other) || other.starts_with(one);
        let refuse = |new: &[u8], what: &str, other: &[u8]| {
            Err(Error::new(format_args!(
                "Prefix '{}' overlaps with {what} prefix '{}'. Prefixes for a single client must not overlap.",
                shown(new),
                shown(other)
            )))
        };
        for (place, new) in self.prefixes.iter().enumerate() {
            if let Some(other) = before.iter().find(|other| overlap(new, other)) {
                return refuse(new, "an existing", other);
            }
            if let Some(other) = self.prefixes[place + 1..].iter().find(|other| overlap(new, other)) {
                return refuse(new, "another provided", other);
            }
        }
        let everything: &[&[u8]] = if self.prefixes.is_empty() && before.is_empty() { &[b""] } else { &self.prefixes };
        Ok(before.iter().cloned().chain(everything.iter().map(|prefix| (*prefix).into())).collect())
    }
}
