//! `kartwheel events list`: events as a table.

use std::io;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::cli::screen::{COLUMNS, Line, Screen, Table, Tone, wrap};
use crate::cli::sources::DAYS;
use crate::cli::{Desk, Exit, Failure};
use crate::store::{DoorSum, EventFilter, Reader, StoredEvent};
use crate::web::api::ids::short;
use crate::web::api::{LIST_ENTRIES_MAX, ids, view};

const TABLE: Table = Table::new(&[
    ("EVENT", 8),
    ("RECEIVED", 15),
    ("SOURCE", 10),
    ("TYPE", 28),
    ("WHO", 20),
    ("RULES", 9),
]);

/// List events, newest first
///
/// RULES says how many rules fired: `none` is an event that no rule took, `waiting` one whose rules need an address that another event is
/// to bring. Below stand the senders' questions that were answered since then, or in the last 30 days: handshakes are no events.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel events list --source stripe --since 2d\n  kartwheel events list --type 'invoice.*'\n  kartwheel events list --email ada@example.com\n\nNext:\n  kartwheel events show EVENT    what arrived, and why which rule (did not) fire"
)]
pub(super) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// Only since then: 2h, 7d, or a time such as 2026-11-24T09:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<Since>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=i64::from(LIST_ENTRIES_MAX)))]
    limit: u32,
    /// Those before this event: the next page
    #[arg(long, value_name = "EVENT")]
    before: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Which events.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Which {
    /// Only of this source
    #[arg(long, value_name = "SOURCE")]
    pub(super) source: Option<String>,
    /// Only of this type; * stands for anything
    #[arg(long = "type", value_name = "TYPE")]
    pub(super) kind: Option<String>,
    /// Only about this e-mail address
    #[arg(long, value_name = "EMAIL")]
    pub(super) email: Option<String>,
}

/// A point in time, or a length back from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Since {
    Ago(SignedDuration),
    At(Timestamp),
}

impl std::str::FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(instant) = text.parse() {
            return Ok(Self::At(instant));
        }
        let unit = match text.chars().last() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3_600,
            Some('d') => 86_400,
            Some('w') => 604_800,
            _ => 0,
        };
        let number = text
            .get(..text.len().saturating_sub(1))
            .and_then(|number| number.parse::<u32>().ok());
        match (unit, number) {
            (1.., Some(number)) => Ok(Self::Ago(SignedDuration::from_secs(
                i64::from(number) * unit,
            ))),
            _ => Err(
                "give a length such as 30m, 2h, 7d, or a time such as 2026-11-24T09:00:00Z"
                    .to_owned(),
            ),
        }
    }
}

impl Since {
    fn instant(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(instant) => instant,
            Self::Ago(length) => now.saturating_sub(length).unwrap_or(Timestamp::MIN),
        }
    }
}

pub(super) async fn run(arguments: Arguments, desk: &mut Desk) -> anyhow::Result<Exit> {
    let project = desk.open().await?;
    let reader = &*project.reader;
    let before = match &arguments.before {
        Some(text) => Some(ids::event(reader, text).await.map_err(Failure::from)?.seq),
        None => None,
    };
    let now = desk.clock.now();
    let filter = EventFilter {
        source: arguments.which.source,
        kind: arguments.which.kind,
        email: arguments.which.email,
        since: arguments.since.map(|since| since.instant(now)),
        before,
        after: None,
        limit: arguments.limit,
    };
    let events = reader.events(&filter, false).await.map_err(Failure::from)?;
    let answered = handshakes(reader, &filter, now).await?;
    if arguments.json {
        let events: Vec<_> = events.iter().map(view::event).collect();
        desk.screen
            .json(&json!({ "events": events, "handshakes": view::handshakes(&answered) }))?;
        return Ok(Exit::Done);
    }
    if events.is_empty() {
        desk.screen.text("No such events.")?;
    } else {
        print_head(&mut desk.screen)?;
    }
    for stored in &events {
        print_row(&mut desk.screen, stored)?;
    }
    if let Some(last) = events
        .last()
        .filter(|_| events.len() == arguments.limit as usize)
    {
        let more = format!("Older ones: add --before {}", short(last.event.id));
        desk.screen.line(&Line::default().dim(more))?;
    }
    print_handshakes(&mut desk.screen, &answered)?;
    Ok(Exit::Done)
}

/// The senders' questions that were answered in the time and of the source that is asked for. They have no type and are about
/// nobody, and stand on the first page.
async fn handshakes(
    reader: &dyn Reader,
    filter: &EventFilter,
    now: Timestamp,
) -> Result<Vec<DoorSum>, Failure> {
    if filter.kind.is_some() || filter.email.is_some() || filter.before.is_some() {
        return Ok(Vec::new());
    }
    let usual = || Since::Ago(SignedDuration::from_hours(24 * DAYS)).instant(now);
    let since = filter.since.unwrap_or_else(usual);
    let mut sums = reader.handshake_sums(since).await?;
    let source = filter.source.as_deref();
    sums.retain(|sum| source.is_none_or(|source| source == sum.source));
    Ok(sums)
}

/// What was answered and is no event.
fn print_handshakes(screen: &mut Screen, sums: &[DoorSum]) -> io::Result<()> {
    if sums.is_empty() {
        return Ok(());
    }
    let told = sums.iter().map(|sum| {
        let (count, word, source) = (sum.count, &sum.word, &sum.source);
        format!(
            "{count} {word} of {source}, last {}",
            screen.moment(sum.last)
        )
    });
    let told = format!(
        "Handshakes (answered, no events): {}",
        told.collect::<Vec<_>>().join("; ")
    );
    wrap(&told, COLUMNS)
        .into_iter()
        .try_for_each(|line| screen.line(&Line::default().dim(line)))
}

/// Prints the heading.
///
/// # Errors
/// Whoever reads has gone away.
pub(super) fn print_head(screen: &mut Screen) -> io::Result<()> {
    screen.line(&TABLE.head())
}

/// Prints one event.
///
/// # Errors
/// Whoever reads has gone away.
pub(super) fn print_row(screen: &mut Screen, stored: &StoredEvent) -> io::Result<()> {
    let event = &stored.event;
    let count = |decision: &str| {
        let verdicts = stored.verdicts.iter();
        verdicts
            .filter(|verdict| verdict.decision == decision)
            .count()
    };
    let (tone, rules) = match (count("error"), count("matched"), count("waiting")) {
        (1.., ..) => (Tone::Bad, "error".to_owned()),
        (0, 0, 0) => (Tone::Dim, "none".to_owned()),
        (0, 0, waiting) => (Tone::Warn, format!("{waiting} waiting")),
        (0, matched, _) => (Tone::Good, format!("{matched} fired")),
    };
    screen.line(&TABLE.row(&[
        (Tone::Bold, short(event.id)),
        (Tone::Plain, screen.moment(event.received_at)),
        (Tone::Plain, event.source.to_string()),
        (Tone::Plain, event.kind.clone()),
        (Tone::Plain, event.person.email.clone().unwrap_or_default()),
        (tone, rules),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_length_or_a_time() {
        assert_eq!("2h".parse(), Ok(Since::Ago(SignedDuration::from_hours(2))));
        assert_eq!(
            "7d".parse(),
            Ok(Since::Ago(SignedDuration::from_hours(168)))
        );
        assert!(matches!("2026-11-24T09:00:00Z".parse(), Ok(Since::At(_))));
        for wrong in ["", "h", "2", "2y", "-2h", "é"] {
            assert!(wrong.parse::<Since>().is_err(), "{wrong:?}");
        }
    }
}
