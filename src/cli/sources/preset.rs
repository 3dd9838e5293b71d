//! What a preset says of its sender: on the screen, and as JSON.

use std::io;

use serde_json::{Value, json};

use crate::cli::screen::{COLUMNS, Line, Screen, wrap};
use crate::trigger::Preset;
use crate::trigger::preset::{Live, People};

/// The column in which facts begin.
const INDENT: usize = 14;
/// Types that are named one by one.
const EVENTS_SHOWN: usize = 40;

/// What stands in the place of the loss where the sender's own words leave it open.
pub(super) fn lost_after(preset: &Preset) -> &'static str {
    match preset.lost_after {
        "" => "not documented",
        known => known,
    }
}

/// As JSON.
pub(super) fn json(preset: &Preset) -> Value {
    let samples: Vec<_> = preset.samples.iter().map(|sample| sample.kind).collect();
    json!({
        "preset": preset.name,
        "title": preset.title,
        "doc": preset.doc,
        "verified": preset.verified,
        "retries": preset.retries,
        "lost_after": preset.lost_after,
        "lookup": preset.provable,
        "handshakes": preset.handshakes,
        "thin": preset.thin,
        "id": preset.id,
        "type": preset.kind,
        "live": live(preset),
        "person": people(preset),
        "events": preset.events,
        "samples": samples,
        "settings": preset.settings,
    })
}

/// Prints it.
///
/// # Errors
/// Whoever reads has gone away.
pub(super) fn print(preset: &Preset, screen: &mut Screen) -> io::Result<()> {
    screen.line(
        &Line::default()
            .bold(preset.title)
            .dim(format!("  preset: {}", preset.name)),
    )?;
    for line in wrap(preset.doc, COLUMNS - 2) {
        screen.line(&Line::new("  ").plain(line))?;
    }
    screen.gap()?;
    fact(screen, "verified", preset.verified)?;
    fact(screen, "tries again", preset.retries)?;
    let loss = format!("an outage of {}", preset.lost_after);
    fact(
        screen,
        "loses",
        if preset.lost_after.is_empty() {
            lost_after(preset)
        } else {
            &loss
        },
    )?;
    if !preset.handshakes.is_empty() {
        let asks = format!("{}: answered, and no event", preset.handshakes);
        fact(screen, "asks", &asks)?;
    }
    if !preset.provable.is_empty() {
        let told = match preset.provable.len() == preset.events.len() {
            true => "all of its types".to_owned(),
            false => preset.provable.join(", "),
        };
        fact(
            screen,
            "lookup",
            &format!("`trust: lookup` can prove {told}"),
        )?;
    }
    if preset.thin {
        fact(
            screen,
            "events",
            "only point to their content: rules see neither person nor order",
        )?;
    }
    let id: Vec<_> = preset.id.iter().map(|row| row.join(" + ")).collect();
    let id = id.join(", else ");
    fact(
        screen,
        "id",
        if id.is_empty() {
            "none: the body's hash"
        } else {
            &id
        },
    )?;
    let kind = match (preset.kind_of.is_some(), preset.kind.join(", else ")) {
        (true, paths) if paths.is_empty() => "told from several places".to_owned(),
        (_, paths) => paths,
    };
    fact(screen, "type", &kind)?;
    let live = live(preset);
    fact(screen, "test mode", live.as_str().unwrap_or("not marked"))?;
    print_people(preset, screen)?;
    if !preset.settings.is_empty() {
        fact(screen, "settings", &preset.settings.join(", "))?;
    }
    print_events(preset, screen)?;
    let samples: Vec<_> = preset.samples.iter().map(|sample| sample.kind).collect();
    fact(screen, "samples", &samples.join(", "))
}

fn print_events(preset: &Preset, screen: &mut Screen) -> io::Result<()> {
    if preset.events.is_empty() {
        return fact(screen, "types", "not listed: every type is taken");
    }
    let shown = preset.events.len().min(EVENTS_SHOWN);
    let mut events = preset.events[..shown].join(", ");
    if shown < preset.events.len() {
        events = format!(
            "{events} and {} more (--json shows all)",
            preset.events.len() - shown
        );
    }
    fact(screen, "types", &events)
}

fn print_people(preset: &Preset, screen: &mut Screen) -> io::Result<()> {
    let People::Rows(rows) = preset.people else {
        return fact(screen, "person", "found by the words of the questions");
    };
    let mut any = false;
    for row in rows {
        let fields = [
            ("email", row.email),
            ("first_name", row.first_name),
            ("last_name", row.last_name),
            ("name", row.name),
            ("phone", row.phone),
        ];
        let ids = row.ids.iter().map(|(kind, paths)| (*kind, *paths));
        let parts: Vec<String> = fields
            .into_iter()
            .chain(ids)
            .filter(|(_, paths)| !paths.is_empty())
            .map(|(name, paths)| format!("{name} {}", paths.join(" or ")))
            .collect();
        if parts.is_empty() {
            continue;
        }
        let of = match row.events {
            "*" => String::new(),
            events => format!("of {events}: "),
        };
        fact(
            screen,
            if any { "" } else { "person" },
            &format!("{of}{}", parts.join("; ")),
        )?;
        any = true;
    }
    if any {
        return Ok(());
    }
    fact(screen, "person", "not in its events")
}

/// One fact, broken into lines.
///
/// # Errors
/// Whoever reads has gone away.
pub(super) fn fact(screen: &mut Screen, name: &str, text: &str) -> io::Result<()> {
    for (place, line) in wrap(text, COLUMNS - INDENT).into_iter().enumerate() {
        let name = if place == 0 { name } else { "" };
        screen.line(&Line::default().dim(format!("  {name:<12}")).plain(line))?;
    }
    Ok(())
}

fn live(preset: &Preset) -> Value {
    match preset.live {
        Live::Unmarked => Value::Null,
        Live::At(path) => format!("{path} is true, live or production for a real event").into(),
        Live::TestAt(marks) => format!("{} is true or 1 for a test", marks.join(" or ")).into(),
    }
}

fn people(preset: &Preset) -> Value {
    let People::Rows(rows) = preset.people else {
        return Value::Null;
    };
    let rows = rows.iter().map(|row| {
        json!({
            "events": row.events,
            "email": row.email,
            "first_name": row.first_name,
            "last_name": row.last_name,
            "name": row.name,
            "phone": row.phone,
            "ids": row.ids.iter().map(|(kind, paths)| ((*kind).to_owned(), json!(paths))).collect::<serde_json::Map<_, _>>(),
        })
    });
    rows.collect()
}
