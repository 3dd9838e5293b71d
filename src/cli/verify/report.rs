//! What `verify` prints: a line for each check, and under a broken one the rows, what it means, what to do.

use std::io;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::cli::screen::{COLUMNS, Line, Screen, Table, Tone, wrap};
use crate::store::verify::{Broken, Check, Checked};
use crate::web::api::ids;

const CHECKS: Table = Table::new(&[("CHECK", 20), ("INVARIANT", 9), ("ROWS", 13), ("", 50)]);
const INDENT: &str = "  ";

/// Prints the table with what was found, and a last line that adds it up.
///
/// # Errors
/// Whoever reads has gone away.
pub(super) fn print(checked: &[Checked], deep: bool, screen: &mut Screen) -> io::Result<()> {
    screen.line(&CHECKS.head())?;
    for one in checked {
        screen.line(&CHECKS.row(&row(one)))?;
        if !one.is_clean() {
            detail(one, screen)?;
        }
    }
    screen.gap()?;
    let broken: Vec<&Checked> = checked.iter().filter(|one| one.broken > 0).collect();
    let unread = checked.iter().filter(|one| one.unread.is_some()).count();
    let count = checked.len();
    let mut line = match broken.len() {
        0 if unread == 0 => Line::default().add(Tone::Good, format!("All {count} checks hold.")),
        0 => Line::default().add(Tone::Bad, "Not all could be looked at"),
        some => Line::default().add(Tone::Bad, format!("{some} of {count} checks do not hold")),
    };
    if !broken.is_empty() {
        let rows: u64 = broken.iter().map(|one| one.broken).sum();
        line = line.plain(format!(": {} in all.", counted(rows, "finding")));
    } else if unread > 0 {
        line = line.plain(format!(": {unread} of {count} checks."));
    } else if !deep {
        line = line.dim(" `--deep` also judges every event again.");
    }
    screen.line(&line)
}

fn row(one: &Checked) -> [(Tone, String); 4] {
    let (tone, said) = match (one.broken, &one.unread) {
        (0, None) => (Tone::Good, "ok".to_owned()),
        (0, Some(_)) => (Tone::Bad, "not looked at whole".to_owned()),
        (broken, _) => (Tone::Bad, counted(broken, "finding")),
    };
    [
        (Tone::Plain, one.check.name.to_owned()),
        (Tone::Dim, invariant(one.check)),
        (Tone::Plain, format!("{:>13}", grouped(one.rows))),
        (tone, said),
    ]
}

fn detail(one: &Checked, screen: &mut Screen) -> io::Result<()> {
    let mut say = |tone: Tone, mark: &str, text: &str| -> io::Result<()> {
        let width = COLUMNS - INDENT.len() - mark.chars().count();
        for (number, line) in wrap(text, width).into_iter().enumerate() {
            let mark = match number {
                0 => mark.to_owned(),
                _ => " ".repeat(mark.chars().count()),
            };
            screen.line(&Line::new(INDENT).dim(mark).add(tone, line))?;
        }
        Ok(())
    };
    say(Tone::Dim, "should: ", one.check.promise)?;
    for broken in &one.found {
        say(
            Tone::Plain,
            "- ",
            &format!("{}: {}", subject(broken), broken.what),
        )?;
    }
    let shown = u64::try_from(one.found.len()).unwrap_or(0);
    if one.broken > shown {
        say(
            Tone::Dim,
            "- ",
            &format!("and {} more", grouped(one.broken - shown)),
        )?;
    }
    if let Some(why) = &one.unread {
        say(Tone::Bad, "not looked at whole: ", why)?;
    }
    if one.broken > 0 {
        say(Tone::Plain, "means: ", one.check.means)?;
        say(Tone::Plain, "→ ", one.check.to_do)?;
    }
    Ok(())
}

/// `event 1c2d3e4f, run 5f0c9a1e, step 1, attempt 2`.
fn subject(broken: &Broken) -> String {
    let id = |word: &str, id: Option<Uuid>| id.map(|id| format!("{word} {}", ids::short(id)));
    let run = id("run", broken.run);
    let event = id("event", broken.event);
    let all = event.into_iter().chain(run).chain(broken.name.clone());
    let all: Vec<String> = all.collect();
    match all.is_empty() {
        true => "the database".to_owned(),
        false => all.join(", "),
    }
}

/// The numbers of its invariant.
pub(super) fn invariant(check: &Check) -> String {
    check
        .invariant
        .map_or_else(|| "-".to_owned(), |number| number.to_string())
}

fn counted(number: u64, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{} {noun}s", grouped(number)),
    }
}

/// `1,234,567`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The same as JSON.
pub(super) fn json(checked: &[Checked]) -> Value {
    let checks: Vec<Value> = checked.iter().map(one_json).collect();
    let broken: u64 = checked.iter().map(|one| one.broken).sum();
    json!({ "ok": checked.iter().all(Checked::is_clean), "broken": broken, "checks": checks })
}

fn one_json(one: &Checked) -> Value {
    let found = one.found.iter().map(|broken| {
        json!({ "event": broken.event, "run": broken.run, "name": broken.name, "what": broken.what })
    });
    json!({
        "check": one.check.name, "invariant": one.check.invariant, "rows": one.rows, "broken": one.broken,
        "unread": one.unread, "promise": one.check.promise, "means": one.check.means, "to_do": one.check.to_do,
        "found": found.collect::<Vec<_>>(),
    })
}
