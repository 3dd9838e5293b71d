//! Filters that look through lists and objects.

use std::borrow::Cow;

use minijinja::value::{Kwargs, Rest, Value, ValueOrKwargs, from_args};
use minijinja::{Error, State, filters};

use super::super::engine::failed;
use super::{Filter, there};

pub(super) const FILTERS: &[Filter] = &[
    Filter {
        name: "dictsort",
        doc: "The pairs of an object, sorted by key.",
        examples: &[("{'b': 1, 'a': 2} | dictsort", "[[\"a\", 2], [\"b\", 1]]")],
        register: |environment| environment.add_filter("dictsort", dictsort),
    },
    Filter {
        name: "first",
        doc: "The first item.",
        examples: &[("[1, 2] | first", "1")],
        register: |environment| environment.add_filter("first", first),
    },
    Filter {
        name: "items",
        doc: "The pairs of an object.",
        examples: &[("{'a': 1} | items", "[[\"a\", 1]]")],
        register: |environment| environment.add_filter("items", items),
    },
    Filter {
        name: "last",
        doc: "The last item.",
        examples: &[("[1, 2] | last", "2")],
        register: |environment| environment.add_filter("last", last),
    },
    Filter {
        name: "list",
        doc: "The letters of a text or the keys of an object, as a list.",
        examples: &[("'ab' | list", "[\"a\", \"b\"]")],
        register: |environment| environment.add_filter("list", filters::list),
    },
    Filter {
        name: "map",
        doc: "An attribute of every item, or every item through a filter. An item without the attribute is an error unless `default=` says what stands in.",
        examples: &[
            ("body.items | map(attribute='sku')", "[\"A\", \"B\"]"),
            (
                "body.items | map(attribute='gift', default=false)",
                "[true, false]",
            ),
            ("['a', 'b'] | map('upper')", "[\"A\", \"B\"]"),
        ],
        register: |environment| environment.add_filter("map", map),
    },
    Filter {
        name: "max",
        doc: "The largest item.",
        examples: &[("[1, 3, 2] | max", "3")],
        register: |environment| environment.add_filter("max", filters::max),
    },
    Filter {
        name: "min",
        doc: "The smallest item.",
        examples: &[("[1, 3, 2] | min", "1")],
        register: |environment| environment.add_filter("min", filters::min),
    },
    Filter {
        name: "reject",
        doc: "The items for which a test does not hold.",
        examples: &[("[1, 2, 3] | reject('odd')", "[2]")],
        register: |environment| environment.add_filter("reject", reject),
    },
    Filter {
        name: "rejectattr",
        doc: "The items of whose attribute a test does not hold.",
        examples: &[(
            "body.items | rejectattr('gift') | map(attribute='sku')",
            "[\"B\"]",
        )],
        register: |environment| environment.add_filter("rejectattr", rejectattr),
    },
    Filter {
        name: "reverse",
        doc: "The other way round.",
        examples: &[("[1, 2] | reverse", "[2, 1]")],
        register: |environment| environment.add_filter("reverse", reverse),
    },
    Filter {
        name: "select",
        doc: "The items for which a test holds.",
        examples: &[("[1, 2, 3] | select('odd')", "[1, 3]")],
        register: |environment| environment.add_filter("select", select),
    },
    Filter {
        name: "selectattr",
        doc: "The items of whose attribute a test holds.",
        examples: &[
            (
                "body.items | selectattr('gift') | map(attribute='sku')",
                "[\"A\"]",
            ),
            (
                "body.items | selectattr('price', '>', 10) | map(attribute='sku')",
                "[\"B\"]",
            ),
        ],
        register: |environment| environment.add_filter("selectattr", selectattr),
    },
    Filter {
        name: "sort",
        doc: "In order; `reverse=true`, `attribute=` and `case_sensitive=true` as named arguments.",
        examples: &[
            ("[2, 1] | sort", "[1, 2]"),
            (
                "body.items | sort(attribute='price', reverse=true) | map(attribute='sku')",
                "[\"B\", \"A\"]",
            ),
        ],
        register: |environment| environment.add_filter("sort", filters::sort),
    },
    Filter {
        name: "unique",
        doc: "Without repetitions; texts that differ only in case are one, unless `case_sensitive=true`.",
        examples: &[("['a', 'A', 'b'] | unique", "[\"a\", \"b\"]")],
        register: |environment| environment.add_filter("unique", filters::unique),
    },
];

fn dictsort(value: &Value, named: Kwargs) -> Result<Value, Error> {
    there(value)?;
    filters::dictsort(value, named)
}

fn first(value: &Value) -> Result<Value, Error> {
    there(value)?;
    filters::first(value)
}

fn items(value: &Value) -> Result<Value, Error> {
    there(value)?;
    filters::items(value)
}

fn last(value: Value) -> Result<Value, Error> {
    there(&value)?;
    filters::last(value)
}

fn reverse(value: &Value) -> Result<Value, Error> {
    there(value)?;
    filters::reverse(value)
}

type Test<'a> = Option<Cow<'a, str>>;
type More = Rest<ValueOrKwargs>;

fn select(
    state: &mut State,
    value: Value,
    test: Test<'_>,
    more: More,
) -> Result<Vec<Value>, Error> {
    there(&value)?;
    filters::select(state, value, test, more)
}

fn reject(
    state: &mut State,
    value: Value,
    test: Test<'_>,
    more: More,
) -> Result<Vec<Value>, Error> {
    there(&value)?;
    filters::reject(state, value, test, more)
}

fn selectattr(
    state: &mut State,
    value: Value,
    name: Cow<'_, str>,
    test: Test<'_>,
    more: More,
) -> Result<Vec<Value>, Error> {
    there(&value)?;
    filters::selectattr(state, value, name, test, more)
}

fn rejectattr(
    state: &mut State,
    value: Value,
    name: Cow<'_, str>,
    test: Test<'_>,
    more: More,
) -> Result<Vec<Value>, Error> {
    there(&value)?;
    filters::rejectattr(state, value, name, test, more)
}

fn map(
    state: &mut State,
    value: Value,
    arguments: Rest<ValueOrKwargs>,
) -> Result<Vec<Value>, Error> {
    there(&value)?;
    let values: Vec<Value> = arguments
        .0
        .iter()
        .cloned()
        .map(ValueOrKwargs::into_value)
        .collect();
    let attribute = from_args::<(&[Value], Kwargs)>(&values)
        .ok()
        .and_then(|(_, named)| named.get::<Option<String>>("attribute").ok().flatten());
    let mapped = filters::map(state, value, arguments)?;
    match (mapped.iter().position(Value::is_undefined), attribute) {
        (Some(at), Some(attribute)) => Err(failed(format!(
            "item {at} has no `{attribute}`; `map(attribute='{attribute}', default=…)` says what stands in for it"
        ))),
        _ => Ok(mapped),
    }
}
