//! Presets: what is known of a sender, as data, so that setting it up is one line.
//!
//! To add a sender: one file with a `static` [`Preset`], its sample bodies under `samples/`, and two lines here. The tests over the
//! list then compile its paths, sign and read every sample, and expect a type and an id.

mod activecampaign;
mod acuity;
mod braintree;
mod cal_com;
mod calendly;
mod dropbox;
mod eventbrite;
mod github;
mod google_forms;
mod gumroad;
mod hotmart;
mod jotform;
mod kartra;
mod kartra_ipn;
mod kit;
mod kit_legacy;
mod lemon_squeezy;
mod mailchimp;
mod mandrill;
mod meta;
mod paddle;
mod paddle_classic;
mod paypal;
mod paypal_ipn;
mod podia;
mod samcart;
mod shopify;
mod slack;
mod square;
mod standard_webhooks;
mod stripe;
mod svix;
mod tally;
mod teachable;
#[cfg(test)]
mod tests;
mod thrivecart;
mod typeform;
mod woocommerce;
mod zoom;

use std::fmt;

use secrecy::SecretString;
use serde_json::Value;

use super::delivery::Request;
use super::json;
use super::settings::Around;
use super::signature::url_secret::UrlSecret;
use super::signature::{Refusal, Scheme};
use crate::event::Person;
use crate::problem::nearest;
use crate::rule::pattern::EventPattern;

/// All presets, by name.
pub static PRESETS: &[&Preset] = &[
    &activecampaign::PRESET,
    &acuity::PRESET,
    &braintree::PRESET,
    &cal_com::PRESET,
    &calendly::PRESET,
    &dropbox::PRESET,
    &eventbrite::PRESET,
    &github::PRESET,
    &google_forms::PRESET,
    &gumroad::PRESET,
    &hotmart::PRESET,
    &jotform::PRESET,
    &kartra::PRESET,
    &kartra_ipn::PRESET,
    &kit::PRESET,
    &kit_legacy::PRESET,
    &lemon_squeezy::PRESET,
    &mailchimp::PRESET,
    &mandrill::PRESET,
    &meta::PRESET,
    &paddle::PRESET,
    &paddle_classic::PRESET,
    &paypal::PRESET,
    &paypal_ipn::PRESET,
    &podia::PRESET,
    &samcart::PRESET,
    &shopify::PRESET,
    &slack::PRESET,
    &square::PRESET,
    &standard_webhooks::PRESET,
    &stripe::PRESET,
    &svix::PRESET,
    &tally::PRESET,
    &teachable::PRESET,
    &thrivecart::PRESET,
    &typeform::PRESET,
    &woocommerce::PRESET,
    &zoom::PRESET,
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
    /// From which outage of ours on its events are lost for good.
    pub lost_after: &'static str,
    /// Which questions of the sender's are answered without an event, in a phrase or two; empty if it asks none.
    pub handshakes: &'static str,
    /// Whether events only point to their content, so that rules see neither person nor order.
    pub thin: bool,
    /// Paths to the sender's id of an event: the first row counts all of whose paths lead to text, which are joined.
    pub id: &'static [&'static [&'static str]],
    /// Paths to the type; the first counts that leads to text.
    pub kind: &'static [&'static str],
    /// The type, where it takes more than paths to tell: of `{"body": …, "headers": …, "query": …}`.
    pub kind_of: Option<fn(&Value) -> Option<String>>,
    /// How the sender marks its test mode.
    pub live: Live,
    /// Where the person is.
    pub people: People,
    /// The types that the sender is known to send; empty if that is not known.
    pub events: &'static [&'static str],
    /// A usual delivery of each kind.
    pub samples: &'static [Sample],
    /// Whether it reports what happens in the account that our actions change, so that our own may come back.
    pub reports_account: bool,
    /// Types of events that the account shows, so that `trust: lookup` can prove them.
    pub provable: &'static [&'static str],
    /// Within which equal bodies without an id are repeats, where the usual time would swallow true events.
    pub dedupe_s: Option<i64>,
    /// Settings of a source that this preset takes beside those that every source has.
    pub settings: &'static [&'static str],
    /// What a source writes where a secret is not what it needs; empty if it is.
    pub instead_of_secret: &'static str,
    /// Fields of the body, each as names from `$.body` on, that hold secrets.
    pub secret_fields: &'static [&'static [&'static str]],
    /// The field of a form that names its character set; empty if there is none.
    pub charset_field: &'static str,
    /// The scheme, with the source's settings.
    pub(super) scheme: fn(&Around) -> Result<Box<dyn Scheme>, Lack>,
    /// What to make of a body: events as they are to be seen. The refusal of what is true and still of no use.
    pub(super) unfold: Option<fn(Value) -> Result<Unfolded, Refusal>>,
    /// Answers a request that carries no proof and asks for nothing else.
    pub(super) greet: Option<fn(&Request<'_>, &Keys<'_>) -> Option<Answer>>,
    /// Answers a verified delivery that is a question and no event: of `{"body": …, "headers": …, "query": …}`.
    pub(super) answer: Option<fn(&Value, &Keys<'_>) -> Option<Answer>>,
}

impl Preset {
    /// Nothing known: what the files of presets begin from.
    pub(super) const NEW: Self = Self {
        name: "",
        title: "",
        doc: "",
        verified: "",
        retries: "",
        lost_after: "",
        handshakes: "",
        thin: false,
        id: &[],
        kind: &[],
        kind_of: None,
        live: Live::Unmarked,
        people: People::Rows(&[]),
        events: &[],
        samples: &[],
        reports_account: false,
        provable: &[],
        dedupe_s: None,
        settings: &[],
        instead_of_secret: "",
        secret_fields: &[],
        charset_field: "",
        scheme: |_| Ok(Box::new(UrlSecret)),
        unfold: None,
        greet: None,
        answer: None,
    };
}

impl Preset {
    /// Whether events of this type hold no address, nor an id that comes with one in another event.
    #[must_use]
    pub fn lacks_address(&self, kind: &str) -> bool {
        let People::Rows(rows) = self.people else {
            return false;
        };
        if rows.is_empty() {
            return false;
        }
        let holds =
            |row: &&Row| EventPattern::parse(row.events).is_ok_and(|pattern| pattern.matches(kind));
        let Some(row) = rows.iter().find(holds) else {
            return true;
        };
        let bring = |id: &str| {
            rows.iter()
                .any(|row| !row.email.is_empty() && row.ids.iter().any(|(other, _)| *other == id))
        };
        row.email.is_empty() && !row.ids.iter().any(|(id, _)| bring(id))
    }
}

/// How a sender marks events of its test mode.
#[derive(Debug, Clone, Copy)]
pub enum Live {
    /// Not in the event.
    Unmarked,
    /// This path leads to `true`, `live` or `production` for a real event.
    At(&'static str),
    /// One of these paths leads to `true` or `1` for a test; nothing there is a real event.
    TestAt(&'static [&'static str]),
}

/// What a body turned out to hold.
#[derive(Debug)]
pub(super) enum Unfolded {
    /// One event, as it came.
    AsIs(Value),
    /// Events that stand in it, or were written in another way; each is kept as JSON.
    Anew(Vec<Value>),
}

/// A setting that a preset cannot do without.
#[derive(Debug)]
pub(super) struct Lack {
    /// The setting.
    pub(super) key: &'static str,
    /// What is wrong with it.
    pub(super) message: String,
    /// What to write.
    pub(super) help: &'static str,
}

/// What a handshake may use.
pub(super) struct Keys<'k> {
    /// The source's secrets.
    pub(super) secrets: &'k [SecretString],
    /// Its settings.
    pub(super) around: &'k Around,
}

/// The answer to a question of a sender's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// What kind of question.
    pub(super) kind: &'static str,
    /// The status.
    pub(super) status: u16,
    /// Whether the body is JSON; else it is plain text.
    pub(super) is_json: bool,
    /// The body.
    pub(super) body: String,
}

impl Answer {
    /// 200 with this text.
    pub(super) fn text(kind: &'static str, body: impl Into<String>) -> Self {
        Self {
            kind,
            status: 200,
            is_json: false,
            body: body.into(),
        }
    }

    /// 200 with this value.
    pub(super) fn json(kind: &'static str, body: &Value) -> Self {
        Self {
            is_json: true,
            ..Self::text(kind, body.to_string())
        }
    }
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
    /// Headers that belong to it, names in lower case.
    pub headers: &'static [(&'static str, &'static str)],
    /// The body.
    pub body: &'static str,
}

impl Sample {
    /// A JSON body.
    pub(super) const fn json(kind: &'static str, body: &'static str) -> Self {
        Self {
            kind,
            content_type: "application/json",
            headers: &[],
            body,
        }
    }

    /// A form.
    pub(super) const fn form(kind: &'static str, body: &'static str) -> Self {
        Self {
            content_type: "application/x-www-form-urlencoded",
            ..Self::json(kind, body)
        }
    }

    /// The same with headers.
    pub(super) const fn with(self, headers: &'static [(&'static str, &'static str)]) -> Self {
        Self { headers, ..self }
    }
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

/// The body in the field `payload` of a form, where senders let their users choose between JSON and forms.
fn payload(body: Value) -> Unfolded {
    let inner = body.get("payload").and_then(Value::as_str);
    match inner.map(|text| json::parse(text.as_bytes())) {
        Some(Ok(inner)) => Unfolded::Anew(vec![inner]),
        _ => Unfolded::AsIs(body),
    }
}

/// The name that was probably meant.
pub(super) fn near(word: &str) -> Option<&'static str> {
    nearest(word, PRESETS.iter().map(|preset| preset.name))
}
