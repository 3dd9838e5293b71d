//! An input held against what the connection's own action takes: Membrane drops a field that it does not know without a word, and a
//! refund without its amount is one of everything.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::line::{Failed, Line};
use super::listing::Listing;
use crate::action::{Call, Class, Effects, Outcome};

/// Names that a message gives at most.
const MAX_NAMED: usize = 8;

/// How closely an input is looked at before it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    /// Not at all: a person did, or said that it does not matter.
    AsIs,
    /// It is held against the list of actions that we have, and against a new one before it is refused.
    Whole,
    /// It is held against a list that is read for it: what would be dropped here cannot be taken back.
    Anew,
}

impl Care {
    /// The care that a call with these effects needs.
    pub(super) const fn of(effects: Option<Effects>) -> Self {
        match effects {
            Some(Effects::Money) => Self::Anew,
            _ => Self::Whole,
        }
    }
}

impl Line {
    /// The list of actions by which this call can be sent whole. An error says what would have been dropped.
    pub(super) async fn fitting(&self, call: &Call, care: Care) -> Result<Arc<Listing>, Failed> {
        if care == Care::Anew {
            let listing = self.fresh_listing().await?;
            self.holds(call, &listing)?;
            return Ok(listing);
        }
        let listing = self.listing(None).await?;
        if care == Care::AsIs || self.holds(call, &listing).is_ok() {
            return Ok(listing);
        }
        // The action may have been published anew since.
        let fresh = self.listing(Some(&listing)).await?;
        self.holds(call, &fresh)?;
        Ok(fresh)
    }

    /// Refuses a call of which something would be dropped.
    pub(super) fn holds(&self, call: &Call, listing: &Listing) -> Result<(), Failed> {
        let schema = listing.input_schema_of(&call.verb);
        let Some(known) = schema.and_then(names_of) else {
            return Ok(());
        };
        let given = call.input.as_object().into_iter().flatten();
        let mut dropped = given
            .map(|(name, _)| name.as_str())
            .filter(|name| !known.contains_key(*name))
            .peekable();
        match dropped.peek() {
            None => Ok(()),
            Some(_) => {
                let message = refusal(call, &self.name, &dropped.collect::<Vec<_>>(), known);
                Err(Box::new(Outcome::new(Class::RuleWrong, message)))
            }
        }
    }
}

/// The names that the action takes; `None` where it leaves them to the caller, or says nothing of them.
fn names_of(schema: &Value) -> Option<&Map<String, Value>> {
    let others = schema.get("additionalProperties");
    if others.is_some_and(|others| others.as_bool().unwrap_or_else(|| others.is_object())) {
        return None;
    }
    let names = schema.get("properties")?.as_object()?;
    (!names.is_empty()).then_some(names)
}

fn refusal(call: &Call, connection: &str, dropped: &[&str], known: &Map<String, Value>) -> String {
    let plain = |name: &str| name.to_lowercase().replace(['_', '-'], "");
    let far = |known: &str| {
        let ways = dropped.iter();
        ways.map(|name| strsim::damerau_levenshtein(&plain(name), &plain(known)))
            .min()
    };
    let mut names: Vec<&str> = known.keys().map(String::as_str).collect();
    names.sort_by_cached_key(|name| far(name));
    format!(
        "{}: nothing was sent, for the action of connection {connection} has no input {}, and Membrane would drop it without a word; \
         it takes {}: correct the rule (`kartwheel catalog sync`, then `kartwheel check`, show what does not fit)",
        call.verb,
        quoted(dropped),
        quoted(&names)
    )
}

fn quoted(names: &[&str]) -> String {
    let mut text = String::new();
    for (number, name) in names.iter().take(MAX_NAMED).enumerate() {
        let comma = if number == 0 { "" } else { ", " };
        let _ = write!(text, "{comma}`{}`", super::fault::short(name));
    }
    if names.len() > MAX_NAMED {
        text.push_str(", …");
    }
    text
}
