//! The input of an action: its fields by the catalogue, checked when the rule is read and again when it runs.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::action::{Field, FieldType};
use crate::problem::nearest;
use crate::rule::RuleError;
use crate::rule::expr::{Shape, describe};
use crate::rule::parse::Parser;
use crate::rule::template::Scope;
use crate::rule::words;
use crate::yaml::Entry;

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
    known: &'static [Field],
    given: Vec<Given>,
    place: Arc<str>,
}

#[derive(Debug)]
struct Given {
    field: &'static Field,
    shape: Shape,
    place: Arc<str>,
}

impl Fields {
    /// Reads the value of a verb; notes unknown, missing and wrong fields.
    pub(crate) fn parse(
        parser: &mut Parser<'_>,
        verb: &Entry,
        known: &'static [Field],
    ) -> Option<Self> {
        let before = parser.reader.errors();
        let entries = match (verb.value.as_map(), verb.value.is_null()) {
            (Some(entries), _) => entries,
            (None, true) => &[],
            (None, false) => {
                let what = format!("the input of `{}` is a map", verb.key);
                parser.reader.wrong_type(&verb.value, &what);
                return None;
            }
        };
        let mut given = Vec::new();
        for entry in entries {
            let field = known.iter().find(|field| field.name == &*entry.key);
            match field {
                Some(field) => given.extend(value(parser, field, entry)),
                None => unknown(parser, verb, entry, known),
            }
        }
        missing(parser, verb, entries, known);
        (parser.reader.errors() == before).then(|| Self {
            known,
            given,
            place: parser.place(verb.key_span),
        })
    }

    /// Computes the input. A field that is null is left out.
    pub(crate) fn render(&self, scope: &Scope<'_>) -> Result<Map<String, Value>, RuleError> {
        let mut input = Map::new();
        for given in &self.given {
            let value = given.shape.render(scope)?;
            match fit(given.field, value) {
                Ok(Value::Null) => {}
                Ok(value) => {
                    input.insert(given.field.name.to_owned(), value);
                }
                Err(why) => {
                    let message = format!("`{}` {why}", given.field.name);
                    return Err(RuleError::new(message, &given.place));
                }
            }
        }
        for field in self.known.iter().filter(|field| field.required) {
            let other = alternative(field.name);
            if !input.contains_key(field.name)
                && !other.is_some_and(|other| input.contains_key(other))
            {
                let given = self
                    .given
                    .iter()
                    .find(|given| given.field.name == field.name);
                let place = given.map_or(&self.place, |given| &given.place);
                return Err(RuleError::new(format!("`{}` is null", field.name), place));
            }
        }
        Ok(input)
    }
}

fn value(parser: &mut Parser<'_>, field: &'static Field, entry: &Entry) -> Option<Given> {
    let node = &entry.value;
    let code = if field.name == AMOUNT {
        "K0504"
    } else {
        "K0503"
    };
    let shape = match field.kind {
        FieldType::Text if node.is_scalar() && !node.is_null() => parser.text_shape(node),
        _ => parser.shape(node),
    }?;
    if let Shape::Fixed(fixed) = &shape {
        let fitting = match fit(field, fixed.clone()) {
            Ok(Value::Null) => Err("is empty".to_owned()),
            other => other,
        };
        if let Err(why) = fitting {
            let help = if field.name == AMOUNT {
                "write how much, such as `29.00`, or `full: true` beside the verb for all of it"
                    .to_owned()
            } else if node.is_null() {
                "write its value, or leave the field out".to_owned()
            } else {
                format!("`{}`: {}", field.name, field.doc)
            };
            let is_absent = node.is_null() && node.raw.is_empty();
            let span = if is_absent { entry.key_span } else { node.span };
            parser
                .reader
                .error_help(code, span, format!("`{}` {why}", field.name), help);
        }
    } else if let (Shape::List(_) | Shape::Map(_), false) =
        (&shape, field.kind == FieldType::Structure)
    {
        let message = format!(
            "`{}` {}, and is {}",
            field.name,
            wanted(field.kind),
            node.kind_name()
        );
        parser.reader.error(code, node.span, message);
    }
    Some(Given {
        field,
        shape,
        place: parser.place(node.span),
    })
}

/// The value as the field takes it, or why it does not. Null stays null.
fn fit(field: &Field, value: Value) -> Result<Value, String> {
    let value = match (field.kind, value) {
        (_, Value::Null) if field.name == AMOUNT => return Err("is empty".to_owned()),
        (_, Value::Null) => return Ok(Value::Null),
        (_, Value::String(text))
            if text.trim().is_empty() && (field.required || field.name == AMOUNT) =>
        {
            return Err("is empty".to_owned());
        }
        (FieldType::Text, Value::Number(number)) => Value::String(number.to_string()),
        (FieldType::Text, Value::Bool(flag)) => Value::String(flag.to_string()),
        (FieldType::Text | FieldType::Any, value @ Value::String(_))
        | (FieldType::Any, value @ Value::Number(_))
        | (FieldType::Structure, value @ (Value::Array(_) | Value::Object(_))) => value,
        (FieldType::Integer | FieldType::Number, value) if is_number(&value, field.kind) => value,
        (kind, value) => return Err(format!("{}, and is {}", wanted(kind), describe(&value))),
    };
    if field.name == AMOUNT && amount(&value).is_none_or(|amount| amount <= 0.0) {
        return Err("must be above zero: Kartra takes anything else for the whole sum".to_owned());
    }
    Ok(value)
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

fn amount(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
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

fn alternative(name: &str) -> Option<&'static str> {
    let found = ALTERNATIVES.iter().find(|(field, _)| *field == name);
    found.map(|(_, other)| *other)
}

fn unknown(parser: &mut Parser<'_>, verb: &Entry, entry: &Entry, known: &[Field]) {
    let names = || known.iter().map(|field| field.name);
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
        None if known.is_empty() => format!("`{}` takes no input", verb.key),
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
    // A word of another system or a slip of the pen is reported as such.
    let has = |name: &str| {
        entries.iter().any(|entry| {
            &*entry.key == name
                || words::INPUT_FOREIGN.contains(&(&entry.key, name))
                || (known.iter().all(|field| field.name != &*entry.key)
                    && nearest(&entry.key, known.iter().map(|field| field.name)) == Some(name))
        })
    };
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
