//! `--set '$.body.data.object.amount_total=4900'`: one value of a body, changed.

use std::str::FromStr;

use serde_json::{Map, Value};

/// The longest list that an index may make.
const INDEX_MAX: usize = 999;

/// A path into the body, and the value to put there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Assignment {
    path: Vec<Part>,
    value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Key(String),
    Index(usize),
}

impl Assignment {
    /// This value at this path.
    pub(super) fn of(path: &str, value: Value) -> Result<Self, String> {
        Ok(Self {
            path: parse_path(path)?,
            value,
        })
    }

    /// Puts the value into a JSON body. What is missing on the way is made.
    ///
    /// # Errors
    /// Something on the way is neither a map nor a list.
    pub(super) fn apply(&self, body: &mut Value) -> Result<(), String> {
        let mut at = body;
        for part in &self.path {
            at = match part {
                Part::Key(key) => match at {
                    Value::Object(map) => map.entry(key.clone()).or_insert(Value::Null),
                    Value::Null => {
                        *at = Value::Object(Map::new());
                        at.as_object_mut()
                            .map(|map| map.entry(key.clone()).or_insert(Value::Null))
                            .ok_or_else(String::new)?
                    }
                    _ => return Err(format!("`{key}` cannot be set: what is there is not a map")),
                },
                Part::Index(index) => {
                    if at.is_null() {
                        *at = Value::Array(Vec::new());
                    }
                    let Value::Array(list) = at else {
                        return Err(format!(
                            "[{index}] cannot be set: what is there is not a list"
                        ));
                    };
                    if *index >= list.len() {
                        list.resize(index + 1, Value::Null);
                    }
                    &mut list[*index]
                }
            };
        }
        *at = self.value.clone();
        Ok(())
    }

    /// The name of the form field that this path means, and its value: `$.body.customer.email` is `customer[email]`.
    pub(super) fn form_field(&self) -> (String, String) {
        let mut name = String::new();
        for (place, part) in self.path.iter().enumerate() {
            let part = match part {
                Part::Key(key) => key.clone(),
                Part::Index(index) => index.to_string(),
            };
            if place == 0 {
                name = part;
            } else {
                name = format!("{name}[{part}]");
            }
        }
        let value = match &self.value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        (name, value)
    }
}

impl FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (path, value) = split(text).ok_or("write PATH=VALUE, such as $.body.amount=4900")?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
        Ok(Self {
            path: parse_path(path)?,
            value,
        })
    }
}

/// Splits at the first `=` outside brackets.
fn split(text: &str) -> Option<(&str, &str)> {
    let mut inside = false;
    for (place, c) in text.char_indices() {
        match c {
            '[' => inside = true,
            ']' => inside = false,
            '=' if !inside => return Some((text[..place].trim(), &text[place + 1..])),
            _ => {}
        }
    }
    None
}

/// `$.body.a.b[0]['c d']`, or the same without `$.body.`.
fn parse_path(text: &str) -> Result<Vec<Part>, String> {
    let inner = match text.strip_prefix('$') {
        Some(rest) => match rest.strip_prefix(".body") {
            Some(rest) if rest.is_empty() || rest.starts_with(['.', '[']) => rest,
            _ => return Err(format!("`{text}` is not in the body: begin with $.body.")),
        },
        None => text,
    };
    let mut parts = Vec::new();
    let mut rest = inner.strip_prefix('.').unwrap_or(inner);
    while !rest.is_empty() {
        if let Some(bracket) = rest.strip_prefix('[') {
            let (inside, after) = bracket
                .split_once(']')
                .ok_or_else(|| format!("`{text}`: a [ without its ]"))?;
            parts.push(bracketed(inside).ok_or_else(|| {
                format!(
                    "`{text}`: [{inside}] is neither an index up to {INDEX_MAX} nor a quoted name"
                )
            })?);
            rest = after.strip_prefix('.').unwrap_or(after);
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            if end == 0 {
                return Err(format!("`{text}`: a name is missing"));
            }
            parts.push(Part::Key(rest[..end].to_owned()));
            rest = rest[end..].strip_prefix('.').unwrap_or(&rest[end..]);
        }
    }
    if parts.is_empty() {
        return Err(format!(
            "`{text}` is the whole body: send another with --file"
        ));
    }
    Ok(parts)
}

fn bracketed(inside: &str) -> Option<Part> {
    let quoted = ['\'', '"'].into_iter().find_map(|quote| {
        inside
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote))
    });
    match quoted {
        Some(name) => Some(Part::Key(name.to_owned())),
        None => inside
            .parse()
            .ok()
            .filter(|index| *index <= INDEX_MAX)
            .map(Part::Index),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn applied(body: Value, assignment: &str) -> Value {
        let mut body = body;
        let assignment: Assignment = assignment.parse().expect("an assignment");
        assignment.apply(&mut body).expect("it can be applied");
        body
    }

    #[test]
    fn a_value_is_json_or_else_text() {
        assert_eq!(applied(json!({"a": 1}), "$.body.a=2"), json!({"a": 2}));
        assert_eq!(applied(json!({}), "a=true"), json!({"a": true}));
        assert_eq!(applied(json!({}), "a=ada=b"), json!({"a": "ada=b"}));
        assert_eq!(applied(json!({}), "a=\"5\""), json!({"a": "5"}));
    }

    #[test]
    fn what_is_missing_on_the_way_is_made() {
        assert_eq!(
            applied(json!({"a": {"b": 1}}), "$.body.a.c[1]['d e']=x"),
            json!({"a": {"b": 1, "c": [null, {"d e": "x"}]}})
        );
    }

    #[test]
    fn a_path_of_another_branch_or_none_at_all_is_refused() {
        for wrong in [
            "$.headers.x=1",
            "$.bodyguard=1",
            "a",
            "=1",
            "$.body=1",
            "a[b]=1",
            "a[1=2",
            "a..b=1",
            "a[1000]=1",
        ] {
            assert!(wrong.parse::<Assignment>().is_err(), "{wrong}");
        }
        let assignment: Assignment = "a.b=1".parse().expect("an assignment");
        assert!(assignment.apply(&mut json!({"a": 5})).is_err());
    }

    #[test]
    fn in_a_form_a_path_is_a_field_with_brackets() {
        let assignment: Assignment = "$.body.customer.email=a@example.com"
            .parse()
            .expect("an assignment");
        assert_eq!(
            assignment.form_field(),
            ("customer[email]".to_owned(), "a@example.com".to_owned())
        );
    }
}
