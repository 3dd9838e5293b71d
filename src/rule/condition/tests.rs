//! Conditions against events: what holds, the reason when it does not, and the mistakes.

mod mistakes;

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::yaml;

fn read(text: &str) -> (Condition, Vec<Problem>) {
    let source = Source::new("r.yaml", text);
    let mut problems = Vec::new();
    let nodes = yaml::parse(&source, &mut problems);
    let condition = Condition::parse(nodes.first().expect("a document"), &source, &mut problems);
    (condition, problems)
}

fn condition(text: &str) -> Condition {
    let (condition, problems) = read(text);
    assert_eq!(problems, [], "{text}");
    condition
}

fn tree() -> Arc<Value> {
    Arc::new(json!({
        "event": { "type": "order" },
        "body": {
            "status": "paid", "total": 4900, "form": "49.00", "live": true, "nothing": null, "at": "2026-03-01T00:00:00Z",
            "items": [ { "sku": "A", "price": 5 }, { "sku": "B", "price": 20 } ], "limit": 100, "allowed": ["A", "B"],
        },
        "env": { "STAGE": "staging" },
    }))
}

fn judge(text: &str) -> Result<(), Failed> {
    let tree = tree();
    let arrived = "2026-03-08T12:00:00Z".parse().expect("a time");
    condition(text).judge(&tree, &Scope::of_event(&tree), arrived)
}

fn reason(text: &str) -> (u32, String, String, String) {
    match judge(text) {
        Err(Failed::Leaf(leaf)) => (leaf.leaf, leaf.path, leaf.expected, leaf.actual),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn what_holds_holds() {
    for text in [
        "$.body.status: paid",
        "$.body.status: [open, paid]",
        "$.body.total: 4900.0",
        "$.body.total: { gte: 1000, lt: 5000 }",
        "$.body.items[*].sku: B",
        "$.body.items[*].price: { gt: 10, lt: 30 }",
        "$.body.items[*].price: { every: { gte: 5 } }",
        "$.body.items[*].sku: { ne: C }",
        "$.body.items[*].sku: { not_in: [C, D] }",
        "$.body.zip: { exists: false }",
        "$.body.zip: { empty: true }",
        "$.body.nothing: { exists: true, empty: true }",
        "$.body.nothing: null",
        "$.body.at: { older_than: 3d, newer_than: 30d }",
        "expr: ${{ body.total > body.limit }}",
        "$.body.total: { gt: \"${{ body.limit }}\" }",
        "$.body.status: ${{ 'pa' ~ 'id' }}",
        "$.body.items[0].sku: { in: \"${{ body.allowed }}\" }",
        "$.body.items[0].price: { every: { lt: \"${{ body.limit }}\" } }",
        "any: [ { $.body.live: false }, { $.env.STAGE: staging } ]",
        "all: [ { $.body.live: true }, { $.env.STAGE: staging } ]",
        "not: [ { $.body.zip: a }, { $.body.status: open } ]",
        "not: [ { any: [ { $.body.status: open }, { not: [ { $.body.live: true } ] } ] } ]",
        "$.body.items: { contains: { sku: A, price: 5.0 } }",
        "$.body: { exists: true }",
    ] {
        assert_eq!(judge(text), Ok(()), "{text}");
    }
}

#[test]
fn nothing_there_only_satisfies_its_absence() {
    for operator in [
        "eq: null",
        "ne: x",
        "in: [null]",
        "not_in: [x]",
        "gt: 1",
        "lt: 1",
        "ieq: a",
        "contains: a",
        "starts_with: a",
        "ends_with: a",
        "regex: a",
        "exists: true",
        "empty: false",
        "older_than: 1d",
        "newer_than: 1d",
        "every: { exists: true }",
    ] {
        let (_, path, _, actual) = reason(&format!("$.body.zip: {{ {operator} }}"));
        assert_eq!((&*path, &*actual), ("$.body.zip", "missing"), "{operator}");
    }
    let missing = reason("$.body.zip: ${{ body.zip2 | default(none) }}");
    assert_eq!(
        missing.3, "missing",
        "one missing path does not equal another"
    );
}

/// A condition; then the leaf, path, expectation and finding of its reason.
const REASONS: &[(&str, u32, &str, &str, &str)] = &[
    (
        "$.body.live: true\n$.body.status: open\n$.body.total: 1",
        1,
        "$.body.status",
        "\"open\"",
        "\"paid\"",
    ),
    (
        "$.body.form: { gte: 4900 }",
        0,
        "$.body.form",
        "a number",
        "text \"49.00\"",
    ),
    (
        "$.body.total: { gte: 1000, lt: 4000 }",
        0,
        "$.body.total",
        "less than 4000",
        "4900",
    ),
    (
        "$.body.status: { in: [open, void] }",
        0,
        "$.body.status",
        "one of \"open\", \"void\"",
        "\"paid\"",
    ),
    (
        "$.body.items[*].sku: C",
        0,
        "$.body.items[*].sku",
        "\"C\"",
        "\"A\", \"B\"",
    ),
    (
        "$.body.items[*].sku: { ne: B }",
        0,
        "$.body.items[*].sku",
        "anything but \"B\"",
        "\"B\"",
    ),
    (
        "$.body.items[*].price: { every: { gt: 5 } }",
        0,
        "$.body.items[*].price",
        "in every place more than 5",
        "5",
    ),
    (
        "$.body.live: true\nexpr: ${{ body.total < 5 }}",
        1,
        "expr",
        "true",
        "false",
    ),
    (
        "$.body.total: { lt: \"${{ body.limit }}\" }",
        0,
        "$.body.total",
        "less than 100",
        "4900",
    ),
    (
        "$.body.live: true\nany: [ { $.body.live: false }, { $.env.STAGE: live } ]",
        1,
        "any",
        "one of 2 to hold",
        "$.body.live: expected false, got true; $.env.STAGE: expected \"live\", got \"staging\"",
    ),
    (
        "all: [ { $.body.live: true }, { $.env.STAGE: live } ]",
        1,
        "$.env.STAGE",
        "\"live\"",
        "\"staging\"",
    ),
    (
        "not: [ { $.body.zip: a }, { $.body.status: paid } ]",
        1,
        "not",
        "none to hold",
        "$.body.status is text \"paid\"",
    ),
];

#[test]
fn the_first_leaf_that_fails_is_the_reason() {
    for (text, leaf, path, expected, actual) in REASONS {
        assert_eq!(
            reason(text),
            (
                *leaf,
                (*path).to_owned(),
                (*expected).to_owned(),
                (*actual).to_owned()
            ),
            "{text}"
        );
    }
}

#[test]
fn one_node_must_pass_all_operators_of_a_map() {
    let (_, _, expected, actual) = reason("$.body.items[*].price: { gt: 10, lt: 15 }");
    assert_eq!((&*expected, &*actual), ("more than 10", "5, 20"));
}

#[test]
fn an_expression_that_goes_wrong_is_an_error_with_its_place() {
    for (text, message, start) in [
        (
            "expr: ${{ body.totl > 1 }}",
            "body.totl is not there; nearest: total (`| default(…)` says what stands in for it)",
            6,
        ),
        (
            "expr: ${{ body.total }}",
            "`expr` must be true or false, and is a number",
            6,
        ),
        (
            "$.body.total: { gt: \"${{ body.status }}\" }",
            "`gt` cannot use the value of its expression, a text",
            20,
        ),
        (
            "not: [ { expr: \"${{ body.totl }}\" } ]",
            "body.totl is not there; nearest: total (`| default(…)` says what stands in for it)",
            15,
        ),
    ] {
        match judge(text) {
            Err(Failed::Error {
                message: told,
                span,
            }) => assert_eq!((&*told, span.start), (message, start), "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn leaves_and_templates_are_counted_in_the_order_written() {
    let condition = condition(
        "$.body.a: 1\nany: [ { $.body.b: \"${{ body.c }}\", $.body.d: 2 }, { expr: \"${{ body.e }}\" } ]\n$.body.f: [1, \"${{ body.g }}\"]",
    );
    assert_eq!(condition.leaves(), 5);
    let mut names = Vec::new();
    condition.templates(&mut |template, span| names.push((template.names().join(","), span.line)));
    assert_eq!(
        names,
        [
            ("body.c".to_owned(), 2),
            ("body.e".to_owned(), 2),
            ("body.g".to_owned(), 3)
        ]
    );
}

proptest! {
    #[test]
    fn no_condition_panics(text in "(\\$\\.body\\.a|any|all|not|expr|x): (\\{|\\[|1|a|'\\$\\{\\{ body.a \\}\\}'|eq: 2|every: \\{|gt|\\}|\\]|, |: ){0,8}") {
        let source = Source::new("r.yaml", text);
        let mut problems = Vec::new();
        for node in yaml::parse(&source, &mut problems) {
            let condition = Condition::parse(&node, &source, &mut problems);
            let tree = tree();
            let _ = condition.judge(&tree, &Scope::of_event(&tree), Timestamp::UNIX_EPOCH);
        }
    }
}
