//! Custom fields: Kartra ignores an identifier that it does not know, without a word.

use serde_json::Value;

use super::name::likeness;
use super::used::plain;
use super::{Inventory, Look};
use crate::account::CustomField;
use crate::problem::{Span, nearest};
use crate::rule::expr::Shape;
use crate::rule::fields::Given;
use crate::yaml::Node;

/// One entry of `custom_fields` whose identifier does not depend on the event.
#[derive(Debug)]
pub(super) struct Named<'a> {
    pub identifier: String,
    pub span: Span,
    /// Its value, computed or not.
    value: Option<Part<'a>>,
}

/// A part of an input, and where it stands.
#[derive(Debug, Clone, Copy)]
enum Part<'a> {
    /// As the rule writes it, with something to compute in it.
    Written(&'a Shape, &'a Node),
    /// The same for every event. What is inside a constant stands where the constant is named.
    Known(&'a Value, Span),
}

impl<'a> Part<'a> {
    fn new(shape: &'a Shape, node: &'a Node) -> Self {
        let known = match shape {
            Shape::Fixed(value) => Some(value),
            Shape::Expr(expr) => expr.constant.as_ref(),
            Shape::List(_) | Shape::Map(_) => None,
        };
        known.map_or(Self::Written(shape, node), |value| {
            Self::Known(value, node.span)
        })
    }

    fn members(self) -> Option<Vec<Self>> {
        match self {
            Self::Written(Shape::List(members), node) => {
                let nodes = node.as_list()?;
                let pairs = members.iter().zip(nodes);
                Some(pairs.map(|(shape, node)| Self::new(shape, node)).collect())
            }
            Self::Known(Value::Array(members), span) => Some(
                members
                    .iter()
                    .map(|value| Self::Known(value, span))
                    .collect(),
            ),
            _ => None,
        }
    }

    fn get(self, name: &str) -> Option<Self> {
        match self {
            Self::Written(Shape::Map(entries), node) => {
                let (_, shape) = entries.iter().find(|(key, _)| key == name)?;
                Some(Self::new(shape, node.get(name)?))
            }
            Self::Known(value, span) => Some(Self::Known(value.get(name)?, span)),
            Self::Written(..) => None,
        }
    }

    const fn is_map(self) -> bool {
        matches!(
            self,
            Self::Written(Shape::Map(_), _) | Self::Known(Value::Object(_), _)
        )
    }

    const fn span(self) -> Span {
        match self {
            Self::Written(_, node) => node.span,
            Self::Known(_, span) => span,
        }
    }
}

/// What Kartra's kinds of fields hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    /// The id of one option.
    One,
    /// A list of ids.
    Several,
}

impl Given {
    /// The entries of `custom_fields` whose identifiers do not depend on the event; none of any other input.
    pub(super) fn custom_fields(&self) -> Vec<Named<'_>> {
        if plain(&self.name) != "customfields" {
            return Vec::new();
        }
        let members = Part::new(&self.shape, &self.node).members();
        members.into_iter().flatten().filter_map(named).collect()
    }
}

fn named(entry: Part<'_>) -> Option<Named<'_>> {
    let Part::Known(Value::String(identifier), span) = entry.get("field_identifier")? else {
        return None;
    };
    Some(Named {
        identifier: identifier.clone(),
        span,
        value: entry.get("field_value"),
    })
}

impl Look<'_> {
    /// The custom fields that the step writes.
    pub(super) fn custom_fields(&mut self) {
        let step = self.step;
        let account = self.account;
        let Some(known) = account.custom_fields.as_deref() else {
            return;
        };
        for given in step.kind.fields().map_or(&[][..], |fields| &fields.given) {
            for named in given.custom_fields() {
                match known
                    .iter()
                    .find(|field| field.identifier == named.identifier)
                {
                    Some(field) => self.value(field, &named),
                    None => self.no_field(&named),
                }
            }
        }
    }

    fn no_field(&mut self, named: &Named<'_>) {
        let kind = Inventory::CustomFields;
        let known = kind.names(self.account).unwrap_or_default();
        let help = likeness(&named.identifier, &known).help(known.len(), kind.plural(known.len()));
        let message = format!(
            "the account of connection `{}` has no custom field `{}`, and Kartra ignores an unknown one without a word",
            self.connection, named.identifier
        );
        self.note("K0802", named.span, message, help);
    }

    /// A field with options takes ids of them.
    fn value(&mut self, field: &CustomField, named: &Named<'_>) {
        let choice = match field.kind.as_str() {
            "drop_down" | "radio_button" => Choice::One,
            "checkbox" => Choice::Several,
            _ => return,
        };
        let Some(part) = named.value else {
            return;
        };
        let members = part.members();
        match (choice, members) {
            (Choice::Several, Some(members)) => {
                for member in members {
                    self.option(field, member);
                }
            }
            (Choice::One, None) if !part.is_map() => self.option(field, part),
            (Choice::Several, None) if may_be_a_list(part) => {}
            _ => self.wrong_form(field, choice, part.span()),
        }
    }

    fn wrong_form(&mut self, field: &CustomField, choice: Choice, span: Span) {
        let (wants, example) = match choice {
            Choice::One => ("the id of one option", example(field)),
            Choice::Several => ("a list of ids of options", format!("[{}]", example(field))),
        };
        let message = format!(
            "the custom field `{}` is a {} and takes {wants}",
            field.identifier,
            field.kind.replace('_', " ")
        );
        self.note("K0803", span, message, format!("write `{example}`"));
    }

    fn option(&mut self, field: &CustomField, part: Part<'_>) {
        let (text, span) = match part {
            Part::Known(Value::String(text), span) => (text.clone(), span),
            Part::Known(Value::Number(number), span) => (number.to_string(), span),
            _ => return,
        };
        // An empty text clears the field.
        if text.is_empty() || field.options.iter().any(|(id, _)| *id == text) {
            return;
        }
        let identifier = &field.identifier;
        if let Some((id, label)) = field.options.iter().find(|(_, label)| *label == text) {
            let message =
                format!("`{label}` is the label of an option of the custom field `{identifier}`");
            let help = format!("Kartra takes the option's id: write `{id}`");
            self.warn("K0803", span, message, help);
            return;
        }
        let labels = field.options.iter().map(|(_, label)| label.as_str());
        let near = nearest(&text, labels)
            .and_then(|near| field.options.iter().find(|(_, label)| label == near));
        let help = match near {
            Some((id, label)) => format!("did you mean `{id}` ({label})?"),
            None => format!("it has {}", options(field)),
        };
        let message = format!("the custom field `{identifier}` has no option `{text}`");
        self.note("K0803", span, message, help);
    }
}

/// Nobody knows yet what comes out; or it is blank, which clears the field.
fn may_be_a_list(part: Part<'_>) -> bool {
    match part {
        Part::Known(value, _) => value.is_null() || value.as_str().is_some_and(str::is_empty),
        Part::Written(shape, _) => matches!(shape, Shape::Expr(_)),
    }
}

fn example(field: &CustomField) -> String {
    field.options.first().map_or("ID", |(id, _)| id).to_owned()
}

/// `1` (Basic), `2` (Pro).
fn options(field: &CustomField) -> String {
    if field.options.is_empty() {
        return "no options".to_owned();
    }
    let shown = field
        .options
        .iter()
        .map(|(id, label)| format!("`{id}` ({label})"));
    shown.collect::<Vec<_>>().join(", ")
}
