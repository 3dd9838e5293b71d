//! An input held against a schema: the one judgement, of a rule's step and of an input that a person sends by hand.
//!
//! Membrane drops what a schema does not name without a word, so that is said here. A number may come as a text. Keywords and types
//! that are not known here say nothing.

#[cfg(test)]
mod tests;

use std::fmt::Write;

use serde_json::{Map, Value};

use super::written::Written;
use crate::problem::nearest;
use crate::rule::expr::describe;
use crate::rule::fields::counterpart;

/// Objects inside objects are looked into this deep.
const DEPTH_MAX: usize = 16;
/// Names or choices that are told at most.
const NAMES_MAX: usize = 8;
/// A value that is told has so many characters at most.
const VALUE_CHARS_MAX: usize = 40;

/// One step of the way into an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// The field of a map.
    Name(String),
    /// The member of a list, from 0.
    At(usize),
}

/// Something of an input that the schema does not take.
#[derive(Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Where; empty: the input as a whole.
    pub place: Vec<Part>,
    /// What is wrong there.
    pub what: What,
    /// What to write instead, where that is known.
    pub help: Option<String>,
}

/// What does not fit.
#[derive(Debug, PartialEq, Eq)]
pub enum What {
    /// The value is of another type, or none of the choices.
    Value(String),
    /// A field of this name is demanded, and not there.
    Missing(String),
    /// One of the two is needed, of which no schema can say that one is enough.
    Either(&'static str, &'static str),
    /// The place itself is not in the schema.
    Unknown,
}

/// Everything of an input that the schema of an action does not take.
#[must_use]
pub fn misfits(input: &Written, schema: &Value) -> Vec<Misfit> {
    let mut judge = Judge {
        place: Vec::new(),
        found: Vec::new(),
    };
    if let Written::Map(fields) = input {
        judge.pair(fields, schema);
    }
    judge.look(input, schema);
    judge.found
}

impl Misfit {
    /// What is wrong, for a person.
    #[must_use]
    pub fn message(&self) -> String {
        let at = shown_place(&self.place);
        match &self.what {
            What::Value(why) if self.place.is_empty() => format!("the input {why}"),
            What::Value(why) => format!("`{at}` {why}"),
            What::Missing(name) if self.place.is_empty() => format!("`{name}` is missing"),
            What::Missing(name) => format!("`{at}` needs `{name}`"),
            What::Either(one, other) => format!("`{one}` (or `{other}`) is missing"),
            What::Unknown => {
                format!("`{at}` is no field of the action, and would be dropped without a word")
            }
        }
    }
}

/// `custom_fields[0].field_value`.
fn shown_place(place: &[Part]) -> String {
    let mut shown = String::new();
    for part in place {
        match part {
            Part::At(number) => {
                let _ = write!(shown, "[{number}]");
            }
            Part::Name(name) if shown.is_empty() => shown.push_str(name),
            Part::Name(name) => {
                shown.push('.');
                shown.push_str(name);
            }
        }
    }
    shown
}

struct Judge {
    place: Vec<Part>,
    found: Vec<Misfit>,
}

impl Judge {
    fn note(&mut self, what: What, help: Option<String>) {
        self.found.push(Misfit {
            place: self.place.clone(),
            what,
            help,
        });
    }

    /// The lead or the transaction, which has two names.
    fn pair(&mut self, fields: &[(String, Written)], schema: &Value) {
        let Some(known) = schema.get("properties").and_then(Value::as_object) else {
            return;
        };
        let lacks = |name: &str| {
            let is_there = fields
                .iter()
                .any(|(given, value)| given == name && !value.is_blank());
            known.contains_key(name) && !is_there && !required(schema).any(|one| one == name)
        };
        let pair = |one: &'static str| {
            let other = counterpart(one)?;
            (lacks(one) && lacks(other)).then_some((one, other))
        };
        if let Some((one, other)) = ["email", "transaction_id"].into_iter().find_map(pair) {
            self.note(What::Either(one, other), None);
        }
    }

    fn look(&mut self, value: &Written, schema: &Value) {
        let found = match value {
            Written::Later => return,
            Written::One(one) => return self.one(one, schema),
            _ if self.place.len() > DEPTH_MAX => return,
            Written::List(_) if !allows(schema, "array") => "a list",
            Written::Map(_) if !allows(schema, "object") => "a map",
            Written::List(members) => {
                for (number, member) in members.iter().enumerate() {
                    if let Some(items) = schema.get("items") {
                        self.inside(Part::At(number), member, items);
                    }
                }
                return;
            }
            Written::Map(fields) => return self.fields(fields, schema),
        };
        self.note(What::Value(wanted(schema, found)), None);
    }

    fn inside(&mut self, part: Part, value: &Written, schema: &Value) {
        self.place.push(part);
        self.look(value, schema);
        self.place.pop();
    }

    fn fields(&mut self, fields: &[(String, Written)], schema: &Value) {
        let known = schema.get("properties").and_then(Value::as_object);
        let property = |name: &str| known.and_then(|known| known.get(name));
        for name in required(schema) {
            let given = fields.iter().find(|(given, _)| given == name);
            if self.place.is_empty() && given.is_some_and(|(_, value)| value.is_blank()) {
                self.place.push(Part::Name(name.to_owned()));
                self.note(What::Value("is empty".to_owned()), None);
                self.place.pop();
            }
            if given.is_none() {
                let help = property(name)
                    .and_then(told)
                    .map(|told| format!("`{name}`: {told}"));
                self.note(What::Missing(name.to_owned()), help);
            }
        }
        let Some(known) = known else {
            return;
        };
        let others = others(schema);
        for (name, value) in fields {
            let part = Part::Name(name.clone());
            match known.get(name).or(others) {
                Some(property) => self.inside(part, value, property),
                None => {
                    self.place.push(part);
                    self.note(What::Unknown, Some(instead(name, known)));
                    self.place.pop();
                }
            }
        }
    }

    fn one(&mut self, value: &Value, schema: &Value) {
        let text = shown(value);
        let fits = match value {
            Value::String(_) => {
                let number = text.trim();
                allows(schema, "string")
                    || (allows(schema, "integer") && number.parse::<i64>().is_ok())
                    || (allows(schema, "number") && number.parse::<f64>().is_ok_and(f64::is_finite))
            }
            Value::Number(_) => {
                allows(schema, "number") || (allows(schema, "integer") && is_whole(value))
            }
            Value::Bool(_) => allows(schema, "boolean"),
            _ => allows(schema, "null"),
        };
        if !fits {
            let quotes = value.is_number() && types(schema).contains(&"string");
            let help = quotes.then(|| "put it in quotes".to_owned());
            let found = match value {
                Value::Number(_) if !is_whole(value) => "one with a fraction",
                _ => describe(value),
            };
            return self.note(What::Value(wanted(schema, found)), help);
        }
        let Some(choices) = schema.get("enum").and_then(Value::as_array) else {
            return;
        };
        let choices: Vec<String> = choices.iter().map(shown).collect();
        if !choices.contains(&text) {
            let meant = nearest(&text, choices.iter().map(String::as_str));
            let help = meant.map(|meant| format!("did you mean `{meant}`?"));
            let why = format!(
                "is one of {}, not `{}`",
                listed(choices.iter().map(String::as_str)),
                cut(&text)
            );
            self.note(What::Value(why), help);
        }
    }
}

/// The fields that a schema demands.
pub(super) fn required(schema: &Value) -> impl Iterator<Item = &str> {
    let listed = schema.get("required").and_then(Value::as_array);
    listed.into_iter().flatten().filter_map(Value::as_str)
}

/// What a schema says of the fields that it leaves to the caller; `None` where it leaves none.
pub(super) fn others(schema: &Value) -> Option<&Value> {
    let others = schema.get("additionalProperties")?;
    let leaves = others.as_bool().unwrap_or_else(|| others.is_object());
    leaves.then_some(others)
}

/// What to write instead of a field that is not there.
pub(super) fn instead(name: &str, known: &Map<String, Value>) -> String {
    match meant(name, known) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if known.is_empty() => "it takes none".to_owned(),
        None => format!("it has {}", listed(known.keys().map(String::as_str))),
    }
}

/// The field that was meant: the same but for case and what stands between its words, or the nearest.
fn meant<'k>(name: &str, known: &'k Map<String, Value>) -> Option<&'k str> {
    let plain = |name: &str| {
        let letters = name.chars().filter(|letter| letter.is_alphanumeric());
        letters.collect::<String>().to_lowercase()
    };
    let mut names = known.keys().map(String::as_str);
    names
        .find(|key| plain(key) == plain(name))
        .or_else(|| nearest(name, known.keys().map(String::as_str)))
}

/// The schema's own words for a person.
pub(super) fn told(property: &Value) -> Option<&str> {
    let words = |key: &str| {
        let text = property.get(key)?.as_str()?;
        (!text.trim().is_empty()).then_some(text)
    };
    words("description").or_else(|| words("title"))
}

fn is_whole(number: &Value) -> bool {
    number.is_i64()
        || number.is_u64()
        || number.as_f64().is_some_and(|number| number.fract() == 0.0)
}

/// The types that a schema names; none means any.
fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn allows(schema: &Value, name: &str) -> bool {
    let types = types(schema);
    types.is_empty()
        || types
            .iter()
            .any(|kind| *kind == name || word(kind).is_none())
}

/// `must be a text, and is a number`.
fn wanted(schema: &Value, found: &str) -> String {
    let words: Vec<&str> = types(schema).into_iter().filter_map(word).collect();
    format!("must be {}, and is {found}", words.join(" or "))
}

fn word(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "string" => "a text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a map",
        "null" => "null",
        _ => return None,
    })
}

fn shown(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn cut(text: &str) -> String {
    let short: String = text.chars().take(VALUE_CHARS_MAX).collect();
    if short.len() < text.len() {
        format!("{short}…")
    } else {
        short
    }
}

fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let mut shown: Vec<String> = names
        .take(NAMES_MAX + 1)
        .map(|name| format!("`{}`", cut(name)))
        .collect();
    if shown.len() > NAMES_MAX {
        shown[NAMES_MAX] = "…".to_owned();
    }
    shown.join(", ")
}
