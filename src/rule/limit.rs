//! Limits: how many runs of a rule, or calls of an action, may be made in an hour and a day. Over it, runs are held.

use std::sync::Arc;

use super::words;
use crate::action::{Catalog, Effects, Limit};
use crate::problem::nearest;
use crate::yaml::{Entry, Node, Reader};

/// The most that a limit may allow: beyond it, it limits nothing.
const LIMIT_MAX: u64 = 1_000_000;

/// Whose limits are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// A rule's: its runs, and the calls it makes.
    Rule,
    /// A connection's: the calls of all rules.
    Connection,
}

/// Reads the value of `limits`; notes what is wrong with it.
pub fn parse(reader: &mut Reader<'_>, node: &Node, of: Of, catalog: &Catalog) -> Vec<Limit> {
    let Some(entries) = node.as_map() else {
        reader.wrong_type(node, "`limits` is a map of what is counted");
        return Vec::new();
    };
    if entries.is_empty() {
        let example = match of {
            Of::Rule => "write `limits: { per_hour: 500 }`, or remove it",
            Of::Connection => {
                "write `limits: { refund-transaction: { per_day: 20 } }`, or remove it"
            }
        };
        reader.error_help("K0110", node.span, "`limits` limits nothing", example);
    }
    let is_own = |entry: &&Entry| words::LIMITS.known.contains(&&*entry.key);
    let own: Vec<&Entry> = entries.iter().filter(is_own).collect();
    let mut limits = Vec::new();
    match (own.first(), of) {
        (Some(_), Of::Rule) => limits.push(counts(reader, None, &own)),
        (Some(first), Of::Connection) => reader.error_help(
            "K0101",
            first.key_span,
            format!(
                "`{}` counts the runs of a rule; a connection counts calls",
                first.key
            ),
            format!(
                "name the action: `refund-transaction: {{ {}: 20 }}`",
                first.key
            ),
        ),
        (None, _) => {}
    }
    for entry in entries.iter().filter(|entry| !is_own(entry)) {
        limits.extend(calls(reader, entry, of, catalog));
    }
    limits
}

/// A limit on the calls of one action.
fn calls(reader: &mut Reader<'_>, entry: &Entry, of: Of, catalog: &Catalog) -> Option<Limit> {
    let verb = &entry.key;
    match catalog.get(verb) {
        Some(spec) if spec.effects != Effects::Read => {}
        Some(_) => {
            let message = format!("`{verb}` only reads, and reads are not limited");
            reader.error_help("K0115", entry.key_span, message, "remove it");
            return None;
        }
        None if &**verb == "ensure-lead" => {
            let message = "`ensure-lead` is two calls, and is not counted as one";
            let help = "limit `create-lead`, the call with which it makes a lead";
            reader.error_help("K0115", entry.key_span, message, help);
            return None;
        }
        None => {
            unknown(reader, entry, of, catalog);
            return None;
        }
    }
    if entry.value.as_map().is_none_or(<[Entry]>::is_empty) {
        let message =
            format!("the limit of `{verb}` is a map with a number for an hour, a day or both");
        let help = format!("write `{verb}: {{ per_day: 5 }}`");
        reader.error_help("K0103", entry.key_span, message, help);
        return None;
    }
    let inner: Vec<&Entry> = reader.map(&entry.value, &words::LIMITS)?.iter().collect();
    Some(counts(reader, Some(verb.clone()), &inner))
}

/// `per_hour` and `per_day`.
fn counts(reader: &mut Reader<'_>, verb: Option<Arc<str>>, entries: &[&Entry]) -> Limit {
    let mut count = |key: &str| {
        let entry = entries.iter().find(|entry| &*entry.key == key)?;
        let number = reader.whole(&entry.value, &format!("`{key}`"), 0..=LIMIT_MAX)?;
        u32::try_from(number)
            .ok()
            .map(|number| (number, entry.value.span))
    };
    let (per_hour, per_day) = (count("per_hour"), count("per_day"));
    if let (Some((hour, span)), Some((day, _))) = (per_hour, per_day)
        && hour > day
    {
        let message = format!("`per_hour: {hour}` is never reached: a whole day has only {day}");
        reader.warn_help(
            "K0116",
            span,
            message,
            "write a smaller number, or leave it out",
        );
    }
    Limit {
        verb,
        per_hour: per_hour.map(|(number, _)| number),
        per_day: per_day.map(|(number, _)| number),
    }
}

fn unknown(reader: &mut Reader<'_>, entry: &Entry, of: Of, catalog: &Catalog) {
    let own = match of {
        Of::Rule => words::LIMITS.known,
        Of::Connection => &[],
    };
    let verbs = catalog
        .actions
        .iter()
        .filter(|spec| spec.effects != Effects::Read)
        .map(|spec| spec.key);
    let near = nearest(&entry.key, own.iter().copied().chain(verbs));
    let help = match (near, of) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, Of::Rule) => {
            "it has `per_hour` and `per_day` for runs, and actions such as `refund-transaction: { per_day: 5 }`"
                .to_owned()
        }
        (None, Of::Connection) => {
            "it has actions, such as `refund-transaction: { per_day: 20 }`".to_owned()
        }
    };
    let message = format!("unknown key `{}` in `limits`", entry.key);
    reader.error_help("K0101", entry.key_span, message, help);
}
