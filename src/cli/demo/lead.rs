//! What the account holds of a person, shown; and whether it holds what the run's calls were to bring about.

use std::io;

use serde_json::Value;

use crate::cli::screen::{Line, Screen, Tone};
use crate::run::Attempt;
use crate::sandbox::Lead;

/// Shows the lead.
pub(super) fn print(screen: &mut Screen, lead: &Lead) -> io::Result<()> {
    let name = ["first_name", "last_name"]
        .iter()
        .filter_map(|field| lead.fields.get(field).map(String::as_str))
        .collect::<Vec<_>>()
        .join(" ");
    screen.line(
        &Line::new("  lead ")
            .bold(lead.email.clone())
            .dim(if name.is_empty() {
                name
            } else {
                format!("  {name}")
            }),
    )?;
    let lists = lead.lists.iter().filter(|row| row.active);
    let sequences = lead.sequences.iter().filter(|row| row.active);
    let memberships = lead.memberships.iter().filter(|row| row.active);
    for (what, held) in [
        ("tags", lead.tags.clone()),
        ("lists", lists.map(|row| row.list.clone()).collect()),
        (
            "sequences",
            sequences
                .map(|row| format!("{} from step {}", row.sequence, row.step))
                .collect(),
        ),
        (
            "access",
            memberships
                .map(|row| format!("{} ({})", row.membership, row.level))
                .collect(),
        ),
    ] {
        if !held.is_empty() {
            let held: Vec<String> = held;
            screen.line(&Line::new(format!("    {what:<10}")).add(Tone::Good, held.join(", ")))?;
        }
    }
    Ok(())
}

/// What of the call's aim the account does not hold; `None` when it holds it all.
pub(super) fn missing(lead: &Lead, attempt: &Attempt) -> Option<String> {
    let text = |name: &str| {
        attempt
            .input
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let (held, what) = match &*attempt.verb {
        "assign-tag" => (
            lead.has_tag(text("tag_name")),
            format!("the tag {}", text("tag_name")),
        ),
        "subscribe-lead-to-list" => (
            lead.is_on_list(text("list_name")),
            format!("a place on the list {}", text("list_name")),
        ),
        "subscribe-lead-to-sequence" => (
            lead.step_in(text("sequence_name")).is_some(),
            format!("a place in the sequence {}", text("sequence_name")),
        ),
        "grant-membership-access" => (
            lead.memberships
                .iter()
                .any(|row| row.active && row.membership == text("membership_name")),
            format!("access to {}", text("membership_name")),
        ),
        _ => return None,
    };
    (!held).then(|| format!("{} lacks {what}", lead.email))
}
