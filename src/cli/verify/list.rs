//! `kartwheel verify --list`: the invariants, the checks that watch each, and what no database can show.

use std::io;

use serde_json::{Value, json};

use crate::cli::screen::{COLUMNS, Line, Screen, wrap};
use crate::store::verify::{CHECKS, Check, PROMISES};

/// The widest name of a check.
const NAME_COLUMNS: usize = 20;

/// Prints it.
///
/// # Errors
/// Whoever reads has gone away.
pub(super) fn print(as_json: bool, screen: &mut Screen) -> io::Result<()> {
    if as_json {
        return screen.json(&view());
    }
    for promise in &PROMISES {
        screen.line(&Line::new(format!("{:>2}  ", promise.number)).bold(promise.text))?;
        for check in of(Some(promise.number)) {
            one(check, screen)?;
        }
        if let Some(unseen) = promise.unseen {
            let held = match promise.held_by {
                [] => String::new(),
                tests => format!("; held by test {}", tests.join(", ")),
            };
            let text = format!("not to be seen in a database: {unseen}{held}");
            for line in wrap(&text, COLUMNS - 4) {
                screen.line(&Line::new("    ").dim(line))?;
            }
        }
    }
    screen.line(&Line::new(" -  ").bold("What the others stand on."))?;
    of(None).try_for_each(|check| one(check, screen))
}

fn of(invariant: Option<u8>) -> impl Iterator<Item = &'static Check> {
    let all = CHECKS.iter().flat_map(|checks| checks.iter().copied());
    all.filter(move |check| check.invariant == invariant)
}

fn one(check: &Check, screen: &mut Screen) -> io::Result<()> {
    let deep = if check.deep { " (--deep)" } else { "" };
    let text = format!("{}{deep}", check.promise);
    let margin = 4 + NAME_COLUMNS + 1;
    for (number, line) in wrap(&text, COLUMNS - margin).into_iter().enumerate() {
        let name = if number == 0 { check.name } else { "" };
        screen.line(&Line::new(format!("    {name:<NAME_COLUMNS$} ")).plain(line))?;
    }
    Ok(())
}

fn view() -> Value {
    let names = |invariant| of(invariant).map(|check| check.name).collect::<Vec<_>>();
    let invariants = PROMISES.iter().map(|promise| {
        json!({
            "invariant": promise.number, "text": promise.text, "checks": names(Some(promise.number)),
            "unseen": promise.unseen, "held_by": promise.held_by,
        })
    });
    json!({ "invariants": invariants.collect::<Vec<_>>(), "checks_beside": names(None) })
}
