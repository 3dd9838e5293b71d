//! Filters that make text of text. Null is no text for any of them.

use minijinja::value::{Rest, Value, ValueKind};
use minijinja::{Error, State, filters};
use sha2::{Digest, Sha256};

use super::super::engine::failed;
use super::super::view::{MOST_BYTES, MOST_ITEMS};
use super::{Filter, text};

pub(super) const FILTERS: &[Filter] = &[
    Filter {
        name: "capitalize",
        doc: "The first letter large, the others small.",
        examples: &[("'ADA' | capitalize", "\"Ada\"")],
        register: |environment| environment.add_filter("capitalize", capitalize),
    },
    Filter {
        name: "default",
        doc: "What stands in for a value that is missing, at whichever level, or null; with `true` as second argument also for one that is empty. `d` for short.",
        examples: &[
            ("body.no.such.thing | default('x')", "\"x\""),
            ("none | default(1)", "1"),
            ("'' | default('x')", "\"\""),
            ("'' | default('x', true)", "\"x\""),
            ("body.text | d('x')", "\"Grace\""),
        ],
        register: |environment| {
            environment.add_filter("default", default);
            environment.add_filter("d", default);
        },
    },
    Filter {
        name: "hash",
        doc: "The SHA-256 of a text, in hex.",
        examples: &[(
            "'abc' | hash",
            "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"",
        )],
        register: |environment| environment.add_filter("hash", hash),
    },
    Filter {
        name: "join",
        doc: "One text of a list, with the given text between.",
        examples: &[
            ("[1, 'b', true] | join(', ')", "\"1, b, true\""),
            ("['a', 'b'] | join", "\"ab\""),
        ],
        register: |environment| environment.add_filter("join", join),
    },
    Filter {
        name: "length",
        doc: "How many letters, items or keys. `count` for short.",
        examples: &[("'abc' | length", "3"), ("[1, 2] | count", "2")],
        register: |environment| {
            environment.add_filter("length", length);
            environment.add_filter("count", length);
        },
    },
    Filter {
        name: "lines",
        doc: "The lines of a text, as a list.",
        examples: &[("'a\\nb' | lines", "[\"a\", \"b\"]")],
        register: |environment| environment.add_filter("lines", lines),
    },
    Filter {
        name: "lower",
        doc: "Small letters.",
        examples: &[("'Ada@EXAMPLE.com' | lower", "\"ada@example.com\"")],
        register: |environment| environment.add_filter("lower", lower),
    },
    Filter {
        name: "replace",
        doc: "Every occurrence of the first text by the second.",
        examples: &[("'a-b-c' | replace('-', '_')", "\"a_b_c\"")],
        register: |environment| environment.add_filter("replace", replace),
    },
    Filter {
        name: "split",
        doc: "A list of the parts between the given text, or between white space.",
        examples: &[
            ("'a,b' | split(',')", "[\"a\", \"b\"]"),
            ("' a  b ' | split", "[\"a\", \"b\"]"),
        ],
        register: |environment| environment.add_filter("split", split),
    },
    Filter {
        name: "string",
        doc: "A number, true or false as text.",
        examples: &[("12 | string", "\"12\""), ("true | string", "\"true\"")],
        register: |environment| environment.add_filter("string", string),
    },
    Filter {
        name: "title",
        doc: "The first letter of every word large.",
        examples: &[("'ada lovelace' | title", "\"Ada Lovelace\"")],
        register: |environment| environment.add_filter("title", title),
    },
    Filter {
        name: "trim",
        doc: "Without white space, or the given characters, at both ends.",
        examples: &[("'  a ' | trim", "\"a\""), ("'xxax' | trim('x')", "\"a\"")],
        register: |environment| environment.add_filter("trim", trim),
    },
    Filter {
        name: "upper",
        doc: "Large letters.",
        examples: &[("'ab' | upper", "\"AB\"")],
        register: |environment| environment.add_filter("upper", upper),
    },
];

fn capitalize(value: &Value) -> Result<String, Error> {
    let text = text(value)?;
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    Ok(first.collect::<String>() + &letters.as_str().to_lowercase())
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "minijinja hands arguments by value"
)]
fn default(value: &Value, arguments: Rest<Value>) -> Result<Value, Error> {
    let empty_too = arguments.get(1).is_some_and(Value::is_true);
    if value.is_undefined() || value.is_none() || (empty_too && !value.is_true()) {
        Ok(arguments
            .first()
            .cloned()
            .unwrap_or_else(|| Value::from("")))
    } else {
        Ok(value.clone())
    }
}

fn hash(value: &Value) -> Result<String, Error> {
    Ok(hex::encode(Sha256::digest(text(value)?)))
}

fn join(value: &Value, between: Option<&str>) -> Result<String, Error> {
    super::there(value)?;
    if value.kind() == ValueKind::String {
        return Err(failed("`join` takes a list, not text"));
    }
    let between = between.unwrap_or_default();
    let mut joined = String::new();
    for (at, item) in value.try_iter()?.enumerate() {
        if at > 0 {
            joined.push_str(between);
        }
        joined.push_str(&text(&item)?);
        if at >= MOST_ITEMS || joined.len() > MOST_BYTES {
            return Err(failed("the joined text is too long"));
        }
    }
    Ok(joined)
}

fn length(value: &Value) -> Result<usize, Error> {
    super::there(value)?;
    filters::length(value)
}

fn lines(value: &Value) -> Result<Value, Error> {
    Ok(Value::from_iter(text(value)?.lines().map(Value::from)))
}

fn lower(value: &Value) -> Result<String, Error> {
    Ok(text(value)?.to_lowercase())
}

fn replace(state: &mut State, value: &Value, from: &Value, to: &Value) -> Result<Value, Error> {
    let (value, from, to) = (text(value)?, text(from)?, text(to)?);
    let (value, from, to) = (Value::from(value), Value::from(from), Value::from(to));
    let inputs = [&value, &from, &to].map(|text| minijinja::value::StringInput::new(state, text));
    let [value, from, to] = inputs;
    filters::replace(state, value?, from?, to?)
}

fn split(value: &Value, between: Option<&str>) -> Result<Value, Error> {
    let text = text(value)?;
    Ok(match between {
        Some("") => return Err(failed("`split` needs a text to split at")),
        Some(between) => Value::from_iter(text.split(between).map(Value::from)),
        None => Value::from_iter(text.split_whitespace().map(Value::from)),
    })
}

fn trim(value: &Value, characters: Option<&str>) -> Result<String, Error> {
    let text = text(value)?;
    Ok(match characters {
        Some(characters) => text.trim_matches(|c| characters.contains(c)).to_owned(),
        None => text.trim().to_owned(),
    })
}

fn string(value: &Value) -> Result<String, Error> {
    text(value)
}

fn title(value: &Value) -> Result<String, Error> {
    Ok(filters::title(text(value)?.into()))
}

fn upper(value: &Value) -> Result<String, Error> {
    Ok(text(value)?.to_uppercase())
}
