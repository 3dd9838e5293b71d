//! Filters that make numbers.

use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{Error, State, filters};

use super::super::engine::failed;
use super::super::view::article;
use super::{Filter, there};

pub(super) const FILTERS: &[Filter] = &[
    Filter {
        name: "abs",
        doc: "Without its sign.",
        examples: &[("-3 | abs", "3")],
        register: |environment| environment.add_filter("abs", filters::abs),
    },
    Filter {
        name: "float",
        doc: "A number of a text; an error, or the given value, when the text is none.",
        examples: &[
            ("'49.90' | float", "49.9"),
            ("' 2 ' | float", "2.0"),
            ("'x' | float(0)", "0"),
        ],
        register: |environment| environment.add_filter("float", float),
    },
    Filter {
        name: "int",
        doc: "A whole number of a number or a text, cut off at the point; an error, or the given value, when the text is none.",
        examples: &[
            ("'42' | int", "42"),
            ("49.99 | int", "49"),
            ("'49.99' | int", "49"),
            ("'x' | int(0)", "0"),
            ("'123456789012345678901' | int", "123456789012345678901"),
        ],
        register: |environment| environment.add_filter("int", int),
    },
    Filter {
        name: "round",
        doc: "Rounded to so many places after the point, a half to the even neighbour; or `'floor'`, `'ceil'`.",
        examples: &[
            ("2.567 | round(2)", "2.57"),
            ("2.7 | round", "3.0"),
            ("2.51 | round(1, 'floor')", "2.5"),
        ],
        register: |environment| environment.add_filter("round", round),
    },
    Filter {
        name: "sum",
        doc: "The sum of a list of numbers.",
        examples: &[
            ("[1, 2] | sum", "3"),
            ("body.items | sum(attribute='price')", "25"),
        ],
        register: |environment| environment.add_filter("sum", sum),
    },
];

fn float(value: &Value, otherwise: Option<Value>) -> Result<Value, Error> {
    there(value)?;
    let number = match value.kind() {
        ValueKind::Number => f64::try_from(value.clone()).ok(),
        ValueKind::String => value
            .as_str()
            .and_then(|text| text.trim().parse().ok())
            .filter(|number: &f64| number.is_finite()),
        _ => None,
    };
    number
        .map(Value::from)
        .or(otherwise)
        .ok_or_else(|| not_a_number(value))
}

fn int(value: &Value, otherwise: Option<Value>) -> Result<Value, Error> {
    there(value)?;
    let number = match value.kind() {
        ValueKind::Number if value.is_integer() => Some(value.clone()),
        ValueKind::Number => f64::try_from(value.clone()).ok().and_then(whole),
        ValueKind::String => value.as_str().and_then(|text| {
            let text = text.trim();
            text.parse::<i128>()
                .ok()
                .map(Value::from)
                .or_else(|| text.parse::<f64>().ok().and_then(whole))
        }),
        _ => None,
    };
    number.or(otherwise).ok_or_else(|| not_a_number(value))
}

/// The whole part of a number that is small enough to have an exact one.
fn whole(number: f64) -> Option<Value> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let whole = number.trunc();
    (whole.abs() <= EXACT)
        .then(|| format!("{whole:.0}").parse::<i64>().ok().map(Value::from))
        .flatten()
}

/// The value itself is not told: it may be personal, and messages are logged.
fn not_a_number(value: &Value) -> Error {
    match value.kind() {
        ValueKind::String => {
            failed("this text is no number; a second value can stand in: `int(0)`")
        }
        kind => failed(format!("{} is no number", article(kind))),
    }
}

fn round(
    value: Value,
    places: Option<i32>,
    method: Option<&str>,
    named: Kwargs,
) -> Result<Value, Error> {
    there(&value)?;
    filters::round(value, places, method, named)
}

fn sum(
    state: &State,
    value: Value,
    attribute: Option<&str>,
    start: Option<Value>,
    named: Kwargs,
) -> Result<Value, Error> {
    there(&value)?;
    filters::sum(state, value, attribute, start, named)
}
