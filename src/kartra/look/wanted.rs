//! The membership, level or sequence that a call names, and whether what a lead shows is it.

use serde_json::Value;

use crate::kartra::input;

/// A kind of thing that leads have: what its name and number can be called in an input, and in what is shown.
#[derive(Debug)]
pub(in crate::kartra) struct Kind {
    name: &'static [&'static str],
    number: &'static [&'static str],
    /// What may hold either.
    either: &'static [&'static str],
    shown_name: &'static [&'static str],
    shown_number: &'static [&'static str],
    /// Whether a row that is a text is the name of one.
    is_row: bool,
}

/// Tags.
pub(in crate::kartra) const TAG: Kind = Kind {
    name: &["tag_name"],
    number: &["tag_id"],
    either: &["tag"],
    shown_name: &["tag_name", "name", "tag"],
    shown_number: &["tag_id", "id"],
    is_row: true,
};
/// Lists.
pub(in crate::kartra) const LIST: Kind = Kind {
    name: &["list_name"],
    number: &["list_id"],
    either: &["list"],
    shown_name: &["list_name", "name", "list"],
    shown_number: &["list_id", "id"],
    is_row: true,
};
/// Memberships.
pub(in crate::kartra) const MEMBERSHIP: Kind = Kind {
    name: &["membership_name"],
    number: &["membership_id"],
    either: &["membership", "name"],
    shown_name: &["membership_name", "name", "membership"],
    shown_number: &["membership_id", "id"],
    is_row: true,
};
/// Levels of a membership; a lead shows them in the membership's row.
pub(in crate::kartra) const LEVEL: Kind = Kind {
    name: &["level_name", "access_level_name"],
    number: &["level_id", "access_level_id"],
    either: &["level", "access_level"],
    shown_name: &["level_name", "access_level_name", "level", "access_level"],
    shown_number: &["level_id", "access_level_id"],
    is_row: false,
};
/// Sequences.
pub(in crate::kartra) const SEQUENCE: Kind = Kind {
    name: &["sequence_name"],
    number: &["sequence_id"],
    either: &["sequence"],
    shown_name: &["sequence_name", "name", "sequence"],
    shown_number: &["sequence_id", "id"],
    is_row: true,
};

/// The one that a call names.
#[derive(Debug)]
pub(in crate::kartra) struct Wanted {
    kind: &'static Kind,
    text: String,
    by: By,
    /// For a message.
    pub(in crate::kartra) shown: String,
}

#[derive(Debug, Clone, Copy)]
enum By {
    Name,
    Number,
    Either,
}

impl Wanted {
    /// What the input names of this kind.
    pub(in crate::kartra) fn of(input: &Value, kind: &'static Kind) -> Option<Self> {
        Self::all(input, kind).next()
    }

    /// The same in every way that the input names it.
    pub(in crate::kartra) fn all(input: &Value, kind: &'static Kind) -> impl Iterator<Item = Self> {
        let ways = [
            (kind.name, By::Name),
            (kind.number, By::Number),
            (kind.either, By::Either),
        ];
        ways.into_iter().filter_map(move |(names, by)| {
            let given = input::filled(input, names)?;
            Some(Self {
                kind,
                text: input::text(given.value)?,
                by,
                shown: given.shown(),
            })
        })
    }

    /// Whether it is known by its name.
    pub(in crate::kartra) const fn is_named(&self) -> bool {
        matches!(self.by, By::Name)
    }

    /// Whether a row of a lead is it. Nothing, when the row does not show what this is known by.
    pub(in crate::kartra) fn fits(&self, row: &Value) -> Option<bool> {
        if let Value::String(name) = row {
            let other = self.kind.is_row && name.trim() != self.text;
            return other.then_some(false);
        }
        let is = |names| Some(input::text_of(row, names)? == self.text);
        let (name, number) = (is(self.kind.shown_name), is(self.kind.shown_number));
        match self.by {
            By::Name => name,
            By::Number => number,
            By::Either if name == Some(true) || number == Some(true) => Some(true),
            By::Either => name.or(number),
        }
    }
}

/// Whether access or a subscription holds: by `active`, or by `status`.
pub(in crate::kartra) fn is_active(row: &Value) -> Option<bool> {
    let given = input::field(row, &["active", "is_active", "status"])?;
    if let Value::Bool(flag) = given.value {
        return Some(*flag);
    }
    let text = input::text(given.value)?.to_ascii_lowercase();
    Some(["1", "true", "active"].contains(&&*text))
}
