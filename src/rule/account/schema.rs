//! The input schema of an action that the account offers: which inputs it takes. Keywords that are not known here are passed over.

use serde_json::{Map, Value};

use super::Look;
use super::shape::Misfit;
use crate::account::{Account, OfferedAction};
use crate::action::Catalog;
use crate::problem::{Problem, Span, nearest};
use crate::rule::fields::{Fields, counterpart};

/// The account's actions that say nothing of their inputs, though they have some: the built-in table judges those.
#[must_use]
pub fn without_schema<'a>(account: &'a Account, catalog: &Catalog) -> Vec<&'a str> {
    let takes_something = |key: &str| {
        let spec = catalog.get(key);
        spec.is_some_and(|spec| !spec.fields.is_empty())
    };
    let offered = account.actions.iter().flatten();
    let mute = offered.filter(|action| Schema::of(action).is_none());
    mute.map(|action| &*action.key)
        .filter(|key| takes_something(key))
        .collect()
}

/// What an account's own action says of its input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schema<'a> {
    whole: &'a Value,
    properties: &'a Map<String, Value>,
}

impl<'a> Schema<'a> {
    /// The schema of this action; `None` when it says nothing of its inputs.
    pub(crate) fn of(action: &'a OfferedAction) -> Option<Self> {
        let whole = &action.input_schema;
        let properties = whole.get("properties")?.as_object()?;
        (!properties.is_empty()).then_some(Self { whole, properties })
    }

    /// What it says of this input; of one that it leaves to the caller, nothing in particular.
    pub(crate) fn property(&self, name: &str) -> Option<&'a Value> {
        let others = self.whole.get("additionalProperties");
        let others = others.filter(|others| others.as_bool().unwrap_or_else(|| others.is_object()));
        self.properties.get(name).or(others)
    }

    /// The inputs it names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.properties.keys().map(String::as_str)
    }

    /// The inputs that it demands.
    pub(super) fn required(&self) -> impl Iterator<Item = &'a str> {
        let listed = self.whole.get("required").and_then(Value::as_array);
        listed.into_iter().flatten().filter_map(Value::as_str)
    }
}

impl Look<'_> {
    /// The step's input, where the account's own action says what it takes.
    pub(super) fn inputs(&mut self) {
        let step = self.step;
        let account = self.account;
        let (Some(fields), Some(verb)) = (step.kind.fields(), step.kind.calls().last().copied())
        else {
            return;
        };
        let Some(schema) = account.action(verb).and_then(Schema::of) else {
            return;
        };
        for given in &fields.given {
            let Some(property) = schema.property(&given.name) else {
                self.no_input(verb, schema, given.key_span, &given.name);
                continue;
            };
            for Misfit { at, span, why } in given.misfits(property) {
                let help = match told(property) {
                    Some(told) => format!("`{}`: {told}", given.name),
                    None => format!("the action's schema says so: `kartwheel actions show {verb}`"),
                };
                self.note("K0503", span, format!("`{at}` {why}"), help);
            }
        }
        if fields.is_whole {
            self.lacking(verb, schema, fields);
        }
    }

    pub(super) fn no_input(&mut self, verb: &str, schema: Schema<'_>, span: Span, name: &str) {
        let message = format!(
            "`{verb}` of connection `{}` has no input `{name}`, and it would be dropped without a word",
            self.connection
        );
        let help = match nearest(name, schema.names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}", schema.names().collect::<Vec<_>>().join(", ")),
        };
        self.note("K0501", span, message, help);
    }

    /// What the action demands, and the lead, which has two names of which no schema can say that one is enough.
    fn lacking(&mut self, verb: &str, schema: Schema<'_>, fields: &Fields) {
        let (span, connection) = (self.step.verb_span, self.connection);
        if let Some((one, other)) = unnamed(schema, fields) {
            let message =
                format!("`{verb}` of connection `{connection}` needs `{one}` (or `{other}`)");
            let problem = Problem::error("K0502", self.source, span, message);
            // No account can do without: nobody would be meant.
            self.problems
                .push(problem.help(format!("add `{one}:` under `{verb}`")));
        }
        let lacking: Vec<&str> = schema.required().filter(|name| !fields.has(name)).collect();
        let Some(first) = lacking.first() else {
            return;
        };
        let help = match schema.property(first).and_then(told) {
            Some(told) => format!("`{first}`: {told}"),
            None => format!("add `{first}:` under `{verb}`"),
        };
        let names: Vec<String> = lacking.iter().map(|name| format!("`{name}`")).collect();
        let message = format!(
            "`{verb}` of connection `{connection}` needs {}",
            names.join(" and ")
        );
        self.note("K0502", span, message, help);
    }
}

/// A pair of inputs that the action has, of which one is enough and neither is given.
fn unnamed(schema: Schema<'_>, fields: &Fields) -> Option<(&'static str, &'static str)> {
    let pair = |name: &'static str| {
        let other = counterpart(name)?;
        let both = schema.properties.contains_key(name) && schema.properties.contains_key(other);
        let demanded = schema
            .required()
            .any(|required| required == name || required == other);
        let neither = !fields.has(name) && !fields.has(other);
        (both && neither && !demanded).then_some((name, other))
    };
    ["email", "transaction_id"].into_iter().find_map(pair)
}

/// The schema's own words for a person.
fn told(property: &Value) -> Option<&str> {
    let words = |key: &str| {
        property
            .get(key)?
            .as_str()
            .filter(|text| !text.trim().is_empty())
    };
    words("description").or_else(|| words("title"))
}
