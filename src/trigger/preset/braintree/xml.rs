//! Braintree's XML to JSON, as Braintree's own libraries read it: an element's `type` says what its text is.

use std::str::FromStr;

use roxmltree::{Document, Node, ParsingOptions};
use serde_json::{Map, Number, Value};

/// Most elements, texts and attributes of a document.
const NODES_MAX: u32 = 100_000;
/// Deepest nesting of elements.
const DEPTH_MAX: usize = 64;

/// What stands in the root element. `None`: it is no XML of this kind.
pub(super) fn read(text: &str) -> Option<Value> {
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: NODES_MAX,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(text, options).ok()?;
    value(document.root_element(), 0)
}

/// An element's value. `None`: nested too deep.
fn value(element: Node<'_, '_>, depth: usize) -> Option<Value> {
    if depth > DEPTH_MAX {
        return None;
    }
    if element.attribute("nil") == Some("true") {
        return Some(Value::Null);
    }
    let mut children = element.children().filter(Node::is_element).peekable();
    if element.attribute("type") == Some("array") {
        let items: Option<Vec<_>> = children.map(|child| value(child, depth + 1)).collect();
        return items.map(Value::Array);
    }
    if children.peek().is_none() {
        let text = element.text().unwrap_or_default();
        return Some(scalar(element.attribute("type"), text));
    }
    let mut object = Map::new();
    for child in children {
        let name = child.tag_name().name().replace('-', "_");
        let value = value(child, depth + 1)?;
        match object.get_mut(&name) {
            None => {
                object.insert(name, value);
            }
            Some(Value::Array(list)) => list.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    Some(Value::Object(object))
}

/// A text as what its type says. Amounts and dates stay text.
fn scalar(kind: Option<&str>, text: &str) -> Value {
    let typed = match kind {
        Some("integer") => Number::from_str(text.trim()).ok().map(Value::Number),
        Some("boolean") => match text.trim() {
            "true" | "1" => Some(true.into()),
            "false" | "0" => Some(false.into()),
            _ => None,
        },
        _ => None,
    };
    typed.unwrap_or_else(|| text.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn elements_become_what_their_types_say() {
        let text = "<?xml version=\"1.0\"?><!-- x --><a>\n <kind>x &amp; <![CDATA[<y>]]></kind>\
            <billing-day type=\"integer\">12345678901234567890123</billing-day><n type=\"integer\">a lot</n>\
            <on type=\"boolean\">true</on><at type=\"datetime\">2026-11-23T15:08:10Z</at><price>49.90</price>\
            <gone nil=\"true\"/><empty/><list type=\"array\"><item><id>1</id></item><item>2</item></list>\
            <none type=\"array\"></none><same>1</same><same>2</same><same>3</same></a>";
        let read = read(text).expect("it is XML");
        assert_eq!(
            read.to_string(),
            r#"{"kind":"x & <y>","billing_day":12345678901234567890123,"n":"a lot","on":true,"at":"2026-11-23T15:08:10Z","price":"49.90","gone":null,"empty":"","list":[{"id":"1"},"2"],"none":[],"same":["1","2","3"]}"#
        );
    }

    #[test]
    fn what_is_broken_expands_or_is_too_deep_is_refused() {
        let bomb = "<!DOCTYPE a [<!ENTITY b \"xxxx\">]><a>&b;</a>";
        for text in ["", "a", "<a>", "<a></b>", bomb, "<a>&b;</a>"] {
            assert_eq!(read(text), None, "{text}");
        }
        for deep in [65, 99_000] {
            let text = "<a>".repeat(deep + 1) + &"</a>".repeat(deep + 1);
            assert_eq!(read(&text), None, "{deep}");
        }
        let text = "<a>".repeat(65) + &"</a>".repeat(65);
        assert!(read(&text).is_some());
        assert_eq!(read(&format!("<a>{}</a>", "<b/>".repeat(100_001))), None);
        assert_eq!(read("<a>1</a>"), Some(json!("1")));
    }
}
