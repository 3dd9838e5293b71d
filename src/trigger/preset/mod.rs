//! Presets: what is known of a sender, as data, so that setting it up is one line.
//!
//! To add a sender: one file with a `static` [`Preset`], its sample bodies under `samples/`, two lines here, and its row removed
//! from `later.rs`. The tests over the list then compile its paths, sign and read every sample, and expect a type and an id.

mod kartra;
mod kartra_ipn;
mod later;
mod standard_webhooks;
mod stripe;
#[cfg(test)]
mod tests;
mod typeform;

use std::fmt;

use serde_json::Value;

use super::settings::Around;
use super::signature::{Refusal, Scheme};
use crate::event::Person;
use crate::problem::nearest;

pub(super) use later::{LATER, later};

/// All presets, by name.
pub static PRESETS: &[&Preset] = &[
    &kartra::PRESET,
    &kartra_ipn::PRESET,
    &standard_webhooks::PRESET,
    &stripe::PRESET,
    &typeform::PRESET,
];

/// What is known of a sender.
pub struct Preset {
    /// The word in `preset:`.
    pub name: &'static str,
    /// The sender's own name.
    pub title: &'static str,
    /// What to know when setting it up.
    pub doc: &'static str,
    /// How deliveries are verified, in a sentence.
    pub verified: &'static str,
    /// How often the sender tries, and when it gives up.
    pub retries: &'static str,
    /// Paths to the sender's id of an event, joined if several.
    pub id: &'static [&'static str],
    /// Path to the type.
    pub kind: &'static str,
    /// Path to a mark that says `true` or `live` for a real event; empty if the sender has none.
    pub live: &'static str,
    /// Where the person is.
    pub people: People,
    /// The types that the sender is known to send; empty if that is not known.
    pub events: &'static [&'static str],
    /// A usual delivery of each kind.
    pub samples: &'static [Sample],
    /// Whether it reports what happens in the account that our actions change, so that our own may come back.
    pub reports_account: bool,
    /// Within which equal bodies without an id are repeats, where the usual time would swallow true events.
    pub dedupe_s: Option<i64>,
    /// The scheme, with the source's settings.
    pub(super) scheme: fn(&Around) -> Box<dyn Scheme>,
    /// Deliveries of this sender that are true and still of no use.
    pub(super) refuse: Option<fn(&Value) -> Option<Refusal>>,
}

/// Where a sender says who an event is about.
#[derive(Clone, Copy)]
pub enum People {
    /// At these paths; the first row counts whose events hold the type.
    Rows(&'static [Row]),
    /// Where this finds it in the body.
    Finder(fn(&Value) -> Person),
}

/// Where the person stands in events of some types. Of several paths the first that leads to text counts.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// A type or a glob.
    pub events: &'static str,
    /// Paths to the address.
    pub email: &'static [&'static str],
    /// Paths to the given name.
    pub first_name: &'static [&'static str],
    /// Paths to the family name.
    pub last_name: &'static [&'static str],
    /// Paths to the whole name.
    pub name: &'static [&'static str],
    /// Paths to the phone number.
    pub phone: &'static [&'static str],
    /// Paths to the sender's own ids, by kind.
    pub ids: &'static [(&'static str, &'static [&'static str])],
}

impl Row {
    /// Of all events, and nothing said.
    pub(super) const NONE: Self = Self {
        events: "*",
        email: &[],
        first_name: &[],
        last_name: &[],
        name: &[],
        phone: &[],
        ids: &[],
    };
}

/// A body as the sender makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// The event's type.
    pub kind: &'static str,
    /// How the body is written.
    pub content_type: &'static str,
    /// The body.
    pub body: &'static str,
}

impl fmt::Debug for Preset {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "Preset({})", self.name)
    }
}

/// The preset of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name).copied()
}

/// The sample of this preset and type: `stripe`, `invoice.paid`.
#[must_use]
pub fn sample(preset: &str, kind: &str) -> Option<&'static Sample> {
    let samples = find(preset)?.samples;
    samples.iter().find(|sample| sample.kind == kind)
}

/// The name, known now or later, that was probably meant.
pub(super) fn near(word: &str) -> Option<&'static str> {
    let now = PRESETS.iter().map(|preset| preset.name);
    nearest(word, now.chain(LATER.iter().map(|(name, _)| *name)))
}
