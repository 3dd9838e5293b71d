//! The input of an action: its fields by the catalogue, checked when the rule is read and again when it runs.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::action::{ActionSpec, Field, FieldType, WANTED_AMOUNT, amount};
use crate::problem::{Span, nearest};
use crate::rule::RuleError;
use crate::rule::account::Schema;
use crate::rule::expr::{Shape, describe};
use crate::rule::parse::Parser;
use crate::rule::step::Part;
use crate::rule::template::Scope;
use crate::rule::words;
use crate::yaml::{Entry, Node};

/// A field that is not needed when its neighbour is given.
const ALTERNATIVES: &[(&str, &str)] = &[
    ("email", "id"),
    ("transaction_id", "transaction_internal_subscription_id"),
];
/// The amount of a refund: empty or zero would be the whole sum to Kartra.
pub(crate) const AMOUNT: &str = "refund_amount";

/// The fields that a rule gives.
#[derive(Debug)]
pub(crate) struct Fields {
    pub(crate) given: Vec<Given>,
}

/// One field that a rule gives.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) name: Arc<str>,
    /// By the built-in table; `None`: it does not have this field, and the account's own action does.
    kind: Option<FieldType>,
    is_required: bool,
    is_amount: bool,
    pub(crate) shape: Shape,
    /// The value as it stands in the file.
    pub(crate) node: Node,
    pub(crate) key_span: Span,
    place: Arc<str>,
}

/// Which names an action takes, as far as that can be known.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Known<'a> {
    /// Those of the built-in table.
    Table,
    /// Those of the account's own action. What it lacks is said where accounts are checked.
    Account(Schema<'a>),
    /// They were checked when the rule was taken in.
    Settled,
}

impl Fields {
    /// Reads the value of a verb; notes unknown, missing and wrong fields.
    pub(crate) fn parse(
        parser: &mut Parser<'_>,
        part: &Part<'_>,
        spec: &'static ActionSpec,
    ) -> Option<Self> {
        let verb = part.verb;
        let entries = match (verb.value.as_map(), verb.value.is_null()) {
            (Some(entries), _) => entries,
            (None, true) => &[],
            (None, false) => {
                let what = format!("the input of `{}` is a map", verb.key);
                parser.reader.wrong_type(&verb.value, &what);
                return None;
            }
        };
        let known = parser.known_inputs(part.step, spec.key);
        let mut fields = Self { given: Vec::new() };
        for entry in entries {
            let field = spec.fields.iter().find(|field| field.name == &*entry.key);
            let is_free = match known {
                Known::Table => false,
                Known::Account(schema) => schema.property(&entry.key).is_some(),
                Known::Settled => true,
            };
            if field.is_some() || is_free {
                fields.given.extend(value(parser, spec, field, entry));
            } else {
                unknown(parser, verb, entry, spec.fields, known);
            }
        }
        if matches!(known, Known::Table) {
            missing(parser, verb, entries, spec.fields);
        }
        Some(fields)
    }

    /// Whether a field of this name is given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.given.iter().any(|given| &*given.name == name)
    }

    /// Computes the input. A field that is null is left out, unless the action cannot do without it.
    pub(crate) fn render(&self, scope: &Scope<'_>) -> Result<Map<String, Value>, RuleError> {
        let mut input = Map::new();
        for given in &self.given {
            let value = given.shape.render(scope)?;
            match given.fit(value) {
                Ok(Value::Null) => {}
                Ok(value) => {
                    input.insert(given.name.to_string(), value);
                }
                Err(why) => {
                    let message = format!("`{}` {why}", given.name);
                    return Err(RuleError::new(message, &given.place));
                }
            }
        }
        for given in &self.given {
            let other = counterpart(&given.name);
            let is_needed = given.is_required || other.is_some();
            if is_needed
                && !input.contains_key(&*given.name)
                && !other.is_some_and(|other| input.contains_key(other))
            {
                let message = format!("`{}` is null", given.name);
                return Err(RuleError::new(message, &given.place));
            }
        }
        Ok(input)
    }
}

impl Given {
    /// The value as the field takes it, or why it does not. Null stays null.
    pub(crate) fn fit(&self, value: Value) -> Result<Value, String> {
        let kind = match self.kind {
            None if self.is_amount => FieldType::Number,
            None => return Ok(value),
            Some(kind) => kind,
        };
        let value = match (kind, value) {
            (_, Value::Null) if self.is_amount => return Err("is empty".to_owned()),
            (_, Value::Null) => return Ok(Value::Null),
            (_, Value::String(text))
                if text.trim().is_empty() && (self.is_required || self.is_amount) =>
            {
                return Err("is empty".to_owned());
            }
            (FieldType::Text, Value::Number(number)) => Value::String(number.to_string()),
            (FieldType::Text, Value::Bool(flag)) => Value::String(flag.to_string()),
            (FieldType::Text | FieldType::Any, value @ Value::String(_))
            | (FieldType::Any, value @ Value::Number(_))
            | (FieldType::Structure, value @ (Value::Array(_) | Value::Object(_))) => value,
            (FieldType::Integer | FieldType::Number, value) if is_number(&value, kind) => value,
            (kind, value) => return Err(format!("{}, and is {}", wanted(kind), found(&value))),
        };
        if !self.is_amount {
            return Ok(value);
        }
        amount(&value).ok_or_else(|| {
            format!("must be {WANTED_AMOUNT}: what comes to nothing Kartra takes for the whole sum")
        })
    }
}

/// Whether this input of this verb is the amount of a refund. An account's own action may name it otherwise than the table.
pub(crate) fn is_amount(verb: &str, name: &str) -> bool {
    let plain = name.to_lowercase().replace(['_', '-', ' '], "");
    verb == "refund-transaction" && matches!(plain.as_str(), "amount" | "refundamount")
}

/// The other name of the pair of which one is enough.
pub(crate) fn counterpart(name: &str) -> Option<&'static str> {
    ALTERNATIVES.iter().find_map(|(one, other)| match name {
        name if name == *one => Some(*other),
        name if name == *other => Some(*one),
        _ => None,
    })
}

fn value(
    parser: &mut Parser<'_>,
    spec: &'static ActionSpec,
    field: Option<&'static Field>,
    entry: &Entry,
) -> Option<Given> {
    let node = &entry.value;
    let kind = field.map(|field| field.kind);
    let shape = match kind {
        Some(FieldType::Text) if node.is_scalar() && !node.is_null() => parser.text_shape(node),
        _ => parser.shape(node),
    }?;
    let given = Given {
        name: entry.key.clone(),
        kind,
        is_required: field.is_some_and(|field| field.required),
        is_amount: is_amount(spec.key, &entry.key),
        shape,
        node: node.clone(),
        key_span: entry.key_span,
        place: parser.place(node.span),
    };
    if let Some(fixed) = given.shape.constant() {
        let fitting = match given.fit(fixed) {
            Ok(Value::Null) => Err("is empty".to_owned()),
            other => other,
        };
        if let Err(why) = fitting {
            misfit(parser, &given, field, &why);
        }
    } else if let (Shape::List(_) | Shape::Map(_), Some(kind)) = (&given.shape, kind)
        && kind != FieldType::Structure
    {
        let name = &given.name;
        let message = format!("`{name}` {}, and is {}", wanted(kind), node.kind_name());
        parser.reader.error(given.code(), node.span, message);
    }
    Some(given)
}

impl Given {
    /// The text of a value that is the same for every event.
    pub(crate) fn constant_text(&self) -> Option<String> {
        match self.fit(self.shape.constant()?) {
            Ok(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    const fn code(&self) -> &'static str {
        if self.is_amount { "K0504" } else { "K0503" }
    }
}

/// Notes that a value that is always the same cannot be right.
fn misfit(parser: &mut Parser<'_>, given: &Given, field: Option<&Field>, why: &str) {
    let node = &given.node;
    let help = match field {
        _ if given.is_amount => {
            "write how much, such as `29.00`, or `full: true` beside the verb for all of it"
                .to_owned()
        }
        Some(field) if !node.is_null() => format!("`{}`: {}", field.name, field.doc),
        _ => "write its value, or leave the field out".to_owned(),
    };
    let is_absent = node.is_null() && node.raw.is_empty();
    let span = if is_absent { given.key_span } else { node.span };
    let message = format!("`{}` {why}", given.name);
    parser.reader.error_help(given.code(), span, message, help);
}

fn is_number(value: &Value, kind: FieldType) -> bool {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return false,
    };
    let digits = text.strip_prefix('-').unwrap_or(&text);
    let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_whole || (kind == FieldType::Number && text.parse::<f64>().is_ok_and(f64::is_finite))
}

/// What a value is that does not fit where a number may be wanted.
fn found(value: &Value) -> &'static str {
    match value {
        Value::Number(number) if number.as_f64().is_none_or(f64::is_infinite) => {
            "one that is too large"
        }
        Value::Number(number) if number.as_f64().is_some_and(|number| number.fract() != 0.0) => {
            "one with a fraction"
        }
        other => describe(other),
    }
}

const fn wanted(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Text => "must be a text",
        FieldType::Integer => "must be a whole number",
        FieldType::Number => "must be a number",
        FieldType::Any => "must be a number or a text",
        FieldType::Structure => "must be a list or a map",
    }
}

/// The name that will do instead of a required one.
fn alternative(name: &str) -> Option<&'static str> {
    let found = ALTERNATIVES.iter().find(|(field, _)| *field == name);
    found.map(|(_, other)| *other)
}

fn unknown(
    parser: &mut Parser<'_>,
    verb: &Entry,
    entry: &Entry,
    table: &[Field],
    known: Known<'_>,
) {
    let names: Vec<&str> = match known {
        Known::Account(schema) => schema.names().collect(),
        _ => table.iter().map(|field| field.name).collect(),
    };
    let names = || names.iter().copied();
    let ours = words::INPUT_FOREIGN
        .iter()
        .find(|(word, _)| *word == &*entry.key);
    if let Some((_, ours)) = ours
        && names().any(|name| name == *ours)
    {
        parser.reader.error_help(
            "K0102",
            entry.key_span,
            format!("`{}` is a word of other systems", entry.key),
            format!("here it is `{ours}`"),
        );
        return;
    }
    let help = match nearest(&entry.key, names()) {
        _ if words::STEP.contains(&&*entry.key) => {
            format!("`{}` stands beside the verb, not under it", entry.key)
        }
        Some(near) => format!("did you mean `{near}`?"),
        None if names().next().is_none() => format!("`{}` takes no input", verb.key),
        None => format!("it has {}", names().collect::<Vec<_>>().join(", ")),
    };
    parser.reader.error_help(
        "K0501",
        entry.key_span,
        format!("`{}` has no input `{}`", verb.key, entry.key),
        help,
    );
}

fn missing(parser: &mut Parser<'_>, verb: &Entry, entries: &[Entry], known: &[Field]) {
    // Whatever else stands there is told by itself, and may not have been meant for this.
    let has = |name: &str| entries.iter().any(|entry| &*entry.key == name);
    let lacking: Vec<&Field> = known
        .iter()
        .filter(|field| field.required && !has(field.name))
        .filter(|field| {
            let other = alternative(field.name);
            !other.is_some_and(|other| known.iter().any(|field| field.name == other) && has(other))
        })
        .collect();
    let Some(first) = lacking.first() else {
        return;
    };
    let names: Vec<String> = lacking
        .iter()
        .map(|field| match alternative(field.name) {
            Some(other) if known.iter().any(|field| field.name == other) => {
                format!("`{}` (or `{other}`)", field.name)
            }
            _ => format!("`{}`", field.name),
        })
        .collect();
    let help = if first.name == "email" {
        "add `email: ${{ person.email }}`, or wherever it is in what arrives".to_owned()
    } else {
        format!("`{}`: {}", first.name, first.doc)
    };
    let message = format!("`{}` needs {}", verb.key, names.join(" and "));
    parser
        .reader
        .error_help("K0502", verb.key_span, message, help);
}
