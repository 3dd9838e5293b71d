//! `kartwheel sources try`: whether a captured request would be taken, and if not, exactly why. For whoever runs the daemon: a
//! sender is told none of it.

mod told;

use std::net::IpAddr;
use std::path::PathBuf;

use anyhow::Context;
use jiff::Timestamp;

use crate::cli::{Desk, Exit, Failure, send};
use crate::outside::Outside;
use crate::trigger::{Arrival, Captured, Received, Refusal, Request, SecretName, Source, Told};
use crate::web::BODY_BYTES_MAX;

/// The largest file that is read: a body may stand in it as base64 or with escapes.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Say whether a captured request would be taken, and if not, why
///
/// The file holds the request as text (request line, headers, an empty line, body), or as JSON with `method`, `url`, `headers` and `body`
/// or `body_base64`. Nothing is sent, but with --ask what the daemon would ask the sender, and nothing is stored. Exit code 1 when it would
/// be refused.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel sources try stripe --request delivery.txt\n  kartwheel sources try stripe --request delivery.json --at 2026-11-24T09:00:00Z\n\nNext:\n  kartwheel sources show SOURCE    the URL and the secrets by name"
)]
pub(super) struct Arguments {
    /// The source, as kartwheel.yaml names it
    source: String,
    /// The file with the request
    #[arg(long, value_name = "FILE")]
    request: PathBuf,
    /// As if it came then: 2026-11-24T09:00:00Z, or seconds since 1970 [default: now]
    #[arg(long, value_name = "TIME", value_parser = instant)]
    at: Option<Timestamp>,
    /// As if it came from this address
    #[arg(long, value_name = "ADDRESS")]
    from: Option<IpAddr>,
    /// Ask the sender, where the daemon would, and go on with its answer
    #[arg(long)]
    ask: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn instant(text: &str) -> Result<Timestamp, String> {
    let seconds = text.parse().ok().map(Timestamp::from_second);
    match seconds {
        Some(read) => read.ok(),
        None => text.parse().ok(),
    }
    .ok_or_else(|| "give a time such as 2026-11-24T09:00:00Z, or seconds since 1970".to_owned())
}

/// A request, tried.
struct Trial<'s> {
    source: &'s Source,
    now: Timestamp,
    received: Received,
    /// With which secret it was signed, whenever.
    secret: Option<SecretName<'s>>,
    /// What would have to be otherwise for the signature to match.
    hint: Option<&'static str>,
    /// What else is odd about the request.
    notes: Vec<String>,
}

pub(super) async fn run(arguments: &Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let config = desk.settings()?;
    let source = send::source(&config, &arguments.source)?;
    let captured = captured(&arguments.request)?;
    let now = arguments.at.unwrap_or_else(|| desk.clock.now());
    let outside = match arguments.ask {
        true => Some(Outside::usual()?),
        false => None,
    };
    let arrival = Arrival {
        now,
        new_id: &uuid::Uuid::nil,
        env: &config.env,
    };
    let trial = Trial::of(&source, &captured, arguments.from, arrival, outside).await;
    if arguments.json {
        desk.screen.json(&trial.json())?;
    } else {
        trial.print(&mut desk.screen)?;
    }
    Ok(match trial.received {
        Received::Refused(_) => Exit::Problems,
        _ => Exit::Done,
    })
}

fn captured(path: &std::path::Path) -> anyhow::Result<Captured> {
    let within = || format!("cannot read {}", path.display());
    let length = std::fs::metadata(path).with_context(within)?.len();
    if length > FILE_BYTES_MAX {
        let what = format!(
            "{} has {length} bytes, too many for one request",
            path.display()
        );
        return Err(Failure::new(what).into());
    }
    let text = std::fs::read(path).with_context(within)?;
    let read = Captured::read(&text);
    let read = read.map_err(|wrong| {
        Failure::new(format!(
            "{} is no captured request: {wrong}",
            path.display()
        ))
        .remedy("kartwheel help sources try shows what it may look like.")
    });
    Ok(read?)
}

impl<'s> Trial<'s> {
    async fn of(
        source: &'s Source,
        captured: &Captured,
        peer: Option<IpAddr>,
        arrival: Arrival<'_>,
        outside: Option<Outside>,
    ) -> Self {
        let now = arrival.now;
        let named = captured.source();
        let mut notes = Vec::new();
        if let Some((name, _)) = &named
            && *name != &**source.name()
        {
            notes.push(format!("it was sent to the source `{name}`"));
        }
        let secret = named.and_then(|(_, secret)| secret);
        let request = Request {
            method: &captured.method,
            path_secret: secret.as_deref(),
            query: &captured.query,
            headers: &captured.headers,
            body: &captured.body,
            peer,
        };
        let received = at_the_door(&request).unwrap_or_else(|| source.receive(&request, arrival));
        let received = match (received, outside) {
            (Received::Ask(question), Some(outside)) => {
                notes.push(format!("asked: {}", question.ask.request()));
                let go_on = |told: &Told<'_>| source.answered(&request, arrival, told);
                outside.settle(&question, now, go_on).await
            }
            (received, _) => received,
        };
        let hint = match &received {
            Received::Refused(refusal) if refusal.reason == "signature" => {
                hint(source, &request, now)
            }
            _ => None,
        };
        Self {
            secret: source.which_secret(&request, now),
            source,
            now,
            received,
            hint,
            notes,
        }
    }

    /// When it was signed, where that is what is wrong with it.
    fn signed_at(&self, refusal: &Refusal) -> Option<Timestamp> {
        let age = jiff::SignedDuration::from_secs(refusal.age_s?);
        self.now.checked_sub(age).ok()
    }

    /// The secrets that were tried, and those that could not be.
    fn secrets(&self) -> Vec<String> {
        let names = self.source.secret_names();
        names
            .map(|secret| match secret.is_there {
                true => named(secret),
                false => format!("{}, which is not set or cannot be one", named(secret)),
            })
            .collect()
    }
}

fn named(secret: SecretName<'_>) -> String {
    format!("{} ({})", secret.number, secret.name)
}

/// What the listener refuses before any source is asked.
fn at_the_door(request: &Request<'_>) -> Option<Received> {
    let refusal = |status, reason, detail: String| {
        Some(Received::Refused(Refusal {
            status,
            reason,
            detail,
            age_s: None,
        }))
    };
    if !["GET", "HEAD", "POST"].contains(&request.method) {
        let detail = format!(
            "the method is {}, and only GET, HEAD and POST are taken",
            request.method
        );
        return refusal(405, "method", detail);
    }
    let bytes = request.body.len();
    if bytes > BODY_BYTES_MAX {
        let detail = format!("the body has {bytes} bytes, and {BODY_BYTES_MAX} are taken");
        return refusal(413, "too_large", detail);
    }
    None
}

/// What people's tools do to a body, undone: one of it may be what was signed.
fn hint(source: &Source, request: &Request<'_>, now: Timestamp) -> Option<&'static str> {
    let body = request.body;
    let text = || String::from_utf8(body.to_vec()).ok();
    let crlf = |text: String| {
        text.replace("\r\n", "\n")
            .replace('\n', "\r\n")
            .into_bytes()
    };
    let others: [(&str, Option<Vec<u8>>); 4] = [
        (
            "without the white space at the end of the body, which an editor may have added",
            Some(body.trim_ascii_end().to_vec()),
        ),
        (
            "with a line break at the end of the body, which an editor may have taken away",
            Some([body, b"\n"].concat()),
        ),
        (
            "with the body's lines ending in LF alone, not CRLF",
            text().map(|text| text.replace("\r\n", "\n").into_bytes()),
        ),
        (
            "with the body's lines ending in CRLF, not LF alone",
            text().map(crlf),
        ),
    ];
    let mut others = others
        .into_iter()
        .filter_map(|(what, body)| Some((what, body?)));
    let (what, _) = others.find(|(_, other)| {
        let changed = Request {
            body: other,
            ..*request
        };
        **other != *body && source.which_secret(&changed, now).is_some()
    })?;
    Some(what)
}
