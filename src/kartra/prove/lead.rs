//! What a lead shows of the events about it: its tags, lists, sequences, and access.

use serde_json::{Value, json};

use super::{As, Claim, Event, Proved, compare, missing};
use crate::kartra::input;
use crate::kartra::look::part;
use crate::kartra::look::wanted::{
    Kind, LEVEL, LIST, MEMBERSHIP, SEQUENCE, TAG, Wanted, is_active,
};

/// What a lead can have.
#[derive(Debug, Clone, Copy)]
pub(super) enum What {
    /// A tag.
    Tag,
    /// A place on a list.
    List,
    /// A place in a sequence.
    Sequence,
    /// Access to a level of a membership.
    Access,
}

impl What {
    /// What it is called in an event.
    const fn word(self) -> &'static str {
        match self {
            Self::Tag => "tag",
            Self::List => "list",
            Self::Sequence => "sequence",
            Self::Access => "membership",
        }
    }

    /// Where a lead shows it.
    const fn rows(self) -> &'static str {
        match self {
            Self::Tag => "tags",
            Self::List => "lists",
            Self::Sequence => "sequences",
            Self::Access => "memberships",
        }
    }

    /// What tells one from another, the first of which an event must name.
    const fn kinds(self) -> &'static [&'static Kind] {
        match self {
            Self::Tag => &[&TAG],
            Self::List => &[&LIST],
            Self::Sequence => &[&SEQUENCE],
            Self::Access => &[&MEMBERSHIP, &LEVEL],
        }
    }
}

/// Whether the lead is the one that the event says, and has what it says, or has it no longer.
pub(super) fn shows(event: &Event<'_>, what: What, has: bool) -> Proved<Claim> {
    let word = what.word();
    let objects = event.details(&[word]);
    let of_kind = |kind: &&'static Kind| -> Vec<Wanted> {
        let objects = objects.iter();
        objects
            .flat_map(|object| Wanted::all(object, kind))
            .collect()
    };
    let wanted: Vec<Vec<Wanted>> = what.kinds().iter().map(of_kind).collect();
    let Some(name) = wanted
        .first()
        .and_then(|names| Some(names.first()?.shown.clone()))
    else {
        return Err(Claim::Hidden(format!("it names no {word}")));
    };
    let lead = lead(event)?;
    let rows = input::field(lead, &[what.rows()]).and_then(|given| given.value.as_array());
    let Some(rows) = rows else {
        return Err(Claim::Unclear(format!(
            "get-lead shows the lead without its {}, so the event cannot be proved",
            what.rows()
        )));
    };
    let holds = |row: &Value| match what {
        What::Tag => Some(true),
        What::List | What::Sequence | What::Access => is_active(row),
    };
    let fits = if has { is_it } else { may_be_it };
    let each = || rows.iter().map(|row| both(fits(&wanted, row), holds(row)));
    let found = each().any(|fits| fits == Some(true));
    if !found && each().any(|fits| fits.is_none()) {
        return Err(Claim::Unclear(format!(
            "get-lead shows a {word} of the lead that may be {name}, but not which it is or whether it is active"
        )));
    }
    Err(match (has, found) {
        (true, true) | (false, false) => Claim::True,
        (true, false) => missing(&format!("the {word} {name} of the lead")),
        (false, true) => missing(&format!("that the {word} {name} of the lead has ended")),
    })
}

/// Whether a row is what is named, in every way that it is named; a number counts where the row shows one.
fn is_it(wanted: &[Vec<Wanted>], row: &Value) -> Option<bool> {
    let of_kind = |names: &Vec<Wanted>| {
        let fits: Vec<_> = names.iter().map(|one| (one, one.fits(row))).collect();
        if fits.iter().any(|(_, fits)| *fits == Some(false)) {
            return Some(false);
        }
        let unknown = |(one, fits): &(&Wanted, Option<bool>)| fits.is_none() && one.is_named();
        let named = names.is_empty() || fits.iter().any(|(_, fits)| *fits == Some(true));
        (named && !fits.iter().any(unknown)).then_some(true)
    };
    wanted.iter().map(of_kind).fold(Some(true), both)
}

/// Whether a row is what is named in any way: only where none is, what is named has ended.
fn may_be_it(wanted: &[Vec<Wanted>], row: &Value) -> Option<bool> {
    let of_kind = |names: &Vec<Wanted>| {
        let fits: Vec<_> = names.iter().map(|one| one.fits(row)).collect();
        if names.is_empty() || fits.contains(&Some(true)) {
            return Some(true);
        }
        (!fits.contains(&None)).then_some(false)
    };
    wanted.iter().map(of_kind).fold(Some(true), both)
}

/// Both; nothing where it hangs on what is not known.
fn both(one: Option<bool>, other: Option<bool>) -> Option<bool> {
    match (one, other) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

/// The lead that the event is about, as the account has it.
fn lead<'e>(event: &Event<'e>) -> Proved<&'e Value> {
    let told = event.lead();
    let (id, email) = (
        input::number_of(told, ID),
        input::text_of(told, EMAIL).filter(|text| text != "N/A"),
    );
    let asked = match (&email, &id) {
        (Some(email), _) => json!({ "email": email }),
        (None, Some(id)) => json!({ "id": id }),
        (None, None) => return Err(Claim::Hidden("it names no lead".into())),
    };
    let output = event.read("get-lead", asked, "the lead")?;
    let names = &["lead_details", "lead", "data"];
    let Some(lead) = part(output, names, &["id", "email", "lead_id"]) else {
        return Err(Claim::Unclear(
            "get-lead was answered, but the answer shows no lead".into(),
        ));
    };
    compare("lead.id", id, input::text_of(lead, ID), As::Text)?;
    let shown = || input::text_of(lead, EMAIL);
    compare("lead.email", email, shown(), As::Address)?;
    let person = input::text(event.person);
    compare("person.email", person, shown(), As::Address)?;
    Ok(lead)
}

const ID: &[&str] = &["id", "lead_id"];
const EMAIL: &[&str] = &["email", "lead_email"];
