//! View: JSON as expressions see it, without converting what they do not look at; and the way back.

use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, ValueKind};
use minijinja::{Error, ErrorKind, Value as Seen};
use serde_json::{Number, Value};

/// What a double holds for certain; a decimal with more digits would be changed by computing with it.
const DOUBLE_DIGITS: usize = 17;
/// Deeper results are refused.
const DEEPEST: usize = 64;
/// Values in a result, and items that are joined to a text.
pub(super) const MOST_ITEMS: usize = 200_000;
/// Text in a result.
pub(super) const MOST_BYTES: usize = 8 << 20;

/// A list or an object somewhere in a tree.
#[derive(Debug)]
pub(super) struct View {
    root: Arc<Value>,
    trail: Option<Arc<Trail>>,
}

/// The way from the root to a node, last step first.
#[derive(Debug)]
struct Trail {
    before: Option<Arc<Trail>>,
    step: Step,
}

#[derive(Debug)]
enum Step {
    Name(Box<str>),
    Index(usize),
}

/// A whole tree.
pub(super) fn see(root: &Arc<Value>) -> Seen {
    scalar(root).unwrap_or_else(|| {
        Seen::from_object(View {
            root: Arc::clone(root),
            trail: None,
        })
    })
}

/// A branch of a tree.
pub(super) fn see_branch(root: &Arc<Value>, name: &str) -> Option<Seen> {
    let view = Arc::new(View {
        root: Arc::clone(root),
        trail: None,
    });
    view.get_value_by_str(name)
}

impl View {
    /// The tree it looks into.
    pub(super) fn root(&self) -> &Value {
        &self.root
    }

    fn node(&self) -> &Value {
        follow(&self.root, self.trail.as_deref()).unwrap_or(&Value::Null)
    }

    fn child(&self, node: &Value, step: impl FnOnce() -> Step) -> Seen {
        scalar(node).unwrap_or_else(|| {
            let trail = Trail {
                before: self.trail.clone(),
                step: step(),
            };
            Seen::from_object(Self {
                root: Arc::clone(&self.root),
                trail: Some(Arc::new(trail)),
            })
        })
    }
}

impl Object for View {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        match self.node() {
            Value::Array(_) => ObjectRepr::Seq,
            _ => ObjectRepr::Map,
        }
    }

    fn get_value(self: &Arc<Self>, key: &Seen) -> Option<Seen> {
        match self.node() {
            Value::Array(list) => {
                let index = key.as_usize()?;
                Some(self.child(list.get(index)?, || Step::Index(index)))
            }
            _ => self.get_value_by_str(key.as_str()?),
        }
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Seen> {
        let node = self.node().as_object()?.get(key)?;
        Some(self.child(node, || Step::Name(key.into())))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match self.node() {
            Value::Array(list) => Enumerator::Seq(list.len()),
            Value::Object(map) => {
                Enumerator::Values(map.keys().map(|key| Seen::from(key.as_str())).collect())
            }
            _ => Enumerator::Empty,
        }
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        match self.node() {
            Value::Array(list) => Some(list.len()),
            Value::Object(map) => Some(map.len()),
            _ => Some(0),
        }
    }
}

fn follow<'v>(root: &'v Value, trail: Option<&Trail>) -> Option<&'v Value> {
    let Some(trail) = trail else {
        return Some(root);
    };
    let node = follow(root, trail.before.as_deref())?;
    match &trail.step {
        Step::Name(name) => node.get(&**name),
        Step::Index(index) => node.get(*index),
    }
}

/// What is not a list or an object.
fn scalar(node: &Value) -> Option<Seen> {
    match node {
        Value::Null => Some(Seen::from(())),
        Value::Bool(truth) => Some(Seen::from(*truth)),
        Value::Number(number) => Some(see_number(number)),
        Value::String(text) => Some(Seen::from(text.as_str())),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// A number that keeps its value, or a value that is an error as soon as it is used.
fn see_number(number: &Number) -> Seen {
    let text = number.as_str();
    if let Some(number) = number.as_i64() {
        return Seen::from(number);
    }
    if let Ok(number) = text.parse::<i128>() {
        return Seen::from(number);
    }
    let significant = text.split(['e', 'E']).next().unwrap_or_default();
    let digits = significant
        .trim_start_matches(['-', '0', '.'])
        .bytes()
        .filter(u8::is_ascii_digit)
        .count();
    match number.as_f64() {
        Some(double) if digits <= DOUBLE_DIGITS && double.is_finite() => Seen::from(double),
        _ => Seen::from(Error::new(
            ErrorKind::InvalidOperation,
            "this number has more digits than an expression can compute with; it is passed on whole when nothing is done to it",
        )),
    }
}

/// The JSON of a result; `Err` holds what is wrong with it, and is empty for what is not there.
pub(super) fn to_json(seen: &Seen) -> Result<Value, String> {
    Budget::default().convert(seen, 0)
}

/// What has been built of a result; a short expression can ask for a long list.
#[derive(Default)]
struct Budget {
    items: usize,
    bytes: usize,
}

impl Budget {
    fn convert(&mut self, seen: &Seen, depth: usize) -> Result<Value, String> {
        self.spend(1, 0)?;
        if depth > DEEPEST {
            return Err("the result is nested too deeply".to_owned());
        }
        if let Some(view) = seen.downcast_object_ref::<View>() {
            self.weigh(view.node())?;
            return Ok(view.node().clone());
        }
        match seen.kind() {
            ValueKind::Undefined => Err(String::new()),
            ValueKind::None => Ok(Value::Null),
            ValueKind::Bool => Ok(Value::Bool(seen.is_true())),
            ValueKind::Number => number_to_json(seen),
            ValueKind::String => {
                let text = seen.as_str().unwrap_or_default();
                self.spend(0, text.len())?;
                Ok(Value::from(text))
            }
            ValueKind::Seq | ValueKind::Iterable => {
                let items = seen.try_iter().map_err(|error| error.to_string())?;
                items.map(|item| self.convert(&item, depth + 1)).collect()
            }
            ValueKind::Map => {
                let keys = seen.try_iter().map_err(|error| error.to_string())?;
                keys.map(|key| {
                    let value = seen.get_item(&key).map_err(|error| error.to_string())?;
                    Ok((text_of(&key)?, self.convert(&value, depth + 1)?))
                })
                .collect()
            }
            other => Err(format!("the result is no JSON but {other}")),
        }
    }

    fn weigh(&mut self, value: &Value) -> Result<(), String> {
        match value {
            Value::String(text) => self.spend(1, text.len()),
            Value::Array(list) => list.iter().try_for_each(|item| self.weigh(item)),
            Value::Object(map) => map.iter().try_for_each(|(key, value)| {
                self.spend(1, key.len())?;
                self.weigh(value)
            }),
            Value::Null | Value::Bool(_) | Value::Number(_) => self.spend(1, 0),
        }
    }

    fn spend(&mut self, items: usize, bytes: usize) -> Result<(), String> {
        self.items += items;
        self.bytes += bytes;
        if self.items > MOST_ITEMS || self.bytes > MOST_BYTES {
            return Err("the result is too large".to_owned());
        }
        Ok(())
    }
}

fn number_to_json(seen: &Seen) -> Result<Value, String> {
    if seen.is_integer() {
        return match seen.as_i64() {
            Some(number) => Ok(Value::from(number)),
            None => seen
                .to_string()
                .parse::<Number>()
                .map(Value::Number)
                .map_err(|error| error.to_string()),
        };
    }
    let double = f64::try_from(seen.clone()).map_err(|error| error.to_string())?;
    Number::from_f64(double)
        .map(Value::Number)
        .ok_or_else(|| "the result is no number that JSON knows".to_owned())
}

/// A scalar as text. Null, lists and objects have none.
pub(super) fn text_of(seen: &Seen) -> Result<String, String> {
    match seen.kind() {
        ValueKind::String => Ok(seen.as_str().unwrap_or_default().to_owned()),
        ValueKind::Number | ValueKind::Bool => json_text(&to_json(seen)?),
        ValueKind::Undefined => Err(String::new()),
        _ => Err(format!("{} has no place in text", article(seen.kind()))),
    }
}

/// A JSON scalar as text. Null, lists and objects have none.
pub(super) fn json_text(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        Value::Null => Err("null has no place in text".to_owned()),
        Value::Array(_) => Err("a list has no place in text".to_owned()),
        Value::Object(_) => Err("an object has no place in text".to_owned()),
    }
}

/// A kind of value, for messages.
pub(super) const fn article(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Undefined => "what is not there",
        ValueKind::None => "null",
        ValueKind::Bool => "true or false",
        ValueKind::Number => "a number",
        ValueKind::String => "text",
        ValueKind::Seq | ValueKind::Iterable => "a list",
        ValueKind::Map => "an object",
        _ => "this value",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn there_and_back(value: Value) -> Value {
        to_json(&see(&Arc::new(value))).expect("a value")
    }

    #[test]
    fn numbers_keep_their_value() {
        for text in [
            "12345678901234567890123",
            "-7",
            "19.99",
            "1e3",
            "18446744073709551615",
            "0.30000000000000004",
        ] {
            let value: Value = serde_json::from_str(text).expect(text);
            let back = there_and_back(value.clone());
            assert_eq!(
                back.to_string().parse::<f64>(),
                text.parse::<f64>(),
                "{text}"
            );
        }
        assert_eq!(there_and_back(json!(19.99)).to_string(), "19.99");
        let long: Value = serde_json::from_str("0.12345678901234567890").expect("a number");
        let list = Arc::new(json!([long]));
        assert_eq!(
            to_json(&see(&list)).expect("whole").to_string(),
            "[0.12345678901234567890]"
        );
        assert_eq!(
            see(&list).get_item_by_index(0).expect("an item").kind(),
            ValueKind::Invalid
        );
    }

    #[test]
    fn views_look_into_lists_and_objects() {
        let tree = Arc::new(json!({ "a": [ { "b": "deep" } ] }));
        let deep = see(&tree)
            .get_attr("a")
            .and_then(|a| a.get_item_by_index(0))
            .and_then(|item| item.get_attr("b"));
        assert_eq!(deep.expect("a path").as_str(), Some("deep"));
        assert_eq!(see(&tree).len(), Some(1));
        assert!(see_branch(&tree, "x").is_none());
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>()
                .prop_filter("JSON", |double| double.is_finite())
                .prop_map(Value::from),
            "\\PC{0,4}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("\\PC{0,3}", inner), 0..4)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_seen_and_built_anew_is_the_same(value in values()) {
            let seen = see(&Arc::new(json!({ "x": value })));
            let rebuilt = Seen::from(vec![seen.get_attr("x").expect("x")]);
            prop_assert_eq!(to_json(&rebuilt).expect("a list"), json!([value]));
        }
    }
}
