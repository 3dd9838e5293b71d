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

/// One entry of `custom_fields` whose identifier is written out.
#[derive(Debug)]
pub(super) struct Named<'a> {
    pub identifier: String,
    pub span: Span,
    /// Its value, computed or not, and where it stands.
    pub value: Option<(&'a Shape, &'a Node)>,
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
    /// The entries of `custom_fields` whose identifiers are written out; none of any other input.
    pub(super) fn custom_fields(&self) -> Vec<Named<'_>> {
        let (Shape::List(members), Some(nodes)) = (&self.shape, self.node.as_list()) else {
            return Vec::new();
        };
        if plain(&self.name) != "customfields" {
            return Vec::new();
        }
        members
            .iter()
            .zip(nodes)
            .filter_map(|(shape, node)| named(shape, node))
            .collect()
    }
}

fn named<'a>(shape: &'a Shape, node: &'a Node) -> Option<Named<'a>> {
    let Shape::Map(entries) = shape else {
        return None;
    };
    let of = |name: &str| {
        let (_, shape) = entries.iter().find(|(key, _)| key == name)?;
        Some((shape, node.get(name)?))
    };
    let (identifier, place) = of("field_identifier")?;
    let Value::String(identifier) = identifier.constant()? else {
        return None;
    };
    Some(Named {
        identifier,
        span: place.span,
        value: of("field_value"),
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
        let Some((shape, node)) = named.value else {
            return;
        };
        match (choice, shape) {
            (Choice::Several, Shape::List(members)) => {
                let nodes = node.as_list().unwrap_or_default();
                for (shape, node) in members.iter().zip(nodes) {
                    self.option(field, shape, node.span);
                }
            }
            (Choice::One, Shape::List(_) | Shape::Map(_)) | (Choice::Several, Shape::Map(_)) => {
                self.wrong_form(field, choice, node.span);
            }
            (Choice::Several, Shape::Fixed(value)) if !is_blank(value) => {
                self.wrong_form(field, choice, node.span);
            }
            (Choice::One, shape) => self.option(field, shape, node.span),
            (Choice::Several, _) => {}
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

    fn option(&mut self, field: &CustomField, shape: &Shape, span: Span) {
        let text = match shape.constant() {
            Some(Value::String(text)) => text,
            Some(Value::Number(number)) => number.to_string(),
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

fn is_blank(value: &Value) -> bool {
    matches!(value, Value::Null) || value.as_str().is_some_and(str::is_empty)
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
