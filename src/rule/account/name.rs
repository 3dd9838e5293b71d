//! Names of tags, lists and sequences that are written out: the account has them, or a name like them, or nothing of the kind.

use super::{Inventory, Look};
use crate::problem::{Span, nearest};

/// How a name that is not there resembles one that is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Likeness<'n> {
    /// The same but for large and small letters.
    Case(&'n str),
    /// The same but for a space.
    Space(&'n str),
    /// The same but for both.
    CaseAndSpace(&'n str),
    /// A slip of the pen away.
    Near(&'n str),
    /// Like none.
    None,
}

/// What a name that is not among these resembles.
pub(super) fn likeness<'n>(name: &str, known: &[&'n str]) -> Likeness<'n> {
    // An equal one is no likeness.
    let others = || known.iter().copied().filter(|other| *other != name);
    let first = |same: &dyn Fn(&str) -> bool| others().find(|other| same(other));
    let (spaced, folded) = (spaces(name), name.to_lowercase());
    if let Some(other) = first(&|other| spaces(other) == spaced) {
        Likeness::Space(other)
    } else if let Some(other) = first(&|other| other.to_lowercase() == folded) {
        Likeness::Case(other)
    } else if let Some(other) = first(&|other| spaces(&other.to_lowercase()) == spaces(&folded)) {
        Likeness::CaseAndSpace(other)
    } else {
        nearest(name, others()).map_or(Likeness::None, Likeness::Near)
    }
}

/// The text with single spaces between its words and none around them.
fn spaces(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What to say of a name that is not among these: the one that resembles it, if one does.
#[must_use]
pub fn like(name: &str, known: &[&str]) -> Option<String> {
    match likeness(name, known) {
        Likeness::None => None,
        Likeness::Near(near) => Some(format!("the nearest that the account has is `{near}`")),
        alike => Some(alike.help(known.len(), "")),
    }
}

impl Likeness<'_> {
    /// What to write instead; `count` and `plural` tell what the account has where nothing is like the name.
    pub(super) fn help(&self, count: usize, plural: &str) -> String {
        match self {
            Self::Case(name) => {
                format!("the account has `{name}`, which differs only by case: write it so")
            }
            Self::Space(name) => {
                format!("the account has `{name}`, which differs only by a space: write it so")
            }
            Self::CaseAndSpace(name) => {
                format!("the account has `{name}`, which differs by case and a space: write it so")
            }
            Self::Near(name) => format!(
                "did you mean `{name}`? If the name is new, `kartwheel catalog sync` reads the account again"
            ),
            Self::None => format!(
                "the account has {count} {plural}, none like it; if it is new, `kartwheel catalog sync` reads the account again"
            ),
        }
    }
}

impl Look<'_> {
    /// The names in the step's input, and its fallback's tag.
    pub(super) fn names(&mut self) {
        let mut found = Vec::new();
        for given in self
            .step
            .kind
            .fields()
            .map_or(&[][..], |fields| &fields.given)
        {
            if let Some(kind) = super::of_input(&given.name)
                && let Some(name) = given.constant_text()
            {
                found.push((kind, name, given.node.span));
            }
        }
        if let Some(fallback) = self.step.kind.fallback()
            && let Some(name) = fallback.constant_tag()
        {
            found.push((Inventory::Tags, name, fallback.span));
        }
        for (kind, name, span) in found {
            self.name(kind, &name, span);
        }
    }

    fn name(&mut self, kind: Inventory, name: &str, span: Span) {
        let Some(known) = kind.names(self.account) else {
            return;
        };
        if known.contains(&name) {
            return;
        }
        let help = likeness(name, &known).help(known.len(), kind.plural(known.len()));
        let message = format!(
            "the account of connection `{}` has no {} `{name}`",
            self.connection,
            kind.plural(1)
        );
        self.note("K0801", span, message, help);
    }
}
